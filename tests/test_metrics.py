"""Rates and thresholds: hand-worked cases, and a slow reference that counts in plain Python."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug import metrics
from specaug.errors import ArgumentError

SCORES = [0.1, 0.3, 0.5, 0.7, 0.2, 0.5, 0.6, 0.9, 0.8, 0.95]
LABELS = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
PAI = ["none"] * 4 + ["print"] * 2 + ["replay"] * 4
"""By hand at 0.5: of print, .2 passes and .5 ties (rejected), 1/2; of replay none; of bona fide .5 and .7 fail, 2/4."""


class Slow:
    """The definitions, one comparison at a time."""

    def __init__(self, scores, labels, pai):
        self.bonafide = [s for s, y in zip(scores, labels, strict=True) if y == 0]
        self.attacks = {}
        for s, y, name in zip(scores, labels, pai, strict=True):
            if y == 1:
                self.attacks.setdefault(name, []).append(s)
        self.candidates = sorted({*scores})
        self.candidates.append(np.nextafter(self.candidates[-1], 9))

    def apcer(self, tau):
        return max(sum(s < tau for s in group) / len(group) for group in self.attacks.values())

    def pooled(self, tau):
        group = [s for group in self.attacks.values() for s in group]
        return sum(s < tau for s in group) / len(group)

    def exact(self, tau):
        """Pooled attack error minus bona fide error, as a fraction: the last bit of a float decides no tie."""
        group = [s for group in self.attacks.values() for s in group]
        passed = Fraction(sum(s < tau for s in group), len(group))
        return passed - Fraction(sum(s >= tau for s in self.bonafide), len(self.bonafide))

    def bpcer(self, tau):
        return sum(s >= tau for s in self.bonafide) / len(self.bonafide)

    def eer(self):
        """(rate, the step's threshold): nearest curves, the lower threshold of two."""
        _, tau = min((abs(self.exact(t)), t) for t in self.candidates)
        return (self.pooled(tau) + self.bpcer(tau)) / 2, tau

    def bpcer_at_apcer(self, rate):
        return self.bpcer(max(t for t in [-9.0, *self.candidates] if self.apcer(t) <= rate))

    def apcer_at_bpcer(self, rate):
        # Any threshold between two scores will do; just above each score is where the curves change.
        just_above = [-9.0, *(np.nextafter(s, 9) for s in self.candidates)]
        return self.apcer(min(t for t in just_above if self.bpcer(t) <= rate))


@st.composite
def scored(draw):
    """Small sets with many ties: scores from a few grey levels, two species."""
    n = draw(st.integers(3, 14))
    level = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 1.0, -2.0, 1 / 3])
    kinds = [
        "none",
        "print",
        "replay",
        *draw(st.lists(st.sampled_from(["none", "print", "replay"]), min_size=n, max_size=n)),
    ]
    scores = draw(st.lists(level, min_size=len(kinds), max_size=len(kinds)))
    return scores, [int(kind != "none") for kind in kinds], kinds


def test_hand_worked_rates_with_a_tie():
    assert metrics.apcer_by_pai(SCORES, LABELS, threshold=0.5, pai=PAI) == {"print": 0.5, "replay": 0.0}
    assert metrics.apcer(SCORES, LABELS, threshold=0.5, pai=PAI) == 0.5
    assert metrics.apcer(SCORES, LABELS, threshold=0.5) == 1 / 6
    assert metrics.bpcer(SCORES, LABELS, threshold=0.5) == 0.5
    assert metrics.acer(SCORES, LABELS, threshold=0.5, pai=PAI) == 0.5
    assert metrics.hter(SCORES, LABELS, threshold=0.5) == (1 / 6 + 1 / 2) / 2


def test_hand_worked_operating_points():
    # Print holds two: 10 % allows none of them to pass, so tau is its lowest score, .2; above it lie .3, .5, .7.
    assert metrics.threshold_at_apcer(SCORES, LABELS, apcer=0.1, pai=PAI) == 0.2
    assert metrics.bpcer_at_apcer(SCORES, LABELS, apcer=0.1, pai=PAI) == 0.75
    # Half of print may pass: tau = min(.5 of print, .9 of replay).
    assert metrics.bpcer_at_apcer(SCORES, LABELS, apcer=0.5, pai=PAI) == 0.5
    # One in four bona fide may fail: tau just above .5; then both prints pass.
    assert metrics.apcer_at_bpcer(SCORES, LABELS, bpcer=0.25, pai=PAI) == 1.0
    assert metrics.apcer_at_bpcer(SCORES, LABELS, bpcer=0.25) == 2 / 6


