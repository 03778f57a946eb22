"""Means over subjects and their difference, with intervals: a subject is the unit that is drawn at random."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

CONFIDENCE = 0.95


def subject_means(subjects: Sequence[str], values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Average the rows of each subject.

    Parameters
    ----------
    subjects : (clips,) sequence of str
    values : (clips, n) array

    Returns
    -------
    names : tuple of str
        Sorted.
    means : (subjects, n) float64 array
    """
    names, place = np.unique(np.asarray(subjects), return_inverse=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, place, values)
    return tuple(names.tolist()), sums / np.bincount(place)[:, None]


def mean_interval(values: np.ndarray) -> np.ndarray | None:
    """Half the width of the interval of a mean over (subjects, n) values, (n,); None for fewer than two subjects."""
    if len(values) < 2:
        return None
    error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return np.asarray(_student(len(values) - 1) * error)


def difference_interval(
    bonafide: tuple[Sequence[str], np.ndarray],
    attack: tuple[Sequence[str], np.ndarray],
    *,
    comparisons: int = 1,
) -> np.ndarray | None:
    """Half the width of the interval of a difference of means over subjects.

    A subject that is on both sides counts once: what it has in common on both cancels out. Its influence on the
    difference is that of its two values; the variance is the sum of squared influences, as for clusters.

    Parameters
    ----------
    bonafide, attack : (names, values)
        One name and one row of (subjects, n) values for each subject.
    comparisons : int
        Intervals of which all hold together with the confidence of one, by Bonferroni's inequality.

    Returns
    -------
    (n,) float64 array or None
        None where a side has fewer than two subjects. Student's t with the degrees of freedom of the smaller side.

    References
    ----------
    .. [1] Cameron, A. C. and Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of Human
       Resources 50(2), 317-372.
    """
    fewer = min(len(bonafide[0]), len(attack[0]))
    if fewer < 2:
        return None
    influence: dict[str, np.ndarray] = {}
    for sign, (names, values) in ((-1, bonafide), (1, attack)):
        n = len(names)
        # n - 1 for the mean that was estimated, as in a standard deviation of one side.
        parts = sign * (values - values.mean(axis=0)) / math.sqrt(n * (n - 1))
        for name, part in zip(names, parts, strict=True):
            influence[name] = influence.get(name, 0) + part
    variance = sum(part**2 for part in influence.values())
    return np.asarray(_student(fewer - 1, comparisons) * np.sqrt(variance))


def _student(freedom: int, comparisons: int = 1) -> float:
    return float(special.stdtrit(freedom, 1 - (1 - CONFIDENCE) / 2 / comparisons))
