"""Damaged media from intact ones: units of a container (boxes, elements, chunks, segments) found, cut, bent, moved."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from media_seeds import Seed

MUTATIONS = ("cut", "flip", "blank", "size", "number", "double", "drop", "swap", "splice", "name")
"""cut: truncation at the border of a unit, one byte beside it, or behind its header. flip: up to 8 bits. blank: a run
of zeros. size: the length that a unit's header gives. number: some other number in a header. double, drop, swap:
whole units. splice: the beginning of one file, the end of another. name: the ending of another format."""

_MP4_PARENTS = frozenset(b"moov trak mdia minf stbl edts dinf moof traf mvex udta meta".split())
_EBML_PARENTS = frozenset(
    (0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0xE0, 0x1A45DFA3, 0x1C53BB6B, 0x114D9B74, 0xBB, 0xA0)
)
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C


@dataclass(frozen=True)
class Unit:
    """A piece of a container."""

    start: int
    stop: int
    body: int
    """Where its header ends."""
    size_at: int = 0
    size_bytes: int = 0
    """Width of the field that holds its length; 0 where it has none."""
    big_endian: bool = True


@dataclass(frozen=True)
class Mutant:
    """A damaged file."""

    seed: str
    mutation: str
    suffix: str
    data: bytes
    exact: bool = False
    """Whether its clips, if any, must show crops of the intact file: where nothing but the end is missing, or
    checksums cover what was changed."""


def units(data: bytes, suffix: str) -> list[Unit]:
    """The units of a container, outer before inner, by the ending of its name."""
    return list(_FINDERS[suffix](data))


def _boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Unit]:
    """Of ISO base media (ISO/IEC 14496-12, 4.2)."""
    stop = len(data) if stop is None else stop
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > stop:
            return
        yield Unit(start, start + size, start + 8, start, 4)
        if kind in _MP4_PARENTS:
            yield from _boxes(data, start + 8, start + size)
        if kind == b"stsd":
            yield from _boxes(data, start + 16, start + size)
        start += size


def _vint(data: bytes, place: int, *, marked: bool) -> tuple[int, int]:
    """Value and width of a number of EBML (RFC 8794, 4); `marked` keeps the bit that tells the width."""
    width = 9 - max(data[place], 1).bit_length()
    value = int.from_bytes(data[place : place + width])
    return (value if marked else value & (1 << 7 * width) - 1), width


def _elements(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Unit]:
    """Of Matroska."""
    stop = len(data) if stop is None else stop
    while start + 2 <= stop:
        kind, id_width = _vint(data, start, marked=True)
        size, width = _vint(data, start + id_width, marked=False)
        body = start + id_width + width
        end = stop if size == (1 << 7 * width) - 1 else min(stop, body + size)
        yield Unit(start, end, body, start + id_width, width)
        if kind in _EBML_PARENTS:
            yield from _elements(data, body, end)
        start = end


def _chunks(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Unit]:
    """Of RIFF: AVI, WebP."""
    stop = len(data) if stop is None else stop
    while start + 8 <= stop:
        kind, size = struct.unpack_from("<4sI", data, start)
        end = min(stop, start + 8 + size + size % 2)
        yield Unit(start, end, start + 8, start + 4, 4, big_endian=False)
        if kind in (b"RIFF", b"LIST"):
            yield from _chunks(data, start + 12, end)
        start = end


def _png(data: bytes) -> Iterator[Unit]:
    start = 8
    while start + 12 <= len(data):
        end = start + 12 + struct.unpack_from(">I", data, start)[0]
        yield Unit(start, end, start + 8, start, 4)
        start = end


def _segments(data: bytes) -> Iterator[Unit]:
    """Of JPEG, up to the scan; then its pieces between markers."""
    yield Unit(0, 2, 2)
    start = 2
    while start + 4 <= len(data) and data[start] == 0xFF:
        end = start + 2 + struct.unpack_from(">H", data, start + 2)[0]
        yield Unit(start, end, start + 4, start + 2, 2)
        start = end
        if data[start] != 0xFF:
            scan = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(data, start)
            end = scan.start() if scan else len(data)
            yield Unit(start, end, start)
            start = end


def _gif(data: bytes) -> Iterator[Unit]:
    table = 3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0
    yield Unit(0, 13 + table, 13)
    start = 13 + table
    while start < len(data) and data[start] in (_GIF_EXTENSION, _GIF_IMAGE):
        if data[start] == _GIF_EXTENSION:
            body = place = start + 2
        else:
            local = 3 << (data[start + 9] & 7) + 1 if data[start + 9] & 0x80 else 0
            body = start + 10
            place = body + local + 1
        first = place
        while data[place]:
            place += 1 + data[place]
        yield Unit(start, place + 1, body, first, 1)
        start = place + 1


def _tiff(data: bytes) -> Iterator[Unit]:
    """Header, directory entries; the rest as one."""
    yield Unit(0, 8, 8, 4, 4, big_endian=False)
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        yield Unit(entry, entry + 12, entry + 8, entry + 4, 4, big_endian=False)
    yield Unit(place + 2 + 12 * count, place + 6 + 12 * count, place + 6 + 12 * count)


def _bmp(data: bytes) -> Iterator[Unit]:
    """The two headers, and each of their numbers."""
    (offset,) = struct.unpack_from("<I", data, 10)
    yield Unit(0, 14, 14, 2, 4, big_endian=False)
    yield Unit(14, offset, 18, 14, 4, big_endian=False)
    for place in range(18, 54, 4):
        yield Unit(place, place + 4, place + 4, place, 4, big_endian=False)
    yield Unit(offset, len(data), offset)


def _packets(data: bytes) -> Iterator[Unit]:
    """Of an MPEG transport stream."""
    for start in range(0, len(data) - 187, 188):
        yield Unit(start, start + 188, start + 4, start + 4, 1)


def _start_codes(data: bytes) -> Iterator[Unit]:
    """Of an MPEG program stream; only packets of streams have a length."""
    starts = [found.start() for found in re.finditer(rb"\x00\x00\x01[\xb3-\xff]", data)]
    for start, stop in zip(starts, [*starts[1:], len(data)], strict=True):
        sized = data[start + 3] >= 0xBB
        yield Unit(start, stop, start + (6 if sized else 4), start + 4, 2 if sized else 0)


def _tags(data: bytes) -> Iterator[Unit]:
    """Of FLV."""
    yield Unit(0, 13, 9, 5, 4)
    start = 13
    while start + 15 <= len(data):
        size = int.from_bytes(data[start + 1 : start + 4])
        yield Unit(start, start + size + 15, start + 11, start + 1, 3)
        start += size + 15


def _objects(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Unit]:
    """Of ASF."""
    stop = len(data) if stop is None else stop
    while start + 24 <= stop:
        (size,) = struct.unpack_from("<Q", data, start + 16)
        end = start + size
        if size < 24 or end > stop:
            return
        yield Unit(start, end, start + 24, start + 16, 8, big_endian=False)
        if data[start : start + 4] == b"\x30\x26\xb2\x75":
            yield from _objects(data, start + 30, end)
        start = end


def _klv(data: bytes) -> Iterator[Unit]:
    """Of MXF: keys of 16 bytes, lengths in BER."""
    start = 0
    while start + 17 <= len(data):
        long = data[start + 16] & 0x7F if data[start + 16] & 0x80 else 0
        size = int.from_bytes(data[start + 17 : start + 17 + long]) if long else data[start + 16]
        body = start + 17 + long
        yield Unit(start, min(len(data), body + size), body, start + 16 + bool(long), max(1, long))
        start = body + size


_FINDERS: dict[str, Callable[[bytes], Iterator[Unit]]] = {
    **dict.fromkeys(("mp4", "mov", "3gp"), _boxes),
    **dict.fromkeys(("mkv", "webm"), _elements),
    **dict.fromkeys(("avi", "webp"), _chunks),
    "png": _png,
    "jpg": _segments,
    "gif": _gif,
    "tif": _tiff,
    "bmp": _bmp,
    "ts": _packets,
    "mpg": _start_codes,
    "flv": _tags,
    "wmv": _objects,
    "mxf": _klv,
}


def mutate(seed: Seed, mutation: str, seeds: Sequence[Seed], *, rng: np.random.Generator) -> Mutant:
    """One damaged copy of `seed`.

    Parameters
    ----------
    seed : Seed
    mutation : str
        One of `MUTATIONS`.
    seeds : sequence of Seed
        For ``splice`` and ``name``.
    rng : Generator
    """
    other = seeds[rng.integers(len(seeds))]
    found = units(seed.data, seed.suffix)
    unit = found[rng.integers(len(found))]
    data = seed.data
    if mutation == "cut":
        data = data[: _border(unit, rng)]
    elif mutation == "flip":
        data = _flipped(data, unit, rng)
    elif mutation == "blank":
        start, length = _place(data, unit, rng), int(2 ** rng.uniform(0, 10))
        data = data[:start] + bytes(min(length, len(data) - start)) + data[start + length :]
    elif mutation in ("size", "number"):
        data = _bent(data, unit, mutation, rng)
    elif mutation in ("double", "drop", "swap"):
        data = _moved(data, unit, found[rng.integers(len(found))], mutation)
    elif mutation == "splice":
        theirs = units(other.data, other.suffix)
        data = data[: _border(unit, rng)] + other.data[_border(theirs[rng.integers(len(theirs))], rng) :]
    suffix = other.suffix if mutation == "name" else seed.suffix
    mend = seed.suffix == "png" and rng.random() < 0.5
    exact = mutation == "cut" or (
        seed.suffix == "png" and not mend and mutation in ("flip", "blank", "number")
    )
    return Mutant(seed.name, mutation, suffix, _with_sums(data) if mend else data, exact)


def systematic(seed: Seed) -> Iterator[Mutant]:
    """A cut at every border of every unit; lengths of 0, 1, one more, negative and huge in every header."""
    found = units(seed.data, seed.suffix)
    for place in sorted({p for unit in found for p in (unit.start, unit.body, unit.stop)} - {len(seed.data)}):
        yield Mutant(seed.name, "cut", seed.suffix, seed.data[:place], exact=True)
    for unit in found:
        for value in _sizes(seed.data, unit) if unit.size_bytes else ():
            bent = _with_number(seed.data, unit.size_at, unit.size_bytes, value, big_endian=unit.big_endian)
            yield Mutant(seed.name, "size", seed.suffix, bent)


def _sizes(data: bytes, unit: Unit) -> list[int]:
    top = 1 << 8 * unit.size_bytes
    old = _number(data, unit.size_at, unit.size_bytes, big_endian=unit.big_endian)
    return [0, 1, (old + 1) % top, top // 2, top - 1, top // 2 - 1]


def _number(data: bytes, place: int, width: int, *, big_endian: bool) -> int:
    return int.from_bytes(data[place : place + width], "big" if big_endian else "little")


def _with_number(data: bytes, place: int, width: int, value: int, *, big_endian: bool) -> bytes:
    return data[:place] + value.to_bytes(width, "big" if big_endian else "little") + data[place + width :]


def _border(unit: Unit, rng: np.random.Generator) -> int:
    """A place to cut: in front of a unit, behind its header, behind it, or a byte beside."""
    place = (unit.start, unit.body, unit.stop)[rng.integers(3)]
    return max(0, place + int(rng.integers(-1, 2)))


def _place(data: bytes, unit: Unit, rng: np.random.Generator) -> int:
    """Any place in the unit's first 64 bytes or, as often, in the file."""
    stop = min(unit.stop, unit.start + 64)
    inside = int(rng.integers(unit.start, max(stop, unit.start + 1)))
    return min(inside if rng.random() < 0.5 else int(rng.integers(len(data))), len(data) - 1)


