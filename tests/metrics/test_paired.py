"""Paired tests: sign flips counted in whole numbers, Holm's correction by closed testing."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.metrics.paired import EXACT, FLIPS, holm, sign_flip_test


def exact_p(values: list[int]) -> Fraction:
    """By the distribution of the sum under random signs, one value after the other."""
    sums = Counter({0: 1})
    for value in values:
        longer: Counter[int] = Counter()
        for total, ways in sums.items():
            longer[total + value] += ways
            longer[total - value] += ways
        sums = longer
    as_far = sum(ways for total, ways in sums.items() if abs(total) >= abs(sum(values)))
    return Fraction(as_far, 2 ** len(values))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_few_differences_give_the_exact_share_of_sign_patterns(values):
    assert sign_flip_test(values) == float(exact_p(values))


@pytest.mark.parametrize("n", [1, 2, 3, 8, EXACT])
def test_differences_that_all_agree_give_the_least_p_there_is(n):
    assert sign_flip_test([0.25] * n) == 2.0 ** (1 - n)
    assert sign_flip_test([-0.25] * n) == 2.0 ** (1 - n)


def test_one_more_than_can_be_counted_is_drawn():
    assert EXACT == 14
    least = sign_flip_test([1.0] * (EXACT + 1))
    assert least * (FLIPS + 1) == pytest.approx(round(least * (FLIPS + 1)), abs=1e-9)
    assert 1 <= round(least * (FLIPS + 1)) <= 6  # the data itself, and 0.6 patterns expected
    assert sign_flip_test([1.0] * 40) == 1 / (FLIPS + 1)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_drawn_patterns_come_near_to_all_of_them(shift):
    values = (np.random.default_rng(shift).integers(-6, 7, 20) + shift).tolist()
    exact = float(exact_p(values))
    spread = (exact * (1 - exact) / FLIPS) ** 0.5
    assert sign_flip_test(values, rng=1) == pytest.approx(exact, abs=4 * spread + 1 / FLIPS)


def test_drawn_patterns_are_those_of_the_generator():
    values = np.random.default_rng(8).normal(0.3, 1, 20)
    assert sign_flip_test(values) == sign_flip_test(values, rng=0) == sign_flip_test(values)
    assert sign_flip_test(values, rng=3) == sign_flip_test(values, rng=np.random.default_rng(3))
    assert len({sign_flip_test(values, rng=seed) for seed in range(5)}) > 1


@pytest.mark.parametrize("n", [7, 20])
def test_sign_and_unit_of_the_differences_do_not_matter(n):
    values = np.random.default_rng(n).normal(0.4, 1, n)
    p = sign_flip_test(values)
    assert sign_flip_test(-values) == p
    assert sign_flip_test(values * 2.0**-30) == p
    assert sign_flip_test(values * 2.0**60) == p


def test_subjects_without_a_difference_change_nothing():
    values = [3, 1, 2, -1]
    assert sign_flip_test([*values, 0, 0, 0]) == sign_flip_test(values)


def test_rounding_breaks_no_tie():
    """0.1 + 0.2 - 0.3 and its mirror images are as far from zero as each other."""
    values = [0.1, 0.2, 0.3, 0.6]
    assert sign_flip_test(values) == float(exact_p([1, 2, 3, 6]))
    assert sign_flip_test([0.1, 0.2, -0.3]) == 1.0


@pytest.mark.parametrize("bad", [[], [[1.0, 2.0]], 3.0, [1.0, np.inf], [np.nan], [1.0, None]])
def test_what_is_no_row_of_finite_numbers_is_refused(bad):
    with pytest.raises(ArgumentError, match=r"^differences: expected a row of finite numbers, got "):
        sign_flip_test(bad)


def closed_testing(p_values: list[Fraction]) -> list[Fraction]:
    """Bonferroni on every set of hypotheses; one is rejected with all sets that hold it. This is Holm's method."""
    everything = range(len(p_values))
    sets = [s for size in range(1, len(p_values) + 1) for s in itertools.combinations(everything, size)]
    of_set = {s: min(Fraction(1), len(s) * min(p_values[i] for i in s)) for s in sets}
    return [max(p for s, p in of_set.items() if i in s) for i in everything]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_holm_is_closed_testing_with_bonferroni(hundredths):
    found = holm([n / 100 for n in hundredths])
    assert found == pytest.approx([float(p) for p in closed_testing([Fraction(n, 100) for n in hundredths])])


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.03, 0.02], [0.04, 0.04]),  # the larger is never below the smaller
        ([0.5, 0.01, 0.5], [1.0, 0.03, 1.0]),
        ([0.3, 0.4, 0.9], [0.9, 0.9, 0.9]),
        ([1.0, 1.0], [1.0, 1.0]),
        ([0.0, 0.2], [0.0, 0.2]),
    ],
)
def test_holm_keeps_the_order_of_what_came(given, corrected):
    assert holm(given) == pytest.approx(corrected)
