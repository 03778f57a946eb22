"""Power spectra: in absolute units, on the right frequencies, whatever the size."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from made_frames import SIGMA, grating, noise

from specaug.differences.spectra import (
    BANDS,
    OCTAVES,
    ROUNDING,
    band_power,
    decibels,
    lobe_mean,
    mean_power,
    radial_means,
    wave_amplitude,
    whole_plane,
)
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS


@pytest.mark.parametrize("side", [64, 97])
def test_white_noise_has_its_variance_at_every_frequency(side):
    power = mean_power(noise(1, 60, side=side))
    ring = radial_means(power, (side, side), bins=8)
    # The first ring lacks the mean that was removed, the last one, in the corners, holds few frequencies.
    np.testing.assert_allclose(ring[1:-1], SIGMA**2, rtol=0.06)


def test_uint8_is_taken_as_white_at_255():
    frames = np.random.default_rng(2).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(mean_power(frames), mean_power(frames / 255), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("shape", [(8, 8), (7, 8), (8, 7), (5, 9)])
def test_the_whole_plane_is_that_of_a_full_transform(shape):
    x = np.random.default_rng(3).standard_normal(shape)
    half = np.abs(np.fft.rfft2(x))
    np.testing.assert_allclose(
        whole_plane(half, shape[1]), np.fft.fftshift(np.abs(np.fft.fft2(x))), atol=1e-12
    )


def test_radial_means_are_means_over_the_whole_plane():
    shape, bins = (24, 30), 12
    half = np.random.default_rng(4).random((24, 16))
    radius = np.hypot(np.fft.fftfreq(24)[:, None], np.fft.fftfreq(30)[None])
    symmetric = _even(half)
    plane = np.fft.ifftshift(whole_plane(symmetric, 30))
    slow = [
        plane[(radius > 0) & (np.minimum((radius * bins / MAX_RADIUS).astype(int), bins - 1) == n)].mean()
        for n in range(bins)
    ]
    np.testing.assert_allclose(radial_means(symmetric, shape, bins=bins), slow, rtol=1e-12)


def _even(half: np.ndarray) -> np.ndarray:
    """As the power of a real image is: even in ky where kx is its own mirror image."""
    made = half.copy()
    for column in (0, -1):
        made[:, column] += np.roll(half[::-1, column], 1)
    return made


def test_bands_hold_each_frequency_once():
    shape = (64, 64)
    power = np.abs(np.fft.rfft2(np.random.default_rng(5).standard_normal(shape))) ** 2
    low = {"all": (0.0, MAX_RADIUS)}
    sizes = {name: band_power(np.ones_like(power), shape, {name: limits}) for name, limits in BANDS.items()}
    assert all(size == pytest.approx(1.0) for size in sizes.values())
    whole = band_power(power, shape, low)[0]
    assert min(band_power(power, shape, BANDS)) <= whole <= max(band_power(power, shape, BANDS))
    limits = list(OCTAVES.values())
    assert all(a[1] == b[0] for a, b in itertools.pairwise(limits))
    assert limits[-1][1] == MAX_RADIUS


@pytest.mark.parametrize(("frequency", "angle"), [(0.25, 0.0), (12 / 96, 90.0), (0.2131, 33.0)])
def test_the_amplitude_of_a_wave_is_read_off_its_lobe(frequency, angle):
    frames = np.repeat(0.5 + grating(frequency, angle, 0.04), 3, axis=-1)
    power = lobe_mean(mean_power(frames), 96)
    # Off the grid, a part of the wave lies outside the 3x3 frequencies.
    assert wave_amplitude(float(power.max()), (96, 96)) == pytest.approx(0.04, rel=0.06)


def test_decibels_end_at_the_rounding_of_8_bits():
    assert decibels(np.zeros(1))[0] == pytest.approx(10 * np.log10(ROUNDING))
    assert decibels(np.ones(1))[0] == pytest.approx(0, abs=1e-4)


def test_frames_without_color_are_refused():
    with pytest.raises(ArgumentError, match="frames: expected 3 channels"):
        mean_power(np.zeros((2, 32, 32, 1)))
