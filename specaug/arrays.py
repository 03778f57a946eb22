"""What the array functions accept: NumPy arrays and torch tensors, checked and converted in one place."""

from __future__ import annotations

import math
import sys
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, TypeVar, cast

import array_api_compat
import numpy as np

from specaug.errors import ArgumentError

ArrayT = TypeVar("ArrayT")
"""A NumPy array or a torch tensor; what goes in decides what comes out."""

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FAR_OUT = (-1.0, 2.0)


def namespace(array: Any) -> Any:
    """The array namespace of `array`; torch is only loaded already when a tensor arrives."""
    return _of_numpy() if isinstance(array, np.ndarray) else array_api_compat.array_namespace(array)


@cache
def _of_numpy() -> Any:
    """Loaded when it is first asked for: it loads all of NumPy, which takes half as long again as NumPy itself."""
    return import_module("array_api_compat.numpy")


def is_numpy(array: Any) -> bool:
    """Whether `array` is a NumPy array."""
    return isinstance(array, np.ndarray)


def dtype_name(array: Any) -> str:
    """Name of the dtype without the library in front: ``uint8``, ``float32``, ``bfloat16``."""
    return _dtype_name(array.dtype)


@lru_cache(maxsize=64)
def _dtype_name(dtype: Any) -> str:
    return str(dtype).rsplit(".", 1)[-1]


def is_double(array: Any) -> bool:
    """Whether `array` is calculated with in double precision."""
    return dtype_name(array) in ("float64", "complex128")


def check_array(name: str, array: Any) -> None:
    """Refuse what is neither a NumPy array nor a torch tensor, or has another dtype than uint8 or float."""
    if not (is_numpy(array) or array_api_compat.is_torch_array(array)):
        raise ArgumentError(f"{name}: expected a NumPy array or a torch tensor, got {type(array).__name__}")
    if dtype_name(array) not in ("uint8", *_FLOATS):
        raise ArgumentError(f"{name}: expected dtype uint8 or {', '.join(_FLOATS)}, got {dtype_name(array)}")


def check_axis(channel_axis: int | None, ndim: int) -> int | None:
    """`channel_axis` as a negative number, or None for pictures without one."""
    if channel_axis is None:
        return None
    if isinstance(channel_axis, bool) or not isinstance(channel_axis, int | np.integer):
        raise ArgumentError(f"channel_axis: expected an integer or None, got {channel_axis!r}")
    if not -ndim <= channel_axis < ndim:
        raise ArgumentError(
            f"channel_axis: expected -{ndim} to {ndim - 1} for {ndim} axes, got {channel_axis}"
        )
    return int(channel_axis) - ndim if channel_axis >= 0 else int(channel_axis)


def check_image(
    name: str, image: Any, *, channel_axis: int | None = -1, channels: int | None = None, unit: bool = False
) -> None:
    """Refuse what is no picture, or a batch of them, of finite numbers.

    With `unit`, floats far outside [0, 1] are refused too: they come from pictures in 0-255 or normalised
    by mean and deviation, which clipping would destroy. Overshoot, as interpolation leaves it, passes.
    """
    check_array(name, image)
    axis = check_axis(channel_axis, image.ndim)
    if image.ndim < (2 if axis is None else 3):
        form = "(…, H, W)" if axis is None else "(…, H, W, C)"
        raise ArgumentError(f"{name}: expected shape {form}, got {tuple(image.shape)}")
    sizes = [n for i, n in enumerate(image.shape, start=-image.ndim) if i != axis][-2:]
    if axis is not None:
        sizes.append(image.shape[axis])
        if channels is not None and image.shape[axis] != channels:
            raise ArgumentError(
                f"{name}: expected {channels} channels on axis {channel_axis}, got shape {tuple(image.shape)}"
            )
    if min(sizes) < 1:
        raise ArgumentError(f"{name}: expected at least one pixel, got shape {tuple(image.shape)}")
    check_values(name, image, unit=unit)


