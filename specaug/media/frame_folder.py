"""A folder of numbered pictures as one clip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from specaug.errors import MediaError
from specaug.media.open_files import one_line
from specaug.media.photo import probe_photo, read_photo
from specaug.media.size_limits import DEFAULT_MEMORY, check_length
from specaug.media_types import IMAGE_SUFFIXES, frame_pictures
from specaug.planes import Frame
from specaug.records import MediaInfo, Stage

_PROBED = 1 << 62
"""No limit: the probe has checked the sizes, and they must not have changed."""


def probe_folder(path: Path, *, max_memory: int = DEFAULT_MEMORY) -> MediaInfo:
    """Read the headers of all pictures of a folder.

    Files that are no pictures by their name, and hidden ones, are no part of it. The order is that of the
    numbers in the names, so that ``2.jpg`` comes before ``10.jpg``.

    Parameters
    ----------
    path : Path
    max_memory : int
        As for :func:`specaug.media.photo.probe_photo`.

    Returns
    -------
    MediaInfo
        With ``kind`` ``frames``; there is no clock, so that ``fps`` is 0 and ``pts_seconds`` is the index.

    Raises
    ------
    MediaError
        As :func:`specaug.media.photo.probe_photo` does for any of the pictures; ``unreadable`` for a folder
        without pictures; ``unsupported`` for pictures of different sizes.
    """
    names = picture_names(path, stage="probe")
    first = _probe_picture(path, names[0], max_memory)
    for name in names[1:]:
        info = _probe_picture(path, name, max_memory)
        if (info.width, info.height) != (first.width, first.height):
            sizes = f"{info.width}x{info.height} px instead of {first.width}x{first.height} as in"
            raise MediaError("probe", "unsupported", one_line(f"{name}: {sizes} {names[0]}"))
    count = len(names)
    return MediaInfo(
        kind="frames",
        width=first.width,
        height=first.height,
        n_frames=count,
        pts_seconds=np.arange(count, dtype=np.float64),
        keyframes=np.arange(count, dtype=np.int64),
        rotation=first.rotation,
        orientation=first.orientation,
        color=first.color,
    )


def read_folder(path: Path, info: MediaInfo, indices: np.ndarray) -> Iterator[Frame]:
    """Decode the pictures at `indices` of the folder's order.

    Parameters
    ----------
    path : Path
    info : MediaInfo
        What :func:`probe_folder` said of the same folder.
    indices : (m,) int array
        Ascending, distinct, below ``info.n_frames``.

    Yields
    ------
    Frame

    Raises
    ------
    MediaError
        As :func:`specaug.media.photo.read_photo` does; ``truncated`` where pictures are gone since the probe.
    """
    names = picture_names(path, stage="decode")
    if len(names) != info.n_frames:
        raise MediaError("decode", "truncated", f"{len(names)} pictures instead of {info.n_frames}")
    for index in indices.tolist():
        name = names[index]
        try:
            picture = _probe_picture(path, name, _PROBED)
            if (picture.width, picture.height) != (info.width, info.height):
                raise MediaError("decode", "unsupported", f"{picture.width}x{picture.height} px")
            (frame,) = read_photo(path / name, picture, np.zeros(1, dtype=np.int64))
        except MediaError as error:
            raise MediaError("decode", error.reason, error.detail) from error
        yield Frame(index, float(info.pts_seconds[index]), frame.planes)


def picture_names(path: Path, *, stage: Stage) -> list[str]:
    """Names of the frames in a folder, in natural order; links that leave the folder are none of it, nor is a cover.

    Raises
    ------
    MediaError
        At `stage`, ``unreadable``: there are none, or the folder cannot be listed.
    """
    try:
        inside = path.resolve()
        names = [e.name for e in path.iterdir() if not e.is_symlink() or e.resolve().parent == inside]
    except OSError as error:
        raise MediaError(stage, "unreadable", error.strerror or type(error).__name__) from error
    pictures = [n for n in names if Path(n).suffix.lower() in IMAGE_SUFFIXES and not n.startswith(".")]
    if not pictures:
        raise MediaError(stage, "unreadable", "no pictures in the folder")
    check_length(len(pictures), 0, stage=stage)
    return sorted(frame_pictures(pictures) or pictures, key=natural_key)


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key by which digits count as numbers.

    Examples
    --------
    >>> sorted(["f10.png", "f2.png", "f1.png"], key=natural_key)
    ['f1.png', 'f2.png', 'f10.png']
    """
    parts = re.findall(r"([0-9]+)|([^0-9]+)", name)
    return [(0, int(digits), "") if digits else (1, 0, text) for digits, text in parts], name


def _probe_picture(path: Path, name: str, max_memory: int) -> MediaInfo:
    """The header of one picture, its name in the error."""
    try:
        return probe_photo(path / name, max_memory=max_memory)
    except MediaError as error:
        raise MediaError(error.stage, error.reason, one_line(f"{name}: {error.detail}")) from error
