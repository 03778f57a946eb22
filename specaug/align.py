"""From five facial points to one crop: similarity transform, prefiltered warp, and what the warp did.

Coordinates are (x, y) in pixels with pixel centres at integers. A *warp* is a (2, 3) float64 matrix that takes
source (x, y, 1) to crop pixels.

A crop that is smaller than the face must be low-passed before it is sampled; a bilinear warp does not, and folds
the fine detail of the source (and with it the resolution of each data set) into false frequencies. ``prefiltered``
reduces in three steps, all on the part of the picture that the crop can see:

1. from a reduction of 2.7 on, halve with the binomial filter (gain ``cos⁴(πf)``) until less than 2.7 is left;
2. a short separable filter, fitted by least squares so that steps 1 to 3 together pass up to 0.4 crop cycles/px
   unchanged and stop from 0.6 on;
3. a bicubic warp.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike

from specaug.errors import ArgumentError
from specaug.records import Resample

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
"""(5, 2) float64: the five points of a 112x112 ArcFace crop; subject's right eye (left in the picture), left eye,
nose, right and left mouth corner."""
TEMPLATE.setflags(write=False)

_TEMPLATE_SIZE = 112
_MAX_SPAN = 1 << 16
_MAX_SIZE = 4096
_TILE_PIXELS = 1 << 23
_DTYPES = ("uint8", "uint16", "float32", "float64")
_TAPS, _PASS, _STOP, _ONSET = 2.0, 0.38, 0.62, 0.25
_OVERSAMPLED = 1.45
_HALVING = 2.7
"""Reduction from which the picture is halved first: below it, halving would fold into the passband."""


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
    size, margin = _checked_size(size), _checked_margin(margin)
    center = (size - 1) / 2
    return center + (TEMPLATE * (size / _TEMPLATE_SIZE) - center) / margin


def similarity(landmarks: ArrayLike, target: ArrayLike) -> Array:
    """The rotation, uniform scale and shift that bring `landmarks` nearest to `target`.

    Least squares in closed form. With points as complex numbers, ``a = Σ conj(z - z̄)(w - w̄) / Σ|z - z̄|²`` is scale
    and rotation at once, so a mirror image can never come out.

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
    source, goal = _points("landmarks", landmarks), _points("target", target)
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
    size, margin = _checked_size(size), _checked_margin(margin)
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
    return 1.0 / math.sqrt(abs(_determinant(_checked_warp(warp))))


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
    inverse = _inverse(_checked_warp(warp))
    edges = np.array([[-0.5, -0.5], [size - 0.5, -0.5], [size - 0.5, size - 0.5], [-0.5, size - 0.5]])
    corners = edges @ inverse[:, :2].T + inverse[:, 2]
    inside = corners
    for axis, high in ((0, width - 0.5), (1, height - 0.5)):
        inside = _clip_polygon(_clip_polygon(inside, axis, -0.5, 1.0), axis, high, -1.0)
    return float(np.clip(1.0 - _area(inside) / _area(corners), 0.0, 1.0))


def align_face(
    image: Array,
    landmarks: ArrayLike,
    *,
    size: int = 224,
    margin: float = 1.3,
    resample: Resample = "prefiltered",
) -> tuple[Array, Array]:
    """Cut a face out of a picture, upright and at a fixed place.

    Parameters
    ----------
    image : numpy.ndarray
        (H, W, 3) uint8 RGB; (H, W) and (H, W, C) with C <= 4, uint16, float32 and float64 work too.
    landmarks : array_like
        (5, 2) subject's right eye, left eye, nose, right and left mouth corner, (x, y) px.
    size : int
        Side of the crop, px.
    margin : float
        How much wider the crop looks than the tight ArcFace crop; 1 is tight.
    resample : {"prefiltered", "bilinear"}
        ``bilinear`` aliases and is there to compare with others.

    Returns
    -------
    crop : numpy.ndarray
        (size, size, 3), dtype and channels of `image`.
    warp : numpy.ndarray
        (2, 3) float64, source (x, y, 1) to crop px.

    Raises
    ------
    ArgumentError
        If an argument is outside what is described here; the message names it.

    Examples
    --------
    >>> image = np.zeros((480, 640, 3), np.uint8)
    >>> crop, warp = align_face(image, template(112, 1.0) * 2 + 50)
    >>> crop.shape, round(warp_scale(warp), 2)
    ((224, 224, 3), 1.3)
    """
    points = _points("landmarks", landmarks)
    if points.shape != (5, 2):
        raise ArgumentError(f"landmarks: expected shape (5, 2), got {points.shape}")
    warp = similarity(points, template(size, margin))
    return warp_image(image, warp, size=size, resample=resample), warp


