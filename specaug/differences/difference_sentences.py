"""What differs, in sentences: the most telling first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specaug.differences.band_difference import BandDifference
from specaug.differences.flicker import FlickerLine
from specaug.differences.peaks import Peak
from specaug.differences.spectra import detail_range

NOTABLE_DB = 1.0
"""Of a pair, where no interval can be had: a difference of a quarter of the power is told."""
NOTABLE_COLOR = 0.02
"""Of white, 5 of 255 levels: about where a tint can be seen beside the original."""
NOTHING = "No wave, no flicker, no band and no color differs by more than chance or by a notable amount."
_NAMES = {"attack": "The attack", "bonafide": "The bona fide side"}


def sentences(
    peaks: Sequence[Peak],
    lines: Sequence[FlickerLine],
    band: BandDifference,
    color: Mapping[str, Mapping[str, float]],
    names: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Findings of a comparison.

    Parameters
    ----------
    peaks, lines : sequence of Peak, of FlickerLine
        The strongest first.
    band : BandDifference
        The octave that tells the sides apart best, with an interval of 95 % for all octaves together.
    color : mapping
        Name to ``difference``, white being 1.
    names : mapping, optional
        What ``bonafide`` and ``attack`` are called, where the sides are not one of each.
    """
    first = names or _NAMES
    second = names["attack"] if names else "the attack"
    found = [
        *_waves(peaks, first),
        *_flicker(lines, first),
        *_band(band, first["attack"]),
        *_color(color, second),
    ]
    return tuple(found) or (NOTHING,)


def _waves(peaks: Sequence[Peak], names: Mapping[str, str]) -> Iterator[str]:
    for side, name in names.items():
        own = [peak for peak in peaks if peak.more_in == side]
        if own:
            yield f"{name} has a wave of {own[0].period:.1f} px: {own[0]}{_more(own)}."


def _flicker(lines: Sequence[FlickerLine], names: Mapping[str, str]) -> Iterator[str]:
    for side, name in names.items():
        own = [line for line in lines if line.more_in == side]
        if own:
            yield f"{name} flickers: {own[0]}{_more(own)}."


def _more(found: Sequence[object]) -> str:
    return f", and {len(found) - 1} more" if len(found) > 1 else ""


def _band(band: BandDifference, attack: str) -> Iterator[str]:
    notable = band.sure if band.interval else abs(band.difference_db) >= NOTABLE_DB
    if notable:
        word = "more" if band.difference_db > 0 else "less"
        largest = "" if band.interval else ", the largest difference of an octave"
        sure = told(band, "95 % interval for all octaves")
        yield f"{attack} has {word} power in {detail_range(band.low, band.high)}: {sure}{largest}."


def told(band: BandDifference, interval: str = "95 % interval") -> str:
    """A difference with its interval."""
    ends = band.interval
    between = "" if ends is None else f" ({interval} {signed(ends[0])} to {signed(ends[1])})"
    return f"{signed(band.difference_db)} dB{between}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a minus as wide as a plus.

    Examples
    --------
    >>> signed(-1.26), signed(0.04)
    ('−1.3', '+0.0')
    """
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _color(color: Mapping[str, Mapping[str, float]], attack: str) -> Iterator[str]:
    told = [
        f"{name} {signed(color[name]['difference'], 2)}"
        for name in ("saturation", "red", "green", "blue")
        if abs(color[name]["difference"]) >= NOTABLE_COLOR
    ]
    if told:
        yield f"Color of {attack}, white being 1: {', '.join(told)}."
