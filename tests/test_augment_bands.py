"""Band-pass synthesis: gains as analysed, norms as promised, the mean where it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import band_scale, bandpass_inject, recapture_blur, spectral_jitter
from specaug.augment.spectral_gains import jitter_field
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS


def quiet(shape, seed=0):
    return np.random.default_rng(seed).uniform(0.45, 0.55, shape)


def radius(shape):
    return np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))


def slow_filter(x, gain):
    """The definition over the whole complex plane in float64."""
    return np.fft.ifft2(np.fft.fft2(x, axes=(0, 1)) * gain[..., None], axes=(0, 1))


def band(shape, low, high):
    mask = (radius(shape) >= low) & (radius(shape) < high)
    mask[0, 0] = False
    return mask.astype(float)


def grating(ky, kx, shape=(40, 40)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return 0.1 * np.cos(2 * np.pi * (ky * y / shape[0] + kx * x / shape[1]))[..., None]


sizes = st.tuples(st.integers(2, 40), st.integers(2, 40), st.sampled_from([1, 3]))
limits = st.tuples(st.floats(0, 0.7), st.floats(0, 0.7)).map(sorted)


@given(sizes, limits, st.floats(0, 1.5))
@settings(deadline=None, max_examples=50)
def test_band_scale_is_the_definition(shape, limit, gain):
    x = quiet(shape)
    expected = slow_filter(x, 1 + (gain - 1) * band(shape[:2], *limit))
    assert np.abs(expected.imag).max() < 1e-6
    ours = band_scale(x, low=limit[0], high=limit[1], gain=gain)
    np.testing.assert_allclose(ours, np.clip(expected.real, 0, 1), atol=1e-12)


@given(sizes, st.floats(0.01, 0.7))
@settings(deadline=None, max_examples=50)
def test_blur_is_the_definition_and_keeps_the_mean(shape, cutoff):
    x = quiet(shape)
    ours = recapture_blur(x, cutoff=cutoff)
    np.testing.assert_allclose(
        ours, slow_filter(x, np.exp(-0.5 * (radius(shape[:2]) / cutoff) ** 2)).real, atol=1e-12
    )
    np.testing.assert_allclose(ours.mean(axis=(0, 1)), x.mean(axis=(0, 1)), atol=1e-12)


@pytest.mark.parametrize(("ky", "kx"), [(0, 10), (6, 8), (-3, 4)])
def test_blur_of_a_grating_is_the_gain_at_its_frequency(ky, kx):
    blurred = recapture_blur(0.5 + grating(ky, kx), cutoff=0.2)
    gain = np.exp(-0.5 * ((ky**2 + kx**2) / 40**2) / 0.2**2)
    np.testing.assert_allclose(blurred, 0.5 + gain * grating(ky, kx), atol=1e-12)


def test_band_gain_at_its_soft_limit():
    wave = grating(0, 8)  # 0.2 cycles/px
    halved = band_scale(0.5 + wave, low=0.05, high=0.2, gain=0.0, rolloff=0.01)
    logistic = 1 / (1 + np.exp(-0.15 / 0.01))
    # Masks are kept in float32.
    np.testing.assert_allclose(halved, 0.5 + (1 - 0.5 * logistic) * wave, atol=1e-7)


def test_removed_band_is_gone_and_the_rest_untouched():
    waves = grating(0, 2) + grating(0, 10) + grating(15, 0)
    removed = band_scale(0.5 + waves, low=0.2, high=0.3, gain=0.0)
    np.testing.assert_allclose(removed, 0.5 + grating(0, 2) + grating(15, 0), atol=1e-12)


def test_unit_gain_is_identity(rng):
    x = rng.random((15, 16, 3))
    np.testing.assert_array_equal(band_scale(x, low=0.1, high=0.3, gain=1.0), x)
    np.testing.assert_array_equal(spectral_jitter(x, amount=0.0, rng=0), x)
    np.testing.assert_array_equal(bandpass_inject(x, x[::-1], low=0.1, high=0.3, gain=0.0), x)


def test_mean_is_kept_unless_asked_for():
    x = quiet((16, 18, 3))
    kept, scaled = (band_scale(x, low=0.0, high=0.1, gain=0.5, keep_mean=k) for k in (True, False))
    np.testing.assert_allclose(kept.mean(axis=(0, 1)), x.mean(axis=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(scaled.mean(axis=(0, 1)), 0.5 * x.mean(axis=(0, 1)), atol=1e-12)


@given(sizes, limits, st.floats(0, 1.5))
@settings(deadline=None, max_examples=50)
def test_injected_norm_is_gain_times_the_pictures_own(shape, limit, gain):
    x, donor = quiet(shape), quiet(shape, 1)
    mask = band(shape[:2], *limit)
    if not mask.any():
        with pytest.raises(ArgumentError, match="donor: expected energy between"):
            bandpass_inject(x, donor, low=limit[0], high=limit[1], gain=gain)
        return
    own, other = slow_filter(x, mask).real, slow_filter(donor, mask).real
    added = gain * np.linalg.norm(own) / np.linalg.norm(other) * other
    ours = bandpass_inject(x, donor, low=limit[0], high=limit[1], gain=gain)
    np.testing.assert_allclose(ours, np.clip(x + added, 0, 1), atol=1e-9)


def test_injected_energy_lies_in_the_band():
    x, donor = (quiet((64, 64, 3), i).astype(np.float32) for i in range(2))
    added = bandpass_inject(x, donor, low=0.1, high=0.3, gain=1.0).astype(np.float64) - x
    outside = np.abs(np.fft.fft2(added, axes=(0, 1), norm="ortho"))[band((64, 64), 0.1, 0.3) == 0]
    assert outside.max() < 1e-5


def test_flat_donor_is_refused():
    with pytest.raises(
        ArgumentError, match=r"donor: expected energy between 0.1 and 0.3 cycles/px, got none"
    ):
        bandpass_inject(quiet((32, 32, 3)), np.full((32, 32, 3), 0.4), low=0.1, high=0.3, gain=1.0)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_jitter_field_is_even_bounded_and_zero_for_the_mean(height, width, seed):
    half = jitter_field((height, width), seed)
    whole = np.zeros((height, width))
    whole[:, : half.shape[1]] = half
    for column in range(half.shape[1], width):
        whole[:, column] = half[-np.arange(height), width - column]
    np.testing.assert_array_equal(whole, whole[np.ix_(-np.arange(height), -np.arange(width))])
    assert np.abs(whole).max() <= 1
    assert whole[0, 0] == 0


def test_jitter_multiplies_by_the_field_in_every_channel_and_picture(rng):
    x = quiet((2, 20, 21, 3))
    ours = spectral_jitter(x, amount=0.3, rng=5)
    ratio = np.fft.rfft2(ours, axes=(1, 2)) / np.fft.rfft2(x, axes=(1, 2))
    assert np.abs(ratio.imag).max() < 1e-9
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1, :, :, :1], ratio.shape), atol=1e-9)
    # Twenty by eleven uniform numbers fill their range.
    assert np.abs(ratio.real - 1).max() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(ours.mean(axis=(1, 2)), x.mean(axis=(1, 2)), atol=1e-12)


def test_jitter_depends_on_the_seed_alone(rng):
    x = quiet((20, 21, 3))
    np.testing.assert_array_equal(*(spectral_jitter(x, amount=0.3, rng=5) for _ in range(2)))
    assert not np.array_equal(*(spectral_jitter(x, amount=0.3, rng=i) for i in range(2)))


def test_frozen_jitter():
    x = np.array([0.25, 0.5, 0.75, 0.5])[None, :, None]
    field = np.random.default_rng(np.random.default_rng(7).integers(2**32)).uniform(-1, 1, (1, 3))[0]
    # X = (2, -0.5, 0, -0.5), of which only one cycle in four px is jittered.
    expected = 0.5 - 0.25 * (1 + 0.4 * field[1]) * np.array([1, 0, -1, 0])
    np.testing.assert_allclose(spectral_jitter(x, amount=0.4, rng=7)[0, :, 0], expected, atol=1e-15)


def test_frozen_values():
    x = np.array([0.25, 0.5, 0.75, 0.5])[None, :, None]
    # X = (2, -0.5, 0, -0.5): gain exp(-1/2) at 1/4 cycles/px.
    expected = 0.5 - 0.25 * np.exp(-0.5) * np.array([1, 0, -1, 0])
    np.testing.assert_allclose(recapture_blur(x, cutoff=0.25)[0, :, 0], expected, atol=1e-15)
    doubled = band_scale(x, low=0.2, high=0.3, gain=2.0)[0, :, 0]
    np.testing.assert_allclose(doubled, [0.0, 0.5, 1.0, 0.5], atol=1e-15)
    donor = np.array([0.5, 0.75, 0.5, 0.25])[None, :, None]
    injected = bandpass_inject(x, donor, low=0.2, high=0.3, gain=0.5)[0, :, 0]
    np.testing.assert_allclose(injected, [0.25, 0.625, 0.75, 0.375], atol=1e-9)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: band_scale(x, low=0.3, high=0.1, gain=1.0), "low: expected at most high = 0.1, got 0.3"),
        (lambda x: band_scale(x, low=0.0, high=0.9, gain=1.0), r"high: expected a number in .* got 0.9"),
        (lambda x: band_scale(x, low=0.0, high=0.5, gain=-1.0), r"gain: expected a number in .* got -1.0"),
        (
            lambda x: bandpass_inject(x, x, low=0.0, high=0.5, gain=np.nan),
            "gain: expected a number .* got nan",
        ),
        (lambda x: recapture_blur(x, cutoff=0.0), r"cutoff: expected a number in \(0, √½\], got 0.0"),
        (lambda x: recapture_blur(x, cutoff=MAX_RADIUS + 0.1), "cutoff: expected a number in .* got 0.8"),
        (lambda x: spectral_jitter(x, amount=1.5), r"amount: expected a number in \[0, 1\], got 1.5"),
    ],
)
def test_bad_setting_is_named(call, match):
    with pytest.raises(ArgumentError, match=match):
        call(quiet((8, 8, 3)))
