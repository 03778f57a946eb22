"""Operations that weigh bands of the spectrum: of the picture itself, or brought in from a donor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, check_flag, check_number, namespace, times
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.units import RADIUS
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum.grid import MAX_RADIUS, Band
from specaug.spectrum.transform import Axes, rounding_floor, transform_of


@dataclass(frozen=True)
class BandpassInjectParams:
    """What :func:`bandpass_inject` needs besides pictures."""

    low: float
    high: float
    gain: float
    """Norm of what is added, over the norm of the picture's own band."""
    rolloff: float = 0.0

    def __post_init__(self) -> None:
        check_number("gain", self.gain, low=0.0)
        _ = self.band  # which checks itself

    @property
    def band(self) -> Band:
        """The frequencies that are taken from the donor; never the mean."""
        return Band(self.low, self.high, "radial", self.rolloff, mean=False)


@dataclass(frozen=True)
class BandpassInjectRanges:
    """From where :func:`sample_bandpass_inject` draws."""

    low: float = 1 / 16
    high: float = MAX_RADIUS
    gain: tuple[float, float] = (0.25, 1.5)
    rolloff: float = 0.0


def sample_bandpass_inject(
    ranges: BandpassInjectRanges = BandpassInjectRanges(), *, rng: np.random.Generator
) -> BandpassInjectParams:
    """Draw the gain."""
    return BandpassInjectParams(ranges.low, ranges.high, float(rng.uniform(*ranges.gain)), ranges.rolloff)


@eager
def bandpass_inject(
    image: ArrayT,
    donor: ArrayT,
    *,
    low: float,
    high: float,
    gain: float,
    rolloff: float = 0.0,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Add a band of a donor, phase and all, as strong as a multiple of the picture's own band.

    :math:`x' = x + g\,B(d)`, :math:`B(u) = \mathrm{irfft2}(M\,\mathrm{rfft2}(u))`,
    :math:`g = \rho\,\|B(x)\| / \|B(d)\|` over all channels of a picture. The mean is never part of the band.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    donor : array
        Same size and channels as `image`; its batch broadcasts.
    low, high, rolloff : float
        The radial band, as in :func:`specaug.band_mask`.
    gain : float
        ρ, at least 0.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad band or gain, shapes that do not fit, other dtypes, values that are not finite, or a donor that
        has nothing in the band.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = np.random.default_rng(0).uniform(0.4, 0.6, (2, 16, 16, 3))
    >>> bool(np.allclose(bandpass_inject(a, b, low=0.2, high=0.4, gain=0.0), a))
    True
    """
    params = BandpassInjectParams(low, high, gain, rolloff)
    return apply_bandpass_inject(image, donor, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_bandpass_inject(
    image: Any,
    donor: Any,
    params: BandpassInjectParams,
    *,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> Applied:
    """:func:`bandpass_inject`, with the share of clipped values."""
    band = params.band

    def prepare(d: Any, axes: Axes, white: float) -> Any:
        transform = transform_of(d, axes, band)
        spectrum = times(transform.forward(d), transform.gain(band, d))
        energy = transform.energy(spectrum)
        if bool(namespace(energy).any(energy <= rounding_floor(d, axes, white) ** 2)):
            raise ArgumentError(
                f"donor: expected energy between {band.low:g} and {band.high:g} cycles/px, got none"
            )
        return times(transform.inverse(spectrum), 1 / namespace(energy).sqrt(energy))

    def delta(x: Any, unit: Callable[[], Any], axes: Axes, white: float) -> Any:
        transform = transform_of(x, axes, band)
        energy = transform.energy(times(transform.forward(x), transform.gain(band, x)))
        # The floor only keeps the gradient of the root finite for a picture with nothing in the band.
        return unit() * namespace(energy).sqrt(energy + rounding_floor(x, axes, white) ** 2 * 1e-6)

    change = Change(delta, prepare, params.gain)
    return apply_change(
        image, change, partner=donor, partner_name="donor", channel_axis=channel_axis, clip_axis=clip_axis
    )


@dataclass(frozen=True)
class BandScaleParams:
    """What :func:`band_scale` needs besides the picture."""

    low: float
    high: float
    gain: float
    """γ, the factor of the band's amplitude."""
    rolloff: float = 0.0
    keep_mean: bool = True

    def __post_init__(self) -> None:
        check_number("gain", self.gain, low=0.0)
        check_flag("keep_mean", self.keep_mean)
        _ = self.band  # which checks itself

    @property
    def band(self) -> Band:
        """The frequencies that are scaled."""
        return Band(self.low, self.high, "radial", self.rolloff, mean=not self.keep_mean)


@dataclass(frozen=True)
class BandScaleRanges:
    """From where :func:`sample_band_scale` draws."""

    low: float = field(default=1 / 16, metadata=RADIUS)
    high: float = field(default=MAX_RADIUS, metadata=RADIUS)
    gain: tuple[float, float] = (0.25, 2.0)
    """Limits of γ, drawn evenly on a logarithmic scale: to halve is as likely as to double."""
    rolloff: float = 0.0
    keep_mean: bool = True


def sample_band_scale(
    ranges: BandScaleRanges = BandScaleRanges(), *, rng: np.random.Generator
) -> BandScaleParams:
    """Draw the gain."""
    gain = float(np.exp(rng.uniform(*np.log(ranges.gain))))
    return BandScaleParams(ranges.low, ranges.high, gain, ranges.rolloff, ranges.keep_mean)


@eager
def band_scale(
    image: ArrayT,
    *,
    low: float,
    high: float,
    gain: float,
    rolloff: float = 0.0,
    keep_mean: bool = True,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Attenuate or boost a band.

    :math:`x' = \mathrm{irfft2}(X\,(1 + (\gamma - 1) M))`.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    low, high, rolloff : float
        The radial band, as in :func:`specaug.band_mask`.
    gain : float
        γ, at least 0: 0 removes the band, 1 changes nothing.
    keep_mean : bool
        Leave zero frequency alone.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad band or gain, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.random.default_rng(0).uniform(0.4, 0.6, (16, 16, 3))
    >>> flat = band_scale(image, low=0.0, high=0.70710678, gain=0.0)
    >>> bool(np.allclose(flat, image.mean(axis=(0, 1))))
    True
    """
    params = BandScaleParams(low, high, gain, rolloff, keep_mean)
    return apply_band_scale(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_band_scale(
    image: Any, params: BandScaleParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`band_scale`, with the share of clipped values."""
    band = params.band

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        transform = transform_of(x, axes, band)
        return transform.inverse(times(transform.forward(x), transform.gain(band, x)))

    change = Change(delta, strength=params.gain - 1)
    return apply_change(image, change, channel_axis=channel_axis, clip_axis=clip_axis)
