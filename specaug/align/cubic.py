"""Bicubic interpolation in float64, the same to the last bit on every processor.

OpenCV's own differs by up to 1e-4 levels with the processor's vector instructions, enough to change a rounded value
now and then, and it rounds places to 1/32 px. Here the weights of all output pixels are one sparse matrix,
which is made once for all frames that are cut by one warp.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import scipy

Array = np.ndarray[Any, Any]
Affine = tuple[tuple[float, float, float], tuple[float, float, float]]

SHARPNESS = -0.75
"""Keys' parameter a, as OpenCV has it; -0.5 overshoots less and folds more (benchmarks/results/align.json)."""
_KEPT_PIXELS = 1 << 17
"""A matrix of more output pixels is not kept: 16 weights for each take 192 bytes."""


def cubic_warp(part: Array, place: Affine, shape: tuple[int, int]) -> Array:
    """`part` sampled at the places of an output of `shape`.

    Parameters
    ----------
    part : (h, w) or (h, w, C) array
        Holds all samples within 2 px of every place.
    place : two rows of three numbers
        Output (x, y, 1) to px of `part`.
    shape : tuple of int
        Height and width of the output.

    Returns
    -------
    numpy.ndarray
        float64, (height, width) or (height, width, C).

    References
    ----------
    R. Keys, "Cubic convolution interpolation for digital image processing", IEEE ASSP 29(6), 1981.
    """
    values = part.astype(np.float64)
    (a, b, x), (c, d, y) = place
    if (a, b, c, d) == (1.0, 0.0, 0.0, 1.0) and x == int(x) and y == int(y):
        return values[int(y) : int(y) + shape[0], int(x) : int(x) + shape[1]]
    make = _kept_weights if shape[0] * shape[1] <= _KEPT_PIXELS else _weights
    matrix = make(place, shape, part.shape[:2])
    sampled = matrix @ values.reshape(part.shape[0] * part.shape[1], -1)
    return np.asarray(sampled).reshape(*shape, *part.shape[2:])


def _weights(place: Affine, shape: tuple[int, int], part: tuple[int, int]) -> scipy.sparse.csr_array:
    """(height * width, h * w) sparse matrix with sixteen weights a row."""
    (a, b, x), (c, d, y) = place
    rows, columns = np.arange(shape[0], dtype=np.float64)[:, None], np.arange(shape[1], dtype=np.float64)
    across, down = (a * columns + b * rows + x).ravel(), (c * columns + d * rows + y).ravel()
    left, top = np.floor(across), np.floor(down)
    wx, wy = _keys(across - left), _keys(down - top)
    taps = np.arange(-1, 3)
    lines = np.clip(top.astype(np.int32)[:, None] + taps, 0, part[0] - 1) * part[1]
    cells = np.clip(left.astype(np.int32)[:, None] + taps, 0, part[1] - 1)
    indices = (lines[:, :, None] + cells[:, None, :]).astype(np.int32).ravel()
    data = (wy[:, :, None] * wx[:, None, :]).ravel()
    count = shape[0] * shape[1]
    starts = np.arange(0, 16 * count + 1, 16, dtype=np.int32)
    return scipy.sparse.csr_array((data, indices, starts), shape=(count, part[0] * part[1]))


# A clip has one warp, and its planes two grids: luma and colour.
_kept_weights = lru_cache(maxsize=2)(_weights)


def _keys(t: Array) -> Array:
    """(n, 4) weights of the samples at -1, 0, 1, 2 for places `t` in [0, 1)."""
    s = 1 - t

    def near(u: Array) -> Array:
        return ((SHARPNESS + 2) * u - (SHARPNESS + 3)) * u * u + 1

    def far(u: Array) -> Array:
        return ((SHARPNESS * u - 5 * SHARPNESS) * u + 8 * SHARPNESS) * u - 4 * SHARPNESS

    return np.stack([far(1 + t), near(t), near(s), far(1 + s)], axis=1)
