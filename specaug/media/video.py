"""What a video holds: exact presentation times and keyframes, without decoding where packets tell them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from specaug.errors import MediaError
from specaug.media.container import (
    ffmpeg_errors,
    is_telling,
    open_video,
    packets_of,
    prepare_decoder,
    video_stream,
)
from specaug.media.decode import Tape, decoded_frames
from specaug.media.info import PacketIndex, VideoInfo
from specaug.media.size_limits import check_length, check_video_size
from specaug.media.stream_color import field_of, orientation, pixel_aspect, stream_color
from specaug.planes.placement import ROTATIONS, Placement
from specaug.records import Reason

_MAX_RATE = 1000.0
"""Frames per second; the high-speed modes of phones reach 960."""
FALLBACK_FPS = 25.0
"""Frame rate of a video whose container gives neither usable times nor a rate."""

_FRAME_TIMES = frozenset(("mov", "matroska", "mpegts", "flv"))
"""Formats that store the time of presentation of each frame."""
_NEEDS_IDR = frozenset(("h264",))
"""Decoders that do not begin well with an open group of pictures: they take the frames that are shown before its
keyframe for missing references of those after it."""
_PROGRESSIVE = (0, 1)
"""AVFieldOrder: unknown, progressive."""
_NOT_CODED = 20
"""An MPEG-4 packet of fewer bytes may say "as before", for which no frame comes out."""


@dataclass
class _Packets:
    """What one pass over the packets of a stream found."""

    ticks: list[int | None] = field(default_factory=list)
    """Presentation times of the frames one can ask for, in decoding order."""
    seeks: list[int | None] = field(default_factory=list)
    """For keyframes the time to seek to, else None."""
    latest: int | None = None
    """Presentation time of the latest keyframe."""
    is_open: bool = False
    """Whether frames are shown before a later keyframe that come after it."""
    hidden: int = 0
    """Packets that an edit list or the codec hides."""
    keyed: bool = False
    """Whether there is a keyframe."""
    start: int | None = None
    """Presentation time of the first keyframe."""
    cut: bool = False
    """Whether frames follow the first keyframe that are shown before it."""
    first: VideoFrame | None = None
    """The first keyframe that could be decoded."""
    doubtful: bool = False
    """Whether some packet may give no frame."""


def probe_video(path: Path) -> VideoInfo:
    """Read the packets of a video, decoding one keyframe for its size and rotation.

    Where frames and packets need not correspond (formats without times of presentation, equal times, fields
    in packets of their own, no keyframe) every frame is decoded once, to count them. Frames that cannot be
    decoded because the video starts in the middle of a group of pictures are no part of it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    VideoInfo

    Raises
    ------
    MediaError
        ``probe``: ``unreadable``, ``unsupported``, ``too_large`` or ``truncated``; ``decode``:
        ``decoder_error`` where not one frame can be decoded.
    """
    info = _look(path, thorough=False) or _look(path, thorough=True)
    if info is None:
        raise AssertionError("a thorough look always decides")
    return info


def _look(path: Path, *, thorough: bool) -> VideoInfo | None:
    """The record of a video; None where a look that is not thorough does not suffice."""
    with open_video(path, stage="probe", thorough=thorough) as container:
        stream = video_stream(container)
        if not thorough and (not is_telling(container) or stream.codec_context.name == "mpeg4"):
            return None
        check_video_size(stream.width, stream.height)
        check_length(stream.frames, _seconds(container, stream))
        packets = _read_packets(container, stream)
        if not packets.ticks:
            reason: Reason = "truncated" if stream.frames else "unreadable"
            raise MediaError("probe", reason, f"none of the {stream.frames} frames promised is there")
        if _is_timed(container, stream, packets):
            return _timed_info(stream, packets, thorough=thorough)
        index = stream.index
    with open_video(path, stage="probe") as container:
        return _counted_info(container, video_stream(container, index=index), packets)


def _seconds(container: InputContainer, stream: VideoStream) -> float:
    """The length that the header gives, 0 where it gives none."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return 0.0 if container.duration is None else container.duration / 1e6


