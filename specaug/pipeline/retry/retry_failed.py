"""Failed sources run again: all of OUT changes at once, or nothing does."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib

from specaug.checked_fields import check_arguments, did_you_mean
from specaug.errors import ArgumentError, WorkerLostError
from specaug.parsing import parse_json
from specaug.pipeline.backends.local_pool import local_processes
from specaug.pipeline.build import Progress, settings_of
from specaug.pipeline.finalization import manifest_head, receipts_of, report_of, write_pages
from specaug.pipeline.lock import hold
from specaug.pipeline.notices import skipped_of, with_notices
from specaug.pipeline.plan import Plan, check_settings, load_plan, save_plan
from specaug.pipeline.pseudonym import Key, key_of, opened
from specaug.pipeline.raw_location import find_raw
from specaug.pipeline.retry.retry_plan import replan
from specaug.pipeline.retry.retry_shard import RetryPlan, failures_of, retry_shard
from specaug.pipeline.scanning import scan_with
from specaug.pipeline.versions import process_versions, refuse_mix, with_detector
from specaug.records import REASONS, BuildConfig, BuildReport, Receipt
from specaug.shards import (
    STATE,
    clear_staging,
    commit_change,
    data_file,
    failures_file,
    other_receipts,
    out_errors,
    read_receipt,
    receipt_file,
    skipped_entry,
    staging,
    write_json,
)
from specaug.shards.out_hint import out_hint

_INTENT = "intent.json"
_PAGES = ("manifest.jsonl", "dataset_info.json", "README.md", "croissant.json")


@dataclass(frozen=True)
class RetryReport:
    """What another attempt brought."""

    retried: int
    """Sources that were run again."""
    recovered: int
    """Those that are failures no more; a file that is gone because a conflict was decided is one of them."""
    build: BuildReport
    """The sum of OUT as it is now."""


def retry(
    out: Path | str,
    *,
    reasons: Iterable[str] = (),
    raw: Path | str | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    max_memory: str | None = None,
    model: str | None = None,
    pseudonymize: str | None = None,
    mix_versions: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> RetryReport:
    """Run the sources of an OUT again that failed.

    Sources that succeeded keep their rows, byte for byte, and files without such a source are not touched. A file that
    was repaired in RAW is taken as it is now. `out` changes at once when all is done; a run that was interrupted goes
    on where it stopped if it is asked for again.

    Parameters
    ----------
    out : path
        A finished data set.
    reasons : iterable of str
        Only failures with one of these; all by default.
    raw : path, optional
        Where the raw media lie, if no longer where they were, seen from `out`.
    jobs, timeout, max_memory, model, pseudonymize, mix_versions
        As in :class:`BuildConfig`; every other setting is that of the build.
    progress : callable, optional
        Gets a :class:`Progress` after each shard.

    Returns
    -------
    RetryReport

    Raises
    ------
    ArgumentError
        `out` holds no build, `reasons` names none, or RAW is not found.
    PlanMismatchError
        `out` is not finished, or was built with another detector or other versions than there are now.
    BuildLockedError
        Another build holds `out`.
    NoSpaceError
        The disk is full; `out` is what it was.
    """
    check_arguments(retry, out=out, raw=raw)  # the settings are checked as those of a build
    out = Path(out)
    wanted = _checked(reasons)
    if load_plan(out) is None:
        raise ArgumentError(
            f"out: expected a folder that build-dataset made, got {str(out)!r}; {out_hint(out)}"
        )
    with hold(out) as held:
        plan = load_plan(out)
        assert plan is not None
        before = report_of(plan, out, plan.shards)
        picked = _picked(plan, out, wanted)
        if not picked:
            return RetryReport(0, 0, with_notices(before, plan, skipped_of(out)))
        given = {"jobs": jobs, "timeout": timeout, "max_memory": max_memory, "model": model}
        given |= {"pseudonymize": pseudonymize, "mix_versions": mix_versions}
        config = _config(plan, {name: value for name, value in given.items() if value is not None})
        _refuse_mix(plan, out, config)
        key = key_of(config)
        plan = replace(plan, shards=opened(plan.shards, key))
        raw = _checked_raw(plan, find_raw(out, raw))
        known = any(f.source_id in picked for shard in plan.shards for f in shard.known)
        catalog = scan_with(raw, config) if known else None
        links = config.follow_symlinks
        changed, tasks = replan(plan, picked, raw, catalog, follow_symlinks=links, key=key)
        _begin(out, changed, tasks, wanted)
        with closing(_stage(tasks, config, raw, out, progress)) as staged:
            for _ in staged:
                held.check()
        with out_errors(out):
            report = _commit(out, plan, changed, tasks, key)
        report = with_notices(report, changed, skipped_of(out))
        return RetryReport(
            len(picked), before.failures - report.failures + _newly_lost(plan, tasks, picked), report
        )


def _newly_lost(plan: Plan, tasks: Sequence[RetryPlan], picked: Mapping[str, int]) -> int:
    """Sources that had clips and are failures now, since a file that was repaired contradicts them."""
    before = {source.source_id for shard in plan.shards for source in shard.sources} - picked.keys()
    return sum(failure.source_id in before for task in tasks for failure in task.shard.known)


def _refuse_mix(plan: Plan, out: Path, config: BuildConfig) -> None:
    """Raise if another version built what is there."""
    here = with_detector(process_versions(), plan.settings["detector_version"])
    earlier = [plan.versions, *(receipt.versions for receipt in receipts_of(out, plan.shards))]
    refuse_mix(earlier, here, accept=config.mix_versions)


def _checked(reasons: Iterable[str]) -> frozenset[str]:
    wanted = frozenset([reasons] if isinstance(reasons, str) else reasons)
    if unknown := sorted(wanted - set(REASONS)):
        raise ArgumentError(
            f"reason: expected one of {', '.join(REASONS)}, got {unknown[0]!r}"
            + did_you_mean(unknown[0], REASONS)
        )
    return wanted


def _checked_raw(plan: Plan, raw: Path) -> Path:
    """A folder that holds at least one file of the plan: in a wrong one, everything would fail once more."""
    paths = [source.path for shard in plan.shards for source in shard.sources]
    if paths and not any((raw / path).exists() for path in paths):
        raise ArgumentError(
            f"raw: expected the folder that OUT was built from, got {str(raw)!r} with none of its files"
        )
    return raw


def _config(plan: Plan, given: Mapping[str, Any]) -> BuildConfig:
    """The settings of the build, and how this run goes."""
    names = {field.name for field in dataclasses.fields(BuildConfig) if not field.metadata.get("run_only")}
    kept = {k: tuple(v) if isinstance(v, list) else v for k, v in plan.settings.items() if k in names}
    config = BuildConfig(**{**kept, **given})
    check_settings(plan, settings_of(config))
    return config


def _picked(plan: Plan, out: Path, wanted: frozenset[str]) -> dict[str, int]:
    """Attempts so far by source_id, of sources with a failure of these reasons."""
    picked: dict[str, int] = {}
    for shard in plan.shards:
        receipt = read_receipt(out, shard)
        if receipt is None or not receipt.failures:
            continue
        for source_id, failures in failures_of(out, shard.name).items():
            if not wanted or any(failure.reason in wanted for failure in failures):
                picked[source_id] = max(failure.attempts for failure in failures)
    return picked


def _begin(out: Path, plan: Plan, tasks: Sequence[RetryPlan], wanted: frozenset[str]) -> None:
    """Keep what an interrupted run of the same kind has staged, and nothing else."""
    meant = [sorted(wanted), [[task.shard.hash, task.attempts] for task in tasks], plan.settings]
    digest = hashlib.blake2b(json.dumps(meant, sort_keys=True).encode(), digest_size=16).hexdigest()
    file = staging(out) / _INTENT
    try:
        same = parse_json(file.read_text())["intent"] == digest
    except (OSError, ValueError, KeyError, TypeError):
        same = False
    if not same:
        clear_staging(out)
        write_json(file, {"intent": digest}, out=staging(out))


def _stage(
    tasks: Sequence[RetryPlan],
    config: BuildConfig,
    raw: Path,
    out: Path,
    progress: Callable[[Progress], None] | None,
) -> Generator[Receipt, None, None]:
    """Do what is not staged yet."""
    done = {task.shard.name: r for task in tasks if (r := read_receipt(staging(out), task.shard)) is not None}
    receipts = list(done.values())
    total, first = (
        sum(len(t.shard.sources) + len(t.shard.known) for t in tasks),
        sum(r.sources for r in receipts),
    )

    def tell() -> None:
        if progress is not None:
            failures = sum(n for r in receipts for _, n in r.reasons)
            rows = sum(r.rows for r in receipts)
            progress(Progress(total, sum(r.sources for r in receipts), first, rows, failures))

    tell()
    for receipt in _receipts([task for task in tasks if task.shard.name not in done], config, raw, out):
        receipts.append(receipt)
        tell()
        yield receipt


def _receipts(tasks: Sequence[RetryPlan], config: BuildConfig, raw: Path, out: Path) -> Iterator[Receipt]:
    """Receipts as shards are staged, by processes of this machine."""
    with local_processes(config.jobs):
        pool = joblib.Parallel(return_as="generator_unordered", batch_size=1)
    try:
        yield from pool(joblib.delayed(retry_shard)(t, config, raw, out, builder=os.getpid()) for t in tasks)
    except BrokenProcessPool as error:
        raise WorkerLostError(
            f"a worker was lost; run the same again, what is finished is kept ({error})"
        ) from error


def _commit(out: Path, before: Plan, plan: Plan, tasks: Sequence[RetryPlan], key: Key | None) -> BuildReport:
    """Put the new files in place of the old ones, with a plan and a manifest that fit."""
    stage = staging(out)
    names = {task.shard.name for task in tasks}
    receipts = [
        receipt
        for shard in plan.shards
        for receipt in receipts_of(stage if shard.name in names else out, [shard])
    ]
    others, listed = other_receipts(out), skipped_entry(out, manifest_head(out))
    report = write_pages(stage, plan, receipts, others=others, skipped_file=listed)
    save_plan(stage, plan, key)
    old = {receipt.shard: receipt for receipt in receipts_of(out, before.shards)}
    files: list[str] = []
    removed: list[str] = []
    for receipt in (receipt for receipt in receipts if receipt.shard in names):
        data, lost = data_file(out, receipt.shard), failures_file(out, receipt.shard)
        if receipt.sha256 != old[receipt.shard].sha256:  # else nothing came: the file is left alone
            files.append(data.relative_to(out).as_posix())
        (files if receipt.failures else removed).append(lost.relative_to(out).as_posix())
        files.append(receipt_file(out, receipt.shard).relative_to(out).as_posix())
    commit_change(out, [*files, f"{STATE}/plan.json", *_PAGES], removed=removed)
    return report
