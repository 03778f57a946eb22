"""Tiles of one size on a sheet, each with a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP = 8
_TEXT = 22
_SIZES = (14, 13, 12, 11, 10, 9)
"""Of letters, px."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture with a line beneath it."""

    image: np.ndarray
    """(H, W, 3) uint8 RGB."""
    text: str


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Rounded to uint8, what lies outside clipped."""
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def grey(values: np.ndarray) -> np.ndarray:
    """(H, W) values of 0 to 255 as a grey picture."""
    return np.repeat(to_bytes(values)[..., None], 3, axis=-1)


def contact_sheet(tiles: Sequence[Tile], *, columns: int) -> np.ndarray:
    """Tiles of one size, row by row, each with its line of text, (height, width, 3) uint8."""
    height, width = tiles[0].image.shape[:2]
    rows = -(-len(tiles) // columns)
    step_x, step_y = width + _GAP, height + _GAP + _TEXT
    sheet = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        x, y = _GAP + number % columns * step_x, _GAP + number // columns * step_y
        sheet.paste(Image.fromarray(np.ascontiguousarray(tile.image)), (x, y))
        text, font = _fitting(draw, tile.text, width)
        draw.text((x, y + height + 3), text, fill="black", font=font)
    return np.asarray(sheet)


def _fitting(
    draw: ImageDraw.ImageDraw, text: str, width: int
) -> tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]:
    """The text in the largest size of the bundled font in which it fits into `width` px, else cut off."""
    for size in _SIZES:
        font = ImageFont.load_default(size)
        if draw.textlength(text, font=font) <= width:
            return text, font
    while text and draw.textlength(text + "…", font=font) > width:
        text = text[:-1]
    return text + "…", font


def marked(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of (H, W, 3) uint8 with a ring about each of the (n, 2) points (x, y)."""
    picture = Image.fromarray(np.ascontiguousarray(image))
    draw = ImageDraw.Draw(picture)
    radius = max(2, round(max(image.shape[:2]) / 64))
    for x, y in points.tolist():
        for more, colour in ((1, "black"), (0, "#ffd400")):
            box = (x - radius - more, y - radius - more, x + radius + more, y + radius + more)
            draw.ellipse(box, outline=colour, width=1)
    return np.asarray(picture)
