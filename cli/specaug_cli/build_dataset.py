"""``specaug build-dataset``"""

from __future__ import annotations

import dataclasses
import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import specaug
from specaug.credentials import without_credentials
from specaug.records import BuildConfig, BuildReport
from specaug.shards import SKIPPED
from specaug_cli.options import GroupedCommand
from specaug_cli.place import PLACE
from specaug_cli.printing import one_line, print_warnings
from specaug_cli.progress import BarProgress, LineProgress, NoProgress
from specaug_cli.settings import BUILD_GROUPS, BUILD_SETTINGS, CATALOG_SETTINGS, config_from, with_settings

TOO_MANY_FAILURES = 3
_NUMBERS = ("clips", "sources", "media", "other files")


@click.command(
    "build-dataset",
    cls=GroupedCommand,
    groups=BUILD_GROUPS,
    short_help="Raw videos and photos in RAW to Parquet shards in OUT.",
)
@click.argument("raw", type=PLACE)
@click.argument("out", type=PLACE)
@with_settings(*CATALOG_SETTINGS, *BUILD_SETTINGS)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="TOML file with settings; flags win."
)
@click.option("--dry-run", is_flag=True, help="Say what would be built, write nothing.")
@click.option(
    "--overwrite", is_flag=True, help="Remove what an earlier build wrote into OUT and start again."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def build_dataset(
    raw: Path | str,
    out: Path | str,
    config_file: Path | None,
    dry_run: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> int:
    """Turn the raw videos and photos in RAW into Parquet shards in OUT.

    \b
    RAW is a folder such as
      RAW/train/bonafide/ann/1.mp4
      RAW/train/attack/print/ann/1.mp4
    or holds a file sources.csv with the columns path,label[,pai,subject,session,device,split,dataset,boxes].

    Run again, an interrupted build goes on, a finished one is left as it is, and new files in RAW are added. A
    source that cannot be used is a row in OUT/failures with its reason, and never stops the build.

    \b
    Examples:
      specaug build-dataset raw out
      specaug build-dataset raw out --frames 16 --size 256 -j 8
      specaug build-dataset raw out --split 70,15,15 --max-failures 1%
      specaug build-dataset s3://bucket/raw s3://bucket/out
    """
    config = config_from(config_file, flags)
    with _progress(quiet or dry_run) as progress:
        report = specaug.build_dataset(
            raw, out, config, overwrite=overwrite, dry_run=dry_run, progress=progress
        )
    for note in () if quiet else report.notes:
        click.echo(one_line(note), err=True)
    print_warnings(report.warnings)
    if as_json:
        click.echo(json.dumps(summary(report)))
    else:
        print_report(report, out, config, dry_run=dry_run)
    return TOO_MANY_FAILURES if report.failures > config.failure_limit(report.sources) else 0


def _progress(quiet: bool) -> AbstractContextManager[Any]:
    if quiet:
        return NoProgress()
    return BarProgress() if sys.stderr.isatty() else LineProgress()


def summary(report: BuildReport) -> dict[str, Any]:
    """What ``--json`` prints."""
    values = dataclasses.asdict(report)
    names = ("sources", "clips", "failures", "by_reason", "shards", "skipped", "skipped_media")
    warnings = [notice.as_json() for notice in report.warnings]
    return {**{name: values[name] for name in names}, "warnings": warnings}


def print_report(report: BuildReport, out: Path | str, config: BuildConfig, *, dry_run: bool) -> None:
    """Tables of clips and failures, and where things lie."""
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False, markup=False)
    if report.table:
        console.print(_table("Clips", ("split", "label", "pai", "clips"), report.table))
    if report.by_reason:
        console.print(_table("Failures", ("reason", "sources"), tuple(report.by_reason.items())))
    console.print(
        f"{report.sources} sources = {report.sources - report.failures} with clips + {report.failures} failed; "
        f"{report.clips} clips in {report.shards} shards; {_skipped(report)} skipped."
        if not dry_run
        else f"{report.sources} sources in {report.shards} shards; {report.failures} known to fail; "
        f"{_skipped(report)} would be skipped. Nothing was written."
    )
    if not dry_run and config.shard_count > 1:
        console.print(
            f"This was part {config.shard_index} of {config.shard_count}; then: specaug finalize OUT"
        )
    elif not dry_run:
        out = without_credentials(str(out))
        console.print(f"Clips:    {out}/data/captured", soft_wrap=True)
        if report.failures:
            console.print(f"Failures: {out}/failures", soft_wrap=True)
        if report.skipped_media:
            console.print(f"Skipped:  {out}/{SKIPPED}", soft_wrap=True)


def _skipped(report: BuildReport) -> str:
    """Media that are not used, apart from other files."""
    lost, others = report.skipped_media, report.skipped - report.skipped_media
    media = f"{lost} photos and videos that are not used and " if lost else ""
    return f"{media}{others} other files"


def _table(title: str, names: tuple[str, ...], rows: tuple[tuple[object, ...], ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in rows:
        table.add_row(*(one_line(str(cell)) for cell in row))
    return table
