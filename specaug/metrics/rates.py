"""Error rates at a threshold that is given: there is no default one.

A presentation is accepted as bona fide if its score is below the threshold; a score equal to it is a rejection.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from specaug.errors import ArgumentError
from specaug.metrics.scored import Scored


def apcer(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    threshold: float,
    pai: Sequence[str] | npt.ArrayLike | None = None,
    species: Sequence[str] | None = None,
) -> float:
    r"""Attack presentation classification error rate: that of the worst species.

    :math:`\mathrm{APCER}_k(\tau)` is the share of attacks of species k with a score below τ, and
    :math:`\mathrm{APCER} = \max_k \mathrm{APCER}_k`.

    Parameters
    ----------
    scores : (n,) array
        Higher = more likely an attack.
    labels : (n,) array
        0 bona fide, 1 attack.
    threshold : float
        τ, chosen on other data than these.
    pai : (n,) array of str, optional
        Species of each row, ``none`` for bona fide. Without it all attacks are one species.
    species : sequence of str, optional
        Species that must be there.

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        For bad arrays as :class:`Scored` says, a threshold that is no number, or a species without samples.

    Examples
    --------
    >>> scores, labels = [0.1, 0.4, 0.8, 0.9], [0, 1, 1, 1]
    >>> apcer(scores, labels, threshold=0.5, pai=["none", "print", "replay", "replay"])
    1.0

    References
    ----------
    .. [1] ISO/IEC 30107-3:2023, Biometric presentation attack detection, testing and reporting.
    """
    return max(apcer_by_pai(scores, labels, threshold=threshold, pai=pai, species=species).values())


def apcer_by_pai(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    threshold: float,
    pai: Sequence[str] | npt.ArrayLike | None = None,
    species: Sequence[str] | None = None,
) -> dict[str, float]:
    """APCER of each species; parameters and errors are those of :func:`apcer`."""
    tau = check_threshold(threshold)
    by_pai = checked(scores, labels, pai).scores_by_pai()
    for name in species or ():
        if name not in by_pai:
            raise ArgumentError(f"species: expected samples of {name!r}, got only {', '.join(by_pai)}")
    return {name: accepted(values, tau) for name, values in by_pai.items()}


def bpcer(scores: npt.ArrayLike, labels: npt.ArrayLike, *, threshold: float) -> float:
    """Bona fide presentation classification error rate: the share with a score at or above the threshold.

    Parameters and errors are those of :func:`apcer`.

    Examples
    --------
    >>> bpcer([0.1, 0.5, 0.8], [0, 0, 1], threshold=0.5)
    0.5
    """
    return rejected(checked(scores, labels).bonafide_scores, check_threshold(threshold))


def acer(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    threshold: float,
    pai: Sequence[str] | npt.ArrayLike | None = None,
) -> float:
    """Mean of :func:`apcer`, of the worst species, and :func:`bpcer`; to be shown beside its parts only."""
    worst = apcer(scores, labels, threshold=threshold, pai=pai)
    return (worst + bpcer(scores, labels, threshold=threshold)) / 2


def hter(scores: npt.ArrayLike, labels: npt.ArrayLike, *, threshold: float) -> float:
    """Half total error rate: mean of the share of accepted attacks, all species pooled, and :func:`bpcer`.

    It means something only at a threshold from other data: that of the equal error rate on dev.
    """
    tau = check_threshold(threshold)
    data = checked(scores, labels)
    return (accepted(data.attack_scores, tau) + rejected(data.bonafide_scores, tau)) / 2


def accepted(scores: np.ndarray, threshold: float) -> float:
    """Share of scores below the threshold."""
    return float(np.count_nonzero(scores < threshold) / len(scores))


def rejected(scores: np.ndarray, threshold: float) -> float:
    """Share of scores at or above the threshold."""
    return float(np.count_nonzero(scores >= threshold) / len(scores))


def checked(
    scores: npt.ArrayLike, labels: npt.ArrayLike, pai: Sequence[str] | npt.ArrayLike | None = None
) -> Scored:
    """The arrays as a record that is valid."""
    return Scored(scores, labels, pai)  # type: ignore[arg-type]  # it converts


def check_threshold(threshold: float) -> float:
    """A threshold as a float, infinite ones included."""
    try:
        value = float(threshold)
    except (TypeError, ValueError):
        value = float("nan")
    if np.isnan(value):
        raise ArgumentError(f"threshold: expected a number, got {threshold!r}")
    return value
