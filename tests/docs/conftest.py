"""A folder such as the pages talk about."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from specaug.pipeline import build_dataset
from specaug.records import BuildConfig

sys.path.insert(0, str(Path(__file__).parent))
sys.path += [str(Path(__file__).parents[1] / name) for name in ("catalog", "pipeline", "integrations")]


@pytest.fixture(scope="session")
def workplace(drawn, made_once) -> Path:
    """``raw`` and ``out`` of a small simulated set, the same without splits, and named as OULU-NPU does."""
    return made_once("workplace", partial(_furnish, drawn=drawn))


def _furnish(folder: Path, *, drawn: Path) -> None:
    shutil.copytree(drawn, folder / "raw")
    build_dataset(folder / "raw", folder / "out", BuildConfig(frames=4, jobs=1))
    for split, user in (("Train", "01"), ("Dev", "21"), ("Test", "36")):
        for kind, number in (("bonafide", 1), ("attack/print", 2), ("attack/replay", 4)):
            session = 3 if split == "Test" else 1
            source = sorted((folder / "raw").glob(f"*/{kind}/*/*.mp4"))[int(user) // 20]
            target = folder / f"oulu/{split}_files/1_{session}_{user}_{number}.avi"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for path in (folder / "raw").glob("*/*"):
        if path.is_dir():
            shutil.copytree(path, folder / "unsplit" / path.name, dirs_exist_ok=True)
    for number in range(4, 13):  # three subjects are too few for shares of 70, 15 and 15
        (folder / f"unsplit/bonafide/s{number:03}").mkdir()
        (folder / f"unsplit/bonafide/s{number:03}/clip1.mp4").write_text(f"{number}")
    (folder / "key.txt").write_text("a key of thirty-two letters or more, for tests")


@pytest.fixture
def at_work(workplace, tmp_path, monkeypatch) -> Path:
    """A copy of the workplace as the current folder."""
    shutil.copytree(workplace, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"
