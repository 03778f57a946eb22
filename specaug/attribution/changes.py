"""The changes that are made to clips to see what a network does without something: one class of detail at a time.

Changes of bands, color and frames are made to the frames, before any view is computed, so that all views lose the same
thing. Changes of views replace one view and leave the others as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from specaug.attribution.class_means import ClassMeans
from specaug.attribution.frequency_bands import (
    Fill,
    FrequencyBand,
    FrequencyEditor,
    angle_bands,
    pixels_of_detail,
    radial_bands,
)
from specaug.attribution.probe import Probe
from specaug.color import luma

Kind = Literal["band", "angle", "color", "view", "frames"]
_TEMPORAL_BANDS = 4
"""Bands of temporal frequency, at most: as many as a clip of 8 frames has frequencies."""


@dataclass(frozen=True, eq=False)
class ClipBatch:
    """Clips that are changed, and what the changes need to know."""

    probe: Probe
    frames: Tensor
    """(B, T, H, W, 3) float32 in [0, 1], as :meth:`Probe.seen` gives them."""
    labels: np.ndarray
    """(B,) int64."""
    clip_ids: Sequence[str]
    means: ClassMeans
    fill: Fill

    @cached_property
    def views(self) -> dict[str, Tensor]:
        """What the network sees of the clips as they are."""
        return self.probe.views_of(self.frames)

    @cached_property
    def editor(self) -> FrequencyEditor:
        """Frequencies of the frames; each band becomes what the other class has, or is removed."""
        other = torch.from_numpy(1 - self.labels).to(self.frames.device)
        return FrequencyEditor(self.frames, None if self.fill == "remove" else self.means.amplitude[other])


@dataclass(frozen=True, eq=False)
class ClipChange:
    """One thing that is taken from clips."""

    kind: Kind
    name: str
    about: str
    """What is taken, and what stands in for it."""
    views: Callable[[ClipBatch], dict[str, Tensor]]
    """What the network sees of the clips once it is taken."""
    band: FrequencyBand | None = None

    def __repr__(self) -> str:
        return f"ClipChange({self.kind}, {self.name})"


def band_changes(
    probe: Probe, shape: tuple[int, int], edges: tuple[float, ...], fill: Fill
) -> list[ClipChange]:
    """A change for each radial band and each direction, and one of the mean color."""
    stands_in = "the mean amplitude of the other class" if fill == "class-mean" else "nothing"

    def band_change(band: FrequencyBand) -> ClipChange:
        detail = (
            f"detail of {pixels_of_detail(band)}" if band.angle is None else "all detail in that direction"
        )
        return ClipChange(
            "band" if band.angle is None else "angle",
            band.name,
            f"{detail}; {stands_in} in its place",
            lambda batch: probe.views_of(batch.editor.edited(band)),
            band,
        )

    color = ClipChange(
        "color",
        "mean color",
        "the mean red, green and blue of the clip; that of "
        + ("the other class" if fill == "class-mean" else "both classes together")
        + " in its place",
        lambda batch: probe.views_of(_recolored(batch)),
    )
    return [*(band_change(band) for band in (*radial_bands(shape, edges), *angle_bands())), color]


def stream_changes(probe: Probe) -> list[ClipChange]:
    """A change for each view, of color, of the order of frames and of each temporal frequency."""
    changes = [_view_change(name, (name,)) for name in probe.views if len(probe.views) > 1]
    if {"rgb", "hsv", "spectrum"} <= set(probe.views):
        changes.append(_view_change("rgb and hsv", ("rgb", "hsv")))
    changes.append(
        ClipChange(
            "color", "all color", "hue and saturation; gray frames in their place", lambda b: _gray(probe, b)
        )
    )
    return changes + (_frame_changes(probe) if probe.frames > 1 else [])


def _view_change(title: str, names: tuple[str, ...]) -> ClipChange:
    def views(batch: ClipBatch) -> dict[str, Tensor]:
        means = {name: batch.means.bonafide_views[name].expand_as(batch.views[name]) for name in names}
        return {**batch.views, **means}

    about = f"the view{'s' if len(names) > 1 else ''} {title}; the mean of bona fide clips in its place"
    return ClipChange("view", title, about, views)


def _frame_changes(probe: Probe) -> list[ClipChange]:
    n = probe.frames
    groups = np.array_split(np.arange(1, n // 2 + 1), min(_TEMPORAL_BANDS, n // 2))
    return [
        ClipChange(
            "frames",
            "order of frames",
            "the order; another one in its place",
            lambda b: probe.views_of(_shuffled(b)),
        ),
        ClipChange(
            "frames",
            "all change over time",
            "every frame but the one in the middle, which is shown throughout",
            lambda b: probe.views_of(b.frames[:, n // 2, None].expand_as(b.frames).contiguous()),
        ),
        *(_temporal_change(probe, tuple(group.tolist())) for group in groups),
    ]


def _temporal_change(probe: Probe, bins: tuple[int, ...]) -> ClipChange:
    low, high = bins[0] / probe.frames, bins[-1] / probe.frames
    name = f"{low:.3g} cycles/frame" if low == high else f"{low:.3g} to {high:.3g} cycles/frame"

    def views(batch: ClipBatch) -> dict[str, Tensor]:
        spectrum = torch.fft.rfft(batch.frames, dim=1)
        spectrum[:, list(bins)] = 0
        return probe.views_of(torch.fft.irfft(spectrum, n=probe.frames, dim=1).clamp_(0, 1))

    return ClipChange(
        "frames", name, "what changes from frame to frame at that frequency; nothing in its place", views
    )


def _recolored(batch: ClipBatch) -> Tensor:
    means = batch.means.color
    if batch.fill == "remove":
        wanted = means.mean(dim=0).expand(len(batch.labels), 3)
    else:
        wanted = means[torch.from_numpy(1 - batch.labels).to(means.device)]
    shift = wanted - batch.frames.mean(dim=(1, 2, 3))
    return (batch.frames + shift[:, None, None, None]).clamp_(0, 1)


def _gray(probe: Probe, batch: ClipBatch) -> dict[str, Tensor]:
    light = luma(batch.frames)[..., None]
    return probe.views_of(light.expand_as(batch.frames).contiguous())


def _shuffled(batch: ClipBatch) -> Tensor:
    orders = [_other_order(clip_id, batch.frames.shape[1]) for clip_id in batch.clip_ids]
    return torch.stack([clip[order] for clip, order in zip(batch.frames, orders, strict=True)])


def _other_order(clip_id: str, n: int) -> list[int]:
    """An order of `n` things that is not theirs, the same for a clip each time."""
    seed = int.from_bytes(hashlib.blake2b(clip_id.encode(), digest_size=8).digest())
    rng = np.random.default_rng(seed)
    order = np.arange(n)
    while (order == np.arange(n)).all():
        order = rng.permutation(n)
    return [int(i) for i in order]
