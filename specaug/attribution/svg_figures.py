"""Curves and rows with intervals as SVG, in the colors of the page they stand in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from specaug.attribution.changes import ClipChange
from specaug.attribution.effects import Effect, Shift

Scale = Callable[[float], float]
"""From a figure to a place in the picture."""
BONAFIDE, ATTACK, BOTH = "var(--bonafide)", "var(--attack)", "var(--ink)"
_WIDTH, _HEIGHT = 440, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 432, 58, 286
"""Where the axes stand."""
_ROW = 30
_NAMES, _LAST = 158, 418
"""Where rows begin, beside their names, and end."""


def text(x: float, y: float, words: str, *, anchor: str = "middle", kind: str = "") -> str:
    """A label; `kind` is a class of the style sheet."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, color: str = "var(--line)", width: float = 1) -> str:
    """A straight line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
        f'stroke-width="{width:g}"/>'
    )


def svg(width: float, height: float, parts: Iterable[str], label: str) -> str:
    """A picture of these parts, read aloud as `label`."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label, quote=True)}">'
        + "".join(parts)
        + "</svg>"
    )


def reliance_curve(effects: Sequence[tuple[ClipChange, Effect]]) -> str:
    """Change of APCER and BPCER over the radial bands, with their intervals."""
    bands = [(change.band, effect) for change, effect in effects if change.kind == "band" and change.band]
    first = min(band.high for band, _ in bands) / 2
    last = max(band.high for band, _ in bands)

    def across(frequency: float) -> float:
        place = math.log(max(frequency, first) / first) / math.log(last / first)
        return _LEFT + place * (_RIGHT - _LEFT)

    def up(share: float) -> float:
        return _BOTTOM - (share + 1) / 2 * (_BOTTOM - _TOP)

    parts = [*_frame(up), *_frequency_axis(across, first, last)]
    for color, dashed, shifts in (
        (ATTACK, False, [effect.apcer for _, effect in bands]),
        (BONAFIDE, True, [effect.bpcer for _, effect in bands]),
    ):
        limits = [(across(band.low), across(band.high)) for band, _ in bands]
        parts += _steps(limits, shifts, up, color, dashed=dashed)
    parts += [
        *_key(_LEFT + 40, 12, ATTACK, "APCER, attacks taken for bona fide", dashed=False),
        *_key(_LEFT + 40, 32, BONAFIDE, "BPCER, bona fide taken for attacks", dashed=True),
    ]
    return svg(_WIDTH, _HEIGHT, parts, "Change of APCER and BPCER by radial frequency band")


def _frame(up: Scale) -> list[str]:
    parts = []
    for share in (-1, -0.5, 0, 0.5, 1):
        y = up(share)
        parts.append(line(_LEFT, y, _RIGHT, y, width=1.5 if share == 0 else 0.6))
        parts.append(
            text(_LEFT - 6, y + 4, f"{100 * share:+.0f}" if share else "0", anchor="end", kind="tick")
        )
    return [*parts, text(2, _TOP - 12, "points", anchor="start", kind="tick")]


def _frequency_axis(across: Scale, first: float, last: float) -> list[str]:
    parts = []
    for octave in range(6, 0, -1):
        frequency = 2.0**-octave
        if first <= frequency <= last:
            x = across(frequency)
            parts += [
                line(x, _TOP, x, _BOTTOM, width=0.6),
                text(x, _BOTTOM + 16, f"1/{2**octave}", kind="tick"),
            ]
            parts.append(text(x, _BOTTOM + 31, f"{1 / frequency:g} px", kind="tick"))
    return [
        *parts,
        text((_LEFT + _RIGHT) / 2, _BOTTOM + 48, "cycles/px, and the period", kind="tick"),
    ]


def _steps(
    limits: Sequence[tuple[float, float]], shifts: Sequence[Shift], up: Scale, color: str, *, dashed: bool
) -> list[str]:
    parts, path = [], []
    for (left, right), shift in zip(limits, shifts, strict=True):
        top, bottom = up(min(shift.high, 1)), up(max(shift.low, -1))
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            f'fill="{color}" fill-opacity=".13"/>'
        )
        y = up(shift.value)
        path += [f"{left:.1f},{y:.1f}", f"{right:.1f},{y:.1f}"]
    dash = ' stroke-dasharray="7 4"' if dashed else ""
    parts.append(
        f'<polyline points="{" ".join(path)}" fill="none" stroke="{color}" stroke-width="2.4"{dash}/>'
    )
    return parts


def _key(x: float, y: float, color: str, words: str, *, dashed: bool) -> list[str]:
    dash = ' stroke-dasharray="7 4"' if dashed else ""
    stroke = f'<line x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}" stroke="{color}" stroke-width="2.4"{dash}/>'
    return [stroke, text(x + 30, y + 4, words, anchor="start", kind="key")]


def change_rows(effects: Sequence[tuple[ClipChange, Effect]], title: str) -> str:
    """A row for each change: ACER with its interval, APCER and BPCER as marks."""
    height = 40 + _ROW * len(effects) + 26

    def across(share: float) -> float:
        return _NAMES + (share + 1) / 2 * (_LAST - _NAMES)

    parts = [
        *_mark(12, 14, "A", ATTACK),
        text(22, 18, "APCER", anchor="start", kind="key"),
        *_mark(92, 14, "B", BONAFIDE),
        text(102, 18, "BPCER", anchor="start", kind="key"),
        *_mark(172, 14, "C", BOTH),
        text(182, 18, "ACER with its interval, points", anchor="start", kind="key"),
    ]
    for share in (-1, -0.5, 0, 0.5, 1):
        x = across(share)
        parts.append(line(x, 32, x, height - 24, width=1.5 if share == 0 else 0.6))
        parts.append(text(x, height - 8, f"{100 * share:+.0f}" if share else "0", kind="tick"))
    for number, (change, effect) in enumerate(effects):
        y = 46 + _ROW * number
        strong = effect.acer.shown
        parts.append(text(_NAMES - 10, y + 4, change.name, anchor="end", kind="strong" if strong else ""))
        ends = across(max(effect.acer.low, -1)), across(min(effect.acer.high, 1))
        parts.append(
            line(ends[0], y, ends[1], y, color=BOTH if strong else "var(--muted)", width=2 if strong else 1)
        )
        parts += _mark(across(effect.apcer.value), y - 6, "A", ATTACK)
        parts += _mark(across(effect.bpcer.value), y + 6, "B", BONAFIDE)
        parts += _mark(across(effect.acer.value), y, "C", BOTH)
    return svg(_WIDTH, height, parts, title)


def _mark(x: float, y: float, shape: str, color: str) -> list[str]:
    """APCER a triangle that points up, BPCER one that points down, ACER a dot: told apart without color, too."""
    if shape == "C":
        return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" fill="{color}"/>']
    d = 5 if shape == "A" else -5
    return [
        f'<polygon points="{x - 5:.1f},{y + d * 0.8:.1f} {x + 5:.1f},{y + d * 0.8:.1f} {x:.1f},{y - d:.1f}" '
        f'fill="{color}"/>'
    ]
