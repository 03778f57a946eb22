"""Sample values to R'G'B' in [0, 1]: range, matrix, tone mapping, gamut.

References
----------
ITU-T H.273 (07/2024), 8.3: matrix coefficients and the two ranges.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from specaug.planes.hdr import display_referred, gamut_to_bt709, tone_mapped
from specaug.records import ColorInfo, Matrix

Array = np.ndarray[Any, Any]

_WEIGHTS: dict[Matrix, tuple[float, float]] = {
    "bt709": (0.2126, 0.0722),
    "fcc": (0.30, 0.11),
    "bt601": (0.299, 0.114),
    "smpte240m": (0.212, 0.087),
    "bt2020": (0.2627, 0.0593),
}
"""K_R and K_B of H.273, table 4."""
_WIDE = ("bt2020", "smpte431", "smpte432")
"""Primaries (BT.2020, DCI-P3, Display P3) whose colours look pale where they are shown as those of BT.709."""


def values_to_rgb(values: Array, color: ColorInfo) -> Array:
    """R'G'B' of samples that lie at the same places.

    Parameters
    ----------
    values : (H, W, 3) or (H, W) float64 or float32
        Y', C_B, C_R, or R', G', B', or Y' alone, in the units in which they are stored.
    color : ColorInfo
        What they mean.

    Returns
    -------
    numpy.ndarray
        (H, W, 3), R'G'B' of ITU-R BT.709 for a display of 100 cd/m² (SDR); 0 is black and 1 white, values of
        SDR outside are kept. HDR is tone-mapped; wide gamuts become BT.709.
    """
    if values.ndim == 2:
        offset, gain = _luma_scale(color)
        grey = (values - offset) * gain
        rgb = np.stack([grey, grey, grey], axis=-1)
    else:
        rgb = np.asarray(cv2.transform(values, _matrix(color)))
    if color.is_hdr:
        return tone_mapped(display_referred(rgb, color.transfer))
    if color.primaries in _WIDE:
        return gamut_to_bt709(rgb, color.primaries)
    return rgb


def to_uint8(rgb: Array) -> Array:
    """R'G'B' in [0, 1] as uint8, rounded once."""
    scaled = np.rint(rgb * 255)
    return np.asarray(np.clip(scaled, 0, 255, out=scaled).astype(np.uint8))


def _luma_scale(color: ColorInfo) -> tuple[float, float]:
    """Offset and gain that take stored luma to [0, 1]."""
    if color.range == "full":
        return 0.0, 1 / (2**color.bits - 1)
    return 16.0 * 2 ** (color.bits - 8), 1 / (219 * 2 ** (color.bits - 8))


@lru_cache(maxsize=32)
def _matrix(color: ColorInfo) -> Array:
    """(3, 4) matrix from three stored samples and 1 to R'G'B'."""
    offset, gain = _luma_scale(color)
    if color.matrix in ("rgb", "gray"):
        return np.hstack([np.eye(3) * gain, np.full((3, 1), -offset * gain)])
    kr, kb = _WEIGHTS[color.matrix]
    kg = 1 - kr - kb
    from_differences = np.array(
        [
            [1.0, 0.0, 2 * (1 - kr)],
            [1.0, -2 * (1 - kb) * kb / kg, -2 * (1 - kr) * kr / kg],
            [1.0, 2 * (1 - kb), 0.0],
        ]
    )
    middle = 2.0 ** (color.bits - 1)
    span = 2.0**color.bits - 1 if color.range == "full" else 224.0 * 2 ** (color.bits - 8)
    scale = np.diag([gain, 1 / span, 1 / span])
    linear = from_differences @ scale
    return np.hstack([linear, -linear @ np.array([[offset], [middle], [middle]])])
