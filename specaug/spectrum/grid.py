"""Frequencies of a transform's bins, and masks over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from specaug.arrays import check_number, check_whole
from specaug.checked_fields import quoted
from specaug.errors import ArgumentError

Form = Literal["radial", "square"]

MAX_RADIUS = math.sqrt(0.5)
"""The highest radial frequency of any picture, cycles/px."""

BANDS: dict[str, tuple[float, float]] = {
    "low": (0.0, 1 / 32),
    "mid": (1 / 32, 1 / 16),
    "high": (1 / 16, MAX_RADIUS),
}
"""What this library calls low, mid and high; numbers are stored, never these names."""

_LONGEST = 2**20  # px on a side, which no image of this library reaches

_TOP = MAX_RADIUS - 1e-6  # a limit of √½ in float32 is the top too


@dataclass(frozen=True)
class Band:
    """A set of frequencies, and how much of each belongs to it."""

    low: float = 0.0
    """Lower limit, cycles/px; part of the band."""
    high: float = MAX_RADIUS
    """Upper limit, cycles/px; outside a radial band unless it is √½, part of a square one."""
    form: Form = "radial"
    rolloff: float = 0.0
    """τ of the logistic edges of a radial band, cycles/px; 0 is a hard edge. A limit of 0 or √½ is no edge."""
    mean: bool = True
    """Whether zero frequency, the mean of a picture, can belong to the band."""

    def __post_init__(self) -> None:
        low = check_number("low", self.low, low=0.0, high=MAX_RADIUS + 1e-6)
        check_number("high", self.high, low=0.0, high=MAX_RADIUS + 1e-6)
        check_number("rolloff", self.rolloff, low=0.0, high=MAX_RADIUS)
        if not low <= self.high:
            raise ArgumentError(f"low: expected at most high = {self.high:g}, got {self.low:g}")
        if self.form not in get_args(Form):
            raise ArgumentError(f"form: expected one of {', '.join(get_args(Form))}, got {self.form!r}")
        if self.form == "square" and self.rolloff:
            raise ArgumentError(f"rolloff: expected 0 for the square form, got {self.rolloff:g}")

    def reach(self, shape: tuple[int, int]) -> int | None:
        """Highest index on either axis that the band can hold; None where nothing bounds it."""
        if self.rolloff or self.high >= _TOP:
            return None
        return math.floor(self.high * (max(shape) if self.form == "radial" else min(shape)))

    def gain(self, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Mask, float64 in [0, 1], at the bins with the integer indices `rows` and `columns`, broadcast."""
        mask = (self._square if self.form == "square" else self._radial)(rows, columns, shape)
        return mask if self.mean else np.where((rows != 0) | (columns != 0), mask, 0.0)

    def _square(self, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        ring = np.maximum(np.abs(rows), np.abs(columns))
        inside = ring >= self.low * min(shape)
        if self.high < _TOP:
            inside &= ring <= math.floor(self.high * min(shape))
        return np.asarray(inside, dtype=np.float64)

    def _radial(self, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        radius: np.ndarray = np.hypot(rows / shape[0], columns / shape[1])
        if self.rolloff:
            mask = np.ones_like(radius)
            if self.low > 0:
                mask *= _logistic((radius - self.low) / self.rolloff)
            if self.high < _TOP:
                mask *= _logistic((self.high - radius) / self.rolloff)
            return mask
        inside = radius >= self.low
        if self.high < _TOP:
            inside &= radius < self.high
        return np.asarray(inside, dtype=np.float64)


def _logistic(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), in the form that cannot overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * z))


