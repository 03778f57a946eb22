"""Confidence intervals by resampling subjects, all resamples at once.

Rows of one subject are no independent trials, so a resample draws whole subjects with replacement. It is kept as a
weight for each subject: how often it was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from specaug.metrics.scored import Scored

_PIECE = 1 << 20
"""Weights of rows that are held at once while equal error rates are resampled."""


def subject_weights(n: int, *, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `n` subjects is drawn in each resample.

    Returns
    -------
    (resamples, n) float64
        Whole numbers; each row sums to `n`.

    Examples
    --------
    >>> subject_weights(5, resamples=3, rng=np.random.default_rng(0)).sum(axis=1)
    array([5., 5., 5.])
    """
    draws = rng.integers(0, n, (resamples, n))
    draws += n * np.arange(resamples)[:, None]
    return np.bincount(draws.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float64)


def interval(values: np.ndarray, *, confidence: float) -> tuple[float, float]:
    """Percentile interval of resampled values; resamples in which the rate is undefined (NaN) were not possible."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, (tail, 1 - tail))
    return float(low), float(high)


def resampled_eer(data: Scored, weights: np.ndarray) -> np.ndarray:
    """Equal error rate, all attacks pooled, in each resample: (resamples,) float64."""
    rows = np.flatnonzero(data.has_score)
    rows = rows[np.argsort(data.scores[rows], kind="stable")]
    scores, attack, units = data.scores[rows], data.labels[rows] == 1, data.units()[rows]
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # last row of each distinct score
    pieces = [_crossing(part, units, attack, ends) for part in _pieces(weights, len(rows))]
    return np.concatenate(pieces)


def _pieces(weights: np.ndarray, n_rows: int) -> Iterator[np.ndarray]:
    step = max(1, _PIECE // n_rows)
    return (weights[start : start + step] for start in range(0, len(weights), step))


def _crossing(weights: np.ndarray, units: np.ndarray, attack: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Mean of both errors where they are nearest, as :func:`specaug.metrics.eer` defines it, for each resample."""
    by_row = weights[:, units]
    total = np.cumsum(by_row, axis=1)
    attacks = np.cumsum(by_row * attack, axis=1)
    n_attacks, n_bonafide = attacks[:, -1:], total[:, -1:] - attacks[:, -1:]
    # Columns are thresholds just above each distinct score, after one below them all. Counts are whole numbers, so
    # that the two nearest steps compare exactly.
    passed = _from_zero(attacks[:, ends])
    failed = n_bonafide - _from_zero((total - attacks)[:, ends])
    best = np.argmin(np.abs(passed * n_bonafide - failed * n_attacks), axis=1)[:, None]
    with np.errstate(invalid="ignore"):
        apcer = np.take_along_axis(passed, best, axis=1) / n_attacks
        bpcer = np.take_along_axis(failed, best, axis=1) / n_bonafide
    return np.asarray((apcer + bpcer)[:, 0] / 2)


def _from_zero(counts: np.ndarray) -> np.ndarray:
    """A column of zeros before the others."""
    return np.hstack([np.zeros((len(counts), 1)), counts])
