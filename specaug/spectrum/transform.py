"""Forward and inverse transforms of real pictures: over all frequencies, or over a small low block of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import scipy

from specaug.arrays import is_double, is_numpy, like, namespace, times, to_float
from specaug.spectrum.block import Axes as Axes
from specaug.spectrum.block import LowBlock
from specaug.spectrum.grid import Band, half_mask, mirror_weights


class Transform(Protocol):
    """A linear map between pictures and the frequencies of one block of bins.

    Values over that block live in a layout of their own; a mask comes in it from `gain`.
    """

    def forward(self, x: Any) -> Any:
        """Complex spectrum (unnormalised) of pictures; uint8 is taken as it is, white at 255."""

    def inverse(self, spectrum: Any) -> Any:
        """The real pictures whose spectrum is `spectrum` in the block and zero outside."""

    def gain(self, band: Band, x: Any) -> Any:
        """Mask of `band` over the block, as floats that go with `x` and broadcast to `forward(x)`."""

    def energy(self, spectrum: Any) -> Any:
        """Sum of squares over the whole plane and all channels, kept as axes of length one, in pixel units."""


def transform_of(x: Any, axes: Axes, band: Band) -> Transform:
    """The cheaper of the two transforms for pictures like `x` that hold `band` whole."""
    shape = int(x.shape[axes[0]]), int(x.shape[axes[1]])
    reach = band.reach(shape)
    if reach is not None and reach <= (LOW_LIMIT if is_numpy(x) else _LOW_LIMIT_TENSORS) * min(shape):
        return LowBlock(shape, axes, reach)
    return FullPlane(shape, axes)


# Of the shorter side: up to where a block is the faster one, measured at 112 to 512 px. It breaks even at 0.2 to
# 0.3 for NumPy, and at 0.1 to 0.2 for torch on a CPU, whose fast transform is the better of the two.
LOW_LIMIT = 0.2
_LOW_LIMIT_TENSORS = 0.1


def rounding_floor(x: Any, axes: Axes, white: float) -> float:
    """Amplitude below which an unnormalised transform of pictures like `x` holds nothing but rounding.

    64 ε √(HW) of white: the error of a flat white picture stays below that but for prime sizes, where it is twice
    as much; the noise of rounding to 8 bits is a hundred times higher.
    """
    epsilon = 2.0**-52 if is_double(x) else 2.0**-23
    return 64 * epsilon * white * math.sqrt(x.shape[axes[0]] * x.shape[axes[1]])


def rfft2(x: Any, axes: Axes) -> Any:
    """Real transform over `axes`; scipy for NumPy, since it keeps float32 and needs no channel-first copy."""
    if is_numpy(x):
        return scipy.fft.rfft2(x, axes=axes)
    return namespace(x).fft.rfftn(x, axes=axes)


def irfft2(spectrum: Any, shape: tuple[int, int], axes: Axes) -> Any:
    """Inverse of :func:`rfft2`; NumPy spectra are given up to it and may be overwritten."""
    if is_numpy(spectrum):
        return scipy.fft.irfft2(spectrum, s=shape, axes=axes, overwrite_x=True)
    return namespace(spectrum).fft.irfftn(spectrum, s=shape, axes=axes)


def rfft(x: Any, axis: int) -> Any:
    """Real transform over one axis, ortho norm."""
    if is_numpy(x):
        return scipy.fft.rfft(x, axis=axis, norm="ortho")
    return namespace(x).fft.rfft(x, axis=axis, norm="ortho")


@lru_cache(maxsize=16)
def _channels_mask(shape: tuple[int, int], band: Band, channels: int, double: bool) -> np.ndarray:
    """The mask of `band`, (H, W//2 + 1, channels): as large as a spectrum, since NumPy broadcasts short axes slowly."""
    mask = np.repeat(half_mask(shape, band)[..., None], channels, axis=-1)
    mask = mask.astype(np.float64 if double else np.float32, copy=False)
    mask.flags.writeable = False
    return mask


@dataclass(frozen=True)
class FullPlane:
    """All bins, by fast Fourier transform."""

    shape: tuple[int, int]
    axes: Axes

    def forward(self, x: Any) -> Any:
        return rfft2(to_float(x), self.axes)

    def inverse(self, spectrum: Any) -> Any:
        return irfft2(spectrum, self.shape, self.axes)

    def spread(self, plane: np.ndarray, x: Any) -> Any:
        """(H, W//2 + 1) numbers, broadcast over channels and batch."""
        return like(plane[..., None] if self.axes == (-3, -2) else plane, x)

    def gain(self, band: Band, x: Any) -> Any:
        if is_numpy(x) and self.axes == (-3, -2):
            return _channels_mask(self.shape, band, int(x.shape[-1]), is_double(x))
        return self.spread(half_mask(self.shape, band), x)

    def weigh(self, spectrum: Any, plane: np.ndarray) -> Any:
        """`spectrum`, which NumPy writes to, times (H, W//2 + 1) numbers."""
        if not is_numpy(spectrum) or self.axes == (-2, -1):
            return times(spectrum, self.spread(plane, spectrum))
        numbers = like(plane, spectrum)
        # One channel after the other: to broadcast over an innermost axis of three takes three times as long.
        for channel in range(spectrum.shape[-1]):
            spectrum[..., channel] *= numbers
        return spectrum

    def energy(self, spectrum: Any) -> Any:
        xp, channels = namespace(spectrum), -1 if self.axes == (-3, -2) else -3
        power = xp.abs(spectrum)
        # Rows first: a sum over two axes of which one is the innermost takes ten times as long.
        power = xp.sum(times(power, power), axis=self.axes[0], keepdims=True)
        power = xp.sum(power, axis=channels, keepdims=True)
        weights = self.spread(mirror_weights(self.shape)[:1] / math.prod(self.shape), power)
        return xp.sum(power * weights, axis=self.axes[1], keepdims=True)
