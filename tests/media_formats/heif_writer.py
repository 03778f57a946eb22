"""Write HEIC files box by box (ISO/IEC 14496-12 and 23008-12), with tiles that libx265 coded without loss."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from coded_frames import video_frame

PARAMS = "log-level=none:pools=none:frame-threads=1:bframes=0:keyint=1:lossless=1:info=0"
Planes = list[np.ndarray]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + body)


def coded_tiles(
    tiles: Sequence[Planes], pix_fmt: str = "yuv420p", params: str = ""
) -> tuple[bytes, list[bytes]]:
    """The hvcC of tiles of one size, and the data of each as one keyframe."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx265", rate=25, options={"x265-params": PARAMS + params})
        stream.height, stream.width = tiles[0][0].shape
        stream.pix_fmt = pix_fmt
        packets = [p for planes in tiles for p in stream.encode(video_frame(pix_fmt, planes))]
        for number, packet in enumerate([*packets, *stream.encode(None)]):
            packet.pts = packet.dts = number
            container.mux(packet)
    file.seek(0)
    with av.open(file) as container:
        stream = container.streams.video[0]
        data = [bytes(packet) for packet in container.demux(stream) if packet.size]
        return bytes(stream.codec_context.extradata), data


def ispe(width: int, height: int) -> bytes:
    return full_box(b"ispe", struct.pack(">II", width, height))


def irot(quarters: int) -> bytes:
    """Counter-clockwise quarters."""
    return box(b"irot", bytes([quarters]))


def imir(mode: int) -> bytes:
    """0 swaps top and bottom, 1 left and right."""
    return box(b"imir", bytes([mode]))


def clap(width: int, height: int, x: int, y: int) -> bytes:
    """A clean aperture whose middle lies (x, y) half pixels from that of the image."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, x, 2, y, 2))


def nclx(primaries: int, transfer: int, matrix: int, *, full: bool) -> bytes:
    return box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 0x80 * full))


def icc(profile: bytes) -> bytes:
    return box(b"colr", b"prof" + profile)


@dataclass
class Heic:
    """What a file is to hold: one coded image, or a grid of them."""

    hvcc: bytes
    data: list[bytes]
    tile_size: tuple[int, int]
    columns: int = 1
    size: tuple[int, int] | None = None
    """Of the grid; None for a single image."""
    properties: list[bytes] = field(default_factory=list)
    """Of the primary item, behind its size."""
    tile_properties: list[bytes] = field(default_factory=list)
    in_idat: bool = True
    """Whether the grid's description lies in ``idat``."""
    wide: bool = False
    """Whether numbers of items and properties take the wider forms."""
    location: int = 1
    """Version of the box of locations: 0 has no methods, 1 and 2 (where `wide`) may number extents."""
    kind: bytes = b"hvc1"
    brand: bytes = b"heic"

    def written(self) -> bytes:
        """The file."""
        head = box(b"ftyp", self.brand + struct.pack(">I", 0) + b"mif1" + self.brand)
        media_at = len(head) + len(self._meta(0)) + 8
        return head + self._meta(media_at) + box(b"mdat", b"".join([*self.data, self._outside()]))

    def _grid(self) -> bytes:
        if self.size is None:
            return b""
        rows = len(self.data) // self.columns
        return struct.pack(">BBBBHH", 0, 0, rows - 1, self.columns - 1, *self.size)

    def _outside(self) -> bytes:
        return b"" if self.in_idat else self._grid()

    def _meta(self, media_at: int) -> bytes:
        count = len(self.data)
        primary = 1 if self.size is None else count + 1
        number = ">I" if self.wide else ">H"
        tiles = [(k + 1, self.kind) for k in range(count)]
        kinds = tiles if self.size is None else [*tiles, (primary, b"grid")]
        infos = b"".join(
            full_box(b"infe", struct.pack(number, n) + b"\0\0" + kind + b"\0", 3 if self.wide else 2)
            for n, kind in kinds
        )
        parts = [
            full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)),
            full_box(b"pitm", struct.pack(number, primary), int(self.wide)),
            full_box(b"iinf", struct.pack(">H", len(kinds)) + infos),
        ]
        if self.size is not None:
            body = struct.pack(number, primary) + struct.pack(">H", count)
            body += b"".join(struct.pack(number, k + 1) for k in range(count))
            parts.append(full_box(b"iref", box(b"dimg", body), int(self.wide)))
        parts.append(box(b"iprp", self._properties(primary)))
        parts.append(self._locations(media_at, primary))
        if self._grid() and self.in_idat:
            parts.append(box(b"idat", self._grid()))
        return full_box(b"meta", b"".join(parts))

    def _properties(self, primary: int) -> bytes:
        shared = [ispe(*self.tile_size), box(b"hvcC", self.hvcc), *self.tile_properties]
        own = list(self.properties) if self.size is None else [ispe(*self.size), *self.properties]
        places = list(range(1, len(shared) + 1))
        mine = list(range(len(shared) + 1, len(shared) + len(own) + 1))
        lists = {k + 1: places for k in range(len(self.data))}
        lists[primary] = places + mine if self.size is None else mine
        number, one = (">I", ">H") if self.wide else (">H", ">B")
        body = struct.pack(">I", len(lists))
        for item, wanted in lists.items():
            body += (
                struct.pack(number, item)
                + bytes([len(wanted)])
                + b"".join(struct.pack(one, p) for p in wanted)
            )
        ipma = full_box(b"ipma", body, int(self.wide), int(self.wide))
        return box(b"ipco", b"".join(shared + own)) + ipma

    def _locations(self, media_at: int, primary: int) -> bytes:
        version = 2 if self.wide else self.location
        number = ">I" if self.wide else ">H"
        entries, place = [], media_at
        for k, data in enumerate(self.data):
            entries.append((k + 1, 0, place, len(data)))
            place += len(data)
        if self.size is not None:
            entries.append((primary, 1, 0, 8) if self.in_idat else (primary, 0, place, 8))
        body = bytes([0x44, 0x42 if version else 0x4F]) + struct.pack(number, len(entries))
        for item, method, offset, length in entries:
            # Data in two pieces, from a base on; of version 0 the lower half of the sizes is reserved.
            base, first = min(offset, 5), length // 3
            body += struct.pack(number, item) + (struct.pack(">H", method) if version else b"")
            body += struct.pack(">HIH", 0, base, 2)
            for piece, (start, size) in enumerate(((0, first), (first, length - first))):
                body += struct.pack(">H", piece) if version else b""
                body += struct.pack(">II", offset - base + start, size)
        return full_box(b"iloc", body, version)
