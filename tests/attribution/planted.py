"""Data sets whose attacks carry one cue that is known, and networks whose right explanation is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from making import row_of, write_rows
from torch import Tensor, nn

from specaug.shards import encode_image

SIZE, FRAMES = 32, 4
GRATING = 0.1875
"""cycles/px, along x: six periods in 32 px."""


def scene(number: int) -> np.ndarray:
    """(FRAMES, SIZE, SIZE, 3) float64 levels: soft noise that no class has more of."""
    rng = np.random.default_rng(number)
    coarse = rng.uniform(90, 160, (1, 8, 8, 3)).repeat(SIZE // 8, axis=1).repeat(SIZE // 8, axis=2)
    return coarse + rng.normal(0, 6, (FRAMES, SIZE, SIZE, 3))


def grating(clip: np.ndarray) -> np.ndarray:
    """One wave across every frame."""
    return clip + 14 * np.cos(2 * np.pi * GRATING * np.arange(SIZE))[None, None, :, None]


def tint(clip: np.ndarray) -> np.ndarray:
    """A little more red, a little less blue."""
    return clip + np.array([9.0, 0.0, -9.0])


def flicker(clip: np.ndarray) -> np.ndarray:
    """Every second frame brighter, the others darker."""
    return clip + 12 * (-1.0) ** np.arange(FRAMES)[:, None, None, None]


def nothing(clip: np.ndarray) -> np.ndarray:
    """No cue at all."""
    return clip


def write_out(out: Path, cue: Callable[[np.ndarray], np.ndarray], *, subjects: int = 12) -> Path:
    """Dev and test of so many subjects each, one bona fide clip and one attack with the cue for each."""
    for first, split in enumerate(("dev", "test"), start=1):
        rows = []
        for subject in range(subjects):
            for label, pai in enumerate(("none", "replay")):
                number = 1000 * first + 2 * subject + label
                clip = scene(number)
                frames = np.clip(np.round(cue(clip) if label else clip), 0, 255).astype(np.uint8)
                row = row_of(number, split=split, pai=pai, subject=f"{split}{subject}", n=FRAMES)
                encoded = [{"bytes": encode_image(f, image_format="png"), "path": None} for f in frames]
                rows.append({**row, "frames": encoded})
        write_rows(out / f"data/captured/{split}-00000-of-00001.parquet", rows)
    return out


class BandEnergy(nn.Module):
    """The logit is the energy of the frames between two radii, in luma: what it goes by is that band alone."""

    views = ("spectrum",)
    frames = FRAMES

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        f = np.fft.fftshift(np.fft.fftfreq(SIZE))
        radius = np.hypot(f[:, None], f)
        self.register_buffer("mask", torch.from_numpy(((radius >= low) & (radius < high)).astype(np.float32)))

    def forward(self, spectrum: Tensor) -> Tensor:
        return (spectrum.expm1() * self.mask).square().mean(dim=(1, 2, 3))


class Redness(nn.Module):
    """The logit is how much red there is more than blue."""

    views = ("rgb",)
    frames = FRAMES

    def forward(self, rgb: Tensor) -> Tensor:
        return (rgb[..., 0] - rgb[..., 2]).mean(dim=(1, 2, 3))


class Flicker(nn.Module):
    """The logit is how much brighter even frames are than odd ones."""

    views = ("rgb",)
    frames = FRAMES

    def forward(self, rgb: Tensor) -> Tensor:
        light = rgb.mean(dim=(2, 3, 4))
        return (light[:, ::2] - light[:, 1::2]).mean(dim=1)
