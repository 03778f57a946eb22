"""Variance of a difference with random subjects and runs, against sums written out one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from specaug.metrics.crossed import UNSEEN, ArmVariance, CrossedVariance, crossed_variance


def loops(influences, figures):
    """Sums over runs and subjects written out, as (runs held, [(between runs, interaction) of each arm])."""
    n = len(influences[0][0])
    means = []
    arms = []
    for runs, figure in zip(influences, figures, strict=True):
        count = len(runs)
        mean = [sum(run[u] for run in runs) / count for u in range(n)]
        means.append(mean)
        middle = sum(figure) / count
        between = sum((value - middle) ** 2 for value in figure) / (count - 1)
        interaction = 0.0
        for run in runs:
            for u in range(n):
                interaction += (run[u] - mean[u]) ** 2
        arms.append((between, interaction / ((count - 1) * n * (n - 1))))
    held = 0.0
    for u in range(n):
        apart = means[1][u] - means[0][u] if len(means) == 2 else means[0][u]
        held += apart**2
    return held / (n * (n - 1)), arms


def drawn(seed, runs=(3, 5), n=7):
    rng = np.random.default_rng(seed)
    influences = [rng.normal(size=(s, n)) * 0.3 for s in runs]
    return influences, [rng.normal(size=s) * 0.05 for s in runs]


@pytest.mark.parametrize("runs", [(3, 5), (2, 2), (4,)])
@pytest.mark.parametrize("seed", range(3))
def test_components_are_the_sums_of_squares(seed, runs):
    influences, figures = drawn(seed, runs)
    found = crossed_variance(influences, figures, subjects=7)
    held, arms = loops([x.tolist() for x in influences], [x.tolist() for x in figures])
    assert found.runs_held == pytest.approx(held)
    assert [(arm.seeds, arm.between_runs, arm.interaction) for arm in found.arms] == [
        (count, pytest.approx(between), pytest.approx(interaction))
        for count, (between, interaction) in zip(runs, arms, strict=True)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_p_and_interval_are_those_of_the_published_formulas(seed):
    influences, figures = drawn(seed)
    found = crossed_variance(influences, figures, subjects=7)
    held, ((ra, ia), (rb, ib)) = loops(influences, figures)
    of_subjects = max(held - ia / 3 - ib / 5, 0)
    total = ra / 3 + rb / 5 + of_subjects
    freedom = total**2 / ((ra / 3) ** 2 / 2 + (rb / 5) ** 2 / 4 + of_subjects**2 / 6)
    tests = [(total, min(freedom, 6)), (held, 6)]
    d = 0.13
    assert found.p_value(d) == pytest.approx(max(2 * student.sf(d / v**0.5, df) for v, df in tests))
    assert found.p_value(-d) == found.p_value(d)
    assert found.half_width(0.1) == pytest.approx(max(student.isf(0.05, df) * v**0.5 for v, df in tests))


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.001])
def test_the_interval_ends_where_p_is_alpha(alpha):
    found = crossed_variance(*drawn(3), subjects=7)
    assert found.p_value(found.half_width(alpha)) == pytest.approx(alpha)


def test_three_runs_that_differ_have_two_degrees_of_freedom():
    arms = (ArmVariance(3, 0.0, 0.0), ArmVariance(3, 0.03, 0.0))
    ((variance, freedom), _) = CrossedVariance(100, 1e-9, arms).errors()
    assert variance == pytest.approx(0.01)
    assert freedom == pytest.approx(2, rel=1e-4)


def test_no_more_degrees_of_freedom_than_subjects_allow():
    """Ten runs in each arm that scatter evenly would have eighteen."""
    arms = (ArmVariance(10, 0.1, 0.0),) * 2
    ((_, freedom), (_, few)) = CrossedVariance(6, 1e-9, arms).errors()
    assert freedom == few == 5


def test_where_nothing_differs_no_subject_is_a_proof():
    influences, figures = [np.zeros((3, 10))] * 2, [np.full(3, 0.5)] * 2
    found = crossed_variance(influences, figures, subjects=10)
    assert found.runs_held == pytest.approx((UNSEEN / 10) ** 2)
    assert found.half_width(0.05) > 0.3


def test_components_are_recovered_on_average():
    """Effects with known variances: subject by arm 0.04, run 0.01, subject by run 0.25, of 20 subjects and 4 runs."""
    rng = np.random.default_rng(0)
    n, runs, found = 20, 4, []
    for _ in range(300):
        values = []
        for _ in range(2):
            values.append(
                0.2 * rng.normal(size=(1, n))
                + 0.1 * rng.normal(size=(runs, 1))
                + 0.5 * rng.normal(size=(runs, n))
            )
        figures = [v.mean(axis=1) for v in values]
        influences = [v - v.mean(axis=1, keepdims=True) for v in values]
        c = crossed_variance(influences, figures, subjects=n)
        share = sum(arm.interaction / runs for arm in c.arms)
        found.append(
            (
                c.runs_held - share,
                np.mean([arm.between_runs - arm.interaction for arm in c.arms]),
                np.mean([arm.interaction for arm in c.arms]),
            )
        )
    subject, run, interaction = np.mean(found, axis=0)
    error = 4 * np.std(found, axis=0) / 300**0.5
    assert subject == pytest.approx(2 * 0.04 / n, abs=error[0])
    assert run == pytest.approx(0.01, abs=error[1])
    assert interaction == pytest.approx(0.25 / n, abs=error[2])


class TestOtherDesigns:
    ARMS = (ArmVariance(3, 0.01, 0.004), ArmVariance(3, 0.02, 0.002))
    HERE = CrossedVariance(20, 0.005, ARMS)

    def test_the_same_design_has_the_same_variance(self):
        again = self.HERE.with_design(20, 3)
        for mine, theirs in zip(again.errors(), self.HERE.errors(), strict=True):
            assert mine == pytest.approx(theirs)

    def test_endless_runs_leave_what_subjects_do_and_endless_subjects_the_luck_of_runs(self):
        (many_runs, _), _ = self.HERE.with_design(20, 10**6).errors()
        assert many_runs == pytest.approx(self.HERE.of_subjects, rel=1e-4)
        (many_subjects, _), _ = self.HERE.with_design(1e9, 3).errors()
        assert many_subjects == pytest.approx((0.006 + 0.018) / 3, rel=1e-4)

    def test_a_larger_design_shows_less(self):
        least = [
            self.HERE.with_design(n, s).detectable(alpha=0.05, power=0.8)
            for n, s in ((20, 3), (20, 6), (60, 6))
        ]
        assert least == sorted(least, reverse=True)
        assert self.HERE.detectable(alpha=0.05, power=0.8) == pytest.approx(least[0])
