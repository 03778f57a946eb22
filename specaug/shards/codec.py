"""Crops to bytes and back."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from specaug.errors import ArgumentError
from specaug.records import ImageFormat

# Faster than OpenCV by a third and a tenth, pixel by pixel the same; some platforms have no wheel of them.
try:
    import pyspng
except ImportError:
    pyspng = None
try:
    import simplejpeg
except ImportError:
    simplejpeg = None

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_SIGNATURE = b"\xff\xd8\xff"
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


def decode_image(data: bytes | memoryview) -> np.ndarray:
    """Decode a picture from a shard.

    Parameters
    ----------
    data : bytes or another buffer

    Returns
    -------
    (H, W, 3) uint8
        RGB.

    Raises
    ------
    ArgumentError
        `data` is no picture.
    """
    buffer = np.frombuffer(data, np.uint8)
    try:
        if pyspng is not None and buffer[:8].tobytes() == _PNG_SIGNATURE:
            return np.asarray(pyspng.load(bytes(data), "RGB"))
        if simplejpeg is not None and buffer[:3].tobytes() == _JPEG_SIGNATURE:
            return np.asarray(simplejpeg.decode_jpeg(buffer, "RGB"))
    except (RuntimeError, ValueError) as error:
        raise ArgumentError(f"data: expected an encoded picture, got a damaged one ({error})") from error
    image = cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB) if len(buffer) else None
    if image is None:
        raise ArgumentError(f"data: expected an encoded picture, got {len(buffer)} bytes that are none")
    return np.asarray(image)


def decode_into(data: bytes | memoryview, target: np.ndarray) -> None:
    """:func:`decode_image` into memory that is there, which saves as much as half of the time.

    Parameters
    ----------
    data : bytes or another buffer
    target : (H, W, 3) uint8, contiguous
        Is overwritten.

    Raises
    ------
    ArgumentError
        `data` is no picture, or one of another size.
    """
    buffer = memoryview(data)
    if simplejpeg is not None and buffer[:3] == _JPEG_SIGNATURE:
        try:
            image = simplejpeg.decode_jpeg(buffer, "RGB", buffer=target)
        except ValueError as error:
            raise ArgumentError(f"data: expected an encoded picture, got a damaged one ({error})") from error
    else:
        image = decode_image(data)
    if image.shape != target.shape:
        raise ArgumentError(f"data: expected a picture of shape {target.shape}, got {image.shape}")
    if image.base is not target and not np.may_share_memory(image, target):
        target[...] = image
