"""One image of a report: faces, bands, spectra, color planes and their differences, curves and the findings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from specaug.differences.difference_numbers import DifferenceNumbers
from specaug.differences.difference_sentences import told
from specaug.differences.view_tiles import BLUE, COLUMNS, ORANGE, Tiles, diverging
from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from specaug.differences.difference_curves import (
        Palette,
        draw_difference,
        draw_profiles,
        draw_temporal,
        has_temporal,
    )
except ImportError as error:
    raise MissingDependencyError(
        f"a sheet needs matplotlib, the numbers without -o do not: {install_hint('report')}"
    ) from error

_TILE = 224
_GAP, _MARGIN, _NAMES, _HEADING = 14, 36, 168, 62
_CURVES = 380
_INK, _MUTED, _LINE, _PAPER = "#16191d", "#59626d", "#c9d0d8", "#ffffff"
_SIDES = {"bonafide": "#0b62b4", "attack": "#b8420c"}
_FINDINGS = 4
_LISTED = 9
"""Peaks and lines in the list: what fits beside the curves."""
Draw = ImageDraw.ImageDraw


def draw_sheet(report: DifferenceNumbers) -> np.ndarray:
    """Draw a report on white, (height, width, 3) uint8."""
    findings = report.findings[:_FINDINGS]
    top = _MARGIN + 58 + 34 * len(findings) + 14
    width = 2 * _MARGIN + _NAMES + len(COLUMNS) * (_TILE + _GAP) - _GAP
    rows = top + _HEADING
    below = rows + 3 * (_TILE + _GAP) + 24
    notes = report.notes
    height = below + _CURVES + _MARGIN + 26 * len(notes)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _title(draw, report, findings)
    _matrix(sheet, draw, report, rows)
    _bottom(sheet, draw, report, below, width)
    for number, note in enumerate(notes):
        draw.text((_MARGIN, below + _CURVES + 12 + 26 * number), note, fill=_MUTED, font=_font(18))
    return np.asarray(sheet)


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size)


def _title(draw: Draw, report: DifferenceNumbers, findings: tuple[str, ...]) -> None:
    x, y = _MARGIN, _MARGIN
    for text, color in (
        ("What differs: ", _INK),
        (_short(report.bonafide.name, 40), _SIDES["bonafide"]),
        ("  against  ", _MUTED),
        (_short(report.attack.name, 40), _SIDES["attack"]),
    ):
        draw.text((x, y), text, fill=color, font=_font(34, bold=True))
        x += round(draw.textlength(text, font=_font(34, bold=True)))
    for number, text in enumerate(findings):
        y = _MARGIN + 58 + 34 * number
        draw.ellipse((_MARGIN + 2, y + 9, _MARGIN + 10, y + 17), fill=_SIDES["attack"])
        draw.text((_MARGIN + 24, y), text, fill=_INK, font=_font(22))


def _short(text: str, letters: int) -> str:
    text = " ".join(text.split())  # Pillow measures no text of several lines
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _left(column: int) -> int:
    return _MARGIN + _NAMES + column * (_TILE + _GAP)


def _matrix(sheet: Image.Image, draw: Draw, report: DifferenceNumbers, top: int) -> None:
    """Two rows of both sides, one of what differs; a column for each view."""
    tiles = Tiles(report)
    headings = tiles.headings()
    for column, name in enumerate(COLUMNS):
        x, heading = _left(column), headings[name]
        draw.text(
            (x, top - _HEADING), heading.title, fill=_INK, font=_fitting(draw, heading.title, 19, bold=True)
        )
        draw.text(
            (x, top - _HEADING + 28), heading.detail, fill=_MUTED, font=_fitting(draw, heading.detail, 16)
        )
    rows = [tiles.side("bonafide"), tiles.side("attack"), tiles.difference()]
    for row, images in enumerate(rows):
        y = top + row * (_TILE + _GAP)
        _row_name(draw, report, row, y)
        for column, name in enumerate(COLUMNS):
            if name in images:
                sheet.paste(_scaled(images[name]), (_left(column), y))
    below = top + 3 * (_TILE + _GAP) - 10
    for column, name in enumerate(COLUMNS):
        text = headings[name].difference
        draw.text((_left(column), below), text, fill=_MUTED, font=_fitting(draw, text, 16))
    _legend(sheet, draw, (_left(0), top + 2 * (_TILE + _GAP)))
    _color_means(draw, report, (_left(COLUMNS.index("hue")), top + 2 * (_TILE + _GAP)))
    _rings(draw, report, (_left(COLUMNS.index("spectrum")), top))


def _fitting(draw: Draw, text: str, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The largest font up to `size` in which a text is as wide as a tile."""
    while size > 9 and draw.textlength(text, font=_font(size, bold=bold)) > _TILE:
        size -= 1
    return _font(size, bold=bold)


