"""``specaug verify``"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

import specaug
from specaug_cli.place import PLACE
from specaug_cli.printing import one_line, print_warnings

DAMAGED = 5


@click.command("verify", short_help="Checksums, schema, counts and leakage of OUT.")
@click.argument("out", type=PLACE)
@click.option("--strict", is_flag=True, help="Exit with 5 for warnings too.")
@click.option(
    "--look-alikes/--no-look-alikes",
    "look_alikes",
    default=True,
    help="Whether to decode the crops and look for copies in other splits.  [default: look]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def verify(out: Path | str, strict: bool, look_alikes: bool, as_json: bool) -> int:
    """Check OUT: checksums, schema, counts against plan and failures, and that no subject, source or content is in
    two splits, nor a synthetic clip in another than its parent.

    Warns of clips in different splits that look alike, as a video does that was encoded again, mirrored, cut shorter or
    kept as a photo, and of subjects that differ only by case, blanks, zeros before a number or normal form.

    \b
    Examples:
      specaug verify out
      specaug verify out --strict
      specaug verify out --json
    """
    report = specaug.verify(out, look_alikes=look_alikes)
    print_warnings(report.warnings)
    if as_json:
        problems = [dataclasses.asdict(problem) for problem in report.problems]
        warnings = [notice.as_json() for notice in report.warnings]
        values = {"ok": report.ok, "clips": report.clips, "problems": problems, "warnings": warnings}
        click.echo(json.dumps(values))
    else:
        for problem in report.problems:
            click.echo(one_line(f"{problem.kind}: {problem.file}: {problem.detail}"))
        click.echo(f"{report.clips} clips, {len(report.problems)} problems")
        if not report.with_plan:
            click.echo("A copy without .specaug: not compared with the plan.")
    return 0 if report.ok and not (strict and report.warnings) else DAMAGED
