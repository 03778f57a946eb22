"""``specaug evaluate``"""

from __future__ import annotations

import json
from pathlib import Path

import click

from specaug_cli.printing import print_warnings
from specaug_cli.train import training


@click.command("evaluate", short_help="Error rates of a run, thresholds from dev alone.")
@click.argument("run", type=click.Path(path_type=Path))
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
    run: Path,
    out: Path,
    cross: Path | None,
    level: str,
    unseen: str | None,
    resamples: int,
    as_json: bool,
) -> None:
    """Judge a RUN on the test clips of OUT, at thresholds from its dev clips.

    Scores per clip go to RUN/scores, figures to RUN/metrics.json.

    \b
    Examples:
      specaug evaluate run out
      specaug evaluate run out --cross other-out
    """
    judged = training().evaluate_run(run, out, cross=cross, level=level, unseen=unseen, resamples=resamples)
    print_warnings(judged.warnings)
    click.echo(json.dumps(judged.to_dict()) if as_json else str(judged))
