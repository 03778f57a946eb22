"""What lies on a display's glass, the pulses of its light, and whole recaptures of a display."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from specaug.augment import (
    Drawn,
    RecaptureScreenParams,
    apply_drawn,
)
from specaug.augment.recapture import sample_recapture_screen
from specaug.augment.recapture.display.glass import apply_rows, pwm_rows, reflections, shading
from specaug.augment.recapture.display.replay import replay
from specaug.augment.recapture.framing import Framing
from specaug.augment.recapture.srgb import decode_tone

STILL = RecaptureScreenParams(
    full_well=1e9,
    read_noise=0.0,
    luma_threshold=0.0,
    color_threshold=0.0,
    sharpening=0.0,
    drift=0.0,
    tremor=0.0,
    approach=0.0,
    quality=0,
    black=0.0,
    lens_sigma=0.6,
)


def filmed(clip, params, **axes):
    return apply_drawn(clip, Drawn("recapture_screen", params), **axes).image


# Glass -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [(0.25, 0.5), (0.75, 0.25)])
def test_a_lamp_is_brightest_where_it_is_said_to_be_and_fades_by_its_size(at):
    light = reflections(replace(STILL, glare=0.1, glare_at=at, glare_size=0.2, veil=0.02), 200)
    row, column = np.unravel_index(light.argmax(), light.shape)
    assert (column / 200, row / 200) == pytest.approx(at, abs=0.01)
    assert light.max() == pytest.approx(0.12, rel=1e-3)
    row, column = (round(200 * v) for v in (at[1], at[0] - 0.2))
    assert light[row, column] - 0.02 == pytest.approx(0.1 * math.exp(-0.5), rel=0.01)


def test_a_window_is_a_bright_field_with_a_bar_and_soft_edges():
    light = reflections(replace(STILL, window=0.1, window_at=(0.2, 0.1)), 200)
    pane, bar, outside = light[90, 64], light[90, 90], light[190, 190]
    assert pane == pytest.approx(0.1, rel=0.15)
    assert outside < 0.005
    assert bar < 0.9 * pane
    assert np.abs(np.diff(light, axis=1)).max() < 0.01


def test_light_falls_to_the_corners_and_from_one_edge_to_the_other():
    rng = np.random.default_rng(0)
    light = shading(replace(STILL, falloff=0.2, slope=(0.1, 0.0)), 101, rng=rng)
    assert light[50, 50] == pytest.approx(1)
    assert light[0, 50] == pytest.approx(0.9)
    assert light[50, 100] / light[50, 0] == pytest.approx(1.05 / 0.95)
    assert shading(STILL, 101, rng=rng) == pytest.approx(1)


def test_dust_covers_a_few_small_spots():
    light = shading(replace(STILL, dust=6), 200, rng=np.random.default_rng(3))
    covered = np.abs(light - 1) > 0.01
    assert 6 <= covered.sum() <= 6 * 200
    assert light.min() < 0.97


# Pulses ----------------------------------------------------------------------------------------------------------

PULSED = replace(STILL, pwm=0.5, pwm_hz=250.0, pwm_duty=0.5, shutter=1 / 2000, row_time=20e-6)


def test_bands_of_a_pulsed_display_stand_at_its_hz_over_the_rows():
    """250 Hz at 20 µs a row is 0.005 periods a row."""
    rows = pwm_rows(PULSED, 2000, 0.0)
    spectrum = np.abs(np.fft.rfft(rows - rows.mean()))
    assert spectrum.argmax() / 2000 == pytest.approx(250 * 20e-6)
    assert rows.mean() == pytest.approx(1, abs=1e-3)


def test_bands_of_a_pulsed_display_stand_at_its_hz_over_time():
    """Read 5000 times a second, a row brightens 250 times; at 30 frames a second 250 Hz are folded to 10."""
    for rate, expected in ((5000, 250.0), (30, 10.0)):
        row = np.array([pwm_rows(PULSED, 8, i / rate)[3] for i in range(600)])
        spectrum = np.abs(np.fft.rfft(row - row.mean()))
        strongest = np.fft.rfftfreq(600, 1 / rate)[spectrum.argmax()]
        assert strongest == pytest.approx(expected, abs=rate / 600)


@pytest.mark.parametrize("shutter", [1 / 1000, 1 / 300, 1 / 70])
def test_a_row_gathers_the_mean_of_the_pulses_over_its_exposure(shutter):
    """Against a sum over the exposure of a switched light; the sixth harmonic and those above are left out."""
    params = replace(PULSED, pwm=1.0, shutter=shutter)
    rows = pwm_rows(params, 300, 0.0)
    within = (np.arange(4000) + 0.5) / 4000 * shutter - shutter / 2
    phase = (250 * (20e-6 * np.arange(300)[:, None] + within) + 0.25) % 1
    expected = (phase < 0.5).mean(axis=1) / 0.5
    assert np.abs(rows - expected).mean() < 0.06
    assert rows.std() == pytest.approx(expected.std(), rel=0.05)


def test_an_exposure_of_whole_periods_shows_no_bands():
    assert np.ptp(pwm_rows(replace(PULSED, shutter=1 / 50), 500, 0.3)) < 1e-6


def test_rows_are_multiplied_in_place():
    light = np.ones((4, 5, 3), np.float32)
    apply_rows(light, np.array([1, 2, 3, 4], np.float32))
    np.testing.assert_array_equal(light[:, 2, 1], [1, 2, 3, 4])


def test_bands_change_from_frame_to_frame_of_a_clip():
    gray = np.full((3, 64, 64, 3), 150, np.uint8)
    params = replace(PULSED, density=3.0, pwm=0.3, interval=1 / 33, row_time=100e-6)
    rows = filmed(gray, params, clip_axis=0).astype(float).mean(axis=(2, 3))
    assert np.ptp(rows, axis=1).min() > 4
    assert np.abs(rows[0] - rows[1]).max() > 4


# Whole recaptures ------------------------------------------------------------------------------------------------


def beat(picture: np.ndarray) -> tuple[float, float]:
    """Strongest frequency along x above 0.01 cycles/px, and its amplitude."""
    line = picture.astype(float).mean(axis=0)
    window = np.hanning(line.size)
    spectrum = np.abs(np.fft.rfft((line - line.mean()) * window, 8 * line.size)) * 2 / window.sum()
    f = np.fft.rfftfreq(8 * line.size)
    spectrum[f < 0.01] = 0
    return f[spectrum.argmax()], spectrum.max()


@pytest.mark.parametrize("distance", [200.0, 240.0])
def test_moire_of_a_file_that_was_not_reduced_stands_at_the_beat_with_green(distance):
    """A grid of more than half a cycle per px along x and y is folded by the pixels themselves: 1 - density."""
    density = display_density_of(distance)
    gray = np.full((192, 192, 3), 128, np.uint8)
    params = replace(STILL, panel="monitor-24-1080p", density=density, lens_sigma=0.3)
    found, amplitude = beat(filmed(gray, params)[..., 1])
    assert amplitude > 0.5
    assert found == pytest.approx(min(abs(density - 1), density), abs=1.5 / 192)


def display_density_of(distance: float) -> float:
    from specaug.augment.recapture import display_density

    return display_density(pitch=0.1, distance=distance, focal_length=4.0, pixel=0.0015)


def test_a_resolved_grid_is_gray():
    gray = np.full((160, 160, 3), 140, np.uint8)
    out = filmed(gray, replace(STILL, density=0.3, lens_sigma=0.5)).astype(float)
    luma = out @ [0.299, 0.587, 0.114]
    assert luma.std() > 3
    assert (out[..., 0] - luma).std() < 0.4 * luma.std()


def test_a_phone_display_that_is_not_resolved_shows_no_pattern():
    gray = np.full((96, 96, 3), 128, np.uint8)
    for reduction in (1.0, 2.0):
        params = replace(STILL, panel="phone-7-oled", density=1.4, lens_sigma=0.7, reduction=reduction)
        assert np.ptp(filmed(gray, params), axis=(0, 1)).max() <= 2


def test_bent_bands_of_moire_are_not_straight():
    """The bands' phase along a row changes with the square of the way when the display is bent."""
    gray = np.full((224, 224, 3), 128, np.uint8)
    base = replace(STILL, density=0.96, lens_sigma=0.3)
    bands = [filmed(gray, replace(base, bend=(b, b)))[..., 1].astype(float) for b in (0.0, 0.2)]
    straight, bent = (np.abs(np.diff(np.unwrap(_phase(band)), 2)).mean() for band in bands)
    assert bent > 3 * straight


