"""``specaug preview``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import specaug
from specaug.records import readable_path
from specaug_cli.options import output_option, recipe_option, seed_option
from specaug_cli.settings import config_from, setting, with_settings


@click.command("preview", short_help="One picture of a face and of every operation on it.")
@click.argument("media", type=click.Path(path_type=Path, exists=True))
@output_option("Image", "preview.png")
@click.option(
    "--partner",
    type=click.Path(path_type=Path, exists=True),
    help="Photo or video whose face is reference and donor.  [default: one made from MEDIA]",
)
@recipe_option(help="Show draws of a recipe instead of every operation once.")
@click.option(
    "--draws", type=click.IntRange(1, 60), default=9, show_default=True, help="Draws of the recipe."
)
@seed_option()
@with_settings(
    setting("size", "--size", type=int, metavar="PX", help="Side of the crop."),
    setting("margin", "--margin", type=float, help="How much wider than the tight template the crop looks."),
)
def preview(
    media: Path, output: Path, partner: Path | None, recipe: str | None, draws: int, seed: int, **flags: Any
) -> None:
    """One picture of the face in MEDIA: crop with landmarks, spectrum, HSV planes, and each operation with its
    spectrum.

    MEDIA is a photo, a video, of which the frame in the middle is taken, or a folder of numbered pictures.

    \b
    Examples:
      specaug preview face.jpg
      specaug preview clip.mp4 -o sheet.png --partner spoof.mp4
      specaug preview clip.mp4 --recipe recapture-screen --draws 12
    """
    config = config_from(None, flags)
    sheet = specaug.preview(
        media, output, partner=partner, recipe=recipe, draws=draws, seed=seed, config=config
    )
    height, width = sheet.image.shape[:2]
    click.echo(f"{readable_path(str(output))}: {width}x{height} px")
