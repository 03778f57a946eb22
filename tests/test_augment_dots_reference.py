"""Dots against a slow reference: the screen's thresholds pixel by pixel, and the tone a dot prints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import halftone
from specaug.augment.dots import HalftoneParams, apply_halftone, blue_noise_tile, thresholds
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])


def slow_threshold(row, column, cell, angle):
    """A diamond screen: two triangle waves at right angles, and the distribution of their mean."""
    a = math.radians(angle)

    def triangle(turns):
        return abs(2 * (turns - math.floor(turns)) - 1)

    along = triangle((column * math.cos(a) + row * math.sin(a)) / cell)
    across = triangle((row * math.cos(a) - column * math.sin(a)) / cell)
    spot = (along + across) / 2
    area = 2 * spot**2 if spot < 0.5 else 1 - 2 * (1 - spot) ** 2
    return min(max(area, 1e-4), 1 - 1e-4)


def slow_print(tone, threshold, softness):
    edge = max(min(softness, 2 * tone, 2 * (1 - tone)), 1e-6)
    return min(max((tone - threshold) / edge + 0.5, 0), 1)


@given(st.floats(2, 20), st.floats(-360, 360))
@settings(deadline=None, max_examples=25, derandomize=True)
def test_thresholds_are_those_of_the_definition(cell, angle):
    expected = [[slow_threshold(i, j, cell, angle) for j in range(11)] for i in range(7)]
    # Where a wave breaks at a whole number of cells, rounding decides nothing: the wave is continuous.
    np.testing.assert_allclose(thresholds((7, 11), cell, angle, "clustered"), expected, atol=1e-6)


@libraries
@pytest.mark.parametrize("softness", [0.0, 0.05, 0.4, 1.0])
@pytest.mark.parametrize("height", [5, 32, 33, 70])
def test_a_print_is_the_definition_on_each_side_of_a_strip(library, softness, height):
    """Rows are printed some at a time; no seam may show between them."""
    x = np.random.default_rng(0).uniform(0.02, 0.98, (height, 9, 1))
    given_ = x if library == "numpy" else torch.asarray(x)
    ours = np.asarray(halftone(given_, cell=5.3, angle=23.0, strength=0.7, softness=softness))
    screen = thresholds((height, 9), 5.3, 23.0, "clustered").astype(float)
    expected = [
        [0.3 * x[i, j, 0] + 0.7 * slow_print(x[i, j, 0], screen[i, j], softness) for j in range(9)]
        for i in range(height)
    ]
    np.testing.assert_allclose(ours[..., 0], expected, atol=1e-9)


@pytest.mark.parametrize("cell", [4.0, 6.0])
def test_a_screen_along_the_axes_repeats_after_a_cell(cell):
    n = int(cell)
    plane = thresholds((5 * n, 5 * n), cell, 0.0, "clustered")
    np.testing.assert_allclose(plane[n:], plane[:-n], atol=1e-6)
    np.testing.assert_allclose(plane[:, n:], plane[:, :-n], atol=1e-6)
    turned = thresholds((5 * n, 5 * n), cell, 90.0, "clustered")
    np.testing.assert_allclose(turned, plane, atol=1e-6)  # the lattice is square
    diagonal = thresholds((5 * n, 5 * n), cell, 45.0, "clustered")
    assert np.abs(diagonal - plane).mean() > 0.1


@pytest.mark.parametrize("angle", [0.0, 20.0, -75.0])
def test_a_screen_turned_the_other_way_is_its_mirror_image(angle):
    mirrored = thresholds((30, 30), 5.0, -angle, "clustered")
    # Row 0 is the axis of the mirror: rows below it stand for the rows above it.
    above = [[slow_threshold(-i, j, 5.0, angle) for j in range(30)] for i in range(30)]
    np.testing.assert_allclose(mirrored, above, atol=1e-5)


def test_the_middle_of_a_dot_is_dark_last_and_of_a_gap_first():
    plane = thresholds((8, 8), 8.0, 0.0, "clustered")
    assert plane.argmax() == 0
    assert np.unravel_index(plane.argmin(), plane.shape) == (4, 4)
    assert (plane.min(), plane.max()) == (pytest.approx(1e-4), pytest.approx(1 - 1e-4))


def test_more_light_prints_no_pixel_darker():
    ramp = np.linspace(0, 1, 40)
    prints = np.stack(
        [halftone(np.full((16, 16, 1), t), cell=4.4, angle=30.0, strength=1.0, softness=0.3) for t in ramp]
    )
    assert np.diff(prints, axis=0).min() >= -1e-12


@pytest.mark.parametrize("screen", ["clustered", "blue_noise"])
@pytest.mark.parametrize("tone", [0.25, 0.6])
def test_a_hard_print_has_the_share_of_light_dots_that_the_tone_says(screen, tone):
    x = np.full((128, 128, 1), tone)
    printed = halftone(x, cell=5.7, angle=31.0, strength=1.0, screen=screen, softness=0.0)
    assert set(np.unique(printed)) <= {0.0, 1.0}
    assert printed.mean() == pytest.approx(tone, abs=0.01)


def test_the_tile_repeats_after_sixty_four_dots_and_dots_are_half_a_cell():
    tile = blue_noise_tile()
    assert tile.shape == (64, 64)
    np.testing.assert_array_equal(
        thresholds((130, 70), 2.0, 0.0, "blue_noise"), np.tile(tile, (3, 2))[:130, :70]
    )
    odd = thresholds((9, 9), 3.0, 0.0, "blue_noise")
    index = [math.floor(i / 1.5) for i in range(9)]
    np.testing.assert_array_equal(odd, tile[np.ix_(index, index)])


def test_blue_noise_has_no_use_for_an_angle_and_prints_all_channels_alike():
    x = np.full((32, 32, 3), 0.4)
    made = [
        halftone(x, cell=5.0, angle=a, strength=1.0, screen="blue_noise") for a in (0.0, 33.0, (0, 30, 60))
    ]
    np.testing.assert_array_equal(made[1], made[0])
    np.testing.assert_array_equal(made[2], made[0])
    np.testing.assert_array_equal(made[0], made[0][..., :1] * np.ones(3))


def test_dots_of_the_tile_keep_their_distance():
    """Among the lightest twentieth, no two neighbours; white noise has one in most of such tiles' corners."""
    dots = blue_noise_tile() > 0.95
    assert dots.sum() == pytest.approx(0.05 * 64**2, abs=1)
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        assert not np.any(dots & np.roll(dots, shift, axis=(0, 1)))
    first = blue_noise_tile() < 0.05
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        assert not np.any(first & np.roll(first, shift, axis=(0, 1)))


