"""Both error rates at every threshold at which one of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from specaug.errors import ArgumentError
from specaug.metrics.rates import checked
from specaug.metrics.scored import Scored


@dataclass(frozen=True, eq=False)
class DetCurve:
    """Points of the detection error tradeoff, from "reject all" to "accept all"."""

    thresholds: np.ndarray
    """(m,) ascending; the rates hold for every threshold above the one before, up to this."""
    apcer: np.ndarray
    """(m,) rising."""
    bpcer: np.ndarray
    """(m,) falling."""

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """(APCER, 1 - BPCER): attacks accepted, bona fide accepted."""
        return self.apcer, 1 - self.bpcer

    def area(self) -> float:
        """Area under the ROC: the chance that an attack scores above a bona fide presentation, ties counting half."""
        x, y = self.roc()
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)

    def probit(self) -> tuple[np.ndarray, np.ndarray]:
        """(APCER, BPCER) on the axes of a DET plot: quantiles of a normal distribution, infinite for 0 and 1."""
        return scipy.special.ndtri(self.apcer), scipy.special.ndtri(self.bpcer)

    def __repr__(self) -> str:
        return f"DetCurve({len(self.thresholds)} points)"


def det_curve(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    pai: Sequence[str] | npt.ArrayLike | None = None,
    worst: bool = True,
) -> DetCurve:
    """Error rates at every threshold that makes a difference.

    Parameters
    ----------
    scores : (n,) array
    labels : (n,) array
        0 bona fide, 1 attack.
    pai : (n,) array of str, optional
    worst : bool
        APCER of the worst species at each threshold; False pools all attacks.

    Returns
    -------
    DetCurve
        One point for each distinct score, and one above them all.

    Raises
    ------
    ArgumentError
        As :func:`specaug.metrics.apcer`.

    Examples
    --------
    >>> curve = det_curve([0.1, 0.4, 0.3, 0.9], [0, 0, 1, 1])
    >>> curve.bpcer, curve.apcer, curve.area()
    (array([1. , 0.5, 0.5, 0. , 0. ]), array([0. , 0. , 0.5, 0.5, 1. ]), 0.75)
    """
    return curve_of(checked(scores, labels, pai), worst=worst)


def curve_of(data: Scored, *, worst: bool) -> DetCurve:
    """The curve of scores that were checked."""
    distinct = np.unique(data.scores[data.has_score])
    thresholds = np.append(distinct, np.nextafter(distinct[-1], np.inf))
    groups = data.scores_by_pai().values() if worst else [data.attack_scores]
    apcer = np.max([_below(values, thresholds) / len(values) for values in groups], axis=0)
    bonafide = data.bonafide_scores
    return DetCurve(thresholds, apcer, (len(bonafide) - _below(bonafide, thresholds)) / len(bonafide))


def _below(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many scores lie below each threshold."""
    return np.searchsorted(np.sort(scores), thresholds, side="left")


def check_rate(name: str, rate: float) -> float:
    """A rate in [0, 1]."""
    if not (isinstance(rate, int | float | np.number) and 0 <= rate <= 1):
        raise ArgumentError(f"{name}: expected a rate from 0 to 1, got {rate!r}")
    return float(rate)
