"""RGB to and from hue, saturation, value, and luma."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np

from specaug.arrays import (
    ArrayT,
    as_floats,
    check_array,
    check_axis,
    check_layout,
    check_values,
    dtype_name,
    namespace,
    to_float,
    to_unit,
)
from specaug.eager import eager
from specaug.errors import ArgumentError

_PIECE = 1 << 14
"""Values that NumPy converts at a time."""
LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""BT.601 weights of red, green and blue."""


@eager
def rgb_to_hsv(image: ArrayT, *, channel_axis: int = -1) -> ArrayT:
    r"""Hue, saturation and value of an RGB image, as :func:`colorsys.rgb_to_hsv` defines them.

    With :math:`M = \max(R, G, B)`, :math:`m = \min(R, G, B)`: value :math:`M`, saturation :math:`(M - m)/M`,
    and hue in turns, 0 red, 1/3 green, 2/3 blue. Grey has hue 0, black has saturation 0.

    Parameters
    ----------
    image : (…, 3) array
        RGB, uint8 or float in [0, 1]; NumPy or torch, any batch shape.
    channel_axis : int
        Axis of the three channels.

    Returns
    -------
    array of the same shape
        Hue in [0, 1), saturation and value in [0, 1]; float32 for uint8, else the dtype of `image`.

    Raises
    ------
    ArgumentError
        For another number of channels, another dtype, or values that are not finite, or far
        outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> rgb_to_hsv(np.array([255, 0, 0], dtype=np.uint8))
    array([0., 1., 1.], dtype=float32)
    >>> rgb_to_hsv(np.array([0.25, 0.25, 0.5])).round(3)
    array([0.667, 0.5  , 0.5  ])

    References
    ----------
    .. [1] A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978.
    """
    return _in_pieces(hsv_of_checked, image, _check_color("image", image, channel_axis))


def hsv_of_checked(image: Any, axis: int = -1) -> Any:
    """:func:`rgb_to_hsv` of pixels that were checked: it reads no value, so that a graph of it can be exported."""
    xp = namespace(image)
    red, green, blue = (to_unit(plane) for plane in _planes(image, axis))
    value = xp.maximum(xp.maximum(red, green), blue)
    spread = value - xp.minimum(xp.minimum(red, green), blue)
    # Masks are multiplied, not selected by: branches on noise cost eight times the arithmetic. A divisor of 1
    # where the quotient has no meaning keeps gradients finite there.
    is_red = value == red
    is_green = (value == green) & ~is_red
    number = partial(_mask_as, value)
    from_red, from_green, from_blue = number(is_red), number(is_green), number(~(is_red | is_green))
    distance = from_red * (green - blue) + from_green * (blue - red) + from_blue * (red - green)
    hue = (distance / (spread + number(spread == 0)) + 2 * from_green + 4 * from_blue) / 6
    hue = hue + number(hue < 0)
    hue = hue - number(hue >= 1)  # a rounding error below red is a whole turn
    saturation = spread / (value + number(value == 0))
    return _stack((hue, saturation, value), image, axis)


@eager
def hsv_to_rgb(image: ArrayT, *, channel_axis: int = -1) -> ArrayT:
    r"""RGB of hue, saturation and value, the inverse of :func:`rgb_to_hsv`.

    Channel :math:`n` of 5, 3, 1 (red, green, blue) is
    :math:`V - V S \max(0, \min(k, 4 - k, 1))` with :math:`k = (n + 6H) \bmod 6`.

    Parameters
    ----------
    image : (…, 3) array
        Hue, saturation and value in [0, 1]; uint8 is divided by 255.
    channel_axis : int
        Axis of the three channels.

    Returns
    -------
    array of the same shape
        RGB in [0, 1]; float32 for uint8, else the dtype of `image`.

    Raises
    ------
    ArgumentError
        For another number of channels, another dtype, or values that are not finite, or far
        outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> hsv_to_rgb(np.array([0.5, 1.0, 1.0]))
    array([0., 1., 1.])
    """
    return _in_pieces(_to_rgb, image, _check_color("image", image, channel_axis))


def _to_rgb(image: Any, axis: int) -> Any:
    """RGB of pixels that were checked."""
    xp = namespace(image)
    hue, saturation, value = (to_unit(plane) for plane in _planes(image, axis))
    chroma = value * saturation

    def channel(offset: int) -> Any:
        k = offset + 6 * hue
        k = k - 6 * xp.floor(k / 6)
        return value - chroma * xp.clip(xp.minimum(k, 4 - k), 0, 1)

    return _stack((channel(5), channel(3), channel(1)), image, axis)


