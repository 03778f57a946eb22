"""Read a photo, or a short animation in a picture format, as frames of one plane."""

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
from specaug.media.heic import is_heic, probe_heic, read_heic
from specaug.media.jpeg import decode_strictly
from specaug.media.open_files import one_line, open_regular
from specaug.media.signatures import Described, described
from specaug.media.size_limits import (
    ABSURD,
    DEFAULT_MEMORY,
    check_length,
    check_photo_size,
    memory_is_short,
)
from specaug.planes import Frame, Placement, Plane, PlaneImage
from specaug.planes.icc import is_usable_profile
from specaug.planes.placement import ROTATIONS
from specaug.records import ColorInfo, MediaInfo, Reason, Stage

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF")
"""Pillow's names of the formats that are read (MPO is a JPEG to it). EPS, which runs a program, is not one."""
_SUBFILE, _BITS, _PHOTOMETRIC, _PLANAR, _DNG_VERSION = 254, 258, 262, 284, 50706
"""TIFF tags: kind of subfile, bits per sample, photometric interpretation, planar configuration, version of DNG."""
_LINES = 256
_RGB_MODES = ("RGB", "RGBA", "RGBX", "P", "PA")
"""Pillow's modes of which a profile describes the values."""
ANIMATED = ("GIF", "PNG", "WEBP")
"""Formats whose further pictures follow in time (those of TIFF and MPO do not)."""
DEFAULT_SECONDS = 0.1
"""How long a picture of an animation is shown that says 0, as browsers do."""


def probe_photo(path: Path, *, max_memory: int = DEFAULT_MEMORY) -> MediaInfo:
    """Read the header of a photo; of an animation, all its durations.

    Parameters
    ----------
    path : Path
    max_memory : int
        Bytes that decoding may take; a photo that needs more is ``too_large``.

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
        if is_heic(file):
            return probe_heic(file, max_memory=max_memory)
        image = _open(file, stage="probe")
        check_photo_size(*image.size, max_memory=max_memory)
        orientation = _orientation(image, file, stage="probe")
        # Of a TIFF, Pillow gives the upright size.
        upright = 1 if image.format == "TIFF" else orientation
        width, height = Placement(*image.size, orientation=upright).size
        seconds = _durations(image)
        profile = _profile(image)
    return MediaInfo(
        kind="image",
        width=width,
        height=height,
        n_frames=len(seconds),
        pts_seconds=np.cumsum(seconds) - seconds,
        keyframes=np.zeros(1, dtype=np.int64),
        fps=len(seconds) / float(seconds.sum()) if len(seconds) > 1 else 0.0,
        rotation=ROTATIONS[orientation],
        orientation=orientation,
        color=photo_color(icc=profile is not None),
    )


def photo_color(*, icc: bool) -> ColorInfo:
    """What the RGB values of a photo mean: sRGB, as they are or after its profile was applied."""
    return ColorInfo(transfer="iec61966-2-1", primaries="bt709", icc=icc)


def read_photo(path: Path, info: MediaInfo, indices: np.ndarray) -> Iterator[Frame]:
    """Decode a photo, or the pictures at `indices` of an animation.

    EXIF orientation is applied where crops are cut; a value outside 1 to 8 means upright. What transparency hides is
    shown: alpha is dropped and colours are kept, as ``cv2.imread`` does, since compositing would invent edges. 16 bits
    become 8 by rounding ``v / 257``. An embedded colour profile of RGB goes along, to be applied to crops.

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
        Stage ``decode``: ``truncated``, ``decoder_error``, ``unsupported`` or ``unreadable``. A JPEG that a decoder
        would have to patch is one of them.
    """
    with open_regular(path, stage="decode") as file:
        if is_heic(file):
            yield from (Frame(int(i), float(info.pts_seconds[i]), read_heic(file)) for i in indices)
            return
        image = _open(file, stage="decode")
        orientation = 1 if image.format == "TIFF" else _orientation(image, file, stage="decode")
        profile = _profile(image)
        for index in indices.tolist():
            pixels = _pixels(image, file, index if info.n_frames > 1 else None)
            placement = Placement(pixels.shape[1], pixels.shape[0], orientation=orientation)
            if placement.size != (info.width, info.height):
                size = "x".join(map(str, placement.size))
                raise MediaError(
                    "decode", "decoder_error", f"{size} px instead of {info.width}x{info.height}"
                )
            planes = (Plane(pixels, np.eye(2, 3)),)
            yield Frame(
                index, float(info.pts_seconds[index]), PlaneImage(planes, placement, info.color, profile)
            )


def _open(file: BinaryIO, *, stage: Stage) -> Image.Image:
    """Read the header."""
    what = described(file)
    with _pillow_errors(stage, "unreadable", what):
        image = Image.open(file, formats=FORMATS)
    if image.format == "TIFF" and _is_camera_raw(image):
        raise MediaError(
            stage, "unsupported", "a camera's raw format, made of TIFF; export it as TIFF or JPEG"
        )
    return image


def _is_camera_raw(image: Image.Image) -> bool:
    """Whether the first image of a TIFF is the thumbnail of another, as in DNG, NEF and ARW (TIFF 6.0, tag 254)."""
    tags = getattr(image, "tag_v2", {})
    return bool(int(tags.get(_SUBFILE, 0)) & 1) or _DNG_VERSION in tags


def _profile(image: Image.Image) -> bytes | None:
    """The embedded colour profile, if it is one of RGB other than sRGB."""
    profile = image.info.get("icc_profile")
    usable = isinstance(profile, bytes) and image.mode in _RGB_MODES and is_usable_profile(profile)
    return profile if usable else None


@contextmanager
def _pillow_errors(stage: Stage, reason: Reason, what: Described | None = None) -> Iterator[None]:
    """Turn what Pillow raises on damaged files into MediaError; its warnings are dropped."""
    try:
        with warnings.catch_warnings(), _no_limit_of_pillow():
            warnings.simplefilter("ignore")
            yield
    except MemoryError as error:
        if memory_is_short():
            raise MediaError(stage, "out_of_memory", "no memory for the picture") from error
        raise MediaError(stage, reason, ABSURD) from error
    except UnidentifiedImageError as error:
        raise _unidentified(stage, what) from error
    except _DAMAGE as error:
        cut = "truncated" in str(error).lower()
        raise MediaError(
            stage, "truncated" if cut else reason, one_line(error) or type(error).__name__
        ) from error


@contextmanager
def _no_limit_of_pillow() -> Iterator[None]:
    """Without Pillow's limit of 89 MP: sizes are checked here, against the memory that is allowed."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _unidentified(stage: Stage, what: Described | None) -> MediaError:
    """What to say of a file that is none of `FORMATS` to Pillow."""
    name, is_media = what or Described("no known format", False)
    if name.upper() in FORMATS:
        return MediaError(stage, "unreadable", f"a {name} whose header is damaged")
    read = f"read are {', '.join(FORMATS)} and HEIC"
    return MediaError(stage, "unsupported" if is_media else "unreadable", f"{name}; {read}")


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


