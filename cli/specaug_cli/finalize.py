"""``specaug finalize``"""

from __future__ import annotations

import json
from pathlib import Path

import click

import specaug
from specaug.records import BuildConfig
from specaug_cli.build_dataset import print_report, summary
from specaug_cli.place import PLACE
from specaug_cli.printing import print_warnings


@click.command("finalize", short_help="Add up the parts of a build in OUT.")
@click.argument("out", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def finalize(out: Path | str, as_json: bool) -> None:
    """Write manifest, card and statistics of OUT after all its parts were built.

    \b
    Example, two parts on two machines:
      specaug build-dataset raw out --shard-index 0 --shard-count 2
      specaug build-dataset raw out --shard-index 1 --shard-count 2
      specaug finalize out
    """
    report = specaug.finalize(out)
    print_warnings(report.warnings)
    if as_json:
        click.echo(json.dumps(summary(report)))
    else:
        print_report(report, out, BuildConfig(), dry_run=False)
