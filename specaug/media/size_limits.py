"""The largest media that are read: checked on what the header says, before anything is decoded."""

from __future__ import annotations

import math
import mmap

from specaug.errors import MediaError
from specaug.records import Stage

DEFAULT_MEMORY = 4 << 30
"""Bytes, where nobody says: the default of ``--max-memory``."""
PHOTO_BYTES = 16
"""Bytes of memory a pixel that reading a photo may take: 6 of 16-bit colour, 4 within Pillow, 3 and 3 of RGB and a copy
of it. So 4 GiB admit 268 MP, and the 200 MP of a phone."""
MAX_VIDEO_SIDES = (8192, 4320)
"""Longer and shorter side of a video frame, px."""
MAX_SECONDS = 4 * 3600
"""Length of a video."""
MAX_FRAMES = 500_000
"""Frames of a video, of an animation or of a folder."""
HONEST_BYTES = 1 << 30
"""More than a decoder takes for the largest of these."""


def check_photo_size(
    width: int, height: int, *, stage: Stage = "probe", max_memory: int = DEFAULT_MEMORY
) -> None:
    """Refuse a photo that `max_memory` bytes may not hold with ``MediaError(stage, "too_large")``."""
    needed = width * height * PHOTO_BYTES
    if needed > max_memory:
        pixels = max_memory // PHOTO_BYTES // 1_000_000
        enough = f"--max-memory {math.ceil(needed / (1 << 30))}GiB"
        detail = (
            f"{width}x{height} px; with the memory allowed a photo may have {pixels} MP, {enough} reads it"
        )
        raise MediaError(stage, "too_large", detail)


def check_video_size(width: int, height: int, *, stage: Stage = "probe") -> None:
    """Refuse a video frame that does not fit into `MAX_VIDEO_SIDES`, lying or upright."""
    longer, shorter = MAX_VIDEO_SIDES
    if max(width, height) > longer or min(width, height) > shorter:
        raise MediaError(stage, "too_large", f"{width}x{height} px; a video may have {longer}x{shorter}")


def check_length(n_frames: int, seconds: float, *, stage: Stage = "probe") -> None:
    """Refuse more than `MAX_FRAMES` frames or more than `MAX_SECONDS` seconds."""
    if n_frames > MAX_FRAMES:
        raise MediaError(stage, "too_large", f"{n_frames} frames; {MAX_FRAMES} are allowed")
    if seconds > MAX_SECONDS:
        raise MediaError(
            stage, "too_large", f"{seconds / 3600:.1f} hours; {MAX_SECONDS // 3600} hours are allowed"
        )


def memory_is_short() -> bool:
    """Whether `HONEST_BYTES` more cannot be had: a failed allocation is then no fault of the file.

    Else the file asked for an absurd amount, as headers do of which a bit has flipped. Nothing is touched: the
    kernel answers at once.
    """
    try:
        mmap.mmap(-1, HONEST_BYTES).close()
    except OSError:
        return True
    return False


ABSURD = f"the file asks for more than {HONEST_BYTES >> 30} GiB at once"
"""Detail of a failed allocation while memory is not short."""
