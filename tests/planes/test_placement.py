"""Where stored pixels lie in the upright image: orientations, pixel aspect, subsampled colour, fields."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from specaug.errors import ArgumentError
from specaug.planes import Placement
from specaug.planes.placement import (
    ROTATIONS,
    chained,
    chroma_to_stored,
    field_to_frame,
    orientation_of,
    oriented,
    turned_orientation,
)

CODES = range(1, 9)


def shown_by_pillow(pixels: np.ndarray, code: int) -> np.ndarray:
    """What ``ImageOps.exif_transpose`` makes of an image with this orientation."""
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[274] = code
    image.info["exif"] = exif.tobytes()
    return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("code", CODES)
def test_orientation_is_that_of_exif(rng, code):
    pixels = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(oriented(pixels, code), shown_by_pillow(pixels, code))


@pytest.mark.parametrize("code", CODES)
def test_the_map_takes_every_pixel_to_where_it_is_shown(code):
    numbers = np.arange(35).reshape(5, 7)
    placement = Placement(7, 5, orientation=code)
    upright = oriented(numbers, code)
    assert placement.size == upright.shape[::-1]
    for y in range(5):
        for x in range(7):
            u, v = placement.to_upright @ [x, y, 1]
            assert upright[round(v), round(u)] == numbers[y, x]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("aspect", [1.0, 16 / 15, 0.5, 40 / 33])
def test_corners_of_the_stored_image_are_corners_of_the_upright_one(code, aspect):
    placement = Placement(40, 30, orientation=code, pixel_aspect=aspect)
    edges = np.array([[-0.5, -0.5, 1], [39.5, -0.5, 1], [-0.5, 29.5, 1], [39.5, 29.5, 1]])
    corners = edges @ placement.to_upright.T
    sides = (30, 40 * aspect) if code >= 5 else (40 * aspect, 30)
    np.testing.assert_allclose(corners.min(axis=0), [-0.5, -0.5], atol=1e-9)
    np.testing.assert_allclose(corners.max(axis=0), np.array(sides) - 0.5, atol=1e-9)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turning_goes_on_from_where_the_image_was(rng, code, degrees):
    pixels = rng.integers(0, 256, (3, 4))
    twice = np.rot90(oriented(pixels, code), -degrees // 90)
    np.testing.assert_array_equal(oriented(pixels, turned_orientation(code, degrees)), twice)


@pytest.mark.parametrize("code", CODES)
def test_rotation_is_what_follows_the_swap_of_left_and_right(rng, code):
    pixels = rng.integers(0, 256, (3, 4))
    swapped = pixels[:, ::-1] if code in (2, 4, 5, 7) else pixels
    np.testing.assert_array_equal(oriented(pixels, code), np.rot90(swapped, -ROTATIONS[code] // 90))


@pytest.mark.parametrize("angle", [-40, 10, 44])
def test_a_crooked_matrix_is_the_nearest_right_angle(angle):
    a = np.radians(90 + angle)
    assert orientation_of([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) == 6


@pytest.mark.parametrize(
    ("location", "x", "y"),
    [
        ("left", 0.0, 0.5),
        ("center", 0.5, 0.5),
        ("topleft", 0.0, 0.0),
        ("top", 0.5, 0.0),
        ("bottomleft", 0.0, 1.0),
        ("bottom", 0.5, 1.0),
    ],
)
def test_the_first_chroma_sample_lies_where_h273_says(location, x, y):
    matrix = chroma_to_stored((2, 2), location)
    assert (matrix @ [0, 0, 1]).tolist() == [x, y]
    assert (matrix @ [3, 5, 1]).tolist() == [6 + x, 10 + y]


def test_axes_that_are_not_subsampled_are_not_shifted():
    assert (chroma_to_stored((2, 1), "center") @ [0, 4, 1]).tolist() == [0.5, 4]
    assert (chroma_to_stored((1, 1), "bottom") @ [3, 4, 1]).tolist() == [3, 4]
    assert (chroma_to_stored((4, 1), "center") @ [0, 0, 1]).tolist() == [1.5, 0]


@pytest.mark.parametrize(("field", "first_chroma"), [("top", 0.5), ("bottom", 2.5)])
def test_chroma_of_a_field_lies_on_the_frame_grid(field, first_chroma):
    """H.264 figure 6-2: a quarter of a field line below the first line of the top field, three in the bottom field."""
    to_frame = chained(field_to_frame(field), chroma_to_stored((2, 2), "left", field=field))
    assert (to_frame @ [0, 0, 1])[1] == pytest.approx(first_chroma)
    assert (to_frame @ [0, 1, 1])[1] == pytest.approx(first_chroma + 4)


def test_lines_of_a_field_are_every_second_one():
    assert [(field_to_frame("bottom") @ [7, n, 1]).tolist() for n in (0, 3)] == [[7, 1], [7, 7]]
    assert [(field_to_frame("top") @ [7, n, 1]).tolist() for n in (0, 3)] == [[7, 0], [7, 6]]


def test_chained_applies_the_inner_map_first(rng):
    outer, inner = rng.normal(size=(2, 2, 3))
    point = np.array([3.0, -2.0, 1.0])
    np.testing.assert_allclose(chained(outer, inner) @ point, outer @ [*(inner @ point), 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"orientation": 9}, "orientation: expected 1 to 8, got 9"),
        ({"pixel_aspect": 0.0}, "pixel_aspect: expected 0.05"),
    ],
)
def test_what_cannot_be_is_named(change, message):
    with pytest.raises(ArgumentError, match=message):
        Placement(4, 3, **change)
