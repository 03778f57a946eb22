"""Operations that draw gratings: multiplied, as moiré, or added, as Fourier basis functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, check_number, check_numbers, like, product, times
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.units import FREQUENCY
from specaug.checked_fields import quoted
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum.transform import Axes


@dataclass(frozen=True)
class Grating:
    """One plane wave, ``amplitude · cos(2π(u x + v y) + phase)``, x and y counted in pixels from the first."""

    u: float
    """Cycles/px along a row, -0.5 to 0.5."""
    v: float
    """Cycles/px along a column, -0.5 to 0.5."""
    amplitude: float | tuple[float, ...]
    """0 to 1; one number, or one for each channel."""
    phase: float | tuple[float, ...] = 0.0
    """Radians; one number, or one for each channel, as the subpixels of a screen lie side by side."""

    def __post_init__(self) -> None:
        check_number("u", self.u, low=-0.5, high=0.5)
        check_number("v", self.v, low=-0.5, high=0.5)
        for name, low, high in (("amplitude", 0.0, 1.0), ("phase", -math.inf, math.inf)):
            value = getattr(self, name)
            several = isinstance(value, list | tuple | np.ndarray) and np.ndim(value) > 0
            numbers = check_numbers(name, value if several else (value,), low=low, high=high)
            object.__setattr__(self, name, numbers if several else numbers[0])


Gratings = Iterable[Grating | tuple[float, float, float, float] | Mapping[str, Any]]


def as_gratings(gratings: Gratings) -> tuple[Grating, ...]:
    """Gratings from records, (u, v, amplitude, phase) tuples, or mappings with these names."""
    made = []
    if isinstance(gratings, str | bytes) or not isinstance(gratings, Grating | Mapping | Iterable):
        raise ArgumentError(
            f"gratings: expected a sequence of Grating or (u, v, amplitude, phase), got {quoted(gratings)}"
        )
    for item in (gratings,) if isinstance(gratings, Grating | Mapping) else tuple(gratings):
        if isinstance(item, Grating):
            made.append(item)
        elif isinstance(item, Mapping):
            if not {"u", "v", "amplitude"} <= set(item) <= {"u", "v", "amplitude", "phase"}:
                raise ArgumentError(
                    f"gratings: expected u, v, amplitude and phase, got {sorted(map(str, item))}"
                )
            made.append(Grating(**item))
        elif isinstance(item, tuple | list | np.ndarray) and len(item) in (3, 4):
            made.append(Grating(*item))
        else:
            raise ArgumentError(f"gratings: expected (u, v, amplitude, phase) or Grating, got {quoted(item)}")
    return tuple(made)


@dataclass(frozen=True)
class GratingParams:
    """What :func:`moire` and :func:`fourier_basis` need besides the picture."""

    gratings: tuple[Grating, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "gratings", as_gratings(self.gratings))


@dataclass(frozen=True)
class MoireRanges:
    """From where :func:`sample_moire` draws."""

    number: tuple[int, int] = (1, 4)
    """Fewest and most gratings."""
    amplitude: tuple[float, float] = (0.01, 0.3)
    frequency: tuple[float, float] = field(default=(1 / 64, 0.45), metadata=FREQUENCY)
    """Cycles/px, drawn evenly on a logarithmic scale."""
    channels: int = 3
    off_axis: float = math.pi / 4
    """Largest angle between a wave and the rows or the columns, radians: π/4 is any direction. The pixel grid of a
    display that a phone was held parallel to is seen within some 0.09."""
    color: float = 1.0
    """How far the phases of channels lie apart: 1 gives each channel its own, 0 makes gratings grey, as a display's
    black matrix is."""

    def __post_init__(self) -> None:
        check_number("off_axis", self.off_axis, low=0.0, high=math.pi / 4)
        check_number("color", self.color, low=0.0, high=1.0)


def sample_moire(ranges: MoireRanges = MoireRanges(), *, rng: np.random.Generator) -> GratingParams:
    """Draw gratings."""
    gratings = []
    for _ in range(int(rng.integers(ranges.number[0], ranges.number[1] + 1))):
        frequency, angle = np.exp(rng.uniform(*np.log(ranges.frequency))), rng.uniform(0, np.pi)
        if ranges.off_axis != math.pi / 4:
            nearest = round(angle / (math.pi / 2)) * (math.pi / 2)
            angle = nearest + (angle - nearest) * ranges.off_axis / (math.pi / 4)
        phases = tuple(float(p) for p in _phases(ranges, rng))
        amplitude = float(rng.uniform(*ranges.amplitude))
        gratings.append(
            Grating(float(frequency * np.cos(angle)), float(frequency * np.sin(angle)), amplitude, phases)
        )
    return GratingParams(tuple(gratings))


def _phases(ranges: MoireRanges, rng: np.random.Generator) -> np.ndarray:
    """(channels,) phase of each channel, within `color` times π of the first one's."""
    phases = rng.uniform(0, 2 * np.pi, ranges.channels)
    if ranges.color == 1:
        return phases
    apart = (phases - phases[0] + np.pi) % (2 * np.pi) - np.pi
    return np.asarray(phases[0] + ranges.color * apart)


