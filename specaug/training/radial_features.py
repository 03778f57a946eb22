"""Numbers of a clip by which recaptures differ: its spectra, and those of what changes between frames, by radius."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from specaug.color import luma
from specaug.spectrum import MAX_RADIUS, log_spectrum, radial_profile
from specaug.spectrum.amplitude import Window

BINS = 12
"""Rings of each spectrum, equal over [0, √½] cycles/px; chosen with QUANTILE on demo sets of the seeds 5, 6 and 7."""
QUANTILE = 0.98
"""Waves of a display and dots of a print stand out in a ring by a few frequencies of hundreds."""
KINDS = ("frames", "peaks", "changes")
_PLANES = 3


def feature_count() -> int:
    """How many features a clip has, whatever its size and length."""
    return len(KINDS) * _PLANES * BINS


def clip_features(clips: np.ndarray, *, window: Window | None = "hann") -> np.ndarray:
    """Features of clips: how strong each ring of frequencies is, in luma and in colour, over space and over time.

    Parameters
    ----------
    clips : (B, T, H, W, 3) uint8 array
    window : {"hann", None}
        Of the spectra.

    Returns
    -------
    (B, n) float64 array
        For each of :data:`KINDS` the :data:`BINS` rings of luma, of blue less luma and of red less luma. ``frames``:
        the mean of :func:`specaug.radial_profile` over the frames. ``peaks``: how far the strongest frequencies of a
        ring, at :data:`QUANTILE`, lie above its median, in the mean log-spectrum of the frames. ``changes``: the
        mean profile of each next frame less this one; 0 where there is one frame only.
    """
    light = luma(clips)[..., None]
    colours = clips[..., [2, 0]] / np.float32(255) - light
    planes = np.concatenate([light, colours], axis=-1)
    found = [_one_clip(clip, window) for clip in planes]
    return np.asarray(np.stack(found), np.float64).reshape(len(clips), -1)


def _one_clip(planes: np.ndarray, window: Window | None) -> np.ndarray:
    """(kinds, planes, bins) of (T, H, W, planes)."""

    def profile(images: np.ndarray) -> np.ndarray:
        profiles = radial_profile(images, bins=BINS, channels="rgb", window=window)
        return np.asarray(profiles).mean(axis=0)

    changes = profile(np.diff(planes, axis=0)) if len(planes) > 1 else np.zeros((_PLANES, BINS))
    spectrum = log_spectrum(planes, channels="rgb", window=window).mean(axis=0)
    return np.stack([profile(planes), _peaks(spectrum), changes])


def _peaks(spectrum: np.ndarray) -> np.ndarray:
    """(planes, bins) of a shifted spectrum (H, W, planes); 0 for rings without a frequency."""
    height, width = spectrum.shape[:2]
    # The other half is its mirror image.
    half = spectrum[:, width // 2 :].reshape(-1, _PLANES)
    found = np.zeros((_PLANES, BINS))
    for ring, members in enumerate(_rings(height, width)):
        if members.size:
            median, high = np.quantile(half[members], (0.5, QUANTILE), axis=0)
            found[:, ring] = high - median
    return found


@lru_cache(maxsize=8)
def _rings(height: int, width: int) -> tuple[np.ndarray, ...]:
    """Places of each ring's frequencies in the right half of a shifted spectrum, flattened."""
    rows = (np.arange(height) - height // 2) / height
    columns = (np.arange(width // 2, width) - width // 2) / width
    radius = np.hypot(rows[:, None], columns[None]).ravel()
    number = np.minimum((radius * (BINS / MAX_RADIUS)).astype(np.int64), BINS - 1)
    return tuple(np.flatnonzero(number == ring) for ring in range(BINS))
