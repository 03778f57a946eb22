"""Prefiltered resampling of a picture into a crop.

A crop that is smaller than the face must be low-passed before it is sampled; a bilinear warp is not, and folds
the fine detail of the source (and with it the resolution of each data set) into false frequencies. Values are
resampled as they are stored, gamma-coded, as in the images that detectors and networks are trained on.
``prefiltered`` reduces in four steps, all on the part of the picture that the crop can see:

1. from a reduction of 2.8 on, halve with the binomial filter (gain ``cos⁴(πf)``) until less than 2.8 is left;
2. a separable low-pass that stops what the warp would fold;
3. the warp: bilinear, or bicubic where less than 1.4 is left;
4. where 2 or more is left, a filter of five taps on the crop, so that the low-pass can be short.

`specaug.align.kernels` fits the kernels so that all steps together pass up to 0.38 crop cycles/px and stop from 0.62
on, as far as their few taps can; :func:`warp_image` says what they reach.
"""

from __future__ import annotations

import math
import threading
from typing import Any, get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike

from specaug.align.cubic import cubic_warp
from specaug.align.face_warp import (
    checked_points,
    checked_size,
    checked_warp,
    inverse_warp,
    similarity,
    template,
)
from specaug.align.image_view import View
from specaug.align.kernels import Steps, bilinear_steps, prefiltered_steps
from specaug.errors import ArgumentError
from specaug.records import Resample

Array = np.ndarray[Any, Any]
Affine = tuple[tuple[float, float, float], tuple[float, float, float]]

_DTYPES = ("uint8", "uint16", "float32", "float64")
_MAX_SPAN = 1 << 16
TILE_PIXELS = 1 << 21
_LEAST_SCALE = 2.0
"""Tiles are no larger where the crop enlarges: weights of each of its pixels are held too."""
BAND_COST = 8_000
"""What one more band costs, in source px whose filtering it saves."""
_MAX_BANDS = 16
_BAND_ROWS = 8
"""Least height of a band: its kernel's margins are as high again."""
_SUPPORT = 2
"""Px that an interpolation looks to either side."""


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
        ``bilinear`` has no filter: it folds fine detail, and is there to compare with others.

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
    >>> from specaug.align import warp_scale
    >>> image = np.zeros((480, 640, 3), np.uint8)
    >>> crop, warp = align_face(image, template(112, 1.0) * 2 + 50)
    >>> crop.shape, round(warp_scale(warp), 2)
    ((224, 224, 3), 1.3)
    """
    points = checked_points("landmarks", landmarks)
    if points.shape != (5, 2):
        raise ArgumentError(f"landmarks: expected shape (5, 2), got {points.shape}")
    warp = similarity(points, template(size, margin))
    return warp_image(image, warp, size=size, resample=resample), warp


def warp_image(
    image: Array, warp: ArrayLike, *, size: int = 224, resample: Resample = "prefiltered"
) -> Array:
    """Resample a picture into a crop; outside the picture it is mirrored at its border pixels.

    With ``prefiltered``, from a reduction of 1.5 on, for gratings along an axis of the source and any turn of the
    face, the gain by crop cycles/px is 0.88 to 1.07 up to 0.35 and at most 0.1 from 0.65 on; a grating of 0.55, which
    folds, keeps up to 0.44. Of what passes, up to 10 % at 0.3 and 17 % at 0.45 comes out at a false frequency.
    Between reductions of 1 and 1.5 the filter sets in by and by: at 1.2, a grating of 0.55 keeps 0.63. Enlarging is
    bicubic (``benchmarks/bench_align.py`` measures all this).

    A hard edge is left by 7 to 13 % of its step on either side. Integers are rounded and clipped to their range, so
    they show that; floats, which have no range of their own, are held within the values of the source. The two
    therefore differ at hard edges.

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
    pixels, matrix, size = _checked_image(image), checked_warp(warp), checked_size(size)
    return _resampled(pixels, matrix, (size, size), resample, exact=False)


