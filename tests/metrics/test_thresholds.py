"""Thresholds from scores: extremes of what a rate allows, exact operating points, equal error rates."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from exact_rates import Exact, random_set
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug import metrics
from specaug.errors import ArgumentError

RATES = [Fraction(text) for text in ("0", "1/100", "1/20", "1/10", "1/4", "1/3", "1/2", "2/3", "99/100", "1")]
"""Handed in as floats, which stand for these fractions."""


def ladder(n):
    """`n` attacks with scores 0 to n - 1, and a bona fide row below them all."""
    return [-1.0, *range(n)], [0, *[1] * n]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 29, 41, 100])
def test_a_rate_of_k_of_n_lets_exactly_k_pass_and_one_just_below_it_lets_one_fewer(n):
    scores, labels = ladder(n)
    for k in range(n + 1):
        wanted = math.inf if k == n else k
        assert metrics.threshold_at_apcer(scores, labels, apcer=k / n) == wanted
        if k:
            just_below = math.nextafter(k / n, 0)
            assert metrics.threshold_at_apcer(scores, labels, apcer=just_below) == k - 1


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 29, 41, 100])
def test_as_many_bona_fide_rows_may_fail_as_the_rate_says(n):
    scores, labels = [*range(n), n], [*[0] * n, 1]
    for k in range(n + 1):
        tau = metrics.threshold_at_bpcer(scores, labels, bpcer=k / n)
        assert tau == (-math.inf if k == n else math.nextafter(n - 1 - k, math.inf))
        assert metrics.bpcer(scores, labels, threshold=tau) == k / n
        if k:
            stricter = metrics.threshold_at_bpcer(scores, labels, bpcer=math.nextafter(k / n, 0))
            assert metrics.bpcer(scores, labels, threshold=stricter) == (k - 1) / n


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from(RATES))
def test_no_larger_threshold_keeps_the_attacks_within_the_rate(seed, rate):
    scores, labels, pai = random_set(seed)
    exact = Exact(scores.tolist(), labels.tolist(), pai.tolist())
    tau = metrics.threshold_at_apcer(scores, labels, apcer=float(rate), pai=pai)
    assert exact.apcer(tau) <= rate
    assert tau == math.inf or exact.apcer(math.nextafter(tau, math.inf)) > rate
    each = [
        metrics.threshold_at_apcer(scores[rows], labels[rows], apcer=float(rate))
        for rows in ((labels == 0) | (pai == name) for name in ("print", "replay"))
    ]
    assert tau == min(each)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from(RATES))
def test_no_smaller_threshold_keeps_the_bona_fide_within_the_rate(seed, rate):
    scores, labels, _ = random_set(seed)
    exact = Exact(scores.tolist(), labels.tolist())
    tau = metrics.threshold_at_bpcer(scores, labels, bpcer=float(rate))
    assert exact.bpcer(tau) <= rate
    assert tau == -math.inf or exact.bpcer(math.nextafter(tau, -math.inf)) > rate


@pytest.mark.parametrize("seed", range(8))
def test_operating_points_are_the_exact_ones(seed):
    scores, labels, pai = random_set(seed)
    exact = Exact(scores.tolist(), labels.tolist(), pai.tolist())
    for rate in RATES:
        found = metrics.bpcer_at_apcer(scores, labels, apcer=float(rate), pai=pai)
        assert found == float(exact.bpcer_at_apcer(rate))
        found = metrics.apcer_at_bpcer(scores, labels, bpcer=float(rate), pai=pai)
        assert found == float(exact.apcer_at_bpcer(rate))


@pytest.mark.parametrize("rate", [0, 1, np.float32(0.5), np.int64(1), 0.0, 1.0])
def test_any_number_from_zero_to_one_is_a_rate(rate):
    scores, labels = ladder(2)
    assert metrics.threshold_at_apcer(scores, labels, apcer=rate) == {0: 0, 0.5: 1, 1: math.inf}[float(rate)]


@pytest.mark.parametrize("rate", [-1e-9, 1.0000001, math.nan, math.inf, "0.1", None, [0.1], 5])
def test_others_are_refused_by_name(rate):
    scores, labels = ladder(2)
    for function, name in (
        (metrics.threshold_at_apcer, "apcer"),
        (metrics.bpcer_at_apcer, "apcer"),
        (metrics.threshold_at_bpcer, "bpcer"),
        (metrics.apcer_at_bpcer, "bpcer"),
    ):
        with pytest.raises(ArgumentError, match=rf"^{name}: expected a rate from 0 to 1, got "):
            function(scores, labels, **{name: rate})


class TestEqualErrorRate:
    @pytest.mark.parametrize("seed", range(25))
    def test_it_is_the_exact_one_of_the_nearest_step(self, seed):
        scores, labels, pai = random_set(seed, levels=5)
        exact = Exact(scores.tolist(), labels.tolist(), pai.tolist())
        rate, tau = metrics.eer(scores, labels)
        wanted, step = exact.eer()
        assert rate == pytest.approx(float(wanted), abs=1e-15)
        assert (exact.pooled(tau), exact.bpcer(tau)) == (exact.pooled(step), exact.bpcer(step))
        rate, tau = metrics.eer(scores, labels, pai=pai)
        wanted, step = exact.eer(worst=True)
        assert rate == pytest.approx(float(wanted), abs=1e-15)
        assert (exact.apcer(tau), exact.bpcer(tau)) == (exact.apcer(step), exact.bpcer(step))

    def test_of_two_steps_that_are_as_near_the_one_that_accepts_fewer_attacks_counts(self):
        """Of 3 and 3: at 0.35, no attack of three passes and one bona fide row fails; at 0.45, the other way."""
        rate, tau = metrics.eer([0.1, 0.2, 0.4, 0.4, 0.8, 0.9], [0, 0, 0, 1, 1, 1])
        assert rate == pytest.approx(1 / 6)
        assert tau == pytest.approx(0.3)

    def test_steps_are_compared_as_fractions_and_not_by_the_last_bit_of_a_float(self):
        """4/5 - 1/2 and 1/2 - 1/5 are both 3/10; of the floats the second is less."""
        scores, labels = [0.0, 1.0, 1.0, 1.0, 2.0, 0.0, 3.0], [0, 0, 0, 0, 0, 1, 1]
        assert abs(1 / 2 - 1 / 5) < abs(4 / 5 - 1 / 2)
        assert metrics.eer(scores, labels) == (pytest.approx(0.65), 0.5)
        assert metrics.eer(scores, labels, pai=["none"] * 5 + ["print"] * 2) == (pytest.approx(0.65), 0.5)

    @pytest.mark.parametrize(
        ("bonafide", "attack", "threshold"),
        [
            (0.0, 1.0, 0.5),
            (-8.0, 2.0, -3.0),
            (1.0, math.nextafter(1, 2), math.nextafter(1, 2)),
            (0.0, 5e-324, 5e-324),
            (-1e308, 1e308, 1e308),  # their distance is no float
        ],
    )
    def test_the_threshold_parts_the_two_scores_of_a_gap(self, bonafide, attack, threshold):
        rate, tau = metrics.eer([bonafide, attack], [0, 1])
        assert (rate, tau) == (0.0, threshold)
        assert metrics.hter([bonafide, attack], [0, 1], threshold=tau) == 0.0

    def test_the_lowest_step_has_no_middle(self):
        assert metrics.eer([0.25, 0.25], [0, 1]) == (0.5, 0.25)

    @pytest.mark.parametrize("seed", range(6))
    def test_the_rate_is_reached_at_the_threshold(self, seed):
        scores, labels, pai = random_set(seed)
        rate, tau = metrics.eer(scores, labels)
        assert metrics.hter(scores, labels, threshold=tau) == pytest.approx(rate)
        rate, tau = metrics.eer(scores, labels, pai=pai)
        assert metrics.acer(scores, labels, threshold=tau, pai=pai) == pytest.approx(rate)

    def test_classes_that_change_places_change_the_rate_to_its_rest(self):
        """Of scores without ties and with as many rows of each class."""
        scores, labels = np.random.default_rng(4).permutation(40) / 40, np.repeat([0, 1], 20)
        rate, _ = metrics.eer(scores, labels)
        assert metrics.eer(scores, 1 - labels)[0] == pytest.approx(1 - rate)
        assert metrics.eer(-scores, labels)[0] == pytest.approx(1 - rate)
