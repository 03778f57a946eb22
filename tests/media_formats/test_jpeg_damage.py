"""JPEGs whose data a decoder would patch are failures; those that lack nothing but their end are read."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from middle_face import failure_of, row_of
from PIL import Image

from specaug.errors import MediaError
from specaug.media import jpeg, probe, read_frames

pytestmark = pytest.mark.skipif(
    jpeg.simplejpeg is None, reason="without simplejpeg damage within a JPEG cannot be told"
)
END = b"\xff\xd9"
KINDS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "4:4:4": {"subsampling": 0},
    "optimized": {"optimize": True},
    "restarts": {"restart_marker_rows": 1},
}


@pytest.fixture
def picture(rng: np.random.Generator) -> np.ndarray:
    noise = rng.integers(0, 256, (96, 160, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def coded(picture: np.ndarray, **settings: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", **{"quality": 90, **settings})
    return file.getvalue()


def read(path: Path, data: bytes) -> np.ndarray:
    path.write_bytes(data)
    info = probe(path, "image")
    (frame,) = read_frames(path, info, np.array([0]))
    return frame.image


def refused(path: Path, data: bytes) -> str:
    with pytest.raises(MediaError) as caught:
        read(path, data)
    assert caught.value.reason in ("decoder_error", "truncated")
    return f"{caught.value.reason}: {caught.value.detail}"


def scan_start(data: bytes) -> int:
    """Where the coded data begin: behind the first start of scan."""
    place = data.index(b"\xff\xda")
    return place + 2 + int.from_bytes(data[place + 2 : place + 4])


def zeroed(data: bytes, share: float) -> bytes:
    """All bytes from a share of the data on are 0, as a broken download leaves them."""
    start = scan_start(data)
    place = start + int(share * (len(data) - start))
    return data[:place] + bytes(len(data) - place)


def zeroed_to_the_end_marker(data: bytes, share: float) -> bytes:
    return zeroed(data, share)[:-2] + END


def cut(data: bytes, share: float) -> bytes:
    start = scan_start(data)
    return data[: start + int(share * (len(data) - start))]


def cut_and_ended(data: bytes, share: float) -> bytes:
    return cut(data, share) + END


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("harm", [zeroed, zeroed_to_the_end_marker, cut, cut_and_ended])
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_data_are_a_failure(
    tmp_path: Path, picture: np.ndarray, kind: str, harm: Callable[[bytes, float], bytes], share: float
) -> None:
    data = harm(coded(picture, **KINDS[kind]), share)
    with Image.open(io.BytesIO(data)) as image:  # the trap is armed: its header is in order
        assert image.size == (160, 96)
    refused(tmp_path / "a.jpg", data)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_a_row_of_failures(tmp_path: Path, picture: np.ndarray, kind: str) -> None:
    (tmp_path / "a.jpg").write_bytes(zeroed(coded(picture, **KINDS[kind]), 0.5))
    failure = failure_of(tmp_path / "a.jpg", "image")
    assert (failure.stage, failure.reason) in (("decode", "decoder_error"), ("decode", "truncated"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_end_marker_alone_changes_no_pixel(tmp_path: Path, picture: np.ndarray, kind: str) -> None:
    data = coded(picture, **KINDS[kind])
    assert data.endswith(END)
    whole = read(tmp_path / "a.jpg", data)
    np.testing.assert_array_equal(read(tmp_path / "b.jpg", data[:-2]), whole)
    np.testing.assert_array_equal(read(tmp_path / "c.jpg", data[:-1]), whole)


@pytest.mark.parametrize(
    "extra", [b"\0", b"\0" * 4096, b"trailer of a phone " * 50, END, b"\xff\xd8\xff\xe0junk"]
)
def test_bytes_behind_the_end_are_no_damage(tmp_path: Path, picture: np.ndarray, extra: bytes) -> None:
    data = coded(picture)
    np.testing.assert_array_equal(read(tmp_path / "b.jpg", data + extra), read(tmp_path / "a.jpg", data))


def test_pixels_are_those_of_libjpeg(tmp_path: Path, picture: np.ndarray) -> None:
    for kind, settings in KINDS.items():
        data = coded(picture, **settings)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(read(tmp_path / "a.jpg", data), expected, err_msg=kind)


def test_grey_and_cmyk_are_read(tmp_path: Path, picture: np.ndarray) -> None:
    for mode in ("L", "CMYK"):
        file = io.BytesIO()
        Image.fromarray(picture).convert(mode).save(file, "JPEG", quality=95)
        shown = read(tmp_path / f"{mode}.jpg", file.getvalue())
        expected = np.asarray(Image.open(io.BytesIO(file.getvalue())).convert("RGB"))
        np.testing.assert_array_equal(shown, expected)
        reference = picture.mean(axis=(0, 1))
        luma = np.full(3, reference @ [0.299, 0.587, 0.114])
        np.testing.assert_allclose(shown.mean(axis=(0, 1)), luma if mode == "L" else reference, atol=3)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
@pytest.mark.parametrize("harm", [zeroed, cut])
def test_damaged_grey_and_cmyk_are_failures(
    tmp_path: Path, picture: np.ndarray, mode: str, harm: Callable[[bytes, float], bytes]
) -> None:
    file = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(file, "JPEG", quality=90)
    refused(tmp_path / "a.jpg", harm(file.getvalue(), 0.5))


def test_a_photo_of_several_pictures_is_its_first(tmp_path: Path, picture: np.ndarray) -> None:
    """MPO, as phones write it for portraits: a second JPEG follows the first."""
    path = tmp_path / "a.jpg"
    Image.fromarray(picture).save(path, "MPO", save_all=True, append_images=[Image.fromarray(255 - picture)])
    image = read(path, path.read_bytes())
    assert np.abs(image.astype(int) - picture).mean() < 8
    row = row_of(path, "image")
    assert (row["source_frames"], row["source_width"]) == (1, 160)


def test_an_embedded_thumbnail_is_not_the_photo(tmp_path: Path, picture: np.ndarray) -> None:
    thumbnail = coded(255 - picture[::4, ::4])
    segment = b"Exif\0\0" + thumbnail
    data = coded(picture)
    whole = data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    np.testing.assert_array_equal(read(tmp_path / "a.jpg", whole), read(tmp_path / "b.jpg", data))


@pytest.mark.parametrize("place", [2, 3, 20, 160])
def test_a_damaged_header_is_said_to_be_that_of_a_jpeg(
    tmp_path: Path, picture: np.ndarray, place: int
) -> None:
    data = bytearray(coded(picture))
    data[place : place + 60] = bytes(60)
    (tmp_path / "a.jpg").write_bytes(data)
    failure = failure_of(tmp_path / "a.jpg", "image")
    assert failure.reason in ("unreadable", "decoder_error", "truncated")
    assert "no known format" not in failure.detail
    assert "read are" not in failure.detail


def test_a_header_cut_off_is_truncated_or_damaged(tmp_path: Path, picture: np.ndarray) -> None:
    data = coded(picture)
    for stop in (3, 10, 100, 300, scan_start(data) - 4):
        (tmp_path / "a.jpg").write_bytes(data[:stop])
        failure = failure_of(tmp_path / "a.jpg", "image")
        assert failure.reason in ("unreadable", "truncated", "decoder_error"), stop
        assert "no known format" not in failure.detail
