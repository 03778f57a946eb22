"""Is the difference between two systems more than chance, where both judged the same subjects?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from specaug.errors import ArgumentError

EXACT = 14
"""Up to that many differences all sign patterns are counted."""
FLIPS = 9_999
"""Random sign patterns otherwise."""


def sign_flip_test(differences: npt.ArrayLike, *, rng: np.random.Generator | int | None = 0) -> float:
    """Chance of a mean at least as far from zero if each difference were as likely to have the other sign.

    Parameters
    ----------
    differences : (n,) array
        One for each independent unit, such as a subject.
    rng : numpy.random.Generator, int or None
        For more than :data:`EXACT` differences.

    Returns
    -------
    float
        Two-sided p-value; never below ``2 ** (1 - n)``, which is why few subjects can show nothing.

    Raises
    ------
    ArgumentError
        For no differences, or some that are not finite.

    Examples
    --------
    >>> sign_flip_test([1.0, 1.0, 1.0])
    0.25

    References
    ----------
    .. [1] R. A. Fisher, "The design of experiments", 1935.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ArgumentError(f"differences: expected a row of finite numbers, got {differences!r:.60}")
    seen = abs(values.sum()) * (1 - 1e-12)
    if len(values) <= EXACT:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(values))))
        return float(np.mean(np.abs(signs @ values) >= seen))
    signs = np.random.default_rng(rng).choice((-1.0, 1.0), (FLIPS, len(values)))
    return float((1 + np.count_nonzero(np.abs(signs @ values) >= seen)) / (FLIPS + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, by Holm's method.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = highest
    return corrected
