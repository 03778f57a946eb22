"""A report on differences as one HTML page that needs nothing else."""

from __future__ import annotations

from functools import partial
from typing import Any

from specaug import __version__
from specaug.differences.difference_curves import (
    Palette,
    draw_difference,
    draw_profiles,
    draw_temporal,
    has_temporal,
)
from specaug.differences.difference_numbers import DifferenceNumbers
from specaug.differences.difference_sentences import signed
from specaug.differences.peaks import Peak
from specaug.differences.spectra import detail_range, frequency_range
from specaug.differences.view_tiles import COLUMNS, Tiles
from specaug.web_page import ATTACK, BONAFIDE, LINE, MARKS, MUTED, SCRIPT, STYLE, data_uri, render, svg_figure

_LARGEST = 512
"""Side of an image in the page, px; larger crops are scaled down."""
PALETTE = Palette(BONAFIDE, ATTACK, LINE, MUTED)
"""The page's own colors."""
_WIDE = (5.2, 3.1)
"""Inches of 72 px of a figure."""


def difference_page(report: DifferenceNumbers) -> str:
    """Render a report.

    Parameters
    ----------
    report : DifferenceNumbers

    Returns
    -------
    str
        HTML. Its images and its numbers, as JSON, are part of it.
    """
    package = "specaug.differences"
    content = {
        "version": __version__,
        "report": report,
        "findings": report.findings,
        "notes": report.notes,
        "views": _views(report),
        "rings": rings(report.peaks),
        "figures": curve_figures(report),
        "waves": [_wave(number, peak) for number, peak in enumerate(report.peaks, start=1)],
        "lines": report.lines,
        "bands": band_rows(report),
        "color": report.color,
        "numbers": report.as_json(),
        "signed": signed,
    }
    return render(
        content,
        template=(package, "differences.html"),
        scripts=(SCRIPT, (package, "differences.js")),
        styles=(STYLE, MARKS, (package, "differences.css")),
    )


def _views(report: DifferenceNumbers) -> list[dict[str, Any]]:
    """A column of the matrix each: heading, and the images of both sides and of their difference."""
    tiles = Tiles(report)
    headings = tiles.headings()
    rows = [
        ("bonafide", tiles.side("bonafide")),
        ("attack", tiles.side("attack")),
        ("difference", tiles.difference()),
    ]
    views = []
    for name in COLUMNS:
        heading = headings[name]
        # PNG where a pattern or a color carries the meaning: JPEG has patterns of its own.
        image_format: Any = "jpeg" if name in ("low", "hue") else "png"
        images = [
            (row, data_uri(images[name], _LARGEST, image_format=image_format) if name in images else None)
            for row, images in rows
        ]
        views.append({"name": name, "heading": heading, "images": images})
    return views


def rings(peaks: tuple[Peak, ...]) -> list[dict[str, Any]]:
    """Where to draw a ring about each peak: per cent of the width and height of a spectrum."""
    return [
        {
            "number": number,
            "more_in": peak.more_in,
            "places": [(50 + 100 * sign * peak.fx, 50 + 100 * sign * peak.fy) for sign in (1, -1)],
        }
        for number, peak in enumerate(peaks, start=1)
    ]


def curve_figures(report: DifferenceNumbers, prefix: str = "curve") -> list[tuple[str, str]]:
    """(title, SVG) of the curves there are."""
    drawn = [("Power by frequency", draw_profiles)]
    if report.profile_difference[1] is not None:
        drawn.append(("Attack over bona fide", draw_difference))
    if has_temporal(report):
        drawn.append(("Change over time", draw_temporal))
    return [
        (title, svg_figure(f"{prefix}-{number}", partial(fill, report=report, palette=PALETTE), size=_WIDE))
        for number, (title, fill) in enumerate(drawn)
    ]


def _wave(number: int, peak: Peak) -> dict[str, Any]:
    return {
        "number": number,
        "side": "attack" if peak.more_in == "attack" else "bona fide",
        "frequency": f"{peak.frequency:.3f}",
        "angle": f"{peak.angle:.0f}°",
        "period": f"{peak.period:.1f}",
        "decibels": f"{peak.decibels:.0f}",
        "amplitude": f"{100 * peak.amplitude:.2g}",
    }


def band_rows(report: DifferenceNumbers) -> list[dict[str, str]]:
    """Bands and octaves for a table."""
    rows = []
    for band in (*report.bands, *report.octaves):
        ends = band.interval
        rows.append(
            {
                "name": band.name if band.name in ("low", "mid", "high") else "octave",
                "range": frequency_range(band.low, band.high),
                "detail": detail_range(band.low, band.high).removeprefix("detail ").removeprefix("of "),
                "bonafide": signed(band.bonafide_db),
                "attack": signed(band.attack_db),
                "difference": signed(band.difference_db),
                "interval": "" if ends is None else f"{signed(ends[0])} to {signed(ends[1])}",
                "sure": "sure" if band.sure else "",
            }
        )
    return rows
