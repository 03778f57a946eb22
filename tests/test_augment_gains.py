"""Filters and injected bands as linear systems: composition, symmetry, gains at known frequencies, and torch alike."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import (
    BandpassInjectParams,
    band_scale,
    bandpass_inject,
    recapture_blur,
    spectral_jitter,
)
from specaug.augment.bands import apply_bandpass_inject
from specaug.augment.spectral_gains import jitter_field
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

FILTERS = {
    "band": lambda x: band_scale(x, low=0.1, high=0.3, gain=1.7),
    "soft": lambda x: band_scale(x, low=0.1, high=0.3, gain=0.3, rolloff=0.05),
    "blur": lambda x: recapture_blur(x, cutoff=0.15),
    "jitter": lambda x: spectral_jitter(x, amount=0.8, rng=2),
}
EVEN = {name: f for name, f in FILTERS.items() if name != "jitter"}
each_filter = pytest.mark.parametrize("name", FILTERS)
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])


def quiet(shape, seed=0, spread=0.02):
    return np.random.default_rng(seed).uniform(0.5 - spread, 0.5 + spread, shape)


def grating(ky, kx, shape, amplitude=0.1, phase=0.4):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return amplitude * np.cos(2 * np.pi * (ky * y / shape[0] + kx * x / shape[1]) + phase)[..., None]


@each_filter
def test_a_filter_is_linear_and_keeps_a_constant(name):
    x, y = quiet((17, 20, 3)) - 0.5, quiet((17, 20, 3), 1) - 0.5
    f = FILTERS[name]
    np.testing.assert_allclose(f(0.5 + x + y), f(0.5 + x) + f(0.5 + y) - 0.5, atol=1e-12)
    np.testing.assert_allclose(f(0.5 - 3 * x), 0.5 - 3 * (f(0.5 + x) - 0.5), atol=1e-12)
    np.testing.assert_allclose(f(0.2 + 0 * x), 0.2, atol=1e-12)


@each_filter
@pytest.mark.parametrize("shift", [(3, 0), (0, -5), (7, 11)])
def test_a_filter_follows_a_circular_shift(name, shift):
    x = quiet((16, 21, 2))
    moved = FILTERS[name](np.roll(x, shift, axis=(0, 1)))
    np.testing.assert_allclose(moved, np.roll(FILTERS[name](x), shift, axis=(0, 1)), atol=1e-12)


@pytest.mark.parametrize("name", EVEN)
@pytest.mark.parametrize(
    "turn",
    [lambda x: x[::-1], lambda x: x[:, ::-1], lambda x: x.transpose(1, 0, 2), lambda x: np.rot90(x)],
    ids=["upside down", "mirrored", "transposed", "turned"],
)
def test_a_gain_of_the_radius_alone_has_no_direction(name, turn):
    x = quiet((15, 22, 2))
    np.testing.assert_allclose(FILTERS[name](turn(x)), turn(FILTERS[name](x)), atol=1e-12)


@each_filter
def test_channels_do_not_mix(name):
    x = quiet((12, 13, 3))
    changed = x.copy()
    changed[..., 1] = quiet((12, 13), 5)
    ours, other = FILTERS[name](x), FILTERS[name](changed)
    np.testing.assert_allclose(other[..., [0, 2]], ours[..., [0, 2]], atol=1e-15)
    assert np.abs(other[..., 1] - ours[..., 1]).max() > 1e-3


@given(st.floats(0.03, 0.7), st.floats(0.03, 0.7))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_two_blurs_are_one_whose_squares_add_up(a, b):
    x = quiet((18, 25, 2))
    one = 1 / math.sqrt(1 / a**2 + 1 / b**2)
    twice = recapture_blur(recapture_blur(x, cutoff=a), cutoff=b)
    np.testing.assert_allclose(twice, recapture_blur(x, cutoff=one), atol=1e-12)


def test_a_blur_is_a_periodic_gaussian_of_one_over_two_pi_cutoff():
    point = np.zeros((41, 41, 1))
    point[20, 20] = 1.0
    y, x = np.mgrid[-20:21, -20:21]
    sigma = 1 / (2 * np.pi * 0.08)
    expected = np.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    np.testing.assert_allclose(recapture_blur(point, cutoff=0.08)[..., 0], expected, atol=1e-6)


@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.floats(0.2, 3.0))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_a_gain_and_its_inverse_give_the_picture_back(a, b, gain):
    x, (low, high) = quiet((16, 19, 2)), sorted((a, b))
    there = band_scale(x, low=low, high=high, gain=gain)
    np.testing.assert_allclose(band_scale(there, low=low, high=high, gain=1 / gain), x, atol=1e-12)


def test_the_parts_of_a_partition_add_up_to_the_picture_less_its_mean():
    x, edges = quiet((20, 26, 3)), [0.0, 0.07, 0.2, MAX_RADIUS]
    removed = [x - band_scale(x, low=low, high=high, gain=0.0) for low, high in itertools.pairwise(edges)]
    np.testing.assert_allclose(sum(removed), x - x.mean(axis=(0, 1)), atol=1e-12)
    for one, other in itertools.combinations(removed, 2):  # bands are at right angles
        assert np.sum(one * other) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("gain", [0.0, 0.5, 2.0])
def test_energy_of_the_band_is_scaled_by_the_square(gain):
    x = quiet((24, 31, 1))
    held, parts = (band_scale(x, low=0.1, high=0.3, gain=g) - x for g in (0.0, gain))
    band_energy = np.sum(held**2)
    after = np.sum((band_scale(x, low=0.1, high=0.3, gain=gain) - (x + held)) ** 2)
    assert after == pytest.approx(gain**2 * band_energy, abs=1e-12)
    assert np.sum(parts**2) == pytest.approx((gain - 1) ** 2 * band_energy)


@libraries
@pytest.mark.parametrize(
    ("ky", "kx", "inside"),
    [(0, 8, True), (8, 0, True), (0, 7, False), (6, 6, True), (0, 16, False), (9, 13, True)],
)
def test_a_grating_is_scaled_where_its_radius_lies_in_the_band(ky, kx, inside, library):
    wave = grating(ky, kx, (64, 64))
    x = 0.5 + wave if library == "numpy" else torch.asarray(0.5 + wave)
    ours = band_scale(x, low=8 / 64, high=16 / 64, gain=0.25)
    np.testing.assert_allclose(np.asarray(ours), 0.5 + wave * (0.25 if inside else 1), atol=1e-12)


@pytest.mark.parametrize("amount", [0.1, 0.6, 1.0])
@pytest.mark.parametrize(("ky", "kx"), [(0, 3), (4, 0), (-5, 6)])
def test_jitter_scales_a_grating_by_its_number_of_the_field(amount, ky, kx):
    shape, seed = (24, 25), 11
    drawn = int(np.random.default_rng(seed).integers(2**32))
    factor = 1 + amount * jitter_field(shape, drawn)[ky % 24, kx]
    wave = grating(ky, kx, shape, 0.1)
    ours = spectral_jitter(0.5 + wave, amount=amount, rng=seed)
    np.testing.assert_allclose(ours, 0.5 + factor * wave, atol=1e-12)


def test_the_field_is_uniform_and_of_its_own_for_each_seed():
    field = jitter_field((101, 101), 0)[1:, 1:].ravel()
    values = np.sort(field)
    assert np.abs((values + 1) / 2 - (np.arange(values.size) + 0.5) / values.size).max() < 0.023
    other = jitter_field((101, 101), 1)[1:, 1:].ravel()
    assert abs(np.corrcoef(field, other)[0, 1]) < 0.05
    with pytest.raises(ArgumentError, match=r"shape: expected \(H, W\)"):
        jitter_field((0, 4), 0)


INJECT = {"low": 0.1, "high": 0.35}


def own_band(x, low=0.1, high=0.35):
    return x - band_scale(x, low=low, high=high, gain=0.0)


@libraries
def test_neither_strength_nor_brightness_of_a_donor_matters(library):
    x, donor = quiet((20, 24, 3)), quiet((20, 24, 3), 1)
    made = []
    for d in (donor, 0.1 + 4 * (donor - 0.5) + 0.4, donor + 0.3):
        pair = (x, d) if library == "numpy" else (torch.asarray(x), torch.asarray(d))
        made.append(np.asarray(bandpass_inject(*pair, gain=0.8, **INJECT)))
    np.testing.assert_allclose(made[1], made[0], atol=1e-10)
    np.testing.assert_allclose(made[2], made[0], atol=1e-10)


@libraries
@pytest.mark.parametrize("gain", [0.3, 1.5])
def test_each_picture_of_a_batch_gets_the_norm_of_its_own_band(library, gain):
    x = np.stack([quiet((20, 24, 3), i, 0.01 * (i + 1)) for i in range(3)])
    donor = quiet((20, 24, 3), 9)
    pair = (x, donor) if library == "numpy" else (torch.asarray(x), torch.asarray(donor))
    added = np.asarray(bandpass_inject(*pair, gain=gain, **INJECT)) - x
    shape = own_band(donor) / np.linalg.norm(own_band(donor))
    for picture, extra in zip(x, added, strict=True):
        np.testing.assert_allclose(extra, gain * np.linalg.norm(own_band(picture)) * shape, atol=1e-7)


def test_channels_share_one_strength():
    """The donor's balance between channels is kept: the norm is that over all of them."""
    x, donor = quiet((20, 24, 3)), quiet((20, 24, 3), 1)
    x[..., 0] = 0.5
    added = bandpass_inject(x, donor, gain=1.0, **INJECT) - x
    assert np.linalg.norm(added) == pytest.approx(np.linalg.norm(own_band(x)), rel=1e-6)
    ratio = np.linalg.norm(added, axis=(0, 1)) / np.linalg.norm(own_band(donor), axis=(0, 1))
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_a_flat_picture_has_no_band_to_be_measured_by():
    x = np.full((20, 24, 3), 0.5)
    np.testing.assert_allclose(bandpass_inject(x, quiet((20, 24, 3)), gain=1.5, **INJECT), x, atol=1e-9)


