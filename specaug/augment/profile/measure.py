"""Mean log-amplitude of pictures on one grid of frequencies of the source, whatever the scale of their crops."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy

from specaug.arrays import check_image, check_number, is_numpy, to_unit
from specaug.errors import ArgumentError
from specaug.spectrum.grid import MAX_RADIUS, mirror_weights, radial_frequency

BINS = 64
MOST_BINS = 4096
PLANES = ("luma", "red", "blue")
"""Luma, and what red and blue have beyond luma."""
WEIGHTS = np.array([0.299, 0.587, 0.114])
_ROUNDING = 1 / (255 * math.sqrt(12))
"""Standard deviation of the rounding to 8 bits: below it, an amplitude says nothing."""


def bin_centres(bins: int = BINS) -> np.ndarray:
    """(bins,) middle frequencies over [0, √½], cycles per px of the source."""
    return (np.arange(bins) + 0.5) * (MAX_RADIUS / bins)


def colour_planes(pictures: np.ndarray) -> np.ndarray:
    """(…, 3, H, W) luma, red − luma, blue − luma of RGB (…, H, W, 3)."""
    luma = pictures @ WEIGHTS.astype(pictures.dtype)
    return np.stack([luma, pictures[..., 0] - luma, pictures[..., 2] - luma], axis=-3)


def from_planes(luma: Any, red: Any, blue: Any) -> tuple[Any, Any, Any]:
    """Red, green and blue of planes, the inverse of :func:`colour_planes`; linear, so it works on spectra too."""
    green = luma - (float(WEIGHTS[0]) * red + float(WEIGHTS[2]) * blue) / float(WEIGHTS[1])
    return luma + red, green, luma + blue


def log_amplitudes(pictures: Any, scale: float = 1.0, bins: int = BINS) -> tuple[np.ndarray, np.ndarray]:
    """Mean log-amplitude of each plane of each picture, by frequency of the source.

    Amplitudes are those of a Hann-windowed orthonormal transform, over the window's norm and times `scale`: white noise
    of the source has the same amplitude in crops of all sizes and scales.

    Parameters
    ----------
    pictures : (…, H, W, 3) array
        uint8 or float in [0, 1].
    scale : float
        Source px per px of the pictures.
    bins : int

    Returns
    -------
    values : (n, 3, bins) float64
        0 in bins that these pictures do not reach.
    weight : (bins,) float64
        1 where they do, else 0.
    """
    check_image("pictures", pictures, channels=3)
    scale = check_number("scale", scale, low=1e-3, high=1e3)
    numbers = to_unit(pictures if is_numpy(pictures) else _as_numpy(pictures))
    flat = numbers.reshape(-1, *numbers.shape[-3:])
    shape = (flat.shape[1], flat.shape[2])
    index, weights = _bin_index(shape, scale, bins)
    total = np.bincount(index, weights=weights, minlength=bins + 1)[:bins]
    reached = total > 0
    values = np.zeros((len(flat), len(PLANES), bins))
    window = _window(shape)
    for number, picture in enumerate(flat):
        planes = colour_planes(picture)
        planes = (planes - planes.mean(axis=(-2, -1), keepdims=True)) * window
        power = np.abs(scipy.fft.rfft2(planes, norm="ortho")) ** 2 * scale**2
        logs = 0.5 * np.log(power + (_ROUNDING * scale) ** 2)
        for plane, log in enumerate(logs):
            sums = np.bincount(index, weights=weights * log.ravel(), minlength=bins + 1)[:bins]
            values[number, plane, reached] = sums[reached] / total[reached]
    return values, reached.astype(np.float64)


def _as_numpy(pictures: Any) -> np.ndarray:
    """A tensor's values; half precision, which NumPy lacks or transforms badly, as float32."""
    here = pictures.detach().cpu()
    return np.asarray((here.float() if here.is_floating_point() else here).numpy())


def _window(shape: tuple[int, int]) -> np.ndarray:
    """Hann window whose mean square is 1."""
    tall, wide = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) if n > 1 else np.ones(1) for n in shape)
    window = np.outer(tall, wide)
    return np.asarray(window / math.sqrt(float((window**2).mean())), np.float32)


def _bin_index(shape: tuple[int, int], scale: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Bin of each frequency of a crop, `bins` for those outside; and how many of the whole plane it stands for."""
    radius = radial_frequency(shape).ravel()
    source = radius / scale
    # The corners beyond half a cycle per crop px are reached along the diagonals only, and aliased first.
    inside = (radius > 0) & (radius <= 0.5 + 1e-9) & (source <= MAX_RADIUS)
    index = np.minimum((source * (bins / MAX_RADIUS)).astype(np.int64), bins - 1)
    return np.where(inside, index, bins), mirror_weights(shape).ravel()


@dataclass(eq=False)
class Mean:
    """Running mean of log-amplitudes, of constant size."""

    bins: int = BINS
    clips: int = 0
    sums: np.ndarray = field(init=False)
    counts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((len(PLANES), self.bins))
        self.counts = np.zeros(self.bins)

    def add(self, pictures: Any, scale: float = 1.0) -> None:
        """Add pictures (…, H, W, 3) of one clip, or single ones."""
        values, reached = log_amplitudes(pictures, scale, self.bins)
        self.sums += values.mean(axis=0)
        self.counts += reached
        self.clips += 1

    def value(self) -> np.ndarray:
        """(3, bins) mean; bins that nothing reached take the value of the nearest that something did."""
        held = np.flatnonzero(self.counts)
        if not held.size:
            raise ArgumentError("images: expected at least one picture, got none")
        known = self.sums[:, held] / self.counts[held]
        return np.stack([np.interp(np.arange(self.bins), held, row) for row in known])
