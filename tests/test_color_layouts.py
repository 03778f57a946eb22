"""Hue, saturation, value and luma in every layout, size and library, and at the corners of the color circle."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from specaug.color import LUMA_WEIGHTS, hsv_to_rgb, luma, rgb_to_hsv
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])
FUNCTIONS = {"to hsv": rgb_to_hsv, "to rgb": hsv_to_rgb, "luma": luma}
each_function = pytest.mark.parametrize("name", FUNCTIONS)


def slow(function, image):
    return np.array([function(*map(float, p)) for p in image.reshape(-1, 3)]).reshape(image.shape)


CORNERS = {  # rgb -> hue in sixths of a turn, saturation, value
    (1, 0, 0): (0, 1, 1),
    (1, 1, 0): (1, 1, 1),
    (0, 1, 0): (2, 1, 1),
    (0, 1, 1): (3, 1, 1),
    (0, 0, 1): (4, 1, 1),
    (1, 0, 1): (5, 1, 1),
    (0, 0, 0): (0, 0, 0),
    (1, 1, 1): (0, 0, 1),
    (0.5, 0.5, 0.5): (0, 0, 0.5),
    (0.5, 0.25, 0.25): (0, 0.5, 0.5),
    (0.25, 0.25, 0.5): (4, 0.5, 0.5),
    (1, 0.5, 0): (0.5, 1, 1),
    (1, 0, 0.5): (5.5, 1, 1),
    (0, 1, 0.5): (2.5, 1, 1),
}


@libraries
@pytest.mark.parametrize("rgb", CORNERS)
def test_colors_have_the_hue_that_everyone_knows(rgb, library):
    pixel = np.array(rgb, dtype=np.float64)
    pixel = pixel if library == "numpy" else torch.asarray(pixel)
    hue, saturation, value = CORNERS[rgb]
    hsv = rgb_to_hsv(pixel)
    assert hsv.tolist() == pytest.approx([hue / 6, saturation, value])
    assert hsv_to_rgb(hsv).tolist() == pytest.approx(list(rgb))


@libraries
@pytest.mark.parametrize("turns", [-1.0, -0.25, 1.0, 1.75])
def test_a_hue_beyond_one_turn_goes_round(turns, library):
    make = np.array if library == "numpy" else torch.tensor
    ours = hsv_to_rgb(make([turns, 0.8, 0.9]))
    assert ours.tolist() == pytest.approx(hsv_to_rgb(np.array([turns % 1, 0.8, 0.9])).tolist())


def test_a_red_just_short_of_a_whole_turn_has_a_hue_below_one():
    for step in (1e-3, 1e-6, 1e-9, 1e-12, 1e-16, 1e-20):
        hue = rgb_to_hsv(np.array([1.0, 0.0, step]))[0]
        assert 0 <= hue < 1
        assert min(hue, 1 - hue) == pytest.approx(step / 6, abs=1e-15)


@each_function
@libraries
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 5, 3), (2, 2, 4, 5, 3)])
def test_an_axis_of_channels_may_be_anywhere(name, library, shape):
    image = np.random.default_rng(0).random(shape)
    expected = FUNCTIONS[name](image)
    for axis in range(len(shape)):
        moved = np.moveaxis(image, -1, axis)
        for given_axis in (axis, axis - len(shape)):
            ours = FUNCTIONS[name](
                moved if library == "numpy" else torch.asarray(moved), channel_axis=given_axis
            )
            ours = np.asarray(ours) if name == "luma" else np.moveaxis(np.asarray(ours), axis, -1)
            np.testing.assert_allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((5461, 3), -1),
        ((5462, 3), -1),
        ((2, 9000, 3), -1),
        ((9000, 2, 3), -1),
        ((70, 90, 3), -1),
        ((3, 1, 9000), 0),
    ],
)
def test_large_pictures_are_converted_in_pieces_without_a_seam(shape, axis):
    """Both sides of the size from which NumPy converts some rows at a time."""
    image = np.random.default_rng(0).random(shape)
    pixels = np.moveaxis(image, axis, -1)
    for ours, theirs in ((rgb_to_hsv, colorsys.rgb_to_hsv), (hsv_to_rgb, colorsys.hsv_to_rgb)):
        made = np.moveaxis(ours(image, channel_axis=axis), axis, -1)
        np.testing.assert_allclose(made, slow(theirs, pixels), atol=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_a_large_batch_is_that_of_its_pixels_wherever_its_channels_are(axis):
    image = np.random.default_rng(0).integers(0, 256, (4, 40, 50, 3), np.uint8)
    made = rgb_to_hsv(np.moveaxis(image, -1, axis), channel_axis=axis)
    assert made.dtype == np.float32
    expected = rgb_to_hsv(image.reshape(-1, 3)[:, None]).reshape(image.shape)
    np.testing.assert_allclose(np.moveaxis(made, axis, -1), expected, atol=1e-6)


def test_three_planes_as_long_as_three_pixels_are_told_by_the_axis():
    cube = np.random.default_rng(0).random((3, 3, 3))
    for axis in range(3):
        expected = slow(colorsys.rgb_to_hsv, np.moveaxis(cube, axis, -1))
        np.testing.assert_allclose(
            np.moveaxis(rgb_to_hsv(cube, channel_axis=axis), axis, -1), expected, atol=1e-12
        )


@libraries
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
@each_function
def test_results_are_floats_of_the_picture_or_float32_for_bytes(name, dtype, library):
    level = 200 if dtype == "uint8" else 0.5
    image = np.full((2, 3, 3), level, dtype)
    made = FUNCTIONS[name](image if library == "numpy" else torch.asarray(image))
    assert str(made.dtype).removeprefix("torch.") == ("float32" if dtype == "uint8" else dtype)
    assert tuple(made.shape) == ((2, 3) if name == "luma" else (2, 3, 3))


@libraries
@pytest.mark.parametrize("axis", [-1, 0])
def test_luma_of_bytes_is_the_weighted_sum_over_255(library, axis):
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    expected = image @ np.array([0.299, 0.587, 0.114]) / 255
    moved = np.moveaxis(image, -1, axis)
    moved = moved if library == "numpy" else torch.asarray(np.ascontiguousarray(moved))
    np.testing.assert_allclose(np.asarray(luma(moved, channel_axis=axis)), expected, atol=1e-6)
    assert sum(LUMA_WEIGHTS) == pytest.approx(1)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 1))
@settings(deadline=None, max_examples=20, derandomize=True)
def test_less_light_changes_the_value_alone(red, green, blue, light):
    pixel = np.array([red, green, blue])
    assume(np.ptp(pixel) > 1e-3)
    bright, dim = rgb_to_hsv(pixel), rgb_to_hsv(light * pixel)
    turn = abs((bright[0] - dim[0] + 0.5) % 1 - 0.5)
    assert turn < 1e-9
    assert dim[1:].tolist() == pytest.approx([bright[1], light * bright[2]])
    assert luma(light * pixel) == pytest.approx(light * luma(pixel))


def test_channels_in_another_order_turn_the_hue_by_a_third():
    image = np.random.default_rng(0).random((40, 3))
    turned = rgb_to_hsv(np.roll(image, 1, axis=-1))
    difference = turned - rgb_to_hsv(image) - np.array([1 / 3, 0, 0])
    np.testing.assert_allclose(difference[:, 0] - np.rint(difference[:, 0]), 0, atol=1e-12)
    np.testing.assert_allclose(difference[:, 1:], 0, atol=1e-12)


@each_function
def test_an_empty_batch_is_empty_and_other_counts_of_channels_are_refused(name):
    assert FUNCTIONS[name](np.zeros((0, 4, 3))).size == 0
    for shape, axis in (((4, 4, 1), -1), ((4, 4, 4), -1), ((4, 3, 4), 0), ((), -1)):
        with pytest.raises(ArgumentError, match=r"image: expected 3 channels on axis|channel_axis: expected"):
            FUNCTIONS[name](np.zeros(shape), channel_axis=axis)
