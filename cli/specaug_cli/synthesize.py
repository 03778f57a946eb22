"""``specaug synthesize``"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import get_args

import click

import specaug
from specaug.augment.recipes.recipe_toml import shipped_names
from specaug.pipeline.synthesis.donor_pairs import Donors
from specaug.pipeline.synthesis.synthesize_clips import Splits, SynthesisReport
from specaug_cli.options import recipe_option, seed_option
from specaug_cli.place import PLACE
from specaug_cli.printing import one_line


@click.command("synthesize", short_help="Add spoof-like clips made from bona fide ones.")
@click.argument("out", type=PLACE)
@recipe_option(
    required=True,
    help=f"A TOML file, an operation, one of {', '.join(shipped_names())}, or several joined by '+'.",
)
@click.option(
    "--per-clip",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Synthetic clips for a bona fide one.",
)
@click.option(
    "--split",
    type=click.Choice(get_args(Splits)),
    default="train",
    show_default=True,
    help="Whose clips; donors come from the same split.",
)
@click.option(
    "--donors",
    type=click.Choice(get_args(Donors)),
    default="other",
    show_default=True,
    help="Donors of other subjects, of the same one, or any, for recipes that take donors.",
)
@seed_option()
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: usable cores]"
)
@click.option("--overwrite", is_flag=True, help="Remove all synthetic clips of earlier runs first.")
@click.option(
    "--mix-versions", is_flag=True, help="Go on with a run that other versions of the packages have begun."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def synthesize(
    out: Path | str,
    recipe: str,
    per_clip: int,
    split: Splits,
    donors: Donors,
    seed: int,
    jobs: int | None,
    overwrite: bool,
    mix_versions: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Add spoof-like clips, made from the bona fide clips in OUT, as shards in OUT/data/synthetic.

    Each row names its parent and its donor, and holds the drawn parameters, so that it can be made again byte for
    byte. Run again, an interrupted run goes on, and a finished one is left as it is; other settings add further clips.
    Train on them, evaluate on captured clips.

    \b
    Examples:
      specaug synthesize out --recipe mixed
      specaug synthesize out --recipe mine.toml --per-clip 2 -j 8
    """

    def tell(done: int, total: int) -> None:
        click.echo(f"{done}/{total} clips", err=True)

    report = specaug.synthesize(
        out,
        recipe,
        per_clip=per_clip,
        split=split,
        donors=donors,
        seed=seed,
        jobs=jobs,
        overwrite=overwrite,
        mix_versions=mix_versions,
        progress=None if quiet else tell,
    )
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report)))
    else:
        print_synthesis(report, Path(out))


def print_synthesis(report: SynthesisReport, out: Path) -> None:
    """What was made, and where it lies."""
    for split, label, pai, clips in report.table:
        click.echo(one_line(f"{split}  {label}  {pai}  {clips}"))
    text = (
        f"{report.clips} clips by recipe {report.recipe} in {report.shards} shards, {report.done_before} done before: "
        f"{out / 'data' / 'synthetic'}"
    )
    click.echo(one_line(text))
    sys.stdout.flush()