@libraries
@pytest.mark.parametrize(("ky", "kx", "held"), [(0, 1, False), (0, 5, True), (8, 0, False)])
def test_a_donor_needs_something_in_the_band(ky, kx, held, library):
    x, donor = quiet((20, 20, 1)), 0.5 + grating(ky, kx, (20, 20))
    pair = (x, donor) if library == "numpy" else (torch.asarray(x), torch.asarray(donor))
    if held:
        added = np.asarray(bandpass_inject(*pair, gain=1.0, **INJECT)) - x
        unit = (donor - 0.5) / np.linalg.norm(donor - 0.5)
        np.testing.assert_allclose(added, np.linalg.norm(own_band(x)) * unit, atol=1e-8)
        return
    with pytest.raises(
        ArgumentError, match=r"donor: expected energy between 0\.1 and 0\.35 cycles/px, got none"
    ):
        bandpass_inject(*pair, gain=1.0, **INJECT)


def test_one_empty_donor_of_several_is_refused():
    x = quiet((2, 20, 20, 1))
    donors = np.stack([quiet((20, 20, 1)), np.full((20, 20, 1), 0.5)])
    with pytest.raises(ArgumentError, match="donor: expected energy"):
        bandpass_inject(torch.asarray(x), torch.asarray(donors), gain=1.0, **INJECT)


def test_a_strong_injection_clips_and_is_not_guarded():
    x = np.random.default_rng(0).uniform(0, 1, (16, 16, 3))
    params = BandpassInjectParams(0.1, MAX_RADIUS, 1.5)
    applied = apply_bandpass_inject(x, x[::-1], params)
    assert applied.halvings == 0
    assert applied.clipped > 0.05
    assert (applied.image.min(), applied.image.max()) == (0, 1)
