"""Whole numbers that a process shares with the workers it starts, changed by one of them at a time."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import DupFd
from typing import Any


class SharedNumbers:
    """Numbers of 64 bits in memory that forked and spawned children see; any other copy has numbers of its own.

    They are zero at first. The lock is one of the kernel on the file behind the memory: a process that is killed lets
    go of it.

    Examples
    --------
    >>> shared = SharedNumbers(2)
    >>> with shared.locked() as numbers:
    ...     numbers[1] = numbers[0] + 7
    >>> with shared.locked() as numbers:
    ...     list(numbers)
    [0, 7]
    """

    def __init__(self, n: int) -> None:
        fd = _memory_file()
        os.ftruncate(fd, 8 * n)
        self._attach(fd, n)

    def _attach(self, fd: int, n: int) -> None:
        self._fd = fd
        weakref.finalize(self, os.close, fd)
        self._numbers = memoryview(mmap.mmap(fd, 8 * n)).cast("q")

    @contextmanager
    def locked(self) -> Iterator[memoryview]:
        """The numbers, while no other process has them locked."""
        fcntl.lockf(self._fd, fcntl.LOCK_EX)
        try:
            yield self._numbers
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN)

    def __reduce__(self) -> tuple[Any, ...]:
        if get_spawning_popen() is not None:
            return _received, (DupFd(self._fd), len(self._numbers))
        with self.locked() as numbers:
            return _copied, (numbers.tobytes(),)


def _received(handle: Any, n: int) -> SharedNumbers:
    """The numbers in a child that was spawned."""
    shared = SharedNumbers.__new__(SharedNumbers)
    shared._attach(handle.detach(), n)
    return shared


def _copied(values: bytes) -> SharedNumbers:
    shared = SharedNumbers(len(values) // 8)
    with shared.locked() as numbers:
        numbers.cast("b")[:] = memoryview(values).cast("b")
    return shared


def _memory_file() -> int:
    """A file without a name: in memory where there is such a thing."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("specaug-loader")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
