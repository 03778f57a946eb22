"""One shard run again: what was there stays to the byte, what is new is added, and less is never taken for more."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from handmade import clip, failure, source

from specaug.pipeline.retry import retry_shard as module
from specaug.pipeline.retry.retry_shard import RetryPlan, failures_of, retry_shard
from specaug.pipeline.shard import commit_shard
from specaug.records import BuildConfig, Clip, Failure, ShardPlan
from specaug.shards import data_file, failures_file, read_receipt, rows_of_file, staging
from specaug.stage_timer import Stopwatch

CONFIG = BuildConfig(size=32)
A, B, C = sorted((source(f"live/{name}.mp4") for name in "abc"), key=lambda item: item.source_id)
COPY = failure(source("live/copy.mp4"), "duplicate", stage="discover")
SHARD = ShardPlan("train-00000-of-00001", "train", (A, B, C), (COPY,))
TRUNCATED = failure(B, "truncated", stage="decode", frame_index=3)
OLD = [clip(A), clip(B, 0), clip(B, 1)]

Outcome = Clip | Failure


@pytest.fixture
def out(tmp_path) -> Path:
    """A has a clip, B two and a frame that failed, C nothing, at the second attempt."""
    lost = [COPY, TRUNCATED, failure(C, "timeout", attempts=2)]
    commit_shard(SHARD, CONFIG, tmp_path / "out", iter(OLD), failures=lost, watch=Stopwatch())
    return tmp_path / "out"


@pytest.fixture
def again(out, monkeypatch):
    """Run sources again that give what is said; returns the clips and failures that are staged."""

    def run(attempts: dict[str, int], outcomes: dict[str, tuple[Outcome, ...]], shard: ShardPlan = SHARD):
        ran: list[str] = []
        monkeypatch.setattr(module, "work_on", lambda item, *_: ran.append(item.path) or outcomes[item.path])
        receipt = retry_shard(RetryPlan(shard, tuple(attempts.items())), CONFIG, out.parent, out)
        assert ran == [item.path for item in shard.sources if item.source_id in attempts]
        assert read_receipt(staging(out), shard) == receipt
        data = data_file(staging(out), shard.name)
        found = {row["clip_id"]: row for row in rows_of_file(data)} if data.exists() else {}
        lost = [failure for group in failures_of(staging(out), shard.name).values() for failure in group]
        assert (receipt.rows, receipt.failures) == (len(found), len(lost))
        return found, lost

    return run


def rows(out: Path) -> dict[str, dict]:
    return {row["clip_id"]: row for row in rows_of_file(data_file(out, SHARD.name))}


def test_only_sources_with_attempts_are_run_and_the_others_are_copied(out, again):
    before = rows(out)
    found, lost = again({C.source_id: 2}, {C.path: (clip(C, 0, b"new"),)})
    assert list(found) == [*before, clip(C).clip_id]
    assert all(found[name] == row for name, row in before.items())
    assert lost == [COPY, TRUNCATED]
    assert rows(out) == before  # OUT is what it was


def test_another_failure_adds_its_attempt_to_those_before(out, again):
    found, lost = again({C.source_id: 2}, {C.path: (failure(C, "no_face"),)})
    assert found == rows(out)
    assert lost == [COPY, TRUNCATED, failure(C, "no_face", attempts=3)]


def test_clips_that_were_there_are_kept_even_if_they_would_be_others_today(out, again):
    before = rows(out)
    fresh = (clip(B, 0, b"changed"), clip(B, 1, b"changed"), clip(B, 2, b"more"))
    found, lost = again({B.source_id: 1}, {B.path: fresh})
    assert {name: found[name] for name in before} == before
    assert found[fresh[2].clip_id]["frames"][0]["bytes"] == fresh[2].frames[0]
    assert [row["source_id"] for row in found.values()] == [A.source_id] + [B.source_id] * 3
    assert TRUNCATED not in lost


@pytest.mark.parametrize(
    "outcome",
    [(), (clip(B, 0),), (clip(B, 1), failure(B, "timeout")), (failure(B, "timeout"),), (clip(B, 2),)],
)
def test_a_source_that_gives_less_keeps_its_clips_and_its_old_failures(out, again, outcome):
    found, lost = again({B.source_id: 4}, {B.path: outcome})
    assert found == rows(out)
    assert lost == [COPY, replace(TRUNCATED, attempts=5), failure(C, "timeout", attempts=2)]


@pytest.mark.parametrize("same", [True, False])
def test_clips_of_another_content_do_not_join_those_that_are_there(tmp_path, again, monkeypatch, same):
    out = tmp_path / "out"
    shutil.rmtree(out)
    old = [replace(clip(B, 0), bytes_digest="aa")]
    commit_shard(SHARD, CONFIG, out, iter(old), failures=[COPY, TRUNCATED], watch=Stopwatch())
    made = [replace(clip(B, n), bytes_digest="aa" if same else "bb") for n in range(2)]
    found, lost = again({B.source_id: 1}, {B.path: tuple(made)})
    assert found.keys() == {item.clip_id for item in (made if same else old)}
    assert [(f.reason, f.frame_index) for f in lost if f.source_id == B.source_id] == (
        [] if same else [("changed", 3)]
    )


def test_a_source_that_gives_the_same_has_the_failures_of_today(out, again):
    today = failure(B, "decoder_error", stage="decode", frame_index=9)
    found, lost = again({B.source_id: 1}, {B.path: (clip(B, 0), clip(B, 1), today)})
    assert found == rows(out)
    assert lost == [COPY, replace(today, attempts=2), failure(C, "timeout", attempts=2)]


def test_sources_that_left_the_shard_leave_no_row(out, again):
    shard = replace(
        SHARD, sources=(A, C), known=(COPY, failure(B, "duplicate", stage="discover", attempts=2))
    )
    found, lost = again({}, {}, shard)
    assert list(found) == [clip(A).clip_id]
    assert [item.source_id for item in lost] == [COPY.source_id, B.source_id, C.source_id]


def test_a_new_source_finds_its_place_among_the_old_rows(out, again):
    new = replace(source("live/new.mp4"), source_id=B.source_id[:-1] + "~")  # sorts right after B
    shard = replace(SHARD, sources=(A, B, new, C))
    found, _ = again({new.source_id: 1}, {new.path: (clip(new),)}, shard)
    assert [row["source_id"] for row in found.values()] == [
        A.source_id,
        B.source_id,
        B.source_id,
        new.source_id,
    ]


def test_a_shard_that_had_no_file_gets_one(tmp_path, out, again):
    data_file(out, SHARD.name).unlink()
    failures_file(out, SHARD.name).unlink()
    found, lost = again({C.source_id: 0}, {C.path: (clip(C),)})
    assert list(found) == [clip(C).clip_id]
    assert lost == [COPY]


def test_failures_are_read_back_as_they_were_written_by_source(tmp_path):
    hidden = failure(replace(A, path=""), "unreadable", detail="<name>")
    lost = [hidden, TRUNCATED, replace(TRUNCATED, frame_index=5), COPY]
    commit_shard(SHARD, CONFIG, tmp_path, iter(()), failures=lost, watch=Stopwatch())
    assert failures_of(tmp_path, SHARD.name) == {
        A.source_id: [hidden],
        B.source_id: [TRUNCATED, replace(TRUNCATED, frame_index=5)],
        COPY.source_id: [COPY],
    }
    assert failures_of(tmp_path, "dev-00000-of-00001") == {}
