"""Files of formats that are not read fail by name, whatever their ending says."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from middle_face import failure_of
from PIL import Image

from specaug.media.signatures import format_of

NOTHING = bytes(120)
BYTES: dict[str, bytes] = {
    "JPEG XL": b"\xff\x0a",
    "JPEG XL ": b"\0\0\0\x0cJXL \r\n\x87\n",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "JPEG 2000 ": b"\xff\x4f\xff\x51",
    "JPEG XR": b"II\xbc\x01",
    "Photoshop": b"8BPS\0\x01",
    "OpenEXR": b"v/1\x01",
    "Radiance HDR": b"#?RADIANCE\n",
    "QOI": b"qoif",
    "DirectDraw surface": b"DDS |",
    "BPG": b"BPG\xfb",
    "FLIF": b"FLIF",
    "GIMP XCF": b"gimp xcf v011\0",
    "SGI image": b"\x01\xda\0\x01",
    "PCX": b"\x0a\x05\x01\x08",
    "icon": b"\0\0\x01\0\x04\0",
    "Apple icon": b"icns\0\0",
    "PNM": b"P6\n64 48\n255\n",
    "PNM ": b"Pf 64 48\n-1.0\n",
    "PDF": b"%PDF-1.4\n",
    "PostScript": b"%!PS-Adobe-3.0\n",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'>",
    "Canon CR2": b"II*\0\x10\0\0\0CR\x02\0",
    "Canon CR3": b"\0\0\0\x18ftypcrx \0\0\0\x01",
    "Canon CRW": b"II\x1a\0\0\0HEAPCCDR",
    "Fujifilm RAF": b"FUJIFILMCCD-RAW 0201",
    "Olympus ORF": b"IIRO\x08\0",
    "Panasonic RW2": b"IIU\0\x18\0",
    "Sigma X3F": b"FOVb\0\0",
}
"""What photos that are not read begin with, by the name they are told by."""
MOVING: dict[str, bytes] = {
    "RealMedia": b".RMF\0\0\0\x12",
    "Flash animation": b"FWS\x09",
    "Bink video": b"BIKi",
    "IVF": b"DKIF\0\0\x20\0VP80",
    "YUV4MPEG2": b"YUV4MPEG2 W64 H48 F25:1\nFRAME\n",
    "NUT": b"nut/multimedia container\0",
    "WTV": b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e",
    "AMV": b"RIFF\0\0\0\0AMV LIST",
    "REDCODE": b"\0\0\x01\0RED2",
    "H.264 without a container": b"\0\0\0\x01\x67\x64\0\x0a",
    "H.265 without a container": b"\0\0\0\x01\x40\x01\x0c\x01",
}
NO_MEDIA: dict[str, bytes] = {
    "a ZIP archive": b"PK\x03\x04\x14\0",
    "gzip": b"\x1f\x8b\x08\0",
    "a 7z archive": b"7z\xbc\xaf\x27\x1c",
    "a RAR archive": b"Rar!\x1a\x07",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\n",
    "HTML": b"<!DOCTYPE html><html>",
    "XML": b"<?xml version='1.0'?>",
    "HDF5": b"\x89HDF\r\n\x1a\n",
}


def said(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    failure = failure_of(path, "video" if path.suffix in (".mp4", ".mov", ".y4m") else "image")
    assert failure.stage == "probe"
    return f"{failure.reason}: {failure.detail}"


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.parametrize("ending", ["jpg", "png", "heic"])
def test_another_format_of_photos_is_unsupported_and_named(tmp_path: Path, name: str, ending: str) -> None:
    text = said(tmp_path / f"a.{ending}", BYTES[name] + NOTHING)
    assert text.startswith(f"unsupported: {name.strip()}; read are JPEG, PNG, ")
    assert "HEIC" in text


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("ending", ["mp4", "mov", "y4m"])
def test_another_format_of_videos_is_unsupported_and_named(tmp_path: Path, name: str, ending: str) -> None:
    text = said(tmp_path / f"a.{ending}", MOVING[name] + NOTHING)
    assert text.startswith("unsupported: ")
    assert name in text


@pytest.mark.parametrize("name", MOVING)
def test_a_video_under_a_photos_ending_is_unsupported_and_named(tmp_path: Path, name: str) -> None:
    assert said(tmp_path / "a.jpg", MOVING[name] + NOTHING).startswith(f"unsupported: {name};")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x18ftypisom\0\0\0\0", "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "QuickTime"),
        (b"\x1aE\xdf\xa3", "Matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"OggS\0", "Ogg"),
        (b"FLV\x01\x05", "Flash video"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
        (b"\0\0\x01\xba\x44", "MPEG program stream"),
        (b"\0\0\x01\xb3\x14", "MPEG video"),
    ],
)
def test_a_video_that_is_read_is_no_photo(tmp_path: Path, data: bytes, name: str) -> None:
    assert said(tmp_path / "a.png", data + NOTHING).startswith(f"unsupported: {name}; read are ")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF"])
def test_a_photo_under_a_videos_ending_is_unsupported_and_named(tmp_path: Path, form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (9, 80, 7)).save(file, form)
    text = said(tmp_path / "a.mp4", file.getvalue())
    assert text.startswith("unsupported: ")
    assert form in text.upper()


@pytest.mark.parametrize("name", NO_MEDIA)
def test_what_is_no_medium_is_unreadable_and_named(tmp_path: Path, name: str) -> None:
    assert said(tmp_path / "a.jpg", NO_MEDIA[name] + NOTHING).startswith(f"unreadable: {name}; ")


@pytest.mark.parametrize(
    "data", [b"hello, this is text", b"\0" * 64, b"P9\n", b"PX", b"P", b"GIF8", b"\x89PN"]
)
def test_what_is_unknown_is_shown_by_its_bytes(tmp_path: Path, data: bytes) -> None:
    text = said(tmp_path / "a.jpg", data)
    assert text.startswith(f"unreadable: no known format: it begins with the bytes {data[:8].hex(' ')}")


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "WEBP", "JPEG"])
def test_a_format_that_is_read_is_never_said_to_be_another(tmp_path: Path, form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (9, 80, 7)).save(file, form)
    data = bytearray(file.getvalue())
    data[14:22] = b"\xff" * 8
    del data[30:]
    text = said(tmp_path / "a.jpg", bytes(data))
    assert text.startswith(("unreadable: ", "truncated: ", "unsupported: Unsupported BMP", "too_large: "))
    assert "read are" not in text
    assert "no known format" not in text


def test_brands_of_iso_media_are_told_apart() -> None:
    def brand(major: bytes, *others: bytes) -> str | None:
        body = major + bytes(4) + b"".join(others)
        return format_of((8 + len(body)).to_bytes(4) + b"ftyp" + body + b"\0\0\0\x08mdatavif")

    assert brand(b"heic", b"mif1") == "HEIC"
    assert brand(b"mif1", b"heic") == "HEIF"
    assert brand(b"mif1", b"miaf", b"avif") == "AVIF"
    assert brand(b"mif1", b"miaf") == "HEIF"  # what lies behind the box is no brand
    assert brand(b"avif", b"mif1") == "AVIF"
    assert brand(b"isom", b"avc1") == "MP4"
