"""Log-amplitude of the planes of a picture, on the half plane of a real transform."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from specaug.arrays import (
    check_axis,
    check_image,
    check_number,
    is_double,
    is_numpy,
    like,
    namespace,
    to_float,
    to_unit,
)
from specaug.color import luma, rgb_to_hsv
from specaug.errors import ArgumentError
from specaug.spectrum.transform import rfft2

Channels = Literal["luma", "rgb", "hsv"]
Window = Literal["hann"]


def check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Refuse what is not one of `choices`."""
    if value not in choices:
        raise ArgumentError(f"{name}: expected one of {', '.join(map(str, choices))}, got {value!r}")


def log_amplitude(
    image: Any,
    then: Callable[[Any, tuple[int, int]], Any],
    *,
    channels: Channels,
    window: Window | None,
    gain: float,
    channel_axis: int | None,
) -> tuple[Any, int | None]:
    """`then` of each plane's (H, W//2 + 1) log-amplitude and (H, W), and the axis for results, None for luma."""
    check_choice("channels", channels, get_args(Channels))
    check_choice("window", window, (None, *get_args(Window)))
    check_image("image", image, channel_axis=channel_axis)
    gain = check_number("gain", gain, low=0.0)
    planes, axis = planes_of(image, channels, channel_axis)
    shape = (int(planes.shape[-2]), int(planes.shape[-1]))
    return each_plane(lambda plane: then(_half(plane, window, gain), shape), planes), axis


def planes_of(image: Any, channels: Channels, channel_axis: int | None) -> tuple[Any, int | None]:
    """Planes (…, H, W) of `image` with white as 1, and the axis that its channels had, None where it is gone."""
    axis = check_axis(channel_axis, image.ndim)
    xp = namespace(image)
    if channels == "luma":
        if axis is None:
            return to_unit(image), None
        if image.shape[axis] == 1:
            return to_unit(xp.squeeze(image, axis=axis)), None
        return to_float(luma(image, channel_axis=axis)), None
    if axis is None:
        raise ArgumentError(f"channels: expected luma where channel_axis is None, got {channels!r}")
    if channels == "rgb":
        return xp.moveaxis(to_unit(image), axis, -3), axis
    hsv = to_float(xp.moveaxis(rgb_to_hsv(image, channel_axis=axis), axis, -3))
    turn = 2 * math.pi * hsv[..., :1, :, :]
    return xp.concat((xp.cos(turn), xp.sin(turn), hsv[..., 1:, :, :]), axis=-3), axis


def each_plane(function: Callable[[Any], Any], planes: Any) -> Any:
    """`function` of (…, H, W) planes; NumPy's one by one, since a plane that stays in cache is twice as fast."""
    if not is_numpy(planes) or planes.ndim == 2:
        return function(planes)
    lead = planes.ndim - 2
    sample = function(np.zeros(planes.shape[-2:], planes.dtype) if 0 in planes.shape else planes[(0,) * lead])
    results = np.empty((*planes.shape[:lead], *sample.shape), sample.dtype)
    for number, index in enumerate(np.ndindex(planes.shape[:lead])):
        results[index] = function(planes[index]) if number else sample
    return results


def _half(planes: Any, window: Window | None, gain: float) -> Any:
    """log(1 + gain·|F|) over the half plane."""
    xp = namespace(planes)
    shape = tuple(planes.shape[-2:])
    centred = planes - xp.mean(planes, axis=(-2, -1), keepdims=True)
    if window == "hann":
        centred *= like(_hann(shape, is_double(centred)), centred)
    # In place: the pages of a fresh array can cost more than the arithmetic on it.
    amplitude = xp.abs(rfft2(centred, (-2, -1)))
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
