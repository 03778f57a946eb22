"""Embedded colour profiles of photos become sRGB; sRGB itself and what is no profile of RGB change nothing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from icc_profiles import ADOBE_RGB, DISPLAY_P3, SRGB, managed, matrix_profile
from middle_face import row_of
from PIL import Image, ImageCms

from specaug.media import probe, read_frames
from specaug.planes.icc import is_usable_profile

PROFILES: dict[str, tuple[Any, float | None]] = {
    "Display P3": (DISPLAY_P3, None),
    "Adobe RGB": (ADOBE_RGB, 563 / 256),
    "linear": (SRGB, 1.0),
}


@pytest.fixture
def patches(rng: np.random.Generator) -> np.ndarray:
    """(64, 96, 3) uint8, patches of 8 px: greys, skin and saturated colours."""
    colours = rng.integers(0, 256, (8, 12, 3))
    colours[0] = np.linspace(0, 255, 12)[:, None]
    colours[1, :6] = [
        [224, 172, 105],
        [198, 134, 66],
        [141, 85, 36],
        [255, 219, 172],
        [92, 58, 40],
        [241, 194, 125],
    ]
    return colours.astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)


def read(path: Path) -> tuple[Any, np.ndarray]:
    """Its record, and the photo as a crop at scale 1 shows it."""
    info = probe(path, "image")
    (frame,) = read_frames(path, info, np.array([0]))
    crop = frame.planes.crop(np.eye(2, 3), size=64)
    np.testing.assert_array_equal(frame.image[:64, :64], crop)
    return info, frame.image


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_a_photo_with_a_profile_is_colour_managed(
    tmp_path: Path, patches: np.ndarray, name: str, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    profile = matrix_profile(*PROFILES[name])
    Image.fromarray(patches).save(path, icc_profile=profile, lossless=True)
    info, image = read(path)
    # Little CMS calculates 8-bit matrix profiles with 15-bit tables.
    np.testing.assert_allclose(image, managed(patches, *PROFILES[name]), atol=1.5)
    assert np.abs(image.astype(int) - patches).max() > 10
    assert info.color.icc


@pytest.mark.parametrize("name", PROFILES)
def test_so_is_a_jpeg(tmp_path: Path, patches: np.ndarray, name: str) -> None:
    plain, path = tmp_path / "plain.jpg", tmp_path / "a.jpg"
    Image.fromarray(patches).save(plain, quality=98, subsampling=0)
    Image.fromarray(patches).save(
        path, quality=98, subsampling=0, icc_profile=matrix_profile(*PROFILES[name])
    )
    np.testing.assert_allclose(read(path)[1], managed(read(plain)[1], *PROFILES[name]), atol=1.5)


def test_sixteen_bits_are_rounded_and_then_managed(tmp_path: Path, patches: np.ndarray) -> None:
    ok, data = cv2.imencode(".png", patches[..., ::-1].astype(np.uint16) * 257)
    assert ok
    path = tmp_path / "a.png"
    path.write_bytes(png_with_profile(data.tobytes(), matrix_profile(DISPLAY_P3)))
    np.testing.assert_allclose(read(path)[1], managed(patches, DISPLAY_P3), atol=1.5)


def png_with_profile(data: bytes, profile: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    whole = io.BytesIO()
    Image.new("RGB", (1, 1)).save(whole, "PNG", icc_profile=profile)
    other = whole.getvalue()
    place = other.index(b"iCCP") - 4
    length = int.from_bytes(other[place : place + 4]) + 12
    return data[:33] + other[place : place + length] + data[33:]


def test_the_profile_is_applied_to_the_upright_crop(tmp_path: Path, patches: np.ndarray) -> None:
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "a.png"
    Image.fromarray(patches).save(path, icc_profile=matrix_profile(DISPLAY_P3), exif=exif)
    info, image = read(path)
    np.testing.assert_allclose(image, np.rot90(managed(patches, DISPLAY_P3), -1), atol=1.5)
    assert (info.orientation, info.color.icc) == (6, True)


def srgb_profiles() -> dict[str, bytes]:
    return {
        "of Little CMS": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "with a table": matrix_profile(SRGB),
        "none at all": b"",
    }


@pytest.mark.parametrize("name", srgb_profiles())
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_srgb_changes_nothing(tmp_path: Path, patches: np.ndarray, name: str, suffix: str) -> None:
    plain, path = tmp_path / f"plain.{suffix}", tmp_path / f"a.{suffix}"
    Image.fromarray(patches).save(plain)
    Image.fromarray(patches).save(path, icc_profile=srgb_profiles()[name])
    info, image = read(path)
    np.testing.assert_array_equal(image, read(plain)[1])
    assert not info.color.icc


BROKEN = {
    "noise": b"no profile at all",
    "cut off": matrix_profile(DISPLAY_P3)[:200],
    "of grey": matrix_profile(SRGB, 1.0, space=b"GRAY"),
    "without curves": matrix_profile(DISPLAY_P3).replace(b"rTRC", b"xTRC"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_profile_of_rgb_is_left_alone(tmp_path: Path, patches: np.ndarray, name: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(patches).save(path, icc_profile=BROKEN[name])
    info, image = read(path)
    np.testing.assert_array_equal(image, patches)
    assert not info.color.icc
    assert not is_usable_profile(BROKEN[name])


def test_grey_photos_keep_their_levels(tmp_path: Path, patches: np.ndarray) -> None:
    path = tmp_path / "a.png"
    grey = patches[..., 0].copy()
    Image.fromarray(grey).save(path, icc_profile=matrix_profile(SRGB, 1.0, space=b"GRAY"))
    np.testing.assert_array_equal(read(path)[1], np.repeat(grey[..., None], 3, axis=2))


def test_a_palette_is_managed_too(tmp_path: Path, patches: np.ndarray) -> None:
    indexed = Image.fromarray(patches).quantize(64, dither=Image.Dither.NONE)
    path = tmp_path / "a.png"
    indexed.save(path, icc_profile=matrix_profile(DISPLAY_P3))
    expected = managed(np.asarray(indexed.convert("RGB")), DISPLAY_P3)
    np.testing.assert_allclose(read(path)[1], expected, atol=1.5)


@pytest.mark.parametrize(
    ("profile", "icc"), [(matrix_profile(DISPLAY_P3), True), (matrix_profile(SRGB), False)]
)
def test_a_row_says_whether_a_profile_was_applied(
    tmp_path: Path, patches: np.ndarray, profile: bytes, icc: bool
) -> None:
    Image.fromarray(patches).save(tmp_path / "a.png", icc_profile=profile)
    color = row_of(tmp_path / "a.png", "image")["color"]
    assert (color["icc"], color["transfer"], color["primaries"]) == (icc, "iec61966-2-1", "bt709")
