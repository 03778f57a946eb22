"""One source becomes clips or typed failures: the only place where pixels are handled."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from specaug.align import box_warp, padding_share, similarity, template, warp_image, warp_scale
from specaug.errors import MediaError
from specaug.faces import (
    FaceDetector,
    FaceTrack,
    Sighting,
    detector_from,
    faces_of_eyes,
    link_faces,
    read_given,
    sighting,
)
from specaug.media import kind_of, probe, read_eyes, read_frames
from specaug.orientation import upright
from specaug.records import BuildConfig, Clip, Face, Failure, Frame, MediaInfo, Source, Stage, readable_path
from specaug.sampling import clip_indices, frame_indices
from specaug.shards import MAX_ROW_BYTES, encode_image
from specaug.stopwatch import Stopwatch
from specaug.supply import Between, ClipFrames

_MIN_FOUND = 0.5
"""Share of frames in which the face must be found."""
_ATTEMPTS = 5
"""How often frames are chosen anew within the shot that holds the face."""

_log = logging.getLogger(__name__)


def extract(
    source: Source, config: BuildConfig, *, raw: Path, watch: Stopwatch | None = None
) -> tuple[Clip | Failure, ...]:
    """Decode, find the face, align and encode one source.

    Parameters
    ----------
    source : Source
    config : BuildConfig
    raw : Path
        Folder that ``source.path`` is relative to.
    watch : Stopwatch, optional
        Gets the seconds of each stage.

    Returns
    -------
    tuple of Clip or Failure
        Clips, with a failure that names its first frame for each clip that could not be made; or one single
        failure for the whole source. Never empty. Any error that a file can cause becomes a failure; one that
        nobody foresaw is logged with its trace and becomes ``internal``, which means a defect of ours.
    """
    watch = watch or Stopwatch()
    try:
        with watch("probe"):
            info = probe(raw / source.path, source.kind)
        with watch("detect"):
            info = _upright(source, info, config, raw)
        outcomes = [
            _clip_or_failure(source, info, number, indices, config, raw, watch)
            for number, indices in enumerate(_choose(source, info, config))
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
        first = failures[0]
        return (_failure(source, first.stage, first.reason, first.detail),)
    return tuple(outcomes)


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


def _choose(source: Source, info: MediaInfo, config: BuildConfig) -> list[np.ndarray]:
    """Frame indices of each clip."""
    n_frames = min(info.n_frames, source.first_frames or info.n_frames)
    return clip_indices(
        n_frames,
        n=config.frames,
        # fewer clips rather than shorter ones, where the video is too short for all
        clips=min(config.clips, max(1, n_frames // config.frames)),
        policy=config.sampling,
        rng=_generator(source, config) if config.sampling == "random" else None,
        fps=info.fps,
        keyframes=info.keyframes[info.keyframes < n_frames],
    )


def _upright(source: Source, info: MediaInfo, config: BuildConfig, raw: Path) -> MediaInfo:
    """`info` with the rotation that makes the source upright; given boxes are for the picture as it is stored."""
    if source.turn == "look" and config.detector == "sidecar":
        return info

    def show(info: MediaInfo) -> Frame:
        (frame,) = read_frames(raw / source.path, info, np.array([info.n_frames // 2]))
        return frame

    def find(frame: Frame) -> list[Face]:
        return _detector(config.detector, config.model)(frame.image)

    return upright(info, source.turn, show=show, find=find)


def _generator(source: Source, config: BuildConfig) -> np.random.Generator:
    """A generator made from what is processed: always three words, seed and the two halves of the id."""
    halves = (int(source.source_id[:16], 16), int(source.source_id[16:], 16))
    return np.random.default_rng(np.random.SeedSequence([config.seed, *halves]))


def _clip_or_failure(
    source: Source,
    info: MediaInfo,
    number: int,
    indices: np.ndarray,
    config: BuildConfig,
    raw: Path,
    watch: Stopwatch,
) -> Clip | Failure:
    try:
        return _clip(source, info, number, indices, config, raw, watch)
    except MediaError as error:
        return _failure(source, error.stage, error.reason, error.detail, int(indices[0]))


def _clip(
    source: Source,
    info: MediaInfo,
    number: int,
    indices: np.ndarray,
    config: BuildConfig,
    raw: Path,
    watch: Stopwatch,
) -> Clip:
    """One clip of one face."""
    if config.image_format == "raw" and len(indices) * config.size**2 * 3 > MAX_ROW_BYTES:
        raise _too_large(len(indices))
    supply = ClipFrames(raw / source.path, info, watch)
    detector = _detector(config.detector, config.model)
    find = (
        _given(source, info, raw, follow_symlinks=config.follow_symlinks)
        if config.detector == "sidecar"
        else lambda frame: detector(frame.image)
    )
    between = None if config.detector == "sidecar" else Between(raw / source.path, info, find, watch)
    indices, track = _follow(source, supply, info, indices, config, find, between, watch)
    faces: list[Face | None] = []
    for frame, face in zip(supply(indices), track.faces, strict=True):
        with watch("detect"):
            faces.append(None if face is None else detector.refine(frame.image, face))
    with watch("align"):
        warps = _warps(faces, config)
    encoded: list[bytes] = []
    total = 0
    for frame, warp in zip(supply(indices), warps, strict=True):
        with watch("align"):
            crop = warp_image(frame.image, warp, size=config.size, resample=config.resample)
        with watch("encode"):
            data = encode_image(crop, image_format=config.image_format, jpeg_quality=config.jpeg_quality)
        encoded.append(data)
        total += len(data)
        if total > MAX_ROW_BYTES:
            raise _too_large(len(warps))
    missing = np.full(14, np.nan, np.float32)
    places = [
        missing if f is None else np.concatenate([f.box, f.landmarks.reshape(-1)]).astype(np.float32)
        for f in faces
    ]
    return Clip(
        clip_id=f"{source.source_id}-{number:03d}",
        source=source,
        info=info,
        frames=tuple(encoded),
        frame_index=indices.astype(np.int32),
        score=np.array([0.0 if f is None else f.score for f in faces], np.float32),
        scale=np.array([warp_scale(w) for w in warps], np.float32),
        padding=np.array(
            [padding_share(w, width=info.width, height=info.height, size=config.size) for w in warps],
            np.float32,
        ),
        box=np.stack(places)[:, :4],
        landmarks=np.stack(places)[:, 4:].reshape(-1, 5, 2),
        warp=np.stack(warps).astype(np.float32),
    )


def _too_large(frames: int) -> MediaError:
    return MediaError("encode", "row_too_large", f"{frames} frames take more than {MAX_ROW_BYTES >> 20} MiB")


def _follow(
    source: Source,
    supply: ClipFrames,
    info: MediaInfo,
    indices: np.ndarray,
    config: BuildConfig,
    find: Callable[[Frame], list[Face]],
    between: Between | None,
    watch: Stopwatch,
) -> tuple[np.ndarray, FaceTrack]:
    """The face of a clip in each of its frames.

    Where a cut, or another person in the same place, ends the track, frames are chosen anew inside the span
    that belongs to it, so that no clip holds two people. Where likeness alone does not tell, `between` looks at
    the frames in between; boxes that were given are followed without a look.

    Raises
    ------
    MediaError
        ``no_face`` if it is found in less than half of the frames, ``face_too_small`` if it is there but small.
    """
    for _ in range(_ATTEMPTS):
        seen: list[Sighting] = []
        for frame in supply(indices):
            with watch("detect"):
                seen.append(sighting(frame.image, find(frame)))
        track = link_faces(seen, settle=partial(between.settle, indices=indices) if between else None)
        _check_found(seen, track, config)
        if (track.start, track.stop) == (0, len(indices)):
            return indices, track
        span = int(indices[track.start]), int(indices[track.stop - 1])
        indices = _within(source, info, *span, config)
    raise MediaError("detect", "no_face", "no stretch of the video shows one person without a cut")


def _given(
    source: Source, info: MediaInfo, raw: Path, *, follow_symlinks: bool
) -> Callable[[Frame], list[Face]]:
    """Faces from the source's own box file: the one that is listed, else ``<name>.face`` beside it."""
    boxes = Path(source.boxes or Path(source.path).with_suffix(".face"))
    inside = (raw / boxes).resolve().is_relative_to(raw.resolve())
    if not (raw / boxes).is_file() or not (inside or follow_symlinks):
        raise MediaError("detect", "no_face", f"no box file {readable_path(boxes.as_posix())!r}")
    if source.box_format == "eye_pos":
        faces = faces_of_eyes(read_eyes(raw / boxes))
    else:
        faces = read_given(raw / boxes, source.box_format, width=info.width, height=info.height)
    return lambda frame: faces(frame.index)


