"""Numbers and maps of one clip, and their average over the clips of a side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from specaug.color import rgb_to_hsv
from specaug.differences.flicker import TemporalSpectrum, temporal_power
from specaug.differences.intervals import mean_interval, subject_means
from specaug.differences.local_energy import local_decibels
from specaug.differences.spectra import (
    BANDS,
    OCTAVES,
    band_power,
    decibels,
    lobe_mean,
    mean_power,
    radial_means,
)
from specaug.errors import ArgumentError

LOCAL = ("mid", "high")
"""Bands whose energy is mapped over the face; the low one holds the outline of the face and its lighting."""
COLOR = ("hue, cosine", "hue, sine", "saturation", "value", "red", "green", "blue")


@dataclass(frozen=True, eq=False)
class LoadedClip:
    """The aligned frames of one clip."""

    frames: np.ndarray
    """(T, H, W, 3) uint8 or float in [0, 1]."""
    moving: np.ndarray | None = None
    """(T, H, W, 3), evenly spaced frames for the temporal spectrum, of any size; None for none."""
    rate: float | None = None
    """Frames a second of `moving`; None where it is not known."""
    scale: float | None = None
    """Source px per crop px."""


@dataclass(frozen=True, eq=False)
class ClipToCompare:
    """One clip of a side, read when it is asked for."""

    name: str
    subject: str
    """A clip whose subject is not known is a subject of its own."""
    load: Callable[[], LoadedClip]


@dataclass(frozen=True, eq=False)
class ClipMeasures:
    """What is compared of one clip."""

    power: np.ndarray
    """(H, W), zero frequency in the middle, averaged over lobes."""
    profile: np.ndarray
    """(bins,) dB."""
    bands: np.ndarray
    """(bands,) dB, of :data:`specaug.spectrum.BANDS`."""
    octaves: np.ndarray
    """(octaves,) dB."""
    color: np.ndarray
    """Means of :data:`COLOR` over all pixels."""
    local: np.ndarray
    """(2, H, W) dB of :data:`LOCAL`."""
    temporal: TemporalSpectrum | None
    scale: float | None


def measure_clip(clip: LoadedClip) -> ClipMeasures:
    """Measure one clip."""
    frames = clip.frames
    shape = (int(frames.shape[1]), int(frames.shape[2]))
    power = mean_power(frames)
    hsv = np.concatenate([np.asarray(rgb_to_hsv(frame), np.float64).reshape(-1, 3) for frame in frames])
    turn = 2 * np.pi * hsv[:, 0]
    rgb = frames.reshape(-1, 3).mean(axis=0, dtype=np.float64) / (255 if frames.dtype == np.uint8 else 1)
    # A gray pixel has no hue: each counts by its saturation.
    color = [
        (np.cos(turn) * hsv[:, 1]).mean(),
        (np.sin(turn) * hsv[:, 1]).mean(),
        *hsv[:, 1:].mean(axis=0),
        *rgb,
    ]
    moving = clip.moving is not None and clip.rate is not None
    return ClipMeasures(
        power=lobe_mean(power, shape[1]),
        profile=radial_means(decibels(power), shape),
        bands=decibels(band_power(power, shape, BANDS)),
        octaves=decibels(band_power(power, shape, OCTAVES)),
        color=np.array(color),
        local=np.stack([local_decibels(frames, *BANDS[name]) for name in LOCAL]),
        temporal=temporal_power(clip.moving, clip.rate) if moving else None,  # type: ignore[arg-type]
        scale=clip.scale,
    )


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


def measure_side(name: str, clips: Sequence[ClipToCompare], *, total: int | None = None) -> SideMeasures:
    """Measure the clips of a side one after the other; memory does not grow with their number.

    Parameters
    ----------
    name : str
    clips : sequence of ClipToCompare
    total : int, optional
        How many clips `clips` is a sample of.

    Raises
    ------
    ArgumentError
        There is none, or they differ in size.
    """
    if not clips:
        raise ArgumentError(f"{name}: expected at least one clip, got none")
    subjects = [clip.subject for clip in clips]
    weights = {s: 1 / (len(set(subjects)) * subjects.count(s)) for s in set(subjects)}
    rows: list[ClipMeasures] = []
    log_power = local = np.zeros(())
    for clip in clips:
        found = measure_clip(clip.load())
        if rows and found.power.shape != log_power.shape:
            raise ArgumentError(
                f"{name}: expected frames of one size, got {log_power.shape} and {found.power.shape}"
            )
        log_power = log_power + weights[clip.subject] * np.log(found.power + 1e-300)
        local = local + weights[clip.subject] * found.local
        rows.append(_without_maps(found))
    profiles = np.stack([row.profile for row in rows])
    names, means = subject_means(subjects, profiles)
    nearest = int(np.square(profiles - means.mean(axis=0)).sum(axis=1).argmin())
    scales = [row.scale for row in rows if row.scale is not None]
    return SideMeasures(
        name=name,
        clips=len(clips),
        total=len(clips) if total is None else total,
        subjects=names,
        power=np.exp(log_power),
        profiles=means,
        **{
            key: subject_means(subjects, np.stack([getattr(row, key) for row in rows]))[1]
            for key in ("bands", "octaves", "color")
        },
        local=local,
        temporal=_mean_temporal([row.temporal for row in rows]),
        scale=float(np.median(scales)) if scales else None,
        typical=clips[nearest],
    )


def _without_maps(found: ClipMeasures) -> ClipMeasures:
    nothing = np.zeros(0)
    return ClipMeasures(
        **{
            **{key: getattr(found, key) for key in found.__dataclass_fields__},
            "power": nothing,
            "local": nothing,
        }
    )


def _mean_temporal(spectra: Iterable[TemporalSpectrum | None]) -> TemporalSpectrum | None:
    """The geometric mean of spectra over the same frequencies; None where they differ or one is missing."""
    found = list(spectra)
    known = [spectrum for spectrum in found if spectrum is not None]
    if len(known) < len(found):
        return None
    first = known[0].hertz
    if any(s.hertz.shape != first.shape or not np.allclose(s.hertz, first, rtol=0.01) for s in known):
        return None
    power = np.exp(np.mean([np.log(s.power + 1e-300) for s in known], axis=0))
    return TemporalSpectrum(first, power, known[0].frames)