def check_values(name: str, array: Any, *, unit: bool = False) -> None:
    """Refuse NaN and infinity, with `unit` also floats that are far outside [0, 1]."""
    if dtype_name(array) == "uint8" or 0 in array.shape:
        return
    values = array if is_numpy(array) else array.detach()
    xp = namespace(values)
    low, high = float(xp.min(values)), float(xp.max(values))
    # The minimum and the maximum carry NaN and infinity: two fast passes answer both questions.
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ArgumentError(f"{name}: expected finite numbers, got values from {low} to {high}")
    if unit and not (_FAR_OUT[0] <= low and high <= _FAR_OUT[1]):
        raise ArgumentError(f"{name}: expected floats in [0, 1], got values from {low:g} to {high:g}")


def check_number(name: str, value: Any, *, low: float, high: float = math.inf) -> float:
    """`value` as a float in [low, high]."""
    if isinstance(value, bool | str) or (not np.isscalar(value) and getattr(value, "ndim", 1) != 0):
        raise ArgumentError(f"{name}: expected a number, got {value!r}")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        raise ArgumentError(f"{name}: expected a number in [{low:g}, {high:g}], got {value!r}")
    return number


def white(image: Any) -> float:
    """The value of a white pixel: 255 for uint8, 1 for floats."""
    return 255.0 if dtype_name(image) == "uint8" else 1.0


def to_float(image: Any) -> Any:
    """`image` as the floats to calculate with, in its own units: float64 stays, all else is float32."""
    if dtype_name(image) in ("float32", "float64"):
        return image
    if is_numpy(image):
        return image.astype(np.float32)
    return namespace(image).astype(image, namespace(image).float32)


def to_unit(image: Any) -> Any:
    """`image` as floats of which white is 1."""
    floats = to_float(image)
    if dtype_name(image) != "uint8":
        return floats
    return np.divide(floats, np.float32(255.0), out=floats) if is_numpy(floats) else floats / 255.0


def like(values: np.ndarray, array: Any) -> Any:
    """NumPy `values` as the floats that go with `array`: its library and device, float64 or float32."""
    double = is_double(array)
    if is_numpy(array):
        return values.astype(np.float64 if double else np.float32, copy=False)
    xp = namespace(array)
    # A copy, since torch warns of read-only memory and would share what is cached.
    return xp.asarray(
        values.copy(), dtype=xp.float64 if double else xp.float32, device=array_api_compat.device(array)
    )


def as_dtype(values: Any, image: ArrayT) -> ArrayT:
    """Floats in the units of `image` as its dtype: uint8 is rounded and clipped, floats only converted."""
    xp, dtype = namespace(values), image.dtype  # type: ignore[attr-defined]
    if dtype_name(image) == "uint8":
        values = xp.clip(xp.round(values), 0, 255)
    return cast(ArrayT, values if values.dtype == dtype else xp.astype(values, dtype))


def as_floats(values: Any, image: ArrayT) -> ArrayT:
    """Floats as the dtype of a measurement of `image`: that of `image`, and float32 for uint8."""
    wanted = values.dtype if dtype_name(image) == "uint8" else image.dtype  # type: ignore[attr-defined]
    return cast(ArrayT, values if values.dtype == wanted else namespace(values).astype(values, wanted))


def product(a: Any, b: Any) -> Any:
    """``a @ b`` in the precision of the two, also where torch's autocast would take half of it."""
    if is_numpy(a):
        return a @ b
    with sys.modules["torch"].autocast(a.device.type, enabled=False):
        return a @ b


def times(a: Any, b: Any) -> Any:
    """``a * b``; for NumPy in the memory of `a`, which must be the caller's own."""
    return np.multiply(a, b, out=a) if is_numpy(a) else a * b


def at_least(a: Any, low: float) -> Any:
    """``max(a, low)``; for NumPy in the memory of `a`, which must be the caller's own."""
    return np.maximum(a, low, out=a) if is_numpy(a) else namespace(a).clip(a, low, None)
