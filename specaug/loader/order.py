"""Which rows a consumer reads, in which order: index arithmetic only.

Consumers are rank × worker. The row groups of an epoch, shuffled by (seed, epoch), are one long sequence of visits of
rows. Ranks take consecutive parts of it that differ by one clip at most. Within a rank, workers take consecutive parts
of whole batches, so that the batches of a rank are as many whatever the number of its workers, and one at most is not
full. A consumer reads its part in windows of a few row groups, and shuffles the rows within each window, so that it
never holds more than one window.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from specaug.errors import ArgumentError

WINDOW_ROWS = 256
WINDOW_BYTES = 64 << 20
"""A window takes further pieces until it holds that many rows, or bytes of their groups."""


@dataclass(frozen=True)
class Share:
    """Which consumer of how many: worker `worker` of process `rank`."""

    rank: int = 0
    world: int = 1
    worker: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        for name, value, n in (("rank", self.rank, self.world), ("worker", self.worker, self.workers)):
            if not 0 <= value < n:
                raise ArgumentError(f"{name}: expected 0 to {n - 1}, got {value}")

    @property
    def number(self) -> int:
        """Of this consumer; workers of one rank are neighbours."""
        return self.rank * self.workers + self.worker


@dataclass(frozen=True)
class Piece:
    """Consecutive visits of one row group, which one consumer reads."""

    group: int
    first: int
    """Among the visits of the group in an epoch."""
    stop: int
    again: int = 0
    """How often the rank has gone through all its visits before."""


@dataclass(frozen=True)
class Entry:
    """One visit of a row."""

    group: int
    row: int
    """Within the group."""
    visit: int
    """How often the row was visited before in this epoch."""


Window = tuple[Entry, ...]


def rank_part(total: int, *, rank: int, world: int) -> tuple[int, int]:
    """Start and stop of the visits of a rank; ranks differ by one visit at most.

    Examples
    --------
    >>> [rank_part(11, rank=rank, world=3) for rank in range(3)]
    [(0, 4), (4, 8), (8, 11)]
    """
    each, more = divmod(total, world)
    first = rank * each + min(rank, more)
    return first, first + each + (rank < more)


def worker_part(total: int, *, batch: int, worker: int, workers: int) -> tuple[int, int]:
    """The visits of a worker among those of its rank: whole batches, with the rest in the last batch of all.

    Batch ``j`` of the rank belongs to worker ``j % workers``, as a ``DataLoader`` asks its workers in turns.

    Examples
    --------
    >>> [worker_part(19, batch=4, worker=worker, workers=3) for worker in range(3)]
    [(0, 8), (8, 15), (15, 19)]
    """
    batches = -(-total // batch)
    last = (batches - 1) % workers if batches else 0
    sizes = [batch * len(range(number, batches, workers)) for number in range(workers)]
    sizes[last] -= batches * batch - total
    first = sum(sizes[:worker])
    return first, first + sizes[worker]


def part_of(pieces: Sequence[Piece], first: int, stop: int) -> list[Piece]:
    """Visits `first` to `stop` of those that pieces hold one after the other; beyond their end they begin again.

    Examples
    --------
    >>> part_of([Piece(1, 0, 2), Piece(0, 0, 3)], 1, 6)
    [Piece(group=1, first=1, stop=2, again=0), Piece(group=0, first=0, stop=3, again=0), \
Piece(group=1, first=0, stop=1, again=1)]
    """
    ends = np.cumsum([piece.stop - piece.first for piece in pieces]).tolist()
    found = []
    while first < stop:
        again, begin = divmod(first, ends[-1])
        at = bisect.bisect_right(ends, begin)
        piece, length = pieces[at], min(stop - first, ends[at] - begin)
        start = piece.stop - (ends[at] - begin)
        found.append(Piece(piece.group, start, start + length, piece.again + again))
        first += length
    return found


def windows_of(
    pieces: Iterable[Piece], sizes: Sequence[int], sizes_bytes: Sequence[int], visits: np.ndarray
) -> Iterator[Window]:
    """Entries in the order of the pieces, in windows of bounded rows and bytes."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    period = int(visits.max(initial=0))
    window: list[Entry] = []
    held = 0
    for piece in pieces:
        times = visits[starts[piece.group] : starts[piece.group + 1]].tolist()
        every = [
            Entry(piece.group, row, visit + piece.again * period)
            for row, n in enumerate(times)
            for visit in range(n)
        ]
        window += every[piece.first : piece.stop]
        held += sizes_bytes[piece.group]
        if len(window) >= WINDOW_ROWS or held >= WINDOW_BYTES:
            yield tuple(window)
            window, held = [], 0
    if window:
        yield tuple(window)


def shuffled(window: Window, *, rng: np.random.Generator) -> Window:
    """Its entries in random order."""
    return tuple(window[i] for i in rng.permutation(len(window)))
