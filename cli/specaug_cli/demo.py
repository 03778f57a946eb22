"""``specaug demo``"""

from __future__ import annotations

import json
from pathlib import Path

import click

import specaug
from specaug.records import readable_path
from specaug_cli.options import seed_option
from specaug_cli.printing import one_line


@click.command("demo", short_help="Make a small simulated raw set, licence-free.")
@click.argument("raw", type=click.Path(path_type=Path))
@click.option(
    "--subjects", type=click.IntRange(min=3), default=12, show_default=True, help="Simulated subjects."
)
@click.option(
    "--frames", type=click.IntRange(min=1), default=48, show_default=True, help="Frames a video, 24 a second."
)
@seed_option()
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: all usable cores]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def demo(
    raw: Path, subjects: int, frames: int, seed: int, jobs: int | None, as_json: bool, quiet: bool
) -> None:
    """Make a small licence-free raw set in RAW: drawn subjects, filmed, replayed and printed, all in simulation.

    It shows how the tools work and tests them. It is no PAD data: nothing learned from it holds for real attacks.

    \b
    Examples:
      specaug demo raw
      specaug demo raw --subjects 24 --frames 24 --seed 1
    """

    def tell(done: int, total: int) -> None:
        click.echo(f"{done}/{total} subjects", err=True)

    report = specaug.demo(
        raw, subjects=subjects, frames=frames, seed=seed, jobs=jobs, progress=None if quiet else tell
    )
    if as_json:
        click.echo(json.dumps({"raw": str(raw), "videos": report.videos, "subjects": report.subjects}))
        return
    place = one_line(readable_path(str(raw)))
    click.echo(f"{report.videos} videos of {report.subjects} simulated subjects in {place}")
