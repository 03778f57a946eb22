"""Is one way to train better than another? A difference, its interval, its p-value and a word, all of one figure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from specaug.errors import ArgumentError
from specaug.metrics.crossed import CrossedVariance, crossed_variance
from specaug.metrics.error_counts import ErrorCounts
from specaug.metrics.rates import check_threshold
from specaug.metrics.scored import Scored

Verdict = Literal["better", "worse", "no difference shown", "cannot tell"]
MIN_SEEDS = 2
"""With one run the luck of training cannot be told from the arm."""
POWER = 0.8
"""Chance with which a design is to show a difference."""
_LEAST = float(np.nextafter(0, 1))
_SEEDS = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
_GROWTH = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50)
"""Designs that are tried: seeds, and times the subjects at hand."""


@dataclass(frozen=True)
class Comparison:
    """What two arms differ by; sign, interval, p and verdict are of this one difference."""

    difference: float
    """ACER of b minus ACER of a, of the worst species, mean over seeds: below 0 where b is better."""
    interval: tuple[float, float]
    """At the confidence ``1 - alpha``; (-1, 1) where the design cannot tell."""
    p: float
    """Two-sided; 1 where the design cannot tell."""
    verdict: Verdict
    """"better" is b with fewer errors; a word other than the last two only where p is below alpha."""
    reason: str
    """Why the design cannot tell; empty otherwise."""
    acer: tuple[float, float]
    """Mean over seeds of a and of b."""
    by_seed: tuple[tuple[float, ...], tuple[float, ...]]
    """ACER of every run of a and of b."""
    subjects: int
    alpha: float
    variance: CrossedVariance | None
    """By source; None where the design cannot tell."""

    def at_alpha(self, alpha: float) -> Comparison:
        """The same difference judged at another error rate.

        Examples
        --------
        >>> run = {"scores": [0.2, 0.9] * 8, "labels": [0, 1] * 8, "threshold": 0.5}
        >>> compare([run, run], [run, run]).at_alpha(0.01).verdict
        'no difference shown'
        """
        if self.variance is None:
            return dataclasses.replace(self, alpha=alpha)
        return _judged(self, self.variance, alpha)

    def detectable(self, *, subjects: int | None = None, seeds: int | None = None) -> float | None:
        """The least difference of ACER that would be shown in four of five cases.

        Parameters
        ----------
        subjects, seeds : int, optional
            Of another design, with seeds in each arm; without them that of this comparison.

        Returns
        -------
        float or None
            None where the design cannot tell, so that nothing is known about the variance.
        """
        if self.variance is None:
            return None
        variance = self.variance
        if subjects is not None or seeds is not None:
            here = min(arm.seeds for arm in variance.arms)
            times = 1.0 if subjects is None else subjects / self.subjects
            variance = variance.with_design(variance.subjects * times, here if seeds is None else seeds)
        return variance.detectable(alpha=self.alpha, power=POWER)

    def power_line(self, difference: float = 0.05) -> str:
        """What this design shows, and how many subjects and seeds would show `difference`, in words."""
        least = self.detectable()
        if least is None:
            return f"Cannot tell: {self.reason}."
        seeds = " and ".join(str(len(runs)) for runs in self.by_seed)
        text = (
            f"{self.subjects} subjects with {seeds} seeds show a difference of {100 * least:.1f} points in four of "
            f"five cases"
        )
        if least <= difference:
            return f"{text}."
        ways = self._designs(difference)
        need = (
            " or ".join(f"about {n} subjects with {s} seeds each" for n, s in ways) or "more than was tried"
        )
        return f"{text}; {100 * difference:.3g} points need {need}."

    def _designs(self, difference: float) -> list[tuple[int, int]]:
        """(subjects, seeds) that show it: as many subjects, as many seeds, or else the fewest runs times subjects."""
        here = min(len(runs) for runs in self.by_seed)
        counts = [math.ceil(self.subjects * times) for times in _GROWTH]
        shown = [
            (n, s)
            for n in counts
            for s in (here, *(s for s in _SEEDS if s > here))
            if (self.detectable(subjects=n, seeds=s) or 1.0) <= difference
        ]
        same_subjects = [way for way in shown if way[0] == self.subjects][:1]
        same_seeds = [way for way in shown if way[1] == here][:1]
        cheapest = sorted(shown, key=lambda way: (way[0] * way[1], way))[:1]
        return [*same_subjects, *same_seeds] or cheapest

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        a, b = (100 * value for value in self.acer)
        low, high = (100 * value for value in self.interval)
        judged = f"ACER {b:.2f} % against {a:.2f} %: {100 * self.difference:+.2f} points"
        if self.variance is None:
            return f"{judged}: {self.verdict} ({self.reason})"
        return f"{judged} ({low:+.2f} to {high:+.2f}), p {self.p:.2g}: {self.verdict}\n{self.power_line()}"


def compare(
    a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]], *, alpha: float = 0.05, seed: int = 0
) -> Comparison:
    """Is b better than a, given the runs of both over several seeds of training?

    The difference is that of the figure that is reported: ACER with the APCER of the worst species, mean over seeds.
    Both subjects and seeds are drawn at random: the difference is to hold for other people and for other runs. This is
    the design of multi-reader multi-case studies with the runs as readers and the subjects as cases, and the method
    is that of Obuchowski and Rockette [1]_ for readers who see one arm only [2]_, with Hillis' degrees of freedom [3]_:

    - Over runs: the variance of ACER over the seeds of each arm, which need not be alike (Welch). Three seeds have two
      degrees of freedom.
    - Over subjects: a delete-one jackknife of the difference, the worst species of each run held; the part that comes
      from subjects that do other things in other runs is subtracted, since the variance over runs has it already.
    - The variances are added, the degrees of freedom by Satterthwaite and never above those of the subjects; the
      same difference must also pass the test with the runs taken as they are. Interval and p are Student's t.

    Runs of the same seed are not taken as pairs: the same seed gives another arm other batches, and to treat runs as
    independent errs on the safe side where they have luck in common.

    The figure is compared as it is reported. The largest of several rates is on average too high, the more so the
    fewer the subjects and the more alike the species: where arms differ in that alone, their figures do differ.

    Parameters
    ----------
    a, b : sequence of mapping
        One for each seed: `scores`, `labels` (0 bona fide, 1 attack), `threshold` from that run's dev, and optionally
        `pai`, `subject` and `acquired`, of the same test rows in the same order. Without `subject` rows count as
        independent; without `pai` all attacks are one species. A score at or above the threshold is called an attack.
    alpha : float
        Rate of wrong verdicts where there is no difference.
    seed : int
        Of no effect: nothing is drawn at random.

    Returns
    -------
    Comparison
        Its verdict is "cannot tell" with fewer than two seeds in an arm, or with so few subjects of a class that all of
        them leaning to one side would be no surprise: 2^(1 - n) must lie below `alpha`, which takes six at 5 %.

    Raises
    ------
    ArgumentError
        No runs, runs of other rows, arrays as :class:`Scored` says, no threshold.

    Examples
    --------
    >>> labels, subject = [0, 1] * 12, [f"s{i // 2}" for i in range(24)]
    >>> good = {"scores": [0.1, 0.9] * 12, "labels": labels, "subject": subject, "threshold": 0.5}
    >>> bad = {**good, "scores": [0.1, 0.2] * 10 + [0.1, 0.9] * 2}
    >>> found = compare([bad, bad, bad], [good, good, good])
    >>> round(found.difference, 3), found.verdict
    (-0.417, 'better')

    References
    ----------
    .. [1] N. A. Obuchowski, H. E. Rockette, "Hypothesis testing of diagnostic accuracy for multiple readers and
       multiple tests: an ANOVA approach with dependent observations", Communications in Statistics: Simulation and
       Computation 24, 1995.
    .. [2] S. L. Hillis, "A marginal-mean ANOVA approach for analyzing multireader multicase radiological imaging
       data", Statistics in Medicine 33, 2014.
    .. [3] S. L. Hillis, "A comparison of denominator degrees of freedom methods for multiple observer ROC analysis",
       Statistics in Medicine 26, 2007.
    """
    if not (isinstance(alpha, int | float | np.number) and 0 < alpha < 1):
        raise ArgumentError(f"alpha: expected a number between 0 and 1, got {alpha!r}")
    if not len(a) or not len(b):
        raise ArgumentError(f"a, b: expected a run for each seed, got {len(a)} and {len(b)}")
    first = Scored.of(a[0], "a[0]")
    wrong = [
        np.stack([_wrong(run, first, f"{name}[{i}]") for i, run in enumerate(runs)])
        for name, runs in (("a", a), ("b", b))
    ]
    kept = first.has_score
    pai = np.where(first.labels == 1, "attack" if first.pai is None else first.pai, "none")[kept]
    units = np.unique(first.units()[kept], return_inverse=True)[1]
    return judge(*(ErrorCounts.of(runs[:, kept], pai, units) for runs in wrong), alpha=float(alpha))


def judge(a: ErrorCounts, b: ErrorCounts, *, alpha: float) -> Comparison:
    """The same of errors that were counted."""
    by_seed = tuple(a.acer().tolist()), tuple(b.acer().tolist())
    acer = float(np.mean(by_seed[0])), float(np.mean(by_seed[1]))
    reason = _too_few(a, b, alpha)
    subjects = a.rows.shape[1]
    difference = acer[1] - acer[0]
    found = Comparison(
        difference, (-1.0, 1.0), 1.0, "cannot tell", reason, acer, by_seed, subjects, alpha, None
    )
    if reason:
        return found
    variance = crossed_variance(
        (a.influences(), b.influences()), (a.acer(), b.acer()), subjects=min(a.subjects().values())
    )
    return _judged(found, variance, alpha)


def _judged(found: Comparison, variance: CrossedVariance, alpha: float) -> Comparison:
    p, half = variance.p_value(found.difference), variance.half_width(alpha)
    low, high = max(found.difference - half, -1.0), min(found.difference + half, 1.0)
    verdict: Verdict = "no difference shown"
    if p < alpha:
        verdict = "better" if found.difference < 0 else "worse"
        # Where p is alpha but for the last bits, rounding must not decide on which side 0 lies.
        low, high = (low, min(high, -_LEAST)) if found.difference < 0 else (max(low, _LEAST), high)
    else:
        low, high = min(low, 0.0), max(high, 0.0)
    return dataclasses.replace(
        found, interval=(low, high), p=p, verdict=verdict, alpha=alpha, variance=variance
    )


def _too_few(a: ErrorCounts, b: ErrorCounts, alpha: float) -> str:
    """Why the design can give no answer; empty if it can."""
    seeds = min(len(a.errors), len(b.errors))
    if seeds < MIN_SEEDS:
        return (
            f"{seeds} seed of training: the luck of one run cannot be told from what the arm does; "
            f"at least {MIN_SEEDS} are needed, and 5 say much more"
        )
    least = 2 + math.floor(math.log2(1 / alpha))  # 2^(1 - n) < alpha
    name, few = min(a.subjects().items(), key=lambda item: item[1])
    if few < least - 1e-9:
        return (
            f"{few:.3g} subjects with {name} presentations: at least {least} are needed for p below {alpha:g}"
        )
    return ""


def _wrong(run: Mapping[str, Any], first: Scored, name: str) -> np.ndarray:
    """(n,) bool, True for presentations on the wrong side of the run's threshold."""
    get = run.get if isinstance(run, Mapping) else lambda key: getattr(run, key, None)
    if get("threshold") is None:
        raise ArgumentError(f"{name}: expected a threshold from the dev set of that run, got none")
    try:
        tau = check_threshold(get("threshold"))  # type: ignore[arg-type]  # it checks
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None
    data = Scored.of(run, name)
    for field in ("labels", "pai", "subject", "acquired"):
        mine, theirs = getattr(data, field), getattr(first, field)
        if (mine is None) != (theirs is None) or not np.array_equal(mine, theirs):
            raise ArgumentError(
                f"{name}: expected the same test rows in every run, got {field} other than those of a[0]"
            )
    return np.asarray(np.where(data.labels == 1, data.scores < tau, data.scores >= tau))