def _flipped(data: bytes, unit: Unit, rng: np.random.Generator) -> bytes:
    flipped = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        flipped[_place(data, unit, rng)] ^= 1 << int(rng.integers(8))
    return bytes(flipped)


def _bent(data: bytes, unit: Unit, mutation: str, rng: np.random.Generator) -> bytes:
    """Another length of the unit, or another number in what it holds."""
    place, width = unit.size_at, unit.size_bytes
    if mutation == "number" or not width:
        width = int(rng.choice([1, 2, 4, 8]))
        place = _place(data, unit, rng) // width * width
    old = _number(data, place, width, big_endian=unit.big_endian)
    top = 1 << 8 * width
    values = (0, 1, 7, old + 1, old - 1, 2 * old, top - 1, top // 2, top // 2 - 1, top // 4, len(data))
    value = values[rng.integers(len(values))] % top
    return _with_number(data, place, width, value, big_endian=unit.big_endian)


def _moved(data: bytes, unit: Unit, second: Unit, mutation: str) -> bytes:
    """A unit twice, not at all, or in the place of another."""
    piece = data[unit.start : unit.stop]
    if mutation == "double":
        return data[: unit.stop] + piece + data[unit.stop :]
    if mutation == "drop":
        return data[: unit.start] + data[unit.stop :]
    first, second = sorted((unit, second), key=lambda u: u.start)
    if second.start < first.stop:  # one within the other: the inner one goes to the end
        return data[: second.start] + data[second.stop :] + data[second.start : second.stop]
    parts = (second.start, second.stop), (first.stop, second.start), (first.start, first.stop)
    return data[: first.start] + b"".join(data[a:b] for a, b in parts) + data[second.stop :]


def _with_sums(data: bytes) -> bytes:
    """A PNG with right checksums, so that damage gets past them."""
    mended = bytearray(data)
    for unit in _png(data):
        if unit.stop <= len(data):
            struct.pack_into(">I", mended, unit.stop - 4, zlib.crc32(data[unit.start + 4 : unit.stop - 4]))
    return bytes(mended)
