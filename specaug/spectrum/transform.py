"""Forward and inverse transforms of real pictures: over all frequencies, or over a small low block of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import scipy.fft

from specaug.arrays import is_numpy, like, namespace
from specaug.spectrum.grid import Band, half_indices, half_mask

Axes = tuple[int, int]
"""Rows and columns of a picture: (-3, -2) where channels are last, (-2, -1) where they come before."""


class Transform(Protocol):
    """A linear map between pictures and the frequencies of one block of bins.

    Values over that block live in a layout of their own: `spread` brings a plane of numbers into it.
    """

    def forward(self, x: Any) -> Any:
        """Complex spectrum (unnormalised) of float pictures."""

    def inverse(self, spectrum: Any) -> Any:
        """The real pictures whose spectrum is `spectrum` in the block and zero outside."""

    def gain(self, band: Band, x: Any) -> Any:
        """Mask of `band` over the block, as a float array of the kind of `x` that broadcasts to `forward(x)`."""

    def energy(self, spectrum: Any) -> Any:
        """Sum of squares over the whole plane and all channels, kept as axes of length one, in pixel units."""


def transform_for(shape: tuple[int, int], axes: Axes, band: Band) -> Transform:
    """The cheaper of the two transforms that hold `band` whole."""
    reach = band.reach(shape)
    if reach is not None and reach < min(shape) / 2 and reach + 1 <= _LOW_LIMIT * math.log2(math.prod(shape)):
        return LowBlock(shape, axes, reach)
    return FullPlane(shape, axes)


_LOW_LIMIT = 2.0
# Rows that make the matrix products as slow as the fast transform, in units of log2 of the pixels; measured
# by benchmarks/bench_spectrum.py at 112 to 512 px, where break-even lies between 2.2 and 3.5.


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


@dataclass(frozen=True)
class FullPlane:
    """All bins, by fast Fourier transform."""

    shape: tuple[int, int]
    axes: Axes

    def forward(self, x: Any) -> Any:
        return rfft2(x, self.axes)

    def inverse(self, spectrum: Any) -> Any:
        return irfft2(spectrum, self.shape, self.axes)

    def spread(self, plane: np.ndarray, x: Any) -> Any:
        """(H, W//2 + 1) numbers, broadcast over channels and batch."""
        return like(plane[..., None] if self.axes == (-3, -2) else plane, x)

    def gain(self, band: Band, x: Any) -> Any:
        return self.spread(half_mask(self.shape, band), x)

    def energy(self, spectrum: Any) -> Any:
        xp = namespace(spectrum)
        power = xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2
        weights = self.spread(_column_weights(self.shape), power)
        return xp.sum(power * weights, axis=(-3, -2, -1), keepdims=True) / math.prod(self.shape)


@dataclass(frozen=True)
class LowBlock:
    """Bins with ``|ky|, |kx| <= reach``, by products with small cosine and sine matrices.

    A block of m = reach + 1 rows costs 4·m·H·W multiplications against the 2.5·H·W·log2(H·W) of a fast transform
    that is then thrown away but for these rows; and matrix products run at several times its speed. The block
    holds ky from 0 up and both signs of kx: the other half follows from symmetry. Layout of a spectrum:
    (…, C, 2, m, m), first ``kx >= 0``, then ``kx <= 0``.
    """

    shape: tuple[int, int]
    axes: Axes
    reach: int

    def forward(self, x: Any) -> Any:
        xp, m = namespace(x), self.reach + 1
        tall, wide = self._matrices(x)
        if self.axes == (-3, -2):
            rows = tall @ xp.reshape(x, (*x.shape[:-2], -1))
            rows = xp.moveaxis(xp.reshape(rows, (*x.shape[:-3], 2 * m, *x.shape[-2:])), -1, -3)
        else:
            rows = tall @ x
        block = rows @ wide.T
        cc, cs = block[..., :m, :m], block[..., :m, m:]
        sc, ss = block[..., m:, :m], block[..., m:, m:]
        real = xp.stack((cc - ss, cc + ss), axis=-3)
        return real - 1j * xp.stack((sc + cs, sc - cs), axis=-3)

    def inverse(self, spectrum: Any) -> Any:
        xp = namespace(spectrum)
        real, imag = xp.real(spectrum), xp.imag(spectrum)
        weights = like(_block_weights(self.reach + 1) / math.prod(self.shape), real)
        real, imag = real * weights, imag * weights
        plus, minus = (real[..., 0, :, :], imag[..., 0, :, :]), (real[..., 1, :, :], imag[..., 1, :, :])
        upper = xp.concat((plus[0] + minus[0], minus[1] - plus[1]), axis=-1)
        lower = xp.concat((-plus[1] - minus[1], minus[0] - plus[0]), axis=-1)
        tall, wide = self._matrices(real)
        rows = xp.concat((upper, lower), axis=-2) @ wide
        if self.axes == (-2, -1):
            return tall.T @ rows
        rows = xp.moveaxis(rows, -3, -1)
        flat = tall.T @ xp.reshape(rows, (*rows.shape[:-2], -1))
        return xp.reshape(flat, (*flat.shape[:-1], *rows.shape[-2:]))

    def gain(self, band: Band, x: Any) -> Any:
        return like(_block_mask(self.shape, self.reach, band), x)

    def energy(self, spectrum: Any) -> Any:
        xp = namespace(spectrum)
        power = xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2
        power = power * like(_block_weights(self.reach + 1), power)
        total = xp.sum(power, axis=(-4, -3, -2, -1)) / math.prod(self.shape)
        return total[..., None, None, None]

    def _matrices(self, x: Any) -> tuple[Any, Any]:
        """Cosines over sines, (2m, H) and (2m, W)."""
        tall, wide = (_waves(n, self.reach + 1, str(x.dtype).endswith("float64")) for n in self.shape)
        return like(tall, x), like(wide, x)


@lru_cache(maxsize=16)
def _waves(n: int, m: int, double: bool) -> np.ndarray:
    """m cosines over m sines of 0 to m - 1 cycles in n pixels."""
    # Products of integers are reduced before the angle is formed: no rounding grows with the frequency.
    angle = (np.outer(np.arange(m), np.arange(n)) % n) * (2 * np.pi / n)
    waves = np.concatenate((np.cos(angle), np.sin(angle)))
    waves = waves if double else waves.astype(np.float32)
    waves.flags.writeable = False
    return waves


@lru_cache(maxsize=16)
def _block_weights(m: int) -> np.ndarray:
    """How many bins of the whole plane each entry of a low block stands for; 0 for the second kx = 0."""
    weights = np.full((2, m, m), 2.0)
    weights[:, 0, :] = 1
    weights[1, :, 0] = 0
    return weights


@lru_cache(maxsize=32)
def _block_mask(shape: tuple[int, int], reach: int, band: Band) -> np.ndarray:
    index = np.arange(reach + 1.0)
    mask = band.gain(index[:, None], index[None, :], shape)
    return np.stack((mask, mask)).astype(np.float32)


@lru_cache(maxsize=16)
def _column_weights(shape: tuple[int, int]) -> np.ndarray:
    """How many bins of the whole plane each bin of the half plane stands for."""
    _, columns = half_indices(shape)
    own_mirror = (columns == 0) | (2 * columns == shape[1])
    return np.broadcast_to(np.where(own_mirror, 1.0, 2.0), (shape[0], columns.size))
