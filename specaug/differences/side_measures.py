"""Numbers and maps of one side of a comparison: a clip, or the mean of a group over its subjects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from specaug.differences.clip_measures import ClipMeasures, ClipToCompare, LoadedClip, measure_clip
from specaug.differences.flicker import TemporalSpectrum, mean_spectrum
from specaug.differences.intervals import mean_interval, subject_means
from specaug.errors import ArgumentError
from specaug.records import Label


@dataclass(frozen=True, eq=False)
class SideMeasures:
    """What is compared of one side: a clip, or the mean of a group over its subjects."""

    name: str
    clips: int
    total: int
    """Clips that fit the conditions; more than `clips` where a sample was measured."""
    subjects: tuple[str, ...]
    power: np.ndarray
    """(H, W): of a group the geometric mean, so that no single clip decides."""
    profiles: np.ndarray
    """(subjects, bins) dB."""
    bands: np.ndarray
    """(subjects, bands) dB."""
    octaves: np.ndarray
    """(subjects, octaves) dB."""
    color: np.ndarray
    """(subjects, 7)."""
    local: np.ndarray
    """(2, H, W) dB."""
    temporal: TemporalSpectrum | None
    """Of a group the geometric mean, where all clips have the same frame rate and length."""
    scale: float | None
    """Median over clips."""
    typical: ClipToCompare
    """The clip that is shown: the one whose profile is nearest to the mean."""
    labels: frozenset[Label | None] = frozenset()
    """Of its clips."""

    @property
    def profile(self) -> np.ndarray:
        """(bins,) dB, mean over subjects."""
        return np.asarray(self.profiles.mean(axis=0))

    @property
    def profile_interval(self) -> np.ndarray | None:
        """(bins,) half the width of the interval of `profile`; None for fewer than two subjects."""
        return mean_interval(self.profiles)

    @cached_property
    def shown(self) -> LoadedClip:
        """Frames of the clip that is shown."""
        return self.typical.load()

    def __repr__(self) -> str:
        return f"SideMeasures({self.name!r}, {self.clips} clips of {len(self.subjects)} subjects)"


@dataclass(eq=False)
class SideTally:
    """Adds up clips one after the other; memory does not grow with their number but for a few numbers each."""

    name: str
    clips: list[ClipToCompare] = field(default_factory=list)
    profiles: list[np.ndarray] = field(default_factory=list)
    bands: list[np.ndarray] = field(default_factory=list)
    octaves: list[np.ndarray] = field(default_factory=list)
    color: list[np.ndarray] = field(default_factory=list)
    _temporal: list[TemporalSpectrum | None] = field(default_factory=list)
    _scales: list[float] = field(default_factory=list)
    _weight: float = 0.0
    _log_power: np.ndarray | None = None
    _local: np.ndarray | None = None

    def add(self, clip: ClipToCompare, found: ClipMeasures, *, weight: float = 1.0) -> None:
        """Add a clip; `weight` is its share of the maps.

        Raises
        ------
        ArgumentError
            Its frames have another size than those before.
        """
        if self._log_power is None or self._local is None:
            self._log_power, self._local = np.zeros(found.power.shape), np.zeros(found.local.shape)
        if found.power.shape != self._log_power.shape:
            sizes = f"{self._log_power.shape} and {found.power.shape}"
            raise ArgumentError(f"{self.name}: expected frames of one size, got {sizes}")
        self._log_power += weight * np.log(found.power + _TINY)
        self._local += weight * found.local
        self._weight += weight
        self.clips.append(clip)
        self.profiles.append(found.profile)
        self.bands.append(found.bands)
        self.octaves.append(found.octaves)
        self.color.append(found.color)
        self._temporal.append(found.temporal)
        self._scales += [] if found.scale is None else [found.scale]

    @property
    def size(self) -> tuple[int, ...]:
        """(H, W) of the frames; () before the first."""
        return () if self._log_power is None else self._log_power.shape

    def result(self, *, total: int | None = None) -> SideMeasures:
        """The means; `total` is how many clips these are a sample of.

        Raises
        ------
        ArgumentError
            Nothing was added.
        """
        if self._log_power is None or self._local is None:
            raise ArgumentError(f"{self.name}: expected at least one clip, got none")
        subjects = [clip.subject for clip in self.clips]
        means = {}
        for key in ("profiles", "bands", "octaves", "color"):
            names, means[key] = subject_means(subjects, np.stack(getattr(self, key)))
        center = means["profiles"].mean(axis=0)
        nearest = int(np.square(np.stack(self.profiles) - center).sum(axis=1).argmin())
        return SideMeasures(
            name=self.name,
            clips=len(self.clips),
            total=len(self.clips) if total is None else total,
            subjects=names,
            power=np.exp(self._log_power / self._weight),
            **means,
            local=self._local / self._weight,
            temporal=_mean_temporal(self._temporal),
            scale=float(np.median(self._scales)) if self._scales else None,
            typical=self.clips[nearest],
            labels=frozenset(clip.label for clip in self.clips),
        )


_TINY = 1e-300
"""Keeps the logarithm of nothing finite; powers of rounding are 1e-6."""


def measure_side(name: str, clips: Sequence[ClipToCompare], *, total: int | None = None) -> SideMeasures:
    """Measure the clips of a side; every subject has the same share of the maps.

    Raises
    ------
    ArgumentError
        There is none, or they differ in size.
    """
    subjects = [clip.subject for clip in clips]
    tally = SideTally(name)
    for clip in clips:
        tally.add(clip, measure_clip(clip.load()), weight=1 / subjects.count(clip.subject))
    return tally.result(total=total)


def _mean_temporal(spectra: Iterable[TemporalSpectrum | None]) -> TemporalSpectrum | None:
    """The geometric mean of spectra over the same frequencies; None where they differ or one is missing."""
    found = list(spectra)
    known = [spectrum for spectrum in found if spectrum is not None]
    if len(known) < len(found):
        return None
    first = known[0].hertz
    if any(s.hertz.shape != first.shape or not np.allclose(s.hertz, first, rtol=0.01) for s in known):
        return None
    return mean_spectrum(known)
