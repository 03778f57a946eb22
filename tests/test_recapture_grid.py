"""The grid of a display's pixels in closed form: coefficients, copies at the mosaic's frequencies, panels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from specaug.augment.recapture.display.pixel_grid import (
    coefficients,
    grid_light,
    optical_waves,
    reduced_waves,
    sampled_waves,
)
from specaug.augment.recapture.panels import PANELS, display_density, panel
from specaug.augment.recapture.phone.sensor import demosaic, mosaic
from specaug.errors import ArgumentError

LUMA = np.array([0.299, 0.587, 0.114])
LCD, OLED = panel("laptop-15-1080p"), panel("phone-6-oled")


def seen(shape, density: float, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Display coordinates of each px, about the middle."""
    y, x = np.mgrid[: shape[0], : shape[1]] - (np.array(shape)[:, None, None] - 1) / 2
    c, s = math.cos(turn), math.sin(turn)
    return (density * (c * x - s * y)).astype(np.float32), (density * (s * x + c * y)).astype(np.float32)


def jacobian(density: float, turn: float) -> np.ndarray:
    c, s = math.cos(turn), math.sin(turn)
    return density * np.array([[c, -s], [s, c]])


def light(waves, x, y):
    found = grid_light(waves, x, y, softer=np.zeros_like(x), lens_sigma=0.5)
    return np.ones((*x.shape, 3)) if found is None else found


@pytest.mark.parametrize("name", PANELS)
def test_coefficients_are_those_of_the_rectangles(name):
    """Against a fine sum over one period."""
    shown = panel(name)
    n = 400 * shown.period
    at = (np.arange(n) + 0.5) / 400
    for order in ((1.0, 0.0), (0.0, 1.0), (1 / shown.period, 1 / shown.period), (2.0, -1.0)):
        found = coefficients(shown, np.array([order]))[0]
        for color, rectangles in enumerate(shown.subpixels):
            lit = np.zeros((n, n), bool)
            for r in rectangles:
                across = np.abs((at - r.x + shown.period / 2) % shown.period - shown.period / 2) < r.width / 2
                down = np.abs((at - r.y + shown.period / 2) % shown.period - shown.period / 2) < r.height / 2
                lit |= np.outer(down, across)
            waves = np.outer(np.exp(-2j * np.pi * order[1] * at), np.exp(-2j * np.pi * order[0] * at))
            assert found[color] == pytest.approx((lit * waves).sum() / lit.sum(), abs=0.02)


def test_a_pentile_panel_repeats_after_two_px_in_red_and_blue_and_after_one_in_green():
    diagonal = coefficients(OLED, np.array([[0.5, 0.5], [0.5, 0.0]]))
    assert np.abs(diagonal[0, [0, 2]]).min() > 0.3
    assert np.abs(diagonal[0, 1]) < 1e-12
    assert np.abs(diagonal[1]).max() < 1e-12


