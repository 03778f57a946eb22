"""Whole recaptures: shapes and places of crops, light of dark and bright clips, JPEG, colour, and time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from specaug.augment import Drawn, apply_drawn
from specaug.augment.recapture.srgb import decode_tone
from specaug.augment.recapture.version1 import RecapturePrintParams, RecaptureScreenParams

SILENT = {
    "full_well": 1e9,
    "read_noise": 0.0,
    "sharpening": 0.0,
    "shake": 0.0,
    "quality": 0,
    "lens_sigma": 1.5,
}
SCREEN = RecaptureScreenParams(**SILENT, flicker=0.0, glare=0.0)
PRINT = RecapturePrintParams(**SILENT, sway=(0.0, 0.0, 0.0), slope=0.0)
every_kind = pytest.mark.parametrize(
    ("name", "params"), [("recapture_screen", SCREEN), ("recapture_print", PRINT)]
)


def filmed(name: str, clip: np.ndarray, params, **axes) -> np.ndarray:
    return apply_drawn(clip, Drawn(name, params), **axes).image


def spot(shape: tuple[int, int], at: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    value = 60 + 130 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 60)
    return np.repeat(np.rint(value)[..., None], 3, axis=-1).astype(np.uint8)


def brightest(picture: np.ndarray) -> np.ndarray:
    """(x, y) centre of what is well above the surroundings."""
    light = picture.astype(float).mean(axis=-1)
    weight = np.clip(light - np.median(light) - 30, 0, None)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@every_kind
@pytest.mark.parametrize("shape", [(72, 48), (40, 96), (64, 64), (51, 50)])
def test_a_crop_of_any_shape_keeps_its_shape_and_its_places(name, params, shape):
    at = (shape[1] * 0.6, shape[0] * 0.4)
    out = filmed(name, spot(shape, at), replace(params, turn=0.03, scale=1.2))
    assert out.shape == (*shape, 3)
    np.testing.assert_allclose(brightest(out), at, atol=0.6)


@every_kind
@pytest.mark.parametrize("side", [1, 2, 7])
def test_the_smallest_crops_are_filmed_too(name, params, side):
    out = filmed(name, np.full((2, side, side, 3), 120, np.uint8), params, clip_axis=0)
    assert out.shape == (2, side, side, 3)
    assert np.abs(out.astype(int) - 120).max() < 40


@every_kind
@pytest.mark.parametrize("level", [40, 120, 200])
def test_the_automatic_gives_back_the_light_of_the_clip(name, params, level):
    """Paper has a colour, inks overlap and halftone has a mean: within a tenth of the light."""
    out = filmed(name, np.full((48, 48, 3), level, np.uint8), params)
    assert float(decode_tone(out).mean()) == pytest.approx(float(decode_tone(np.uint8(level))), rel=0.1)


@every_kind
def test_a_black_clip_stays_dark_and_finite(name, params):
    out = filmed(name, np.zeros((40, 40, 3), np.uint8), params)
    assert out.max() < 40


@every_kind
@pytest.mark.parametrize("exposure", [0.5, 2.0])
def test_the_exposure_multiplies_linear_light(name, params, exposure):
    grey = np.full((40, 40, 3), 110, np.uint8)
    plain, other = (
        decode_tone(filmed(name, grey, replace(params, exposure=e))).mean() for e in (1.0, exposure)
    )
    assert other / plain == pytest.approx(exposure, rel=0.03)


@every_kind
@pytest.mark.parametrize("tint", [(1.3, 1.0), (1.0, 0.7)])
def test_a_tint_multiplies_the_light_of_red_and_blue_against_green(name, params, tint):
    grey = np.full((40, 40, 3), 110, np.uint8)
    plain, tinted = (
        decode_tone(filmed(name, grey, replace(params, tint=t))).mean(axis=(0, 1)) for t in ((1.0, 1.0), tint)
    )
    ratio = tinted / plain
    np.testing.assert_allclose(ratio / ratio[1], [tint[0], 1.0, tint[1]], rtol=0.03)


def test_the_colour_of_a_display_is_balanced_away():
    grey = np.full((40, 40, 3), 110, np.uint8)
    for white in ((1.0, 1.0, 1.0), (0.8, 1.0, 1.3)):
        out = filmed("recapture_screen", grey, replace(SCREEN, white=white, black=0.0)).mean(axis=(0, 1))
        np.testing.assert_allclose(out, 110, atol=2)


def test_a_bright_black_level_takes_contrast():
    """(dark + b) : (light + b) in linear light, whatever the exposure."""
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:, :32], halves[:, 32:] = 80, 190
    for black in (0.0, 0.2):
        out = decode_tone(filmed("recapture_screen", halves, replace(SCREEN, black=black)))[20:44]
        dark, light = (float(decode_tone(np.uint8(v))) + black for v in (80, 190))
        assert out[:, 4:20].mean() / out[:, 44:60].mean() == pytest.approx(dark / light, rel=0.03)


@every_kind
def test_a_good_jpeg_keeps_the_luma_that_a_coarse_one_loses(name, params):
    clip = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    none, good, poor = (
        filmed(name, clip, replace(params, quality=q, lens_sigma=0.4)) @ [0.299, 0.587, 0.114]
        for q in (0, 97, 3)
    )
    assert np.abs(good - none).mean() < 3
    assert np.abs(poor - none).mean() > 3 * np.abs(good - none).mean()


@every_kind
def test_noise_of_a_clip_has_the_deviation_of_its_electrons(name, params):
    """Four times the electrons halve the noise; a fiftieth of the scene's own light is a fraction of a full pixel."""
    still = np.full((8, 40, 40, 3), 150, np.uint8)
    spread = [
        filmed(name, still, replace(params, full_well=well), clip_axis=0).astype(float).std(axis=0).mean()
        for well in (1000.0, 4000.0)
    ]
    # Rounding adds 1/12 to each variance.
    variances = np.array(spread) ** 2 - 1 / 12
    assert np.sqrt(variances[0] / variances[1]) == pytest.approx(2, rel=0.1)


def test_a_display_keeps_the_order_of_frames_and_a_print_shows_the_first():
    clip = np.stack([spot((56, 56), (x, 28.0)) for x in (16.0, 28.0, 40.0)])
    played = filmed("recapture_screen", clip, SCREEN, clip_axis=0)
    np.testing.assert_allclose([brightest(f)[0] for f in played], [16, 28, 40], atol=0.6)
    printed = filmed("recapture_print", clip, PRINT, clip_axis=0)
    np.testing.assert_allclose([brightest(f)[0] for f in printed], 16, atol=0.6)


def test_a_scale_moves_the_bayer_pattern_and_dots_in_px_of_the_crop():
    """Dots of six sensor px are 1/(6/scale) cycles per px of the crop."""
    grey = np.full((120, 120, 3), 128, np.uint8)
    f = np.fft.fftfreq(120)
    radius = np.hypot(f[:, None], f)
    for scale in (0.8, 1.0, 1.6):
        params = replace(PRINT, cell=6.0, scatter=0.3, lens_sigma=0.3, scale=scale)
        out = filmed("recapture_print", grey, params).astype(float) @ [0.299, 0.587, 0.114]
        window = np.outer(np.hanning(120), np.hanning(120))
        power = np.abs(np.fft.fft2((out - out.mean()) * window)) ** 2
        power[radius < 0.05] = 0
        assert radius.ravel()[power.argmax()] == pytest.approx(scale / 6, abs=1.5 / 120)
