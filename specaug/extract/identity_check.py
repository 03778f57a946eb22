"""Whether two faces of a clip are one person, by the frames between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from specaug.errors import MediaError
from specaug.extract.clip_frames import HELD_BYTES
from specaug.faces import AmbiguousLink, Detection, FrameDetections, continuous, detections
from specaug.media import read_frames
from specaug.planes import Frame
from specaug.records import Face, MediaInfo
from specaug.stage_timer import Stopwatch

_NEAR_SECONDS = 0.15
"""Neighbouring frames so far apart show a person's movement in small steps: three frames at 20 a second."""
_LEVELS = 3
"""How often a gap is halved by the frames that are decoded in one go."""


class IdentityCheck:
    """Resolves ambiguous links of a source by a look at the frames between."""

    def __init__(
        self, path: Path, info: MediaInfo, find: Callable[[Frame], list[Face]], watch: Stopwatch
    ) -> None:
        self._path, self._info, self._find, self._watch = path, info, find, watch
        self._frames: dict[int, Frame] = {}
        self._seen: dict[int, FrameDetections] = {}

    def resolve(self, link: AmbiguousLink, indices: np.ndarray) -> bool:
        """Whether the two faces are one person.

        `indices` are the frames that the positions of `link` stand for. Frames that cannot be decoded tell nothing.
        """
        before, after = (
            Detection(int(indices[end.position]), end.face, end.patch) for end in (link.before, link.after)
        )
        self._frames = {}
        try:
            return continuous(
                before,
                after,
                lambda index: self._look(index, (before.position, after.position)),
                seconds=lambda index: float(self._info.pts_seconds[index]),
                near=_NEAR_SECONDS,
            )
        except MediaError:
            return True
        finally:
            self._frames = {}

    def _look(self, index: int, ends: tuple[int, int]) -> FrameDetections:
        if index not in self._seen:
            if index not in self._frames:
                self._fetch(index, ends)
            frame = self._frames.pop(index)
            with self._watch("detect"):
                self._seen[index] = detections(frame.planes, self._find(frame))
        return self._seen[index]

    def _fetch(self, index: int, ends: tuple[int, int]) -> None:
        """Decode a frame, and with it those that are likely to be asked for next: decoding starts far before them."""
        known = [*ends, *(i for i in self._seen if ends[0] < i < ends[1])]
        first, last = max(i for i in known if i < index), min(i for i in known if i > index)
        room = HELD_BYTES // (self._info.width * self._info.height * 3)
        wanted = {index, *_halves(first, last, min(_LEVELS, int(np.log2(room + 1))))}
        read = read_frames(self._path, self._info, np.array(sorted(wanted)))
        self._frames = {frame.index: frame for frame in self._watch.each("decode", read)}


def _halves(first: int, last: int, levels: int) -> list[int]:
    """The middle between two frames, and that of each half, so many times over."""
    if last - first < 2 or levels < 1:
        return []
    middle = first + round(0.5 * (last - first))
    return [middle, *_halves(first, middle, levels - 1), *_halves(middle, last, levels - 1)]
