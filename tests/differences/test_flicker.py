"""Flicker: the planted frequency is named in Hz, movement and noise are not, uneven times have no Hz."""

from __future__ import annotations

import numpy as np
import pytest
from made_frames import flicker, noise

from specaug.differences.clip_measures import ClipToCompare, LoadedClip
from specaug.differences.compare_sides import difference_of
from specaug.differences.flicker import find_lines, frame_rate, mean_spectrum, temporal_power
from specaug.differences.side_measures import measure_side


def clip(seed, frames=64, *, light=0.0):
    return noise(seed, frames, sigma=0.02, side=48) + light


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(("hertz", "rate", "frames"), [(12.5, 50.0, 64), (11.9, 50.0, 64), (10.0, 30.0, 32)])
def test_a_planted_flicker_is_named(hertz, rate, frames, swapped):
    plain = temporal_power(clip(1, frames), rate)
    lit = temporal_power(clip(2, frames, light=flicker(hertz, rate, 0.01, frames)), rate)
    (line,) = find_lines(lit, plain) if swapped else find_lines(plain, lit)
    assert line.more_in == ("bonafide" if swapped else "attack")
    assert line.hertz == pytest.approx(hertz, abs=0.3 * rate / frames)
    assert line.amplitude == pytest.approx(0.01, rel=0.15)


def test_decibels_are_those_of_the_light_over_the_noise_of_the_strips():
    frames, amplitude = 64, 0.01
    plain = temporal_power(clip(1), 50)
    (line,) = find_lines(plain, temporal_power(clip(2, light=flicker(12.5, 50, amplitude, frames)), 50))
    # T/6·a² in the middle of the lobe; strips of 3 rows and 24 columns of noise of deviation 0.02
    theory = 10 * np.log10(frames / 6 * amplitude**2 / (0.02**2 / (3 * 24)))
    assert line.decibels == pytest.approx(theory, abs=3)


def test_movement_is_no_flicker():
    slow = flicker(1.2, 25, 0.05, 64)
    assert find_lines(temporal_power(clip(1), 25), temporal_power(clip(2, light=slow), 25)) == ()


def test_noise_does_not_flicker():
    found = [
        find_lines(temporal_power(clip(2 * n, 32), 25), temporal_power(clip(2 * n + 1, 32), 25))
        for n in range(60)
    ]
    assert sum(map(bool, found)) <= 3


def test_the_bands_of_a_rolling_shutter_are_seen_although_their_mean_is_constant():
    frames, rows = 64, np.arange(48)[None, :, None, None]
    phase = 2 * np.pi * 12.5 * np.arange(frames)[:, None, None, None] / 50
    bands = 0.01 * np.cos(phase + 2 * np.pi * rows / 48)
    (line,) = find_lines(temporal_power(clip(1), 50), temporal_power(clip(2, light=bands), 50))
    assert line.hertz == pytest.approx(12.5, abs=0.2)


def test_frame_rates_may_differ():
    lit = temporal_power(clip(2, light=flicker(10, 50, 0.02, 64)), 50)
    (line,) = find_lines(temporal_power(clip(1), 30), lit)
    assert line.hertz == pytest.approx(10, abs=0.2)


def test_few_frames_name_nothing():
    lit = temporal_power(clip(2, 15, light=flicker(10, 50, 0.05, 15)), 50)
    assert find_lines(temporal_power(clip(1, 15), 50), lit) == ()


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("rate", "frames", "other_rate", "other_frames"),
    [(50, 64, 50, 25), (50, 25, 50, 64), (50, 64, 30, 24), (30, 24, 50, 64), (60, 128, 25, 18), (25, 64, 100, 96)],
)  # fmt: skip
def test_a_line_is_that_of_its_own_clip_whichever_side_and_length(
    rate, frames, other_rate, other_frames, swapped
):
    lit = temporal_power(clip(2, frames, light=flicker(9.3, rate, 0.03, frames)), rate)
    plain = temporal_power(clip(1, other_frames), other_rate)
    (line,) = find_lines(lit, plain) if swapped else find_lines(plain, lit)
    (mirrored,) = find_lines(plain, lit) if swapped else find_lines(lit, plain)
    assert line.more_in == ("bonafide" if swapped else "attack")
    assert line.hertz == pytest.approx(9.3, abs=0.3 * rate / min(frames, other_frames))
    assert line.amplitude == pytest.approx(0.03, rel=0.15)
    assert (mirrored.hertz, mirrored.amplitude, mirrored.decibels) == (
        line.hertz,
        line.amplitude,
        line.decibels,
    )


@pytest.mark.parametrize(("rate", "frames"), [(50, 256), (50, 32), (30, 24), (60, 200), (25, 250), (120, 96)])
def test_a_flicker_of_both_is_no_difference_whatever_their_lengths(rate, frames):
    short = temporal_power(clip(1, 24, light=flicker(9.3, 50, 0.03, 24)), 50)
    other = temporal_power(clip(2, frames, light=flicker(9.3, rate, 0.03, frames)), rate)
    assert find_lines(short, other) == find_lines(other, short) == ()


def test_groups_are_cut_clip_by_clip():
    clips = [clip(n, 40, light=flicker(9.3, 50, 0.03, 40)) for n in (2, 3)]
    group = mean_spectrum([temporal_power(frames, 50) for frames in clips])
    shorter = mean_spectrum([temporal_power(frames[:25], 50) for frames in clips])
    np.testing.assert_allclose(group.cut(25).power, shorter.power)
    assert find_lines(temporal_power(clip(1, 25), 50), group) == find_lines(
        temporal_power(clip(1, 25), 50), shorter
    )


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("live", "fake"), [((30, 64), (240, 64)), ((15, 64), (30, 16)), ((8, 64), (240, 64))]
)
def test_few_frequencies_in_common_name_nothing_and_are_told(live, fake, swapped):
    sides = [
        measure_side(str(rate), [made_clip(noise(rate, 1, side=48), clip(rate, frames), rate)])
        for rate, frames in (live, fake)
    ]
    report = difference_of(*(sides[::-1] if swapped else sides))
    assert report.lines == ()
    assert sum("No line of flicker can be told: of one side only" in note for note in report.notes) == 1


def made_clip(frames, moving, rate):
    return ClipToCompare("clip", "subject", lambda: LoadedClip(frames, moving, rate))


@pytest.mark.parametrize(
    ("times", "rate"),
    [
        ([0.0, 0.04, 0.08], 25.0),
        ([1.0, 1.02, 1.041, 1.06], 50.0),
        ([0.0, 0.04, 0.2], None),
        ([0.0], None),
        ([], None),
        ([0.0, 0.0, 0.0], None),
        ([0.0, np.nan, 0.1], None),
    ],
)
def test_a_frame_rate_needs_even_times(times, rate):
    assert frame_rate(np.array(times)) == (None if rate is None else pytest.approx(rate, rel=0.01))