@libraries
@pytest.mark.parametrize("axis", [-1, 0])
def test_angles_go_with_their_channels_in_every_layout(library, axis):
    x = np.moveaxis(np.full((20, 26, 3), 0.4), -1, axis)
    given_ = x if library == "numpy" else torch.asarray(x)
    ours = np.asarray(halftone(given_, cell=4.6, angle=(0, 30, 75), strength=1.0, channel_axis=axis))
    for channel, angle in enumerate((0, 30, 75)):
        alone = halftone(np.full((20, 26), 0.4), cell=4.6, angle=angle, strength=1.0, channel_axis=None)
        np.testing.assert_allclose(np.moveaxis(ours, axis, -1)[..., channel], alone, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_three_angles_do_not_fit_another_count_of_channels(channels):
    params = HalftoneParams(4.0, (0, 30, 60), 1.0)
    match = rf"angle: expected one, or one for each of {channels} channels, got 3"
    with pytest.raises(ArgumentError, match=match):
        apply_halftone(np.full((8, 8, channels), 0.5), params)


@libraries
@pytest.mark.parametrize(("dtype", "level"), [("uint8", 255), ("float32", 1)])
def test_a_print_is_in_the_units_of_the_picture(library, dtype, level):
    x = np.full((16, 16, 1), round(0.4 * level) if level == 255 else 0.4).astype(dtype)
    given_ = x if library == "numpy" else torch.asarray(x)
    ours = np.asarray(halftone(given_, cell=4.0, angle=0.0, strength=1.0, softness=0.0))
    exact = halftone(np.full((16, 16, 1), 0.4), cell=4.0, angle=0.0, strength=1.0, softness=0.0)
    np.testing.assert_array_equal(ours, exact * level)


def test_overshoot_prints_as_paper_or_ink():
    x = np.array([-0.3, 0.0, 1.0, 1.4]).reshape(1, 4, 1)
    np.testing.assert_array_equal(
        halftone(x, cell=4.0, angle=0.0, strength=1.0).ravel(), [0.0, 0.0, 1.0, 1.0]
    )
