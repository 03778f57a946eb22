"""Make one clip: the face of each frame, one warp, crops, encoded frames, one record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specaug.align import padding_share, warp_scale
from specaug.errors import MediaError
from specaug.extract.clip_frames import ClipFrames
from specaug.extract.clip_task import ClipTask
from specaug.extract.crop_warps import crop_warps
from specaug.extract.follow_face import follow_face
from specaug.records import Clip, Face
from specaug.shards import MAX_ROW_BYTES, encode_image


def make_clip(task: ClipTask, number: int, indices: np.ndarray) -> Clip:
    """Make the clip `number` of a source.

    Parameters
    ----------
    task : ClipTask
    number : int
        Position of the clip in its source, part of its id.
    indices : (m,) int array
        Frames that the clip is to hold. Where they show several people, others are chosen.

    Raises
    ------
    MediaError
        ``no_face``, ``face_too_small``, ``row_too_large``, or what reading the frames raises.
    """
    config, watch = task.config, task.watch
    if config.image_format == "raw" and len(indices) * config.size**2 * 3 > MAX_ROW_BYTES:
        raise _too_large(len(indices))
    frames = ClipFrames(task.path, task.info, watch)
    indices, track = follow_face(task, frames, indices)
    faces: list[Face | None] = []
    for frame, face in zip(frames(indices), track.faces, strict=True):
        with watch("detect"):
            faces.append(face if face is None or face.refined else task.detector.refine(frame.planes, face))
    with watch("align"):
        warps = crop_warps(faces, config)
    encoded = _encoded(task, frames, indices, warps)
    return _record(task, number, indices, encoded, faces, warps)


def _encoded(
    task: ClipTask, frames: ClipFrames, indices: np.ndarray, warps: Sequence[np.ndarray]
) -> tuple[bytes, ...]:
    """The crops of a clip as they are stored."""
    config, watch = task.config, task.watch
    encoded: list[bytes] = []
    total = 0
    for frame, warp in zip(frames(indices), warps, strict=True):
        with watch("align"):
            crop = frame.planes.crop(warp, size=config.size, resample=config.resample)
        with watch("encode"):
            data = encode_image(crop, image_format=config.image_format, jpeg_quality=config.jpeg_quality)
        encoded.append(data)
        total += len(data)
        if total > MAX_ROW_BYTES:
            raise _too_large(len(warps))
    return tuple(encoded)


def _record(
    task: ClipTask,
    number: int,
    indices: np.ndarray,
    encoded: tuple[bytes, ...],
    faces: Sequence[Face | None],
    warps: Sequence[np.ndarray],
) -> Clip:
    info, size = task.info, task.config.size
    missing = np.full(14, np.nan, np.float32)
    places = np.stack(
        [
            missing
            if face is None
            else np.concatenate([face.box, face.landmarks.reshape(-1)]).astype(np.float32)
            for face in faces
        ]
    )
    padding = [padding_share(warp, width=info.width, height=info.height, size=size) for warp in warps]
    return Clip(
        clip_id=f"{task.source.source_id}-{number:03d}",
        source=task.source,
        info=info,
        frames=encoded,
        frame_index=indices.astype(np.int32),
        score=np.array([0.0 if face is None else face.score for face in faces], np.float32),
        scale=np.array([warp_scale(warp) for warp in warps], np.float32),
        padding=np.array(padding, np.float32),
        box=places[:, :4],
        landmarks=places[:, 4:].reshape(-1, 5, 2),
        warp=np.stack(warps).astype(np.float32),
    )


def _too_large(frames: int) -> MediaError:
    return MediaError("encode", "row_too_large", f"{frames} frames take more than {MAX_ROW_BYTES >> 20} MiB")
