"""Peaks: a planted wave is named with its decibels, noise has none, chance is what it is said to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_frames import SIDE, SIGMA, grating, noise

from specaug.differences.peaks import LEVEL, LOWEST, MOST, chance_db, find_peaks
from specaug.differences.spectra import lobe_mean, mean_power, wave_amplitude


def power(frames):
    return lobe_mean(mean_power(frames), frames.shape[2])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("frequency", "angle", "amplitude"), [(0.2, 35.0, 0.04), (0.41, 120.0, 0.05), (0.1, 0.0, 0.05)]
)
def test_a_planted_wave_is_named(frequency, angle, amplitude, swapped):
    plain, waved = power(noise(1, 4)), power(noise(2, 4) + grating(frequency, angle, amplitude))
    (peak,) = find_peaks(waved, plain) if swapped else find_peaks(plain, waved)
    assert peak.more_in == ("bonafide" if swapped else "attack")
    assert peak.frequency == pytest.approx(frequency, abs=0.3 / SIDE)
    assert abs((peak.angle - angle + 90) % 180 - 90) < 2.5
    assert peak.period == pytest.approx(1 / peak.frequency)
    assert peak.amplitude == pytest.approx(amplitude, rel=0.1)
    # a²N²/36 in the mean of a lobe of Hann's window, over noise of variance σ²
    theory = 10 * math.log10(1 + amplitude**2 * SIDE**2 / 36 / SIGMA**2)
    assert peak.decibels == pytest.approx(theory, abs=2.5)  # noise of both sides, 1.2 dB each


def test_two_waves_come_strongest_first():
    both = grating(0.15, 10, 0.05) + grating(0.35, 80, 0.09)
    peaks = find_peaks(power(noise(1, 4)), power(noise(2, 4) + both))
    assert [round(peak.frequency, 2) for peak in peaks] == [0.35, 0.15]


def test_a_wave_of_both_sides_is_no_difference():
    wave = grating(0.2, 35, 0.08)
    assert find_peaks(power(noise(1, 4) + wave), power(noise(2, 4) + wave)) == ()


def test_an_identical_pair_has_no_peak():
    frames = noise(3) + grating(0.2, 35, 0.08)
    assert find_peaks(power(frames), power(frames)) == ()


@pytest.mark.parametrize("frames", [1, 6])
def test_noise_has_a_peak_as_seldom_as_the_level_says(frames):
    pairs = 60
    wrong = sum(
        bool(find_peaks(power(noise(2 * n, frames)), power(noise(2 * n + 1, frames)))) for n in range(pairs)
    )
    assert wrong <= 3  # 0.6 expected at 1 %; four or more have a chance of 0.3 %


def test_below_the_lowest_frequency_nothing_is_named():
    wave = grating(1.5 / SIDE, 0, 0.2)
    assert find_peaks(power(noise(1, 4)), power(noise(2, 4) + wave)) == ()


@pytest.mark.parametrize("side", [32, 48, 96])
def test_a_peak_beside_the_outline_of_a_face_stays_above_the_lowest_frequency(side):
    """The strong low frequencies of both sides are next to a wave that one side has."""
    plain, waved = (power(noise(n, 4, side=side)) for n in (1, 2))
    at = side // 2 + math.ceil(side * LOWEST)
    y, x = np.mgrid[:side, :side] - side // 2
    for image in (plain, waved):
        image[np.hypot(y, x) < side * LOWEST] = 1e6 * plain.mean()
    waved[side // 2, [at, side - at]] += 1e4 * plain.mean()
    (peak,) = (peak for peak in find_peaks(plain, waved) if peak.more_in == "attack")
    assert peak.frequency >= LOWEST
    assert abs(peak.fx) == pytest.approx(math.ceil(side * LOWEST) / side, abs=0.5 / side)
    assert peak.fy == pytest.approx(0, abs=0.5 / side)
    assert peak.amplitude == pytest.approx(wave_amplitude(1e4 * plain.mean(), (side, side)), rel=0.5)


def test_the_list_is_bounded():
    many = sum(grating(r, 36.0 * n, 0.04) for r in (0.15, 0.25, 0.35, 0.45) for n in range(5))
    assert len(find_peaks(power(noise(1, 4)), power(noise(2, 4) + many))) == MOST


@pytest.mark.parametrize("shape", [1.0, 3.5, 20.0])
def test_chance_is_that_of_ratios_of_gamma_variables(shape):
    rng = np.random.default_rng(7)
    ratio = 10 * np.log10(rng.gamma(shape, size=(2, 400_000)) / rng.gamma(shape, size=(2, 400_000))).ravel()
    quartile = float(np.quantile(ratio, 0.75))
    trials = 10
    exceeded = (ratio > chance_db(quartile, trials)).mean()
    assert exceeded == pytest.approx(LEVEL / trials, rel=0.15)


def test_no_spread_leaves_nothing_to_chance():
    assert chance_db(0.0, 1000) == 0.0
