"""Columns of rows as values of a batch: text as lists, numbers as arrays, lists by frame as arrays of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from specaug.errors import SpecaugError
from specaug.loader.load_config import COLUMN_NAMES
from specaug.shards import clip_schema

_TYPES = {name: clip_schema(image_format="png", size=1).field(name).type for name in COLUMN_NAMES}
_WIDTHS = {"box": 4, "landmarks": 10, "warp": 6}
"""Numbers of a frame in columns that are lists of lists."""


def frame_values(clip: str, column: str, value: Any, chosen: Sequence[int], held: int) -> Any:
    """One value of a row, of the frames that were chosen where it is a list by frame.

    Parameters
    ----------
    clip : str
        As an error calls it.
    column : str
    value : object
        As Arrow gives it to Python.
    chosen : sequence of int
        Which of the row's frames are in the batch.
    held : int
        Frames of the row.

    Returns
    -------
    object
        Text, a number, or (T,) or (T, n) numbers. Empty text, NaN and -1 stand for what a row does not have.

    Raises
    ------
    SpecaugError
        A list has not one value for each frame.

    Examples
    --------
    >>> frame_values("a", "scale", [1.0, 2.0, 3.0], [0, 2], 3)
    array([1., 3.], dtype=float32)
    >>> int(frame_values("a", "source_width", None, [0], 1)), frame_values("a", "device", None, [0], 1)
    (-1, '')
    """
    kind = _TYPES[column]
    if pa.types.is_string(kind):
        return value or ""
    if not pa.types.is_list(kind):
        return _dtype(kind).type(_missing(kind) if value is None else value)
    numbers = np.full((held, _WIDTHS.get(column, 1)), _missing(kind), _dtype(kind))
    if value is not None and len(value) != held:
        raise SpecaugError(f"{clip}: {column}: expected a value for each of {held} frames, got {len(value)}")
    for i, given in enumerate(value or ()):
        if isinstance(given, list) and len(given) != numbers.shape[1]:
            raise SpecaugError(
                f"{clip}: {column}: expected {numbers.shape[1]} numbers for a frame, got {len(given)}"
            )
        if given is not None:
            numbers[i] = given
    rows = numbers[list(chosen)]
    return rows if column in _WIDTHS else rows[:, 0]


def stacked(column: str, values: Sequence[Any]) -> Any:
    """Values of all clips of a batch: a list of text, or one array."""
    return list(values) if pa.types.is_string(_TYPES[column]) else np.stack(values)


def _dtype(kind: pa.DataType) -> np.dtype[Any]:
    """Of the numbers of a column; whole ones are 64 bits wide, as labels are."""
    while pa.types.is_list(kind):
        kind = kind.value_type
    return np.dtype(np.int64 if pa.types.is_integer(kind) else kind.to_pandas_dtype())


def _missing(kind: pa.DataType) -> float:
    return -1 if _dtype(kind).kind == "i" else np.nan
