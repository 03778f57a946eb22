"""A test set judged at thresholds that a dev set decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from specaug.errors import ArgumentError
from specaug.metrics.bootstrap import interval, resampled_eer, resampled_rates, subject_weights
from specaug.metrics.rates import accepted, rejected
from specaug.metrics.report import Interval, OperatingPoint, PadReport
from specaug.metrics.scored import Scored
from specaug.metrics.thresholds import eer_of, threshold_for_apcer

Unseen = Literal["raise", "allow"]
TARGETS = (0.10, 0.05, 0.01)
"""APCER of the operating points: BPCER10, BPCER20 and BPCER100."""
FEW_SUBJECTS = 20
"""Below this many, percentile intervals are known to be too narrow."""


def evaluate(
    dev: Scored | Mapping[str, Any] | Any,
    test: Scored | Mapping[str, Any] | Any,
    *,
    unseen: Unseen = "raise",
    confidence: float = 0.95,
    resamples: int = 1000,
    rng: np.random.Generator | int | None = 0,
) -> PadReport:
    """Judge a test set at the thresholds of a dev set.

    The threshold is that of the equal error rate on dev, all attacks pooled; BPCER10, 20 and 100 use the thresholds
    that keep APCER within 10, 5 and 1 % on dev. None is taken from test.

    Intervals are percentiles over resamples of the test subjects, the thresholds held; that of ``eer_dev`` is over
    the subjects of dev. A rate of 0 or 1 among n subjects reaches 3/n towards the middle.

    Parameters
    ----------
    dev, test : mapping or record
        With `scores` and `labels`, and optionally `pai`, `subject` and `acquired`, as :class:`Scored` says.
    unseen : {"raise", "allow"}
        Whether species may be in only one of dev and test, as in protocols with unseen attacks.
    confidence : float
        Of the intervals.
    resamples : int
        Resamples of the subjects.
    rng : numpy.random.Generator, int or None
        Of the resamples; the default gives the same intervals each time.

    Returns
    -------
    PadReport

    Raises
    ------
    ArgumentError
        For arrays as :class:`Scored` says, a dev set without one of the classes among them, and for species in only
        one of dev and test unless they are allowed.

    Examples
    --------
    >>> dev = {"scores": [0.1, 0.3, 0.7, 0.9], "labels": [0, 0, 1, 1]}
    >>> test = {"scores": [0.2, 0.6, 0.4, 0.8], "labels": [0, 0, 1, 1]}
    >>> report = evaluate(dev, test)
    >>> report.threshold, report.apcer, report.bpcer
    (0.5, 0.5, 0.5)

    References
    ----------
    .. [1] ISO/IEC 30107-3:2023.
    .. [2] B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993.
    """
    dev, test = Scored.of(dev, "dev"), Scored.of(test, "test")
    _check_settings(unseen, confidence, resamples)
    notes = _notes(dev, test, unseen)
    generator = np.random.default_rng(rng)
    eer_dev, threshold = eer_of(dev, worst=False)
    apcer_by_pai = {name: accepted(scores, threshold) for name, scores in test.scores_by_pai().items()}
    worst = max(apcer_by_pai, key=lambda name: apcer_by_pai[name])
    pooled, bpcer = accepted(test.attack_scores, threshold), rejected(test.bonafide_scores, threshold)
    fta = _failures_to_acquire(test)
    return PadReport(
        threshold=threshold,
        threshold_rule="equal error rate on dev, attacks pooled",
        apcer=apcer_by_pai[worst],
        apcer_by_pai=apcer_by_pai,
        worst_pai=worst,
        apcer_pooled=pooled,
        bpcer=bpcer,
        acer=(apcer_by_pai[worst] + bpcer) / 2,
        hter=(pooled + bpcer) / 2,
        eer_dev=eer_dev,
        operating_points=tuple(_operating_point(dev, test, target) for target in TARGETS),
        fta=fta,
        far=max(rate * (1 - fta[name]) for name, rate in apcer_by_pai.items()),
        frr=fta["bonafide"] + bpcer * (1 - fta["bonafide"]),
        counts={
            "bonafide": len(test.bonafide_scores),
            **{name: len(scores) for name, scores in test.scores_by_pai().items()},
        },
        subjects=_n_units(test),
        confidence=confidence,
        resamples=resamples,
        intervals=_intervals(dev, test, threshold, confidence, resamples, generator),
        notes=notes,
    )


def _check_settings(unseen: str, confidence: float, resamples: int) -> None:
    if unseen not in get_args(Unseen):
        raise ArgumentError(f"unseen: expected one of {', '.join(get_args(Unseen))}, got {unseen!r}")
    if not (isinstance(confidence, int | float | np.number) and 0 < confidence < 1):
        raise ArgumentError(f"confidence: expected a number between 0 and 1, got {confidence!r}")
    if not (isinstance(resamples, int | np.integer) and resamples >= 1):
        raise ArgumentError(f"resamples: expected a whole number from 1, got {resamples!r}")


def _notes(dev: Scored, test: Scored, unseen: Unseen) -> tuple[str, ...]:
    """What has to be said; species in one set only are refused unless allowed."""
    notes = []
    if (dev.pai is None) != (test.pai is None):
        raise ArgumentError("pai: expected it in both of dev and test, got it in one")
    if test.pai is None:
        notes.append(
            "no species (pai) given: all attacks count as one, which may hide a species that passes."
        )
    apart = [
        f"{', '.join(sorted(set(a.species) - set(b.species)))} in {name} only"
        for a, b, name in ((dev, test, "dev"), (test, dev, "test"))
        if set(a.species) - set(b.species)
    ]
    if apart and unseen == "raise":
        raise ArgumentError(
            f"pai: expected the same species in dev and test, got {' and '.join(apart)}; unseen='allow' accepts that"
        )
    if apart:
        notes.append(f"species differ: {'; '.join(apart)}.")
    return tuple(notes + _validity(dev, test))


def _validity(dev: Scored, test: Scored) -> list[str]:
    """Why the figures may not be what they seem."""
    notes = []
    same = np.array_equal(dev.scores, test.scores, equal_nan=True) and np.array_equal(dev.labels, test.labels)
    if same:
        notes.append("dev and test are the same rows: threshold: test-optimal, not a valid result.")
    elif dev.subject is not None and test.subject is not None:
        shared = np.setdiff1d(np.intersect1d(dev.subject, test.subject), [""])
        if len(shared):
            few = ", ".join(map(str, shared[:3])) + ("…" if len(shared) > 3 else "")
            notes.append(f"{len(shared)} subjects are in both dev and test ({few}): not a valid result.")
    if test.subject is None:
        notes.append("no subjects given: rows count as independent, so intervals may be too narrow.")
    elif _n_units(test) < FEW_SUBJECTS:
        notes.append(f"only {_n_units(test)} test subjects: intervals are rough, and rather too narrow.")
    return notes


def _operating_point(dev: Scored, test: Scored, target: float) -> OperatingPoint:
    tau = threshold_for_apcer(dev, target)
    return OperatingPoint(
        name=f"BPCER{round(1 / target)}",
        target=target,
        threshold=tau,
        apcer=max(accepted(scores, tau) for scores in test.scores_by_pai().values()),
        bpcer=rejected(test.bonafide_scores, tau),
        bpcer_dev=rejected(dev.bonafide_scores, tau),
    )


def _failures_to_acquire(test: Scored) -> dict[str, float]:
    missed = ~test.has_score
    groups = {"bonafide": test.labels == 0, **{name: test.is_species(name) for name in test.species}}
    return {name: float(missed[rows].mean()) for name, rows in groups.items()}


def _n_units(data: Scored) -> int:
    return len(np.unique(data.units()))


def _intervals(
    dev: Scored, test: Scored, threshold: float, confidence: float, resamples: int, rng: np.random.Generator
) -> dict[str, Interval]:
    """(low, high) of each rate of the report."""
    units = test.units()
    weights = subject_weights(_n_units(test), resamples=resamples, rng=rng)
    low = test.scores < threshold
    groups = {name: test.is_species(name) & test.has_score for name in test.species}
    attacks, bonafide = (test.labels == 1) & test.has_score, (test.labels == 0) & test.has_score
    by_pai = {name: resampled_rates(low, rows, units, weights) for name, rows in groups.items()}
    worst = np.max(list(by_pai.values()), axis=0)  # NaN where a species was not drawn
    pooled = resampled_rates(low, attacks, units, weights)
    bpcer = resampled_rates(~low, bonafide, units, weights)
    reach = {name: _reach(units[rows], confidence) for name, rows in groups.items()}
    reach_worst, reach_pooled = max(reach.values()), _reach(units[attacks], confidence)
    reach_bonafide = _reach(units[bonafide], confidence)
    found = {f"apcer/{name}": _interval(confidence, (rates, reach[name])) for name, rates in by_pai.items()}
    found["apcer"] = _interval(confidence, (worst, reach_worst))
    found["bpcer"] = _interval(confidence, (bpcer, reach_bonafide))
    found["acer"] = _interval(confidence, (worst, reach_worst), (bpcer, reach_bonafide))
    found["hter"] = _interval(confidence, (pooled, reach_pooled), (bpcer, reach_bonafide))
    again = subject_weights(_n_units(dev), resamples=resamples, rng=rng)
    found["eer_dev"] = _interval(confidence, (resampled_eer(dev, again), _reach(dev.units(), confidence)))
    return found


def _reach(units: np.ndarray, confidence: float) -> float:
    """Rate that no errors among n independent trials still allow: 3/n at 95 %; anything from less than two."""
    n = len(np.unique(units))
    return 1.0 if n < 2 else min(1.0, 3 / n * math.log1p(-confidence) / math.log(0.05))


def _interval(confidence: float, *parts: tuple[np.ndarray, float]) -> Interval:
    """Interval of the mean of rates, each with its reach where no resample differs from 0 or 1."""
    low, high = interval(np.mean([rates for rates, _ in parts], axis=0), confidence=confidence)
    for rates, reach in parts:
        if reach == 1:
            return 0.0, 1.0
        high += reach / len(parts) * (np.nanmax(rates) == 0)
        low -= reach / len(parts) * (np.nanmin(rates) == 1)
    return max(0.0, float(low)), min(1.0, float(high))
