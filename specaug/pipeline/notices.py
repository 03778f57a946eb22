"""Warnings of a build, and the list of what RAW holds and OUT does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from specaug.catalog import Catalog, Skipped
from specaug.catalog.notices import skipped_notice
from specaug.pipeline.plan import Plan
from specaug.pipeline.pseudonym import Key, nameless_text
from specaug.records import BuildReport, Coverage, Notice, coverage_of, further, readable_path
from specaug.shards import SkippedRow, read_skipped, write_skipped


def keep_skipped(out: Path, skipped: Sequence[Skipped], key: Key | None) -> bool:
    """Write down in OUT what is skipped, without names where they are secret; whether anything changed."""
    return write_skipped(out, [_row(item, key) for item in skipped])


def skipped_of(out: Path) -> list[Skipped]:
    """What :func:`keep_skipped` has written."""
    return [Skipped(*row) for row in read_skipped(out)]


def with_notices(
    report: BuildReport,
    plan: Plan,
    skipped: Sequence[Skipped],
    *,
    catalog: Catalog | None = None,
    whole: bool = True,
) -> BuildReport:
    """A report with its warnings: gaps of the plan, else of the clips, and what is skipped or missing.

    Parameters
    ----------
    report : BuildReport
    plan : Plan
    skipped : sequence of Skipped
    catalog : Catalog, optional
        Of this run, where RAW was looked at.
    whole : bool
        The report is of all that is planned, so that gaps among its clips are gaps of OUT.
    """
    missing = [notice for notice in _warnings(catalog) if notice.kind == "missing_files"]
    planned = coverage_of(source for shard in plan.shards for source in shard.sources)
    clips = Coverage(frozenset((split, label, pai) for split, label, pai, n in report.table if n), built=True)
    gaps = further(planned.notices(), clips.notices() if whole else ())
    return replace(
        report,
        skipped_media=sum(item.not_understood for item in skipped),
        warnings=(*report.warnings, *gaps, *skipped_notice(skipped), *missing),
    )


def _warnings(catalog: Catalog | None) -> Iterable[Notice]:
    return () if catalog is None else catalog.warnings


def _row(item: Skipped, key: Key | None) -> SkippedRow:
    reason = item.reason.encode("utf-8", "backslashreplace").decode()
    if key is None:
        return SkippedRow(readable_path(item.path), reason, item.media)
    return SkippedRow("", nameless_text(reason, item.path), item.media)