def _read_packets(container: InputContainer, stream: VideoStream) -> _Packets:
    """Go over all packets of `stream` once."""
    found = _Packets()
    prepare_decoder(stream, strict=True)
    for packet in packets_of(container, stream, stage="probe", reason="truncated"):
        if packet.size and not packet.is_corrupt:
            _note_packet(container, stream, packet, found)
        elif packet.dts is not None and not packet.is_corrupt:
            found.hidden += 1  # an empty packet repeats the frame before it
        check_length(len(found.ticks), 0)
    return found


def _note_packet(
    container: InputContainer, stream: VideoStream, packet: Packet[VideoStream], found: _Packets
) -> None:
    """Add one packet to what was found."""
    if packet.is_keyframe and not found.keyed:
        found.keyed, found.start = True, packet.pts
        found.ticks.clear()
        found.seeks.clear()
    if packet.is_keyframe and found.first is None:
        found.first = _decode_alone(stream, packet)
    if packet.is_discard or _is_invisible(stream, packet):
        found.hidden += 1
        return
    if _is_before(packet.pts, found.start):
        found.cut = True
        return
    found.doubtful |= stream.codec_context.name == "mpeg4" and packet.size < _NOT_CODED
    found.is_open |= _is_before(packet.pts, found.latest)
    found.latest = packet.pts if packet.is_keyframe else found.latest
    # FFmpeg seeks by the time of decoding, but where the container has an index.
    seek = packet.pts if is_telling(container) or packet.dts is None else packet.dts
    found.ticks.append(packet.pts)
    found.seeks.append(seek if packet.is_keyframe else None)


def _is_before(first: int | None, second: int | None) -> bool:
    """Whether both times are known and `first` is the earlier one."""
    return first is not None and second is not None and first < second


def _is_invisible(stream: VideoStream, packet: Packet[VideoStream]) -> bool:
    """Whether a VP8 packet is a reference that is never shown (RFC 6386, section 9.1: the show_frame bit)."""
    return stream.codec_context.name == "vp8" and not memoryview(packet)[0] >> 4 & 1


def _decode_alone(stream: VideoStream, packet: Packet[VideoStream]) -> VideoFrame | None:
    """A keyframe by itself, or None where it cannot be decoded."""
    context = stream.codec_context
    try:
        with ffmpeg_errors("decode", "decoder_error"):
            frames = [*context.decode(packet), *context.decode(None)]
    except MediaError:
        frames = []
    context.flush_buffers()
    return frames[0] if frames else None


def _is_timed(container: InputContainer, stream: VideoStream, packets: _Packets) -> bool:
    """Whether each usable packet is one frame with a time of its own."""
    formats = set(container.format.name.split(","))
    context = stream.codec_context
    if packets.first is None or packets.doubtful or None in packets.ticks:
        return False
    if len(set(packets.ticks)) < len(packets.ticks) or (packets.cut and context.name in _NEEDS_IDR):
        return False
    if context.field_order not in _PROGRESSIVE and not is_telling(container):
        return False
    # Without B-frames the order of decoding is that of presentation, so that any clock will do. MPEG-4 may hold
    # two frames in one packet ("packed B-frames") in any format.
    return not context.has_b_frames or (bool(formats & _FRAME_TIMES) and context.name != "mpeg4")


