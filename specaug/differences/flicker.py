"""Temporal spectra of a face: how its brightness changes, by Hz, and lines that one clip has and another has not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from specaug.arrays import to_unit
from specaug.color import luma
from specaug.differences.peaks import MoreIn, chance_db
from specaug.differences.spectra import ROUNDING

SHORTEST = 16
"""Frames below which no line is named: it needs frequencies beside it to stand out from."""
LEAST_LINE_DB = 10.0
"""A weaker line is not named: its few neighbors tell their spread badly (12 of 300 pairs of noise have one above the
limit of chance, up to 6 dB), and the coding of a video has a rhythm of its own (up to 9 dB in the demo set)."""
LOWEST_HZ = 3.0
"""Below it a head that nods and a hand that shakes change the brightness: that is movement and no flicker."""
_STRIPS = 16
"""A face is averaged over so many strips of rows, which keep the horizontal bands of a rolling shutter."""
_UNEVEN = 0.1
"""Steps between frames may differ by this share of their median; more is no constant rate."""
_INNER, _OUTER = 3, 8
"""Neighborhood of a line in frequencies, as in :mod:`specaug.differences.peaks`."""
FEWEST_COMMON = SHORTEST // 2 + 1
"""Frequencies that both clips reach, below which no line is named: as many as the shortest clip has."""
_TINY = 1e-300
"""Keeps the logarithm of nothing finite."""
_SAME_RATE = 0.01
"""Frame rates that differ by this share are one rate."""


@dataclass(frozen=True, eq=False)
class TemporalSpectrum:
    """Power of what changes between frames."""

    hertz: np.ndarray
    """(T//2 + 1,) frequencies, 0 first."""
    power: np.ndarray
    """(T//2 + 1,) of strips of the face, white being 1."""
    frames: int
    """T."""
    strips: tuple[np.ndarray, ...] = ()
    """(T, strips) brightness of each clip that this is the mean of."""

    @property
    def rate(self) -> float:
        """Frames a second."""
        return float(self.hertz[1]) * self.frames

    def cut(self, frames: int) -> TemporalSpectrum:
        """The spectrum of the first frames of each clip."""
        if frames == self.frames:
            return self
        return mean_spectrum([_of_strips(strips[:frames], self.rate) for strips in self.strips])

    @property
    def decibels(self) -> np.ndarray:
        """(T//2 + 1,) dB; strips of n px each round to a power of 1/n of that of one pixel, which is left out here."""
        return np.asarray(10 * np.log10(self.power + ROUNDING * 1e-3))


@dataclass(frozen=True)
class FlickerLine:
    """One flicker that the attack has and the bona fide clip has not, or the other way round."""

    hertz: float
    decibels: float
    """How far the ratio of the spectra lies above its neighborhood."""
    amplitude: float
    """Of the brightness, white being 1, averaged over strips of the face."""
    more_in: MoreIn

    def __str__(self) -> str:
        return f"{self.hertz:.1f} Hz, {self.decibels:.0f} dB above its neighborhood"

    @property
    def short(self) -> str:
        """For lists."""
        return f"{self.hertz:.1f} Hz: {self.decibels:.0f} dB, {100 * self.amplitude:.2g} % of white"


def frame_rate(pts_seconds: np.ndarray) -> float | None:
    """Frames a second of frames at these times; None where they are not evenly spaced, or where time is not known.

    Examples
    --------
    >>> frame_rate(np.arange(8) * 0.04), frame_rate(np.array([0.0, 0.1, 0.9]))
    (25.0, None)
    """
    steps = np.diff(np.asarray(pts_seconds, np.float64))
    if not steps.size or not np.isfinite(steps).all():
        return None
    typical = float(np.median(steps))
    if typical <= 0 or np.abs(steps - typical).max() > _UNEVEN * typical:
        return None
    return round(1 / float(steps.mean()), 6)


def temporal_power(frames: np.ndarray, rate: float) -> TemporalSpectrum:
    """Compute the temporal spectrum of the face in a clip.

    Parameters
    ----------
    frames : (T, H, W, 3) array
        uint8 or float in [0, 1], evenly spaced in time.
    rate : float
        Frames a second.

    Returns
    -------
    TemporalSpectrum
        Mean over 16 strips of rows, of a Hann-windowed periodogram of their brightness without its linear trend.
    """
    return _of_strips(np.stack([_strips(frame) for frame in frames]), rate)


def _of_strips(strips: np.ndarray, rate: float) -> TemporalSpectrum:
    time = np.arange(len(strips)) - (len(strips) - 1) / 2
    slope = time @ strips / max(float(time @ time), 1.0)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(len(strips)) + 0.5) / len(strips))
    moving = (strips - strips.mean(axis=0) - time[:, None] * slope) * window[:, None]
    power = np.abs(np.fft.rfft(moving, axis=0)) ** 2 / float((window**2).sum())
    hertz = np.fft.rfftfreq(len(strips), 1 / rate)
    return TemporalSpectrum(hertz, power.mean(axis=1), len(strips), (strips,))


