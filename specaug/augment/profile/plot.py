"""Curves over frequency as SVG text, without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 260, 170, 42, 26, 18
_COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5")
_TITLES = ("luma", "red − luma", "blue − luma")


def gains_as_svg(frequencies: np.ndarray, lines: Mapping[str, np.ndarray]) -> str:
    """Gains (3, bins) in dB as three panels.

    Parameters
    ----------
    frequencies : (bins,) array
        Cycles per px of the source.
    lines : mapping of str to (3, bins) array

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    values = np.stack(list(lines.values()))
    low, high = float(min(values.min(), -1)), float(max(values.max(), 1))
    last = float(frequencies[-1])
    parts = []
    for panel, title in enumerate(_TITLES):
        left = _LEFT + panel * (_WIDTH + _GAP)

        def place(f: float, value: float, left: int = left) -> tuple[float, float]:
            return left + f / last * _WIDTH, _TOP + (high - value) / (high - low) * _HEIGHT

        x0, zero = place(0, 0)
        parts.append(
            f'<rect x="{left}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999"/>'
        )
        parts.append(f'<text x="{left}" y="{_TOP - 8}">{title}</text>')
        parts.append(f'<line x1="{x0}" x2="{left + _WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="#ccc"/>')
        for number, gains in enumerate(values):
            points = " ".join(
                "{:.1f},{:.1f}".format(*place(f, g)) for f, g in zip(frequencies, gains[panel], strict=True)
            )
            colour = _COLOURS[number % len(_COLOURS)]
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    parts += [
        f'<text x="2" y="{_TOP + y * _HEIGHT + 4:.0f}">{level:+.0f} dB</text>'
        for y, level in ((0, high), (1, low))
    ]
    bottom = _TOP + _HEIGHT
    parts.append(f'<text x="{_LEFT}" y="{bottom + 16}">0 to {last:.2f} cycles per px of the source</text>')
    for number, name in enumerate(lines):
        y = bottom + 36 + 16 * number
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f'<rect x="{_LEFT}" y="{y - 9}" width="14" height="9" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + 20}" y="{y}">{escape(name)}</text>')
    width, height = _LEFT + 3 * (_WIDTH + _GAP), bottom + 36 + 16 * len(lines)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'{head} font-family="sans-serif" font-size="11">{"".join(parts)}</svg>'
