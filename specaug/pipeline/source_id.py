"""What a source is known by: a sample of its content, and that it lies in RAW."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from specaug.media.frame_folder import picture_names

_SAMPLE = 1 << 14


def file_sample(path: Path | str) -> bytes:
    """Size and up to three pieces of a regular file."""
    # O_NONBLOCK: opening a pipe must not wait for somebody to write into it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise OSError("not a regular file")
        size = state.st_size
        pieces = [os.pread(handle, stop - start, start) for start, stop in sample_spans(size)]
    finally:
        os.close(handle)
    return b"\0".join([str(size).encode(), *pieces])


def sample_spans(size: int) -> list[tuple[int, int]]:
    """(first byte, byte after the last) of the pieces of a file that its id is made of: start, middle, end.

    Examples
    --------
    >>> sample_spans(100)
    [(0, 100)]
    >>> sample_spans(100_000)
    [(0, 16384), (41808, 58192), (83616, 100000)]
    """
    starts = sorted({0, max(0, (size - _SAMPLE) // 2), max(0, size - _SAMPLE)})
    return [(start, min(start + _SAMPLE, size)) for start in starts]


def folder_sample(path: Path) -> bytes:
    """Names and samples of the pictures in a folder, condensed; whatever else lies there does not count."""
    digest = hashlib.blake2b()
    for name in picture_names(path, stage="discover"):
        digest.update(os.fsencode(name) + b"\0" + hashlib.blake2b(file_sample(path / name)).digest())
    return digest.digest()


def inside_test(raw: Path) -> Callable[[str], bool]:
    """Whether a path below `raw` leads to a place in it; folders are looked at once."""
    root = os.path.realpath(raw)

    def is_inside(real: str) -> bool:
        return os.path.commonpath([root, real]) == root

    @lru_cache(maxsize=1024)
    def folder_is_inside(folder: str) -> bool:
        return is_inside(os.path.realpath(f"{raw}/{folder}"))

    def test(path: str) -> bool:
        if os.path.islink(f"{raw}/{path}"):  # noqa: PTH114
            return is_inside(os.path.realpath(f"{raw}/{path}"))
        return folder_is_inside(path.rpartition("/")[0])

    return test
