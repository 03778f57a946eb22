"""What verify reports of an OUT: kind, file and words of each damage, and that one damage is one problem."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from finished_out import finalized, row_of, write_out, write_shard

from specaug.records import Failure
from specaug.shards import Problem, VerifyReport, data_file, failures_file, sha256, staging, verify

TRAIN, DEV, LOST = "train-00000-of-00001", "dev-00000-of-00001", "test-00000-of-00001"
TRAIN_FILE, DEV_FILE = f"data/captured/{TRAIN}.parquet", f"data/captured/{DEV}.parquet"
LOST_FILE = f"failures/failures-{LOST}.parquet"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Train with five clips of four sources in two groups, dev with one, test with failures alone."""
    rows = [row_of(i, pai="none" if i % 2 else "print") for i in range(4)]
    again = row_of(9, source_id="s3", subject="p3", pai="none")
    failures = {
        LOST: [
            Failure("s7", "s7.mp4", "test", "probe", "unreadable", "x"),
            Failure("s8", "s8.mp4", "test", "detect", "no_face", ""),
        ],
        TRAIN: [Failure("s3", "s3.mp4", "train", "encode", "row_too_large", "", frame_index=4)],
    }
    shards = {TRAIN: [*rows, again], DEV: [row_of(5, split="dev")], LOST: []}
    return write_out(tmp_path_factory.mktemp("verify") / "out", shards, failures=failures, group=3)


@pytest.fixture
def out(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "out"


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    """JSON, or JSON lines, as `change` makes it."""
    lines = path.suffix == ".jsonl"
    text = path.read_text()
    value = [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)
    value = change(value) or value
    path.write_text("".join(json.dumps(v) + "\n" for v in value) if lines else json.dumps(value))


def found(out: Path) -> list[tuple[str, str]]:
    report = verify(out)
    assert report.ok == (not report.problems)
    return [(problem.kind, problem.file) for problem in report.problems]


def test_an_out_as_it_was_written_is_fine(out):
    assert verify(out) == VerifyReport(clips=6, problems=(), with_plan=True)
    assert verify(str(out)).ok


def test_only_an_empty_report_is_fine():
    assert VerifyReport(0).ok
    assert not VerifyReport(0, (Problem("a", "count", ""),)).ok


@pytest.mark.parametrize("damage", ["missing", "text", "lines"])
def test_without_a_manifest_nothing_else_is_said(out, damage):
    path = out / "manifest.jsonl"
    kind = {"missing": "missing", "text": "checksum", "lines": "schema"}[damage]
    if damage == "missing":
        path.unlink()
    else:
        path.write_text("{" if damage == "text" else "{}\n")
    (problem,) = verify(out).problems
    assert (problem.kind, problem.file) == (kind, "manifest.jsonl")
    assert verify(out).clips == 0
    told = {"missing": "No such file", "text": "no JSON lines: ", "lines": "its lines are not those that"}
    assert problem.detail.startswith(told[damage])


@pytest.mark.parametrize("page", ["README.md", "dataset_info.json", "croissant.json"])
def test_every_page_has_to_be_there(out, page):
    (out / page).unlink()
    (out / page).mkdir()  # a folder of that name is no page
    assert found(out) == [("missing", page)]


def test_pages_that_only_tell_may_say_what_they_like(out):
    (out / "README.md").write_text("my own words")
    (out / "croissant.json").write_text("")
    assert found(out) == []


@pytest.mark.parametrize("name", [TRAIN_FILE, LOST_FILE])
def test_a_file_with_another_byte_is_one_problem(out, name):
    column = pq.read_metadata(out / name).row_group(0).column(0)  # ids: no dictionary
    data = bytearray((out / name).read_bytes())
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    (out / name).write_bytes(data)
    (problem,) = [p for p in verify(out).problems if p.file == name]
    assert problem.kind == "checksum"
    assert problem.detail == f"the content is not what was written ({len(data)} bytes now)"


def test_bytes_after_the_end_are_damage_of_the_file(out):
    with (out / DEV_FILE).open("ab") as file:
        file.write(b"more")
    assert found(out)[0] == ("checksum", DEV_FILE)


@pytest.mark.parametrize("name", [TRAIN_FILE, DEV_FILE, LOST_FILE])
def test_a_missing_file_is_told_once_and_sums_are_left_alone(out, name):
    (out / name).unlink()
    (problem,) = verify(out).problems
    assert (problem.kind, problem.file, problem.detail) == ("missing", name, "the manifest names it")


def test_clips_that_were_read_are_counted_in_spite_of_damage(out):
    (out / DEV_FILE).unlink()
    assert verify(out).clips == 5


def renewed(out: Path, name: str, shard: str, *, key: str = "sha256") -> None:
    """Manifest and receipt with the digest that the file has now."""
    digest = sha256(out / name)

    def lines(values: list[dict]) -> None:
        for line in values[1:]:
            target = line if key == "sha256" else line.get("failures", {})
            if target.get("file") == name:
                target["sha256"] = digest

    edit(out / "manifest.jsonl", lines)
    edit(out / f".specaug/done/{shard}.json", lambda receipt: receipt.update({key: digest}))


def test_a_file_of_fewer_rows_is_told_with_both_numbers(out):
    table = pq.read_table(out / TRAIN_FILE)
    pq.write_table(table.slice(2), out / TRAIN_FILE)
    renewed(out, TRAIN_FILE, TRAIN)
    (problem,) = verify(out).problems
    assert (problem.kind, problem.detail) == ("count", "expected 5 rows, got 3")


@pytest.mark.parametrize(
    ("name", "shard", "key"), [(DEV_FILE, DEV, "sha256"), (LOST_FILE, LOST, "failures_sha256")]
)
def test_other_columns_are_told_of_both_kinds_of_file(out, name, shard, key):
    table = pq.read_table(out / name)
    pq.write_table(table.append_column("mine", [["x"] * len(table)]), out / name)
    renewed(out, name, shard, key=key)
    (problem,) = verify(out).problems
    assert (problem.kind, problem.file) == ("schema", name)
    assert problem.detail == "columns, types or footer differ from this version's"


def test_a_file_without_its_columns_cannot_be_read(out):
    pq.write_table(pq.read_table(out / DEV_FILE).drop_columns(["subject"]), out / DEV_FILE)
    renewed(out, DEV_FILE, DEV)
    (problem,) = verify(out).problems
    assert problem.kind == "checksum"
    assert problem.detail.startswith("cannot be read: ")


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            lambda head: head.update(clips=7),
            ["7 clips in all, 6 in the shards' lines", "7 clips in all, 6 in the files"],
        ),
        (
            lambda head: head.update(sources=5),
            [
                "5 sources in all, 7 in the shards' lines",
                "5 sources in all, 5 with clips and 2 failures in files",
            ],
        ),
        (
            lambda head: head["failures"].update(no_face=2),
            ["failures {'no_face': 2, 'unreadable': 1} in all, {'no_face': 1, 'unreadable': 1} in the files"],
        ),
    ],
)
def test_sums_of_the_head_are_compared_with_lines_and_files(out, change, detail):
    edit(out / "manifest.jsonl", lambda lines: change(lines[0]))
    edit(out / "dataset_info.json", lambda info: info)  # as it was
    told = [p.detail for p in verify(out).problems if p.file == "manifest.jsonl"]
    assert told == detail


