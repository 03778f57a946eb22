"""What train, evaluate and ablate ask for and print, with training replaced by what is done at once."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from specaug.errors import ArgumentError, MissingDependencyError
from specaug.records import Notice
from specaug_cli.main import cli
from specaug_cli.train import config_of, training


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@dataclass
class TrainReport:
    """As a run reports."""

    run: Path
    epochs: int = 7
    best_epoch: int = 5
    dev_loss: float = 0.12345
    dev_eer: float = 0.0625
    stopped_early: bool = True
    warnings: tuple[Notice, ...] = (Notice("empty_split", "nothing is in test", 1),)


class Settings:
    """A preset of training: only what a command asks of it."""

    def content_settings(self) -> dict:
        return {"epochs": 9, "seed": 0}


@pytest.fixture
def trained(monkeypatch):
    """``train`` with a network that is trained at once; the settings are kept."""
    kept: dict = {}

    def train(out, folder, config, *, progress):
        kept.update(config)
        if progress:
            progress({"epoch": 2.0, "train_loss": 0.5, "dev_loss": 0.25, "dev_eer": 0.125})
        return TrainReport(folder, stopped_early="epochs" not in config or config["epochs"] == 9)

    module = SimpleNamespace(
        PRESETS=dict.fromkeys(("default", "cpu", "smoke"), Settings()),
        TrainConfig=SimpleNamespace(from_dict=dict),
        train=train,
    )
    monkeypatch.setattr("specaug_cli.train.training", lambda: module)
    monkeypatch.delenv("RANK", raising=False)
    return kept


def test_train_tells_each_epoch_and_the_best(trained):
    result = run("train", "out", "-o", "run")
    assert (
        result.stderr
        == "epoch 2: train loss 0.5000, dev loss 0.2500, dev EER 12.5 %\nwarning: nothing is in test\n"
    )
    assert (
        result.stdout
        == "stopped early after 7 epochs; best on dev: epoch 5, loss 0.1235, EER 6.2 %; in run\n"
    )
    assert run("train", "out", "-o", "run", "--epochs", 3, "-q").stdout.startswith("done after 7 epochs; ")
    assert "Missing option" in run("train", "out").stderr


def test_train_prints_one_object_and_only_the_first_process_prints(trained, monkeypatch):
    found = json.loads(run("train", "out", "-o", "run", "-q", "--json").stdout)
    assert (found["run"], found["epochs"], found["best_epoch"], found["dev_eer"]) == ("run", 7, 5, 0.0625)
    assert found["warnings"] == [{"kind": "empty_split", "detail": "nothing is in test", "count": 1}]
    monkeypatch.setenv("RANK", "1")
    assert run("train", "out", "-o", "run", "-q", "--json").stdout == ""


def test_settings_of_train_are_the_preset_then_the_file_then_the_flags(trained, tmp_path):
    (tmp_path / "t.toml").write_text('epochs = 4\n"batch-size" = 6\nwidth = 8\n')
    run("train", "out", "-o", "run", "--config", tmp_path / "t.toml", "--width", 16, "--no-amp", "-q")
    assert trained == {"epochs": 4, "seed": 0, "batch_size": 6, "width": 16, "amp": False}


@pytest.mark.parametrize("text", ["epochs =", None])
def test_a_file_of_train_that_is_no_toml_is_refused(trained, tmp_path, text):
    if text is not None:
        (tmp_path / "t.toml").write_text(text)
    with pytest.raises(ArgumentError, match=r"^config: cannot read '.*t\.toml' as TOML: "):
        config_of("cpu", tmp_path / "t.toml", {})


def test_without_torch_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.delattr("specaug.training", raising=False)
    monkeypatch.setitem(sys.modules, "specaug.training", None)
    with pytest.raises(
        MissingDependencyError, match=r"^training needs torch: pip install 'specaug\[train\]' \("
    ):
        training()


class Judged:
    """A result with a text, an object and a warning."""

    warnings = (Notice("reversed_scores", "scores look reversed"),)

    def __str__(self) -> str:
        return "ACER 3 %"

    def to_dict(self) -> dict:
        return {"acer": 0.03}


def test_evaluate_prints_a_text_or_an_object(monkeypatch):
    seen: list[tuple[tuple, dict]] = []
    module = SimpleNamespace(evaluate_run=lambda *given, **how: (seen.append((given, how)), Judged())[1])
    monkeypatch.setattr("specaug_cli.evaluate.training", lambda: module)
    result = run("evaluate", "run", "out")
    assert (result.stdout, result.stderr) == ("ACER 3 %\n", "warning: scores look reversed\n")
    args = ["--cross", "o", "--level", "clip", "--unseen", "raise", "--resamples", 7, "--json"]
    assert json.loads(run("evaluate", "run", "out", *args).stdout) == {"acer": 0.03}
    defaults = {"cross": None, "level": "video", "unseen": None, "resamples": 1000}
    given = {"cross": Path("o"), "level": "clip", "unseen": "raise", "resamples": 7}
    assert seen == [((Path("run"), Path("out")), defaults), ((Path("run"), Path("out")), given)]


def test_ablate_lists_its_arms_or_compares_those_named(monkeypatch):
    asked: list[dict] = []

    def compare(out, folder, *, progress, **how):
        asked.append(how)
        if progress:
            progress("real, seed 0", 1, 4)
        return Judged()

    arms = {"real": SimpleNamespace(description="no augmentation"), "fda": SimpleNamespace(description="FDA")}
    module = SimpleNamespace(ARMS=arms, ablate=compare)
    monkeypatch.setattr("specaug_cli.ablate.training", lambda: module)
    listed = run("ablate", "out", "-o", "a", "--arms", "list")
    assert [line.split(maxsplit=1) for line in listed.stdout.splitlines()] == [
        ["real", "no augmentation"],
        ["fda", "FDA"],
    ]
    assert asked == []
    result = run("ablate", "out", "-o", "a", "--arms", "fda,control", "--seeds", 2, "-j", 3)
    assert (result.stdout, result.stderr) == ("ACER 3 %\n", "1/4 runs: real, seed 0\n")
    assert json.loads(run("ablate", "out", "-o", "a", "-q", "--json").stdout) == {"acer": 0.03}
    assert [(how["arms"], how["seeds"], how["jobs"]) for how in asked] == [
        (["fda", "control"], 2, 3),
        (None, 3, 1),
    ]
