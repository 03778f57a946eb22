"""Denoising: faint detail is taken for noise and averaged away, in color far more than in luma.

Both work on sRGB values, as phones do, and keep what is strong: the gain for a faint grating of frequency f is that of
the average, exp(-2 pi² sigma² f²), and for a strong one it is 1.
"""

from __future__ import annotations

import cv2
import numpy as np

from specaug.augment.recapture.fields import Array, blur
from specaug.augment.recapture.phone.sensor import Planes

LUMA_RADIUS = 1.0
"""Standard deviation over which luma is averaged, sensor px: a window of 5 px, which keeps texture of skin."""
COLOR_BLUR = 1.7
"""Standard deviation, sensor px: leaves a tenth of 0.2 cycles/px. Every second pixel tells color up to 0.25, and real
grids of displays are gray at that."""
_LEAST = 0.3
"""A narrower Gaussian than this has nothing left but its middle."""


def to_luma_color(planes: Planes) -> tuple[Array, Array, Array]:
    """Luma (BT.601), red - luma and blue - luma of red, green and blue."""
    red, green, blue = planes
    luma = red * np.float32(0.299)
    luma += green * np.float32(0.587)
    luma += blue * np.float32(0.114)
    return luma, red - luma, blue - luma


def to_rgb(luma: Array, red: Array, blue: Array) -> Array:
    """(H, W, 3) of luma, red - luma and blue - luma."""
    green = red * np.float32(-0.299 / 0.587)
    green -= blue * np.float32(0.114 / 0.587)
    return np.asarray(cv2.merge([red + luma, green + luma, blue + luma]), np.float32)


def denoise(plane: Array, *, sigma: float, threshold: float) -> Array:
    """`plane` (H, W) whose detail is kept in proportion d² / (d² + threshold²).

    Detail d is what a Gaussian average of `sigma` px takes away: Wiener's gain for a signal of power d² in noise of
    power threshold².
    """
    if threshold == 0 or sigma < _LEAST:
        return plane
    smooth = blur(plane, sigma)
    detail = plane - smooth
    power = np.square(detail)
    detail *= power
    power += np.float32(threshold**2)
    detail /= power
    smooth += detail
    return smooth


def denoise_luma(luma: Array, *, threshold: float, reduction: float = 1.0) -> Array:
    """:func:`denoise` over :data:`LUMA_RADIUS` sensor px, `reduction` of which make a px of `luma`."""
    return denoise(luma, sigma=LUMA_RADIUS / reduction, threshold=threshold)


def denoise_color(plane: Array, *, radius: float, threshold: float, reduction: float = 1.0) -> Array:
    """:func:`denoise` over `radius` sensor px at half the resolution, at which phones keep color (4:2:0).

    Before that, color that is finer than a mosaic tells is taken away whatever its strength, as the false color of a
    demosaic is: by a Gaussian of :data:`COLOR_BLUR` sensor px.
    """
    height, width = plane.shape
    size = ((width + 1) // 2, (height + 1) // 2)
    half = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
    if COLOR_BLUR / reduction / 2 >= _LEAST:
        half = blur(half, COLOR_BLUR / reduction / 2)
    half = denoise(half, sigma=radius / reduction / 2, threshold=threshold)
    return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
