"""Whether two faces, frames apart, are one person: seen by a chain of small changes in the frames between them.

A person who turns, blinks or moves a hand before the face changes little from one frame to the next; another person
in the same place is one jump, or comes after frames without a face there.
"""

from __future__ import annotations

from collections.abc import Callable

from specaug.faces.linking import Detection, FrameDetections, distance, likeness, surely_alike

_NEAR = 0.5
"""How far a face may lie from both ends of a gap, in its own size, in a frame within it."""
_POINTS = (0.5, 0.25, 0.75)
"""Where in a gap to look for the face, until it is found."""


def continuous(
    before: Detection,
    after: Detection,
    look: Callable[[int], FrameDetections],
    *,
    seconds: Callable[[int], float],
    near: float,
) -> bool:
    """Whether the faces of two frames are joined by frames in which the face changes little.

    Halves the gap until the faces at its ends surely are alike, or nothing is left between them.

    Parameters
    ----------
    before, after : Detection
        Positions are indices of frames.
    look : callable
        The faces of a frame.
    seconds : callable
        When a frame is shown.
    near : float
        Neighbouring frames at most so many seconds apart must look alike; farther apart they tell nothing, and what
        is known of the two faces is all there is: they count as joined.

    Returns
    -------
    bool
        False where neighbouring frames show different faces, or the face is lost in between.
    """
    if surely_alike(before.patch, after.patch):
        return True
    first, last = before.position, after.position
    if last - first < 2:
        return seconds(last) - seconds(first) > near
    for point in _POINTS:
        index = min(last - 1, max(first + 1, first + round(point * (last - first))))
        middle = _nearest(index, look(index), (before, after))
        if middle is not None:
            halves = ((before, middle), (middle, after))
            return all(continuous(a, b, look, seconds=seconds, near=near) for a, b in halves)
    return False


def _nearest(index: int, seen: FrameDetections, ends: tuple[Detection, Detection]) -> Detection | None:
    """The face of a frame that continues one of the ends best, if one is near."""
    found = []
    for face, patch in zip(seen.faces, seen.patches, strict=True):
        for end in ends:
            away = distance(end.face, face)
            if away < _NEAR:
                found.append((likeness(end.patch, patch) - away, Detection(index, face, patch)))
    return max(found, key=lambda pair: pair[0])[1] if found else None
