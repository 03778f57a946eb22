"""Raw photos, videos, folders of frames and arrays in HDF5 -> frames: planes as they are stored, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np

from specaug.errors import ArgumentError
from specaug.media.decode import read_video
from specaug.media.frame_folder import probe_folder, read_folder
from specaug.media.hdf5 import probe_hdf5, read_eyes, read_hdf5
from specaug.media.info import VideoInfo
from specaug.media.open_files import kind_of
from specaug.media.photo import probe_photo, read_photo
from specaug.media.size_limits import DEFAULT_MEMORY
from specaug.media.video import probe_video
from specaug.media_types import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from specaug.planes import Frame
from specaug.records import MediaInfo, MediaKind

__all__ = ["IMAGE_SUFFIXES", "VIDEO_SUFFIXES", "kind_of", "probe", "read_eyes", "read_frames"]


def probe(path: Path, kind: MediaKind, *, max_memory: int = DEFAULT_MEMORY) -> MediaInfo:
    """Look at a source without decoding it (see :func:`specaug.media.video.probe_video` for the exceptions).

    Parameters
    ----------
    path : Path
        A file, or a folder for ``frames``.
    kind : {"video", "image", "frames", "hdf5"}
        What it is taken for; nothing is guessed from the name.
    max_memory : int
        Bytes that decoding a photo may take.

    Returns
    -------
    MediaInfo
        To be handed to :func:`read_frames`.

    Raises
    ------
    MediaError
        Where the source cannot be used.
    """
    if kind == "video":
        return probe_video(path)
    if kind == "image":
        return probe_photo(path, max_memory=max_memory)
    if kind == "frames":
        return probe_folder(path, max_memory=max_memory)
    if kind == "hdf5":
        return probe_hdf5(path)
    raise ArgumentError(f"kind: expected one of {', '.join(get_args(MediaKind))}, got {kind!r}")


def read_frames(path: Path, info: MediaInfo, indices: np.ndarray) -> Iterator[Frame]:
    """Decode the frames of a source at `indices`, one at a time.

    Parameters
    ----------
    path : Path
    info : MediaInfo
        What :func:`probe` said of `path`.
    indices : (m,) int array
        Positions in presentation order: ascending, distinct, in ``[0, info.n_frames)``.

    Returns
    -------
    iterator of Frame
        In the order of `indices`: planes as they are stored, and how they become upright RGB.

    Raises
    ------
    ArgumentError
        For other indices, at once.
    MediaError
        While iterating, after the frames that could be delivered: ``truncated`` where a frame does not come,
        ``decoder_error`` and others. A picture that a decoder patched up is never delivered.
    """
    wanted = np.asarray(indices)
    if wanted.ndim != 1 or (wanted.size and not np.issubdtype(wanted.dtype, np.integer)):
        raise ArgumentError(f"indices: expected a one-dimensional integer array, got {indices!r}")
    wanted = wanted.astype(np.int64)
    if wanted.size and (np.diff(wanted).min(initial=1) < 1 or wanted[0] < 0 or wanted[-1] >= info.n_frames):
        raise ArgumentError(f"indices: expected ascending, distinct, in [0, {info.n_frames}), got {wanted}")
    if info.kind == "image":
        return read_photo(path, info, wanted)
    if info.kind == "frames":
        return read_folder(path, info, wanted)
    if info.kind == "hdf5":
        return read_hdf5(path, info, wanted)
    return read_video(path, info if isinstance(info, VideoInfo) else probe_video(path), wanted)
