"""``specaug report``"""

from __future__ import annotations

import json
from pathlib import Path

import click

import specaug
from specaug.records import readable_path
from specaug_cli.options import output_option
from specaug_cli.printing import print_warnings, printable


@click.command("report", short_help="One HTML page on OUT, and what to look at first.")
@click.argument("out", type=click.Path(path_type=Path, exists=True, file_okay=False))
@output_option("Page", "report.html")
@click.option("--no-faces", is_flag=True, help="Leave out every crop, so that the page can be shared.")
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    help="A run of specaug train: add what it goes by, as specaug explain finds it (minutes).",
)
@click.option("--json", "as_json", is_flag=True, help="Print findings as one JSON object.")
def report(out: Path, output: Path, no_faces: bool, run: Path | None, as_json: bool) -> None:
    """Write one HTML page on OUT: counts, failures by class, pictures, spectra, shortcuts, leakage.

    What crosses a line, such as a subject in two splits or a scale that predicts the label, is printed too.
    The page needs no network. With --no-faces it holds no picture of a person; names of subjects and files stay
    (build with --pseudonymize where they tell who somebody is).

    \b
    Examples:
      specaug report out
      specaug report out -o shared.html --no-faces
      specaug report out --run run
    """
    found = specaug.report(out, output, faces=not no_faces, run=run)
    print_warnings(found.warnings)
    if as_json:
        findings = [{"section": finding.section, "text": finding.text} for finding in found]
        told = [notice.as_json() for notice in found.warnings]
        click.echo(json.dumps({"report": str(output), "findings": findings, "warnings": told}))
        return
    for finding in found:
        click.echo(printable(f"{finding.section}: {finding.text}"))
    click.echo(f"{readable_path(str(output))}: {output.stat().st_size:,} bytes, {len(found)} findings")
