"""A colour video that is an array in an HDF5 file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np

from specaug.errors import MediaError
from specaug.install_hint import install_hint
from specaug.media.open_files import one_line, open_regular
from specaug.media.size_limits import check_length, check_video_size
from specaug.planes import Frame, PlaneImage
from specaug.records import MediaInfo, Stage

PREFERRED = "Color_Data"
"""The array of this name is the video, where there is one; else the only one that can be."""
EYES = "Eye_Pos"
"""Rows x and y of the right eye, x and y of the left eye, one a frame."""
_DAMAGE = (OSError, KeyError, ValueError, RuntimeError, TypeError, MemoryError)
"""What h5py raises on damaged files."""


def probe_hdf5(path: Path) -> MediaInfo:
    """Find the video in an HDF5 file.

    It is an array of uint8 with the shape (N, 3, H, W) or (N, H, W, 3), RGB, stored in the file itself; there is
    no clock, so that ``fps`` is 0 and ``pts_seconds`` is the index.

    Parameters
    ----------
    path : Path

    Returns
    -------
    MediaInfo
        With ``kind`` ``hdf5``.

    Raises
    ------
    MediaError
        Stage ``probe``: ``unsupported`` without h5py, or where no array or more than one can be the video;
        ``unreadable``; ``too_large``.
    """
    with _opened(path, stage="probe") as file:
        count, height, width = _channels_last(_video(file).shape)
    check_video_size(width, height)
    check_length(count, 0)
    if count == 0:
        raise MediaError("probe", "unreadable", "the array holds no frame")
    return MediaInfo(
        kind="hdf5",
        width=width,
        height=height,
        n_frames=count,
        pts_seconds=np.arange(count, dtype=np.float64),
        keyframes=np.arange(count, dtype=np.int64),
    )


def read_hdf5(path: Path, info: MediaInfo, indices: np.ndarray) -> Iterator[Frame]:
    """Read the frames at `indices`, one at a time.

    Parameters
    ----------
    path : Path
    info : MediaInfo
        What :func:`probe_hdf5` said of the same file.
    indices : (m,) int array
        Ascending, distinct, below ``info.n_frames``.

    Yields
    ------
    Frame

    Raises
    ------
    MediaError
        Stage ``decode``: ``unreadable``, ``decoder_error``, or ``truncated`` where the array changed.
    """
    with _opened(path, stage="decode") as file:
        video = _video(file)
        shape = (info.n_frames, info.height, info.width)
        if _channels_last(video.shape) != shape:
            raise MediaError("decode", "truncated", f"an array of {video.shape} instead of {shape} pictures")
        for index in indices.tolist():
            picture = np.asarray(video[index])
            image = picture if picture.shape[-1] == 3 else picture.transpose(1, 2, 0)
            yield Frame(index, float(info.pts_seconds[index]), PlaneImage.of_rgb(np.ascontiguousarray(image)))


def read_eyes(path: Path) -> np.ndarray:
    """Positions of the eyes that lie beside the video.

    Returns
    -------
    (n, 4) float64
        x and y of the subject's right eye, x and y of the left, px; one row a frame.

    Raises
    ------
    MediaError
        ``detect``, ``unreadable``: there are none, or not in this form.
    """
    with _opened(path, stage="detect") as file:
        found = _arrays(file).get(EYES)
        if found is None or found.ndim != 2 or found.shape[1] != 4 or found.dtype.kind not in "iuf":
            raise MediaError("detect", "unreadable", f"no array {EYES} of four numbers a frame")
        check_length(found.shape[0], 0, stage="detect")
        return np.asarray(found[...], dtype=np.float64)


@contextmanager
def _opened(path: Path, *, stage: Stage) -> Iterator[Any]:
    """An open file of h5py; what it raises becomes a MediaError."""
    try:
        import h5py
    except ImportError as error:
        raise MediaError(stage, "unsupported", f"HDF5 needs h5py: {install_hint('h5')}") from error
    with open_regular(path, stage=stage) as stream:
        try:
            # By the stream and not by its name, so that no driver is chosen by it and no second file is opened.
            with h5py.File(stream, "r") as file:
                yield file
        except _DAMAGE as error:
            reason = "decoder_error" if stage == "decode" else "unreadable"
            raise MediaError(stage, reason, one_line(error) or type(error).__name__) from error


def _arrays(file: Any) -> dict[str, Any]:
    """The arrays that lie in the file itself, by path; links to other files are not followed."""
    import h5py

    found: dict[str, Any] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not item.is_virtual and item.external is None:
            found[name] = item

    file.visititems(note)
    return found


def _video(file: Any) -> Any:
    """The array that is the video."""
    able = {
        name: array
        for name, array in _arrays(file).items()
        if array.ndim == 4 and array.dtype == np.uint8 and 3 in (array.shape[1], array.shape[3])
    }
    if PREFERRED in able:
        return able[PREFERRED]
    if len(able) != 1:
        names = ", ".join(sorted(able)) or "none"
        detail = one_line(f"expected one array of uint8 colour pictures, or {PREFERRED}, got {names}")
        raise MediaError("probe", "unsupported", detail)
    return next(iter(able.values()))


def _channels_last(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(frames, height, width) of an array whose colours come second or last."""
    count, second, third, last = cast(tuple[int, int, int, int], shape)
    return (count, second, third) if last == 3 else (count, third, last)
