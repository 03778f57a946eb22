"""Log-amplitude of the planes of a picture, on the half plane of a real transform."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from specaug.arrays import (
    at_least_single,
    check_axis,
    check_image,
    check_number,
    is_double,
    is_numpy,
    like,
    namespace,
    to_unit,
)
from specaug.checked_fields import quoted
from specaug.color import luma, rgb_to_hsv
from specaug.errors import ArgumentError
from specaug.spectrum.transform import rfft2

Channels = Literal["luma", "rgb", "hsv"]
Window = Literal["hann"]


def check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Refuse what is not one of `choices`."""
    # Only texts and None are compared: an array would compare each of its numbers.
    if not isinstance(value, str | None) or value not in choices:
        raise ArgumentError(f"{name}: expected one of {', '.join(map(str, choices))}, got {quoted(value)}")


def log_amplitude(
    image: Any,
    then: Callable[[Any, tuple[int, int]], Any],
    *,
    channels: Channels,
    window: Window | None,
    gain: float,
    channel_axis: int | None,
    whole: tuple[Callable[[Any, int], Any], Callable[[np.ndarray, np.ndarray], None]] | None = None,
) -> tuple[Any, int | None]:
    """`then` of each plane's (H, W//2 + 1) log-amplitude and (H, W), and the axis for results, None for luma.

    With `whole` the half planes become (H, W): its functions give one, and write one where NumPy's is to be.
    """
    check_choice("channels", channels, get_args(Channels))
    check_choice("window", window, (None, *get_args(Window)))
    check_image("image", image, channel_axis=channel_axis)
    gain = check_number("gain", gain, low=0.0)
    planes, axis = planes_of(image, channels, channel_axis)
    shape = (int(planes.shape[-2]), int(planes.shape[-1]))
    own = is_numpy(planes) and not np.may_share_memory(planes, image)

    def made(plane: Any) -> Any:
        return then(_half(to_unit(plane), window, gain), shape)

    if whole is None:
        return each_plane(made, planes, own=own), axis
    shifted, place = whole
    if not is_numpy(planes) or planes.ndim == 2:
        return shifted(made(planes), shape[1]), axis
    dtype = np.float64 if is_double(planes) else np.float32
    results = planes if own and planes.dtype == dtype else np.empty(planes.shape, dtype)
    for index in np.ndindex(planes.shape[:-2]):
        place(made(planes[index]), results[index])
    return results, axis


def planes_of(image: Any, channels: Channels, channel_axis: int | None) -> tuple[Any, int | None]:
    """Planes (…, H, W) of `image`, and the axis that its channels had, None where it is gone.

    Plain channels of uint8 stay uint8, for :func:`to_unit` to convert a plane at a time; all else has white as 1.
    """
    axis = check_axis(channel_axis, image.ndim)
    xp = namespace(image)
    if channels == "luma":
        if axis is None:
            return image, None
        if image.shape[axis] == 1:
            return xp.squeeze(image, axis=axis), None
        return luma(at_least_single(image), channel_axis=axis), None
    if axis is None:
        raise ArgumentError(f"channels: expected luma where channel_axis is None, got {channels!r}")
    if channels == "rgb":
        return xp.moveaxis(image, axis, -3), axis
    pictures = xp.moveaxis(image, axis, -3)
    if not is_numpy(image):
        return _hue_as_vector(pictures), axis
    shape = (*pictures.shape[:-3], 4, *pictures.shape[-2:])
    planes = np.empty(shape, np.float64 if is_double(image) else np.float32)
    for index in np.ndindex(shape[:-3]):
        cosine, sine = planes[index][:2]
        planes[index][1:] = rgb_to_hsv(at_least_single(pictures[index]), channel_axis=-3)
        sine *= 2 * math.pi
        np.cos(sine, out=cosine)
        np.sin(sine, out=sine)
    return planes, axis


def _hue_as_vector(pictures: Any) -> Any:
    """(…, 3, H, W) RGB as cosine and sine of the hue, which is circular, saturation and value, (…, 4, H, W)."""
    xp = namespace(pictures)
    hsv = rgb_to_hsv(at_least_single(pictures), channel_axis=-3)
    turn = 2 * math.pi * hsv[..., :1, :, :]
    return xp.concat((xp.cos(turn), xp.sin(turn), hsv[..., 1:, :, :]), axis=-3)


def each_plane(function: Callable[[Any], Any], planes: Any, *, own: bool = False) -> Any:
    """`function` of (…, H, W) planes; NumPy's one by one, since a plane that stays in cache is twice as fast.

    `own` planes are given up: results of their shape take their place.
    """
    if not is_numpy(planes) or planes.ndim == 2:
        return function(planes)
    lead = planes.ndim - 2
    sample = function(np.zeros(planes.shape[-2:], planes.dtype) if 0 in planes.shape else planes[(0,) * lead])
    fits = (*planes.shape[:lead], *sample.shape) == planes.shape and sample.dtype == planes.dtype
    results = planes if own and fits else np.empty((*planes.shape[:lead], *sample.shape), sample.dtype)
    for number, index in enumerate(np.ndindex(planes.shape[:lead])):
        results[index] = function(planes[index]) if number else sample
    return results


def _half(planes: Any, window: Window | None, gain: float) -> Any:
    """log(1 + gain·|F|) over the half plane."""
    xp = namespace(planes)
    shape = tuple(planes.shape[-2:])
    # Without axes NumPy's mean of one plane takes half as long.
    flat = is_numpy(planes) and planes.ndim == 2
    centred = planes - (planes.mean() if flat else xp.mean(planes, axis=(-2, -1), keepdims=True))
    if window == "hann":
        centred *= like(_hann(shape, is_double(centred)), centred)
    # In place: the pages of a fresh array can cost more than the arithmetic on it.
    spectrum = rfft2(centred, (-2, -1))
    del centred
    amplitude = xp.abs(spectrum)
    del spectrum
    amplitude *= gain / math.sqrt(math.prod(shape))
    amplitude += 1
    return xp.log(amplitude)


@lru_cache(maxsize=8)
def _hann(shape: tuple[int, int], double: bool) -> np.ndarray:
    """Periodic Hann window on both axes."""
    tall, wide = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in shape)
    window = np.outer(tall, wide).astype(np.float64 if double else np.float32)
    window.flags.writeable = False
    return window
