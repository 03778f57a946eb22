"""Frequencies and masks: what belongs to a band, and that it is even."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.spectrum import BANDS, MAX_RADIUS, band_mask, radial_frequency

sides = st.integers(1, 24)


def whole_plane(shape, value):
    """`value` of (fy, fx) at every bin of a complex transform, one by one."""
    height, width = shape

    def signed(k, n):
        return (k if k <= n // 2 else k - n) / n

    return np.array(
        [[value(signed(i, height), signed(j, width)) for j in range(width)] for i in range(height)]
    )


def logistic(z):
    return 1 / (1 + math.exp(-z))


@given(sides, sides)
@settings(deadline=None)
def test_radius_is_that_of_each_bin(height, width):
    expected = whole_plane((height, width), math.hypot)[:, : width // 2 + 1]
    np.testing.assert_allclose(radial_frequency((height, width)), expected, atol=1e-15)


def test_corner_of_an_even_picture_is_the_highest_frequency():
    assert radial_frequency((6, 8)).max() == pytest.approx(MAX_RADIUS, abs=1e-15)


@given(sides, sides, st.floats(0, 0.7), st.floats(0, 0.7), st.sampled_from(["radial", "square"]))
@settings(deadline=None)
def test_mask_is_even_so_that_its_kernel_is_real(height, width, a, b, form):
    low, high = sorted((a, b))
    half = band_mask((height, width), low, high, form=form)
    whole = np.zeros((height, width))
    whole[:, : half.shape[1]] = half
    for column in range(half.shape[1], width):
        whole[:, column] = half[-np.arange(height), width - column]
    assert np.abs(np.fft.ifft2(whole).imag).max() < 1e-12
    mirrored = whole[np.ix_(-np.arange(height), -np.arange(width))]
    np.testing.assert_array_equal(whole, mirrored)


@pytest.mark.parametrize("shape", [(32, 32), (31, 33), (64, 48), (1, 7)])
def test_named_bands_share_no_bin_and_leave_none_out(shape):
    total = sum(band_mask(shape, low, high) for low, high in BANDS.values())
    np.testing.assert_array_equal(total, 1)


def test_hard_band_holds_its_lower_limit_and_not_its_upper():
    mask = band_mask((64, 64), 8 / 64, 16 / 64)
    assert mask[0, [7, 8, 15, 16]].tolist() == [0, 1, 1, 0]


def test_square_holds_both_ends_and_is_centred():
    mask = band_mask((256, 256), 0.0, 0.004, form="square")
    assert mask[[0, 1, 2, -1, -2], 0].tolist() == [1, 1, 0, 1, 0]
    assert mask.sum() == 3 * 2


@given(sides, sides, st.floats(0, 0.499))
@settings(deadline=None)
def test_square_is_the_definition(height, width, beta):
    reach = math.floor(beta * min(height, width))

    def inside(fy, fx):
        return float(max(abs(round(fy * height)), abs(round(fx * width))) <= reach)

    expected = whole_plane((height, width), inside)[:, : width // 2 + 1]
    np.testing.assert_array_equal(band_mask((height, width), 0.0, beta, form="square"), expected)


def test_gain_of_soft_edges_is_the_formula_everywhere():
    low, high, tau = 0.1, 0.3, 0.02
    expected = whole_plane(
        (20, 20),
        lambda fy, fx: (
            logistic((math.hypot(fy, fx) - low) / tau) * logistic((high - math.hypot(fy, fx)) / tau)
        ),
    )
    np.testing.assert_allclose(band_mask((20, 20), low, high, rolloff=tau), expected[:, :11], atol=1e-7)


def test_gain_at_either_cut_off_is_half_of_what_the_other_edge_leaves():
    mask = band_mask((40, 40), 0.1, 0.3, rolloff=0.02)
    expected = 0.5 * logistic(0.2 / 0.02)
    assert mask[0, 4] == pytest.approx(expected, abs=1e-6)
    assert mask[0, 12] == pytest.approx(expected, abs=1e-6)


def test_very_steep_edges_do_not_overflow():
    np.testing.assert_array_equal(band_mask((16, 16), 0.2, 0.3, rolloff=1e-9), band_mask((16, 16), 0.2, 0.3))


def test_masks_are_the_callers_own():
    band_mask((8, 8), 0.0, 0.2)[:] = 7
    radial_frequency((8, 8))[:] = 7
    assert band_mask((8, 8), 0.0, 0.2).max() == 1
    assert radial_frequency((8, 8))[0, 0] == 0


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"low": 0.3, "high": 0.2}, r"low: expected at most high = 0.2, got 0.3"),
        ({"low": 0.0, "high": 0.8}, r"high: expected a number in \[0, 0.70.*\], got 0.8"),
        ({"low": -0.1, "high": 0.2}, r"low: expected a number in \[0, .*\], got -0.1"),
        ({"low": 0.0, "high": float("nan")}, r"high: expected a number .* got nan"),
        ({"low": 0.0, "high": "0.2"}, r"high: expected a number, got '0.2'"),
        ({"low": 0.0, "high": 0.2, "form": "round"}, r"form: expected one of radial, square, got 'round'"),
        ({"low": 0.0, "high": 0.2, "rolloff": -1.0}, r"rolloff: expected a number .* got -1.0"),
        ({"low": 0.0, "high": 0.2, "form": "square", "rolloff": 0.1}, r"rolloff: expected 0 for the square"),
    ],
)
def test_bad_band_is_named(arguments, match):
    with pytest.raises(ArgumentError, match=match):
        band_mask((8, 8), **arguments)


@pytest.mark.parametrize("shape", [(8,), (8, 8, 3), (0, 8), (8, 2.5)])
def test_bad_shape_is_named(shape):
    with pytest.raises(ArgumentError, match=r"shape: expected \(H, W\)"):
        radial_frequency(shape)
