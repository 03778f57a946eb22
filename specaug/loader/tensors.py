"""Batches of clips as torch tensors, for one process or the workers of a DataLoader."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.utils.data import IterableDataset, get_worker_info

from specaug.loader.clips import Batch, ClipLoader
from specaug.loader.order import Share
from specaug.loader.slabs import AVAILABLE, SentBatch
from specaug.loader.stream import ClipStream
from specaug.loader.views import View


class TorchClips(ClipLoader, IterableDataset):  # type: ignore[misc]  # torch has no types here
    """A :class:`ClipLoader` of tensors.

    It gives whole batches: hand it to ``DataLoader(clips, batch_size=None, num_workers=…)``.
    """

    def __init__(self, stream: ClipStream, *, views: Sequence[View], rank: int = 0, world: int = 1) -> None:
        # Shared, so that workers that live on see the epoch that is set in the process that started them.
        self._shared = torch.zeros(1, dtype=torch.int64).share_memory_()
        super().__init__(stream, views=views, rank=rank, world=world)

    @property
    def epoch(self) -> int:
        """Decides the order, the balance and every draw, together with the seed."""
        return int(self._shared[0])

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration gives; a state that was loaded is forgotten."""
        super().set_epoch(epoch)
        self._shared[0] = epoch

    def _share(self) -> Share:
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        return Share(self.rank, self.world, worker, workers)

    def _finished(self, batch: Batch) -> Batch:
        tensors = {
            name: torch.from_numpy(batch[name]) if batch[name].ndim else torch.tensor(batch[name])
            for name in ("frames", "label", "n_frames", "augmented")
        }
        finished = super()._finished({**batch, **tensors})
        return SentBatch(finished) if AVAILABLE and get_worker_info() is not None else finished


def distributed() -> tuple[int, int]:
    """(rank, world) of torch.distributed, or (0, 1) where it does not run."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
