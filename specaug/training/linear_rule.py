"""A linear rule on features: L2-penalised logistic regression, its choice by dev, and its file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specaug.training.balanced_loss import balanced_loss

PENALTIES = tuple(float(f"{10 ** (exponent / 2):.6g}") for exponent in range(-8, 5))
"""From 1e-4, where a rule learns a hundred clips by heart, to 100, where it says the same of all, in half decades."""
_STEPS = 100
_SETTLED = 1e-10
"""Newton has come to the minimum where no further step promises to lower the loss by more."""


@dataclass(frozen=True, eq=False)
class LinearRule:
    """Standardise features, weigh them, sum: a logit, higher = more likely an attack."""

    mean: np.ndarray
    """(n,) float64, of each feature of the training clips."""
    deviation: np.ndarray
    """(n,) float64, above 0."""
    weights: np.ndarray
    """(n,) float64, of standardised features."""
    bias: float
    penalty: float

    def __repr__(self) -> str:
        return f"LinearRule({self.weights.size} features, penalty={self.penalty})"

    def scores(self, features: np.ndarray) -> np.ndarray:
        """(B,) float64 logits of (B, n) features."""
        return np.asarray((features - self.mean) / self.deviation @ self.weights + self.bias, np.float64)


def fit_rule(features: np.ndarray, labels: np.ndarray, *, penalty: float) -> LinearRule:
    """Fit the rule with the least balanced cross-entropy plus half of `penalty` times the squared weights.

    Parameters
    ----------
    features : (B, n) float64 array
    labels : (B,) array of 0 (bona fide) and 1 (attack)
        Both have to be there; each class weighs as much as the other.
    penalty : float
        Above 0. The bias is not penalised.

    Returns
    -------
    LinearRule

    Examples
    --------
    >>> rule = fit_rule(np.array([[0.0], [1.0], [4.0], [5.0]]), np.array([0, 0, 1, 1]), penalty=0.1)
    >>> rule.scores(np.array([[2.5], [9.0]])).round(2) + 0.0
    array([0.  , 5.08])
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    # A feature that never varies tells nothing; dividing by 1 leaves it at 0.
    deviation = np.where(deviation > 1e-9, deviation, 1.0)
    design = np.column_stack([(features - mean) / deviation, np.ones(len(features))])
    share = np.where(labels == 1, 0.5 / (labels == 1).sum(), 0.5 / (labels == 0).sum())
    ridge = np.append(np.full(features.shape[1], penalty), 0.0)
    found = _minimum(design, labels, share, ridge)
    return LinearRule(mean, deviation, found[:-1], float(found[-1]), penalty)


def _minimum(design: np.ndarray, labels: np.ndarray, share: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Newton's method on a convex loss; steps are halved until they lower it."""

    def loss(at: np.ndarray) -> float:
        logits = design @ at
        return float(share @ np.logaddexp(0, np.where(labels == 1, -logits, logits)) + ridge @ at**2 / 2)

    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 0.5 * (1 + np.tanh(design @ found / 2))
        slope = design.T @ (share * (chance - labels)) + ridge * found
        curvature = (design.T * (share * chance * (1 - chance))) @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, slope)
        promised = float(slope @ step)
        if promised < _SETTLED:
            break
        size, before = 1.0, loss(found)
        while loss(found - size * step) > before - size * promised / 4 and size > 1e-6:
            size /= 2
        found = found - size * step
    return found


def choose_rule(train: tuple[np.ndarray, np.ndarray], dev: tuple[np.ndarray, np.ndarray]) -> LinearRule:
    """The rule, fitted to features and labels of `train`, whose penalty has the least balanced loss on `dev`.

    Of two penalties that are as good the higher one counts.
    """
    rules = [fit_rule(*train, penalty=penalty) for penalty in reversed(PENALTIES)]
    losses = [balanced_loss(rule.scores(dev[0]), dev[1]) for rule in rules]
    return rules[int(np.argmin(losses))]
