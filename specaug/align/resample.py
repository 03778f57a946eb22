"""Prefiltered resampling of a picture into a crop.

A crop that is smaller than the face must be low-passed before it is sampled; a bilinear warp does not, and folds
the fine detail of the source (and with it the resolution of each data set) into false frequencies.
``prefiltered`` reduces in three steps, all on the part of the picture that the crop can see:

1. from a reduction of 2.7 on, halve with the binomial filter (gain ``cos⁴(πf)``) until less than 2.7 is left;
2. a short separable filter, fitted by least squares so that steps 1 to 3 together pass up to 0.38 crop cycles/px
   unchanged and stop from 0.62 on;
3. the warp: bilinear where the filtered picture is still oversampled 1.45 times or more, else bicubic.
"""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from typing import Any, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import ArrayLike

from specaug.align.geometry import (
    checked_points,
    checked_size,
    checked_warp,
    inverse_warp,
    similarity,
    template,
    warp_scale,
)
from specaug.errors import ArgumentError
from specaug.records import Resample

Array = np.ndarray[Any, Any]
Affine = tuple[tuple[float, float, float], tuple[float, float, float]]

_DTYPES = ("uint8", "uint16", "float32", "float64")
_MAX_SPAN = 1 << 16
_TILE_PIXELS = 1 << 21
_HALVING = 2.7
"""Reduction from which the picture is halved first: below it, halving would fold into the passband."""
_PASS, _STOP = 0.38, 0.62
"""Ends of the passband and of the transition, crop cycles/px."""
_TAPS = 2.0
"""Radius of the separable filter in crop px."""
_ONSET = 0.25
"""The filter sets in gradually from a reduction of 1 to 1.25: no step where enlarging ends."""
_OVERSAMPLED = 1.45


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
    points = checked_points("landmarks", landmarks)
    if points.shape != (5, 2):
        raise ArgumentError(f"landmarks: expected shape (5, 2), got {points.shape}")
    warp = similarity(points, template(size, margin))
    return warp_image(image, warp, size=size, resample=resample), warp


def warp_image(
    image: Array, warp: ArrayLike, *, size: int = 224, resample: Resample = "prefiltered"
) -> Array:
    """Resample a picture into a crop; outside the picture it is mirrored at its border pixels.

    With ``prefiltered``, from a reduction of 1.5 on and along an axis of the source, the gain by crop cycles/px is
    0.92 to 1.06 up to 0.35 and at most 0.1 from 0.65 on; of what passes, up to 6 % at 0.3 and 16 % at 0.45 comes out
    at a false frequency (``benchmarks/bench_align.py`` prints the curves). Enlarging is bicubic. Integers are rounded
    and clipped; floats are held within the values of the source, which the filter's negative lobes would leave by
    a few per cent at hard edges.

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
    if resample not in get_args(Resample):
        raise ArgumentError(f"resample: expected one of {', '.join(get_args(Resample))}, got {resample!r}")
    scale = warp_scale(matrix)
    if not scale * size <= _MAX_SPAN:
        raise ArgumentError(f"warp: expected a crop of at most {_MAX_SPAN} source px, got {scale * size:.0f}")
    steps = _Steps(0, None, cv2.INTER_LINEAR) if resample == "bilinear" else _steps(scale)
    crop = _in_tiles(pixels, _affine(inverse_warp(matrix)), size, scale, steps)
    return crop.reshape(size, size, *pixels.shape[2:])


class _Steps(NamedTuple):
    """How a picture is reduced: halvings, then a separable filter, then the interpolation of the warp."""

    halvings: int
    kernel: Array | None
    interpolation: int

    @property
    def reach(self) -> int:
        """Source px beyond a sampled point that can have a part in it."""
        radius = 0 if self.kernel is None else len(self.kernel) // 2
        return ((radius + 5) << self.halvings) - 2


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
    """Taps, (2 * radius + 1,) float64, that complete halvings and warp to a low-pass at 0.5 crop cycles/px."""
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
    return np.asarray(taps)


def _cubic_gain(f: Array) -> Array:
    """Mean gain of OpenCV's bicubic interpolation (a = -0.75) at `f` cycles/px."""
    t = np.linspace(0.0, 2.0, 257)
    near, far = 1.25 * t**3 - 2.25 * t**2 + 1, -0.75 * (t**3 - 5 * t**2 + 8 * t - 4)
    weight = np.where(t <= 1, near, far) * np.where((t == 0) | (t == 2), 0.5, 1.0) / 128
    return np.asarray(2 * np.cos(2 * np.pi * np.outer(f, t)) @ weight)


def _affine(matrix: Array) -> Affine:
    """A (2, 3) matrix as plain numbers: on six values they are faster than arrays."""
    (a, b, x), (c, d, y) = matrix.tolist()
    return (a, b, x), (c, d, y)