def _scaled(image: np.ndarray) -> Image.Image:
    """A tile of `_TILE` px; small crops by whole numbers, so that no wave is made that was not there."""
    picture = Image.fromarray(np.ascontiguousarray(image))
    if picture.size == (_TILE, _TILE):
        return picture
    whole = _TILE % picture.width == 0 and picture.size[0] == picture.size[1]
    return picture.resize((_TILE, _TILE), Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS)


def _row_name(draw: Draw, report: DifferenceNumbers, row: int, y: int) -> None:
    if row == 2:
        draw.text((_MARGIN, y + 4), "difference", fill=_INK, font=_font(22, bold=True))
        draw.text((_MARGIN, y + 36), "attack over\nbona fide", fill=_MUTED, font=_font(17))
        return
    name, side = (("bonafide", report.bonafide), ("attack", report.attack))[row]
    title = "bona fide" if name == "bonafide" else "attack"
    draw.text((_MARGIN, y + 4), title, fill=_SIDES[name], font=_font(22, bold=True))
    if side.clips > 1:
        count = f"{side.clips} clips of\n{len(side.subjects)} subjects"
        draw.text((_MARGIN, y + 36), count, fill=_MUTED, font=_font(17), spacing=5)


def _legend(sheet: Image.Image, draw: Draw, corner: tuple[int, int]) -> None:
    """What blue and orange mean, in the empty place beneath the faces."""
    x, y = corner
    bar = diverging(np.broadcast_to(np.linspace(-1, 1, _TILE), (26, _TILE)))
    draw.text((x, y + 24), "more in", fill=_MUTED, font=_font(17))
    draw.text((x, y + 46), "bona fide", fill=BLUE, font=_font(19, bold=True))
    draw.text((x + _TILE, y + 24), "more in", fill=_MUTED, font=_font(17), anchor="ra")
    draw.text((x + _TILE, y + 46), "attack", fill=ORANGE, font=_font(19, bold=True), anchor="ra")
    sheet.paste(Image.fromarray(bar), (x, y + 76))
    draw.text((x + _TILE // 2, y + 110), "equal", fill=_MUTED, font=_font(17), anchor="ma")


def _color_means(draw: Draw, report: DifferenceNumbers, corner: tuple[int, int]) -> None:
    """Means of both sides, in the empty place beneath the hues, which are no numbers to subtract."""
    x, y = corner
    draw.text((x, y + 4), "means", fill=_MUTED, font=_font(17))
    for number, (name, found) in enumerate(report.color.items()):
        line, form = y + 34 + 30 * number, ".0f" if name == "hue" else ".2f"
        unit = "°" if name == "hue" else ""
        draw.text((x, line), name, fill=_INK, font=_font(16))
        for right, side in ((166, "bonafide"), (_TILE, "attack")):
            text = f"{found[side]:{form}}{unit}"
            draw.text((x + right, line), text, fill=_SIDES[side], font=_font(16), anchor="ra")


def _rings(draw: Draw, report: DifferenceNumbers, corner: tuple[int, int]) -> None:
    """A ring about each peak, in the ratio with its number and in the spectrum that has it."""
    for number, peak in enumerate(report.peaks, start=1):
        color = _SIDES[peak.more_in]
        row = 0 if peak.more_in == "bonafide" else 1
        for at in (row, 2):
            for sign in (1, -1):
                x = corner[0] + _TILE * (0.5 + sign * peak.fx)
                y = corner[1] + at * (_TILE + _GAP) + _TILE * (0.5 + sign * peak.fy)
                draw.ellipse((x - 10, y - 10, x + 10, y + 10), outline="#ffffff", width=4)
                draw.ellipse((x - 9, y - 9, x + 9, y + 9), outline=color, width=2)
            x = min(corner[0] + _TILE * (0.5 + peak.fx) + 12, corner[0] + _TILE - 14)
            y = corner[1] + at * (_TILE + _GAP) + _TILE * (0.5 + peak.fy)
            draw.text(
                (x, y), f"{number}", fill=color, font=_font(18, bold=True), anchor="lm",
                stroke_width=2, stroke_fill="#ffffff",
            )  # fmt: skip


def _bottom(sheet: Image.Image, draw: Draw, report: DifferenceNumbers, top: int, width: int) -> None:
    """Curves and the list of peaks."""
    palette = Palette(_SIDES["bonafide"], _SIDES["attack"], _LINE, _MUTED)
    third = (width - 2 * _MARGIN - 2 * 30) // 3
    draw.text((_MARGIN, top), "Power by frequency", fill=_INK, font=_font(20, bold=True))
    size = (third, _CURVES - 34)
    sheet.paste(_curve(lambda axes: draw_profiles(axes, report, palette), size), (_MARGIN, top + 32))
    x = _MARGIN + third + 30
    title, second = (
        ("Change over time", draw_temporal) if has_temporal(report) else ("Difference", draw_difference)
    )
    draw.text((x, top), title, fill=_INK, font=_font(20, bold=True))
    sheet.paste(_curve(lambda axes: second(axes, report, palette), size), (x, top + 32))
    _list(draw, report, (x + third + 30, top), third)


def _curve(fill: Callable[[Axes], None], size: tuple[int, int]) -> Image.Image:
    style: Any = {
        "font.size": 12,
        "text.parse_math": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": _LINE,
        "axes.labelcolor": _MUTED,
        "xtick.labelcolor": _MUTED,
        "ytick.labelcolor": _MUTED,
        "xtick.color": _LINE,
        "ytick.color": _LINE,
        "legend.frameon": False,
        "lines.linewidth": 2.2,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        fill(axes)
        axes.legend(loc="best")
        canvas.draw()  # type: ignore[no-untyped-call]
        drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        return Image.fromarray(drawn[..., :3].copy())


def _list(draw: Draw, report: DifferenceNumbers, corner: tuple[int, int], width: int) -> None:
    """Peaks, flicker and bands in words."""
    x, y = corner
    draw.text((x, y), "Waves and flicker", fill=_INK, font=_font(20, bold=True))
    lines = [
        (f"{number}   {peak.short}", _SIDES[peak.more_in])
        for number, peak in enumerate(report.peaks, start=1)
    ]
    lines += [(line.short, _SIDES[line.more_in]) for line in report.lines]
    if not lines:
        lines = [("none that chance does not explain", _MUTED)]
    bands = [(f"{band.name}:  {told(band)}", _INK) for band in report.bands]
    if len(lines) > _LISTED:
        lines = [*lines[: _LISTED - 1], (f"and {len(lines) - _LISTED + 1} more", _MUTED)]
    y += 36
    for text, color in lines:
        draw.text((x, y), text, fill=color, font=_smaller(draw, text, width))
        y += 24
    y += 8
    draw.text((x, y), "Bands, attack over bona fide", fill=_INK, font=_font(20, bold=True))
    for number, (text, color) in enumerate(bands, start=1):
        draw.text((x, y + 8 + 24 * number), text, fill=color, font=_smaller(draw, text, width))


def _smaller(draw: Draw, text: str, width: int) -> ImageFont.FreeTypeFont:
    size = 17
    while size > 9 and draw.textlength(text, font=_font(size)) > width:
        size -= 1
    return _font(size)
