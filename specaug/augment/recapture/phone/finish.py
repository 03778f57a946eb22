"""What the automatic does at the end: contrast, saturation, sharpening."""

from __future__ import annotations

import functools

import numpy as np

from specaug.augment.recapture.fields import Array, blur

_STEPS = 4096
"""Entries of the tone curve: sixteen to a grey level."""
_OVERSHOOT = 0.12
"""Most that sharpening may add, as a share of white: phones limit halos."""


def tone_curve(value: np.ndarray, *, contrast: float, pivot: float) -> np.ndarray:
    """An S through (0, 0), (pivot, pivot) and (1, 1) whose slope at the pivot is ``2**contrast``.

    Two powers that meet there; a straight line for a contrast of 0 octaves.
    """
    steepness = 2.0**contrast
    below = pivot * (np.clip(value, 0, pivot) / pivot) ** steepness
    above = (1 - pivot) * ((1 - np.clip(value, pivot, 1)) / (1 - pivot)) ** steepness
    return np.asarray(np.where(value < pivot, below, 1 - above))


@functools.lru_cache(maxsize=16)
def _curve_table(contrast: float, pivot: float) -> Array:
    return tone_curve(np.arange(_STEPS) / (_STEPS - 1), contrast=contrast, pivot=pivot).astype(np.float32)


def apply_contrast(luma: Array, *, contrast: float, pivot: float) -> Array:
    """`luma` (H, W) in [0, 1] through :func:`tone_curve`."""
    if contrast == 0:
        return luma
    place = luma * np.float32(_STEPS - 1)
    place += np.float32(0.5)
    np.clip(place, 0, _STEPS - 1, out=place)
    return np.take(_curve_table(contrast, pivot), place.astype(np.uint16))


def sharpen(luma: Array, *, amount: float, sigma: float) -> Array:
    """Unsharp masking: the gain at frequency f is ``1 + amount (1 - exp(-2 pi² sigma² f²))``.

    What is added ends at 12 % of white on either side, so that strong edges keep their halo within bounds.
    """
    if amount == 0:
        return luma
    detail = luma - blur(luma, sigma)
    detail *= np.float32(amount)
    np.clip(detail, -_OVERSHOOT, _OVERSHOOT, out=detail)
    detail += luma
    return detail