def _in_tiles(pixels: Array, inverse: Affine, size: int, scale: float, steps: _Steps) -> Array:
    """Warp tile by tile, so that memory does not grow with the reduction; mostly one tile is the whole crop."""
    middle = (size - 1) / 2
    anchor = [math.floor(a * middle + b * middle + shift + 0.5) for a, b, shift in inverse]
    side = max(8, int(math.sqrt(_TILE_PIXELS) / scale))
    if side >= size:
        return _tile(pixels, inverse, anchor, (size, size), steps)
    crop = np.empty((size, size, *pixels.shape[2:]), pixels.dtype)
    for y in range(0, size, side):
        for x in range(0, size, side):
            (a, b, u), (c, d, v) = inverse
            moved = (a, b, u + a * x + b * y), (c, d, v + c * x + d * y)
            out = crop[y : y + side, x : x + side]
            out[...] = _tile(pixels, moved, anchor, out.shape[:2], steps).reshape(out.shape)
    return crop


def _tile(pixels: Array, inverse: Affine, anchor: list[int], shape: tuple[int, ...], steps: _Steps) -> Array:
    """One tile of a crop. Halving starts at `anchor`, so that it moves with the face, not with the picture."""
    height, width = shape
    step = 2**steps.halvings
    spans, place = [], np.empty((2, 3))
    for axis, (a, b, shift) in enumerate(inverse):
        ends = a * (width - 1), b * (height - 1)
        first = shift - anchor[axis] + sum(min(0.0, end) for end in ends) - steps.reach
        last = shift - anchor[axis] + sum(max(0.0, end) for end in ends) + steps.reach
        low = anchor[axis] + step * math.floor(first / step)
        spans.append((low, anchor[axis] + step * math.ceil(last / step) + 1))
        place[axis] = a / step, b / step, (shift - low) / step
    source = _region(pixels, *spans)
    part = _filtered(source, steps)
    return _interpolated(part, place, shape, steps.interpolation, source)


def _filtered(part: Array, steps: _Steps) -> Array:
    """`part` halved and low-passed, in scratch memory."""
    for number in range(steps.halvings):
        shape = (part.shape[0] + 1) // 2, (part.shape[1] + 1) // 2, *part.shape[2:]
        part = cv2.pyrDown(part, dst=_scratch(f"half {number % 2}", shape, part.dtype))
    if steps.kernel is not None:
        dtype = np.dtype(np.float64 if part.dtype == np.float64 else np.float32)
        depth = cv2.CV_64F if dtype == np.float64 else cv2.CV_32F
        dst = _scratch("filtered", part.shape, dtype)
        part = cv2.sepFilter2D(part, depth, steps.kernel, steps.kernel, dst=dst)
    return part


def _interpolated(
    part: Array, place: Array, shape: tuple[int, ...], interpolation: int, source: Array
) -> Array:
    """`part` sampled where `place` takes the pixels of a crop of `shape`, in the dtype of `source`."""
    flags, mirror = interpolation | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT_101
    if part.dtype != np.float32 or part.shape[2:] != (3,) or interpolation != cv2.INTER_LINEAR:
        tile = cv2.warpAffine(part, place, shape[::-1], flags=flags, borderMode=mirror)
        return _like(np.asarray(tile), source)
    # OpenCV's bilinear warp of float32 takes 0.4 of the time with four channels that it takes with three.
    wide = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA, dst=_scratch("wide", (*part.shape[:2], 4), part.dtype))
    dst = _scratch("tile", (*shape, 4), part.dtype)
    tile = cv2.warpAffine(wide, place, shape[::-1], dst=dst, flags=flags, borderMode=mirror)
    return np.asarray(cv2.cvtColor(_like(np.asarray(tile), source), cv2.COLOR_RGBA2RGB))


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


def _region(pixels: Array, columns: tuple[int, int], rows: tuple[int, int]) -> Array:
    """Pixels of `columns` and `rows`, mirrored at the border of the picture; a view where they lie inside."""
    (x0, x1), (y0, y1) = columns, rows
    height, width = pixels.shape[:2]
    left, top, right, bottom = max(0, -x0), max(0, -y0), max(0, x1 - width), max(0, y1 - height)
    if not (left or top or right or bottom):
        return pixels[y0:y1, x0:x1]
    if max(left, right) >= width or max(top, bottom) >= height:
        far = pixels.take(_mirrored(y0, y1, height), axis=0)
        return np.asarray(far.take(_mirrored(x0, x1, width), axis=1))
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


def _like(tile: Array, source: Array) -> Array:
    """`tile` in the dtype of `source`: integers rounded and clipped, floats held within its values."""
    if source.dtype.kind == "f":
        return np.clip(tile, source.min(), source.max())
    if tile.dtype == source.dtype:
        return tile
    if source.dtype == np.uint8:
        return np.asarray(cv2.addWeighted(tile, 1.0, tile, 0.0, 0.0, dtype=cv2.CV_8U))
    return np.clip(np.rint(tile), 0, np.iinfo(source.dtype).max).astype(source.dtype)


def _checked_image(image: Array) -> Array:
    pixels = np.asarray(image)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or channels > 4:
        raise ArgumentError(f"image: expected (H, W) or (H, W, C) with C <= 4, got shape {pixels.shape}")
    if pixels.dtype.name not in _DTYPES:
        raise ArgumentError(f"image: expected dtype {', '.join(_DTYPES)}, got {pixels.dtype}")
    return pixels
