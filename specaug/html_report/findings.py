"""What a reader should look at first: figures that cross a line that is stated with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from specaug.catalog import Skipped
from specaug.catalog.notices import skipped_notice
from specaug.html_report.failure_summary import SIGNIFICANT, Losses
from specaug.html_report.histogram import Histogram, Separation
from specaug.html_report.sample import Pixels
from specaug.html_report.survey import Survey
from specaug.records import Coverage, Notice
from specaug.shards import SkippedRow
from specaug.shards.look_alikes import ALIKE, BITS

SHORTCUT = 0.6
"""A number that is no evidence of an attack is a shortcut when its AUC is surely further from 0.5 than this."""

_NAMED = 4
_SECTIONS = {"skipped_media": "failures"}


class Finding(NamedTuple):
    """One sentence, and the section that shows why."""

    section: str
    text: str


class Findings(list[Finding]):
    """What a report tells to look at first.

    Parameters
    ----------
    found : iterable of Finding
    warnings : iterable of Notice
        Those among them that are warnings, as other commands give them.
    """

    def __init__(self, found: Iterable[Finding] = (), *, warnings: Iterable[Notice] = ()) -> None:
        super().__init__(found)
        self.warnings = tuple(warnings)


def findings(seen: Survey, lost: Losses, pixels: Pixels, warnings: Sequence[Notice] = ()) -> Findings:
    """All that is out of line, leakage first."""
    found = [
        *_leakage(seen),
        *(Finding(_SECTIONS.get(notice.kind, "counts"), notice.detail) for notice in warnings),
        *_bias(lost),
        *_shortcuts(seen, pixels),
        *_copies(pixels),
    ]
    return Findings(found, warnings=warnings)


def gaps(seen: Survey, skipped: Sequence[SkippedRow]) -> tuple[Notice, ...]:
    """Warnings of classes, splits, species and subjects that captured clips lack, and of media that are not used."""
    groups = [group for group in seen.groups if group.origin != "synthetic"]
    named: Counter[str] = Counter(split for splits in seen.subjects.values() for split in splits)
    # A source that names no subject counts as one of its own.
    unnamed = Counter({split: len(sources) for split, sources in seen.unnamed.items()})
    covered = Coverage(frozenset((g.split, g.label, g.pai) for g in groups), named + unnamed)
    return (*covered.notices(), *skipped_notice(Skipped(*row) for row in skipped))


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
            f"{len(across)} pairs of the sampled clips look alike (at most {ALIKE} of {BITS} bits differ) and are in "
            "different splits",
        )
