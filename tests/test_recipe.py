"""Recipes: what is drawn is enough to do it again, for all frames of a clip; files are checked when they are read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import specaug
from specaug.augment import OPERATIONS, Recipe, spectral_mix
from specaug.augment.recipes.recipe_toml import shipped_names
from specaug.augment.recipes.steps import Branch, Step, pai_after
from specaug.augment.units import measured_in_source
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

every_recipe = pytest.mark.parametrize("name", shipped_names())


def clips(seed=0, frames=3, side=32):
    values = np.random.default_rng(seed).integers(40, 216, (2, frames, side, side, 3), dtype=np.uint8)
    return values[0], values[1]


def test_the_recipes_are_shipped():
    assert set(shipped_names()) >= {"fda", "fact", "apr", "mix-high", "bandpass", "control"}


def clips_for(recipe):
    """A clip, and the donor that the recipe takes, or None."""
    clip, donor = clips()
    return clip, donor if recipe.takes_donor else None


@every_recipe
@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=8)
def test_a_replay_from_json_gives_the_same_bytes(name, seed):
    recipe = specaug.Recipe.from_preset(name)
    clip, donor = clips_for(recipe)
    drawn = recipe.sample(np.random.default_rng(seed))
    again = json.loads(json.dumps(drawn))
    assert again == drawn
    first, second = (recipe.apply(clip, d, donor) for d in (drawn, again))
    assert first.tobytes() == second.tobytes()
    assert (first.shape, first.dtype) == (clip.shape, clip.dtype)


@every_recipe
def test_the_clip_is_not_written_to_and_not_given_back(name):
    recipe = Recipe.from_preset(name)
    clip, donor = clips_for(recipe)
    clip.flags.writeable = False
    if donor is not None:
        donor.flags.writeable = False
    before = clip.copy()
    out = recipe.apply(clip, recipe.sample(1), donor)
    np.testing.assert_array_equal(clip, before)
    assert not np.shares_memory(out, clip)


@every_recipe
def test_floats_and_tensors_give_the_bytes_within_rounding(name):
    recipe = Recipe.from_preset(name)
    clip, donor = clips_for(recipe)
    drawn = recipe.sample(3)
    # JPEG last, where half a level more or less decides on which step of its table a coefficient of noise falls.
    drawn["steps"] = [step for step in drawn["steps"] if step["operation"] != "jpeg"]
    bytes_ = recipe.apply(clip, drawn, donor).astype(float)
    floats = recipe.apply(clip / 255, drawn, None if donor is None else donor / 255) * 255
    tensors = recipe.apply(torch.asarray(clip), drawn, None if donor is None else torch.asarray(donor))
    assert tensors.dtype == torch.uint8
    # Bytes are rounded after each step, floats at the end, and what a step makes larger is the error too.
    for other in (floats, tensors.numpy()):
        assert np.abs(other - bytes_).mean() < 1


@every_recipe
def test_each_recipe_changes_a_clip_and_knows_its_label(name):
    recipe = Recipe.from_preset(name)
    clip, donor = clips_for(recipe)
    for seed in range(6):
        drawn = recipe.sample(seed)
        changed = not np.array_equal(recipe.apply(clip, drawn, donor), clip)
        assert changed == bool(drawn["steps"])
        expected = "attack" if drawn["steps"] and name not in ("afa", "fda", "fact", "apr") else "bonafide"
        assert recipe.label_after(drawn) == expected


def test_frames_alike_stay_alike():
    """One draw holds for the whole clip; only what a sensor adds may differ from frame to frame."""
    clip, donor = clips()
    still, donor = np.repeat(clip[:1], 4, axis=0), np.repeat(donor[:1], 4, axis=0)
    for name in ("fda", "mix-high", "bandpass", "control"):
        recipe = Recipe.from_preset(name)
        out = recipe.apply(still, recipe.sample(0), donor if recipe.takes_donor else None)
        np.testing.assert_array_equal(out, np.repeat(out[:1], 4, axis=0))


def test_a_donor_that_no_step_takes_is_refused():
    recipe, (clip, donor) = Recipe.from_preset("control"), clips()
    with pytest.raises(ArgumentError, match=r"^donor: expected None, since no step of 'control' takes one"):
        recipe.apply(clip, recipe.sample(0), donor)


def test_one_donor_serves_a_batch_of_clips():
    """Its frames are spread over those of each clip, also where it has no axis for the batch."""
    recipe, (clip, donor) = Recipe.from_preset("mix-high"), clips(frames=6)
    drawn, batch = recipe.sample(0), np.stack([clip, clip[::-1]])
    expected = [recipe.apply(one, drawn, donor[:3]) for one in batch]
    np.testing.assert_array_equal(recipe.apply(batch, drawn, donor[:3]), expected)
    np.testing.assert_array_equal(recipe.apply(batch, drawn, donor[None, :3]), expected)


@pytest.mark.parametrize(("clip", "donor", "name"), [([1], None, "clip"), (None, 3, "donor")])
def test_clips_that_are_no_arrays_are_named(clip, donor, name):
    recipe = Recipe.from_preset("mix-high")
    given_ = clips()[0] if clip is None else clip
    with pytest.raises(ArgumentError, match=rf"^{name}: expected a NumPy array or a torch tensor"):
        recipe.apply(given_, recipe.sample(0), donor or clips()[1])


def test_a_single_frame_is_the_clip_of_one():
    recipe, (clip, donor) = Recipe.from_preset("mix-high"), clips()
    drawn = recipe.sample(0)
    np.testing.assert_array_equal(
        recipe.apply(clip[0], drawn, donor[0]), recipe.apply(clip[:1], drawn, donor[:1])[0]
    )


def test_donor_frames_are_spread_evenly():
    recipe = Recipe(
        "x", (Branch("x", (Step("spectral_mix", OPERATIONS["spectral_mix"].ranges()),)),), "bonafide"
    )
    clip, donor = clips(frames=6)
    drawn = recipe.sample(5)
    settings_ = drawn["steps"][0]["params"]
    out = recipe.apply(clip, drawn, donor[[0, 3]])
    expected = spectral_mix(clip, donor[[0, 0, 0, 3, 3, 3]], clip_axis=0, **settings_)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(
        recipe.apply(torch.asarray(clip), drawn, torch.asarray(donor[[0, 3]])).numpy(), expected
    )


def test_channels_may_come_first():
    recipe, (clip, donor) = Recipe.from_preset("mix-high"), clips()
    drawn = recipe.sample(2)
    first = recipe.apply(np.moveaxis(clip, -1, 1), drawn, np.moveaxis(donor, -1, 1), channel_axis=1)
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), recipe.apply(clip, drawn, donor))


MIXED = """
description = "either <of> two"
donor = "attack"
[[branches]]
name = "pattern"
weight = 3
steps = [{ operation = "moire" }, { operation = "jpeg", probability = 0.25 }]
[[branches]]
recipe = "mix-high"
"""


def test_branches_and_steps_come_as_often_as_they_say():
    recipe = Recipe.from_text(MIXED, name="two")
    rng = np.random.default_rng(0)
    draws = [recipe.sample(rng) for _ in range(1200)]
    patterns = [d for d in draws if d["branch"] == "pattern"]
    # Three standard deviations of a share of n draws: 3·sqrt(p(1 - p)/n).
    assert len(patterns) / 1200 == pytest.approx(0.75, abs=0.038)
    assert {d["branch"] for d in draws} == {"pattern", "mix-high"}
    assert np.mean([len(d["steps"]) == 2 for d in patterns]) == pytest.approx(0.25, abs=0.044)


def test_steps_are_taken_in_their_order():
    text = '[[steps]]\noperation = "moire"\n[[steps]]\noperation = "jpeg"\n'
    recipe, (clip, _) = Recipe.from_text(text, name="x"), clips()
    drawn = recipe.sample(0)
    assert [s["operation"] for s in drawn["steps"]] == ["moire", "jpeg"]
    by_hand = clip
    for step in drawn["steps"]:
        by_hand = recipe.apply(by_hand, {**drawn, "steps": [step]})
    np.testing.assert_array_equal(recipe.apply(clip, drawn), by_hand)


def test_a_coin_does_not_shift_the_draws_after_it():
    text = '[[steps]]\noperation = "tone"\nprobability = {p}\n[[steps]]\noperation = "moire"\n'
    sure, often = (Recipe.from_text(text.format(p=p), name="x") for p in (1.0, 0.999))
    assert sure.sample(4)["steps"] == often.sample(4)["steps"]


def test_lengths_of_the_source_follow_the_scale_of_the_crop():
    text = '[[steps]]\noperation = "{op}"\nunit = "source"\nranges = {{ {r} }}\n'
    moire = Recipe.from_text(text.format(op="moire", r="frequency = [0.1, 0.1], number = [1, 1]"), name="x")
    wave = moire.sample(0, scale=2.5)["steps"][0]["params"]["gratings"][0]
    assert np.hypot(wave["u"], wave["v"]) == pytest.approx(0.25)
    dots = Recipe.from_text(text.format(op="halftone", r="cell = [9.0, 9.0]"), name="x")
    assert dots.sample(0, scale=1.5)["steps"][0]["params"]["cell"] == pytest.approx(6.0)


def test_what_a_crop_cannot_hold_ends_at_its_limit():
    ranges = measured_in_source(OPERATIONS["moire"].ranges(frequency=(0.1, 0.4)), 3.0)
    assert ranges.frequency == pytest.approx((0.3, 0.5))
    assert measured_in_source(OPERATIONS["band_scale"].ranges(), 4.0).high == pytest.approx(np.sqrt(0.5))


def test_species_are_those_of_donor_or_operation():
    assert pai_after(Recipe.from_preset("mix-high").sample(0), "print/2") == "print/synthetic"
    assert pai_after(Recipe.from_preset("control").sample(3)) == "unknown/synthetic"
    assert (
        pai_after(Recipe.from_text('[[steps]]\noperation = "halftone"', name="x").sample(0))
        == "print/synthetic"
    )


def test_what_is_not_drawn_leaves_the_label_of_a_control():
    recipe = Recipe.from_preset("control")
    assert recipe.label_after({"steps": []}) == "bonafide"


def test_from_toml_and_find(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MIXED)
    assert Recipe.from_toml(file) == Recipe.find(file)
    assert Recipe.from_toml(str(file)).name == "mine"
    assert Recipe.find("fda") == Recipe.from_preset("fda")


def test_a_table_is_shown_with_escaped_text():
    page = Recipe.from_text(MIXED, name="<two>")._repr_html_()
    assert "&lt;two&gt;" in page
    assert "either &lt;of&gt; two" in page
    assert page.count("<tr>") == 4


STEP = "[[steps]]\noperation = 'moire'\n"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("steps = [", "expected TOML"),
        ("", "expected either steps or branches"),
        ("steps = []", "steps: expected at least one"),
        ("stepz = 1", "expected keys name, description, .*, got 'stepz'"),
        ("steps = 3", "steps: expected a list of tables, got 3"),
        ("name = 3\n" + STEP, "name: expected a text, got 3"),
        (
            "[[steps]]\noperation = 'blur'",
            r"steps\[0\].operation: expected one of spectral_mix, .*, got 'blur'",
        ),
        ("steps = [1]", r"steps\[0\]: expected a table, got 1"),
        (STEP + "probability = 1.5", r"steps\[0\].probability: expected a number from 0 to 1, got 1.5"),
        (STEP + "probability = nan", r"steps\[0\].probability: expected a number from 0 to 1, got nan"),
        (STEP + "probability = 'often'", r"steps\[0\].probability: expected a number, got 'often'"),
        (STEP + "unit = 'mm'", r"steps\[0\].unit: expected one of crop, source, got 'mm'"),
        ("[[steps]]\noperation = 'jpeg'\nunit = 'source'", "unit: expected 'crop', jpeg has no length"),
        (STEP + "ranges = { amplitud = 1 }", r"ranges: expected some of number, .*, got 'amplitud'"),
        (STEP + "ranges = { amplitude = 1 }", r"ranges.amplitude: expected 2 values, each a number, got 1"),
        (
            STEP + "ranges = { amplitude = [0.3, 0.1] }",
            r"amplitude: expected lower and upper limit, got \[0.3, 0.1\]",
        ),
        (STEP + "ranges = { amplitude = [0.3, 7.0] }", r"ranges: amplitude: expected a number in \[0, 1\]"),
        (STEP + "ranges = { number = [1, 2.5] }", "number: expected 2 values, each a whole number"),
        ("[[steps]]\noperation = 'fda'", "donor: expected one of bonafide, attack, got None"),
        ("donor = 'attack'\n" + STEP, "donor: expected none, no step takes one, got 'attack'"),
        (
            "donor = 'attack'\n[[steps]]\noperation = 'fda'",
            "partner_label: expected bonafide, or an attack whose band",
        ),
        (
            "donor = 'spoof'\n[[steps]]\noperation = 'fda'",
            "donor: expected one of bonafide, attack, got 'spoof'",
        ),
        ("label = 'fake'\n" + STEP, "label: expected one of bonafide, attack, got 'fake'"),
        ("branches = []", "expected at least one branch"),
        ("[[branches]]\nrecipe = 'nothing'", "recipe: expected one of .*, got 'nothing'"),
        (
            "[[branches]]\nweight = 0\nrecipe = 'fda'",
            r"branches\[0\].weight: expected a number above 0, got 0",
        ),
        ("[[branches]]\nweight = 1", r"branches\[0\]: expected either steps or recipe"),
        (
            "[[branches]]\nrecipe = 'fda'\n[[branches]]\nrecipe = 'bandpass'",
            "bandpass takes donors of label attack",
        ),
        (
            "donor = 'bonafide'\n" + STEP + "[[steps]]\noperation = 'spectral_mix'",
            "partner_label: expected attack, .*, got bonafide",
        ),
        (
            "donor='bonafide'\n[[steps]]\noperation='spectral_mix'\nranges = { form = 'round' }",
            "form: expected one of radial, square, got 'round'",
        ),
    ],
)
def test_a_bad_recipe_is_refused_where_it_is_bad(text, match):
    with pytest.raises(ArgumentError, match=match):
        Recipe.from_text(text, name="mine")


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: Recipe.from_preset("best"), "recipe: expected one of afa, apr, .*, got 'best'"),
        (lambda: Recipe.from_toml("/no/such.toml"), "recipe: cannot read '/no/such.toml': No such file"),
        (lambda: Recipe.find("no-such"), "recipe: expected a TOML file, a recipe \\(afa, .*, got 'no-such'"),
        (
            lambda: Recipe.from_preset("fda").sample(0, scale=0),
            r"scale: expected a number in \[0.001, 1000\], got 0",
        ),
        (
            lambda: Recipe.from_preset("fda").apply(clips()[0], {"steps": 3}),
            "drawn: expected what Recipe.sample",
        ),
        (
            lambda: Recipe.from_preset("fda").apply(clips()[0], Recipe.from_preset("fda").sample(0)),
            "donor: expected a clip",
        ),
    ],
)
def test_a_bad_call_is_named(call, match):
    with pytest.raises(ArgumentError, match=match):
        call()
