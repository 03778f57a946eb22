"""Which rows a consumer reads, in which order: index arithmetic only.

Consumers are rank × worker. Units (row groups, and parts of those that do not go round) are dealt to consumers like
cards, after a shuffle by (seed, epoch). A consumer reads its units in windows of a few, and shuffles the rows within
each window, so that it never holds more than one window.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from specaug.errors import ArgumentError

WINDOW_ROWS = 256
WINDOW_BYTES = 64 << 20
"""A window takes further units until it holds that many rows, or bytes of their groups."""


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

    @property
    def count(self) -> int:
        """Of consumers."""
        return self.world * self.workers


@dataclass(frozen=True)
class Unit:
    """Rows of one row group that are dealt together."""

    group: int
    first: int
    """Row within the group."""
    stop: int
    whole: bool = True
    """Whether these are all rows of the group."""


@dataclass(frozen=True)
class Entry:
    """One visit of a row."""

    group: int
    row: int
    """Within the group."""
    visit: int
    """How often the row was visited before in this epoch."""


Window = tuple[Entry, ...]


def units_of(sizes: Sequence[int], visits: np.ndarray, *, consumers: int) -> list[Unit]:
    """Groups with rows to visit; the last ones, that do not go round, are cut into a part for each consumer.

    Parts hold as many visits as whole rows allow.

    Parameters
    ----------
    sizes : sequence of int
        Rows of each group.
    visits : (sum(sizes),) int
        How often each row is visited.
    consumers : int

    Returns
    -------
    list of Unit

    Examples
    --------
    >>> units_of([2, 2, 4], np.ones(8, int), consumers=2)[1:]
    [Unit(group=1, first=0, stop=2, whole=True), Unit(group=2, first=0, stop=2, whole=False), \
Unit(group=2, first=2, stop=4, whole=False)]
    """
    starts = np.concatenate([[0], np.cumsum(sizes)])
    used = [g for g, size in enumerate(sizes) if visits[starts[g] : starts[g] + size].any()]
    n_whole = len(used) // consumers * consumers
    units = [Unit(group, 0, sizes[group]) for group in used[:n_whole]]
    for group in used[n_whole:]:
        done = np.concatenate([[0], np.cumsum(visits[starts[group] : starts[group] + sizes[group]])])
        wanted = np.linspace(0, done[-1], consumers + 1)
        ends = np.unique([int(np.abs(done - share).argmin()) for share in wanted]).tolist()
        units += [Unit(group, first, stop, False) for first, stop in itertools.pairwise(ends)]
    return units


def deal(units: Sequence[Unit], *, share: Share, rng: np.random.Generator | None) -> list[Unit]:
    """The units of one consumer; shuffled before, with the same `rng` for all consumers, unless it is None.

    Whole groups and parts are two packs, so that all consumers get as many of each.
    """
    order = list(range(len(units)) if rng is None else rng.permutation(len(units)).tolist())
    packs = ([i for i in order if units[i].whole == whole] for whole in (True, False))
    own = {i for pack in packs for i in pack[share.number :: share.count]}
    return [units[i] for i in order if i in own]


def windows_of(
    units: Sequence[Unit], sizes: Sequence[int], sizes_bytes: Sequence[int], visits: np.ndarray
) -> Iterator[Window]:
    """Entries in the order of the units, in windows of bounded rows and bytes."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    window: list[Entry] = []
    held = 0
    for unit in units:
        for row in range(unit.first, unit.stop):
            times = int(visits[starts[unit.group] + row])
            window += [Entry(unit.group, row, visit) for visit in range(times)]
        held += sizes_bytes[unit.group]
        if len(window) >= WINDOW_ROWS or held >= WINDOW_BYTES:
            yield tuple(window)
            window, held = [], 0
    if window:
        yield tuple(window)


def shuffled(window: Window, *, rng: np.random.Generator) -> Window:
    """Its entries in random order."""
    return tuple(window[i] for i in rng.permutation(len(window)))


