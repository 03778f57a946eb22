"""Files that are complete once they have their final name."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from specaug.errors import ArgumentError, NoSpaceError

STATE = ".specaug"
"""Folder in OUT for the plan, receipts, lock and temporary files."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def disk_space_errors() -> Iterator[None]:
    """Turn a full disk, quota or limit, as the system or Arrow reports it, into :class:`NoSpaceError`."""
    try:
        yield
    except OSError as error:
        if _is_one_of(error, _FULL):
            raise NoSpaceError(
                f"no space left on the disk that holds OUT: {error.strerror or error}"
            ) from error
        raise


@contextmanager
def out_errors(out: Path) -> Iterator[None]:
    """:func:`disk_space_errors`, and an OUT that may not be written into as :class:`ArgumentError`."""
    try:
        with disk_space_errors():
            yield
    except OSError as error:
        if _is_one_of(error, _REFUSED):
            words = os.strerror(error.errno) if error.errno else str(error)
            raise ArgumentError(f"out: cannot be written: {words}: {str(out)!r}") from error
        raise


def _is_one_of(error: OSError, numbers: tuple[int, ...]) -> bool:
    """By its number, or by its words where Arrow passes no number."""
    return error.errno in numbers or (
        error.errno is None and any(os.strerror(number) in str(error) for number in numbers)
    )


def write_atomically(
    final: Path, write: Callable[[Path], None], *, out: Path, check: Callable[[Path], None] | None = None
) -> None:
    """Let `write` fill a temporary file, sync and check it, then give it its final name.

    Parameters
    ----------
    final : Path
        Where the file will be; its folder is made.
    write : callable
        Gets the temporary path.
    out : Path
        The OUT folder; temporary files lie in ``OUT/.specaug/tmp``, on the same file system.
    check : callable, optional
        Called with the temporary path after the sync; raises if the file is not what was meant.

    Raises
    ------
    NoSpaceError
        The disk is full. Nothing is left under the final name.
    ArgumentError
        `out` may not be written into.
    """
    temporary = out / STATE / "tmp" / f"{uuid.uuid4().hex}-{final.name}"
    with out_errors(out):
        temporary.parent.mkdir(parents=True, exist_ok=True)
        make_folder(final.parent)
        try:
            write(temporary)
            sync(temporary)
            if check is not None:
                check(temporary)
            temporary.replace(final)
            sync(final.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(final: Path, text: str, *, out: Path) -> None:
    """Write UTF-8 text atomically."""
    write_atomically(final, lambda path: _write_bytes(path, text.encode()), out=out)


def write_json(final: Path, value: Any, *, out: Path) -> None:
    """Write JSON atomically."""
    write_text(final, json_text(value), out=out)


def json_text(value: Any) -> str:
    """JSON as it is written: sorted keys, ASCII, so that any file name survives."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, each of which will still be there after a power cut."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file if it is there; gone also after a power cut."""
    if path.exists():
        path.unlink(missing_ok=True)
        sync(path.parent)


def sync(path: Path) -> None:
    """Have the content of a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
