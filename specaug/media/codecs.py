"""Which video codecs the installed decoder reads."""

from __future__ import annotations

import av
import av.codec

COMMON = ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg", "prores")
"""What PAD data sets and phones are known to use."""


def decoders() -> dict[str, bool]:
    """Whether each codec in :data:`COMMON` can be decoded here."""
    available = {name.removeprefix("lib") for name in av.codec.codecs_available}
    readers = {"av1": ("av1", "dav1d", "aom-av1", "libdav1d")}
    return {name: any(n in available for n in readers.get(name, (name,))) for name in COMMON}
