"""Operations that take the amplitude of another picture and keep the phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, at_least, check_flag, check_number, is_numpy, namespace
from specaug.augment.engine import Applied, Change, apply_change
from specaug.eager import eager
from specaug.spectrum.grid import MAX_RADIUS, Band, Form
from specaug.spectrum.transform import Axes, rounding_floor, transform_of


@dataclass(frozen=True)
class SpectralMixParams:
    """What :func:`spectral_mix` needs besides pictures."""

    strength: float
    """λ, the reference's share of the amplitude in the band, 0 to 1."""
    low: float = 0.0
    high: float = MAX_RADIUS
    form: Form = "radial"
    rolloff: float = 0.0
    keep_mean: bool = True
    guard: bool = True
    """Whether clipping of more than 1 % of the values halves the change."""

    def __post_init__(self) -> None:
        check_number("strength", self.strength, low=0.0, high=1.0)
        check_flag("keep_mean", self.keep_mean)
        check_flag("guard", self.guard)
        _ = self.band  # which checks itself

    @property
    def band(self) -> Band:
        """The frequencies whose amplitude is mixed."""
        return Band(self.low, self.high, self.form, self.rolloff, mean=not self.keep_mean)


@dataclass(frozen=True)
class SpectralMixRanges:
    """From where :func:`sample_spectral_mix` draws."""

    strength: tuple[float, float] = (0.0, 1.0)
    """Limits of a uniform λ."""
    beta: tuple[float, float] | None = None
    """Parameters of a Beta distribution, by which λ is spread between those limits."""
    low: float = 0.0
    high: float = MAX_RADIUS
    form: Form = "radial"
    rolloff: float = 0.0
    keep_mean: bool = True
    guard: bool = True


def sample_spectral_mix(
    ranges: SpectralMixRanges = SpectralMixRanges(), *, rng: np.random.Generator
) -> SpectralMixParams:
    """Draw the strength of a mix."""
    share = rng.uniform() if ranges.beta is None else rng.beta(*ranges.beta)
    strength = ranges.strength[0] + share * (ranges.strength[1] - ranges.strength[0])
    return SpectralMixParams(
        float(strength), ranges.low, ranges.high, ranges.form, ranges.rolloff, ranges.keep_mean, ranges.guard
    )