def mean_spectrum(spectra: Sequence[TemporalSpectrum]) -> TemporalSpectrum:
    """Take the geometric mean of spectra over the same frequencies."""
    power = np.exp(np.mean([np.log(s.power + _TINY) for s in spectra], axis=0))
    strips = tuple(strips for s in spectra for strips in s.strips)
    return TemporalSpectrum(spectra[0].hertz, power, spectra[0].frames, strips)


def _strips(frame: np.ndarray) -> np.ndarray:
    """Mean luma of each strip of rows in the middle half of the columns, where the face is."""
    plane = np.asarray(to_unit(np.asarray(luma(frame))), np.float64)
    quarter = plane.shape[1] // 4
    rows = plane[:, quarter : plane.shape[1] - quarter].mean(axis=1)
    return np.array([part.mean() for part in np.array_split(rows, min(_STRIPS, rows.size))])


def find_lines(bonafide: TemporalSpectrum, attack: TemporalSpectrum) -> tuple[FlickerLine, ...]:
    """Find the flicker by which two clips differ.

    Up to the lower of the two highest frequencies. Clips of one frame rate are cut to the shorter one; of two frame
    rates, each clip is searched at its own frequencies.

    Returns
    -------
    tuple of FlickerLine
        The strongest first; none where a clip has fewer than :data:`SHORTEST` frames, or fewer than
        :data:`FEWEST_COMMON` of its frequencies lie in the band that both reach.
    """
    few = common_frequencies(bonafide, attack) < FEWEST_COMMON
    if few or min(bonafide.frames, attack.frames) < SHORTEST:
        return ()
    bonafide, attack = _alike(bonafide, attack)
    found = [*_lines(attack, bonafide, "attack"), *_lines(bonafide, attack, "bonafide")]
    return tuple(sorted(found, key=lambda line: -line.decibels))


def _alike(first: TemporalSpectrum, second: TemporalSpectrum) -> tuple[TemporalSpectrum, TemporalSpectrum]:
    """Clips of one frame rate cut to one length; others as they are."""
    if abs(first.rate - second.rate) > _SAME_RATE * max(first.rate, second.rate):
        return first, second
    frames = min(first.frames, second.frames)
    return first.cut(frames), second.cut(frames)


def common_frequencies(bonafide: TemporalSpectrum, attack: TemporalSpectrum) -> int:
    """How many frequencies of either clip, of that which has fewer, lie in the band that both reach."""
    highest = min(bonafide.hertz[-1], attack.hertz[-1]) * (1 + _SAME_RATE)
    return min(int((side.hertz <= highest).sum()) for side in (bonafide, attack))


def _lines(side: TemporalSpectrum, other: TemporalSpectrum, more_in: MoreIn) -> list[FlickerLine]:
    """Lines of one clip that the other has not, at its own frequencies."""
    hertz = side.hertz[side.hertz <= other.hertz[-1] * (1 + _SAME_RATE)]
    ratio = side.decibels[: len(hertz)] - _level(other, hertz)
    # A longer clip shows a flicker that both have as a higher line.
    least = LEAST_LINE_DB + max(0.0, 10 * math.log10(side.frames / other.frames))
    steps = np.abs(np.arange(len(ratio))[:, None] - np.arange(len(ratio)))
    around = [ratio[(row >= _INNER) & (row <= _OUTER)] for row in steps]
    lower, median, upper = np.stack([np.percentile(near, (25, 50, 75)) for near in around], axis=1)
    if other.hertz[1] > (1 + _SAME_RATE) * side.hertz[1]:
        # A wide line of the other clip fills the neighborhood of a narrow one.
        median = np.maximum(median, np.median(ratio))
    excess, spread = ratio - median, (upper - lower) / 2
    found = []
    for at in range(2, len(ratio)):  # below, a Hann window shows what is left of the mean
        limit = max(least, chance_db(float(spread[at]), 2 * len(ratio)))
        highest = ratio[at] == ratio[max(at - 2, 0) : at + 3].max()
        if highest and excess[at] >= limit and hertz[at] >= LOWEST_HZ:
            found.append(_line(side, at, float(excess[at]), more_in))
    return found


def _level(other: TemporalSpectrum, hertz: np.ndarray) -> np.ndarray:
    """dB of the other clip at the frequencies of one clip: of narrower lines, the highest within a wide one."""
    between = np.interp(hertz, other.hertz, other.decibels)
    step = hertz[1] - hertz[0]
    if other.hertz[1] >= (1 - _SAME_RATE) * step:
        return np.asarray(between)
    within = np.abs(hertz[:, None] - other.hertz) <= 2 * step
    return np.asarray(np.maximum(between, np.where(within, other.decibels, -np.inf).max(axis=1)))


def _line(side: TemporalSpectrum, at: int, above: float, more_in: MoreIn) -> FlickerLine:
    near = slice(at - 1, at + 2)
    weights = side.power[near]
    frequency = float((weights * side.hertz[near]).sum() / max(float(weights.sum()), 1e-30))
    # a²/4 · (Σw)²/Σw² in the middle of a lobe of 1.5 times that: T/6 · a² of Hann's Σw = T/2, Σw² = 3T/8.
    amplitude = math.sqrt(float(weights.sum()) / 1.5 * 6 / side.frames)
    return FlickerLine(frequency, above, amplitude, more_in)
