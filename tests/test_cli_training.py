"""What train, evaluate and ablate ask for and print, with training replaced by what is done at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from specaug.errors import ArgumentError
from specaug.install_hint import install_hint
from specaug.records import Notice
from specaug.training import TrainConfig
from specaug_cli.main import cli


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
    model: str = "two-stream"


@pytest.fixture
def trained(monkeypatch):
    """``train`` with a network that is trained at once; the settings are kept."""
    kept: dict = {}

    def train(out, folder, config, *, progress):
        kept["config"] = config
        if progress:
            progress({"epoch": 2.0, "train_loss": 0.5, "dev_loss": 0.25, "dev_eer": 0.125})
        return TrainReport(folder, stopped_early=config.epochs != 3, model=config.model)

    monkeypatch.setattr("specaug.train", train)
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


def test_a_rule_is_told_without_epochs(trained):
    assert (
        run("train", "out", "-o", "run", "--model", "radial", "-q").stdout
        == "fitted; on dev: loss 0.1235, EER 6.2 %; in run\n"
    )
    assert trained["config"] == TrainConfig(model="radial")
    assert "'two-stream', 'radial'" in run("train", "out", "-o", "run", "--model", "other").stderr


def test_train_prints_one_object_and_only_the_first_process_prints(trained, monkeypatch):
    found = json.loads(run("train", "out", "-o", "run", "-q", "--json").stdout)
    assert (found["run"], found["epochs"], found["best_epoch"], found["dev_eer"]) == ("run", 7, 5, 0.0625)
    assert found["warnings"] == [{"kind": "empty_split", "detail": "nothing is in test", "count": 1}]
    monkeypatch.setenv("RANK", "1")
    assert run("train", "out", "-o", "run", "-q", "--json").stdout == ""


def test_settings_of_train_are_the_scale_then_the_file_then_the_flags(trained, tmp_path):
    (tmp_path / "t.toml").write_text('epochs = 4\n"batch-size" = 6\nwidth = 8\n')
    more = ["--scale", "cpu", "--config", tmp_path / "t.toml", "--width", 16, "--no-amp", "-q"]
    assert run("train", "out", "-o", "run", *more).exit_code == 0
    wanted = TrainConfig.at_scale("cpu", epochs=4, batch_size=6, width=16, amp=False)
    assert trained["config"] == wanted
    assert (wanted.frames, wanted.epochs, wanted.batch_size, wanted.width) == (4, 4, 6, 16)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs =", r"config: '.*t\.toml' is no TOML: "),
        (None, r"config: cannot read '.*t\.toml': No such file"),
        ('epochs = "many"', r"config: '.*t\.toml': epochs: expected a whole number, got 'many'"),
        ("epoch = 3", r"config: '.*t\.toml' has 'epoch', .*; did you mean 'epochs'\?"),
    ],
)
def test_a_file_of_train_that_does_not_fit_is_wrong_usage(trained, tmp_path, text, message):
    if text is not None:
        (tmp_path / "t.toml").write_text(text)
    result = run("train", "out", "-o", "run", "--config", tmp_path / "t.toml")
    assert isinstance(result.exception, ArgumentError)  # which the command ends with 2
    assert re.match(message, str(result.exception))
    assert trained == {}


def test_without_torch_it_is_said_how_to_get_it():
    code = "import sys; sys.modules['torch'] = None; import specaug; specaug.train"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"): {install_hint('train')}" in done.stderr
    assert "MissingDependencyError: training needs torch (" in done.stderr


class Judged:
    """A result with a text, an object and a warning."""

    warnings = (Notice("train_overlap", "1 test subjects\x1b were seen", 1),)

    def __str__(self) -> str:
        return "ACER 3 %"

    def to_dict(self) -> dict:
        return {"acer": 0.03}


def test_evaluate_prints_a_text_or_an_object(monkeypatch):
    seen: list[tuple[tuple, dict]] = []
    monkeypatch.setattr("specaug.evaluate", lambda *given, **how: (seen.append((given, how)), Judged())[1])
    result = run("evaluate", "run", "out")
    assert (result.stdout, result.stderr) == ("ACER 3 %\n", "warning: 1 test subjects\\x1b were seen\n")
    args = ["--cross", "o", "--level", "clip", "--unseen", "raise", "--resamples", 7, "--json"]
    assert json.loads(run("evaluate", "run", "out", *args).stdout) == {"acer": 0.03}
    defaults = {"cross": None, "level": "video", "unseen": None, "resamples": 1000}
    given = {"cross": Path("o"), "level": "clip", "unseen": "raise", "resamples": 7}
    assert seen == [((Path("run"), Path("out")), defaults), ((Path("run"), Path("out")), given)]


class Figures(Judged):
    """A result with the figures of a table."""

    notes = ("few subjects",)

    def __init__(self, acer: float) -> None:
        self.report = SimpleNamespace(
            acer=acer,
            apcer=0.5,
            bpcer=0.125,
            intervals={"acer": (0.0, 0.25)},
            notes=("rough",),
            summary=lambda: "4 bonafide, 2 print; 3 independent units\nthreshold 1",
        )


def test_several_runs_are_rows_of_one_table_or_of_one_object(monkeypatch):
    acer = {"base": 0.0625, "net": 0.3125}
    monkeypatch.setattr("specaug.evaluate", lambda run, out, **how: Figures(acer[str(run)]))
    result = run("evaluate", "base", "net", "out")
    lines = result.stdout.splitlines()
    assert lines[0] == "on test: 4 bonafide, 2 print; 3 independent units; thresholds from dev"
    assert lines[2].split() == ["run", "ACER", "95", "%", "interval", "APCER,", "worst", "species", "BPCER"]
    assert lines[3].split() == ["base", "6.25", "%", "0.00", "to", "25.00", "%", "50.00", "%", "12.50", "%"]
    assert lines[4].split()[:3] == ["net", "31.25", "%"]
    assert lines[5:] == ["note: rough", "note: few subjects"]
    assert result.stderr.count("warning: ") == 2
    told = json.loads(run("evaluate", "base", "net", "out", "--json").stdout)
    assert told == {"runs": {"base": {"acer": 0.03}, "net": {"acer": 0.03}}}


def test_ablate_lists_its_arms_or_compares_those_named(monkeypatch):
    asked: list[dict] = []

    def compare(out, folder, *, progress, **how):
        asked.append(how)
        if progress:
            progress("real, seed 0", 1, 4)
        return Judged()

    arms = {"real": SimpleNamespace(description="no augmentation"), "fda": SimpleNamespace(description="FDA")}
    monkeypatch.setattr("specaug.training.ARMS", arms)
    monkeypatch.setattr("specaug.ablate", compare)
    listed = run("ablate", "out", "-o", "a", "--arms", "list")
    assert [line.split(maxsplit=1) for line in listed.stdout.splitlines()] == [
        ["real", "no augmentation"],
        ["fda", "FDA"],
    ]
    assert asked == []
    result = run("ablate", "out", "-o", "a", "--arms", "fda,control", "--seeds", 2, "-j", 3)
    assert result.stdout == "ACER 3 %\n"
    assert result.stderr == "1/4 runs: real, seed 0\nwarning: 1 test subjects\\x1b were seen\n"
    assert json.loads(run("ablate", "out", "-o", "a", "-q", "--json").stdout) == {"acer": 0.03}
    assert [(how["arms"], how["seeds"], how["jobs"]) for how in asked] == [
        (["fda", "control"], 2, 3),
        (None, 3, 1),
    ]


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Scales that train and ablate are called with; neither runs."""
    scales: list[str] = []
    monkeypatch.setattr("specaug.ablate", lambda *_, scale, **__: (scales.append(scale), Judged())[1])
    at_scale = SimpleNamespace(at_scale=lambda scale, **_: scales.append(scale))
    monkeypatch.setattr("specaug.TrainConfig", at_scale)
    monkeypatch.setattr("specaug.train", lambda out, folder, *_, **__: TrainReport(folder))
    return scales


@pytest.mark.parametrize("option", ["--scale", "--preset"])
@pytest.mark.parametrize(("given", "meant"), [("smoke", "smoke"), ("gpu", "gpu"), ("default", "gpu")])
def test_a_scale_is_taken_under_its_former_names(asked, option, given, meant):
    assert run("ablate", "out", "-o", "a", option, given).exit_code == 0
    assert run("train", "out", "-o", "a", option, given).exit_code == 0
    assert asked == [meant, meant]


def test_scales_without_a_choice_are_those_for_a_gpu_and_for_a_cpu_and_others_are_refused(asked):
    run("train", "out", "-o", "a")
    run("ablate", "out", "-o", "a")
    assert asked == ["gpu", "cpu"]
    refused = run("train", "out", "-o", "a", "--scale", "tpu")
    assert (refused.exit_code, "'tpu' is not one of 'smoke', 'cpu', 'gpu'" in refused.stderr) == (2, True)
