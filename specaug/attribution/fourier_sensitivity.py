"""How far the logit moves when one wave is added to all frames of a clip, over the half plane of frequencies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from specaug.attribution.probe import Probe
from specaug.attribution.sampled_clips import ClipSample


@dataclass(frozen=True, eq=False)
class SensitivityMap:
    """Change of the logit by frequency of the wave that is added, for each class."""

    fy: np.ndarray
    """(R,) float64 cycles/px, from -0.5 to 0.5."""
    fx: np.ndarray
    """(C,) float64 cycles/px, from 0 to 0.5: the other half of the plane is the mirror image."""
    mean: np.ndarray
    """(2, R, C) float64: mean change of bona fide clips, then of attacks; above 0 is towards attack."""
    size: np.ndarray
    """(2, R, C) float64: root of the mean squared change."""
    clips: tuple[int, int]
    """Bona fide clips and attacks that it was measured on."""
    amplitude: float
    """Of the wave, white being 1."""


def fourier_sensitivity(
    probe: Probe,
    sample: ClipSample,
    *,
    grid: int,
    amplitude: float,
    seed: int,
    batch_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> SensitivityMap:
    """Add waves of ``k / (2 grid)`` cycles/px to clips, one at a time.

    All waves have the same energy, a phase that chance decides for each clip and frequency, and are the same in red,
    green and blue and in all frames. Frames are clipped to [0, 1], as pictures are.

    Parameters
    ----------
    probe : Probe
    sample : ClipSample
    grid : int
        Steps from 0 to 0.5 cycles/px.
    amplitude : float
        Of the waves, white being 1.
    seed : int
        Of the phases.
    batch_size : int
        Clips at a time.
    progress : callable, optional
        Gets how many clips are done, and of how many.

    References
    ----------
    .. [1] D. Yin et al., "A Fourier perspective on model robustness in computer vision", NeurIPS 2019.
    """
    ky, kx = (
        axis.ravel() for axis in np.meshgrid(np.arange(-grid, grid + 1), np.arange(grid + 1), indexing="ij")
    )
    own = _own_waves(ky, kx, grid)
    sums = np.zeros((2, 2, len(own)))
    with torch.inference_mode():
        for part, frames in sample.batches(probe.frames, batch_size):
            seen, labels = probe.seen(frames), sample.labels[part]
            before = probe.logits(probe.views_of(seen))
            # By clip, so that the number of clips at a time changes nothing.
            clips = range(part.start, part.start + len(labels))
            phases = np.stack(
                [np.random.default_rng([seed, clip]).random(len(own)) for clip in clips], axis=1
            )
            for column in np.flatnonzero(own == np.arange(len(own))):
                phase, shape = phases[column], seen.shape[2:4]
                wave = _waves(ky[column], kx[column], grid, phase, shape, amplitude).to(seen)
                changed = (seen + wave[:, None, :, :, None]).clamp_(0, 1)
                moved = (probe.logits(probe.views_of(changed)) - before).double().cpu().numpy()
                for label in (0, 1):
                    sums[0, label, column] += moved[labels == label].sum()
                    sums[1, label, column] += np.square(moved[labels == label]).sum()
            if progress:
                progress(part.stop, len(sample))
    counts = np.bincount(sample.labels, minlength=2)
    plane = (2, 2 * grid + 1, grid + 1)
    means = sums[:, :, own] / counts.clip(1)[:, None]
    step = np.arange(-grid, grid + 1) / (2 * grid)
    return SensitivityMap(
        step,
        step[grid:],
        means[0].reshape(plane),
        np.sqrt(means[1]).reshape(plane),
        (int(counts[0]), int(counts[1])),
        amplitude,
    )


def _own_waves(ky: np.ndarray, kx: np.ndarray, grid: int) -> np.ndarray:
    """For each point of the grid the first one that is the same wave: some are mirror images or aliases."""
    top = 2 * grid
    aliases = [np.stack([s * ky % top, s * kx % top]) for s in (1, -1)]
    number = np.minimum(*(rows * top + columns for rows, columns in aliases))
    _, first, group = np.unique(number, return_index=True, return_inverse=True)
    return np.asarray(first[group])


def _waves(
    ky: int, kx: int, grid: int, phase: np.ndarray, shape: tuple[int, int], amplitude: float
) -> Tensor:
    """(B, H, W) float32 waves with the phases (B,) in turns, of the energy of one with that amplitude."""
    rows, columns = (np.arange(n) / (2 * grid) for n in shape)
    if ky % grid == 0 and kx % grid == 0:
        # Its own mirror image, or the mean: only its sign is free, and its energy is twice as much.
        phase, amplitude = np.where(phase < 0.5, 0.0, 0.5), amplitude / math.sqrt(2)
    turns = ky * rows[:, None] + kx * columns + phase[:, None, None]
    return torch.from_numpy((amplitude * np.cos(2 * np.pi * turns)).astype(np.float32))
