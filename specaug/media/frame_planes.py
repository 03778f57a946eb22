"""A decoded video frame as planes of samples, without converting or copying them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from specaug.errors import MediaError
from specaug.media.container import ffmpeg_errors
from specaug.media.info import VideoInfo
from specaug.planes import Plane, PlaneImage
from specaug.planes.placement import Placement, chained, chroma_to_stored, field_to_frame
from specaug.records import Field

Array = np.ndarray[Any, Any]

_SAME_SAMPLES = {
    "yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "uyyvyy411": "yuv411p",
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "nv42": "yuv444p",
    "p010le": "yuv420p10le", "p012le": "yuv420p12le", "p016le": "yuv420p16le",
    "p210le": "yuv422p10le", "p212le": "yuv422p12le", "p216le": "yuv422p16le",
    "y210le": "yuv422p10le", "y212le": "yuv422p12le", "y216le": "yuv422p16le",
    "p410le": "yuv444p10le", "p412le": "yuv444p12le", "p416le": "yuv444p16le",
    "xv30le": "yuv444p10le", "v30xle": "yuv444p10le", "xv36le": "yuv444p12le", "xv48le": "yuv444p16le",
    "ayuv": "yuv444p", "uyva": "yuv444p", "vuya": "yuv444p", "vuyx": "yuv444p", "vyu444": "yuv444p",
    "ayuv64le": "yuv444p16le",
    "x2rgb10le": "gbrp10le", "x2bgr10le": "gbrp10le",
    "rgb48le": "gbrp16le", "bgr48le": "gbrp16le", "rgba64le": "gbrp16le", "bgra64le": "gbrp16le",
    "ya8": "gray", "ya16le": "gray16le", "monow": "gray", "monob": "gray",
}  # fmt: skip
"""Packed formats, and the planar ones with the same samples: swscale moves them and changes none."""
_FLOAT = re.compile(r"f(16|32)[lb]e$")
_PLANAR = re.compile(r"(yuvj?4|yuva4|gbra?p|gray)\d*(?!.*msb)")
"""Formats of one plane a component. ``msb`` has its samples in the upper bits."""


def frame_planes(frame: VideoFrame, info: VideoInfo, reformatter: VideoReformatter) -> PlaneImage:
    """The planes of a frame.

    Parameters
    ----------
    frame : VideoFrame
        It stays alive as long as what is returned: 8-bit planes are views of its memory.
    info : VideoInfo
        What the probe said: colours, orientation, pixel aspect, field.
    reformatter : VideoReformatter
        For formats that are no planes; RGB of other layouts becomes ``rgb24``.

    Raises
    ------
    MediaError
        ``unsupported`` for samples of more than 16 bits or in floating point.
    """
    placement = Placement(*info.coded_size, orientation=info.orientation, pixel_aspect=info.pixel_aspect)
    frame = _planar(frame, reformatter)
    to_frame = field_to_frame(info.field_used)
    if frame.format.name == "rgb24":
        pixels = plane_samples(frame, 0, channels=3)
        one = Plane(_lines(pixels, info.field_used), to_frame)
        return PlaneImage((one,), placement, replace(info.color, matrix="rgb", range="full", bits=8))
    planes = tuple(_plane(frame, index, info, to_frame) for index in _components(frame))
    return PlaneImage(planes, placement, replace(info.color, bits=frame.format.components[0].bits))


def _planar(frame: VideoFrame, reformatter: VideoReformatter) -> VideoFrame:
    """The same samples in planes, or as ``rgb24``."""
    name = frame.format.name
    if any(component.bits > 16 for component in frame.format.components) or _FLOAT.search(name):
        raise MediaError("decode", "unsupported", f"samples of the format {name}")
    if name.endswith("be"):  # swscale reads packed 15 and 16 bits of this order wrongly as RGB
        name = name.removesuffix("be") + "le"
        frame = _reformatted(frame, name, reformatter)
    wanted = name if _PLANAR.match(name) else _SAME_SAMPLES.get(name, "rgb24")
    return frame if wanted == name else _reformatted(frame, wanted, reformatter)


def _reformatted(frame: VideoFrame, name: str, reformatter: VideoReformatter) -> VideoFrame:
    with ffmpeg_errors("decode", "decoder_error"):
        return reformatter.reformat(frame, format=name, threads=1)


def _components(frame: VideoFrame) -> tuple[int, ...]:
    """Which planes hold Y, C_B and C_R, or R, G and B: FFmpeg stores the latter as G, B, R; alpha is dropped."""
    if frame.format.name.startswith("gray"):
        return (0,)
    return (2, 0, 1) if frame.format.name.startswith("gbr") else (0, 1, 2)


def _plane(frame: VideoFrame, index: int, info: VideoInfo, to_frame: Array) -> Plane:
    """One plane, the lines of one field of it, and where its samples lie in the stored frame."""
    location = info.color.chroma_location
    to_stored = chroma_to_stored(subsampling_of(frame, index), location, field=info.field_used)
    return Plane(_lines(plane_samples(frame, index), info.field_used), chained(to_frame, to_stored))


def subsampling_of(frame: VideoFrame, index: int) -> tuple[int, int]:
    """How many samples of luma, in x and y, share one of a plane."""
    plane = frame.planes[index]
    return -(-frame.width // plane.width), -(-frame.height // plane.height)


def plane_samples(frame: VideoFrame, index: int, *, channels: int = 1) -> Array:
    """(height, width) or (height, width, channels) view of a plane's memory, uint8 or uint16."""
    plane: Any = frame.planes[index]  # has the buffer interface, which its stub does not say
    deep = frame.format.components[0].bits > 8
    lines = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height]
    used = lines.reshape(plane.height, plane.line_size)[:, : plane.width * channels * (2 if deep else 1)]
    samples: Array = used.view("<u2") if deep else used
    return samples if channels == 1 else samples.reshape(plane.height, plane.width, channels)


def _lines(values: Array, field: Field) -> Array:
    """The lines of one field, or all."""
    if field == "frame":
        return values
    return values[0 if field == "top" else 1 :: 2]