def _within(source: Source, info: MediaInfo, first: int, last: int, config: BuildConfig) -> np.ndarray:
    """Frames chosen anew, by the same policy, between two frames that show the face."""
    keys = info.keyframes[(info.keyframes >= first) & (info.keyframes <= last)] - first
    rng = _generator(source, config) if config.sampling == "random" else None
    n = last - first + 1
    return first + frame_indices(
        n, n=config.frames, policy=config.sampling, rng=rng, fps=info.fps, keyframes=keys
    )


def _check_found(seen: Sequence[Sighting], track: FaceTrack, config: BuildConfig) -> None:
    found, total = len(track.found), len(track.faces)
    if not found or found < _MIN_FOUND * total:
        any_face = sum(bool(sight.faces) for sight in seen)
        raise MediaError(
            "detect",
            "no_face",
            f"one face in {found} of {total} frames, any face in {any_face}; half are needed",
        )
    if track.size < config.min_face:
        raise MediaError(
            "detect",
            "face_too_small",
            f"the face spans {track.size:.0f} px, at least {config.min_face} are needed",
        )


def _warps(faces: Sequence[Face | None], config: BuildConfig) -> list[np.ndarray]:
    """(2, 3) source to crop for each frame.

    ``clip``: one for all, from the mean of the landmarks. ``frame``: its own; where the face is lost, or given as
    a box without landmarks, that of the nearest frame that has some, the earlier of two. ``box``: one for all,
    upright, from the mean box; so it is too where no frame has landmarks. Two eyes will do where no frame has all
    five landmarks.
    """
    found = [(i, face) for i, face in enumerate(faces) if face is not None]
    size, margin = config.size, config.margin
    known = slice(5 if any(np.isfinite(face.landmarks).all() for _, face in found) else 2)
    pointed = [(i, face) for i, face in found if np.isfinite(face.landmarks[known]).all()]
    if config.align == "box" or not pointed:
        mean_box = np.mean([face.box for _, face in found], axis=0, dtype=np.float64)
        return [box_warp(mean_box, size=size, margin=margin)] * len(faces)
    target = template(size, margin)[known]
    if config.align == "clip":
        mean_points = np.mean([face.landmarks[known] for _, face in pointed], axis=0, dtype=np.float64)
        return [similarity(mean_points, target)] * len(faces)
    own = {i: similarity(face.landmarks[known], target) for i, face in pointed}
    return [own[min(own, key=lambda j, i=i: (abs(j - i), j))] for i in range(len(faces))]  # type: ignore[misc]


