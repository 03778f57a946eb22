"""Blur what a camera saw and leave its noise: what a recapture does before the second sensor adds noise of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, at_least, check_number, is_numpy, namespace, times, to_float
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.units import FREQUENCY, check_cutoff
from specaug.color import LUMA_WEIGHTS
from specaug.eager import eager
from specaug.spectrum.grid import radial_frequency
from specaug.spectrum.transform import Axes, FullPlane

_EDGES = (1 / 16, 1 / 8, 1 / 4)
"""Lower ends of the octaves in which detail and noise are told apart, cycles/px; below, all is the scene."""
_STEEPNESS = 12
_NOTHING = 1e-30
"""Energy of an even picture: so that nothing is divided by zero."""
_REACH = 1.5
"""Standard deviation of the neighbourhood whose energy is compared with the noise, px."""


@dataclass(frozen=True)
class SceneBlurParams:
    """What :func:`scene_blur` needs besides the picture."""

    cutoff: float
    """r_c, where the gain is exp(-1/2), cycles/px."""
    threshold: float = 2.0
    """Energy over that of the noise from which on detail is taken for the scene."""

    def __post_init__(self) -> None:
        check_cutoff(self.cutoff)
        check_number("threshold", self.threshold, low=0.0, high=100.0)


@dataclass(frozen=True)
class SceneBlurRanges:
    """From where :func:`sample_scene_blur` draws."""

    cutoff: tuple[float, float] = field(default=(0.18, 0.5), metadata=FREQUENCY)
    """Drawn evenly on a logarithmic scale."""
    threshold: float = 2.0


def sample_scene_blur(
    ranges: SceneBlurRanges = SceneBlurRanges(), *, rng: np.random.Generator
) -> SceneBlurParams:
    """Draw the cut-off."""
    return SceneBlurParams(float(np.exp(rng.uniform(*np.log(ranges.cutoff)))), ranges.threshold)


@eager
def scene_blur(
    image: ArrayT,
    *,
    cutoff: float,
    threshold: float = 2.0,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Blur the detail of a picture as a second lens does, and leave the noise of the camera.

    A recaptured face is blurred twice, but the noise of the last sensor comes after both lenses. A plain blur takes
    the noise too, and what is trained on it learns that attacks have none. Here the scene :math:`s` is told from the
    noise first, in octaves :math:`b_k` of luma above 1/16 cycles/px:

    .. math:: s = b_0 + \sum_k b_k\,\max(0,\ 1 - \theta\,m_k / e_k), \qquad
              x' = x + \mathrm{irfft2}(S\,(\exp(-\tfrac12 (r/r_c)^2) - 1))

    with the local energy :math:`e_k` of the octave and its median :math:`m_k` over the picture, which is that of the
    noise where most of a picture is smooth.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`. The same is added to all channels.
    cutoff : float
        r_c in (0, √½] cycles/px, where the gain of the scene is 0.607.
    threshold : float
        θ, 0 to 100. With 0 all detail of luma is the scene.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad setting, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(0.5, 0.05, (64, 64))
    >>> float((scene_blur(noise, cutoff=0.2, channel_axis=None).std() / noise.std()).round(1))
    1.0

    References
    ----------
    .. [1] E. P. Simoncelli, E. H. Adelson, "Noise removal via Bayesian wavelet coring", ICIP 1996: telling detail
       from noise by its amplitude in bands.
    """
    params = SceneBlurParams(cutoff, threshold)
    return apply_scene_blur(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_scene_blur(
    image: Any, params: SceneBlurParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`scene_blur`, with the share of clipped values."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        shape = (int(x.shape[axes[0]]), int(x.shape[axes[1]]))
        transform = FullPlane(shape, axes)
        scene = _scene(transform.forward(_brightness(x, axes)), transform, params.threshold)
        loss = np.expm1(-0.5 * (radial_frequency(shape) / params.cutoff) ** 2)
        change = transform.inverse(transform.weigh(scene, loss))
        return namespace(change).broadcast_to(change, x.shape) * 1.0  # fresh memory of every channel

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


def _brightness(x: Any, axes: Axes) -> Any:
    """One channel: luma of three, else the mean."""
    channel = -1 if axes == (-3, -2) else -3
    planes = [namespace(x).take(x, namespace(x).asarray([c]), axis=channel) for c in range(x.shape[channel])]
    weights = LUMA_WEIGHTS if len(planes) == len(LUMA_WEIGHTS) else [1 / len(planes)] * len(planes)
    return sum(w * to_float(plane) for w, plane in zip(weights, planes, strict=True))


def _scene(spectrum: Any, transform: FullPlane, threshold: float) -> Any:
    """Spectrum of what rises above the noise, given that of luma."""
    below, octaves, smooth = _planes(transform.shape)
    scene = 0.0
    for plane in octaves:
        octave = transform.inverse(spectrum * transform.spread(plane, spectrum.real))
        energy = at_least(_blurred(octave * octave, smooth, transform), _NOTHING)
        share = at_least(1 - threshold * _median(energy) / energy, 0.0)
        scene = scene + times(share, octave)
    return transform.forward(scene) + spectrum * transform.spread(below, spectrum.real)


def _blurred(x: Any, plane: np.ndarray, transform: FullPlane) -> Any:
    return transform.inverse(times(transform.forward(x), transform.spread(plane, x)))


@lru_cache(maxsize=4)
def _planes(shape: tuple[int, int]) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray]:
    """Masks of what lies below the octaves and of each octave, which sum to 1; transform of the neighbourhood."""
    radius = radial_frequency(shape)
    lows = [1 / (1 + (radius / edge) ** _STEEPNESS) for edge in _EDGES]
    uppers = [*lows[1:], np.ones_like(radius)]
    octaves = tuple(upper - low for low, upper in zip(lows, uppers, strict=True))
    smooth = np.exp(-2 * (np.pi * _REACH * radius) ** 2)
    return lows[0], octaves, smooth


def _median(values: Any) -> Any:
    """Median of each picture of one channel, kept as axes of length one; alike in NumPy and torch."""
    if is_numpy(values):
        return np.median(values, axis=(-3, -2, -1), keepdims=True)
    flat = namespace(values).sort(values.reshape(*values.shape[:-3], -1), axis=-1)
    count = flat.shape[-1]
    return ((flat[..., (count - 1) // 2] + flat[..., count // 2]) / 2)[..., None, None, None]
