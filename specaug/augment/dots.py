"""Tones printed as dots: clustered on a turned grid, or dispersed as blue noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from specaug.arrays import ArrayT, check_number, is_numpy, like, namespace, to_float
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.units import LENGTH
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum.transform import Axes

Screen = Literal["clustered", "blue_noise"]
_ROWS = 32
_TILE = 64  # dots along the side of a blue-noise screen, which repeats after that


@dataclass(frozen=True)
class HalftoneParams:
    """What :func:`halftone` needs besides the picture."""

    cell: float
    """Distance of the dots, px, 2 or more."""
    angle: float | Sequence[float]
    """Direction of the rows of dots, degrees; one number, or one for each channel."""
    strength: float
    """Share of the printed picture, 0 to 1."""
    screen: Screen = "clustered"
    softness: float = 0.15
    """Width of a dot's edge, in tone."""

    def __post_init__(self) -> None:
        check_number("cell", self.cell, low=2.0, high=_TILE)
        check_number("strength", self.strength, low=0.0, high=1.0)
        check_number("softness", self.softness, low=0.0, high=1.0)
        if self.screen not in get_args(Screen):
            raise ArgumentError(f"screen: expected one of {', '.join(get_args(Screen))}, got {self.screen!r}")
        several = isinstance(self.angle, Sequence | np.ndarray) and not isinstance(self.angle, str)
        values: Any = self.angle if several else (self.angle,)
        numbers = tuple(check_number("angle", v, low=-360.0, high=360.0) for v in values)
        if not numbers:
            raise ArgumentError("angle: expected a number, or one for each channel, got none")
        object.__setattr__(self, "angle", numbers if several else numbers[0])


@dataclass(frozen=True)
class HalftoneRanges:
    """From where :func:`sample_halftone` draws."""

    cell: tuple[float, float] = field(default=(3.0, 8.0), metadata=LENGTH)
    strength: tuple[float, float] = (0.2, 0.8)
    spacing: tuple[float, ...] = (0.0, 30.0, 60.0)
    """Degrees between the screens of the channels, as inks are turned against each other."""
    screens: tuple[Screen, ...] = ("clustered", "blue_noise")


def sample_halftone(ranges: HalftoneRanges = HalftoneRanges(), *, rng: np.random.Generator) -> HalftoneParams:
    """Draw a screen."""
    first = float(rng.uniform(0, 90))
    return HalftoneParams(
        cell=float(rng.uniform(*ranges.cell)),
        angle=tuple(first + step for step in ranges.spacing),
        strength=float(rng.uniform(*ranges.strength)),
        screen=ranges.screens[int(rng.integers(len(ranges.screens)))],
    )


