"""One shard from plan to receipt: the unit of parallel work."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import cv2

from specaug.errors import MediaError
from specaug.extract.source_content import stamp_of
from specaug.isolate import worker_of_this_thread
from specaug.pipeline.lock import at_work
from specaug.pipeline.pseudonym import Key, key_of, keyed, nameless, nameless_failure
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.pipeline.versions import process_versions, with_detector
from specaug.records import (
    LABELS,
    BuildConfig,
    Clip,
    Failure,
    Reason,
    Receipt,
    ShardPlan,
    Source,
    readable_path,
)
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

_log = logging.getLogger(__name__)


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
    _log.debug("building %s: %d sources", plan.name, len(plan.sources))
    failures = list(plan.known)
    stamps: dict[str, str] = {}
    watch = Stopwatch()
    with at_work(out, builder=builder or os.getpid(), part=config.part):
        clips = _clips(plan, config, raw, failures, stamps, watch, before_source)
        return commit_shard(plan, config, out, clips, failures=failures, stamps=stamps, watch=watch)


def commit_shard(
    plan: ShardPlan,
    config: BuildConfig,
    out: Path,
    rows: Iterator[Clip | Row],
    *,
    failures: list[Failure],
    watch: Stopwatch,
    stamps: Mapping[str, str] | None = None,
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
    stamps : mapping of str to str, optional
        By source_id, the stamp of its file before it was read; complete once `rows` is exhausted.

    Returns
    -------
    Receipt
    """
    groups: Counter[tuple[str, str]] = Counter()
    contents: dict[str, str] = {}
    key = key_of(config)
    if key is not None:
        rows = (nameless(row, key) for row in rows)
    data, lost = data_file(out, plan.name), failures_file(out, plan.name)
    with single_threaded():
        first = next(rows, None)

        def fill(path: Path) -> None:
            with ClipWriter(path, image_format=config.image_format, size=config.size) as writer:
                for row in chain([first] if first else [], rows):
                    groups[_group(row)] += 1
                    contents.update(_content(row))
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
        receipt = _with_contents(receipt, contents, stamps or {})
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


def _content(row: Clip | Row) -> dict[str, str]:
    """Digest of all bytes by source_id; empty where a row has none."""
    if isinstance(row, Clip):
        source_id, digest = row.source.source_id, row.bytes_digest
    else:
        source_id, digest = row["source_id"], row.get("bytes_digest")
    return {} if digest is None else {source_id: digest}


def _with_contents(receipt: Receipt, contents: Mapping[str, str], stamps: Mapping[str, str]) -> Receipt:
    """The receipt with what tells later whether its sources are still the same."""
    kept = sorted((name, stamp) for name, stamp in stamps.items() if name in contents and stamp)
    return replace(receipt, contents=tuple(sorted(contents.items())), stamps=tuple(kept))


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
        versions=with_detector(process_versions(), plan.detector),
    )


def _clips(
    plan: ShardPlan,
    config: BuildConfig,
    raw: LocalRaw,
    failures: list[Failure],
    stamps: dict[str, str],
    watch: Stopwatch,
    before_source: Callable[[], None] | None,
) -> Iterator[Clip]:
    """Clips of every source in order; what fails is appended to `failures`, what files look like to `stamps`."""
    key = key_of(config)
    for source in plan.sources:
        if before_source is not None:
            before_source()
        stamps[source.source_id] = stamp_before(source, raw.path, key)
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
        reason: Reason = "changed" if error.reason == "changed" else "unreadable"
        return (Failure(source.source_id, path, source.split, "probe", reason, error.detail),)


def stamp_before(source: Source, raw: Path, key: Key | None) -> str:
    """The stamp of a file that is read only afterwards; keyed as its digest is. Empty if it cannot be looked at."""
    try:
        return keyed(stamp_of(raw / source.path, source.kind), key)
    except (OSError, MediaError):
        return ""


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
