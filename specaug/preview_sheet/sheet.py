"""Tiles of one size on a sheet, each with a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP = 8
_TEXT = 22
_SIZES = (14, 13, 12, 11)
_SMALL = 10
"""Of letters, px: in one line, and in two where that is too long."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture with a line or two beneath it."""

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
        text, size = _fitting(draw, tile.text, width)
        font = ImageFont.load_default(size)
        draw.multiline_text((x, y + height + 3), text, fill="black", font=font, spacing=0)
    return np.asarray(sheet)


def _fitting(draw: ImageDraw.ImageDraw, text: str, width: int) -> tuple[str, int]:
    """The text, and the largest size of the bundled font in which it fits into `width` px; else two lines of it."""
    for size in _SIZES:
        if draw.textlength(text, font=ImageFont.load_default(size)) <= width:
            return text, size
    font = ImageFont.load_default(_SMALL)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if not lines[-1] or draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    last = " ".join(lines[1:])
    while last and draw.textlength(last, font=font) > width:
        last = f"{last.removesuffix('…')[:-1]}…"
    return "\n".join([lines[0], last]).rstrip(), _SMALL


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
