"""What a change does to logits and error rates, with intervals over subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from specaug.metrics.crossed import crossed_variance
from specaug.metrics.error_counts import ErrorCounts
from specaug.metrics.rate_intervals import Interval, acer_interval, rate_interval, worst_interval

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Shift:
    """How far a figure moves."""

    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Effect:
    """What one change does, at the threshold of the run."""

    bpcer: Shift
    apcer: Shift
    """Of the worst species, which may be another one after the change."""
    acer: Shift
    """The mean of both. What moves the logits of all clips alike leaves it where it is; what the decision rests on
    does not."""
    apcer_by_pai: dict[str, Shift]
    bonafide_logit: Shift
    """Of the mean logit of bona fide clips."""
    attack_logit: Shift


@dataclass(frozen=True)
class BaseRates:
    """Errors of the sampled clips as they are, with 95 % intervals over subjects."""

    bpcer: float
    apcer: float
    acer: float
    apcer_by_pai: dict[str, float]
    intervals: dict[str, Interval]

    @property
    def separates(self) -> bool:
        """Whether the network is better than chance on these clips."""
        return self.intervals["acer"][1] < 0.5


def base_rates(
    logits: np.ndarray, labels: np.ndarray, pai: np.ndarray, units: np.ndarray, tau: float
) -> BaseRates:
    """Error rates of (n,) logits at the threshold `tau`."""
    counts = _counts(logits[None], labels, pai, units, tau)
    bpcer, *by_pai = counts.rates()[0].tolist()
    intervals = {
        "bpcer": rate_interval(counts.errors[0, 0], counts.rows[0], confidence=CONFIDENCE),
        "apcer": worst_interval(counts, confidence=CONFIDENCE),
        "acer": acer_interval(counts, confidence=CONFIDENCE),
    }
    apcer = max(by_pai)
    return BaseRates(
        bpcer, apcer, (bpcer + apcer) / 2, dict(zip(counts.classes[1:], by_pai, strict=True)), intervals
    )


def effects(
    logits: np.ndarray, labels: np.ndarray, pai: np.ndarray, units: np.ndarray, tau: float
) -> list[Effect]:
    """The effect of each change.

    Parameters
    ----------
    logits : (1 + changes, n) float64
        Of the clips as they are, then after each change.
    labels, pai, units : (n,) arrays
        Label, species (``none`` for bona fide) and number of the subject of each clip.
    tau : float
        Threshold; a clip whose logit is at least that is taken for an attack.

    Returns
    -------
    list of Effect
        Intervals are simultaneous: with a chance of 95 % all those of one figure, over all changes, hold what they are
        of (Bonferroni). A figure that no subject moved reaches as far as the rule of three says.
    """
    if len(logits) == 1:
        return []
    counts = _counts(logits, labels, pai, units, tau)
    shifts = ErrorCounts.of(logits[1:] - logits[:1], np.where(labels == 1, "attack", "none"), units)
    alpha = (1 - CONFIDENCE) / (len(logits) - 1)
    rates, changes, worst, acer = counts.rates(), counts.changes(), counts.worst(), counts.influences()
    subjects = [counts.subjects()[name] for name in counts.classes]
    n = changes.shape[2]

    def rate(before: int, after: int, run: int) -> Shift:
        pair = [(n - 1) * changes[0, before][None], (n - 1) * changes[run, after][None]]
        least = min(subjects[before], subjects[after])
        return _rate_shift(rates[0, before], rates[run, after], pair, least, alpha)

    found = []
    for run in range(1, len(logits)):
        before, after = (float((rates[r, 0] + rates[r, worst[r]]) / 2) for r in (0, run))
        found.append(
            Effect(
                rate(0, 0, run),
                rate(int(worst[0]), int(worst[run]), run),
                _rate_shift(before, after, [acer[0][None], acer[run][None]], min(subjects), alpha),
                {name: rate(k, k, run) for k, name in enumerate(counts.classes[1:], start=1)},
                *(_mean_shift(shifts, run - 1, kind, alpha) for kind in (0, 1)),
            )
        )
    return found


def _counts(
    logits: np.ndarray, labels: np.ndarray, pai: np.ndarray, units: np.ndarray, tau: float
) -> ErrorCounts:
    return ErrorCounts.of(np.where(labels == 1, logits < tau, logits >= tau), pai, units)


def _rate_shift(
    before: float, after: float, influences: list[np.ndarray], subjects: float, alpha: float
) -> Shift:
    value = float(after - before)
    if subjects < 2:
        return Shift(value, -1.0, 1.0)
    variance = crossed_variance(influences, [np.zeros(1), np.zeros(1)], subjects=subjects)
    half = variance.half_width(alpha)
    # A rate stays between 0 and 1.
    return Shift(value, max(value - half, -float(before)), min(value + half, 1 - float(before)))


def _mean_shift(sums: ErrorCounts, run: int, kind: int, alpha: float) -> Shift:
    """Of a mean over clips, by the delete-one jackknife over subjects."""
    value = float(sums.rates()[run, kind])
    subjects = list(sums.subjects().values())[kind]
    if subjects < 2:
        return Shift(value, -np.inf, np.inf)
    apart = sums.changes()[run, kind]
    n = np.count_nonzero(sums.rows[kind])
    half = -float(stdtrit(subjects - 1, alpha / 2)) * float(np.sqrt((n - 1) / n * np.sum(apart**2)))
    return Shift(value, value - half, value + half)
