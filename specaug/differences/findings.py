"""What differs, in sentences: the most telling first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from specaug.differences.spectra import detail_range

if TYPE_CHECKING:
    from specaug.differences.difference_report import BandDifference, DifferenceReport

NOTABLE_DB = 1.0
"""Of a pair, where no interval can be had: a difference of a quarter of the power is told."""
NOTABLE_COLOR = 0.02
"""Of white, 5 of 255 levels: about where a tint can be seen beside the original."""
NOTHING = "No wave, no flicker, no band and no color differs by more than chance or by a notable amount."
_NAMES = {"attack": "The attack", "bonafide": "The bona fide side"}


def sentences(report: DifferenceReport) -> tuple[str, ...]:
    """Findings of a report."""
    found = [*_waves(report), *_flicker(report), *_bands(report), *_color(report)]
    return tuple(found) or (NOTHING,)


def _waves(report: DifferenceReport) -> Iterator[str]:
    for side in ("attack", "bonafide"):
        peaks = [peak for peak in report.peaks if peak.more_in == side]
        if peaks:
            more = f", and {len(peaks) - 1} more" if len(peaks) > 1 else ""
            yield f"{_NAMES[side]} has a wave of {peaks[0].period:.1f} px: {peaks[0]}{more}."


def _flicker(report: DifferenceReport) -> Iterator[str]:
    for side in ("attack", "bonafide"):
        lines = [line for line in report.lines if line.more_in == side]
        if lines:
            more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
            yield f"{_NAMES[side]} flickers: {lines[0]}{more}."


def _bands(report: DifferenceReport) -> Iterator[str]:
    band = report.most_telling
    notable = band.sure if band.interval else abs(band.difference_db) >= NOTABLE_DB
    if notable:
        word = "more" if band.difference_db > 0 else "less"
        yield (
            f"The attack has {word} power in {detail_range(band.low, band.high)}: {told(band)}"
            f"{'' if band.interval else ', the largest difference of an octave'}."
        )


def told(band: BandDifference) -> str:
    """A difference with its interval."""
    ends = band.interval
    between = "" if ends is None else f" (95 % interval {signed(ends[0])} to {signed(ends[1])})"
    return f"{signed(band.difference_db)} dB{between}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a minus as wide as a plus.

    Examples
    --------
    >>> signed(-1.26), signed(0.04)
    ('−1.3', '+0.0')
    """
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _color(report: DifferenceReport) -> Iterator[str]:
    color = report.color
    told = [
        f"{name} {signed(color[name]['difference'], 2)}"
        for name in ("saturation", "red", "green", "blue")
        if abs(color[name]["difference"]) >= NOTABLE_COLOR
    ]
    if told:
        yield f"Color of the attack, white being 1: {', '.join(told)}."
