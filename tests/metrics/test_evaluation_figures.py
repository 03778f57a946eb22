"""Figures of an evaluation against exact fractions, and what its notes say on either side of each limit."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from exact_rates import Exact, random_set

from specaug import metrics
from specaug.errors import ArgumentError
from specaug.metrics import evaluate

DEV = {"scores": [0.0, 1.0], "labels": [0, 1]}
"""Its equal error threshold is 0.5."""


def evaluated(dev, test, **settings):
    return metrics.evaluate(dev, test, **{"resamples": 5, **settings})


@pytest.mark.parametrize("seed", range(6))
def test_every_figure_is_the_exact_one_at_thresholds_of_dev(seed):
    dev, test = random_set(seed), random_set(100 + seed)
    report = evaluated(*({"scores": s, "labels": y, "pai": p} for s, y, p in (dev, test)))
    judge, judged = (Exact(*(values.tolist() for values in arrays)) for arrays in (dev, test))
    rate, tau = judge.eer()[0], report.threshold
    assert report.eer_dev == pytest.approx(float(rate))
    assert (judge.pooled(tau) + judge.bpcer(tau)) / 2 == rate
    assert report.apcer == float(judged.apcer(tau))
    assert report.apcer_pooled == float(judged.pooled(tau))
    assert report.bpcer == float(judged.bpcer(tau))
    assert report.acer == pytest.approx(float(judged.apcer(tau) + judged.bpcer(tau)) / 2)
    assert report.hter == pytest.approx(float(judged.pooled(tau) + judged.bpcer(tau)) / 2)
    assert report.apcer_by_pai[report.worst_pai] == report.apcer
    assert report.counts == {"bonafide": len(judged.bonafide)} | {
        k: len(v) for k, v in judged.attacks.items()
    }


@pytest.mark.parametrize("seed", range(6))
def test_operating_points_keep_dev_within_their_target_and_tell_what_test_makes_of_it(seed):
    dev, test = random_set(seed), random_set(200 + seed)
    report = evaluated(*({"scores": s, "labels": y, "pai": p} for s, y, p in (dev, test)))
    judge, judged = (Exact(*(values.tolist() for values in arrays)) for arrays in (dev, test))
    names = [(point.name, point.target) for point in report.operating_points]
    assert names == [("BPCER10", 0.1), ("BPCER20", 0.05), ("BPCER100", 0.01)]
    for point, target in zip(report.operating_points, (10, 20, 100), strict=True):
        assert judge.apcer(point.threshold) <= Fraction(1, target)
        assert point.bpcer_dev == float(judge.bpcer_at_apcer(Fraction(1, target)))
        assert point.apcer == float(judged.apcer(point.threshold))
        assert point.bpcer == float(judged.bpcer(point.threshold))


def test_the_first_of_species_that_are_as_bad_is_the_worst():
    pai = ["none", "replay", "print", "mask"]
    dev = {"scores": [0, 1, 1, 1], "labels": [0, 1, 1, 1], "pai": pai}
    assert evaluated(dev, {**dev, "scores": [0.1, 0.2, 0.2, 0.9]}).worst_pai == "print"
    assert evaluated(dev, {**dev, "scores": [0.1, 0.9, 0.9, 0.9]}).worst_pai == "mask"


class TestFailuresToAcquire:
    def test_the_rate_with_failures_is_the_largest_product_and_not_that_of_the_worst_species(self):
        """Print passes always and is seldom seen; replay passes half of the time and is always seen."""
        pai = ["none"] * 2 + ["print"] * 4 + ["replay"] * 4
        labels = [0] * 2 + [1] * 8
        dev = {"scores": np.array(labels, float), "labels": labels, "pai": pai}
        test = {
            **dev,
            "scores": [0, 0, 0, np.nan, np.nan, np.nan, 0, 0, 1, 1],
            "acquired": [1, 1, 1, 0, 0, 0, 1, 1, 1, 1],
        }
        report = evaluated(dev, test)
        assert report.fta == {"bonafide": 0.0, "print": 0.75, "replay": 0.0}
        assert (report.apcer, report.worst_pai, report.far) == (1.0, "print", 0.5)
        assert report.counts == {"bonafide": 2, "print": 1, "replay": 4}

    @pytest.mark.parametrize("missed", range(4))
    @pytest.mark.parametrize("rejected", range(3))
    def test_a_bona_fide_presentation_without_a_face_is_rejected(self, missed, rejected):
        scores = [np.nan] * missed + [1.0] * rejected + [0.0] * (5 - rejected) + [1.0]
        labels = [0] * (missed + 5) + [1]
        test = {"scores": scores, "labels": labels, "acquired": np.isfinite(scores)}
        report = evaluated(DEV, test)
        assert report.frr == pytest.approx(float(Fraction(missed + rejected, missed + 5)))
        assert report.bpcer == rejected / 5
        assert report.fta["bonafide"] == missed / (missed + 5)

    def test_those_of_dev_move_no_threshold(self):
        dev = {
            "scores": [0, 1, np.nan, -9],
            "labels": [0, 1, 1, 0],
            "acquired": [True, True, False, False],
        }
        report = evaluated(dev, {"scores": [0.2, 0.8], "labels": [0, 1]})
        assert (report.threshold, report.eer_dev) == (0.5, 0.0)
        assert report.fta == {"bonafide": 0.0, "attack": 0.0}


def subjects(n, prefix=""):
    """Of each subject a bona fide row at 0 and an attack at 1."""
    return {
        "scores": np.tile([0.0, 1.0], n),
        "labels": np.tile([0, 1], n),
        "pai": np.tile(["none", "print"], n),
        "subject": np.repeat([f"{prefix}{i:03d}" for i in range(n)], 2),
    }


class TestNotes:
    @pytest.mark.parametrize(("n", "few"), [(5, True), (6, False)])
    def test_fewer_than_six_subjects_of_a_class_are_few(self, n, few):
        report = evaluated(subjects(3, "d"), subjects(n, "t"))
        only = "only 5 test subjects of bona fide, 5 test subjects of print: so few say next to nothing, "
        only += "whatever the rate."
        assert report.notes == ((only,) if few else ())
        assert report.subjects == n

    def test_a_class_with_few_subjects_is_named_among_many_others(self):
        test = subjects(30, "t")
        test["pai"][1::2][:4] = "mask"
        dev = subjects(3, "d")
        dev["pai"][1] = "mask"
        (note,) = evaluated(dev, test).notes
        assert note.startswith("only 4 test subjects of mask: ")

    @pytest.mark.parametrize(
        ("scores", "looks"), [([0.9, 0.8, 0.2, 0.1], True), ([0.1, 0.6, 0.4, 0.9], False)]
    )
    def test_scores_that_look_reversed_are_told_and_a_coin_is_not(self, scores, looks):
        dev = {"scores": scores, "labels": [0, 0, 1, 1]}
        report = evaluated(dev, {"scores": [0.2, 0.8], "labels": [0, 1]})
        assert report.eer_dev == (1.0 if looks else 0.5)
        assert [notice.kind for notice in report.warnings] == (["reversed_scores"] if looks else [])
        told = "scores look reversed: higher must mean attack, and the equal error rate on dev is 100.0 %."
        assert (told in report.notes) == looks
        assert report.to_dict()["warnings"] == [notice.as_json() for notice in report.warnings]

    @pytest.mark.parametrize(
        ("shared", "names"),
        [
            (1, "1 subjects are in both dev and test (000): "),
            (3, "3 subjects are in both dev and test (000, 001, 002): "),
            (4, "4 subjects are in both dev and test (000, 001, 002…): "),
        ],
    )
    def test_subjects_in_both_sets_are_counted_and_three_are_named(self, shared, names):
        dev, test = subjects(shared), subjects(30)
        assert evaluated(dev, test).notes == (f"{names}not a valid result.",)
        assert evaluated({**dev, "subject": None}, test).notes == ()

    @pytest.mark.parametrize("change", ["scores", "labels"])
    def test_rows_are_the_same_only_if_scores_and_labels_are(self, change):
        data = {**subjects(20), "subject": None, "pai": None}
        note = "dev and test are the same rows: threshold: test-optimal, not a valid result."
        other = {**data, change: [*data[change][:-2], *data[change][:1:-1][:2]]}
        assert note in evaluated(data, data).notes
        assert note not in evaluated(data, other).notes

    def test_failures_to_acquire_do_not_hide_that_rows_are_the_same(self):
        data = {"scores": [0, 1, np.nan], "labels": [0, 1, 1], "acquired": [True, True, False]}
        assert any("test-optimal" in note for note in evaluated(data, data).notes)

    def test_unknown_species_and_subjects_are_told_in_this_order(self):
        report = evaluated(DEV, {"scores": [0.2, 0.8], "labels": [0, 1]})
        assert [note.split(":")[0] for note in report.notes] == [
            "no species (pai) given",
            "no subjects given",
        ]
        assert report.subjects == 2

    def test_species_of_either_set_alone_are_named_with_it(self):
        test = subjects(20, "t")
        dev = {**subjects(2, "d"), "pai": ["none", "print", "none", "mask"]}
        test["pai"][1::4], test["pai"][3::4] = "zoom", "cut"
        wanted = "mask, print in dev only and cut, zoom in test only"
        with pytest.raises(ArgumentError, match=rf"^pai: .*, got {wanted}; unseen='allow' accepts that$"):
            evaluated(dev, test)
        report = evaluated(dev, test, unseen="allow")
        assert report.notes == (f"species differ: {wanted.replace(' and ', '; ')}.",)
        assert list(report.apcer_by_pai) == ["cut", "zoom"]


class TestSettings:
    @pytest.mark.parametrize("confidence", [0, 1, -0.5, 1.5, math.nan, "0.9", None, [0.9]])
    def test_a_confidence_lies_between_zero_and_one(self, confidence):
        with pytest.raises(ArgumentError, match=r"^confidence: expected a number between 0 and 1, got "):
            evaluated(DEV, DEV, confidence=confidence)

    @pytest.mark.parametrize("resamples", [0, -1, 1.0, "5", None])
    def test_resamples_are_counted_from_one(self, resamples):
        with pytest.raises(ArgumentError, match=r"^resamples: expected a whole number from 1, got "):
            evaluated(DEV, DEV, resamples=resamples)

    def test_the_least_settings_will_do(self):
        report = evaluated(DEV, DEV, confidence=np.float64(0.01), resamples=np.int64(1))
        assert (report.confidence, report.resamples) == (0.01, 1)

    def test_left_out_they_are_those_of_the_documentation(self):
        report = metrics.evaluate(DEV, DEV)
        assert (report.confidence, report.resamples) == (0.95, 1000)
        assert report == metrics.evaluate(DEV, DEV, confidence=0.95, resamples=1000, rng=0, unseen="raise")

    @pytest.mark.parametrize("short", ["dev", "test"])
    def test_species_are_known_in_both_sets_or_in_none(self, short):
        sets = {"dev": subjects(2, "d"), "test": subjects(2, "t")}
        sets[short]["pai"] = None
        with pytest.raises(ArgumentError, match=r"^pai: expected it in both of dev and test, got it in one$"):
            evaluated(**sets, unseen="allow")


def test_rows_without_a_subject_are_not_one_person():
    scores, labels = [0.0, 0.1, 0.9, 1.0], [0, 0, 1, 1]
    dev = {"scores": scores, "labels": labels, "subject": ["a", "", "b", ""]}
    test = {"scores": [*scores[:3], 1.1], "labels": labels, "subject": ["c", "", "d", ""]}
    assert not any("both dev and test" in note for note in evaluate(dev, test).notes)
    shared = {**test, "subject": ["a", "", "d", ""]}
    assert any("1 subjects are in both dev and test (a)" in note for note in evaluate(dev, shared).notes)
