"""HEIC photos: the boxes of the file, its tiles decoded by FFmpeg's HEVC decoder.

References
----------
ISO/IEC 23008-12 (HEIF): items, the derived image ``grid``, the properties ``ispe``, ``irot``, ``imir``, ``clap``.
ISO/IEC 14496-12: ``iloc``, ``iinf``, ``iref``, ``colr``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from specaug.errors import MediaError
from specaug.media.container import ffmpeg_errors
from specaug.planes.placement import orientation_of
from specaug.records import Reason, Stage

Array = np.ndarray[Any, Any]

MAX_TILES = 4096
MAX_EXTENTS = 65_536
"""Pieces that the data of all items may lie in: far more than any camera's, and few enough to list at once."""
_TILE_SLACK = 1 << 20
"""Px: tiles of small images are up to 1024x1024."""
_CODED = ("hvc1",)
"""Item types that are decoded here. AVIF is Pillow's."""


@dataclass(frozen=True)
class Box:
    """One box: its type and its payload."""

    kind: bytes
    payload: bytes


@dataclass
class Item:
    """One item of a HEIF file."""

    kind: str = ""
    extents: list[tuple[int, int]] = field(default_factory=list)
    """(offset, length) in the file, or in ``idat`` where `inside` says so."""
    inside: bool = False
    properties: list[Box] = field(default_factory=list)
    references: list[int] = field(default_factory=list)
    """Items that a ``grid`` is made of, row by row."""


@dataclass(frozen=True)
class HeifImage:
    """The primary image of a file."""

    size: tuple[int, int]
    """Width and height as it is stored, px."""
    aperture: tuple[int, int, int, int]
    """Left, top, width and height of the part that is shown (``clap``), px."""
    orientation: int
    """EXIF orientation that ``irot`` and ``imir`` amount to."""
    columns: int
    tiles: tuple[tuple[bytes, bytes], ...]
    """(hvcC, data) of each tile, row by row."""
    icc_profile: bytes | None
    nclx: tuple[int, int, int, bool] | None
    """Primaries, transfer, matrix, full range; None where ``colr`` does not say."""


def read_heif(data: bytes, *, stage: Stage) -> HeifImage:
    """Find the primary image of a HEIC file.

    Raises
    ------
    MediaError
        ``unsupported`` for other codings and derivations, ``unreadable`` for boxes that contradict each other.
    """
    try:
        return _primary(data, stage)
    except _NONSENSE as error:
        raise MediaError(
            stage, "unreadable", f"HEIC: the boxes make no sense ({type(error).__name__})"
        ) from error


_NONSENSE = (struct.error, IndexError, KeyError, ValueError)
"""What reading boxes raises that lack something, or refer to what is not there."""


def _primary(data: bytes, stage: Stage) -> HeifImage:
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        raise MediaError(stage, "unsupported", "HEIC without an image item (an image sequence?)")
    inner = {box.kind: box.payload for box in boxes(meta.payload[4:])}
    items, idat = _items(inner), inner.get(b"idat", b"")
    version = inner[b"pitm"][0]
    (number,) = struct.unpack_from(">I" if version else ">H", inner[b"pitm"], 4)
    item = items[number]
    size = _size(item)
    columns, parts = 1, [item]
    if item.kind == "grid":
        columns, rows, size = _grid(_content(data, idat, item, stage))
        parts = [items[part] for part in item.references]
        if len(parts) != columns * rows or not 0 < len(parts) <= MAX_TILES:
            raise ValueError("tiles")
    if any(part.kind not in _CODED for part in parts):
        raise MediaError(stage, "unsupported", f"HEIC with an image of the kind {parts[0].kind!r}")
    tiles = tuple((_property(part, b"hvcC"), _content(data, idat, part, stage)) for part in parts)
    icc, nclx = _colors(item if any(box.kind == b"colr" for box in item.properties) else parts[0])
    return HeifImage(size, _aperture(item, size), _orientation(item), columns, tiles, icc, nclx)


