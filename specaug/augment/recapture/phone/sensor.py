"""The sensor: mosaic, stacked noise, a demosaic without mazes, white balance."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array

Planes = tuple[Array, Array, Array]
"""Red, green and blue, (H, W) each."""

_GREEN = np.array(
    [[0, 0, -1, 0, 0], [0, 0, 4, 0, 0], [-1, 4, 4, 4, -1], [0, 0, 4, 0, 0], [0, 0, -1, 0, 0]], np.float32
)
"""Sixteenths of the green at a red or blue pixel: the mean of its green neighbors, and a quarter of the bend of its own
color, as Malvar, He and Cutler (2004) add it. A quarter is what leaves slow waves exact: along x the gain is
1/2 + cos(w)/2 + (1 - cos(2 w))/8 = 1 - w⁴/16. It is the same everywhere, so it follows no imagined edges."""


def mosaic(light: Array) -> Array:
    """(H, W) what an RGGB color filter lets through of `light` (H, W, 3)."""
    raw = light[..., 1].copy()
    raw[0::2, 0::2] = light[0::2, 0::2, 0]
    raw[1::2, 1::2] = light[1::2, 1::2, 2]
    return raw


def noise_deviation(light: Array, *, full_well: float, read_noise: float, averaged: float) -> Array:
    """Standard deviation of noise, as a share of a full pixel, where `light` is 1 for a full pixel.

    Photons arrive at random, so e electrons have the variance e + read_noise²; the mean of `averaged` of them has that
    much less variance: frames of a stack times pixels that a reduction averages.
    """
    variance = np.maximum(light, 0) * np.float32(1 / (full_well * averaged))
    variance += np.float32(read_noise**2 / (full_well**2 * averaged))
    return np.sqrt(variance, out=variance)


def expose(
    light: Array, *, full_well: float, read_noise: float, averaged: float, rng: np.random.Generator
) -> Array:
    """`light` (H, W) as a stack of exposures tells it: noise added, and cut off at a full pixel.

    The Poisson distribution is taken as normal, which it is within the width of a line above some 20 electrons.
    """
    seen = noise_deviation(light, full_well=full_well, read_noise=read_noise, averaged=averaged)
    seen *= rng.standard_normal(light.shape, dtype=np.float32)
    seen += light
    return np.minimum(seen, np.float32(1), out=seen)


def demosaic(raw: Array) -> Planes:
    """Red, green and blue at each pixel of an RGGB mosaic `raw` (H, W), both even.

    Green first, then the differences of red and blue to it, which are smooth in pictures, at every second pixel and
    linearly between. The response to any grating is that of the filters: nothing is decided by edges, which is where
    mazes come from.
    """
    full = cv2.filter2D(raw, cv2.CV_32F, _GREEN / 16, borderType=cv2.BORDER_REFLECT_101)
    green = raw.copy()
    green[0::2, 0::2] = full[0::2, 0::2]
    green[1::2, 1::2] = full[1::2, 1::2]
    red = _between(raw[0::2, 0::2] - green[0::2, 0::2], 0, raw.shape)
    blue = _between(raw[1::2, 1::2] - green[1::2, 1::2], 1, raw.shape)
    red += green
    blue += green
    return red, green, blue


def _between(difference: Array, first: int, shape: tuple[int, ...]) -> Array:
    """(H, W) linear interpolation of `difference` (H/2, W/2), known at every second pixel from `first` on."""
    to_half = np.array([[0.5, 0, -first / 2], [0, 0.5, -first / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    return np.asarray(
        cv2.warpAffine(difference, to_half, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def balance_white(planes: Planes, factors: npt.ArrayLike) -> Planes:
    """`planes` times one factor each."""
    red, green, blue = (np.float32(factor) for factor in np.asarray(factors))
    return planes[0] * red, planes[1] * green, planes[2] * blue
