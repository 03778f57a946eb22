"""The identity of a source's content: a digest of all its bytes, and whether its file is still the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from specaug.errors import MediaError
from specaug.media.frame_folder import picture_names
from specaug.media.open_files import open_regular
from specaug.records import MediaKind, Stage

_CHUNK = 1 << 20
_DIGEST_BYTES = 32
_STAMP_BYTES = 8


def bytes_digest(path: Path, kind: MediaKind, *, stage: Stage = "probe") -> str:
    """blake2b-256 of every byte of a source.

    Parameters
    ----------
    path : Path
        A file, or a folder for ``frames``.
    kind : {"video", "image", "frames", "hdf5"}
    stage : str
        Of the error.

    Returns
    -------
    str
        Hex digits. Of a folder of frames: of the names and digests of its pictures, in their order.

    Raises
    ------
    MediaError
        ``unreadable``: it is no regular file, is empty, or cannot be read.
    """
    if kind != "frames":
        return _file_digest(path, stage).hexdigest()
    whole = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for name in picture_names(path, stage=stage):
        whole.update(os.fsencode(name) + b"\0" + _file_digest(path / name, stage).digest())
    return whole.hexdigest()


def _file_digest(path: Path, stage: Stage) -> hashlib.blake2b:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with open_regular(path, stage=stage) as file:
        try:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        except OSError as error:
            raise MediaError(stage, "unreadable", error.strerror or type(error).__name__) from error
    return digest


def stamp_of(path: Path | str, kind: MediaKind) -> str:
    """Size and times of a file, or a digest of those of a folder's pictures: tells cheaply that it was touched.

    Returns
    -------
    str
        Two parts with a dot between: of sizes and times of modification, which a copy may keep; of inodes and times of
        change, which no copy keeps.

    Raises
    ------
    OSError
        It is not there.
    MediaError
        There is no picture in the folder.
    """
    if kind != "frames":
        return ".".join(_times(str(path)))
    kept, own = hashlib.blake2b(digest_size=_STAMP_BYTES), hashlib.blake2b(digest_size=_STAMP_BYTES)
    for name in picture_names(Path(path), stage="discover"):
        of_content, of_file = _times(f"{path}/{name}")
        kept.update(os.fsencode(f"{name}\0{of_content}\0"))
        own.update(f"{of_file}\0".encode())
    return f"{kept.hexdigest()}.{own.hexdigest()}"


def _times(path: str) -> tuple[str, str]:
    """Size and time of modification; inode and time of change."""
    state = os.stat(path)  # noqa: PTH116
    return f"{state.st_size:x}-{state.st_mtime_ns:x}", f"{state.st_ino:x}-{state.st_ctime_ns:x}"


def same_times(stamp: str, other: str) -> bool:
    """Whether two stamps have the same sizes and times of modification.

    Examples
    --------
    >>> same_times("aa.bb", "aa.cc"), same_times("aa.bb", "ab.bb")
    (True, False)
    """
    return stamp.partition(".")[0] == other.partition(".")[0]


@contextmanager
def unchanged(path: Path, kind: MediaKind, *, planned: str = "") -> Iterator[Callable[[], str]]:
    """Read a source of which one content is read from the first byte to the last.

    Parameters
    ----------
    path : Path
    kind : {"video", "image", "frames", "hdf5"}
    planned : str
        Its stamp when it was planned; empty for none.

    Yields
    ------
    callable
        Gives :func:`bytes_digest` of what is read while the block runs. Nothing is read before the first call, so that
        a file which turns out to be no medium need not be.

    Raises
    ------
    MediaError
        ``changed``: it was written to since it was planned, or while it was read.
    """
    before = _stamp(path, kind)
    if planned and not same_times(planned, before):
        raise MediaError("probe", "changed", "size or time of modification are not those of the planned file")
    made: list[str] = []

    def digest() -> str:
        if not made:
            made.append(bytes_digest(path, kind))
            if _stamp(path, kind) != before:  # the probe may have seen another content
                raise _changed()
        return made[0]

    try:
        yield digest
    except MediaError as error:
        if _is_other(path, kind, before, made):
            raise _changed() from error
        raise
    if _is_other(path, kind, before, made):
        raise _changed()


def _changed() -> MediaError:
    return MediaError("decode", "changed", "the file was written to while it was read")


def _stamp(path: Path, kind: MediaKind) -> str:
    try:
        return stamp_of(path, kind)
    except OSError as error:
        raise MediaError("probe", "unreadable", error.strerror or type(error).__name__) from error


def _is_other(path: Path, kind: MediaKind, before: str, digests: Sequence[str]) -> bool:
    """Whether the content is another one; read again only if the file was touched. One that is gone was not."""
    try:
        return _stamp(path, kind) != before and [bytes_digest(path, kind)] != digests
    except MediaError as error:
        return not isinstance(error.__cause__, FileNotFoundError)
