"""Light on a sheet: a lamp to one side, the bend of the paper, the shadow of a hand."""

from __future__ import annotations

import numpy as np
import scipy

from specaug.augment.recapture.fields import Array


def along_axis(shape: tuple[int, int], *, pitch: float, axis: float) -> Array:
    """(H, W) distance from the middle along a direction, mm; `axis` in radians from x to y, `pitch` in mm per px."""
    x, y = ((np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2)) for n in shape[::-1])
    return np.asarray(
        np.float32(pitch) * (np.float32(np.cos(axis)) * x + np.float32(np.sin(axis)) * y[:, None])
    )


def lamp_light(u: Array, *, angle: float, distance: float, curl: float) -> Array:
    """Light at `u` mm from the middle towards the lamp, over that in the middle.

    A small lamp `distance` mm away, `angle` radians from the normal of the sheet, which is bent along `u` with the
    curvature `curl` per mm: by Lambert ``cos(angle - curl u) / cos(angle)``, over the square of the distance.
    """
    # Distance by the cosine rule; a lamp as near as the edge of the crop is none that anybody uses.
    square = 1 - 2 * (u / distance) * np.sin(angle) + (u / distance) ** 2
    facing = np.maximum(np.cos(angle - curl * u), 0) / np.cos(angle)
    return np.asarray(facing / np.maximum(square, 0.1), np.float32)


def shadow(u: Array, *, depth: float, at: float, penumbra: float) -> Array:
    """Light beside a soft edge at `at` mm: 1 far before it and 1 - `depth` far behind it.

    The edge is an error function of the standard deviation `penumbra` mm: the image of a wide lamp.
    """
    return np.asarray(1 - depth * scipy.special.ndtr((u - at) / penumbra), np.float32)
