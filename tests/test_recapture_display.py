"""A display before a camera: its subpixels, the waves that pass, black level, reflections, bands, and movement."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from specaug.augment.recapture.optics import View, sight_lines
from specaug.augment.recapture.srgb import decode_tone
from specaug.augment.recapture.version1.screen import (
    STRIPE_HEIGHT,
    STRIPE_WIDTH,
    Screen,
    replay,
    sample_screen,
    stripes,
    visible_waves,
)

STRAIGHT = View(1.0, 0.0, (0.0, 0.0))
SOFT = 3.0
"""A lens through which no stripe is seen."""
BARE = Screen(STRAIGHT, 0.8, (1.0, 1.0, 1.0), 0.0, 0.0, 0.0, (0.5, 0.5), 0.0)


def shown(frames, screen=BARE, *, lens_sigma=SOFT, seed=0, interval=1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lights = replay(
        iter(frames), screen, lens_sigma=lens_sigma, frames=len(frames), rng=rng, interval=interval
    )
    return np.stack(list(lights)).astype(np.float64)


def grey(value: int, shape: tuple[int, int] = (40, 60)) -> np.ndarray:
    return np.full((*shape, 3), value, np.uint8)


def test_a_display_px_seen_from_near_is_three_stripes_in_a_dark_grid():
    """A hundred sensor px for a display px: red left, green middle, blue right, each of the stated size."""
    at = (np.arange(100, dtype=np.float32) + 0.5) / 100
    x, y = np.meshgrid(at, at)
    mask = stripes(x, y, lens_sigma=0.4).at(0, 0)
    for colour in range(3):
        lit = mask[..., colour] > mask[..., colour].max() / 2
        columns, rows = lit[50] * 1.0, lit[:, int((colour + 0.5) / 3 * 100)] * 1.0
        # Twelve harmonics place an edge within a fifth of a period of the last: 0.02 display px.
        assert columns.mean() == pytest.approx(STRIPE_WIDTH, abs=0.02)
        assert rows.mean() == pytest.approx(STRIPE_HEIGHT, abs=0.02)
        middle = (at * columns).sum() / columns.sum()
        assert middle == pytest.approx((colour + 0.5) / 3, abs=0.01)
        assert rows[45:55].all()
        assert mask[50, int((colour + 0.5) / 3 * 100), colour] == pytest.approx(
            1 / STRIPE_WIDTH / STRIPE_HEIGHT, rel=0.15
        )


@pytest.mark.parametrize(
    "jacobian", [np.diag([0.7, 0.7]), np.array([[0.5, -0.1], [0.08, 0.6]]), np.diag([0.3, 1.1])]
)
@pytest.mark.parametrize("sigma", [0.2, 0.45])
def test_the_visible_waves_are_those_of_the_fourier_series_that_optics_leave(jacobian, sigma):
    """All harmonics that are not weaker than a thousandth, each once; k and -k are one wave of twice the amplitude."""
    found = {(w.k, w.l): w.gain for w in visible_waves(jacobian, sigma)}
    assert len(found) == len(visible_waves(jacobian, sigma))
    for k in range(-3, 4):
        for m in range(-3, 4):
            fx, fy = k * jacobian[0] + m * jacobian[1]
            train = np.sinc(k * STRIPE_WIDTH) * np.sinc(m * STRIPE_HEIGHT)
            passed = math.exp(-2 * (math.pi * sigma) ** 2 * (fx**2 + fy**2)) * np.sinc(fx) * np.sinc(fy)
            strength = 2 * train * passed
            half = k > 0 or (k == 0 and m > 0)
            if math.hypot(*(k * jacobian[0])) > 1.5 or math.hypot(*(m * jacobian[1])) > 1.5:
                continue
            assert ((k, m) in found) == (half and abs(strength) > 1e-3), (k, m)
            if (k, m) in found:
                assert found[k, m] == pytest.approx(strength, rel=1e-9)


@pytest.mark.parametrize("density", [0.31, 0.5, 0.77])
def test_the_colours_of_stripes_are_a_third_of_a_px_apart(density):
    x, y = (v * np.float32(density) for v in sight_lines(STRAIGHT.matrix((120, 90)), (120, 90)))
    pattern = stripes(x, y, lens_sigma=0.35)
    red, green, blue = np.moveaxis(pattern.at(0.2, 0.3), -1, 0)
    ahead, behind = pattern.at(0.2 + 1 / 3, 0.3), pattern.at(0.2 - 1 / 3, 0.3)
    np.testing.assert_allclose(ahead[..., 1], red, atol=2e-4)
    np.testing.assert_allclose(behind[..., 1], blue, atol=2e-4)
    np.testing.assert_allclose(pattern.at(1.2, 0.3)[..., 1], green, atol=2e-4)
    np.testing.assert_allclose(pattern.at(0.2, -0.7)[..., 1], green, atol=2e-4)
    assert np.abs(red - green).max() > 0.05


@pytest.mark.parametrize("black", [0.0, 0.015, 0.3])
@pytest.mark.parametrize("white", [(1.0, 1.0, 1.0), (0.9, 1.0, 1.14)])
def test_a_display_shows_linear_light_in_its_white_over_its_black(black, white):
    for value in (0, 60, 255):
        light = shown([grey(value)], replace(BARE, black=black, white=white))[0]
        expected = float(decode_tone(np.uint8(value))) * np.array(white) + black
        np.testing.assert_allclose(light, np.broadcast_to(expected, light.shape), atol=1e-5)


def test_a_lens_mixes_light_and_not_display_values():
    """A fine checkerboard of black and white is half the light of white: the display value 188, and not 128."""
    board = np.indices((40, 60)).sum(axis=0) % 2 * 255
    light = shown([np.repeat(board[..., None], 3, axis=-1).astype(np.uint8)])[0]
    np.testing.assert_allclose(light[8:-8, 8:-8], 0.5, atol=0.01)
    assert light.mean() == pytest.approx(float(decode_tone(np.uint8(188))), abs=0.01)


@pytest.mark.parametrize("density", [0.5, 1.0])
def test_an_edge_is_as_soft_as_lens_and_display_px_together(density):
    """A Gaussian of the lens, and one that stands for the square of a display px, which has the variance of 1/12."""
    edge = np.zeros((16, 80, 3), np.uint8)
    edge[:, 40:] = 255
    view = View(1.6, 0.0, (0.0, 0.0))
    light = shown([edge], replace(BARE, view=view, density=density), lens_sigma=2.0)[0, 8, :, 1]
    spread = np.diff(light) / np.diff(light).sum()
    at = np.arange(spread.size)
    middle = (spread * at).sum()
    # The edge itself is a ramp of one px of the picture, 1.6 sensor px.
    expected = 2.0**2 + (1.6 / density) ** 2 / 12 + 1.6**2 / 12
    assert (spread * (at - middle) ** 2).sum() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("at", [(0.5, 0.5), (0.1, 0.8), (0.9, 0.0)])
def test_a_reflection_is_brightest_where_it_is_said_to_be(at):
    light = shown([grey(0, (100, 160))], replace(BARE, glare=0.4, glare_at=at))[0]
    row, column = np.unravel_index(light[..., 1].argmax(), (100, 160))
    assert (column / 160, row / 100) == pytest.approx(at, abs=0.011)
    assert light.max() == pytest.approx(0.4, rel=1e-3)
    np.testing.assert_array_equal(light[..., 0], light[..., 2])


def test_a_reflection_fades_as_a_gaussian_of_a_third_of_the_side_and_adds_to_what_is_shown():
    screen = replace(BARE, glare=0.2, glare_at=(0.5, 0.5))
    dark, bright = (shown([grey(v, (100, 200))], screen)[0][..., 1] for v in (0, 200))
    np.testing.assert_allclose(bright - dark, float(decode_tone(np.uint8(200))), atol=1e-5)
    assert dark[50, 100 + 60] / dark[50, 100] == pytest.approx(math.exp(-0.5), rel=1e-3)
    assert dark[50 + 30, 100] / dark[50, 100] == pytest.approx(math.exp(-0.5), rel=1e-3)


@pytest.mark.parametrize("flicker", [0.0, 0.05, 0.2])
def test_bands_swing_by_the_flicker_about_the_light_and_follow_rows(flicker):
    light = shown([grey(150, (170, 24))], replace(BARE, flicker=flicker))[0][..., 1]
    rows = light.mean(axis=1) / float(decode_tone(np.uint8(150)))
    np.testing.assert_allclose(light, light[:, :1] * np.ones((1, 24)), atol=1e-6)
    assert rows.max() - 1 == pytest.approx(flicker, abs=2e-3)
    assert 1 - rows.min() == pytest.approx(flicker, abs=2e-3)
    # 1.7 periods over the height: the maxima of a sine lie a period apart, at 1/4 and 5/4 of 100 rows.
    if flicker:
        assert rows[:60].argmax() == pytest.approx(25, abs=2)
        assert 60 + rows[60:].argmax() == pytest.approx(125, abs=2)


@pytest.mark.parametrize("interval", [1.0, 2.5])
def test_bands_run_on_with_the_time_between_frames(interval):
    """8.9 bands a second pass each row of a film of 24 frames a second."""
    light = shown([grey(150, (32, 16))] * 24, replace(BARE, flicker=0.1), interval=interval)[:, 10, 8, 1]
    at = 2 * np.pi * (1.7 * 10 / 32 + 8.9 * np.arange(24) * interval / 24)
    np.testing.assert_allclose(light / float(decode_tone(np.uint8(150))), 1 + 0.1 * np.sin(at), atol=1e-4)


def spot(at: tuple[float, float], shape: tuple[int, int] = (61, 81)) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    value = 200 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 50)
    return np.repeat(np.rint(value)[..., None], 3, axis=-1).astype(np.uint8)


def centre(light: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


@pytest.mark.parametrize(("magnification", "turn"), [(1.0, 0.0), (1.3, 0.0), (1.0, 0.2)])
def test_a_spot_is_seen_where_the_view_puts_it(magnification, turn):
    screen = replace(BARE, view=View(magnification, turn, (0.0, 0.0)))
    found = centre(shown([spot((48, 24))], screen)[0, ..., 1])
    away = np.array([48 - 40, 24 - 30])
    c, s = magnification * math.cos(turn), magnification * math.sin(turn)
    np.testing.assert_allclose(found, np.array([[c, s], [-s, c]]) @ away + (40, 30), atol=0.05)


def test_a_hand_moves_what_is_seen_by_its_deviation():
    screen = replace(BARE, shake=1.5)
    places = np.stack(
        [
            centre(frame[..., 1])
            for seed in range(12)
            for frame in shown([spot((40, 30))] * 4, screen, seed=seed, interval=40.0)
        ]
    )
    # 48 values along two axes, those of different frames independent: three standard errors are 3/sqrt(192).
    assert (places - (40, 30)).std() == pytest.approx(1.5, rel=3 / math.sqrt(192))


def test_the_stripes_move_with_the_picture():
    """Held still against a moving display, moiré of a grey would not move at all."""
    screen = replace(BARE, density=0.9, shake=2.0)
    frames = shown([grey(180, (40, 120))] * 3, screen, lens_sigma=0.3, interval=60.0)[..., 1].mean(axis=1)
    beat = np.fft.rfft(frames, axis=1)[:, 12]
    assert np.abs(beat).std() < 0.02 * np.abs(beat).mean()
    assert np.abs(np.diff(np.angle(beat))).max() > 0.3


def test_each_frame_that_is_given_is_shown_in_turn():
    values = (20, 120, 220)
    light = shown([grey(v) for v in values])
    np.testing.assert_allclose(light.mean(axis=(1, 2, 3)), decode_tone(np.array(values, np.uint8)), rtol=1e-4)
    assert list(replay([], BARE, lens_sigma=SOFT, frames=1, rng=np.random.default_rng(0))) == []


def test_displays_are_drawn_from_their_ranges():
    rng = np.random.default_rng(2)
    drawn = [sample_screen(0.7, rng=rng) for _ in range(400)]
    assert {s.shake for s in drawn} == {0.7}
    assert {s.white[1] for s in drawn} == {1.0}
    values = {
        (0.70, 1.05): [s.density for s in drawn],
        (0.003, 0.015): [s.black for s in drawn],
        (0.0, 0.01): [s.flicker for s in drawn],
        (0.0, 0.05): [s.glare for s in drawn],
        (0.90, 1.02): [s.white[0] for s in drawn],
        (1.0, 1.14): [s.white[2] for s in drawn],
        (0.0, 1.0): [share for s in drawn for share in s.glare_at],
    }
    for (low, high), found in values.items():
        share = (np.array(found) - low) / (high - low)
        assert 0 <= share.min() < 0.03
        assert 0.97 < share.max() <= 1
        assert share.mean() == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / 400))
