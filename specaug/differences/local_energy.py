"""Where on the face two clips differ: local energy of a band, as a map over the aligned crop."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from specaug.arrays import to_unit
from specaug.color import luma
from specaug.differences.spectra import ROUNDING
from specaug.spectrum import MAX_RADIUS
from specaug.spectrum.grid import Band, half_mask
from specaug.spectrum.transform import irfft2, rfft2

_PERIODS = 0.5
"""Standard deviation of the averaging, in longest periods of the band: a wave must not show its own zeros."""
_SLOPE = 0.08
"""Of the logistic edges of a band, as a share of its limit: a hard edge would ring along the outline of a face."""


def band_image(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """What an image holds in a band of frequencies.

    Parameters
    ----------
    image : (H, W, C) array
        uint8 or float in [0, 1].
    low, high : float
        Limits, cycles/px. A band from 0 holds the mean.

    Returns
    -------
    (H, W, C) float64 array
        About 0 unless the band holds the mean. All bands of one division sum to `image`.
    """
    values = np.asarray(to_unit(image), np.float64)
    shape = (int(values.shape[0]), int(values.shape[1]))
    mirrored = np.pad(values, ((0, shape[0]), (0, shape[1]), (0, 0)), mode="symmetric")
    mask = _soft(low, (2 * shape[0], 2 * shape[1])) - _soft(high, (2 * shape[0], 2 * shape[1]))
    spectrum = rfft2(mirrored, (0, 1)) * mask[..., None]
    return np.asarray(irfft2(spectrum, (2 * shape[0], 2 * shape[1]), (0, 1))[: shape[0], : shape[1]])


def _soft(limit: float, shape: tuple[int, int]) -> np.ndarray:
    """Mask of all from `limit` on; of everything from 0 on, of nothing from √½ on."""
    if limit <= 0:
        return np.ones((shape[0], shape[1] // 2 + 1))
    if limit >= MAX_RADIUS:
        return np.zeros((shape[0], shape[1] // 2 + 1))
    return np.asarray(half_mask(shape, Band(limit, MAX_RADIUS, rolloff=_SLOPE * limit)), np.float64)


def local_decibels(frames: np.ndarray, low: float, high: float) -> np.ndarray:
    """Local energy of a band in the luma of a clip, averaged over its frames.

    Parameters
    ----------
    frames : (T, H, W, 3) array
    low, high : float
        Limits, cycles/px; `low` above 0.

    Returns
    -------
    (H, W) float64 array
        dB, white being 0 dB.
    """
    energy = sum(
        band_image(np.asarray(luma(frame))[..., None], low, high)[..., 0] ** 2 for frame in frames
    ) / len(frames)
    smoothed = ndimage.gaussian_filter(energy, _PERIODS / low, mode="mirror")
    return np.asarray(10 * np.log10(np.maximum(smoothed, 0) + ROUNDING))
