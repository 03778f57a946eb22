"""The wanted frames of a video, decoding no more than they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import cast

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from specaug.errors import MediaError
from specaug.media.container import ffmpeg_errors, open_video, packets_of, prepare_decoder, video_stream
from specaug.media.frame_planes import frame_planes
from specaug.media.info import PacketIndex, VideoInfo
from specaug.planes import Frame

Picture = tuple[int, VideoFrame]
"""A frame's index in presentation order, and the frame."""
SKIPPING = frozenset(("h264", "hevc", "mpeg1video", "mpeg2video"))
"""Decoders that can be told, packet by packet, to skip a frame that no other refers to; skipping changes no other.
(libdav1d listens only once, when it starts.)"""
_WORTH_A_SEEK = 8
"""Frames that are decoded on rather than skipped by a seek, which throws away what the decoder holds."""
Plan = Callable[["Tape", list[int]], Iterator[Picture]]
"""A way to decode wanted frames, by index."""


@dataclass
class Tape:
    """An open video stream, and how far its decoder came."""

    container: InputContainer
    stream: VideoStream
    strict: bool
    """Whether a damaged packet is an error. Else the decoder may tolerate references that were cut off."""
    decoded: int = 0
    """Pictures that came out, wanted or not."""
    trouble: str = ""
    """The first error; later ones are mostly its consequences."""

    def __post_init__(self) -> None:
        prepare_decoder(self.stream, strict=self.strict)

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Packets from where the container stands, up to its end or an error."""
        try:
            for packet in packets_of(self.container, self.stream, stage="decode", reason="truncated"):
                if packet.size:
                    yield packet
        except MediaError as error:
            self.note(error.detail)

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame] | None:
        """The pictures that come out as `packet` goes in, or at the end (None); None where it is damaged."""
        damaged = packet is not None and packet.is_corrupt
        try:
            with ffmpeg_errors("decode", "decoder_error"):
                pictures = [] if damaged else self.stream.codec_context.decode(packet)
        except MediaError as error:
            self.note(error.detail)
            return None
        if damaged or any(picture.is_corrupt for picture in pictures):
            self.note("damaged data")
        self.decoded += sum(not picture.is_corrupt for picture in pictures)
        return None if damaged else pictures

    def note(self, error: str) -> None:
        """Keep the first error."""
        self.trouble = self.trouble or error


def read_video(path: Path, info: VideoInfo, indices: np.ndarray) -> Iterator[Frame]:
    """Decode the frames at `indices`, holding one picture at a time besides the decoder's own.

    In each group of pictures that holds a wanted frame, decoding starts at its keyframe; frames that are
    neither wanted nor a reference for others are skipped, and it ends with the last wanted one. What is
    delivered equals a full decode bit for bit. Where that fails (a mark on a frame that is no keyframe, a seek
    that goes astray) the rest is decoded from the start of the file. Planes stay as the decoder gives them.

    Parameters
    ----------
    path : Path
    info : VideoInfo
        What :func:`specaug.media.video.probe_video` said of the same file.
    indices : (m,) int array
        Ascending, distinct, below ``info.n_frames``.

    Yields
    ------
    Frame
        In the order of `indices`.

    Raises
    ------
    MediaError
        Stage ``decode``, after the frames before the damage: ``truncated`` where a wanted frame does not
        come, ``decoder_error`` where none comes at all, ``unsupported`` where the picture changes its size.
    """
    left = [int(i) for i in indices]
    if not left:
        return
    reformatter, asked, decoded, trouble = VideoReformatter(), len(left), 0, ""
    for attempt, plan in enumerate(_plans(info, left)):
        thorough = info.thorough or attempt > 0
        with open_video(path, stage="decode", thorough=thorough) as container:
            tape = Tape(container, video_stream(container, index=info.stream), strict=not info.cut)
            for index, picture in plan(tape, list(left)):
                if index != left[0]:
                    break
                yield _to_frame(picture, index, info, reformatter)
                left.pop(0)
            decoded, trouble = decoded + tape.decoded, tape.trouble
        if not left:
            return
    why = trouble or "the decoder gives no picture for it"
    missing = f"first missing frame {left[0]} of {info.n_frames}: {why}"
    detail = f"delivered {asked - len(left)} of {asked} frames asked for; {missing}"
    raise MediaError("decode", "truncated" if decoded else "decoder_error", detail)


def _plans(info: VideoInfo, wanted: list[int]) -> list[Plan]:
    """Ways to get the frames, each for what the one before it left."""
    if info.packets is None:
        return [partial(_by_counting, keyed=info.keyed)]
    # Seeks pay where something lies between the last wanted frame of a group and the next group with one.
    groups = _groups(info.packets, wanted)
    left, right = np.array(wanted[:-1], dtype=np.int64), groups[1:]
    leaps = (right > groups[:-1]) & (info.packets.entries[np.maximum(right, 0)] - left > _WORTH_A_SEEK)
    first = _by_group if groups[0] > 0 or leaps.any() else _from_start
    return [partial(first, index=info.packets), partial(_from_start, index=info.packets)]


def _by_counting(tape: Tape, wanted: list[int], *, keyed: bool) -> Iterator[Picture]:
    """Decode everything up to the last wanted frame."""
    chosen = set(wanted)
    for picture in enumerate(decoded_frames(tape, keyed=keyed)):
        if picture[0] in chosen:
            yield picture
        if picture[0] == wanted[-1]:
            return


def decoded_frames(tape: Tape, *, keyed: bool) -> Iterator[VideoFrame]:
    """Every frame in the order of presentation, up to the end or an error, which `tape` then holds.

    Parameters
    ----------
    tape : Tape
        Positioned at the start.
    keyed : bool
        Whether to begin with the first packet that is marked as a keyframe.
    """
    begun = not keyed
    for packet in tape.packets():
        begun = begun or packet.is_keyframe
        if not begun:
            continue
        pictures = tape.decode(packet)
        yield from _before_damage(pictures or [])
        if tape.trouble:
            break
    yield from _before_damage(tape.decode(None) or [])


def _before_damage(pictures: list[VideoFrame]) -> Iterator[VideoFrame]:
    """Those before the first that the decoder calls corrupt."""
    return takewhile(lambda picture: not picture.is_corrupt, pictures)


def _from_start(tape: Tape, wanted: list[int], *, index: PacketIndex) -> Iterator[Picture]:
    """Decode references and wanted frames from the start of the file."""
    yield from _span(tape, {int(index.ticks[i]): i for i in wanted}, start=None)


def _by_group(tape: Tape, wanted: list[int], *, index: PacketIndex) -> Iterator[Picture]:
    """Decode the groups of pictures that hold wanted frames, each from its keyframe."""
    groups = _groups(index, wanted)
    for group in np.unique(groups):
        start = None
        if group > 0:
            start = int(index.ticks[index.entries[group]])
            try:
                with ffmpeg_errors("decode", "decoder_error"):
                    tape.container.seek(int(index.seeks[group]), stream=tape.stream)
            except MediaError as error:
                tape.note(error.detail)
                return
        members = [i for i, g in zip(wanted, groups, strict=True) if g == group]
        yield from _span(tape, {int(index.ticks[i]): i for i in members}, start=start)


def _groups(index: PacketIndex, wanted: list[int]) -> np.ndarray:
    """(m,) which of the entries each frame follows in time; -1 before the first."""
    return np.searchsorted(index.entries, wanted, side="right") - 1


@dataclass
class _Group:
    """Which packets can be decoded exactly, given what was fed before."""

    key: int | None = None
    """Presentation time of the latest keyframe."""
    whole: bool = False
    """Whether all since then was fed without an error."""
    whole_before: bool = False
    """The same for the group before, which frames need that are shown before their keyframe (open groups)."""

    def admits(self, packet: Packet[VideoStream]) -> bool:
        """Take note of `packet`; True where all that it may refer to was fed."""
        if packet.is_keyframe:
            self.key, self.whole, self.whole_before = packet.pts, True, self.whole
            return True
        leading = self.key is not None and packet.pts is not None and packet.pts < self.key
        return self.whole and (self.whole_before or not leading)


def _span(tape: Tape, wanted: dict[int, int], *, start: int | None) -> Iterator[Picture]:
    """Decode on until the packets of all `wanted` (time -> index) were fed, or one of them cannot be.

    `start` is the time of the keyframe to begin with; None begins where the container stands.
    """
    group, context, fed = _Group(), tape.stream.codec_context, set[int]()
    for packet in _packets_from(tape, start):
        asked = packet.pts in wanted and not packet.is_discard
        if context.name in SKIPPING:
            context.skip_frame = "DEFAULT" if asked else "NONREF"
        admitted = group.admits(packet)
        pictures = tape.decode(packet) if admitted else None
        if admitted and (pictures is None or any(picture.is_corrupt for picture in pictures)):
            group.whole = False
        if pictures is None:
            if asked:
                break
            continue
        if asked:
            fed.add(cast(int, packet.pts))
        yield from _among(pictures, wanted, fed)
        if len(fed) == len(wanted):
            break
    yield from _among(tape.decode(None) or [], wanted, fed)
    context.flush_buffers()


def _packets_from(tape: Tape, start: int | None) -> Iterator[Packet[VideoStream]]:
    """Packets from the keyframe at time `start` on; none where the container stands behind it."""
    begun = start is None
    for packet in tape.packets():
        begun = begun or (packet.is_keyframe and packet.pts == start)
        if begun:
            yield packet
        elif packet.is_keyframe and packet.pts is not None and start is not None and packet.pts > start:
            tape.note("a seek went astray")
            return


def _among(pictures: list[VideoFrame], wanted: dict[int, int], fed: set[int]) -> Iterator[Picture]:
    """Those that are wanted and sound, and whose packets were decoded without an error."""
    return ((wanted[p.pts], p) for p in pictures if p.pts in fed and not p.is_corrupt)


def _to_frame(picture: VideoFrame, index: int, info: VideoInfo, reformatter: VideoReformatter) -> Frame:
    """The planes of a decoded frame, if it is as large as the first one."""
    if (picture.width, picture.height) != info.coded_size:
        sizes = f"{info.coded_size[0]}x{info.coded_size[1]} to {picture.width}x{picture.height}"
        raise MediaError("decode", "unsupported", f"the picture changes from {sizes} px at frame {index}")
    planes = frame_planes(picture, info, reformatter)
    return Frame(index=index, pts_seconds=float(info.pts_seconds[index]), planes=planes)
