"""Batches of clips for NumPy and Arrow, and what every kind of loader has in common."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from specaug.errors import ArgumentError
from specaug.loader.clip_stream import META, ClipStream, FoundClip, LoadedClip
from specaug.loader.donors import Donors
from specaug.loader.extra_columns import stacked
from specaug.loader.loader_state import check_consumer, check_same, check_state, made_of
from specaug.loader.order import Share
from specaug.loader.passes import Begun, Passes
from specaug.loader.ranks import base_seed, worker_and_workers
from specaug.loader.views import View, channels_first, compute_views
from specaug.records import Label

Batch = dict[str, Any]


@dataclasses.dataclass
class _Pass:
    """One iteration over an epoch."""

    epoch: int
    share: Share
    given: int = 0
    """Clips of the epoch that this consumer has given, also before a resume."""
    started: bool = False
    """Whether anything was asked of it."""


class ClipLoader:
    """An iterable over the batches of an epoch, made by :func:`specaug.load`.

    The first iteration gives epoch 0, or the one of :meth:`set_epoch`. Where anything is drawn (shuffle, augmentation,
    frames, balance, a transform), each further iteration gives the next epoch by itself, also in the workers of a
    ``DataLoader``; otherwise all epochs are alike, and it stays.
    """

    def __init__(self, stream: ClipStream, *, views: Sequence[View], rank: int = 0, world: int = 1) -> None:
        self.stream = stream
        self.views: tuple[View, ...] = tuple(views)
        self.rank, self.world = rank, world
        self._passes = Passes()
        self._pass: _Pass | None = None
        """The one that was begun last in this process, until another epoch is chosen."""
        self._state: dict[str, Any] | None = None
        """What was loaded and is not used yet."""
        self._number = 0
        """Of the state; below 0 where it was loaded in the worker that uses it."""

    @property
    def epoch(self) -> int:
        """Decides the order, the balance and every draw, together with the seed.

        It is that of the last iteration, also of a ``DataLoader``, or the one that was chosen for the next.
        """
        return self._passes.epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration gives; a state that was loaded is forgotten."""
        self._passes.choose(epoch)
        self._pass = self._state = None

    @property
    def _advances(self) -> bool:
        return self.stream.config.draws or self.stream.augment is not None

    def n_clips(self) -> int:
        """Clips that this rank reads in an epoch, by all its workers."""
        return self.stream.length(rank=self.rank, world=self.world)

    def n_batches(self) -> int:
        """Batches that this rank gives in an epoch, whatever the number of its workers."""
        size = self.stream.config.batch_size or 1
        return self.n_clips() // size if self.stream.config.drop_last else -(-self.n_clips() // size)

    def __len__(self) -> int:
        """As :meth:`n_batches`: ``len`` of a ``DataLoader`` over this loader asks it."""
        return self.n_batches()

    def state_dict(self) -> dict[str, Any]:
        """Where this loader is in its epoch: plain JSON values, to be kept with a checkpoint.

        In a worker of a ``StatefulDataLoader`` it is where that worker is. A plain ``DataLoader`` hands out copies:
        count its batches and ask :meth:`state_after`.
        """
        # In the process that made a DataLoader the state stays, though the workers have used it.
        if self._state is not None and (worker_and_workers() or self._passes.state == self._number):
            return dict(self._state)
        begun = self._pass or _Pass(self.epoch, self._share())
        place = {
            "epoch": begun.epoch,
            "clips": begun.given,
            "consumer": list(dataclasses.astuple(begun.share)),
        }
        return {**place, "made_of": self._made_of}

    def state_after(self, batches: int, *, workers: int = 0) -> dict[str, Any]:
        """Where a ``DataLoader`` with `workers` over this loader is after it gave `batches` batches in this epoch.

        Workers take turns, so that each knows how many of them were its own.

        Raises
        ------
        ArgumentError
            `batches` is negative, or the loader gives single clips (batch_size=None): it knows nothing of the batches
            that a ``DataLoader`` makes of them.
        """
        if self.stream.config.batch_size is None:
            raise ArgumentError(
                "batch_size: expected a number of clips, for state_after counts batches of the loader, got None: let "
                "specaug.load make the batches, or ask state_dict, without workers or in a StatefulDataLoader"
            )
        if batches < 0:
            raise ArgumentError(f"batches: expected at least 0, got {batches!r}")
        place = {"epoch": self.epoch, "batches": batches, "readers": self._readers(max(workers, 1))}
        return {**place, "made_of": self._made_of}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on after what a state says was given.

        With the workers of a ``DataLoader``: before they start.

        Raises
        ------
        ArgumentError
            It is no state of a loader, or that of other data, of another split, or of other settings that decide which
            clips come when and what they show; the message names the differences. Other workers or ranks are noticed
            when the iteration begins.
        """
        check_state(state, self._made_of)
        if worker_and_workers() is None:
            self._number = max(self._number, 0) + 1
            self._passes.choose(int(state["epoch"]), state=self._number)
        else:
            self._number = -1
        self._state, self._pass = dict(state), None

    @cached_property
    def _made_of(self) -> dict[str, Any]:
        return made_of(self.stream)

    def _share(self) -> Share:
        return Share(self.rank, self.world, *(worker_and_workers() or (0, 1)))

    def _readers(self, workers: int) -> list[int]:
        """What has to be alike for counted batches to mean the same clips."""
        return [self.world, workers]

    def _begun(self) -> Begun:
        """The epoch of a pass that begins now, and the state that it goes on from."""
        worker, advance = worker_and_workers(), self._advances
        if worker is None:
            return self._passes.begin(advance=advance)
        own = int(self._state["epoch"]) if self._state is not None and self._number < 0 else None
        begun = self._passes.begin_in_worker(worker[0], base_seed(), advance=advance, epoch=own)
        return begun if own is None else Begun(own, self._number)

    def _begin(self) -> _Pass:
        """A pass over the share of this consumer, after what a state says was given before."""
        share = self._share()
        loaded_here = self._state is not None and self._number < 0
        self._check_state(-1 if loaded_here else self._passes.state, share)
        begun = self._begun()
        self._check_state(begun.state, share)
        state, self._state = self._state if begun.state else None, None
        if state is None:
            return _Pass(begun.epoch, share)
        if "clips" in state:
            return _Pass(begun.epoch, Share(*state["consumer"]), int(state["clips"]))
        # A DataLoader asks worker 0 first: it takes the part of the worker whose turn it is.
        given = int(state["batches"])
        share = dataclasses.replace(share, worker=(share.worker + given) % share.workers)
        own = (given - share.worker + share.workers - 1) // share.workers
        return _Pass(begun.epoch, share, own * (self.stream.config.batch_size or 1))

    def _check_state(self, number: int, share: Share) -> None:
        """Refuse the state of that number where this consumer cannot go on from it.

        That comes before the pass begins, which uses it up: who tries again is refused again.
        """
        if number not in (0, self._number):
            raise ArgumentError("state: expected it before the workers start, got one while they live on")
        if number == 0 or self._state is None:
            return
        if "clips" in self._state:
            check_consumer(share, self._state["consumer"], loaded_in_worker=number < 0)
        else:
            check_same("[world, workers]", self._readers(share.workers), self._state["readers"])

    def __iter__(self) -> Iterator[Any]:
        if self._pass is None or self._pass.started or worker_and_workers() is not None:
            try:
                self._pass = self._begin()
            except (
                ArgumentError
            ) as error:  # told with the first batch: torch loses an error in `iter` of a worker
                return _raising(error)
        else:  # nobody asked anything of the last one: its epoch and its state are not lost with it
            self._pass = dataclasses.replace(self._pass)
        return self._batches_of(self._pass)

    def _parts(self, begun: _Pass, columns: Sequence[str] | None) -> Iterator[list[FoundClip]]:
        """What goes into each batch of a pass, still encoded."""
        begun.started = True
        config = self.stream.config
        size = config.batch_size or 1
        if config.drop_last and not self.n_batches():
            raise ArgumentError(
                f"drop_last: expected at least {size} clips, for one full batch of each rank, got {self.n_clips()}: "
                "choose a smaller batch_size, or drop_last=False"
            )
        found = self.stream.found(begun.epoch, begun.share, skip=begun.given, columns=columns)
        while part := list(itertools.islice(found, size)):
            if len(part) == size or not config.drop_last:
                begun.given += len(part)
                yield part

    def _batches_of(self, begun: _Pass) -> Iterator[Any]:
        donors = self.stream.donors(begun.epoch)
        for part in self._parts(begun, self.stream.columns):
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
        columns = clips[0].columns
        return {
            "frames": frames if self.stream.config.transform is None else _stacked_frames(clips, frames),
            "label": np.array([clip.label for clip in clips], np.int64),
            "n_frames": np.array([clip.n_frames for clip in clips], np.int64),
            "augmented": np.array([clip.augmented for clip in clips]),
            **{name: [clip.meta[name] for clip in clips] for name in META},
            **{name: stacked(name, [clip.columns[name] for clip in clips]) for name in columns},
        }

    def _finished(self, batch: Batch) -> Batch:
        """Views in place of the frames."""
        views = compute_views(batch.pop("frames"), self.views, window=self.stream.config.window)
        if self.stream.config.layout == "channels_first":
            views = {n: view if n == "spectrum" else channels_first(view) for n, view in views.items()}
        return {**views, **batch}

    def __repr__(self) -> str:
        rows = sum(group.rows for group in self.stream.groups)
        return f"{type(self).__name__}({self.stream.split}, {rows} rows, views={self.views})"


class ArrowClips(ClipLoader):
    """Batches as Arrow tables with every column, pictures as they are stored."""

    def _batches_of(self, begun: _Pass) -> Iterator[pa.Table]:
        for part in self._parts(begun, None):
            yield pa.concat_tables([clip.rows.take([clip.entry.row]) for clip in part]).combine_chunks()


def _raising(error: Exception) -> Iterator[Any]:
    raise error
    yield


def _stacked_frames(clips: Sequence[LoadedClip], slots: np.ndarray) -> np.ndarray:
    """(B, T, H, W, 3) frames after a transform, in the memory of the batch where they kept their size."""
    shapes = {clip.frames.shape: clip for clip in clips}
    if len(shapes) > 1:
        sizes = " and ".join(f"{h} x {w} of {c.meta['clip_id']!r}" for (_, h, w, _), c in shapes.items())
        raise ArgumentError(
            f"transform: expected one height and width for all clips of a batch, got {sizes}: crop or resize to one "
            "size, or load with batch_size=None"
        )
    return slots if slots.shape[1:] in shapes else np.stack([clip.frames for clip in clips])
