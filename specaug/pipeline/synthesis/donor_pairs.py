"""Which clips are changed, and who lends each of them a spectrum: decided before any work, from ids alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from specaug.errors import ArgumentError
from specaug.records import LABELS, Label

Donors = Literal["other", "same", "any"]
"""Whose clips may be donors: those of other subjects, of the same one, of anybody."""

_POOL_SHARDS = 4
"""Shards that the donors of one shard come from: each worker reads its own and these, however many there are."""


@dataclass(frozen=True)
class Pair:
    """One synthetic clip to be made."""

    parent: str
    """Its clip_id."""
    variant: int
    donor: str | None = None
    """The clip_id of the second clip; None where the recipe takes none."""


def seed_words(seed: int, clip_id: str, variant: int, purpose: int) -> np.random.Generator:
    """A generator that depends on what is made and on nothing else."""
    digest = hashlib.blake2b(clip_id.encode(), digest_size=16).digest()
    words = np.frombuffer(digest, "<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([seed, purpose, variant, *words]))


DRAW, DONOR = 0, 1
"""What a generator is for."""


@dataclass(eq=False)
class Clips:
    """The captured clips of one split.

    Parameters
    ----------
    keys : dict of str to (rows,) array
        What :func:`specaug.shards.read_keys` gives.
    shards : (rows,) array of str
        Shard of each row.
    """

    keys: Mapping[str, np.ndarray]
    shards: np.ndarray
    _by_subject: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def of_label(self, label: Label) -> np.ndarray:
        """(n,) rows of that label."""
        return np.asarray(np.flatnonzero(self.keys["label"] == LABELS.index(label)))

    def parents(self, shard: str) -> np.ndarray:
        """(n,) rows of the bona fide clips of a shard."""
        rows = self.of_label("bonafide")
        return np.asarray(rows[self.shards[rows] == shard])

    def subject(self, row: int) -> tuple[str, str]:
        """Data set and subject of a row; where no subject is known, its source stands for it."""
        name = str(self.keys["subject"][row]) or f"source {self.keys['source_id'][row]}"
        return str(self.keys["dataset"][row]), name

    def same_subject(self, label: Label) -> Mapping[tuple[str, str], np.ndarray]:
        """Rows of a label by subject."""
        groups: dict[tuple[str, str], list[int]] = {}
        for row in self.of_label(label).tolist():
            groups.setdefault(self.subject(row), []).append(row)
        return {name: np.array(rows) for name, rows in groups.items()}


def pairs_of_shard(
    clips: Clips, shard: str, *, label: Label | None, donors: Donors, per_clip: int, seed: int
) -> tuple[Pair, ...]:
    """What is made of the bona fide clips of one shard.

    Parameters
    ----------
    clips : Clips
        All of the split.
    shard : str
    label : {"bonafide", "attack"} or None
        Of the donors; None for recipes that take none.
    donors : {"other", "same", "any"}
    per_clip, seed : int

    Returns
    -------
    tuple of Pair
        By parent in the order of the shard, then by variant.

    Raises
    ------
    ArgumentError
        A clip has no donor.
    """
    ids = clips.keys["clip_id"]
    made = []
    find = None if label is None else _Finder(clips, shard, label, donors, seed)
    for row in clips.parents(shard).tolist():
        for variant in range(per_clip):
            donor = None if find is None else str(ids[find(row, variant)])
            made.append(Pair(str(ids[row]), variant, donor))
    return tuple(made)


class _Finder:
    """Draws donors for the clips of one shard."""

    def __init__(self, clips: Clips, shard: str, label: Label, donors: Donors, seed: int) -> None:
        self._clips, self._label, self._donors, self._seed = clips, label, donors, seed
        self._all = clips.of_label(label)
        homes = np.unique(clips.shards[self._all])
        order = seed_words(seed, shard, 0, DONOR).permutation(homes)[:_POOL_SHARDS]
        self._pool = self._all[np.isin(clips.shards[self._all], order)]
        self._own = clips.same_subject(label) if donors == "same" else {}

    def __call__(self, row: int, variant: int) -> int:
        candidates = self._among(self._pool, row)
        if not candidates.size:
            candidates = self._among(self._all, row)
        if not candidates.size:
            whom = {"other": "another subject", "same": "the same subject", "any": "another clip"}[
                self._donors
            ]
            raise ArgumentError(
                f"donors: expected {self._label} clips of {whom} for clip {self._clips.keys['clip_id'][row]}, got none"
            )
        rng = seed_words(self._seed, str(self._clips.keys["clip_id"][row]), variant, DONOR)
        return int(candidates[int(rng.integers(candidates.size))])

    def _among(self, rows: np.ndarray, row: int) -> np.ndarray:
        """Those of `rows` that may be donors for `row`."""
        keys = self._clips.keys
        if self._donors == "same":
            rows = self._own.get(self._clips.subject(row), np.array([], np.int64))
        if self._donors in ("same", "any"):
            fits = rows != row
        elif not keys["subject"][row]:
            fits = keys["source_id"][rows] != keys["source_id"][row]
        else:
            fits = (keys["subject"][rows] != keys["subject"][row]) | (
                keys["dataset"][rows] != keys["dataset"][row]
            )
        return np.asarray(rows[fits])


def donor_shards(clips: Clips, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Shards that hold the donors, sorted."""
    wanted = [pair.donor for pair in pairs if pair.donor is not None]
    if not wanted:
        return ()
    rows = np.isin(clips.keys["clip_id"], wanted)
    return tuple(sorted(set(clips.shards[rows].tolist())))
