"""Prints before a phone, stage by stage: ink, dots, paper, lamp, and the hand that holds the sheet."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from specaug.augment import Drawn, Recipe, apply_drawn, recapture_print
from specaug.augment.recapture import version1
from specaug.augment.recapture.fields import blur
from specaug.augment.recapture.prints.film_print import film_print, is_dotted, print_image, smear
from specaug.augment.recapture.prints.halftone import (
    FINE,
    dot_gain,
    dot_screen,
    dotted,
    ink_dots,
    seen_by_pixels,
)
from specaug.augment.recapture.prints.ink import (
    BEST_INKS,
    compensate_black,
    inks_of,
    mean_reflectance,
    printed,
    separate,
)
from specaug.augment.recapture.prints.lamp import along_axis, lamp_light, shadow
from specaug.augment.recapture.prints.print_settings import (
    RecapturePrintParams,
    RecapturePrintRanges,
    sample_recapture_print,
)
from specaug.augment.recapture.prints.sheets import SHEETS, sheet
from specaug.augment.recapture.prints.surface import fibers, gloss, ink_grain, scatter_light
from specaug.augment.recapture.srgb import decode_tone
from specaug.errors import ArgumentError

every_sheet = pytest.mark.parametrize("name", SHEETS)
QUIET = RecapturePrintParams(
    pitch=0.13,
    full_well=1e9,
    read_noise=0.0,
    luma_threshold=0.0,
    color_threshold=0.0,
    sharpening=0.0,
    quality=0,
    lens_sigma=0.05,
    drift=0.0,
    approach=0.0,
    tremor=0.0,
    sway=0.0,
    tremble=0.0,
    veil=0.0,
    lamp_angle=0.0,
    lamp_distance=1e5,
)
"""Nothing but ink and paper."""


def wave(f: float, side: int = 128) -> np.ndarray:
    return np.broadcast_to(np.cos(2 * np.pi * f * np.arange(side)), (side, side)).astype(np.float32)


def gain_at(f: float, before: np.ndarray, after: np.ndarray) -> float:
    """Amplitude of a wave along rows, after over before, in the middle of the picture."""
    middle = slice(32, 96)
    turns = np.exp(-2j * np.pi * f * np.arange(64)) * np.hanning(64)
    parts = [x[middle, middle] - x[middle, middle].mean() for x in (before, after)]
    first, second = (abs((part @ turns).mean()) for part in parts)
    return float(second / first)


def covered(coverage: np.ndarray, inks: np.ndarray) -> np.ndarray:
    return np.stack(
        [mean_reflectance(list(np.moveaxis(coverage, -1, 0)), inks, color=c) for c in range(3)], axis=-1
    )


def test_dots_that_overlap_by_chance_reflect_the_mean_of_all_overlaps(rng):
    """Demichel: each of the sixteen overlaps of four inks by its probability, times the inks that lie there."""
    coverage = rng.uniform(0, 1, (5, 4)).astype(np.float32)
    inks = inks_of(sheet("inkjet-plain"))
    for color in range(3):
        expected = np.zeros(5)
        for laid in itertools.product([False, True], repeat=4):
            share = np.prod([c if on else 1 - c for c, on in zip(coverage.T, laid, strict=True)], axis=0)
            expected += share * np.prod([inks[i, color] for i, on in enumerate(laid) if on])
        np.testing.assert_allclose(mean_reflectance(list(coverage.T), inks, color=color), expected, rtol=1e-5)


@every_sheet
def test_black_of_the_picture_is_the_black_of_the_sheet_and_white_its_paper(name):
    kind = sheet(name)
    shown = printed(np.array([[[0.0] * 3, [1.0] * 3]], np.float32), kind)[0]
    np.testing.assert_allclose(shown[1], 1, atol=1e-5)
    # Grey to a third: the inks of one sheet are not balanced to the last.
    np.testing.assert_allclose(shown[0].mean(), kind.black, rtol=0.35)


@every_sheet
def test_black_point_compensation_scales_greys_onto_what_the_paper_has(name):
    kind = sheet(name)
    greys = np.repeat(np.linspace(0.05, 1, 20, dtype=np.float32)[None, :, None], 3, axis=2)
    expected = kind.black + (1 - kind.black) * greys
    np.testing.assert_allclose(compensate_black(greys, kind.black), expected, rtol=1e-6)
    np.testing.assert_allclose(printed(greys, kind), expected, atol=0.02)


def test_the_densities_of_inks_go_with_their_strength():
    for name, kind in SHEETS.items():
        np.testing.assert_allclose(
            np.log(inks_of(kind)[:3]), kind.strength * np.log(BEST_INKS[:3]), rtol=1e-4
        )
        assert -math.log10(kind.black) == pytest.approx(
            {"laser-plain": 1.4, "laser-coated": 1.7, "inkjet-plain": 1.2, "inkjet-photo": 2.05}[name],
            abs=0.01,
        )


def test_colors_within_the_gamut_are_shown_and_others_lose_saturation():
    for kind in SHEETS.values():
        inks = inks_of(kind)
        inside = covered(np.array([[0.3, 0.2, 0.1, 0.0], [0.0, 0.5, 0.4, 0.1]]), inks)
        np.testing.assert_allclose(covered(np.stack(separate(inside, inks), -1), inks), inside, atol=0.01)
    pure = np.eye(3, dtype=np.float32)[None]
    purity = {}
    for name, kind in SHEETS.items():
        shown = printed(pure, kind)[0]
        purity[name] = 1 - shown.min(axis=1) / shown.max(axis=1)
        assert (purity[name] < 0.99).all()
    # Thin ink on copy paper is the dullest.
    assert (purity["inkjet-plain"] < purity["laser-plain"]).all()
    assert (purity["laser-plain"] < purity["inkjet-photo"]).all()


@pytest.mark.parametrize("f", [4 / 64, 8 / 64, 16 / 64])
def test_light_that_runs_beneath_the_ink_halves_a_faint_grating_at_most(f):
    sigma = 1.3
    faint = (0.5 + 0.01 * wave(f))[..., None].repeat(3, axis=2)
    seen = scatter_light(faint, sigma)
    expected = (1 + math.exp(-2 * (math.pi * sigma * f) ** 2)) / 2
    assert gain_at(f, faint[..., 0], seen[..., 0]) == pytest.approx(expected, abs=0.01)
    assert scatter_light(faint, 0.0) is faint


def test_light_beneath_the_ink_makes_dots_darker():
    """Yule and Nielsen: of dots that cover half, where light forgets whence it came, ((1 + sqrt(r)) / 2)²."""
    dots = np.full((64, 64, 3), 0.04, np.float32)
    dots[(np.add.outer(np.arange(64) // 2, np.arange(64) // 2) % 2) == 0] = 1
    mean = scatter_light(dots, 8.0)[16:48, 16:48].mean()
    assert mean == pytest.approx(((1 + 0.2) / 2) ** 2, rel=0.01)
    assert mean < dots.mean() - 0.1


def test_fibers_have_their_deviation_and_are_averaged_by_large_pixels():
    fields = [fibers((256, 256), 0.02, pitch=p, rng=np.random.default_rng(1)) for p in (0.05, 0.3, 3.0)]
    deviations = [float(field.std()) for field in fields]
    assert abs(float(fields[0].mean()) - 1) < 0.01
    np.testing.assert_allclose(deviations[:2], 0.02, rtol=0.25)
    # A tenth of the fibers' amplitude is left, and all of the clouds'.
    assert deviations[2] == pytest.approx(0.02 * math.sqrt((0.1**2 + 1) / 2), rel=0.1)


def test_grain_is_strongest_where_ink_covers_half():
    black, rng = 0.05, np.random.default_rng(2)
    shares = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    deviations = []
    for c in shares:
        flat = np.full((128, 128, 3), 1 - c * (1 - black), np.float32)
        rest = ink_grain(flat, 0.03, black=black, pitch=0.1, rng=rng) - flat
        np.testing.assert_array_equal(rest[..., 0], rest[..., 2])
        deviations.append(float(rest.std()))
    np.testing.assert_allclose(
        deviations, 0.03 * 0.95 * 2 * np.sqrt(shares * (1 - shares)), rtol=0.03, atol=1e-6
    )


def test_gloss_is_a_patch_of_its_place_and_width():
    patch = gloss((80, 120), at=(0.25, 0.5), width=10.0, strength=0.3, angle=0.0)
    assert np.unravel_index(patch.argmax(), patch.shape) == (40, 30)
    assert patch.max() == pytest.approx(0.3)
    assert patch[40, 40] == pytest.approx(0.3 * math.exp(-0.5), rel=1e-4)
    assert patch[45, 30] == pytest.approx(0.3 * math.exp(-0.5), rel=1e-4)


def test_distances_on_the_sheet_are_mm_about_its_middle():
    u = along_axis((41, 61), pitch=0.2, axis=0.0)
    np.testing.assert_allclose(u[10], 0.2 * (np.arange(61) - 30), atol=1e-5)
    np.testing.assert_allclose(
        along_axis((41, 61), pitch=0.2, axis=math.pi / 2)[:, 5], 0.2 * (np.arange(41) - 20), atol=1e-5
    )


def test_light_of_a_lamp_falls_with_the_square_of_its_distance():
    """A lamp at (D sin, D cos) above a flat sheet: the cosine law apart, 1 / distance²."""
    angle, far = 0.7, 600.0
    u = np.array([-60.0, 0.0, 45.0], np.float32)
    square = (far * math.sin(angle) - u) ** 2 + (far * math.cos(angle)) ** 2
    np.testing.assert_allclose(lamp_light(u, angle=angle, distance=far, curl=0.0), far**2 / square, rtol=1e-5)


def test_a_bent_sheet_is_brighter_where_it_faces_the_lamp():
    """Lambert: at 40 mm and a radius of 250 mm the normal has turned by 0.16 towards the lamp."""
    u = np.array([-40.0, 0.0, 40.0], np.float32)
    light = lamp_light(u, angle=0.8, distance=1e5, curl=1 / 250)
    np.testing.assert_allclose(light, np.cos([0.96, 0.8, 0.64]) / math.cos(0.8), rtol=2e-3)
    assert (lamp_light(np.array([-300.0], np.float32), angle=1.3, distance=1e5, curl=0.01) == 0).all()


def test_a_shadow_takes_its_share_behind_a_soft_edge():
    u = np.linspace(-100, 100, 201, dtype=np.float32)
    light = shadow(u, depth=0.3, at=20.0, penumbra=10.0)
    np.testing.assert_allclose(light[[0, 120, 200]], [1.0, 0.85, 0.7], atol=1e-4)
    slope = np.diff(light).min()
    assert slope == pytest.approx(-0.3 / (10 * math.sqrt(2 * math.pi)), rel=0.01)


@pytest.mark.parametrize("f", [4 / 64, 8 / 64])
@pytest.mark.parametrize("speed", [(60.0, 0.0), (-45.0, 0.0), (0.0, 80.0)])
def test_movement_while_a_frame_is_exposed_averages_along_a_line(f, speed):
    """60 mm/s for 1/100 s at 0.1 mm a px are 6 px: sinc(f · 6) along the movement, nothing across it."""
    before = wave(f)[..., None].repeat(3, axis=2)
    after = smear(before, speed, seconds=0.01, pitch=0.1)
    expected = abs(float(np.sinc(f * speed[0] * 0.01 / 0.1)))
    expected *= float(np.sinc(f)) ** 2 if speed[0] else 1.0  # of the bilinear kernel
    assert gain_at(f, before[..., 1], after[..., 1]) == pytest.approx(expected, abs=0.015)
    assert smear(before, (1.0, 1.0), seconds=0.01, pitch=0.1) is before


def test_dots_are_resolved_by_near_and_sharp_phones_only():
    assert dot_gain(ruling=0.2, pitch=0.1, softness=0.5) == 0
    assert dot_gain(ruling=0.0, pitch=0.01, softness=0.1) == 0
    near = dot_gain(ruling=0.2, pitch=0.05, softness=0.5)
    assert near == pytest.approx(np.sinc(0.25) * math.exp(-2 * (math.pi * 0.5 * 0.25) ** 2))
    base = RecapturePrintParams(sheet="laser-plain", pitch=0.05, lens_sigma=0.6)
    assert is_dotted(base)
    for change in ({"pitch": 0.12}, {"lens_sigma": 3.0}, {"sheet": "inkjet-photo"}, {"reduction": 3.0}):
        assert not is_dotted(replace(base, **change))


@pytest.mark.parametrize(("color", "channel", "angle"), [((90, 160, 160), 0, 15), ((165, 165, 80), 2, 0)])
def test_dots_of_each_ink_stand_at_its_angle_and_distance(color, channel, angle):
    light = decode_tone(np.full((96, 96, 3), color, np.uint8))
    seen = seen_by_pixels(dotted(light, sheet("laser-plain"), pitch=0.04))[..., channel]
    assert seen.shape == (96, 96)
    window = np.outer(np.hanning(96), np.hanning(96))
    amplitude = np.abs(np.fft.fft2((seen - seen.mean()) * window))
    f = np.fft.fftfreq(96)
    row, column = np.unravel_index(amplitude[:48].argmax(), (48, 96))
    assert math.hypot(f[row], f[column]) == pytest.approx(0.04 / sheet("laser-plain").ruling, abs=0.012)
    off = (math.degrees(math.atan2(f[row], f[column])) - angle + 45) % 90 - 45
    assert abs(off) < 4


@pytest.mark.parametrize(("cell", "angle"), [(12.0, 0.0), (9.7, 15.0)])
def test_ink_covers_the_share_that_is_asked_for(cell, angle):
    """No dot where there is no ink, no gap where there is full ink, and its share between, whatever the grid."""
    screen = dot_screen((240, 240), cell=cell, angle=angle)
    for share, error in ((0.0, 1e-6), (0.02, 0.01), (0.3, 0.01), (0.5, 0.01), (0.9, 0.01), (1.0, 1e-6)):
        ink = ink_dots(np.full((80, 80), share, np.float32), screen, cell=cell)
        assert ((ink >= 0) & (ink <= 1)).all()
        assert ink.mean() == pytest.approx(share, abs=error)


def test_a_screen_is_two_waves_at_right_angles():
    screen = dot_screen((40, 53), cell=6.3, angle=15.0)
    y, x = np.mgrid[:40, :53]
    c, s = math.cos(math.radians(15)), math.sin(math.radians(15))
    expected = (np.cos(2 * np.pi * (c * x + s * y) / 6.3) + np.cos(2 * np.pi * (c * y - s * x) / 6.3)) / 2
    np.testing.assert_allclose(screen, expected, atol=1e-5)


def test_dots_have_the_mean_of_the_tone_they_stand_for():
    light = decode_tone(np.full((90, 90, 3), (150, 120, 100), np.uint8))
    for name in ("laser-plain", "laser-coated"):
        dots = dotted(light, sheet(name), pitch=0.05)
        assert dots.shape == (90 * FINE, 90 * FINE, 3)
        np.testing.assert_allclose(
            dots.mean(axis=(0, 1)), printed(light, sheet(name)).mean(axis=(0, 1)), rtol=0.08
        )


def test_ink_and_pixels_soften_a_picture_by_mm_of_the_sheet():
    """The gain of a faint grating: Gaussian of ink, enlargement and pixel, and half of the scatter in paper."""
    f, params = 10 / 64, replace(QUIET, sheet="inkjet-plain", pitch=0.1)
    picture = np.rint(150 + 12 * wave(f))[..., None].repeat(3, axis=2).astype(np.uint8)
    kind = sheet("inkjet-plain")
    shown = print_image(picture, params, rng=np.random.default_rng(0)).mean(axis=-1)
    sigma = math.sqrt((kind.spread / 0.1) ** 2 + 1 / 6 + 1 / 12)
    scattered = (1 + math.exp(-2 * (math.pi * kind.scatter / 0.1 * f) ** 2)) / 2
    expected = math.exp(-2 * (math.pi * sigma * f) ** 2) * scattered * (1 - kind.black)
    light = decode_tone(picture).mean(axis=-1) * np.mean(kind.white)
    assert gain_at(f, light, shown) == pytest.approx(expected, rel=0.06)


def film(picture: np.ndarray, params: RecapturePrintParams) -> np.ndarray:
    return film_print(np.asarray(picture)[None] if picture.ndim == 3 else picture, params)


def scene(side: int = 96) -> np.ndarray:
    rng = np.random.default_rng(4)
    smooth = blur(rng.standard_normal((side, side, 3)).astype(np.float32), 4.0)
    return np.rint((128 + 45 * smooth / smooth.std()).clip(0, 255)).astype(np.uint8)


@every_sheet
def test_a_print_is_paler_and_its_blacks_are_lifted(name):
    picture = scene()
    picture[:40, :40] = 5
    seen = film(picture, replace(QUIET, sheet=name)).astype(float)[0]
    kind = sheet(name)
    dark, other = seen[8:32, 8:32].mean(), seen[48:].std()
    least = 255 * (1.055 * (0.6 * kind.black) ** (1 / 2.4) - 0.055)
    assert dark > max(least, 10)
    assert other < picture[48:].astype(float).std()


def test_black_rises_with_the_veil_of_the_room():
    picture = scene()
    picture[:40, :40] = 0
    darks = [
        film(picture, replace(QUIET, veil=v)).astype(float)[0, 8:32, 8:32].mean() for v in (0.0, 0.03, 0.08)
    ]
    assert darks[0] + 6 < darks[1] < darks[2] - 6


def test_the_color_of_the_lamp_is_balanced_and_that_of_the_paper_stays():
    grey = np.full((64, 64, 3), 140, np.uint8)
    warm = replace(QUIET, light=(1.15, 1.0, 0.8))
    means = [film(grey, params).mean(axis=(0, 1, 2)) for params in (QUIET, warm)]
    np.testing.assert_allclose(*means, atol=1.5)
    red, green, blue = means[0]
    assert red < green < blue  # copy paper


@pytest.mark.parametrize("dots", [False, True])
def test_a_print_does_not_move_and_only_its_hand_does(dots):
    params = replace(QUIET, pitch=0.05 if dots else 0.13, sheet="laser-plain")
    assert is_dotted(params) is dots
    clip = np.stack([np.roll(scene(64), 5 * i, axis=1) for i in range(4)])
    still = film(clip, params).astype(float)
    assert np.abs(still - still[:1]).max() <= 1
    np.testing.assert_allclose(still[:1], film(clip[0], params), atol=1)
    swayed = film(clip, replace(params, sway=0.3, interval=0.5)).astype(float)
    assert np.abs(swayed - swayed[:1])[1:].mean() > 0.5


def test_a_sheet_sways_by_mm_and_a_finer_view_shows_more_of_it():
    """The way of the picture in px is that of the hand in mm over the mm of a px."""
    y, x = np.mgrid[:96, :96]
    spot = 60 + 150 * np.exp(-((x - 48) ** 2 + (y - 48) ** 2) / 60)
    clip = np.repeat(np.rint(spot)[None, ..., None], 12, axis=0).repeat(3, axis=3).astype(np.uint8)
    ways = []
    for pitch in (0.1, 0.2):
        seen = film(
            clip, replace(QUIET, sheet="inkjet-photo", pitch=pitch, sway=0.3, interval=0.4, seed=9)
        ).mean(axis=3)
        weight = np.clip(seen - seen.max() + 40, 0, None)  # the top of the spot alone
        places = np.stack([(weight * t).sum(axis=(1, 2)) / weight.sum(axis=(1, 2)) for t in (x, y)])
        ways.append(places.std(axis=1))
    np.testing.assert_allclose(ways[0] / ways[1], 2, rtol=0.1)
    assert 0.5 < ways[0].mean() / (0.3 / 0.1) < 1.5


def test_the_mean_light_is_that_of_the_clip(rng):
    picture = scene()
    shown = film(picture, QUIET)
    linear = [float(decode_tone(p)[24:72, 24:72].mean()) for p in (picture, shown[0])]
    assert linear[1] == pytest.approx(linear[0], rel=0.12)


def test_no_peaks_no_mazes_on_a_grey_print_at_a_distance():
    """Whitened spectrum of a flat grey: noise of phone and paper, and no wave that stands out as dots would."""
    flat = np.full((128, 128, 3), 130, np.uint8)
    for seed in range(6):
        params = sample_recapture_print(RecapturePrintRanges().at_scale(1.0), rng=np.random.default_rng(seed))
        if is_dotted(params):
            continue
        seen = film(flat, params)[0, 8:-8, 8:-8].astype(np.float32)
        rest = seen - cv2.GaussianBlur(seen, (0, 0), 4)
        assert np.abs(rest - rest.mean(axis=2, keepdims=True)).mean() < 1.0


def test_draws_stay_within_their_ranges_and_toss_every_coin():
    ranges = RecapturePrintRanges()
    drawn = [sample_recapture_print(ranges, rng=np.random.default_rng(i)) for i in range(500)]
    assert {p.sheet for p in drawn} == set(SHEETS)
    for field in (
        "pitch",
        "spread",
        "lamp_angle",
        "lamp_distance",
        "curl",
        "veil",
        "sway",
        "tremble",
        "penumbra",
    ):
        low, high = getattr(ranges, field)
        values = np.array([getattr(p, field) for p in drawn])
        assert low <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high
    for field, share in (("shadow", ranges.shaded), ("gloss", ranges.glossy)):
        drew = np.mean([getattr(p, field) > 0 for p in drawn])
        assert drew == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 500))
    # A coin that falls otherwise changes nothing else of a draw.
    none = [
        sample_recapture_print(replace(ranges, shaded=0.0), rng=np.random.default_rng(i)) for i in range(20)
    ]
    assert [replace(p, shadow=0.0) for p in drawn[:20]] == none


def test_about_one_draw_in_ten_shows_dots():
    scales = np.random.default_rng(0).uniform(1, 1.8, 1500)
    ranges = RecapturePrintRanges()
    drawn = [
        sample_recapture_print(ranges.at_scale(s), rng=np.random.default_rng(i)) for i, s in enumerate(scales)
    ]
    assert np.mean([is_dotted(p) for p in drawn]) == pytest.approx(0.11, abs=0.03)


def test_every_limit_of_a_range_can_be_drawn_and_filmed():
    ranges = RecapturePrintRanges()
    tiny = scene(32)
    for end in (0, 1):
        fixed = {
            field.name: (getattr(ranges, field.name)[end],) * 2
            for field in dataclasses.fields(ranges)
            if field.name not in ("scale", "sheets") and isinstance(getattr(ranges, field.name), tuple)
        }
        params = sample_recapture_print(
            replace(ranges, **fixed, scale=(1.0, 1.0)), rng=np.random.default_rng(1)
        )
        assert film(tiny, params).shape == (1, 32, 32, 3)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            lambda: RecapturePrintParams(sheet="vellum"),
            "sheet: expected one of laser-plain, .*, got 'vellum'",
        ),
        (lambda: RecapturePrintParams(pitch=0.0), r"pitch: expected a number in \[0.005, 2\], got 0"),
        (
            lambda: RecapturePrintParams(lamp_angle=1.6),
            r"lamp_angle: expected a number in \[0, 1.4\], got 1.6",
        ),
        (lambda: RecapturePrintParams(gloss_at=(1, 2, 3)), r"gloss_at: expected 2 numbers, got \(1, 2, 3\)"),
        (
            lambda: RecapturePrintRanges(sheets=()),
            r"sheets: expected one or more of laser-plain, .*, got \(\)",
        ),
        (lambda: RecapturePrintRanges(sheets=("film",)), "sheets: expected one or more of laser-plain"),
        (lambda: RecapturePrintRanges(shaded=1.2), r"shaded: expected a number in \[0, 1\], got 1.2"),
        (lambda: RecapturePrintRanges(veil=(0.1, 0.01)), "veil: expected the lowest number first"),
        (
            lambda: RecapturePrintRanges(curl=(-1.0, 0.0)),
            r"curl: expected a number in \[-0.02, 0.02\], got -1",
        ),
    ],
)
def test_a_bad_setting_is_named(call, match):
    with pytest.raises(ArgumentError, match=match):
        call()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    clip = np.stack([scene(48)] * 2)
    params = sample_recapture_print(RecapturePrintRanges().at_scale(1.2), rng=np.random.default_rng(3))
    assert film(clip, params).tobytes() == film(clip, params).tobytes()
    assert film(clip, params).tobytes() != film(clip, replace(params, seed=params.seed + 1)).tobytes()


def test_a_record_without_a_version_is_of_version_1_and_replays_as_it_did(rng):
    clip = rng.integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    params = version1.sample_recapture_print(rng=np.random.default_rng(5))
    old = {"operation": "recapture_print", "params": json.loads(json.dumps(dataclasses.asdict(params)))}
    assert Drawn.from_dict(old) == Drawn("recapture_print@1", params)
    replayed = Recipe.from_preset("recapture-print").apply(
        clip, {"recipe": "recapture-print", "steps": [old]}
    )
    expected = apply_drawn(clip, Drawn("recapture_print@1", params), clip_axis=0).image
    np.testing.assert_array_equal(replayed, expected)


def test_the_first_version_gives_the_bytes_that_it_gave():
    """A part of what version 1 made of a ramp, noise and JPEG left out, when there was no other."""
    ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)
    clip = np.stack([ramp, ramp + 40, 200 - ramp], axis=-1)
    params = version1.RecapturePrintParams(
        full_well=1e9, read_noise=0.0, shake=0.0, quality=0, sharpening=0.0, seed=3
    )
    out = apply_drawn(clip, Drawn("recapture_print@1", params)).image
    assert out[8::8, 8::8, 1].tolist() == [[86, 83, 102], [85, 94, 95], [94, 101, 110]]


def test_a_draw_of_the_recipe_replays_from_json():
    recipe, clip = Recipe.from_preset("recapture-print"), np.stack([scene(40)] * 2)
    for seed in range(4):
        drawn = recipe.sample(seed, scale=1.3)
        again = json.loads(json.dumps(drawn, allow_nan=False))
        assert recipe.apply(clip, drawn).tobytes() == recipe.apply(clip, again).tobytes()
        assert Drawn.from_dict(again["steps"][0]).operation == "recapture_print"
        assert recipe.label_after(drawn) == "attack"


def test_pictures_of_a_batch_share_the_sheet_and_not_the_noise():
    same = np.repeat(scene(48)[None], 3, axis=0)
    together = recapture_print(same, rng=3)
    np.testing.assert_array_equal(together[0], recapture_print(same[0], rng=3))
    assert len({picture.tobytes() for picture in together}) == 3
    assert np.ptp(together.mean(axis=(1, 2)), axis=0).max() < 3
