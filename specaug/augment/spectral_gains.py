"""Operations that multiply the whole spectrum by a real, even plane of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from specaug.arrays import MOST_SEED, ArrayT, check_number, check_whole
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.units import FREQUENCY, check_cutoff
from specaug.eager import eager
from specaug.spectrum.grid import check_shape, radial_frequency
from specaug.spectrum.transform import Axes, FullPlane


@dataclass(frozen=True)
class RecaptureBlurParams:
    """What :func:`recapture_blur` needs besides the picture."""

    cutoff: float
    """r_c, where the gain is exp(-1/2), cycles/px."""

    def __post_init__(self) -> None:
        check_cutoff(self.cutoff)


@dataclass(frozen=True)
class RecaptureBlurRanges:
    """From where :func:`sample_recapture_blur` draws."""

    cutoff: tuple[float, float] = field(default=(0.10, 0.35), metadata=FREQUENCY)


def sample_recapture_blur(
    ranges: RecaptureBlurRanges = RecaptureBlurRanges(), *, rng: np.random.Generator
) -> RecaptureBlurParams:
    """Draw the cut-off."""
    return RecaptureBlurParams(float(rng.uniform(*ranges.cutoff)))


@eager
def recapture_blur(
    image: ArrayT, *, cutoff: float, channel_axis: int | None = -1, clip_axis: int | None = None
) -> ArrayT:
    r"""Blur as by a second lens: :math:`X\,\exp(-\tfrac12 (r/r_c)^2)`.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    cutoff : float
        r_c in (0, √½] cycles/px, where the gain is 0.607; a Gaussian of 1/(2π r_c) px.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad cut-off, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.cos(2 * np.pi * 0.25 * np.arange(16))[:, None] * np.ones((1, 16))
    >>> blurred = recapture_blur(0.5 + 0.1 * wave, cutoff=0.25, channel_axis=None)
    >>> float(np.ptp(blurred) / 0.2).__round__(3)
    0.607
    """
    params = RecaptureBlurParams(cutoff)
    return apply_recapture_blur(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_recapture_blur(
    image: Any, params: RecaptureBlurParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`recapture_blur`, with the share of clipped values."""

    def plane(shape: tuple[int, int]) -> np.ndarray:
        return np.asarray(np.expm1(-0.5 * (radial_frequency(shape) / params.cutoff) ** 2))

    return apply_change(image, _filter(plane), channel_axis=channel_axis, clip_axis=clip_axis)


@dataclass(frozen=True)
class SpectralJitterParams:
    """What :func:`spectral_jitter` needs besides the picture."""

    amount: float
    """ρ, half width of the factors about 1, 0 to 1."""
    seed: int
    """Of the random field; the same seed gives the same field for each picture of one size."""

    def __post_init__(self) -> None:
        check_number("amount", self.amount, low=0.0, high=1.0)
        object.__setattr__(self, "seed", check_whole("seed", self.seed, low=0, high=MOST_SEED))


@dataclass(frozen=True)
class SpectralJitterRanges:
    """From where :func:`sample_spectral_jitter` draws."""

    amount: tuple[float, float] = (0.05, 0.3)


def sample_spectral_jitter(
    ranges: SpectralJitterRanges = SpectralJitterRanges(), *, rng: np.random.Generator
) -> SpectralJitterParams:
    """Draw the amount, and the seed of the field."""
    return SpectralJitterParams(float(rng.uniform(*ranges.amount)), int(rng.integers(2**32)))


@eager
def spectral_jitter(
    image: ArrayT,
    *,
    amount: float,
    rng: np.random.Generator | int | None = None,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Multiply each frequency by a random factor: :math:`X\cdot U(1 - \rho, 1 + \rho)`.

    The factors form a real field that is even in frequency, so the result is real; they are the same for all
    channels and all pictures of the batch. The mean is kept.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    amount : float
        ρ, 0 to 1.
    rng : numpy.random.Generator, int or None
        Source of randomness; the field is the same for NumPy and torch.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad amount, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.random.default_rng(0).uniform(0.4, 0.6, (8, 8, 3))
    >>> bool(np.array_equal(spectral_jitter(image, amount=0.2, rng=1), spectral_jitter(image, amount=0.2, rng=1)))
    True
    """
    params = SpectralJitterParams(amount, int(np.random.default_rng(rng).integers(2**32)))
    return apply_spectral_jitter(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_spectral_jitter(
    image: Any, params: SpectralJitterParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`spectral_jitter`, with the share of clipped values."""
    change = _filter(lambda shape: jitter_field(shape, params.seed), strength=params.amount)
    return apply_change(image, change, channel_axis=channel_axis, clip_axis=clip_axis)


def jitter_field(shape: tuple[int, int], seed: int) -> np.ndarray:
    """(H, W//2 + 1) numbers, uniform in [-1, 1], even in frequency over the whole plane, 0 for the mean."""
    height, width = check_shape(shape)
    field = np.random.default_rng(seed).uniform(-1, 1, (height, width // 2 + 1))
    for column in {0, width // 2} if width % 2 == 0 else {0}:  # the columns that are their own mirror
        field[height // 2 + 1 :, column] = field[1 : (height + 1) // 2, column][::-1]
    field[0, 0] = 0
    return field


def _filter(plane: Callable[[tuple[int, int]], np.ndarray], *, strength: float = 1.0) -> Change:
    """The change ``irfft2(X·plane)``, with the plane made for the size of the picture."""
    made: dict[tuple[int, int], np.ndarray] = {}

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        shape = (int(x.shape[axes[0]]), int(x.shape[axes[1]]))
        transform = FullPlane(shape, axes)
        if shape not in made:
            made[shape] = plane(shape)
        return transform.inverse(transform.weigh(transform.forward(x), made[shape]))

    return Change(delta, strength=strength)
