"""Sums, manifest and dataset card, made from receipts alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specaug import __version__
from specaug.checked_fields import check_arguments
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
    json_text,
    other_receipts,
    read_receipt,
    skipped_entry,
    write_text,
)
from specaug.shards.out_hint import out_hint
from specaug.storage import is_remote

MANIFEST = "manifest.jsonl"
"""Written last: where it is current, so are the other pages."""


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
    check_arguments(finalize, out=out)
    if not is_remote(out) and load_plan(Path(out)) is None:
        raise ArgumentError(
            f"out: expected a folder that build-dataset made, got {str(out)!r}; {out_hint(out)}"
        )
    with local_out(out) as target, hold(target.path):
        plan = load_plan(target.path)  # again: a change may have been carried out just now
        if plan is None:
            raise ArgumentError(
                f"out: expected a place that build-dataset made, got {str(out)!r}; {out_hint(out)}"
            )
        report = finalize_locked(target.path, plan)
        target.sums_written()
        return with_notices(report, plan, skipped_of(target.path))


def finalize_locked(
    out: Path, plan: Plan, *, done_before: Mapping[str, Receipt] | None = None
) -> BuildReport:
    """:func:`finalize` for a caller that holds OUT."""
    receipts, others = receipts_of(out, plan.shards), other_receipts(out)
    report = _sum(plan, plan.shards, receipts, done_before=done_before)
    listed = skipped_entry(out, manifest_head(out))
    pages = _pages(out, plan, receipts, others, listed)
    if not _are_current(out, pages):
        _write(out, pages)
    return report


def manifest_head(out: Path) -> dict[str, Any]:
    """The first line of the manifest, empty where there is none that can be read."""
    lines = _lines(out / MANIFEST)
    return lines[0] if lines and isinstance(lines[0], dict) else {}


def _lines(file: Path) -> list[Any]:
    try:
        return [parse_json(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []


def _are_current(out: Path, pages: Mapping[str, str]) -> bool:
    """Whether the pages in OUT are these, or those of another version of specaug for the same shards, which stay."""
    found = {name: (out / name).read_bytes() if (out / name).is_file() else b"" for name in pages}
    writer = manifest_head(out).get("specaug")
    if writer == __version__:
        return found == {name: text.encode() for name, text in pages.items()}
    wanted = [parse_json(line) for line in pages[MANIFEST].splitlines()]
    return all(found.values()) and _without_writer(_lines(out / MANIFEST)) == _without_writer(wanted)


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
    _write(out, _pages(out, plan, receipts, others, skipped_file))
    return _sum(plan, plan.shards, receipts, done_before=None)


def _pages(
    out: Path,
    plan: Plan,
    receipts: Sequence[Receipt],
    others: Sequence[Receipt],
    skipped_file: Mapping[str, Any] | None,
) -> dict[str, str]:
    """Text of every page by its name, the manifest last."""
    report = _sum(plan, plan.shards, receipts, done_before=None)
    every = [*receipts, *others]
    return {
        "dataset_info.json": json_text(_dataset_info(plan, report)),
        "README.md": dataset_card(report, plan.settings, version=__version__, synthetic=_synthetic(others)),
        "croissant.json": json_text(croissant(report, plan.settings, every, version=__version__)),
        MANIFEST: "".join(_manifest(plan, report, every, out, skipped_file)),
    }


def _write(out: Path, pages: Mapping[str, str]) -> None:
    for name, text in pages.items():
        write_text(out / name, text, out=out)


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
