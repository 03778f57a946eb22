"""Settings of a run: both sides of every limit, what a loader and a network make of them, scales and arms."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from specaug.augment import Recipe
from specaug.errors import ArgumentError
from specaug.loader import LoadConfig
from specaug.model import TwoStreamNet
from specaug.training import ARMS, SCALES, TrainConfig
from specaug.training.arms import ARM_SETS, arm, chosen_arms
from specaug.training.scoring import recipe_of
from specaug.training.train_config import scale_of

RUN_ONLY = {"device", "workers", "threads", "checkpoint_batches"}


@pytest.mark.parametrize(
    ("name", "fits", "fails"),
    [
        ("frames", [1, 64], [0, -1]),
        ("width", [1], [0]),
        ("epochs", [1], [0, -3]),
        ("patience", [1], [0]),
        ("batch_size", [1], [0]),
        ("threads", [1, 8], [0]),
        ("checkpoint_batches", [1], [0]),
        ("pixels", [None, 8, 224], [7, 0, -8]),
        ("learning_rate", [1e-9, 0.999], [0, 1, -0.1, 2, float("nan")]),
        ("weight_decay", [0, 1.5], [-1e-9]),
        ("workers", [0, 4], [-1]),
        ("streams", ["both", "color", "spectrum"], ["colour", None]),
        ("device", ["auto", "cpu", "cuda"], ["gpu", "cuda:0", None]),
        ("origin", ["captured", "synthetic", "all"], ["real", None]),
        ("seed", [0, 2**31], [-1]),
        ("balance", [None, "label", "pai", "dataset"], ["class"]),
        ("bonafide_share", [0.01, 0.99], [0, 1]),
        ("augment_share", [0, 0.5, 1], [-0.1, 1.1]),
        ("epoch_clips", [None, 1], [0, 1.5]),
        ("window", [None, "hann"], ["hamming"]),
        ("labels", [("bonafide",), ("attack",), ("bonafide", "attack")], [(), ("live",)]),
    ],
)
def test_each_setting_has_its_limits(name, fits, fails):
    for value in fits:
        assert getattr(TrainConfig(**{name: value}), name) == value
    for value in fails:
        with pytest.raises(ArgumentError, match=rf"(^|, ){name}(:|, )"):
            TrainConfig(**{name: value})


def test_what_came_is_quoted():
    with pytest.raises(ArgumentError, match=r"^pixels: expected at least 8 or None, got 7$"):
        TrainConfig(pixels=7)
    with pytest.raises(ArgumentError, match=r"rate between 0 and 1 and numbers from 0 on, got 1.0, 0.01, 0$"):
        TrainConfig(learning_rate=1)
    with pytest.raises(ArgumentError, match=r"^device: expected one of auto, cpu, cuda, got 'tpu'"):
        TrainConfig(device="tpu")


class TestLoading:
    def test_it_is_shuffled_and_even_with_the_settings_of_the_run(self):
        config = TrainConfig(
            batch_size=3,
            frames=5,
            seed=9,
            balance="pai",
            bonafide_share=0.7,
            epoch_clips=40,
            augment_share=0.2,
            window=None,
        )
        assert config.loading() == LoadConfig(
            batch_size=3,
            frames=5,
            shuffle=True,
            seed=9,
            balance="pai",
            bonafide_share=0.7,
            epoch_clips=40,
            augment_share=0.2,
            window=None,
            even=True,
        )

    @pytest.mark.parametrize("label", ["bonafide", "attack"])
    def test_one_class_cannot_be_balanced(self, label):
        loading = TrainConfig(labels=(label,)).loading()
        assert (loading.labels, loading.balance) == ((label,), None)
        assert TrainConfig().loading().balance == "label"


class TestContent:
    def test_settings_that_change_no_result_are_not_among_it(self):
        names = {field.name for field in dataclasses.fields(TrainConfig)}
        assert set(TrainConfig().content_settings()) == names - RUN_ONLY
        other = TrainConfig(device="cpu", workers=3, threads=2, checkpoint_batches=7)
        assert other.content_settings() == TrainConfig().content_settings()
        assert other.run_settings() == {
            "device": "cpu",
            "workers": 3,
            "threads": 2,
            "checkpoint_batches": 7,
        }

    @pytest.mark.parametrize("name", sorted({f.name for f in dataclasses.fields(TrainConfig)} - RUN_ONLY))
    def test_any_other_setting_is(self, name):
        changes = {
            "model": "radial",
            "balance": None,
            "origin": "all",
            "labels": ("attack",),
            "recipe": "fda",
            "streams": "color",
            "window": None,
            "hsv": False,
            "amp": True,
        }
        values = {
            "learning_rate": 0.5,
            "augment_share": 0.1,
            "bonafide_share": 0.1,
            "weight_decay": 0.5,
            **changes,
        }
        before = TrainConfig().content_settings()
        after = dataclasses.replace(TrainConfig(), **{name: values.get(name, 77)}).content_settings()
        assert {key for key in before if before[key] != after[key]} == {name}

    @pytest.mark.parametrize(
        "config",
        [
            TrainConfig(),
            *SCALES.values(),
            TrainConfig(labels=("bonafide",), recipe="control", pixels=16, window=None),
        ],
    )
    def test_it_comes_back_through_json(self, config):
        assert TrainConfig.from_dict(json.loads(json.dumps(config.content_settings()))) == config

    def test_a_few_settings_leave_the_others_as_they_are(self):
        assert TrainConfig.from_dict({}) == TrainConfig()
        assert TrainConfig.from_dict({"labels": ["attack"], "workers": 2}) == TrainConfig(
            labels=("attack",), workers=2
        )

    @pytest.mark.parametrize("name", ["lr", "Width", "", "batch-size"])
    def test_a_key_that_is_no_setting_is_named(self, name):
        with pytest.raises(ArgumentError, match=rf"^config: expected some of model, frames, .* got '{name}'"):
            TrainConfig.from_dict({"width": 4, name: 1})


@pytest.mark.parametrize(
    "changes", [{}, {"streams": "color", "hsv": False}, {"streams": "spectrum", "frames": 2}]
)
def test_the_architecture_is_that_of_a_network(changes):
    config = TrainConfig(**{"frames": 3, "width": 2, **changes})
    network = TwoStreamNet(**config.architecture())
    assert network.frames == config.frames
    assert set(config.architecture()) == {"frames", "width", "streams", "hsv"}
    wanted = {"both": {"rgb", "hsv", "spectrum"}, "color": {"rgb", "hsv"}, "spectrum": {"spectrum"}}
    assert set(network.views) == wanted[config.streams] - (set() if config.hsv else {"hsv"})


class TestScales:
    def test_the_default_is_that_of_a_gpu_also_by_its_former_name(self):
        assert TrainConfig.at_scale("gpu") == TrainConfig.at_scale("default") == TrainConfig()
        assert (scale_of("default"), scale_of("gpu"), scale_of("smoke")) == ("gpu", "gpu", "smoke")

    @pytest.mark.parametrize("name", SCALES)
    def test_changes_are_made_to_it_and_it_stays_as_it_is(self, name):
        changed = TrainConfig.at_scale(name, seed=41, width=5)
        assert (changed.seed, changed.width) == (41, 5)
        assert (
            dataclasses.replace(changed, seed=0, width=SCALES[name].width)
            == TrainConfig.at_scale(name)
            == SCALES[name]
        )

    def test_machines_with_less_get_less(self):
        sizes = [
            (c.width, c.epochs, c.batch_size, c.frames)
            for c in (TrainConfig.at_scale("smoke"), TrainConfig.at_scale("cpu"), TrainConfig.at_scale("gpu"))
        ]
        assert all(
            a <= b for small, large in itertools.pairwise(sizes) for a, b in zip(small, large, strict=True)
        )

    @pytest.mark.parametrize("name", ["", "CPU", "tpu"])
    def test_an_unknown_one_is_named(self, name):
        with pytest.raises(ArgumentError, match=rf"^scale: expected one of smoke, cpu, gpu, got '{name}'"):
            TrainConfig.at_scale(name)


class TestArms:
    @pytest.mark.parametrize("name", [name for name, one in ARMS.items() if one.changes.get("labels")])
    def test_arms_without_attacks_make_as_many_of_bona_fide_clips_as_they_leave(self, name):
        config = dataclasses.replace(TrainConfig(), **ARMS[name].changes)
        assert config.labels == ("bonafide",)
        assert config.augment_share == 0.5
        parts = [Recipe.find(part) for part in config.recipe.split("+")]
        for part in parts:
            draws = [part.sample(np.random.default_rng(seed)) for seed in range(12)]
            made = {part.label_after(drawn, "bonafide", part.donor) for drawn in draws if drawn["steps"]}
            assert made == {"attack"}

    @pytest.mark.parametrize("name", [name for name, one in ARMS.items() if "bonafide_share" in one.changes])
    def test_arms_beside_real_attacks_have_half_bona_fide_and_a_quarter_of_each_kind(self, name):
        config = dataclasses.replace(TrainConfig(), **ARMS[name].changes)
        made = config.bonafide_share * config.augment_share
        assert (config.bonafide_share - made, made, 1 - config.bonafide_share) == pytest.approx(
            (0.5, 0.25, 0.25)
        )

    @pytest.mark.parametrize("name", ["real+fda", "real+fact", "real+apr"])
    def test_shifts_keep_the_label_of_both_classes(self, name):
        recipe = Recipe.find(ARMS[name].changes["recipe"])
        for label in ("bonafide", "attack"):
            drawn = recipe.sample(np.random.default_rng(3))
            assert drawn["steps"]
            assert recipe.label_after(drawn, label, label) == label

    def test_each_set_is_there_for_a_scale_and_the_largest_has_all(self):
        assert set(ARM_SETS) == set(SCALES)
        assert ARM_SETS["gpu"] == tuple(ARMS)
        assert set(ARM_SETS["smoke"]) < set(ARM_SETS["cpu"]) < set(ARM_SETS["gpu"])
        assert {arms[0] for arms in ARM_SETS.values()} == {"real"}

    def test_each_tells_what_it_is_in_words_of_its_own(self):
        assert len({one.description for one in ARMS.values()}) == len(ARMS)

    def test_one_by_name(self):
        name, known = arm("no-hsv")
        assert (name, known.changes) == ("no-hsv", {"hsv": False})
        with pytest.raises(
            ArgumentError, match=r"^arms: expected some of real, .* got 'No-HSV'; did you mean 'no-hsv'\?$"
        ):
            arm("No-HSV")

    def test_a_recipe_that_makes_attacks_is_an_arm_in_their_place(self, tmp_path):
        file = tmp_path / "mine.toml"
        file.write_text("[[steps]]\noperation = 'moire'\n")
        recipe = Recipe.from_toml(file)
        for wanted in (file, str(file), recipe):
            name, made = arm(wanted)
            assert name == "mine"
            assert made.changes == {"labels": ("bonafide",), "recipe": recipe, "augment_share": 0.5}
        assert arm("moire+recapture_print")[0] == "moire+recapture-print"

    def test_beside_real_attacks_it_depends_on_what_a_recipe_makes(self):
        name, beside = arm("real+moire")
        assert (name, beside.changes) == (
            "real+moire",
            {**arm("real+bandpass")[1].changes, "recipe": Recipe.find("moire")},
        )
        name, shifted = arm("real+afa")
        assert (name, shifted.changes) == ("real+afa", {"recipe": Recipe.find("afa")})

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ("afa", "arms: expected a recipe that makes attacks, 'afa' makes none: ask for 'real\\+afa'"),
            ("moire+fda+bandpass", "arms: recipe: expected parts with one label of donors"),
            (
                Recipe.from_text("name = '../up'\n[[steps]]\noperation = 'moire'"),
                "arms: expected a recipe of letters",
            ),
            (3, "arms: arms: expected a Recipe, the name of one or a path, got int 3"),
        ],
    )
    def test_what_can_be_no_arm_is_told(self, wanted, message):
        with pytest.raises(ArgumentError, match=f"^{message}"):
            arm(wanted)


WRONG_KINDS = [
    ("epochs", "many", "a whole number"),
    ("epochs", 2.0, "a whole number"),
    ("epochs", True, "a whole number"),
    ("epochs", None, "a whole number"),
    ("pixels", "96", "a whole number"),
    ("learning_rate", "1e-3", "a number"),
    ("learning_rate", False, "a number"),
    ("weight_decay", float("nan"), "a number"),
    ("weight_decay", float("inf"), "a number"),
    ("hsv", 1, "true or false"),
    ("amp", "no", "true or false"),
    ("labels", "bonafide", "a list of one of bonafide, attack"),
    ("streams", b"both", "one of both, color, spectrum"),
    ("recipe", 3, "Recipe or a text or a path"),
    ("recipe", b"traces", "Recipe or a text or a path"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG_KINDS)
def test_a_value_of_another_kind_names_its_setting(name, value, expected):
    message = re.escape(f"{name}: expected {expected}, got {value!r}")
    for make in (TrainConfig, TrainConfig.at_scale):
        with pytest.raises(ArgumentError, match=f"^{message}"):
            make(**{name: value})
    with pytest.raises(ArgumentError, match=rf"^config\.{message}"):
        TrainConfig.from_dict({name: value})


def test_numbers_of_numpy_lists_and_paths_are_taken_as_what_they_stand_for():
    config = TrainConfig(
        epochs=np.int64(3),
        learning_rate=np.float32(0.5),
        hsv=np.bool_(False),
        labels=["attack"],
        recipe=Path("a.toml"),
    )
    assert config == TrainConfig(epochs=3, learning_rate=0.5, hsv=False, labels=("attack",), recipe="a.toml")
    assert [type(v) for v in (config.epochs, config.learning_rate, config.hsv)] == [int, float, bool]
    json.dumps(config.content_settings())


def test_a_recipe_may_be_an_object_and_is_told_by_its_name():
    config = TrainConfig(recipe=Recipe.from_preset("traces"))
    assert config.content_settings()["recipe"] == "traces"
    assert recipe_of(config) is config.recipe


def test_a_misspelt_setting_is_answered_with_the_right_one():
    for make in (TrainConfig.at_scale, lambda **values: TrainConfig.from_dict(values)):
        with pytest.raises(ArgumentError, match=r"got 'epoch'; did you mean 'epochs'\?$"):
            make(epoch=3)


def test_two_arms_of_one_name_are_refused(tmp_path):
    (tmp_path / "traces.toml").write_text("[[steps]]\noperation = 'moire'")
    assert list(chosen_arms(["real", "traces", "traces"])) == ["real", "traces"]
    with pytest.raises(
        ArgumentError, match="arms: expected a name of its own for each, got two arms called 'traces'"
    ):
        chosen_arms(["real", "traces", tmp_path / "traces.toml"])


def test_a_recipe_called_as_the_baseline_is_refused(tmp_path):
    (tmp_path / "real.toml").write_text("[[steps]]\noperation = 'moire'")
    with pytest.raises(ArgumentError, match="got two arms called 'real'"):
        chosen_arms(["real", tmp_path / "real.toml"])
    with pytest.raises(ArgumentError, match="got two arms called 'real'"):
        chosen_arms([tmp_path / "real.toml"])
