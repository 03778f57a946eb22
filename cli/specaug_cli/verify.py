"""``specaug verify``"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from specaug.pipeline import verify_place
from specaug_cli.place import PLACE

DAMAGED = 5


@click.command("verify", short_help="Checksums, schema, counts and leakage of OUT.")
@click.argument("out", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def verify(out: Path | str, as_json: bool) -> int:
    """Check OUT: checksums, schema, counts against plan and failures, and that no subject, source or content is in
    two splits, nor a synthetic clip in another than its parent.

    \b
    Examples:
      specaug verify out
      specaug verify out --json
    """
    report = verify_place(out)
    if as_json:
        problems = [dataclasses.asdict(problem) for problem in report.problems]
        click.echo(json.dumps({"ok": report.ok, "clips": report.clips, "problems": problems}))
    else:
        for problem in report.problems:
            click.echo(f"{problem.kind}: {problem.file}: {problem.detail}")
        click.echo(f"{report.clips} clips, {len(report.problems)} problems")
        if not report.with_plan:
            click.echo("A copy without .specaug: not compared with the plan.")
    return 0 if report.ok else DAMAGED
