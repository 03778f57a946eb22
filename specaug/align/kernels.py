"""Which filters reduce a picture: halvings, a low-pass, the interpolation of the warp, and what completes them.

Near a reduction of 1.5, before or after halvings, one low-pass of 7 to 9 taps and a bilinear warp do. Elsewhere
that would take long kernels, so a short one only stops what the warp would fold, and a last filter of five taps,
on the few pixels of the crop, raises again what it weakened; both are fitted together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

Array = np.ndarray[Any, Any]

_HALVING = 2.8
"""Reduction from which the picture is halved first: below it, halving would fold into the passband."""
_OVERSAMPLED = 1.4
"""Reduction from which a low-passed picture is oversampled enough for bilinear interpolation alone."""
_LONG = 2.0
"""Reduction from which one kernel takes too long."""
_PASS, _STOP = 0.38, 0.62
"""Ends of the passband and of the transition, crop cycles/px."""
_TAPS = 2.0
"""Radius of a single low-pass in crop px."""
_ONSET = 0.25
"""It sets in gradually from a reduction of 1 to 1.25: no step where enlarging ends."""
_RADIUS, _POST = 3, 2
"""Radii of a pair of kernels: of the low-pass, and of the filter on the crop, each in its own px."""
_GRID = 32
"""Scales for which pairs of kernels are fitted, per octave: a build meets few of them only once."""
_DIAGONAL = math.sqrt(0.5)
_DIFFERENCE, _LAST_STEP, _MOST_STEPS = 1e-6, 1e-11, 500
"""Of a fit: the step of its derivatives, the change of a tap at which it ends, and its longest course."""
_ALIKE = 1e-3
"""Scales of two axes that differ by less count as one: over 224 px they part by a fifth of a pixel."""
_NONE = np.ones(1)
_NONE.setflags(write=False)


class Steps(NamedTuple):
    """How a picture is reduced: halvings, low-pass, interpolation, and a filter on the crop."""

    halvings: int
    kernels: tuple[Array, Array]
    """Taps of the low-pass along x and along y, on the halved picture; a single one where there is none."""
    interpolation: int
    post: Array | None
    """Taps of the filter on the crop."""

    @property
    def is_filtered(self) -> bool:
        """Whether the picture is low-passed at all before the warp."""
        return max(map(len, self.kernels)) > 1

    @property
    def margins(self) -> tuple[int, int]:
        """Px of the halved picture, in x and y, that the border of what was filtered has a part in."""
        x, y = (len(kernel) // 2 + min(2, self.halvings) for kernel in self.kernels)
        return x, y

    @property
    def border(self) -> int:
        """Px of the crop beyond its edge that can have a part in it."""
        return 0 if self.post is None else len(self.post) // 2


def bilinear_steps() -> Steps:
    """No filter at all."""
    return Steps(0, (_NONE, _NONE), cv2.INTER_LINEAR, None)


def prefiltered_steps(scale_x: float, scale_y: float | None = None) -> Steps:
    """The steps for a reduction by `scale_x` along x and `scale_y` along y; plain bicubic from 1 downwards.

    Where the two differ, as in planes of 4:2:2 colour, single fields and images whose pixels are no squares, each
    axis has a kernel of its own and no filter follows on the crop, whose axes are others.
    """
    scale_y = scale_x if scale_y is None else scale_y
    if abs(scale_x - scale_y) > _ALIKE * scale_x:
        return _unequal_steps((scale_x, scale_y))
    scale = scale_x
    if scale <= 1 + 1e-6:
        return Steps(0, (_NONE, _NONE), cv2.INTER_CUBIC, None)
    halvings = _halvings(scale)
    left = scale / 2**halvings
    if left >= _LONG:
        kernel, post = _pair(2 ** (round(_GRID * math.log2(left)) / _GRID), halvings)
        return Steps(halvings, (kernel, kernel), cv2.INTER_LINEAR, post)
    interpolation = cv2.INTER_CUBIC if left < _OVERSAMPLED else cv2.INTER_LINEAR
    kernel = _single(left, halvings, interpolation)
    return Steps(halvings, (kernel, kernel), interpolation, None)


def _unequal_steps(scales: tuple[float, float]) -> Steps:
    """The steps where one axis is reduced more than the other: as many halvings as both can take."""
    halvings = _halvings(min(scales))
    left = [scale / 2**halvings for scale in scales]
    interpolation = cv2.INTER_CUBIC if min(left) < _OVERSAMPLED else cv2.INTER_LINEAR
    x, y = (_single(one, halvings, interpolation) if one > 1 + 1e-6 else _NONE for one in left)
    return Steps(halvings, (x, y), interpolation, None)


def _halvings(scale: float) -> int:
    """How often to halve before a reduction by `scale`."""
    return max(0, math.ceil(math.log2(scale / _HALVING)))


@lru_cache(maxsize=64)
def _single(scale: float, halvings: int, interpolation: int) -> Array:
    """Taps, (2 * radius + 1,) float64, that complete halvings and warp to a low-pass at 0.5 crop cycles/px."""
    radius = math.ceil(_TAPS * scale)
    f = np.linspace(0.0, 0.5, 129)
    wanted, weight = _wanted(f * scale)
    interpolated = _cubic_gain(f) if interpolation == cv2.INTER_CUBIC else np.sinc(f) ** 2
    basis = _cosines(f, radius) * (interpolated * _halved_gain(f / 2**halvings, halvings))[:, None]
    half = np.linalg.lstsq(basis * weight[:, None], wanted * weight, rcond=None)[0]
    share = min(1.0, (scale - 1) / _ONSET) if halvings == 0 else 1.0
    taps = share * _taps(half / half.sum()) + (1 - share) * (np.arange(-radius, radius + 1) == 0)
    return _rounded(taps, 20)


@lru_cache(maxsize=256)
def _pair(scale: float, halvings: int) -> tuple[Array, Array]:
    """Taps before and after a bilinear warp that reduces by `scale` what was halved before.

    Least squares over gratings along an axis and a diagonal of the source, each seen by an upright and by a
    diagonal crop, and over the images that the interpolation leaves of them. The optimum is flat, so taps are
    kept to 14 bits: no last digit of a machine's linear algebra reaches a pixel.
    """
    near = np.exp(-2 * (np.arange(1, _RADIUS + 1) / scale) ** 2)
    start = np.concatenate([2 * near / (1 + 2 * near.sum()), [-0.7, 0.1]])
    found = _least_squares(_pair_residuals(scale, halvings), start)
    before, after = (np.concatenate([[1 - x.sum()], x]) for x in (found[:_RADIUS], found[_RADIUS:]))
    return _rounded(_taps(before), 14), _rounded(_taps(after), 14)


def _least_squares(residuals: Callable[[Array], Array], x: Array) -> Array:
    """The `x` of the least sum of squared residuals near a start, by Levenberg and Marquardt's damped steps.

    ``scipy.optimize.least_squares`` finds the same to the 14 bits that are kept; its import alone costs each process
    that works on sources a fifth of a second.
    """
    left, damping = residuals(x), 1e-3
    for _ in range(_MOST_STEPS):
        sides = [residuals(x + side) - residuals(x - side) for side in _DIFFERENCE * np.eye(len(x))]
        slope = np.stack(sides, axis=1) / (2 * _DIFFERENCE)
        square = slope.T @ slope
        step = np.linalg.solve(square + damping * np.diag(np.diag(square)), -slope.T @ left)
        there = residuals(x + step)
        if there @ there <= left @ left:
            x, left, damping = x + step, there, damping / 9
            if np.abs(step).max() < _LAST_STEP:
                break
        else:
            damping *= 4
    return x


def _pair_residuals(scale: float, halvings: int) -> Callable[[Array], Array]:
    """What a pair of kernels misses, as a function of all but their middle taps."""
    # Up to two sampling rates of the halved picture: beyond, halvings leave less than there. Up to 0.5 px⁻¹ the many
    # halvings of a large face would leave no sample in the passband.
    f = np.linspace(0.0, min(0.5, 2.0 / 2**halvings), 129)
    on_grid, in_crop = f * 2**halvings, f * 2**halvings * scale
    wanted, weight = _wanted(in_crop)
    oblique = np.where(
        in_crop < _STOP, weight, 0.15
    )  # beyond it, a diagonal lies outside the plane of an axis
    axis, diagonal = (_before_gain(x, halvings) for x in (f, f * _DIAGONAL))
    upright, turned = _cosines(in_crop, _POST), _cosines(in_crop * _DIAGONAL, _POST)
    seen = in_crop <= 0.45
    image = 1 - on_grid[seen]
    left = np.sinc(image) ** 2 * _halved_gain(f[seen], halvings)
    images = 0.5 * _cosines(on_grid[seen], _RADIUS) * left[:, None]
    image_upright, image_turned = (_cosines(image * scale * x, _POST) for x in (1.0, _DIAGONAL))

    def residuals(x: Array) -> Array:
        p, q = (np.concatenate([[1 - half.sum()], half]) for half in (x[:_RADIUS], x[_RADIUS:]))
        once, twice = upright @ q, (turned @ q) ** 2
        return np.concatenate(
            [
                ((axis @ p) * once - wanted) * weight,
                ((axis @ p) * twice - wanted) * weight,
                ((diagonal @ p) ** 2 * twice - wanted) * oblique,
                ((diagonal @ p) ** 2 * once - wanted) * oblique,
                (images @ p) * (image_upright @ q),
                (images @ p) * (image_turned @ q) ** 2,
            ]
        )

    return residuals


def _before_gain(f: Array, halvings: int) -> Array:
    """What each tap before the warp adds to the gain of halvings, kernel and interpolation, at `f` source cycles/px.

    What halving folds comes out at another frequency and counts there.
    """
    on_grid = f * 2**halvings
    fixed = np.sinc(np.abs(on_grid - np.round(on_grid))) ** 2 * _halved_gain(f, halvings)
    return np.asarray(_cosines(on_grid, _RADIUS) * fixed[:, None])


def _wanted(in_crop: Array) -> tuple[Array, Array]:
    """Gain wanted at frequencies of the crop, and how much each counts."""
    transition = (in_crop > _PASS) & (in_crop < _STOP)
    gain = np.asarray(np.interp(in_crop, [_PASS, _STOP], [1.0, 0.0]))
    return gain, np.where(transition, 0.1, 1.0)


def _halved_gain(f: Array, halvings: int) -> Array:
    """Gain at `f` source cycles/px of halvings by the binomial filter."""
    gains = [np.cos(np.pi * f * 2**k) ** 4 for k in range(halvings)]
    return np.asarray(np.prod([np.ones_like(f), *gains], axis=0))


def _cubic_gain(f: Array) -> Array:
    """Mean gain of OpenCV's bicubic interpolation (a = -0.75) at `f` cycles/px."""
    t = np.linspace(0.0, 2.0, 257)
    near, far = 1.25 * t**3 - 2.25 * t**2 + 1, -0.75 * (t**3 - 5 * t**2 + 8 * t - 4)
    weight = np.where(t <= 1, near, far) * np.where((t == 0) | (t == 2), 0.5, 1.0) / 128
    return np.asarray(2 * np.cos(2 * np.pi * np.outer(f, t)) @ weight)


def _cosines(f: Array, radius: int) -> Array:
    """What the middle tap and each pair of taps contribute to the gain at `f` cycles/px."""
    return np.asarray(np.cos(2 * np.pi * np.outer(f, np.arange(radius + 1))))


def _taps(half: Array) -> Array:
    """All taps of a symmetric kernel, from its middle and the sums of its pairs."""
    return np.concatenate([half[:0:-1] / 2, half[:1], half[1:] / 2])


def _rounded(taps: Array, bits: int) -> Array:
    """`taps` to so many bits, with a sum of exactly 1."""
    kept = np.asarray(np.round(taps * 2**bits) / 2**bits)
    kept[len(taps) // 2] += 1 - kept.sum()
    kept.setflags(write=False)
    return kept