def warp_plane(
    plane: Array,
    warp: ArrayLike,
    *,
    shape: tuple[int, int],
    resample: Resample = "prefiltered",
    exact: bool = True,
) -> Array:
    """Resample one plane of an image, or several with one sampling, to float64 values that are not rounded.

    :func:`warp_image` for what is converted afterwards: the warp may mirror, and may reduce x and y of the plane by
    different factors, as the planes of subsampled colour, of single fields and of images with oblong pixels need.
    All arithmetic is in float64, where the products of 8 to 16 bit values and the filters' short taps are exact:
    the order of a processor's sums reaches no rounded value.

    Parameters
    ----------
    plane : numpy.ndarray
        (H, W), or (H, W, C) with C <= 4; uint8, uint16, float32 or float64.
    warp : array_like
        (2, 3) plane (x, y, 1) to crop px, without shear.
    shape : tuple of int
        Height and width of the crop.
    resample : {"prefiltered", "bilinear"}
    exact : bool
        False rounds to the dtype of `plane`, in a third of the time: for detectors.

    Returns
    -------
    numpy.ndarray
        (height, width) or (height, width, C) float64, in units of `plane`; values may lie a little outside those
        of the plane at hard edges.
    """
    return _resampled(_checked_image(plane), checked_warp(warp), shape, resample, exact=exact)


def _resampled(
    pixels: Array, matrix: Array, shape: tuple[int, int], resample: Resample, *, exact: bool
) -> Array:
    """A crop of `shape` in the dtype of `pixels`, or (`exact`) in float64."""
    if resample not in get_args(Resample):
        raise ArgumentError(f"resample: expected one of {', '.join(get_args(Resample))}, got {resample!r}")
    scales = 1 / math.hypot(*matrix[:, 0]), 1 / math.hypot(*matrix[:, 1])
    span = max(scales) * max(shape)
    if not span <= _MAX_SPAN:
        raise ArgumentError(f"warp: expected a crop of at most {_MAX_SPAN} source px, got {span:.0f}")
    steps = bilinear_steps() if resample == "bilinear" else prefiltered_steps(*scales)
    crop = _in_tiles(pixels, _affine(inverse_warp(matrix)), shape, max(scales), steps, exact=exact)
    return crop.reshape(*shape, *pixels.shape[2:])


def _affine(matrix: Array) -> Affine:
    """A (2, 3) matrix as plain numbers: on six values they are faster than arrays."""
    (a, b, x), (c, d, y) = matrix.tolist()
    return (a, b, x), (c, d, y)


def _in_tiles(
    pixels: Array, inverse: Affine, shape: tuple[int, int], scale: float, steps: Steps, *, exact: bool
) -> Array:
    """Warp tile by tile, so that memory does not grow with the reduction; mostly one tile is the whole crop."""
    rows, columns = shape
    across, down = (columns - 1) / 2, (rows - 1) / 2
    anchor = [math.floor(a * across + b * down + shift + 0.5) for a, b, shift in inverse]
    side = max(8, int(math.sqrt(TILE_PIXELS) / max(scale, _LEAST_SCALE)))
    if side >= max(shape):
        return _tile(pixels, inverse, anchor, shape, steps, exact=exact)
    crop = np.empty((*shape, *pixels.shape[2:]), np.float64 if exact else pixels.dtype)
    for y in range(0, rows, side):
        for x in range(0, columns, side):
            (a, b, u), (c, d, v) = inverse
            moved = (a, b, u + a * x + b * y), (c, d, v + c * x + d * y)
            out = crop[y : y + side, x : x + side]
            out[...] = _tile(pixels, moved, anchor, out.shape[:2], steps, exact=exact).reshape(out.shape)
    return crop


