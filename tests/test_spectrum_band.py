"""The record of a band: limits, reach, both forms at their edges, and how often each bin of a half plane counts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.spectrum import BANDS, MAX_RADIUS, band_mask, radial_frequency
from specaug.spectrum.grid import Band, check_shape, half_indices, half_mask, mirror_weights

sides = st.integers(1, 17)


def signed(n):
    """Integer frequencies in the order of a transform, the highest of an even size counted as negative."""
    return np.array([k if 2 * k < n else k - n for k in range(n)])


@pytest.mark.parametrize("name", ["low", "high"])
def test_a_limit_may_pass_the_corner_by_a_rounding_error_and_no_more(name):
    whole = {"low": 0.0, "high": MAX_RADIUS + 1e-6}
    assert getattr(Band(**{**whole, name: MAX_RADIUS + 9e-7}), name) > MAX_RADIUS
    with pytest.raises(ArgumentError, match=rf"{name}: expected a number in \[0, 0\.70.*\], got 0\.7071"):
        Band(**{**whole, name: MAX_RADIUS + 2e-6})


@pytest.mark.parametrize("rolloff", [0.0, MAX_RADIUS])
def test_a_rolloff_may_be_as_wide_as_the_plane(rolloff):
    assert Band(0.1, 0.2, rolloff=rolloff).rolloff == rolloff
    with pytest.raises(ArgumentError, match="rolloff: expected a number in"):
        Band(0.1, 0.2, rolloff=MAX_RADIUS + 1e-9)


def test_a_band_may_be_one_frequency_wide():
    assert band_mask((8, 8), 0.25, 0.25, form="square").sum() > 0
    assert band_mask((8, 8), 0.25, 0.25).sum() == 0
    with pytest.raises(ArgumentError, match=r"low: expected at most high = 0\.25, got 0\.250001"):
        Band(0.250001, 0.25)


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        (Band(0.0, 0.1), 6),  # of the longer side
        (Band(0.05, 0.1), 6),
        (Band(0.0, 0.1, "square"), 4),  # of the shorter
        (Band(0.0, 0.0, "square"), 0),
        (Band(0.0, 0.1, rolloff=0.01), None),
        (Band(), None),
        (Band(0.0, MAX_RADIUS - 2e-6), 42),
        (Band(0.0, MAX_RADIUS - 2e-6, "square"), 28),
        (Band(0.0, MAX_RADIUS - 9e-7), None),
        (Band(0.0, MAX_RADIUS, "square"), None),
    ],
)
def test_reach_is_the_highest_index_of_a_band_with_a_hard_top(band, expected):
    assert band.reach((40, 60)) == expected == band.reach((60, 40))


@given(sides, sides, st.floats(0, 0.7), st.sampled_from(["radial", "square"]))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_no_bin_lies_beyond_the_reach(height, width, high, form):
    band = Band(0.0, high, form)
    rows, columns = np.nonzero(half_mask((height, width), band))
    reach = band.reach((height, width))
    assert np.abs(signed(height)[rows]).max(initial=0) <= reach
    assert columns.max(initial=0) <= reach


@pytest.mark.parametrize("form", ["radial", "square"])
@pytest.mark.parametrize(
    ("high", "corner"), [(float(np.float32(MAX_RADIUS)), 1), (MAX_RADIUS, 1), (MAX_RADIUS - 2e-6, 0)]
)
def test_the_corner_belongs_to_a_radial_band_up_to_the_top_in_any_precision(form, high, corner):
    mask = band_mask((8, 8), 0.3, high, form=form)
    assert mask[4, 4] == (corner if form == "radial" else 1)


def test_a_square_reaches_as_far_on_both_axes_unless_it_is_the_whole_plane():
    assert np.flatnonzero(band_mask((8, 20), 0.0, 0.5, form="square")[0]).tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(band_mask((8, 20), 0.0, MAX_RADIUS, form="square"), 1)


@given(sides, sides, st.floats(0, 0.49), st.floats(0, 0.49))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_a_square_ring_is_the_definition_bin_by_bin(height, width, a, b):
    low, high = sorted((a, b))
    side = min(height, width)
    expected = [
        [low * side <= max(abs(ky), abs(kx)) <= math.floor(high * side) for kx in range(width // 2 + 1)]
        for ky in signed(height)
    ]
    np.testing.assert_array_equal(band_mask((height, width), low, high, form="square"), expected)


@given(sides, sides, st.lists(st.floats(0.0, 0.7), min_size=1, max_size=5))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_neighbouring_hard_bands_share_no_bin_and_leave_none_out(height, width, cuts):
    edges = [0.0, *sorted(cuts), MAX_RADIUS]
    masks = [band_mask((height, width), *pair) for pair in itertools.pairwise(edges)]
    np.testing.assert_array_equal(sum(masks), 1)


def test_named_bands_meet_at_the_limits_that_are_published():
    limits = [BANDS[name] for name in ("low", "mid", "high")]
    assert limits == [(0.0, 1 / 32), (1 / 32, 1 / 16), (1 / 16, math.sqrt(0.5))]
    assert [float(band_mask((64, 64), *limit)[0, 4]) for limit in limits] == [0, 0, 1]


@pytest.mark.parametrize("band", [Band(0.0, 0.3), Band(0.0, 0.3, "square"), Band(0.05, 0.3, rolloff=0.1)])
def test_a_band_without_the_mean_lacks_that_bin_alone(band):
    bare = Band(band.low, band.high, band.form, band.rolloff, mean=False)
    whole, less = half_mask((9, 12), band), half_mask((9, 12), bare)
    assert whole[0, 0] > 0
    assert less[0, 0] == 0
    assert np.flatnonzero(whole != less).tolist() == [0]


@pytest.mark.parametrize("tau", [0.005, 0.05, 0.5])
def test_the_edges_of_a_soft_band_are_mirrored_logistic_curves(tau):
    """sigma(z) + sigma(-z) = 1: at equal distances on both sides of a lone edge the gains sum to one."""
    wide = Band(0.0, 0.2, rolloff=tau)
    index = np.array([[16.0, 24.0]])
    inner, outer = wide.gain(np.array([[0.0]]), index, (100, 100))[0]
    assert inner + outer == pytest.approx(1)
    assert inner == pytest.approx(1 / (1 + math.exp(-0.04 / tau)))


def test_a_soft_edge_far_out_is_exact_at_both_ends_and_never_overflows():
    with np.errstate(all="raise"):
        gains = Band(0.2, 0.4, rolloff=1e-5).gain(np.array([[0.0]]), np.arange(51.0)[None], (100, 100))
    assert gains[0, 30] == 1
    assert gains[0, [0, 10, 50]].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (6, 8), (7, 8), (6, 9), (7, 9)])
def test_every_bin_of_the_plane_is_counted_once(shape):
    weights = mirror_weights(shape)
    assert weights.shape == (shape[0], shape[1] // 2 + 1)
    assert weights.sum() == shape[0] * shape[1]
    for column in range(weights.shape[1]):
        alone = column == 0 or 2 * column == shape[1]
        assert set(weights[:, column]) == {1.0 if alone else 2.0}


@pytest.mark.parametrize("shape", [(6, 8), (7, 9), (5, 4), (1, 3)])
def test_energy_over_the_half_plane_is_parsevals(shape, rng):
    x = rng.normal(size=shape)
    power = np.abs(np.fft.rfft2(x, norm="ortho")) ** 2
    assert np.sum(power * mirror_weights(shape)) == pytest.approx(np.sum(x**2))


@given(sides, sides)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_indices_are_whole_numbers_in_the_order_of_the_transform(height, width):
    rows, columns = half_indices((height, width))
    assert rows.shape == (height, 1)
    assert rows.ravel().tolist() == signed(height).tolist()
    assert columns.tolist() == [list(range(width // 2 + 1))]


def test_shared_masks_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        half_mask((4, 4), Band(0.0, 0.2))[0, 0] = 0
    assert half_mask((4, 4), Band(0.0, 0.2)).dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3, 4), (3, 4)), ([3, 4], (3, 4)), (np.array([3.0, 4.0]), (3, 4)), ((1, 1), (1, 1))],
)
def test_shapes_are_two_whole_numbers(shape, expected):
    made = check_shape(shape)
    assert made == expected
    assert {type(n) for n in made} == {int}


@pytest.mark.parametrize("shape", [(1, 0), (-1, 4), (4, 4, 4), (), (3.5, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ArgumentError, match=r"shape: expected \(H, W\) with at least one pixel each, got"):
        check_shape(shape)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.2), (0.2, MAX_RADIUS), (0.0, MAX_RADIUS)])
def test_a_soft_band_has_no_edge_at_either_end_of_the_plane(low, high):
    """As a hard one: what it holds there, it holds whole."""
    soft, hard = (band_mask((33, 40), low, high, rolloff=r) for r in (0.01, 0.0))
    radius = radial_frequency((33, 40))
    far = (np.abs(radius - 0.2) > 0.15) | (high - low > 0.6)
    np.testing.assert_allclose(soft[far], hard[far], atol=1e-6)
    if low == 0:
        assert soft[0, 0] == pytest.approx(1, abs=1e-6)
    if high == MAX_RADIUS:
        assert soft[radius > 0.6].min() == pytest.approx(1, abs=1e-6)
