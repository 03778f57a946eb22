"""Killed at each step of the commit, a build or a retry ends in the same bytes as without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from building import scene


@pytest.fixture
def photos(tmp_path) -> Path:
    """Three photos and a text file in two splits: one shard each, clips and failures in the first."""
    raw = tmp_path / "raw"
    names = (
        "train/live/s1/1.png",
        "train/spoof/print/s1/2.png",
        "train/live/s1/new.png",
        "dev/live/s2/3.png",
    )
    for number, name in enumerate(names):
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(raw / name), scene(number, 0))
    (raw / "train/live/s1/text.png").write_text("no picture")
    return raw


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (
            "build",
            ["replace plan", "replace data", "replace failures", "replace done", "replace manifest"],
        ),
        (
            "extend",
            ["replace plan", "replace data", "replace done", "replace dataset_info", "replace README"],
        ),
        ("retry", ["replace change", "replace plan", "replace data", "replace failures", "replace done"]),
    ],
)
def test_killed_at_every_step_the_next_run_ends_in_the_same_bytes(photos, tmp_path, action, expected):
    program = Path(__file__).parent / "kill_steps.py"
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, program, photos, tmp_path / "work", action],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(expected) <= report["steps"].keys()
    assert report["wrong"] == []
    assert report["kills"] >= 30
