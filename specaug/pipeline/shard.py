"""One shard from plan to receipt: the unit of parallel work."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import cv2

from specaug.errors import MediaError
from specaug.isolate import worker_of_this_thread
from specaug.pipeline.lock import at_work
from specaug.pipeline.pseudonym import nameless, nameless_failure
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.records import LABELS, BuildConfig, Clip, Failure, Receipt, ShardPlan, Source, readable_path
from specaug.shards import (
    ClipWriter,
    Row,
    check_rows,
    data_file,
    failures_file,
    out_errors,
    remove_file,
    sha256,
    write_atomically,
    write_failures,
    write_receipt,
)
from specaug.stage_timer import Stopwatch


def build_shard(
    plan: ShardPlan,
    config: BuildConfig,
    raw: LocalRaw,
    out: Path,
    *,
    builder: int | None = None,
    before_source: Callable[[], None] | None = None,
) -> Receipt:
    """Turn the sources of one shard into a data file, a failure file and a receipt.

    Parameters
    ----------
    plan : ShardPlan
    config : BuildConfig
    raw : LocalRaw
    out : Path
    builder : int, optional
        Id of the process that holds `out`, where that is another one: a worker ends with it.
    before_source : callable, optional
        Called before each source; what it raises ends the shard, and nothing of it stays.

    Returns
    -------
    Receipt
        Written as the last step, so a shard without one is built again from the start.

    Raises
    ------
    NoSpaceError
        The disk is full.
    ArgumentError
        `out` may not be written into.
    """
    failures = list(plan.known)
    watch = Stopwatch()
    with at_work(out, builder=builder or os.getpid(), part=config.part):
        clips = _clips(plan, config, raw, failures, watch, before_source)
        return commit_shard(plan, config, out, clips, failures=failures, watch=watch)


def commit_shard(
    plan: ShardPlan,
    config: BuildConfig,
    out: Path,
    rows: Iterator[Clip | Row],
    *,
    failures: list[Failure],
    watch: Stopwatch,
) -> Receipt:
    """Write what a shard holds: data file, failure file, receipt, each complete once it has its name.

    Parameters
    ----------
    plan : ShardPlan
    config : BuildConfig
    out : Path
    rows : iterator of Clip or row
        Made as they are written, so that few are held at a time.
    failures : list of Failure
        Complete once `rows` is exhausted.
    watch : Stopwatch
        Its seconds go into the receipt.

    Returns
    -------
    Receipt
    """
    groups: Counter[tuple[str, str]] = Counter()
    if config.pseudonymize is not None:
        rows = map(nameless, rows)
    data, lost = data_file(out, plan.name), failures_file(out, plan.name)
    with single_threaded():
        first = next(rows, None)

        def fill(path: Path) -> None:
            with ClipWriter(path, image_format=config.image_format, size=config.size) as writer:
                for row in chain([first] if first else [], rows):
                    groups[_group(row)] += 1
                    writer.write(row)

        if first is None:
            _drop(data, out)
        else:
            write_atomically(data, fill, out=out, check=lambda path: check_rows(groups.total())(path))
        if failures:
            shown = failures if config.pseudonymize is None else [nameless_failure(f) for f in failures]
            write_atomically(
                lost, lambda path: write_failures(path, shown), out=out, check=check_rows(len(failures))
            )
        else:
            _drop(lost, out)
        receipt = _receipt(plan, groups, data, lost, failures=failures, watch=watch)
        write_receipt(out, receipt)
    return receipt


def _drop(path: Path, out: Path) -> None:
    with out_errors(out):
        remove_file(path)


def _group(row: Clip | Row) -> tuple[str, str]:
    """(label, pai)"""
    if isinstance(row, Clip):
        return row.source.label, row.source.pai
    return LABELS[row["label"]], row["pai"]


def _receipt(
    plan: ShardPlan,
    groups: Counter[tuple[str, str]],
    data: Path,
    lost: Path,
    *,
    failures: list[Failure],
    watch: Stopwatch,
) -> Receipt:
    """What the files hold that were just written."""
    sources = len(plan.sources) + len(plan.known)
    whole = [failure for failure in failures if failure.frame_index is None]
    return Receipt(
        shard=plan.name,
        plan_hash=plan.hash,
        split=plan.split,
        rows=groups.total(),
        bytes=data.stat().st_size if groups else 0,
        sha256=sha256(data) if groups else "",
        failures=len(failures),
        failures_sha256=sha256(lost) if failures else "",
        sources=sources,
        with_clips=sources - len(whole),
        groups=tuple((*key, n) for key, n in sorted(groups.items())),
        reasons=tuple(sorted(Counter(failure.reason for failure in whole).items())),
        seconds=tuple(sorted(watch.seconds.items())),
    )


def _clips(
    plan: ShardPlan,
    config: BuildConfig,
    raw: LocalRaw,
    failures: list[Failure],
    watch: Stopwatch,
    before_source: Callable[[], None] | None,
) -> Iterator[Clip]:
    """Clips of every source in order; what fails is appended to `failures`."""
    for source in plan.sources:
        if before_source is not None:
            before_source()
        for outcome in _fetched(source, config, raw, watch):
            if isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                with watch("write"):
                    yield outcome


def _fetched(
    source: Source, config: BuildConfig, raw: LocalRaw, watch: Stopwatch
) -> tuple[Clip | Failure, ...]:
    """:func:`work_on` with the source on this machine."""
    try:
        with raw.download(source):
            return work_on(source, config, raw.path, watch)
    except MediaError as error:
        path = readable_path(source.path)
        failure = Failure(source.source_id, path, source.split, "probe", "unreadable", error.detail)
        return (failure,)


def work_on(source: Source, config: BuildConfig, raw: Path, watch: Stopwatch) -> tuple[Clip | Failure, ...]:
    """Clips and failures of one source, made where a crash, a hang or a lack of memory hurts nobody else."""
    worker = worker_of_this_thread(
        raw=raw, config=config, timeout=config.timeout, max_memory=config.memory_limit()
    )
    return worker.extract(source, watch=watch)


@contextmanager
def single_threaded() -> Iterator[None]:
    """One OpenCV thread a worker: the parallel loop is over shards."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
