"""What the array functions accept: NumPy arrays and torch tensors, checked and converted in one place."""

from __future__ import annotations

import math
import numbers
import sys
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, TypeVar, cast

import array_api_compat
import numpy as np

from specaug.checked_fields import quoted
from specaug.errors import ArgumentError

ArrayT = TypeVar("ArrayT")
"""A NumPy array or a torch tensor; what goes in decides what comes out."""

_FLOATS = ("float16", "bfloat16", "float32", "float64")
OVERSHOOT = 1.0
"""How far floats may lie outside [0, 1]: overshoot of filters stays within, images in 0-255 do not, nor do most that
were normalised by mean and deviation."""
_CHANNELS = (1, 3, 4)
"""Sizes of an axis that is taken for that of the channels: grey, RGB, RGB with another plane."""


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


def _cast_hint(name: str, array: Any) -> str:
    """What to write where whole numbers of another width came; other dtypes are no images."""
    if "int" not in dtype_name(array):
        return ""
    cast = "astype('uint8')" if is_numpy(array) else "to(torch.uint8)"
    return f"; where values are 0 to 255: {name}.{cast}"


def check_array(name: str, array: Any) -> None:
    """Refuse what is neither a NumPy array nor a torch tensor, or has another dtype than uint8 or float."""
    if not (is_numpy(array) or array_api_compat.is_torch_array(array)):
        raise ArgumentError(f"{name}: expected a NumPy array or a torch tensor, got {type(array).__name__}")
    if dtype_name(array) not in ("uint8", *_FLOATS):
        raise ArgumentError(
            f"{name}: expected dtype uint8 or {', '.join(_FLOATS)}, got {dtype_name(array)}{_cast_hint(name, array)}"
        )
    if not is_numpy(array) and array.device.type == "meta":
        raise ArgumentError(
            f"{name}: expected a tensor that has values, got one on the meta device: make it on cpu or cuda"
        )


def check_axis(axis: int | None, ndim: int, name: str = "channel_axis") -> int | None:
    """`axis` as a negative number, or None where there is none; `name` is what messages call it."""
    if axis is None:
        return None
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
        raise ArgumentError(f"{name}: expected an integer or None, got {axis!r}")
    if not -ndim <= axis < ndim:
        raise ArgumentError(f"{name}: expected -{ndim} to {ndim - 1} for {ndim} axes, got {quoted(axis)}")
    return int(axis) - ndim if axis >= 0 else int(axis)


def check_image(
    name: str, image: Any, *, channel_axis: int | None = -1, channels: int | None = None, unit: bool = True
) -> None:
    """Refuse what is no image, or a batch of them, of numbers that :func:`check_values` takes."""
    check_array(name, image)
    axis = check_axis(channel_axis, image.ndim)
    shape = tuple(image.shape)
    if image.ndim < (2 if axis is None else 3):
        form = "(…, H, W)" if axis is None else "(…, H, W, C)"
        raise ArgumentError(f"{name}: expected shape {form}, got {shape}")
    sizes = [n for i, n in enumerate(shape, start=-image.ndim) if i != axis][-2:]
    if min(sizes) < 1 or (axis is not None and shape[axis] < 1):
        raise ArgumentError(f"{name}: expected at least one pixel, got shape {shape}")
    check_layout(name, image, channel_axis, channels)
    if axis is not None and channels is not None and shape[axis] != channels:
        raise ArgumentError(f"{name}: expected {channels} channels on axis {channel_axis}, got shape {shape}")
    check_values(name, image, unit=unit)


def check_layout(name: str, image: Any, channel_axis: int | None, channels: int | None = None) -> None:
    """Refuse channels-first images under ``channel_axis=-1``, and channels-last ones under -3.

    They are known by more than four channels on that axis, and 1, 3 or 4 on the other. An image that is as low or as
    narrow as that, with so many channels, passes where its axis is counted from the front.
    """
    if channel_axis not in (-1, -3) or image.ndim < 3:
        return
    axis = int(channel_axis or 0)
    other = -4 - axis
    if image.shape[axis] > max(_CHANNELS) and image.shape[other] in _CHANNELS:
        many = f", or channel_axis={image.ndim + axis} if these are {image.shape[axis]} channels"
        raise ArgumentError(
            f"{name}: expected {channels or '1, 3 or 4'} channels on axis {axis}, got shape {tuple(image.shape)}: "
            f"pass channel_axis={other}{'' if channels else many}"
        )


