"""The simulated camera: tone curve, metering and balance, electrons and saturation, mosaic, sharpening, film."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from specaug.augment.recapture.srgb import decode_tone, encode_tone
from specaug.augment.recapture.version1.camera import (
    Camera,
    Exposure,
    capture,
    centre_weighted_mean,
    develop,
    expose,
    film,
    lens,
    meter,
    mosaic,
    sample_camera,
)

PLAIN = Exposure(1.0, (1.0, 1.0, 1.0))
WHITE = np.ones(3)


def camera(**changes) -> Camera:
    settings = {"full_well": 1e9, "read_noise": 0.0, "sharpening": 0.0, "brightness": 0.2, "tint": (1.0, 1.0)}
    return Camera(**{"lens_sigma": 0.4, **settings, **changes})


def flat(*light: float, shape: tuple[int, int] = (24, 32)) -> np.ndarray:
    return np.broadcast_to(np.array(light, np.float32), (*shape, 3)).copy()


@pytest.mark.parametrize(
    ("value", "light"),
    [
        (0, 0.0),
        (1, 1 / 255 / 12.92),
        (10, 10 / 255 / 12.92),
        (11, 0.00334654),
        (64, 0.0512695),
        (128, 0.2158605),
        (188, 0.5028865),
        (255, 1.0),
    ],
)
def test_display_values_have_the_light_of_the_srgb_standard(value, light):
    found = decode_tone(np.array([value], np.uint8))
    assert found.dtype == np.float32
    assert found[0] == pytest.approx(light, rel=2e-6)
    assert encode_tone(np.array([light]))[0] * 255 == pytest.approx(value, abs=1e-3)


def test_the_tone_curve_is_straight_in_the_dark_and_meets_the_power_law():
    low = encode_tone(np.array([0.0, 0.001, 0.002, 0.0031308]))
    np.testing.assert_allclose(low / 12.92, [0.0, 0.001, 0.002, 0.0031308])
    assert encode_tone(np.array([0.00313081]))[0] == pytest.approx(low[-1], abs=1e-6)
    light = np.array([0.0031309, 0.18, 0.5, 1.0])
    np.testing.assert_allclose(encode_tone(light), 1.055 * light ** (1 / 2.4) - 0.055)


def test_more_light_is_never_darker():
    assert (np.diff(encode_tone(np.linspace(0, 1, 5001))) > 0).all()
    assert (np.diff(decode_tone(np.arange(256, dtype=np.uint8))) > 0).all()


def slow_mean(image: np.ndarray) -> np.ndarray:
    """Weights exp(-1.5 r²) of the distance r from the middle, in half widths and half heights."""
    height, width = image.shape[:2]
    total, weights = np.zeros(3), 0.0
    for row in range(height):
        for column in range(width):
            v, u = 2 * row / (height - 1) - 1, 2 * column / (width - 1) - 1
            weight = math.exp(-1.5 * (u * u + v * v))
            total += weight * image[row, column]
            weights += weight
    return total / weights


def test_the_middle_counts_most_in_the_mean(rng):
    image = rng.uniform(0, 1, (13, 18, 3)).astype(np.float32)
    np.testing.assert_allclose(centre_weighted_mean(image), slow_mean(image), rtol=1e-6)
    spot = np.zeros((21, 21, 3), np.float32)
    spot[10, 10] = 1
    edge = np.roll(spot, 10, axis=1)
    ratio = centre_weighted_mean(spot) / centre_weighted_mean(edge)
    np.testing.assert_allclose(ratio, math.exp(1.5), rtol=1e-6)
    np.testing.assert_allclose(centre_weighted_mean(flat(0.1, 0.2, 0.3)), [0.1, 0.2, 0.3], rtol=1e-6)


@pytest.mark.parametrize("brightness", [0.1, 0.29])
@pytest.mark.parametrize("veil", [0.0, 0.25, -0.1])
def test_the_automatic_aims_at_its_brightness_whatever_the_light(brightness, veil, rng):
    image = rng.uniform(0, 3, (12, 16, 3)).astype(np.float32) * np.array([1.4, 1.0, 0.7], np.float32)
    one = camera(brightness=brightness, veil=veil)
    exposure = meter(image, one, white=[1.4, 1.0, 0.7])
    seen = (slow_mean(image) + exposure.veil) * exposure.gain * exposure.balance
    assert seen.mean() == pytest.approx(brightness, rel=1e-5)
    np.testing.assert_allclose(exposure.veil, veil * slow_mean(image), rtol=1e-5)


@pytest.mark.parametrize("white", [(1.0, 1.0, 1.0), (0.5, 1.0, 2.0), (2.0, 4.0, 1.0)])
def test_the_balance_takes_the_colour_of_white_away_and_adds_the_tint(white):
    exposure = meter(flat(*white), camera(tint=(1.1, 0.9)), white=white)
    np.testing.assert_allclose(np.array(exposure.balance) * white / white[1], [1.1, 1.0, 0.9])


def test_the_filter_of_each_pixel_is_red_green_green_blue(rng):
    image = rng.uniform(0, 1, (7, 9, 3)).astype(np.float32)
    raw = mosaic(image)
    for row in range(7):
        for column in range(9):
            colour = {(0, 0): 0, (1, 1): 2}.get((row % 2, column % 2), 1)
            assert raw[row, column] == image[row, column, colour]


def test_a_mosaic_is_a_copy():
    image = flat(0.1, 0.2, 0.3)
    mosaic(image)[...] = 9
    np.testing.assert_array_equal(image, flat(0.1, 0.2, 0.3))


def variance(light: float, well: float, read: float) -> float:
    """Of what was seen, as a share of a full pixel."""
    one = camera(full_well=well, read_noise=read)
    raw = expose(np.full((256, 256), light, np.float32), one, rng=np.random.default_rng(1)).astype(float)
    black, white = (
        float(expose(np.full((2, 2), v, np.float32), camera(), rng=np.random.default_rng(0)).mean())
        for v in (0.0, 1.0)
    )
    return float(((raw - black) / (white - black)).var())


@pytest.mark.parametrize("well", [500.0, 2000.0, 8000.0])
@pytest.mark.parametrize("read", [0.0, 8.0])
def test_noise_of_photons_falls_with_the_full_well(well, read):
    """A pixel of e electrons has the variance e + read²: of a full pixel, (light·well + read²) / well²."""
    # The relative error of a variance of 65536 values is 0.55 %, five times that.
    assert variance(0.3, well, read) == pytest.approx((0.3 * well + read**2) / well**2, rel=0.028)


def test_a_full_pixel_holds_no_more_and_an_empty_one_no_less():
    values = [
        expose(np.full((4, 4), v, np.float32), camera(), rng=np.random.default_rng(0)) for v in (-3, 0, 1, 7)
    ]
    assert values[0].dtype == np.uint16
    # A billion electrons have a noise of 3e-5 of themselves: two raw values.
    low, black, full, over = (v.astype(float).mean() for v in values)
    assert low == pytest.approx(black, abs=2)
    assert over == pytest.approx(full, abs=2)
    assert 0 < black < full < 2**16 - 1


def test_reading_noise_keeps_its_mean_in_the_dark():
    dark = np.zeros((200, 200), np.float32)
    silent, noisy = (
        expose(dark, camera(full_well=1000.0, read_noise=r), rng=np.random.default_rng(2)).astype(float)
        for r in (0.0, 10.0)
    )
    full = expose(dark + 1, camera(), rng=np.random.default_rng(2)).mean()
    electron = (full - silent.mean()) / 1000
    assert noisy.std() == pytest.approx(10 * electron, rel=0.02)
    assert noisy.mean() == pytest.approx(silent.mean(), abs=5 * 10 * electron / 200)


def test_exposing_writes_to_no_light():
    light = np.full((8, 8), 0.4, np.float32)
    expose(light, camera(full_well=500.0), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(light, 0.4 * np.ones((8, 8), np.float32))


def shown(light: np.ndarray, one: Camera, exposure: Exposure = PLAIN) -> np.ndarray:
    return develop(expose(mosaic(light), one, rng=np.random.default_rng(0)), one, exposure)


@pytest.mark.parametrize("balance", [(1.0, 1.0, 1.0), (1.6, 1.0, 0.5)])
def test_each_colour_is_multiplied_in_linear_light(balance):
    picture = shown(flat(0.2, 0.3, 0.4), camera(), Exposure(1.0, balance))
    expected = 255 * encode_tone(np.array([0.2, 0.3, 0.4]) * balance)
    assert np.abs(picture.astype(float) - expected).max() <= 1


def test_what_the_balance_lifts_beyond_white_is_white():
    picture = shown(flat(0.7, 0.7, 0.7), camera(), Exposure(1.0, (2.0, 1.0, 0.0)))
    assert (picture[..., 0] == 255).all()
    assert (picture[..., 2] == 0).all()


@pytest.mark.parametrize("sharpening", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("cycles", [23, 37, 45])
def test_sharpening_lifts_a_wave_by_what_a_blur_of_one_px_takes(sharpening, cycles):
    """An unsharp mask on display values: 1 + s (1 - exp(-2 pi² f²))."""
    tone = 0.5 + 0.2 * np.sin(2 * np.pi * cycles * np.arange(256) / 256) * np.ones((32, 1))
    light = np.repeat(((tone + 0.055) / 1.055)[..., None] ** 2.4, 3, axis=-1).astype(np.float32)

    def wave(one: Camera) -> float:
        rows = shown(light, one)[8:-8, :, 1].astype(float).mean(axis=0)
        return 2 * float(np.abs(np.fft.rfft(rows)[cycles])) / 256 / 255

    taken = 1 - math.exp(-2 * (math.pi * cycles / 256) ** 2)
    found = wave(camera(sharpening=sharpening)) / wave(camera())
    assert found == pytest.approx(1 + sharpening * taken, abs=0.02)


def test_a_lens_blurs_by_its_sigma_and_keeps_the_light(rng):
    light = rng.uniform(0, 1, (40, 40, 3)).astype(np.float32)
    soft, softer = lens(light, 1.0), lens(light, 2.0)
    # White noise under a Gaussian keeps 1/(2 sqrt(pi) sigma) of its deviation, within a tenth on 1600 values.
    for seen, sigma in ((soft, 1.0), (softer, 2.0)):
        assert seen[6:-6, 6:-6].std() / light.std() == pytest.approx(
            1 / (2 * math.sqrt(math.pi) * sigma), rel=0.15
        )
        assert seen.mean() == pytest.approx(light.mean(), abs=0.02)


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_the_gain_multiplies_light_and_its_veil(gain):
    light = flat(0.1, 0.1, 0.1)
    exposure = Exposure(gain, (1.0, 1.0, 1.0), (0.05, 0.0, 0.1))
    picture = capture(light, camera(), exposure, rng=np.random.default_rng(0))
    expected = 255 * encode_tone(gain * np.array([0.15, 0.1, 0.2]))
    assert np.abs(picture.astype(float) - expected).max() <= 1
    np.testing.assert_array_equal(light, flat(0.1, 0.1, 0.1))


def test_the_first_frame_sets_the_exposure_of_a_film():
    lights = [flat(level, level, level) for level in (0.4, 0.8, 0.2)]
    frames = list(film(iter(lights), camera(), white=WHITE, rng=np.random.default_rng(0)))
    found = [float(decode_tone(frame).mean()) for frame in frames]
    assert found == pytest.approx([0.2, 0.4, 0.1], rel=0.01)
    again = list(film(lights[1:], camera(), white=WHITE, rng=np.random.default_rng(0)))
    assert float(decode_tone(again[0]).mean()) == pytest.approx(0.2, rel=0.01)


def test_a_film_of_nothing_has_no_frames():
    assert list(film([], camera(), white=WHITE, rng=np.random.default_rng(0))) == []


def test_cameras_are_drawn_from_their_ranges():
    rng = np.random.default_rng(5)
    drawn = [sample_camera(rng=rng) for _ in range(400)]
    limits = {
        "lens_sigma": (0.32, 0.56),
        "read_noise": (2.0, 6.0),
        "sharpening": (0.2, 0.8),
        "brightness": (0.18, 0.29),
        "veil": (0.0, 0.25),
    }
    shares = {n: (np.array([getattr(c, n) for c in drawn]) - a) / (b - a) for n, (a, b) in limits.items()}
    shares["full_well"] = np.log([c.full_well / 450 for c in drawn]) / math.log(2500 / 450)
    for values in shares.values():
        assert 0 <= values.min() < values.max() <= 1
        assert values.mean() == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / 400))
        assert values.var() == pytest.approx(1 / 12, abs=5 * math.sqrt(1 / 180 / 400))
    tints = np.log([c.tint for c in drawn])
    np.testing.assert_allclose(tints.std(axis=0), 0.05, rtol=5 / math.sqrt(800))
    np.testing.assert_allclose(tints.mean(axis=0), 0, atol=5 * 0.05 / 20)


def test_a_camera_without_noise_is_the_same_each_time():
    light = flat(0.2, 0.25, 0.3)
    one = replace(camera(), sharpening=0.5)
    first, second = (capture(light, one, PLAIN, rng=np.random.default_rng(seed)) for seed in (0, 1))
    for picture in (first, second):
        assert np.abs(picture - 255 * encode_tone(np.array([0.2, 0.25, 0.3]))).max() <= 1
