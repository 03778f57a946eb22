"""Error rates at a given threshold: ties, infinite thresholds, types of numbers, exact fractions."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from exact_rates import Exact, random_set
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug import metrics
from specaug.errors import ArgumentError

BELOW, ABOVE = math.nextafter(0.5, 0), math.nextafter(0.5, 1)


@pytest.mark.parametrize(
    ("threshold", "apcer", "bpcer"),
    [(-math.inf, 0, 1), (BELOW, 0, 1), (0.5, 0, 1), (ABOVE, 1, 0), (math.inf, 1, 0)],
)
def test_a_score_equal_to_the_threshold_is_a_rejection(threshold, apcer, bpcer):
    scores, labels = [0.5] * 4, [0, 0, 1, 1]
    assert metrics.apcer(scores, labels, threshold=threshold) == apcer
    assert metrics.bpcer(scores, labels, threshold=threshold) == bpcer
    assert metrics.acer(scores, labels, threshold=threshold) == 0.5
    assert metrics.hter(scores, labels, threshold=threshold) == 0.5


@pytest.mark.parametrize("seed", range(12))
def test_rates_are_the_exact_fractions_at_every_step(seed):
    scores, labels, pai = random_set(seed)
    exact = Exact(scores.tolist(), labels.tolist(), pai.tolist())
    for tau in [-math.inf, *exact.steps(), *(level + 1 / 16 for level in exact.levels)]:
        apcer, bpcer, pooled = exact.apcer(tau), exact.bpcer(tau), exact.pooled(tau)
        by_pai = metrics.apcer_by_pai(scores, labels, threshold=tau, pai=pai)
        assert by_pai == {name: float(exact.of_species(name, tau)) for name in ("print", "replay")}
        assert metrics.apcer(scores, labels, threshold=tau, pai=pai) == float(apcer)
        assert metrics.apcer(scores, labels, threshold=tau) == float(pooled)
        assert metrics.bpcer(scores, labels, threshold=tau) == float(bpcer)
        assert metrics.acer(scores, labels, threshold=tau, pai=pai) == pytest.approx((apcer + bpcer) / 2)
        assert metrics.hter(scores, labels, threshold=tau) == pytest.approx((pooled + bpcer) / 2)


def test_the_worst_species_counts_however_few_its_samples_are():
    pai = ["none", *["print"] * 99, "mask"]
    scores, labels = [0.0, *[1.0] * 99, 0.0], [0, *[1] * 100]
    assert metrics.apcer(scores, labels, threshold=0.5, pai=pai) == 1.0
    assert metrics.acer(scores, labels, threshold=0.5, pai=pai) == 0.5
    assert metrics.apcer(scores, labels, threshold=0.5) == 0.01
    assert metrics.hter(scores, labels, threshold=0.5) == 0.005


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(0, 1))
def test_with_a_higher_threshold_more_is_accepted(seed, tau, step):
    scores, labels, pai = random_set(seed)
    low, high = (metrics.apcer(scores, labels, threshold=t, pai=pai) for t in (tau, tau + step))
    assert low <= high
    low, high = (metrics.bpcer(scores, labels, threshold=t) for t in (tau, tau + step))
    assert low >= high


@pytest.mark.parametrize("change", [np.exp, lambda s: 3 * s - 7, np.arctan], ids=["exp", "affine", "arctan"])
def test_only_the_order_of_scores_counts(change):
    scores, labels, pai = random_set(5)
    for tau in [*np.unique(scores), 9.0]:
        before = metrics.acer(scores, labels, threshold=tau, pai=pai)
        assert metrics.acer(change(scores), labels, threshold=change(tau), pai=pai) == before


def test_rows_given_twice_change_no_rate():
    scores, labels, pai = random_set(6)
    twice = [np.tile(values, 2) for values in (scores, labels, pai)]
    for tau in np.unique(scores):
        assert metrics.apcer(*twice[:2], threshold=tau, pai=twice[2]) == metrics.apcer(
            scores, labels, threshold=tau, pai=pai
        )
        assert metrics.bpcer(*twice[:2], threshold=tau) == metrics.bpcer(scores, labels, threshold=tau)


@pytest.mark.parametrize(
    "threshold", [np.float32(0.5), np.float64(0.5), Fraction(1, 2), Decimal("0.5"), np.array(0.5)]
)
def test_any_kind_of_number_is_a_threshold(threshold):
    scores, labels = [0.25, 0.5, 0.25, 0.5], [0, 0, 1, 1]
    assert metrics.apcer(scores, labels, threshold=threshold) == 0.5
    assert metrics.bpcer(scores, labels, threshold=threshold) == 0.5


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.float16, np.float64, np.bool_])
def test_labels_of_any_kind_of_number_mean_the_same(kind):
    labels = np.array([0, 1, 1, 0]).astype(kind)
    assert metrics.apcer([0.0, 0.0, 1.0, 1.0], labels, threshold=0.5) == 0.5
    assert metrics.bpcer([0.0, 0.0, 1.0, 1.0], labels, threshold=0.5) == 0.5


def test_single_precision_scores_are_compared_as_the_numbers_they_are():
    """0.1 in single precision lies above 0.1 in double precision."""
    scores = np.array([0.1, 0.1], np.float32)
    assert metrics.bpcer(scores, [0, 1], threshold=0.1) == 1.0
    assert metrics.apcer(scores, [0, 1], threshold=float(scores[0])) == 0.0
    assert metrics.apcer(scores, [0, 1], threshold=math.nextafter(float(scores[0]), 1)) == 1.0


@pytest.mark.parametrize("threshold", [None, "high", [0.1, 0.2], math.nan, np.nan, {}])
@pytest.mark.parametrize("rate", [metrics.apcer, metrics.bpcer, metrics.acer, metrics.hter])
def test_what_is_no_number_is_no_threshold(rate, threshold):
    with pytest.raises(ArgumentError, match=r"^threshold: expected a number, got "):
        rate([0.1, 0.9], [0, 1], threshold=threshold)


class TestSpecies:
    SCORES, LABELS = (0.1, 0.2, 0.9, 0.3), (0, 1, 1, 1)
    PAI = ("none", "replay", "print", "mask/paper")

    def test_they_come_sorted_by_name(self):
        by_pai = metrics.apcer_by_pai(self.SCORES, self.LABELS, threshold=0.25, pai=self.PAI)
        assert list(by_pai.items()) == [("mask/paper", 0.0), ("print", 0.0), ("replay", 1.0)]

    def test_without_species_all_attacks_are_one_of_that_name(self):
        found = metrics.apcer_by_pai(self.SCORES, self.LABELS, threshold=0.25)
        assert found == {"attack": 1 / 3}

    @pytest.mark.parametrize("species", [None, (), ["print"], ["print", "replay", "mask/paper"]])
    def test_those_that_must_be_there_hide_no_others(self, species):
        given = {"threshold": 0.25, "pai": self.PAI, "species": species}
        assert metrics.apcer(self.SCORES, self.LABELS, **given) == 1.0

    def test_one_without_samples_is_an_error_and_not_zero(self):
        given = {"threshold": 0.25, "pai": self.PAI, "species": ["print", "Print"]}
        with pytest.raises(ArgumentError, match="'Print', got only mask/paper, print, replay"):
            metrics.apcer_by_pai(self.SCORES, self.LABELS, **given)
