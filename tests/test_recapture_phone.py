"""The phone of a recapture, stage by stage, against what its filters must do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from specaug.augment.recapture.phone.denoise import (
    COLOR_BLUR,
    LUMA_RADIUS,
    denoise,
    denoise_color,
    denoise_luma,
    to_luma_color,
    to_rgb,
)
from specaug.augment.recapture.phone.film import capture, develop, encode_planes, film, meter, read_out
from specaug.augment.recapture.phone.finish import apply_contrast, sharpen, tone_curve
from specaug.augment.recapture.phone.lens import blur_field, lens_blur
from specaug.augment.recapture.phone.sensor import (
    balance_white,
    demosaic,
    expose,
    mosaic,
    noise_deviation,
)
from specaug.augment.recapture.phone.settings import Phone
from specaug.augment.recapture.srgb import decode_tone, encode_tone

WHITE = (1.0, 1.0, 1.0)
SILENT = Phone(
    full_well=1e9,
    read_noise=0.0,
    luma_threshold=0.0,
    color_threshold=0.0,
    sharpening=0.0,
    quality=0,
)


def grating(frequency: float, shape: tuple[int, int] = (96, 96), amplitude: float = 1.0) -> np.ndarray:
    wave = amplitude * np.cos(2 * np.pi * frequency * np.arange(shape[1]) + 0.4)
    return np.broadcast_to(wave, shape).astype(np.float32)


def amplitude(plane: np.ndarray, frequency: float) -> float:
    """Of a grating along x, away from the borders, whose filters mirror."""
    inner = plane[16:-16, 16:-16].mean(axis=0)
    at = np.arange(inner.size)
    window = np.hanning(inner.size)
    wave = np.exp(-2j * np.pi * frequency * at)
    return float(
        2 * np.abs((window * (inner - np.average(inner, weights=window)) * wave).sum()) / window.sum()
    )


def grey(value: float, shape: tuple[int, int] = (64, 64)) -> np.ndarray:
    return np.full((*shape, 3), value, np.float32)


# Lens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axis", "near", "far"), [(0.0, (20, 5), (20, 55)), (math.pi / 2, (5, 20), (55, 20))]
)
def test_blur_grows_from_one_edge_to_the_other(axis, near, far):
    field = blur_field((61, 61), edge=1.8, axis=axis)
    assert field.min() == pytest.approx(1.0)
    assert field.max() == pytest.approx(1.8)
    assert field[30, 30] == pytest.approx(1.4)
    assert field[near] < 1.15 < 1.65 < field[far]


@pytest.mark.parametrize("sigma", [0.8, 1.5])
def test_a_line_spreads_by_the_blur_of_its_place(sigma):
    """The variance of the spread is (sigma * field)², since two Gaussians of a mixture add theirs."""
    field = blur_field((101, 201), edge=2.0, axis=0.0)
    for column in (30, 100, 170):
        light = np.zeros((101, 201, 3), np.float32)
        light[50] = 1
        seen = lens_blur(light, sigma=sigma, field=field)[..., 1]
        rows = np.arange(101) - 50
        variance = (seen[:, column] * rows**2).sum() / seen[:, column].sum()
        assert math.sqrt(variance) == pytest.approx(sigma * field[50, column], rel=0.06)


def test_a_lens_without_a_field_is_one_gaussian_and_keeps_light():
    light = np.random.default_rng(0).uniform(0, 1, (40, 50, 3)).astype(np.float32)
    even = lens_blur(light, sigma=1.2, field=blur_field((40, 50), edge=1.0, axis=0.3))
    wave = np.repeat(grating(0.1)[..., None], 3, axis=-1)
    passed = lens_blur(wave, sigma=1.2, field=blur_field((96, 96), edge=1.0, axis=0.0))
    expected = math.exp(-2 * (math.pi * 1.2 * 0.1) ** 2)
    assert amplitude(passed[..., 0], 0.1) == pytest.approx(expected, rel=0.01)
    assert even.mean() == pytest.approx(light.mean(), rel=0.01)


# Sensor ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("well", "read", "averaged"), [(1000.0, 0.0, 1.0), (1000.0, 5.0, 4.0), (4000.0, 3.0, 9 * 2.5**2)]
)
def test_noise_is_that_of_photons_and_reading_over_the_root_of_what_is_averaged(well, read, averaged):
    light = np.full((200, 200), 0.3, np.float32)
    expected = math.sqrt((0.3 * well + read**2) / averaged) / well
    settings = {"full_well": well, "read_noise": read, "averaged": averaged}
    assert noise_deviation(light, **settings)[0, 0] == pytest.approx(expected, rel=1e-5)
    seen = expose(light, **settings, rng=np.random.default_rng(1))
    assert seen.std() == pytest.approx(expected, rel=0.02)
    assert seen.mean() == pytest.approx(0.3, abs=4 * expected / 200)


def test_a_full_pixel_holds_no_more_and_a_dark_one_keeps_its_mean():
    settings = {"full_well": 500.0, "read_noise": 4.0, "averaged": 1.0}
    full = expose(np.full((50, 50), 1.2, np.float32), **settings, rng=np.random.default_rng(0))
    assert full.max() == 1
    dark = expose(np.zeros((200, 200), np.float32), **settings, rng=np.random.default_rng(0))
    assert dark.mean() == pytest.approx(0, abs=4 * 4 / 500 / 200)


def test_a_mosaic_takes_red_green_green_blue():
    light = np.stack([np.full((6, 8), v, np.float32) for v in (0.1, 0.2, 0.3)], axis=-1)
    raw = mosaic(light)
    np.testing.assert_allclose(raw[0::2, 0::2], 0.1)
    np.testing.assert_allclose(raw[0::2, 1::2], 0.2)
    np.testing.assert_allclose(raw[1::2, 0::2], 0.2)
    np.testing.assert_allclose(raw[1::2, 1::2], 0.3)


def test_a_demosaic_gives_back_even_color_and_grey_ramps():
    light = np.broadcast_to(np.float32([0.2, 0.5, 0.8]), (32, 40, 3)).astype(np.float32)
    for plane, value in zip(demosaic(mosaic(light)), (0.2, 0.5, 0.8), strict=True):
        np.testing.assert_allclose(plane, value, atol=1e-6)
    ramp = (np.arange(40) * 0.01 + np.arange(32)[:, None] * 0.005)[..., None].astype(np.float32)
    for plane in demosaic(mosaic(np.repeat(ramp, 3, axis=-1))):
        np.testing.assert_allclose(plane[4:-4, 4:-4], ramp[4:-4, 4:-4, 0], atol=1e-6)


@pytest.mark.parametrize("along", ["x", "y"])
def test_a_demosaic_gives_back_ramps_of_color(along):
    """Red and blue rise and green does not: their differences are read at other places, and interpolated for each."""
    rise = np.arange(40, dtype=np.float32) * 0.01
    ramp = np.broadcast_to(rise[None] if along == "x" else rise[:, None], (40, 40))
    light = np.stack([ramp, np.full((40, 40), 0.3, np.float32), ramp], axis=-1)
    red, green, blue = demosaic(mosaic(light))
    for plane, expected in ((red, ramp), (green, light[..., 1]), (blue, ramp)):
        np.testing.assert_allclose(plane[6:-6, 6:-6], expected[6:-6, 6:-6], atol=1e-5)


def test_a_demosaic_is_linear_so_that_no_edges_are_imagined():
    """A maze is what comes of choosing a direction for each pixel: two patterns together are then not their sum."""
    rng = np.random.default_rng(3)
    first, second = (rng.uniform(0, 0.5, (48, 48)).astype(np.float32) for _ in range(2))
    for both, a, b in zip(demosaic(first + second), demosaic(first), demosaic(second), strict=True):
        np.testing.assert_allclose(both, a + b, atol=2e-6)


@pytest.mark.parametrize(("frequency", "error"), [(0.05, 0.003), (0.1, 0.01), (0.2, 0.1)])
def test_a_grey_grating_that_the_mosaic_resolves_stays_grey(frequency, error):
    light = np.repeat(0.5 + grating(frequency, amplitude=0.3)[..., None], 3, axis=-1)
    red, green, blue = demosaic(mosaic(light.astype(np.float32)))
    for plane in (red, green, blue):
        assert amplitude(plane, frequency) == pytest.approx(0.3, rel=error)
    assert amplitude(red - green, frequency) < 0.3 * error
    assert amplitude(blue - green, frequency) < 0.3 * error


def test_a_grating_finer_than_every_second_pixel_becomes_a_wide_band_of_color():
    """0.47 cycles/px along x: red, at every second pixel, sees it at 0.5 - 0.47 = 0.03; there is no such green."""
    light = np.repeat(0.5 + grating(0.47, amplitude=0.3)[..., None], 3, axis=-1)
    red, green, _ = demosaic(mosaic(light.astype(np.float32)))
    assert amplitude(red - green, 0.03) > 0.1
    assert amplitude(green, 0.03) < 0.02


def test_white_balance_multiplies():
    planes = tuple(np.full((4, 4), v, np.float32) for v in (0.2, 0.4, 0.5))
    red, green, blue = balance_white(planes, (1.5, 1.0, 0.8))
    assert (red[0, 0], green[0, 0], blue[0, 0]) == pytest.approx((0.3, 0.4, 0.4))


# Denoising -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1.0, 1.4, 2.0])
@pytest.mark.parametrize("frequency", [0.06, 0.12, 0.25, 0.4])
def test_faint_detail_is_averaged_by_its_band_and_strong_detail_is_kept(sigma, frequency):
    left = math.exp(-2 * (math.pi * sigma * frequency) ** 2)
    threshold = 0.02
    faint, strong = (
        denoise(grating(frequency, amplitude=a), sigma=sigma, threshold=threshold) for a in (2e-4, 5.0)
    )
    assert amplitude(faint, frequency) / 2e-4 == pytest.approx(left, abs=0.01)
    assert amplitude(strong, frequency) / 5.0 == pytest.approx(1, abs=0.01)


def test_detail_of_the_size_of_the_threshold_is_halved():
    """d² / (d² + t²) is a half for d = t: a checkerboard, of which an average of 2 px leaves nothing."""
    board = np.float32(0.01) * (1 - 2 * (np.indices((40, 40)).sum(axis=0) % 2)).astype(np.float32)
    np.testing.assert_allclose(
        denoise(board, sigma=2.0, threshold=0.01)[8:-8, 8:-8], board[8:-8, 8:-8] / 2, atol=1e-5
    )


def test_color_is_denoised_far_more_than_luma():
    settings = Phone()
    noise = np.random.default_rng(5).normal(0, 0.01, (128, 128)).astype(np.float32)
    luma = denoise_luma(noise, threshold=settings.luma_threshold).std() / 0.01
    color = (
        denoise_color(noise, radius=settings.color_radius, threshold=settings.color_threshold).std() / 0.01
    )
    assert color < 0.15
    assert 0.4 < luma < 0.95


@pytest.mark.parametrize("reduction", [1.0, 2.0])
def test_radii_are_those_of_the_sensor(reduction):
    """A file of half as many px along each axis has seen the average over half as many of its own."""
    frequency = 0.1
    left = math.exp(-2 * (math.pi * LUMA_RADIUS / reduction * frequency) ** 2)
    found = denoise_luma(grating(frequency, amplitude=1e-4), threshold=0.02, reduction=reduction)
    assert amplitude(found, frequency) / 1e-4 == pytest.approx(left, abs=0.01)
    wide = denoise_color(grating(0.03, amplitude=1e-4), radius=4.0, threshold=0.02, reduction=reduction)
    left = math.exp(-2 * (math.pi * math.hypot(4, COLOR_BLUR) / reduction * 0.03) ** 2)
    assert amplitude(wide, 0.03) / 1e-4 == pytest.approx(left, abs=0.03)


def test_color_that_the_mosaic_cannot_tell_goes_however_strong_it_is():
    """Stripes of a display that the sensor resolves are gray; wide bands of moiré keep their color."""
    fine, wide = (
        denoise_color(grating(f, (48, 400), amplitude=0.5), radius=2.0, threshold=0.05) for f in (0.3, 0.02)
    )
    assert amplitude(fine, 0.3) < 0.03
    assert amplitude(wide, 0.02) > 0.45


def test_nothing_is_taken_for_noise_at_a_threshold_of_zero():
    plane = np.random.default_rng(0).uniform(0, 1, (20, 20)).astype(np.float32)
    np.testing.assert_array_equal(denoise(plane, sigma=1.0, threshold=0.0), plane)


def test_luma_and_color_go_there_and_back():
    picture = np.random.default_rng(0).uniform(0, 1, (12, 14, 3)).astype(np.float32)
    parts = to_luma_color(tuple(np.moveaxis(picture, -1, 0)))
    np.testing.assert_allclose(parts[0], picture @ np.float32([0.299, 0.587, 0.114]), atol=1e-6)
    np.testing.assert_allclose(to_rgb(*parts), picture, atol=1e-6)


# Contrast and sharpening -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("contrast", [-0.5, 0.0, 0.3, 0.6])
@pytest.mark.parametrize("pivot", [0.2, 0.5, 0.7])
def test_a_tone_curve_is_as_steep_at_its_pivot_as_it_says_and_keeps_black_and_white(contrast, pivot):
    value = np.linspace(0, 1, 2001)
    curve = tone_curve(value, contrast=contrast, pivot=pivot)
    np.testing.assert_allclose(
        tone_curve(np.array([0, pivot, 1]), contrast=contrast, pivot=pivot), [0, pivot, 1]
    )
    assert (np.diff(curve) >= 0).all()
    near = tone_curve(np.array([pivot - 1e-4, pivot + 1e-4]), contrast=contrast, pivot=pivot)
    assert (near[1] - near[0]) / 2e-4 == pytest.approx(2**contrast, rel=1e-3)
    shown = apply_contrast(value.astype(np.float32)[None], contrast=contrast, pivot=pivot)[0]
    np.testing.assert_allclose(shown, curve, atol=2e-3)


@pytest.mark.parametrize("sigma", [1.0, 1.3, 1.6])
@pytest.mark.parametrize("frequency", [0.05, 0.15, 0.4])
def test_sharpening_has_the_gain_of_an_unsharp_mask(sigma, frequency):
    passed = sharpen(grating(frequency, amplitude=0.05), amount=0.8, sigma=sigma)
    expected = 1 + 0.8 * (1 - math.exp(-2 * (math.pi * sigma * frequency) ** 2))
    assert amplitude(passed, frequency) / 0.05 == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("sigma", [1.0, 1.6])
def test_a_halo_is_as_wide_as_its_radius(sigma):
    """Beside an edge of height h the overshoot is amount * h * (1 - Phi(x / sigma)), x from the edge."""
    edge = np.zeros((8, 80), np.float32)
    edge[:, 40:] = 0.2
    over = sharpen(edge, amount=0.5, sigma=sigma)[4] - edge[4]
    x = np.arange(40, 50) - 39.5
    np.testing.assert_allclose(over[40:50], 0.5 * 0.2 * (1 - ndtr(x / sigma)), atol=2e-3)
    np.testing.assert_allclose(over[30:40][::-1], -over[40:50], atol=1e-6)


def test_a_halo_ends_at_an_eighth_of_white():
    edge = np.zeros((8, 80), np.float32)
    edge[:, 40:] = 1.0
    over = sharpen(edge, amount=3.0, sigma=1.3) - edge
    assert np.abs(over).max() == pytest.approx(0.12, abs=1e-6)


# The whole phone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", [1.0, 2.0])
@pytest.mark.parametrize("brightness", [0.1, 0.3])
def test_the_automatic_brings_the_mean_to_what_it_aims_at(reduction, brightness):
    phone = replace(SILENT, reduction=reduction, exposure=1.2)
    (picture,) = film([grey(0.7)], phone, brightness=brightness, white=WHITE, rng=np.random.default_rng(0))
    assert decode_tone(picture).mean() == pytest.approx(1.2 * brightness, rel=0.02)


def test_the_first_frame_sets_the_exposure():
    lights = [grey(v) for v in (0.4, 0.2)]
    first, second = film(lights, SILENT, brightness=0.3, white=WHITE, rng=np.random.default_rng(0))
    assert decode_tone(second).mean() / decode_tone(first).mean() == pytest.approx(0.5, rel=0.02)


def test_white_light_is_balanced_away_and_the_tint_stays():
    light = np.broadcast_to(np.float32([0.5, 0.4, 0.2]), (32, 32, 3)).astype(np.float32)
    phone = replace(SILENT, tint=(1.1, 0.95), full_well=1e9)
    exposure = meter(light, phone, brightness=0.25, white=(0.5, 0.4, 0.2))
    shown = decode_tone(capture(light, phone, exposure, rng=np.random.default_rng(0))).mean(axis=(0, 1))
    np.testing.assert_allclose(shown / shown[1], [1.1, 1.0, 0.95], rtol=0.03)


@pytest.mark.parametrize("saturation", [0.0, 0.7, 1.5])
def test_saturation_multiplies_the_distance_from_grey(saturation):
    light = np.broadcast_to(np.float32([0.3, 0.25, 0.22]), (32, 32, 3)).astype(np.float32)
    plain, changed = (
        develop(
            tuple(np.moveaxis(light, -1, 0)),
            replace(SILENT, saturation=s),
            meter(light, SILENT, brightness=0.25, white=WHITE),
        ).mean(axis=(0, 1))
        for s in (1.0, saturation)
    )
    luma = plain @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(changed - luma, saturation * (plain - luma), atol=1.5)


def test_contrast_spreads_luma_about_the_mean_by_its_octaves():
    coded = 0.45 + grating(0.02, amplitude=0.03)
    light = np.repeat(decode_tone(np.rint(coded * 255).astype(np.uint8))[..., None], 3, axis=-1)
    spread = {}
    for contrast in (0.0, 0.5):
        phone = replace(SILENT, contrast=contrast)
        brightness = float(decode_tone(np.uint8(round(0.45 * 255))))
        (picture,) = film([light], phone, brightness=brightness, white=WHITE, rng=np.random.default_rng(0))
        spread[contrast] = picture[16:-16, 16:-16, 1].std()
    assert spread[0.5] / spread[0.0] == pytest.approx(2**0.5, rel=0.06)


@pytest.mark.parametrize("reduction", [1.0, 2.5])
def test_a_grey_frame_has_little_noise_and_next_to_none_in_color(reduction):
    phone = Phone(full_well=1500.0, stack=6, reduction=reduction, sharpening=0.6, quality=0)
    (picture,) = film(
        [grey(0.5, (128, 128))], phone, brightness=0.2, white=WHITE, rng=np.random.default_rng(0)
    )
    luma, red, _ = to_luma_color(tuple(np.moveaxis(picture.astype(np.float32), -1, 0)))
    assert 0.1 < luma.std() < 3
    # Rounding three channels to 8 bits alone leaves red - luma a deviation of some 0.35.
    assert red.std() < 0.5


def test_a_reduction_averages_noise_and_leaves_none_in_color():
    phone = Phone(full_well=1000.0, read_noise=0.0, stack=4, reduction=2.0)
    red, green, blue = read_out(grey(0.4, (100, 100)), phone, 1.0, rng=np.random.default_rng(0))
    assert green.std() == pytest.approx(math.sqrt(0.4 / 1000 / 4 / 4), rel=0.03)
    np.testing.assert_allclose(red, green, atol=1e-6)
    np.testing.assert_allclose(blue, green, atol=1e-6)


@pytest.mark.parametrize("reduction", [1.0, 2.0])
def test_a_full_pixel_is_white_whatever_its_color(reduction):
    """A light that overflows all three colors is white; what is missing of one is not taken from the others."""
    light = np.broadcast_to(np.float32([2.0, 3.0, 1.5]), (32, 32, 3)).astype(np.float32)
    for plane in read_out(light, replace(SILENT, reduction=reduction), 1.0, rng=np.random.default_rng(0)):
        np.testing.assert_allclose(plane, 1, atol=1e-4)


def test_values_are_coded_as_srgb():
    light = np.linspace(-0.1, 1.2, 200, dtype=np.float32)[None]
    for plane in encode_planes((light, light, light)):
        np.testing.assert_allclose(plane, encode_tone(np.clip(light, 0, 1).astype(np.float64)), atol=2e-4)
