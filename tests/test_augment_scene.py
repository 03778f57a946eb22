"""Blur of a scene that leaves the noise, and grain: gains, energies and spectra that follow from their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specaug.augment import (
    GrainParams,
    SceneBlurParams,
    apply_drawn,
    draw,
    grain,
    recapture_blur,
    scene_blur,
)
from specaug.errors import ArgumentError
from specaug.spectrum import radial_frequency

torch = pytest.importorskip("torch", reason="torch is an optional dependency")


def noisy(deviation: float, shape=(128, 128, 3), seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, deviation, shape)


def test_noise_stays_that_a_plain_blur_takes():
    picture = noisy(0.03)
    left = scene_blur(picture, cutoff=0.15).std() / picture.std()
    assert left > 0.98
    assert recapture_blur(picture, cutoff=0.15).std() / picture.std() < 0.5


@pytest.mark.parametrize("frequency", [4 / 128, 12 / 128, 24 / 128, 44 / 128])
@pytest.mark.parametrize("cutoff", [0.1, 0.25])
def test_a_patch_of_detail_under_noise_loses_what_a_lens_takes(frequency, cutoff):
    """A grating fills a quarter of the picture; the rest is smooth, so the median tells the noise."""
    x = np.arange(128)
    wave = np.zeros((128, 128))
    wave[32:96, 32:96] = 0.2 * np.cos(2 * np.pi * frequency * x)[32:96]
    picture = np.clip(0.5 + wave[..., None] + noisy(0.01) - 0.5, 0, 1)
    after = scene_blur(picture, cutoff=cutoff)
    inner = (slice(40, 88), slice(40, 88))
    probe = np.exp(-2j * np.pi * frequency * x)[40:88]
    before, now = (
        abs(((p - p.mean((0, 1)))[inner].mean(axis=(0, 2)) * probe).mean()) for p in (picture, after)
    )
    assert now / before == pytest.approx(np.exp(-0.5 * (frequency / cutoff) ** 2), abs=0.06)


def test_without_a_threshold_it_is_the_plain_blur_of_luma():
    picture = noisy(0.05)
    weights = np.array([0.299, 0.587, 0.114])
    blurred = recapture_blur(picture @ weights, cutoff=0.2, channel_axis=None)
    expected = picture + (blurred - picture @ weights)[..., None]
    np.testing.assert_allclose(scene_blur(picture, cutoff=0.2, threshold=0.0), expected, atol=1e-12)


def test_all_channels_get_the_same_and_means_stay():
    picture = noisy(0.05)
    change = scene_blur(picture, cutoff=0.1) - picture
    np.testing.assert_allclose(change, change[..., :1] * np.ones(3), atol=1e-12)
    assert abs(change.mean()) < 1e-12


def test_a_flat_picture_stays_and_so_does_black():
    for level in (0, 7, 255):
        flat = np.full((20, 17, 3), level, np.uint8)
        np.testing.assert_array_equal(scene_blur(flat, cutoff=0.1), flat)


@pytest.mark.parametrize("shape", [(31, 40, 3), (32, 32, 1), (33, 31, 3)])
def test_medians_of_torch_and_numpy_are_the_same(shape):
    picture = noisy(0.08, shape).clip(0, 1)
    ours = scene_blur(torch.from_numpy(picture), cutoff=0.2).numpy()
    np.testing.assert_allclose(ours, scene_blur(picture, cutoff=0.2), atol=1e-10)


@given(st.floats(0.001, 0.2), st.floats(0.05, 0.7), st.floats(0, 1))
def test_grain_has_the_deviation_it_says_in_every_channel(amplitude, cutoff, color):
    factors = grain(np.full((48, 40, 3), 0.25), amplitude=amplitude, cutoff=cutoff, color=color, rng=0) / 0.25
    np.testing.assert_allclose(factors.std(axis=(0, 1)), amplitude, rtol=1e-4)
    np.testing.assert_allclose(factors.mean(axis=(0, 1)), 1, atol=1e-6)


def test_the_spectrum_of_grain_is_that_of_its_definition():
    shape, cutoff = (256, 256), 0.25
    factors = grain(np.full((*shape, 3), 0.25), amplitude=0.02, cutoff=cutoff, color=1.0, rng=1) / 0.25 - 1
    power = np.abs(np.fft.rfft2(factors, axes=(0, 1))) ** 2
    radius = radial_frequency(shape)
    expected = -np.expm1(-0.5 * (radius / cutoff) ** 2)
    edges = np.arange(0.05, 0.5, 0.05)
    for low, high in itertools.pairwise(edges):
        ring = (radius >= low) & (radius < high)
        ratio = power[ring].mean() / (expected[ring] ** 2).mean()
        top = power[radius > 0.45].mean() / (expected[radius > 0.45] ** 2).mean()
        assert ratio == pytest.approx(top, rel=0.12)


@pytest.mark.parametrize(("color", "correlation"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_colour_of_grain(color, correlation):
    factors = grain(np.full((128, 128, 3), 0.25), amplitude=0.1, cutoff=0.3, color=color, rng=2)
    red, blue = factors[..., 0].ravel(), factors[..., 2].ravel()
    assert np.corrcoef(red, blue)[0, 1] == pytest.approx(correlation, abs=0.03)


def test_grain_is_fixed_over_a_clip_and_draws_are_replayed():
    clip = np.full((3, 32, 32, 3), 120, np.uint8)
    drawn = draw("grain", rng=4)
    once, again = (apply_drawn(clip, drawn, clip_axis=0).image for _ in range(2))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(once, once[:1].repeat(3, axis=0))
    assert once.std() > 0.5


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SceneBlurParams(0.0), r"cutoff: expected a number in \(0, √½\], got 0.0"),
        (lambda: SceneBlurParams(0.2, -1.0), r"threshold: expected a number in \[0, 100\], got -1.0"),
        (lambda: GrainParams(1.5, 0.2, 0.0, 0), r"amplitude: expected a number in \[0, 1\], got 1.5"),
        (lambda: GrainParams(0.5, 0.0, 0.0, 0), r"cutoff: expected a number in \(0, √½\], got 0.0"),
        (lambda: GrainParams(0.5, 0.2, 2.0, 0), r"color: expected a number in \[0, 1\], got 2.0"),
        (lambda: GrainParams(0.5, 0.2, 0.0, 0.5), "seed: expected a whole number, got 0.5"),
    ],
)
def test_bad_settings_are_named(make, match):
    with pytest.raises(ArgumentError, match=match):
        make()


def test_frozen_values():
    """What was drawn stays the same from release to release."""
    clip = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    blocks = clip[:4, :4].repeat(4, axis=0).repeat(4, axis=1)
    assert scene_blur(blocks, cutoff=0.1)[4, 5].tolist() == [131, 116, 126]
    assert grain(clip, amplitude=0.1, cutoff=0.3, color=0.5, rng=1)[4, 5].tolist() == [88, 29, 213]
