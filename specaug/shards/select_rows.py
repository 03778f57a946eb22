"""Rows of OUT that fit conditions on their columns, found without reading pictures."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from specaug.errors import ArgumentError
from specaug.records import LABELS, Label
from specaug.shards.groups import EncodedRows, Origin, RowGroup, groups_of_file, guarded, open_parquet
from specaug.shards.out_hint import out_hint
from specaug.storage import place_of

_SPREAD = 16
"""Row groups that a sample comes from at least, where matches lie in so many."""
_KEPT = ("clip_id", "label", "dataset", "subject", "source_id", "pts_seconds", "scale")


class GroupReader:
    """Holds the row group that was read last: neighbors in a selection lie in the same one."""

    def __init__(self) -> None:
        self._held: EncodedRows | None = None

    def __call__(self, group: RowGroup) -> EncodedRows:
        """The rows of a group."""
        if self._held is None or self._held.group != group:
            self._held = None  # before the next one is read, so that no two are held
            self._held = EncodedRows(group, columns=("clip_id",))
        return self._held


@dataclass(frozen=True, eq=False)
class FoundRow:
    """One row, with its pictures still in the file."""

    reader: GroupReader
    group: RowGroup
    row: int
    clip_id: str
    label: Label
    dataset: str
    subject: str | None
    source_id: str | None
    pts_seconds: tuple[float, ...]
    scale: float | None
    """Mean over the frames, source px per crop px."""

    def frames(self) -> np.ndarray:
        """(T, H, W, 3) uint8 RGB."""
        return self.reader(self.group).clip(self.row).decode()


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows that were found, or a sample of them."""

    rows: tuple[FoundRow, ...]
    """In the order of their files."""
    total: int
    """All that fit."""


def select_rows(
    out: Path | str, conditions: Mapping[str, Collection[str]], *, most: int | None = None
) -> Selection:
    """Find the rows of a data set that fit all conditions.

    Parameters
    ----------
    out : path
        A folder that ``specaug build-dataset`` made, or its address in an object store.
    conditions : mapping of str to collection of str
        Column to the values that fit. ``label`` is ``bonafide`` or ``attack``, also 0 or 1; a species fits with what
        lies below it: ``print`` is ``print`` and ``print/2`` alike.
    most : int, optional
        Rows to return at most: a sample that depends on nothing but the ids of the clips.

    Returns
    -------
    Selection

    Raises
    ------
    ArgumentError
        `out` holds no clips, or a column does not exist or holds no single value.
    SpecaugError
        A file is damaged.
    """
    root = place_of(out)
    folders = [root / "data" / origin for origin in get_args(Origin)]
    files = [file for folder in folders for file in sorted(folder.glob("*.parquet"))]
    if not files:
        raise ArgumentError(
            f"out: expected a folder with clips that build-dataset made, got {str(out)!r}; {out_hint(out)}"
        )
    wanted = {name: _words(name, values) for name, values in conditions.items()}
    matches = [
        (group, np.flatnonzero(fits))
        for file in files
        for group, fits in _matching(file, wanted)
        if fits.any()
    ]
    total = sum(len(rows) for _, rows in matches)
    matches.sort(key=lambda match: _mixed(str(match[0])))
    reader, chosen = GroupReader(), list[FoundRow]()
    for number, (group, rows) in enumerate(matches):
        if most is not None and len(chosen) >= most and number >= _SPREAD:
            break
        chosen += _found(reader, group, rows)
    if most is not None:
        chosen = sorted(chosen, key=lambda row: _mixed(row.clip_id))[:most]
    order = {file: number for number, file in enumerate(files)}
    chosen.sort(key=lambda row: (order[row.group.path], row.group.number, row.row))
    return Selection(tuple(chosen), total)


def _mixed(text: str) -> bytes:
    """An order that has nothing to do with names and is the same each time."""
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def _words(name: str, values: Collection[str]) -> frozenset[str]:
    if name != "label":
        return frozenset(values)
    known = {"0": "0", "1": "1"}
    known |= {str(label): str(number) for number, label in enumerate(LABELS)}
    unknown = sorted(set(values) - known.keys())
    if unknown:
        raise ArgumentError(f"label: expected {' or '.join(LABELS)}, got {unknown[0]!r}")
    return frozenset(known[value] for value in values)


def _matching(file: Path, wanted: Mapping[str, frozenset[str]]) -> Iterator[tuple[RowGroup, np.ndarray]]:
    """Each row group of a file, and which of its rows fit."""
    groups = groups_of_file(file)
    with open_parquet(file) as parquet:
        schema = parquet.schema_arrow
        single = [
            field.name
            for field in schema
            if not pa.types.is_nested(field.type) and field.name != "frames_raw"
        ]
        for name in wanted:
            if name not in single:
                raise ArgumentError(f"where: expected a column among {', '.join(single)}, got {name!r}")
        for group in groups:
            fits = np.ones(group.rows, bool)
            if wanted:
                table = guarded(
                    str(group),
                    lambda g=group: parquet.read_row_group(g.number, columns=list(wanted)),  # type: ignore[misc]
                )
                for name, values in wanted.items():
                    fits &= [_fits(name, value, values) for value in table[name].to_pylist()]
            yield group, fits


def _fits(name: str, value: Any, wanted: frozenset[str]) -> bool:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text in wanted or (name == "pai" and text.partition("/")[0] in wanted)


def _found(reader: GroupReader, group: RowGroup, rows: np.ndarray) -> Iterator[FoundRow]:
    with open_parquet(group.path) as parquet:
        table = guarded(str(group), lambda: parquet.read_row_group(group.number, columns=list(_KEPT)))
    columns = {name: table[name].to_pylist() for name in _KEPT}
    for row in rows.tolist():
        scales = [s for s in columns["scale"][row] or [] if s is not None and math.isfinite(s)]
        yield FoundRow(
            reader,
            group,
            row,
            clip_id=columns["clip_id"][row] or "",
            label="attack" if columns["label"][row] else "bonafide",
            dataset=columns["dataset"][row] or "",
            subject=columns["subject"][row],
            source_id=columns["source_id"][row],
            pts_seconds=tuple(columns["pts_seconds"][row] or ()),
            scale=sum(scales) / len(scales) if scales else None,
        )
