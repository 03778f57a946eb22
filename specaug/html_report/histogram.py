"""Distributions of a number over bona fide presentations and attacks, in memory that does not grow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from specaug.errors import ArgumentError

_BINS = 4096


class Separation(NamedTuple):
    """How well one number alone tells attacks from bona fide presentations."""

    auc: float
    """Chance that an attack has the higher number, ties counted half: 0.5 says nothing, 0 or 1 all."""
    low: float
    high: float
    """95 % interval of `auc` (Hanley & McNeil 1982), within [0, 1]."""
    bonafide: int
    attacks: int


@dataclass(eq=False)
class Histogram:
    """Counts of a number in fixed bins, for bona fide and attack.

    Parameters
    ----------
    name : str
        What is counted, as a reader should see it.
    low, high : float
        Ends of the bins; a number outside counts in the first or last one, one that is not finite nowhere.
    log : bool
        Bins of equal ratio rather than equal width; `low` must be above 0.
    """

    name: str
    low: float
    high: float
    log: bool = False
    counts: np.ndarray = field(default_factory=lambda: np.zeros((2, _BINS), np.int64))
    """(2, bins): bona fide, attack."""

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ArgumentError(
                f"low: expected below high, above 0 with log, got {self.low:g}, {self.high:g}"
            )

    @property
    def edges(self) -> np.ndarray:
        """(bins + 1,) ends of the bins."""
        space = np.geomspace if self.log else np.linspace
        return np.asarray(space(self.low, self.high, _BINS + 1))

    def add(self, values: np.ndarray, labels: np.ndarray) -> None:
        """Count `values` (n,) of clips with `labels` (n,), 0 bona fide, 1 attack."""
        known = np.isfinite(values)
        kept = np.clip(values[known], self.low, self.high)
        place, ends = (
            (np.log(kept), np.log([self.low, self.high])) if self.log else (kept, (self.low, self.high))
        )
        bins = np.minimum(((place - ends[0]) / (ends[1] - ends[0]) * _BINS).astype(np.int64), _BINS - 1)
        np.add.at(self.counts, (labels[known].astype(np.int64), bins), 1)

    @property
    def held(self) -> np.ndarray:
        """Numbers of the bins that hold anything."""
        return np.flatnonzero(self.counts.sum(axis=0))

    def coarse(self) -> tuple[np.ndarray, np.ndarray]:
        """Fewer bins between the outermost numbers that occur, twice the cube root of the count, at most 48.

        Returns
        -------
        edges : (bins + 1,) float64
        shares : (2, bins) float64
            Each row sums to 1, or is 0 where its class has nothing.
        """
        held = self.held
        first, last = (held[0], held[-1] + 1) if held.size else (0, _BINS)
        bins = min(48, max(1, round(2 * self.counts.sum() ** (1 / 3))))
        width = max(1, -(-(last - first) // bins))
        starts = np.arange(first, last, width)
        sums = np.add.reduceat(self.counts[:, :last], starts, axis=1)
        totals = np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        return self.edges[np.minimum(np.append(starts, starts[-1] + width), _BINS)], sums / totals

    def separation(self) -> Separation | None:
        """How well this number predicts the label; None where a class is absent.

        Exact but for numbers in the same of 4096 bins, which count as ties.

        References
        ----------
        .. [1] Hanley, J. A.; McNeil, B. J. (1982). The meaning and use of the area under a receiver operating
           characteristic (ROC) curve. Radiology 143, 29-36.
        """
        bonafide, attacks = (int(n) for n in self.counts.sum(axis=1))
        if not bonafide or not attacks:
            return None
        below = np.cumsum(self.counts[0]) - self.counts[0]
        auc = float(self.counts[1] @ (below + self.counts[0] / 2)) / (bonafide * attacks)
        strong = max(auc, 1 - auc)
        q1, q2 = strong / (2 - strong), 2 * strong**2 / (1 + strong)
        variance = (
            strong * (1 - strong) + (attacks - 1) * (q1 - strong**2) + (bonafide - 1) * (q2 - strong**2)
        )
        reach = 1.96 * float(np.sqrt(max(variance, 0.0) / (bonafide * attacks)))
        return Separation(auc, max(0.0, auc - reach), min(1.0, auc + reach), bonafide, attacks)