def _phase(band: np.ndarray) -> np.ndarray:
    """Phase of the wave of 0.04 cycles/px along x, in strips of rows."""
    wave = np.exp(-2j * np.pi * 0.04 * np.arange(band.shape[1])) * np.hanning(band.shape[1])
    strips = band[: 14 * 16].reshape(14, 16, -1).mean(axis=1)
    return np.angle((strips - strips.mean(axis=1, keepdims=True)) @ wave)


def test_about_a_third_of_draws_show_a_grid_or_moire():
    """On an even gray: peaks of the whitened spectrum of luma that stand well above those of a display without grid."""
    gray = np.full((112, 112, 3), 128, np.uint8)
    rng = np.random.default_rng(7)
    shown = []
    for _ in range(150):
        params = sample_recapture_screen(rng=rng)
        luma = filmed(gray, replace(params, pwm=0.0, dust=0)).astype(float) @ [0.299, 0.587, 0.114]
        window = np.outer(np.hanning(112), np.hanning(112))
        spectrum = np.abs(np.fft.fft2((luma - luma.mean()) * window)) * 2 / window.sum()
        f = np.fft.fftfreq(112)
        radius = np.hypot(f[:, None], f)
        # 2 % of light about middle gray is some 2.5 grey levels of 255.
        shown.append(spectrum[(radius > 0.04) & (radius < 0.5)].max() > 2.5)
    assert 0.2 < np.mean(shown) < 0.5


