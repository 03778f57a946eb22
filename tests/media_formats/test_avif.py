"""AVIF photos are read by Pillow, with their profiles and their orientation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from icc_profiles import DISPLAY_P3, managed, matrix_profile
from middle_face import row_of
from PIL import Image, features

from specaug.errors import MediaError
from specaug.media import probe, read_frames

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")


@pytest.fixture
def smooth(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(40, 216, (8, 12, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)


def read(path: Path) -> np.ndarray:
    info = probe(path, "image")
    (frame,) = read_frames(path, info, np.array([0]))
    assert frame.image.shape == (info.height, info.width, 3)
    return frame.image


@pytest.mark.parametrize("brand", [b"avif", b"mif1"])
def test_an_avif_is_a_photo_whatever_its_first_brand(
    tmp_path: Path, smooth: np.ndarray, brand: bytes
) -> None:
    path = tmp_path / "a.avif"
    Image.fromarray(smooth).save(path, quality=100, subsampling="4:4:4")
    path.write_bytes(path.read_bytes().replace(b"ftypavif", b"ftyp" + brand, 1))
    np.testing.assert_allclose(read(path), smooth.astype(int), atol=4)
    row = row_of(path, "image")
    assert (row["source_width"], row["source_height"], row["color"]["matrix"]) == (96, 64, "rgb")


def test_its_profile_is_applied(tmp_path: Path, smooth: np.ndarray) -> None:
    plain, path = tmp_path / "plain.avif", tmp_path / "a.avif"
    Image.fromarray(smooth).save(plain, quality=100, subsampling="4:4:4")
    Image.fromarray(smooth).save(
        path, quality=100, subsampling="4:4:4", icc_profile=matrix_profile(DISPLAY_P3)
    )
    assert probe(path, "image").color.icc
    np.testing.assert_allclose(read(path), managed(read(plain), DISPLAY_P3), atol=1.5)


@pytest.mark.parametrize("code", [3, 5, 6, 7])
def test_its_orientation_is_applied_once(tmp_path: Path, smooth: np.ndarray, code: int) -> None:
    exif = Image.Exif()
    exif[274] = code
    path = tmp_path / "a.avif"
    Image.fromarray(smooth).save(path, quality=100, subsampling="4:4:4", exif=exif)
    mirrored = smooth[:, ::-1] if code in (5, 7) else smooth
    upright = np.rot90(mirrored, {3: 2, 5: 1, 6: -1, 7: -1}[code])
    np.testing.assert_allclose(read(path), upright.astype(int), atol=4)
    assert probe(path, "image").orientation == code


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_cut_avif_is_a_failure(tmp_path: Path, smooth: np.ndarray, share: float) -> None:
    path = tmp_path / "a.avif"
    Image.fromarray(smooth).save(path, quality=100)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(MediaError, match=r"unreadable|truncated|decoder_error"):
        read(path)