def _tile(
    pixels: Array, inverse: Affine, anchor: list[int], shape: tuple[int, ...], steps: Steps, *, exact: bool
) -> Array:
    """One tile of a crop. Halving starts at `anchor`, so that it moves with the face, not with the picture."""
    border, step = steps.border, 2**steps.halvings
    height, width = shape[0] + 2 * border, shape[1] + 2 * border
    place, low, high = [], [], []
    for (a, b, shift), origin in zip(inverse, anchor, strict=True):
        a, b, shift = a / step, b / step, (shift - border * (a + b) - origin) / step
        across, down = a * (width - 1), b * (height - 1)
        low.append(math.floor(shift + min(0.0, across) + min(0.0, down)) - _SUPPORT)
        high.append(math.ceil(shift + max(0.0, across) + max(0.0, down)) + _SUPPORT + 1)
        place.append((a, b, shift - low[-1]))
    columns, rows = high[0] - low[0], high[1] - low[1]
    dtype = np.dtype(np.float64 if exact or pixels.dtype == np.float64 else np.float32)
    view = View(pixels, anchor[0] + step * low[0], anchor[1] + step * low[1], step, dtype)
    outline = _Outline((place[0], place[1]), (height, width))
    if steps.is_filtered:
        part = _part(view, outline, (rows, columns), steps)
    else:
        part = view.region((0, columns), (0, rows))
        part = part.astype(dtype) if exact else part
    if exact:
        return _warped(part, outline, steps).copy()
    crop = _like(_warped(part, outline, steps), view, (columns, rows))
    narrow = crop.shape[2:] == (4,) and pixels.shape[2:] == (3,)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGBA2RGB)) if narrow else crop


class _Outline:
    """Where a tile of `shape` lies, as a parallelogram: `place` takes its pixels there."""

    def __init__(self, place: Affine, shape: tuple[int, int]) -> None:
        self.place, self.shape = place, shape
        (a, b, x), (c, d, y) = place
        det = a * d - b * c
        self.area = abs(det) * (shape[1] - 1) * (shape[0] - 1)
        self._strips = [
            _strip(d / det, -b / det, (b * y - d * x) / det, shape[1] - 1),
            _strip(-c / det, a / det, (c * x - a * y) / det, shape[0] - 1),
        ]

    def extent(self, low: float, high: float) -> tuple[float, float]:
        """Bounds of x where y is from `low` to `high`."""
        left = max(x0 + min(slope * low, slope * high) for slope, x0, _ in self._strips)
        right = min(x1 + max(slope * low, slope * high) for slope, _, x1 in self._strips)
        return left, right


def _strip(p: float, q: float, r: float, length: int) -> tuple[float, float, float]:
    """The strip ``0 <= p x + q y + r <= length`` as slope s and bounds: ``x0 + s y <= x <= x1 + s y``."""
    if abs(p) < 1e-9:
        return 0.0, -math.inf, math.inf
    ends = -r / p, (length - r) / p
    return -q / p, min(ends), max(ends)


