"""Numbers in which a recapture may differ from a photograph: spectra, peaks, fine residuals, runs of curvature.

None depends on brightness or mean color, and spectra are taken against the contrast of the scene at large: scenes
differ in those, and so do authors.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
import scipy

from specaug.augment.profile.measure import bin_centres, colour_planes, log_amplitudes
from specaug.spectrum.grid import radial_frequency

DECIBEL = 20 / np.log(10)
BANDS = ((0.02, 0.06), (0.06, 0.12), (0.12, 0.20), (0.20, 0.30), (0.30, 0.48))
"""Cycles per crop px of the five bands that tables show."""
_BINS = 72
_EDGE = 8
"""Width of a crop that is left out, px: a recipe mirrors the picture there."""
_LEVEL = (0.02, 0.08)
"""Cycles/px whose luma stands for the contrast of the scene at large."""
_PEAK_BANDS = ((0.03, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.5))
_ROUNDING = 1 / (255 * np.sqrt(12))
_LAGS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))


def inner(crops: np.ndarray) -> np.ndarray:
    """(n, h, w, 3) the part of the crops that is measured."""
    return crops[:, _EDGE:-_EDGE, _EDGE:-_EDGE]


def spectra(crops: np.ndarray) -> np.ndarray:
    """(n, 3, bins) mean log-amplitude of luma, red - luma and blue - luma by radial frequency; NaN out of reach."""
    values, reached = log_amplitudes(inner(crops), bins=_BINS)
    return np.where(reached > 0, values, np.nan)


def band_means(curves: np.ndarray) -> np.ndarray:
    """(…, bands) means of curves (…, bins) over :data:`BANDS`."""
    at = bin_centres(_BINS)
    return np.stack(
        [np.nanmean(curves[..., (at >= low) & (at < high)], axis=-1) for low, high in BANDS], axis=-1
    )


def whitened_peaks(crops: np.ndarray) -> np.ndarray:
    """(n, 3, 4) highest log-amplitude over the mean of its ring, by plane and band."""
    return _peaks(crops)[..., 0]


def cues(crops: np.ndarray) -> np.ndarray:
    """(n, d) all numbers of each crop (n, H, W, 3) uint8."""
    n = len(crops)
    curves, at = spectra(crops), bin_centres(_BINS)
    reached = ~np.isnan(curves[0, 0])
    level = curves[:, 0, reached & (at >= _LEVEL[0]) & (at < _LEVEL[1])].mean(axis=1)
    shapes = curves[..., reached] - level[:, None, None]
    fine = [_residuals(crop) for crop in inner(crops)]
    return np.concatenate([shapes.reshape(n, -1), _peaks(crops).reshape(n, -1), np.asarray(fine)], axis=1)


def _peaks(crops: np.ndarray) -> np.ndarray:
    """(n, 3, 4, 2) highest and 99.5 % point of the whitened log-amplitudes, by plane and band."""
    part = inner(crops)
    height, width = part.shape[1:3]
    ring, bands = _rings((height, width))
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    counts = np.bincount(ring)
    found = np.empty((len(part), 3, len(bands), 2))
    for i, crop in enumerate(part):
        planes = colour_planes(crop.astype(np.float32) / 255)
        planes = (planes - planes.mean(axis=(1, 2), keepdims=True)) * window
        power = np.abs(scipy.fft.rfft2(planes, norm="ortho")).reshape(3, -1) ** 2
        for plane, log in enumerate(0.5 * np.log(power + _ROUNDING**2)):
            white = log - (np.bincount(ring, log) / counts)[ring]
            found[i, plane] = [(white[b].max(), np.quantile(white[b], 0.995)) for b in bands]
    return found


@functools.cache
def _rings(shape: tuple[int, int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ring of each frequency of a crop, and the frequencies of each band."""
    radius = radial_frequency(shape).ravel()
    bands = [np.flatnonzero((radius >= low) & (radius < high)) for low, high in _PEAK_BANDS]
    return np.asarray(np.rint(radius * min(shape)), np.int64), bands


def _residuals(crop: np.ndarray) -> list[float]:
    """What a small blur takes from a crop: neighbors, tails and evenness; and runs of curvature of luma."""
    numbers: list[float] = []
    planes = colour_planes(crop.astype(np.float32) / 255)
    for plane in planes:
        rest = plane - cv2.GaussianBlur(plane, (0, 0), 0.8)
        power = float(np.mean(rest**2)) + 1e-10
        numbers += [0.5 * np.log(power), np.log(float(np.mean(rest**4)) / power**2 + 1e-3)]
        numbers += [float(np.mean(rest * np.roll(rest, lag, (0, 1)))) / power for lag in _LAGS]
        local = cv2.blur(rest**2, (8, 8))[4::8, 4::8]
        numbers += [0.5 * np.log(float(q) + 1e-9) for q in np.quantile(local, (0.1, 0.5, 0.9))]
    return numbers + _runs(planes[0]) + _runs(planes[0].T)


def _runs(luma: np.ndarray) -> list[float]:
    """Shares of the nine pairs of falling, even or rising curvature of neighbors along a row."""
    bend = luma[:, 2:] - 2 * luma[:, 1:-1] + luma[:, :-2]
    step = 0.7 * float(bend.std()) + 1e-6
    level = np.clip(np.rint(bend / step), -1, 1).astype(np.int64) + 1
    pairs = np.bincount((3 * level[:, :-1] + level[:, 1:]).ravel(), minlength=9)
    return list(pairs / pairs.sum())
