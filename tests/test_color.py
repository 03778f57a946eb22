"""Hue, saturation, value and luma: equal to the standard library, in NumPy and in torch."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from specaug.color import hsv_to_rgb, luma, rgb_to_hsv
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
EXACT = 1e-6  # a few roundings of float32


def loop(function, image):
    """The standard library's function, pixel by pixel."""
    return np.array([function(*map(float, pixel)) for pixel in image.reshape(-1, 3)]).reshape(image.shape)


def hue_distance(a, b):
    """Distance of two hues on their circle."""
    return np.abs((a - b + 0.5) % 1 - 0.5)


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(0, 1, width=16)))
@settings(deadline=None)
def test_hsv_equals_colorsys(image):
    ours, theirs = rgb_to_hsv(image), loop(colorsys.rgb_to_hsv, image)
    np.testing.assert_allclose(hue_distance(ours[:, 0], theirs[:, 0]), 0, atol=1e-9)
    np.testing.assert_allclose(ours[:, 1:], theirs[:, 1:], atol=1e-9)
    assert ours.min() >= 0
    assert ours[:, 0].max() < 1


@given(hnp.arrays(np.float64, (4, 3), elements=st.floats(0, 1)))
@settings(deadline=None)
def test_rgb_equals_colorsys(image):
    np.testing.assert_allclose(hsv_to_rgb(image), loop(colorsys.hsv_to_rgb, image), atol=1e-9)


def test_every_corner_of_the_cube_and_grey():
    levels = np.linspace(0, 255, 18).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
    expected = loop(colorsys.rgb_to_hsv, cube / 255.0)
    np.testing.assert_allclose(rgb_to_hsv(cube), expected, atol=EXACT)


@given(
    hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=0, max_dims=4, max_side=4).map(lambda shape: (*shape, 3)),
    )
)
@settings(deadline=None)
def test_round_trip_of_uint8_in_any_batch_shape(image):
    back = hsv_to_rgb(rgb_to_hsv(image))
    assert back.shape == image.shape
    assert back.dtype == np.float32
    np.testing.assert_array_equal(np.rint(back * 255).astype(np.uint8), image)


@pytest.mark.parametrize("axis", [0, 1, -3, -1])
@pytest.mark.parametrize("function", [rgb_to_hsv, hsv_to_rgb, luma])
def test_channel_axis_only_moves_axes(function, axis, rng):
    image = rng.random((2, 4, 5, 3), dtype=np.float32)
    moved = function(np.moveaxis(image, -1, axis), channel_axis=axis)
    expected = function(image)
    # The order of three sums depends on the layout.
    np.testing.assert_allclose(
        moved if function is luma else np.moveaxis(moved, axis, -1), expected, atol=EXACT
    )


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
@pytest.mark.parametrize("function", [rgb_to_hsv, hsv_to_rgb, luma])
def test_torch_equals_numpy(function, dtype, rng):
    image = (rng.random((3, 7, 3)) * (255 if dtype == "uint8" else 1)).astype(dtype)
    ours = function(torch.asarray(image))
    assert isinstance(ours, torch.Tensor)
    expected = function(image)
    assert str(ours.dtype) == f"torch.{expected.dtype}"
    # float16 is calculated in float32 and rounded once: one unit in its last place is 1e-3 at most.
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-3 if dtype == "float16" else EXACT)


def test_float16_is_rounded_once():
    image = np.array([[0.1, 0.7, 0.3]], dtype=np.float16)
    np.testing.assert_array_equal(rgb_to_hsv(image), rgb_to_hsv(image.astype(np.float32)).astype(np.float16))


@pytest.mark.parametrize("function", [rgb_to_hsv, hsv_to_rgb, luma])
def test_gradient(function, rng):
    image = torch.asarray(rng.uniform(0.1, 0.9, (2, 3, 3)), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, (image,))


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_gradient_is_finite_for_black_and_grey(level):
    image = torch.full((2, 2, 3), level, requires_grad=True)
    rgb_to_hsv(image).sum().backward()
    assert torch.isfinite(image.grad).all()


def test_luma_weights_are_bt601():
    assert luma(np.eye(3)).tolist() == pytest.approx([0.299, 0.587, 0.114])
    assert luma(np.full((2, 2, 3), 255, np.uint8)) == pytest.approx(1.0)


@pytest.mark.parametrize("function", [rgb_to_hsv, hsv_to_rgb, luma])
def test_input_is_read_and_never_written(function, rng):
    image = rng.random((4, 4, 3), dtype=np.float32)
    before = image.copy()
    image.flags.writeable = False
    function(image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("function", [rgb_to_hsv, hsv_to_rgb, luma])
@pytest.mark.parametrize(
    ("image", "match"),
    [
        (np.zeros((2, 2, 4)), r"image: expected 3 channels on axis -1, got shape \(2, 2, 4\)"),
        (np.zeros((2, 2, 3), np.int32), "image: expected dtype uint8 or .*, got int32"),
        (np.full((2, 2, 3), np.nan), "image: expected finite numbers, got values from nan"),
        ([[1.0, 2.0, 3.0]], "image: expected a NumPy array or a torch tensor, got list"),
    ],
)
def test_bad_image_is_named(function, image, match):
    with pytest.raises(ArgumentError, match=match):
        function(image)


@pytest.mark.parametrize("axis", [3, -4, None, 0.5])
def test_bad_channel_axis_is_named(axis):
    with pytest.raises(ArgumentError, match=r"channel_axis|axis None"):
        rgb_to_hsv(np.zeros((2, 2, 3)), channel_axis=axis)
