"""Thresholds from scores: equal error rate, and operating points at a given error rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from specaug.metrics.curves import check_rate, curve_of
from specaug.metrics.rates import accepted, checked, rejected
from specaug.metrics.scored import Scored


def eer(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    pai: Sequence[str] | npt.ArrayLike | None = None,
) -> tuple[float, float]:
    """Equal error rate: where the curves of both errors cross.

    The curves are stairs and may jump past each other. The step where they are nearest counts, the lower one (fewer
    attacks accepted) where two are as near, and the rate is the mean of both errors there. The threshold lies in
    the middle of that step.

    Parameters
    ----------
    scores : (n,) array
        Higher = more likely an attack.
    labels : (n,) array
        0 bona fide, 1 attack.
    pai : (n,) array of str, optional
        With it the attack curve is that of the worst species at each threshold; without it, of all attacks pooled.

    Returns
    -------
    rate, threshold : float

    Raises
    ------
    ArgumentError
        As :func:`specaug.metrics.apcer`.

    Examples
    --------
    >>> eer([0.1, 0.2, 0.6, 0.4, 0.8, 0.9], [0, 0, 0, 1, 1, 1])
    (0.3333333333333333, 0.5)
    """
    return eer_of(checked(scores, labels, pai), worst=pai is not None)


def eer_of(data: Scored, *, worst: bool) -> tuple[float, float]:
    """Rate and threshold of scores that were checked."""
    curve = curve_of(data, worst=worst)
    # Rounded, so that of two steps that are as near the lower one counts whatever the last bit says.
    best = int(np.argmin(np.abs(curve.apcer - curve.bpcer).round(12)))
    rate = float(curve.apcer[best] + curve.bpcer[best]) / 2
    return rate, _middle(curve.thresholds, best)


def _middle(thresholds: np.ndarray, step: int) -> float:
    """Middle of the thresholds that a step stands for; the first step has no lower end."""
    high = float(thresholds[step])
    if step == 0:
        return high
    low = float(thresholds[step - 1])
    middle = low + (high - low) / 2
    return middle if low < middle < high else high


def threshold_at_apcer(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    apcer: float,
    pai: Sequence[str] | npt.ArrayLike | None = None,
) -> float:
    r"""The largest threshold at which no species has a higher APCER than the given one.

    :math:`\tau = \min_k \max\{\tau : \mathrm{APCER}_k(\tau) \le a\}`; infinite for a = 1.

    Parameters and errors are those of :func:`bpcer_at_apcer`.
    """
    return threshold_for_apcer(checked(scores, labels, pai), check_rate("apcer", apcer))


def threshold_for_apcer(data: Scored, rate: float) -> float:
    """The same of scores that were checked."""
    return min(_largest(np.sort(values), rate) for values in data.scores_by_pai().values())


def _largest(ascending: np.ndarray, rate: float) -> float:
    """Largest τ with at most that share of the scores below it."""
    spared = _errors_allowed(len(ascending), rate)
    return float("inf") if spared == len(ascending) else float(ascending[spared])


def bpcer_at_apcer(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    apcer: float,
    pai: Sequence[str] | npt.ArrayLike | None = None,
) -> float:
    """BPCER at the largest threshold that keeps the APCER of every species within `apcer`.

    BPCER10, BPCER20 and BPCER100 are those at 10, 5 and 1 %. The threshold is chosen on these very scores: for a
    figure of a test set at a threshold from dev, see :func:`specaug.metrics.evaluate`.

    Parameters
    ----------
    scores : (n,) array
        Higher = more likely an attack.
    labels : (n,) array
        0 bona fide, 1 attack.
    apcer : float
        In [0, 1].
    pai : (n,) array of str, optional

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        For a rate outside [0, 1], and as :func:`specaug.metrics.apcer`.

    Examples
    --------
    >>> bpcer_at_apcer([0.1, 0.2, 0.6, 0.4, 0.8, 0.9], [0, 0, 0, 1, 1, 1], apcer=0)
    0.3333333333333333
    """
    data = checked(scores, labels, pai)
    tau = threshold_for_apcer(data, check_rate("apcer", apcer))
    return rejected(data.bonafide_scores, tau)


def threshold_at_bpcer(scores: npt.ArrayLike, labels: npt.ArrayLike, *, bpcer: float) -> float:
    """The smallest threshold at which BPCER is at most the given one; minus infinity for 1.

    A score equal to the threshold is rejected, so it is the next number above a score.
    """
    return _smallest(checked(scores, labels).bonafide_scores, check_rate("bpcer", bpcer))


def _smallest(scores: np.ndarray, rate: float) -> float:
    rejected = _errors_allowed(len(scores), rate)
    if rejected == len(scores):
        return float("-inf")
    return float(np.nextafter(np.sort(scores)[len(scores) - 1 - rejected], np.inf))


def apcer_at_bpcer(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    bpcer: float,
    pai: Sequence[str] | npt.ArrayLike | None = None,
) -> float:
    """APCER, of the worst species, at the smallest threshold that keeps BPCER within `bpcer`.

    Parameters and errors are those of :func:`bpcer_at_apcer`.

    Examples
    --------
    >>> apcer_at_bpcer([0.1, 0.2, 0.6, 0.4, 0.8, 0.9], [0, 0, 0, 1, 1, 1], bpcer=0)
    0.3333333333333333
    """
    data = checked(scores, labels, pai)
    tau = _smallest(data.bonafide_scores, check_rate("bpcer", bpcer))
    return max(accepted(values, tau) for values in data.scores_by_pai().values())


def _errors_allowed(n: int, rate: float) -> int:
    """Largest number of errors whose share of `n`, as a float, is at most `rate`."""
    guess = int(rate * n)
    return next(k for k in (guess + 1, guess, guess - 1) if k <= n and k / n <= rate)