def warp_image(
    image: Array, warp: ArrayLike, *, size: int = 224, resample: Resample = "prefiltered"
) -> Array:
    """Resample a picture into a crop; outside the picture it is mirrored at its border pixels.

    With ``prefiltered``, gain by crop cycles/px at any reduction: at least 0.9 up to 0.3, at most 0.1 from 0.75 on
    (``benchmarks/bench_align.py`` prints the curve). Enlarging is bicubic. Float crops are held within
    the values of the source, integers are rounded and clipped.

    Parameters
    ----------
    image : numpy.ndarray
        (H, W), or (H, W, C) with C <= 4; uint8, uint16, float32 or float64.
    warp : array_like
        (2, 3) source (x, y, 1) to crop px.
    size : int
        Side of the crop, px.
    resample : {"prefiltered", "bilinear"}

    Returns
    -------
    numpy.ndarray
        (size, size) or (size, size, C), dtype of `image`.
    """
    pixels, matrix, size = _checked_image(image), _checked_warp(warp), _checked_size(size)
    if resample not in get_args(Resample):
        raise ArgumentError(f"resample: expected one of {', '.join(get_args(Resample))}, got {resample!r}")
    scale = warp_scale(matrix)
    if not scale * size <= _MAX_SPAN:
        raise ArgumentError(f"warp: expected a crop of at most {_MAX_SPAN} source px, got {scale * size:.0f}")
    steps = _Steps(0, None, cv2.INTER_LINEAR) if resample == "bilinear" else _steps(scale)
    return _in_tiles(pixels, _inverse(matrix), size, scale, steps).reshape(size, size, *pixels.shape[2:])


class _Steps(NamedTuple):
    """How a picture is reduced: halvings, then a separable filter, then the interpolation of the warp."""

    halvings: int
    kernel: Array | None
    interpolation: int

    @property
    def reach(self) -> int:
        """Source px beyond a sampled point that can have a part in it."""
        radius = 0 if self.kernel is None else len(self.kernel) // 2
        return (radius + 3) * 2**self.halvings + 2 * (2**self.halvings - 1)


def _steps(scale: float) -> _Steps:
    """The steps for a reduction by `scale`; plain bicubic from 1 downwards."""
    if scale <= 1 + 1e-6:
        return _Steps(0, None, cv2.INTER_CUBIC)
    halvings = max(0, math.ceil(math.log2(scale / _HALVING)))
    left = scale / 2**halvings
    interpolation = cv2.INTER_CUBIC if left < _OVERSAMPLED else cv2.INTER_LINEAR
    return _Steps(halvings, _lowpass(left, halvings, interpolation), interpolation)


@lru_cache(maxsize=64)
def _lowpass(scale: float, halvings: int, interpolation: int) -> Array:
    """Taps, (2 * radius + 1,) float64, that complete halvings and bicubic to a low-pass at 0.5 crop cycles/px."""
    radius = math.ceil(_TAPS * scale)
    f = np.linspace(0.0, 0.5, 129)
    crop = f * scale
    wanted = np.interp(crop, [_PASS, _STOP], [1.0, 0.0])
    weight = np.where((crop > _PASS) & (crop < _STOP), 0.1, 1.0)
    interpolated = _cubic_gain(f) if interpolation == cv2.INTER_CUBIC else np.sinc(f) ** 2
    others = interpolated * np.prod([np.cos(np.pi * f / 2**k) ** 4 for k in range(1, halvings + 1)], axis=0)
    basis = np.cos(2 * np.pi * np.outer(f, np.arange(radius + 1))) * others[:, None]
    half = np.linalg.lstsq(basis * weight[:, None], wanted * weight, rcond=None)[0]
    taps = np.concatenate([half[:0:-1] / 2, half[:1], half[1:] / 2])
    share = min(1.0, (scale - 1) / _ONSET) if halvings == 0 else 1.0
    taps = share * taps / taps.sum() + (1 - share) * (np.arange(-radius, radius + 1) == 0)
    taps.setflags(write=False)
    return taps


def _cubic_gain(f: Array) -> Array:
    """Mean gain of OpenCV's bicubic interpolation (a = -0.75) at `f` cycles/px."""
    t = np.linspace(0.0, 2.0, 257)
    near, far = 1.25 * t**3 - 2.25 * t**2 + 1, -0.75 * (t**3 - 5 * t**2 + 8 * t - 4)
    weight = np.where(t <= 1, near, far) * np.where((t == 0) | (t == 2), 1.0, 2.0) / 128 / 2
    return 2 * np.cos(2 * np.pi * np.outer(f, t)) @ weight


def _in_tiles(pixels: Array, inverse: Array, size: int, scale: float, steps: _Steps) -> Array:
    """Warp tile by tile, so that memory does not grow with the reduction; one tile up to about 9 MP."""
    middle = inverse[:, :2] @ np.full(2, (size - 1) / 2) + inverse[:, 2]
    anchor = np.floor(middle + 0.5)
    side = max(8, int(math.sqrt(_TILE_PIXELS) / scale))
    crop = np.empty((size, size, *pixels.shape[2:]), pixels.dtype)
    for y in range(0, size, side):
        for x in range(0, size, side):
            place = inverse.copy()
            place[:, 2] += inverse[:, :2] @ [x, y]
            out = crop[y : y + side, x : x + side]
            out[...] = _tile(pixels, place, anchor, out.shape[:2], steps).reshape(out.shape)
    return crop