def test_a_warm_display_is_balanced_as_far_as_the_automatic_adapts():
    gray = np.full((40, 40, 3), 110, np.uint8)
    warm = replace(STILL, white=(1.3, 1.0, 0.6), density=3.0)
    full, half, none = (
        decode_tone(filmed(gray, replace(warm, adaptation=a))).mean(axis=(0, 1)) for a in (1.0, 0.5, 0.0)
    )
    np.testing.assert_allclose(full / full[1], 1, atol=0.03)
    np.testing.assert_allclose(half / half[1], [1.3**0.5, 1, 0.6**0.5], rtol=0.05)
    np.testing.assert_allclose(none / none[1], [1.3, 1, 0.6], rtol=0.05)


@pytest.mark.parametrize("shape", [(72, 48), (40, 96), (51, 50), (1, 1), (2, 7)])
def test_crops_of_any_shape_keep_it(shape):
    out = filmed(np.full((2, *shape, 3), 120, np.uint8), replace(STILL, density=3.0), clip_axis=0)
    assert out.shape == (2, *shape, 3)
    assert np.abs(out.astype(int) - 120).max() < 40


@pytest.mark.parametrize("changes", [{}, {"turn": 0.06}, {"scale": 1.5, "smaller": 1.3}, {"reduction": 2.0}])
def test_what_is_shown_stays_where_it_is(changes):
    y, x = np.mgrid[:96, :96]
    light = 60 + 120 * np.exp(-((x - 60) ** 2 + (y - 38) ** 2) / 128)
    picture = np.repeat(np.rint(light)[..., None], 3, axis=-1).astype(np.uint8)
    out = filmed(picture, replace(STILL, density=3.0, **changes)).astype(float).mean(axis=-1)
    weight = np.clip(out - np.median(out) - 15, 0, None)
    found = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    np.testing.assert_allclose(found, (60, 38), atol=0.5)


@pytest.mark.parametrize(("density", "reduction"), [(0.5, 1.0), (0.35, 1.0), (0.3, 2.0)])
def test_an_edge_is_as_soft_as_lens_and_display_px_together(density, reduction):
    """The variances of the lens and of two squares of a display px, one that it averages and one that it lights."""
    edge = np.zeros((1, 64, 96, 3), np.uint8)
    edge[:, :, 48:] = 160
    params = replace(STILL, density=density, reduction=reduction, lens_sigma=2.0 * reduction)
    framing = Framing.of(edge, params)
    (light,) = replay(edge, params, framing, rng=np.random.default_rng(0))
    profile = light[framing.side // 2 - 8 : framing.side // 2 + 8, :, 1].mean(axis=0).astype(float)
    spread = np.diff(profile) / np.diff(profile).sum()
    at = np.arange(spread.size)
    near = np.abs(at - (spread * at).sum()) < 16
    variance = (spread * (at - (spread * at).sum()) ** 2)[near].sum()
    # The prefiltered warp that lays the crop on the file has a softness of its own.
    assert variance == pytest.approx(2.0**2 + 1 / 6 / (density * reduction) ** 2 + 0.1, rel=0.1)


def first_light(clip, params):
    (light,) = replay(clip, params, Framing.of(clip, params), rng=np.random.default_rng(0))
    return light


def test_a_reflection_is_added_to_what_is_shown_and_a_shade_takes_a_share_of_it():
    gray = np.full((1, 64, 64, 3), 150, np.uint8)
    plain = replace(STILL, density=3.0)
    shown = first_light(gray, plain)
    glared = first_light(gray, replace(plain, glare=0.2, glare_at=(0.3, 0.6), veil=0.05))
    expected = reflections(replace(plain, glare=0.2, glare_at=(0.3, 0.6), veil=0.05), shown.shape[0])
    np.testing.assert_allclose(glared - shown, np.repeat(expected[..., None], 3, axis=-1), atol=1e-4)
    dimmed = first_light(gray, replace(plain, falloff=0.3))
    middle = shown.shape[0] // 2
    assert dimmed[middle, middle, 1] == pytest.approx(shown[middle, middle, 1], rel=0.01)
    assert dimmed[1, 1, 1] / shown[1, 1, 1] == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("reduction", [1.0, 2.0])
def test_a_grid_is_fainter_where_the_lens_is_softer(reduction):
    gray = np.full((1, 120, 120, 3), 150, np.uint8)
    params = replace(
        STILL, density=0.3 / reduction, lens_sigma=0.6 * reduction, lens_edge=3.0, reduction=reduction
    )
    light = first_light(gray, params)[..., 1]
    sharp, soft = light[20:-20, 12:32].std(), light[20:-20, -32:-12].std()
    assert soft < 0.3 * sharp


def test_a_display_plays_its_frames_in_turn():
    clip = np.stack([np.full((40, 40, 3), v, np.uint8) for v in (110, 60, 160)])
    out = filmed(clip, replace(STILL, density=3.0), clip_axis=0).mean(axis=(1, 2, 3))
    assert out[1] < out[0] - 30 < out[2] - 60
