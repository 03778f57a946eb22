"""Crops to bytes and back."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from specaug.errors import ArgumentError
from specaug.records import ImageFormat

# Measured on real crops (benchmarks/bench_png.py). The order counts: a level resets strategy and filter.
_PNG = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH),
)


def encode_image(image: np.ndarray, *, image_format: ImageFormat, jpeg_quality: int = 95) -> bytes:
    """Encode one crop.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    image_format : {"png", "webp", "jpeg", "raw"}
        ``png`` and ``webp`` are lossless; ``jpeg`` is 4:4:4, so that colour keeps its resolution; ``raw`` is the
        pixels.
    jpeg_quality : int
        1 to 100.

    Returns
    -------
    bytes

    Raises
    ------
    ArgumentError
        `image` is not (H, W, 3) uint8.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ArgumentError(f"image: expected (H, W, 3) uint8, got {image.shape} {image.dtype}")
    if image_format == "raw":
        return image.tobytes()
    if image_format == "webp":
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "WEBP", lossless=True, quality=0, method=0)
        return stream.getvalue()
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if image_format == "png":
        _, data = cv2.imencode(".png", bgr, _PNG)
    else:
        sampling = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
        _, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, jpeg_quality, *sampling))
    return data.tobytes()


def decode_image(data: bytes) -> np.ndarray:
    """Decode a picture from a shard.

    Returns
    -------
    (H, W, 3) uint8
        RGB.

    Raises
    ------
    ArgumentError
        `data` is no picture.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if image is None:
        raise ArgumentError(f"data: expected an encoded picture, got {len(data)} bytes that are none")
    return image
