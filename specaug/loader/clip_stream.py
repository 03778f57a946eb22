"""Clips of one split in a seeded order, decoded and augmented one by one."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from specaug.errors import ArgumentError
from specaug.loader.donors import AugmentRecipe, Donors, augment_clip, clip_rng, spread
from specaug.loader.load_config import LoadConfig
from specaug.loader.order import (
    Entry,
    Share,
    Unit,
    Window,
    deal,
    entries_of,
    shuffled,
    stretched,
    units_of,
    visits_for,
    windows_of,
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
    """What goes with decoded frames."""

    label: int
    n_frames: int
    """Frames that the row has."""
    augmented: bool
    meta: dict[str, str]
    """:data:`META`; ``recipe`` is the JSON of what was drawn where it was augmented."""


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
        kept = np.isin(self.keys["label"], [LABELS.index(label) for label in config.labels])
        if not kept.any():
            raise ArgumentError(
                f"labels: expected clips of {' or '.join(config.labels)} in split {split!r}, got none"
            )
        self._kept = kept

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
        return visits_for(
            self.keys["label"],
            self.keys["pai"],
            kept=self._kept,
            balance=self.config.balance,
            bonafide_share=self.config.bonafide_share,
            total=self.config.epoch_clips,
            rng=self._rng(epoch, _VISITS),
        )

    def lengths(self, epoch: int, *, world: int = 1, workers: int = 1) -> list[int]:
        """Clips that each consumer gives in an epoch; all alike where they are even."""
        visits = self.visits(epoch)
        units = units_of(self._sizes, visits, consumers=world * workers)
        found = []
        for rank, worker in itertools.product(range(world), range(workers)):
            own = self._deal(units, Share(rank, world, worker, workers), epoch)
            found.append(entries_of(own, self._sizes, visits))
        if self.config.even and min(found) == 0:
            raise ArgumentError(
                f"even: expected rows for each of {world * workers} consumers, got {sum(found)}"
            )
        return [max(found)] * len(found) if self.config.even else found

    def _deal(self, units: Sequence[Unit], share: Share, epoch: int) -> list[Unit]:
        rng = self._rng(epoch, _ORDER) if self.config.shuffle else None
        return deal(units, share=share, rng=rng)

    def _windows(self, epoch: int, share: Share) -> Iterator[Window]:
        visits = self.visits(epoch)
        units = self._deal(units_of(self._sizes, visits, consumers=share.count), share, epoch)
        once = partial(self._one_round, epoch, share, units, visits)
        if not self.config.even:
            return once()
        length = self.lengths(epoch, world=share.world, workers=share.workers)[share.number]
        return stretched(once, length, period=int(visits.max()))

    def _one_round(
        self, epoch: int, share: Share, units: Sequence[Unit], visits: np.ndarray
    ) -> Iterator[Window]:
        sizes_bytes = [group.bytes for group in self.groups]
        for i, window in enumerate(windows_of(units, self._sizes, sizes_bytes, visits)):
            if self.config.shuffle:
                yield shuffled(window, rng=self._rng(epoch, _WINDOW, share.number, i))
            else:
                yield window

    def found(
        self, epoch: int, share: Share, *, skip: int = 0, columns: Sequence[str] | None = COLUMNS
    ) -> Iterator[FoundClip]:
        """Rows in order, encoded, after the first `skip`; groups of skipped windows are not read."""
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
        """Decode the frames of a row, augmented where its numbers say so, into (T, H, W, 3) uint8."""
        held = found.clip
        held.decode(spread(held.n_frames, len(into)), into=into)
        meta = {name: found.value(name) or "" for name in META}
        label, changed = found.value("label"), None
        if self.augment is not None:
            rng = clip_rng(self.config.seed, epoch, meta["clip_id"], found.entry.visit)
            if rng.uniform() < self.config.augment_share:
                scale = found.value("scale")
                row = {**meta, "label": label, "scale": float(np.mean(scale)) if scale else 1.0}
                changed = augment_clip(into, row, self.augment, donors, rng=rng)
        if changed is None:
            return LoadedClip(label, held.n_frames, False, meta)
        into[...] = changed.frames
        record = json.dumps({"drawn": changed.drawn, "donor": changed.donor})
        return LoadedClip(changed.label, held.n_frames, True, {**meta, "pai": changed.pai, "recipe": record})


class _DonorsByLabel(Mapping[Label, Donors]):
    """Donors of each label, read when first asked for."""

    def __init__(self, stream: ClipStream, epoch: int) -> None:
        self._stream, self._epoch = stream, epoch
        self._made: dict[Label, Donors] = {}

    def __getitem__(self, label: Label) -> Donors:
        if label not in self._made:
            rng = self._stream._rng(self._epoch, _DONORS, LABELS.index(label))
            self._made[label] = Donors(self._stream.groups, self._stream.keys, label, rng=rng)
        return self._made[label]

    def __iter__(self) -> Iterator[Label]:
        return iter(LABELS)

    def __len__(self) -> int:
        return len(LABELS)
