"""The installed decoder: its version, and which video codecs it reads."""

from __future__ import annotations

import av
import av.codec

COMMON = ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg", "prores")
"""What PAD data sets and phones are known to use."""


def ffmpeg_version() -> str:
    """Version of the FFmpeg that PyAV was built with.

    Examples
    --------
    >>> ffmpeg_version()[0].isdigit()
    True
    """
    named: str | None = getattr(av, "ffmpeg_version_info", None)
    return named or ".".join(map(str, av.library_versions["libavcodec"]))


def decoders() -> dict[str, bool]:
    """Whether each codec in :data:`COMMON` can be decoded here."""
    available = {name.removeprefix("lib") for name in av.codec.codecs_available}
    readers = {"av1": ("av1", "dav1d", "aom-av1", "libdav1d")}
    return {name: any(n in available for n in readers.get(name, (name,))) for name in COMMON}
