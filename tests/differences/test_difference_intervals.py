"""Intervals over subjects cover what they should, and know subjects that are on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from specaug.differences.clip_measures import COLOR, ClipToCompare, LoadedClip
from specaug.differences.difference_numbers import DifferenceNumbers
from specaug.differences.difference_sentences import NOTHING
from specaug.differences.intervals import difference_interval, mean_interval, subject_means
from specaug.differences.side_measures import SideMeasures
from specaug.differences.spectra import OCTAVES

NAMES = tuple(f"s{n}" for n in range(10))


def test_means_are_over_the_clips_of_a_subject():
    names, means = subject_means(["b", "a", "b"], np.array([[1.0], [5.0], [3.0]]))
    assert names == ("a", "b")
    assert means.tolist() == [[5.0], [2.0]]


def test_the_interval_of_a_mean_is_that_of_student():
    values = np.random.default_rng(1).standard_normal((10, 3))
    low, high = stats.t.interval(0.95, 9, values.mean(axis=0), stats.sem(values))
    np.testing.assert_allclose(mean_interval(values), (high - low) / 2)
    assert mean_interval(values[:1]) is None


def test_subjects_on_both_sides_are_pairs():
    rng = np.random.default_rng(2)
    own = 5 * rng.standard_normal((10, 2))
    bonafide, attack = own + rng.standard_normal((10, 2)), own + rng.standard_normal((10, 2)) + 1
    low, high = stats.t.interval(0.95, 9, 0, stats.sem(attack - bonafide))
    np.testing.assert_allclose(difference_interval((NAMES, bonafide), (NAMES, attack)), (high - low) / 2)


def test_different_subjects_have_the_sum_of_both_variances():
    rng = np.random.default_rng(3)
    bonafide, attack = rng.standard_normal((10, 2)), 3 * rng.standard_normal((6, 2))
    error = np.sqrt(stats.sem(bonafide) ** 2 + stats.sem(attack) ** 2)
    others = tuple(f"t{n}" for n in range(6))
    np.testing.assert_allclose(
        difference_interval((NAMES, bonafide), (others, attack)), stats.t.ppf(0.975, 5) * error
    )


@pytest.mark.parametrize("shared", [0, 4, 8])
def test_intervals_cover(shared):
    rng, covered, n = np.random.default_rng(4), 0, 8
    names = tuple(f"s{k}" for k in range(n)), tuple(f"s{k}" for k in range(n - shared, 2 * n - shared))
    for _ in range(1000):
        subjects = dict(
            zip(dict.fromkeys([*names[0], *names[1]]), 2 * rng.standard_normal((2 * n, 1)), strict=False)
        )
        sides = [
            (side, np.array([subjects[s] for s in side]) + rng.standard_normal((n, 1))) for side in names
        ]
        half = difference_interval(*sides)
        covered += bool(abs(sides[1][1].mean() - sides[0][1].mean()) <= half[0])
    assert 0.93 <= covered / 1000 <= 0.985  # the smaller side's degrees of freedom make it a little wide


def test_one_subject_has_no_interval():
    assert difference_interval((("a",), np.zeros((1, 1))), (NAMES, np.zeros((10, 1)))) is None


def test_bonferroni_divides_what_may_fail():
    rng = np.random.default_rng(5)
    sides = (NAMES, rng.standard_normal((10, 2))), (NAMES, rng.standard_normal((10, 2)))
    ratio = difference_interval(*sides, comparisons=5) / difference_interval(*sides)
    np.testing.assert_allclose(ratio, stats.t.ppf(0.995, 9) / stats.t.ppf(0.975, 9))


def test_the_best_of_all_octaves_is_told_as_seldom_as_its_interval_says():
    typical, plane = ClipToCompare("", "", lambda: LoadedClip(np.zeros((1, 1, 1, 3)))), np.zeros((1, 1))
    rng, pairs, told = np.random.default_rng(6), 1000, 0

    def side(names):
        few, octaves = np.zeros((len(names), 1)), rng.standard_normal((len(names), len(OCTAVES)))
        color, local = np.zeros((len(names), len(COLOR))), np.zeros((2, 1, 1))
        return SideMeasures(
            "", 9, 9, names, plane, few, few, octaves, color, local, None, None, typical
        )  # fmt: skip

    for _ in range(pairs):
        told += DifferenceNumbers(side(NAMES), side(NAMES), peaks=(), lines=()).findings != (NOTHING,)
    assert 0.01 <= told / pairs <= 0.06
