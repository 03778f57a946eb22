"""Figures as SVG that take their colors and their font from the page they stand in."""

from __future__ import annotations

import io
import warnings
import xml.etree.ElementTree as ET  # reads what matplotlib wrote, nothing else
from collections.abc import Callable, Mapping
from typing import Any

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise MissingDependencyError(f"a report needs matplotlib and jinja2: {install_hint('report')}") from error

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# Colors that stand for the page's: matplotlib writes them into the file, where they are replaced.
INK, MUTED, LINE = "#010203", "#040506", "#070809"
BONAFIDE, ATTACK, SYNTHETIC = "#0a0b0c", "#0d0e0f", "#101112"
_PAGE = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    BONAFIDE: "var(--bonafide)",
    ATTACK: "var(--attack)",
    SYNTHETIC: "var(--synthetic)",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names may hold dollar signs
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "path.simplify": True,
    "figure.constrained_layout.use": True,
}
SIZE = (4.5, 3.0)
"""Inches of 72 px: legible at its own size on a telephone."""


def svg_figure(
    name: str, draw: Callable[[Axes], None], *, size: tuple[float, float] = SIZE, legend: bool = True
) -> str:
    """SVG of one pair of axes.

    Parameters
    ----------
    name : str
        Prefix of the ids in the SVG.
    draw : callable
        Fills the axes. Colors are the constants of this module, which a page replaces by its own.
    size : (float, float)
        Inches of 72 px.
    legend : bool

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    stream = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's font is used, not matplotlib's
        figure = Figure(figsize=size, dpi=72)
        axes = figure.add_subplot()
        draw(axes)
        if legend:
            axes.legend(loc="best").set_in_layout(False)
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_page(stream.getvalue(), name)


def _for_page(text: str, name: str) -> str:
    """The SVG without metadata and style sheet, with the page's colors and with ids of its own."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(text)
    root.attrib.pop("height", None)
    root.attrib.pop("width", None)
    root.set("aria-hidden", "true")
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
        _own_names(parent.attrib, name)
    return ET.tostring(root, encoding="unicode")


def _own_names(attributes: dict[str, str], name: str) -> None:
    for key, value in attributes.items():
        if key == "id":
            attributes[key] = f"{name}-{value}"
        elif key == f"{{{_XLINK}}}href":
            attributes[key] = f"#{name}-{value.removeprefix('#')}"
        else:
            attributes[key] = _replaced(value.replace("url(#", f"url(#{name}-"), _PAGE)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text
