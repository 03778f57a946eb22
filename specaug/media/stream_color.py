"""What a video stream says of its colours and its geometry, and what is assumed where it says nothing."""

from __future__ import annotations

import re
from typing import Any

import av
import av.bitstream
import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from specaug.errors import MediaError
from specaug.planes.placement import orientation_of
from specaug.records import ChromaLocation, ColorInfo, Field, Matrix

SD_LINES = 576
"""Up to so many lines, untagged video is BT.601, above it is BT.709, as players assume: the lines of PAL."""

_MATRICES: dict[int, Matrix] = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
}
"""AVColorSpace, numbered as MatrixCoefficients in ITU-T H.273. 2 is unspecified."""
_UNSPECIFIED = 2
_TRANSFERS = {
    1: "bt709", 2: "unspecified", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear",
    9: "log100", 10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10",
    15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 2: "unspecified", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film",
    9: "bt2020", 10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
"""Names as FFmpeg gives them."""
_FULL_RANGE = 2

_LOCATIONS: tuple[ChromaLocation, ...] = ("left", "center", "topleft", "top", "bottomleft", "bottom")
"""By chroma_sample_loc_type of H.264 and HEVC."""
_AV1_LOCATIONS: dict[int, ChromaLocation] = {1: "left", 2: "topleft"}
"""By chroma_sample_position of AV1; 0 is unknown."""
_CODEC_LOCATIONS: dict[str, ChromaLocation] = {
    "mjpeg": "center",
    "mpeg1video": "center",
    "h261": "center",
    "h263": "center",
    "dvvideo": "topleft",
}
"""Of codecs whose standards fix it otherwise than MPEG-2, MPEG-4 and H.264 do by default (left)."""
_TOP_FIRST, _BOTTOM_FIRST = (2, 5), (3, 4)
"""AVFieldOrder by the field that is shown first (TT, BT and BB, TB: coded first, shown first)."""


def stream_color(stream: VideoStream, frame: VideoFrame) -> ColorInfo:
    """The colours of a stream, of which `frame` was decoded.

    What is not tagged is assumed, and marked so: BT.601 up to 576 lines and BT.709 above; limited range.

    Raises
    ------
    MediaError
        ``unsupported`` for a matrix that is not linear in R'G'B' (constant luminance, ICtCp, YCgCo).
    """
    return color_of(
        frame.format,
        int(frame.colorspace),
        int(frame.color_range),
        int(frame.color_trc),
        int(frame.color_primaries),
        untagged="bt601" if frame.height <= SD_LINES else "bt709",
        chroma_location=chroma_location(stream),
    )


def color_of(
    form: VideoFormat,
    matrix: int,
    range_: int,
    transfer: int,
    primaries: int,
    *,
    untagged: Matrix,
    chroma_location: ChromaLocation,
    icc: bool = False,
) -> ColorInfo:
    """Colours by the numbers of ITU-T H.273 (`range_`: 1 limited, 2 full).

    Raises
    ------
    MediaError
        As for :func:`stream_color`.
    """
    name: Matrix
    if form.name.startswith(("gray", "ya", "mono")):
        name = "gray"
    elif form.is_rgb or form.has_palette:
        name = "rgb"
    elif matrix in (0, _UNSPECIFIED, 3):  # RGB, of which the samples are none, unspecified, reserved
        matrix, name = _UNSPECIFIED, untagged
    elif matrix in _MATRICES:
        name = _MATRICES[matrix]
    else:
        raise MediaError("probe", "unsupported", f"colours with the matrix number {matrix} of ITU-T H.273")
    # FFmpeg takes grey for full range where nothing is said, and so must whoever wrote it with FFmpeg.
    is_full = range_ == _FULL_RANGE or form.name.startswith("yuvj") or name == "rgb"
    is_full = is_full or (name == "gray" and range_ != 1)
    is_untagged = name not in ("rgb", "gray") and matrix == _UNSPECIFIED
    return ColorInfo(
        matrix=name,
        range="full" if is_full else "limited",
        transfer=_TRANSFERS.get(transfer, "unspecified"),
        primaries=_PRIMARIES.get(primaries, "unspecified"),
        chroma_location=chroma_location,
        bits=max(component.bits for component in form.components),
        assumed=is_untagged or (range_ not in (1, 2) and not is_full),
        icc=icc,
    )


def chroma_location(stream: VideoStream) -> ChromaLocation:
    """Where subsampled colour lies; PyAV does not tell, but FFmpeg's reader of headers logs it."""
    codec = stream.codec_context.name.removeprefix("lib")
    if codec in ("h264", "hevc", "av1", "dav1d"):
        text = _logged_headers(stream)
        if found := re.search(r"chroma_sample_loc_type_top_field\s+\S+ = (\d+)", text):
            return _LOCATIONS[min(int(found[1]), len(_LOCATIONS) - 1)]
        if found := re.search(r"chroma_sample_position\s+\S+ = (\d+)", text):
            return _AV1_LOCATIONS.get(int(found[1]), "left")
    return _CODEC_LOCATIONS.get(codec, "left")


def _logged_headers(stream: VideoStream) -> str:
    """What FFmpeg's ``trace_headers`` says of the stream's parameter sets; empty where it says nothing."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture() as log:
            av.bitstream.BitStreamFilterContext("trace_headers", stream)
        return "\n".join(message for _, _, message in log)
    except (av.FFmpegError, OSError, ValueError):
        return ""
    finally:
        av.logging.set_level(level)


def pixel_aspect(stream: VideoStream) -> float:
    """Width over height of a stored pixel; 1 where the stream does not say, or says what no camera does."""
    for ratio in (stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio):
        if ratio:
            value = float(ratio)
            return value if 0.1 <= value <= 10 else 1.0
    return 1.0


def orientation(frame: VideoFrame) -> int:
    """EXIF orientation of the display matrix of a frame: rotation and mirroring, to the nearest right angle."""
    every: Any = frame.side_data
    for data in every:
        if data.type.name == "DISPLAYMATRIX" and len(bytes(data)) >= 20:
            a, b, _, c, d = np.frombuffer(bytes(data)[:20], "<i4").tolist()
            return orientation_of(np.array([[a, c], [b, d]])) if (a, b, c, d) != (0, 0, 0, 0) else 1
    return 1


def field_of(stream: VideoStream, frame: VideoFrame) -> Field:
    """Which field of an interlaced frame was exposed first; ``frame`` for a progressive one."""
    order: Any = stream.codec_context.field_order
    if not frame.interlaced_frame and int(order) not in (*_TOP_FIRST, *_BOTTOM_FIRST):
        return "frame"
    bottom = int(order) in _BOTTOM_FIRST or stream.codec_context.name == "dvvideo"
    return "bottom" if bottom else "top"
