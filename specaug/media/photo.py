"""A photo, or a short animation in a picture format, as upright RGB frames."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from specaug.errors import MediaError
from specaug.media.open_files import one_line, open_regular
from specaug.media.size_limits import ABSURD, check_length, check_photo_size, memory_is_short
from specaug.records import Frame, MediaInfo, Reason, Stage

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF")
"""Pillow's names of the formats that are read (MPO is a JPEG to it). EPS, which runs a program, is not one."""
ANIMATED = ("GIF", "PNG", "WEBP")
"""Formats whose further pictures follow in time (those of TIFF and MPO do not)."""
DEFAULT_SECONDS = 0.1
"""How long a picture of an animation is shown that says 0, as browsers do."""

_TURNS = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (270, True),
    6: (90, False),
    7: (90, True),
    8: (270, False),
}
"""EXIF orientation -> clockwise degrees, and whether left and right are swapped first (CIPA DC-008, 4.6.5.1)."""


def probe_photo(path: Path) -> MediaInfo:
    """Read the header of a photo; of an animation, all its durations.

    Parameters
    ----------
    path : Path

    Returns
    -------
    MediaInfo
        With ``kind`` ``image``; of an animated GIF, WebP or PNG with all its pictures and their times.

    Raises
    ------
    MediaError
        Stage ``probe``: ``unreadable``, ``unsupported``, ``too_large`` or ``truncated``.
    """
    with open_regular(path, stage="probe") as file:
        image = _open(file, stage="probe")
        turn, _ = _orientation(image, file, stage="probe")
        width, height = image.size
        if turn % 180 and image.format != "TIFF":  # of a TIFF, Pillow gives the upright size
            width, height = height, width
        seconds = _durations(image)
    return MediaInfo(
        kind="image",
        width=width,
        height=height,
        n_frames=len(seconds),
        pts_seconds=np.cumsum(seconds) - seconds,
        keyframes=np.zeros(1, dtype=np.int64),
        fps=len(seconds) / float(seconds.sum()) if len(seconds) > 1 else 0.0,
        rotation=turn,
    )


