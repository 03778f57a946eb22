"""A sample of the clips of a split, the same each time, read one row group at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from specaug.errors import ArgumentError
from specaug.loader.donors import spread
from specaug.records import Split
from specaug.shards import EncodedRows, RowGroup, find_groups, read_keys


@dataclass(frozen=True, eq=False)
class ClipSample:
    """Captured clips of one split that were chosen, and what is known of each."""

    groups: tuple[RowGroup, ...]
    rows: np.ndarray
    """(n,) int64, numbers of the rows in all groups, ascending."""
    rank: np.ndarray
    """(n,) int64: the first few by rank are a balanced sample themselves."""
    keys: dict[str, np.ndarray]
    """(n,) arrays, as :func:`specaug.shards.read_keys` gives them."""
    available: int
    """Clips of the split."""

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"ClipSample({len(self)} of {self.available} clips)"

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64."""
        return self.keys["label"]

    @property
    def subjects(self) -> np.ndarray:
        """(n,) int64, number of the subject of each clip from 0; a clip without a name is a subject of its own."""
        named = zip(self.keys["dataset"], self.keys["subject"], self.keys["clip_id"], strict=True)
        names = [f"{dataset}/{subject}" if subject else f"clip {clip}" for dataset, subject, clip in named]
        return np.unique(names, return_inverse=True)[1]

    def first(self, n: int) -> ClipSample:
        """The `n` clips of the lowest rank, both classes alike as far as there are enough."""
        kept = np.sort(np.argsort(self.rank)[:n])
        keys = {name: values[kept] for name, values in self.keys.items()}
        return ClipSample(self.groups, self.rows[kept], self.rank[kept], keys, self.available)

    def batches(self, frames: int, size: int) -> Iterator[tuple[slice, Tensor]]:
        """Where in the sample, and (B, T, H, W, 3) uint8 frames, evenly over those of the shards.

        Of the files one row group is held at a time.
        """
        shape, located = self.groups[0].frame_shape, self._located()
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            batch = np.empty((part.stop - start, frames, *shape), np.uint8)
            for slot in batch:
                rows, row = next(located)
                clip = rows.clip(row)
                clip.decode(spread(clip.n_frames, frames), into=slot)
            yield part, torch.from_numpy(batch)

    def _located(self) -> Iterator[tuple[EncodedRows, int]]:
        """The row group of each clip, and which row of it."""
        ends = np.cumsum([group.rows for group in self.groups])
        held: EncodedRows | None = None
        for row in self.rows.tolist():
            number = int(np.searchsorted(ends, row, side="right"))
            group = self.groups[number]
            if held is None or held.group is not group:
                held = EncodedRows(group, ("clip_id",))
            yield held, row - int(ends[number]) + group.rows


def sample_clips(out: Path | str, split: Split, *, clips: int | None, seed: int) -> ClipSample:
    """Choose clips: both classes alike, within attacks all species alike, of as many subjects as there are.

    Parameters
    ----------
    out : path
    split : {"train", "dev", "test"}
    clips : int or None
        At most; None: all of the split.
    seed : int
        Another one gives another sample.

    Returns
    -------
    ClipSample

    Raises
    ------
    ArgumentError
        OUT has no clips of the split, or only those of one class.
    """
    groups = find_groups(out, split=split, origins=("captured",))
    keys = read_keys(groups)
    labels = keys["label"]
    if len(np.unique(labels)) < 2:
        raise ArgumentError(f"split: expected bona fide and attack clips in {split!r}, got one class")
    order = np.array(
        _interleaved([_by_turns(keys, np.flatnonzero(labels == 0), seed), _attacks(keys, seed)])
    )[:clips]
    rank = np.argsort(order)
    chosen = order[rank]
    return ClipSample(groups, chosen, rank, {n: v[chosen] for n, v in keys.items()}, len(labels))


def _attacks(keys: Mapping[str, np.ndarray], seed: int) -> list[int]:
    attack = keys["label"] == 1
    species = np.unique(keys["pai"][attack])
    return _interleaved(
        [_by_turns(keys, np.flatnonzero(attack & (keys["pai"] == name)), seed) for name in species]
    )


def _by_turns(keys: Mapping[str, np.ndarray], rows: np.ndarray, seed: int) -> list[int]:
    """Rows in an order that chance decides, the first clip of every subject before the second of any."""
    drawn = sorted(rows.tolist(), key=lambda row: _drawn(str(keys["clip_id"][row]), seed))
    seen: Counter[str] = Counter()
    turns = []
    for row in drawn:
        subject = f"{keys['dataset'][row]}/{keys['subject'][row]}"
        turns.append(seen[subject])
        seen[subject] += 1
    return [drawn[i] for i in np.argsort(turns, kind="stable")]


def _drawn(clip_id: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{clip_id}".encode(), digest_size=8).digest()


def _interleaved(queues: Sequence[Sequence[int]]) -> list[int]:
    """One of each in turn; what is left of the longer ones comes last."""
    longest = max(map(len, queues))
    return [queue[i] for i in range(longest) for queue in queues if i < len(queue)]
