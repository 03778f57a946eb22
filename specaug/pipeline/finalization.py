"""Sums, manifest and dataset card, made from receipts alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specaug import __version__
from specaug.errors import ArgumentError, PlanMismatchError, SpecaugError
from specaug.parsing import parse_json
from specaug.pipeline.conflicts import conflict_notices
from specaug.pipeline.croissant import croissant
from specaug.pipeline.dataset_card import dataset_card
from specaug.pipeline.lock import hold
from specaug.pipeline.notices import skipped_of, with_notices
from specaug.pipeline.plan import Plan, load_plan
from specaug.pipeline.remote.local_copies import local_out
from specaug.records import LABELS, SPLITS, BuildReport, Receipt, ShardPlan
from specaug.shards import (
    SCHEMA_VERSION,
    data_file,
    failures_file,
    other_receipts,
    read_receipt,
    skipped_entry,
    write_json,
    write_text,
)
from specaug.storage import is_remote

PAGES = ("README.md", "dataset_info.json", "croissant.json", "manifest.jsonl")
"""What is written from receipts."""


def finalize(out: Path | str) -> BuildReport:
    """Write manifest, card and statistics of an OUT whose shards were built in parts.

    Parameters
    ----------
    out : path or address

    Returns
    -------
    BuildReport

    Raises
    ------
    ArgumentError
        `out` holds no plan.
    PlanMismatchError
        Shards are missing; the message counts them and names the first.
    BuildLockedError
        A build holds `out`.
    """
    if not is_remote(out) and load_plan(Path(out)) is None:
        raise ArgumentError(f"out: expected a folder that build-dataset made, got {str(out)!r}")
    with local_out(out) as target, hold(target.path):
        plan = load_plan(target.path)  # again: a change may have been carried out just now
        if plan is None:
            raise ArgumentError(f"out: expected a place that build-dataset made, got {str(out)!r}")
        report = finalize_locked(target.path, plan)
        target.sums_written()
        return with_notices(report, plan, skipped_of(target.path))


def finalize_locked(
    out: Path, plan: Plan, *, done_before: Mapping[str, Receipt] | None = None
) -> BuildReport:
    """:func:`finalize` for a caller that holds OUT."""
    receipts, others = receipts_of(out, plan.shards), other_receipts(out)
    report = _sum(plan, plan.shards, receipts, done_before=done_before)
    listed = skipped_entry(out)
    if not _are_current(out, _manifest(plan, report, [*receipts, *others], out, listed)):
        write_pages(out, plan, receipts, others=others, skipped_file=listed)
    return report


def _are_current(out: Path, manifest: Sequence[str]) -> bool:
    """Whether the pages in OUT are of these very shards, whichever version of specaug wrote them: then they stay."""
    if not all((out / name).is_file() for name in PAGES):
        return False
    try:
        found = [parse_json(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    except ValueError:
        return False
    return _without_writer(found) == _without_writer([parse_json(line) for line in manifest])


def _without_writer(lines: list[Any]) -> list[Any]:
    head = lines[0] if lines and isinstance(lines[0], dict) else {}
    return [{name: value for name, value in head.items() if name != "specaug"}, *lines[1:]]


def write_pages(
    out: Path,
    plan: Plan,
    receipts: Sequence[Receipt],
    *,
    others: Sequence[Receipt] = (),
    skipped_file: Mapping[str, Any] | None = None,
) -> BuildReport:
    """Write statistics, card, Croissant description and, last, the manifest: where it is current, so are the others.

    Parameters
    ----------
    out : Path
        Where to.
    plan : Plan
    receipts : sequence of Receipt
        Of every shard of the plan, in its order.
    others : sequence of Receipt
        Of shards that were made from those.
    skipped_file : mapping, optional
        What :func:`specaug.shards.skipped_entry` says of the list in OUT.

    Returns
    -------
    BuildReport
        The sum over the plan's shards.
    """
    report = _sum(plan, plan.shards, receipts, done_before=None)
    write_json(out / "dataset_info.json", _dataset_info(plan, report), out=out)
    card = dataset_card(report, plan.settings, version=__version__, synthetic=_synthetic(others))
    write_text(out / "README.md", card, out=out)
    description = croissant(report, plan.settings, [*receipts, *others], version=__version__)
    write_json(out / "croissant.json", description, out=out)
    lines = _manifest(plan, report, [*receipts, *others], out, skipped_file)
    write_text(out / "manifest.jsonl", "".join(lines), out=out)
    return report


def _synthetic(others: Sequence[Receipt]) -> tuple[tuple[str, str, str, int], ...]:
    """(split, label, pai, clips) of what was made from captured clips."""
    table: Counter[tuple[str, str, str]] = Counter()
    for receipt in others:
        for label, pai, clips in receipt.groups:
            table[receipt.split, label, pai] += clips
    return tuple((*key, n) for key, n in sorted(table.items(), key=_order))


def report_of(
    plan: Plan, out: Path, shards: Sequence[ShardPlan], *, done_before: Mapping[str, Receipt] | None = None
) -> BuildReport:
    """The sum over finished shards.

    Raises
    ------
    PlanMismatchError
        Some are not finished.
    SpecaugError
        The sum does not hold: a source would be lost.
    """
    return _sum(plan, shards, receipts_of(out, shards), done_before=done_before)


def _sum(
    plan: Plan,
    shards: Sequence[ShardPlan],
    receipts: Sequence[Receipt],
    *,
    done_before: Mapping[str, Receipt] | None,
) -> BuildReport:
    before = done_before or {}
    table: Counter[tuple[str, str, str]] = Counter()
    reasons: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for receipt in receipts:
        for label, pai, clips in receipt.groups:
            table[receipt.split, label, pai] += clips
        reasons.update(dict(receipt.reasons))
        if receipt.shard not in before:
            seconds.update(dict(receipt.seconds))
    asked = sum(len(s.sources) + len(s.known) for s in shards)
    with_clips = sum(r.with_clips for r in receipts)
    if asked != with_clips + reasons.total():
        raise SpecaugError(
            f"the sum does not hold: {asked} sources planned, {with_clips} with clips, {reasons.total()} failures"
        )

    return BuildReport(
        sources=asked,
        clips=table.total(),
        failures=reasons.total(),
        by_reason=dict(sorted(reasons.items())),
        shards=len(shards),
        skipped=plan.skipped,
        table=tuple((*key, n) for key, n in sorted(table.items(), key=_order)),
        done_before=len(before),
        seconds=dict(seconds),
        warnings=conflict_notices(shards, named="pseudonymize" not in plan.settings),
    )


def _order(row: tuple[tuple[str, str, str], int]) -> tuple[int, int, str]:
    (split, label, pai), _ = row
    return list[str](SPLITS).index(split), list[str](LABELS).index(label), pai


def receipts_of(out: Path, shards: Sequence[ShardPlan]) -> list[Receipt]:
    """The receipt of every shard.

    Raises
    ------
    PlanMismatchError
        Some are not finished; the message counts them and names the first.
    """
    found = [(shard.name, read_receipt(out, shard)) for shard in shards]
    missing = [name for name, receipt in found if receipt is None]
    if missing:
        raise PlanMismatchError(
            f"{len(missing)} of {len(shards)} shards are not built, the first is {missing[0]}; "
            "run build-dataset again"
        )
    return [receipt for _, receipt in found if receipt is not None]


def _manifest(
    plan: Plan,
    report: BuildReport,
    receipts: Sequence[Receipt],
    out: Path,
    skipped_file: Mapping[str, Any] | None,
) -> list[str]:
    """One line for the build, one for every shard; nothing in it depends on time, paths or workers.

    The versions of the head are all sets that shards were built with; a shard's line has the number of its set.
    """
    found = sorted({receipt.versions for receipt in receipts if receipt.versions})
    head = {
        "specaug": __version__,
        "schema_version": SCHEMA_VERSION,
        "settings": plan.settings,
        "sources": report.sources,
        "clips": report.clips,
        "failures": report.by_reason,
        "skipped": report.skipped,
        "skipped_file": skipped_file,
        "versions": [dict(versions) for versions in found],
    }
    lines: list[dict[str, Any]] = [head]
    for receipt in receipts:
        data = data_file(out, receipt.shard, origin=receipt.origin)
        failures = failures_file(out, receipt.shard, origin=receipt.origin)
        line: dict[str, Any] = {"shard": receipt.shard, "split": receipt.split, "sources": receipt.sources}
        line |= {} if receipt.origin == "captured" else {"origin": receipt.origin}
        line["plan_hash"] = receipt.plan_hash
        line["clips"] = receipt.rows
        line |= {"versions": found.index(receipt.versions)} if receipt.versions else {}
        if receipt.rows:
            line |= {
                "file": data.relative_to(out).as_posix(),
                "bytes": receipt.bytes,
                "sha256": receipt.sha256,
            }
        if receipt.failures:
            line["failures"] = {
                "file": failures.relative_to(out).as_posix(),
                "rows": receipt.failures,
                "sha256": receipt.failures_sha256,
            }
        lines.append(line)
    return [json.dumps(line, sort_keys=True) + "\n" for line in lines]


def _dataset_info(plan: Plan, report: BuildReport) -> dict[str, Any]:
    splits: Counter[str] = Counter()
    for split, _, _, clips in report.table:
        splits[split] += clips
    return {
        "specaug_version": __version__,
        "schema_version": SCHEMA_VERSION,
        "class_names": list(LABELS),
        "settings": plan.settings,
        "splits": dict(splits),
        "table": [dict(zip(("split", "label", "pai", "clips"), row, strict=True)) for row in report.table],
        "failures": report.by_reason,
    }
