"""One shard whose failed sources are run again: what succeeded is copied, what is new is staged beside it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from specaug.pipeline.lock import at_work
from specaug.pipeline.pseudonym import Key, key_of, keyed
from specaug.pipeline.shard import commit_shard, stamp_before, work_on
from specaug.records import BuildConfig, Clip, Failure, Receipt, ShardPlan
from specaug.shards import Row, data_file, failures_file, rows_of_file, staging, stamps_of
from specaug.stage_timer import Stopwatch


@dataclass(frozen=True)
class RetryPlan:
    """A shard as it is to be, and which of its sources are run."""

    shard: ShardPlan
    attempts: tuple[tuple[str, int], ...]
    """(source_id, attempts so far) of each source to run."""


def retry_shard(
    task: RetryPlan, config: BuildConfig, raw: Path, out: Path, *, builder: int | None = None
) -> Receipt:
    """Stage a shard in which some sources are run again.

    Parameters
    ----------
    task : RetryPlan
    config : BuildConfig
    raw, out : Path
    builder : int, optional
        As for :func:`specaug.pipeline.shard.build_shard`.

    Returns
    -------
    Receipt
        Of the staged files. Rows and failures of other sources are those of OUT, byte for byte; so are clips
        that a source had already. A source that gives less than before keeps what it had.
    """
    failures = list(task.shard.known)
    again = {source_id for source_id, _ in task.attempts}
    stamps = {name: stamp for name, stamp in stamps_of(out, task.shard.name).items() if name not in again}
    watch = Stopwatch()
    with at_work(out, builder=builder or os.getpid()):
        rows = _rows(task, config, raw, out, failures, stamps, watch)
        return commit_shard(
            task.shard, config, staging(out), rows, failures=failures, stamps=stamps, watch=watch
        )


def _rows(
    task: RetryPlan,
    config: BuildConfig,
    raw: Path,
    out: Path,
    failures: list[Failure],
    stamps: dict[str, str],
    watch: Stopwatch,
) -> Iterator[Clip | Row]:
    """Rows of every source in order; failures are appended to `failures`, what files look like to `stamps`."""
    key = key_of(config)
    sources = task.shard.sources
    old = _OldRows(data_file(out, task.shard.name), {source.source_id for source in sources})
    lost = failures_of(out, task.shard.name)
    attempts = dict(task.attempts)
    for source in sources:
        before = old.of(source.source_id)
        known = lost.get(source.source_id, [])
        if source.source_id not in attempts:
            failures += known
            yield from before
            continue
        stamps[source.source_id] = stamp_before(source, raw, key)
        outcomes = work_on(source, config, raw, watch)
        rows, problems = _better({row["clip_id"]: row for row in before}, known, outcomes, key)
        failures += [replace(p, attempts=p.attempts + attempts[source.source_id]) for p in problems]
        with watch("write"):
            yield from rows


def _better(
    before: dict[str, Row], known: list[Failure], outcomes: tuple[Clip | Failure, ...], key: Key | None
) -> tuple[list[Clip | Row], list[Failure]]:
    """Rows and failures after another attempt; no clip that was there is lost, and none of another content joins it."""
    clips = [outcome for outcome in outcomes if isinstance(outcome, Clip)]
    contents = {row.get("bytes_digest") for row in before.values()}
    contents |= {clip.bytes_digest and keyed(clip.bytes_digest, key) for clip in clips}
    if before and len(contents - {None}) > 1:
        detail = "the file has other content than when the clips that are there were made"
        again = [replace(f, stage="decode", reason="changed", detail=detail, attempts=1) for f in known]
        return list(before.values()), again
    if not before.keys() <= {clip.clip_id for clip in clips}:
        return list(before.values()), [replace(failure, attempts=1) for failure in known]
    return [before.get(clip.clip_id, clip) for clip in clips], [o for o in outcomes if isinstance(o, Failure)]


class _OldRows:
    """The rows of a file, source by source in its order; those of other sources are passed over."""

    def __init__(self, path: Path, wanted: set[str]) -> None:
        rows = rows_of_file(path) if path.is_file() else iter(())
        self._rows = (row for row in rows if row["source_id"] in wanted)
        self._head = next(self._rows, None)

    def of(self, source_id: str) -> Iterator[Row]:
        """Rows of the next source, if it is this one."""
        while self._head is not None and self._head["source_id"] == source_id:
            row, self._head = self._head, next(self._rows, None)
            yield row


def failures_of(out: Path, shard: str) -> dict[str, list[Failure]]:
    """The failures of a shard as they were written, by source."""
    path = failures_file(out, shard)
    found: defaultdict[str, list[Failure]] = defaultdict(list)
    for row in rows_of_file(path) if path.is_file() else ():
        found[row["source_id"]].append(Failure(**{**row, "source_path": row["source_path"] or ""}))
    return found
