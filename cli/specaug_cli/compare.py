"""``specaug compare``"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import click

from specaug.differences import compare as compare_sides
from specaug.differences.comparison_sides import MOST_CLIPS
from specaug.differences.difference_report import check_target
from specaug.records import DetectorName, readable_path
from specaug.storage import is_remote
from specaug_cli.options import output_option
from specaug_cli.place import PLACE
from specaug_cli.printing import one_line
from specaug_cli.settings import config_from, setting, with_settings


@click.command("compare", short_help="What differs between live and fake, in images and numbers.")
@click.argument("bonafide")
@click.argument("attack", required=False)
@output_option("Image (.png) or page (.html)", "compare.png", note="none with --json")
@click.option(
    "--where",
    multiple=True,
    metavar="K=V,…",
    help="Which clips of OUT make a group. Once: for both, label and pai of attacks only. Twice: one for each.",
)
@click.option("--out", type=PLACE, help="The OUT of clip ids that are given alone.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=MOST_CLIPS,
    show_default=True,
    help="Clips of a group that are measured.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all numbers as one JSON object.")
@with_settings(
    setting("frames", "--frames", type=int, help="Frames of a video."),
    setting("size", "--size", type=int, metavar="PX", help="Side of the crop of a photo or video."),
    setting("margin", "--margin", type=float, help="How much wider than the tight template the crop looks."),
    setting("detector", "--detector", type=click.Choice(get_args(DetectorName)), help="Who finds the face."),
    setting("model", "--model", metavar="PATH", help="Local model for yunet (file) or insightface (folder)."),
)
def compare(
    bonafide: str,
    attack: str | None,
    output: Path | None,
    where: tuple[str, ...],
    out: Path | str | None,
    most: int,
    as_json: bool,
    **flags: Any,
) -> None:
    """Show what differs between BONAFIDE and ATTACK: waves, flicker, bands, colors, and where on the face.

    Both are photos or videos, whose face is found and aligned as a build would; or clips of a built data set,
    OUT/CLIP_ID; or OUT itself for groups of its clips, described by --where. With OUT alone, its bona fide clips are
    compared with its attacks.

    \b
    Examples:
      specaug compare live.mp4 fake.mp4
      specaug compare live.mp4 fake.mp4 -o compare.html
      specaug compare out --where split=test,pai=print
      specaug compare out --where device=phone-1 --where pai=replay,device=phone-2 --json
    """
    target = output or (None if as_json else Path("compare.png"))
    if target is not None:
        check_target(target)  # before the long part
    report = compare_sides(
        _place(bonafide),
        None if attack is None else _place(attack),
        out=out,
        where=where or None,
        config=config_from(None, flags),
        most=most,
    )
    if target is not None:
        report.save(target)
    if as_json:
        click.echo(json.dumps(report.as_json()))
        return
    for text in (*report.findings, *(f"note: {note}" for note in report.notes)):
        click.echo(one_line(text))
    if target is not None:
        click.echo(f"{readable_path(str(target))}: {target.stat().st_size:,} bytes")


def _place(text: str) -> Path | str:
    return text if is_remote(text) else Path(text)
