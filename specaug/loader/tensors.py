"""Batches of clips as torch tensors, for one process or the workers of a DataLoader."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import torch
from torch.utils.data import IterableDataset
from torch.utils.data._utils.collate import default_collate_fn_map

from specaug.errors import ArgumentError
from specaug.loader.clips import Batch, ClipLoader
from specaug.loader.ranks import worker_and_workers
from specaug.loader.shared_memory import AVAILABLE, SentBatch, send_in_slabs


class WholeBatch(dict[str, Any]):
    """A batch, which torch must not make a batch of."""


class SentWholeBatch(SentBatch, WholeBatch):
    """The same in a worker."""


class TorchClips(ClipLoader, IterableDataset):  # type: ignore[misc]  # torch has no types here
    """A :class:`ClipLoader` of tensors.

    It gives whole batches: hand it to ``DataLoader(clips, batch_size=None, num_workers=…)``.
    """

    def _finished(self, batch: Batch) -> Batch:
        arrays = {name: value for name, value in batch.items() if isinstance(value, np.ndarray | np.generic)}
        tensors = {
            name: torch.from_numpy(value) if isinstance(value, np.ndarray) else torch.tensor(value)
            for name, value in arrays.items()
        }
        finished = super()._finished({**batch, **tensors})
        whole = self.stream.config.batch_size is not None
        if AVAILABLE and worker_and_workers() is not None:
            return SentWholeBatch(finished) if whole else SentBatch(finished)
        return WholeBatch(finished) if whole else finished


def _refuse_batches(batch: Any, *, collate_fn_map: Any = None) -> NoReturn:
    """What torch calls for the batches that it would put into a batch: they would gain an axis that nobody expects."""
    raise ArgumentError(
        "batch_size: expected DataLoader(clips, batch_size=None), for the loader gives whole batches, got a DataLoader "
        "that makes batches itself; or load single clips with specaug.load(..., batch_size=None)"
    )


default_collate_fn_map[WholeBatch] = _refuse_batches  # torch's documented way to add a type
if AVAILABLE:
    send_in_slabs(SentWholeBatch)
