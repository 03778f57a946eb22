"""Settings of a display before a phone, what is drawn, and records of this version and of the first."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields

import numpy as np
import pytest

from specaug.augment import (
    Drawn,
    RecaptureScreenParams,
    RecaptureScreenRanges,
    Recipe,
    apply_drawn,
    recapture_screen,
)
from specaug.augment.recapture import sample_recapture_screen, version1
from specaug.augment.recapture.display.settings import SCREEN
from specaug.augment.recapture.panels import PANELS
from specaug.augment.recipes.recipe_toml import shipped_names
from specaug.errors import ArgumentError


def filmed(clip, params, **axes):
    return apply_drawn(clip, Drawn("recapture_screen", params), **axes).image


@pytest.mark.parametrize("name", SCREEN)
def test_a_number_of_a_display_lies_within_its_limits(name):
    low, high = SCREEN[name]
    value = getattr(RecaptureScreenParams(), name)
    several = (lambda v: (v,) * len(value)) if isinstance(value, tuple) else (lambda v: v)
    for fits in (low, high):
        assert getattr(RecaptureScreenParams(**{name: several(fits)}), name) == several(fits)
    for odd in (np.nextafter(low, -math.inf) - 1e-9, high * (1 + 1e-9) + 1e-9, math.nan, "1", None, True):
        with pytest.raises(ArgumentError, match=f"^{name}: expected a (whole )?number"):
            RecaptureScreenParams(**{name: several(odd)})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"panels": ()}, "panels: expected one or more of"),
        ({"panels": ("crt",)}, "panel: expected one of"),
        ({"dust": (0, 2.5)}, "dust: expected whole numbers"),
        ({"pwm_hz": (5.0, 100.0)}, r"pwm_hz: expected a number in \[10, 100000\]"),
        ({"windows": 1.5}, r"windows: expected a number in \[0, 1\]"),
        ({"fill": (2.0, 1.0)}, "fill: expected the lowest number first"),
        ({"density": (0.5, 9.0)}, r"density: expected a number in \[0.05, 8\]"),
    ],
)
def test_ranges_that_no_draw_can_meet_are_refused(changes, match):
    with pytest.raises(ArgumentError, match=match):
        RecaptureScreenRanges(**changes)


def test_displays_are_drawn_within_their_ranges():
    ranges, rng = RecaptureScreenRanges(), np.random.default_rng(0)
    drawn = [sample_recapture_screen(ranges, rng=rng) for _ in range(800)]
    for name in (
        "black",
        "veil",
        "glare",
        "glare_size",
        "falloff",
        "adaptation",
        "pwm_hz",
        "pwm_duty",
        "dust",
    ):
        low, high = getattr(ranges, name)
        values = np.array([getattr(p, name) for p in drawn])
        assert low <= values.min() <= low + 0.05 * (high - low), name
        assert high - 0.05 * (high - low) <= values.max() <= high, name
    for share, shown in ((0.35, [p.pwm > 0 for p in drawn]), (0.15, [p.window > 0 for p in drawn])):
        assert np.mean(shown) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 800))
    warm = np.mean([p.white[2] < 0.8 for p in drawn])
    assert warm == pytest.approx(0.12, abs=4 * math.sqrt(0.12 * 0.88 / 800))
    assert {p.panel for p in drawn} == set(PANELS)
    for p in drawn:
        columns = PANELS[p.panel].columns
        assert columns / (3.0 * 4000) <= p.density <= columns / (0.8 * 1920)


def test_no_phone_focuses_nearer_than_seven_centimeters():
    """Its view is then 98 mm wide, less than a phone's display of 140 mm: it fills 1.4 times as much, and no more."""
    ranges = RecaptureScreenRanges(panels=("phone-6-lcd",), sensor_width=(4000.0, 4000.0))
    rng = np.random.default_rng(0)
    drawn = [sample_recapture_screen(ranges, rng=rng).density for _ in range(400)]
    width = PANELS["phone-6-lcd"].pitch * 1792
    assert min(drawn) == pytest.approx(1792 / 4000 / (width / 98), rel=0.01)


