"""Variance of a difference of two arms when subjects and runs of training are both drawn at random.

All runs judge the same subjects; the runs of one arm are others than those of the other. A subject that is hard for
everybody cancels in the difference, the luck of a run does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

UNSEEN = 1.5
"""Standard error, in subjects, where no subject at all made a difference: twice that is the rule of three."""
_NOTHING = 1e-14
"""A variance below this is rounding."""


@dataclass(frozen=True)
class ArmVariance:
    """What the figure of one arm varies with."""

    seeds: int
    between_runs: float
    """Variance of the figure over runs."""
    interaction: float
    """Of that, the part with which subjects do other things in other runs."""

    @property
    def luck(self) -> float:
        """Variance over runs with endless subjects: the luck of training itself."""
        return max(self.between_runs - self.interaction, 0.0)


@dataclass(frozen=True)
class CrossedVariance:
    """Variance of a difference (two arms) or of a figure (one arm), by source."""

    subjects: float
    """How many, effectively."""
    runs_held: float
    """Variance over subjects alone, the runs taken as they are."""
    arms: tuple[ArmVariance, ...]

    @property
    def of_subjects(self) -> float:
        """Variance that more runs would not lower: what subjects do in all runs."""
        share = sum(arm.interaction / arm.seeds for arm in self.arms)
        return max(self.runs_held - share, 0.0)

    def errors(self) -> tuple[tuple[float, float], ...]:
        """(variance, degrees of freedom) that a test has to pass: with random runs, and with the runs as they are."""
        few = self.subjects - 1
        by_run = [arm.between_runs / arm.seeds for arm in self.arms]
        total = sum(by_run) + self.of_subjects
        if total < _NOTHING or min(arm.seeds for arm in self.arms) < 2:
            return ((self.runs_held, few),)
        parts = sum(v**2 / (arm.seeds - 1) for v, arm in zip(by_run, self.arms, strict=True))
        freedom = total**2 / (parts + self.of_subjects**2 / few)
        return ((total, min(freedom, few)), (self.runs_held, few))

    def p_value(self, difference: float) -> float:
        """Chance of a difference at least as large if there were none."""
        return max(float(2 * stdtr(df, -abs(difference) / math.sqrt(v))) for v, df in self.errors())

    def half_width(self, alpha: float) -> float:
        """Half of the interval that leaves out nothing with a p-value of at least `alpha`."""
        return max(-float(stdtrit(df, alpha / 2)) * math.sqrt(v) for v, df in self.errors())

    def with_design(self, subjects: float, seeds: int) -> CrossedVariance:
        """What it would be with other numbers of subjects and of runs in each arm."""
        share = self.subjects / subjects
        arms = tuple(
            ArmVariance(seeds, arm.luck + arm.interaction * share, arm.interaction * share)
            for arm in self.arms
        )
        held = self.of_subjects * share + sum(arm.interaction / seeds for arm in arms)
        return CrossedVariance(subjects, max(held, (UNSEEN / subjects) ** 2 * (held < _NOTHING)), arms)

    def detectable(self, *, alpha: float, power: float) -> float:
        """The least difference that a test at `alpha` shows with a chance of `power`."""
        return max(
            -float(stdtrit(df, alpha / 2) + stdtrit(df, 1 - power)) * math.sqrt(v) for v, df in self.errors()
        )


def crossed_variance(
    influences: Sequence[np.ndarray], figures: Sequence[np.ndarray], *, subjects: float
) -> CrossedVariance:
    """Variance components of the mean figure of one arm, or of the difference of two.

    Parameters
    ----------
    influences : one or two arrays (runs, subjects)
        What each subject does to the figure of each run, as :meth:`ErrorCounts.influences` gives it.
    figures : as many arrays (runs,)
        The figure of each run.
    subjects : float
        Effective number of subjects, for the degrees of freedom.
    """
    n = influences[0].shape[1]
    means = [values.mean(axis=0) for values in influences]
    apart = means[-1] - means[0] if len(means) == 2 else means[0]
    held = float(np.sum(apart**2)) / (n * (n - 1))
    arms = tuple(
        ArmVariance(len(values), *_over_runs(values, mean, figure))
        for values, mean, figure in zip(influences, means, figures, strict=True)
    )
    return CrossedVariance(subjects, held if held > _NOTHING else (UNSEEN / subjects) ** 2, arms)


def _over_runs(influences: np.ndarray, mean: np.ndarray, figures: np.ndarray) -> tuple[float, float]:
    """Variance over runs, and the share of it that comes from subjects."""
    runs, n = influences.shape
    if runs < 2:
        return 0.0, 0.0
    interaction = float(np.sum((influences - mean) ** 2)) / (n * (n - 1) * (runs - 1))
    return float(figures.var(ddof=1)), interaction
