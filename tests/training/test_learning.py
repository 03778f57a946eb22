"""A run over its epochs: the rate of learning, when it stops, which classes it needs, and its curves."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from making import row_of, write_rows
from matplotlib import image

from specaug import Recipe
from specaug.errors import ArgumentError
from specaug.training import TrainConfig, train
from specaug.training.comparison import Ablation, ArmResult
from specaug.training.curve_plots import draw_arms, draw_curves
from specaug.training.data_checks import check_classes
from specaug.training.run_folder import BEST, LAST, load_checkpoint
from specaug.training.scoring import training_clips
from specaug.training.train_run import balanced_loss

SMALL = TrainConfig(frames=1, width=1, streams="color", hsv=False, epochs=4, batch_size=4, learning_rate=0.01)


def written(folder, **species):
    """A data set with a photo for each species named, by split."""
    for split, names in species.items():
        rows = [row_of(n, split=split, pai=pai, subject=f"{split}{n}", n=1) for n, pai in enumerate(names)]
        write_rows(folder / f"data/captured/{split}-00000-of-00001.parquet", rows)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """Four clips to train on, two to judge by."""
    return written(
        tmp_path_factory.mktemp("small"), train=["none", "none", "print", "replay"], dev=["none", "print"]
    )


@pytest.fixture(scope="module")
def short(small, tmp_path_factory):
    """A finished run of four epochs with two batches each, and its rows as they were told."""
    told, folder = [], tmp_path_factory.mktemp("runs") / "run"
    report = train(
        small, folder, dataclasses.replace(SMALL, batch_size=2), progress=lambda row: told.append(dict(row))
    )
    return folder, report, told


class TestEpochs:
    def test_the_rate_falls_along_half_a_cosine_to_zero(self, short):
        _, _, told = short
        wanted = [0.01 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in (1, 2, 3, 4)]
        assert [row["learning_rate"] for row in told] == pytest.approx(wanted)
        assert told[-1]["learning_rate"] == pytest.approx(0, abs=1e-12)

    def test_within_an_epoch_it_falls_with_every_batch(self, short):
        """The last step of eight was taken at 7/8 of the way."""
        folder, _, _ = short
        (group,) = load_checkpoint(folder, LAST)["optimizer"]["param_groups"]
        assert group["lr"] == pytest.approx(0.01 * (1 + math.cos(math.pi * 7 / 8)) / 2)
        assert group["weight_decay"] == SMALL.weight_decay

    def test_the_curves_hold_what_was_told_after_each_epoch(self, short):
        folder, _, told = short
        rows = list(csv.DictReader((folder / "curves.csv").read_text().splitlines()))
        assert list(rows[0]) == ["epoch", "learning_rate", "train_loss", "dev_loss", "dev_eer"]
        assert [{name: float(text) for name, text in row.items()} for row in rows] == told
        assert [row["epoch"] for row in told] == [0, 1, 2, 3]
        assert all(row["dev_eer"] in (0, 0.5, 1) for row in told)  # of one clip a class

    def test_the_report_is_that_of_the_best_epoch(self, short):
        folder, report, told = short
        best = min(range(4), key=lambda epoch: told[epoch]["dev_loss"])
        assert (report.run, report.epochs, report.best_epoch) == (folder, 4, best)
        assert (report.dev_loss, report.dev_eer) == (told[best]["dev_loss"], told[best]["dev_eer"])
        assert load_checkpoint(folder, BEST)["epoch"] == best

    def test_the_last_checkpoint_says_where_the_run_is(self, short):
        folder, _, told = short
        state = load_checkpoint(folder, LAST)["state"]
        assert state.pop("history") == told
        assert state == {"epoch": 4, "batches": 0, "loss_sum": 0.0, "clips": 0, "finished": True, "steps": 8}


@pytest.mark.parametrize(
    ("patience", "losses", "epochs", "best"),
    [
        (1, [0.5, 0.5], 2, 0),  # as good is no better
        (1, [0.5, 0.4, 0.3, 0.2], 4, 3),
        (2, [0.5, 0.6, 0.4, 0.45], 4, 2),  # one bad epoch is forgiven
        (3, [0.5, 0.6, 0.7, 0.8], 4, 0),  # stale with its last epoch: all were trained
    ],
)
def test_it_stops_after_so_many_epochs_without_a_better_one(
    small, tmp_path, monkeypatch, patience, losses, epochs, best
):
    dealt = iter(losses)
    monkeypatch.setattr("specaug.training.train_run.balanced_loss", lambda scores, labels: next(dealt))
    monkeypatch.setattr("specaug.training.train_run.draw_curves", lambda history, path, *, out: None)
    report = train(small, tmp_path / "run", dataclasses.replace(SMALL, patience=patience))
    assert (report.epochs, report.best_epoch, report.dev_loss) == (epochs, best, losses[best])
    assert report.stopped_early == (epochs < 4)
    assert next(dealt, None) is None
    assert load_checkpoint(tmp_path / "run", BEST)["epoch"] == best


def test_a_checkpoint_within_an_epoch_counts_batches_and_clips(small, tmp_path, monkeypatch):
    """Two batches of two: interrupted at the second, after a checkpoint of the first."""
    steps = []

    def loss(logits, labels):
        steps.append(len(labels))
        if len(steps) == 2:
            raise KeyboardInterrupt
        return (logits * 0).sum() + 3.0

    monkeypatch.setattr("torch.nn.functional.binary_cross_entropy_with_logits", loss)
    with pytest.raises(KeyboardInterrupt):
        train(small, tmp_path / "run", dataclasses.replace(SMALL, batch_size=2, checkpoint_batches=1))
    state = load_checkpoint(tmp_path / "run", LAST)["state"]
    assert state == {
        "epoch": 0,
        "batches": 1,
        "loss_sum": 6.0,
        "clips": 2,
        "history": [],
        "finished": False,
        "steps": 1,
    }
    config = dataclasses.replace(SMALL, batch_size=2, checkpoint_batches=1, workers=2)
    with pytest.raises(
        ArgumentError, match=r"^workers: expected 1 processes with 1 workers to go on .* got 1 with 2$"
    ):
        train(small, tmp_path / "run", config)


class TestClasses:
    @pytest.mark.parametrize(
        ("species", "changes", "message"),
        [
            (["none", "print"], {}, None),
            (["none", "print"], {"recipe": "control"}, None),
            (["none", "none"], {"recipe": "control"}, None),
            (["none", "none"], {"recipe": "recapture-screen"}, None),
            (
                ["none", "none"],
                {},
                "labels: expected attacks to train on, or a recipe that makes them, got neither",
            ),
            (["none", "none"], {"recipe": "fda"}, "labels: expected attacks to train on, or a recipe"),
            (["print", "replay"], {}, "labels: expected bona fide clips to train on, got none"),
            (["print", "replay"], {"recipe": "control"}, "labels: expected bona fide clips to train on"),
            (["none", "print"], {"labels": ("attack",)}, "labels: expected bona fide clips to train on"),
            (["none", "print"], {"labels": ("bonafide",)}, "labels: expected attacks to train on"),
        ],
    )
    def test_both_are_there_or_made(self, tmp_path, species, changes, message):
        data = written(tmp_path, train=species, dev=["none", "print"])
        config = dataclasses.replace(SMALL, **{"balance": None, **changes})
        clips = training_clips(data, config)
        if message is None:
            check_classes(clips, data, config)
            return
        with pytest.raises(ArgumentError, match=f"^{message}"):
            check_classes(clips, data, config)

    @pytest.mark.parametrize(
        ("species", "missing"), [(["none", "none"], "attacks"), (["print", "replay"], "bona fide clips")]
    )
    def test_dev_has_both(self, tmp_path, species, missing):
        data = written(tmp_path, train=["none", "print"], dev=species)
        with pytest.raises(ArgumentError, match=f"^dev: expected clips of both classes, got no {missing}$"):
            check_classes(training_clips(data, SMALL), data, SMALL)

    def test_a_recipe_that_seldom_makes_attacks_makes_some(self, tmp_path):
        """One clip in ten: seen among the draws that are looked at."""
        text = 'label = "attack"\n[[steps]]\noperation = "jpeg"\nprobability = 0.1\nranges = { quality = [30, 90] }\n'
        (tmp_path / "seldom.toml").write_text(f'description = "x"\n{text}')
        assert Recipe.find(tmp_path / "seldom.toml").label == "attack"
        data = written(tmp_path, train=["none", "none"], dev=["none", "print"])
        config = dataclasses.replace(SMALL, balance=None, recipe=str(tmp_path / "seldom.toml"))
        check_classes(training_clips(data, config), data, config)


class TestBalancedLoss:
    def test_it_is_minus_the_mean_logarithm_of_the_chance_of_the_truth(self):
        scores, labels = np.array([0.3, -1.2, 2.0, 0.0, -0.4]), np.array([0, 0, 1, 1, 1])
        chance = 1 / (1 + np.exp(-scores))
        bonafide = -np.log(1 - chance[:2]).mean()
        attacks = -np.log(chance[2:]).mean()
        assert balanced_loss(scores, labels) == pytest.approx((bonafide + attacks) / 2)

    @pytest.mark.parametrize("label", [0, 1])
    def test_more_rows_of_a_class_give_it_no_more_weight(self, label):
        scores, labels = np.array([0.3, -1.2, 2.0, 0.0]), np.array([0, 0, 1, 1])
        own = labels == label
        more = balanced_loss(np.r_[scores, scores[own], scores[own]], np.r_[labels, labels[own], labels[own]])
        assert more == pytest.approx(balanced_loss(scores, labels))

    def test_swapping_classes_and_signs_leaves_it_as_it_is(self):
        scores, labels = np.array([0.3, -1.2, 2.0]), np.array([0, 0, 1])
        assert balanced_loss(-scores, 1 - labels) == pytest.approx(balanced_loss(scores, labels))

    @pytest.mark.parametrize("far", [50.0, 1e3, 1e30])
    def test_it_neither_overflows_nor_drops_below_zero(self, far):
        assert balanced_loss(np.array([-far, far]), np.array([0, 1])) == pytest.approx(0, abs=1e-20)
        assert balanced_loss(np.array([far, -far]), np.array([0, 1])) == pytest.approx(far)


@pytest.fixture
def figures(monkeypatch):
    """Figures that are drawn, in place of files."""
    drawn = []
    monkeypatch.setattr(
        "specaug.training.curve_plots.save_figure", lambda figure, path, *, out: drawn.append(figure)
    )
    return drawn


class TestPlots:
    HISTORY = (
        {"epoch": 0, "train_loss": 0.7, "dev_loss": 0.6, "dev_eer": 0.5},
        {"epoch": 1, "train_loss": 0.5, "dev_loss": 0.3, "dev_eer": 0.25},
        {"epoch": 2, "train_loss": 0.2, "dev_loss": 0.4, "dev_eer": 0.125},
    )

    def test_curves_are_losses_the_best_epoch_and_errors_in_percent(self, figures, tmp_path):
        draw_curves(self.HISTORY, tmp_path / "curves.png", out=tmp_path)
        losses, errors = figures[0].axes
        lines = {line.get_label(): line for line in losses.lines}
        assert list(lines["train loss"].get_ydata()) == [0.7, 0.5, 0.2]
        assert list(lines["dev loss"].get_ydata()) == [0.6, 0.3, 0.4]
        assert set(lines["best on dev"].get_xdata()) == {1}
        assert list(errors.lines[0].get_ydata()) == [50, 25, 12.5]
        assert errors.get_ylim()[0] == 0

    def test_arms_stand_below_each_other_with_interval_seeds_and_mean(self, figures, tmp_path):
        arms = (
            ArmResult("real", "", 0.25, (0.125, 0.5), 0.3, 0.2, (0.125, 0.375), ()),
            ArmResult("mixed", "", 0.5, (0.25, 0.75), 0.3, 0.2, (0.5,), ()),
        )
        draw_arms(Ablation(arms, subjects=9, seeds=2, power=""), tmp_path / "arms.png", out=tmp_path)
        (axes,) = figures[0].axes
        drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
        assert drawn[:3] == [([12.5, 50], [0, 0]), ([12.5, 37.5], [0, 0]), ([25], [0])]
        assert drawn[3:6] == [([25, 75], [1, 1]), ([50], [1]), ([50], [1])]
        assert set(drawn[6][0]) == {25}
        assert [label.get_text() for label in axes.get_yticklabels()] == ["real", "mixed"]
        low, high = axes.get_ylim()
        assert low > high
        assert "2 seeds" in axes.get_xlabel()

    def test_a_picture_is_a_png_beside_nothing_else(self, tmp_path):
        draw_curves(self.HISTORY, tmp_path / "run/curves.png", out=tmp_path / "run")
        assert image.imread(tmp_path / "run/curves.png").shape == (360, 960, 4)
        assert [path.name for path in (tmp_path / "run").iterdir() if path.is_file()] == ["curves.png"]


def test_a_run_of_json_settings_is_the_run(short, small):
    folder, _, _ = short
    held = json.loads((folder / "config.json").read_text())["config"]
    assert TrainConfig.from_dict(held) == dataclasses.replace(SMALL, batch_size=2)
    weights = load_checkpoint(folder, BEST)["model"]
    assert all(torch.isfinite(value).all() for value in weights.values())