def entries_of(units: Sequence[Unit], sizes: Sequence[int], visits: np.ndarray) -> int:
    """How many entries units hold."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return int(sum(visits[starts[u.group] + u.first : starts[u.group] + u.stop].sum() for u in units))


def stretched(windows: Callable[[], Iterator[Window]], length: int, *, period: int) -> Iterator[Window]:
    """Windows begun again until they hold `length` entries; visits count on by `period` each time."""
    left = length
    for again in itertools.count():
        for window in windows():
            part = window[:left]
            yield tuple(Entry(e.group, e.row, e.visit + again * period) for e in part) if again else part
            left -= len(part)
            if left <= 0:
                return


def visits_for(
    labels: np.ndarray,
    pai: np.ndarray,
    *,
    kept: np.ndarray,
    balance: str | None,
    bonafide_share: float,
    total: int | None = None,
    rng: np.random.Generator,
) -> np.ndarray:
    """How often each row is visited in an epoch.

    Parameters
    ----------
    labels : (n,) int
    pai : (n,) str
    kept : (n,) bool
        Rows to visit at all.
    balance : {None, "class", "pai"}
        None visits each row once. ``class`` gives bona fide rows their share and attacks the rest; ``pai`` moreover
        gives each species as much as another. No row is left out unless `total` says so: the scarcer ones are
        visited more often, and which of them once more than others is drawn.
    bonafide_share : float
    total : int, optional
        Visits in an epoch; with fewer than there are rows, which come is drawn.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) int

    Raises
    ------
    ArgumentError
        To be balanced, and one class has no rows.

    Examples
    --------
    >>> labels, pai = np.array([0, 1, 1, 1]), np.array(["none", "print", "print", "replay"])
    >>> kept, rng = np.ones(4, bool), np.random.default_rng(0)
    >>> visits_for(labels, pai, kept=kept, balance="pai", bonafide_share=0.5, rng=rng)
    array([4, 1, 1, 2])
    """
    visits = kept.astype(np.int64)
    if balance is None:
        if total is not None:
            visits[kept] = _spread(total, int(kept.sum()), rng)
        return visits
    groups = {
        name: np.flatnonzero(kept & (labels == 1) & (pai == name)) for name in np.unique(pai[labels == 1])
    }
    groups = {name: rows for name, rows in groups.items() if len(rows)}
    if balance == "class":
        groups = {"attack": np.flatnonzero(kept & (labels == 1))} if groups else {}
    bonafide = np.flatnonzero(kept & (labels == 0))
    if not groups or not len(bonafide):
        missing = "bona fide" if groups else "attack"
        raise ArgumentError(f"balance: expected rows of both classes, got no {missing} rows")
    parts = [bonafide, *(groups[name] for name in sorted(groups))]
    for rows, times in zip(parts, _times(parts, bonafide_share, total, rng), strict=True):
        visits[rows] = _spread(times, len(rows), rng)
    return visits


def _times(
    parts: Sequence[np.ndarray], bonafide_share: float, total: int | None, rng: np.random.Generator
) -> list[int]:
    """Visits of bona fide rows and of each group of attacks; of groups that cannot be alike, who gets more is drawn."""
    n = len(parts) - 1
    if total is None:
        shares = [bonafide_share, *[(1 - bonafide_share) / n] * n]
        length = max(len(rows) / share for rows, share in zip(parts, shares, strict=True))
        return [round(length * share) for share in shares]
    bonafide = round(total * bonafide_share)
    attacks = [total - bonafide] if n == 1 else _spread(total - bonafide, n, rng).tolist()
    return [bonafide, *attacks]


def _spread(total: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """`total` visits over `n` rows, as evenly as whole numbers allow."""
    visits = np.full(n, total // n)
    visits[rng.permutation(n)[: total % n]] += 1
    return visits
