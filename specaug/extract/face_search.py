"""Find the faces of a clip's frames: in whole frames, and between those where the one face was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from specaug.faces import (
    FaceDetector,
    FollowingDetector,
    FrameDetections,
    detections,
    distance,
    shows_new,
    surely_alike,
)
from specaug.planes import Frame
from specaug.records import Face

Find = Callable[[Frame], list[Face]]

WHOLE_EVERY = 8
"""A whole frame is searched at least so often: what no other rule notices is missed for seven frames at most."""
_MAX_MOVE, _MAX_GROWTH = 0.5, 1.4
"""How far a followed face may move from frame to frame, in its own size, and by which factor it may grow or shrink."""


def refined_alone(find: Find, detector: FaceDetector) -> Find:
    """`find`, with a second look at a face that is alone in its frame.

    Faces are compared by thumbnails that are cut by their landmarks, so all frames of a clip are looked at alike; the
    landmarks of a first look scatter more.
    """

    def refining(frame: Frame) -> list[Face]:
        faces = find(frame)
        if len(faces) != 1:
            return faces
        return [replace(detector.refine(frame.planes, faces[0]), refined=True)]

    return refining


class FaceSearch:
    """Searches the frames of one clip, in presentation order.

    The first frame is searched whole. Where that shows exactly one face, the next frame is looked at only where the
    face was. It is searched whole all the same

    - every :data:`WHOLE_EVERY` frames;
    - where the face is not surely there: two looks disagree, the score drops, it jumps, or it does not surely look like
      the same person, so that every link in doubt is decided by all faces of a frame;
    - where anything outside the face's place is new, such as another face that enters.

    Nothing is kept from clip to clip.

    Parameters
    ----------
    find : callable
        All faces of a frame.
    detector : FaceDetector
        Follows a face, if it can; else all frames are searched whole.
    """

    def __init__(self, find: Find, detector: FaceDetector) -> None:
        self._find = refined_alone(find, detector)
        self._detector = detector if isinstance(detector, FollowingDetector) else None
        self._first: FrameDetections | None = None
        """The whole frame that showed the face that is followed."""
        self._last: FrameDetections | None = None
        self._since = 0

    def __call__(self, frame: Frame) -> FrameDetections:
        """The faces of a frame: all, or the one that is followed."""
        if self._detector is None:
            return detections(frame.planes, self._find(frame))
        seen = self._followed(frame, self._detector)
        if seen is None:
            seen = self._whole(frame)
        self._last = seen
        return seen

    def _whole(self, frame: Frame) -> FrameDetections:
        faces = self._find(frame)
        seen = detections(frame.planes, faces)
        self._first, self._since = (seen if len(faces) == 1 and faces[0].refined else None), 0
        return seen

    def _followed(self, frame: Frame, detector: FollowingDetector) -> FrameDetections | None:
        """The face where it was, None where the whole frame has to be searched."""
        self._since += 1
        if self._first is None or self._last is None or self._since >= WHOLE_EVERY:
            return None
        (last,) = self._last.faces
        score = self._first.faces[0].score
        face = detector.follow(frame.planes, replace(last, score=score))
        if face is None or not _steady(last, face):
            return None
        # Scores of a crop and of a reduced frame are not alike: a column must not tell how a frame was searched.
        seen = detections(frame.planes, [replace(face, score=score)])
        alike = any(surely_alike(known.patches[0], seen.patches[0]) for known in (self._first, self._last))
        if not alike or shows_new(seen, (self._last, self._first)):
            return None
        return seen


def _steady(last: Face, face: Face) -> bool:
    """Whether a face may have gone from one place to another within a clip, without a jump."""
    growth = float(np.log(face.size / last.size))
    return distance(last, face) <= _MAX_MOVE and abs(growth) <= np.log(_MAX_GROWTH)
