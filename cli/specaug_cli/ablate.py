"""``specaug ablate``"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

import specaug
from specaug_cli.options import output_option
from specaug_cli.printing import print_warnings
from specaug_cli.train import scale_option


@click.command("ablate", short_help="Does an augmentation help? Runs with and without.")
@click.argument("out", type=click.Path(path_type=Path))
@output_option("Folder of all runs", None, "run")
@scale_option("cpu", help="Settings of the runs, and the arms where none are named.")
@click.option(
    "--arms", metavar="A,B,…", help="Arms to compare with 'real', or recipes; '--arms list' shows the arms."
)
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each arm.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Runs at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def ablate(
    out: Path,
    run: Path,
    scale: Literal["smoke", "cpu", "gpu"],
    arms: str | None,
    seeds: int,
    jobs: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare ways to train that differ in one thing, with the same seeds, on the same subjects.

    Writes ablation.json, ablation.md and ablation.png into the folder. Finished runs are not trained again;
    where one was made with other settings, recipes, data or versions of packages, nothing is trained.

    \b
    Examples:
      specaug ablate out -o ablation --scale smoke --seeds 1
      specaug ablate out -o ablation --arms bandpass,control,spectrum --seeds 5 -j 2
    """
    if arms == "list":
        from specaug.training import ARMS  # needs torch, which --help does not

        for name, arm in ARMS.items():
            click.echo(f"{name:18} {arm.description}")
        return

    def tell(what: str, done: int, total: int) -> None:
        click.echo(f"{done}/{total} runs: {what}", err=True)

    result = specaug.ablate(
        out,
        run,
        arms=arms.split(",") if arms else None,
        seeds=seeds,
        scale=scale,
        jobs=jobs,
        progress=None if quiet else tell,
    )
    print_warnings(result.warnings)
    click.echo(json.dumps(result.to_dict()) if as_json else str(result))
