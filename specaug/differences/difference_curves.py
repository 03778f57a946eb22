"""Curves of a report on axes of matplotlib: radial profiles and temporal spectra, in colors that are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from specaug.differences.difference_numbers import DifferenceNumbers
from specaug.differences.spectra import BANDS, BINS
from specaug.spectrum import radial_bins

_APART = 0.08


@dataclass(frozen=True)
class Palette:
    """Colors of curves."""

    bonafide: str
    attack: str
    line: str
    muted: str


def draw_profiles(axes: Axes, report: DifferenceNumbers, palette: Palette) -> None:
    """Power by radial frequency of both sides, with intervals of groups."""
    radius = radial_bins(BINS)
    for side, label, color, style in (
        (report.bonafide, "bona fide", palette.bonafide, "-"),
        (report.attack, "attack", palette.attack, "--"),
    ):
        half = side.profile_interval
        subjects = f", {len(side.subjects)} subjects" if side.clips > 1 else ""
        axes.plot(radius, side.profile, color=color, linestyle=style, label=f"{label}{subjects}")
        if half is not None:
            axes.fill_between(
                radius, side.profile - half, side.profile + half, color=color, alpha=0.2, linewidth=0
            )
    _name_bands(axes, radius, palette)
    named: list[float] = []
    for number, peak in enumerate(report.peaks, start=1):
        # Numbers of waves of nearly the same frequency would lie on each other.
        if any(abs(np.log(peak.frequency / other)) < _APART for other in named):
            continue
        named.append(peak.frequency)
        color = palette.attack if peak.more_in == "attack" else palette.bonafide
        axes.annotate(
            f"{number}",
            (peak.frequency, 0.02),
            xycoords=axes.get_xaxis_transform(),
            color=color,
            ha="center",
            va="bottom",
        )
    axes.set_xlabel("radial frequency, cycles/px")
    axes.set_ylabel("power, dB below white")


def _name_bands(axes: Axes, radius: np.ndarray, palette: Palette) -> None:
    axes.set_xscale("log")
    axes.set_xlim(radius[0], radius[-1])
    axes.set_xticks([0.01, 0.03, 0.1, 0.3, 0.5])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    for band, (low, high) in BANDS.items():
        if low:
            axes.axvline(low, color=palette.line, linewidth=0.8)
        middle = float(np.sqrt(max(low, radius[0]) * min(high, radius[-1])))
        axes.text(
            middle,
            1.0,
            band,
            color=palette.muted,
            transform=axes.get_xaxis_transform(),
            va="bottom",
            ha="center",
        )


def draw_difference(axes: Axes, report: DifferenceNumbers, palette: Palette) -> None:
    """Attack over bona fide by radial frequency, with the interval of groups."""
    radius = radial_bins(BINS)
    difference, half = report.profile_difference
    axes.axhline(0, color=palette.line, linewidth=1)
    axes.plot(radius, difference, color=palette.attack, label="attack over bona fide")
    if half is not None:
        label = "95 % interval, at each frequency"
        axes.fill_between(
            radius,
            difference - half,
            difference + half,
            color=palette.attack,
            alpha=0.2,
            linewidth=0,
            label=label,
        )
    _name_bands(axes, radius, palette)
    axes.set_xlabel("radial frequency, cycles/px")
    axes.set_ylabel("dB")


def draw_temporal(axes: Axes, report: DifferenceNumbers, palette: Palette) -> None:
    """Power of what changes between frames of both sides, by Hz, with the lines that were found."""
    highest = []
    for side, label, color, style in (
        (report.bonafide, "bona fide", palette.bonafide, "-"),
        (report.attack, "attack", palette.attack, "--"),
    ):
        if side.temporal is not None:
            axes.plot(
                side.temporal.hertz[1:], side.temporal.decibels[1:], color=color, linestyle=style, label=label
            )
            highest.append(float(side.temporal.decibels[1:].max()))
    for line in report.lines:
        side = report.attack if line.more_in == "attack" else report.bonafide
        color = palette.attack if line.more_in == "attack" else palette.bonafide
        if side.temporal is not None:
            level = float(np.interp(line.hertz, side.temporal.hertz, side.temporal.decibels))
            axes.annotate(
                f"{line.hertz:.1f} Hz", (line.hertz, level), (0, 6), textcoords="offset points",
                color=color, ha="center", va="bottom",
            )  # fmt: skip
    if highest:
        axes.set_ylim(top=max(highest) + 9)
    axes.set_xlabel("Hz")
    axes.set_ylabel("power of strips, dB below white")


def has_temporal(report: DifferenceNumbers) -> bool:
    """Whether a side has a temporal spectrum."""
    return report.bonafide.temporal is not None or report.attack.temporal is not None
