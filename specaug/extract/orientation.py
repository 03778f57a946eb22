"""Which way up a video is: what its container says, a layout's table, or the face in it. Applied once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from specaug.planes import Frame
from specaug.planes.placement import turned_orientation
from specaug.records import Face, MediaInfo, Turn

QUARTERS = (0, 180, 90, 270)
"""Clockwise turns that are tried, in this order."""

Find = Callable[[Frame], list[Face]]
Show = Callable[[MediaInfo], Frame]


def turned(info: MediaInfo, degrees: int) -> MediaInfo:
    """The record of a video that is turned clockwise by so many degrees more; its reader then turns its frames.

    Examples
    --------
    >>> import numpy as np
    >>> info = MediaInfo("video", 640, 480, 1, np.zeros(1), np.zeros(1, np.int64))
    >>> upright = turned(info, 90)
    >>> upright.width, upright.height, upright.rotation
    (480, 640, 90)
    """
    width, height = (info.height, info.width) if degrees % 180 else (info.width, info.height)
    turned_by = turned_orientation(info.orientation, degrees)
    return replace(
        info, width=width, height=height, rotation=(info.rotation + degrees) % 360, orientation=turned_by
    )


def upright(info: MediaInfo, turn: Turn, *, show: Show, find: Find) -> MediaInfo:
    """The record of a video whose frames are upright.

    Parameters
    ----------
    info : MediaInfo
        As its container tells. Photos, folders of frames and arrays have no container that players turn: they stay
        as they are.
    turn : {"none", "90", "180", "270", "look"}
        A table's turn is for videos whose container names no rotation, since its reader ignored that; ``look``
        takes the first of `QUARTERS` at which an upright face is seen, and leaves the video if there is none.
    show : callable
        Record to a frame of the video, as it comes out with that record.
    find : callable
        Frame to faces.

    Returns
    -------
    MediaInfo
        ``rotation`` is everything that was applied.
    """
    if turn == "none" or info.kind != "video":
        return info
    if turn != "look":
        return info if info.rotation else turned(info, int(turn))
    for degrees in QUARTERS:
        candidate = turned(info, degrees)
        if any(is_upright(face) for face in find(show(candidate))):
            return candidate
    return info


def is_upright(face: Face) -> bool:
    """Whether the mouth lies below the eyes, by more than a face could lean.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0, 0], [4, 0], [2, 2], [1, 4], [3, 4]], np.float32)
    >>> face = Face(np.array([0, 0, 4, 4], np.float32), points, 1.0)
    >>> is_upright(face), is_upright(replace(face, landmarks=-points)), is_upright(
    ...     replace(face, landmarks=points[:, ::-1])
    ... )
    (True, False, False)
    """
    across, down = face.landmarks[3:].mean(axis=0) - face.landmarks[:2].mean(axis=0)
    return bool(down > abs(across))
