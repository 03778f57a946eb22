"""Batches of clips as torch tensors, for one process or the workers of a DataLoader."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.utils.data import IterableDataset

from specaug.errors import ArgumentError
from specaug.loader.clip_stream import ClipStream
from specaug.loader.clips import Batch, ClipLoader
from specaug.loader.order import Share
from specaug.loader.ranks import worker_and_workers
from specaug.loader.shared_memory import AVAILABLE, SentBatch
from specaug.loader.views import View

_WORKERS = 1024
"""Of whom it is known whether they used a state."""
_EPOCH, _LOADED, _USED = range(3)
"""Where in the shared numbers: the epoch, how many states were loaded, and which of them each worker used last."""


class TorchClips(ClipLoader, IterableDataset):  # type: ignore[misc]  # torch has no types here
    """A :class:`ClipLoader` of tensors.

    It gives whole batches: hand it to ``DataLoader(clips, batch_size=None, num_workers=…)``.
    """

    def __init__(self, stream: ClipStream, *, views: Sequence[View], rank: int = 0, world: int = 1) -> None:
        # Shared, so that workers that live on see what is set in the process that started them.
        self._shared = torch.full((2 + _WORKERS,), -1, dtype=torch.int64).share_memory_()
        self._shared[:2] = 0
        self._number = 0
        super().__init__(stream, views=views, rank=rank, world=world)

    @property
    def epoch(self) -> int:
        """Decides the order, the balance and every draw, together with the seed."""
        return int(self._shared[_EPOCH])

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration gives; a state that was loaded is forgotten."""
        super().set_epoch(epoch)
        self._shared[_EPOCH] = epoch

    def _note_state(self) -> None:
        if worker_and_workers() is None:
            self._shared[_LOADED] += 1
            self._number = int(self._shared[_LOADED])
        else:
            self._number = -1

    def _resumed(self) -> tuple[Share, int]:
        worker = worker_and_workers()
        if worker is not None and self._number >= 0:
            if self._number != int(self._shared[_LOADED]):
                raise ArgumentError("state: expected it before the workers start, got one while they live on")
            if worker[0] < _WORKERS:
                # Each pass may have new workers, copied from a process in which the state is still to be used.
                used = self._shared[_USED + worker[0]]
                self._state = None if used == self._number else self._state
                used.fill_(self._number)
        return super()._resumed()

    def _finished(self, batch: Batch) -> Batch:
        tensors = {
            name: torch.from_numpy(batch[name]) if batch[name].ndim else torch.tensor(batch[name])
            for name in ("frames", "label", "n_frames", "augmented")
        }
        finished = super()._finished({**batch, **tensors})
        return SentBatch(finished) if AVAILABLE and worker_and_workers() is not None else finished
