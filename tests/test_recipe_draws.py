"""Draws of a recipe: how often, in which order and at which scale; donors spread over frames; labels and species."""

from __future__ import annotations

import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest

from specaug.augment import (
    OPERATIONS,
    Drawn,
    HalftoneRanges,
    MoireRanges,
    Recipe,
    apply_drawn,
    draw,
    fda,
    spectral_mix,
)
from specaug.augment.recipes.steps import Branch, Step, pai_after, run_draws, steps_of
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")


def step(name: str, probability: float = 1.0, **settings: object) -> Step:
    return Step(name, OPERATIONS[name].ranges(**settings), probability)


def recipe(*steps: Step, **settings: object) -> Recipe:
    return Recipe("r", (Branch("b", steps),), **settings)


def record(*drawn: Drawn) -> dict:
    return {"steps": [one.to_dict() for one in drawn]}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 196, shape, dtype=np.uint8)


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (0.3, 0.3), (1.0, 1.0)])
def test_a_step_is_taken_as_often_as_it_says(probability, share):
    one, rng = step("jpeg", probability), np.random.default_rng(3)
    taken = np.mean([one.draw(scale=1.0, rng=rng) is not None for _ in range(900)])
    # Four standard deviations of a share of 900: 4·sqrt(0.21/900) = 0.061; none at 0 and 1.
    assert taken == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 900))


def test_the_coins_of_two_steps_fall_apart():
    both = recipe(step("jpeg", 0.5), step("tone", 0.5))
    rng = np.random.default_rng(4)
    seen = [tuple(s["operation"] for s in both.sample(rng)["steps"]) for _ in range(800)]
    for outcome in ((), ("jpeg",), ("tone",), ("jpeg", "tone")):
        # A quarter each, within four standard deviations: 4·sqrt(0.1875/800) = 0.061.
        assert seen.count(outcome) / 800 == pytest.approx(0.25, abs=0.061)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1e-3, 3e-3), (300.0, 100.0)])
def test_branches_are_drawn_by_their_share_of_all_weights(weights):
    chosen = Recipe("r", tuple(Branch(n, (step("jpeg"),), w) for n, w in zip("ab", weights, strict=True)))
    rng = np.random.default_rng(5)
    share = np.mean([chosen.sample(rng)["branch"] == "a" for _ in range(800)])
    assert share == pytest.approx(weights[0] / sum(weights), abs=4 * math.sqrt(0.25 / 800))


def test_the_branch_is_drawn_before_its_steps_and_a_lost_coin_costs_one_number():
    """What follows in the stream of random numbers depends on the recipe alone, and not on what was drawn."""
    chosen = recipe(step("tone", 0.0), step("moire"))
    rng = np.random.default_rng(8)
    rng.choice(1, p=[1.0])
    rng.uniform(size=2)  # the coins of both steps
    expected = draw("moire", rng=rng).to_dict()
    assert chosen.sample(8)["steps"] == [json.loads(json.dumps(expected))]


def test_a_record_is_plain_json_with_all_that_was_drawn():
    drawn = recipe(step("moire"), step("jpeg")).sample(0, scale=2)
    assert drawn == json.loads(json.dumps(drawn, allow_nan=False))
    assert {k: v for k, v in drawn.items() if k != "steps"} == {"recipe": "r", "branch": "b", "scale": 2.0}
    assert type(drawn["scale"]) is float
    assert [set(s) for s in drawn["steps"]] == [{"operation", "params"}] * 2


def test_a_generator_goes_on_and_a_seed_starts_again():
    chosen, rng = recipe(step("moire")), np.random.default_rng(1)
    first, second = chosen.sample(rng), chosen.sample(rng)
    assert first == chosen.sample(1) == chosen.sample(np.random.default_rng(1))
    assert first != second


@pytest.mark.parametrize("scale", [0, 0.0009, 1001, -1, float("nan"), float("inf"), "2", None, True])
def test_a_scale_is_a_number_of_source_px(scale):
    with pytest.raises(ArgumentError, match="scale: expected a number"):
        recipe(step("moire")).sample(0, scale=scale)


