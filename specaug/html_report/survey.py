"""What can be said of all clips without looking at a picture, in one pass over the shards."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from specaug.html_report.histogram import Histogram
from specaug.records import LABELS
from specaug.shards import data_files, stream_columns

MAX_UNNAMED = 1000
"""More sources without a subject need no exact count: only few are worth a word."""
MAX_GROUPS = 50_000
"""Groups that are told apart by subject; beyond, subjects of further groups are added up."""
_TEXT = ("clip_id", "source_id", "parent_id", "dataset", "split", "pai", "subject", "device", "origin")
_NUMBERS = ("scale", "padding", "score", "source_width", "source_height", "fps", "source_frames")
OTHERS = "(others)"


class Group(NamedTuple):
    """What the clips of one line of the table share."""

    split: str
    label: str
    pai: str
    device: str
    subject: str
    origin: str


class Kind(NamedTuple):
    """What a picture is compared by."""

    label: str
    pai: str
    origin: str

    def __str__(self) -> str:
        species = "" if self.pai == "none" else f" {self.pai}"
        told = self.origin != "synthetic" or "synthetic" in self.pai
        return f"{self.label}{species}{'' if told else ' (synthetic)'}"


class Place(NamedTuple):
    """A row group."""

    file: int
    group: int


def _distributions() -> dict[str, Histogram]:
    return {
        "scale": Histogram("scale, source px per crop px", 1 / 64, 64, log=True),
        "padding": Histogram("padding, share of the crop outside the picture", 0, 1),
        "score": Histogram("score of the detector, mean over frames", 0, 1),
        "source_pixels": Histogram("picture size of the source, px", 1, 1e9, log=True),
        "fps": Histogram("frame rate of the source, 1/s", 0, 480),
        "source_frames": Histogram("frames of the source", 1, 1e6, log=True),
    }


@dataclass(eq=False)
class Survey:
    """Sums over every clip. All but the identities is of a size that does not depend on the number of clips."""

    files: list[Path]
    groups: Counter[Group] = field(default_factory=Counter)
    kinds: dict[Kind, Counter[Place]] = field(default_factory=dict)
    """Where the clips of each kind are."""
    distributions: dict[str, Histogram] = field(default_factory=_distributions)
    """Of captured clips."""
    subjects: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(dataset, subject) to the splits that it is in."""
    sources: dict[str, array[int]] = field(default_factory=dict)
    """By split: 64 bits of the id of every source, and of every source that a synthetic clip was made from."""

    unnamed: dict[str, set[int]] = field(default_factory=dict)
    """By split: 64 bits of the id of captured sources that name no subject, no more than :data:`MAX_UNNAMED`."""

    @property
    def clips(self) -> int:
        """All rows."""
        return self.groups.total()

    def kinds_of(self, place: Place) -> list[Kind]:
        """The kind of every row of a row group, read anew."""
        for group, columns in enumerate(stream_columns(self.files[place.file], ("label", "pai", "origin"))):
            if group == place.group:
                columns["label"] = np.array(LABELS, object)[columns["label"].astype(np.int64)]
                return [Kind(*map(_word, row)) for row in _zip(columns, Kind._fields)]
        return []

    @property
    def sources_in_two_splits(self) -> int:
        """Sources that have clips, or synthetic children, in more than one split."""
        each = [np.unique(np.frombuffer(ids, np.uint64)) for ids in self.sources.values() if ids]
        if not each:
            return 0
        _, counts = np.unique(np.concatenate(each), return_counts=True)
        return int((counts > 1).sum())

    @property
    def subjects_in_two_splits(self) -> list[str]:
        """Names of subjects that are in more than one split, sorted."""
        return sorted(name for (_, name), splits in self.subjects.items() if len(splits) > 1)


def survey(out: Path) -> Survey:
    """Go through every row group of OUT once, without the pictures.

    Parameters
    ----------
    out : Path

    Returns
    -------
    Survey
        In memory it holds 8 bytes a clip, one line a subject and at most :data:`MAX_GROUPS` groups.
    """
    result = Survey(data_files(out))
    for number, path in enumerate(result.files):
        for group, columns in enumerate(stream_columns(path, (*_TEXT, "label", *_NUMBERS))):
            _add(result, Place(number, group), columns)
    return result


def _add(result: Survey, place: Place, columns: dict[str, np.ndarray]) -> None:
    labels = columns["label"].astype(np.int64)
    columns["label"] = np.array(LABELS, object)[labels]
    for group, n in Counter(Group(*map(_word, row)) for row in _zip(columns, Group._fields)).items():
        known = group in result.groups or len(result.groups) < MAX_GROUPS
        result.groups[group if known else group._replace(subject=OTHERS, device=OTHERS)] += n
    for kind, n in Counter(Kind(*map(_word, row)) for row in _zip(columns, Kind._fields)).items():
        result.kinds.setdefault(kind, Counter())[place] += n
    for dataset, subject, split in set(_zip(columns, ("dataset", "subject", "split"))):
        if subject is not None:
            result.subjects.setdefault((_word(dataset), subject), set()).add(_word(split))
    for split, source, parent in _zip(columns, ("split", "source_id", "parent_id")):
        ids = result.sources.setdefault(_word(split), array("Q"))
        ids.append(short_id(_word(source if parent is None else parent.partition("-")[0])))
    for split, source, subject, origin in _zip(columns, ("split", "source_id", "subject", "origin")):
        some = result.unnamed.setdefault(_word(split), set())
        if subject is None and origin != "synthetic" and len(some) < MAX_UNNAMED:
            some.add(short_id(_word(source)))
    captured = columns["origin"] != "synthetic"
    _measure(result, {name: values[captured] for name, values in columns.items()}, labels[captured])


def _measure(result: Survey, columns: dict[str, np.ndarray], labels: np.ndarray) -> None:
    """Count the numbers of captured clips."""
    floats = {name: columns[name].astype(np.float64) for name in _NUMBERS}
    floats["source_pixels"] = floats["source_width"] * floats["source_height"]
    for name, histogram in result.distributions.items():
        histogram.add(floats[name], labels)


def _zip(columns: dict[str, np.ndarray], names: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    return zip(*(columns[name] for name in names), strict=True)


def _word(value: str | None) -> str:
    return "" if value is None else value


def short_id(text: str) -> int:
    """64 bits that stand for an id, in sums that need not tell more."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
