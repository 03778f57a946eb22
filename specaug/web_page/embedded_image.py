"""Images as addresses that hold their bytes, so that a page needs no other file."""

from __future__ import annotations

import base64
from typing import Literal

import numpy as np
from PIL import Image

from specaug.shards import encode_image

_QUALITY = 85


def data_uri(image: np.ndarray, side: int, *, image_format: Literal["jpeg", "png"] = "jpeg") -> str:
    """(H, W, 3) uint8, scaled down to `side` px, in a ``data:`` address."""
    if max(image.shape[:2]) > side:
        ratio = side / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
    data = encode_image(image, image_format=image_format, jpeg_quality=_QUALITY)
    return f"data:image/{image_format};base64," + base64.b64encode(data).decode()