@eager
def moire(
    image: ArrayT, *, gratings: Gratings, channel_axis: int | None = -1, clip_axis: int | None = None
) -> ArrayT:
    r"""Multiply a picture by gratings, as the beat between a screen and a sensor does.

    :math:`x' = x\,(1 + \sum_k a_k \cos(2\pi(u_k x + v_k y) + \varphi_k))`.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    gratings : sequence of Grating, (u, v, amplitude, phase), or mappings with these names
        Frequencies in cycles/px, phases in radians; amplitude and phase may be one for each channel.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For bad gratings, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> moire(np.full((1, 4, 1), 0.5), gratings=[Grating(0.25, 0.0, 0.2)])[0, :, 0]
    array([0.6, 0.5, 0.4, 0.5])
    """
    params = GratingParams(as_gratings(gratings))
    return apply_moire(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_moire(
    image: Any, params: GratingParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`moire`, with the share of clipped values."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        return times(_sum_of(params.gratings, x, axes), x)

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


@dataclass(frozen=True)
class FourierBasisRanges:
    """From where :func:`sample_fourier_basis` draws; as AFA, one wave of its own for each channel."""

    mean_amplitude: float = 5 * math.sqrt(2) / 32
    """Of an exponential distribution; AFA's default strength of 5, in its units of side/32 over the norm."""
    frequency: tuple[float, float] = field(default=(1 / 224, 0.5), metadata=FREQUENCY)
    """Cycles/px, uniform; the direction is any."""
    channels: int = 3


def sample_fourier_basis(
    ranges: FourierBasisRanges = FourierBasisRanges(), *, rng: np.random.Generator
) -> GratingParams:
    """Draw a wave for each channel."""
    gratings = []
    for channel in range(ranges.channels):
        frequency, angle = rng.uniform(*ranges.frequency), rng.uniform(0, np.pi)
        amplitude = [0.0] * ranges.channels
        amplitude[channel] = min(float(rng.exponential(ranges.mean_amplitude)), 1.0)
        u, v = float(frequency * np.cos(angle)), float(frequency * np.sin(angle))
        gratings.append(Grating(u, v, tuple(amplitude), float(rng.uniform(0, 2 * np.pi))))
    return GratingParams(tuple(gratings))


@eager
def fourier_basis(
    image: ArrayT, *, gratings: Gratings, channel_axis: int | None = -1, clip_axis: int | None = None
) -> ArrayT:
    r"""Add gratings, that is functions of the Fourier basis (AFA).

    :math:`x' = \mathrm{clip}(x + \sum_k a_k \cos(2\pi(u_k x + v_k y) + \varphi_k))`.

    Parameters
    ----------
    image, gratings, channel_axis, clip_axis
        As in :func:`moire`.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        As :func:`moire` does.

    Examples
    --------
    >>> import numpy as np
    >>> fourier_basis(np.full((1, 4, 1), 0.5), gratings=[Grating(0.25, 0.0, 0.2)])[0, :, 0]
    array([0.7, 0.5, 0.3, 0.5])

    References
    ----------
    .. [1] P. Vaish et al., "Fourier-basis functions to bridge augmentation gap", CVPR 2024.
    """
    params = GratingParams(as_gratings(gratings))
    return apply_fourier_basis(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_fourier_basis(
    image: Any, params: GratingParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`fourier_basis`, with the share of clipped values."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        return times(_sum_of(params.gratings, x, axes), white)

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


def _sum_of(gratings: tuple[Grating, ...], x: Any, axes: Axes) -> Any:
    """Sum of the waves in the layout of one picture of `x`, by one small matrix product.

    A plane wave has rank two: ``cos(p + q) = cos p cos q - sin p sin q``, so that rows (H, 2K) times columns
    (2K, W·C) make K waves, and only (H + W·C)·K cosines are formed.
    """
    height, width, n_channels = (x.shape[a] for a in (*axes, -1 if axes == (-3, -2) else -3))
    u, v = (np.array([getattr(g, name) for g in gratings], np.float64) for name in "uv")
    amplitude, phase = (_by_channel(gratings, name, n_channels) for name in ("amplitude", "phase"))
    down = 2 * np.pi * (v[:, None] * np.arange(height) % 1)
    across = 2 * np.pi * (u[:, None] * np.arange(width) % 1)
    rows = like(np.concatenate((np.cos(down), -np.sin(down))).T, x)
    angle = across[:, :, None] + phase[:, None, :]  # (K, W, C)
    columns = np.concatenate((np.cos(angle), np.sin(angle))) * np.tile(amplitude, (2, 1))[:, None, :]
    if axes == (-2, -1):
        return product(rows, like(np.moveaxis(columns, -1, 0), x))
    flat = product(rows, like(columns.reshape(2 * len(gratings), width * n_channels), x))
    return flat.reshape(height, width, n_channels)


def _by_channel(gratings: tuple[Grating, ...], name: str, n_channels: int) -> np.ndarray:
    """(K, C) amplitudes or phases."""
    rows = []
    for grating in gratings:
        value = getattr(grating, name)
        if isinstance(value, tuple) and len(value) != n_channels:
            raise ArgumentError(
                f"gratings: expected one {name}, or one for each of {n_channels} channels, got {len(value)}"
            )
        rows.append(np.broadcast_to(np.asarray(value, np.float64), n_channels))
    return np.array(rows).reshape(len(gratings), n_channels)
