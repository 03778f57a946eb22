"""Numbers of a clip by which recaptures differ: its spectra, and those of what changes between frames, by radius."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from specaug.arrays import to_unit
from specaug.color import luma
from specaug.spectrum import MAX_RADIUS, log_spectrum, radial_profile
from specaug.spectrum.amplitude import Window

# Chosen on the demo sets of the seeds 5, 6 and 7.
BINS = 24
"""Rings of each spectrum, equal over [0, √½] cycles/px."""
QUANTILE = 0.98
"""Waves of a display and dots of a print stand out in a ring by a few frequencies of hundreds."""
SECTOR = np.pi / 10
"""Radians on either side of an axis that count to it: displays and sensors have rows and columns."""
KINDS = ("frames", "peaks", "along x", "along y", "changes")
_PLANES = 3


def feature_count() -> int:
    """How many features a clip has, whatever its size and length."""
    return len(KINDS) * _PLANES * BINS


def clip_features(clips: np.ndarray, *, window: Window | None = "hann") -> np.ndarray:
    """Features of clips: how strong each ring of frequencies is, in luma and in colour, over space and over time.

    Parameters
    ----------
    clips : (B, T, H, W, 3) array
        uint8, or float in [0, 1].
    window : {"hann", None}
        Of the spectra.

    Returns
    -------
    (B, n) float64 array
        For each of :data:`KINDS` the :data:`BINS` rings of luma, of blue less luma and of red less luma. ``frames``:
        the mean of :func:`specaug.radial_profile` over the frames. Of the mean log-spectrum of the frames, ``peaks``:
        how far the strongest frequencies of a ring, at :data:`QUANTILE`, lie above its median; ``along x`` and ``along
        y``: how far the ring's frequencies near that axis lie above its mean. ``changes``: the mean profile of each
        next frame less this one; 0 where there is one frame only.
    """
    light = luma(clips)[..., None]
    colours = to_unit(clips[..., [2, 0]]) - light
    planes = np.concatenate([light, colours], axis=-1)
    found = [_one_clip(clip, window) for clip in planes]
    return np.asarray(np.stack(found), np.float64).reshape(len(clips), -1)


def _one_clip(planes: np.ndarray, window: Window | None) -> np.ndarray:
    """(kinds, planes, bins) of (T, H, W, planes)."""

    def profile(images: np.ndarray) -> np.ndarray:
        profiles = radial_profile(images, bins=BINS, channels="rgb", window=window)
        return np.asarray(profiles.mean(axis=0))

    changes = profile(np.diff(planes, axis=0)) if len(planes) > 1 else np.zeros((_PLANES, BINS))
    spectrum = log_spectrum(planes, channels="rgb", window=window).mean(axis=0)
    return np.stack([profile(planes), *_within_rings(spectrum), changes])


def _within_rings(spectrum: np.ndarray) -> np.ndarray:
    """(3, planes, bins) peaks and both axes of a shifted spectrum (H, W, planes); 0 where no frequency lies."""
    height, width = spectrum.shape[:2]
    # The other half is its mirror image.
    half = spectrum[:, width // 2 :].reshape(-1, _PLANES)
    found = np.zeros((3, _PLANES, BINS))
    for ring, (members, *axes) in enumerate(_rings(height, width)):
        if members.size:
            median, high = np.quantile(half[members], (0.5, QUANTILE), axis=0)
            found[0, :, ring] = high - median
        for axis, near in enumerate(axes, start=1):
            if near.size:
                found[axis, :, ring] = half[near].mean(axis=0) - half[members].mean(axis=0)
    return found


@lru_cache(maxsize=8)
def _rings(height: int, width: int) -> tuple[tuple[np.ndarray, ...], ...]:
    """For each ring, where in the right half of a shifted spectrum, flattened, its frequencies lie: all of them, those
    near the x axis, those near the y axis."""
    fy = np.abs(np.arange(height) - height // 2)[:, None] / height
    fx = np.arange(width - width // 2)[None] / width
    radius, angle = np.hypot(fy, fx).ravel(), np.arctan2(fy, fx).ravel()
    number = np.minimum((radius * (BINS / MAX_RADIUS)).astype(np.int64), BINS - 1)
    parts = (angle >= 0, angle < SECTOR, angle > np.pi / 2 - SECTOR)
    return tuple(tuple(np.flatnonzero((number == ring) & part) for part in parts) for ring in range(BINS))
