"""Receipts: where the files of a shard lie, and when a shard counts as finished."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specaug.records import Receipt, ShardPlan, Source
from specaug.shards import (
    data_file,
    failures_file,
    other_receipts,
    read_receipt,
    receipt_file,
    write_receipt,
)

PLAN = ShardPlan("dev-00001-of-00002", "dev", (Source("a.mp4", "bonafide", source_id="1"),), settings="d")
FULL = Receipt(
    PLAN.name,
    PLAN.hash,
    "dev",
    rows=2,
    bytes=7,
    sha256="c",
    failures=1,
    failures_sha256="f",
    sources=3,
    with_clips=2,
    groups=(("attack", "print", 1), ("bonafide", "none", 1)),
    reasons=(("no_face", 1),),
    seconds=(("decode", 0.25), ("write", 1e-9)),
)


def lay(out: Path, receipt: Receipt, *, size: int | None = None, failures: bool | None = None) -> None:
    """The receipt with its files, or with others than it names."""
    write_receipt(out, receipt)
    data = data_file(out, receipt.shard, origin=receipt.origin)
    lost = failures_file(out, receipt.shard, origin=receipt.origin)
    for path, content in (
        (data, receipt.bytes if size is None and receipt.rows else size),
        (lost, 1 if (bool(receipt.failures) if failures is None else failures) else None),
    ):
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(content))


def test_files_of_both_origins_do_not_meet(tmp_path):
    places = {
        (function.__name__, origin): function(tmp_path, "x", origin=origin).relative_to(tmp_path).as_posix()
        for function in (data_file, failures_file, receipt_file)
        for origin in ("captured", "synthetic")
    }
    assert places == {
        ("data_file", "captured"): "data/captured/x.parquet",
        ("data_file", "synthetic"): "data/synthetic/x.parquet",
        ("failures_file", "captured"): "failures/failures-x.parquet",
        ("failures_file", "synthetic"): "failures/failures-synthetic-x.parquet",
        ("receipt_file", "captured"): ".specaug/done/x.json",
        ("receipt_file", "synthetic"): ".specaug/done/synthetic-x.json",
    }
    assert data_file(tmp_path, "x") == tmp_path / "data/captured/x.parquet"


def test_a_receipt_comes_back_equal(tmp_path):
    lay(tmp_path, FULL)
    assert read_receipt(tmp_path, PLAN) == FULL


@pytest.mark.parametrize("size", [6, 8, 0])
def test_data_of_another_size_are_not_those_that_were_written(tmp_path, size):
    lay(tmp_path, FULL, size=size)
    assert read_receipt(tmp_path, PLAN) is None


@pytest.mark.parametrize(
    ("rows", "failures", "there", "counts"),
    [
        (2, 1, {"data", "failures"}, True),
        (2, 1, {"data"}, False),
        (2, 1, {"failures"}, False),
        (2, 0, {"data"}, True),
        (2, 0, {"data", "failures"}, True),
        (0, 1, {"failures"}, True),
        (0, 1, set(), False),
        (0, 0, set(), True),
    ],
)
def test_a_receipt_counts_while_the_files_that_it_needs_are_there(tmp_path, rows, failures, there, counts):
    receipt = replace(FULL, rows=rows, failures=failures)
    lay(tmp_path, receipt, size=7 if "data" in there else None, failures="failures" in there)
    if "data" not in there:
        data_file(tmp_path, receipt.shard).unlink(missing_ok=True)
    assert read_receipt(tmp_path, PLAN) == (receipt if counts else None)


def test_a_folder_is_no_data_file(tmp_path):
    lay(tmp_path, replace(FULL, bytes=4096))
    data_file(tmp_path, FULL.shard).unlink()
    data_file(tmp_path, FULL.shard).mkdir()
    assert read_receipt(tmp_path, PLAN) is None


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, settings="other"),
        replace(PLAN, sources=()),
        replace(PLAN, sources=(Source("a.mp4", "bonafide", source_id="2"),)),
    ],
)
def test_a_receipt_is_for_one_plan(tmp_path, plan):
    lay(tmp_path, FULL)
    assert read_receipt(tmp_path, plan) is None
    assert read_receipt(tmp_path, replace(PLAN, name="dev-00000-of-00002")) is None


def edited(out: Path, edit: Any) -> None:
    path = receipt_file(out, FULL.shard)
    value = json.loads(path.read_text())
    path.write_text(edit if isinstance(edit, str) else json.dumps(edit(value)))


@pytest.mark.parametrize(
    "edit",
    [
        "",
        "{",
        "[]",
        "null",
        "\x00",
        lambda value: {key: value[key] for key in value if key != "sha256"},
        lambda value: {key: value[key] for key in value if key != "groups"},
        lambda value: {**value, "groups": 3},
        lambda value: {**value, "reasons": [1]},
        lambda value: {**value, "of another version": 1},
    ],
)
def test_a_receipt_that_is_damaged_does_not_count(tmp_path, edit):
    lay(tmp_path, FULL)
    edited(tmp_path, edit)
    assert read_receipt(tmp_path, PLAN) is None


def test_a_receipt_that_is_not_there_does_not_count(tmp_path):
    assert read_receipt(tmp_path, PLAN) is None
    assert other_receipts(tmp_path) == []


def test_receipts_of_synthetic_shards_come_by_name(tmp_path):
    made = [replace(FULL, shard=name, origin="synthetic", failures=0) for name in ("b", "c", "a", "d")]
    for receipt in made:
        lay(tmp_path, receipt)
    lay(tmp_path, FULL)  # a captured one
    receipt_file(tmp_path, "c", origin="synthetic").write_text("{")
    data_file(tmp_path, "d", origin="synthetic").unlink()
    assert other_receipts(tmp_path) == [made[2], made[0]]
    assert read_receipt(tmp_path, replace(PLAN, name="synthetic-a")) is None


def test_equal_receipts_have_equal_bytes(tmp_path):
    write_receipt(tmp_path / "a", FULL)
    write_receipt(tmp_path / "b", replace(FULL))
    one, two = (receipt_file(tmp_path / name, FULL.shard).read_bytes() for name in "ab")
    assert one == two
    assert json.loads(one)["seconds"] == [["decode", 0.25], ["write", 1e-9]]
