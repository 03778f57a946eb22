"""Which epoch each pass over a loader gives, agreed upon by all workers of a ``DataLoader``.

Nothing is called in the process that iterates when a ``DataLoader`` begins a pass: only its workers know. Those of one
pass have the same number from torch (a base seed, drawn for each pass, or once for workers that live on), so the one
that comes first decides the epoch of that pass, and the others join it. Ranks that were forked with a copy of one
loader count for themselves: numbers are kept by the process that iterates.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass

import numpy as np

from specaug.errors import ArgumentError
from specaug.loader.ranks import worker_and_workers
from specaug.loader.shared_numbers import SharedNumbers

LARGEST_EPOCH = 2**31 - 1
_PROCESSES = 64
"""That count for themselves; one more takes the place of the first."""
_WORKERS = 256
"""Of whom it is known which passes they have begun."""
_KEPT = 8
"""Passes that are remembered: a slow worker may begin one when the next has been begun already."""
_PID, _CHOSEN, _STATE, _EPOCH, _PASSES, _HEAD = range(6)
"""Of a process: its id, the epoch that was chosen for the next pass plus 1 (0: none), the number of the state that
goes with it (0: none), the epoch of the last pass, and how many were begun."""
_SEED, _TURN, _NUMBER, _OF, _FROM, _FIELDS = range(6)
"""Of a pass: the base seed, which of its workers' passes it is plus 1, its number, its epoch, its state."""
_BEGUN = _HEAD + _FIELDS * _KEPT
"""From here on, of each worker: which of the passes that are remembered it has begun, a bit for each place."""
_SIZE = _BEGUN + _WORKERS


@dataclass(frozen=True)
class Begun:
    """A pass that was begun."""

    epoch: int
    state: int = 0
    """Number of the state that it goes on from; 0 for none."""


class Passes:
    """Counts the passes of this process and of its workers.

    Examples
    --------
    >>> passes = Passes()
    >>> [passes.begin(advance=True).epoch for _ in range(3)]
    [0, 1, 2]
    >>> passes.choose(7)
    >>> [passes.begin(advance=False).epoch for _ in range(2)]
    [7, 7]
    """

    def __init__(self) -> None:
        self._shared = SharedNumbers(1 + _SIZE * _PROCESSES)
        self._turns = (os.getpid(), 0)
        """Passes that this process has begun as a worker."""
        self.choose(0)

    @property
    def epoch(self) -> int:
        """The one that was chosen for the next pass, else that of the last."""
        with self._shared.locked() as numbers:
            own = _of_process(numbers, _who())
            return own[_CHOSEN] - 1 if own[_CHOSEN] else own[_EPOCH]

    @property
    def state(self) -> int:
        """Number of the state that the next pass goes on from; 0 for none."""
        with self._shared.locked() as numbers:
            own = _of_process(numbers, _who())
            return own[_STATE] if own[_CHOSEN] else 0

    def choose(self, epoch: int, *, state: int = 0) -> None:
        """Let the next pass give that epoch, perhaps from a state on."""
        if not isinstance(epoch, int | np.integer) or not 0 <= epoch <= LARGEST_EPOCH:
            raise ArgumentError(f"epoch: expected a whole number from 0 to {LARGEST_EPOCH}, got {epoch!r}")
        with self._shared.locked() as numbers:
            own = _of_process(numbers, _who())
            own[_CHOSEN], own[_STATE] = epoch + 1, state

    def begin(self, *, advance: bool) -> Begun:
        """A pass of this process alone: of the epoch that was chosen, else of the next one where they `advance`."""
        with self._shared.locked() as numbers:
            return _next_pass(_of_process(numbers, _who()), advance)

    def begin_in_worker(self, worker: int, seed: int, *, advance: bool, epoch: int | None = None) -> Begun:
        """A pass of a worker, which it shares with all that have the same base seed.

        Parameters
        ----------
        worker : int
        seed : int
            The base seed.
        advance : bool
        epoch : int, optional
            That of a state that was loaded in the worker itself.
        """
        pid, turn = self._turns if self._turns[0] == os.getpid() else (os.getpid(), 0)
        self._turns = (pid, turn + 1)
        with self._shared.locked() as numbers:
            own = _of_process(numbers, _who())
            heads = [_HEAD + _FIELDS * place for place in range(_KEPT)]
            same = [i for i, at in enumerate(heads) if (own[at + _SEED], own[at + _TURN]) == (seed, turn + 1)]
            last = max(same, key=lambda i: own[heads[i] + _NUMBER], default=None)
            if last is not None and not _has_begun(own, worker, last):
                return Begun(own[heads[last] + _OF], own[heads[last] + _FROM])
            if epoch is not None:
                own[_CHOSEN], own[_STATE] = epoch + 1, 0
            begun = _next_pass(own, advance)
            place = own[_PASSES] % _KEPT
            for i, value in enumerate((seed, turn + 1, own[_PASSES], begun.epoch, begun.state)):
                own[heads[place] + i] = value
            for i in range(_BEGUN, _SIZE):
                own[i] &= ~(1 << place)
            _has_begun(own, worker, place)
            return begun


def _who() -> int:
    """The process that iterates: this one, or the one that started this worker."""
    parent = None if worker_and_workers() is None else multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


def _of_process(numbers: memoryview, pid: int) -> memoryview:
    """The numbers of a process; a new one goes on from what the process that made the loader has chosen."""
    known = min(numbers[0], _PROCESSES)
    blocks = [numbers[1 + _SIZE * i : 1 + _SIZE * (i + 1)] for i in range(known)]
    for block in blocks:
        if block[_PID] == pid:
            return block
    place = numbers[0] % _PROCESSES
    numbers[0] += 1
    block = numbers[1 + _SIZE * place : 1 + _SIZE * (place + 1)]
    for i in range(_SIZE):
        block[i] = numbers[1 + i] if _PID < i <= _EPOCH else 0
    block[_PID] = pid
    return block


def _next_pass(own: memoryview, advance: bool) -> Begun:
    following = Begun(min(own[_EPOCH] + advance, LARGEST_EPOCH))
    begun = Begun(own[_CHOSEN] - 1, own[_STATE]) if own[_CHOSEN] else following
    own[_CHOSEN], own[_STATE], own[_EPOCH] = 0, 0, begun.epoch
    own[_PASSES] += 1
    return begun


def _has_begun(own: memoryview, worker: int, place: int) -> bool:
    """Whether a worker has begun the pass of that place already; from now on it has.

    A generator that is seeded anew gives several passes the same base seed, perhaps with others in between.
    """
    if worker >= _WORKERS:
        return False
    before: int = own[_BEGUN + worker]
    own[_BEGUN + worker] = before | 1 << place
    return bool(before >> place & 1)
