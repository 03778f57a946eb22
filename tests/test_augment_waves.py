"""Gratings, grain and scene blur: spectra of what is added or multiplied, and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specaug.augment import (
    Grating,
    GratingParams,
    fourier_basis,
    grain,
    moire,
    recapture_blur,
    scene_blur,
)
from specaug.augment.grains import GrainParams, apply_grain
from specaug.augment.gratings import apply_moire
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])


def flat(level, shape=(48, 60, 3)):
    return np.full(shape, level)


def lines(plane, floor=1e-9):
    """Amplitude of each cosine in a plane by (ky, kx), one of each pair of bins, the mean left out."""
    height = len(plane)
    spectrum = np.fft.rfft2(plane) / plane.size
    found = {}
    for i, j in zip(*np.nonzero(np.abs(spectrum) > floor), strict=True):
        ky = int(i) if 2 * i < height else int(i) - height
        if (ky, j) != (0, 0) and not (j == 0 and ky < 0):
            found[ky, int(j)] = 2 * abs(spectrum[i, j])
    return found


def test_moire_puts_side_bands_beside_the_pattern_of_the_picture():
    """cos a · cos b = (cos(a - b) + cos(a + b)) / 2."""
    x = np.arange(60)
    picture = 0.5 + 0.2 * np.cos(2 * np.pi * 10 * x / 60) * np.ones((48, 1))
    striped = moire(picture, gratings=[(4 / 60, 6 / 48, 0.3, 0.0)], channel_axis=None)
    found = lines(striped)
    expected = {(0, 10): 0.2, (6, 4): 0.15, (6, 14): 0.03, (-6, 6): 0.03}
    assert set(found) == set(expected)
    assert found == pytest.approx(expected)


def test_a_basis_function_is_one_line_whatever_the_picture():
    picture = np.random.default_rng(0).uniform(0.4, 0.6, (48, 60, 3))
    added = fourier_basis(picture, gratings=[(7 / 60, -5 / 48, 0.2, 1.0)]) - picture
    for channel in range(3):
        assert lines(added[..., channel]) == pytest.approx({(-5, 7): 0.2})


@pytest.mark.parametrize("phase", [0.0, math.pi / 2, 1.0, -2.0, 100.0])
def test_the_phase_is_that_of_the_first_pixel_and_turns_with_place(phase):
    added = fourier_basis(flat(0.5), gratings=[(5 / 60, 3 / 48, 0.25, phase)])[..., 0] - 0.5
    assert added[0, 0] == pytest.approx(0.25 * math.cos(phase))
    spectrum = np.fft.fft2(added) / added.size
    assert np.angle(spectrum[3, 5] * np.exp(-1j * phase)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("u", "v"), [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, 0.5)])
def test_the_highest_frequency_alternates_exactly(u, v):
    y, x = np.mgrid[:48, :60]
    signs = (-1.0) ** (x * bool(u) + y * bool(v))
    added = fourier_basis(flat(0.5), gratings=[(u, v, 0.25, 0.0)]) - 0.5
    np.testing.assert_allclose(added, 0.25 * np.broadcast_to(signs[..., None], added.shape), atol=1e-12)


def test_waves_of_opposite_phase_cancel_and_equal_ones_add():
    wave = (0.11, 0.23, 0.1, 0.4)
    both = fourier_basis(flat(0.5), gratings=[wave, (*wave[:3], 0.4 + math.pi)])
    np.testing.assert_allclose(both, 0.5, atol=1e-12)
    twice = fourier_basis(flat(0.5), gratings=[wave, wave])
    np.testing.assert_allclose(twice, fourier_basis(flat(0.5), gratings=[(0.11, 0.23, 0.2, 0.4)]), atol=1e-12)


@libraries
@pytest.mark.parametrize("axis", [-1, 0])
def test_channels_have_amplitudes_and_phases_of_their_own_in_every_layout(library, axis):
    amplitudes, phases = (0.05, 0.0, 0.2), (0.0, 1.0, 2.5)
    x = np.moveaxis(flat(0.5), -1, axis)
    x = x if library == "numpy" else torch.asarray(x)
    wave = Grating(0.125, 0.25, amplitudes, phases)
    ours = np.moveaxis(np.asarray(fourier_basis(x, gratings=[wave], channel_axis=axis)), axis, -1)
    down, across = np.mgrid[:48, :60]
    for channel in range(3):
        turns = 2 * np.pi * (0.125 * across + 0.25 * down) + phases[channel]
        np.testing.assert_allclose(ours[..., channel], 0.5 + amplitudes[channel] * np.cos(turns), atol=1e-12)


@pytest.mark.parametrize("name", ["amplitude", "phase"])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_numbers_for_another_count_of_channels_are_refused(name, channels):
    wave = Grating(**{"u": 0.1, "v": 0.0, "amplitude": 0.1, name: (0.1, 0.2, 0.3)})
    match = f"gratings: expected one {name}, or one for each of {channels} channels, got 3"
    with pytest.raises(ArgumentError, match=match):
        moire(flat(0.5, (8, 8, channels)), gratings=[wave])


@pytest.mark.parametrize("operation", [moire, fourier_basis])
@pytest.mark.parametrize(("dtype", "level"), [("uint8", 255), ("float32", 1)])
def test_waves_are_in_the_units_of_the_picture(operation, dtype, level):
    x = flat(level, (4, 8, 1)).astype(dtype)
    x[:, ::2] = 0
    added = operation(x, gratings=[(0.25, 0.0, 0.4, math.pi)])[0, :4, 0] / level
    # cos is -1, 0, 1, 0: black has no light to be multiplied, and white can only lose.
    expected = [0, 1, 0, 1] if operation is moire else [0, 1, 0.4, 1]
    np.testing.assert_allclose(added, expected, atol=1e-6)


def test_clipped_shares_of_moire_are_those_of_the_formula():
    x = flat(0.9, (1, 8, 1))
    applied = apply_moire(x, GratingParams([(0.125, 0.0, 0.5, 0.0)]))
    beyond = 0.9 * (1 + 0.5 * np.cos(np.pi / 4 * np.arange(8))) > 1 + 1 / 510
    assert applied.clipped == pytest.approx(beyond.mean()) == pytest.approx(3 / 8)


@dtypes
@libraries
def test_grain_is_in_proportion_to_light_and_to_its_amplitude(dtype, library):
    level = 255 if dtype == "uint8" else 1
    x = np.zeros((32, 32, 3))
    x[:, 8:16], x[:, 16:] = 0.25, 0.5
    x = np.rint(x * level).astype(dtype) if dtype == "uint8" else x.astype(dtype)
    x = x if library == "numpy" else torch.asarray(x)
    made = {a: np.asarray(grain(x, amplitude=a, cutoff=0.3, rng=3)).astype(float) for a in (0.1, 0.2)}
    x = np.asarray(x).astype(float)
    np.testing.assert_array_equal(made[0.1][:, :8], 0)
    tolerance = 1.1 if dtype == "uint8" else 1e-5
    np.testing.assert_allclose(made[0.2] - x, 2 * (made[0.1] - x), atol=1.5 * tolerance)
    dark = grain(np.full((32, 32, 3), 0.25), amplitude=0.1, cutoff=0.3, rng=3)
    np.testing.assert_allclose(made[0.1][:, 8:16], level * dark[:, 8:16], atol=tolerance)


def test_grain_of_no_amplitude_is_identity():
    x = np.random.default_rng(0).random((16, 17, 3))
    np.testing.assert_array_equal(grain(x, amplitude=0.0, cutoff=0.3, rng=0), x)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2, 1), (2, 1, 3)])
def test_grain_of_a_picture_too_small_for_a_deviation_is_finite(shape):
    out = grain(flat(0.5, shape), amplitude=0.1, cutoff=0.3, color=1.0, rng=0)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out.mean(axis=(0, 1)), 0.5, atol=1e-6)


def test_grey_and_colored_grain_are_mixed_and_scaled_to_one_deviation():
    """(1 - c) n0 + c nk of independent fields: with c = 1/2 the two shares are equal, and correlate by 1/2."""

    def pattern(color):
        x = np.full((64, 64, 3), 0.5)
        return apply_grain(x, GrainParams(0.1, 0.3, color, 7)).image / 0.5 - 1

    grey, mixed, colored = (pattern(c) for c in (0.0, 0.3, 1.0))
    np.testing.assert_allclose(grey, grey[..., :1] * np.ones(3), atol=1e-7)
    for channel in range(3):
        basis = np.stack([grey[..., 0].ravel(), colored[..., channel].ravel()], axis=1)
        weights, rest, *_ = np.linalg.lstsq(basis, mixed[..., channel].ravel(), rcond=None)
        assert rest[0] < 1e-6 * np.sum(mixed**2)
        assert weights[0] / weights[1] == pytest.approx(0.7 / 0.3, rel=0.03)
    np.testing.assert_allclose(mixed.std(axis=(0, 1)), 0.1, rtol=1e-4)


def test_a_pattern_depends_on_its_seed_and_not_on_the_picture():
    bright, dark = (grain(flat(v), amplitude=0.1, cutoff=0.3, rng=5) / v for v in (0.6, 0.3))
    np.testing.assert_allclose(bright, dark, atol=1e-6)
    other = grain(flat(0.5), amplitude=0.1, cutoff=0.3, rng=6) / 0.5
    assert abs(np.corrcoef(other.ravel(), bright.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_brightness_of_other_than_three_channels_is_their_mean(channels):
    x = np.random.default_rng(0).uniform(0.4, 0.6, (24, 30, channels))
    blurred = recapture_blur(x.mean(axis=-1), cutoff=0.2, channel_axis=None)
    expected = x + (blurred - x.mean(axis=-1))[..., None]
    np.testing.assert_allclose(scene_blur(x, cutoff=0.2, threshold=0.0), expected, atol=1e-12)


@pytest.mark.parametrize("threshold", [0.5, 2.0, 100.0])
def test_below_the_octaves_all_is_the_scene_whatever_the_threshold(threshold):
    """A grating far below 1/16 cycles/px is blurred as by a lens even where it fills the picture."""
    wave = 0.2 * np.cos(2 * np.pi * 2 * np.arange(128) / 128)[None, :, None] * np.ones((128, 1, 1))
    ours = scene_blur(0.5 + wave, cutoff=0.02, threshold=threshold)
    np.testing.assert_allclose(ours, 0.5 + wave * np.exp(-0.5 * (2 / 128 / 0.02) ** 2), atol=1e-4)


@pytest.mark.parametrize(
    ("threshold", "left"), [(0.0, 0.0), (0.25, 0.25), (0.5, 0.5), (1.0, 1.0), (3.0, 1.0)]
)
def test_an_even_texture_is_scene_by_the_share_that_lies_above_the_threshold(threshold, left):
    """Where energy is the same everywhere it is its own median: the scene is 1 - threshold of it."""
    wave = 0.1 * np.cos(2 * np.pi * 45 * np.arange(128) / 128)[:, None, None] * np.ones((1, 128, 1))
    gain = math.exp(-0.5 * (45 / 128 / 0.1) ** 2)
    ours = scene_blur(0.5 + wave, cutoff=0.1, threshold=threshold)
    amplitude = 2 * abs(np.fft.fft(ours[:, 0, 0])[45]) / 128
    assert amplitude / 0.1 == pytest.approx(left + (1 - left) * gain, abs=0.02)


def test_louder_detail_is_lost_and_quieter_is_kept():
    x = np.random.default_rng(0).normal(0.5, 0.01, (64, 64, 1))
    probe = np.cos(2 * np.pi * 11 * np.arange(64) / 64)[None, :, None]
    lost = []
    for amplitude in (0.005, 0.02, 0.1):
        picture = x.copy()
        picture[16:40, 16:40] += (amplitude * probe * np.ones((64, 1, 1)))[16:40, 16:40]
        change = (scene_blur(picture, cutoff=0.1) - picture)[20:36, 20:36]
        lost.append(-2 * np.mean(change * probe[:, 20:36]) / amplitude)
    assert lost[0] < lost[1] < lost[2]
    assert lost[2] == pytest.approx(1 - math.exp(-0.5 * (11 / 64 / 0.1) ** 2), abs=0.05)