@eager
def halftone(
    image: ArrayT,
    *,
    cell: float,
    angle: float | Sequence[float],
    strength: float,
    screen: Screen = "clustered",
    softness: float = 0.15,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Print tones as dots: :math:`x' = (1 - s)\,x + s\,h(x, t)`, with a screen of thresholds :math:`t`.

    :math:`h = \mathrm{clip}((x - t)/w + \tfrac12)`, :math:`w = \min(softness, 2x, 2(1 - x))`: white where the tone
    exceeds the threshold, with an edge that leaves the mean tone exact. Thresholds are uniform in (0, 1).
    A clustered screen has diamond dots on a grid, whose spectrum peaks at 1/cell cycles/px along `angle` and
    across it. A blue-noise screen strews dots of half a cell, as far from each other as they can be: it has hardly
    any power at low frequencies, no direction, and no use for `angle`.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`spectral_mix`.
    cell : float
        Distance of the dots, px, 2 to 64.
    angle : float or one for each channel
        Degrees, from a row towards a column.
    strength : float
        s, 0 to 1.
    screen : {"clustered", "blue_noise"}
    softness : float
        Width of a dot's edge in tone, 0 to 1; with 0 the print is black and white, and has no gradient.

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
    >>> grey = np.full((32, 32, 3), 0.3)
    >>> print_ = halftone(grey, cell=4.3, angle=15, strength=1.0, softness=0.0)
    >>> np.unique(print_).tolist(), round(float(print_.mean()), 2)
    ([0.0, 1.0], 0.3)

    References
    ----------
    .. [1] R. Ulichney, "Digital halftoning", MIT Press 1987.
    .. [2] R. Ulichney, "The void-and-cluster method for dither array generation", SPIE 1913, 1993.
    """
    params = HalftoneParams(cell, angle, strength, screen, softness)
    return apply_halftone(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_halftone(
    image: Any, params: HalftoneParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`halftone`, with the share of clipped values."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        screen = _thresholds_for(params, x, axes)
        if not is_numpy(x):
            return _printed(x, screen, white, params.softness) - x
        # Some rows at a time: the steps of a pixel are many, and its neighbours have no say in them.
        result = np.empty(x.shape, screen.dtype)
        for first in range(0, x.shape[axes[0]], _ROWS):
            part: Any = (..., slice(first, first + _ROWS), *(slice(None) for _ in range(-axes[0] - 1)))
            np.subtract(_printed(x[part], screen[part], white, params.softness), x[part], out=result[part])
        return result

    change = Change(delta, strength=params.strength)
    return apply_change(image, change, channel_axis=channel_axis, clip_axis=clip_axis)


def _printed(x: Any, screen: Any, white: float, softness: float) -> Any:
    """Tones as dots, in the units of `x`."""
    xp = namespace(x)
    tone = xp.clip(to_float(x) / white, 0, 1)
    edge = xp.clip(2 * xp.minimum(tone, 1 - tone), 1e-6, max(softness, 1e-6))
    return xp.clip((tone - screen) / edge + 0.5, 0, 1) * white


def _thresholds_for(params: HalftoneParams, x: Any, axes: Axes) -> Any:
    """Thresholds in the layout of one picture of `x`, with one channel where all are alike."""
    height, width, n_channels = (int(x.shape[a]) for a in (*axes, -1 if axes == (-3, -2) else -3))
    angles = params.angle if isinstance(params.angle, tuple) else (params.angle,)
    if len(angles) not in (1, n_channels):
        raise ArgumentError(
            f"angle: expected one, or one for each of {n_channels} channels, got {len(angles)}"
        )
    if params.screen == "blue_noise":
        angles = (0.0,)
    planes = [thresholds((height, width), params.cell, a, params.screen) for a in angles]
    return like(np.stack(planes, axis=-1 if axes == (-3, -2) else 0), x)


@lru_cache(maxsize=16)
def thresholds(shape: tuple[int, int], cell: float, angle: float, screen: Screen) -> np.ndarray:
    """(H, W) float32 thresholds, uniform in (0, 1)."""
    if screen == "blue_noise":
        rows, columns = ((np.arange(n) / (cell / 2)).astype(np.int64) % _TILE for n in shape)
        return np.asarray(blue_noise_tile()[np.ix_(rows, columns)])
    y, x = np.mgrid[: shape[0], : shape[1]]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    along, across = (x * cos + y * sin) / cell, (y * cos - x * sin) / cell
    # Triangle waves are uniform; their mean has the triangular distribution, whose integral makes it uniform
    # again, so that each tone covers its own share of the paper.
    spot = 0.5 * (_triangle(along) + _triangle(across))
    uniform = np.where(spot < 0.5, 2 * spot**2, 1 - 2 * (1 - spot) ** 2)
    return np.asarray(np.clip(uniform, 1e-4, 1 - 1e-4), dtype=np.float32)


def _triangle(turns: np.ndarray) -> np.ndarray:
    """Triangle wave of period 1 in [0, 1], 1 at whole numbers."""
    return np.asarray(np.abs(2 * (turns % 1) - 1))


@lru_cache(maxsize=1)
def blue_noise_tile() -> np.ndarray:
    """(64, 64) thresholds, each rank once, whose dots keep as far from each other as they can (void and cluster).

    Of a random tenth, the dot in the tightest cluster moves to the largest void until it would move back. Ranks
    count down as the tightest dots are then taken away, and up as the voids are filled.
    """
    side, start = _TILE, _TILE**2 // 10
    wrapped = np.minimum(np.arange(2 * side) % side, -np.arange(2 * side) % side)
    falloff = np.exp(-(wrapped**2) / (2 * 1.5**2))
    kernel = np.outer(falloff, falloff)
    energy, dots = np.zeros((side, side)), np.zeros((side, side), dtype=bool)

    def change(index: int, sign: int) -> None:
        row, column = divmod(index, side)
        dots[row, column] = sign > 0
        np.add(
            energy, sign * kernel[side - row : 2 * side - row, side - column : 2 * side - column], out=energy
        )

    def tightest() -> int:
        return int(np.where(dots, energy, -np.inf).argmax())

    def emptiest() -> int:
        return int(np.where(dots, np.inf, energy).argmin())

    for index in np.random.default_rng(0).permutation(side**2)[:start]:
        change(int(index), 1)
    while True:
        index = tightest()
        change(index, -1)
        void = emptiest()
        change(void, 1)
        if void == index:
            break
    ranks, first = np.empty(side**2), dots.copy()
    for rank in range(start - 1, -1, -1):
        index = tightest()
        change(index, -1)
        ranks[index] = rank
    for index in np.flatnonzero(first):
        change(int(index), 1)
    for rank in range(start, side**2):
        index = emptiest()
        change(index, 1)
        ranks[index] = rank
    return ((ranks.reshape(side, side) + 0.5) / side**2).astype(np.float32)
