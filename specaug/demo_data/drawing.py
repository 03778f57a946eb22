"""Smooth marks, noise and strokes on the canvas in face units, from which subjects are drawn.

A face unit is a little more than half the width of a head. ``u`` runs to the right of the picture, ``v`` down;
the origin lies between the eyes and the tip of the nose.
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, noise

HALF_EXTENT = 1.8
"""The canvas reaches from -1.8 to 1.8 face units on both axes."""
PX_PER_UNIT = 160
SIDE = round(2 * HALF_EXTENT * PX_PER_UNIT)
"""Side of the canvas in px."""


@functools.cache
def grid() -> tuple[Array, Array]:
    """The coordinates ``u`` and ``v`` of every canvas pixel, each (SIDE, SIDE), read-only."""
    axis = ((np.arange(SIDE) + 0.5) / PX_PER_UNIT - HALF_EXTENT).astype(np.float32)
    u, v = np.meshgrid(axis, axis)
    u.flags.writeable = v.flags.writeable = False
    return u, v


def to_px(coordinate: Any) -> Any:
    """Face units to canvas px, pixel centres at integers."""
    return (coordinate + HALF_EXTENT) * PX_PER_UNIT - 0.5


def smoothstep(start: Any, stop: Any, x: Any) -> Array:
    """0 before `start`, 1 after `stop`, a cubic between; falls instead of rising where `start` > `stop`.

    Examples
    --------
    >>> float(smoothstep(0, 1, 0.5)), float(smoothstep(1, 0, 2.0))
    (0.5, 0.0)
    """
    t = np.clip((x - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def bump(x: Any, width: Any) -> Array:
    """A Gaussian of height 1 about x = 0."""
    return np.asarray(np.exp(-0.5 * np.square(x / width)), np.float32)


def blob(u0: float, v0: float, width: float, height: float, *, turn: float = 0.0) -> Array:
    """A Gaussian spot of height 1 at (u0, v0), turned by `turn` radians."""
    u, v = grid()
    if turn == 0:  # a product of two lines
        return np.outer(bump(v[:, 0] - v0, height), bump(u[0] - u0, width))
    du, dv = u - u0, v - v0
    c, s = np.cos(turn), np.sin(turn)
    along, across = (c * du + s * dv) / width, (c * dv - s * du) / height
    return np.asarray(np.exp(-0.5 * (along**2 + across**2)), np.float32)


def pair(u0: float, v0: float, width: float, height: float, *, turn: float = 0.0) -> Array:
    """The same spot left and right of the middle of the face, mirrored."""
    return blob(u0, v0, width, height, turn=turn) + blob(-u0, v0, width, height, turn=-turn)


def canvas_noise(cell: float, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE) smooth noise with mean near 0 and standard deviation 1; `cell` is the size of its features in px."""
    return noise(cell, rng=rng, shape=(SIDE, SIDE))


def paint(under: Array, colour: Any, alpha: Any) -> Array:
    """`colour` laid over `under` (H, W, 3) with the opacity `alpha` (H, W)."""
    a, colours = np.asarray(alpha, np.float32), np.asarray(colour, np.float32)
    out = np.empty(under.shape, np.float32)
    # A channel at a time: NumPy takes several times as long over a last axis of three or four.
    for channel in range(under.shape[2]):
        beneath = under[..., channel]
        out[..., channel] = beneath + (colours[..., channel] - beneath) * a
    return out


def layer(colour: Array, alpha: Any) -> Array:
    """(H, W, 4) float32: colour already multiplied by its opacity, then the opacity."""
    a = np.clip(np.asarray(alpha, np.float32), 0, 1)[..., None]
    return np.concatenate([colour * a, a], axis=2).astype(np.float32)


def over(under: Array, top: Array) -> Array:
    """The layer `top` (H, W, 4) laid over `under`, a layer or a picture (H, W, 3)."""
    out = np.empty_like(under)
    kept = 1 - top[..., 3]
    for channel in range(under.shape[2]):  # one at a time, as in paint
        np.multiply(under[..., channel], kept, out=out[..., channel])
        out[..., channel] += top[..., channel]
    return out


def stroke_paths(
    start: npt.NDArray[Any], heading: npt.NDArray[Any], length: Any, bend: Any, *, points: int = 6
) -> npt.NDArray[np.float64]:
    """(n, points, 2) circular arcs from `start` (n, 2), in face units.

    `heading` is in radians, 0 to the right and pi / 2 down; `bend` is the change of heading from end to end.
    """
    step = np.linspace(0, 1, points)[None]
    angle = heading[:, None] + np.reshape(bend, (-1, 1)) * (step - 0.5 / (points - 1))
    piece = np.reshape(length, (-1, 1)) / (points - 1)
    moves = np.stack([np.cos(angle), np.sin(angle)], axis=2) * piece[..., None]
    moves[:, 0] = 0
    return start[:, None] + np.cumsum(moves, axis=1)


def draw_strokes(onto: npt.NDArray[np.uint8], paths: npt.NDArray[Any], values: npt.NDArray[Any]) -> None:
    """Draw each of the `paths` (n, points, 2; face units) onto an 8-bit canvas with its own grey value."""
    fixed = np.rint(to_px(paths) * 16).astype(np.int32)
    for path, value in zip(fixed, np.clip(values, 0, 255), strict=True):
        cv2.polylines(onto, [path], False, float(value), 1, cv2.LINE_AA, 4)


def scatter(density: npt.NDArray[Any], n: int, *, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(n, 2) random points in face units, distributed as `density` (SIDE, SIDE)."""
    cumulative = np.cumsum(density.ravel(), dtype=np.float64)
    cells = np.searchsorted(cumulative, rng.uniform(0, cumulative[-1], n), side="right")
    rows, columns = np.divmod(np.minimum(cells, cumulative.size - 1), SIDE)
    spot = np.stack([columns, rows], axis=1) + rng.uniform(0, 1, (n, 2))
    return spot / PX_PER_UNIT - HALF_EXTENT