@eager
def spectral_mix(
    image: ArrayT,
    reference: ArrayT,
    *,
    strength: float,
    low: float = 0.0,
    high: float = MAX_RADIUS,
    form: Form = "radial",
    rolloff: float = 0.0,
    keep_mean: bool = True,
    guard: bool = True,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Mix the amplitude of a band with that of a reference, and keep the phase.

    :math:`A' = (1 - \lambda M)\,|X| + \lambda M\,|R|` with the mask :math:`M` of the band, then
    :math:`x' = \mathrm{clip}(\mathrm{irfft2}(A' e^{i \arg X}))`. Where more than 1 % of the values would clip, λ is
    halved, four times at most, unless `guard` is off. Bins whose phase is lost in rounding, as in a flat picture, get
    no amplitude.

    Parameters
    ----------
    image : (…, H, W, C) array
        uint8 or float in [0, 1]; NumPy or torch.
    reference : array
        Same size and channels; its batch broadcasts to that of `image`.
    strength : float
        λ, 0 to 1.
    low, high, form, rolloff
        The band, as in :func:`specaug.band_mask`.
    keep_mean : bool
        Leave zero frequency alone: brightness is no spoof cue.
    guard : bool
        Halve λ where more than 1 % of the values would clip. False keeps λ and clips, as published code does.
    channel_axis : int or None
        Axis of the channels; None where there is none.
    clip_axis : int or None
        Axis of the frames of a clip, which the guard treats as one; None guards each picture alone.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad band or strength, shapes that do not fit, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.uniform(0.4, 0.6, (2, 16, 16, 3))
    >>> mixed = spectral_mix(a, b, strength=1.0)
    >>> amplitude = [np.abs(np.fft.rfft2(x, axes=(0, 1)))[1:] for x in (mixed, b)]
    >>> bool(np.allclose(*amplitude))
    True

    References
    ----------
    .. [1] Q. Xu et al., "A Fourier-based framework for domain generalization", CVPR 2021.
    .. [2] G. Chen et al., "Amplitude-phase recombination", ICCV 2021.
    """
    params = SpectralMixParams(strength, low, high, form, rolloff, keep_mean, guard)
    return apply_spectral_mix(image, reference, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_spectral_mix(
    image: Any,
    reference: Any,
    params: SpectralMixParams,
    *,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> Applied:
    """:func:`spectral_mix`, with what the clip guard did."""
    return _mix(image, reference, params.band, params.strength, params.guard, channel_axis, clip_axis)


@dataclass(frozen=True)
class FdaParams:
    """What :func:`fda` needs besides pictures."""

    beta: float
    """Half side of the swapped square over the shorter side of the picture, 0 to 0.5."""
    guard: bool = True
    """Whether clipping of more than 1 % of the values halves the change."""

    def __post_init__(self) -> None:
        check_number("beta", self.beta, low=0.0, high=0.5)
        check_flag("guard", self.guard)

    @property
    def band(self) -> Band:
        """The square whose amplitude is swapped."""
        return Band(0.0, self.beta, "square")


@dataclass(frozen=True)
class FdaRanges:
    """From where :func:`sample_fda` draws: one of these sizes."""

    beta: tuple[float, ...] = (0.01, 0.05, 0.09)
    guard: bool = True


def sample_fda(ranges: FdaRanges = FdaRanges(), *, rng: np.random.Generator) -> FdaParams:
    """Draw the size of the square."""
    return FdaParams(float(rng.choice(ranges.beta)), ranges.guard)


@eager
def fda(
    image: ArrayT,
    reference: ArrayT,
    *,
    beta: float,
    guard: bool = True,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Swap the amplitude of the lowest frequencies with that of a reference (Fourier domain adaptation).

    All bins with :math:`|k_y|, |k_x| \le b`, :math:`b = \lfloor\beta\min(H, W)\rfloor`, both ends included, the mean
    too: the square is centred, so the result is real. Where more than 1 % of the values would clip, the change is
    halved, four times at most, unless `guard` is off: the published method swaps all of it, whatever clips.

    Parameters
    ----------
    image, reference, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    beta : float
        0 (the mean alone) to 0.5: all frequencies of a square image, and of another one those up to half a cycle/px
        of its shorter side, on both axes. The paper uses 0.01, 0.05 and 0.09.
    guard : bool
        Halve the change where more than 1 % of the values would clip. Off for comparisons with published figures.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad `beta`, shapes that do not fit, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> dark, light = np.full((8, 8, 3), 0.25), np.full((8, 8, 3), 0.75)
    >>> float(fda(dark, light, beta=0.0).mean())
    0.75

    References
    ----------
    .. [1] Y. Yang and S. Soatto, "FDA: Fourier domain adaptation for semantic segmentation", CVPR 2020.
    """
    params = FdaParams(beta, guard)
    return apply_fda(image, reference, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_fda(
    image: Any,
    reference: Any,
    params: FdaParams,
    *,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> Applied:
    """:func:`fda`, with what the clip guard did."""
    return _mix(image, reference, params.band, 1.0, params.guard, channel_axis, clip_axis)


def _mix(
    image: Any,
    reference: Any,
    band: Band,
    strength: float,
    guard: bool,
    channel_axis: int | None,
    clip_axis: int | None,
) -> Applied:
    def prepare(r: Any, axes: Axes, white: float) -> Any:
        return namespace(r).abs(transform_of(r, axes, band).forward(r))

    def delta(x: Any, wanted: Callable[[], Any], axes: Axes, white: float) -> Any:
        goal = wanted()  # first: what its making needs is gone before the picture is transformed
        transform = transform_of(x, axes, band)
        spectrum = transform.forward(x)
        change = _towards(goal, spectrum, transform.gain(band, x), rounding_floor(x, axes, white))
        return transform.inverse(change)

    change = Change(delta, prepare, strength, guard=guard)
    return apply_change(image, change, partner=reference, channel_axis=channel_axis, clip_axis=clip_axis)


def _towards(wanted: Any, spectrum: Any, mask: Any, floor: float) -> Any:
    """``spectrum · mask · (wanted/|spectrum| - 1)``; NumPy writes it over `spectrum`.

    A real factor costs an eighth of amplitude and phase put together again. Below `floor` the phase is rounding noise;
    there the result goes to zero with the spectrum.
    """
    if not is_numpy(spectrum):
        ratio = wanted / at_least(namespace(spectrum).abs(spectrum), floor) - 1
        return spectrum * (ratio * mask)
    if mask.shape != spectrum.shape or spectrum.size <= _IN_CACHE:
        return _scaled(wanted, spectrum, mask, floor)
    rows = max(1, _IN_CACHE * len(spectrum) // spectrum.size)
    for start in range(0, len(spectrum), rows):
        part = slice(start, start + rows)
        _scaled(wanted[part], spectrum[part], mask[part], floor)
    return spectrum


def _scaled(wanted: np.ndarray, spectrum: np.ndarray, mask: np.ndarray, floor: float) -> np.ndarray:
    """NumPy's :func:`_towards`, in place."""
    ratio = np.abs(spectrum)
    np.maximum(ratio, floor, out=ratio)
    np.divide(wanted, ratio, out=ratio)
    ratio -= 1
    ratio *= mask
    spectrum *= ratio
    return spectrum


_IN_CACHE = 16384
"""Frequencies that NumPy works on at a time: six passes over what stays in the nearest caches."""
