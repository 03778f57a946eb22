"""Sums, manifest and statistics, made from receipts that are written by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from handmade import failure, source

from specaug import __version__
from specaug.errors import ArgumentError, PlanMismatchError, SpecaugError
from specaug.pipeline.finalization import finalize, finalize_locked, receipts_of, report_of
from specaug.pipeline.plan import Plan, save_plan
from specaug.pipeline.versions import library_versions
from specaug.records import BuildConfig, BuildReport, Receipt, ShardPlan
from specaug.shards import SCHEMA_VERSION, data_file, failures_file, receipt_file, write_receipt

SETTINGS = BuildConfig().content_settings()
TRAIN = ShardPlan("train-00000-of-00001", "train", tuple(source(f"live/{i}.mp4") for i in range(5)))
EMPTY = ShardPlan("dev-00000-of-00001", "dev", (), (failure(source("gone.mp4", split="dev"), "unreadable"),))
TEST = ShardPlan(
    "test-00000-of-00001", "test", (source("spoof/1.mp4", split="test"), source("2.mp4", split="test"))
)
PLAN = Plan(SETTINGS, (TRAIN, EMPTY, TEST), skipped=6)


def receipt(shard: ShardPlan, **fields: Any) -> Receipt:
    """One of `fields` for a shard of :data:`PLAN`."""
    (planned,) = (known for known in PLAN.shards if known.name == shard.name)
    given = {"bytes": 0, "sha256": "", "failures": 0, "failures_sha256": "", "rows": 0, "with_clips": 0}
    sources = len(planned.sources) + len(planned.known)
    return Receipt(
        shard=planned.name,
        plan_hash=planned.hash,
        split=planned.split,
        sources=sources,
        **{**given, **fields},
    )


RECEIPTS = (
    receipt(
        TRAIN,
        rows=6,
        bytes=4,
        sha256="aa" * 32,
        failures=3,
        failures_sha256="bb" * 32,
        with_clips=3,
        groups=(("attack", "print", 2), ("attack", "mask", 1), ("bonafide", "none", 3)),
        reasons=(("no_face", 1), ("timeout", 1)),
        seconds=(("decode", 2.0), ("detect", 1.0)),
    ),
    receipt(
        EMPTY, failures=1, failures_sha256="cc" * 32, reasons=(("unreadable", 1),), seconds=(("decode", 8.0),)
    ),
    receipt(
        TEST,
        rows=2,
        bytes=4,
        sha256="dd" * 32,
        with_clips=2,
        groups=(("attack", "print", 1), ("bonafide", "none", 1)),
        seconds=(("decode", 0.5),),
    ),
)

_NEW, _OLD = (("numpy", "2.4"), ("simd", "AVX2")), (("numpy", "2.4"), ("simd", "AVX"))
RECEIPTS = tuple(
    replace(item, versions=_OLD if item.sources == 1 and not item.rows else _NEW) for item in RECEIPTS
)


def write(out: Path, *receipts: Receipt) -> None:
    """Receipts, and files that are as long as they say."""
    for item in receipts:
        for there, path in (
            (item.rows, data_file(out, item.shard, origin=item.origin)),
            (item.failures, failures_file(out, item.shard, origin=item.origin)),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            if there:
                path.write_bytes(b"PAR1")
        write_receipt(out, item)


@pytest.fixture
def out(tmp_path) -> Path:
    save_plan(tmp_path / "out", PLAN)
    write(tmp_path / "out", *RECEIPTS)
    return tmp_path / "out"


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def test_the_sum_is_over_all_shards_and_in_the_order_of_splits_labels_and_species(out):
    assert replace(finalize(out), warnings=()) == BuildReport(
        sources=8,
        clips=8,
        failures=3,
        by_reason={"no_face": 1, "timeout": 1, "unreadable": 1},
        shards=3,
        skipped=6,
        table=(
            ("train", "bonafide", "none", 3),
            ("train", "attack", "mask", 1),
            ("train", "attack", "print", 2),
            ("test", "bonafide", "none", 1),
            ("test", "attack", "print", 1),
        ),
        done_before=0,
        seconds={"decode": 10.5, "detect": 1.0},
    )


def test_times_are_those_of_this_run_alone(out):
    before = {item.shard: item for item in RECEIPTS[:2]}
    report = finalize_locked(out, PLAN, done_before=before)
    assert (report.done_before, report.seconds, report.clips) == (2, {"decode": 0.5}, 8)


def test_a_part_is_summed_over_its_own_shards(out):
    report = report_of(PLAN, out, PLAN.shards[2:])
    assert (report.sources, report.clips, report.failures, report.shards, report.skipped) == (2, 2, 0, 1, 6)
    assert receipts_of(out, PLAN.shards[2:]) == [RECEIPTS[2]]


def test_the_manifest_has_a_head_and_a_line_a_shard_in_the_order_of_the_plan(out):
    finalize(out)
    head, *shards = lines(out)
    assert head.keys() == {
        *("specaug", "schema_version", "settings", "sources", "clips", "failures"),
        *("skipped", "skipped_file", "versions"),
    }
    assert (head["specaug"], head["schema_version"], head["settings"]) == (
        __version__,
        SCHEMA_VERSION,
        SETTINGS,
    )
    assert (head["sources"], head["clips"], head["skipped"]) == (8, 8, 6)
    assert head["failures"] == {"no_face": 1, "timeout": 1, "unreadable": 1}
    assert head["versions"] == [dict(_OLD), dict(_NEW)]
    train, empty, test = shards
    assert train == {
        "shard": "train-00000-of-00001",
        "split": "train",
        "sources": 5,
        "plan_hash": PLAN.shards[0].hash,
        "clips": 6,
        "versions": 1,
        "file": "data/captured/train-00000-of-00001.parquet",
        "bytes": 4,
        "sha256": "aa" * 32,
        "failures": {
            "file": "failures/failures-train-00000-of-00001.parquet",
            "rows": 3,
            "sha256": "bb" * 32,
        },
    }
    assert empty.keys() == {"shard", "split", "sources", "plan_hash", "clips", "versions", "failures"}
    assert (empty["versions"], test["versions"]) == (0, 1)
    assert test.keys() == {
        "shard",
        "split",
        "sources",
        "plan_hash",
        "clips",
        "versions",
        "file",
        "bytes",
        "sha256",
    }


def test_nothing_in_the_manifest_depends_on_times_or_on_what_was_done_before(out, tmp_path):
    finalize(out)
    first = (out / "manifest.jsonl").read_bytes()
    for item in RECEIPTS:
        write_receipt(out, replace(item, seconds=(("decode", 77.0),)))
    finalize_locked(out, PLAN, done_before={item.shard: item for item in RECEIPTS})
    assert (out / "manifest.jsonl").read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_statistics_hold_the_table_and_the_clips_of_each_split(out):
    finalize(out)
    info = json.loads((out / "dataset_info.json").read_text())
    assert info["splits"] == {"train": 6, "test": 2}
    assert info["class_names"] == ["bonafide", "attack"]
    assert info["table"][2] == {"split": "train", "label": "attack", "pai": "print", "clips": 2}
    assert len(info["table"]) == 5
    assert info["failures"] == {"no_face": 1, "timeout": 1, "unreadable": 1}
    assert (info["specaug_version"], info["schema_version"], info["settings"]) == (
        *(__version__, SCHEMA_VERSION, SETTINGS),
    )


def test_synthetic_shards_are_in_the_manifest_and_the_card_and_not_in_the_sum(out):
    name = "train-00000-of-00001-traces-5e77"
    made = receipt(TRAIN, rows=2, bytes=4, sha256="ee" * 32, groups=(("attack", "print", 2),), with_clips=2)
    other = replace(made, shard=name, origin="synthetic", sources=2)
    write(out, other)
    assert finalize(out).clips == 8
    line = lines(out)[-1]
    assert (line["origin"], line["clips"], line["file"]) == ("synthetic", 2, f"data/synthetic/{name}.parquet")
    assert "origin" not in lines(out)[1]
    card = (out / "README.md").read_text()
    assert "## Synthetic clips" in card
    assert "| train | attack | print | 2 |" in card.partition("## Synthetic clips")[2]
    files = {item["@id"] for item in json.loads((out / "croissant.json").read_text())["distribution"]}
    assert f"data/synthetic/{name}.parquet" in files


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ([0], "1 of 3 shards are not built, the first is train-00000-of-00001; run build-dataset again"),
        ([1, 2], "2 of 3 shards are not built, the first is dev-00000-of-00001"),
        ([0, 1, 2], "3 of 3 shards are not built"),
    ],
)
def test_missing_shards_are_counted_and_the_first_is_named(out, gone, words):
    for number in gone:
        receipt_file(out, PLAN.shards[number].name).unlink()
    with pytest.raises(PlanMismatchError, match=words):
        finalize(out)
    assert not (out / "manifest.jsonl").exists()


def test_a_receipt_of_other_sources_or_of_a_file_of_another_size_does_not_count(out):
    write_receipt(out, replace(RECEIPTS[0], plan_hash="0" * 32))
    data_file(out, TEST.name).write_bytes(b"PAR1 and more")
    with pytest.raises(PlanMismatchError, match="2 of 3 shards are not built"):
        finalize(out)


@pytest.mark.parametrize("with_clips", [2, 4])
def test_a_source_that_is_neither_a_row_nor_a_failure_stops_the_sum(out, with_clips):
    write_receipt(out, replace(RECEIPTS[0], with_clips=with_clips))
    words = f"the sum does not hold: 8 sources planned, {with_clips + 2} with clips, 3 failures"
    with pytest.raises(SpecaugError, match=words):
        finalize(out)
    assert not (out / "manifest.jsonl").exists()


def test_a_folder_without_a_plan_is_no_out_and_stays_as_it_is(tmp_path):
    with pytest.raises(ArgumentError, match="out: expected a folder that build-dataset made, got "):
        finalize(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_versions_are_of_libraries_that_may_change_a_byte():
    versions = library_versions()
    assert {"av", "numpy", "opencv-python", "pillow", "pyarrow"} <= versions.keys()
    assert all(text[0].isdigit() for text in versions.values())
