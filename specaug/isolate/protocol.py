"""Records as bytes between parent and child: JSON for what is small, raw buffers for arrays and pictures."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from specaug.records import BuildConfig, Clip, ColorInfo, Failure, MediaInfo, Source

_RECORDS = {record.__name__: record for record in (BuildConfig, Clip, ColorInfo, Failure, MediaInfo, Source)}
_PREFIX = struct.Struct("<8sQQ")
_MAGIC = b"specaug\x01"

PREFIX_BYTES = _PREFIX.size
"""Length of what tells how long a message is."""


def pack(value: object, buffers: list[memoryview]) -> Any:
    """A record as plain JSON values, bulky content appended to `buffers`.

    Parameters
    ----------
    value : record, array, bytes, tuple, str, int, float, bool or None
        Records nest; tuples stay tuples. Of a subclass, as a decoder makes for its own use, the record's own
        fields pass.
    buffers : list of memoryview
        Gets one flat buffer for each array and each bytes.

    Returns
    -------
    object
        For ``json.dumps``.

    Raises
    ------
    TypeError
        `value` is of another type; nothing is converted silently.
    """
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, bytes):
        buffers.append(memoryview(value))
        return {"bytes": len(value)}
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        buffers.append(memoryview(value.tobytes()))
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return {kind: value.dtype.str, "shape": value.shape}
    if isinstance(value, tuple):
        return [pack(item, buffers) for item in value]
    for record in _RECORDS.values():
        if isinstance(value, record):
            fields = {f.name: pack(getattr(value, f.name), buffers) for f in dataclasses.fields(record)}
            return {"record": record.__name__, "fields": fields}
    raise TypeError(f"value: expected a record of specaug, got {type(value).__name__}")


def unpack(value: Any, buffers: memoryview) -> Any:
    """What :func:`pack` was given.

    Parameters
    ----------
    value : object
        From ``json.loads``.
    buffers : memoryview
        The buffers of :func:`pack` in a row. Arrays and bytes are copied out of it.
    """
    return _Unpacker(buffers).value(value)


class _Unpacker:
    """Takes buffers one by one, in the order in which they were appended."""

    def __init__(self, buffers: memoryview) -> None:
        self._rest = buffers

    def _take(self, size: int) -> bytes:
        taken, self._rest = self._rest[:size], self._rest[size:]
        if len(taken) != size:
            raise ValueError(f"buffers: expected {size} more bytes, got {len(taken)}")
        return bytes(taken)

    def _array(self, dtype: np.dtype[Any], shape: Sequence[int]) -> np.ndarray:
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        return np.frombuffer(bytearray(self._take(size)), dtype).reshape(shape)

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self.value(item) for item in value)
        if not isinstance(value, dict):
            return value
        if "bytes" in value:
            return self._take(value["bytes"])
        if "array" in value:
            return self._array(np.dtype(value["array"]), value["shape"])
        if "scalar" in value:
            return self._array(np.dtype(value["scalar"]), ())[()]
        fields = {name: self.value(item) for name, item in value["fields"].items()}
        return _RECORDS[value["record"]](**fields)


def request_line(source: Source, config: BuildConfig, *, raw: str, timeout: float | None) -> bytes:
    """What the child is asked, as one line of ASCII; names of any bytes pass as surrogate escapes."""
    none: list[memoryview] = []
    asked = {"source": pack(source, none), "config": pack(config, none), "raw": raw, "timeout": timeout}
    return json.dumps(asked).encode("ascii") + b"\n"


def read_request(line: bytes) -> tuple[Source, BuildConfig, str, float | None]:
    """Source, config, raw folder and seconds allowed of a :func:`request_line`."""
    asked = json.loads(line)
    none = memoryview(b"")
    return unpack(asked["source"], none), unpack(asked["config"], none), asked["raw"], asked["timeout"]


def reply_message(outcomes: Sequence[Clip | Failure], seconds: dict[str, float]) -> list[memoryview]:
    """The child's answer in pieces: prefix with two lengths, JSON header, buffers."""
    buffers: list[memoryview] = []
    header = {"outcomes": pack(tuple(outcomes), buffers), "seconds": seconds}
    text = json.dumps(header).encode("ascii")
    prefix = _PREFIX.pack(_MAGIC, len(text), sum(len(buffer) for buffer in buffers))
    return [memoryview(prefix), memoryview(text), *buffers]


def reply_length(prefix: bytes | bytearray) -> int:
    """Bytes of the whole message that starts with `prefix`; 0 if it is no message."""
    magic, header, buffers = _PREFIX.unpack_from(prefix)
    return PREFIX_BYTES + int(header) + int(buffers) if magic == _MAGIC else 0


def read_reply(message: bytes | bytearray) -> tuple[tuple[Clip | Failure, ...], dict[str, float]]:
    """Outcomes, and seconds by stage, of a whole :func:`reply_message`."""
    _, length, _ = _PREFIX.unpack_from(message)
    view = memoryview(message)[PREFIX_BYTES:]
    header = json.loads(bytes(view[:length]))
    return unpack(header["outcomes"], view[length:]), header["seconds"]
