"""Follow one face over the frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from specaug.errors import MediaError
from specaug.extract.clip_frames import ClipFrames
from specaug.extract.clip_task import ClipTask
from specaug.extract.face_search import FaceSearch, Find, refined_alone
from specaug.extract.identity_check import IdentityCheck
from specaug.faces import (
    LARGEST_IN_TILES,
    FaceTrack,
    FrameDetections,
    LinkKey,
    check_inside,
    detections,
    distinct,
    enlarged,
    faces_of_eyes,
    find_in_tiles,
    link_faces,
    read_given,
)
from specaug.media import read_eyes
from specaug.planes import Frame
from specaug.records import BuildConfig, Face, readable_path
from specaug.sampling import frame_indices, snapped

_MIN_FOUND = 0.5
"""Share of frames in which the face must be found: below it, most of a clip would show something else."""
_ATTEMPTS = 8
"""How often frames are chosen anew within the segment that holds the face; each time it is known more exactly."""


def follow_face(task: ClipTask, frames: ClipFrames, indices: np.ndarray) -> tuple[np.ndarray, FaceTrack]:
    """The face of a clip in each of its frames.

    Where a cut, or another person in the same place, ends the track, frames are chosen anew inside the span
    that belongs to it, so that no clip holds two people. Where likeness alone does not tell, the frames in
    between are looked at; given boxes are followed without that.

    Returns
    -------
    indices : (m,) int array
        The frames of the clip.
    track : FaceTrack

    Raises
    ------
    MediaError
        ``no_face`` if it is found in less than half of the frames, ``face_too_small`` if it is there but small.
    """
    given, in_tiles = task.config.detector == "sidecar", False
    find, within = _given(task) if given else _detected(task), _searched(task, indices)
    check = None if given else _check(task, find)
    for _ in range(_ATTEMPTS):
        seen = _seen(task, frames, indices, find)
        track = _linked(seen, indices, check)
        if not given and not in_tiles and _may_be_too_small(track, task.config):
            find, in_tiles = _in_tiles(task), True
            check = _check(task, find)
            seen = _seen(task, frames, indices, find)
            track = _linked(seen, indices, check)
        check_found(seen, track, task.config)
        if (track.start, track.stop) == (0, len(indices)):
            return indices, track
        indices, within = _chosen_anew(task, indices, track, within)
    raise MediaError("detect", "no_face", "no continuous segment with a single face")


def _check(task: ClipTask, find: Find) -> IdentityCheck:
    """Frames between are looked at as sampled ones are."""
    return IdentityCheck(task.path, task.info, refined_alone(find, task.detector), task.watch)


def _chosen_anew(
    task: ClipTask, indices: np.ndarray, track: FaceTrack, within: tuple[int, int]
) -> tuple[np.ndarray, tuple[int, int]]:
    """Frames of the stretch that belongs to the track, and its first and last frame.

    Where it is too short, it is what may belong to the track: up to the frames that show another face, which lie
    `within` what was searched.
    """
    wanted = 1 if task.config.sampling == "all" else len(indices)
    first, last = int(indices[track.start]), int(indices[track.stop - 1])
    known = last - first + 1
    if known < wanted:
        first = int(indices[track.start - 1]) + 1 if track.start else within[0]
        last = int(indices[track.stop]) - 1 if track.stop < len(indices) else within[1]
    most = last - first + 1
    if most < wanted:
        longest = f"{known}" if known == most else f"{known} to {most}"
        detail = f"no continuous segment with a single face has {wanted} frames, the longest has {longest}"
        raise MediaError("detect", "no_face", detail)
    return _within(task, first, last), (first, last)


def _searched(task: ClipTask, indices: np.ndarray) -> tuple[int, int]:
    """First and last frame that a clip may hold; where a source gives several clips, those first chosen."""
    if task.config.clips > 1:
        return int(indices[0]), int(indices[-1])
    n_frames = task.info.n_frames
    return 0, min(n_frames, task.source.first_frames or n_frames) - 1


def _seen(task: ClipTask, frames: ClipFrames, indices: np.ndarray, find: Find) -> list[FrameDetections]:
    """The faces of each frame: those that are given, or what a search of this clip alone finds."""
    given = task.config.detector == "sidecar"
    search = (
        (lambda frame: detections(frame.planes, find(frame))) if given else FaceSearch(find, task.detector)
    )
    seen: list[FrameDetections] = []
    for frame in frames(indices):
        with task.watch("detect"):
            seen.append(search(frame))
    return seen


def _linked(seen: Sequence[FrameDetections], indices: np.ndarray, check: IdentityCheck | None) -> FaceTrack:
    """The track of the main face, linked again with each answer to a link that is ambiguous."""
    answers: dict[LinkKey, bool] = {}
    while True:
        track = link_faces(seen, answers=answers)
        asked = {key: link for key, link in track.ambiguous.items() if key not in answers}
        if check is None or not asked:
            return track
        answers.update((key, check.resolve(link, indices)) for key, link in asked.items())


def _detected(task: ClipTask) -> Find:
    """Faces by the detector."""
    return lambda frame: task.detector(frame.planes)


def _in_tiles(task: ClipTask) -> Find:
    """Faces by the detector, in the whole image and at a scale that shows the smallest that are wanted."""

    def find(frame: Frame) -> list[Face]:
        small = find_in_tiles(task.detector, frame.planes, min_face=task.config.min_face)
        return distinct([*task.detector(frame.planes), *small])

    return find


def _may_be_too_small(track: FaceTrack, config: BuildConfig) -> bool:
    """Whether tiles may show a face in more frames: where there is none, or a small one that is seen now and then.

    Large faces that are gone in most frames stay as they are: tiles would only bring up people behind them.
    """
    return not is_found(track) and track.size < LARGEST_IN_TILES * config.min_face


def _given(task: ClipTask) -> Find:
    """Faces from the source's own box file: the one that is listed, else ``<name>.face`` beside it."""
    source, raw, info = task.source, task.raw, task.info
    boxes = Path(source.boxes or Path(source.path).with_suffix(".face"))
    inside = (raw / boxes).resolve().is_relative_to(raw.resolve())
    if not (raw / boxes).is_file() or not (inside or task.config.follow_symlinks):
        raise MediaError("detect", "no_face", f"no box file {readable_path(boxes.as_posix())!r}")
    if source.box_format == "eye_pos":
        faces = faces_of_eyes(read_eyes(raw / boxes))
    else:
        faces = read_given(raw / boxes, source.box_format, width=info.width, height=info.height)
    # Boxes are in pixels as they are stored; a box of a unit square has no pixels of its own.
    aspect = 1.0 if source.box_format == "unit224" else info.pixel_aspect
    ratios = (1.0, aspect) if info.orientation >= 5 else (aspect, 1.0)

    def find(frame: Frame) -> list[Face]:
        scaled = [enlarged(face, ratios) if aspect != 1 else face for face in faces(frame.index)]
        for face in scaled:
            check_inside(face, frame.index, width=info.width, height=info.height)
        return scaled

    return find


def _within(task: ClipTask, first: int, last: int) -> np.ndarray:
    """Frames chosen anew, by the same policy, between two frames that show the face."""
    info, config = task.info, task.config
    keys = info.keyframes[(info.keyframes >= first) & (info.keyframes <= last)] - first
    n = last - first + 1
    chosen = frame_indices(
        n, n=config.frames, policy=config.sampling, rng=task.sampling_rng(), fps=info.fps, keyframes=keys
    )
    if config.snap == "keyframe":
        entries = info.entries[(info.entries >= first) & (info.entries <= last)] - first
        chosen = snapped(chosen, entries, n_frames=n)
    return first + chosen


def is_found(track: FaceTrack) -> bool:
    """Whether the face is in enough frames of its span to be what a clip shows."""
    return bool(track.found) and track.found_share >= _MIN_FOUND


def check_found(seen: Sequence[FrameDetections], track: FaceTrack, config: BuildConfig) -> None:
    """Raise if the face is in too few frames, or too small.

    Raises
    ------
    MediaError
        ``no_face`` or ``face_too_small``.
    """
    if not is_found(track):
        found, total = len(track.found), track.stop - track.start
        any_face = sum(bool(frame.faces) for frame in seen)
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
