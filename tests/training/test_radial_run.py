"""The baseline as a run: its folder, its judgement, its file in the hands of others."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
from making import row_of, write_rows

from specaug.errors import ArgumentError, PlanMismatchError, SpecaugError
from specaug.loader import load
from specaug.shards import encode_image
from specaug.training import SCALES, TrainConfig, evaluate, train
from specaug.training.linear_rule import fit_rule
from specaug.training.radial_features import clip_features
from specaug.training.radial_run import RULE, load_rule

RADIAL = TrainConfig(model="radial", frames=3)


@pytest.fixture(scope="module")
def fitted(out, tmp_path_factory):
    folder = tmp_path_factory.mktemp("radial") / "run"
    train(out, folder, RADIAL)
    return folder


@pytest.fixture
def copy(fitted, tmp_path):
    shutil.copytree(fitted, tmp_path / "run")
    return tmp_path / "run"


def test_it_tells_planted_gratings_of_unseen_people_apart(copy, out):
    judged = evaluate(copy, out)
    # Ten people are few to learn from; chance is 0.5.
    assert judged.report.acer <= 0.2
    assert judged.valid
    assert json.loads((copy / "metrics.json").read_text())["acer"] == judged.report.acer


def test_the_folder_is_that_of_a_run(fitted):
    about = json.loads((fitted / "config.json").read_text())
    assert about["config"]["model"] == "radial"
    assert about["recipe"] is None
    assert {"torch", "numpy", "specaug"} <= set(about["versions"])
    assert about["data"]["name"] == "made"
    assert json.loads((fitted / "progress.json").read_text()) == {
        "epochs_done": 1,
        "epochs": 1,
        "stopped_early": False,
    }
    assert (fitted / "seen.parquet").is_file()


def test_the_report_is_of_dev(fitted, out):
    report = train(out, fitted, RADIAL)
    rule = load_rule(fitted, RADIAL)
    batches = list(load(out, split="dev", as_="numpy", frames=3))
    scores = rule.scores(clip_features(np.concatenate([batch["rgb"] for batch in batches])))
    labels = np.concatenate([batch["label"] for batch in batches])
    losses = np.logaddexp(0, np.where(labels == 1, -scores, scores))
    assert report.dev_loss == pytest.approx((losses[labels == 0].mean() + losses[labels == 1].mean()) / 2)
    assert (report.epochs, report.best_epoch, report.stopped_early) == (1, 0, False)


def test_the_rule_is_fitted_to_train(fitted, out):
    batches = list(load(out, split="train", as_="numpy", frames=3))
    features = clip_features(np.concatenate([batch["rgb"] for batch in batches]))
    labels = np.concatenate([batch["label"] for batch in batches])
    found = load_rule(fitted, RADIAL)
    expected = fit_rule(features, labels, penalty=found.penalty)
    assert found.mean == pytest.approx(expected.mean)
    assert found.weights == pytest.approx(expected.weights, abs=1e-6)


def test_same_data_and_settings_give_the_same_bytes_and_test_is_never_opened(fitted, out, tmp_path):
    blind = tmp_path / "blind" / out.name
    shutil.copytree(out, blind)
    for file in blind.glob("data/captured/test-*"):
        file.unlink()
    told = train(blind, tmp_path / "run", RADIAL).warnings
    assert [notice.kind for notice in told if "test" in notice.detail] == ["empty_split"]
    assert (tmp_path / "run" / RULE).read_bytes() == (fitted / RULE).read_bytes()


def test_a_finished_run_is_left_as_it_is_and_another_is_refused(copy, out):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    train(out, copy, RADIAL)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    with pytest.raises(PlanMismatchError, match=r"^run: holds a run with frames 3, not 2: choose another"):
        train(out, copy, dataclasses.replace(RADIAL, frames=2))
    network = TrainConfig(frames=3, width=4, epochs=1)
    with pytest.raises(PlanMismatchError, match="holds a run with model 'radial', not 'two-stream'"):
        train(out, copy, network)


def test_a_run_that_was_cut_off_is_unfinished_and_goes_on(out, tmp_path, fitted, copy):
    (copy / RULE).unlink()
    (copy / "progress.json").write_text('{"epochs_done": 0, "epochs": 1}')
    with pytest.raises(
        SpecaugError, match=r"^run/checkpoints/rule.json: expected a rule, there is none: train"
    ):
        evaluate(copy, out)
    train(out, copy, RADIAL)
    assert (copy / RULE).read_bytes() == (fitted / RULE).read_bytes()


def test_what_changes_between_frames_is_enough(tmp_path):
    """Frames are grain of one kind, which stays in bona fide clips and is drawn anew for each frame of an attack."""

    def rows(split, first):
        rng = np.random.default_rng(first)
        for number in range(first, first + 24):
            attack = number % 2
            grain = rng.normal(128, 20, (3 if attack else 1, 32, 32, 3)).clip(0, 255).astype(np.uint8)
            files = [encode_image(grain[t * attack], image_format="png") for t in range(3)]
            yield row_of(number, split=split, pai="replay" if attack else "none", subject=f"s{number}") | {
                "frames": [{"bytes": data, "path": None} for data in files]
            }

    for first, split in enumerate(("train", "dev", "test")):
        write_rows(tmp_path / f"made/data/captured/{split}-00000-of-00001.parquet", rows(split, 100 * first))
    train(tmp_path / "made", tmp_path / "run", RADIAL)
    assert evaluate(tmp_path / "run", tmp_path / "made").report.acer == 0
    still = dataclasses.replace(RADIAL, frames=1)
    assert train(tmp_path / "made", tmp_path / "still", still).dev_eer > 0.2


def test_recipes_change_its_training_clips(out, tmp_path, fitted):
    config = dataclasses.replace(RADIAL, recipe="control", labels=("bonafide",))
    train(out, tmp_path / "run", config)
    assert json.loads((tmp_path / "run/config.json").read_text())["recipe"]["name"] == "control"
    assert not np.array_equal(load_rule(tmp_path / "run", config).mean, load_rule(fitted, RADIAL).mean)
    with pytest.raises(ArgumentError, match=r"^labels: expected attacks to train on, or a recipe"):
        train(out, tmp_path / "none", dataclasses.replace(config, recipe=None))


def test_another_data_set_is_judged_at_the_same_threshold(copy, out, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(out, other)
    crossed = evaluate(copy, out, cross=other)
    assert crossed.report.threshold == evaluate(copy, out).report.threshold
    assert (copy / "other-metrics.json").is_file()


def changed(run, **values):
    held = json.loads((run / RULE).read_text())
    (run / RULE).write_text(json.dumps(held | values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weights": [1.0]}, "expected 360 finite numbers"),
        ({"mean": [float("nan")] * 360}, "expected 360 finite numbers"),
        ({"deviation": [0.0] * 360}, "expected 360 finite numbers"),
        ({"bias": float("inf")}, "expected 360 finite numbers"),
        ({"weights": [[1.0]] * 360}, "expected 360 finite numbers"),
        ({"weights": ["__import__('os')"] * 360}, "holds no rule"),
        ({"weights": [[1.0], 2.0]}, "holds no rule"),
        ({"weights": None}, "expected 360 finite numbers"),
        ({"bias": None}, "holds no rule"),
        ({"bias": 10**400}, "holds no rule"),
        ({"features": {"model": "radial", "frames": 8}}, "expected a rule on features "),
        ({"features": None}, "expected a rule on features "),
    ],
)
def test_numbers_that_are_no_rule_are_refused(copy, values, message):
    changed(copy, **values)
    with pytest.raises(SpecaugError, match=rf"^run/checkpoints/rule.json: {message}"):
        load_rule(copy, RADIAL)


@pytest.mark.parametrize(
    "content", [b"", b"[1, 2]", b"7", b"{", b"\x80\x04K\x01.", b"PK\x03\x04", b"[" * 100_000, b"\xff\xfe{"]
)
def test_a_file_of_another_kind_is_refused(copy, content):
    (copy / RULE).write_bytes(content)
    with pytest.raises(
        SpecaugError, match=r"^run/checkpoints/rule.json: cannot be read as a rule: it is damaged"
    ):
        load_rule(copy, RADIAL)


@pytest.mark.parametrize("change", [{"frames": 2}, {"pixels": 16}, {"window": None}])
def test_a_rule_on_other_features_than_the_settings_say_is_refused(copy, change):
    with pytest.raises(
        SpecaugError, match=r"rule.json: expected a rule on features .*, got one on .*: train again$"
    ):
        load_rule(copy, dataclasses.replace(RADIAL, **change))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("width", 16), ("streams", "color"), ("hsv", False), ("epochs", 5), ("patience", 2)),
        *(("learning_rate", 0.1), ("weight_decay", 0.1), ("amp", True)),
    ],
)
def test_settings_of_networks_are_refused(name, value):
    with pytest.raises(
        ArgumentError, match=rf"^{name}: expected .*, for the model 'radial' has no such setting"
    ):
        TrainConfig(model="radial", **{name: value})
    assert getattr(TrainConfig(**{name: value}), name) == value


@pytest.mark.parametrize("scale", SCALES)
def test_of_a_scale_it_takes_what_is_not_of_networks(scale):
    config = TrainConfig.at_scale(scale, model="radial")
    assert (config.frames, config.pixels) == (SCALES[scale].frames, SCALES[scale].pixels)
    assert (config.width, config.epochs, config.planned_epochs) == (64, 30, 1)
    assert SCALES[scale].planned_epochs == SCALES[scale].epochs
    with pytest.raises(ArgumentError, match=r"^width: expected 64, .* got 8: leave it out$"):
        TrainConfig.at_scale(scale, model="radial", width=8)


def test_several_processes_are_refused(out, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ArgumentError, match=r"^model: expected 'two-stream' for 2 processes, got 'radial'"):
        train(out, tmp_path / "run", RADIAL)
    assert not (tmp_path / "run").exists()
