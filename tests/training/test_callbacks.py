"""What a training tells: figures after every batch and epoch, once, counted on over a kill."""

from __future__ import annotations

import csv
import dataclasses

import pytest

from specaug.errors import ArgumentError
from specaug.training import train
from specaug.training.scoring import training_clips


class Kept(list):
    """A callback that keeps what it was told."""

    def __call__(self, epoch, step, metrics):
        self.append((epoch, step, metrics))

    @property
    def batches(self):
        return [entry for entry in self if "loss" in entry[2]]

    @property
    def epochs(self):
        return [entry for entry in self if "loss" not in entry[2]]


def greedy(epoch, step, metrics):
    """A callback that takes everything away."""
    metrics.clear()


@pytest.fixture(scope="module")
def short(config):
    return dataclasses.replace(config, epochs=2, frames=1)


@pytest.fixture(scope="module")
def whole(out, short, tmp_path_factory):
    """A run, and what was told of it after another callback."""
    told, folder = Kept(), tmp_path_factory.mktemp("told") / "run"
    train(out, folder, short, callbacks=(greedy, told))
    return folder, told


def test_every_batch_and_every_epoch_is_told_to_each_callback(whole, short):
    folder, told = whole
    rows = list(csv.DictReader((folder / "curves.csv").read_text().splitlines()))
    figures = ("learning_rate", "train_loss", "dev_loss", "dev_eer")
    assert [(epoch, metrics) for epoch, _, metrics in told.epochs] == [
        (epoch, {name: float(row[name]) for name in figures}) for epoch, row in enumerate(rows)
    ]
    steps = [step for _, step, _ in told.batches]
    assert steps == list(range(1, len(steps) + 1))
    assert [step for _, step, _ in told.epochs] == [len(steps) // 2, len(steps)]
    assert told.batches[0][2]["learning_rate"] == short.learning_rate
    assert {epoch for epoch, _, _ in told.batches} == {0, 1}


def test_the_loss_of_an_epoch_is_the_mean_of_its_clips(whole, short, out):
    _, told = whole
    losses = [metrics["loss"] for epoch, _, metrics in told.batches if epoch == 0]
    sizes = [len(batch["label"]) for batch in training_clips(out, short)]
    mean = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)
    assert told.epochs[0][2]["train_loss"] == pytest.approx(mean)


class StopError(Exception):
    pass


def test_an_error_ends_a_training_which_goes_on_and_counts_on(whole, out, short, tmp_path):
    before, after = Kept(), Kept()

    def stop(epoch, step, metrics):
        if step == 2:
            raise StopError

    often = dataclasses.replace(short, checkpoint_batches=1)
    with pytest.raises(StopError):
        train(out, tmp_path / "run", often, callbacks=[before, stop])
    train(out, tmp_path / "run", often, callbacks=[after])
    assert [*before, *after] == whole[1]


def test_a_finished_run_tells_nothing(whole, out, short):
    told = Kept()
    train(out, whole[0], short, callbacks=[told])
    assert told == []


def test_a_baseline_tells_once(out, config, tmp_path):
    told = Kept()
    radial = dataclasses.replace(type(config)(), model="radial", frames=2)
    report = train(out, tmp_path / "run", radial, callbacks=[told])
    assert told == [(0, 1, {"dev_loss": report.dev_loss, "dev_eer": report.dev_eer})]
    train(out, tmp_path / "run", radial, callbacks=[told])
    assert len(told) == 1


@pytest.mark.parametrize("callbacks", [print, [3], "ab"])
def test_callbacks_are_a_list_of_callables(out, short, tmp_path, callbacks):
    with pytest.raises(
        ArgumentError, match=r"callbacks: expected a list of callables \(epoch, step, metrics\), got"
    ):
        train(out, tmp_path / "run", short, callbacks=callbacks)
    assert not (tmp_path / "run").exists()