def boxes(data: bytes) -> Iterator[Box]:
    """The boxes of one level."""
    place = 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, place + 8)
            head = 16
        size = len(data) - place if size == 0 else size
        if size < head:
            raise ValueError("box size")
        yield Box(kind, data[place + head : place + size])
        place += size


def _items(meta: dict[bytes, bytes]) -> dict[int, Item]:
    items: dict[int, Item] = {}
    info = meta[b"iinf"]
    for box in boxes(info[6 if info[0] == 0 else 8 :]):
        if box.kind == b"infe":
            wide = box.payload[0] >= 3
            (number,) = struct.unpack_from(">I" if wide else ">H", box.payload, 4)
            start = 10 if wide else 8
            items[number] = Item(kind=box.payload[start : start + 4].decode("latin-1"))
    _locate(meta[b"iloc"], items)
    _refer(meta.get(b"iref", b""), items)
    _describe(meta[b"iprp"], items)
    return items


def _locate(iloc: bytes, items: dict[int, Item]) -> None:
    """Note where the data of each item lie."""
    version = iloc[0]
    offset_size, length_size = iloc[4] >> 4, iloc[4] & 15
    base_size, index_size = iloc[5] >> 4, iloc[5] & 15 if version in (1, 2) else 0
    place, extents = 6, 0

    def number(size: int) -> int:
        nonlocal place
        place += size
        if place > len(iloc):
            raise ValueError("iloc")
        return int.from_bytes(iloc[place - size : place])

    for _ in range(number(4 if version == 2 else 2)):
        item = items.setdefault(number(4 if version == 2 else 2), Item())
        item.inside = bool(number(2) & 15) if version in (1, 2) else False
        number(2)  # data_reference_index
        base, count = number(base_size), number(2)
        extents += count
        if extents > MAX_EXTENTS:
            raise ValueError("extents")
        for _ in range(count):
            number(index_size)
            offset = base + number(offset_size)
            item.extents.append((offset, number(length_size)))


def _refer(iref: bytes, items: dict[int, Item]) -> None:
    """Note the tiles of each grid."""
    wide = bool(iref) and iref[0] == 1
    for box in boxes(iref[4:]):
        if box.kind == b"dimg":
            form = ">I" if wide else ">H"
            step = struct.calcsize(form)
            (source,) = struct.unpack_from(form, box.payload, 0)
            (count,) = struct.unpack_from(">H", box.payload, step)
            wanted = [struct.unpack_from(form, box.payload, step + 2 + i * step)[0] for i in range(count)]
            items[source].references = wanted


def _describe(iprp: bytes, items: dict[int, Item]) -> None:
    """Note the properties of each item."""
    inner = list(boxes(iprp))
    known = list(boxes(_first(inner, b"ipco")))
    for box in (box for box in inner if box.kind == b"ipma"):
        version, wide = box.payload[0], bool(box.payload[3] & 1)
        (count,) = struct.unpack_from(">I", box.payload, 4)
        place = 8
        for _ in range(count):
            form = ">I" if version else ">H"
            (number,) = struct.unpack_from(form, box.payload, place)
            place += struct.calcsize(form)
            n = box.payload[place]
            place += 1
            for _ in range(n):
                if wide:
                    index = struct.unpack_from(">H", box.payload, place)[0] & 0x7FFF
                    place += 2
                else:
                    index = box.payload[place] & 0x7F
                    place += 1
                if index:
                    items[number].properties.append(known[index - 1])


def _first(known: list[Box], kind: bytes) -> bytes:
    """Payload of the first box of a kind."""
    for box in known:
        if box.kind == kind:
            return box.payload
    raise KeyError(kind)


def _property(item: Item, kind: bytes) -> bytes:
    return _first(item.properties, kind)


def _size(item: Item) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", _property(item, b"ispe"), 4)
    return width, height