def test_separated_classes_have_no_equal_error_and_a_threshold_in_the_gap():
    assert metrics.eer([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1]) == (0.0, pytest.approx(0.4))


def test_one_score_for_all_is_a_coin():
    rate, threshold = metrics.eer([0.5] * 6, [0, 0, 0, 1, 1, 1])
    assert rate == 0.5
    assert metrics.hter([0.5] * 6, [0, 0, 0, 1, 1, 1], threshold=threshold) == 0.5


def test_inverted_scores_are_all_wrong():
    assert metrics.eer([0.8, 0.9, 0.1, 0.2], [0, 0, 1, 1])[0] == 1.0


def test_thresholds_are_exact_where_products_of_floats_are_not():
    # 0.29 of 100 is 29, but 0.29 * 100 is 28.999…
    attacks, bonafide = np.arange(100) / 100, np.array([0.285, 0.295])
    scores, labels = np.r_[bonafide, attacks], np.r_[0, 0, np.ones(100, int)]
    assert metrics.threshold_at_apcer(scores, labels, apcer=0.29) == 0.29
    assert metrics.bpcer_at_apcer(scores, labels, apcer=0.29) == 0.5


def test_all_may_pass_or_none():
    assert metrics.bpcer_at_apcer(SCORES, LABELS, apcer=1.0, pai=PAI) == 0.0
    assert metrics.threshold_at_apcer(SCORES, LABELS, apcer=1.0) == np.inf
    assert metrics.apcer_at_bpcer(SCORES, LABELS, bpcer=1.0) == 0.0
    assert metrics.threshold_at_bpcer(SCORES, LABELS, bpcer=1.0) == -np.inf


@settings(max_examples=60, deadline=None)
@given(scored(), st.sampled_from([-3.0, 0.0, 0.1, 0.25, 0.4, 1.0, 2.0]))
def test_rates_are_those_of_the_slow_reference(data, tau):
    scores, labels, pai = data
    slow = Slow(scores, labels, pai)
    assert metrics.apcer(scores, labels, threshold=tau, pai=pai) == slow.apcer(tau)
    assert metrics.bpcer(scores, labels, threshold=tau) == slow.bpcer(tau)
    assert metrics.acer(scores, labels, threshold=tau, pai=pai) == (slow.apcer(tau) + slow.bpcer(tau)) / 2
    assert metrics.hter(scores, labels, threshold=tau) == (slow.pooled(tau) + slow.bpcer(tau)) / 2


@settings(max_examples=60, deadline=None)
@given(scored(), st.sampled_from([0.0, 0.05, 0.1, 1 / 3, 0.5, 0.8, 1.0]))
def test_thresholds_are_those_of_the_slow_reference(data, rate):
    scores, labels, pai = data
    slow = Slow(scores, labels, pai)
    assert metrics.bpcer_at_apcer(scores, labels, apcer=rate, pai=pai) == slow.bpcer_at_apcer(rate)
    assert metrics.apcer_at_bpcer(scores, labels, bpcer=rate, pai=pai) == slow.apcer_at_bpcer(rate)
    found, threshold = metrics.eer(scores, labels)
    assert found == pytest.approx(slow.eer()[0], abs=1e-15)
    assert slow.pooled(threshold) == slow.pooled(slow.eer()[1])
    assert slow.bpcer(threshold) == slow.bpcer(slow.eer()[1])


@settings(max_examples=40, deadline=None)
@given(scored())
def test_the_curve_holds_every_pair_of_rates_and_its_area_is_the_rank_sum(data):
    scores, labels, pai = data
    slow = Slow(scores, labels, pai)
    curve = metrics.det_curve(scores, labels, pai=pai)
    assert curve.apcer.tolist() == [slow.apcer(t) for t in slow.candidates]
    assert curve.bpcer.tolist() == [slow.bpcer(t) for t in slow.candidates]
    attacks = [s for s, y in zip(scores, labels, strict=True) if y]
    wins = [(a > b) + (a == b) / 2 for a in attacks for b in slow.bonafide]
    assert metrics.det_curve(scores, labels).area() == pytest.approx(np.mean(wins))


def test_the_worst_species_gives_another_equal_error_rate():
    scores = [0.1, 0.2, 0.3, 0.4, 0.25, 0.26, 0.8, 0.8, 0.9, 0.9]
    pooled, worst = metrics.eer(scores, LABELS), metrics.eer(scores, LABELS, pai=PAI)
    assert pooled[0] == pytest.approx((2 / 6 + 1 / 4) / 2)
    assert worst[0] == pytest.approx(0.5, abs=0.13)
    assert worst[1] <= 0.3