def test_rows_and_columns_lead_in_luma_and_stripes_in_color():
    """Rows are alike in all colors; columns are thirds of a px apart, and luma keeps some 0.4 of them."""
    rows, columns = coefficients(LCD, np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert np.ptp(rows.real) + np.ptp(rows.imag) < 1e-12
    assert abs(LUMA @ columns) / abs(columns[1]) == pytest.approx(0.42, abs=0.01)


@pytest.mark.parametrize("sigma", [0.4, 0.8])
def test_lens_and_pixel_leave_what_theory_says(sigma):
    waves = optical_waves(LCD, jacobian(0.4, 0.05), sigma)
    for order, f, amplitude in zip(waves.order, waves.frequency, waves.amplitude, strict=True):
        np.testing.assert_allclose(f, order @ jacobian(0.4, 0.05))
        passed = math.exp(-2 * (math.pi * sigma) ** 2 * (f @ f)) * np.sinc(f[0]) * np.sinc(f[1])
        np.testing.assert_allclose(amplitude, 2 * passed * coefficients(LCD, order[None])[0])
    assert len({tuple(order) for order in waves.order}) == len(waves.order)


@pytest.mark.parametrize("density", [0.26, 0.48, 0.9])
@pytest.mark.parametrize("reduction", [2, 3])
@pytest.mark.parametrize("shown", [LCD, OLED], ids=["lcd", "oled"])
def test_a_reduced_file_holds_what_mosaic_demosaic_and_averaging_make(shown, reduction, density):
    """Against the whole way px by px: the grid on the sensor, its mosaic, the demosaic, the mean over blocks."""
    n, turn, sigma = 60, 0.03, 0.5
    waves = sampled_waves(shown, jacobian(density, turn), sigma, most=1000)
    fine = light(waves, *seen((n * reduction, n * reduction), density, turn)).astype(np.float32)
    brute = np.stack(demosaic(mosaic(fine)), axis=-1).reshape(n, reduction, n, reduction, 3).mean(axis=(1, 3))
    copies = reduced_waves(shown, jacobian(density, turn), sigma, reduction, most=1000)
    ours = light(copies, *seen((n, n), density * reduction, turn))
    inner = (slice(6, -6), slice(6, -6))
    expected, found = ((v @ LUMA)[inner] for v in (brute, ours))
    assert np.abs((found - found.mean()) - (expected - expected.mean())).mean() < 0.003
    # No copy whose color a phone takes away before it reduces is folded to a slow one at these densities.
    for color in (0, 2):
        slow, ours_slow = (_slow((v[..., color] - v @ LUMA)[inner]) for v in (brute, ours))
        np.testing.assert_allclose(ours_slow, slow, atol=0.003)


def _slow(plane: np.ndarray) -> np.ndarray:
    """Amplitudes of waves slower than 0.15 cycles/px, Hann windowed."""
    window = np.outer(np.hanning(plane.shape[0]), np.hanning(plane.shape[1]))
    spectrum = np.fft.fft2((plane - plane.mean()) * window) * 2 / window.sum()
    f = np.fft.fftfreq(plane.shape[0])
    return np.abs(spectrum[np.hypot(f[:, None], f) < 0.15])


@pytest.mark.parametrize(("density", "reduction"), [(0.485, 2.0), (0.49, 2.5), (0.515, 2.0)])
def test_color_moire_has_the_wavelength_of_the_beat_with_every_second_pixel(density, reduction):
    """Red and blue are measured at half of the columns: 1 / (reduction |density - 1/2|) px of the file."""
    side = 256
    waves = reduced_waves(LCD, jacobian(density, 0.0), 0.6, reduction)
    shown = light(waves, *seen((side, side), density * reduction, 0.0))
    rows = (shown[..., 0] - shown @ LUMA).mean(axis=0)
    spectrum = np.abs(np.fft.rfft((rows - rows.mean()) * np.hanning(side), 16 * side))
    length = 16 * side / spectrum.argmax()
    assert length == pytest.approx(1 / (reduction * abs(density - 0.5)), rel=0.06)
    assert 20 <= length <= 100


def test_waves_fade_where_the_lens_is_softer():
    waves = [w for w in sampled_waves(LCD, jacobian(0.3, 0.0), 0.5) if w.order == (0.0, 1.0)]
    x, y = seen((64, 64), 0.3, 0.0)
    sharp, soft = (
        grid_light(tuple(waves), x, y, softer=np.full_like(x, s), lens_sigma=0.5) for s in (0.0, 1.5)
    )
    expected = math.exp(-2 * (math.pi * 0.5 * 0.3) ** 2 * 1.5)
    assert (soft[..., 1] - 1).std() / (sharp[..., 1] - 1).std() == pytest.approx(expected, rel=1e-3)


def test_a_grid_that_no_lens_passes_is_none():
    assert sampled_waves(LCD, jacobian(0.9, 0.0), 2.0) == ()
    x, y = seen((8, 8), 0.9, 0.0)
    assert grid_light((), x, y, softer=np.zeros_like(x), lens_sigma=2.0) is None


@pytest.mark.parametrize(
    ("name", "pitch"),
    [
        ("monitor-24-1080p", 0.2745),
        ("monitor-27-1440p", 0.2335),
        ("monitor-27-2160p", 0.1556),
        ("laptop-15-1080p", 0.1799),
        ("phone-6-oled", 0.0618),
    ],
)
def test_pitches_are_those_of_data_sheets(name, pitch):
    assert panel(name).pitch == pytest.approx(pitch, abs=2e-4)


def test_a_panel_that_there_is_not_is_named():
    with pytest.raises(ArgumentError, match=r"panel: expected one of monitor-24-1080p, .*, got 'crt'"):
        panel("crt")


def test_the_density_of_a_panel_is_that_of_the_thin_lens():
    density = display_density(pitch=LCD.pitch, distance=300.0, focal_length=5.0, pixel=0.0014)
    assert density == pytest.approx(0.0014 * 295 / 5 / LCD.pitch)


def test_subpixels_lie_within_a_period_and_leave_a_black_matrix():
    for shown in PANELS.values():
        area = sum(s.width * s.height for color in shown.subpixels for s in color)
        assert 0.25 < area / shown.period**2 < 0.85
        assert replace(shown) == shown