def test_failures_of_frames_are_no_failed_sources(out):
    assert pq.read_table(failures_file(out, TRAIN)).num_rows == 1
    assert found(out) == []


def test_a_plan_of_other_settings_is_told(out):
    edit(out / ".specaug/plan.json", lambda plan: plan["settings"].update(margin=2.0))
    problems = verify(out).problems
    assert {problem.file for problem in problems} == {".specaug/plan.json"}
    assert problems[0].detail == "settings: otherwise than in the manifest"
    same = "the plan of this shard is another one than when it was built"
    assert [p.detail for p in problems[1:]] == [f"shard {name}: {same}" for name in (TRAIN, DEV, LOST)]


def test_shards_that_are_planned_or_named_alone_are_told(out):
    def rename(plan: dict) -> None:
        plan["shards"][1]["name"] = "dev-00007-of-00008"

    edit(out / ".specaug/plan.json", rename)
    assert [(p.kind, p.detail) for p in verify(out).problems] == [
        ("missing", "shard dev-00007-of-00008 is planned and not built"),
        ("unexpected", f"shard {DEV} is not planned"),
    ]


def test_a_receipt_is_looked_for_and_compared(out):
    edit(out / f".specaug/done/{DEV}.json", lambda receipt: receipt.update(rows=2))
    (out / f".specaug/done/{LOST}.json").unlink()
    assert [(p.kind, p.file, p.detail) for p in verify(out).problems] == [
        ("checksum", f".specaug/done/{DEV}.json", "clips: otherwise than in the manifest"),
        ("missing", f".specaug/done/{LOST}.json", "every finished shard has one"),
    ]


