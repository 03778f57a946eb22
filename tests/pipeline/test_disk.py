"""A disk that is full, or may not be written to, at any moment: what is finished stays, and the rest follows later."""

from __future__ import annotations

import csv
import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pyarrow.parquet as pq
import pytest
import small_disk
from building import SMALL, everything, scene

from specaug.errors import ArgumentError, NoSpaceError
from specaug.pipeline import build_dataset
from specaug.shards import verify

PLACES = {
    "lock": (Path, "write_text", "lock"),
    "plan": (Path, "open", "-plan.json"),
    "skipped": (pq.ParquetWriter, "write_table", "media: bool"),
    "end of skipped": (pq.ParquetWriter, "close", "media: bool"),
    "clips": (pq.ParquetWriter, "write_table", "clip_id"),
    "end of clips": (pq.ParquetWriter, "close", "clip_id"),
    "failures": (pq.ParquetWriter, "write_table", "attempts"),
    "end of failures": (pq.ParquetWriter, "close", "attempts"),
    "receipt": (Path, "write_bytes", "dev-00000-of-00001.json"),
    "sync": (os, "fsync", ""),
    "rename": (os, "replace", "dev-00000-of-00001.parquet"),
    "manifest": (Path, "write_bytes", "manifest.jsonl"),
    "card": (Path, "write_bytes", "README.md"),
}
"""(owner, function, what its arguments name)"""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def break_disk(monkeypatch: pytest.MonkeyPatch, place: str, number: int) -> None:
    """Let one kind of write fail from now on."""
    owner, name, what = PLACES[place]
    function = getattr(owner, name)

    def fail(*args: Any, **kwargs: Any) -> Any:
        schema = getattr(args[0], "schema", "")  # of a writer of tables
        if what in " ".join(map(str, (*args[:2], schema))):
            raise OSError(number, os.strerror(number))
        return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, fail)


@pytest.fixture
def few(raw) -> Path:
    """Two shards, clips and failures in each."""
    for name in ("0", "1", "2", "3", "4"):
        shutil.rmtree(next(raw.rglob(f"s{name}")))
    (raw / "dev/live/s7/text.mp4").write_text("no video")
    return raw


@pytest.mark.parametrize(("place", "number"), [(p, FULL[i % 3]) for i, p in enumerate(PLACES)])
def test_a_full_disk_at_any_write_keeps_what_is_finished(few, tmp_path, place, number):
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        break_disk(patch, place, number)
        with pytest.raises(
            NoSpaceError, match=f"no space left on the disk that holds OUT: {os.strerror(number)}"
        ):
            build_dataset(few, out, SMALL)
    assert not list(out.glob(".specaug/tmp/*"))
    assert (out / ".specaug/lock").read_text() == ""
    build_dataset(few, out, SMALL)
    build_dataset(few, tmp_path / "reference", SMALL)
    assert everything(out) == everything(tmp_path / "reference")
    assert verify(out).ok


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
@pytest.mark.parametrize("place", ["lock", "plan", "clips", "rename"])
def test_an_out_that_may_not_be_written_to_is_named(few, tmp_path, monkeypatch, place, number):
    break_disk(monkeypatch, place, number)
    with pytest.raises(ArgumentError, match=f"out: cannot be written: {os.strerror(number)}: '.*/out'"):
        build_dataset(few, tmp_path / "out", SMALL)
    assert not list((tmp_path / "out").glob(".specaug/tmp/*"))


def test_a_limit_on_the_size_of_files_is_met(few, tmp_path):
    """The kernel's own EFBIG, in Arrow's writer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(NoSpaceError, match="File too large"):
            build_dataset(few, tmp_path / "out", SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    build_dataset(few, tmp_path / "out", SMALL)
    assert verify(tmp_path / "out").ok


@pytest.fixture
def boxes(tmp_path) -> Path:
    """Photos with given boxes."""
    raw = tmp_path / "raw of boxes"
    raw.mkdir()
    (raw / "boxes.face").write_text("0 40 20 80 80\n")
    with (raw / "sources.csv").open("w", newline="") as listing:
        rows = csv.writer(listing)
        rows.writerow(["path", "label", "boxes"])
        for number in range(8):
            cv2.imwrite(str(raw / f"{number}.png"), scene(number, 0))
            rows.writerow([f"{number}.png", "bonafide", "boxes.face"])
    return raw


def test_a_small_disk_of_its_own(boxes, tmp_path):
    (tmp_path / "disk").mkdir()
    program = Path(small_disk.__file__)
    command = [sys.executable, program, boxes, tmp_path / "disk", tmp_path / "copy"]
    allowed = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path / "disk"],
        capture_output=True,
        check=False,
    )
    if allowed.returncode:
        pytest.skip("no file system of one's own: user namespaces are not allowed here")
    done = subprocess.run(["unshare", "-rm", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["full"][0] == 8, report["full"]
    assert "no space left on the disk that holds OUT" in report["full"][1]
    assert 0 < report["kept"] < 8
    assert report["left"] == 0
    assert report["more"][0] == 0, report["more"]
    assert report["read_only"][0] == 2
    assert "out: cannot be written: Read-only file system" in report["read_only"][1]
    assert small_disk.build(boxes, tmp_path / "reference")[0] == 0
    found, wanted = everything(tmp_path / "copy"), everything(tmp_path / "reference")
    for files in (found, wanted):
        files.pop(".specaug/raw.json", None)  # RAW lies elsewhere, seen from the disk
    assert found == wanted