def test_a_draw_comes_back_from_json_and_gives_the_same_bytes(rng):
    clip = rng.integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    recipe = Recipe.from_preset("recapture-screen")
    for seed in range(3):
        drawn = recipe.sample(seed, scale=1.3)
        assert drawn["steps"][0]["params"]["version"] == 2
        again = json.loads(json.dumps(drawn, allow_nan=False))
        assert recipe.apply(clip, drawn).tobytes() == recipe.apply(clip, again).tobytes()
        record = Drawn.from_dict(again["steps"][0])
        assert record.operation == "recapture_screen"
        assert type(record.params)(**json.loads(json.dumps(asdict(record.params)))) == record.params


def test_a_record_without_a_version_is_of_version_1_and_replays_as_it_did(rng):
    clip = rng.integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    params = version1.sample_recapture_screen(rng=np.random.default_rng(5))
    old = {"operation": "recapture_screen", "params": json.loads(json.dumps(asdict(params)))}
    record = Drawn.from_dict(old)
    assert record == Drawn("recapture_screen@1", params)
    assert Drawn.from_dict(record.to_dict()) == record
    recipe = Recipe.from_preset("recapture-screen")
    replayed = recipe.apply(clip, {"recipe": "recapture-screen", "steps": [old]})
    expected = apply_drawn(clip, Drawn("recapture_screen@1", params), clip_axis=0).image
    np.testing.assert_array_equal(replayed, expected)
    assert recipe.label_after({"steps": [old]}) == "attack"


def test_the_first_version_of_the_recipe_draws_what_it_drew():
    recipe = Recipe.find("recapture-screen@1")
    drawn = recipe.sample(11, scale=1.2)
    rng = np.random.default_rng(11)
    rng.choice(1, p=[1.0])
    rng.uniform()  # the coin of the step
    ranges = version1.RecaptureScreenRanges().at_scale(1.2)
    assert Drawn.from_dict(drawn["steps"][0]).params == version1.sample_recapture_screen(ranges, rng=rng)
    assert {f.name for f in fields(version1.RecaptureScreenParams)} == set(drawn["steps"][0]["params"])


def test_the_first_version_gives_the_bytes_that_it_gave():
    """A part of what version 1 made of a ramp, noise and JPEG left out, when there was no other."""
    ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)
    clip = np.stack([ramp, ramp + 40, 200 - ramp], axis=-1)
    params = version1.RecaptureScreenParams(
        full_well=1e9, read_noise=0.0, shake=0.0, quality=0, flicker=0.0, sharpening=0.0
    )
    out = filmed(clip, params)
    assert out[8::8, 8::8, 1].tolist() == [[59, 66, 73], [66, 73, 81], [74, 81, 88]]


def test_functions_draw_from_their_ranges():
    picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    np.testing.assert_array_equal(recapture_screen(picture, rng=3), recapture_screen(picture, rng=3))
    assert (recapture_screen(picture, rng=3) != recapture_screen(picture, rng=4)).any()
    narrow = RecaptureScreenRanges(panels=("phone-6-oled",), density=(0.5, 0.5), reduced=0.0)
    assert recapture_screen(picture, rng=3, ranges=narrow).shape == picture.shape
    with pytest.raises(ArgumentError, match="ranges: expected RecaptureScreenRanges or None"):
        recapture_screen(picture, ranges=version1.RecaptureScreenRanges())


def test_first_versions_are_found_by_name_and_not_listed():
    for name in ("recapture-screen@1", "recapture-print@1"):
        assert Recipe.from_preset(name).branches[0].steps[0].operation == name.replace("-", "_")
        assert name not in shipped_names()
        inner = Recipe.from_text(f"[[branches]]\npreset = '{name}'")
        assert inner.branches[0].steps == Recipe.from_preset(name).branches[0].steps
    with pytest.raises(ArgumentError, match=r"recipe: expected one of .*, got 'recapture-screen@7'"):
        Recipe.from_preset("recapture-screen@7")
    with pytest.raises(ArgumentError, match="operation: expected one of"):
        Drawn.from_dict({"operation": "recapture_screen@7", "params": {}})