def _orientation(image: Image.Image, file: BinaryIO, *, stage: Stage) -> int:
    """EXIF orientation, 1 where there is none or one that does not exist."""
    with _pillow_errors(stage, "unreadable"):
        exif = _png_exif(file) if image.format == "PNG" else image.getexif()
        value = exif.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and value in ROTATIONS else 1


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


def _pixels(image: Image.Image, file: BinaryIO, index: int | None) -> np.ndarray:
    """(H, W, 3) uint8 of a photo (None) or of one picture of an animation, as it is stored (a TIFF upright)."""
    if image.format in ("JPEG", "MPO"):
        file.seek(0)
        pixels = decode_strictly(file.read(), color="CMYK" if image.mode == "CMYK" else "RGB")
        if image.mode != "CMYK":
            return pixels  # else Pillow converts, now that the data are known to be sound
    with _pillow_errors("decode", "decoder_error"):
        if index is not None:
            image.seek(index)
        is_deep = index is None and any(";16" in str(tile) for tile in getattr(image, "tile", ()))
        if image.format == "TIFF":
            _check_tiff(image, is_deep=is_deep)
        image.load()
        if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
            return _from_16_bits(np.asarray(image))[..., None].repeat(3, axis=2)
        if image.mode in ("I", "F"):
            raise MediaError("decode", "unsupported", f"pixels of 32 bits (mode {image.mode})")
        if not is_deep:
            return np.array(image.convert("RGB"))
    return _deep_color(file)


def _check_tiff(image: Image.Image, *, is_deep: bool) -> None:
    """Refuse what Pillow and OpenCV read wrongly: 16 bits in planes of their own, or with white as zero."""
    tags = getattr(image, "tag_v2", {})
    planar, photometric = tags.get(_PLANAR, 1), tags.get(_PHOTOMETRIC)
    deep = is_deep or 16 in np.atleast_1d(tags.get(_BITS, 8))
    if deep and planar == 2:
        raise MediaError("decode", "unsupported", "a TIFF with 16 bits in planes of their own")
    if deep and photometric == 0:
        raise MediaError("decode", "unsupported", "a TIFF with 16 bits in which 0 is white")


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
    """uint8, rounded; a band of lines at a time, since four bytes a value would be most of what a photo takes."""
    rounded = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _LINES):
        band = values[start : start + _LINES].astype(np.uint32)
        rounded[start : start + _LINES] = (band + 128) // 257
    return rounded
