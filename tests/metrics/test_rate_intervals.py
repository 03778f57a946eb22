"""Intervals of rates of clustered trials: known limits, few subjects, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, norm
from scipy.stats import t as student

from specaug.metrics.error_counts import ErrorCounts
from specaug.metrics.rate_intervals import acer_interval, proportion_interval, rate_interval, worst_interval


def test_limits_are_exact_ones_at_the_effective_number_of_trials():
    """20 subjects with a trial each: the variance is that of independent trials, a jackknife's n/(n - 1) apart."""
    errors, rows = np.array([1.0] * 6 + [0.0] * 14), np.ones(20)
    spread = (6 * 0.7**2 + 14 * 0.3**2) / (20 * 19) / 0.21
    doubt = 2 / (6 + 2)
    trials = (
        1 / ((1 - doubt) * max(spread, 1 / 20) + doubt / 20) * (norm.ppf(0.025) / student.ppf(0.025, 19)) ** 2
    )
    low, high = rate_interval(errors, rows, confidence=0.95)
    assert low == pytest.approx(beta.ppf(0.025, 0.3 * trials, 0.7 * trials + 1))
    assert high == pytest.approx(beta.ppf(0.975, 0.3 * trials + 1, 0.7 * trials))


def test_rows_that_share_the_fate_of_their_subject_add_nothing():
    errors = np.array([1.0] * 6 + [0.0] * 14)
    one = rate_interval(errors, np.ones(20), confidence=0.95)
    assert rate_interval(10 * errors, np.full(20, 10.0), confidence=0.95) == pytest.approx(one)


def test_rows_with_luck_of_their_own_add_much():
    one = rate_interval(np.array([1.0, 0.0] * 10), np.ones(20), confidence=0.95)
    ten = rate_interval(np.full(20, 5.0), np.full(20, 10.0), confidence=0.95)
    assert ten[1] - ten[0] < 0.5 * (one[1] - one[0])


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_no_errors_reach_as_far_as_three_over_n(n):
    assert rate_interval(np.zeros(n), np.ones(n), confidence=0.95) == (0, min(1, 3 / n))
    assert rate_interval(np.ones(n), np.ones(n), confidence=0.95) == (1 - min(1, 3 / n), 1)


def test_one_error_reaches_further_than_none():
    for rows in (1.0, 4.0):
        none = rate_interval(np.zeros(20), np.full(20, rows), confidence=0.95)
        one = rate_interval(np.array([1.0] + [0.0] * 19), np.full(20, rows), confidence=0.95)
        assert one[1] > none[1] or rows > 1
        assert one[0] > 0


def test_one_subject_says_nothing():
    assert rate_interval(np.array([3.0]), np.array([10.0]), confidence=0.5) == (0, 1)
    assert proportion_interval(0.4, variance=0, units=1.5, rows=90, mixed=1, confidence=0.9) == (0, 1)


def test_subjects_without_the_class_do_not_count():
    errors, rows = np.array([1.0, 0.0, 1.0, 0.0, 0.0]), np.ones(5)
    longer = rate_interval(np.r_[errors, 0, 0], np.r_[rows, 0, 0], confidence=0.9)
    assert longer == rate_interval(errors, rows, confidence=0.9)


def test_the_worst_of_several_has_the_largest_limits_and_a_lower_one_that_allows_for_the_choice():
    errors = np.array([[[0.0] * 12, [1.0] * 3 + [0.0] * 9, [1.0] * 4 + [0.0] * 8]])
    counts = ErrorCounts(errors, np.ones((3, 12)), ("bona fide", "print", "replay"))
    alone = rate_interval(errors[0, 2], np.ones(12), confidence=0.95)
    low, high = worst_interval(counts, confidence=0.95)
    assert high == alone[1]
    assert low < alone[0]


def test_a_species_that_is_always_wrong_may_have_been_chosen_for_it():
    """Of three species with ten subjects one errs always: 0.05/3 = (1 - r)^10 has r near -ln(0.05/3)/10."""
    errors = np.stack([np.zeros(10), np.full(10, 1.0), np.zeros(10), np.zeros(10)])[None]
    counts = ErrorCounts(errors, np.ones((4, 10)), ("bona fide", *"abc"))
    low, high = worst_interval(counts, confidence=0.95)
    assert low == pytest.approx(1 - 3 / 10 * np.log(0.05 / 3) / np.log(0.05))
    assert high == 1


@pytest.mark.parametrize(("n", "species", "effect"), [(5, 3, 0.0), (10, 1, 2.0), (12, 3, 0.7), (20, 2, 0.7)])
def test_they_hold_the_truth_in_more_than_93_of_100_cases(n, species, effect):
    """600 sets with a rate of 16 % in every class: three standard errors are 2.7 points; the benchmark counts more."""
    rng = np.random.default_rng(n)
    far = 1.0 * np.hypot(1, effect)
    luck = rng.normal(size=(600, species + 1, n, 2)) + effect * rng.normal(size=(600, species + 1, n, 1))
    names = ("bona fide", *"abc"[:species])
    truth, held = norm.sf(1.0), np.zeros(2)
    for errors in (luck > far).sum(axis=-1).astype(float):
        counts = ErrorCounts(errors[None], np.full((species + 1, n), 2.0), names)
        for i, interval in enumerate((worst_interval, acer_interval)):
            low, high = interval(counts, confidence=0.95)
            held[i] += low <= truth <= high
    assert (held / 600 > 0.93).all()
