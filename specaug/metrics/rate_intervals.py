"""Intervals of error rates of few subjects, in closed form: exact limits at the effective number of trials.

Rows of one subject are no independent trials. How many trials they are worth is told by how much the subjects differ,
and by theory where too few subjects erred to tell.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from specaug.metrics.error_counts import ErrorCounts, effective

Interval = tuple[float, float]
_DOUBT = 2.0
"""Subjects with errors at which half of the trust goes to what subjects show, half to one trial for each subject."""


def proportion_interval(
    rate: float,
    *,
    variance: float,
    units: float,
    rows: float,
    mixed: int,
    confidence: float,
    choices: int = 1,
    freedom: float | None = None,
) -> Interval:
    """Limits of Korn and Graubard for a share of clustered trials.

    Clopper and Pearson's exact limits for as many trials as give that variance, reduced by the ratio of normal and
    Student quantiles for the few subjects that the variance comes from. A variance from few subjects with errors is not
    trusted alone: the trials are then nearer to one for each subject.

    Parameters
    ----------
    rate : float
        In [0, 1].
    variance : float
        Of the rate, from differences between subjects.
    units : float
        Effective number of subjects.
    rows : float
        Trials there would be if rows were independent: no more are ever assumed.
    mixed : int
        Subjects that show one of both outcomes, of the rarer one.
    confidence : float
    choices : int
        The rate is the largest of so many: its lower limit allows for that.
    freedom : float, optional
        Degrees of freedom of the variance; those of the subjects unless given.

    Returns
    -------
    (low, high)
        Everything for less than two subjects. A rate of 0 among n subjects reaches up to 3/n at 95 %, one of 1 as far
        down, and further if it is the largest of several.

    References
    ----------
    .. [1] E. L. Korn, B. I. Graubard, "Confidence intervals for proportions with small expected number of positive
       counts estimated from survey data", Survey Methodology 24, 1998.
    """
    if units < 2:
        return 0.0, 1.0
    if rate in (0, 1):
        reach = _reach(units, confidence, 1 if rate == 0 else choices)
        return (0.0, reach) if rate == 0 else (1 - reach, 1.0)
    doubt = _DOUBT / (mixed + _DOUBT)
    spread = max(variance / (rate * (1 - rate)), 1 / rows)
    trials = 1 / ((1 - doubt) * spread + doubt / units)
    tail = (1 - confidence) / 2
    df = units - 1 if freedom is None else min(freedom, units - 1)
    low = _limit(rate, trials, tail / choices, df, lower=True)
    return low, _limit(rate, trials, tail, df, lower=False)


def _reach(units: float, confidence: float, choices: int) -> float:
    """Rate that no errors among so many trials still allow: 3/n at 95 %."""
    doubt = math.log1p(-confidence) - math.log(choices)
    return min(1.0, 3 / units * (doubt / math.log1p(-0.95)))


def _limit(rate: float, trials: float, tail: float, df: float, *, lower: bool) -> float:
    trials = trials * (ndtri(tail) / stdtrit(df, tail)) ** 2
    wrong, right = rate * trials, (1 - rate) * trials
    return float(betaincinv(wrong, right + 1, tail) if lower else betaincinv(wrong + 1, right, 1 - tail))


def rate_interval(errors: np.ndarray, rows: np.ndarray, *, confidence: float, choices: int = 1) -> Interval:
    """Of errors over rows, both by subject."""
    errors, rows = errors[rows > 0], rows[rows > 0]
    rate = errors.sum() / rows.sum()
    units = effective(rows)
    return proportion_interval(
        float(rate),
        variance=_variance(errors, rows),
        units=units,
        rows=float(rows.sum()),
        mixed=int(min((errors > 0).sum(), (errors < rows).sum())),
        confidence=confidence,
        choices=choices,
    )


def _variance(errors: np.ndarray, rows: np.ndarray) -> float:
    """Delete-one jackknife of the ratio."""
    n, total = len(rows), rows.sum()
    if n < 2:
        return 0.0
    changes = (errors - errors.sum() / total * rows) / (total - rows)
    return float((n - 1) / n * np.sum(changes**2))


def worst_interval(counts: ErrorCounts, *, confidence: float) -> Interval:
    """Of the largest rate among the species of one run: the largest limit of either end."""
    errors, rows = counts.errors[0, 1:], counts.rows[1:]
    found = [
        rate_interval(e, r, confidence=confidence, choices=len(rows))
        for e, r in zip(errors, rows, strict=True)
    ]
    return max(low for low, _ in found), max(high for _, high in found)


def acer_interval(counts: ErrorCounts, *, confidence: float) -> Interval:
    """Of the mean of BPCER and the largest APCER of one run.

    ACER is taken as a share of its own, with the variance that subjects give it, and never reaches further than the
    means of the limits of both rates: where one is near 0 and the other near 1, their mean is no coin.
    """
    units = min(counts.subjects().values())
    if units < 2:
        return 0.0, 1.0
    species = int(counts.worst()[0])
    errors, rows = counts.errors[0, [0, species]], counts.rows[[0, species]]
    influences = counts.influences()[0]
    n = len(influences)
    low, high = proportion_interval(
        float(counts.acer()[0]),
        variance=float(np.sum(influences**2)) / (n * (n - 1)),
        units=units,
        rows=float(rows.sum()),
        mixed=int(min((errors > 0).any(axis=0).sum(), (errors < rows).any(axis=0).sum())),
        confidence=confidence,
        choices=len(counts.rows) - 1,
    )
    bonafide = rate_interval(counts.errors[0, 0], counts.rows[0], confidence=confidence)
    attacks = worst_interval(counts, confidence=confidence)
    return max(low, (bonafide[0] + attacks[0]) / 2), min(high, (bonafide[1] + attacks[1]) / 2)
