"""Settings of a recapture: limits on both sides, distributions of draws, the scale of a clip, the thin lens."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from specaug.augment import Recipe, draw
from specaug.augment.recapture import display_density
from specaug.augment.recapture.version1 import (
    RecapturePrintParams,
    RecapturePrintRanges,
    RecaptureScreenParams,
    RecaptureScreenRanges,
    sample_recapture_print,
    sample_recapture_screen,
)
from specaug.errors import ArgumentError

SCREEN, PRINT = RecaptureScreenParams(), RecapturePrintParams()
CAMERA = [
    ("scale", 0.75, 1.8),
    ("turn", -0.2, 0.2),
    ("keystone", -0.2, 0.2),
    ("offset", 0.0, 2.0),
    ("lens_sigma", 0.05, 5.0),
    ("full_well", 10.0, 1e9),
    ("read_noise", 0.0, 1e3),
    ("sharpening", 0.0, 5.0),
    ("tint", 0.2, 5.0),
    ("exposure", 0.05, 5.0),
    ("shake", 0.0, 20.0),
    ("interval", 0.0, 1e4),
    ("quality", 0, 100),
    ("seed", 0, 2**63),
]
DISPLAY = [
    ("density", 0.05, 4.0),
    ("white", 0.1, 5.0),
    ("black", 0.0, 0.5),
    ("flicker", 0.0, 0.5),
    ("glare", 0.0, 1.0),
    ("glare_at", 0.0, 1.0),
]
PAPER = [
    ("cell", 1.0, 32.0),
    ("scatter", 0.05, 8.0),
    ("curl", -0.2, 0.2),
    ("light", 0.1, 5.0),
    ("slope", -1.0, 1.0),
    ("sway", 0.0, 30.0),
]
EVERY = [(SCREEN, *row) for row in CAMERA + DISPLAY] + [(PRINT, *row) for row in CAMERA + PAPER]
every_number = pytest.mark.parametrize(
    ("whole", "name", "low", "high"), EVERY, ids=[f"{type(r[0]).__name__[9:14]}-{r[1]}" for r in EVERY]
)
ODD = (math.nan, math.inf, -math.inf, "1", None, True)


def changed(whole, name, value):
    """The record with one number changed; of several, the last."""
    old = getattr(whole, name)
    return replace(whole, **{name: (*old[:-1], value) if isinstance(old, tuple) else value})


@every_number
def test_a_number_lies_within_its_limits_and_may_be_either(whole, name, low, high):
    for value in (low, high):
        found = getattr(changed(whole, name, value), name)
        assert (found[-1] if isinstance(found, tuple) else found) == value
    for value in (np.nextafter(low, -math.inf) - 1e-9, high * (1 + 1e-9) + 1e-9, *ODD):
        with pytest.raises(ArgumentError, match=f"^{name}: expected a (whole )?number"):
            changed(whole, name, value)


@pytest.mark.parametrize(
    ("whole", "name", "n"),
    [
        (SCREEN, "keystone", 2),
        (SCREEN, "tint", 2),
        (SCREEN, "white", 3),
        (PRINT, "light", 3),
        (PRINT, "sway", 3),
    ],
)
def test_several_numbers_come_as_a_list_or_tuple_of_their_count(whole, name, n):
    assert getattr(replace(whole, **{name: [0.2] * n}), name) == (0.2,) * n
    for value in ((0.2,) * (n - 1), (0.2,) * (n + 1), (), 0.2, "ab", None, np.full(n, 0.2)):
        with pytest.raises(ArgumentError, match=rf"^{name}: expected {n} numbers, got "):
            replace(whole, **{name: value})


@pytest.mark.parametrize("name", ["quality", "seed"])
def test_a_quality_and_a_seed_are_whole(name):
    for whole in (SCREEN, PRINT):
        with pytest.raises(ArgumentError, match=f"^{name}: expected a whole number, got 80.5$"):
            replace(whole, **{name: 80.5})


def test_numbers_are_given_by_name():
    for kind in (RecaptureScreenParams, RecapturePrintParams, RecaptureScreenRanges, RecapturePrintRanges):
        with pytest.raises(TypeError, match="positional"):
            kind((1.0, 1.0))


FIXED = {"scale", "offset", "seed", "glare_at", "screenings"}
RANGES = [
    (kind, f.name)
    for kind in (RecaptureScreenRanges(), RecapturePrintRanges())
    for f in fields(kind)
    if f.name not in FIXED
]


@pytest.mark.parametrize(
    ("whole", "name"), RANGES, ids=lambda v: v if isinstance(v, str) else type(v).__name__
)
def test_a_range_is_two_numbers_within_the_limits_lowest_first(whole, name):
    limits = {row[0]: row[1:] for row in [*CAMERA, *DISPLAY, *PAPER, ("roll", 0.0, 30.0)]}
    low, high = limits[name]
    assert getattr(replace(whole, **{name: [low, high]}), name) == (low, high)
    assert getattr(replace(whole, **{name: (high, high)}), name) == (high, high)
    with pytest.raises(ArgumentError, match=f"^{name}: expected the lowest number first, got "):
        replace(whole, **{name: (high, low)})
    for value in (low, (low,), (low, high, high), "ab"):
        with pytest.raises(ArgumentError, match=f"^{name}: expected a lowest and a highest number, got "):
            replace(whole, **{name: value})
    for pair in ((low - 1e-6, high), (low, high * 1.001 + 1e-6), (low, math.nan), (low, "1")):
        with pytest.raises(ArgumentError, match=f"^{name}: expected a number"):
            replace(whole, **{name: pair})


@pytest.mark.parametrize("value", [(), ("lines",), ("dots", "Grain"), ("dots", None)])
def test_screenings_are_dots_and_grain(value):
    with pytest.raises(ArgumentError, match="screenings: expected one or more of dots, grain, got "):
        RecapturePrintRanges(screenings=value)


def many(sample, ranges, n=500):
    rng = np.random.default_rng(12)
    return [sample(ranges, rng=rng) for _ in range(n)]


def uniform(values, low, high):
    """Mean and variance are those of a uniform distribution, within five standard errors, and the ends are met."""
    share = (np.asarray(values, float) - low) / (high - low)
    assert share.mean() == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / share.size))
    assert share.var() == pytest.approx(1 / 12, abs=5 * math.sqrt(1 / 180 / share.size))
    assert 0 <= share.min() < 0.03
    assert 0.97 < share.max() <= 1


EVENLY = ["turn", "lens_sigma", "read_noise", "sharpening", "exposure", "shake", "interval"]


@pytest.mark.parametrize(
    ("sample", "ranges", "own"),
    [
        (sample_recapture_screen, RecaptureScreenRanges(scale=(0.8, 1.6)), ["black", "flicker", "glare"]),
        (
            sample_recapture_print,
            RecapturePrintRanges(scale=(0.8, 1.6)),
            ["cell", "scatter", "curl", "slope"],
        ),
    ],
)
def test_numbers_are_drawn_evenly_from_their_ranges(sample, ranges, own):
    drawn = many(sample, ranges)
    for name in ["scale", *EVENLY, *own]:
        uniform([getattr(p, name) for p in drawn], *getattr(ranges, name))
    for name in ("keystone", "tint"):
        for axis in range(2):
            uniform([getattr(p, name)[axis] for p in drawn], *getattr(ranges, name))
    for axis in range(2):
        uniform([p.offset[axis] for p in drawn], 0.0, 2.0)
    uniform([math.log(p.full_well) for p in drawn], *map(math.log, ranges.full_well))
    assert abs(np.corrcoef([p.tint for p in drawn], rowvar=False)[0, 1]) < 0.2
    assert len({p.seed for p in drawn}) == 500
    assert max(p.seed for p in drawn) < 2**53


def test_a_display_is_white_against_green_and_dense_on_a_logarithmic_scale():
    ranges = RecaptureScreenRanges()
    drawn = many(sample_recapture_screen, ranges)
    uniform([math.log(p.density) for p in drawn], *map(math.log, ranges.density))
    for colour in (0, 2):
        uniform([p.white[colour] for p in drawn], *ranges.white)
    assert {p.white[1] for p in drawn} == {1.0}
    for axis in range(2):
        uniform([p.glare_at[axis] for p in drawn], 0.0, 1.0)


def test_a_sheet_is_lit_against_green_and_sways_and_rolls():
    ranges = RecapturePrintRanges(sway=(1.0, 3.0), roll=(0.1, 0.2))
    drawn = many(sample_recapture_print, ranges)
    for colour in (0, 2):
        uniform([p.light[colour] for p in drawn], *ranges.light)
    assert {p.light[1] for p in drawn} == {1.0}
    for axis, limits in enumerate((ranges.sway, ranges.sway, ranges.roll)):
        uniform([p.sway[axis] for p in drawn], *limits)


@pytest.mark.parametrize(
    ("screenings", "share"), [(("dots",), 1.0), (("grain",), 0.0), (("dots", "dots", "grain"), 2 / 3)]
)
def test_what_stands_twice_is_taken_twice_as_often(screenings, share):
    drawn = many(sample_recapture_print, RecapturePrintRanges(screenings=screenings))
    found = np.mean([p.screening == "dots" for p in drawn])
    assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 500))


def test_each_quality_of_a_range_is_drawn_the_ends_too():
    drawn = many(sample_recapture_screen, RecaptureScreenRanges(quality=(70, 73)))
    shares = [np.mean([p.quality == q for p in drawn]) for q in (70, 71, 72, 73)]
    np.testing.assert_allclose(shares, 0.25, atol=4 * math.sqrt(0.1875 / 500))


@pytest.mark.parametrize("kind", [RecaptureScreenRanges, RecapturePrintRanges])
@pytest.mark.parametrize(
    ("scale", "expected"),
    [(0.001, 0.75), (0.74, 0.75), (0.75, 0.75), (1.3, 1.3), (1.8, 1.8), (1.81, 1.8), (1000, 1.8)],
)
def test_the_scale_of_a_clip_is_taken_as_far_as_it_is_calculated(kind, scale, expected):
    assert kind().at_scale(scale) == kind(scale=(expected, expected))
    assert kind(scale=(0.9, 1.1)).at_scale(scale) == kind(scale=(0.9, 1.1))


@pytest.mark.parametrize("scale", [0, 0.0009, 1001, math.nan, "1"])
def test_a_scale_that_no_clip_has_is_refused_even_where_none_is_taken(scale):
    for ranges in (RecaptureScreenRanges(), RecaptureScreenRanges(scale=(1.0, 1.0))):
        with pytest.raises(ArgumentError, match="scale: expected a number"):
            ranges.at_scale(scale)


@pytest.mark.parametrize("scale", [(0.7, 1.0), (1.0, 1.9)])
def test_a_range_of_scales_lies_within_what_is_calculated(scale):
    with pytest.raises(ArgumentError, match=r"scale: expected a number in \[0.75, 1.8\]"):
        RecapturePrintRanges(scale=scale)


def test_without_a_scale_a_sensor_px_is_a_crop_px():
    for name in ("recapture_screen", "recapture_print"):
        assert draw(name, rng=0).params.scale == 1.0


@pytest.mark.parametrize("name", ["recapture_screen", "recapture_print"])
def test_a_draw_is_plain_numbers_that_come_back_from_json(name):
    for seed in range(5):
        params = draw(name, rng=seed).params
        text = json.dumps(asdict(params), allow_nan=False)
        assert type(params)(**json.loads(text)) == params
        assert draw(name, rng=seed).params == params


def test_a_recipe_says_where_a_range_is_wrong():
    for operation, name, limits in (
        ("recapture_print", "pitch", "0.005, 2"),
        ("recapture_print@1", "cell", "1, 32"),
    ):
        text = f"[[steps]]\noperation = '{operation}'\nranges = {{ {name} = [0.001, 1.5] }}"
        wanted = rf"^recipe 'r': steps\[0\].ranges: {name}: expected a number in \[{limits}\]"
        with pytest.raises(ArgumentError, match=wanted):
            Recipe.from_text(text, name="r")


@pytest.mark.parametrize("distance", [100.0, 250.0, 700.0])
@pytest.mark.parametrize("focal_length", [2.2, 6.8])
def test_the_density_of_a_display_is_that_of_rays_through_the_middle_of_the_lens(distance, focal_length):
    """1/f = 1/D + 1/v, and a display pixel is seen v/D times as large."""
    behind = 1 / (1 / focal_length - 1 / distance)
    image_of_a_pixel = 0.1 * behind / distance
    found = display_density(pitch=0.1, distance=distance, focal_length=focal_length, pixel=0.0014)
    assert found == pytest.approx(0.0014 / image_of_a_pixel)
