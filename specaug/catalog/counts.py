"""Published counts of data sets, and how a tree compares with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from specaug.catalog.layout import Reading
from specaug.records import LABELS, SPLITS, Label, Source, Split

Counts = Mapping[Split, tuple[int, int]]
"""Split to (bona fide, attack) sources."""


def count(sources: Iterable[Source]) -> dict[Split, tuple[int, int]]:
    """Sources by split and label; splits that are empty are left out."""
    found: Counter[tuple[Split, Label]] = Counter((s.split, s.label) for s in sources)
    pairs = {split: (found[split, LABELS[0]], found[split, LABELS[1]]) for split in SPLITS}
    return {split: pair for split, pair in pairs.items() if any(pair)}


def compare(reading: Reading, expected: Counts, *, title: str) -> Reading:
    """Add a note: whether the tree is complete, or by how much it is not what was published.

    Parameters
    ----------
    reading : Reading
    expected : Counts
        As published.
    title : str
        Data set and protocol.
    """
    found = count(reading.sources)
    if found == dict(expected):
        reading.notes.append(f"{title} is complete: {_text(found)} (bona fide + attack).")
        return reading
    short = sum(max(0, n - m) for n, m in _pairs(expected, found))
    more = sum(max(0, m - n) for n, m in _pairs(expected, found))
    parts = [f"{short} files are missing"] if short else []
    parts += [f"{more} more than published are there"] if more else []
    reading.notes.append(
        f"{title} is not complete: {', '.join(parts)}; published {_text(expected)}, found {_text(found)}"
        " (bona fide + attack)."
    )
    return reading


def _pairs(expected: Counts, found: Counts) -> list[tuple[int, int]]:
    """(published, found) by split and label."""
    none = (0, 0)
    return [
        pair
        for split in SPLITS
        for pair in zip(expected.get(split, none), found.get(split, none), strict=True)
    ]


def _text(counts: Counts) -> str:
    return ", ".join(f"{split} {a}+{b}" for split, (a, b) in counts.items()) or "nothing"


def note_missing(reading: Reading, expected: Iterable[str], present: Iterable[str]) -> Reading:
    """Put the names of `expected` that are not `present` down as missing."""
    there = set(present)
    reading.missing += [name for name in expected if name not in there]
    return reading
