"""The records of a video that its probe fills and its reader needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specaug.records import MediaInfo


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """Where each frame is among the packets of a stream; times are in the stream's time base."""

    ticks: np.ndarray
    """(n_frames,) int64, presentation times, ascending and distinct."""
    entries: np.ndarray
    """(m,) int64, indices of the keyframes that decoding can begin with, ascending."""
    seeks: np.ndarray
    """(m,) int64, for each of `entries` the time to seek to."""


@dataclass(frozen=True, eq=False, repr=False)
class VideoInfo(MediaInfo):
    """MediaInfo of a video, with what reading its frames needs."""

    stream: int = 0
    """Index of the stream in the container."""
    packets: PacketIndex | None = None
    """None where packets and frames need not correspond: frames are then counted as the decoder gives them."""
    thorough: bool = True
    """Whether the file must be opened with a look at some frames."""
    keyed: bool = True
    """Whether the container marks keyframes."""
    cut: bool = False
    """Whether the video begins with frames whose references were cut off."""
    coded_size: tuple[int, int] = (0, 0)
    """(width, height) of a frame as it is stored, px."""

    @property
    def entries(self) -> np.ndarray:
        """Keyframes that decoding can begin with; none where frames are counted, which decodes all before them."""
        return np.zeros(0, dtype=np.int64) if self.packets is None else self.packets.entries