def read_photo(path: Path, info: MediaInfo, indices: np.ndarray) -> Iterator[Frame]:
    """Decode a photo, or the pictures at `indices` of an animation.

    EXIF orientation is applied; a value outside 1 to 8 means upright. What transparency hides is shown: alpha is
    dropped and colours are kept, as ``cv2.imread`` does, since compositing would invent edges. 16 bits become
    8 by rounding ``v / 257``. Colour profiles are not applied.

    Parameters
    ----------
    path : Path
    info : MediaInfo
        What :func:`probe_photo` said of the same file.
    indices : (m,) int array
        Ascending, distinct, below ``info.n_frames``.

    Yields
    ------
    Frame

    Raises
    ------
    MediaError
        Stage ``decode``: ``truncated``, ``decoder_error``, ``unsupported`` or ``unreadable``.
    """
    with open_regular(path, stage="decode") as file:
        image = _open(file, stage="decode")
        turn, mirrored = _orientation(image, file, stage="decode")
        for index in indices.tolist():
            pixels, is_upright = _pixels(image, file, index if info.n_frames > 1 else None)
            if mirrored and not is_upright:
                pixels = pixels[:, ::-1]
            upright = pixels if is_upright else np.rot90(pixels, -turn // 90)
            if upright.shape != (info.height, info.width, 3):
                shape = f"{upright.shape[1]}x{upright.shape[0]}"
                raise MediaError(
                    "decode", "decoder_error", f"{shape} px instead of {info.width}x{info.height}"
                )
            yield Frame(index, float(info.pts_seconds[index]), np.ascontiguousarray(upright))


def _open(file: BinaryIO, *, stage: Stage) -> Image.Image:
    """Read the header."""
    with _pillow_errors(stage, "unreadable"):
        image = Image.open(file, formats=FORMATS)
    check_photo_size(*image.size, stage=stage)
    return image


@contextmanager
def _pillow_errors(stage: Stage, reason: Reason) -> Iterator[None]:
    """Turn what Pillow raises on damaged files into MediaError; its warnings are dropped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaError(stage, "too_large", one_line(error)) from error
    except MemoryError as error:
        if memory_is_short():
            raise MediaError(stage, "out_of_memory", "no memory for the picture") from error
        raise MediaError(stage, reason, ABSURD) from error
    except UnidentifiedImageError as error:
        raise MediaError(stage, "unreadable", f"none of the formats {', '.join(FORMATS)}") from error
    except _DAMAGE as error:
        cut = "truncated" in str(error).lower()
        raise MediaError(
            stage, "truncated" if cut else reason, one_line(error) or type(error).__name__
        ) from error


_DAMAGE = (
    OSError,
    EOFError,
    SyntaxError,  # how Pillow says "broken PNG file"
    ValueError,
    IndexError,
    KeyError,
    OverflowError,
    NotImplementedError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on damaged files, by its plugins' source."""


def _orientation(image: Image.Image, file: BinaryIO, *, stage: Stage) -> tuple[int, bool]:
    """Clockwise degrees, and whether left and right are to be swapped before."""
    with _pillow_errors(stage, "unreadable"):
        exif = _png_exif(file) if image.format == "PNG" else image.getexif()
        value = exif.get(ExifTags.Base.Orientation, 1)
    return _TURNS.get(value, (0, False)) if isinstance(value, int) else (0, False)


def _png_exif(file: BinaryIO) -> Image.Exif:
    """EXIF of a PNG, before or behind the pixels (for the latter Pillow would decode them)."""
    exif, place = Image.Exif(), file.tell()
    file.seek(8)
    while len(header := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", header)
        if kind == b"eXIf":
            data, wanted = file.read(length), file.read(4)
            if zlib.crc32(kind + data) != int.from_bytes(wanted):
                raise SyntaxError("wrong checksum of the orientation")
            exif.load(data)
            break
        file.seek(length + 4, os.SEEK_CUR)
    file.seek(place)
    return exif


def _durations(image: Image.Image) -> np.ndarray:
    """(n_frames,) seconds that each picture is shown; one 0 for a photo."""
    with _pillow_errors("probe", "unreadable"):
        count = getattr(image, "n_frames", 1) if image.format in ANIMATED else 1
    check_length(count, 0)
    if count == 1:
        return np.zeros(1)
    seconds = np.empty(count)
    for index in range(count):
        with _pillow_errors("probe", "unreadable"):
            image.seek(index)
            if image.format == "WEBP":
                image.load()  # sets the duration
        seconds[index] = float(image.info.get("duration", 0)) / 1000 or DEFAULT_SECONDS
    check_length(count, float(seconds.sum()))
    return seconds


def _pixels(image: Image.Image, file: BinaryIO, index: int | None) -> tuple[np.ndarray, bool]:
    """(H, W, 3) uint8 of a photo (None) or of one picture of an animation, and whether it is upright."""
    with _pillow_errors("decode", "decoder_error"):
        if index is not None:
            image.seek(index)
        is_deep = index is None and any(";16" in str(tile) for tile in getattr(image, "tile", ()))
        image.load()
        upright = image.format == "TIFF"
        if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
            return _from_16_bits(np.asarray(image))[..., None].repeat(3, axis=2), upright
        if image.mode in ("I", "F"):
            raise MediaError("decode", "unsupported", f"pixels of 32 bits (mode {image.mode})")
        if not is_deep:
            return np.array(image.convert("RGB")), upright
    return _deep_color(file), upright


def _deep_color(file: BinaryIO) -> np.ndarray:
    """(H, W, 3) uint8 from 16-bit colour, of which Pillow would drop the lower byte."""
    file.seek(0)
    try:
        pixels = cv2.imdecode(np.frombuffer(file.read(), dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise MediaError("decode", "decoder_error", one_line(error)) from error
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise MediaError("decode", "decoder_error", "16-bit colour that cannot be decoded")
    return _from_16_bits(pixels[..., 2::-1])


def _from_16_bits(values: np.ndarray) -> np.ndarray:
    """uint8, rounded."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
