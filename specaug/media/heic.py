"""Read a HEIC photo: its tiles become planes of one image."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from av.video.frame import VideoFrame

from specaug.errors import MediaError
from specaug.media.frame_planes import plane_samples, subsampling_of
from specaug.media.heif import HeifImage, decode_tile, read_heif
from specaug.media.signatures import HEAD_BYTES, format_of
from specaug.media.size_limits import check_photo_size
from specaug.media.stream_color import color_of
from specaug.planes import Placement, Plane, PlaneImage
from specaug.planes.icc import is_usable_profile
from specaug.planes.placement import ROTATIONS, chroma_to_stored
from specaug.records import ColorInfo, MediaInfo, Stage

Array = np.ndarray[Any, Any]


def is_heic(file: BinaryIO) -> bool:
    """Whether a file is a HEIC or HEIF photo by its first bytes; it is left at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return format_of(head) in ("HEIC", "HEIF")


def probe_heic(file: BinaryIO, *, max_memory: int) -> MediaInfo:
    """Read the boxes of a HEIC photo, and decode a tile for its colours.

    Raises
    ------
    MediaError
        Stage ``probe``: ``unreadable``, ``unsupported``, ``too_large``.
    """
    image = _opened(file, stage="probe")
    check_photo_size(*image.size, max_memory=max_memory)
    width, height = _placement(image).size
    return MediaInfo(
        kind="image",
        width=width,
        height=height,
        n_frames=1,
        pts_seconds=np.zeros(1),
        keyframes=np.zeros(1, dtype=np.int64),
        rotation=ROTATIONS[image.orientation],
        orientation=image.orientation,
        color=_color(image, decode_tile(image, 0, stage="probe")),
    )


def read_heic(file: BinaryIO) -> PlaneImage:
    """Decode a HEIC photo.

    Raises
    ------
    MediaError
        Stage ``decode``: ``unreadable``, ``truncated``, ``decoder_error``, ``unsupported``.
    """
    image = _opened(file, stage="decode")
    frames = [decode_tile(image, number, stage="decode") for number in range(len(image.tiles))]
    color = _color(image, frames[0])
    planes = tuple(_plane(frames, index, image, color) for index in range(len(frames[0].planes)))
    profile = image.icc_profile if color.icc else None
    return PlaneImage(planes, _placement(image), color, profile)


def _opened(file: BinaryIO, *, stage: Stage) -> HeifImage:
    file.seek(0)
    return read_heif(file.read(), stage=stage)


def _placement(image: HeifImage) -> Placement:
    _, _, width, height = image.aperture
    return Placement(width, height, orientation=image.orientation)


def _color(image: HeifImage, frame: VideoFrame) -> ColorInfo:
    """What the file says of its colours, else its bit stream, else what HEIF assumes: BT.601 and sRGB."""
    icc = image.icc_profile is not None and is_usable_profile(image.icc_profile)
    codes = int(frame.colorspace), int(frame.color_range), int(frame.color_trc), int(frame.color_primaries)
    if image.nclx is not None:
        primaries, transfer, matrix, full = image.nclx
        codes = matrix, 2 if full else 1, transfer, primaries
    return color_of(frame.format, *codes, untagged="bt601", chroma_location="left", icc=icc)


def _plane(frames: list[VideoFrame], index: int, image: HeifImage, color: ColorInfo) -> Plane:
    """One plane of what is shown of the whole image."""
    left, top, width, height = image.aperture
    x, y = subsampling_of(frames[0], index)
    first, row = left // x, top // y  # may begin with a sample whose other half lies outside
    shown = _joined(frames, index, image.columns)[
        row : -(-(top + height) // y), first : -(-(left + width) // x)
    ]
    to_stored = chroma_to_stored((x, y), color.chroma_location)
    to_stored[:, 2] += first * x - left, row * y - top
    return Plane(shown, to_stored)


def _joined(frames: list[VideoFrame], index: int, columns: int) -> Array:
    """One plane of all tiles."""
    first = plane_samples(frames[0], index)
    height, width = first.shape
    joined = np.empty((len(frames) // columns * height, columns * width), first.dtype)
    for number, frame in enumerate(frames):
        samples = plane_samples(frame, index)
        if samples.shape != (height, width) or samples.dtype != joined.dtype:
            raise MediaError("decode", "unsupported", "HEIC: tiles of different sizes or formats")
        y, x = divmod(number, columns)
        joined[y * height : (y + 1) * height, x * width : (x + 1) * width] = samples
    return joined
