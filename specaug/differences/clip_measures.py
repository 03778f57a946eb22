"""Numbers and maps of one clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from specaug.color import rgb_to_hsv
from specaug.differences.flicker import TemporalSpectrum, temporal_power
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
from specaug.records import Label

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
    label: Label | None = None
    """None where no data set tells it."""


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


def measure_clip(clip: LoadedClip, *, maps: bool = True) -> ClipMeasures:
    """Measure one clip; without `maps` in a fraction of the time: `local` is 0, color that of every fourth pixel."""
    frames = clip.frames
    shape = (int(frames.shape[1]), int(frames.shape[2]))
    power = mean_power(frames)
    bands = [BANDS[name] for name in LOCAL]
    moving = maps and clip.moving is not None and clip.rate is not None
    return ClipMeasures(
        power=lobe_mean(power, shape[1]),
        profile=radial_means(decibels(power), shape),
        bands=decibels(band_power(power, shape, BANDS)),
        octaves=decibels(band_power(power, shape, OCTAVES)),
        color=_mean_color(frames if maps else frames[:, ::2, ::2]),
        local=np.stack([local_decibels(frames, *band) for band in bands]) if maps else np.zeros((2, *shape)),
        temporal=temporal_power(clip.moving, clip.rate) if moving else None,  # type: ignore[arg-type]
        scale=clip.scale,
    )


def _mean_color(frames: np.ndarray) -> np.ndarray:
    """Means of :data:`COLOR`. A gray pixel has no hue: each counts by its saturation."""
    hsv = np.concatenate([np.asarray(rgb_to_hsv(frame), np.float64).reshape(-1, 3) for frame in frames])
    turn = 2 * np.pi * hsv[:, 0]
    rgb = frames.reshape(-1, 3).mean(axis=0, dtype=np.float64) / (255 if frames.dtype == np.uint8 else 1)
    hue = (np.cos(turn) * hsv[:, 1]).mean(), (np.sin(turn) * hsv[:, 1]).mean()
    return np.array([*hue, *hsv[:, 1:].mean(axis=0), *rgb])
