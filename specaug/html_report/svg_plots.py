"""Plots of a report as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from specaug.html_report.histogram import Histogram
from specaug.spectrum import BANDS, radial_bins
from specaug.web_page import ATTACK as ATTACK
from specaug.web_page import BONAFIDE as BONAFIDE
from specaug.web_page import LINE, MUTED, svg_figure
from specaug.web_page import SYNTHETIC as SYNTHETIC

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

    return svg_figure(name, draw)


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

    return svg_figure(name, draw)


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
            axes.axvline(low, color=LINE, linewidth=0.8)
        middle = float(np.sqrt(max(low, first) * min(high, last)))
        place = axes.get_xaxis_transform()
        axes.text(middle, 1.0, band, color=MUTED, transform=place, va="bottom", ha="center")