def check_values(name: str, array: Any, *, unit: bool = True) -> None:
    """Refuse NaN, infinity, and with `unit` floats further outside [0, 1] than :data:`OVERSHOOT`; uint8 has neither."""
    if 0 in array.shape:
        return
    if dtype_name(array) == "uint8":
        if not is_numpy(array):
            _touch(array)
        return
    values = array if is_numpy(array) else array.detach()
    xp = namespace(values)
    # The minimum and the maximum carry NaN and infinity: two fast passes answer all questions.
    ends = xp.min(values), xp.max(values)
    # of a tensor both in one copy: a device is waited for once
    low, high = map(float, ends if is_numpy(values) else xp.stack(ends).cpu())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ArgumentError(f"{name}: expected finite numbers, got values from {low} to {high}")
    if unit and (low < -OVERSHOOT or high > 1 + OVERSHOOT):
        remedy = "divide by 255" if low >= -OVERSHOOT and high > 3 else "undo the normalisation"
        raise ArgumentError(
            f"{name}: expected floats in [0, 1], got values from {low:g} to {high:g}: {remedy} first"
        )


def _touch(tensor: Any) -> None:
    """Read a value where the memory is not simply there: torch then says by what it was replaced, such as vmap.

    Floats are read by their checks. Bytes are not, and a read of them would wait for the device.
    """
    try:
        tensor.data_ptr()
    except RuntimeError:
        float(tensor[(0,) * tensor.ndim])


def check_number(name: str, value: Any, *, low: float, high: float = math.inf) -> float:
    """`value` as a float in [low, high]; an array of no axes is its only number."""
    if type(value) is float and math.isfinite(value) and low <= value <= high:
        return value  # the usual case, in a tenth of the time
    single = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
    if isinstance(single, bool) or not isinstance(single, numbers.Real):
        raise ArgumentError(f"{name}: expected a number, got {quoted(value)}")
    try:
        number = float(single)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and low <= number <= high):
        raise ArgumentError(f"{name}: expected a number in [{low:g}, {high:g}], got {quoted(value)}")
    return number


def check_numbers(name: str, values: Any, *, low: float, high: float = math.inf) -> tuple[float, ...]:
    """A sequence of numbers in [low, high], at least one, as a tuple of floats."""
    if not isinstance(values, list | tuple | np.ndarray) or np.ndim(values) == 0 or not len(values):
        raise ArgumentError(f"{name}: expected a sequence of numbers, got {quoted(values)}")
    return tuple(check_number(name, value, low=low, high=high) for value in values)


def check_whole(name: str, value: Any, *, low: int, high: int) -> int:
    """`value` as an int in [low, high]; floats without a fraction, as JSON may hold them, are taken."""
    number = check_number(name, value, low=low, high=high)
    if not number.is_integer():
        raise ArgumentError(f"{name}: expected a whole number, got {quoted(value)}")
    return int(value)


def check_flag(name: str, value: Any) -> None:
    """Refuse what is neither true nor false; a text such as ``"no"`` would count as true."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"{name}: expected True or False, got {quoted(value)}")


MOST_SEED = 2**63
"""Largest seed of a record: what fits into 64 bits with a sign, and a little, as other readers of JSON hold numbers."""


def white(image: Any) -> float:
    """The value of a white pixel: 255 for uint8, 1 for floats."""
    return 255.0 if dtype_name(image) == "uint8" else 1.0


def to_float(image: Any) -> Any:
    """`image` as the floats to calculate with, in its own units: float64 stays, all else is float32.

    That is the rule for half precision too: float16 and bfloat16 come in and go out, every step between is float32.
    """
    if dtype_name(image) in ("float32", "float64"):
        return image
    if is_numpy(image):
        return image.astype(np.float32)
    return namespace(image).astype(image, namespace(image).float32)


def at_least_single(image: Any) -> Any:
    """Half precision as float32, where several steps would each round to it; the other dtypes as they are."""
    return image if dtype_name(image) == "uint8" else to_float(image)


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
    # Converted before torch sees it, since some devices have no float64. A copy, since torch warns of read-only
    # memory and would share what is cached.
    wanted = np.array(values, np.float64 if double else np.float32)
    return namespace(array).asarray(wanted, device=array_api_compat.device(array))


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
