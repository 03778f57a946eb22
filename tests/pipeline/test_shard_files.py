"""One shard on the disk: rows, failures and the receipt that counts them, from clips made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pyarrow.parquet as pq
import pytest
from handmade import clip, failure, source

from specaug.errors import MediaError
from specaug.pipeline import shard
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.pipeline.shard import build_shard, commit_shard, single_threaded
from specaug.pipeline.versions import process_versions, with_detector
from specaug.records import BuildConfig, Clip, Failure, Receipt, ShardPlan
from specaug.shards import data_file, failures_file, read_receipt, rows_of_file, sha256
from specaug.stage_timer import Stopwatch

LIVE, SPOOF, LOST = source("live/a.mp4"), source("spoof/b.mp4"), source("live/c.mp4")
COPY = failure(source("live/d.mp4"), "duplicate", stage="discover")
PLAN = ShardPlan("train-00000-of-00001", "train", (LIVE, SPOOF, LOST), (COPY,))
CONFIG = BuildConfig(size=32)
ROWS = [clip(LIVE, 0), clip(LIVE, 1, b"b"), clip(SPOOF, 0, b"c", frames=3)]
FAILURES = [COPY, failure(LOST), failure(SPOOF, "truncated", stage="decode", frame_index=7)]


def commit(out: Path, rows=ROWS, failures=FAILURES, plan=PLAN, config=CONFIG) -> Receipt:
    return commit_shard(plan, config, out, iter(rows), failures=list(failures), watch=Stopwatch())


def rows(path: Path) -> list[dict]:
    return list(rows_of_file(path))


def test_a_receipt_counts_what_the_files_hold(tmp_path):
    receipt = commit(tmp_path)
    data, lost = data_file(tmp_path, PLAN.name), failures_file(tmp_path, PLAN.name)
    assert receipt == Receipt(
        shard=PLAN.name,
        plan_hash=PLAN.hash,
        split="train",
        rows=3,
        bytes=data.stat().st_size,
        sha256=sha256(data),
        failures=3,
        failures_sha256=sha256(lost),
        sources=4,
        with_clips=2,
        groups=(("attack", "print", 1), ("bonafide", "none", 2)),
        reasons=(("duplicate", 1), ("no_face", 1)),  # a frame that is missing is no source that is
        versions=with_detector(process_versions(), PLAN.detector),
    )
    assert read_receipt(tmp_path, PLAN) == receipt
    assert list((tmp_path / ".specaug/tmp").iterdir()) == []


def test_rows_and_failures_keep_their_order_and_bytes(tmp_path):
    commit(tmp_path)
    found = rows(data_file(tmp_path, PLAN.name))
    assert [row["clip_id"] for row in found] == [item.clip_id for item in ROWS]
    assert [[f["bytes"] for f in row["frames"]] for row in found] == [list(item.frames) for item in ROWS]
    assert [row["label"] for row in found] == [0, 0, 1]
    lost = rows(failures_file(tmp_path, PLAN.name))
    assert [(row["source_id"], row["reason"], row["frame_index"]) for row in lost] == [
        *((COPY.source_id, "duplicate", None), (LOST.source_id, "no_face", None)),
        (SPOOF.source_id, "truncated", 7),
    ]


def test_rows_read_back_are_written_again_to_the_same_bytes_and_counted_the_same(tmp_path):
    first = commit(tmp_path / "a")
    again = commit(tmp_path / "b", rows(data_file(tmp_path / "a", PLAN.name)))
    assert again == first
    mixed = [clip(LIVE, 0), *rows(data_file(tmp_path / "a", PLAN.name))[1:]]
    assert commit(tmp_path / "c", mixed) == first


@pytest.mark.parametrize(
    ("items", "lost", "files"),
    [
        (ROWS, [], ["data"]),
        ([], FAILURES, ["failures"]),
        (ROWS, FAILURES, ["data", "failures"]),
        ([], [], []),
    ],
)
def test_there_is_a_file_exactly_where_there_is_a_row(tmp_path, items, lost, files):
    commit(tmp_path)  # what an earlier run left goes
    receipt = commit(tmp_path, items, lost)
    assert sorted({path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.parquet")}) == files
    assert (receipt.rows, receipt.failures) == (len(items), len(lost))
    assert (receipt.bytes > 0, bool(receipt.sha256), bool(receipt.failures_sha256)) == (
        *("data" in files, "data" in files, "failures" in files),
    )
    assert read_receipt(tmp_path, PLAN) == receipt


def test_a_pseudonymous_shard_has_no_path_in_any_row(tmp_path):
    (tmp_path / "key").write_bytes(bytes(range(32)))
    config = replace(CONFIG, pseudonymize=str(tmp_path / "key"))
    lost = [failure(LOST, "unreadable", detail="cannot read 'live/c.mp4'")]
    receipt = commit(tmp_path, failures=lost, config=config)
    assert {row["source_path"] for row in rows(data_file(tmp_path, PLAN.name))} == {None}
    (row,) = rows(failures_file(tmp_path, PLAN.name))
    assert (row["source_path"], row["detail"], row["source_id"]) == (
        None,
        "cannot read <name>",
        LOST.source_id,
    )
    assert receipt.groups == (("attack", "print", 1), ("bonafide", "none", 2))


@pytest.mark.parametrize("at", [0, 2])
def test_an_error_while_rows_are_made_leaves_nothing_new(tmp_path, at):
    before = commit(tmp_path, ROWS[:1])
    content = data_file(tmp_path, PLAN.name).read_bytes()

    def broken():
        yield from ROWS[:at]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        commit(tmp_path, broken())
    assert data_file(tmp_path, PLAN.name).read_bytes() == content
    assert read_receipt(tmp_path, PLAN) == before
    assert list((tmp_path / ".specaug/tmp").iterdir()) == []


@pytest.fixture
def outcomes(monkeypatch) -> dict[str, tuple[Clip | Failure, ...]]:
    """What becomes of each source, by its path."""
    found = {
        LIVE.path: (ROWS[0], failure(LIVE, "truncated", frame_index=1), ROWS[1]),
        SPOOF.path: (ROWS[2],),
        LOST.path: (failure(LOST),),
    }
    monkeypatch.setattr(shard, "work_on", lambda source, config, raw, watch: found[source.path])
    return found


def test_sources_are_worked_on_in_their_order_after_a_look_at_each(tmp_path, outcomes):
    looks: list[int] = []
    receipt = build_shard(
        PLAN, CONFIG, LocalRaw(tmp_path), tmp_path / "out", before_source=lambda: looks.append(1)
    )
    assert len(looks) == 3
    assert (receipt.rows, receipt.failures, receipt.sources, receipt.with_clips) == (3, 3, 4, 2)
    lost = rows(failures_file(tmp_path / "out", PLAN.name))
    assert [row["source_id"] for row in lost] == [COPY.source_id, LIVE.source_id, LOST.source_id]
    assert dict(receipt.seconds).keys() == {"write"}


def test_a_look_that_ends_the_shard_leaves_no_file(tmp_path, outcomes):
    looks = iter([None, None])

    def look() -> None:
        if next(looks, 0) == 0:
            raise InterruptedError("stopped")

    with pytest.raises(InterruptedError):
        build_shard(PLAN, CONFIG, LocalRaw(tmp_path), tmp_path / "out", before_source=look)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_a_source_that_cannot_be_fetched_is_unreadable_and_the_rest_goes_on(tmp_path, outcomes, monkeypatch):
    odd = source("live/\udcff.mp4")
    plan = replace(PLAN, sources=(odd, SPOOF), known=())

    def work_on(item, config, raw, watch):
        if item is odd:
            raise MediaError("probe", "unreadable", "the object changed")
        return outcomes[item.path]

    monkeypatch.setattr(shard, "work_on", work_on)
    receipt = build_shard(plan, CONFIG, LocalRaw(tmp_path), tmp_path / "out")
    (row,) = rows(failures_file(tmp_path / "out", PLAN.name))
    assert (row["source_path"], row["stage"], row["reason"]) == (r"live/\xff.mp4", "probe", "unreadable")
    assert (row["detail"], row["source_id"], row["split"]) == ("the object changed", odd.source_id, "train")
    assert (receipt.rows, receipt.with_clips) == (1, 1)


def test_opencv_has_one_thread_within_and_as_many_as_before_afterwards():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        with single_threaded():
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 3
        with pytest.raises(ZeroDivisionError), single_threaded():
            raise ZeroDivisionError
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_the_schema_is_that_of_the_settings(tmp_path):
    raw_rows = [replace(clip(LIVE), frames=(bytes(32 * 32 * 3),) * 2)]
    commit(tmp_path, raw_rows, [], config=replace(CONFIG, image_format="raw"))
    table = pq.read_table(data_file(tmp_path, PLAN.name))
    assert "frames" not in table.column_names
    assert table["frames_raw"][0].as_py() == bytes(2 * 32 * 32 * 3)
