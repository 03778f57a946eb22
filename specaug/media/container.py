"""A video file as FFmpeg packets: opened safely, with FFmpeg's errors as MediaError."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from specaug.errors import MediaError
from specaug.media.open_files import one_line, open_regular
from specaug.media.signatures import described
from specaug.media.size_limits import ABSURD, MAX_VIDEO_SIDES, memory_is_short
from specaug.records import Reason, Stage

CONTAINERS = ("mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "mxf", "dv")
"""FFmpeg's names of the formats that are read. Playlists and lists of files (hls, dash, concat…) are not."""
TELLING = frozenset(("mov", "matroska"))
"""Of these, formats whose header tells all there is to know of a stream, and whose packets are whole frames."""
_CONTAINER_NAMES = (
    *(
        "MP4",
        "QuickTime",
        "Matroska",
        "AVI",
        "Ogg",
        "Flash video",
        "ASF",
        "MPEG program stream",
        "MPEG video",
    ),
    "RIFF",
)
"""What files of `CONTAINERS` are called by their first bytes."""
_MAX_PIXELS = str(MAX_VIDEO_SIDES[0] * MAX_VIDEO_SIDES[1])

_DECODER_OPTIONS = {"max_pixels": _MAX_PIXELS}
# Titles that are no UTF-8 must not fail a file; from PyAV 19 on they do not, and the argument is gone.
_METADATA: dict[str, Any] = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
_OPEN_OPTIONS = {
    "format_whitelist": ",".join(CONTAINERS),
    # The bytes come from an open file; a reference to anything else finds no protocol.
    "protocol_whitelist": "none",
    "max_pixels": _MAX_PIXELS,
    "threads": "1",
}

_DISPOSITION = av.stream.Disposition


@contextmanager
def open_video(path: Path, *, stage: Stage, thorough: bool = True) -> Iterator[InputContainer]:
    """Open a container and read its header.

    Parameters
    ----------
    path : Path
    stage : Stage
        For the errors.
    thorough : bool
        Whether FFmpeg may decode some frames to find out what the header does not tell. Of formats other than
        `TELLING` this is needed.

    Raises
    ------
    MediaError
        ``unreadable`` or ``unsupported``.
    """
    with open_regular(path, stage=stage) as file:
        try:
            with ffmpeg_errors(stage, "unreadable"):
                options = _OPEN_OPTIONS if thorough else _OPEN_OPTIONS | {"skip_frame": "all"}
                container = av.open(_Bytes(file), mode="r", options=options, **_METADATA)
        except MediaError as error:
            what = described(file)
            if "whitelist" in error.detail:
                detail = f"a container format that is not read: {what.name} ({error.detail})"
                raise MediaError(stage, "unsupported", detail) from error
            if what.is_media and what.name not in _CONTAINER_NAMES:
                raise MediaError(
                    stage, "unsupported", f"{what.name}, which is not read as a video"
                ) from error
            # an MP4 whose index was to come last and never did
            if "moov atom not found" in error.detail:
                raise MediaError(stage, "truncated", error.detail) from error
            raise
        with container:
            yield container


class _Bytes:
    """An open file whose `seek` answers an impossible place as C does.

    PyAV prints an exception raised here, or keeps it and raises it for the next file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._seek = file.seek
        self.read, self.tell = file.read, file.tell
        self.name = ""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._seek(offset, whence)
        except OSError as error:
            return -(error.errno or errno.EIO)


@contextmanager
def ffmpeg_errors(stage: Stage, reason: Reason) -> Iterator[None]:
    """Turn FFmpeg's errors into MediaError, with what FFmpeg logged last as the detail.

    FFmpeg's log is kept off stderr and out of Python's logging: PyAV shows nothing unless asked to, and what
    it is asked for here is captured.
    """
    level, skip_repeated = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # else the detail depends on what was read before
    try:
        with av.logging.Capture() as log:
            yield
    except (av.FFmpegError, OSError) as error:
        if not isinstance(error, MemoryError):
            raise MediaError(stage, reason, _message(error, log)) from error
        if memory_is_short():
            raise MediaError(stage, "out_of_memory", _message(error, log)) from error
        raise MediaError(stage, reason, ABSURD) from error
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skip_repeated)


def _message(error: Exception, log: list[tuple[int, str, str]]) -> str:
    """FFmpeg's short text for `error` and the first line of its log."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return one_line(f"{text}: {log[0][2]}" if log else text)


def packets_of(
    container: InputContainer, stream: VideoStream, *, stage: Stage, reason: Reason
) -> Iterator[Packet[VideoStream]]:
    """The packets of `stream` from where the container stands; the last one is empty and without a time."""
    packets = container.demux(stream)
    while True:
        with ffmpeg_errors(stage, reason):
            try:
                packet = next(packets, None)
            except IndexError as error:  # PyAV, where a stream appears in the middle of a file
                raise MediaError(stage, reason, "a stream that the header does not name") from error
        if packet is None:
            return
        yield packet


def is_telling(container: InputContainer) -> bool:
    """Whether the format is one of `TELLING`."""
    return not TELLING.isdisjoint(container.format.name.split(","))


def video_stream(container: InputContainer, *, index: int | None = None) -> VideoStream:
    """The stream to read: `index`, else the largest video that is no cover picture, the default one first."""
    streams = [s for s in container.streams.video if not _is_still(s)]
    if index is not None:
        streams = [s for s in streams if s.index == index]
    if not streams:
        raise MediaError("probe", "unsupported", "no video stream")
    readable = [s for s in streams if s.codec_context is not None]
    if not readable:
        raise MediaError("probe", "unsupported", "no decoder for the video's codec")
    return max(readable, key=lambda s: (bool(s.disposition & _DISPOSITION.default), s.width * s.height))


def prepare_decoder(stream: VideoStream, *, strict: bool) -> None:
    """One thread, and (if `strict`) errors instead of patched-up pictures; before the first packet."""
    stream.codec_context.thread_count = 1
    stream.codec_context.options = _DECODER_OPTIONS | ({"err_detect": "crccheck+explode"} if strict else {})


def _is_still(stream: VideoStream) -> bool:
    """Whether a stream is a cover picture or thumbnails."""
    return bool(stream.disposition & (_DISPOSITION.attached_pic | _DISPOSITION.timed_thumbnails))
