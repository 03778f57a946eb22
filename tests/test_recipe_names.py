"""What a name of a recipe stands for: shipped recipes, operations, files, and several joined by ``+``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from specaug.augment import OPERATIONS, FdaRanges, MoireRanges, Recipe, SpectralMixRanges, as_recipe, draw
from specaug.augment.recipes.recipe_toml import shipped_names
from specaug.augment.recipes.steps import Branch, Step
from specaug.errors import ArgumentError

MOIRE = "[[steps]]\noperation = 'moire'\n"


@pytest.mark.parametrize("name", ["recapture_screen", "recapture-screen"])
@pytest.mark.parametrize("make", [Recipe.from_preset, Recipe.find, as_recipe])
def test_dash_and_underscore_are_alike(make, name):
    assert make(name).name == "recapture-screen"


def test_every_operation_is_a_recipe_of_one_step_with_its_own_ranges():
    for name in {*OPERATIONS} - {n.replace("-", "_") for n in shipped_names()}:
        recipe = Recipe.find(name.replace("_", "-"))
        assert recipe.name == name
        (branch,) = recipe.branches
        (step,) = branch.steps
        assert (step.operation, step.ranges) == (name, OPERATIONS[name].ranges())
        assert (step.probability, step.in_source_px) == (1.0, False)


@pytest.mark.parametrize("name", ["fda", "recapture_screen", "recapture_print"])
def test_where_a_recipe_and_an_operation_share_a_name_both_mean_the_same(name):
    assert Recipe.find(name).branches[0].steps == Recipe.from_operation(name).branches[0].steps


@pytest.mark.parametrize(
    ("name", "ranges", "donor"),
    [
        ("moire", None, None),
        ("fda", None, "bonafide"),
        ("spectral_mix", None, "bonafide"),
        ("spectral_mix", SpectralMixRanges(low=1 / 16), "attack"),
        ("spectral_mix", {"low": 0.0624}, "bonafide"),
        ("bandpass_inject", None, "attack"),
    ],
)
def test_donors_of_an_operation_are_attacks_where_that_makes_an_attack(name, ranges, donor):
    assert Recipe.from_operation(name, ranges).donor == donor


def test_ranges_of_an_operation_are_a_record_or_some_of_its_fields():
    ranges = MoireRanges(number=(2, 3))
    assert Recipe.from_operation("moire", ranges).branches[0].steps[0].ranges is ranges
    assert Recipe.from_operation("moire", {"number": [2, 3]}) == Recipe.from_operation("moire", ranges)


def test_a_recipe_may_be_applied_now_and_then():
    recipe = Recipe.from_operation("moire", probability=0.25)
    drawn = [len(recipe.sample(seed)["steps"]) for seed in range(400)]
    # Four standard deviations: 4·sqrt(0.25·0.75/400) = 0.087.
    assert np.mean(drawn) == pytest.approx(0.25, abs=0.087)


def test_names_joined_by_plus_are_branches_drawn_alike(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(MOIRE)
    joined = Recipe.find(f"mixed + {file}+recapture_print")
    assert joined.name == "mixed+mine+recapture-print"
    assert [branch.weight for branch in joined.branches] == pytest.approx([0.4, 0.4, 0.1, 0.05, 0.05, 1, 1])
    parts = [Recipe.from_preset("mixed"), Recipe.from_toml(file), Recipe.from_preset("recapture-print")]
    assert [b.steps for b in joined.branches] == [b.steps for part in parts for b in part.branches]


def test_a_file_whose_name_has_a_plus_is_that_file(tmp_path: Path):
    file = tmp_path / "fda+fact.toml"
    file.write_text(MOIRE)
    assert Recipe.find(file).name == "fda+fact"
    assert Recipe.find(str(file)).name == "fda+fact"


@pytest.mark.parametrize("name", ["fda+bandpass", "control+bandpass", "bandpass+fda+control"])
def test_parts_with_other_donors_or_labels_do_not_fit(name):
    with pytest.raises(ArgumentError, match=r"^recipe: expected parts with one label of donors and of resul"):
        Recipe.find(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("trace", "traces"),
        ("recapture-scren", "recapture-screen"),
        ("Mix_High", "mix-high"),
        ("FDA", "fda"),
        ("moir", "moire"),
        ("mixed+bandpas", "bandpass"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_right_one(name, meant):
    with pytest.raises(ArgumentError, match=rf"; did you mean '{meant}'\?$"):
        Recipe.find(name)


@pytest.mark.parametrize("name", ["quite another", "+", "fda+"])
def test_nothing_is_suggested_where_nothing_is_alike(name):
    with pytest.raises(
        ArgumentError, match=r"recipe: expected a TOML file, a recipe \(.*\), an operation \(.*'$"
    ):
        Recipe.find(name)


def test_misspelt_names_of_operations_steps_and_shipped_recipes_too():
    with pytest.raises(
        ArgumentError, match=r"^operation: expected one of .* got 'moiré'; did you mean 'moire'"
    ):
        Recipe.from_operation("moiré")
    with pytest.raises(ArgumentError, match=r"steps\[0\].operation: .*; did you mean 'halftone'"):
        Recipe.from_text("[[steps]]\noperation = 'halftones'")
    with pytest.raises(
        ArgumentError, match=r"^recipe: expected one of .* got 'contol'; did you mean 'control'"
    ):
        Recipe.from_preset("contol")


@pytest.mark.parametrize("value", [None, 3, b"traces", ["traces"], FdaRanges()])
def test_what_is_no_recipe_is_named_by_its_argument(value):
    with pytest.raises(
        ArgumentError, match=r"^augment: expected a Recipe, the name of one or a path, got \w+ "
    ):
        as_recipe(value, argument="augment")


def test_a_recipe_is_itself():
    recipe = Recipe.from_preset("control")
    assert as_recipe(recipe) is recipe


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), "often", True])
def test_a_probability_outside_its_limits_is_named(probability):
    with pytest.raises(ArgumentError, match=r"^probability: expected a number( from 0 to 1)?, got "):
        Recipe.from_operation("moire", probability=probability)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        (FdaRanges("wide"), "beta: expected a list of a number, got 'wide'"),
        (FdaRanges((0.1, "x")), "beta: expected a list of a number, got (0.1, 'x')"),
        (FdaRanges((float("nan"),)), "beta: expected a list of a number, got (nan,)"),
        (MoireRanges(), "ranges: expected FdaRanges, got MoireRanges(number=(1, 4)"),
        (3, "ranges: expected FdaRanges, got 3"),
        ({"beta": 0.1}, "ranges.beta: expected a list of a number, got 0.1"),
        ({"betas": [0.1]}, "ranges: expected some of beta, guard, got 'betas'; did you mean 'beta'?"),
    ],
)
def test_ranges_of_another_kind_are_named(ranges, message):
    with pytest.raises(ArgumentError) as refused:
        Recipe.from_operation("fda", ranges)
    assert str(refused.value).startswith(message)


def test_ranges_that_hold_a_list_become_those_that_a_file_gives():
    ranges = FdaRanges([0, 0.1])
    made = Recipe.from_operation("fda", ranges)
    assert made == Recipe.from_operation("fda", {"beta": [0.0, 0.1]})
    assert ranges.beta == [0, 0.1]  # the given record is not written to


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda step: Branch(3, (step,)), "name: expected a text, got 3"),
        (lambda step: Branch("b", (step,), 0), "weight: expected a number above 0, got 0.0"),
        (lambda step: Branch("b", (step,), float("inf")), "weight: expected a number, got inf"),
        (lambda step: Branch("b", ("moire",)), "steps: expected a list of Step, got ('moire',)"),
        (lambda step: Recipe("r", (step,)), "recipe 'r': branches: expected a list of Branch, got (Step("),
        (lambda step: Recipe(3, (Branch("b", (step,)),)), "recipe 3: name: expected a text, got 3"),
    ],
)
def test_parts_of_another_kind_are_named(make, message):
    with pytest.raises(ArgumentError) as refused:
        make(Step("moire", MoireRanges()))
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("name", sorted({*shipped_names(), *OPERATIONS}))
def test_whether_a_recipe_makes_attacks_is_what_its_draws_say(name):
    recipe = Recipe.find(name)
    made = {recipe.label_after(d) for d in map(recipe.sample, range(20)) if d["steps"]}
    assert made == ({"attack"} if recipe.makes_attacks else {"bonafide"})


def test_the_former_key_of_a_named_branch_is_read():
    texts = [f"[[branches]]\n{key} = 'recapture-screen'\n" for key in ("recipe", "preset")]
    assert Recipe.from_text(texts[0]) == Recipe.from_text(texts[1])


def test_misspelt_operations_and_keys_are_answered_everywhere():
    with pytest.raises(ArgumentError, match=r"^operation: expected one of .*; did you mean 'moire'\?$"):
        draw("moiré")
    with pytest.raises(ArgumentError, match=r"expected keys .*, got 'stepz'; did you mean 'steps'\?$"):
        Recipe.from_text("stepz = 1")
