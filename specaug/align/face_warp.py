"""Where a face lies in a crop: five points, one template, and the similarity between them.

Coordinates are (x, y) in pixels with pixel centres at integers. A *warp* is a (2, 3) float64 matrix that takes
source (x, y, 1) to crop pixels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from specaug.errors import ArgumentError

Array = np.ndarray[Any, Any]

TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""(5, 2) float64: the five points of a 112x112 ArcFace crop; subject's right eye (left in the picture), left
eye, nose, right and left mouth corner."""
TEMPLATE.setflags(write=False)

MAX_SIZE = 4096
"""Largest side of a crop, px."""

_TEMPLATE_SIZE = 112


def template(size: int = 224, margin: float = 1.3) -> Array:
    """Where the five points of a face lie in a crop.

    `TEMPLATE` times ``size / 112``, then drawn together about the crop's centre ``(size - 1) / 2`` by
    ``1 / margin``.

    Parameters
    ----------
    size : int
        Side of the crop, px.
    margin : float
        How much wider the crop looks than the tight ArcFace crop; 1 is tight.

    Returns
    -------
    numpy.ndarray
        (5, 2) float64, crop px.

    Examples
    --------
    >>> bool(np.array_equal(template(112, 1.0), TEMPLATE))
    True
    >>> template(224, 1.3).round(1)[0].tolist()
    [84.6, 105.3]
    """
    size, margin = checked_size(size), checked_margin(margin)
    center = (size - 1) / 2
    return center + (TEMPLATE * (size / _TEMPLATE_SIZE) - center) / margin


def similarity(landmarks: ArrayLike, target: ArrayLike) -> Array:
    """The rotation, uniform scale and shift that bring `landmarks` nearest to `target`.

    Least squares in closed form. With points as complex numbers, ``a = Σ conj(z - z̄)(w - w̄) / Σ|z - z̄|²`` is
    scale and rotation at once, so a mirror image can never come out.

    Parameters
    ----------
    landmarks, target : array_like
        (N, 2) points with N >= 2, px.

    Returns
    -------
    numpy.ndarray
        (2, 3) float64 warp from `landmarks` to `target`.

    Raises
    ------
    ArgumentError
        If a point is not finite, or the points coincide so that no scale is defined.

    References
    ----------
    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE PAMI
    13(4), 1991.

    Examples
    --------
    >>> similarity([[0, 0], [1, 0]], [[5, 5], [5, 7]]).round(9).tolist()
    [[0.0, -2.0, 5.0], [2.0, 0.0, 5.0]]
    """
    source, goal = checked_points("landmarks", landmarks), checked_points("target", target)
    if source.shape != goal.shape:
        raise ArgumentError(f"landmarks: expected shape {goal.shape} as target, got {source.shape}")
    z, w = source @ [1, 1j], goal @ [1, 1j]
    z0, w0 = z.mean(), w.mean()
    spread = float(np.sum(np.abs(z - z0) ** 2))
    a = np.vdot(z - z0, w - w0) / spread if spread > 0 else 0j
    if not 1e-6 < abs(a) < 1e6:
        raise ArgumentError(
            f"landmarks: expected points that lie apart and resemble target, got {source.tolist()}"
        )
    b = w0 - a * z0
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def box_warp(box: ArrayLike, *, size: int = 224, margin: float = 1.3) -> Array:
    """The upright square about a face box, without rotation.

    Parameters
    ----------
    box : array_like
        (4,) x0, y0, x1, y1, px.
    size : int
        Side of the crop, px.
    margin : float
        Side of the square in units of the box's longer side.

    Returns
    -------
    numpy.ndarray
        (2, 3) float64 warp.

    Examples
    --------
    >>> box_warp([10, 10, 30, 30], size=40, margin=2).tolist()
    [[1.0, 0.0, -0.5], [0.0, 1.0, -0.5]]
    """
    size, margin = checked_size(size), checked_margin(margin)
    corners = np.asarray(box, dtype=np.float64)
    if corners.shape != (4,) or not np.isfinite(corners).all() or not (corners[2:] > corners[:2]).all():
        raise ArgumentError(f"box: expected finite x0 < x1 and y0 < y1, got {np.asarray(box).tolist()}")
    gain = size / (margin * float((corners[2:] - corners[:2]).max()))
    shift = (size - 1) / 2 - gain * (corners[:2] + corners[2:]) / 2
    return np.array([[gain, 0.0, shift[0]], [0.0, gain, shift[1]]])


