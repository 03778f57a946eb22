"""``specaug retry``"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import specaug
from specaug.records import BuildConfig
from specaug_cli.build_dataset import _progress, print_report, summary
from specaug_cli.printing import print_warnings
from specaug_cli.settings import setting, with_settings

RUN_SETTINGS = (
    setting(
        "jobs", "-j", "--jobs", type=int, metavar="N", default="all usable cores", help="Worker processes."
    ),
    setting("timeout", "--timeout", type=float, metavar="SECONDS", help="Per-source timeout."),
    setting(
        "max_memory",
        "--max-memory",
        metavar="SIZE",
        help="Memory limit of the process that works on a source.",
    ),
    setting("pseudonymize", "--pseudonymize", metavar="KEYFILE", help="Key that OUT was built with."),
    setting(
        "mix_versions",
        "--mix-versions",
        is_flag=True,
        help="Continue an OUT that other versions of the packages have built.",
    ),
    setting("model", "--model", metavar="PATH", help="Local model for yunet (file) or insightface (folder)."),
)


@click.command("retry", short_help="Run failed sources of OUT again.")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="R",
    help="Only failures with this reason; may be given several times, or as a list with commas. All by default.",
)
@click.option(
    "--raw", type=click.Path(path_type=Path), help="Where RAW is, if not where it was, seen from OUT."
)
@with_settings(*RUN_SETTINGS)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def retry(
    out: Path, reasons: tuple[str, ...], raw: Path | None, as_json: bool, quiet: bool, **settings: Any
) -> None:
    """Run the sources of OUT again that failed.

    Clips that are there stay as they are, byte for byte. A file that was repaired in RAW is taken as it is now. OUT
    changes when all is done: interrupted before, it is what it was, and the same command goes on where it stopped.

    \b
    Examples:
      specaug retry out
      specaug retry out --reason timeout --timeout 3600
      specaug retry out --reason out_of_memory,native_crash --max-memory 16GiB -j 1
    """
    wanted = [reason.strip() for given in reasons for reason in given.split(",")]
    with _progress(quiet) as progress:
        report = specaug.retry(out, reasons=wanted, raw=raw, progress=progress, **settings)
    print_warnings(report.build.warnings)
    if as_json:
        click.echo(
            json.dumps({**summary(report.build), "retried": report.retried, "recovered": report.recovered})
        )
        return
    print_report(report.build, out, BuildConfig(), dry_run=False)
    click.echo(f"{report.retried} sources were run again, {report.recovered} of them have clips now.")
