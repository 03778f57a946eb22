"""What a reader should look at first: figures that cross a line that is stated with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from specaug.html_report.failure_summary import SIGNIFICANT, Losses
from specaug.html_report.histogram import Histogram, Separation
from specaug.html_report.sample import ALIKE, Pixels
from specaug.html_report.survey import Survey

SHORTCUT = 0.6
"""A number that is no evidence of an attack is a shortcut when its AUC is surely further from 0.5 than this."""

_NAMED = 4


class Finding(NamedTuple):
    """One sentence, and the section that shows why."""

    section: str
    text: str


def findings(seen: Survey, lost: Losses, pixels: Pixels) -> list[Finding]:
    """All that is out of line, leakage first."""
    return [*_leakage(seen), *_bias(lost), *_shortcuts(seen, pixels), *_copies(pixels)]


def shortcut(separation: Separation) -> bool:
    """Whether the whole interval of an AUC lies beyond :data:`SHORTCUT`, on either side."""
    return separation.low > SHORTCUT or separation.high < 1 - SHORTCUT


def _leakage(seen: Survey) -> Iterator[Finding]:
    subjects = seen.subjects_in_two_splits
    if subjects:
        names = ", ".join(subjects[:_NAMED]) + (" …" if len(subjects) > _NAMED else "")
        yield Finding("leakage", f"{len(subjects)} subjects are in more than one split: {names}")
    if seen.sources_in_two_splits:
        yield Finding("leakage", f"{seen.sources_in_two_splits} sources are in more than one split")


def _bias(lost: Losses) -> Iterator[Finding]:
    usual = next((rate.share for rate in lost.rates if rate.label == "bonafide"), 0.0)
    sure = f"(p < {SIGNIFICANT:g})"
    unsure = "(too few sources to be sure)"
    for rates, how in ((lost.biased, sure), (lost.doubtful, unsure)):
        for word in ("more", "less"):
            chosen = [rate for rate in rates if (rate.share > usual) == (word == "more")]
            if chosen:
                names = ", ".join(f"{r.label} {r.pai} {r.share:.1%}" for r in chosen[:_NAMED])
                rest = " …" if len(chosen) > _NAMED else ""
                told = f"sources of these classes fail {word} often than bona fide ({usual:.1%}): {names}{rest} {how}"
                yield Finding("failures", told)


def _shortcuts(seen: Survey, pixels: Pixels) -> Iterator[Finding]:
    every: list[Histogram] = [*seen.distributions.values(), *pixels.distributions.values()]
    for histogram in every:
        separation = histogram.separation()
        if separation is not None and shortcut(separation):
            name = histogram.name.partition(",")[0]
            yield Finding(
                "shortcuts",
                f"{name} alone predicts the label: AUC {separation.auc:.2f} "
                f"(95 % interval {separation.low:.2f} to {separation.high:.2f})",
            )


def _copies(pixels: Pixels) -> Iterator[Finding]:
    across = [(a, b) for a, b in pixels.alike() if pixels.names[a][2] != pixels.names[b][2]]
    if across:
        yield Finding(
            "duplicates",
            f"{len(across)} pairs of the sampled clips look alike (at most {ALIKE} of 256 bits differ) and are in "
            "different splits",
        )
