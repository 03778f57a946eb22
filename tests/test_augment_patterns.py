"""Gratings and dots: where their spectrum peaks, how strong they are, and that tones are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import Grating, fourier_basis, halftone, moire
from specaug.augment.dots import blue_noise_tile, thresholds
from specaug.errors import ArgumentError

waves = st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0, 0.1), st.floats(-7, 7))


def slow_sum(gratings, shape):
    """Sum of cosines, pixel by pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    total = np.zeros(shape)
    for u, v, amplitude, phase in gratings:
        total += amplitude * np.cos(2 * np.pi * (u * x + v * y) + phase)
    return total


def peak(plane):
    """Frequency (fy, fx) of the strongest bin but the mean, in the half plane fx >= 0, and its amplitude."""
    spectrum = np.abs(np.fft.rfft2(plane - plane.mean())) * 2 / plane.size
    i, j = np.unravel_index(spectrum.argmax(), spectrum.shape)
    return np.fft.fftfreq(plane.shape[0])[i], j / plane.shape[1], spectrum[i, j]


@given(st.lists(waves, max_size=4), st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None)
def test_moire_multiplies_and_fourier_basis_adds(gratings, height, width):
    image = np.random.default_rng(0).uniform(0.4, 0.6, (height, width, 3))
    total = slow_sum(gratings, (height, width))[..., None]
    np.testing.assert_allclose(
        moire(image, gratings=gratings), np.clip(image * (1 + total), 0, 1), atol=1e-12
    )
    np.testing.assert_allclose(
        fourier_basis(image, gratings=gratings), np.clip(image + total, 0, 1), atol=1e-12
    )


@pytest.mark.parametrize(("ky", "kx"), [(0, 9), (5, 3), (-7, 12)])
def test_moire_of_grey_peaks_at_its_frequency(ky, kx):
    grey = np.full((60, 64, 3), 0.5)
    striped = moire(grey, gratings=[(kx / 64, ky / 60, 0.2, 0.3)])
    fy, fx, amplitude = peak(striped[..., 0])
    assert (fy, fx) == (pytest.approx(ky / 60), pytest.approx(kx / 64))
    assert amplitude == pytest.approx(0.1)


def test_each_channel_has_its_own_phase_and_amplitude():
    grey = np.full((8, 32, 3), 0.5)
    striped = moire(grey, gratings=[Grating(0.125, 0.0, (0.1, 0.2, 0.3), (0.0, 1.0, 2.0))])
    x = np.arange(32)
    for channel in range(3):
        expected = 0.5 * (1 + 0.1 * (channel + 1) * np.cos(2 * np.pi * x / 8 + channel))
        np.testing.assert_allclose(striped[3, :, channel], expected, atol=1e-12)


def test_black_stays_black_under_moire_and_not_under_a_basis_function():
    black = np.zeros((16, 16, 3))
    wave = [(0.1, 0.2, 0.3, 0.0)]
    np.testing.assert_array_equal(moire(black, gratings=wave), 0)
    assert fourier_basis(black, gratings=wave).max() == pytest.approx(0.3, abs=0.01)


def test_gratings_may_be_records_tuples_or_mappings(rng):
    image = rng.uniform(0.4, 0.6, (8, 8, 3))
    forms = (
        [Grating(0.1, 0.2, 0.3, 0.4)],
        [(0.1, 0.2, 0.3, 0.4)],
        [{"u": 0.1, "v": 0.2, "amplitude": 0.3, "phase": 0.4}],
        np.array([[0.1, 0.2, 0.3, 0.4]]),
    )
    first, *others = (moire(image, gratings=g) for g in forms)
    for other in others:
        np.testing.assert_array_equal(other, first)
    np.testing.assert_array_equal(moire(image, gratings=[]), image)


@pytest.mark.parametrize(
    ("gratings", "match"),
    [
        ([(0.6, 0.0, 0.1, 0.0)], r"u: expected a number in \[-0.5, 0.5\], got 0.6"),
        ([(0.1, 0.0, -0.1, 0.0)], r"amplitude: expected a number in \[0, 1\], got -0.1"),
        ([(0.1, 0.0, 0.1, np.nan)], "phase: expected a number .* got nan"),
        ([(0.1, 0.0)], r"gratings: expected \(u, v, amplitude, phase\) or Grating, got \(0.1, 0.0\)"),
        ([{"u": 0.1}], r"gratings: expected u, v, amplitude and phase, got \['u'\]"),
        ([Grating(0.1, 0.0, 0.1, (0.0, 1.0))], "gratings: expected one phase, or one for each of 3 channels"),
    ],
)
def test_bad_gratings_are_named(gratings, match):
    with pytest.raises(ArgumentError, match=match):
        moire(np.zeros((8, 8, 3)), gratings=gratings)


@pytest.mark.parametrize("screen", ["clustered", "blue_noise"])
def test_thresholds_are_uniform(screen):
    values = np.sort(thresholds((192, 192), 5.3, 17.0, screen), axis=None)
    # Kolmogorov's distance of many dots at irrational places; ranks in a tile are exact.
    assert np.abs(values - (np.arange(values.size) + 0.5) / values.size).max() < 0.01


@pytest.mark.parametrize("softness", [0.0, 0.15, 1.0])
@pytest.mark.parametrize("screen", ["clustered", "blue_noise"])
@pytest.mark.parametrize("tone", [0.02, 0.2, 0.5, 0.77, 0.98])
def test_tone_is_kept(tone, screen, softness):
    printed = halftone(
        np.full((192, 192, 3), tone), cell=5.3, angle=17, strength=1.0, screen=screen, softness=softness
    )
    assert printed.mean() == pytest.approx(tone, abs=0.01)


