"""The clip of one photo or video, cut as a build cuts it, and frames of the same face that follow each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from specaug.differences.clip_measures import ClipToCompare, LoadedClip
from specaug.differences.flicker import frame_rate
from specaug.errors import MediaError
from specaug.extract import extract
from specaug.faces import FaceDetector
from specaug.media import kind_of, read_frames
from specaug.records import BuildConfig, Clip, Failure, Label, Source

CONSECUTIVE = 64
"""Frames that the temporal spectrum is of: at 25 frames a second it tells frequencies 0.4 Hz apart."""
_REDUCED = 4
"""The temporal spectrum is of strips of the face, which a crop of a quarter of the side holds as well."""


def clip_of_media(
    path: Path, label: Label, config: BuildConfig, *, detector: FaceDetector | None = None
) -> ClipToCompare:
    """The face of a photo, a video, or a folder of numbered images.

    Raises
    ------
    MediaError
        When it is loaded: the file cannot be read or shows no face.
    """
    held: list[LoadedClip] = []

    def load() -> LoadedClip:
        if not held:
            held.append(_loaded(path, label, config, detector))
        return held[0]

    return ClipToCompare(path.name, path.name, load)


def _loaded(path: Path, label: Label, config: BuildConfig, detector: FaceDetector | None) -> LoadedClip:
    kind = "frames" if path.is_dir() else kind_of(path) or "image"
    pai = "none" if label == "bonafide" else "attack"
    source = Source(path.name, label, pai=pai, kind=kind, source_id="0" * 32)
    raw = replace(config, image_format="raw", clips=1)
    outcome = extract(source, raw, raw=path.parent, detector=detector)[0]
    if isinstance(outcome, Failure):
        raise MediaError(outcome.stage, outcome.reason, f"{path.name}: {outcome.detail}")
    shape = (config.size, config.size, 3)
    frames = np.stack([np.frombuffer(frame, np.uint8).reshape(shape) for frame in outcome.frames])
    moving, rate = _moving(path, outcome, config)
    return LoadedClip(frames, moving, rate, float(outcome.scale.mean()))


def _moving(path: Path, clip: Clip, config: BuildConfig) -> tuple[np.ndarray | None, float | None]:
    """Up to :data:`CONSECUTIVE` frames about the middle of a clip, by the warp of its middle frame, and their rate."""
    info = clip.info
    n = min(CONSECUTIVE, info.n_frames)
    middle = len(clip.frame_index) // 2
    first = int(np.clip(clip.frame_index[middle] - n // 2, 0, info.n_frames - n))
    indices = np.arange(first, first + n)
    rate = frame_rate(info.pts_seconds[indices]) if info.kind in ("video", "hdf5") else None
    if rate is None:
        return None, None
    size = config.size // _REDUCED
    # Pixel centers lie at integers, so those of the smaller crop do not lie on every fourth one of the larger.
    ratio = size / config.size
    warp = clip.warp[middle].astype(np.float64) * ratio
    warp[:, 2] += (ratio - 1) / 2
    crops = [frame.planes.crop(warp, size=size) for frame in read_frames(path, info, indices)]
    return np.stack(crops), rate
