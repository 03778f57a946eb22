"""``specaug train``, ``evaluate``, ``ablate``: what they print and how they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import get_args

import pytest
from click.testing import CliRunner

from specaug.errors import ArgumentError
from specaug.training import SCALES, TrainConfig
from specaug.training.run_folder import BEST, load_checkpoint
from specaug.training.train_config import Model
from specaug_cli import train as module
from specaug_cli.main import cli

TINY = ["--frames", "2", "--width", "4", "--epochs", "1", "--batch-size", "8"]


def called(*words: object) -> str:
    return CliRunner().invoke(
        cli, [str(word) for word in words], catch_exceptions=False, standalone_mode=False
    )


def test_from_training_to_a_table(out, tmp_path):
    trained = called("train", out, "-o", tmp_path / "run", *TINY)
    assert "done after 1 epochs; best on dev: epoch 0" in trained.stdout
    assert "epoch 0: train loss" in trained.stderr
    judged = called("evaluate", tmp_path / "run", out, "--resamples", "50")
    assert "APCER (worst:" in judged.stdout
    assert "95% interval" in judged.stdout
    values = json.loads(called("evaluate", tmp_path / "run", out, "--json").stdout)
    assert values["counts"] == {"bonafide": 12, "print": 6, "replay": 6}


def test_a_rule_is_judged_beside_a_network(out, run, tmp_path):
    fitted = called("train", out, "-o", tmp_path / "base", "--model", "radial", "--frames", "3")
    assert fitted.stdout.startswith("fitted; on dev: loss 0.")
    table = called("evaluate", tmp_path / "base", run, out, "--resamples", "50").stdout
    assert table.startswith("on test: 12 bonafide, 6 print, 6 replay; 6 independent units")
    rows = [line.split() for line in table.splitlines()[3:5]]
    assert [row[0] for row in rows] == [str(tmp_path / "base"), str(run)]
    held = json.loads((tmp_path / "base/metrics.json").read_text())
    assert rows[0][1] == f"{100 * held['acer']:.2f}"


def test_settings_come_from_scale_file_and_flags_in_this_order(tmp_path):
    (tmp_path / "more.toml").write_text(
        'width = 4\nbatch-size = 4\nbalance = "pai"\nlabels = ["bonafide", "attack"]\n'
    )
    config = TrainConfig.at_scale("cpu", file=tmp_path / "more.toml", batch_size=6)
    assert (config.frames, config.width, config.batch_size, config.balance) == (4, 4, 6, "pai")
    with pytest.raises(ArgumentError, match="config: cannot read"):
        TrainConfig.at_scale("cpu", file=tmp_path / "none.toml")


def test_scales_of_the_command_are_those_of_the_library():
    assert tuple(SCALES) == module.SCALES
    assert get_args(Model) == module.MODELS


def test_arms_are_listed(tmp_path):
    assert "mix-high+bandpass  bona fide only" in called("ablate", "x", "-o", "y", "--arms", "list").stdout


def test_help_does_not_load_torch():
    code = "import sys, specaug_cli.main; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_two_processes_train_one_network(out, tmp_path):
    """torchrun on two ranks: each has half of the rows, both end with what rank 0 writes."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "specaug"]
    done = subprocess.run(
        [sys.executable, *words, "train", out, "-o", tmp_path / "run", *TINY, "--json", "-q"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]  # one rank talks
    assert json.loads(line)["epochs"] == 1
    consumers = load_checkpoint(tmp_path / "run", "checkpoints/last.pt")["consumers"]
    assert consumers == [2, 1]
    assert load_checkpoint(tmp_path / "run", BEST)["epoch"] == 0
