"""The contact sheet: every operation on it, at the place and size it says, from any picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from specaug.augment import OPERATIONS, apply_drawn
from specaug.errors import ArgumentError
from specaug.preview import SHOWCASE, preview


def picture(height=80, width=64, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height)))


def test_showcase_shows_every_operation():
    assert {drawn.operation for drawn in SHOWCASE} == set(OPERATIONS)


def test_tiles_are_the_pictures_themselves():
    image = picture()
    sheet = preview(image)
    assert sheet.shape[1] == 6 * (64 + 8) + 8
    np.testing.assert_array_equal(sheet[8:88, 8:72], image)
    blur = next(i for i, drawn in enumerate(SHOWCASE) if drawn.operation == "recapture_blur")
    tile = 6 + 2 * blur
    y, x = 8 + tile // 6 * (80 + 30), 8 + tile % 6 * (64 + 8)
    np.testing.assert_array_equal(sheet[y : y + 80, x : x + 64], apply_drawn(image, SHOWCASE[blur]).image)


def test_every_operation_and_its_spectrum_differ_from_the_picture():
    image = picture()
    sheet = preview(image)
    tiles = [
        sheet[8 + t // 6 * 110 :][:80, 8 + t % 6 * 72 :][:, :64].astype(int)
        for t in range(6 + 2 * len(SHOWCASE))
    ]
    for i, drawn in enumerate(SHOWCASE):
        assert np.abs(tiles[6 + 2 * i] - tiles[0]).mean() > 1, drawn
        assert np.abs(tiles[7 + 2 * i] - tiles[1]).mean() > 1, drawn


def test_large_pictures_are_scaled_down_and_partners_to_them():
    sheet = preview(picture(800, 400), partner=picture(50, 60, 1), operations=SHOWCASE[:1])
    assert sheet.shape == (8 + 2 * (384 + 30), 6 * (192 + 8) + 8, 3)


def test_flat_and_read_only_pictures():
    flat = np.full((32, 32, 3), 90, np.uint8)
    flat.flags.writeable = False
    assert preview(flat, partner=picture(32, 32)).dtype == np.uint8


@pytest.mark.parametrize(
    "image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((2, 8, 8, 3), np.uint8)]
)
def test_other_pictures_are_named(image):
    with pytest.raises(ArgumentError, match="image: expected"):
        preview(image)


@pytest.mark.media
def test_a_photo_shows_each_operation(media_dir):
    photo = np.asarray(Image.open(media_dir / "images" / "obama.jpg").convert("RGB"))
    sheet = preview(photo)
    assert sheet.shape[0] > 2000
    assert sheet.std() > 40