def test_probit_axes_are_quantiles_of_a_normal_distribution():
    apcer, bpcer = metrics.det_curve(SCORES, LABELS).probit()
    assert apcer[0] == -np.inf
    assert bpcer[0] == np.inf
    half = metrics.det_curve([0.0, 1.0, 0.5, 2.0], [0, 0, 1, 1])
    assert half.probit()[0][list(half.apcer).index(0.5)] == 0.0


class TestVideoScores:
    def test_they_are_means_of_clips_in_order_of_appearance(self):
        means, first = metrics.video_scores([1.0, 5.0, 3.0, 2.0], ["b", "a", "b", "c"])
        assert means.tolist() == [2.0, 5.0, 2.0]
        assert first.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0] * 10}, r"labels: expected both classes among the scores, got no attack"),
        (
            {"labels": [1] * 10, "pai": None},
            r"labels: expected both classes among the scores, got no bona fide",
        ),
        ({"labels": [-1, *LABELS[1:]]}, r"labels: expected 0 \(bona fide\) and 1 \(attack\) only, got -1"),
        ({"scores": [float("nan"), *SCORES[1:]]}, r"scores: expected finite numbers, got nan in row 0"),
        ({"scores": [float("inf"), *SCORES[1:]]}, r"scores: expected finite numbers, got inf in row 0"),
        ({"scores": SCORES[1:]}, r"scores: expected shape \(10,\)"),
        ({"scores": ["high"] * 10}, r"scores: expected numbers"),
        ({"scores": np.array(SCORES) + 1j}, r"scores: expected real numbers, got complex128"),
        ({"labels": [[0], [1, 1]]}, r"labels: expected a one-dimensional array"),
        ({"pai": PAI[1:]}, r"pai: expected 10 names"),
        ({"pai": [[name] for name in PAI]}, r"pai: expected 10 names, one for each row, got shape \(10, 1\)"),
        (
            {"pai": [*PAI[:-1], float("nan")]},
            r"pai: expected a species for each attack .* got '' for label 1 in row 9",
        ),
        (
            {"pai": ["print", *PAI[1:]]},
            r"pai: expected a species for each attack .* got 'print' for label 0 in row 0",
        ),
        (
            {"pai": [*PAI[:-1], None]},
            r"pai: expected a species for each attack .* got '' for label 1 in row 9",
        ),
        ({"labels": [], "scores": [], "pai": []}, r"labels: expected a one-dimensional array with rows"),
    ],
)
def test_bad_arrays_are_named(change, message):
    arrays = {"scores": SCORES, "labels": LABELS, "pai": PAI, **change}
    pai = arrays.pop("pai")
    with pytest.raises(ArgumentError, match=message):
        metrics.apcer(**arrays, threshold=0.5, pai=pai)
    with pytest.raises(ValueError, match=message):
        metrics.bpcer_at_apcer(**arrays, apcer=0.1, pai=pai)


class _NotAvailable:
    """As the missing value of pandas: it equals nothing, and that is neither true nor false."""

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise TypeError("ambiguous")

    __hash__ = None


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, _NotAvailable(), ""])
def test_bona_fide_rows_need_no_species(missing):
    """Tables mark a missing text in several ways."""
    pai = [missing if name == "none" else name for name in PAI]
    assert metrics.apcer(SCORES, LABELS, threshold=0.5, pai=pai) == 0.5


def test_bad_numbers_are_named():
    with pytest.raises(ArgumentError, match="threshold: expected a number, got nan"):
        metrics.bpcer(SCORES, LABELS, threshold=float("nan"))
    with pytest.raises(ArgumentError, match="apcer: expected a rate from 0 to 1, got 5"):
        metrics.bpcer_at_apcer(SCORES, LABELS, apcer=5)
    with pytest.raises(TypeError, match="threshold"):
        metrics.apcer(SCORES, LABELS)  # there is no default threshold


def test_a_species_that_must_be_there_and_is_not():
    with pytest.raises(ArgumentError, match="species: expected samples of 'mask', got only print, replay"):
        metrics.apcer(SCORES, LABELS, threshold=0.5, pai=PAI, species=["print", "mask"])


def test_inputs_are_read_only_and_stay_as_they_are():
    scores, labels = np.array(SCORES, np.float32), np.array(LABELS, np.int8)
    scores.flags.writeable = labels.flags.writeable = False
    assert metrics.eer(scores, labels) == metrics.eer(scores.copy(), labels.copy())


def test_the_module_needs_numpy_and_scipy_only():
    code = "import sys, specaug.metrics; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not set(loaded.split()) & {"torch", "cv2", "pyarrow", "av", "joblib", "PIL", "matplotlib", "rich"}
