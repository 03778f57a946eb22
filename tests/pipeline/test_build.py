"""The whole way on small generated media, with a detector that always sees a face in the middle."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from building import SMALL, add_video, failures, hashes, rows_of, scene

from specaug.align import align_face
from specaug.errors import PlanMismatchError
from specaug.pipeline import Progress, build_dataset, finalize, plan_only
from specaug.records import BuildConfig, BuildReport
from specaug.shards import decode_image, verify


def test_every_source_is_a_row_or_a_failure(raw, tmp_path):
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert failures(tmp_path / "out") == {
        "train/live/s8/dark.mp4": ("detect", "no_face"),
        "train/live/s8/text.mp4": ("probe", "unreadable"),
        "train/live/s8/empty.mp4": ("probe", "unreadable"),
        # of two equal files the first in the order of names is kept
        "train/live/s1/copy.mp4": ("discover", "duplicate"),
    }
    built = {row["source_path"] for row in rows_of(tmp_path / "out")}
    assert len(built) == 8
    assert replace(report, warnings=()) == BuildReport(
        sources=12,
        clips=8,
        failures=4,
        by_reason={"duplicate": 1, "no_face": 1, "unreadable": 2},
        shards=4,
        skipped=1,
        table=(
            ("train", "bonafide", "none", 3),
            ("train", "attack", "print", 3),
            ("dev", "bonafide", "none", 2),
        ),
        done_before=0,
        seconds=report.seconds,
    )


def test_a_row_can_be_traced_to_its_pixels(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", SMALL)
    (row,) = (r for r in rows_of(tmp_path / "out") if r["source_path"] == "dev/live/s7/photo.png")
    crop, warp = align_face(scene(9, 0), np.reshape(row["landmarks"][0], (5, 2)), size=64, margin=1.3)
    assert np.allclose(np.reshape(row["warp"][0], (2, 3)), warp, atol=1e-4)
    assert np.array_equal(decode_image(row["frames"][0]["bytes"]), crop)
    assert row["scale"][0] == pytest.approx(80 * 1.3 / 64, rel=1e-4)
    assert (row["label"], row["split"], row["subject"], row["frame_index"]) == (0, "dev", "s7", [0])


def test_the_bytes_do_not_depend_on_where_raw_lies_or_on_shards_done_before(raw, tmp_path):
    build_dataset(raw, tmp_path / "a", SMALL)
    shutil.copytree(raw, tmp_path / "another place" / "raw")
    build_dataset(tmp_path / "another place" / "raw", tmp_path / "b", SMALL)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    # A run that was killed after one shard leaves its receipt; the rest is built by the next.
    for name in ("train-00001-of-00003", "dev-00000-of-00001"):
        (tmp_path / "b/.specaug/done" / f"{name}.json").unlink()
        (tmp_path / "b/data/captured" / f"{name}.parquet").unlink()
    again = build_dataset(raw, tmp_path / "b", SMALL)
    assert again.done_before == 2
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    manifests = [(tmp_path / out / "manifest.jsonl").read_text() for out in "ab"]
    assert manifests[0] == manifests[1]


def test_no_path_or_name_of_this_machine_is_in_any_byte(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", SMALL)
    needles = [str(tmp_path).encode(), str(Path.home()).encode() + b"/"]
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [needle for needle in needles if needle in data], path


def test_a_finished_build_is_a_no_op_and_new_files_are_added(raw, tmp_path):
    out = tmp_path / "out"
    first = build_dataset(raw, out, SMALL)
    stamps = {path: path.stat().st_mtime_ns for path in (out / "data").rglob("*.parquet")}
    again = build_dataset(raw, out, SMALL)
    assert again.done_before == first.shards
    assert (again.sources, again.clips) == (first.sources, first.clips)
    add_video(raw / "train/live/s1/new.mp4", 30)
    more = build_dataset(raw, out, SMALL)
    assert (more.sources, more.clips) == (first.sources + 1, first.clips + 1)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert verify(out).ok


def test_another_configuration_is_refused_and_overwrite_starts_again(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    before = hashes(out)
    other = BuildConfig(frames=2, size=64, min_face=20, jobs=1)
    with pytest.raises(PlanMismatchError, match="frames: OUT has 4, asked for 2"):
        build_dataset(raw, out, other)
    assert hashes(out) == before
    (out / "mine.txt").write_text("a user's own file")
    build_dataset(raw, out, other, overwrite=True)
    assert {len(r["frames"]) for r in rows_of(out)} == {1, 2}
    assert (out / "mine.txt").exists()
    assert verify(out).ok


def test_parts_are_finalized_to_the_same_bytes(raw, tmp_path):
    build_dataset(raw, tmp_path / "whole", SMALL)
    out = tmp_path / "parts"
    for index in range(2):
        part = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=index, shard_count=2)
        build_dataset(raw, out, part)
        if index == 0:
            with pytest.raises(PlanMismatchError, match="2 of 4 shards are not built"):
                finalize(out)
    finalize(out)
    assert hashes(out) == hashes(tmp_path / "whole")
    assert verify(out).ok


def test_progress_ends_at_the_sum(raw, tmp_path):
    states: list[Progress] = []
    report = build_dataset(raw, tmp_path / "out", SMALL, progress=states.append)
    assert states[0] == Progress(12, 0, 0, 0, 0)
    assert states[-1] == Progress(report.sources, report.sources, 0, report.clips, report.failures)


def test_dry_run_writes_nothing(raw, tmp_path):
    report = plan_only(raw, tmp_path / "out", SMALL)
    assert (report.sources, report.shards, report.by_reason) == (12, 4, {"duplicate": 1})
    assert not (tmp_path / "out").exists()


def test_the_number_of_workers_and_kills_change_no_byte(drawn, tmp_path):
    config = BuildConfig(frames=3, size=64, min_face=20, sources_per_shard=2, jobs=1)
    report = build_dataset(drawn, tmp_path / "one", config)
    assert (report.clips, report.failures) == (12, 0)
    build_dataset(drawn, tmp_path / "two", replace(config, jobs=2))
    assert hashes(tmp_path / "two") == hashes(tmp_path / "one")
    code = "import sys; from specaug_cli.main import main; main()"
    flags = ["--frames", "3", "--size", "64", "--min-face", "20", "--sources-per-shard", "2", "-j", "1", "-q"]
    command = [sys.executable, "-c", code, "build-dataset", str(drawn), str(tmp_path / "killed"), *flags]
    done = tmp_path / "killed/.specaug/done"
    for receipts in (1, 3):
        process = subprocess.Popen(command)
        while process.poll() is None and not (done.is_dir() and len(list(done.iterdir())) >= receipts):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    again = build_dataset(drawn, tmp_path / "killed", config)
    assert 3 <= again.done_before <= again.shards
    assert hashes(tmp_path / "killed") == hashes(tmp_path / "one")
    assert verify(tmp_path / "killed").ok
