"""Write planes of samples to video files with what their streams say, and crop them as the library does."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from specaug.media import probe, read_frames
from specaug.planes import Frame
from specaug.records import MediaInfo


def video_frame(pix_fmt: str, planes: Sequence[np.ndarray]) -> av.VideoFrame:
    """A frame that holds exactly these samples; planes of 3 dimensions are packed."""
    height, width = planes[0].shape[:2]
    frame = av.VideoFrame(width, height, pix_fmt)
    for plane, values in zip(frame.planes, planes, strict=True):
        lines = np.zeros((plane.height, plane.line_size), np.uint8)
        rows = values.reshape(len(values), -1)
        rows = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<")).view(np.uint8)
        lines[:, : rows.shape[1]] = rows
        plane.update(lines.tobytes())
    return frame


def write_frames(
    path: Path,
    frames: Sequence[av.VideoFrame],
    *,
    codec: str = "ffv1",
    options: dict[str, str] | None = None,
    tags: dict[str, int] | None = None,
    rate: Fraction | int = 25,
    aspect: Fraction | None = None,
    flags: int = 0,
    field_order: int | None = None,
) -> Path:
    """Code frames on one thread, with libx265 without B-frames.

    `tags` are numbers of ITU-T H.273 by PyAV's names (``colorspace`` …).
    """
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=(options or {}) | {"threads": "1"})
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        context = stream.codec_context
        context.flags |= flags
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if field_order is not None:
            context.field_order = field_order
        for name, value in (tags or {}).items():
            setattr(context, name, value)
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, 1 / Fraction(rate)
            for name, value in (tags or {}).items():
                setattr(frame, name, value)
            container.mux(_in_order(stream.encode(frame), codec))
        container.mux(_in_order(stream.encode(None), codec))
    return path


def _in_order(packets: list[av.Packet], codec: str) -> list[av.Packet]:
    """Packets of a coding without B-frames; of a few frames, x265 leaves their times of decoding unset."""
    if codec == "libx265":
        for packet in packets:
            packet.dts = packet.pts
    return packets


def lossless(pix_fmt: str, params: str = "") -> dict[str, Any]:
    """Arguments for `write_frames` that make libx264 keep every sample."""
    options = {"qp": "0", "preset": "ultrafast", "x264-params": f"{params}:annexb=0".lstrip(":")}
    return {"codec": "libx264rgb" if pix_fmt.startswith(("rgb", "bgr")) else "libx264", "options": options}


def first_frame(path: Path, index: int = 0) -> tuple[MediaInfo, Frame]:
    """What the probe says of a video, and one frame of it."""
    info = probe(path, "video")
    (frame,) = read_frames(path, info, np.array([index]))
    return info, frame


def crop(path: Path, size: int, *, x: float = 0.0, y: float = 0.0, index: int = 0) -> np.ndarray:
    """(size, size, 3): the crop at scale 1 whose upper left pixel is (x, y) of the upright frame."""
    _, frame = first_frame(path, index)
    return frame.planes.crop(np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]]), size=size)
