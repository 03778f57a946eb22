"""Amplitude mixing: equal to the slow definition, real, and exact where nothing may change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import fda, spectral_mix
from specaug.augment.mixing import FdaParams, SpectralMixParams, apply_fda, apply_spectral_mix
from specaug.spectrum import MAX_RADIUS

FLOAT32 = 2e-6  # of values near 0.5 after two transforms: a few tens of roundings


def quiet_pair(shape, seed=0):
    """Two pictures whose mixes stay far from black and white."""
    return np.random.default_rng(seed).uniform(0.45, 0.55, (2, *shape))


def square(shape, reach):
    """Mask of |ky|, |kx| <= reach over the whole plane."""
    ky, kx = (np.rint(np.fft.fftfreq(n) * n) for n in shape)
    return (np.abs(ky)[:, None] <= reach) & (np.abs(kx) <= reach)


def radial(shape, low, high):
    radius = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    return (radius >= low) & (radius < high)


def slow_mix(x, r, mask, strength=1.0):
    """The definition over the whole complex plane in float64; complex, so that a residue would show."""
    X, R = (np.fft.fft2(v, axes=(0, 1)) for v in (x, r))
    weight = strength * mask[..., None]
    amplitude = (1 - weight) * np.abs(X) + weight * np.abs(R)
    return np.fft.ifft2(amplitude * np.exp(1j * np.angle(X)), axes=(0, 1))


@given(
    st.integers(2, 40), st.integers(2, 40), st.sampled_from([1, 3, 4]), st.floats(0, 0.5), st.integers(0, 99)
)
@settings(deadline=None, max_examples=60)
def test_fda_is_the_definition_and_real(height, width, channels, beta, seed):
    x, r = quiet_pair((height, width, channels), seed)
    expected = slow_mix(x, r, square((height, width), np.floor(beta * min(height, width))))
    assert np.abs(expected.imag).max() < 1e-6
    np.testing.assert_allclose(fda(x, r, beta=beta), expected.real, atol=1e-12)
    float32 = fda(x.astype(np.float32), r.astype(np.float32), beta=beta)
    assert float32.dtype == np.float32
    np.testing.assert_allclose(float32, expected.real, atol=FLOAT32)


@given(st.integers(2, 40), st.integers(2, 40), st.floats(0, 0.7), st.floats(0, 0.7), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_mix_is_the_definition(height, width, a, b, strength):
    x, r = quiet_pair((height, width, 3))
    low, high = sorted((a, b))
    mask = radial((height, width), low, high)
    mask[0, 0] = False
    expected = slow_mix(x, r, mask, strength)
    mixed = spectral_mix(x, r, strength=strength, low=low, high=high)
    np.testing.assert_allclose(mixed, expected.real, atol=1e-12)


@pytest.mark.parametrize("beta", [0.01, 0.05, 0.09, 0.15, 0.3])
@pytest.mark.parametrize("shape", [(224, 224, 3), (97, 128, 1)])
def test_uint8_is_rounded_from_the_definition(shape, beta):
    x, r = (np.rint(255 * v).astype(np.uint8) for v in quiet_pair(shape))
    expected = slow_mix(x / 255, r / 255, square(shape[:2], np.floor(beta * min(shape[:2])))).real * 255
    ours = fda(x, r, beta=beta)
    assert ours.dtype == np.uint8
    # Rounding: within half a level, and float32 may decide a tie otherwise.
    assert np.abs(ours - expected).max() <= 0.5 + 1e-3


def test_block_and_fast_transform_give_the_same(monkeypatch):
    x, r = quiet_pair((64, 48, 3))
    block = fda(x, r, beta=0.1), spectral_mix(x, r, strength=0.7, high=0.15)
    monkeypatch.setattr("specaug.spectrum.transform.LOW_LIMIT", -1.0)
    full = fda(x, r, beta=0.1), spectral_mix(x, r, strength=0.7, high=0.15)
    np.testing.assert_allclose(block, full, atol=1e-13)


def test_zero_strength_is_identity(rng):
    x, r = rng.random((2, 33, 20, 3))
    np.testing.assert_array_equal(spectral_mix(x, r, strength=0.0), x)
    x8, r8 = (np.rint(255 * v).astype(np.uint8) for v in (x, r))
    np.testing.assert_array_equal(spectral_mix(x8, r8, strength=0.0), x8)


def test_a_picture_mixed_with_itself_is_itself(rng):
    x = rng.random((33, 20, 3))
    np.testing.assert_allclose(spectral_mix(x, x, strength=1.0), x, atol=1e-12)
    np.testing.assert_allclose(fda(x, x, beta=0.2), x, atol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (0.1, 0.3), (0.3, MAX_RADIUS)])
def test_energy_outside_the_band_is_unchanged(low, high):
    x, r = (v.astype(np.float32) for v in quiet_pair((48, 50, 3)))
    before, after = (
        np.fft.fft2(v.astype(np.float64), axes=(0, 1), norm="ortho")
        for v in (x, spectral_mix(x, r, strength=1.0, low=low, high=high))
    )
    inside = radial((48, 50), low, high if high < MAX_RADIUS else 1)
    np.testing.assert_allclose(np.abs(after)[~inside], np.abs(before)[~inside], atol=1e-5)
    inside[0, 0] = False
    reference = np.abs(np.fft.fft2(r, axes=(0, 1), norm="ortho"))
    np.testing.assert_allclose(np.abs(after)[inside], reference[inside], atol=1e-5)


def test_phase_is_kept():
    x, r = quiet_pair((31, 32, 3))
    before, after = (np.fft.fft2(v, axes=(0, 1)) for v in (x, spectral_mix(x, r, strength=1.0)))
    np.testing.assert_allclose(np.exp(1j * np.angle(after)), np.exp(1j * np.angle(before)), atol=1e-9)


def test_mean_is_kept_unless_asked_for():
    x, r = quiet_pair((16, 17, 3))
    r = r - 0.1
    kept, swapped = (spectral_mix(x, r, strength=1.0, high=0.2, keep_mean=k) for k in (True, False))
    np.testing.assert_allclose(kept.mean(axis=(0, 1)), x.mean(axis=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(swapped.mean(axis=(0, 1)), r.mean(axis=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(fda(x, r, beta=0.1).mean(axis=(0, 1)), r.mean(axis=(0, 1)), atol=1e-12)


def test_frozen_values():
    x = np.array([[[0.25], [0.5]], [[0.5], [0.25]]])
    r = np.array([[[0.5], [0.5]], [[0.75], [0.75]]])
    # X = (1.5, 0; 0, -0.5), |R| = (2.5, 0; 0.5, 0): the mean goes to 2.5, the checkerboard away.
    np.testing.assert_allclose(
        spectral_mix(x, r, strength=1.0, keep_mean=False)[..., 0], [[0.625, 0.625]] * 2
    )
    np.testing.assert_allclose(
        spectral_mix(x, r, strength=0.5, keep_mean=False)[..., 0] * 16, [[7, 9], [9, 7]]
    )


def test_frozen_fda():
    x = np.tile(np.array([0.25, 0.5, 0.75, 0.5])[None, :, None], (4, 1, 1))
    r = np.tile(0.6 + 0.125 * np.array([0, 1, 0, -1])[None, :, None], (4, 1, 1))
    # b = 1: the mean and one cycle in four px take the reference's amplitude; the wave stays where it was.
    swapped = fda(x, r, beta=0.25)[..., 0]
    np.testing.assert_allclose(swapped, [[0.475, 0.6, 0.725, 0.6]] * 4, atol=1e-12)
    # b = 0: the mean alone.
    np.testing.assert_allclose(fda(x, r, beta=0.0)[..., 0], x[..., 0] + 0.1, atol=1e-12)


def test_a_flat_picture_gains_no_random_phases():
    """All of its bins but one are rounding noise, which is no phase to build a texture on."""
    flat, busy = np.full((224, 224, 3), 0.7, np.float32), quiet_pair((224, 224, 3))[1].astype(np.float32)
    np.testing.assert_allclose(spectral_mix(flat, busy, strength=1.0), flat, atol=2e-3)


def test_guard_halves_only_while_more_than_one_percent_clips(rng):
    x = rng.uniform(0, 1, (32, 32, 3))
    r = (rng.random((32, 32, 3)) > 0.5).astype(float)
    applied = apply_spectral_mix(x, r, SpectralMixParams(1.0))
    assert applied.halvings == 4 or applied.clipped <= 0.01
    assert applied.halvings > 0
    strength = 0.5 ** int(applied.halvings)
    raw = slow_mix(x, r, ~square((32, 32), 0), strength).real
    np.testing.assert_allclose(applied.image, np.clip(raw, 0, 1), atol=1e-12)
    assert applied.clipped == pytest.approx(np.mean((raw < -1 / 510) | (raw > 1 + 1 / 510)))
    stronger = slow_mix(x, r, ~square((32, 32), 0), 2 * strength).real
    assert np.mean((stronger < -1 / 510) | (stronger > 1 + 1 / 510)) > 0.01


def test_guard_stops_after_four():
    x = np.tile([[[1.0], [0.0]]], (16, 8, 1))
    r = np.zeros((16, 16, 1))
    r[::2, ::2] = 1
    applied = apply_fda(x, 1 - r / 10, FdaParams(0.5))
    assert applied.halvings <= 4


def test_fda_is_exact_while_little_clips():
    x, r = quiet_pair((40, 40, 3))
    x[0, :3] = 1.0  # less than one percent, and all of it clips
    r = r + 0.3
    expected = slow_mix(x, r, square((40, 40), 4)).real
    assert 0 < (expected > 1).mean() < 0.01
    np.testing.assert_allclose(fda(x, r, beta=0.1), np.clip(expected, 0, 1), atol=1e-12)


def test_a_clip_is_guarded_as_one(rng):
    calm, wild = quiet_pair((16, 16, 3))[0], rng.random((16, 16, 3))
    clip = np.stack((calm, calm, wild, wild))
    r = (rng.random((16, 16, 3)) > 0.5).astype(float)
    alone = apply_spectral_mix(clip, r, SpectralMixParams(1.0))
    together = apply_spectral_mix(clip, r, SpectralMixParams(1.0), clip_axis=0)
    assert len(set(alone.halvings.tolist())) > 1
    assert together.halvings.shape == ()
    strength = 0.5 ** int(together.halvings)
    mask = ~square((16, 16), 0)
    expected = [np.clip(slow_mix(frame, r, mask, strength).real, 0, 1) for frame in clip]
    np.testing.assert_allclose(together.image, expected, atol=1e-12)
