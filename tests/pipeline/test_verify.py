"""Whether what was built is what is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import SMALL, add_video, in_process, rows_of

from specaug.errors import SpecaugError
from specaug.pipeline import build_dataset, finalize, shard
from specaug.records import BuildConfig, Receipt
from specaug.shards import data_file, decode_image, sha256, staging, verify, write_receipt
from specaug.shards.leaks import Seen
from specaug.shards.recorded import Planned, plan_problem


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


@pytest.fixture(scope="module")
def built(tmp_path_factory, media) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard, "work_on", in_process)
        folder = tmp_path_factory.mktemp("recorded")
        build_dataset(media, folder / "out", SMALL)
    return folder / "out"


class TestEverythingRecorded:
    """What OUT says of itself in several places has to agree; each damage is found where it was done."""

    @pytest.fixture
    def out(self, built, tmp_path) -> Path:
        shutil.copytree(built, tmp_path / "out")
        return tmp_path / "out"

    def change(self, file: Path, change: Callable[[Any], object]) -> None:
        value = json.loads(file.read_text())
        change(value)
        file.write_text(json.dumps(value))

    def problems(self, out: Path) -> list[tuple[str, str]]:
        return [(problem.kind, problem.file) for problem in verify(out).problems]

    def test_settings_of_the_plan(self, out):
        self.change(out / ".specaug/plan.json", lambda plan: plan["settings"].update(size=65))
        problems = self.problems(out)
        assert problems[0] == ("count", ".specaug/plan.json")
        assert len(problems) == 5  # the hash of each of four shards is tied to the settings

    def test_a_source_that_was_planned_and_is_nowhere(self, out):
        def add(plan: Any) -> None:
            plan["shards"][0]["sources"].append({**plan["shards"][0]["sources"][0], "source_id": "0" * 32})

        self.change(out / ".specaug/plan.json", add)
        assert self.problems(out) == [("count", ".specaug/plan.json")]

    def test_a_planned_shard_that_the_manifest_does_not_name(self, out):
        lines = (out / "manifest.jsonl").read_text().splitlines()
        (out / "manifest.jsonl").write_text("\n".join(lines[:-1]) + "\n")
        assert ("missing", "manifest.jsonl") in self.problems(out)

    def test_a_shard_that_nobody_planned(self, out):
        self.change(out / ".specaug/plan.json", lambda plan: plan["shards"].pop())
        assert self.problems(out) == [("unexpected", "manifest.jsonl")]

    @pytest.mark.parametrize("text", ["", "{}", '{"settings": {}, "shards": [3]}'])
    def test_a_plan_that_is_none(self, out, text):
        (out / ".specaug/plan.json").write_text(text)
        assert self.problems(out)[0] == ("checksum", ".specaug/plan.json")
        (out / ".specaug/plan.json").unlink()
        assert self.problems(out) == [("missing", ".specaug/plan.json")]

    @pytest.mark.parametrize(
        "field", ["plan_hash", "split", "sources", "rows", "sha256", "failures", "failures_sha256"]
    )
    def test_a_receipt_that_says_otherwise(self, out, field):
        name = ".specaug/done/train-00000-of-00003.json"
        self.change(out / name, lambda receipt: receipt.update({field: "x"}))
        assert self.problems(out) == [("checksum", name)]

    def test_a_receipt_that_is_gone_or_too_many(self, out):
        done = out / ".specaug/done"
        (done / "dev-00000-of-00001.json").rename(done / "test-00000-of-00001.json")
        assert self.problems(out) == [
            ("missing", ".specaug/done/dev-00000-of-00001.json"),
            ("unexpected", ".specaug/done/test-00000-of-00001.json"),
        ]

    @pytest.mark.parametrize("field", ["settings", "failures", "splits"])
    def test_statistics_that_say_otherwise(self, out, field):
        self.change(out / "dataset_info.json", lambda info: info.update({field: {"train": 1}}))
        assert self.problems(out) == [("count", "dataset_info.json")]

    def test_a_copy_without_its_state_is_compared_with_the_manifest_alone(self, out):
        assert verify(out).with_plan
        shutil.rmtree(out / ".specaug")
        assert verify(out).ok
        assert not verify(out).with_plan

    def test_two_sources_that_became_one_in_such_a_copy(self, out):
        name = "data/captured/dev-00000-of-00001.parquet"
        self.rewrite(out, name, lambda row: {**row, "source_id": "f" * 32})
        shutil.rmtree(out / ".specaug")
        (problem,) = verify(out).problems
        assert problem.detail == "12 sources in all, 7 with clips and 4 failures in files"

    def test_failures_that_are_gone(self, out):
        name = next((out / "failures").glob("*train*")).relative_to(out).as_posix()
        pq.write_table(pq.read_table(out / name).slice(1), out / name)
        assert {kind for kind, file in self.problems(out) if file == name} >= {"checksum", "count"}

    def rewrite(self, out: Path, name: str, change: Callable[[dict], dict]) -> None:
        """Another file in place of one, with manifest and receipt that fit: what a careless tool would leave."""
        table = pq.read_table(out / name)
        rows = [change(row) for row in table.to_pylist()]
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), out / name)
        self.renew(out, name)

    def renew(self, out: Path, name: str) -> None:
        """Manifest and receipt that fit a file of clips as it is now."""
        digest = sha256(out / name)
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        for line in lines:
            if line.get("file") == name:
                line["sha256"] = digest
        (out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        receipt = out / f".specaug/done/{Path(name).stem}.json"
        self.change(receipt, lambda receipt: receipt.update(sha256=digest))

    def test_a_damaged_page_whose_digest_was_renewed(self, out):
        name = "data/captured/train-00000-of-00003.parquet"
        picture = pq.read_table(out / name).to_pylist()[0]["frames"][0]["bytes"]
        data = bytearray((out / name).read_bytes())
        data[bytes(data).index(picture) + len(picture) // 2] ^= 1
        (out / name).write_bytes(data)
        self.renew(out, name)
        assert self.problems(out) == [("checksum", name)]

    def test_columns_of_another_version(self, out):
        name = "data/captured/train-00000-of-00003.parquet"
        table = pq.read_table(out / name)
        pq.write_table(
            table.set_column(table.schema.names.index("fps"), "fps", table["fps"].cast("double")), out / name
        )
        self.renew(out, name)
        assert self.problems(out) == [("schema", name)]
        pq.write_table(table.replace_schema_metadata({}), out / name)
        self.renew(out, name)
        assert self.problems(out) == [("schema", name)]

    def test_lines_that_do_not_add_up(self, out):
        head, first, *rest = map(json.loads, (out / "manifest.jsonl").read_text().splitlines())
        first["sources"] += 1
        (out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (head, first, *rest)))
        self.change(
            out / f".specaug/done/{first['shard']}.json", lambda r: r.update(sources=first["sources"])
        )
        (problem,) = verify(out).problems
        assert (problem.kind, problem.file) == ("count", "manifest.jsonl")
        assert problem.detail == "12 sources in all, 13 in the shards' lines"

    def test_clips_of_another_source_than_planned(self, out):
        name = "data/captured/dev-00000-of-00001.parquet"
        self.rewrite(out, name, lambda row: {**row, "source_id": "f" * 32} if row["fps"] else row)
        (problem,) = verify(out).problems
        assert (problem.kind, problem.file) == ("count", ".specaug/plan.json")
        assert "of 2 planned sources 1 lost, 0 there twice; 1 not planned" in problem.detail

    def test_the_same_content_in_two_splits(self, out):
        first = pq.read_table(out / "data/captured/train-00000-of-00003.parquet").to_pylist()[0]
        name = "data/captured/dev-00000-of-00001.parquet"
        self.rewrite(out, name, lambda row: {**row, "frames": first["frames"]} if row["fps"] else row)
        (problem,) = verify(out).problems
        assert (problem.kind, problem.file) == ("leakage", name)
        assert "the content of clip" in problem.detail

    def test_a_row_of_another_split_or_origin(self, out):
        name = "data/captured/dev-00000-of-00001.parquet"
        self.rewrite(out, name, lambda row: {**row, "origin": "synthetic"})
        found = self.problems(out)
        assert found[:2] == [("leakage", name)] * 2  # two rows
        assert set(found[2:]) == {("count", "manifest.jsonl")}  # and so two captured clips less

    @pytest.mark.parametrize(
        ("split", "parent", "problem"),
        [
            ("train", None, ""),
            ("dev", None, "its parent"),
            ("train", "0" * 32 + "-000", "has no captured parent"),
            ("train", "itself", "has no captured parent"),
        ],
    )
    def test_synthetic_clips_go_with_their_parent(self, out, split, parent, problem):
        table = pq.read_table(out / "data/captured/train-00000-of-00003.parquet")
        row = table.to_pylist()[0]
        child = {**row, "clip_id": f"{row['clip_id']}-s0", "origin": "synthetic", "split": split}
        child |= {"parent_id": {None: row["clip_id"], "itself": child["clip_id"]}.get(parent, parent)}
        child |= {"source_id": None, "subject": None, "frames": [{"bytes": b"made", "path": None}]}
        name = f"{split}-00000-of-00001"
        file = data_file(out, name, origin="synthetic")
        file.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist([child], schema=table.schema), file)
        size = file.stat().st_size
        receipt = Receipt(name, "h", split, 1, size, sha256(file), 0, "", 1, 1, origin="synthetic")
        write_receipt(out, receipt)
        # Nothing names them yet.
        assert {kind for kind, _ in self.problems(out)} >= {"unexpected"}
        finalize(out)
        report = verify(out)
        assert report.clips == 9
        if not problem:
            assert report.ok
        else:
            (found,) = report.problems
            assert (found.kind, found.file) == ("leakage", file.relative_to(out).as_posix())
            assert problem in found.detail


@pytest.mark.parametrize(
    ("clips", "failed", "problem"),
    [
        ("aab", "c", None),
        ("aab", "", "1 lost, 0 there twice; 0 not planned"),
        ("abc", "c", "0 lost, 1 there twice; 0 not planned"),
        ("ab", "cc", "0 lost, 1 there twice; 0 not planned"),
        ("abcd", "", "0 lost, 0 there twice; 1 not planned"),
    ],
)
def test_each_planned_source_is_there_once(clips, failed, problem):
    found = plan_problem(Planned(frozenset("abc"), "hash"), {"plan_hash": "hash"}, clips, failed)
    assert found == (problem and f"of 3 planned sources {problem}")


ROW = {"clip_id": "c", "source_id": "s", "parent_id": None, "dataset": "d", "subject": "x", "content": b"1"}
OTHER = {
    **ROW,
    "clip_id": "d",
    "source_id": "t",
    "subject": "y",
    "content": b"2",
    "split": "dev",
    "origin": "captured",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"clip_id": "c"}, ["clip c is there twice"]),
        ({"source_id": "s"}, ["source_id 's' is in dev here and in train in a"]),
        ({"subject": "x"}, ["subject 'x' is in dev here and in train in a"]),
        ({"subject": "x", "dataset": "e"}, []),  # another person of that name
        ({"content": b"1"}, ["the content of clip d is in dev here and in train in a"]),
        ({"split": "test"}, ["a row of split 'test' in a file of 'dev'"]),
        ({"origin": "synthetic"}, ["a row of origin 'synthetic' in a file of 'captured'"]),
    ],
)
def test_what_two_splits_may_not_share(changes, expected):
    seen = Seen()
    train = {**ROW, "split": "train", "origin": "captured"}
    assert list(seen.leaks("a", [train], split="train", origin="captured")) == []
    assert list(seen.leaks("b", [{**OTHER, **changes}], split="dev", origin="captured")) == expected


def test_a_change_that_was_decided_counts_as_carried_out(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    name = "data/captured/dev-00000-of-00001.parquet"
    staged = staging(out) / name
    staged.parent.mkdir(parents=True)
    (out / name).rename(staged)
    assert [p.kind for p in verify(out).problems] == ["missing"]  # unfinished work does not count
    (staging(out) / "change.json").write_text(json.dumps({"files": [name], "removed": []}))
    assert verify(out).ok
    finalize(out)
    assert (out / name).exists()
    assert not staging(out).exists()
    assert verify(out).ok