def _part(view: View, outline: _Outline, shape: tuple[int, int], steps: Steps) -> Array:
    """The halved and low-passed picture of `shape`, filled where the tile looks.

    A turned tile fills little more than half of the picture around it, so it is filtered in bands, each as wide
    as the tile is there.
    """
    rows, columns = shape
    dtype = view.dtype
    # OpenCV's bilinear warp of float32 takes half the time with four channels that it takes with three.
    widen = view.pixels.shape[2:] == (3,) and dtype == np.float32 and steps.interpolation == cv2.INTER_LINEAR
    unseen = max(0.0, (rows * columns - outline.area) * view.step**2)
    # A band of no rows would be an empty region: of a large face in a small crop few rows are left.
    number = max(1, min(_MAX_BANDS, rows // _BAND_ROWS, round(math.sqrt(unseen / BAND_COST))))
    if number == 1 and not widen:
        return _filtered(view, (0, columns), (0, rows), steps)
    part = _scratch("part", (rows, columns, *((4,) if widen else view.pixels.shape[2:])), dtype)
    for i in range(number):
        first, last = rows * i // number, rows * (i + 1) // number
        left, right = outline.extent(first - _SUPPORT - 1, last + _SUPPORT + 1)
        start, stop = max(0, math.floor(left) - _SUPPORT), min(columns, math.ceil(right) + _SUPPORT + 1)
        band = _filtered(view, (start, stop), (first, last), steps)
        out = part[first:last, start:stop]
        if widen:
            cv2.cvtColor(band, cv2.COLOR_RGB2RGBA, dst=out)
        else:
            out[...] = band.reshape(out.shape)
    return part


def _filtered(view: View, columns: tuple[int, int], rows: tuple[int, int], steps: Steps) -> Array:
    """A region halved and low-passed, in scratch memory; what the region's own border touches is cut off."""
    x, y = steps.margins
    part = view.region((columns[0] - x, columns[1] + x), (rows[0] - y, rows[1] + y))
    for number in range(steps.halvings):
        shape = (part.shape[0] + 1) // 2, (part.shape[1] + 1) // 2, *part.shape[2:]
        part = cv2.pyrDown(part, dst=_scratch(f"half {number % 2}", shape, part.dtype))
    part = _separable(part, steps.kernels, _scratch("filtered", part.shape, view.dtype))
    return np.asarray(part[y : part.shape[0] - y, x : part.shape[1] - x])


def _separable(part: Array, kernels: tuple[Array, Array], out: Array) -> Array:
    depth = cv2.CV_64F if out.dtype == np.float64 else cv2.CV_32F
    return np.asarray(cv2.sepFilter2D(part, depth, *kernels, dst=out))


def _warped(part: Array, outline: _Outline, steps: Steps) -> Array:
    """`part` sampled at the pixels of a tile, then filtered, without the tile's border."""
    flags, mirror = steps.interpolation | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT_101
    shape = outline.shape
    if part.dtype == np.float64 and steps.interpolation == cv2.INTER_CUBIC:
        return cubic_warp(part, outline.place, shape)
    place = np.array(outline.place)
    dst = _scratch("tile", (*shape, *part.shape[2:]), part.dtype)
    tile = np.asarray(cv2.warpAffine(part, place, shape[::-1], dst=dst, flags=flags, borderMode=mirror))
    if steps.post is None:
        return tile
    cut = steps.border
    post = (steps.post, steps.post)
    return _separable(tile, post, _scratch("raised", tile.shape, tile.dtype))[cut:-cut, cut:-cut]


class _Scratch(threading.local):
    """Memory for what lies between source and crop, kept from call to call.

    Fresh buffers of these sizes go back to the system after each call, and the page faults of getting them anew
    cost up to three times the arithmetic.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, Array] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """An array with any content; it lives until the thread asks for `name` again."""
        n_bytes = math.prod(shape) * dtype.itemsize
        if name not in self._buffers or self._buffers[name].size < n_bytes:
            self._buffers[name] = np.empty(n_bytes, np.uint8)
        return self._buffers[name][:n_bytes].view(dtype).reshape(shape)


_scratch = _Scratch()


def _like(tile: Array, view: View, shape: tuple[int, int]) -> Array:
    """A copy of `tile` in the picture's dtype: integers rounded and clipped, floats held within its values there."""
    dtype = view.pixels.dtype
    if dtype.kind == "f":
        seen = view.region((0, shape[0]), (0, shape[1]))
        return np.asarray(np.clip(tile, seen.min(), seen.max()))
    if tile.dtype == dtype:
        return tile.copy()
    if dtype == np.uint8:
        # Of all ways to round and clip, these two calls take the least time.
        _, tile = cv2.threshold(
            tile, 0, 0, cv2.THRESH_TOZERO, dst=_scratch("above 0", tile.shape, tile.dtype)
        )
        return np.asarray(cv2.convertScaleAbs(tile))
    return np.clip(np.rint(tile), 0, np.iinfo(dtype).max).astype(dtype)


def _checked_image(image: Array) -> Array:
    pixels = np.asarray(image)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or channels > 4:
        raise ArgumentError(f"image: expected (H, W) or (H, W, C) with C <= 4, got shape {pixels.shape}")
    if pixels.dtype.name not in _DTYPES:
        raise ArgumentError(f"image: expected dtype {', '.join(_DTYPES)}, got {pixels.dtype}")
    return pixels
