"""Displays and prints against theory: what the stripes alias to, and how much ink lies where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment.recapture.optics import View, central_jacobian, sample_view, sight_lines
from specaug.augment.recapture.srgb import decode_tone
from specaug.augment.recapture.version1.paper import (
    _LIFT,
    _PAPER,
    DOTS_PER_PX,
    dot_screen,
    grain_screen,
    ink_dots,
    mean_reflectance,
    print_photo,
    sample_print,
    separate,
)
from specaug.augment.recapture.version1.screen import (
    STRIPE_HEIGHT,
    STRIPE_WIDTH,
    replay,
    sample_screen,
    stripes,
    visible_waves,
)

STRAIGHT = View(magnification=1.0, turn=0.0, keystone=(0.0, 0.0))


def display_grid(density: float, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    x, y = sight_lines(STRAIGHT.matrix(size), size)
    return x * np.float32(density), y * np.float32(density)


def integrated_stripes(density: float, sigma: float, pixels: int, *, fine: int = 240) -> np.ndarray:
    """(pixels, 3) slow and obvious: red, green and blue rectangles, blurred and averaged along one row."""
    margin = 8
    at = (np.arange(-margin * fine, (pixels + margin) * fine) + 0.5) / fine - 0.5
    reach = np.arange(-4 * fine, 4 * fine + 1) / fine
    kernel = np.exp(-0.5 * (reach / sigma) ** 2)
    seen = []
    for colour in range(3):
        away = (at * density - (colour + 0.5) / 3 + 0.5) % 1 - 0.5
        light = (np.abs(away) < STRIPE_WIDTH / 2) / STRIPE_WIDTH
        blurred = np.convolve(light, kernel / kernel.sum(), mode="same")
        seen.append(blurred[margin * fine : -margin * fine].reshape(pixels, fine).mean(axis=1))
    return np.stack(seen, axis=1)


@pytest.mark.parametrize("density", [0.31, 0.62, 0.77, 0.93])
def test_stripes_equal_the_integral_over_lens_and_pixel(density: float) -> None:
    x, y = display_grid(density, (64, 200))
    # The mean over rows removes the gaps between rows of subpixels, which the single row of the integral lacks.
    rows = stripes(x, y, lens_sigma=0.4).at(0, 0).mean(axis=0)
    # Waves beyond the second harmonic and rows that do not fill whole periods leave about 0.01.
    np.testing.assert_allclose(rows, integrated_stripes(density, 0.4, 64), atol=0.02)


@pytest.mark.parametrize("density", [0.3, 0.7, 0.9])
def test_moire_appears_at_the_alias_with_the_attenuated_amplitude(density: float) -> None:
    n, sigma = 200, 0.35
    x, y = display_grid(density, (n, n))
    spectrum = np.abs(np.fft.rfft(stripes(x, y, lens_sigma=sigma).at(0, 0)[..., 1].mean(axis=0))) * 2 / n
    lens = np.exp(-2 * (np.pi * sigma * density) ** 2)
    expected = 2 * np.sinc(STRIPE_WIDTH) * lens * np.sinc(density)
    alias = round(abs(density - round(density)) * n)
    assert spectrum[alias] == pytest.approx(expected, rel=0.03)


def test_vertical_gaps_have_the_amplitude_of_their_height() -> None:
    waves = {(w.k, w.l): w.gain for w in visible_waves(np.diag([0.6, 0.8]), 0.3)}
    expected = 2 * np.sinc(STRIPE_HEIGHT) * np.exp(-2 * (np.pi * 0.3 * 0.8) ** 2) * np.sinc(0.8)
    assert waves[0, 1] == pytest.approx(expected)


def test_a_pixel_for_a_pixel_shows_no_moire() -> None:
    x, y = display_grid(1.0, (40, 30))
    mask = stripes(x, y, lens_sigma=0.35).at(0.2, 0.1)
    assert np.ptp(mask, axis=(0, 1)).max() < 1e-3


def test_a_blurred_lens_leaves_no_stripes() -> None:
    x, y = display_grid(0.8, (40, 30))
    pattern = stripes(x, y, lens_sigma=2.0)
    assert pattern.waves == ()
    np.testing.assert_array_equal(pattern.at(0, 0), np.ones((30, 40, 3)))


@settings(deadline=None, max_examples=15)
@given(density=st.sampled_from([0.65, 0.7, 0.85, 0.95]), shift=st.tuples(st.floats(-2, 2), st.floats(-2, 2)))
def test_stripes_take_and_add_no_light(density: float, shift: tuple[float, float]) -> None:
    x, y = display_grid(density, (200, 200))
    mask = stripes(x, y, lens_sigma=0.3).at(*shift)
    np.testing.assert_allclose(mask.mean(axis=(0, 1)), 1, atol=1e-3)


def test_a_shift_of_the_display_shifts_its_stripes() -> None:
    x, y = display_grid(0.83, (60, 50))
    moved = stripes(x + np.float32(0.3), y - np.float32(0.6), lens_sigma=0.35).at(0, 0)
    np.testing.assert_allclose(stripes(x, y, lens_sigma=0.35).at(0.3, -0.6), moved, atol=2e-4)


def test_a_display_of_grey_keeps_its_mean(rng: np.random.Generator) -> None:
    screen = replace(sample_screen(0.0, rng=rng), flicker=0.0, glare=0.0)
    grey = np.full((120, 160, 3), 130, np.uint8)
    (light,) = replay([grey], screen, lens_sigma=0.4, frames=1, rng=rng)
    expected = decode_tone(grey)[0, 0] * np.array(screen.white) + screen.black
    np.testing.assert_allclose(light.mean(axis=(0, 1)), expected, rtol=0.01)


def test_a_view_magnifies_about_the_middle(rng: np.random.Generator) -> None:
    view = replace(sample_view(rng=rng), turn=0.0, keystone=(0.0, 0.0))
    x, y = sight_lines(view.matrix((81, 61)), (81, 61))
    assert (x[30, 40], y[30, 40]) == pytest.approx((40, 30))
    np.testing.assert_allclose(central_jacobian(x, y), np.eye(2) / view.magnification, atol=1e-4)


def test_a_view_never_looks_beyond_the_edge(rng: np.random.Generator) -> None:
    for _ in range(200):
        x, y = sight_lines(sample_view(rng=rng).matrix((640, 480)), (640, 480))
        assert min(x.min(), y.min()) > 0
        assert x.max() < 639
        assert y.max() < 479


@pytest.mark.parametrize("kind", ["dots", "grain"])
def test_ink_covers_the_share_that_was_asked_for(kind: str, rng: np.random.Generator) -> None:
    shape = (240, 240)
    screen = (
        dot_screen(shape, cell=7.3, angle=15) if kind == "dots" else grain_screen(shape, cell=7.3, rng=rng)
    )
    tones = np.linspace(0, 1, 11)
    covered = [float(ink_dots(np.full((80, 80), t, np.float32), screen).mean()) for t in tones]
    assert np.all(np.diff(covered) > 0)
    # Soft edges clip at the ends of the scale, where dots or holes vanish; 0.03 is their half width in tone.
    np.testing.assert_allclose(covered, tones, atol=0.03)


def test_dots_stand_at_their_distance_and_angle() -> None:
    n, cell, angle = 256, 8.0, 30.0
    power = np.abs(np.fft.fft2(dot_screen((n, n), cell=cell, angle=angle)))
    row, column = np.unravel_index(np.argmax(power[: n // 2]), (n // 2, n))
    f = np.array([np.fft.fftfreq(n)[row], np.fft.fftfreq(n)[column]])
    assert np.hypot(*f) == pytest.approx(1 / cell, abs=1 / n)
    assert np.degrees(np.arctan2(*f)) % 90 in (pytest.approx(angle, abs=2), pytest.approx(90 - angle, abs=2))


def test_separation_inverts_the_mixing_of_inks(rng: np.random.Generator) -> None:
    # Within the gamut: light saturated colours are beyond inks that each absorb some of every colour.
    grey = rng.uniform(0.12, 0.7, (50, 40, 1))
    wanted = (grey * rng.uniform(0.95, 1.05, (50, 40, 3))).astype(np.float32)
    coverage = separate(wanted)
    assert coverage.min() >= 0
    assert coverage.max() <= 1
    shown = np.stack(
        [mean_reflectance(list(np.moveaxis(coverage, -1, 0)), colour=c) for c in range(3)], axis=-1
    )
    np.testing.assert_allclose(shown, wanted, atol=2e-3)


@pytest.mark.parametrize("kind", ["dots", "grain"])
def test_a_printed_grey_is_neutral(kind: str, rng: np.random.Generator) -> None:
    sheet = replace(sample_print(0.0, 480, rng=rng), screening=kind)
    grey = np.full((90, 120, 3), 140, np.uint8)
    texture = print_photo(grey, sheet, lens_sigma=0.4, rng=rng)
    assert texture.shape == (90 * DOTS_PER_PX, 120 * DOTS_PER_PX, 3)
    expected = decode_tone(grey)[0, 0] ** _LIFT * _PAPER
    # Dots overlap by angle and not quite by chance, and fibres vary by some percent.
    np.testing.assert_allclose(texture.mean(axis=(0, 1)), expected, rtol=0.08)