def test_a_copy_without_state_needs_no_receipts(out):
    shutil.rmtree(out / ".specaug")
    assert verify(out) == VerifyReport(clips=6, with_plan=False)


@pytest.mark.parametrize(
    "name",
    [
        "data/captured/x.parquet",
        "data/synthetic/x.parquet",
        "data/deep/er/x.txt",
        "failures/x",
        ".specaug/done/x.json",
    ],
)
def test_a_file_that_nothing_names_is_told(out, name):
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).touch()
    assert found(out) == [("unexpected", name)]


@pytest.mark.parametrize(
    "name", ["notes.txt", ".specaug/tmp/x", ".specaug/lock", "mine/x.parquet", "data/empty folder/"]
)
def test_files_elsewhere_are_nobodys_business(out, name):
    path = out / name
    (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
    if not name.endswith("/"):
        path.touch()
    assert found(out) == []


def child_of(parent: str, **changes: Any) -> dict[str, Any]:
    child = row_of(
        50, clip_id="x", parent_id=parent, origin="synthetic", source_id=None, subject=None, pai="replay"
    )
    return {**child, **changes}


@pytest.mark.parametrize(
    ("parent", "told"),
    [
        ("c1", None),
        ("c9", None),
        ("c5", "synthetic clip x is in train, its parent c5 in dev"),
        ("c77", "synthetic clip x has no captured parent 'c77'"),
    ],
)
def test_synthetic_clips_are_counted_apart_and_tied_to_their_parents(out, parent, told):
    write_shard(out, f"{TRAIN}-x", [child_of(parent)], plan_hash="any", origin="synthetic")
    report = verify(finalized(out))
    assert report.clips == 7
    file = data_file(out, f"{TRAIN}-x", origin="synthetic").relative_to(out).as_posix()
    assert [(p.kind, p.file, p.detail) for p in report.problems] == (
        [("leakage", file, told)] if told else []
    )


def test_a_shard_with_rows_of_another_split_is_leakage(tmp_path):
    shards = {TRAIN: [row_of(1), row_of(2, split="test")], DEV: [row_of(3, split="dev", subject="p1")]}
    out = write_out(tmp_path / "out", shards)
    assert [(p.kind, p.file, p.detail) for p in verify(out).problems] == [
        ("leakage", TRAIN_FILE, "a row of split 'test' in a file of 'train'"),
        ("leakage", DEV_FILE, f"subject 'p1' is in dev here and in train in {TRAIN_FILE}"),
    ]


@pytest.mark.parametrize("image_format", ["png", "raw"])
def test_equal_pictures_in_two_splits_are_leakage(tmp_path, image_format):
    pictures = {k: v for k, v in row_of(1, image_format=image_format).items() if k.startswith("frames")}
    twin = row_of(2, split="dev", image_format=image_format, **pictures)
    shards = {TRAIN: [row_of(1, image_format=image_format)], DEV: [twin]}
    (problem,) = verify(write_out(tmp_path / "out", shards, image_format=image_format)).problems
    assert problem.kind == "leakage"
    assert problem.detail == f"the content of clip c2 is in dev here and in train in {TRAIN_FILE}"


def test_each_file_is_asked_for_before_it_is_read_and_let_go(out):
    hidden = {name: (out / name).read_bytes() for name in (TRAIN_FILE, DEV_FILE, LOST_FILE)}
    for name in hidden:
        (out / name).unlink()
    asked = []

    @contextmanager
    def present(name: str):
        asked.append(name)
        if name in hidden:
            (out / name).write_bytes(hidden[name])
        yield
        if name in hidden:
            (out / name).unlink()

    assert verify(out, present=present) == VerifyReport(clips=6)
    assert asked == [TRAIN_FILE, f"failures/failures-{TRAIN}.parquet", DEV_FILE, LOST_FILE]


def test_a_committed_change_counts_and_removed_files_do_not(out):
    staged = staging(out) / DEV_FILE
    staged.parent.mkdir(parents=True)
    (out / DEV_FILE).rename(staged)
    (out / "data/captured/old.parquet").touch()
    change = {"files": [DEV_FILE], "removed": ["data/captured/old.parquet"]}
    (staging(out) / "change.json").write_text(json.dumps(change))
    assert found(out) == []
    (staging(out) / "change.json").unlink()
    assert found(out) == [("missing", DEV_FILE), ("unexpected", "data/captured/old.parquet")]