def _aperture(item: Item, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of ``clap``, which stands before what turns the image; else all of it."""
    kinds = [box.kind for box in item.properties if box.kind in (b"clap", b"irot", b"imir")]
    if b"clap" not in kinds:
        return 0, 0, *size
    if kinds[0] != b"clap":
        raise ValueError("clap after irot or imir")
    numbers = struct.unpack_from(">IIIIiIiI", _property(item, b"clap"))
    if 0 in numbers[1::2]:
        raise ValueError("clap")
    width, height, x, y = (a / b for a, b in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = round((size[0] - width) / 2 + x), round((size[1] - height) / 2 + y)
    right, bottom = left + round(width), top + round(height)
    if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
        raise ValueError("clap")
    return left, top, right - left, bottom - top


def _content(data: bytes, idat: bytes, item: Item, stage: Stage) -> bytes:
    source = idat if item.inside else data
    parts = [
        source[offset : offset + length] if length else source[offset:] for offset, length in item.extents
    ]
    if any(length and len(part) != length for part, (_, length) in zip(parts, item.extents, strict=True)):
        raise MediaError(stage, "truncated", "HEIC: the data of a tile are cut off")
    return b"".join(parts)


def _grid(content: bytes) -> tuple[int, int, tuple[int, int]]:
    """Columns, rows, and (width, height) of a derived image ``grid``."""
    form = ">II" if content[1] & 1 else ">HH"
    width, height = struct.unpack_from(form, content, 4)
    return content[3] + 1, content[2] + 1, (width, height)


def _orientation(item: Item) -> int:
    """EXIF orientation of ``irot`` and ``imir``, in the order in which they stand."""
    linear = np.eye(2)
    for box in item.properties:
        if box.kind == b"irot":  # counter-clockwise quarters
            for _ in range(box.payload[0] & 3):
                linear = np.array([[0, 1], [-1, 0]]) @ linear
        elif box.kind == b"imir":  # 0: top and bottom change places, 1: left and right
            mirror = np.diag([-1, 1]) if box.payload[0] & 1 else np.diag([1, -1])
            linear = mirror @ linear
    return orientation_of(linear)


def _colors(item: Item) -> tuple[bytes | None, tuple[int, int, int, bool] | None]:
    icc, nclx = None, None
    for box in item.properties:
        if box.kind == b"colr" and box.payload[:4] in (b"prof", b"rICC"):
            icc = box.payload[4:]
        elif box.kind == b"colr" and box.payload[:4] == b"nclx":
            primaries, transfer, matrix, full = struct.unpack_from(">HHHB", box.payload, 4)
            nclx = primaries, transfer, matrix, bool(full & 0x80)
    return icc, nclx


def decode_tile(image: HeifImage, number: int, *, stage: Stage) -> VideoFrame:
    """One tile, as FFmpeg decodes it.

    Raises
    ------
    MediaError
        ``decoder_error`` where it is damaged, ``unreadable`` where tiles of its size do not make up the image.
    """
    hvcc, content = image.tiles[number]
    reason: Reason = "decoder_error"
    context = av.CodecContext.create("hevc", "r")
    context.extradata = hvcc
    context.thread_count = 1
    # A tile may be larger than what is shown of it, but not without bounds: the image's own size was checked.
    most = 4 * image.size[0] * image.size[1] + _TILE_SLACK
    context.options = {"err_detect": "crccheck+explode", "max_pixels": str(most)}
    with ffmpeg_errors(stage, reason):
        frames = [*context.decode(av.Packet(content)), *context.decode(None)]
    if len(frames) != 1 or frames[0].is_corrupt:
        raise MediaError(stage, reason, "HEIC: a tile that gives no picture")
    frame: VideoFrame = frames[0]
    rows = len(image.tiles) // image.columns
    for count, side, whole in zip(
        (image.columns, rows), (frame.width, frame.height), image.size, strict=True
    ):
        if not (count - 1) * side < whole <= count * side:
            size, tile = "x".join(map(str, image.size)), f"{frame.width}x{frame.height}"
            detail = f"HEIC: {image.columns}x{rows} tiles of {tile} px are no image of {size} px"
            raise MediaError(stage, "unreadable", detail)
    return frame
