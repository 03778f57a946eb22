"""Plots as SVG that takes its colours and its font from the page it stands in."""

from __future__ import annotations

import io
import warnings
import xml.etree.ElementTree as ET  # reads what matplotlib wrote, nothing else
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from specaug.errors import MissingDependencyError
from specaug.html_report.histogram import Histogram
from specaug.spectrum import BANDS, radial_bins

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise MissingDependencyError(
        "a report needs matplotlib and jinja2: pip install 'specaug[report]'"
    ) from error

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# Colours that stand for the page's: matplotlib writes them into the file, where they are replaced.
_INK, _MUTED, _LINE = "#010203", "#040506", "#070809"
BONAFIDE, ATTACK, SYNTHETIC = "#0a0b0c", "#0d0e0f", "#101112"
_PAGE = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _LINE: "var(--line)",
    BONAFIDE: "var(--bonafide)",
    ATTACK: "var(--attack)",
    SYNTHETIC: "var(--synthetic)",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names may hold dollar signs
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "path.simplify": True,
    "figure.constrained_layout.use": True,
}
_SIZE = (4.5, 3.0)
"""Inches of 72 px: legible at its own size on a telephone."""
_LABEL = 36
"""Letters of a label in a legend."""


def histogram_plot(name: str, histogram: Histogram) -> str:
    """Shares of bona fide and attack clips, as SVG."""

    def draw(axes: Axes) -> None:
        edges, shares = histogram.coarse()
        for row, (label, colour) in enumerate((("bona fide", BONAFIDE), ("attack", ATTACK))):
            if shares[row].any():
                _step(axes, edges, shares[row] * 100, label, colour, dashed=row == 1)
        if histogram.log:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter("")
            if edges[-1] < 10 * edges[0]:  # powers of ten alone would leave an axis without numbers
                axes.xaxis.set_major_locator(MaxNLocator(5))
                axes.minorticks_off()
        axes.set_xlabel(histogram.name)
        axes.set_ylabel("% of the class")
        axes.set_ylim(bottom=0)

    return _drawn(name, draw)


def _step(
    axes: Axes, edges: np.ndarray, values: np.ndarray, label: str, colour: str, *, dashed: bool
) -> None:
    axes.stairs(values, edges, fill=True, color=colour, alpha=0.18)
    axes.stairs(values, edges, color=colour, label=label, linestyle="--" if dashed else "-")


def profile_plot(name: str, curves: Sequence[tuple[str, str, np.ndarray]]) -> str:
    """Mean radial spectra, as SVG.

    Parameters
    ----------
    name : str
        Prefix of the ids in the SVG.
    curves : sequence of (label, colour, profiles)
        Profiles are (clips, bins); the band holds the middle 80 % of the clips.
    """

    def draw(axes: Axes) -> None:
        radius = radial_bins(curves[0][2].shape[1])
        for number, (label, colour, profiles) in enumerate(curves):
            low, high = np.percentile(profiles, (10, 90), axis=0)
            axes.fill_between(radius, low, high, color=colour, alpha=0.16, linewidth=0)
            style = ("-", "--", ":")[number % 3]
            axes.plot(radius, profiles.mean(axis=0), color=colour, label=_short(label), linestyle=style)
        _bands(axes, radius[0], radius[-1])
        axes.set_xlabel("radial frequency, cycles/px")
        axes.set_ylabel("mean log-amplitude")

    return _drawn(name, draw)


def _short(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _bands(axes: Axes, first: float, last: float) -> None:
    """Name the bands above the axes; frequencies are on a log scale, so that the low ones can be told apart."""
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_xticks([0.01, 0.03, 0.1, 0.3])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    for band, (low, high) in BANDS.items():
        if low:
            axes.axvline(low, color=_LINE, linewidth=0.8)
        middle = float(np.sqrt(max(low, first) * min(high, last)))
        place = axes.get_xaxis_transform()
        axes.text(middle, 1.0, band, color=_MUTED, transform=place, va="bottom", ha="center")


def _drawn(name: str, draw: Any) -> str:
    """SVG of one pair of axes that `draw` fills, its ids prefixed by `name`."""
    stream = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's font is used, not matplotlib's
        figure = Figure(figsize=_SIZE, dpi=72)
        axes = figure.add_subplot()
        draw(axes)
        axes.legend(loc="best").set_in_layout(False)
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_page(stream.getvalue(), name)


def _for_page(text: str, name: str) -> str:
    """The SVG without metadata and style sheet, with the page's colours and with ids of its own."""
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
