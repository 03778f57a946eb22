"""Batches from a worker to the process that trains, through memory that is used again.

torch sends a tensor of a worker in fresh shared memory: the kernel has to find and clear every page, which takes longer
than decoding a small JPEG. Here a worker copies a batch to a slab that it keeps; the other process reads it where it
lies, and gives the slab back when the last tensor on it is gone. A batch that is held keeps its slab, also by a child
that is forked meanwhile, so nothing that was given ever changes.

Only a :class:`SentBatch` travels so. What else a user's code makes of it in a worker is sent by torch, as ever.
"""

from __future__ import annotations

import math
import mmap
import os
import threading
import weakref
from dataclasses import dataclass
from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

import torch

KEPT = 8
"""Slabs of a worker at most: some are on their way, some in use. What is beyond is sent by torch."""
_HEAD = 64
"""Bytes before the first tensor; the first says who has the slab. Tensors begin at multiples of it."""
_SMALL = 4096
"""Tensors below so many bytes go with the message: who keeps labels must not keep pictures."""


class SentBatch(dict[str, Any]):
    """A batch in a worker: a dict that goes through a slab; it arrives as a plain dict."""


@dataclass(frozen=True)
class _Sent:
    """A tensor on its way."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    start: int = 0
    """Where it lies in the slab."""
    data: bytearray | None = None
    """Its numbers, where they go with the message."""

    def on(self, slab: _Slab | None) -> torch.Tensor:
        """The tensor, which keeps the memory that it lies on."""
        memory = slab if self.data is None else self.data
        count = math.prod(self.shape)
        return torch.frombuffer(memory, dtype=self.dtype, count=count, offset=self.start).reshape(self.shape)


class _Slab(mmap.mmap):
    """Memory that two processes see. The one that was lent it gives it back with its last reference."""

    FREE, LENT, RETIRED = range(3)
    """What the first byte says. A retired one is never written again."""

    borrowed = False
    """Whether this process was lent it."""

    def __del__(self) -> None:
        if self.borrowed:
            self[0] = self.FREE


_borrowed: weakref.WeakSet[_Slab] = weakref.WeakSet()
_borrowing = threading.Lock()
"""Held while the process is forked, so that a child inherits nothing that is still lent."""


def _before_fork() -> None:
    """Retire what a child is about to inherit: it sees the same memory, and cannot give it back."""
    _borrowing.acquire()
    for slab in _borrowed:
        slab[0], slab.borrowed = _Slab.RETIRED, False
    _borrowed.clear()


class _Pool:
    """The slabs of one worker."""

    def __init__(self) -> None:
        self._slabs: list[tuple[int, _Slab]] = []
        self._lock = threading.Lock()

    def take(self, size: int) -> tuple[int, _Slab] | None:
        """A slab of at least `size` bytes that nobody reads, marked as lent; None if all are."""
        with self._lock:
            for fd, slab in list(self._slabs):
                if slab[0] == _Slab.RETIRED:
                    self._drop(fd, slab)
            free = [(fd, slab) for fd, slab in self._slabs if slab[0] == _Slab.FREE]
            fitting = next(((fd, slab) for fd, slab in free if len(slab) >= size), None)
            if fitting is None and len(self._slabs) >= KEPT and free:
                self._drop(*free[0])
            if fitting is None and len(self._slabs) < KEPT:
                fitting = _new_slab(size)
                self._slabs.append(fitting)
            if fitting is not None:
                fitting[1][0] = _Slab.LENT
            return fitting

    def _drop(self, fd: int, slab: _Slab) -> None:
        self._slabs.remove((fd, slab))
        os.close(fd)


POOLS: dict[int, _Pool] = {}
"""By process: a child must not lend what its parent has lent."""


def _new_slab(size: int) -> tuple[int, _Slab]:
    fd = os.memfd_create("specaug-batch")
    try:
        os.ftruncate(fd, size)
        return fd, _Slab(fd, size)
    except BaseException:
        os.close(fd)
        raise


def _reduce(batch: SentBatch) -> tuple[Any, ...]:
    """How a :class:`SentBatch` is sent to another process.

    An error here would be lost in the thread of the queue, and the other process would wait for ever: where there is
    no memory to be had, torch sends the batch.
    """
    tensors = {name: v.resolve_conj().resolve_neg() for name, v in batch.items() if _is_plain(v)}
    sent, size = _layout(tensors)
    if size == _HEAD:
        return _unpacked, ({**batch, **sent}, None)
    try:
        taken = POOLS.setdefault(os.getpid(), _Pool()).take(size)
    except OSError:
        taken = None
    if taken is None:
        return dict, (dict(batch),)
    fd, slab = taken
    for name, where in sent.items():
        if where.data is None:
            where.on(slab).copy_(tensors[name])
    return _received, (DupFd(fd), size, {**batch, **sent})


def send_in_slabs(kind: type[SentBatch]) -> None:
    """Let batches of that very type go through slabs."""
    ForkingPickler.register(kind, _reduce)


def _received(handle: Any, size: int, values: dict[str, Any]) -> dict[str, Any]:
    """The batch in the process that asked for it."""
    fd = handle.detach()
    try:
        with _borrowing:
            slab = _Slab(fd, size)
            slab.borrowed = True
            _borrowed.add(slab)
    finally:
        os.close(fd)
    return _unpacked(values, slab)


def _unpacked(values: dict[str, Any], slab: _Slab | None) -> dict[str, Any]:
    return {name: value.on(slab) if isinstance(value, _Sent) else value for name, value in values.items()}


def _is_plain(value: Any) -> bool:
    """Whether a value is a tensor whose numbers are all there is to it, in this process's memory."""
    return (
        type(value) is torch.Tensor
        and value.device.type == "cpu"
        and value.layout is torch.strided
        and not (value.is_quantized or value.requires_grad)
        and value.numel() > 0
    )


def _layout(tensors: dict[str, torch.Tensor]) -> tuple[dict[str, _Sent], int]:
    """How each tensor goes, and the bytes of the slab."""
    sent, end = {}, _HEAD
    for name, tensor in tensors.items():
        shape = tuple(tensor.shape)
        if tensor.nbytes < _SMALL:
            numbers = bytearray(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
            sent[name] = _Sent(shape, tensor.dtype, data=numbers)
        else:
            sent[name] = _Sent(shape, tensor.dtype, start=end)
            end += -(-tensor.nbytes // _HEAD) * _HEAD
    return sent, end


AVAILABLE = hasattr(os, "memfd_create")
"""Only Linux has memory without a name."""
if AVAILABLE:
    send_in_slabs(SentBatch)
    os.register_at_fork(
        before=_before_fork, after_in_parent=_borrowing.release, after_in_child=_borrowing.release
    )
