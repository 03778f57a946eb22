"""Samplers: the distribution of every number that is drawn, and which settings go on as they are."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from specaug.augment import (
    BandpassInjectRanges,
    BandScaleRanges,
    FdaRanges,
    FourierBasisRanges,
    GrainRanges,
    HalftoneRanges,
    JpegRanges,
    MoireRanges,
    RecaptureBlurRanges,
    SceneBlurRanges,
    SpectralJitterRanges,
    SpectralMixRanges,
    ToneRanges,
    draw,
)
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS

DRAWS = 400


def draws(name, ranges, seed=0, n=DRAWS):
    rng = np.random.default_rng(seed)
    return [draw(name, ranges, rng=rng).params for _ in range(n)]


def uniform(low, high):
    return lambda v: np.clip((v - low) / (high - low), 0, 1)


def log_uniform(low, high):
    return lambda v: np.clip(np.log(v / low) / math.log(high / low), 0, 1)


def wave(params):
    return params.gratings[0]


def turn(grating):
    return math.atan2(grating.v, grating.u) % math.pi


MOIRE = MoireRanges(number=(1, 3), amplitude=(0.2, 0.9), frequency=(0.001, 0.5), channels=2)
BASIS = FourierBasisRanges(mean_amplitude=0.04, frequency=(0.1, 0.5), channels=2)
GRAIN = GrainRanges(amplitude=(0.001, 1.0), cutoff=(0.1, 0.6), color=(0.2, 0.9))
DOTS = HalftoneRanges(cell=(2.0, 60.0), strength=(0.1, 0.9), spacing=(0.0, 45.0))
TONE = ToneRanges(gamma=(0.1, 10.0), contrast=(0.1, 9.0), tint=(0.01, 10.0), channels=2)
CONTINUOUS = {
    "band_scale.gain": (BandScaleRanges(gain=(0.01, 10.0)), lambda p: p.gain, log_uniform(0.01, 10)),
    "bandpass_inject.gain": (BandpassInjectRanges(gain=(0.5, 4.0)), lambda p: p.gain, uniform(0.5, 4)),
    "recapture_blur.cutoff": (RecaptureBlurRanges((0.05, 0.7)), lambda p: p.cutoff, uniform(0.05, 0.7)),
    "scene_blur.cutoff": (SceneBlurRanges((0.001, 0.7)), lambda p: p.cutoff, log_uniform(0.001, 0.7)),
    "grain.amplitude": (GRAIN, lambda p: p.amplitude, log_uniform(0.001, 1)),
    "grain.cutoff": (GRAIN, lambda p: p.cutoff, uniform(0.1, 0.6)),
    "grain.color": (GRAIN, lambda p: p.color, uniform(0.2, 0.9)),
    "grain.seed": (GRAIN, lambda p: p.seed, uniform(0, 2**53)),
    "spectral_jitter.amount": (SpectralJitterRanges((0.1, 0.9)), lambda p: p.amount, uniform(0.1, 0.9)),
    "spectral_jitter.seed": (SpectralJitterRanges(), lambda p: p.seed, uniform(0, 2**32)),
    "halftone.cell": (DOTS, lambda p: p.cell, uniform(2, 60)),
    "halftone.strength": (DOTS, lambda p: p.strength, uniform(0.1, 0.9)),
    "halftone.angle": (DOTS, lambda p: p.angle[0], uniform(0, 90)),
    "tone.gamma": (TONE, lambda p: p.gamma, log_uniform(0.1, 10)),
    "tone.contrast": (TONE, lambda p: p.contrast, uniform(0.1, 9)),
    "tone.tint": (TONE, lambda p: p.tint[1], log_uniform(0.01, 10)),
    "moire.frequency": (MOIRE, lambda p: math.hypot(wave(p).u, wave(p).v), log_uniform(0.001, 0.5)),
    "moire.angle": (MOIRE, lambda p: turn(wave(p)), uniform(0, math.pi)),
    "moire.amplitude": (MOIRE, lambda p: wave(p).amplitude, uniform(0.2, 0.9)),
    "moire.phase": (MOIRE, lambda p: wave(p).phase[1], uniform(0, 2 * math.pi)),
    "fourier_basis.frequency": (BASIS, lambda p: math.hypot(wave(p).u, wave(p).v), uniform(0.1, 0.5)),
    "fourier_basis.angle": (BASIS, lambda p: turn(wave(p)), uniform(0, math.pi)),
    "fourier_basis.phase": (BASIS, lambda p: wave(p).phase, uniform(0, 2 * math.pi)),
    "fourier_basis.amplitude": (BASIS, lambda p: wave(p).amplitude[0], lambda v: -np.expm1(-v / 0.04)),
    "spectral_mix.strength": (SpectralMixRanges((0.2, 0.9)), lambda p: p.strength, uniform(0.2, 0.9)),
}


@pytest.mark.parametrize("case", CONTINUOUS)
def test_a_number_has_the_distribution_that_its_range_says(case):
    ranges, number, cdf = CONTINUOUS[case]
    values = np.sort([number(p) for p in draws(case.split(".")[0], ranges)])
    share = (np.arange(DRAWS) + 0.5) / DRAWS
    # Kolmogorov: one sample in a hundred of 400 draws is further off than 1.63 / sqrt(400).
    assert np.abs(cdf(values) - share).max() < 1.63 / math.sqrt(DRAWS)
    assert len(set(values.tolist())) == DRAWS


DISCRETE = {
    "jpeg": (JpegRanges((30, 33)), lambda p: p.quality, {30, 31, 32, 33}),
    "fda": (FdaRanges((0.02, 0.3, 0.5)), lambda p: p.beta, {0.02, 0.3, 0.5}),
    "halftone": (HalftoneRanges(), lambda p: p.screen, {"clustered", "blue_noise"}),
    "moire": (MoireRanges(number=(2, 4)), lambda p: len(p.gratings), {2, 3, 4}),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_each_choice_is_equally_likely_both_ends_included(name):
    ranges, value, choices = DISCRETE[name]
    counts = Counter(value(p) for p in draws(name, ranges))
    assert set(counts) == choices
    expected = DRAWS / len(choices)
    # Four deviations of a binomial count.
    assert all(abs(n - expected) < 4 * math.sqrt(expected) for n in counts.values())


BETA = SpectralMixRanges((0.5, 0.5), (2.0, 3.0), 0.1, 0.3, "square", 0.0, keep_mean=False)
FIXED = {
    "band_scale": (
        BandScaleRanges(0.1, 0.4, (2.0, 2.0), 0.03, keep_mean=False),
        {"low": 0.1, "high": 0.4, "gain": 2.0, "rolloff": 0.03, "keep_mean": False},
    ),
    "bandpass_inject": (
        BandpassInjectRanges(0.1, 0.4, (0.7, 0.7), 0.03),
        {"low": 0.1, "high": 0.4, "gain": 0.7, "rolloff": 0.03},
    ),
    "spectral_mix": (
        BETA,
        {"strength": 0.5, "low": 0.1, "high": 0.3, "form": "square", "rolloff": 0.0, "keep_mean": False},
    ),
    "fda": (FdaRanges((0.07,)), {"beta": 0.07}),
    "recapture_blur": (RecaptureBlurRanges((0.2, 0.2)), {"cutoff": 0.2}),
    "scene_blur": (SceneBlurRanges((0.2, 0.2), 5.0), {"cutoff": 0.2, "threshold": 5.0}),
    "jpeg": (JpegRanges((1, 1)), {"quality": 1}),
    "tone": (
        ToneRanges((2.0, 2.0), (0.5, 0.5), (1.5, 1.5), channels=4),
        {"gamma": 2.0, "contrast": 0.5, "tint": (1.5,) * 4},
    ),
    "halftone": (
        HalftoneRanges((5.0, 5.0), (0.3, 0.3), screens=("blue_noise",)),
        {"cell": 5.0, "strength": 0.3, "screen": "blue_noise", "softness": 0.15},
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_a_range_of_no_width_and_every_setting_arrive_as_they_are(name):
    ranges, expected = FIXED[name]
    params = draw(name, ranges, rng=5).params
    for field, value in expected.items():
        ours = getattr(params, field)
        assert ours == (pytest.approx(value) if not isinstance(value, str | bool) else value), field


def test_screens_are_turned_against_each_other_by_the_spacing():
    for params in draws("halftone", HalftoneRanges(spacing=(0.0, 15.0, 40.0, 90.0)), n=5):
        assert np.diff(params.angle).tolist() == pytest.approx([15, 25, 50])


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_gratings_have_as_many_phases_or_waves_as_there_are_channels(channels):
    moire = draw("moire", MoireRanges(channels=channels), rng=0).params
    assert {len(g.phase) for g in moire.gratings} == {channels}
    basis = draw("fourier_basis", FourierBasisRanges(channels=channels), rng=0).params
    amplitudes = np.array([g.amplitude for g in basis.gratings])
    assert amplitudes.shape == (channels, channels)
    np.testing.assert_array_equal(amplitudes != 0, np.eye(channels, dtype=bool))


def test_a_wave_is_never_stronger_than_white():
    params = draws("fourier_basis", FourierBasisRanges(mean_amplitude=3.0, channels=1), n=100)
    amplitudes = [wave(p).amplitude[0] for p in params]
    assert max(amplitudes) == 1
    # exp(-1/3) of an exponential distribution of mean 3 lies above 1.
    assert np.mean(np.array(amplitudes) == 1) == pytest.approx(math.exp(-1 / 3), abs=0.12)


def test_a_generator_goes_on_and_a_seed_begins_again():
    rng = np.random.default_rng(9)
    first, second = (draw("recapture_blur", rng=rng) for _ in range(2))
    assert first == draw("recapture_blur", rng=9) != second


def test_default_ranges_are_those_that_are_documented():
    assert BandScaleRanges() == BandScaleRanges(1 / 16, MAX_RADIUS, (0.25, 2.0), 0.0, keep_mean=True)
    assert BandpassInjectRanges() == BandpassInjectRanges(1 / 16, MAX_RADIUS, (0.25, 1.5), 0.0)
    assert SpectralMixRanges() == SpectralMixRanges(
        (0, 1), None, 0.0, MAX_RADIUS, "radial", 0.0, keep_mean=True
    )
    assert FdaRanges() == FdaRanges((0.01, 0.05, 0.09))
    assert RecaptureBlurRanges() == RecaptureBlurRanges((0.1, 0.35))
    assert SceneBlurRanges() == SceneBlurRanges((0.18, 0.5), 2.0)
    assert SpectralJitterRanges() == SpectralJitterRanges((0.05, 0.3))
    assert MoireRanges() == MoireRanges((1, 4), (0.01, 0.3), (1 / 64, 0.45), 3)
    assert FourierBasisRanges().frequency == (1 / 224, 0.5)
    assert HalftoneRanges().spacing == (0, 30, 60)
    assert GrainRanges() == GrainRanges((0.01, 0.06), (0.2, 0.4), (0, 1))
    assert JpegRanges() == JpegRanges((30, 90))
    assert ToneRanges() == ToneRanges((0.8, 1.25), (0.8, 1.2), (0.9, 1.1), 3)


def test_waves_of_a_display_lie_near_rows_and_columns_evenly():
    limit = 0.09
    waves = [g for p in draws("moire", MoireRanges(off_axis=limit, color=0.0)) for g in p.gratings]
    angles = np.array([math.atan2(g.v, g.u) for g in waves])
    off = (angles + math.pi / 4) % (math.pi / 2) - math.pi / 4
    assert np.abs(off).max() <= limit
    assert np.mean(np.abs(off) < limit / 2) == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(len(waves)))
    across = np.abs(np.sin(angles)) < 0.5
    assert np.mean(across) == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(len(waves)))


def test_grey_waves_have_one_phase_and_faintly_colored_ones_near_phases():
    for color, reach in ((0.0, 0.0), (0.3, 0.3 * math.pi)):
        gratings = [g for p in draws("moire", MoireRanges(color=color), n=100) for g in p.gratings]
        apart = np.array([np.subtract(g.phase[1:], g.phase[0]) for g in gratings])
        assert np.abs(apart).max() <= reach + 1e-12
        assert np.abs(apart).max() >= 0.9 * reach


def test_new_settings_of_moire_change_no_draw_of_the_old_ones():
    """Drawn by the version before them, with the seed 5."""
    params = draw("moire", MoireRanges(number=(1, 1)), rng=5).params
    rng = np.random.default_rng(5)
    rng.integers(1, 2)
    frequency, angle = math.exp(rng.uniform(*np.log((1 / 64, 0.45)))), rng.uniform(0, math.pi)
    assert wave(params).u == pytest.approx(frequency * math.cos(angle), rel=1e-12)
    assert wave(params).phase == tuple(rng.uniform(0, 2 * math.pi, 3))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"off_axis": 0.9}, r"off_axis: expected a number in \[0, 0.785398\], got 0.9"),
        ({"color": 1.5}, r"color: expected a number in \[0, 1\], got 1.5"),
    ],
)
def test_settings_of_moire_outside_their_limits_are_named(settings, match):
    with pytest.raises(ArgumentError, match=match):
        MoireRanges(**settings)
