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

from specaug.errors import NoSpaceError

STATE = ".specaug"
"""Folder in OUT for the plan, receipts, lock and temporary files."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_space_errors() -> Iterator[None]:
    """Turn a full disk, as the system or Arrow reports it, into :class:`NoSpaceError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or "No space left on device" in str(error):
            raise NoSpaceError(f"no space left on the disk that holds OUT: {error}") from error
        raise


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
    """
    temporary = out / STATE / "tmp" / f"{uuid.uuid4().hex}-{final.name}"
    with disk_space_errors():
        temporary.parent.mkdir(parents=True, exist_ok=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            _sync(temporary)
            if check is not None:
                check(temporary)
            temporary.replace(final)
            _sync(final.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(final: Path, text: str, *, out: Path) -> None:
    """Write UTF-8 text atomically."""
    write_atomically(final, lambda path: _write_bytes(path, text.encode()), out=out)


def write_json(final: Path, value: Any, *, out: Path) -> None:
    """Write JSON atomically: sorted keys, ASCII, so that any file name survives."""
    write_text(final, json.dumps(value, indent=1, sort_keys=True) + "\n", out=out)


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
