"""``specaug preview``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from specaug.preview import preview as contact_sheet
from specaug.records import readable_path
from specaug.shards import encode_image
from specaug.worker import first_crop
from specaug_cli.settings import config_from, setting, with_settings


@click.command("preview")
@click.argument("media", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("preview.png"),
    show_default=True,
    help="The picture to write.",
)
@click.option(
    "--partner",
    type=click.Path(path_type=Path, exists=True),
    help="Photo or video whose face is reference and donor.  [default: one made from MEDIA]",
)
@with_settings(
    setting("size", "--size", type=int, metavar="PX", help="Side of the crop."),
    setting("margin", "--margin", type=float, help="How much wider than the tight template the crop looks."),
)
def preview(media: Path, output: Path, partner: Path | None, **flags: Any) -> None:
    """One picture of the face in MEDIA: crop, spectrum, HSV planes, and each operation beside its spectrum.

    \b
    Examples:
      specaug preview face.jpg
      specaug preview clip.mp4 -o sheet.png --partner spoof.mp4
    """
    config = config_from(None, flags)
    image = first_crop(media, config)
    sheet = contact_sheet(image, partner=first_crop(partner, config) if partner else None)
    output.write_bytes(encode_image(sheet, image_format="png"))
    click.echo(f"{readable_path(str(output))}: {sheet.shape[1]}x{sheet.shape[0]} px")
