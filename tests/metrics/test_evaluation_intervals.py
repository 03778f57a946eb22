"""Intervals of an evaluation: what is drawn, and how far rates of 0 and 1 reach."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specaug import metrics
from specaug.metrics.bootstrap import resampled_eer
from specaug.metrics.scored import Scored

DEV = {"scores": [0.0, 1.0], "labels": [0, 1]}


def made(bonafide, attacks, *, pai=None, subject=None):
    """Scores of bona fide rows, then of attacks."""
    labels = np.repeat([0, 1], [len(bonafide), len(attacks)])
    return {"scores": [*bonafide, *attacks], "labels": labels, "pai": pai, "subject": subject}


def drawn(seed, *, subjects, prefix):
    """Scores of subjects with a trait of their own: two bona fide rows, a print, two replays, a tenth unseen."""
    rng = np.random.default_rng(seed)
    pai = np.tile(["none", "none", "print", "replay", "replay"], subjects)
    trait = np.repeat(rng.normal(0, 1, subjects), 5)
    scores = (rng.normal(0, 1, len(pai)) + trait + (pai != "none")).round(1)
    acquired = rng.random(len(pai)) > 0.1
    return {
        "scores": np.where(acquired, scores, np.nan),
        "labels": (pai != "none").astype(int),
        "pai": pai,
        "subject": np.repeat([f"{prefix}{i:02d}" for i in range(subjects)], 5),
        "acquired": acquired,
    }


def test_resamples_of_dev_are_drawn_and_intervals_of_test_are_not():
    dev, test = drawn(1, subjects=12, prefix="d"), drawn(2, subjects=14, prefix="t")
    first, second, third = (metrics.evaluate(dev, test, resamples=40, rng=rng).intervals for rng in (4, 4, 5))
    assert first == second
    assert {name for name in first if first[name] != third[name]} <= {"eer_dev"}


def test_the_interval_of_the_equal_error_holds_the_percentiles_and_more():
    dev, test = drawn(1, subjects=12, prefix="d"), drawn(2, subjects=14, prefix="t")
    report = metrics.evaluate(dev, test, resamples=60, confidence=0.8, rng=9)
    weights = metrics.subject_weights(12, resamples=60, rng=np.random.default_rng(9))
    low, high = metrics.interval(resampled_eer(Scored.of(dev), weights), confidence=0.8)
    found = report.intervals["eer_dev"]
    assert found[0] <= low <= high <= found[1]


def test_more_confidence_reaches_further():
    dev, test = drawn(1, subjects=12, prefix="d"), drawn(2, subjects=14, prefix="t")
    narrow, wide = (metrics.evaluate(dev, test, confidence=c, resamples=200).intervals for c in (0.5, 0.95))
    for name, (low, high) in narrow.items():
        assert wide[name][0] <= low <= high <= wide[name][1]
        assert wide[name][0] >= 0
        assert wide[name][1] <= 1


class TestReach:
    """A rate of 0 or 1 among n units: 3/n at 95 %, as 0.05 = (1 - r)^n has r near -ln(0.05)/n."""

    @pytest.mark.parametrize(
        ("n", "confidence", "reach"),
        [
            (4, 0.95, 3 / 4),
            (10, 0.95, 3 / 10),
            (60, 0.95, 3 / 60),
            (60, 0.99, 3 / 60 * math.log(0.01) / math.log(0.05)),
            (60, 0.9, 3 / 60 * math.log(0.1) / math.log(0.05)),
            (2, 0.95, 1),
            (1, 0.5, 1),
        ],
    )
    def test_no_errors_reach_up_and_all_errors_reach_down(self, n, confidence, reach):
        right = metrics.evaluate(DEV, made([0] * n, [1] * n), confidence=confidence, resamples=9)
        wrong = metrics.evaluate(DEV, made([1] * n, [0] * n), confidence=confidence, resamples=9)
        for name in ("apcer/attack", "apcer", "bpcer", "acer", "hter"):
            assert right.intervals[name] == (0, pytest.approx(reach))
            assert wrong.intervals[name] == (pytest.approx(1 - reach), 1)

    def test_each_rate_goes_by_its_own_rows(self):
        pai = ["none"] * 50 + ["print"] * 40 + ["replay"] * 10
        test = made([0] * 50, [1] * 50, pai=pai)
        dev = {**DEV, "scores": [0, 1, 1], "labels": [0, 1, 1], "pai": ["none", "print", "replay"]}
        found = metrics.evaluate(dev, test, resamples=9).intervals
        high = {name: interval[1] for name, interval in found.items()}
        assert high["apcer/print"] == pytest.approx(3 / 40)
        assert high["apcer/replay"] == high["apcer"] == pytest.approx(3 / 10)
        assert high["bpcer"] == pytest.approx(3 / 50)
        assert high["acer"] == pytest.approx((3 / 10 + 3 / 50) / 2)
        assert high["hter"] == pytest.approx((3 / 50 + 3 / 50) / 2)

    def test_subjects_are_counted_and_not_rows(self):
        subject = np.r_[np.repeat(np.arange(10), 5), np.repeat(np.arange(20), 5)].astype(str)
        found = metrics.evaluate(DEV, made([0] * 50, [1] * 100, subject=subject), resamples=9).intervals
        assert found["bpcer"] == (0, pytest.approx(3 / 10))
        assert found["apcer"] == (0, pytest.approx(3 / 20))

    def test_rows_without_a_face_tell_nothing(self):
        test = made([0] * 12, [1] * 12)
        test["acquired"] = [True] * 10 + [False] * 2 + [True] * 12
        found = metrics.evaluate(DEV, test, resamples=9).intervals
        assert found["bpcer"] == (0, pytest.approx(3 / 10))
        assert found["apcer"] == (0, pytest.approx(3 / 12))

    def test_a_mean_of_all_right_and_all_wrong_has_room_on_both_sides(self):
        found = metrics.evaluate(DEV, made([1] * 20, [1] * 30), resamples=9).intervals
        assert found["bpcer"] == (pytest.approx(1 - 3 / 20), 1)
        assert found["acer"] == (pytest.approx(0.5 - 3 / 20 / 2), pytest.approx(0.5 + 3 / 30 / 2))

    @pytest.mark.parametrize("wrong", [0, 1])
    def test_three_subjects_leave_everything_open(self, wrong):
        """Of three no errors at all reach up to 3/3, to the last bit."""
        test = made([wrong] * 3, [1 - wrong] * 3)
        found = metrics.evaluate(DEV, test, resamples=9).intervals
        for name in ("apcer", "bpcer", "acer", "hter"):
            assert found[name] == (0, 1)

    def test_three_subjects_who_all_err_by_half_are_no_certain_half(self):
        """Their rates do not differ; an interval from 50 to 50 % would be a lie."""
        test = made([0, 1] * 3, [0, 1] * 3, subject=[*np.repeat(["a", "b", "c"], 2)] * 2)
        report = metrics.evaluate(DEV, test, resamples=9)
        for name in ("apcer", "bpcer", "acer", "hter"):
            low, high = report.intervals[name]
            assert low < 0.15
            assert high > 0.85
        assert any("only 3 test subjects of bona fide" in note for note in report.notes)

    def test_one_rate_of_which_nothing_is_known_leaves_nothing_known_of_the_mean(self):
        found = metrics.evaluate(DEV, made([0] * 50, [1]), resamples=9).intervals
        assert found["bpcer"] == (0, pytest.approx(3 / 50))
        assert found["apcer"] == found["acer"] == found["hter"] == (0, 1)

    def test_dev_has_a_reach_of_its_own(self):
        dev = {**made([0] * 25, [1] * 25), "subject": [*map(str, range(25)), *map(str, range(25))]}
        report = metrics.evaluate(dev, made([0] * 9, [1] * 9), resamples=9)
        assert report.intervals["eer_dev"] == (0, pytest.approx(3 / 25))
