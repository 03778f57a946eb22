"""The frames of one clip: several times over, and those between them where a link from face to face is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from specaug.errors import MediaError
from specaug.faces import Doubt, Sight, Sighting, continuous, sighting
from specaug.media import read_frames
from specaug.records import Face, Frame, MediaInfo
from specaug.stopwatch import Stopwatch

_HELD_BYTES = 192 << 20
"""Decoded frames of a clip that are kept for cropping; a longer clip is decoded a second time instead."""
_NEAR_SECONDS = 0.15
"""Neighbouring frames so far apart show a person's movement in small steps."""
_LEVELS = 3
"""How often a gap is halved by the frames that are decoded in one go."""


class ClipFrames:
    """The frames of one clip, several times over: kept if they are few, else decoded again."""

    def __init__(self, path: Path, info: MediaInfo, watch: Stopwatch) -> None:
        self._path, self._info, self._watch = path, info, watch
        self._held: dict[int, Frame] = {}

    def __call__(self, indices: np.ndarray) -> Iterator[Frame]:
        """Frames at `indices`, in that order."""
        hold = len(indices) * self._info.width * self._info.height * 3 <= _HELD_BYTES
        if hold and all(int(i) in self._held for i in indices):
            yield from (self._held[int(i)] for i in indices)
            return
        self._held = {}
        for frame in self._watch.each("decode", read_frames(self._path, self._info, indices)):
            if hold:
                self._held[frame.index] = frame
            yield frame


class Between:
    """Settles doubts about a source by a look at the frames between."""

    def __init__(
        self, path: Path, info: MediaInfo, find: Callable[[Frame], list[Face]], watch: Stopwatch
    ) -> None:
        self._path, self._info, self._find, self._watch = path, info, find, watch
        self._frames: dict[int, Frame] = {}
        self._seen: dict[int, Sighting] = {}

    def settle(self, doubt: Doubt, indices: np.ndarray) -> bool:
        """Whether the two faces are one person.

        `indices` are the frames that the positions of `doubt` stand for. Frames that cannot be decoded tell nothing.
        """
        before, after = (
            Sight(int(indices[sight.position]), sight.face, sight.patch)
            for sight in (doubt.before, doubt.after)
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

    def _look(self, index: int, ends: tuple[int, int]) -> Sighting:
        if index not in self._seen:
            if index not in self._frames:
                self._fetch(index, ends)
            frame = self._frames.pop(index)
            with self._watch("detect"):
                self._seen[index] = sighting(frame.image, self._find(frame))
        return self._seen[index]

    def _fetch(self, index: int, ends: tuple[int, int]) -> None:
        """Decode a frame, and with it those that are likely to be asked for next: decoding starts far before them."""
        known = [*ends, *(i for i in self._seen if ends[0] < i < ends[1])]
        first, last = max(i for i in known if i < index), min(i for i in known if i > index)
        room = _HELD_BYTES // (self._info.width * self._info.height * 3)
        wanted = {index, *_halves(first, last, min(_LEVELS, int(np.log2(room + 1))))}
        read = read_frames(self._path, self._info, np.array(sorted(wanted)))
        self._frames = {frame.index: frame for frame in self._watch.each("decode", read)}


def _halves(first: int, last: int, levels: int) -> list[int]:
    """The middle between two frames, and that of each half, so many times over."""
    if last - first < 2 or levels < 1:
        return []
    middle = first + round(0.5 * (last - first))
    return [middle, *_halves(first, middle, levels - 1), *_halves(middle, last, levels - 1)]
