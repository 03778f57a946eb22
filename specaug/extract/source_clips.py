"""Turn one source into clips or typed failures: the only place where pixels are handled."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from specaug.errors import MediaError
from specaug.extract.clip_task import ClipTask
from specaug.extract.make_clip import make_clip
from specaug.extract.orientation import upright
from specaug.extract.source_content import unchanged
from specaug.faces import FaceDetector, detector_for
from specaug.media import probe, read_frames
from specaug.planes import Frame
from specaug.records import BuildConfig, Clip, Face, Failure, MediaInfo, Source, Stage, readable_path
from specaug.sampling import clip_indices, snapped
from specaug.stage_timer import Stopwatch

_log = logging.getLogger(__name__)


def extract(
    source: Source,
    config: BuildConfig,
    *,
    raw: Path,
    detector: FaceDetector | None = None,
    watch: Stopwatch | None = None,
) -> tuple[Clip | Failure, ...]:
    """Decode, find the face, align and encode one source.

    Parameters
    ----------
    source : Source
    config : BuildConfig
    raw : Path
        Folder that ``source.path`` is relative to.
    detector : FaceDetector, optional
        Finds the faces; by default the one that `config` names, loaded once a process.
    watch : Stopwatch, optional
        Gets the seconds of each stage.

    Returns
    -------
    tuple of Clip or Failure
        Clips, with a failure that names its first frame for each clip that could not be made; or one single
        failure for the whole source. Never empty. Any error that a file can cause becomes a failure; unexpected
        exceptions are logged with their trace and reported as ``internal`` (a specaug bug).
    """
    watch = watch or Stopwatch()
    try:
        detector = detector or detector_for(config.detector, model=config.model)
        with ExitStack() as stack:
            with watch("probe"):
                digest = stack.enter_context(unchanged(raw / source.path, source.kind, planned=source.stamp))
            task = _task(source, config, raw, detector, watch, digest)
            outcomes = [
                _clip_or_failure(task, number, indices) for number, indices in enumerate(_choose(task))
            ]
    except MediaError as error:
        return (_failure(source, error.stage, error.reason, error.detail),)
    except Exception as error:
        if _is_short_memory(error):
            return (_failure(source, watch.stage, "out_of_memory", "memory ran out"),)
        _log.exception("source %s", source.source_id)
        return (_failure(source, watch.stage, "internal", type(error).__name__),)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    if len(failures) == len(outcomes):
        return (replace(failures[0], frame_index=None),)
    return tuple(replace(o, bytes_digest=digest()) if isinstance(o, Clip) else o for o in outcomes)


def _task(
    source: Source,
    config: BuildConfig,
    raw: Path,
    detector: FaceDetector,
    watch: Stopwatch,
    digest: Callable[[], str],
) -> ClipTask:
    """What is known of a source before its frames are chosen."""
    with watch("probe"):
        info = probe(raw / source.path, source.kind, max_memory=config.memory_limit())
        digest()  # of a medium alone: others may be of any size
        if info.color.is_hdr and config.hdr == "fail":
            raise MediaError("probe", "hdr", f"{info.color.transfer} video; --hdr tonemap makes it SDR")
    with watch("detect"):
        info = _upright(source, info, config, raw, detector)
    return ClipTask(source, config, raw, info, detector, watch)


def _is_short_memory(error: Exception) -> bool:
    """Whether an allocation failed: most libraries raise MemoryError, OpenCV and the system their own errors."""
    if isinstance(error, cv2.error):
        return bool(error.code == cv2.Error.StsNoMem)
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)


def _failure(
    source: Source, stage: str | None, reason: str, detail: str, frame_index: int | None = None
) -> Failure:
    place: Stage = stage if stage in get_args(Stage) else "encode"  # type: ignore[assignment]
    path = readable_path(source.path)
    return Failure(source.source_id, path, source.split, place, reason, detail, frame_index=frame_index)  # type: ignore[arg-type]


def _clip_or_failure(task: ClipTask, number: int, indices: np.ndarray) -> Clip | Failure:
    try:
        return make_clip(task, number, indices)
    except MediaError as error:
        return _failure(task.source, error.stage, error.reason, error.detail, int(indices[0]))


def _choose(task: ClipTask) -> list[np.ndarray]:
    """Frame indices of each clip."""
    source, info, config = task.source, task.info, task.config
    n_frames = min(info.n_frames, source.first_frames or info.n_frames)
    chosen = clip_indices(
        n_frames,
        n=config.frames,
        # fewer clips rather than shorter ones, where the video is too short for all
        clips=min(config.clips, max(1, n_frames // config.frames)),
        policy=config.sampling,
        rng=task.sampling_rng(),
        fps=info.fps,
        keyframes=info.keyframes[info.keyframes < n_frames],
    )
    if config.snap == "none" or not chosen:
        return chosen
    # all clips at once, so that no frame goes to another clip
    moved = snapped(np.concatenate(chosen), info.entries[info.entries < n_frames], n_frames=n_frames)
    return np.split(moved, np.cumsum([len(indices) for indices in chosen])[:-1])


def _upright(
    source: Source, info: MediaInfo, config: BuildConfig, raw: Path, detector: FaceDetector
) -> MediaInfo:
    """`info` with the rotation that makes the source upright; given boxes are for the image as it is stored."""
    if source.turn == "look" and config.detector == "sidecar":
        return info

    def show(info: MediaInfo) -> Frame:
        (frame,) = read_frames(raw / source.path, info, np.array([info.n_frames // 2]))
        return frame

    def find(frame: Frame) -> list[Face]:
        return detector(frame.planes)

    return upright(info, source.turn, show=show, find=find)
