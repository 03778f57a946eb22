"""Settings of a run: both sides of every limit, what a loader and a network make of them, presets and arms."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest

from specaug.augment import Recipe
from specaug.errors import ArgumentError
from specaug.loader import LoadConfig
from specaug.model import TwoStreamNet
from specaug.training import ARMS, PRESETS, TrainConfig, preset
from specaug.training.arms import ARM_SETS, arm
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
    with pytest.raises(ArgumentError, match=r"rate between 0 and 1 and numbers from 0 on, got 1, 0.01, 0$"):
        TrainConfig(learning_rate=1)
    with pytest.raises(ArgumentError, match=r"^device: expected one of auto, cpu, cuda, got 'tpu'$"):
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
            *PRESETS.values(),
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
        with pytest.raises(
            ArgumentError, match=rf"^config: expected settings among model, frames, .* got '{name}'$"
        ):
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


class TestPresets:
    def test_the_default_is_that_of_a_gpu_also_by_its_former_name(self):
        assert preset("gpu") == preset("default") == TrainConfig()
        assert (scale_of("default"), scale_of("gpu"), scale_of("smoke")) == ("gpu", "gpu", "smoke")

    @pytest.mark.parametrize("name", PRESETS)
    def test_changes_are_made_to_it_and_it_stays_as_it_is(self, name):
        changed = preset(name, seed=41, width=5)
        assert (changed.seed, changed.width) == (41, 5)
        assert (
            dataclasses.replace(changed, seed=0, width=PRESETS[name].width) == preset(name) == PRESETS[name]
        )

    def test_machines_with_less_get_less(self):
        sizes = [
            (c.width, c.epochs, c.batch_size, c.frames)
            for c in (preset("smoke"), preset("cpu"), preset("gpu"))
        ]
        assert all(
            a <= b for small, large in itertools.pairwise(sizes) for a, b in zip(small, large, strict=True)
        )

    @pytest.mark.parametrize("name", ["", "CPU", "tpu"])
    def test_an_unknown_one_is_named(self, name):
        with pytest.raises(ArgumentError, match=rf"^preset: expected one of smoke, cpu, gpu, got '{name}'$"):
            preset(name)


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

    def test_each_set_is_there_for_a_preset_and_the_largest_has_all(self):
        assert set(ARM_SETS) == set(PRESETS)
        assert ARM_SETS["gpu"] == tuple(ARMS)
        assert set(ARM_SETS["smoke"]) < set(ARM_SETS["cpu"]) < set(ARM_SETS["gpu"])
        assert {arms[0] for arms in ARM_SETS.values()} == {"real"}

    def test_each_tells_what_it_is_in_words_of_its_own(self):
        assert len({one.description for one in ARMS.values()}) == len(ARMS)

    def test_one_by_name(self):
        assert arm("no-hsv").changes == {"hsv": False}
        with pytest.raises(ArgumentError, match=r"^arms: expected some of real, .* got 'No-HSV'$"):
            arm("No-HSV")
