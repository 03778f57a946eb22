"""Whether what was built is what is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from building import SMALL, add_video, rows_of

from specaug.build import build_dataset, finalize
from specaug.errors import SpecaugError
from specaug.records import BuildConfig
from specaug.shards import decode_image, verify


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
        assert report.problems[-1].file == "manifest.jsonl"
        assert {p.file for p in report.problems} <= {"manifest.jsonl", "dataset_info.json"}
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