@pytest.mark.parametrize(("in_source", "expected"), [(False, 8.0), (True, 4.0)])
def test_a_length_follows_the_scale_only_in_px_of_the_source(in_source, expected):
    one = Step("halftone", HalftoneRanges(cell=(8.0, 8.0)), in_source_px=in_source)
    drawn = one.draw(scale=2.0, rng=np.random.default_rng(0))
    assert drawn.params.cell == pytest.approx(expected)


@pytest.mark.parametrize("name", ["recapture_screen", "recapture_print", "profile"])
def test_what_stands_for_a_camera_always_gets_the_scale_of_the_clip(name):
    drawn = step(name).draw(scale=1.25, rng=np.random.default_rng(0))
    assert drawn.params.scale == 1.25


def test_a_frequency_of_the_source_is_drawn_and_then_scaled():
    one = Step("moire", MoireRanges(number=(1, 1), frequency=(0.1, 0.2)), in_source_px=True)
    for seed in range(20):
        wave = one.draw(scale=0.5, rng=np.random.default_rng(seed)).params.gratings[0]
        assert 0.05 - 1e-12 <= math.hypot(wave.u, wave.v) <= 0.1 + 1e-12


@pytest.mark.parametrize(("wanted", "held"), [(7, 3), (3, 7), (5, 4), (2, 6), (4, 1), (3, 3)])
def test_frames_of_a_donor_are_spread_over_those_of_the_clip(wanted, held):
    chosen = recipe(step("fda", beta=(0.1,)), donor="bonafide")
    clip, donor = noise(wanted, 16, 16, 3), noise(held, 16, 16, 3, seed=1)
    out = chosen.apply(clip, chosen.sample(0), donor)
    for i, frame in enumerate(out):
        expected = fda(clip[i], donor[math.floor(i * held / wanted)], beta=0.1)
        np.testing.assert_array_equal(frame, expected)


def test_a_single_frame_is_the_donor_of_all_frames():
    chosen = recipe(step("fda", beta=(0.1,)), donor="bonafide")
    clip, donor = noise(4, 16, 16, 3), noise(16, 16, 3, seed=1)
    out = chosen.apply(clip, chosen.sample(0), donor)
    np.testing.assert_array_equal(out, np.stack([fda(frame, donor, beta=0.1) for frame in clip]))


