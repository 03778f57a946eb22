"""TIFF photos of every layout are right or `unsupported`, never wrong: planes, white as zero, 16 bits, camera raws."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from middle_face import failure_of
from PIL import Image, TiffImagePlugin

from specaug.errors import MediaError
from specaug.media import probe, read_frames

SHORT, LONG = 3, 4
HEIGHT, WIDTH = 40, 56


def tiff(
    samples: np.ndarray, *, photometric: int, planar: bool = False, order: str = "<", deflate: bool = False
) -> bytes:
    """An uncompressed or deflated TIFF 6.0 of (H, W, C) samples, one strip a plane."""
    height, width, channels = samples.shape
    bits = samples.dtype.itemsize * 8
    stored = samples.astype(samples.dtype.newbyteorder(order))
    strips = (
        [np.ascontiguousarray(stored[..., c]).tobytes() for c in range(channels)]
        if planar
        else [stored.tobytes()]
    )
    strips = [zlib.compress(strip) for strip in strips] if deflate else strips
    fields = {
        256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [bits] * channels),
        259: (SHORT, [8 if deflate else 1]),
        262: (SHORT, [photometric]), 273: (LONG, [0] * len(strips)), 277: (SHORT, [channels]), 278: (LONG, [height]),
        279: (LONG, [len(strip) for strip in strips]), 284: (SHORT, [2 if planar else 1]),
    }  # fmt: skip
    behind = 8 + 2 + 12 * len(fields) + 4
    sizes = {tag: (2 if kind == SHORT else 4) * len(values) for tag, (kind, values) in fields.items()}
    place = behind + sum(size for size in sizes.values() if size > 4)
    starts = [place + sum(len(strip) for strip in strips[:k]) for k in range(len(strips))]
    fields[273] = LONG, starts
    entries, extra = b"", b""
    for tag, (kind, values) in sorted(fields.items()):
        data = struct.pack(f"{order}{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        where = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", behind + len(extra))
        extra += data if len(data) > 4 else b""
        entries += struct.pack(f"{order}HHI", tag, kind, len(values)) + where
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + struct.pack(f"{order}H", len(fields)) + entries + bytes(4) + extra + b"".join(strips)


def read(path: Path, data: bytes) -> np.ndarray:
    path.write_bytes(data)
    info = probe(path, "image")
    (frame,) = read_frames(path, info, np.array([0]))
    return frame.image


@pytest.fixture
def rgb(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def deep(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)


def right_or_unsupported(path: Path, data: bytes, expected: np.ndarray) -> str:
    """Which of the two it is."""
    try:
        image = read(path, data)
    except MediaError as error:
        if error.reason == "unsupported":
            return "unsupported"
        raise
    np.testing.assert_array_equal(image, expected)
    return "right"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("planar", [False, True])
def test_eight_bits_are_right_in_planes_and_in_pixels(
    tmp_path: Path, rgb: np.ndarray, planar: bool, deflate: bool, order: str
) -> None:
    data = tiff(rgb, photometric=2, planar=planar, deflate=deflate, order=order)
    np.testing.assert_array_equal(read(tmp_path / "a.tif", data), rgb)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("planar", [False, True])
def test_sixteen_bits_are_right_or_unsupported(
    tmp_path: Path, deep: np.ndarray, planar: bool, deflate: bool, order: str
) -> None:
    data = tiff(deep, photometric=2, planar=planar, deflate=deflate, order=order)
    became = right_or_unsupported(tmp_path / "a.tif", data, np.rint(deep / 257))
    assert planar or became == "right"


def test_sixteen_bits_in_planes_are_named(tmp_path: Path, deep: np.ndarray) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(deep, photometric=2, planar=True))
    failure = failure_of(tmp_path / "a.tif", "image")
    assert (failure.reason, failure.detail) == ("unsupported", "a TIFF with 16 bits in planes of their own")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_grey_is_never_a_negative(
    tmp_path: Path,
    rgb: np.ndarray,
    deep: np.ndarray,
    bits: int,
    white_is_zero: bool,
    deflate: bool,
    order: str,
) -> None:
    samples = (rgb if bits == 8 else deep)[..., :1]
    top = 2**bits - 1
    grey = np.rint((top - samples if white_is_zero else samples) / (top // 255))
    data = tiff(samples, photometric=0 if white_is_zero else 1, deflate=deflate, order=order)
    became = right_or_unsupported(tmp_path / "a.tif", data, np.repeat(grey, 3, axis=2))
    assert became == "right" or (bits == 16 and white_is_zero)


def test_four_channels_drop_the_last(tmp_path: Path, rng: np.random.Generator) -> None:
    for dtype, top in ((np.uint8, 256), (np.uint16, 65536)):
        samples = rng.integers(0, top, (HEIGHT, WIDTH, 4)).astype(dtype)
        path = tmp_path / f"{top}.tif"
        expected = np.rint(samples[..., :3] / (1 if top == 256 else 257))
        assert right_or_unsupported(path, tiff(samples, photometric=2), expected) == "right"


@pytest.mark.parametrize("share", [0.4, 0.8])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("deflate", [False, True])
def test_cut_off_data_are_a_failure(
    tmp_path: Path, rgb: np.ndarray, deep: np.ndarray, bits: int, deflate: bool, share: float
) -> None:
    data = tiff(rgb if bits == 8 else deep, photometric=2, deflate=deflate)
    with pytest.raises(MediaError) as caught:
        read(tmp_path / "a.tif", data[: int(share * len(data))])
    assert caught.value.reason in ("truncated", "decoder_error", "unreadable")


RAWS = {
    "a thumbnail": {254: 1},
    "a thumbnail and DNG's version": {254: 1, 50706: b"\1\4\0\0"},
    "DNG": {50706: b"\1\4\0\0"},
}


@pytest.mark.parametrize("name", RAWS)
@pytest.mark.parametrize("suffix", ["dng", "nef", "arw", "tif"])
def test_the_thumbnail_of_a_camera_raw_is_not_the_photo(
    tmp_path: Path, rgb: np.ndarray, name: str, suffix: str
) -> None:
    """DNG, NEF and ARW begin with a small TIFF image; their photo lies in a further one."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in RAWS[name].items():
        tags[tag] = value
        tags.tagtype[tag] = LONG if tag == 254 else 1
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(rgb).save(path, "TIFF", tiffinfo=tags)
    failure = failure_of(path, "image")
    assert (failure.stage, failure.reason) == ("probe", "unsupported")
    assert "a camera's raw format" in failure.detail


def test_the_first_page_of_a_scan_is_no_thumbnail(tmp_path: Path, rgb: np.ndarray) -> None:
    """Bit 1 of tag 254 marks a page of several."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 2
    path = tmp_path / "a.tif"
    Image.fromarray(rgb).save(path, "TIFF", tiffinfo=tags)
    np.testing.assert_array_equal(read(path, path.read_bytes()), rgb)
