"""Shorthands: what a layout makes of a tree of names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from trees import Files, in_memory

from specaug.catalog import LAYOUTS
from specaug.catalog.layout import Reading
from specaug.records import Source


def read(name: str, files: Files, root: Path, protocol: str | None = None) -> Reading:
    """A layout's reading of names that lie in memory, lists on disk."""
    layout = LAYOUTS[name]
    return layout.read(layout.view(in_memory(files, root)), protocol)


def counts(reading: Reading) -> dict[str, tuple[int, int]]:
    """Split to (bona fide, attack) sources."""
    found = Counter((s.split, s.label) for s in reading.sources)
    return {
        split: (found[split, "bonafide"], found[split, "attack"]) for split in sorted({s for s, _ in found})
    }


def facts(source: Source) -> tuple[str, str, str | None, str | None, str | None, str]:
    return source.label, source.pai, source.subject, source.session, source.device, source.split


def by_path(reading: Reading) -> dict[str, Source]:
    return {source.path: source for source in reading.sources}


def reason_of(reading: Reading, path: str) -> str:
    (reason,) = (s.reason for s in reading.skipped if s.path == path)
    return reason
