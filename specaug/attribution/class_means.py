"""Means of the sampled clips of each class, which stand in for what is taken away."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from specaug.attribution.frequency_bands import amplitudes
from specaug.attribution.probe import Probe
from specaug.attribution.sampled_clips import ClipSample


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """Means over clips; the first axis of tensors with two entries is the label."""

    amplitude: Tensor
    """(2, 3, H, W//2 + 1) float32, amplitude of each frequency of red, green and blue."""
    color: Tensor
    """(2, 3) float32, mean red, green and blue."""
    face: Tensor
    """(2, H, W, 3) float32, mean frame."""
    bonafide_views: dict[str, Tensor]
    """(T, H, W[, 3]) float32 of each view, of bona fide clips: a typical clip without an attack."""


def class_means(probe: Probe, sample: ClipSample, *, batch_size: int) -> ClassMeans:
    """Means over the clips of a sample, in one pass over it."""
    labels = torch.from_numpy(sample.labels)
    amplitude, face, views = _Mean(2), _Mean(2), {str(name): _Mean(1) for name in probe.views}
    for part, frames in sample.batches(probe.frames, batch_size):
        seen = probe.seen(frames)
        amplitude.add(amplitudes(seen), labels[part])
        face.add(seen.mean(dim=1), labels[part])
        bonafide = labels[part] == 0
        if bonafide.any():
            for name, view in probe.views_of(seen[bonafide.to(seen.device)]).items():
                views[name].add(view, torch.zeros(len(view), dtype=torch.int64))
    faces = face.value()
    return ClassMeans(
        amplitude.value(),
        faces.mean(dim=(1, 2)),
        faces,
        {name: mean.value()[0] for name, mean in views.items()},
    )


class _Mean:
    """Running means of tensors by group."""

    def __init__(self, groups: int) -> None:
        self._counts = torch.zeros(groups, dtype=torch.float64)
        self._sums: Tensor | None = None

    def add(self, values: Tensor, group: Tensor) -> None:
        """(B, …) values, each of the group that (B,) numbers say."""
        if self._sums is None:
            self._sums = values.new_zeros((len(self._counts), *values.shape[1:]))
        self._sums.index_add_(0, group.to(values.device), values)
        self._counts += torch.bincount(group, minlength=len(self._counts))

    def value(self) -> Tensor:
        assert self._sums is not None
        counts = self._counts.clamp_min(1).to(self._sums)
        return self._sums / counts.reshape(-1, *(1 for _ in self._sums.shape[1:]))
