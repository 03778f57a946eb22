"""A test set judged at thresholds that a dev set decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from specaug.errors import ArgumentError
from specaug.metrics.bootstrap import interval, resampled_eer, subject_weights
from specaug.metrics.error_counts import ErrorCounts
from specaug.metrics.rate_intervals import Interval, acer_interval, rate_interval, worst_interval
from specaug.metrics.rates import accepted, rejected
from specaug.metrics.report import OperatingPoint, PadReport
from specaug.metrics.scored import ONE_SPECIES, Scored
from specaug.metrics.thresholds import eer_of, threshold_for_apcer
from specaug.records import Notice

Unseen = Literal["raise", "allow"]
TARGETS = (0.10, 0.05, 0.01)
"""APCER of the operating points: BPCER10, BPCER20 and BPCER100."""
FEW_SUBJECTS = 6
"""Below this many of a class, its rate says next to nothing: all of them agree by chance in more than 5 % of cases."""


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

    Intervals are over the test subjects, the thresholds held: exact limits for the number of independent trials that
    the rows of these subjects are worth [2]_, see :func:`specaug.metrics.rate_intervals.proportion_interval`. A rate of
    0 or 1 among n subjects reaches 3/n towards the middle. That of ``eer_dev`` is over the subjects of dev, the wider
    one of those limits and of percentiles over resamples [3]_.

    Scores whose equal error rate on dev is above 50 % look reversed: a note and a warning say so.

    Parameters
    ----------
    dev, test : mapping or record
        With `scores` and `labels`, and optionally `pai`, `subject` and `acquired`, as :class:`Scored` says.
    unseen : {"raise", "allow"}
        Whether species may be in only one of dev and test, as in protocols with unseen attacks.
    confidence : float
        Of the intervals.
    resamples : int
        Resamples of the subjects of dev.
    rng : numpy.random.Generator, int or None
        Of the resamples; the default gives the same interval each time.

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
    .. [2] E. L. Korn, B. I. Graubard, "Confidence intervals for proportions with small expected number of positive
       counts estimated from survey data", Survey Methodology 24, 1998.
    .. [3] B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993.
    """
    dev, test = Scored.of(dev, "dev"), Scored.of(test, "test")
    _check_settings(unseen, confidence, resamples)
    notes = _notes(dev, test, unseen)
    generator = np.random.default_rng(rng)
    eer_dev, threshold = eer_of(dev, worst=False)
    warnings = _reversed(eer_dev)
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
        notes=(*notes, *(f"{notice.detail}." for notice in warnings)),
        warnings=warnings,
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


def _reversed(eer_dev: float) -> tuple[Notice, ...]:
    """A warning where bona fide presentations score above attacks."""
    if eer_dev <= 0.5:
        return ()
    text = f"scores look reversed: higher must mean attack, and the equal error rate on dev is {100 * eer_dev:.1f} %"
    return (Notice("reversed_scores", text),)


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
    return [*notes, *([] if test.subject is None else _few(test))]


def _few(test: Scored) -> list[str]:
    """Classes with so few subjects that an interval of their rate leaves nearly everything open."""
    units = test.units()
    groups = {"bona fide": test.labels == 0, **{name: test.is_species(name) for name in test.species}}
    counts = {name: len(np.unique(units[rows & test.has_score])) for name, rows in groups.items()}
    few = [f"{n} test subjects of {name}" for name, n in counts.items() if n < FEW_SUBJECTS]
    return [f"only {', '.join(few)}: so few say next to nothing, whatever the rate."] if few else []


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
    species, pooled = (_counts(test, threshold, pooled=pooled) for pooled in (False, True))
    bpcer, *by_pai = (
        rate_interval(errors, rows, confidence=confidence)
        for errors, rows in zip(species.errors[0], species.rows, strict=True)
    )
    found = {f"apcer/{name}": reach for name, reach in zip(species.classes[1:], by_pai, strict=True)}
    found["apcer"] = worst_interval(species, confidence=confidence)
    found["bpcer"] = bpcer
    found["acer"] = acer_interval(species, confidence=confidence)
    found["hter"] = acer_interval(pooled, confidence=confidence)
    weights = subject_weights(_n_units(dev), resamples=resamples, rng=rng)
    low, high = interval(resampled_eer(dev, weights), confidence=confidence)
    # The percentiles of few subjects are too near, and a point where no resample differs.
    least, most = acer_interval(_counts(dev, threshold, pooled=True), confidence=confidence)
    found["eer_dev"] = (min(low, least), max(high, most))
    return found


def _counts(data: Scored, threshold: float, *, pooled: bool) -> ErrorCounts:
    """Errors of the rows with a score, all attacks as one species if `pooled`."""
    kept = data.has_score
    pai = data.pai if data.pai is not None and not pooled else np.where(data.labels == 1, ONE_SPECIES, "none")
    wrong = np.where(data.labels == 1, data.scores < threshold, data.scores >= threshold)
    return ErrorCounts.of(wrong[None, kept], pai[kept], np.unique(data.units()[kept], return_inverse=True)[1])
