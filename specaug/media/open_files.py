"""Which files are media, and how one is opened: regular files only, their names never seen by a library."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from specaug.errors import MediaError
from specaug.media_types import (
    HDF5_SUFFIXES,
    IMAGE_SUFFIXES,
    UNREAD_IMAGE_SUFFIXES,
    UNREAD_VIDEO_SUFFIXES,
    VIDEO_SUFFIXES,
)
from specaug.records import MediaKind, Stage, readable_path

MAX_DETAIL = 300
# A folder's name may hold spaces: rather lose words between two slashes than show a part of a path.
_ABSOLUTE = re.compile(r"(?<![\w/.])/(?:[^'\"/:]+/)+[^\s'\"]*")


def kind_of(path: Path) -> MediaKind | None:
    """What the name of `path` says it is; None where it is no medium. Nothing is opened.

    Examples
    --------
    >>> kind_of(Path("live/A.MP4")), kind_of(Path("live/a.jpeg")), kind_of(Path("notes.txt"))
    ('video', 'image', None)
    """
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES | UNREAD_VIDEO_SUFFIXES:
        return "video"
    if suffix in HDF5_SUFFIXES:
        return "hdf5"
    return "image" if suffix in IMAGE_SUFFIXES | UNREAD_IMAGE_SUFFIXES else None


@contextmanager
def open_regular(path: Path, *, stage: Stage) -> Iterator[BinaryIO]:
    """Open a regular, non-empty file for reading.

    The kind is checked before it is opened, since opening a pipe may hang and opening a device may do harm, and
    once more afterwards. The file object carries a number as its name, so that no library finds a
    protocol, a pattern or an option in the real one.

    Raises
    ------
    MediaError
        ``unreadable`` for a folder, pipe, socket or device, an empty file, or what cannot be opened.
    """
    try:
        check_regular(path.stat(), stage)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise MediaError(stage, "unreadable", error.strerror or type(error).__name__) from error
    with _Bounded(io.FileIO(handle, "rb")) as file:
        status = os.fstat(handle)
        check_regular(status, stage)
        if status.st_size == 0:
            raise MediaError(stage, "unreadable", "the file is empty")
        file.size = status.st_size
        yield file


class _Bounded(io.BufferedReader):
    """A file of `size` bytes that sets aside no memory for more than it holds, whatever length is asked for.

    Pillow asks for what a header says.
    """

    size = 0

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


def check_regular(status: os.stat_result, stage: Stage) -> None:
    """Refuse what is no regular file."""
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise MediaError(stage, "unreadable", f"expected a file, got {what}")


def one_line(text: object) -> str:
    """A library's message as one line of valid Unicode without absolute paths, at most `MAX_DETAIL` long.

    Examples
    --------
    >>> one_line("cannot open '/home/ann/raw/a b.mp4':\\n denied")
    "cannot open '<path> b.mp4': denied"
    >>> one_line("no such file: /home/ann/my raw files/a.mp4")
    'no such file: <path>'
    """
    line = " ".join(_ABSOLUTE.sub("<path>", str(text)).split())
    return readable_path(line)[:MAX_DETAIL]
