"""One shard from plan to receipt: the unit of parallel work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import cv2

from specaug.isolate import worker_of_this_thread
from specaug.records import BuildConfig, Clip, Failure, Receipt, ShardPlan, Source
from specaug.shards import (
    ClipWriter,
    check_rows,
    data_file,
    failures_file,
    sha256,
    write_atomically,
    write_failures,
    write_receipt,
)
from specaug.stopwatch import Stopwatch


def build_shard(
    plan: ShardPlan,
    config: BuildConfig,
    raw: Path,
    out: Path,
    *,
    before_source: Callable[[], None] | None = None,
) -> Receipt:
    """Turn the sources of one shard into a data file, a failure file and a receipt.

    Parameters
    ----------
    plan : ShardPlan
    config : BuildConfig
    raw, out : Path
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
    """
    failures = list(plan.known)
    groups: Counter[tuple[str, str]] = Counter()
    watch = Stopwatch()
    data, lost = data_file(out, plan.name), failures_file(out, plan.name)
    with single_threaded():
        clips = _clips(plan, config, raw, failures, watch, before_source)
        first = next(clips, None)

        def fill(path: Path) -> None:
            with ClipWriter(path, image_format=config.image_format, size=config.size) as writer:
                for clip in chain([first] if first else [], clips):
                    groups[clip.source.label, clip.source.pai] += 1
                    writer.write(clip)

        if first is None:
            data.unlink(missing_ok=True)
        else:
            write_atomically(data, fill, out=out, check=lambda path: check_rows(groups.total())(path))
    if failures:
        write_atomically(
            lost, lambda path: write_failures(path, failures), out=out, check=check_rows(len(failures))
        )
    else:
        lost.unlink(missing_ok=True)
    receipt = Receipt(
        shard=plan.name,
        plan_hash=plan.hash,
        split=plan.split,
        rows=groups.total(),
        bytes=data.stat().st_size if groups else 0,
        sha256=sha256(data) if groups else "",
        failures=len(failures),
        failures_sha256=sha256(lost) if failures else "",
        sources=len(plan.sources) + len(plan.known),
        with_clips=len(plan.sources) + len(plan.known) - sum(f.frame_index is None for f in failures),
        groups=tuple((*key, n) for key, n in sorted(groups.items())),
        reasons=tuple(sorted(Counter(f.reason for f in failures if f.frame_index is None).items())),
        seconds=tuple(sorted(watch.seconds.items())),
    )
    write_receipt(out, receipt)
    return receipt


def _clips(
    plan: ShardPlan,
    config: BuildConfig,
    raw: Path,
    failures: list[Failure],
    watch: Stopwatch,
    before_source: Callable[[], None] | None,
) -> Iterator[Clip]:
    """Clips of every source in order; what fails is appended to `failures`."""
    for source in plan.sources:
        if before_source is not None:
            before_source()
        for outcome in work_on(source, config, raw, watch):
            if isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                with watch("write"):
                    yield outcome


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
