"""Power spectra of aligned frames in decibels, their bands and radial profiles: pure functions of arrays."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from specaug.arrays import check_image, to_unit
from specaug.color import luma
from specaug.spectrum import BANDS, MAX_RADIUS, radial_frequency
from specaug.spectrum.grid import mirror_weights
from specaug.spectrum.transform import rfft2

BINS = 48
"""Bins of a radial profile, equal over [0, √½] cycles/px: each holds frequencies of a crop of 70 px or more."""
OCTAVES: dict[str, tuple[float, float]] = {
    f"1/{2 * n} to 1/{n}": (1 / (2 * n), 1 / n) for n in (32, 16, 8, 4)
} | {"above 1/4": (1 / 4, MAX_RADIUS)}
"""Finer than :data:`specaug.spectrum.BANDS`: each limit is twice the one before."""
ROUNDING = 1 / (12 * 255.0**2)
"""Power of rounding to 8 bits, white being 1; what lies below is no property of the scene."""


def mean_power(frames: np.ndarray) -> np.ndarray:
    """Average the power spectrum of luma over the frames of a clip.

    Parameters
    ----------
    frames : (T, H, W, 3) array
        uint8 or float in [0, 1].

    Returns
    -------
    (H, W//2 + 1) float64 array
        Hann-windowed periodogram on the grid of ``rfft2``. White noise of variance v, white being 1, has the power v at
        every frequency, whatever the size of the frames.

    Raises
    ------
    ArgumentError
        `frames` are no clip of RGB images.

    References
    ----------
    .. [1] Welch, P. D. (1967). The use of fast Fourier transform for the estimation of power spectra. IEEE Transactions
       on Audio and Electroacoustics 15(2), 70-73.
    """
    check_image("frames", frames, channels=3)
    shape = (int(frames.shape[-3]), int(frames.shape[-2]))
    window = hann(shape)
    total = np.zeros((shape[0], shape[1] // 2 + 1))
    for frame in frames:
        plane = np.asarray(to_unit(np.asarray(luma(frame))), np.float64)
        spectrum = rfft2((plane - plane.mean()) * window, (-2, -1))
        total += spectrum.real**2 + spectrum.imag**2
    return np.asarray(total / (len(frames) * float((window**2).sum())))


@lru_cache(maxsize=8)
def hann(shape: tuple[int, int]) -> np.ndarray:
    """Periodic Hann window on both axes, (H, W) float64, read-only."""
    tall, wide = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in shape)
    window = np.outer(tall, wide)
    window.flags.writeable = False
    return window


def decibels(power: np.ndarray) -> np.ndarray:
    """Power in dB below that of white; the rounding of 8 bits is added, so that nothing is minus infinity."""
    return np.asarray(10 * np.log10(power + ROUNDING))


def whole_plane(half: np.ndarray, width: int) -> np.ndarray:
    """The whole plane with zero frequency at [H//2, W//2] of an even function on the grid of ``rfft2``.

    Examples
    --------
    >>> whole_plane(np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]), 4)
    array([[5., 4., 3., 4.],
           [2., 1., 0., 1.]])
    """
    height = half.shape[0]
    rows = (np.arange(height) - height // 2)[:, None]
    columns = (np.arange(width) - width // 2)[None]
    # A frequency with a negative kx is the mirror image, through zero, of one that the half plane holds.
    sign = np.where(columns < 0, -1, 1)
    return np.asarray(half[(sign * rows) % height, np.abs(columns)])


def radial_means(values: np.ndarray, shape: tuple[int, int], *, bins: int = BINS) -> np.ndarray:
    """Mean of (H, W//2 + 1) values in each ring of frequencies, (bins,); zero frequency left out."""
    number, weights = _rings(shape, bins)
    total = np.bincount(number, weights=weights, minlength=bins + 1)[:bins]
    sums = np.bincount(number, weights=weights * values.ravel(), minlength=bins + 1)[:bins]
    held = np.flatnonzero(total)
    # Rings without a frequency of a small crop are interpolated between their neighbors.
    return np.asarray(np.interp(np.arange(bins), held, sums[held] / total[held]))


@lru_cache(maxsize=8)
def _rings(shape: tuple[int, int], bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Ring of each frequency, `bins` for the mean, and how many of the whole plane it stands for."""
    radius = radial_frequency(shape).ravel()
    number = np.minimum((radius * (bins / MAX_RADIUS)).astype(np.int64), bins - 1)
    return np.where(radius > 0, number, bins), mirror_weights(shape).ravel()


def band_power(
    power: np.ndarray, shape: tuple[int, int], bands: dict[str, tuple[float, float]]
) -> np.ndarray:
    """Mean power in each band, (bands,); zero frequency left out."""
    radius, weights = radial_frequency(shape), mirror_weights(shape)
    means = []
    for low, high in bands.values():
        inside = (radius >= low) & (radius > 0) & ((radius < high) | (high >= MAX_RADIUS))
        means.append(np.average(power[inside], weights=weights[inside]) if inside.any() else 0.0)
    return np.array(means)


def band_name(name: str, low: float, high: float) -> str:
    """A band in cycles per pixel and in pixels of detail.

    Examples
    --------
    >>> band_name("mid", *BANDS["mid"])
    'mid: 0.031 to 0.062 cycles/px, detail of 16 to 32 px'
    >>> band_name("high", *BANDS["high"])
    'high: above 0.062 cycles/px, detail finer than 16 px'
    """
    return f"{name}: {frequency_range(low, high)}, {detail_range(low, high)}"


def frequency_range(low: float, high: float) -> str:
    """Limits of a band in cycles per pixel."""
    if low == 0:
        return f"below {high:.3f} cycles/px"
    return f"above {low:.3f} cycles/px" if high >= MAX_RADIUS else f"{low:.3f} to {high:.3f} cycles/px"


def detail_range(low: float, high: float) -> str:
    """The periods of a band, px."""
    if low == 0:
        return f"detail larger than {1 / high:.0f} px"
    return (
        f"detail finer than {1 / low:.0f} px"
        if high >= MAX_RADIUS
        else f"detail of {1 / high:.0f} to {1 / low:.0f} px"
    )


def lobe_mean(power: np.ndarray, width: int) -> np.ndarray:
    """Mean over the 3x3 frequencies that a wave takes under a Hann window, (H, W) with zero frequency in the middle."""
    plane = whole_plane(power, width)
    for axis in (0, 1):
        plane = (np.roll(plane, 1, axis) + plane + np.roll(plane, -1, axis)) / 3
    return np.asarray(plane)


LOBE = 2.25
"""Power of a wave in all frequencies of its lobe, over that in the middle one: (1 + 2·¼)² for Hann's ½, 1, ½."""


def wave_amplitude(mean_excess: float, shape: tuple[int, int]) -> float:
    """Amplitude of a wave, white being 1, from the mean power that its lobe of 3x3 frequencies has beyond noise.

    A wave ``a·cos`` has the power ``a²/4 · (Σw)² / Σw²`` in the middle of its lobe.
    """
    window = hann(shape)
    middle = 9 * max(mean_excess, 0.0) / LOBE
    return math.sqrt(4 * middle * float((window**2).sum())) / float(window.sum())


__all__ = [
    "BANDS",
    "BINS",
    "OCTAVES",
    "band_name",
    "band_power",
    "decibels",
    "hann",
    "lobe_mean",
    "mean_power",
    "radial_means",
    "wave_amplitude",
    "whole_plane",
]
