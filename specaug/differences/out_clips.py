"""Clips of a built data set as a side of a comparison: by id, or a group by conditions on columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from specaug.differences.clip_measures import ClipToCompare, LoadedClip
from specaug.differences.flicker import frame_rate
from specaug.errors import ArgumentError, NothingToDoError
from specaug.shards.select_rows import FoundRow, select_rows

Conditions = Mapping[str, Sequence[str]]
Where = str | Mapping[str, str | Sequence[str]]


def parse_where(text: Where) -> dict[str, tuple[str, ...]]:
    """Conditions of ``K=V,…``; one column several times means any of its values.

    Raises
    ------
    ArgumentError
        A part is no ``K=V``.

    Examples
    --------
    >>> parse_where("label=attack,pai=print,pai=replay")
    {'label': ('attack',), 'pai': ('print', 'replay')}
    """
    if not isinstance(text, str):
        return {k: (v,) if isinstance(v, str) else tuple(map(str, v)) for k, v in text.items()}
    conditions: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if not sign or not name.strip():
            raise ArgumentError(f"where: expected COLUMN=VALUE,…, got {text!r}")
        conditions[name.strip()] = (*conditions.get(name.strip(), ()), value.strip())
    return conditions


def described(conditions: Conditions) -> str:
    """Conditions in words for a heading.

    Examples
    --------
    >>> described({"label": ("attack",), "pai": ("print", "replay"), "split": ("test",)})
    'attack, print or replay, split test'
    """
    plain = {"bonafide": "bona fide", "1": "attack", "0": "bona fide"}
    told = []
    for name, values in conditions.items():
        if name == "label":
            told.append(" or ".join(plain.get(value, value) for value in values))
        else:
            told.append(("" if name == "pai" else f"{name} ") + " or ".join(values))
    return ", ".join(told)


def is_out(place: Path) -> bool:
    """Whether a folder holds clips that a build made."""
    return (place / "data" / "captured").is_dir() or (place / "data" / "synthetic").is_dir()


def looks_like_clip_id(text: str) -> bool:
    """Whether a name is one that a build gives to a clip."""
    return re.match(r"[0-9a-f]{32}-", text) is not None


def clip_by_id(out: Path | str, clip_id: str, *, within: str = "") -> ClipToCompare:
    """One clip; `within` is put before the name of its subject.

    Raises
    ------
    ArgumentError
        It is not in `out`.
    """
    found = select_rows(out, {"clip_id": (clip_id,)})
    if not found.rows:
        raise ArgumentError(
            f"clip: expected the id of a clip in {str(out)!r}, got {clip_id!r}, which it does not hold"
        )
    return _clip(found.rows[0], within)


def clips_where(
    out: Path | str, conditions: Conditions, *, most: int, within: str = ""
) -> tuple[list[ClipToCompare], int]:
    """A sample of the clips that fit, and how many fit; `within` is put before the names of their subjects.

    Raises
    ------
    ArgumentError
        A column does not exist.
    NothingToDoError
        No clip fits.
    """
    found = select_rows(out, conditions, most=most)
    if not found.rows:
        raise NothingToDoError(
            f"where: no clip in {str(out)!r} has {described(conditions)}; `specaug report` tells what there is"
        )
    return [_clip(row, within) for row in found.rows], found.total


def _clip(row: FoundRow, within: str) -> ClipToCompare:
    # One name in two data sets is two people.
    subject = f"{within}{row.dataset}/{row.subject}" if row.subject else row.source_id or row.clip_id

    def load() -> LoadedClip:
        frames = row.frames()
        rate = frame_rate(np.array(row.pts_seconds)) if len(row.pts_seconds) == len(frames) else None
        return LoadedClip(frames, frames if rate else None, rate, row.scale)

    return ClipToCompare(row.clip_id, subject, load, row.label)