@lru_cache(maxsize=2)
def _detector(name: str, model: str | None) -> FaceDetector:
    """One detector a process: loading it costs more than a frame."""
    return detector_from(name, model=model)


def detector_version(config: BuildConfig) -> str:
    """Name and weights of the detector, for the plan: other weights give other crops.

    Raises
    ------
    MissingDependencyError
        The detector or its model is not installed.
    """
    detector = _detector(config.detector, config.model)
    return f"{detector.name} {detector.version}"


def first_face(media: Path | str, config: BuildConfig | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The aligned face of a photo, or of the middle frame of a video, as a build would cut it.

    Parameters
    ----------
    media : path
        A photo, a video, or a folder of numbered pictures.
    config : BuildConfig, optional
        Its detector, size, margin, alignment and resampling count.

    Returns
    -------
    crop : (size, size, 3) uint8
        RGB.
    landmarks : (5, 2) float64
        (x, y) in px of the crop; NaN where the detector gives none.

    Raises
    ------
    MediaError
        The file cannot be read or shows no face.
    """
    config = config or BuildConfig()
    path = Path(media)
    info = probe(path, "frames" if path.is_dir() else kind_of(path) or "image")
    (frame,) = read_frames(path, info, np.array([info.n_frames // 2]))
    detector = _detector(config.detector, config.model)
    sights = [sighting(frame.image, detector(frame.image))]
    track = link_faces(sights)
    _check_found(sights, track, config)
    face = detector.refine(frame.image, track.found[0])
    (warp,) = _warps([face], config)
    crop = warp_image(frame.image, warp, size=config.size, resample=config.resample)
    return crop, face.landmarks.astype(np.float64) @ warp[:, :2].T + warp[:, 2]
