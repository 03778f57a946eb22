"""The frames of one clip, read once for detection and again for cropping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from specaug.media import read_frames
from specaug.planes import Frame
from specaug.records import MediaInfo
from specaug.stage_timer import Stopwatch

HELD_BYTES = 192 << 20
"""Decoded frames of a clip that are kept for cropping: 64 frames of 1080p in 4:2:0. Those of a longer clip are decoded
a second time instead."""


class ClipFrames:
    """The frames of one clip, several times over: kept if they are few, else decoded again."""

    def __init__(self, path: Path, info: MediaInfo, watch: Stopwatch) -> None:
        self._path, self._info, self._watch = path, info, watch
        self._held: dict[int, Frame] = {}

    def __call__(self, indices: np.ndarray) -> Iterator[Frame]:
        """Frames at `indices`, in that order."""
        if self._held and all(int(i) in self._held for i in indices):
            yield from (self._held[int(i)] for i in indices)
            return
        held: dict[int, Frame] = {}
        self._held = {}
        for frame in self._watch.each("decode", read_frames(self._path, self._info, indices)):
            held[frame.index] = frame
            # The frames of a clip are alike, so the first tells whether all can be held.
            if len(indices) * frame.planes.nbytes > HELD_BYTES:
                held.clear()
            yield frame
        self._held = held
