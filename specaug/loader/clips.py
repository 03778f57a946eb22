"""Batches of clips for NumPy and Arrow, and what every kind of loader has in common."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from specaug.errors import ArgumentError
from specaug.loader.clip_stream import COLUMNS, META, ClipStream, FoundClip
from specaug.loader.donors import Donors
from specaug.loader.order import Share
from specaug.loader.ranks import worker_and_workers
from specaug.loader.views import View, compute_views
from specaug.records import Label

Batch = dict[str, Any]


@dataclasses.dataclass
class _Pass:
    """One iteration over an epoch."""

    epoch: int
    given: int = 0
    """Clips of the epoch that this consumer has given, also before a resume."""


class ClipLoader:
    """An iterable over the batches of one epoch; iterate again after :meth:`set_epoch`.

    Made by :func:`specaug.load`.
    """

    def __init__(self, stream: ClipStream, *, views: Sequence[View], rank: int = 0, world: int = 1) -> None:
        self.stream = stream
        self.views: tuple[View, ...] = tuple(views)
        self.rank, self.world = rank, world
        self._epoch = 0
        self._pass: _Pass | None = None
        """The one that was begun last, until another epoch is chosen."""
        self._state: dict[str, Any] | None = None
        """What was loaded and is not used yet."""

    @property
    def epoch(self) -> int:
        """Decides the order, the balance and every draw, together with the seed."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration gives; a state that was loaded is forgotten."""
        if epoch < 0:
            raise ArgumentError(f"epoch: expected at least 0, got {epoch!r}")
        self._epoch, self._pass, self._state = epoch, None, None

    def n_clips(self, *, workers: int = 1) -> int:
        """Clips that this rank gives in the epoch, by all its workers."""
        lengths = self.stream.lengths(self.epoch, world=self.world, workers=workers)
        return sum(lengths[self.rank * workers : (self.rank + 1) * workers])

    def n_batches(self, *, workers: int = 1) -> int:
        """Batches that this rank gives in the epoch, by all its workers."""
        lengths = self.stream.lengths(self.epoch, world=self.world, workers=workers)
        return sum(map(self._batches, lengths[self.rank * workers : (self.rank + 1) * workers]))

    def _batches(self, n_clips: int) -> int:
        size = self.stream.config.batch_size or 1
        return n_clips // size if self.stream.config.drop_last else -(-n_clips // size)

    def state_dict(self) -> dict[str, Any]:
        """Where this loader is in its epoch: plain numbers, to be kept with a checkpoint.

        In a worker of a ``StatefulDataLoader`` it is where that worker is. A plain ``DataLoader`` hands out copies:
        count its batches and ask :meth:`state_after`.
        """
        if self._state is not None:
            return dict(self._state)
        begun = self._pass or _Pass(self.epoch)
        return {"epoch": begun.epoch, "clips": begun.given, "consumer": list(self._consumer())}

    def state_after(self, batches: int, *, workers: int = 0) -> dict[str, Any]:
        """Where a ``DataLoader`` with `workers` over this loader is after it gave `batches` batches in this epoch.

        Workers take turns, so that each knows how many of them were its own. This holds until the first worker has
        no more; with ``even=True`` all end together.
        """
        if batches < 0:
            raise ArgumentError(f"batches: expected at least 0, got {batches!r}")
        return {"epoch": self.epoch, "batches": batches, "readers": list(self._readers(max(workers, 1)))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on after what a state says was given.

        With the workers of a ``DataLoader``: before they start.

        Raises
        ------
        ArgumentError
            It is no state of a loader.
        """
        kinds = ({"epoch", "clips", "consumer"}, {"epoch", "batches", "readers"})
        if not any(keys <= set(state) for keys in kinds):
            raise ArgumentError(f"state: expected one of state_dict or state_after, got keys {sorted(state)}")
        self.set_epoch(int(state["epoch"]))
        self._state = dict(state)
        self._note_state()

    def _note_state(self) -> None:
        """A state was loaded; for loaders whose workers have to know."""

    def _share(self) -> Share:
        return Share(self.rank, self.world, *(worker_and_workers() or (0, 1)))

    def _consumer(self) -> tuple[int, int, int, int]:
        share = self._share()
        return share.rank, share.world, share.worker, share.workers

    def _readers(self, workers: int) -> tuple[int | None, ...]:
        """What has to be alike for counted batches to mean the same clips."""
        return self.world, workers, self.stream.config.batch_size, self.stream.config.seed

    def _resumed(self) -> tuple[Share, int]:
        """Whose share to read in this pass, and how many of its clips were given before."""
        state, self._state = self._state, None
        share = self._share()
        if state is None:
            return share, 0
        if "clips" in state:
            _check_same("(rank, world, worker, workers)", self._consumer(), state["consumer"])
            return share, int(state["clips"])
        _check_same("(world, workers, batch_size, seed)", self._readers(share.workers), state["readers"])
        # A DataLoader asks worker 0 first: it takes the part of the worker whose turn it is.
        given = int(state["batches"])
        share = dataclasses.replace(share, worker=(share.worker + given) % share.workers)
        own = (given - share.worker + share.workers - 1) // share.workers
        return share, own * (self.stream.config.batch_size or 1)

    def __iter__(self) -> Iterator[Any]:
        self._pass = _Pass(self.epoch)
        return self._batches_of(self._pass)

    def _parts(self, begun: _Pass, columns: Sequence[str] | None) -> Iterator[list[FoundClip]]:
        """What goes into each batch of a pass, still encoded."""
        config = self.stream.config
        share, begun.given = self._resumed()
        found = self.stream.found(begun.epoch, share, skip=begun.given, columns=columns)
        size = config.batch_size or 1
        while part := list(itertools.islice(found, size)):
            if len(part) == size or not config.drop_last:
                begun.given += len(part)
                yield part

    def _batches_of(self, begun: _Pass) -> Iterator[Any]:
        donors = self.stream.donors(begun.epoch)
        for part in self._parts(begun, COLUMNS):
            batch = self._loaded(part, begun.epoch, donors)
            if self.stream.config.batch_size is None:
                batch = {name: values[0] for name, values in batch.items()}
            yield self._finished(batch)

    def _loaded(self, found: Sequence[FoundClip], epoch: int, donors: Mapping[Label, Donors]) -> Batch:
        """Clips as one mapping; where they differ in length, the shorter repeat frames evenly."""
        stored = [clip.clip for clip in found]
        length = self.stream.config.frames or max(clip.n_frames for clip in stored)
        frames = np.empty((len(found), length, *stored[0].frame_shape), np.uint8)
        clips = [
            self.stream.load(clip, epoch, donors, into=slot) for clip, slot in zip(found, frames, strict=True)
        ]
        return {
            "frames": frames,
            "label": np.array([clip.label for clip in clips], np.int64),
            "n_frames": np.array([clip.n_frames for clip in clips], np.int64),
            "augmented": np.array([clip.augmented for clip in clips]),
            **{name: [clip.meta[name] for clip in clips] for name in META},
        }

    def _finished(self, batch: Batch) -> Batch:
        """Views in place of the frames."""
        views = compute_views(batch.pop("frames"), self.views, window=self.stream.config.window)
        return {**views, **batch}

    def __repr__(self) -> str:
        rows = sum(group.rows for group in self.stream.groups)
        return f"{type(self).__name__}({self.stream.split}, {rows} rows, views={self.views})"


class ArrowClips(ClipLoader):
    """Batches as Arrow tables with every column, pictures as they are stored."""

    def _batches_of(self, begun: _Pass) -> Iterator[pa.Table]:
        for part in self._parts(begun, None):
            yield pa.concat_tables([clip.rows.take([clip.entry.row]) for clip in part]).combine_chunks()


def _check_same(what: str, own: Sequence[Any], given: Sequence[Any]) -> None:
    if tuple(given) != tuple(own):
        raise ArgumentError(f"state: expected that of {what} = {tuple(own)}, got {tuple(given)}")
