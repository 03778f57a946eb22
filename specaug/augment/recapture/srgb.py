"""The sRGB curve (IEC 61966-2-1): linear light to display values, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array


def encode_tone(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sRGB curve: linear light in [0, 1] to display values in [0, 1]."""
    return np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    )


def decode_tone(image: npt.NDArray[np.uint8]) -> Array:
    """The inverse of the sRGB curve: 8-bit display values to linear light, float32."""
    value = np.arange(256) / 255
    table = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.take(table.astype(np.float32), image)
