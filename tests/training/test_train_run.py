"""Training: it learns, repeats itself, goes on after a kill, and sees no test clip."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from making import row_of, write_rows, write_split

from specaug.errors import ArgumentError, PlanMismatchError, SpecaugError
from specaug.training import TrainConfig, train
from specaug.training.data_checks import gaps_of
from specaug.training.run_folder import (
    BEST,
    LAST,
    Progress,
    load_checkpoint,
    open_run,
    read_progress,
    write_progress,
)
from specaug.training.scoring import recipe_of
from specaug.training.train_run import Fit, balanced_loss


def weights(run):
    return load_checkpoint(run, BEST)["model"]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def curves(run):
    return list(csv.DictReader((run / "curves.csv").read_text().splitlines()))


def only(out, target, **splits):
    """A copy of a data set with some splits, of some rows."""
    for split in ("train", "dev"):
        write_split(target, split, subjects=2, first=3 + (split == "dev"))
    for split, pai in splits.items():
        for file in (target / "data/captured").glob(f"{split}-*"):
            file.unlink()
        rows = [row_of(n, split=split, pai=pai, subject=f"s{n}") for n in range(6)]
        write_rows(target / f"data/captured/{split}-00000-of-00001.parquet", rows)
    return target


def test_it_learns_what_tells_attacks_apart(out, config, tmp_path):
    train(out, tmp_path / "run", dataclasses.replace(config, epochs=5))
    rows = curves(tmp_path / "run")
    assert float(rows[-1]["train_loss"]) < 0.3  # a coin has 0.69
    assert min(float(row["dev_eer"]) for row in rows) <= 0.2  # of 20 clips; a coin has 0.5


def test_a_run_holds_all_that_is_needed_to_judge_and_repeat_it(run, out, config):
    assert {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()} >= {
        "config.json",
        "progress.json",
        "seen.parquet",
        "curves.csv",
        "curves.png",
        BEST,
        LAST,
    }
    held = json.loads((run / "config.json").read_text())
    assert TrainConfig.from_dict(held["config"]) == config
    assert held["data"]["name"] == "made"
    assert held["versions"]["torch"] == torch.__version__
    assert held["device"]["type"] == ("cuda" if torch.cuda.is_available() else "cpu")
    assert {**held["config"], **held["execution"]}.keys() == {f.name for f in dataclasses.fields(TrainConfig)}
    progress = json.loads((run / "progress.json").read_text())
    assert (progress["epochs_done"], progress["epochs"]) == (3, 3)


def test_the_same_seed_gives_the_same_bits_and_another_one_others(run, out, config, tmp_path):
    train(out, tmp_path / "again", config)
    assert same(weights(run), weights(tmp_path / "again"))
    assert curves(run) == curves(tmp_path / "again")
    train(out, tmp_path / "other", dataclasses.replace(config, seed=1, epochs=1))
    assert not same(weights(run), weights(tmp_path / "other"))


@pytest.mark.parametrize("kill_at", [1, 7, 12])
def test_a_run_that_was_killed_comes_to_the_same_bits(run, out, config, tmp_path, monkeypatch, kill_at):
    """Five batches an epoch: killed in the first epoch, within the second, and after two epochs and two batches."""
    config = dataclasses.replace(config, checkpoint_batches=2)
    step, done = Fit.step, []

    def dying(self, batch):
        done.append(1)
        if len(done) == kill_at:
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr(Fit, "step", dying)
    with pytest.raises(KeyboardInterrupt):
        train(out, tmp_path / "run", config)
    assert read_progress(tmp_path / "run") == Progress((kill_at - 1) // 5, 3)
    train(out, tmp_path / "run", config)
    assert same(weights(run), weights(tmp_path / "run"))
    assert curves(run) == curves(tmp_path / "run")
    assert read_progress(tmp_path / "run") == Progress(3, 3)


def test_progress_that_was_not_written_before_the_end_is_mended(out, config, tmp_path):
    """A process that is killed between its last checkpoint and progress.json has trained all epochs."""
    config = dataclasses.replace(config, epochs=1)
    train(out, tmp_path / "run", config)
    write_progress(tmp_path / "run", Progress(0, 1))
    train(out, tmp_path / "run", config)
    assert read_progress(tmp_path / "run") == Progress(1, 1)


@pytest.mark.parametrize("held", [{}, {"architecture": None}, {"model": {}, "state": {}}])
def test_a_last_checkpoint_of_another_kind_is_named(out, config, tmp_path, held):
    """The right architecture is filled in where there is a model, so that what comes after is tried too."""
    open_run(tmp_path / "run", out, config)
    (tmp_path / "run/checkpoints").mkdir()
    if "model" in held:
        held = {**held, "architecture": config.architecture()}
    torch.save(held, tmp_path / "run" / LAST)
    with pytest.raises(SpecaugError, match=r"last\.pt: "):
        train(out, tmp_path / "run", config)


def test_a_finished_run_is_left_as_it_is(run, out, config, monkeypatch):
    before = {path: path.read_bytes() for path in run.rglob("*.pt")}
    monkeypatch.setattr(Fit, "step", lambda *_: pytest.fail("it trains again"))
    report = train(out, run, config)
    assert report.epochs == 3
    assert before == {path: path.read_bytes() for path in before}


def test_a_folder_of_another_run_is_refused(run, out, config):
    with pytest.raises(PlanMismatchError, match="run: holds a run with width 4, not 8"):
        train(out, run, dataclasses.replace(config, width=8))


def test_other_data_are_refused(run, out, config, tmp_path):
    shutil.copytree(out, tmp_path / "made")
    write_split(tmp_path / "made", "dev", subjects=1, first=9)
    with pytest.raises(PlanMismatchError, match="run: holds a run with data 'made'"):
        train(tmp_path / "made", run, config)


def test_no_test_clip_is_needed(run, out, config, tmp_path):
    shutil.copytree(out, tmp_path / "made")
    for file in (tmp_path / "made/data/captured").glob("test-*"):
        file.unlink()
    train(tmp_path / "made", tmp_path / "run", config)
    assert same(weights(run), weights(tmp_path / "run"))


def test_it_stops_when_dev_gets_no_better_and_keeps_the_best(out, config, tmp_path, monkeypatch):
    losses = iter([0.5, 0.4, 0.45, 0.6, 0.1])
    monkeypatch.setattr("specaug.training.train_run.balanced_loss", lambda scores, labels: next(losses))
    report = train(out, tmp_path / "run", dataclasses.replace(config, patience=2, epochs=5))
    assert (report.epochs, report.best_epoch, report.stopped_early) == (4, 1, True)
    assert read_progress(tmp_path / "run") == Progress(4, 5, stopped_early=True)
    assert load_checkpoint(tmp_path / "run", BEST)["epoch"] == 1


def test_attacks_can_be_made_of_bona_fide_clips_alone(out, config, tmp_path):
    changes = {"labels": ("bonafide",), "recipe": "control", "epochs": 1}
    assert train(out, tmp_path / "run", dataclasses.replace(config, **changes)).epochs == 1


def test_settings_of_torch_come_back(out, config, tmp_path):
    before = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.random.get_rng_state(),
    )
    train(out, tmp_path / "run", dataclasses.replace(config, epochs=1))
    after = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.random.get_rng_state(),
    )
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])


class TestRefusals:
    def test_one_class_to_train_on(self, out, config, tmp_path):
        data = only(out, tmp_path / "data", train="none")
        with pytest.raises(
            ArgumentError, match="labels: expected attacks to train on, or a recipe that makes them"
        ):
            train(data, tmp_path / "run", dataclasses.replace(config, balance=None))
        with pytest.raises(ArgumentError, match="labels: expected attacks to train on"):
            train(data, tmp_path / "run", dataclasses.replace(config, labels=("bonafide",), recipe="fda"))

    def test_no_bona_fide_clips(self, out, config, tmp_path):
        data = only(out, tmp_path / "data", train="print")
        with pytest.raises(ArgumentError, match="labels: expected bona fide clips to train on, got none"):
            train(data, tmp_path / "run", config)

    def test_dev_without_attacks(self, out, config, tmp_path):
        data = only(out, tmp_path / "data", dev="none")
        with pytest.raises(ArgumentError, match="dev: expected clips of both classes, got no attacks"):
            train(data, tmp_path / "run", config)
        assert not (tmp_path / "run").exists()

    @pytest.mark.parametrize("split", ["train", "dev"])
    def test_another_schema_version(self, out, config, tmp_path, split):
        data = only(out, tmp_path / "data")
        file = min((data / "data/captured").glob(f"{split}-*"))
        table = pq.read_table(file)
        said = table.schema.metadata[b"specaug"].replace(b'"schema_version": 2', b'"schema_version": 99')
        pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"specaug": said}), file)
        with pytest.raises(SpecaugError, match=rf"{file.name}: expected schema version 2, got 99"):
            train(data, tmp_path / "run", config)
        assert not (tmp_path / "run").exists()

    def test_no_dev(self, out, config, tmp_path):
        write_split(tmp_path / "data", "train", subjects=2)
        with pytest.raises(
            ArgumentError, match=r"^dev: .* --split 70,15,15 .* or with --dev-from-train 0.2 "
        ):
            train(tmp_path / "data", tmp_path / "run", config)

    def test_no_clips_at_all(self, config, tmp_path):
        with pytest.raises(
            ArgumentError, match="out: expected a folder with captured clips of split 'train'"
        ):
            train(tmp_path / "data", tmp_path / "run", config)

    def test_a_loss_that_is_no_number(self, out, config, tmp_path, monkeypatch):
        monkeypatch.setattr(
            "torch.nn.functional.binary_cross_entropy_with_logits", lambda x, _: x.sum() * float("nan")
        )
        with pytest.raises(SpecaugError, match="loss: expected a number, got nan in epoch 0"):
            train(out, tmp_path / "run", config)

    def test_more_pixels_than_there_are(self, out, config, tmp_path):
        with pytest.raises(ArgumentError, match="pixels: expected at most the side of the crops, 32, got 64"):
            train(out, tmp_path / "run", dataclasses.replace(config, pixels=64))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"epochs": 0}, "epochs: expected at least 1, got 0"),
            ({"streams": "rgb"}, "streams: expected one of both, color, spectrum, got 'rgb'"),
            ({"learning_rate": 2.0}, "learning_rate, weight_decay, workers: expected"),
            ({"balance": "x"}, "balance: expected one of label, pai, dataset"),
            ({"pixels": 2}, "pixels: expected at least 8 or None, got 2"),
        ],
    )
    def test_settings(self, change, message):
        with pytest.raises(ArgumentError, match=message):
            TrainConfig(**change)

    def test_an_unknown_setting_of_a_file(self):
        with pytest.raises(ArgumentError, match=r"config: expected some of model, frames, .* got 'lr'"):
            TrainConfig.from_dict({"lr": 0.1})

    def test_an_unknown_scale(self):
        with pytest.raises(ArgumentError, match="scale: expected one of smoke, cpu, gpu, got 'tpu'"):
            TrainConfig.at_scale("tpu")

    def test_a_gpu_that_is_not_there(self, out, config, tmp_path):
        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
        with pytest.raises(ArgumentError, match="device: expected 'cpu' or 'auto'"):
            train(out, tmp_path / "run", dataclasses.replace(config, device="cuda"))
        with pytest.raises(ArgumentError, match="amp: expected False on a CPU"):
            train(out, tmp_path / "run", dataclasses.replace(config, amp=True))


def test_recipes_are_joined_evenly():
    joined = recipe_of(TrainConfig(recipe="mix-high+bandpass"))
    assert [branch.weight for branch in joined.branches] == [1, 1]
    assert joined.donor == "attack"
    with pytest.raises(ArgumentError, match="recipe: expected parts with one label of donors"):
        recipe_of(TrainConfig(recipe="fda+bandpass"))


def test_the_balanced_loss_weighs_classes_alike():
    scores, labels = np.array([2.0, -1.0, 3.0, 0.5]), np.array([0, 1, 1, 1])
    bonafide = math.log(1 + math.exp(2))
    attacks = np.mean([math.log(1 + math.exp(-s)) for s in scores[1:]])
    assert balanced_loss(scores, labels) == pytest.approx((bonafide + attacks) / 2)
    assert balanced_loss(np.array([1e4, -1e4]), np.array([0, 1])) == pytest.approx(1e4)


def test_a_run_tells_what_the_data_lack(out, config, tmp_path):
    assert gaps_of(out) == ()
    for first, split in enumerate(("train", "dev")):
        write_split(tmp_path / "data", split, subjects=2 + 3 * first, first=first)
    report = train(tmp_path / "data", tmp_path / "run", dataclasses.replace(config, epochs=1))
    assert [(notice.kind, notice.count) for notice in report.warnings] == [
        ("empty_split", 1),
        ("few_subjects", 1),
    ]
    assert "in test" in report.warnings[0].detail
    assert "train (2)" in report.warnings[1].detail