def check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a picture as two positive integers."""
    try:
        height, width = () if isinstance(shape, bytes) else shape  # bytes are numbers to Python
        return check_whole("H", height, low=1, high=_LONGEST), check_whole("W", width, low=1, high=_LONGEST)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"shape: expected (H, W) with at least one pixel each, got {quoted(shape)}"
        ) from error


def half_indices(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Integer frequencies (H, 1) and (1, W//2 + 1) of the bins that a real transform keeps."""
    rows = np.rint(np.fft.fftfreq(shape[0]) * shape[0])
    return rows[:, None], np.arange(shape[1] // 2 + 1.0)[None, :]


@lru_cache(maxsize=16)
def mirror_weights(shape: tuple[int, int]) -> np.ndarray:
    """How many bins of the whole plane each bin of the half plane stands for, (H, W//2 + 1) float64."""
    _, columns = half_indices(shape)
    own_mirror = (columns == 0) | (2 * columns == shape[1])
    return np.broadcast_to(np.where(own_mirror, 1.0, 2.0), (shape[0], columns.size))


def radial_frequency(shape: tuple[int, int]) -> np.ndarray:
    """Distance from zero frequency of each bin that a real two-dimensional transform keeps.

    Parameters
    ----------
    shape : (H, W)
        Height and width of the picture, px.

    Returns
    -------
    (H, W//2 + 1) float64 array
        ``sqrt(fy² + fx²)`` in cycles per pixel, on the grid of ``rfft2``: zero frequency at [0, 0].

    Raises
    ------
    ArgumentError
        If `shape` is not two positive integers.

    Examples
    --------
    >>> radial_frequency((4, 4)).round(3)
    array([[0.   , 0.25 , 0.5  ],
           [0.25 , 0.354, 0.559],
           [0.5  , 0.559, 0.707],
           [0.25 , 0.354, 0.559]])
    """
    return _radial_frequency(check_shape(shape)).copy()


@lru_cache(maxsize=8)
def _radial_frequency(shape: tuple[int, int]) -> np.ndarray:
    rows, columns = half_indices(shape)
    radius = np.hypot(rows / shape[0], columns / shape[1])
    radius.flags.writeable = False
    return radius


def band_mask(
    shape: tuple[int, int], low: float, high: float, *, form: Form = "radial", rolloff: float = 0.0
) -> np.ndarray:
    r"""How much of each bin of a real transform belongs to a band.

    Radial: :math:`M(f) = \sigma((r - low)/\tau)\,\sigma((high - r)/\tau)` with the logistic function
    :math:`\sigma` and :math:`\tau` = `rolloff`; the gain at either limit is
    :math:`\tfrac12\,\sigma((high - low)/\tau)`. A limit of 0 or √½ is no edge: its factor
    is 1, so that a band from 0 keeps the mean whole. With :math:`\tau = 0` the band is hard, ``low <= r < high``, and
    holds the corner too if `high` is √½: neighbouring bands share no bin and leave none out.

    Square: ``low·min(H, W) <= max(|ky|, |kx|) <= floor(high·min(H, W))``, both ends included, with integer
    bins ky and kx. The mask is a function of `r`, or even in both axes, so what it multiplies stays Hermitian
    for odd, even and non-square sizes alike.

    Parameters
    ----------
    shape : (H, W)
        Height and width of the picture, px.
    low, high : float
        Limits, cycles/px, with ``0 <= low <= high <= √½``.
    form : {"radial", "square"}
    rolloff : float
        Width :math:`\tau` of the edges of a radial band, cycles/px.

    Returns
    -------
    (H, W//2 + 1) float32 array
        In [0, 1], on the grid of ``rfft2``.

    Raises
    ------
    ArgumentError
        For limits outside [0, √½] or in the wrong order, and an unknown form.

    Examples
    --------
    >>> band_mask((4, 4), 0.2, 0.4)
    array([[0., 1., 0.],
           [1., 1., 0.],
           [0., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """
    return half_mask(check_shape(shape), Band(low, high, form, rolloff)).copy()


@lru_cache(maxsize=32)
def half_mask(shape: tuple[int, int], band: Band) -> np.ndarray:
    """The mask of `band` on the grid of ``rfft2``, float32, shared and read-only."""
    mask = band.gain(*half_indices(shape), shape).astype(np.float32)
    mask.flags.writeable = False
    return mask