@pytest.mark.parametrize("softness", [0.0, 0.15])
def test_paper_and_full_ink_have_no_dots(softness):
    for tone in (0.0, 1.0):
        grey = np.full((32, 32, 3), tone)
        np.testing.assert_array_equal(
            halftone(grey, cell=4.0, angle=15, strength=1.0, softness=softness), grey
        )


@pytest.mark.parametrize("angle", [0, 15, 45, 75, -30])
@pytest.mark.parametrize("cell", [3.0, 5.5, 8.0])
def test_dots_peak_at_one_over_cell_along_the_angle(cell, angle):
    printed = halftone(np.full((192, 192, 1), 0.5), cell=cell, angle=angle, strength=1.0)[..., 0]
    fy, fx, _ = peak(printed)
    turned = np.rad2deg(np.arctan2(fy, fx)) % 90
    assert np.hypot(fy, fx) == pytest.approx(1 / cell, abs=1 / 192)
    assert abs((turned - angle + 45) % 90 - 45) < 3


@pytest.mark.parametrize("tone", [0.1, 0.2, 0.5, 0.8])
def test_blue_noise_has_hardly_any_power_at_low_frequencies(tone):
    printed = (tone > blue_noise_tile()).astype(float)
    power = np.abs(np.fft.rfft2(printed - printed.mean())) ** 2
    radius = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64))
    # Dots at distance 1/sqrt(tone) leave frequencies well below its inverse empty; white noise would give 1.
    quiet = 0.4 * np.sqrt(min(tone, 1 - tone))
    assert power[(radius > 0) & (radius < quiet)].mean() < 0.1 * power[radius >= quiet].mean()


def test_blue_noise_ranks_are_a_permutation():
    ranks = np.sort(blue_noise_tile() * 64**2 - 0.5, axis=None)
    np.testing.assert_allclose(ranks, np.arange(64**2), atol=1e-3)


def test_blue_noise_dots_are_half_a_cell():
    values = thresholds((64, 64), 8.0, 0.0, "blue_noise")
    np.testing.assert_array_equal(values, np.kron(values[::4, ::4], np.ones((4, 4))))


def test_strength_blends_and_zero_is_identity(rng):
    image = rng.random((24, 24, 3))
    full = halftone(image, cell=4.0, angle=20, strength=1.0)
    np.testing.assert_array_equal(halftone(image, cell=4.0, angle=20, strength=0.0), image)
    half = halftone(image, cell=4.0, angle=20, strength=0.5)
    np.testing.assert_allclose(half, (image + full) / 2, atol=1e-12)


def test_frozen_gratings():
    image = np.array([[[0.5], [0.25]], [[0.25], [0.5]]])
    # cos of 0, a quarter, a half and three quarters of a turn.
    total = [[0.2, 0.0], [-0.2, 0.0]]
    striped = moire(image, gratings=[(0.25, 0.5, 0.2, 0.0)])[..., 0]
    np.testing.assert_allclose(striped, image[..., 0] * (1 + np.array(total)), atol=1e-15)
    added = fourier_basis(image, gratings=[(0.25, 0.5, 0.2, 0.0)])[..., 0]
    np.testing.assert_allclose(added, image[..., 0] + total, atol=1e-15)


@pytest.mark.parametrize("angle", [15, 15.0, np.float32(15), np.int64(15), [15, 15, 15], np.full(3, 15.0)])
def test_angles_may_be_any_numbers(angle):
    grey = np.full((8, 8, 3), 0.5)
    expected = halftone(grey, cell=4.0, angle=15.0, strength=1.0)
    np.testing.assert_array_equal(halftone(grey, cell=4.0, angle=angle, strength=1.0), expected)


def test_each_channel_may_have_its_own_angle(rng):
    grey = np.full((48, 48, 3), 0.5)
    printed = halftone(grey, cell=4.0, angle=(0, 30, 60), strength=1.0)
    for channel, angle in enumerate((0, 30, 60)):
        alone = halftone(grey, cell=4.0, angle=angle, strength=1.0)
        np.testing.assert_array_equal(printed[..., channel], alone[..., channel])


def test_frozen_screen():
    # Triangle waves of a 4 px cell are 1, 1/2, 0, 1/2: spots and their distribution by hand.
    expected = [[1, 7 / 8, 1 / 2, 7 / 8], [7 / 8, 1 / 2, 1 / 8, 1 / 2], [1 / 2, 1 / 8, 0, 1 / 8]]
    np.testing.assert_allclose(thresholds((3, 4), 4.0, 0.0, "clustered"), expected, atol=1.1e-4)
    grey = np.full((3, 4, 1), 0.3)
    printed = halftone(grey, cell=4.0, angle=0, strength=1.0, softness=0.0)[..., 0]
    assert printed.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 1]]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"cell": 1.0}, r"cell: expected a number in \[2, 64\], got 1.0"),
        ({"strength": 2.0}, r"strength: expected a number in \[0, 1\], got 2.0"),
        ({"screen": "round"}, "screen: expected one of clustered, blue_noise, got 'round'"),
        ({"angle": (0, 30)}, "angle: expected one, or one for each of 3 channels, got 2"),
        ({"angle": 900.0}, "angle: expected a number .* got 900.0"),
        ({"softness": -1.0}, "softness: expected a number .* got -1.0"),
    ],
)
def test_bad_halftone_is_named(settings, match):
    with pytest.raises(ArgumentError, match=match):
        halftone(np.zeros((8, 8, 3)), **{"cell": 4.0, "angle": 0.0, "strength": 1.0, **settings})
