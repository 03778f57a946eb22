"""The lowest frequencies of pictures, by products with small cosine and sine matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from specaug.arrays import is_double, is_numpy, like, namespace, product, to_float
from specaug.spectrum.grid import Band

Axes = tuple[int, int]
"""Rows and columns of a picture: (-3, -2) where channels are last, (-2, -1) where they come before."""

_IN_FLIGHT = 49152  # numbers worked on at a time, so that they stay in the nearest caches

_MANY = (
    16  # bins from which on halved products of columns are worth their additions, measured at 112 to 512 px
)


@dataclass(frozen=True)
class LowBlock:
    """Bins with ``|ky|, |kx| <= reach``.

    A block of m = reach + 1 rows costs 2·m·H·W multiplications against the 2.5·H·W·log2(H·W) of a fast transform
    that is then thrown away but for these rows; and matrix products run at several times its speed. The block
    holds ky from 0 up and both signs of kx: the other half follows from symmetry. Layout of a spectrum:
    (…, C, 2, m, m), first ``kx >= 0``, then ``kx <= 0``.
    """

    shape: tuple[int, int]
    axes: Axes
    reach: int

    def forward(self, x: Any) -> Any:
        xp, m, last = namespace(x), self.reach + 1, self.axes == (-3, -2)
        tall, wide = self._waves(x)
        flat = xp.reshape(x, (*x.shape[:-2], -1)) if last else x
        rows = _folded_rows(tall, flat) if is_numpy(x) else product(like(tall, x), to_float(flat))
        if last:  # (…, 2m, W, C) to (…, C, 2m, W)
            rows = xp.reshape(rows, (*rows.shape[:-1], *x.shape[-2:])).swapaxes(-1, -2).swapaxes(-2, -3)
        fold = is_numpy(x) and m >= _MANY
        block = _folded_columns(rows, wide) if fold else product(rows, like(wide.T, rows))
        cc, cs = block[..., :m, :m], block[..., :m, m:]
        sc, ss = block[..., m:, :m], block[..., m:, m:]
        # exp(-i a) exp(∓i b) multiplied out, with sines that carry the minus.
        return _complex((cc - ss, cc + ss), (sc + cs, sc - cs))

    def inverse(self, spectrum: Any) -> Any:
        xp = namespace(spectrum)
        spectrum = spectrum * like(block_weights(self.reach + 1) / math.prod(self.shape), spectrum)
        real, imag = xp.real(spectrum), xp.imag(spectrum)
        (p, q), (r, s) = ((v[..., 0, :, :], v[..., 1, :, :]) for v in (real, imag))
        tall, wide = self._waves(real)
        quarters = _quarters(p + q, r - s, r + s, q - p)
        fold = is_numpy(real) and self.reach + 1 >= _MANY
        rows = _unfolded_columns(quarters, wide) if fold else product(quarters, like(wide, real))
        last = self.axes == (-3, -2)
        if last:  # (…, C, 2m, W) to (…, 2m, W, C)
            rows = _interleaved(rows) if fold else rows.swapaxes(-3, -2).swapaxes(-2, -1)
        flat = xp.reshape(rows, (*rows.shape[:-2], -1)) if last else rows
        x = _unfolded_rows(tall, flat) if is_numpy(flat) else product(like(tall.T, flat), flat)
        return xp.reshape(x, (*x.shape[:-1], *rows.shape[-2:])) if last else x

    def gain(self, band: Band, x: Any) -> Any:
        return like(_block_mask(self.shape, self.reach, band), x)

    def energy(self, spectrum: Any) -> Any:
        xp = namespace(spectrum)
        power = xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2
        power = power * like(block_weights(self.reach + 1), power)
        total = xp.sum(power, axis=(-4, -3, -2, -1)) / math.prod(self.shape)
        return total[..., None, None, None]

    def _waves(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """Cosines over negative sines, (2m, H) and (2m, W)."""
        double = is_double(x)
        return _waves(self.shape[0], self.reach + 1, double), _waves(self.shape[1], self.reach + 1, double)


def _complex(real: tuple[Any, Any], imag: tuple[Any, Any]) -> Any:
    """Two complex matrices side by side, on a new axis before theirs."""
    if is_numpy(real[0]):  # a third of the time of stacking, for blocks as small as these
        shape = (*real[0].shape[:-2], 2, *real[0].shape[-2:])
        result = np.empty(shape, np.complex128 if is_double(real[0]) else np.complex64)
        for i in range(2):
            result.real[..., i, :, :], result.imag[..., i, :, :] = real[i], imag[i]
        return result
    xp = namespace(real[0])
    return xp.complex(xp.stack(real, axis=-3), xp.stack(imag, axis=-3))


def _quarters(cc: Any, cs: Any, sc: Any, ss: Any) -> Any:
    """One matrix of four."""
    if is_numpy(cc):
        m = cc.shape[-1]
        result = np.empty((*cc.shape[:-2], 2 * m, 2 * m), cc.dtype)
        result[..., :m, :m], result[..., :m, m:], result[..., m:, :m], result[..., m:, m:] = cc, cs, sc, ss
        return result
    xp = namespace(cc)
    return xp.concat((xp.concat((cc, cs), axis=-1), xp.concat((sc, ss), axis=-1)), axis=-2)


def _folded_rows(tall: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """``tall @ flat`` for (2m, H) waves and (…, H, n) values.

    Cosines are even about row 0 and sines are odd: rows k and H - k are added and subtracted first, which halves
    the products, and reads uint8 without a float copy of the picture.
    """
    m, height = len(tall) // 2, tall.shape[1]
    middle, odd_rows = height // 2 + 1, (height + 1) // 2
    result = np.empty((*flat.shape[:-2], 2 * m, flat.shape[-1]), tall.dtype)
    for part in _columns(flat.shape[-1], middle):
        even = flat[..., :middle, part].astype(tall.dtype)
        mirror = flat[..., : middle - 1 : -1, part].astype(tall.dtype)  # rows H - 1, H - 2, …
        odd = even[..., 1:odd_rows, :] - mirror
        even[..., 1:odd_rows, :] += mirror
        np.matmul(tall[:m, :middle], even, out=result[..., :m, part])
        np.matmul(tall[m:, 1:odd_rows], odd, out=result[..., m:, part])
    return result


def _unfolded_rows(tall: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """``tall.T @ flat`` for (2m, H) waves and (…, 2m, n) values: even and odd parts, then rows k and H - k."""
    m, height = len(tall) // 2, tall.shape[1]
    middle, odd_rows = height // 2 + 1, (height + 1) // 2
    result = np.empty((*flat.shape[:-2], height, flat.shape[-1]), flat.dtype)
    for part in _columns(flat.shape[-1], middle):
        even = tall[:m, :middle].T @ flat[..., :m, part]
        odd = tall[m:, 1:odd_rows].T @ flat[..., m:, part]
        np.subtract(even[..., 1:odd_rows, :], odd, out=result[..., : middle - 1 : -1, part])
        even[..., 1:odd_rows, :] += odd
        result[..., :middle, part] = even
    return result


def _folded_columns(rows: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """``rows @ wide.T`` for (…, W) values and (2m, W) waves, folded as rows are."""
    m, width = len(wide) // 2, wide.shape[1]
    middle, odd_columns = width // 2 + 1, (width + 1) // 2
    result = np.empty((*rows.shape[:-1], 2 * m), wide.dtype)
    even = np.ascontiguousarray(rows[..., :middle])
    mirror = np.ascontiguousarray(rows[..., : middle - 1 : -1])
    odd = even[..., 1:odd_columns] - mirror
    even[..., 1:odd_columns] += mirror
    np.matmul(even, wide[:m, :middle].T, out=result[..., :m])
    np.matmul(odd, wide[m:, 1:odd_columns].T, out=result[..., m:])
    return result


def _unfolded_columns(block: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """``block @ wide`` for (…, 2m) values and (2m, W) waves."""
    m, width = len(wide) // 2, wide.shape[1]
    middle, odd_columns = width // 2 + 1, (width + 1) // 2
    result = np.empty((*block.shape[:-1], width), block.dtype)
    even = np.matmul(block[..., :m], wide[:m, :middle], out=result[..., :middle])
    odd = block[..., m:] @ wide[m:, 1:odd_columns]
    np.subtract(even[..., 1:odd_columns], odd, out=result[..., : middle - 1 : -1])
    even[..., 1:odd_columns] += odd
    return result


def _interleaved(rows: np.ndarray) -> np.ndarray:
    """(…, C, n, W) as (…, n, W, C), a channel at a time: a quarter of the time of one transposing copy."""
    result = np.empty((*rows.shape[:-3], *rows.shape[-2:], rows.shape[-3]), rows.dtype)
    for channel in range(rows.shape[-3]):
        result[..., channel] = rows[..., channel, :, :]
    return result


def _columns(n: int, rows: int) -> list[slice]:
    """Even slices of `n` columns, such that `rows` rows of one are in flight."""
    pieces = max(1, round(n * rows / _IN_FLIGHT))
    return [slice(n * i // pieces, n * (i + 1) // pieces) for i in range(pieces)]


@lru_cache(maxsize=16)
def _waves(n: int, m: int, double: bool) -> np.ndarray:
    """m cosines over m negative sines of 0 to m - 1 cycles in n pixels."""
    # Products of integers are reduced before the angle is formed: no rounding grows with the frequency.
    angle = (np.outer(np.arange(m), np.arange(n)) % n) * (2 * np.pi / n)
    waves = np.concatenate((np.cos(angle), -np.sin(angle)))
    waves = waves if double else waves.astype(np.float32)
    waves.flags.writeable = False
    return waves


@lru_cache(maxsize=16)
def block_weights(m: int) -> np.ndarray:
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
