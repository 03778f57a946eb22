"""The simulated camera against the physics it claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment.recapture.srgb import decode_tone, encode_tone
from specaug.augment.recapture.version1.camera import (
    _PEDESTAL,
    _WHITE,
    Camera,
    Exposure,
    capture,
    develop,
    expose,
    meter,
    mosaic,
    sample_camera,
)

PLAIN = Exposure(1.0, (1.0, 1.0, 1.0))


def camera(**changes: float) -> Camera:
    settings_ = {"full_well": 4000.0, "read_noise": 5.0, "sharpening": 0.0} | changes
    return Camera(lens_sigma=0.4, brightness=0.2, tint=(1.0, 1.0), **settings_)


def in_electrons(raw: np.ndarray, full_well: float) -> np.ndarray:
    return (raw.astype(np.float64) - _PEDESTAL) / (_WHITE - _PEDESTAL) * full_well


@pytest.mark.parametrize("light", [0.0, 0.02, 0.18, 0.6])
def test_noise_has_the_variance_of_photons_and_of_reading(light: float, rng: np.random.Generator) -> None:
    one = camera()
    raw = expose(np.full((512, 512), light, np.float32), one, rng=rng)
    electrons = in_electrons(raw, one.full_well)
    expected = light * one.full_well + one.read_noise**2
    # The relative error of a variance of n values is sqrt(2 / n) = 0.3 %; five times that, and rounding to raw values.
    assert electrons.var() == pytest.approx(expected, rel=0.015)
    assert electrons.mean() == pytest.approx(light * one.full_well, abs=5 * np.sqrt(expected) / 512)


def test_noise_differs_between_pixels_and_frames(rng: np.random.Generator) -> None:
    flat = np.full((64, 64), 0.2, np.float32)
    first, second = (expose(flat, camera(), rng=rng).astype(float) for _ in range(2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.08
    assert abs(np.corrcoef(first[:, :-1].ravel(), first[:, 1:].ravel())[0, 1]) < 0.08


@pytest.mark.parametrize("grey", [0.05, 0.18, 0.5, 0.9])
def test_a_constant_grey_stays_that_grey(grey: float, rng: np.random.Generator) -> None:
    silent = camera(full_well=1e9, read_noise=0.0, sharpening=0.7)
    raw = expose(mosaic(np.full((32, 48, 3), grey, np.float32)), silent, rng=rng)
    picture = develop(raw, silent, PLAIN)
    assert np.ptp(picture) <= 1
    assert np.abs(picture - 255 * encode_tone(np.array(grey))).max() <= 1


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_each_colour_comes_back_in_its_own_channel(channel: int, rng: np.random.Generator) -> None:
    silent = camera(full_well=1e9, read_noise=0.0)
    light = np.zeros((32, 32, 3), np.float32)
    light[..., channel] = 0.4
    picture = develop(expose(mosaic(light), silent, rng=rng), silent, PLAIN)[4:-4, 4:-4]
    means = picture.mean(axis=(0, 1))
    assert means[channel] == pytest.approx(255 * encode_tone(np.array(0.4)), abs=1)
    assert np.delete(means, channel).max() < 1


def test_the_mosaic_takes_red_green_green_blue() -> None:
    light = np.broadcast_to(np.array([1, 2, 3], np.float32), (4, 6, 3))
    assert mosaic(light)[:2, :2].tolist() == [[1, 2], [2, 3]]
    assert (mosaic(light) == 2).mean() == 0.5


def test_the_tone_curve_returns_all_8_bit_values() -> None:
    values = np.arange(256, dtype=np.uint8)
    back = np.rint(encode_tone(decode_tone(values).astype(np.float64)) * 255)
    np.testing.assert_array_equal(back, values)


@settings(deadline=None, max_examples=25)
@given(level=st.floats(0.01, 3), red=st.floats(0.4, 2), blue=st.floats(0.4, 2))
def test_exposure_and_balance_make_white_light_neutral(level: float, red: float, blue: float) -> None:
    white = np.array([red, 1, blue], np.float32)
    image = np.full((12, 16, 3), level, np.float32) * white
    exposure = meter(image, camera(), white=white)
    shown = image[0, 0] * exposure.gain * np.array(exposure.balance)
    np.testing.assert_allclose(shown, 0.2, rtol=1e-4)


def test_a_veil_adds_light_everywhere_and_leaves_the_mean(rng: np.random.Generator) -> None:
    light = np.full((64, 64, 3), 0.1, np.float32)
    light[:, 32:] = 0.5
    shown = {}
    for veil in (0.0, 0.2):
        one = replace(camera(full_well=1e9, read_noise=0.0), veil=veil)
        picture = capture(light, one, meter(light, one, white=np.ones(3)), rng=rng)
        shown[veil] = decode_tone(picture)[:, [4, 60]].mean(axis=(0, 2))
    np.testing.assert_allclose(shown[0.2].mean(), shown[0.0].mean(), rtol=0.02)
    # (dark + v·mean) : (light + v·mean), with a mean of 0.3.
    assert shown[0.2][0] / shown[0.2][1] == pytest.approx((0.1 + 0.06) / (0.5 + 0.06), rel=0.03)


def test_cameras_lie_in_their_ranges(rng: np.random.Generator) -> None:
    drawn = [sample_camera(rng=rng) for _ in range(200)]
    wells = [c.full_well for c in drawn]
    assert 450 <= min(wells) < 600
    assert 2000 < max(wells) <= 2500
    assert all(0.3 < c.lens_sigma < 0.6 and 0 <= c.veil <= 0.25 for c in drawn)
