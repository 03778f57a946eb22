"""Peaks of a ratio of spectra: which stand above their neighborhood by more than chance allows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import ndimage, special

from specaug.differences.spectra import decibels, wave_amplitude

MoreIn = Literal["attack", "bonafide"]

LEVEL = 0.01
"""Chance that noise alone gives any peak in one comparison."""
LEAST_DB = 3.0
"""A peak of less than twice the power is not named, however sure it is."""
LOWEST = 1 / 32
"""Cycles/px below which the outline of a face, not a pattern, makes peaks: the upper limit of the band ``low``."""
MOST = 12
"""Peaks that are named, the strongest first."""
_INNER, _OUTER = 4, 9
"""Radii of the neighborhood in frequencies: outside the lobe of a Hann window, near enough to follow the slope."""
_THINNED = 9
"""Every ninth frequency gives the spread: neighbors share most of their noise, and medians take time."""
_STRONGEST = 400
"""Local maxima that are looked at; noise of a crop of 224 px has about 1000 of both signs."""


@dataclass(frozen=True)
class Peak:
    """One wave that the attack has and the bona fide image has not, or the other way round."""

    frequency: float
    """Cycles/px."""
    angle: float
    """Direction in which the wave changes, degrees in [0, 180), from the x axis towards the lower rows."""
    fx: float
    fy: float
    decibels: float
    """How far the ratio of the spectra lies above its neighborhood, averaged over the 3x3 frequencies of the lobe."""
    amplitude: float
    """Of the wave, white being 1."""
    more_in: MoreIn

    @property
    def period(self) -> float:
        """Length of the wave, px."""
        return 1 / self.frequency

    def __str__(self) -> str:
        return (
            f"{self.frequency:.3f} cycles/px at {self.angle:.0f}° (period {self.period:.1f} px), "
            f"{self.decibels:.0f} dB above its neighborhood"
        )

    @property
    def short(self) -> str:
        """For lists."""
        return (
            f"{self.frequency:.3f} cycles/px, {self.angle:.0f}°, period {self.period:.1f} px: "
            f"{self.decibels:.0f} dB, {100 * self.amplitude:.2g} % of white"
        )


def find_peaks(bonafide: np.ndarray, attack: np.ndarray) -> tuple[Peak, ...]:
    """Find the waves by which two power spectra differ.

    A peak is a local maximum of the ratio that lies above the median of its neighborhood by :data:`LEAST_DB` and by
    more than noise does with the chance :data:`LEVEL` anywhere in the plane. What noise does is read off the ratio
    itself: the logarithm of a ratio of two averaged periodograms has the distribution of a log beta prime variable
    (Fisher's z), whose shape follows from its quartiles.

    Parameters
    ----------
    bonafide, attack : (H, W) float array
        Power, zero frequency in the middle, averaged over lobes by :func:`specaug.differences.spectra.lobe_mean`.

    Returns
    -------
    tuple of Peak
        The strongest first, at most :data:`MOST`.
    """
    ratio = decibels(attack) - decibels(bonafide)
    found = [
        *_peaks_of(ratio, attack, "attack"),
        *_peaks_of(-ratio, bonafide, "bonafide"),
    ]
    return tuple(sorted(found, key=lambda peak: -peak.decibels)[:MOST])


def _peaks_of(ratio: np.ndarray, power: np.ndarray, more_in: MoreIn) -> list[Peak]:
    shape = (int(ratio.shape[0]), int(ratio.shape[1]))
    rows, columns = _half_plane(shape)
    excess, _ = excess_db(ratio, rows[::_THINNED], columns[::_THINNED])
    typical = float(np.median(np.abs(excess)))
    maxima = ratio == ndimage.maximum_filter(ratio, size=7, mode="wrap")
    at = np.flatnonzero(maxima[rows, columns])
    at = at[np.argsort(-ratio[rows[at], columns[at]], kind="stable")][:_STRONGEST]
    rows, columns = rows[at], columns[at]
    excess, spread = excess_db(ratio, rows, columns)
    found = []
    for row, column, above, near in zip(rows, columns, excess, spread, strict=True):
        # Where the neighborhood is more restless than the plane, its own spread counts.
        if above >= max(LEAST_DB, chance_db(max(typical, float(near)), math.prod(shape))):
            found.append(_peak(ratio, power, int(row), int(column), more_in))
    return found


@lru_cache(maxsize=8)
def _half_plane(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the frequencies that are searched: one of each pair of mirror images."""
    fy, fx = _axes(shape)
    half = (fx > 0) | ((fx == 0) & (fy > 0))
    rows, columns = np.nonzero(half & (np.hypot(fy, fx) >= LOWEST))
    return rows, columns


def _axes(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (H, 1) and (1, W) of a plane with zero in the middle, cycles/px."""
    fy, fx = ((np.arange(n) - n // 2) / n for n in shape)
    return fy[:, None], fx[None]


@lru_cache(maxsize=1)
def _annulus() -> tuple[np.ndarray, np.ndarray]:
    steps = np.arange(-_OUTER, _OUTER + 1)
    radius = np.hypot(steps[:, None], steps[None])
    rows, columns = np.nonzero((radius >= _INNER) & (radius <= _OUTER))
    return steps[rows], steps[columns]


def excess_db(ratio: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far values lie above the median of their neighborhood, and half the distance of its quartiles."""
    down, right = _annulus()
    around = ratio[(rows[:, None] + down) % ratio.shape[0], (columns[:, None] + right) % ratio.shape[1]]
    lower, median, upper = np.percentile(around, (25, 50, 75), axis=1)
    return ratio[rows % ratio.shape[0], columns % ratio.shape[1]] - median, (upper - lower) / 2


def chance_db(quartile: float, trials: int) -> float:
    """What noise exceeds in any of so many values with the chance :data:`LEVEL`, dB.

    Parameters
    ----------
    quartile : float
        Upper quartile of the noise, dB: half the distance of its quartiles, since it is symmetric.
    trials : int
    """
    return _chance_db(round(quartile, 2), trials)


@lru_cache(maxsize=1024)
def _chance_db(quartile: float, trials: int) -> float:
    if quartile <= 0:
        return 0.0
    shape = _bisected(lambda k: _beta_prime_db(k, 0.25) - quartile)
    return _beta_prime_db(shape, LEVEL / trials)


def _beta_prime_db(shape: float, upper: float) -> float:
    """What a ratio of two gamma variables of one shape exceeds with the chance `upper`, dB."""
    low = float(special.betaincinv(shape, shape, upper))
    return -10 * math.log10(low / (1 - low)) if low > 0 else math.inf


def _bisected(falling: Callable[[float], float]) -> float:
    """Where a falling function of a shape is zero, between 1/2, one real variable squared, and a million."""
    low, high = 0.5, 1e6
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return math.sqrt(low * high)


def _radius(rows: np.ndarray, columns: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Radial frequency of places of a plane, cycles/px; past its edge it goes on."""
    height, width = power.shape
    return np.asarray(np.hypot((rows - height // 2) / height, (columns - width // 2) / width))


def _peak(ratio: np.ndarray, power: np.ndarray, row: int, column: int, more_in: MoreIn) -> Peak:
    height, width = power.shape
    # Noise of the other side moves the maximum of the ratio off that of the wave by a frequency, and makes it higher.
    down, right = np.mgrid[-1:2, -1:2]
    beside = np.where(
        _radius(row + down, column + right, power) >= LOWEST,
        power[(row + down) % height, (column + right) % width],
        0,
    )
    step = np.unravel_index(int(beside.argmax()), beside.shape)
    row, column = row + int(step[0]) - 1, column + int(step[1]) - 1
    above, _ = excess_db(ratio, np.array([row]), np.array([column]))
    down, right = np.mgrid[-2:3, -2:3]
    near = power[(row + down) % height, (column + right) % width]
    floor = float(np.median(power[(row + _annulus()[0]) % height, (column + _annulus()[1]) % width]))
    weights = np.maximum(near - floor, 0) * (_radius(row + down, column + right, power) >= LOWEST)
    # Where the ratio is a peak although the power is not, the frequency stays that of the maximum.
    total = float(weights.sum()) or 1.0
    fy = (row - height // 2 + float((weights * down).sum()) / total) / height
    fx = (column - width // 2 + float((weights * right).sum()) / total) / width
    if math.hypot(fy, fx) < LOWEST:  # the mean of places about the outline of a face lies within it
        fy, fx = (row - height // 2) / height, (column - width // 2) / width
    return Peak(
        frequency=math.hypot(fy, fx),
        angle=math.degrees(math.atan2(fy, fx)) % 180 % 180,
        fx=fx,
        fy=fy,
        decibels=float(above[0]),
        amplitude=wave_amplitude(float(beside.max()) - floor, (height, width)),
        more_in=more_in,
    )
