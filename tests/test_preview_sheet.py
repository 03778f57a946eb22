"""The contact sheet: where its tiles and their text lie, how text is fitted, how points are marked."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from specaug.preview_sheet import Tile, contact_sheet, grey
from specaug.preview_sheet.sheet import _fitting, marked, to_bytes

GAP, TEXT = 8, 22


def tile(level=0, height=20, width=60, text=""):
    return Tile(np.full((height, width, 3), level, np.uint8), text)


@pytest.mark.parametrize(
    ("value", "byte"),
    [(-3.0, 0), (-0.4, 0), (0.49, 0), (0.51, 1), (127.5, 128), (254.6, 255), (300.0, 255), (np.inf, 255)],
)
def test_values_are_rounded_and_clipped_to_bytes(value, byte):
    found = to_bytes(np.array([value]))
    assert (found.dtype, found[0]) == (np.uint8, byte)


def test_a_grey_picture_has_three_equal_channels():
    values = np.array([[0.0, 99.6], [255.0, 400.0]])
    expected = np.array([[0, 100], [255, 255]], np.uint8)
    found = grey(values)
    assert found.shape == (2, 2, 3)
    for channel in range(3):
        np.testing.assert_array_equal(found[..., channel], expected)


@pytest.mark.parametrize(
    ("tiles", "columns", "rows"),
    [(1, 1, 1), (1, 3, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 3, 3), (2, 1, 2)],
)
def test_a_sheet_has_room_for_every_tile_and_no_more(tiles, columns, rows):
    sheet = contact_sheet([tile()] * tiles, columns=columns)
    assert sheet.shape == (GAP + rows * (20 + GAP + TEXT), GAP + columns * (60 + GAP), 3)
    assert sheet.dtype == np.uint8


def test_tiles_lie_row_by_row_on_white():
    levels = [10, 20, 30, 40, 50]
    sheet = contact_sheet([tile(level) for level in levels], columns=2)
    left = sheet.copy()
    for n, level in enumerate(levels):
        y, x = GAP + n // 2 * (20 + GAP + TEXT), GAP + n % 2 * (60 + GAP)
        assert (sheet[y : y + 20, x : x + 60] == level).all()
        left[y : y + 20, x : x + 60] = 255
    assert (left == 255).all()


def test_text_lies_under_its_own_tile_in_black():
    sheet = contact_sheet([tile(), tile(text="words"), tile()], columns=3)
    ink = np.argwhere((sheet[GAP + 20 :] < 128).all(axis=2))
    x = GAP + 60 + GAP
    assert len(ink) > 20
    assert x <= ink[:, 1].min() <= ink[:, 1].max() < x + 60
    assert ink[:, 0].min() >= 3
    assert ink[:, 0].max() < TEXT


def test_channels_keep_their_order():
    image = np.zeros((20, 60, 3), np.uint8)
    image[..., 0], image[..., 1] = 200, 100
    assert contact_sheet([Tile(image, "")], columns=1)[GAP + 5, GAP + 5].tolist() == [200, 100, 0]


def test_pictures_that_are_views_are_shown_as_they_are():
    base = np.arange(20 * 60 * 3, dtype=np.int64).reshape(20, 60, 3).astype(np.uint8)
    sheet = contact_sheet([Tile(base[::-1, ::-1], "")], columns=1)
    np.testing.assert_array_equal(sheet[GAP : GAP + 20, GAP : GAP + 60], base[::-1, ::-1])


DRAW = ImageDraw.Draw(Image.new("RGB", (1, 1)))


def length(text, size):
    return DRAW.textlength(text, font=ImageFont.load_default(size))


@pytest.mark.parametrize("size", [14, 13, 12, 11])
def test_text_takes_the_largest_size_in_which_it_fits_a_line(size):
    text = "spectral_mix: strength 0.8"
    exact = int(np.ceil(length(text, size)))
    assert _fitting(DRAW, text, exact) == (text, size)
    smaller = {14: 13, 13: 12, 12: 11, 11: 10}[size]
    assert _fitting(DRAW, text, int(length(text, size) - 0.01))[1] <= smaller


def test_text_that_fits_no_line_is_broken_between_words_in_small_letters():
    text = "halftone: cell 4, strength 0.7"
    width = int(0.7 * length(text, 10))
    shown, size = _fitting(DRAW, text, width)
    first, second = shown.split("\n")
    assert size == 10
    assert f"{first} {second}" == text
    assert length(first, 10) <= width < length(f"{first} {second.split()[0]}", 10)


@pytest.mark.parametrize("width", [40, 60, 90, 140])
def test_the_second_line_is_cut_where_it_does_not_fit(width):
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    shown, size = _fitting(DRAW, text, width)
    first, second = shown.split("\n")
    assert size == 10
    assert length(first, 10) <= width
    assert second.endswith("…")
    assert length(second, 10) <= width < length(second[:-1] + "mmm…", 10)
    assert text.startswith(f"{first} {second[:-1].rstrip()}")


def test_one_long_word_stands_alone_on_its_line():
    word = "w" * 80
    assert _fitting(DRAW, word, 50) == (word, 10)
    assert _fitting(DRAW, f"a {word}", 50)[0].split("\n")[0] == "a"


def test_no_text_is_no_line():
    assert _fitting(DRAW, "", 50) == ("", 14)


def ring(points, *, shape=(64, 64)):
    """What marking a mid-grey picture changes: rows and columns."""
    image = np.full((*shape, 3), 128, np.uint8)
    found = marked(image, np.array(points, float))
    assert (image == 128).all()
    return found, np.argwhere((found != 128).any(axis=2))


@pytest.mark.parametrize(
    ("shape", "radius"), [((16, 16), 2), ((64, 64), 2), ((160, 160), 2), ((64, 192), 3), ((384, 100), 6)]
)
def test_a_ring_grows_with_the_picture_and_has_a_dark_edge(shape, radius):
    y, x = shape[0] // 2, shape[1] // 2
    found, changed = ring([[x, y]], shape=shape)
    distance = np.abs(changed - [y, x]).max(axis=1)
    assert distance.max() == radius + 1
    assert (found[y, x] == 128).all()
    for column in (x - radius, x + radius):
        assert found[y, column].tolist() == [255, 212, 0]
    assert found[y, x + radius + 1].tolist() == [0, 0, 0]
    assert found[y, x + radius - 1].tolist() == [128, 128, 128]


def test_points_are_x_then_y():
    _, changed = ring([[50, 10]])
    assert changed.mean(axis=0).round().tolist() == [10, 50]


def test_every_point_has_a_ring_and_none_changes_nothing():
    _, changed = ring([[10, 10], [50, 50]])
    near = [(np.abs(changed - p).max(axis=1) <= 3).sum() for p in (10, 50)]
    assert near[0] == near[1] == len(changed) / 2
    assert len(ring(np.zeros((0, 2)))[1]) == 0


def test_points_outside_the_picture_are_left_out():
    assert len(ring([[-40, 10], [10, 400]])[1]) == 0
