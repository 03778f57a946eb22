"""Printed sheets: inks and the share they cover, screens and their frequencies, paper, lamp, and the hand."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from specaug.augment.recapture.optics import View
from specaug.augment.recapture.srgb import decode_tone
from specaug.augment.recapture.version1.paper import (
    DOTS_PER_PX,
    INKS,
    Print,
    dot_screen,
    grain_screen,
    hold,
    ink_dots,
    mean_reflectance,
    print_photo,
    sample_print,
    separate,
)

STRAIGHT = View(1.0, 0.0, (0.0, 0.0))
STILL = Print(STRAIGHT, "dots", 2.3, 0.6, 0.0, (1.0, 1.0, 1.0), 0.0, (0.0, 0.0, 0.0), 0.0)


def reflected(coverage: np.ndarray) -> np.ndarray:
    return np.stack(
        [mean_reflectance(list(np.moveaxis(coverage, -1, 0)), colour=c) for c in range(3)], axis=-1
    )


def held(texture, sheet=STILL, *, frames=1, seed=0, interval=1.0) -> np.ndarray:
    lights = hold(texture, sheet, frames=frames, rng=np.random.default_rng(seed), interval=interval)
    return np.stack(list(lights)).astype(np.float64)


def test_dots_that_overlap_by_chance_reflect_the_mean_of_all_overlaps(rng):
    """Demichel: each of the sixteen overlaps of four inks by its probability, times the inks that lie there."""
    coverage = rng.uniform(0, 1, (5, 4)).astype(np.float32)
    for colour in range(3):
        expected = np.zeros(5)
        for inks in itertools.product([False, True], repeat=4):
            share = np.prod([c if on else 1 - c for c, on in zip(coverage.T, inks, strict=True)], axis=0)
            expected += share * np.prod([INKS[i, colour] for i, on in enumerate(inks) if on])
        np.testing.assert_allclose(mean_reflectance(list(coverage.T), colour=colour), expected, rtol=1e-5)


def test_bare_paper_needs_no_ink_and_darkness_needs_all():
    np.testing.assert_allclose(separate(np.ones((2, 3), np.float32)), 0, atol=1e-6)
    dark = separate(np.zeros((1, 3), np.float32))[0]
    assert dark[3] == pytest.approx(0.7)
    assert (dark[:3] > 0.9).all()


@pytest.mark.parametrize("ink", [0, 1, 2])
def test_the_colour_of_an_ink_is_printed_with_that_ink(ink):
    for share in (0.3, 0.6):
        alone = np.zeros((1, 4), np.float32)
        alone[0, ink] = share
        found = separate(reflected(alone))[0]
        assert found[ink] == pytest.approx(share, abs=0.02)
        assert np.delete(found, ink).max() < 0.04


def test_black_takes_its_part_of_what_all_colours_share_and_more_of_the_dark():
    greys = np.repeat(np.linspace(0, 1, 21, dtype=np.float32)[:, None], 3, axis=1)
    black = separate(greys)[:, 3]
    np.testing.assert_allclose(black, 0.7 * (1 - greys[:, 0]) ** 2, atol=1e-6)
    colour = separate(np.array([[0.2, 0.1, 0.6]], np.float32))[0, 3]
    assert colour == pytest.approx(0.7 * 0.4**2, abs=1e-6)


@pytest.mark.parametrize("wanted", [(-0.5, 2.0, 0.5), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0)])
def test_what_inks_cannot_reach_is_covered_by_shares_all_the_same(wanted):
    found = separate(np.array([wanted], np.float32))
    assert found.shape == (1, 4)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(("cell", "angle"), [(7.0, 0.0), (6.3, 15.0), (9.0, 75.0)])
def test_a_screen_of_dots_is_two_waves_at_right_angles(cell, angle):
    screen = dot_screen((40, 53), cell=cell, angle=angle)
    y, x = np.mgrid[:40, :53]
    turn = math.radians(angle)
    along = math.cos(turn) * x + math.sin(turn) * y
    across = -math.sin(turn) * x + math.cos(turn) * y
    expected = (np.cos(2 * np.pi * along / cell) + np.cos(2 * np.pi * across / cell)) / 2
    np.testing.assert_allclose(screen, expected, atol=1e-4)
    assert screen.shape == (40, 53)


@pytest.mark.parametrize("cell", [5.0, 9.0])
def test_grain_has_features_of_a_cell_and_no_slow_waves(cell):
    n = 256
    screen = grain_screen((n, n), cell=cell, rng=np.random.default_rng(1)).astype(np.float64)
    assert screen.std() == pytest.approx(1, abs=1e-4)
    power = np.abs(np.fft.fft2(screen)) ** 2
    radius = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n))
    mean = [power[(radius > f - 0.01) & (radius < f + 0.01)].mean() for f in np.array([0.1, 1, 3]) / cell]
    assert mean[1] > 20 * mean[0]
    assert mean[1] > 5 * mean[2]
    # Of the difference of Gaussians of 0.12 and 0.3 cells the strongest frequency, by setting its derivative to 0.
    a, b = (
        2 * (math.pi * 0.12 * cell) ** 2,
        2 * (math.pi * 0.12 * cell) ** 2 + 2 * (math.pi * 0.3 * cell) ** 2,
    )
    peak = math.sqrt(math.log(b / a) / (b - a))
    rings = np.arange(0.02, 0.45, 0.02)
    strongest = rings[np.argmax([power[np.abs(radius - f) < 0.01].mean() for f in rings])]
    assert strongest == pytest.approx(peak, abs=0.03)


@pytest.mark.parametrize("factor", [1, 3])
def test_ink_lies_where_hills_are_low_and_covers_its_share(factor):
    screen = dot_screen((120, 120), cell=9.7, angle=20.0)
    for share in (0.25, 0.5, 0.8):
        ink = ink_dots(np.full((120 // factor, 120 // factor), share, np.float32), screen)
        assert ink.shape == (120, 120)
        assert ((ink >= 0) & (ink <= 1)).all()
        assert ink.mean() == pytest.approx(share, abs=0.03)
        assert screen[ink > 0.9].max() < screen[ink < 0.1].min()


def test_no_ink_and_full_ink_leave_no_dots():
    screen = dot_screen((90, 90), cell=8.0, angle=15.0)
    for share in (0.0, 1.0):
        ink = ink_dots(np.full((30, 30), share, np.float32), screen)
        assert abs(ink.mean() - share) < 0.01


def test_ink_follows_a_picture_of_two_shares():
    coverage = np.full((40, 40), 0.2, np.float32)
    coverage[:, 20:] = 0.7
    ink = ink_dots(coverage, dot_screen((120, 120), cell=8.0, angle=45.0))
    assert ink[:, :52].mean() == pytest.approx(0.2, abs=0.03)
    assert ink[:, 68:].mean() == pytest.approx(0.7, abs=0.03)


def printed(value, sheet=STILL, *, shape=(48, 60), lens_sigma=0.4, seed=0) -> np.ndarray:
    picture = np.full((*shape, 3), value, np.uint8)
    return print_photo(picture, sheet, lens_sigma=lens_sigma, rng=np.random.default_rng(seed))


def test_bare_paper_is_warm_and_has_fibres_of_a_few_per_cent():
    texture = printed(255).astype(np.float64)
    red, green, blue = texture.mean(axis=(0, 1))
    assert 0.9 > red > green > blue > 0.75
    np.testing.assert_allclose([red, green, blue], STILL.white, rtol=0.02)
    relative = texture / texture.mean(axis=(0, 1))
    np.testing.assert_allclose(relative[..., 0], relative[..., 2], rtol=1e-4)
    assert 0.004 < relative.std() < 0.03


@pytest.mark.parametrize("screening", ["dots", "grain"])
def test_a_darker_picture_takes_more_ink(screening):
    sheet = replace(STILL, screening=screening)
    levels = [float(printed(v, sheet).mean()) for v in (255, 190, 128, 70, 0)]
    assert all(a > b + 0.03 for a, b in itertools.pairwise(levels))
    assert levels[-1] < 0.06


def test_shadows_are_lightened_as_printers_do():
    """Light to the power 0.85 is printed: of the display value 140, a fifth more."""
    light = float(decode_tone(np.uint8(140)))
    shown = float((printed(140, shape=(90, 120)) / STILL.white).mean())
    # Dots overlap by angle and not quite by chance.
    assert shown == pytest.approx(light**0.85, rel=0.08)


@pytest.mark.parametrize(("name", "values"), [("lens_sigma", (0.3, 1.5)), ("scatter", (0.3, 1.5))])
def test_lens_and_paper_soften_the_dots(name, values):
    sheet, spread = replace(STILL, cell=6.0), []
    for value in values:
        settings = {"lens_sigma": value} if name == "lens_sigma" else {"sheet": replace(sheet, scatter=value)}
        texture = printed(128, **{"sheet": sheet, **settings})
        spread.append(float((texture[12:-12, 12:-12, 1]).std()))
    # A wave of 1/6 cycles/px loses exp(-2 pi² (σ₁² - σ₀²) / 36) of its amplitude, and every other wave more.
    assert spread[1] / spread[0] < 1.1 * math.exp(-2 * math.pi**2 * (values[1] ** 2 - values[0] ** 2) / 36)


def flat_texture(value=0.5, shape=(40, 60)) -> np.ndarray:
    return np.full((shape[0] * DOTS_PER_PX, shape[1] * DOTS_PER_PX, 3), value, np.float32)


@pytest.mark.parametrize("slope", [-0.25, 0.0, 0.4])
def test_a_lamp_to_one_side_changes_the_light_from_left_to_right(slope):
    light = held(flat_texture(), replace(STILL, slope=slope, light=(1.1, 1.0, 0.8)))[0]
    assert light.shape == (40, 60, 3)
    np.testing.assert_allclose(light.mean(axis=(0, 1)), 0.5 * np.array([1.1, 1.0, 0.8]), rtol=1e-5)
    rows = light[..., 1].mean(axis=0)
    assert rows[-1] - rows[0] == pytest.approx(0.5 * slope, abs=1e-6)
    np.testing.assert_allclose(np.diff(rows), 0.5 * slope / 59, atol=1e-6)


def spot(at=(40.0, 30.0), shape=(60, 80)) -> np.ndarray:
    """A texture with a spot whose middle is at `at`, px of the picture."""
    y, x = (np.arange(n * DOTS_PER_PX) for n in shape)
    u, v = ((t + 0.5) / DOTS_PER_PX - 0.5 for t in (x, y))
    value = np.exp(-((u - at[0]) ** 2) / 30) * np.exp(-((v[:, None] - at[1]) ** 2) / 30)
    return np.repeat(value[..., None], 3, axis=-1).astype(np.float32)


def centre(light: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


@pytest.mark.parametrize("at", [(40.0, 30.0), (25.5, 20.0)])
def test_a_texture_px_is_a_third_of_a_px_of_the_picture(at):
    found = centre(held(spot(at))[0, ..., 1])
    np.testing.assert_allclose(found, at, atol=0.02)


@pytest.mark.parametrize("curl", [-0.15, 0.15])
def test_a_curled_sheet_is_bent_sideways_at_top_and_bottom(curl):
    """By the square of the distance from the middle: a quarter of the curl, in heights, at the edges."""
    light = held(spot_column(), replace(STILL, curl=curl))[0, ..., 1]
    columns = (light * np.arange(80)).sum(axis=1) / light.sum(axis=1)
    expected = 40 - curl * 60 * (np.arange(60) / 60 - 0.5) ** 2
    np.testing.assert_allclose(columns, expected, atol=0.05)


def spot_column() -> np.ndarray:
    u = (np.arange(80 * DOTS_PER_PX) + 0.5) / DOTS_PER_PX - 0.5
    row = np.exp(-((u - 40) ** 2) / 20)[None, :, None]
    return np.broadcast_to(row, (60 * DOTS_PER_PX, 80 * DOTS_PER_PX, 3)).astype(np.float32)


def test_a_sheet_sways_by_no_more_than_its_reach_and_slowly():
    """0.23 and 0.17 swings a second: over six seconds the spot comes near both ends of its way along x."""
    sheet = replace(STILL, sway=(6.0, 3.0, 0.0))
    places = np.stack([centre(frame[..., 1]) for frame in held(spot(), sheet, frames=24, interval=6.0)]) - (
        40,
        30,
    )
    assert np.abs(places[:, 0]).max() == pytest.approx(6.0, abs=0.3)
    assert np.abs(places[:, 1]).max() == pytest.approx(3.0, abs=0.3)
    # 2 pi · 0.23 · 6 px a second at most, over a quarter of a second.
    assert np.abs(np.diff(places[:, 0])).max() <= 2 * math.pi * 0.23 * 6 / 4 + 0.05


def test_a_sheet_rolls_in_the_hand():
    sheet = replace(STILL, sway=(0.0, 0.0, 0.2))
    places = np.stack(
        [centre(f[..., 1]) for f in held(spot((60.0, 30.0)), sheet, frames=24, interval=9.0)]
    ) - (40, 30)
    angles = np.arctan2(places[:, 1], places[:, 0])
    assert np.abs(angles).max() == pytest.approx(0.2, abs=0.02)
    np.testing.assert_allclose(np.hypot(*places.T), 20, atol=0.3)


def test_the_camera_shakes_besides():
    sheet = replace(STILL, shake=1.5)
    places = np.stack(
        [
            centre(f[..., 1])
            for seed in range(12)
            for f in held(spot(), sheet, frames=4, seed=seed, interval=40.0)
        ]
    )
    assert (places - (40, 30)).std() == pytest.approx(1.5, rel=3 / math.sqrt(192))


def test_sheets_are_drawn_from_their_ranges_and_sway_in_px_of_the_height():
    rng = np.random.default_rng(4)
    drawn = [sample_print(0.3, 960, rng=rng) for _ in range(400)]
    assert {p.shake for p in drawn} == {0.3}
    assert np.mean([p.screening == "dots" for p in drawn]) == pytest.approx(
        0.7, abs=4 * math.sqrt(0.21 / 400)
    )
    values = {
        (1.7, 2.5): [p.cell for p in drawn],
        (0.48, 0.68): [p.scatter for p in drawn],
        (-0.02, 0.02): [p.curl for p in drawn],
        (-0.25, 0.25): [p.slope for p in drawn],
        (0.98, 1.10): [p.light[0] for p in drawn],
        (0.76, 1.02): [p.light[2] for p in drawn],
        (6.0, 18.0): [p.sway[0] for p in drawn],
        (4.0, 12.0): [p.sway[1] for p in drawn],
        (0.005, 0.02): [p.sway[2] for p in drawn],
    }
    for (low, high), found in values.items():
        share = (np.array(found) - low) / (high - low)
        assert 0 <= share.min() < 0.03
        assert 0.97 < share.max() <= 1
        assert share.mean() == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / 400))
