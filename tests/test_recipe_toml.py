"""TOML recipes: names, weights, donors and labels of nested presets; which file is read; what is refused, and where."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from specaug.augment import OPERATIONS, Recipe
from specaug.augment.recipes.recipe_toml import parse_recipe, read_recipe, read_shipped, shipped_names
from specaug.errors import ArgumentError

MOIRE = "steps = [{ operation = 'moire' }]\n"
MIX = "steps = [{ operation = 'spectral_mix' }]\n"
HIGH = "steps = [{ operation = 'spectral_mix', ranges = { low = 0.0625 } }]\n"


def branches(*tables: str, head: str = "") -> str:
    return head + "".join(f"[[branches]]\n{table}\n" for table in tables)


def weights(text: str) -> list[tuple[str, float]]:
    return [(branch.name, branch.weight) for branch in Recipe.from_text(text).branches]


def test_the_presets_are_the_toml_files_that_are_shipped_in_order():
    folder = resources.files("specaug.augment").joinpath("recipes", "shipped")
    files = {f.name for f in folder.iterdir()}
    assert shipped_names() == tuple(sorted(n[:-5] for n in files if n.endswith(".toml")))
    assert "demo-profile" not in shipped_names()


@pytest.mark.parametrize("name", shipped_names())
def test_a_preset_says_what_it_does_and_is_named_like_its_file(name):
    fields = read_shipped(name)
    assert fields["name"] == name
    assert fields["description"].endswith(".")
    recipe = Recipe.from_preset(name)
    assert (recipe.donor, recipe.label) == (fields["donor"], fields["label"])


@pytest.mark.parametrize("name", ["", "FDA", "fda.toml", "../shipped/fda", "demo-profile", "fda "])
def test_only_the_exact_name_is_a_preset(name):
    with pytest.raises(ArgumentError, match=r"^recipe: expected one of afa, apr, bandpass, .*traces, got "):
        read_shipped(name)


def test_a_step_without_settings_is_always_taken_with_the_ranges_of_its_operation():
    (branch,) = parse_recipe("[[steps]]\noperation = 'halftone'", name="x")["branches"]
    (step,) = branch.steps
    assert (branch.name, branch.weight) == ("x", 1.0)
    assert (step.operation, step.probability, step.in_source_px) == ("halftone", 1.0, False)
    assert step.ranges == OPERATIONS["halftone"].ranges()


@pytest.mark.parametrize(("value", "expected"), [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("1.0", 1.0)])
def test_a_probability_may_be_any_share(value, expected):
    text = f"[[steps]]\noperation = 'moire'\nprobability = {value}"
    step = parse_recipe(text, name="x")["branches"][0].steps[0]
    assert step.probability == expected
    assert type(step.probability) is float


@pytest.mark.parametrize(
    "value", ["-0.001", "1.001", "inf", "nan", "true", "'1'", "[0.5]", "{ low = 0 }", "1979-05-27"]
)
def test_a_probability_is_a_number_from_0_to_1(value):
    with pytest.raises(ArgumentError, match=r"^recipe 'x': steps\[0\].probability: expected a number"):
        parse_recipe(f"[[steps]]\noperation = 'moire'\nprobability = {value}", name="x")


@pytest.mark.parametrize(("unit", "expected"), [("crop", False), ("source", True)])
def test_a_unit_is_that_of_the_crop_or_of_the_source(unit, expected):
    text = f"[[steps]]\noperation = 'moire'\nunit = '{unit}'"
    assert parse_recipe(text, name="x")["branches"][0].steps[0].in_source_px is expected


@pytest.mark.parametrize("name", ["jpeg", "tone", "recapture_screen", "recapture_print", "profile"])
def test_an_operation_without_lengths_knows_no_source_px(name):
    text = f"[[steps]]\noperation = '{name}'\nunit = 'source'"
    with pytest.raises(ArgumentError, match=f"unit: expected 'crop', {name} has no length or frequency"):
        parse_recipe(text, name="x")


def test_the_text_has_its_own_name_or_that_of_the_caller():
    named = parse_recipe("name = 'own'\n" + MOIRE, name="given")
    assert (named["name"], named["branches"][0].name) == ("own", "own")
    other = parse_recipe(MOIRE, name="given")
    assert (other["name"], other["branches"][0].name, other["description"]) == ("given", "given", "")
    assert Recipe.from_text(MOIRE).name == "recipe"


def test_a_message_calls_a_text_by_the_name_that_the_caller_gave():
    with pytest.raises(ArgumentError, match=r"^recipe 'given': steps: expected at least one$"):
        parse_recipe("name = 'own'\nsteps = []", name="given")


def test_branches_are_named_by_their_place_and_weigh_one():
    text = branches(MOIRE, "name = 'second'\nweight = 2\n" + MOIRE, MOIRE)
    assert weights(text) == [("branch 0", 1.0), ("second", 2.0), ("branch 2", 1.0)]


def test_the_branches_of_a_preset_share_the_weight_that_it_is_given():
    """`mixed` has the weights 2, 2 and 1, and its last one is a preset too, of the weights 2, 1 and 1."""
    text = branches(
        "name = 'a'\n" + MOIRE, "weight = 10\nrecipe = 'mixed'", "name = 'z'\nweight = 3\n" + MOIRE
    )
    assert weights(text) == [
        ("a", 1.0),
        ("recapture-screen", 4.0),
        ("recapture-print", 4.0),
        ("grid", 1.0),
        ("unresolved", 0.5),
        ("paper", 0.5),
        ("z", 3.0),
    ]


def test_a_preset_brings_its_steps_unchanged():
    recipe = Recipe.from_text(branches("recipe = 'traces'", MOIRE))
    assert [b.steps for b in recipe.branches[:3]] == [b.steps for b in Recipe.from_preset("traces").branches]
    assert sum(b.weight for b in recipe.branches) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "donor", "label"),
    [
        (branches("recipe = 'fda'", "recipe = 'fact'"), "bonafide", None),
        (branches(MOIRE, "recipe = 'mix-high'"), "attack", None),
        (branches("recipe = 'fda'", MIX), "bonafide", None),
        (branches(HIGH, "recipe = 'bandpass'", head="donor = 'attack'\n"), "attack", None),
        (branches("recipe = 'recapture-print'", MOIRE), None, None),
        (branches("recipe = 'control'", head="label = 'attack'\n"), None, "attack"),
        (
            branches("recipe = 'control'", "recipe = 'bandpass'", head="label = 'attack'\n"),
            "attack",
            "attack",
        ),
    ],
)
def test_donor_and_label_are_those_of_the_text_or_of_its_presets(text, donor, label):
    recipe = Recipe.from_text(text)
    assert (recipe.donor, recipe.label) == (donor, label)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            branches("recipe = 'mix-high'", "recipe = 'fda'"),
            "recipe 'x': branches[1].recipe: fda takes donors of label bonafide, the recipe attack",
        ),
        (
            branches("recipe = 'bandpass'", head="donor = 'bonafide'\n"),
            "recipe 'x': branches[0].recipe: bandpass takes donors of label attack, the recipe bonafide",
        ),
        (
            branches(MOIRE, "recipe = 'control'"),
            "recipe 'x': branches[1].recipe: control stands for attack, the recipe must say so too, got label None",
        ),
        (
            branches("recipe = 'control'", head="label = 'bonafide'\n"),
            "recipe 'x': branches[0].recipe: control stands for attack, "
            "the recipe must say so too, got label 'bonafide'",
        ),
        (
            branches(MOIRE, MOIRE + "recipe = 'fda'"),
            "recipe 'x': branches[1]: expected either steps or recipe",
        ),
        (branches(MOIRE, "steps = []"), "recipe 'x': branches[1]: steps: expected at least one"),
        (branches("steps = 4"), "recipe 'x': branches[0].steps: expected a list of tables, got 4"),
        (branches("recipe = 4"), "recipe 'x': branches[0].recipe: expected a text, got 4"),
        (branches("name = 1\n" + MOIRE), "recipe 'x': branches[0].name: expected a text, got 1"),
        ("branches = [1]", "recipe 'x': branches[0]: expected a table, got 1"),
        ("branches = 'fda'", "recipe 'x'.branches: expected a list of tables, got 'fda'"),
        (MOIRE + branches(MOIRE), "recipe 'x': expected either steps or branches"),
        (
            branches(MOIRE, MOIRE.replace("moire'", "moire', unit = 'mm'")),
            "recipe 'x': branches[1]: steps[0].unit: expected one of crop, source, got 'mm'",
        ),
        (
            branches("weigth = 2\n" + MOIRE),
            "recipe 'x': branches[0]: expected keys name, weight, steps, recipe, got 'weigth'; did you mean 'weight'?",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(text, message):
    with pytest.raises(ArgumentError) as caught:
        Recipe.from_text(text, name="x")
    assert str(caught.value) == message


@pytest.mark.parametrize("weight", ["0", "-1", "-0.0", "nan", "inf", "-inf"])
def test_a_weight_is_a_finite_number_above_0(weight):
    with pytest.raises(ArgumentError, match=r"branches\[0\].weight: expected a number above 0, got "):
        Recipe.from_text(branches(f"weight = {weight}\n" + MOIRE))


@pytest.mark.parametrize("weight", ["true", "'2'", "[1]"])
def test_a_weight_of_another_kind_is_no_number(weight):
    with pytest.raises(ArgumentError, match=r"branches\[0\].weight: expected a number, got "):
        Recipe.from_text(branches(f"weight = {weight}\n" + MOIRE))


def test_the_place_of_a_fault_in_the_text_is_told():
    with pytest.raises(ArgumentError, match=r"^recipe 'x': expected TOML, .*line 2") as caught:
        parse_recipe("name = 'a'\nname = 'b'\n", name="x")
    assert isinstance(caught.value.__cause__, tomllib.TOMLDecodeError)


def test_every_operation_can_be_a_step():
    for name, operation in OPERATIONS.items():
        donor = "donor = 'bonafide'\n" if operation.partner else ""
        recipe = Recipe.from_text(f"{donor}[[steps]]\noperation = '{name}'")
        assert recipe.sample(0)["steps"][0]["operation"] == name


def test_a_file_is_named_like_itself_whatever_is_in_its_name(tmp_path: Path):
    for name in ("plain", "two.parts", "ü ñ", "-dash"):
        file = tmp_path / f"{name}.toml"
        file.write_text(MOIRE, encoding="utf-8")
        assert read_recipe(file)["name"] == name


def test_a_text_beyond_ascii_is_read_as_utf_8(tmp_path: Path):
    file = tmp_path / "a.toml"
    file.write_bytes("description = 'größer – 大'\n".encode() + MOIRE.encode())
    assert Recipe.from_toml(file).description == "größer – 大"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("absent", "No such file or directory"), ("folder", "Is a directory"), ("latin", "it is no UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(kind, reason, tmp_path: Path):
    file = tmp_path / "r.toml"
    if kind == "folder":
        file.mkdir()
    elif kind == "latin":
        file.write_bytes(b"name = '\xe9'\n")
    with pytest.raises(ArgumentError) as caught:
        read_recipe(file)
    assert str(caught.value) == f"recipe: cannot read {str(file)!r}: {reason}"


def test_a_preset_comes_before_a_file_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("fda").write_text(MOIRE, encoding="utf-8")
    Path("mine").write_text(MOIRE, encoding="utf-8")
    assert Recipe.find("fda") == Recipe.from_preset("fda")
    assert Recipe.find(Path("fda")) == Recipe.from_preset("fda")
    assert Recipe.find("./fda").branches[0].steps[0].operation == "moire"
    assert Recipe.find("mine").name == "mine"


@pytest.mark.parametrize("name", ["", ".", "nothing", "no/such.toml"])
def test_what_is_neither_a_preset_nor_a_file_is_not_found(name, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=r"^recipe: expected a TOML file, a recipe \(afa, .*, got "):
        Recipe.find(name)
