"""Photos, animations and folders of frames."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from specaug.errors import MediaError
from specaug.media import photo, probe, read_frames, size_limits
from specaug.media.frame_folder import natural_key

ORIENTATION = 0x0112
UPRIGHT: dict[int, Any] = {
    0: lambda a: a,  # not in the standard
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
    9: lambda a: a,
}
CLOCKWISE = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}


@pytest.fixture
def picture(rng: np.random.Generator) -> np.ndarray:
    """(40, 60, 3) uint8, smooth enough for JPEG."""
    noise = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def read(path: Path) -> np.ndarray:
    info = probe(path, "image")
    (frame,) = read_frames(path, info, np.array([0]))
    assert (info.kind, info.n_frames, info.fps) == ("image", 1, 0)
    assert frame.image.shape == (info.height, info.width, 3)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    return frame.image


def png_with(chunk: bytes, data: bytes, png: bytes, *, behind: bool) -> bytes:
    """A PNG with one more chunk, before or behind the pixels."""
    whole = struct.pack(">I", len(data)) + chunk + data + struct.pack(">I", zlib.crc32(chunk + data))
    place = len(png) - 12 if behind else 33
    return png[:place] + whole + png[place:]


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_exif_orientation_is_honoured(
    tmp_path: Path, picture: np.ndarray, suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options: dict[str, Any] = {"tiffinfo": {ORIENTATION: orientation}} if suffix == "tif" else {"exif": exif}
    options |= {"quality": 100, "subsampling": 0} if suffix == "jpg" else {"lossless": True}
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(picture).save(path, **options)
    expected = UPRIGHT[orientation](picture).astype(int)
    # JPEG rounds in YCbCr and in the DCT.
    np.testing.assert_allclose(read(path), expected, atol=5 if suffix == "jpg" else 0)
    assert probe(path, "image").rotation == CLOCKWISE.get(orientation, 0)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("deep", [False, True])
def test_orientation_of_a_png_may_stand_behind_the_pixels(
    tmp_path: Path, picture: np.ndarray, behind: bool, deep: bool
) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture[..., ::-1].astype(np.uint16) * 257 if deep else picture[..., ::-1])
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path.write_bytes(png_with(b"eXIf", exif.tobytes(), path.read_bytes(), behind=behind))
    np.testing.assert_array_equal(read(path), np.rot90(picture, -1))


def test_a_flipped_bit_in_the_orientation_behind_the_pixels_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (5, 4)).save(path)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = bytearray(png_with(b"eXIf", exif.tobytes(), path.read_bytes(), behind=True))
    data[data.index(b"eXIf") + 4 + len(exif.tobytes()) - 8] ^= 1  # the value
    path.write_bytes(data)
    with pytest.raises(MediaError, match="probe: unreadable: wrong checksum of the orientation"):
        probe(path, "image")


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA"])
def test_modes_become_rgb(tmp_path: Path, picture: np.ndarray, mode: str) -> None:
    image = Image.fromarray(picture).convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(path)
    np.testing.assert_array_equal(read(path), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_alpha_is_dropped_and_colour_kept(
    tmp_path: Path, picture: np.ndarray, rng: np.random.Generator, suffix: str
) -> None:
    alpha = rng.integers(0, 256, (40, 60, 1), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save(path, lossless=True, exact=True)
    np.testing.assert_array_equal(read(path), picture)


def test_transparent_palette_keeps_its_colours(tmp_path: Path, picture: np.ndarray) -> None:
    image = Image.fromarray(picture).quantize(16)
    image.save(tmp_path / "a.png", transparency=bytes([0, 128] + [255] * 14))
    np.testing.assert_array_equal(read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_rounded(tmp_path: Path, rng: np.random.Generator, suffix: str, channels: int) -> None:
    values = rng.integers(0, 65536, (40, 60, channels), dtype=np.uint16)
    values[0, :3] = [[0] * channels, [128] * channels, [65535] * channels]
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), values[..., [2, 1, 0, 3][:channels]] if channels > 1 else values[..., 0])
    rgb = np.broadcast_to(values[..., :3], (40, 60, 3))
    np.testing.assert_array_equal(read(path), np.round(rgb / 257).astype(np.uint8))


def test_32_bits_are_not_guessed_at(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(MediaError, match="decode: unsupported: pixels of 32 bits"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "gif", "jpg", "tif"])
def test_one_pixel_is_a_photo(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(np.full((1, 1, 3), 255, dtype=np.uint8)).save(tmp_path / f"a.{suffix}")
    np.testing.assert_allclose(read(tmp_path / f"a.{suffix}"), 255, atol=1)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animation_is_a_clip(tmp_path: Path, suffix: str) -> None:
    shades = [10, 90, 170, 250]
    frames = [Image.fromarray(np.full((8, 12, 3), shade, dtype=np.uint8)) for shade in shades]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[40, 80, 40, 100], lossless=True)
    info = probe(path, "image")
    np.testing.assert_allclose(info.pts_seconds, [0, 0.04, 0.12, 0.16])
    assert (info.n_frames, info.fps) == (4, pytest.approx(4 / 0.26))
    got = list(read_frames(path, info, np.array([1, 3])))
    assert [(f.index, f.pts_seconds) for f in got] == [(1, pytest.approx(0.04)), (3, pytest.approx(0.16))]
    for frame in got:
        np.testing.assert_allclose(frame.image, shades[frame.index], atol=2)


def test_pages_of_a_tiff_are_no_animation(tmp_path: Path, picture: np.ndarray) -> None:
    first, second = Image.fromarray(picture), Image.fromarray(255 - picture)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), picture)


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    blank = b"\x89PNG\r\n\x1a\n" + bytes(0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return blank + b"".join(parts)


@pytest.mark.parametrize(("width", "height"), [(16385, 16384), (60000, 60000), (2**31 - 1, 2)])
def test_a_bomb_is_not_unpacked(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "a.png").write_bytes(png_header(width, height))
    with pytest.raises(
        MediaError, match=rf"probe: too_large: {width}x{height} px; .* --max-memory \d+GiB reads it"
    ):
        probe(tmp_path / "a.png", "image")


def test_photos_of_phones_are_within_the_default_memory(tmp_path: Path) -> None:
    for width, height in ((12000, 9000), (16320, 12240)):  # 108 and 200 MP
        (tmp_path / "a.png").write_bytes(png_header(width, height))
        assert probe(tmp_path / "a.png", "image").width == width


def test_the_memory_that_a_photo_needs_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(12000, 9000))
    with pytest.raises(MediaError, match="a photo may have 67 MP, --max-memory 2GiB reads it"):
        probe(tmp_path / "a.png", "image", max_memory=1 << 30)
    assert probe(tmp_path / "a.png", "image", max_memory=2 << 30).height == 9000


def test_a_photo_at_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    monkeypatch.setattr(size_limits, "PHOTO_BYTES", size_limits.DEFAULT_MEMORY // 200)
    assert read(tmp_path / "a.png").shape == (10, 20, 3)
    monkeypatch.setattr(size_limits, "PHOTO_BYTES", size_limits.DEFAULT_MEMORY // 199)
    with pytest.raises(MediaError, match="20x10 px"):
        probe(tmp_path / "a.png", "image")


def test_no_program_is_run_for_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    with pytest.raises(MediaError, match="probe: unsupported: PostScript; read are JPEG, PNG"):
        probe(path, "image")


def test_truncation_is_named(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(picture).save(path, quality=95)
    path.write_bytes(path.read_bytes()[:-400])
    info = probe(path, "image")
    with pytest.raises(MediaError, match="decode: truncated: "):
        list(read_frames(path, info, np.array([0])))


def test_defects_of_ours_are_not_taken_for_damage(
    tmp_path: Path, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(picture).save(tmp_path / "a.jpg")
    monkeypatch.setattr(photo, "ROTATIONS", None)
    with pytest.raises(TypeError):
        probe(tmp_path / "a.jpg", "image")


def save_folder(folder: Path, pictures: list[np.ndarray], names: list[str]) -> Path:
    folder.mkdir()
    for name, pixels in zip(names, pictures, strict=True):
        Image.fromarray(pixels).save(folder / name)
    return folder


def test_a_folder_is_one_clip_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    shades = [np.full((6, 8, 3), 20 * k, dtype=np.uint8) for k in range(12)]
    folder = save_folder(tmp_path / "f", shades, [f"frame{k}.png" for k in range(12)])
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_text("no picture")
    info = probe(folder, "frames")
    assert (info.kind, info.n_frames, info.fps, info.width, info.height) == ("frames", 12, 0, 8, 6)
    np.testing.assert_array_equal(info.pts_seconds, np.arange(12))
    np.testing.assert_array_equal(info.keyframes, np.arange(12))
    for frame in read_frames(folder, info, np.array([0, 2, 9, 11])):
        assert np.all(frame.image == 20 * frame.index)
        assert frame.pts_seconds == frame.index


def test_natural_order() -> None:
    names = ["a10", "a2", "a02", "b1", "10", "9", "a", "a2b10", "a2b9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "a02", "a2", "a2b9", "a2b10", "a10", "b1"]


def test_pictures_of_a_folder_share_one_size(tmp_path: Path) -> None:
    pictures = [np.zeros((6, 8, 3), dtype=np.uint8), np.zeros((6, 9, 3), dtype=np.uint8)]
    folder = save_folder(tmp_path / "f", pictures, ["1.png", "2.png"])
    with pytest.raises(MediaError, match=r"probe: unsupported: 2.png: 9x6 px instead of 8x6 as in 1.png"):
        probe(folder, "frames")


def test_a_bad_picture_of_a_folder_is_named(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "f", [np.zeros((6, 8, 3), dtype=np.uint8)], ["1.png"])
    (folder / "2.png").write_bytes(b"")
    with pytest.raises(MediaError, match=r"probe: unreadable: 2.png: the file is empty"):
        probe(folder, "frames")


def test_a_folder_that_changed_is_noticed(tmp_path: Path) -> None:
    black = [np.zeros((6, 8, 3), dtype=np.uint8)] * 2
    folder = save_folder(tmp_path / "f", black, ["1.png", "2.png"])
    info = probe(folder, "frames")
    (folder / "2.png").unlink()
    with pytest.raises(MediaError, match="decode: truncated: 1 pictures instead of 2"):
        list(read_frames(folder, info, np.array([0])))


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: p.write_text("x"), lambda p: None])
def test_no_folder_of_pictures(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "f")
    with pytest.raises(MediaError, match="probe: unreadable: "):
        probe(tmp_path / "f", "frames")


@pytest.mark.media
def test_real_photos(media_dir: Path) -> None:
    for path in sorted((media_dir / "live_spoof").rglob("*.jpg")):
        assert read(path).shape == (640, 480, 3)  # orientation 6
        assert probe(path, "image").rotation == 90
    for name, shape in {
        "exif_orientation_0.jpg": (1066, 1599),
        "one_pixel.jpg": (1, 1),
        "palette.png": (768, 1024),
        "rgba32.png": (1200, 626),
        "astronaut.png": (512, 512),
    }.items():
        image = read(media_dir / "images" / name)
        assert image.shape == (*shape, 3)
        reference = cv2.imread(str(media_dir / "images" / name))[..., ::-1]
        np.testing.assert_array_equal(image, reference)
    with pytest.raises(MediaError, match="probe: truncated: "):
        probe(media_dir / "images" / "truncated.jpg", "image")
