"""Clips of one split in a seeded order, decoded and augmented one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from specaug.errors import ArgumentError
from specaug.loader.balance import visits_for
from specaug.loader.donors import (
    FOR_FRAMES,
    FOR_TRANSFORM,
    AugmentRecipe,
    Donors,
    augment_clip,
    clip_rng,
    drawn_frames,
    spread,
)
from specaug.loader.extra_columns import frame_values
from specaug.loader.load_config import LoadConfig, Transform
from specaug.loader.order import (
    Entry,
    Piece,
    Share,
    Window,
    part_of,
    rank_part,
    shuffled,
    windows_of,
    worker_part,
)
from specaug.records import LABELS, Label, Split
from specaug.shards import EncodedClip, EncodedRows, Origin, RowGroup, find_groups, read_keys

META = ("clip_id", "source_id", "dataset", "subject", "pai", "origin", "recipe")
"""Text columns that go with each clip; empty where a row has none."""
COLUMNS = (*META, "label", "scale")
"""What is read of a row for a batch, beside its pictures."""
_ORDER, _VISITS, _WINDOW, _DONORS = range(4)
"""What a generator is for, as a word of its seed."""


@dataclass(frozen=True, eq=False)
class FoundClip:
    """A row that was found, still encoded."""

    entry: Entry
    rows: EncodedRows

    @cached_property
    def clip(self) -> EncodedClip:
        """Its frames."""
        return self.rows.clip(self.entry.row)

    def value(self, column: str) -> Any:
        """One of its values."""
        return self.rows.value(self.entry.row, column)


@dataclass(frozen=True, eq=False)
class LoadedClip:
    """Decoded frames and what goes with them."""

    frames: np.ndarray
    """(T, H, W, 3) uint8."""
    label: int
    n_frames: int
    """Frames that the row has."""
    augmented: bool
    meta: dict[str, str]
    """:data:`META`; ``recipe`` is the JSON of what was drawn where it was augmented."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Those that the settings ask for."""


