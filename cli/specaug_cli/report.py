"""``specaug report``"""

from __future__ import annotations

from pathlib import Path

import click

from specaug.records import readable_path


@click.command("report")
@click.argument("out", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
@click.option("--no-faces", is_flag=True, help="Leave out every crop, so that the page can be shared.")
def report(out: Path, output: Path, no_faces: bool) -> None:
    """Write one HTML page on OUT: counts, failures by class, pictures, spectra, shortcuts, leakage.

    The page needs no network. With --no-faces it holds no picture of a person; names of subjects and files stay
    (build with --pseudonymize where they tell who somebody is).

    \b
    Examples:
      specaug report out
      specaug report out -o shared.html --no-faces
    """
    from specaug.report import write_report  # needs matplotlib and jinja2, which no other command does

    write_report(out, output, faces=not no_faces)
    click.echo(f"{readable_path(str(output))}: {output.stat().st_size:,} bytes")
