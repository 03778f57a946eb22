"""``specaug evaluate``"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click

import specaug
from specaug_cli.printing import one_line, print_warnings


@click.command("evaluate", short_help="Error rates of a run, thresholds from dev alone.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--cross", type=click.Path(path_type=Path), help="Another data set, whose test clips are judged instead."
)
@click.option(
    "--level",
    type=click.Choice(["video", "clip"]),
    default="video",
    show_default=True,
    help="What one score is for; a video's is the mean of its clips'.",
)
@click.option(
    "--unseen",
    type=click.Choice(["raise", "allow"]),
    help="Species in only one of dev and test.  [default: allow with --cross, else raise]",
)
@click.option(
    "--resamples", type=click.IntRange(min=1), default=1000, show_default=True, help="For the intervals."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def evaluate(
    runs: tuple[Path, ...],
    out: Path,
    cross: Path | None,
    level: Literal["video", "clip"],
    unseen: Literal["raise", "allow"] | None,
    resamples: int,
    as_json: bool,
) -> None:
    """Judge a RUN on the test clips of OUT, at thresholds from its dev clips.

    Scores per clip go to RUN/scores, figures to RUN/metrics.json. Figures on people or files that were seen in training
    or dev are said to be not valid. Several runs are judged in turn and shown in one table.

    \b
    Examples:
      specaug evaluate run out
      specaug evaluate baseline run out
      specaug evaluate run out --cross other-out
    """
    judged = {}
    for run in runs:
        judged[str(run)] = specaug.evaluate(
            run, out, cross=cross, level=level, unseen=unseen, resamples=resamples
        )
        print_warnings(judged[str(run)].warnings)
    if len(judged) == 1:
        (only,) = judged.values()
        click.echo(json.dumps(only.to_dict()) if as_json else str(only))
    elif as_json:
        click.echo(json.dumps({"runs": {name: report.to_dict() for name, report in judged.items()}}))
    else:
        click.echo(side_by_side(judged))


def side_by_side(judged: Mapping[str, Any]) -> str:
    """A row of figures for each run by name, and the notes of all."""
    rows = [("run", "ACER", "95 % interval", "APCER, worst species", "BPCER")]
    for name, run in judged.items():
        report = run.report
        low, high = (f"{100 * bound:.2f}" for bound in report.intervals["acer"])
        rates = (f"{100 * rate:.2f} %" for rate in (report.acer, report.apcer, report.bpcer))
        acer, apcer, bpcer = rates
        rows.append((one_line(name), acer, f"{low} to {high} %", apcer, bpcer))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table = [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    counts = [run.report.summary().partition("\n")[0] for run in judged.values()]
    told = {f"note: {note}": None for run in judged.values() for note in (*run.report.notes, *run.notes)}
    return "\n".join([f"on test: {counts[0]}; thresholds from dev", "", *table, *told])