class ClipStream:
    """What a consumer reads in an epoch.

    Parameters
    ----------
    out : path
    split : {"train", "dev", "test"}
    origins : sequence of {"captured", "synthetic"}
    augment : AugmentRecipe or None
    config : LoadConfig

    Raises
    ------
    ArgumentError, SpecaugError
        As :func:`specaug.shards.find_groups`.
    """

    def __init__(
        self,
        out: Path | str,
        *,
        split: Split,
        origins: Sequence[Origin],
        augment: AugmentRecipe | None,
        config: LoadConfig,
    ) -> None:
        self.groups: tuple[RowGroup, ...] = find_groups(out, split=split, origins=origins)
        self.config, self.augment, self.split = config, augment, split
        self.origins = tuple(origins)
        self._chosen = self._rows_of_datasets()
        kept = self._chosen & np.isin(self.keys["label"], [LABELS.index(label) for label in config.labels])
        if not kept.any():
            raise ArgumentError(
                f"labels: expected clips of {' or '.join(config.labels)} in split {split!r}, got none"
            )
        self._kept = kept
        self._visits: dict[int, np.ndarray] = {}
        """Those of the epoch that was asked for last."""
        self.columns = tuple(dict.fromkeys((*COLUMNS, *config.columns)))
        """What is read of a row beside its pictures."""
        self._extra = tuple(name for name in config.columns if name not in (*META, "label"))

    def _rows_of_datasets(self) -> np.ndarray:
        """(rows,) bool: of the data sets that are asked for."""
        held, wanted = self.keys["dataset"], self.config.datasets
        for name in wanted:
            if name not in held:
                there = ", ".join(map(repr, np.unique(held).tolist()))
                raise ArgumentError(
                    f"dataset: expected some of {there} in split {self.split!r}, got {name!r}"
                )
        return np.isin(held, wanted) if wanted else np.ones(len(held), bool)

    @cached_property
    def keys(self) -> dict[str, np.ndarray]:
        """:data:`specaug.shards.KEYS` of all rows of the split."""
        return read_keys(self.groups)

    @property
    def present(self) -> tuple[Label, ...]:
        """Labels of the rows that are loaded, before augmentation."""
        return tuple(LABELS[number] for number in np.unique(self.keys["label"][self._kept]))

    @cached_property
    def _sizes(self) -> list[int]:
        return [group.rows for group in self.groups]

    def _rng(self, epoch: int, what: int, *numbers: int) -> np.random.Generator:
        words = [self.config.seed, epoch, what, *numbers, *[0] * (2 - len(numbers))]
        return np.random.default_rng(np.random.SeedSequence(words))

    def visits(self, epoch: int) -> np.ndarray:
        """(rows,) how often each row of the split is visited in an epoch, over all consumers."""
        if epoch not in self._visits:
            self._visits = {
                epoch: visits_for(
                    self.keys,
                    kept=self._kept,
                    balance=self.config.balance,
                    bonafide_share=self.config.bonafide_share,
                    total=self.config.epoch_clips,
                    rng=self._rng(epoch, _VISITS),
                )
            }
        return self._visits[epoch]

    @cached_property
    def total(self) -> int:
        """Clips of an epoch, over all consumers: as many in each."""
        return int(self.visits(0).sum())

    def length(self, *, rank: int = 0, world: int = 1) -> int:
        """Clips that a rank gives in an epoch, by all its workers."""
        first, stop = rank_part(self.total, rank=rank, world=world)
        if not self.config.even:
            return stop - first
        if self.total < world:
            raise ArgumentError(f"even: expected rows for each of {world} ranks, got {self.total}")
        return -(-self.total // world)

    def pieces(self, epoch: int, share: Share) -> list[Piece]:
        """What a consumer reads, in its order."""
        before = np.concatenate([[0], np.cumsum(self.visits(epoch))])
        counts = np.diff(before[np.cumsum([0, *self._sizes])])
        groups = np.flatnonzero(counts)
        if self.config.shuffle:
            groups = self._rng(epoch, _ORDER).permutation(groups)
        every = [Piece(group, 0, int(counts[group])) for group in groups.tolist()]
        own = part_of(every, *rank_part(self.total, rank=share.rank, world=share.world))
        length = self.length(rank=share.rank, world=share.world)
        batch = self.config.batch_size or 1
        return part_of(own, *worker_part(length, batch=batch, worker=share.worker, workers=share.workers))

    def _windows(self, epoch: int, share: Share) -> Iterator[Window]:
        sizes_bytes = [group.bytes for group in self.groups]
        pieces = self.pieces(epoch, share)
        for i, window in enumerate(windows_of(pieces, self._sizes, sizes_bytes, self.visits(epoch))):
            if self.config.shuffle:
                yield shuffled(window, rng=self._rng(epoch, _WINDOW, share.number, i))
            else:
                yield window

    def found(
        self, epoch: int, share: Share, *, skip: int = 0, columns: Sequence[str] | None = COLUMNS
    ) -> Iterator[FoundClip]:
        """Rows in order, encoded, after the first `skip`; groups of skipped windows are not read.

        `columns` are read beside the pictures; None for all.
        """
        for window in self._windows(epoch, share):
            if skip >= len(window):
                skip -= len(window)
                continue
            held: dict[int, EncodedRows] = {}
            for entry in window[skip:]:
                if entry.group not in held:
                    held[entry.group] = EncodedRows(self.groups[entry.group], columns)
                yield FoundClip(entry, held[entry.group])
            skip = 0

    def donors(self, epoch: int) -> Mapping[Label, Donors]:
        """Donors of each label, read when first asked for."""
        return _DonorsByLabel(self, epoch)

    def load(
        self, found: FoundClip, epoch: int, donors: Mapping[Label, Donors], *, into: np.ndarray
    ) -> LoadedClip:
        """Decode frames of a row into (T, H, W, 3) uint8, augmented where its numbers say so, then transformed."""
        held = found.clip
        meta = {name: found.value(name) or "" for name in META}
        numbers = partial(clip_rng, self.config.seed, epoch, meta["clip_id"], found.entry.visit)
        chosen = spread(held.n_frames, len(into))
        if self.config.frame_choice == "random":
            chosen = drawn_frames(held.n_frames, len(into), rng=numbers(purpose=FOR_FRAMES))
        held.decode(chosen, into=into)
        columns = {
            name: frame_values(held.name, name, found.value(name), chosen, held.n_frames)
            for name in self._extra
        }
        loaded = LoadedClip(into, found.value("label"), held.n_frames, False, meta, columns)
        if self.augment is not None:
            rng = numbers()
            if rng.uniform() < self.config.augment_share:
                loaded = _augmented(loaded, found.value("scale"), self.augment, donors, rng=rng)
        if self.config.transform is not None:
            frames = transformed(into, self.config.transform, rng=numbers(purpose=FOR_TRANSFORM))
            loaded = replace(loaded, frames=frames)
        return loaded


def _augmented(
    clip: LoadedClip,
    scale: Sequence[float] | None,
    recipe: AugmentRecipe,
    donors: Mapping[Label, Donors],
    *,
    rng: np.random.Generator,
) -> LoadedClip:
    """A clip that was offered to a recipe, with the result in its place."""
    row = {**clip.meta, "label": clip.label, "scale": float(np.mean(scale)) if scale else 1.0}
    changed = augment_clip(clip.frames, row, recipe, donors, rng=rng)
    if changed is None:
        return clip
    clip.frames[...] = changed.frames
    record = json.dumps({"drawn": changed.drawn, "donor": changed.donor})
    meta = {**clip.meta, "pai": changed.pai, "recipe": record}
    return replace(clip, label=changed.label, augmented=True, meta=meta)


def transformed(clip: np.ndarray, transform: Transform, *, rng: np.random.Generator) -> np.ndarray:
    """What a user's function makes of (T, H, W, 3) uint8: in the same memory where the size is the same.

    Raises
    ------
    ArgumentError
        It is no uint8 clip of as many frames.
    """
    shape = clip.shape
    result = transform(clip, rng)
    fits = isinstance(result, np.ndarray) and result.dtype == np.uint8 and result.ndim == 4
    if not fits or (result.shape[0], result.shape[3]) != (shape[0], 3) or not result.size:
        got = f"{result.shape} {result.dtype}" if isinstance(result, np.ndarray) else type(result).__name__
        raise ArgumentError(f"transform: expected it to return ({shape[0]}, H, W, 3) uint8, got {got}")
    if result.shape != shape:
        return result
    if result is not clip:
        clip[...] = result
    return clip


class _DonorsByLabel(Mapping[Label, Donors]):
    """Donors of each label, read when first asked for."""

    def __init__(self, stream: ClipStream, epoch: int) -> None:
        self._stream, self._epoch = stream, epoch
        self._made: dict[Label, Donors] = {}

    def __getitem__(self, label: Label) -> Donors:
        if label not in self._made:
            rng = self._stream._rng(self._epoch, _DONORS, LABELS.index(label))
            stream = self._stream
            self._made[label] = Donors(stream.groups, stream.keys, label, among=stream._chosen, rng=rng)
        return self._made[label]

    def __iter__(self) -> Iterator[Label]:
        return iter(LABELS)

    def __len__(self) -> int:
        return len(LABELS)
