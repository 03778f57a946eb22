"""The whole way on small generated media, with a detector that always sees a face in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from specaug import worker
from specaug.align import align_face, template
from specaug.build import Progress, build_dataset, finalize, plan_only, shard
from specaug.demo import make_demo
from specaug.errors import ArgumentError, BuildLockedError, NothingToDoError, PlanMismatchError, SpecaugError
from specaug.media.write import write_video
from specaug.records import BuildConfig, BuildReport, Face
from specaug.shards import decode_image, sha256, verify

SMALL = BuildConfig(frames=4, size=64, min_face=20, jobs=1)
WIDTH, HEIGHT, FRAMES = 160, 120, 12


class MiddleFace:
    """Sees one face, upright, in the middle of every picture that is not black."""

    name, version = "middle", "1"

    def __call__(self, image: np.ndarray) -> list[Face]:
        if image.max() < 40:
            return []
        center = np.array([image.shape[1] / 2, image.shape[0] / 2])
        points = (template(80, 1.0) - 40 + center).astype(np.float32)
        box = np.concatenate([center - 40, center + 40]).astype(np.float32)
        return [Face(box, points, 0.9)]

    def refine(self, image: np.ndarray, face: Face) -> Face:
        return face


def scene(number: int, t: int) -> np.ndarray:
    """A smooth picture that differs by number and moves with t."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    waves = [
        np.sin((x + 2 * t) / (9 + c + number % 5) + number) + np.cos(y / (7 + c) + number) for c in range(3)
    ]
    return np.clip(128 + 50 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


def add_video(path: Path, number: int, *, black: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = (scene(number, t) * (0 if black else 1) for t in range(FRAMES))
    write_video(path, frames, fps=24)


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("media") / "raw"
    for i in range(6):
        add_video(root / f"train/{'live' if i % 2 else 'spoof/print'}/s{i}/{i}.mp4", i)
    add_video(root / "dev/live/s7/7.mp4", 7)
    add_video(root / "train/live/s8/dark.mp4", 8, black=True)
    (root / "train/live/s8/text.mp4").write_text("not a video")
    (root / "train/live/s8/empty.mp4").write_bytes(b"")
    shutil.copy(root / "train/live/s1/1.mp4", root / "train/live/s1/copy.mp4")
    (root / "notes.txt").write_text("notes")
    cv2.imwrite(str(root / "dev/live/s7/photo.png"), scene(9, 0)[..., ::-1])
    return root


@pytest.fixture
def raw(media, tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(worker, "_detector", lambda name, model: MiddleFace())
    # In this process, where the detector above is known; test_isolate and the tests below cover the child.
    monkeypatch.setattr(
        shard, "work_on", lambda s, config, raw, watch: worker.extract(s, config, raw=raw, watch=watch)
    )
    shutil.copytree(media, tmp_path / "raw")
    return tmp_path / "raw"


def hashes(out: Path) -> dict[str, str]:
    """Digest of every file that is data, by name."""
    folders = ("data", "failures")
    files = [path for folder in folders for path in sorted((out / folder).rglob("*.parquet"))]
    return {path.relative_to(out).as_posix(): sha256(path) for path in files}


def rows_of(out: Path) -> list[dict]:
    return [
        row for path in sorted((out / "data").rglob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def failures(out: Path) -> dict[str, tuple[str, str]]:
    tables = [pq.read_table(path).to_pylist() for path in sorted((out / "failures").glob("*.parquet"))]
    return {row["source_path"]: (row["stage"], row["reason"]) for table in tables for row in table}


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
    assert report == BuildReport(
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


def test_a_video_gives_as_many_frames_as_asked_or_as_it_has(raw, tmp_path):
    build_dataset(raw, tmp_path / "a", SMALL)
    build_dataset(raw, tmp_path / "b", BuildConfig(frames=40, size=64, min_face=20, jobs=1))
    for out, n in (("a", 4), ("b", FRAMES)):
        lengths = {len(r["frames"]) for r in rows_of(tmp_path / out) if r["source_path"].endswith("mp4")}
        assert lengths == {n}
    (row,) = (r for r in rows_of(tmp_path / "a") if r["subject"] == "s1")
    assert row["frame_index"] == [1, 4, 7, 10]
    assert np.allclose(row["pts_seconds"], np.array([1, 4, 7, 10]) / 24)


def test_several_clips_a_video_do_not_share_frames(raw, tmp_path):
    report = build_dataset(
        raw, tmp_path / "out", BuildConfig(frames=3, clips=2, size=64, min_face=20, jobs=1)
    )
    mine = [r for r in rows_of(tmp_path / "out") if r["subject"] == "s1"]
    assert [r["frame_index"] for r in mine] == [[1, 3, 4], [7, 9, 10]]
    assert len({r["clip_id"] for r in mine}) == 2
    assert report.sources == 12
    assert report.failures == 4


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


@pytest.mark.parametrize("out", ["raw", "raw/out", "."])
def test_out_and_raw_lie_apart(raw, tmp_path, out):
    with pytest.raises(ArgumentError, match="out: expected"):
        build_dataset(raw, tmp_path / out, SMALL)


def test_folders_that_cannot_be_used(raw, tmp_path):
    with pytest.raises(ArgumentError, match="raw: expected an existing folder"):
        build_dataset(tmp_path / "none", tmp_path / "out", SMALL)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArgumentError, match="out: expected a folder, got the file"):
        build_dataset(raw, tmp_path / "file", SMALL)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("x")
    with pytest.raises(ArgumentError, match="with other files"):
        build_dataset(raw, tmp_path / "full", SMALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDoError, match="RAW is empty"):
        build_dataset(tmp_path / "empty", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_a_living_builder_keeps_others_out(raw, tmp_path):
    out = tmp_path / "out"

    def second(state: Progress) -> None:
        with pytest.raises(BuildLockedError, match="another build holds OUT: process"):
            build_dataset(raw, out, SMALL)

    build_dataset(raw, out, SMALL, progress=second)
    assert (out / ".specaug/lock").read_text() == ""


def test_the_lock_of_a_dead_process_is_taken_over(raw, tmp_path):
    lock = tmp_path / "out/.specaug/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": 2**22 + 1}))
    assert build_dataset(raw, tmp_path / "out", SMALL).clips == 8


def test_the_word_of_a_holder_that_is_silent_for_long_does_not_count(raw, tmp_path):
    lock = tmp_path / "out/.specaug/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"host": "another", "pid": 1}))
    with pytest.raises(BuildLockedError, match="process 1 on another"):
        build_dataset(raw, tmp_path / "out", SMALL)
    os.utime(lock, (0, 0))
    assert build_dataset(raw, tmp_path / "out", SMALL).clips == 8


def test_a_part_and_the_whole_keep_each_other_out(raw, tmp_path):
    out = tmp_path / "out"
    part = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=0, shard_count=2)
    other = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=1, shard_count=2)

    def beside_the_part(state: Progress) -> None:
        for again in (SMALL, part):
            with pytest.raises(BuildLockedError, match="another build holds OUT"):
                build_dataset(raw, out, again)
        with pytest.raises(BuildLockedError):
            finalize(out)
        build_dataset(raw, out, other)

    build_dataset(raw, out, part, progress=beside_the_part)

    def beside_the_whole(state: Progress) -> None:
        with pytest.raises(BuildLockedError, match="another build holds OUT"):
            build_dataset(raw, out, part)

    build_dataset(raw, out, SMALL, progress=beside_the_whole)
    assert verify(out).ok


def test_an_out_that_cannot_be_made_is_an_argument_error(raw, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArgumentError, match="out: cannot be written"):
        build_dataset(raw, tmp_path / "file" / "out", SMALL)


def test_failures_of_a_run_that_was_killed_do_not_stay(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    name = "dev-00000-of-00001"
    shutil.copy(
        next((out / "failures").glob("failures-train-*.parquet")),
        out / "failures" / f"failures-{name}.parquet",
    )
    (out / f".specaug/done/{name}.json").unlink()
    build_dataset(raw, out, SMALL)
    assert verify(out).ok


def test_a_box_without_landmarks_in_one_frame_leaves_the_others_their_warp(raw, tmp_path, monkeypatch):
    class Sometimes(MiddleFace):
        calls = 0

        def refine(self, image: np.ndarray, face: Face) -> Face:
            type(self).calls += 1
            turned = face.landmarks @ np.array([[0.96, 0.28], [-0.28, 0.96]], np.float32)
            return Face(face.box, turned * np.float32(np.nan if self.calls == 1 else 1), face.score)

    monkeypatch.setattr(worker, "_detector", lambda name, model: Sometimes())
    one = tmp_path / "one"
    shutil.copytree(raw / "train/live/s1", one / "live/s1")
    (one / "live/s1/copy.mp4").unlink()
    build_dataset(one, tmp_path / "out", SMALL)
    (row,) = rows_of(tmp_path / "out")
    assert row["warp"][0] == row["warp"][3]
    assert np.arctan2(row["warp"][0][3], row["warp"][0][0]) == pytest.approx(
        -np.arctan2(0.28, 0.96), abs=1e-3
    )


def test_clips_are_fewer_rather_than_shorter(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", BuildConfig(frames=5, clips=4, size=64, min_face=20, jobs=1))
    mine = [r for r in rows_of(tmp_path / "out") if r["subject"] == "s1"]
    assert [len(r["frames"]) for r in mine] == [5, 5]


def test_a_raw_buffer_too_large_for_a_row_is_known_before_decoding(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "MAX_ROW_BYTES", 4 * 64 * 64 * 3 - 1)
    config = BuildConfig(frames=4, size=64, min_face=20, jobs=1, image_format="raw")
    report = build_dataset(raw, tmp_path / "out", config)
    assert report.by_reason["row_too_large"] == 8  # all videos, the dark one too: nothing was looked at
    assert report.clips == 1


def test_a_defect_of_ours_is_called_internal_and_stops_nothing(raw, tmp_path, monkeypatch, caplog):
    class Broken(MiddleFace):
        def refine(self, image: np.ndarray, face: Face) -> Face:
            raise ZeroDivisionError

    monkeypatch.setattr(worker, "_detector", lambda name, model: Broken())
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert report.by_reason["internal"] == 8
    assert "ZeroDivisionError" in caplog.text


def test_a_face_below_the_smallest_size_is_refused(raw, tmp_path):
    report = build_dataset(raw, tmp_path / "out", BuildConfig(frames=4, size=64, min_face=90, jobs=1))
    assert report.by_reason["face_too_small"] == 8


@pytest.mark.parametrize("align", ["clip", "frame", "box"])
def test_each_way_of_aligning_gives_its_warp(raw, tmp_path, align):
    build_dataset(raw, tmp_path / "out", BuildConfig(frames=2, size=64, min_face=20, jobs=1, align=align))
    (row,) = (r for r in rows_of(tmp_path / "out") if r["subject"] == "s1")
    a, b, _, c, d, _ = row["warp"][0]
    assert (b, c) == pytest.approx((0, 0), abs=1e-6)
    assert a == pytest.approx(d)
    assert 1 / a == pytest.approx(row["scale"][0], rel=1e-5)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """A small simulated raw set in which the default detector finds its faces."""
    raw = tmp_path_factory.mktemp("drawn") / "raw"
    make_demo(raw, subjects=6, seed=1, jobs=2, frames=4, size=(320, 240))
    return raw


def test_the_number_of_workers_and_kills_change_no_byte(drawn, tmp_path):
    config = BuildConfig(frames=3, size=64, min_face=20, sources_per_shard=2, jobs=1)
    report = build_dataset(drawn, tmp_path / "one", config)
    assert (report.clips, report.failures) == (24, 0)
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


def test_a_source_that_takes_too_long_is_a_failure_of_its_own(drawn, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(drawn / "dev/attack/print", raw / "attack/print")
    report = build_dataset(raw, tmp_path / "out", BuildConfig(frames=3, jobs=1, timeout=0.01))
    assert report.by_reason == {"timeout": report.sources}
    assert report.sources > 0
    assert verify(tmp_path / "out").ok


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GiB", 4 << 30),
        ("1500 MiB", 1500 << 20),
        ("2g", 2 << 30),
        ("700000000", 700000000),
        ("0.5GB", 1 << 29),
    ],
)
def test_sizes_of_memory(text, size):
    assert BuildConfig(max_memory=text).memory_limit() == size


@pytest.mark.parametrize("text", ["", "much", "4TiB", "-1GiB"])
def test_what_is_no_size_of_memory(text):
    with pytest.raises(ArgumentError, match="max_memory: expected a size such as 4GiB"):
        BuildConfig(max_memory=text)


class TestVerify:
    """Each kind of damage is found and the file named."""

    @pytest.fixture
    def out(self, raw, tmp_path) -> Path:
        build_dataset(raw, tmp_path / "out", SMALL)
        assert verify(tmp_path / "out").problems == ()
        assert verify(tmp_path / "out").clips == 8
        return tmp_path / "out"

    def problem(self, out: Path) -> tuple[str, str]:
        report = verify(out)
        assert not report.ok
        return report.problems[0].kind, report.problems[0].file

    def test_a_flipped_byte(self, out):
        name = "data/captured/train-00000-of-00003.parquet"
        data = bytearray((out / name).read_bytes())
        data[len(data) // 2] ^= 1
        (out / name).write_bytes(data)
        assert self.problem(out) == ("checksum", name)

    def test_a_missing_shard(self, out):
        name = "data/captured/dev-00000-of-00001.parquet"
        (out / name).unlink()
        assert self.problem(out) == ("missing", name)

    def test_a_file_that_does_not_belong(self, out):
        name = "data/captured/train-00009-of-00003.parquet"
        shutil.copy(out / "data/captured/train-00000-of-00003.parquet", out / name)
        assert self.problem(out) == ("unexpected", name)

    @pytest.mark.parametrize(
        "damage", [{"settings": 5}, {"clips": "8"}, {"failures": {"no_face": 7}}, {"sources": 13}]
    )
    def test_a_manifest_that_was_changed(self, out, damage):
        head, *lines = (out / "manifest.jsonl").read_text().splitlines()
        (out / "manifest.jsonl").write_text("\n".join([json.dumps({**json.loads(head), **damage}), *lines]))
        report = verify(out)
        assert {p.file for p in report.problems} == {"manifest.jsonl"}
        assert {p.kind for p in report.problems} <= {"schema", "count"}

    def test_a_manifest_that_points_elsewhere(self, out):
        text = (out / "manifest.jsonl").read_text()
        (out / "manifest.jsonl").write_text(text.replace("data/captured/dev", "../captured/dev"))
        assert self.problem(out) == ("schema", "manifest.jsonl")

    def test_a_missing_card(self, out):
        (out / "README.md").unlink()
        assert self.problem(out) == ("missing", "README.md")

    def test_a_missing_manifest(self, out):
        (out / "manifest.jsonl").unlink()
        assert self.problem(out) == ("missing", "manifest.jsonl")

    def test_a_subject_in_two_splits(self, raw, tmp_path, out):
        add_video(raw / "test/live/s1/leak.mp4", 40)
        build_dataset(raw, out, SMALL)
        report = verify(out)
        assert [p.kind for p in report.problems] == ["leakage"]
        assert "subject 's1' is in test here and in train" in report.problems[0].detail

    def test_rows_that_are_gone(self, out):
        name = "data/captured/train-00000-of-00003.parquet"
        table = pq.read_table(out / name)
        pq.write_table(table.slice(1), out / name)
        kinds = {problem.kind for problem in verify(out).problems if problem.file == name}
        assert kinds == {"checksum", "count"}


def test_the_sum_is_checked(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", SMALL)
    file = tmp_path / "out/.specaug/done/dev-00000-of-00001.json"
    receipt = json.loads(file.read_text())
    receipt["with_clips"] -= 1
    file.write_text(json.dumps(receipt))
    with pytest.raises(SpecaugError, match="the sum does not hold"):
        finalize(tmp_path / "out")


def test_hugging_face_datasets_reads_it_without_code(raw, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    build_dataset(raw, tmp_path / "out", SMALL)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 6, "dev": 2}
    assert loaded["train"].features["label"].names == ["bonafide", "attack"]
    photo = next(row for row in loaded["dev"] if row["source_path"] == "dev/live/s7/photo.png")
    picture = photo["frames"][0]
    assert (picture.size, picture.mode) == ((64, 64), "RGB")
    (row,) = (r for r in rows_of(tmp_path / "out") if r["source_path"] == "dev/live/s7/photo.png")
    assert np.array_equal(np.asarray(picture), decode_image(row["frames"][0]["bytes"]))


def test_sets_of_raw_buffers_load_too(raw, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    build_dataset(
        raw, tmp_path / "out", BuildConfig(frames=2, size=64, min_face=20, jobs=1, image_format="raw")
    )
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded[0]["frames_raw"]) == 2 * 64 * 64 * 3


def test_given_boxes_are_used_and_their_absence_is_a_failure(media, tmp_path):
    raw = tmp_path / "raw"
    shutil.copytree(media / "train/live/s1", raw / "live/s1")
    shutil.copytree(media / "train/live/s3", raw / "live/s3")
    (raw / "live/s1/1.face").write_text("".join(f"{t} {40 + t} 20 80 80\n" for t in range(FRAMES)))
    config = BuildConfig(frames=2, size=64, min_face=20, jobs=1, detector="sidecar", align="box")
    build_dataset(raw, tmp_path / "out", config)
    (row,) = rows_of(tmp_path / "out")
    assert row["frame_index"] == [3, 8]
    assert row["box"] == [[43, 20, 123, 100], [48, 20, 128, 100]]
    # One upright square about the mean box, 1.3 times as wide.
    gain = 64 / (80 * 1.3)
    assert row["warp"][0] == pytest.approx([gain, 0, 31.5 - gain * 85.5, 0, gain, 31.5 - gain * 60], rel=1e-5)
    assert failures(tmp_path / "out")["live/s3/3.mp4"] == ("detect", "no_face")