def _timed_info(stream: VideoStream, packets: _Packets, *, thorough: bool) -> VideoInfo:
    """The record of a video whose packets tell all."""
    order = np.argsort(np.array(packets.ticks, dtype=np.int64))
    ticks = np.array(packets.ticks, dtype=np.int64)[order]
    seeks = [packets.seeks[k] for k in order]
    keyframes = np.array([index for index, seek in enumerate(seeks) if seek is not None], dtype=np.int64)
    n_entries = 1 if packets.is_open and stream.codec_context.name in _NEEDS_IDR else len(keyframes)
    unit = stream.time_base
    if unit is None or packets.first is None:  # cannot happen: see _is_timed
        raise AssertionError("a timed stream has a time base and a frame")
    seconds = ticks * unit.numerator / unit.denominator
    length = float(seconds[-1] - seconds[0])
    check_length(len(ticks), length)
    return VideoInfo(
        **_geometry(stream, packets.first),
        n_frames=len(ticks),
        pts_seconds=seconds,
        keyframes=keyframes,
        fps=_rate(stream) or ((len(ticks) - 1) / length if length else 0.0),
        missing_frames=_missing(stream, packets),
        stream=stream.index,
        packets=PacketIndex(
            ticks=ticks,
            entries=keyframes[:n_entries],
            seeks=np.array([seek for seek in seeks if seek is not None][:n_entries], dtype=np.int64),
        ),
        thorough=thorough,
    )


def _counted_info(container: InputContainer, stream: VideoStream, packets: _Packets) -> VideoInfo:
    """The record of a video whose frames have to be counted."""
    tape = Tape(container, stream, strict=not packets.cut)
    first: VideoFrame | None = None
    keys: list[int] = []
    count = 0
    for frame in decoded_frames(tape, keyed=packets.keyed):
        first = first or frame
        if frame.key_frame:
            keys.append(count)
        count += 1
        check_length(count, 0)
    if first is None:
        raise MediaError("decode", "decoder_error", tape.trouble or "the decoder gives no picture")
    # Where decoding broke off, what the container holds can be asked for, and its absence is then an error.
    n_frames = max(count, len(packets.ticks)) if tape.trouble else count
    return VideoInfo(
        **_geometry(stream, first),
        n_frames=n_frames,
        pts_seconds=_steady_times(stream, packets, n_frames),
        keyframes=np.array(keys, dtype=np.int64),
        fps=_rate(stream),
        missing_frames=_missing(stream, packets),
        stream=stream.index,
        keyed=packets.keyed,
        cut=packets.cut,
    )


def _geometry(stream: VideoStream, frame: VideoFrame) -> dict[str, Any]:
    """Kind, upright size, colours, and how a stored frame becomes upright."""
    check_video_size(frame.width, frame.height)
    turn, aspect = orientation(frame), pixel_aspect(stream)
    placement = Placement(frame.width, frame.height, orientation=turn, pixel_aspect=aspect)
    width, height = placement.size
    return {
        "kind": "video",
        "width": width,
        "height": height,
        "rotation": ROTATIONS[turn],
        "orientation": turn,
        "pixel_aspect": aspect,
        "field_used": field_of(stream, frame),
        "color": stream_color(stream, frame),
        "coded_size": (frame.width, frame.height),
    }


def _steady_times(stream: VideoStream, packets: _Packets, n_frames: int) -> np.ndarray:
    """(n_frames,) seconds from the first time in the container, at the frame rate."""
    known = [tick for tick in packets.ticks if tick is not None]
    start = float(min(known) * stream.time_base) if known and stream.time_base is not None else 0.0
    seconds = start + np.arange(n_frames) / (_rate(stream) or FALLBACK_FPS)
    check_length(n_frames, float(seconds[-1] - start))
    return seconds


def _rate(stream: VideoStream) -> float:
    """Frames per second, 0 where unknown."""
    rates = (float(rate) for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate)
    # The clock of a raw stream is no frame rate: FFmpeg gives 60000 as the average one of DV.
    return next((rate for rate in rates if rate <= _MAX_RATE), 0.0)


def _missing(stream: VideoStream, packets: _Packets) -> int:
    """Frames that the header counts and nobody can have; 0 where it counts none."""
    return max(0, stream.frames - len(packets.ticks) - packets.hidden)
