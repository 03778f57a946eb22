"""Grain: a fixed pattern of fine light and dark, as the surface of a print has it, multiplied with a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import scipy

from specaug.arrays import MOST_SEED, ArrayT, check_number, check_whole, like, times
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.units import FREQUENCY, check_cutoff
from specaug.eager import eager
from specaug.spectrum.grid import radial_frequency
from specaug.spectrum.transform import Axes


@dataclass(frozen=True)
class GrainParams:
    """What :func:`grain` needs besides the picture."""

    amplitude: float
    """Standard deviation of the factors, 0 to 1."""
    cutoff: float
    """r_0, above which the grain is: its amplitude is 1 - exp(-½ (r/r_0)²), cycles/px."""
    color: float
    """Share of grain that differs between channels, 0 to 1."""
    seed: int
    """Of the pattern; the same for all pictures of one size."""

    def __post_init__(self) -> None:
        check_number("amplitude", self.amplitude, low=0.0, high=1.0)
        check_number("color", self.color, low=0.0, high=1.0)
        check_cutoff(self.cutoff)
        object.__setattr__(self, "seed", check_whole("seed", self.seed, low=0, high=MOST_SEED))


@dataclass(frozen=True)
class GrainRanges:
    """From where :func:`sample_grain` draws."""

    amplitude: tuple[float, float] = (0.01, 0.06)
    """Drawn evenly on a logarithmic scale."""
    cutoff: tuple[float, float] = field(default=(0.2, 0.4), metadata=FREQUENCY)
    color: tuple[float, float] = (0.0, 1.0)


def sample_grain(ranges: GrainRanges = GrainRanges(), *, rng: np.random.Generator) -> GrainParams:
    """Draw a pattern."""
    return GrainParams(
        amplitude=float(np.exp(rng.uniform(*np.log(ranges.amplitude)))),
        cutoff=float(rng.uniform(*ranges.cutoff)),
        color=float(rng.uniform(*ranges.color)),
        seed=int(rng.integers(2**53)),
    )


@eager
def grain(
    image: ArrayT,
    *,
    amplitude: float,
    cutoff: float,
    color: float = 0.0,
    rng: np.random.Generator | int | None = None,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Multiply a picture by fine noise that stays where it is: :math:`x' = x\,(1 + a\,n)`.

    Dots of an ink jet, fibres of paper, the matt surface of a display: light that a surface adds to what it shows is
    fixed to the surface, and strongest at high frequencies. The pattern :math:`n` is Gaussian noise with the amplitude
    :math:`1 - \exp(-\tfrac12 (r/r_0)^2)` and a standard deviation of 1. In three channels it is
    :math:`(1 - c)\,n_0 + c\,n_k`, scaled to the same deviation: grey at `color` 0, each channel its own at 1.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`specaug.spectral_mix`. All pictures of a call get the same pattern.
    amplitude : float
        a, 0 to 1.
    cutoff : float
        r_0 in (0, √½] cycles/px.
    color : float
        c, 0 to 1.
    rng : numpy.random.Generator, int or None
        Of the pattern.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad setting, other dtypes, or values that are not finite.

    Examples
    --------
    >>> grey = np.full((64, 64, 3), 0.5)
    >>> float((grain(grey, amplitude=0.1, cutoff=0.3, rng=0) / 0.5).std().round(3))
    0.1
    """
    params = GrainParams(amplitude, cutoff, color, int(np.random.default_rng(rng).integers(2**53)))
    return apply_grain(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_grain(
    image: Any, params: GrainParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`grain`, with the share of clipped values."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        channel = -1 if axes == (-3, -2) else -3
        shape = (int(x.shape[axes[0]]), int(x.shape[axes[1]]))
        field = _pattern(shape, int(x.shape[channel]), params.cutoff, params.color, params.seed)
        shaped = like(np.moveaxis(field, 0, -1) if channel == -1 else field, x)
        return times(shaped * params.amplitude, x)

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


@lru_cache(maxsize=2)
def _pattern(shape: tuple[int, int], channels: int, cutoff: float, color: float, seed: int) -> np.ndarray:
    """(C, H, W) float32 noise of deviation 1 in each channel."""
    white = np.random.default_rng(seed).standard_normal((channels + 1, *shape), dtype=np.float32)
    high = -np.expm1(-0.5 * (radial_frequency(shape) / cutoff) ** 2).astype(np.float32)
    fine = scipy.fft.irfft2(scipy.fft.rfft2(white) * high, s=shape)
    mixed = (1 - color) * fine[0] + color * fine[1:]
    deviation = mixed.std(axis=(-2, -1), keepdims=True)
    return np.asarray(mixed / np.where(deviation > 0, deviation, 1), np.float32)
