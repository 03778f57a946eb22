"""Name a file's format by its first bytes, for messages: formats that are read and formats that are not."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"qoif", "QOI"),
    (b"DDS ", "DirectDraw surface"),
    (b"FUJIFILMCCD-RAW", "Fujifilm RAF"),
    (b"IIRO", "Olympus ORF"),
    (b"IIU\x00", "Panasonic RW2"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"icns", "Apple icon"),
    (b"\x01\xda", "SGI image"),
    (b"\x0a\x05\x01", "PCX"),
    (b"FLIF", "FLIF"),
    (b"gimp xcf", "GIMP XCF"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"FOVb", "Sigma X3F"),
    (b"II\x1a\x00\x00\x00HEAPCCDR", "Canon CRW"),
    (b"BPG\xfb", "BPG"),
    (b"BM", "BMP"),
    (b"\x1aE\xdf\xa3", "Matroska"),
    (b"OggS", "Ogg"),
    (b"FLV\x01", "Flash video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"\x00\x00\x01\xb3", "MPEG video"),
    (b".RMF", "RealMedia"),
    (b"FWS", "Flash animation"),
    (b"CWS", "Flash animation"),
    (b"BIK", "Bink video"),
    (b"KB2", "Bink video"),
    (b"DKIF", "IVF"),
    (b"YUV4MPEG2 ", "YUV4MPEG2"),
    (b"nut/multimedia container", "NUT"),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "WTV"),
    (b"\x00\x00\x00\x01\x67", "H.264 without a container"),
    (b"\x00\x00\x00\x01\x40\x01", "H.265 without a container"),
    (b"#EXTM3U", "a playlist"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
)
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_BRANDS: dict[bytes, str] = {
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"mif1": "HEIF",
    b"msf1": "HEIF", b"avif": "AVIF", b"avis": "AVIF", b"crx ": "Canon CR3", b"jxl ": "JPEG XL",
    b"jp2 ": "JPEG 2000", b"qt  ": "QuickTime",
}  # fmt: skip
"""Major brands of ISO base media files (ISO/IEC 14496-12)."""
_NO_MEDIA = frozenset(
    (
        "a playlist",
        "a ZIP archive",
        "gzip",
        "a 7z archive",
        "a RAR archive",
        "HDF5",
        "a Git LFS pointer",
        "XML",
        "HTML",
    )
)
HEAD_BYTES = 64


def format_of(head: bytes) -> str | None:
    """The format that a file's first bytes tell; None where they tell none.

    Examples
    --------
    >>> format_of(b"\\xff\\xd8\\xff\\xe0"), format_of(b"\\x00\\x00\\x00\\x18ftypheic"), format_of(b"hello")
    ('JPEG', 'HEIC', None)
    """
    if head[4:8] == b"ftyp":
        length = min(int.from_bytes(head[:4]), len(head))
        brands = {head[k : k + 4] for k in range(16, length - 3, 4)}
        if head[8:12] in (b"mif1", b"msf1") and brands & {b"avif", b"avis"}:
            return "AVIF"
        return _BRANDS.get(head[8:12], "MP4")
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP", b"AVI ": "AVI", b"AMV ": "AMV"}.get(head[8:12], "RIFF")
    if head[:1] == b"P" and head[1:2] in b"1234567Ff" and head[2:3] in b" \t\r\n#" and len(head) > 2:
        return "PNM"
    if head[4:8] in (b"RED1", b"RED2"):
        return "REDCODE"
    if head[:4] in _TIFF:
        return "Canon CR2" if head[8:10] == b"CR" else "TIFF or a camera's raw format made of it"
    return next((name for start, name in _STARTS if head.startswith(start)), None)


class Described(NamedTuple):
    """What a file is by its first bytes."""

    name: str
    """In words, for a message."""
    is_media: bool
    """Whether it is an image or a video of a known format."""


def described(file: BinaryIO) -> Described:
    """What a file is by its first bytes; it is left at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    name = format_of(head)
    if name is None:
        return Described(f"no known format: it begins with the bytes {head[:8].hex(' ')}", False)
    return Described(name, name not in _NO_MEDIA)