def test_frames_are_spread_with_channels_in_front_and_without_any():
    chosen = recipe(step("fda", beta=(0.1,)), donor="bonafide")
    drawn, clip, donor = chosen.sample(0), noise(4, 16, 16, 3), noise(2, 16, 16, 3, seed=1)
    expected = chosen.apply(clip, drawn, donor)
    for axis in (0, 1):
        out = chosen.apply(
            np.moveaxis(clip, -1, axis), drawn, np.moveaxis(donor, -1, axis), channel_axis=axis
        )
        np.testing.assert_array_equal(np.moveaxis(out, axis, -1), expected)
    grey = chosen.apply(clip[..., 0], drawn, donor[..., 0], channel_axis=None)
    single = [fda(clip[i, ..., 0], donor[i // 2, ..., 0], beta=0.1, channel_axis=None) for i in range(4)]
    np.testing.assert_array_equal(grey, np.stack(single))


def test_only_the_steps_that_take_a_partner_see_the_donor():
    chosen = recipe(step("moire"), step("spectral_mix"), step("jpeg"), donor="attack")
    clip, donor = noise(2, 24, 24, 3), noise(2, 24, 24, 3, seed=1)
    drawn = chosen.sample(2)
    first, mix, last = steps_of(drawn)
    image = apply_drawn(clip, first, clip_axis=0).image
    image = apply_drawn(image, mix, donor, clip_axis=0).image
    np.testing.assert_array_equal(
        chosen.apply(clip, drawn, donor), apply_drawn(image, last, clip_axis=0).image
    )


def test_the_frames_of_a_clip_are_guarded_as_one_and_those_of_a_batch_are_not():
    """A bright frame that would clip halves the strength in its own clip, and in no other."""
    x = np.arange(32)
    wave = 0.4 * np.sin(2 * np.pi * x / 8) * np.ones((32, 1))
    quiet, bright = (np.repeat((level + 0.02 * wave)[..., None], 3, axis=-1) for level in (0.5, 0.95))
    donor = np.repeat((wave + 0.5)[..., None], 3, axis=-1)
    drawn = record(Drawn("spectral_mix", OPERATIONS["spectral_mix"].params(strength=1.0)))
    ran = run_draws(np.stack([[quiet, quiet], [quiet, bright]]), drawn, donor)
    assert ran.halvings.shape == (2,)
    assert ran.halvings[0] == 0 < ran.halvings[1]
    change = np.abs(ran.image - 0.5)[:, 0].max(axis=(1, 2, 3))
    assert change[0] > 1.9 * change[1]


def test_a_run_tells_the_worst_of_its_steps():
    grey = np.full((8, 32, 3), 0.9)
    grating = {"gratings": [{"u": 0.25, "v": 0.0, "amplitude": 0.9, "phase": 0.5}]}
    loud = Drawn.from_dict(
        {"operation": "moire", "params": {**draw("moire", rng=0).to_dict()["params"], **grating}}
    )
    mild = draw("recapture_blur", rng=0)
    alone = [apply_drawn(grey, one) for one in (loud, mild)]
    worst = max(float(one.clipped) for one in alone), max(int(one.halvings) for one in alone)
    assert worst > (0, 0)
    for order in ((loud, mild), (mild, loud)):
        ran = run_draws(grey, record(*order))
        assert (float(ran.clipped), int(ran.halvings)) == worst


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_nothing_drawn_gives_a_copy(library):
    clip = noise(2, 8, 8, 3) if library == "numpy" else torch.asarray(noise(2, 8, 8, 3))
    ran = run_draws(clip, {"steps": []})
    assert (ran.image == clip).all()
    assert (float(ran.clipped), int(ran.halvings)) == (0.0, 0)
    ran.image[...] = 0
    assert (clip >= 60).all()


@pytest.mark.parametrize(
    "drawn",
    [
        {},
        {"steps": 3},
        {"steps": None},
        {"steps": ["moire"]},
        {"steps": [{"operation": "jpeg"}]},
        {"steps": [{"params": {}}]},
        {"steps": [{"operation": "jpeg", "params": {"qualitie": 3}}]},
        {"steps": [{"operation": "jpeg", "params": None}]},
        None,
    ],
)
def test_what_no_recipe_drew_is_refused(drawn):
    with pytest.raises(
        ArgumentError, match=r"^drawn: expected (what Recipe.sample gives|a mapping|(all )?fields)"
    ):
        run_draws(noise(8, 8, 3), drawn)


def test_an_unknown_operation_in_a_record_is_named():
    with pytest.raises(ArgumentError, match=r"operation: expected one of spectral_mix, .*, got 'blur'"):
        run_draws(noise(8, 8, 3), {"steps": [{"operation": "blur", "params": {}}]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"branches": ()}, "recipe 'r': expected at least one branch"),
        ({"donor": "spoof"}, "recipe 'r': donor: expected one of bonafide, attack, got 'spoof'"),
        ({"label": "live"}, "recipe 'r': label: expected one of bonafide, attack, got 'live'"),
        ({"donor": "attack"}, "recipe 'r': donor: expected none, no step takes one, got 'attack'"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ArgumentError) as caught:
        Recipe(**{"name": "r", "branches": (Branch("b", (step("moire"),)),), **settings})
    assert str(caught.value) == message


@pytest.mark.parametrize("low", [0.0, 0.0624])
def test_the_branch_whose_label_nobody_can_know_is_named(low):
    unsure = Branch("unsure", (step("spectral_mix", low=low),))
    with pytest.raises(
        ArgumentError, match=r"^recipe 'r': branch 'unsure': partner_label: expected bonafide"
    ):
        Recipe("r", (Branch("sure", (step("moire"),)), unsure), donor="attack")
    Recipe("r", (Branch("sure", (step("spectral_mix", low=0.0625),)),), donor="attack")


@pytest.mark.parametrize(
    ("steps", "donor", "declared", "label", "donor_label", "expected"),
    [
        ((), None, None, "bonafide", None, "bonafide"),
        ((), None, None, "attack", None, "attack"),
        ((), None, "attack", "bonafide", None, "bonafide"),
        (("jpeg",), None, None, "bonafide", None, "bonafide"),
        (("jpeg",), None, None, "attack", None, "attack"),
        (("jpeg",), None, "attack", "bonafide", None, "attack"),
        (("moire", "jpeg"), None, None, "bonafide", None, "attack"),
        (("jpeg", "moire"), None, "bonafide", "bonafide", None, "bonafide"),
        (("fda",), "bonafide", None, "bonafide", None, "bonafide"),
        (("fda",), "bonafide", None, "attack", "attack", "attack"),
        (("bandpass_inject",), "attack", None, "bonafide", None, "attack"),
        (("bandpass_inject",), "attack", None, "bonafide", "bonafide", "bonafide"),
    ],
)
def test_the_label_is_declared_or_that_of_the_steps(steps, donor, declared, label, donor_label, expected):
    names = steps or ("fda",) * (donor is not None) or ("jpeg",)
    chosen = recipe(*(step(name) for name in names), donor=donor, label=declared)
    drawn = record(*(draw(name, rng=0) for name in steps))
    assert chosen.label_after(drawn, label, donor_label) == expected


@pytest.mark.parametrize(
    ("steps", "donor_pai", "expected"),
    [
        ((), None, "unknown"),
        (("jpeg", "tone"), None, "unknown"),
        (("moire",), None, "replay"),
        (("grain", "jpeg"), None, "print"),
        (("moire", "halftone"), None, "print"),
        (("halftone", "moire", "tone"), None, "replay"),
        (("spectral_mix",), "mask/silicone", "mask"),
        (("spectral_mix",), None, "unknown"),
        (("fda", "moire"), "none", "replay"),
        (("moire", "fda"), "none", "replay"),
        (("moire", "fda"), "print", "print"),
        (("moire",), "mask", "replay"),
        (("fda",), "", "unknown"),
    ],
)
def test_the_species_is_that_of_the_last_step_that_has_one(steps, donor_pai, expected):
    assert pai_after(record(*(draw(name, rng=0) for name in steps)), donor_pai) == f"{expected}/synthetic"


def test_a_learned_spectrum_looks_like_what_it_was_learned_from():
    drawn = draw("profile", OPERATIONS["profile"].ranges(pai="print"), rng=0)
    assert pai_after(record(draw("moire", rng=0), drawn)) == "print/synthetic"
    nobody = Drawn("profile", type(drawn.params)(**{**drawn.to_dict()["params"], "pai": "unknown"}))
    assert pai_after(record(draw("moire", rng=0), nobody)) == "unknown/synthetic"


def test_the_table_shows_shares_of_branches_and_steps():
    wide = Step("moire", MoireRanges(), 0.25, in_source_px=True)
    branches = (
        Branch("one", (wide, step("jpeg")), 3.0),
        Branch("two", (step("spectral_mix", low=0.1),), 1.0),
    )
    page = Recipe("r", branches, donor="attack", description="a & b")._repr_html_()
    rows = [[cell.text for cell in row] for row in ElementTree.fromstring(page).iter("tr")]
    assert rows[0] == ["branch", "drawn", "applied", "operation", "ranges"]
    assert [row[:4] for row in rows[1:]] == [
        ["one", "75%", "25%", "moire"],
        ["one", "75%", "100%", "jpeg"],
        ["two", "25%", "100%", "spectral_mix"],
    ]
    assert "<b>r</b>, donors: attack. a &amp; b" in page
    assert page.count("[px of the source]") == 1
    assert "donors" not in recipe(step("jpeg"))._repr_html_()


def test_mixing_by_record_is_the_function_with_those_settings():
    params = OPERATIONS["spectral_mix"].params(strength=0.6, low=0.1, high=0.4, rolloff=0.02)
    clip, donor = noise(2, 24, 24, 3), noise(2, 24, 24, 3, seed=1)
    out = run_draws(clip, record(Drawn("spectral_mix", params)), donor).image
    expected = spectral_mix(clip, donor, strength=0.6, low=0.1, high=0.4, rolloff=0.02, clip_axis=0)
    np.testing.assert_array_equal(out, expected)
