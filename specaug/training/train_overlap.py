"""Find the test people and test files that a run has seen in training or dev."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from specaug.errors import SpecaugError
from specaug.records import Notice, Split, subject_key
from specaug.shards import data_files, stream_columns
from specaug.shards.tables import read_columns, write_columns

SEEN = "seen.parquet"
"""What a run was trained and chosen by, in its folder."""
_SEEN_SPLITS: tuple[Split, ...] = ("train", "dev")
_KEPT = ("dataset", "subject", "source_id", "bytes_digest")
_COLUMNS = (*_KEPT, "source_path")
_NAMED = 3


class Shown(NamedTuple):
    """One source: whom it shows, and what identifies its content. A text is empty where it is not known."""

    dataset: str
    subject: str
    source_id: str
    bytes_digest: str
    """BLAKE2b of the whole file."""
    path: str = ""
    """In RAW; not kept in the folder of a run."""


def shown_in(out: Path, splits: Sequence[Split]) -> list[Shown]:
    """The sources behind all clips of some splits; synthetic clips count as the sources that they were made of."""
    found: dict[Shown, None] = {}
    for file in data_files(out):
        if file.name.partition("-")[0] in splits:
            for columns in stream_columns(file, _COLUMNS):
                found.update(dict.fromkeys(_rows(columns)))
    return list(found)


def _rows(columns: dict[str, np.ndarray]) -> Iterator[Shown]:
    rows = zip(*(columns[name].tolist() for name in _COLUMNS), strict=True)
    return (Shown(*(value or "" for value in row)) for row in rows)


def write_seen(run: Path, out: Path) -> None:
    """Keep who and what is in train and dev of a data set: one row for each source and split."""
    kept: dict[str, list[str]] = {name: [] for name in ("split", *_KEPT)}
    for split in _SEEN_SPLITS:
        for shown in shown_in(out, (split,)):
            for name, value in zip(kept, (split, *shown), strict=False):  # without the path
                kept[name].append(value)
    write_columns(run / SEEN, {name: np.array(v, dtype=np.str_) for name, v in kept.items()}, out=run)


def read_seen(run: Path) -> list[Shown]:
    """What :func:`write_seen` kept.

    Raises
    ------
    SpecaugError
        The file is missing or damaged.
    """
    if not (run / SEEN).is_file():
        raise SpecaugError(
            f"{run.name}/{SEEN}: expected the subjects and files that the run was trained on, there is no such file:"
            " without it nobody can tell whether test people were trained on; train again"
        )
    columns = read_columns(run / SEEN)
    return [Shown(*row) for row in zip(*(columns[name].tolist() for name in _KEPT), strict=True)]


@dataclass(frozen=True)
class Overlap:
    """What of a test set was seen in training or dev, by name, sorted."""

    subjects: tuple[str, ...] = ()
    """``dataset/subject``."""
    contents: tuple[str, ...] = ()
    """Path in RAW, or source_id where no path is known."""

    def counts(self) -> dict[str, int]:
        """How many subjects and files."""
        return {"subjects": len(self.subjects), "contents": len(self.contents)}

    def notices(self) -> tuple[Notice, ...]:
        """A warning for subjects and one for files."""
        found = []
        for names, what, ways in (
            (
                self.subjects,
                "test subjects",
                "train without them, or judge other people; where two data sets of one name have other people under one"
                " name, name the data sets in a sources.toml",
            ),
            (self.contents, "test files", "train without these files, or judge other ones"),
        ):
            if names:
                first = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
                told = (
                    f"{len(names)} {what} were seen in training or dev ({first}): not a valid result; {ways}"
                )
                found.append(Notice("train_overlap", told, len(names)))
        return tuple(found)


def overlap_of(test: Sequence[Shown], seen: Sequence[Shown]) -> Overlap:
    """Compare the sources of a test set with those that a run has seen.

    Parameters
    ----------
    test, seen : sequence of Shown

    Returns
    -------
    Overlap
        People whose names :func:`specaug.records.subject_key` does not tell apart within one data set name, and
        sources with a source_id or a digest of their bytes that was seen.
    """
    known = _people(seen).keys()
    people = {person: name for person, name in _people(test).items() if person in known}
    contents = {text for shown in seen for text in (shown.source_id, shown.bytes_digest)} - {""}
    files = {
        shown.source_id or shown.bytes_digest: shown.path or shown.source_id
        for shown in test
        if not contents.isdisjoint((shown.source_id, shown.bytes_digest))
    }
    return Overlap(tuple(sorted(people.values())), tuple(sorted(files.values())))


def _people(sources: Sequence[Shown]) -> dict[tuple[str, str], str]:
    """A name for each person, by data set and by what all spellings of the name share."""
    named = {(shown.dataset, shown.subject) for shown in sources if shown.subject}
    return {(dataset, subject_key(subject)): f"{dataset}/{subject}" for dataset, subject in sorted(named)}
