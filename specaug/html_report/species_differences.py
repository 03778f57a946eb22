"""How each species differs from bona fide: mean spectra, their ratio with its waves, and clips at the extremes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.differences import DifferenceReport, difference_of
from specaug.differences.difference_curves import draw_difference
from specaug.differences.difference_page import PALETTE, rings
from specaug.differences.difference_sentences import signed
from specaug.differences.side_measures import SideTally
from specaug.differences.spectra import OCTAVES, decibels, detail_range
from specaug.differences.view_tiles import Tiles, diverging
from specaug.html_report.exhibit import Exhibit, exhibit
from specaug.html_report.sample import Pixels
from specaug.html_report.survey import Kind
from specaug.web_page import data_uri, svg_figure

SPECIES = 12
"""Species that are shown, the most frequent first."""
_FEWEST = 2
"""Clips of a species: of a single one, the spectrum would be that of one person."""
_EXAMPLES = 3
"""Clips at each extreme."""
_SIDE = 224
BONAFIDE = Kind("bonafide", "none", "captured")


@dataclass(frozen=True)
class Example:
    """A clip at an extreme of the most telling band."""

    name: str
    """clip_id."""
    level: str
    """How far it lies from the mean of bona fide clips."""


@dataclass(frozen=True, eq=False)
class SpeciesDifference:
    """What the page shows of one species against bona fide."""

    kind: str
    clips: int
    subjects: int
    findings: tuple[str, ...]
    images: tuple[tuple[str, str, str], ...]
    """(row, caption, data URI) of the mean spectra and their ratio."""
    rings: list[dict[str, Any]]
    plot: str
    """SVG of the ratio by radial frequency."""
    band: str
    """The most telling octave."""
    examples: tuple[tuple[str, tuple[Example, ...]], ...]
    """(caption, clips)."""


def species_differences(
    pixels: Pixels, *, faces: bool = True
) -> tuple[list[SpeciesDifference], list[Exhibit]]:
    """Compare each species with captured bona fide clips.

    Parameters
    ----------
    pixels : Pixels
    faces : bool
        Show clips at the extremes, and mean spectra as images; False leaves sentences and the curve.

    Returns
    -------
    differences : list of SpeciesDifference
        None where fewer than two bona fide clips were measured, or two of a species.
    exhibits : list of Exhibit
        The clips at the extremes that the sample does not show anyway.
    """
    base = pixels.spectra.get(BONAFIDE)
    if base is None or len(base.clips) < _FEWEST:
        return [], []
    bonafide = base.result()
    found: list[SpeciesDifference] = []
    attacks = [kind for kind in pixels.spectra if kind.label == "attack"]
    for kind in sorted(
        attacks, key=lambda kind: (kind.origin == "synthetic", -len(pixels.spectra[kind].clips), kind)
    ):
        tally = pixels.spectra[kind]
        same = len(tally.clips) >= _FEWEST and tally.size == base.size
        if same and len(found) < SPECIES:
            report = difference_of(bonafide, tally.result())
            examples = _examples(report, base, tally) if faces else ()
            images = _spectra(str(kind), report) if faces else ()
            found.append(_shown(f"species-{len(found)}", str(kind), report, images, examples))
    shown = {item.name for items in pixels.shown.values() for item in items}
    names = {example.name for one in found for _, examples in one.examples for example in examples}
    return found, [exhibit(pixels.row(name)) for name in sorted(names - shown)]


def _shown(
    name: str,
    kind: str,
    report: DifferenceReport,
    images: tuple[tuple[str, str, str], ...],
    examples: tuple[tuple[str, tuple[Example, ...]], ...],
) -> SpeciesDifference:
    band = report.most_telling
    return SpeciesDifference(
        kind=kind,
        clips=report.attack.clips,
        subjects=len(report.attack.subjects),
        findings=report.findings,
        images=images,
        rings=rings(report.peaks),
        plot=svg_figure(name, lambda axes: draw_difference(axes, report, PALETTE)),
        band=detail_range(band.low, band.high),
        examples=examples,
    )


def _spectra(kind: str, report: DifferenceReport) -> tuple[tuple[str, str, str], ...]:
    means = np.stack([decibels(side.power) for side in (report.bonafide, report.attack)])
    low, high = np.quantile(means, (0.01, 0.9995))
    gray = np.rint(255 * np.clip((means - low) / max(float(high - low), 1e-6), 0, 1)).astype(np.uint8)
    limit = Tiles(report).spectrum_limit
    images = [*np.repeat(gray[..., None], 3, axis=-1), diverging(report.ratio_db / limit)]
    rows = (
        ("bonafide", "bona fide, mean spectrum"),
        ("attack", f"{kind}, mean spectrum"),
        ("difference", f"ratio, ±{limit:g} dB"),
    )
    return tuple(
        (row, caption, data_uri(image, _SIDE, image_format="png"))
        for (row, caption), image in zip(rows, images, strict=True)
    )


def _examples(
    report: DifferenceReport, base: SideTally, tally: SideTally
) -> tuple[tuple[str, tuple[Example, ...]], ...]:
    """The clips by which the species is most and least itself, and the bona fide ones that are most like it."""
    band = report.most_telling
    number = list(OCTAVES).index(band.name)
    sign = 1 if band.difference_db >= 0 else -1
    attacks, live = (np.stack(side.octaves)[:, number] - band.bonafide_db for side in (tally, base))
    by_attack, by_live = np.argsort(-sign * attacks, kind="stable"), np.argsort(-sign * live, kind="stable")

    def chosen(side: SideTally, levels: np.ndarray, order: Sequence[int]) -> tuple[Example, ...]:
        return tuple(Example(side.clips[i].name, f"{signed(float(levels[i]))} dB") for i in order)

    few, fewer = (min(_EXAMPLES, len(levels) // 2) for levels in (attacks, live))
    return (
        ("attacks that differ most", chosen(tally, attacks, by_attack[:few].tolist())),
        ("attacks that differ least", chosen(tally, attacks, by_attack[-few:].tolist())),
        ("bona fide clips most like them", chosen(base, live, by_live[:fewer].tolist())),
    )
