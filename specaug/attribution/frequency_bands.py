"""Radial bands and angle sectors, and frames in which one of them is removed or replaced."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from specaug.spectrum import MAX_RADIUS, radial_frequency

Fill = Literal["class-mean", "remove"]
FILLS: tuple[Fill, ...] = get_args(Fill)

EDGES = (*(2.0 ** (k / 2) for k in (-12, -10, -9, -8, -7, -6, -5, -4, -3, -2)), MAX_RADIUS)
"""Limits of the default bands, cycles/px: half octaves from 1/32 on, one band for 1/64 to 1/32."""
SECTOR_FROM = 1 / 32
"""Sectors of angle begin here, cycles/px: below lies the shape of the face, in every direction."""
SECTORS = 4
"""An octant and the one opposite it go together: a real picture has the same in both."""


@dataclass(frozen=True)
class FrequencyBand:
    """A set of frequencies; zero frequency, the mean color, belongs to none."""

    low: float
    """Lower limit, cycles/px; part of the band."""
    high: float
    """Upper limit, cycles/px; outside the band unless it is √½."""
    angle: float | None = None
    """Middle of its directions in degrees, 0 where brightness changes along x, 90 along y; None: all of them."""

    @property
    def name(self) -> str:
        """``0.125 to 0.177 cycles/px``, or ``0 degrees``."""
        if self.angle is not None:
            return f"{self.angle:g} degrees"
        return f"{self.low:.3g} to {self.high:.3g} cycles/px"

    def mask(self, shape: tuple[int, int]) -> np.ndarray:
        """(H, W//2 + 1) float32 on the grid of ``rfft2``: how much of each frequency belongs to the band."""
        radius = radial_frequency(shape)
        inside = (radius >= self.low) & (radius > 0)
        if self.high < MAX_RADIUS - 1e-6:
            inside &= radius < self.high
        mask = inside.astype(np.float32)
        return mask if self.angle is None else mask * _sector(shape, self.angle)


def _sector(shape: tuple[int, int], angle: float) -> np.ndarray:
    """Share of each frequency in a sector of 180° / SECTORS; one that is its own mirror image may be in two."""
    fy = np.fft.fftfreq(shape[0])[:, None]
    fx = np.fft.fftfreq(shape[1])[None]
    apart = (np.degrees(np.arctan2(fy, fx)) - angle + 90) % 180 - 90
    half = 90 / SECTORS
    inside = ((apart >= -half) & (apart < half)).astype(np.float64)
    mirrored = np.roll(inside[::-1, ::-1], (1, 1), axis=(0, 1))
    return np.asarray((inside + mirrored)[:, : shape[1] // 2 + 1] / 2, np.float32)


def radial_bands(shape: tuple[int, int], edges: tuple[float, ...] = EDGES) -> tuple[FrequencyBand, ...]:
    """Bands from 0 on between neighbouring `edges`, without those that hold no frequency of this size."""
    limits = itertools.pairwise((0.0, *edges))
    return tuple(b for b in (FrequencyBand(low, high) for low, high in limits) if b.mask(shape).any())


def angle_bands() -> tuple[FrequencyBand, ...]:
    """Four directions, from :data:`SECTOR_FROM` on."""
    return tuple(FrequencyBand(SECTOR_FROM, MAX_RADIUS, 180 / SECTORS * i) for i in range(SECTORS))


class FrequencyEditor:
    """Frames of one batch, transformed once for all bands.

    Parameters
    ----------
    frames : (B, T, H, W, 3) float tensor in [0, 1]
    amplitude : (B, 3, H, W//2 + 1) float tensor, optional
        What the amplitude of a band becomes, for each clip, as :func:`amplitudes` gives it. Phases stay. Without it
        the band is removed.
    """

    def __init__(self, frames: Tensor, amplitude: Tensor | None) -> None:
        self.frames = frames
        self._planes = frames.movedim(-1, 2).contiguous()
        spectrum = torch.fft.rfft2(self._planes)
        if amplitude is None:
            self._change = -spectrum
        else:
            size = spectrum.abs()
            # In place: each of these is as large as the clips.
            ratio = amplitude[:, None].div(size.clamp_min(1e-12)).sub_(1).masked_fill_(size < 1e-12, 0)
            self._change = spectrum.mul_(ratio)

    def edited(self, band: FrequencyBand) -> Tensor:
        """The frames without the band, or with its new amplitude; clipped to [0, 1], as pictures are."""
        shape = (int(self._planes.shape[-2]), int(self._planes.shape[-1]))
        mask = torch.from_numpy(band.mask(shape)).to(self._planes)
        changed = torch.fft.irfft2(self._change * mask, s=shape)
        return changed.add_(self._planes).clamp_(0, 1).movedim(2, -1)


def amplitudes(frames: Tensor) -> Tensor:
    """(B, 3, H, W//2 + 1) amplitude of each frequency, the mean over the frames of each clip.

    Parameters
    ----------
    frames : (B, T, H, W, 3) float tensor
    """
    return torch.fft.rfft2(frames.movedim(-1, 2).contiguous()).abs().mean(dim=1)


def pixels_of_detail(band: FrequencyBand) -> str:
    """The size of the detail in a band, px: a period, as in :func:`specaug.compare`.

    Examples
    --------
    >>> pixels_of_detail(FrequencyBand(0.125, 0.25)), pixels_of_detail(FrequencyBand(0.0, 1 / 64))
    ('4 to 8 px', '64 px and more')
    """
    finest = 1 / band.high
    if band.low == 0 or math.isclose(band.low, 0):
        return f"{finest:.2g} px and more"
    return f"{finest:.2g} to {1 / band.low:.2g} px"
