"""What decides a run: recipes by their content, versions of packages, data; a difference is refused and told."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import torch

from specaug import Recipe
from specaug.augment.profile.draws import named_profile
from specaug.augment.recipes.recipe_content import json_digest, profile_curves, recipe_content
from specaug.errors import PlanMismatchError
from specaug.training import SCALES, TrainConfig, ablate, train
from specaug.training.run_folder import CONFIG, open_run
from specaug.training.run_record import check_same, differences, run_record
from specaug.training.train_run import Fit

DATA = {"name": "made", "digest": "0" * 32}
RECIPE = '[[steps]]\noperation = "moire"\nprobability = 0.5\n'


def record(**changes):
    return run_record(dataclasses.replace(TrainConfig(device="cpu"), **changes), DATA)


class TestRecipeContent:
    def test_it_is_what_the_recipe_does_and_not_how_it_is_described(self):
        recipe = Recipe.from_text(RECIPE)
        content = recipe_content(recipe)
        assert content == json.loads(json.dumps(content))
        assert content["branches"][0]["steps"][0]["operation"] == "moire"
        assert content["branches"][0]["steps"][0]["probability"] == 0.5
        assert recipe_content(dataclasses.replace(recipe, description="other words")) == content
        assert recipe_content(dataclasses.replace(recipe, label="attack")) != content

    def test_a_profile_counts_by_its_curves_and_not_by_its_file(self, tmp_path):
        profile, file = named_profile("demo"), tmp_path / "mine.npz"
        profile.save(file)
        recipe = Recipe.from_text(f"[[steps]]\noperation = 'profile'\nranges = {{ file = '{file}' }}")
        digests = []
        for factor in (1.0, 1.0, 1.5):
            dataclasses.replace(profile, bonafide=factor * profile.bonafide).save(file)
            digests.append(recipe_content(recipe)["profiles"][str(file)])
        assert digests[0] == digests[1] == json_digest(profile_curves(Recipe.from_preset("profile"))["demo"])
        assert digests[2] != digests[0]
        assert recipe_content(Recipe.from_preset("control"))["profiles"] == {}


class TestRecord:
    def test_scales_are_written_out_in_full(self):
        for config in SCALES.values():
            held = run_record(config, DATA)
            assert {**held["config"], **held["execution"]} == {
                f.name: list(v) if isinstance(v := getattr(config, f.name), tuple) else v
                for f in dataclasses.fields(config)
            }

    def test_a_recipe_stands_there_with_content_and_digest(self):
        assert record()["recipe"] is None
        held = record(recipe="control")["recipe"]
        assert held["content"] == recipe_content(Recipe.from_preset("control"))
        assert held["digest"] == json_digest(held["content"])
        assert record(recipe="traces")["recipe"]["digest"] != held["digest"]

    def test_it_says_where_it_was_computed(self):
        device = record()["device"]
        assert device["type"] == "cpu"
        assert all(isinstance(text, str) and text for text in device.values())


class TestDifferences:
    @pytest.mark.parametrize("change", [{"device": {}}, {"execution": {}}])
    def test_how_it_is_computed_may_differ(self, change):
        assert list(differences({**record(), **change}, record())) == []

    @pytest.mark.parametrize("package", ["torch", "specaug", "numpy"])
    def test_another_version_of_a_package_is_told_and_what_to_do(self, package):
        now = record()
        before = {**now, "versions": {**now["versions"], package: "0.0.1"}}
        told = (
            rf"^real/seed-0: holds a run with {package} '0\.0\.1', not '{now['versions'][package]}': "
            "install those versions, or choose another folder$"
        ).replace("+", r"\+")
        with pytest.raises(PlanMismatchError, match=told):
            check_same(before, now, name="real/seed-0")

    def test_a_package_that_is_gone_is_one(self):
        now = record()
        before = {**now, "versions": {**now["versions"], "pyspng-x": "1"}}
        assert list(differences(before, now)) == ["pyspng-x '1', not None"]

    def test_a_setting_that_there_is_no_more_is_one(self):
        now = record()
        before = {**now, "config": {**now["config"], "momentum": 0.9}}
        assert list(differences(before, now)) == ["momentum 0.9, not None"]

    def test_other_data_are_told_with_both_names(self):
        other = {**record(), "data": {"name": "old", "digest": "1" * 32}}
        assert list(differences(other, record())) == [
            f"data 'old' (digest {'1' * 32}), not 'made' (digest {'0' * 32})"
        ]

    def test_no_more_than_four_are_told(self):
        before = record(frames=3, width=5, epochs=7, batch_size=9, seed=11, hsv=False)
        with pytest.raises(
            PlanMismatchError, match=r"frames 3, .* and 2 more differences: choose another folder$"
        ):
            check_same(before, record(), name="run")


class TestChangedRecipe:
    @pytest.fixture
    def recipe(self, tmp_path):
        (tmp_path / "mine.toml").write_text(RECIPE)
        return tmp_path / "mine.toml"

    def test_a_file_that_changes_under_a_run_is_told_with_the_place(self, recipe):
        before = record(recipe=str(recipe))
        recipe.write_text(RECIPE.replace("0.5", "0.25"))
        assert list(differences(before, record(recipe=str(recipe)))) == [
            "recipe: branches[0].steps[0].probability 0.5, not 0.25"
        ]

    def test_steps_that_were_added_are_told(self, recipe):
        before = record(recipe=str(recipe))
        recipe.write_text(RECIPE + RECIPE)
        (told,) = differences(before, record(recipe=str(recipe)))
        assert told.startswith("recipe: branches[0].steps [{'operation': 'moire'")

    def test_the_same_recipe_elsewhere_is_the_same(self, recipe, tmp_path):
        before = record(recipe=str(recipe))
        (tmp_path / "moved").mkdir()
        moved = shutil.move(recipe, tmp_path / "moved/mine.toml")
        assert list(differences(before, record(recipe=str(moved)))) == []

    def test_a_run_is_not_resumed_with_it(self, recipe, out, config, tmp_path, monkeypatch):
        config = dataclasses.replace(config, recipe=str(recipe))
        open_run(tmp_path / "run", out, config)
        recipe.write_text(RECIPE.replace("0.5", "1.0"))
        monkeypatch.setattr(Fit, "step", lambda *_: pytest.fail("it trains"))
        with pytest.raises(
            PlanMismatchError, match=r"steps\[0\]\.probability 0\.5, not 1\.0: choose another folder"
        ):
            train(out, tmp_path / "run", config)


def changed(run, **parts):
    held = json.loads((run / CONFIG).read_text())
    for part, values in parts.items():
        held[part] = {**(held[part] or {}), **values}
    (run / CONFIG).write_text(json.dumps(held))


def test_a_run_of_another_torch_is_not_resumed(run, out, config, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    changed(tmp_path / "run", versions={"torch": "1.13.1"})
    with pytest.raises(
        PlanMismatchError, match=rf"torch '1\.13\.1', not '{torch.__version__}'".replace("+", r"\+")
    ):
        train(out, tmp_path / "run", config)


class TestAblation:
    @pytest.fixture
    def arms(self, run, out, config, tmp_path):
        """A finished arm with two seeds."""
        config = dataclasses.replace(config, epoch_clips=40)
        for seed in range(2):
            open_run(tmp_path / f"ablation/real/seed-{seed}", out, dataclasses.replace(config, seed=seed))
        return tmp_path / "ablation", config

    @pytest.mark.parametrize(
        ("part", "told"),
        [
            (
                {"versions": {"torch": "1.13.1"}},
                r"torch '1\.13\.1', not .*: install those versions, or choose",
            ),
            (
                {"data": {"digest": "f" * 32}},
                r"data 'made' \(digest f{32}\), not 'made'.*: choose another folder",
            ),
            ({"config": {"width": 5}}, "width 5, not 4: choose another folder"),
        ],
    )
    def test_an_arm_that_was_made_otherwise_is_named_before_anything_is_trained(
        self, arms, out, monkeypatch, part, told
    ):
        folder, config = arms
        changed(folder / "real/seed-1", **part)
        monkeypatch.setattr(Fit, "step", lambda *_: pytest.fail("it trains"))
        with pytest.raises(PlanMismatchError, match=rf"^real/seed-1: holds a run with {told}"):
            ablate(out, folder, arms=["spectrum"], seeds=2, config=config)

    def test_a_recipe_that_changed_since_is_too(self, out, config, tmp_path, monkeypatch):
        config = dataclasses.replace(config, epoch_clips=40)
        control = dataclasses.replace(config, labels=("bonafide",), recipe="control")
        open_run(tmp_path / "control/seed-0", out, control)
        content = {"name": "control", "branches": [], "donor": None, "label": None, "profiles": {}}
        changed(tmp_path / "control/seed-0", recipe={"content": content, "digest": "0" * 32})
        monkeypatch.setattr(Fit, "step", lambda *_: pytest.fail("it trains"))
        told = r"^control/seed-0: holds a run with recipe: branches \[\], not \["
        with pytest.raises(PlanMismatchError, match=told):
            ablate(out, tmp_path, arms=["control"], seeds=1, config=config)


def test_another_release_cannot_change_a_scale_under_a_run(out, tmp_path, monkeypatch):
    config = TrainConfig.at_scale("smoke", frames=2, width=2, pixels=None, device="cpu")
    open_run(tmp_path / "run", out, config)
    monkeypatch.setitem(SCALES, "smoke", dataclasses.replace(SCALES["smoke"], learning_rate=0.5))
    with pytest.raises(PlanMismatchError, match=r"learning_rate 0\.003, not 0\.5"):
        open_run(tmp_path / "run", out, TrainConfig.at_scale("smoke", frames=2, width=2, pixels=None))
