"""Arrays in a ``.npz`` file, read as what they claim to be or not at all: the file may come from anybody."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from specaug.errors import ArgumentError

LARGEST = 16 * 2**20
"""Bytes of all arrays in a file; a profile of a hundred species with 4096 bins has ten million."""

_UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, KeyError, MemoryError, RuntimeError, OverflowError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What a damaged or hostile archive may end in; RuntimeError has encryption, methods and recursion beneath it."""


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Name to array of a ``.npz`` file without pickle; no array is larger than the bytes that are there.

    Raises
    ------
    ArgumentError
        The file cannot be read, holds anything but arrays of numbers and text, or too much of them.
    """
    try:
        with zipfile.ZipFile(Path(path)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > LARGEST:
                raise ArgumentError(f"expected at most {LARGEST:,} bytes of arrays, got {size:,}")
            names = archive.namelist()
            return {name.removesuffix(".npy"): _array(archive.read(name)) for name in names}
    except _UNREADABLE as error:
        raise ArgumentError(f"profile: {os.fspath(path)!r} is no spoof profile: {error}") from error


def _array(data: bytes) -> np.ndarray:
    """The array in the bytes of a ``.npy`` file. What its header claims is held against what follows it."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ArgumentError("expected arrays of version 1.0")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject:
        raise ArgumentError("Object arrays cannot be loaded: they would run code")
    values = np.frombuffer(data, dtype, offset=stream.tell())
    return values.reshape(shape, order="F" if by_column else "C")
