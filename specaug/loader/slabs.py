"""Batches from a worker to the process that trains, through memory that is used again.

torch sends a tensor of a worker in fresh shared memory: the kernel has to find and clear every page, which takes longer
than decoding a small JPEG. Here a worker copies a batch to a slab that it keeps; the other process reads it where it
lies, and gives the slab back when the last tensor on it is gone. A batch that is held keeps its slab, so nothing
that was given ever changes.

Only a :class:`SentBatch` travels so. What else a user's code makes of it in a worker is sent by torch, as ever.
"""

from __future__ import annotations

import math
import mmap
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

import torch

KEPT = 8
"""Slabs of a worker at most: some are on their way, some in use. What is beyond is sent by torch."""
_HEAD = 64
"""Bytes before the first tensor; the first says whether the slab is lent. Tensors begin at multiples of it."""
_FREE, _LENT = 0, 1


class SentBatch(dict[str, Any]):
    """A batch in a worker: a dict that goes through a slab; it arrives as a plain dict."""


@dataclass(frozen=True)
class _Slot:
    """Where a tensor lies in a slab."""

    start: int
    shape: tuple[int, ...]
    dtype: torch.dtype


class _Slab(mmap.mmap):
    """Memory that two processes see. The one that was lent it gives it back with its last reference."""

    borrower: int | None = None
    """The process that was lent it; not a child of that, which has inherited the object."""

    def __del__(self) -> None:
        if self.borrower == os.getpid():
            self[0] = _FREE


class _Pool:
    """The slabs of one worker."""

    def __init__(self) -> None:
        self._slabs: list[tuple[int, _Slab]] = []
        self._lock = threading.Lock()

    def take(self, size: int) -> tuple[int, _Slab] | None:
        """A slab of at least `size` bytes that nobody reads, marked as lent; None if all are."""
        with self._lock:
            free = [(fd, slab) for fd, slab in self._slabs if slab[0] == _FREE]
            fitting = next(((fd, slab) for fd, slab in free if len(slab) >= size), None)
            if fitting is None and len(self._slabs) >= KEPT and free:
                self._drop(free[0])
            if fitting is None and len(self._slabs) < KEPT:
                fitting = _new_slab(size)
                self._slabs.append(fitting)
            if fitting is not None:
                fitting[1][0] = _LENT
            return fitting

    def _drop(self, slab: tuple[int, _Slab]) -> None:
        self._slabs.remove(slab)
        os.close(slab[0])


_POOLS: dict[int, _Pool] = {}
"""By process: a child must not lend what its parent has lent."""


def _new_slab(size: int) -> tuple[int, _Slab]:
    fd = os.memfd_create("specaug-batch")
    os.ftruncate(fd, size)
    return fd, _Slab(fd, size)


def _reduce(batch: SentBatch) -> tuple[Any, ...]:
    """How a :class:`SentBatch` is sent to another process."""
    tensors = {name: value for name, value in batch.items() if _is_plain(value)}
    slots, size = _layout(tensors)
    taken = _POOLS.setdefault(os.getpid(), _Pool()).take(size) if size > _HEAD else None
    if taken is None:
        return dict, (dict(batch),)
    fd, slab = taken
    for name, tensor in _tensors(slab, slots):
        tensor.copy_(tensors[name])
    rest = {name: slots.get(name, value) for name, value in batch.items()}
    return _received, (DupFd(fd), size, rest)


def _received(sent: Any, size: int, rest: dict[str, Any]) -> dict[str, Any]:
    """The batch in the process that asked for it."""
    fd = sent.detach()
    try:
        slab = _Slab(fd, size)
    finally:
        os.close(fd)
    slab.borrower = os.getpid()
    slots = {name: value for name, value in rest.items() if isinstance(value, _Slot)}
    return {**rest, **dict(_tensors(slab, slots))}


def _is_plain(value: Any) -> bool:
    """Whether a value is a tensor whose numbers are all there is to it, in this process's own memory."""
    return type(value) is torch.Tensor and value.device.type == "cpu" and value.numel() > 0


def _layout(tensors: dict[str, torch.Tensor]) -> tuple[dict[str, _Slot], int]:
    """Where each tensor goes, and the bytes of all."""
    slots, end = {}, _HEAD
    for name, tensor in tensors.items():
        slots[name] = _Slot(end, tuple(tensor.shape), tensor.dtype)
        end += -(-tensor.nbytes // _HEAD) * _HEAD
    return slots, end


def _tensors(slab: _Slab, slots: dict[str, _Slot]) -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors on the memory of `slab`, which they keep."""
    for name, slot in slots.items():
        count = math.prod(slot.shape)
        flat = torch.frombuffer(slab, dtype=slot.dtype, count=count, offset=slot.start)
        yield name, flat.reshape(slot.shape)


AVAILABLE = hasattr(os, "memfd_create")
"""Only Linux has memory without a name."""
if AVAILABLE:
    ForkingPickler.register(SentBatch, _reduce)
