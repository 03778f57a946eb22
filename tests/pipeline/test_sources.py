"""What becomes of a source: its clips, its warps, its failures."""

from __future__ import annotations

import errno
import shutil

import av
import cv2
import numpy as np
import pytest
from building import FRAMES, SMALL, MiddleFace, failures, in_process_with, rows_of

from specaug.errors import ArgumentError
from specaug.extract import make_clip
from specaug.pipeline import build_dataset, shard
from specaug.records import BuildConfig, Face
from specaug.shards import verify


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


def test_a_box_without_landmarks_in_one_frame_leaves_the_others_their_warp(raw, tmp_path, monkeypatch):
    class Sometimes(MiddleFace):
        calls = 0

        def refine(self, image: np.ndarray, face: Face) -> Face:
            type(self).calls += 1
            turned = face.landmarks @ np.array([[0.96, 0.28], [-0.28, 0.96]], np.float32)
            return Face(face.box, turned * np.float32(np.nan if self.calls == 1 else 1), face.score)

    monkeypatch.setattr(shard, "work_on", in_process_with(Sometimes()))
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
    monkeypatch.setattr(make_clip, "MAX_ROW_BYTES", 4 * 64 * 64 * 3 - 1)
    config = BuildConfig(frames=4, size=64, min_face=20, jobs=1, image_format="raw")
    report = build_dataset(raw, tmp_path / "out", config)
    assert report.by_reason["row_too_large"] == 8  # all videos, the dark one too: nothing was looked at
    assert report.clips == 1


def test_a_defect_of_ours_is_called_internal_and_stops_nothing(raw, tmp_path, monkeypatch, caplog):
    class Broken(MiddleFace):
        def refine(self, image: np.ndarray, face: Face) -> Face:
            raise ZeroDivisionError

    monkeypatch.setattr(shard, "work_on", in_process_with(Broken()))
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert report.by_reason["internal"] == 8
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("library", ["opencv", "numpy", "pillow", "pyav", "system"])
def test_a_failed_allocation_is_out_of_memory_whoever_reports_it(raw, tmp_path, monkeypatch, library):
    def fail() -> None:
        if library == "opencv":
            cv2.copyMakeBorder(np.zeros((1, 1, 3), np.uint8), 0, 1 << 30, 0, 1 << 24, cv2.BORDER_CONSTANT)
        if library == "numpy":
            np.empty((1 << 30, 1 << 30), np.uint8)
        if library == "pillow":
            raise MemoryError
        if library == "pyav":
            av.error.err_check(-errno.ENOMEM)
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    class Hungry(MiddleFace):
        def refine(self, image: np.ndarray, face: Face) -> Face:
            fail()
            return face

    monkeypatch.setattr(shard, "work_on", in_process_with(Hungry()))
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert report.by_reason["out_of_memory"] == 8
    assert "internal" not in report.by_reason


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
