"""What all clips of one source have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specaug.faces import FaceDetector
from specaug.records import BuildConfig, MediaInfo, Source
from specaug.stage_timer import Stopwatch


@dataclass(frozen=True, eq=False)
class ClipTask:
    """One source that was probed, with what its clips are made by."""

    source: Source
    config: BuildConfig
    raw: Path
    """Folder that ``source.path`` is relative to."""
    info: MediaInfo
    detector: FaceDetector
    watch: Stopwatch

    @property
    def path(self) -> Path:
        """The media file, or the folder of frames."""
        return self.raw / self.source.path

    def sampling_rng(self) -> np.random.Generator | None:
        """A new generator for random sampling, None for other policies.

        Made from what is processed: always three words, the seed and the two halves of the id.
        """
        if self.config.sampling != "random":
            return None
        halves = (int(self.source.source_id[:16], 16), int(self.source.source_id[16:], 16))
        return np.random.default_rng(np.random.SeedSequence([self.config.seed, *halves]))
