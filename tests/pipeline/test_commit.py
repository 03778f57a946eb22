"""Each step of a commit in its place: a power cut cannot be had in a test, so the order of calls is looked at."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from building import SMALL, rows_of

from specaug.errors import BuildLockedError
from specaug.pipeline import build_dataset, lock
from specaug.shards import STATE, verify, write_atomically, writer


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced, read back and renamed from now on, in its order; temporary files by their final name."""
    seen: list[str] = []

    def noted(owner: Any, name: str, what: str, at: int = 0) -> None:
        function = getattr(owner, name)

        def step(*args: Any) -> Any:
            path = Path(f"/proc/self/fd/{args[0]}").readlink() if isinstance(args[0], int) else Path(args[at])
            seen.append(f"{what} {re.sub('^[0-9a-f]{32}-', '', path.name)}")
            return function(*args)

        monkeypatch.setattr(owner, name, step)

    noted(os, "fsync", "sync")
    noted(os, "replace", "rename", at=1)
    noted(writer, "count_rows", "check")
    return seen


def test_a_file_is_on_the_disk_and_checked_before_it_has_its_name(tmp_path, steps):
    def fill(path: Path) -> None:
        steps.append("write")
        path.write_text("x")

    out = tmp_path / "out"
    out.mkdir()
    write_atomically(
        out / "data/x", fill, out=out, check=lambda path: steps.append(f"check {path.name[33:]}")
    )
    # First the new folder's name, at last the new file's.
    assert steps == ["sync out", "write", "sync x", "check x", "rename x", "sync data"]


@pytest.fixture
def few(raw) -> Path:
    """One shard with clips and failures."""
    shutil.rmtree(raw / "train")
    (raw / "dev/live/s7/text.mp4").write_text("no video")
    return raw


def test_plan_then_data_then_receipt_then_sums(few, tmp_path, steps):
    build_dataset(few, tmp_path / "out", SMALL)
    data, lost, done = (f"{name}dev-00000-of-00001" for name in ("", "failures-", ""))
    order = [step for step in steps if step.startswith("rename")]
    assert [name.removeprefix("rename ") for name in order if "raw.json" not in name] == [
        "plan.json",
        "skipped.parquet",
        f"{data}.parquet",
        f"{lost}.parquet",
        f"{done}.json",
        "dataset_info.json",
        "README.md",
        "croissant.json",
        "manifest.jsonl",
    ]
    for name, folder in ((data, "captured"), (lost, "failures")):
        at = steps.index(f"rename {name}.parquet")
        assert steps[at - 2 : at + 2] == [
            f"sync {name}.parquet",
            f"check {name}.parquet",
            f"rename {name}.parquet",
            f"sync {folder}",
        ]


def test_a_receipt_whose_failures_are_gone_does_not_count(few, tmp_path):
    out = tmp_path / "out"
    build_dataset(few, out, SMALL)
    (file,) = (out / "failures").iterdir()
    file.unlink()
    assert build_dataset(few, out, SMALL).done_before == 0
    assert file.exists()
    assert verify(out).ok


def test_temporary_files_of_those_who_were_killed_go(few, tmp_path):
    out = tmp_path / "out"
    build_dataset(few, out, SMALL)
    folder = out / STATE / "tmp"
    folder.mkdir(exist_ok=True)
    (folder / "of an earlier run").touch()

    def look(state: object) -> None:
        assert not list(folder.glob("*"))
        folder.mkdir(exist_ok=True)
        (folder / "of a worker").touch()

    build_dataset(few, out, SMALL, progress=look)
    assert not list(folder.glob("*"))
    assert len(rows_of(out)) == 2


@pytest.fixture
def held(tmp_path) -> Path:
    """The file that workers lock while they work."""
    (tmp_path / "out" / STATE).mkdir(parents=True)
    return tmp_path / "out" / STATE / "workers"


def is_locked(path: Path) -> bool:
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def test_no_builder_begins_while_a_worker_of_another_is_at_work(held, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "WORKERS_SECONDS", 0.2)
    out = tmp_path / "out"
    with (
        lock.at_work(out, builder=os.getppid()),
        pytest.raises(BuildLockedError, match="workers of an earlier build are still at work"),
        lock.hold(out),
    ):
        pass
    with lock.hold(out):
        assert not is_locked(held)


def test_a_worker_looks_for_its_builder_before_it_waits_and_after(held, tmp_path, monkeypatch):
    looks = []
    monkeypatch.setattr(lock, "end_with_builder", lambda builder: looks.append((builder, is_locked(held))))
    with lock.at_work(tmp_path / "out", builder=os.getppid()):
        pass
    assert looks == [(os.getppid(), False), (os.getppid(), True)]
