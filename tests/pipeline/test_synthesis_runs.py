"""Runs of synthesis over a finished OUT: what is planned, kept, made again and refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from finished_out import row_of, write_out

from specaug.errors import ArgumentError, NothingToDoError
from specaug.pipeline import synthesize
from specaug.pipeline.synthesis.synthesis_plan import load_synthesis
from specaug.shards import verify

FIRST, SECOND, ATTACKS, DEV = (
    "train-00000-of-00003",
    "train-00001-of-00003",
    "train-00002-of-00003",
    "dev-00000-of-00001",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Three bona fide clips in two shards of train, a shard of attacks alone, one bona fide clip in dev."""
    shards = {
        FIRST: [row_of(0), row_of(1), row_of(2, pai="print")],
        SECOND: [row_of(3), row_of(4, pai="replay")],
        ATTACKS: [row_of(5, pai="print"), row_of(6, pai="print")],
        DEV: [row_of(7, split="dev"), row_of(8, split="dev", pai="mask")],
    }
    return write_out(tmp_path_factory.mktemp("runs") / "out", shards)


@pytest.fixture
def out(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "out"


def parents(out: Path) -> dict[str, list[str]]:
    """By file of synthetic clips, their parents."""
    files = sorted((out / "data/synthetic").glob("*.parquet"))
    return {file.stem: pq.read_table(file)["parent_id"].to_pylist() for file in files}


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", {FIRST: ["c0", "c1"], SECOND: ["c3"]}),
        ("dev", {DEV: ["c7"]}),
        ("all", {DEV: ["c7"], FIRST: ["c0", "c1"], SECOND: ["c3"]}),
    ],
)
def test_each_shard_with_bona_fide_clips_gets_one_of_its_own(out, split, expected):
    report = synthesize(out, "control", split=split, jobs=1)
    assert {name.split("-control")[0]: ids for name, ids in parents(out).items()} == expected
    assert (report.clips, report.shards, report.done_before) == (
        sum(map(len, expected.values())),
        len(expected),
        0,
    )
    assert {row[0] for row in report.table} == ({"train", "dev"} if split == "all" else {split})
    assert verify(out).ok


def test_progress_counts_clips_from_what_is_there_to_all(out):
    told: list[tuple[int, int]] = []
    synthesize(out, "control", per_clip=2, jobs=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 6), (4, 6), (6, 6)]
    told.clear()
    again = synthesize(
        out, "control", per_clip=2, jobs=1, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(6, 6)]
    assert (again.done_before, again.shards, again.clips, again.seconds) == (2, 2, 6, {})


def test_a_split_that_is_asked_for_later_is_added_to_the_run(out):
    first = synthesize(out, "control", jobs=1)
    train = parents(out)
    second = synthesize(out, "control", split="dev", jobs=1)
    assert (first.clips, second.clips, second.shards) == (3, 1, 1)
    (run,) = load_synthesis(out).runs
    assert [shard.captured for shard in run.shards] == [DEV, FIRST, SECOND]
    assert parents(out).items() > train.items()


def test_only_what_is_missing_is_made_again(out):
    synthesize(out, "control", jobs=1)
    kept, lost = sorted((out / "data/synthetic").iterdir())
    before = kept.stat().st_ino
    content = lost.read_bytes()
    lost.unlink()
    assert synthesize(out, "control", jobs=1).done_before == 1
    assert kept.stat().st_ino == before  # not written anew
    assert lost.read_bytes() == content


def test_a_receipt_of_another_plan_does_not_count(out):
    synthesize(out, "control", jobs=1)
    path = out / ".specaug/synthesis.json"
    path.write_text(path.read_text().replace('"c3"', '"c3 of old"'))
    with pytest.raises(Exception, match="1 planned clips are not there"):
        synthesize(out, "control", jobs=1)


def test_overwriting_takes_every_earlier_run_away(out):
    synthesize(out, "control", jobs=1)
    synthesize(out, "control", seed=1, jobs=1)
    assert len(load_synthesis(out).runs) == 2
    report = synthesize(out, "control", seed=2, split="dev", overwrite=True, jobs=1)
    assert [run.seed for run in load_synthesis(out).runs] == [2]
    assert [len(ids) for ids in parents(out).values()] == [1] == [report.clips]
    assert len(list((out / ".specaug/done").glob("synthetic-*"))) == 1
    assert verify(out).ok


def test_donors_come_from_the_split_and_are_written_down(out):
    synthesize(out, "mix-high", split="all", per_clip=3, jobs=1)
    (run,) = load_synthesis(out).runs
    lenders = {shard.captured: {pair.donor for pair in shard.pairs} for shard in run.shards}
    assert lenders[DEV] == {"c8"}
    assert lenders[FIRST] | lenders[SECOND] <= {"c2", "c4", "c5", "c6"}
    assert {name for shard in run.shards if shard.split == "train" for name in shard.donors} <= {
        FIRST,
        SECOND,
        ATTACKS,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_clip": 1001}, "per_clip: expected 1 to 1000, got 1001"),
        ({"per_clip": -1}, "per_clip: expected 1 to 1000, got -1"),
        ({"donors": "none"}, "donors: expected one of other, same, any, got 'none'"),
        ({"split": "Train"}, "split: expected one of train, dev, test, all, got 'Train'"),
        ({"seed": -5}, "seed: expected 0 or more, got -5"),
    ],
)
def test_settings_out_of_range_are_named(out, changes, message):
    with pytest.raises(ArgumentError, match=message):
        synthesize(out, "control", jobs=1, **changes)
    assert not (out / "data/synthetic").exists()


def test_a_split_without_bona_fide_clips_is_nothing_to_do(tmp_path):
    out = write_out(tmp_path / "out", {ATTACKS: [row_of(5, pai="print")]})
    with pytest.raises(NothingToDoError, match="there are no bona fide clips in split train or dev or test"):
        synthesize(out, "control", split="all", jobs=1)
    assert not (out / ".specaug/synthesis.json").exists()
