"""``specaug explain``"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint
from specaug.records import readable_path
from specaug_cli.options import output_option, seed_option
from specaug_cli.place import PLACE
from specaug_cli.printing import printable

# Named here again, so that --help does not have to load torch; a test compares them.
PARTS = ("bands", "streams", "waves", "gradients")
FILLS = ("class-mean", "remove")
_LINE_SECONDS = 5.0


def attribution() -> Any:
    """:mod:`specaug.attribution`, which needs torch."""
    try:
        import specaug.attribution
    except ImportError as error:
        raise MissingDependencyError(f"explain needs torch ({error}): {install_hint('train')}") from error
    return specaug.attribution


def progress_lines() -> Callable[[str, int, int], None]:
    """Tells on stderr what is measured and how far it is: a line now and then."""
    last_part, last_time = "", 0.0

    def tell(part: str, done: int, of: int) -> None:
        nonlocal last_part, last_time
        now = time.monotonic()
        if part == last_part and done < of and now - last_time < _LINE_SECONDS:
            return
        last_part, last_time = part, now
        click.echo(f"{part}: {done}/{of} clips", err=True)

    return tell


def clip_count(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """A number from 2, or ``all``."""
    if value == "all" or value is None:
        return None
    if not value.isdecimal() or int(value) < 2:
        raise click.BadParameter(f"expected a whole number from 2 or 'all', got {value!r}")
    return int(value)


@click.command("explain", short_help="Which frequencies, views and frames a run goes by.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("out", type=PLACE)
@output_option("Page", "explain.html")
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    default="test",
    show_default=True,
    help="Which clips.",
)
@click.option(
    "--clips",
    metavar="N|all",
    default="56",
    show_default=True,
    callback=clip_count,
    help="Clips that are changed, at most: a sample with both classes and as many subjects as there are.",
)
@click.option(
    "--map-clips",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    help="Of these, clips that waves and gradients are measured on.",
)
@click.option(
    "--parts",
    default=",".join(PARTS),
    show_default=True,
    help="What to measure, joined by commas.",
)
@click.option(
    "--fill",
    type=click.Choice(FILLS),
    default="class-mean",
    show_default=True,
    help="In place of a band: the mean amplitude of the other class, or nothing.",
)
@click.option(
    "--steps", type=click.IntRange(min=1), default=32, show_default=True, help="Of integrated gradients."
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Clips at a time: what memory depends on.",
)
@seed_option()
@click.option("--no-faces", is_flag=True, help="Leave out the mean faces, so that the page can be shared.")
@click.option("--json", "as_json", is_flag=True, help="Print figures as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def explain(
    run: Path,
    out: Path | str,
    output: Path,
    parts: str,
    no_faces: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Take one thing at a time from the clips of OUT (a band of frequencies, a direction, a view, color, the order of
    frames) and see what it does to the errors of RUN at its threshold. Maps show which waves move the logit, and which
    parts of the views it comes from.

    RUN is a folder that specaug train made, of either model. Figures are of a sample of clips, with intervals over its
    subjects.

    \b
    Examples:
      specaug explain run out
      specaug explain run out -o explain.html --clips all
      specaug explain run out --parts bands,streams --fill remove --json
    """
    module = attribution()
    found = module.explain(
        run,
        out,
        output=output,
        faces=not no_faces,
        parts=tuple(part for part in parts.replace(" ", "").split(",") if part),
        progress=None if quiet else progress_lines(),
        **settings,
    )
    if as_json:
        click.echo(json.dumps({"page": str(output), **found.to_dict()}, allow_nan=False))
        return
    click.echo(printable(str(found)))
    click.echo(f"{readable_path(str(output))}: {output.stat().st_size:,} bytes")