def _tile(pixels: Array, inverse: Array, anchor: Array, shape: tuple[int, ...], steps: _Steps) -> Array:
    """One tile of a crop. Halving starts at `anchor`, so that it moves with the face and not with the picture."""
    height, width = shape
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]])
    seen = corners @ inverse[:, :2].T + inverse[:, 2] - anchor
    step = 2**steps.halvings
    low = anchor + step * np.floor((seen.min(axis=0) - steps.reach) / step)
    high = anchor + step * np.ceil((seen.max(axis=0) + steps.reach) / step)
    part = _region(pixels, low.astype(int), high.astype(int) + 1)
    for _ in range(steps.halvings):
        part = cv2.pyrDown(part)
    if steps.kernel is not None:
        depth = cv2.CV_64F if pixels.dtype == np.float64 else cv2.CV_32F
        part = cv2.sepFilter2D(part, depth, steps.kernel, steps.kernel)
    place = np.column_stack([inverse[:, :2], inverse[:, 2] - low]) / step
    flags = steps.interpolation | cv2.WARP_INVERSE_MAP
    tile = cv2.warpAffine(part, place, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return _as_dtype(tile, pixels)


def _region(pixels: Array, low: Array, high: Array) -> Array:
    """Pixels from `low` to `high` (x, y), mirrored at the border of the picture; a view where they lie inside."""
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    height, width = pixels.shape[:2]
    left, top, right, bottom = max(0, -x0), max(0, -y0), max(0, x1 - width), max(0, y1 - height)
    if not (left or top or right or bottom):
        return pixels[y0:y1, x0:x1]
    if max(left, right) >= width or max(top, bottom) >= height:
        rows, columns = _mirrored(y0, y1, height), _mirrored(x0, x1, width)
        return np.asarray(pixels.take(rows, axis=0).take(columns, axis=1))
    # Mirroring needs the border's inner side too; what the window does not show is cut off again.
    xa, xb = max(0, min(x0, width - 1 - right)), min(width, max(x1, left + 1))
    ya, yb = max(0, min(y0, height - 1 - bottom)), min(height, max(y1, top + 1))
    inside = pixels[ya:yb, xa:xb]
    padded = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    x, y = x0 - xa + left, y0 - ya + top
    return np.asarray(padded[y : y + y1 - y0, x : x + x1 - x0])


def _mirrored(start: int, stop: int, length: int) -> Array:
    """Positions in ``range(start, stop)`` folded into a line of `length` px, its end pixels not repeated."""
    period = max(1, 2 * (length - 1))
    folded = np.arange(start, stop) % period
    return np.minimum(folded, period - folded) if length > 1 else folded


def _as_dtype(tile: Array, pixels: Array) -> Array:
    """`tile` in the dtype of `pixels`: integers rounded and clipped, floats held within the values of the picture."""
    if tile.dtype == pixels.dtype and pixels.dtype.kind == "u":
        return tile
    if pixels.dtype == np.uint8:
        return np.asarray(cv2.add(tile, 0.0, dtype=cv2.CV_8U))
    if pixels.dtype == np.uint16:
        return np.clip(np.rint(tile), 0, 65535).astype(np.uint16)
    return tile


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


def _inverse(matrix: Array) -> Array:
    """The (2, 3) warp from crop to source."""
    (a, b, x), (c, d, y) = matrix.tolist()
    n = a * d - b * c
    return np.array([[d, -b, b * y - d * x], [-c, a, c * x - a * y]]) / n


def _points(name: str, points: ArrayLike) -> Array:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 2:
        raise ArgumentError(f"{name}: expected (N, 2) points with N >= 2, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name}: expected finite points, got {array.tolist()}")
    return array


def _checked_size(size: int) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= _MAX_SIZE:
        raise ArgumentError(f"size: expected an integer from 1 to {_MAX_SIZE} px, got {size!r}")
    return int(size)


def _checked_margin(margin: float) -> float:
    if not 0 < margin < math.inf:
        raise ArgumentError(f"margin: expected a finite number above 0, got {margin!r}")
    return float(margin)


def _checked_warp(warp: ArrayLike) -> Array:
    matrix = np.asarray(warp, dtype=np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise ArgumentError(f"warp: expected a finite (2, 3) matrix, got {np.asarray(warp).tolist()}")
    if not abs(_determinant(matrix)) > 1e-12:
        raise ArgumentError(f"warp: expected a matrix that can be inverted, got {matrix.tolist()}")
    return matrix


def _checked_image(image: Array) -> Array:
    pixels = np.asarray(image)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or channels > 4:
        raise ArgumentError(f"image: expected (H, W) or (H, W, C) with C <= 4, got shape {pixels.shape}")
    if pixels.dtype.name not in _DTYPES:
        raise ArgumentError(f"image: expected dtype {', '.join(_DTYPES)}, got {pixels.dtype}")
    return pixels
