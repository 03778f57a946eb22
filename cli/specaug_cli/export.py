"""``specaug export``"""

from __future__ import annotations

import json
from pathlib import Path

import click

import specaug
from specaug.records import readable_path
from specaug_cli.printing import printable


@click.command("export", short_help="ONNX of a run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("model.onnx"),
    show_default=True,
    help="The file to write.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print what the file says of itself as one JSON object."
)
def export(run: Path, output: Path, as_json: bool) -> None:
    """Write the best network of RUN as ONNX: uint8 frames in, the logit out.

    RUN is a finished run of the model two-stream. Color and spectra are computed inside the graph. Its metadata hold
    the threshold of the last specaug evaluate, and how crops have to be cut. Where onnxruntime is installed the file is
    run and compared with RUN before it is written.

    \b
    Examples:
      specaug export run
      specaug export run -o model.onnx --json
    """
    report = specaug.export(run, output)
    if as_json:
        click.echo(json.dumps(report.to_dict(), allow_nan=False))
        return
    click.echo(printable(str(report)))
    click.echo(f"{readable_path(str(output))}: {output.stat().st_size:,} bytes")