def warp_scale(warp: ArrayLike) -> float:
    """Source pixels per crop pixel; above 1 the crop is a reduction.

    Examples
    --------
    >>> warp_scale([[0.25, 0, 7], [0, 0.25, 7]])
    4.0
    """
    return 1.0 / math.sqrt(abs(_determinant(checked_warp(warp))))


def padding_share(warp: ArrayLike, *, width: int, height: int, size: int) -> float:
    """Share of the crop's area that lies outside the picture, by exact polygon clipping.

    Parameters
    ----------
    warp : array_like
        (2, 3) source to crop.
    width, height : int
        Picture, px.
    size : int
        Side of the crop, px.

    Returns
    -------
    float
        0 (all inside) to 1 (all outside).

    Examples
    --------
    >>> padding_share([[1, 0, 50], [0, 1, 0]], width=200, height=200, size=100)
    0.5
    """
    inverse = inverse_warp(checked_warp(warp))
    edges = np.array([[-0.5, -0.5], [size - 0.5, -0.5], [size - 0.5, size - 0.5], [-0.5, size - 0.5]])
    corners = edges @ inverse[:, :2].T + inverse[:, 2]
    inside = corners
    for axis, high in ((0, width - 0.5), (1, height - 0.5)):
        inside = _clip_polygon(_clip_polygon(inside, axis, -0.5, 1.0), axis, high, -1.0)
    return float(np.clip(1.0 - _area(inside) / _area(corners), 0.0, 1.0))


def inverse_warp(warp: ArrayLike) -> Array:
    """The (2, 3) matrix that takes crop pixels to source pixels.

    Examples
    --------
    >>> inverse_warp([[0.5, 0, 1], [0, 0.5, 2]]).tolist()
    [[2.0, 0.0, -2.0], [0.0, 2.0, -4.0]]
    """
    (a, b, x), (c, d, y) = checked_warp(warp).tolist()
    n = a * d - b * c
    return np.array([[d / n, -b / n, (b * y - d * x) / n], [-c / n, a / n, (c * x - a * y) / n]]) + 0.0


def _clip_polygon(corners: Array, axis: int, edge: float, sign: float) -> Array:
    """The part of a convex polygon (N, 2) where ``sign * (coordinate - edge) >= 0``."""
    kept: list[Array] = []
    for here, there in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        a, b = sign * (here[axis] - edge), sign * (there[axis] - edge)
        if a >= 0:
            kept.append(here)
        if (a >= 0) != (b >= 0):
            kept.append(here + (there - here) * (a / (a - b)))
    return np.array(kept).reshape(-1, 2)


def _area(corners: Array) -> float:
    """Area of a polygon (N, 2) by the shoelace formula."""
    if len(corners) < 3:
        return 0.0
    x, y = (corners - corners[0]).T
    return abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2


def _determinant(matrix: Array) -> float:
    (a, b, _), (c, d, _) = matrix.tolist()
    return float(a * d - b * c)


def checked_points(name: str, points: ArrayLike) -> Array:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 2:
        raise ArgumentError(f"{name}: expected (N, 2) points with N >= 2, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name}: expected finite points, got {array.tolist()}")
    return array


def checked_size(size: int) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= MAX_SIZE:
        raise ArgumentError(f"size: expected an integer from 1 to {MAX_SIZE} px, got {size!r}")
    return int(size)


def checked_margin(margin: float) -> float:
    if not 0 < margin < math.inf:
        raise ArgumentError(f"margin: expected a finite number above 0, got {margin!r}")
    return float(margin)


def checked_warp(warp: ArrayLike) -> Array:
    matrix = np.asarray(warp, dtype=np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise ArgumentError(f"warp: expected a finite (2, 3) matrix, got {np.asarray(warp).tolist()}")
    if not abs(_determinant(matrix)) > 1e-12:
        raise ArgumentError(f"warp: expected a matrix that can be inverted, got {matrix.tolist()}")
    return matrix