@eager
def luma(image: ArrayT, *, channel_axis: int = -1) -> ArrayT:
    """BT.601 luma, ``0.299 R + 0.587 G + 0.114 B``.

    Parameters
    ----------
    image : (…, 3) array
        RGB, uint8 or float in [0, 1].
    channel_axis : int
        Axis of the three channels; it is gone from the result.

    Returns
    -------
    (…) array
        In [0, 1]; float32 for uint8, else the dtype of `image`.

    Raises
    ------
    ArgumentError
        For another number of channels, another dtype, or values that are not finite, or far
        outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> luma(np.array([1.0, 1.0, 1.0])).round(6)
    np.float64(1.0)
    """
    axis = _check_color("image", image, channel_axis)
    scale = 255.0 if dtype_name(image) == "uint8" else 1.0
    if isinstance(image, np.ndarray) and axis == -1:
        return as_floats(_matmul(image, np.array(LUMA_WEIGHTS) / scale), image)
    red, green, blue = (
        _weighted(plane, weight / scale)
        for plane, weight in zip(_planes(image, axis), LUMA_WEIGHTS, strict=True)
    )
    return as_floats(red + green + blue, image)


def _in_pieces(convert: Callable[[Any, int], Any], image: ArrayT, axis: int) -> ArrayT:
    """`convert` of the pixels; NumPy's some at a time, so that a large batch needs little more than its result."""
    if not isinstance(image, np.ndarray) or image.size <= _PIECE:
        return cast(ArrayT, convert(image, axis))
    longest = max((a for a in range(-image.ndim, 0) if a != axis), key=lambda a: image.shape[a], default=axis)
    if longest == axis:
        return cast(ArrayT, convert(image, axis))
    source = np.moveaxis(image, longest, 0)
    result = np.empty(image.shape, np.float32 if image.dtype == np.uint8 else image.dtype)
    target = np.moveaxis(result, longest, 0)
    rows = max(1, _PIECE * len(source) // image.size)
    # The axis of the channels, where the longest one stands first.
    place = axis if axis > longest else axis + 1
    for start in range(0, len(source), rows):
        part = slice(start, start + rows)
        target[part] = convert(source[part], place)
    return cast(ArrayT, result)


def _check_color(name: str, image: Any, channel_axis: int) -> int:
    """Refuse what has no axis of three channels; that axis as a negative number."""
    check_array(name, image)
    axis = check_axis(channel_axis, image.ndim)
    check_layout(name, image, channel_axis, 3)
    if axis is None or image.shape[axis] != 3:
        raise ArgumentError(
            f"{name}: expected 3 channels on axis {channel_axis}, got shape {tuple(image.shape)}"
        )
    check_values(name, image)
    return axis


def _planes(image: Any, axis: int) -> tuple[Any, Any, Any]:
    """Three views, one for each channel."""
    index = (..., *(slice(None) for _ in range(-axis - 1)))
    return tuple(image[(*index[:1], i, *index[1:])] for i in range(3))


def _mask_as(floats: Any, mask: Any) -> Any:
    """A mask as 0 and 1 in the dtype of `floats`."""
    return namespace(floats).astype(mask, floats.dtype)


def _matmul(image: np.ndarray, weights: np.ndarray) -> Any:
    """``image @ weights`` picture by picture: one that stays in cache takes a third of the time."""
    weights = weights.astype(np.float64 if dtype_name(image) == "float64" else np.float32)
    if image.ndim <= 3:
        return to_float(image) @ weights
    result = np.empty(image.shape[:-1], weights.dtype)
    for index in np.ndindex(image.shape[:-3]):
        np.matmul(to_float(image[index]), weights, out=result[index])
    return result


def _weighted(plane: Any, weight: float) -> Any:
    """One channel times its weight, in the precision that is calculated with."""
    if dtype_name(plane) == "uint8" and isinstance(plane, np.ndarray):
        return np.multiply(plane, np.float32(weight), dtype=np.float32)
    xp = namespace(plane)
    return (plane if dtype_name(plane) == "float64" else xp.astype(plane, xp.float32)) * weight


def _stack(planes: tuple[Any, Any, Any], image: ArrayT, axis: int) -> ArrayT:
    """Channels side by side again, as floats of the dtype that `image` asks for."""
    return as_floats(namespace(image).stack(planes, axis=axis), image)
