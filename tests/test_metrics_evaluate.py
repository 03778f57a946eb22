"""A test set judged at thresholds from dev: figures, intervals, notes, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from specaug import metrics
from specaug.errors import ArgumentError
from specaug.metrics.bootstrap import resampled_eer
from specaug.metrics.scored import Scored


def drawn(rng, *, subjects, shift=1.0, prefix="", per=4):
    """Scores of subjects with two bona fide videos, a print and a replay each (times per/4)."""
    pai = np.tile(np.repeat(["none", "print", "replay"], [per // 2, per // 4, per // 4]), subjects)
    subject = np.repeat([f"{prefix}{i}" for i in range(subjects)], len(pai) // subjects)
    labels = (pai != "none").astype(int)
    trait = np.repeat(rng.normal(0, 0.7, subjects), len(pai) // subjects)
    return {
        "scores": rng.normal(0, 1, len(pai)) + trait + shift * labels,
        "labels": labels,
        "pai": pai,
        "subject": subject,
    }


@pytest.fixture
def dev(rng):
    return drawn(rng, subjects=30, prefix="d")


@pytest.fixture
def test_set(rng):
    return drawn(rng, subjects=40, prefix="t", shift=0.8)


def test_every_figure_is_that_of_the_functions(dev, test_set):
    report = metrics.evaluate(dev, test_set)
    rate, threshold = metrics.eer(dev["scores"], dev["labels"])
    arrays = test_set["scores"], test_set["labels"]
    assert (report.eer_dev, report.threshold) == (rate, threshold)
    assert report.apcer == metrics.apcer(*arrays, threshold=threshold, pai=test_set["pai"])
    assert report.apcer_by_pai == metrics.apcer_by_pai(*arrays, threshold=threshold, pai=test_set["pai"])
    assert report.bpcer == metrics.bpcer(*arrays, threshold=threshold)
    assert report.acer == metrics.acer(*arrays, threshold=threshold, pai=test_set["pai"])
    assert report.hter == metrics.hter(*arrays, threshold=threshold)
    point = report.operating_points[1]
    tau = metrics.threshold_at_apcer(dev["scores"], dev["labels"], apcer=0.05, pai=dev["pai"])
    assert (point.name, point.threshold) == ("BPCER20", tau)
    assert point.apcer == metrics.apcer(*arrays, threshold=tau, pai=test_set["pai"])
    assert report.counts == {"bonafide": 80, "print": 40, "replay": 40}


def test_test_scores_move_no_threshold(dev, test_set):
    before = metrics.evaluate(dev, test_set)
    after = metrics.evaluate(dev, {**test_set, "scores": test_set["scores"] + 5})
    assert after.threshold == before.threshold
    assert [p.threshold for p in after.operating_points] == [p.threshold for p in before.operating_points]
    assert after.bpcer > 0.9
    assert after.apcer < 0.1


def test_the_order_of_rows_does_not_matter(dev, test_set, rng):
    order = rng.permutation(len(test_set["scores"]))
    shuffled = {name: values[order] for name, values in test_set.items()}
    assert metrics.evaluate(dev, shuffled) == metrics.evaluate(dev, test_set)


def test_the_same_seed_gives_the_same_intervals(dev, test_set):
    first, again = (metrics.evaluate(dev, test_set, rng=seed) for seed in (3, 3))
    assert first == again


class TestIntervals:
    def test_resampled_equal_errors_are_those_of_repeated_rows(self, dev):
        data = Scored.of({**dev, "scores": dev["scores"].round(1)})  # with ties
        weights = metrics.subject_weights(30, resamples=50, rng=np.random.default_rng(0))
        loop = []
        for drawn_counts in weights:
            rows = np.repeat(np.arange(len(data.labels)), drawn_counts[data.units()].astype(int))
            loop.append(metrics.eer(data.scores[rows], data.labels[rows])[0])
        assert resampled_eer(data, weights) == pytest.approx(np.array(loop))

    def test_rows_of_one_subject_are_no_independent_trials(self, rng):
        """One subject's ten rows share their fate: the interval must be as wide as for one row each."""
        fate = rng.uniform(size=100) < 0.3
        scores = np.r_[np.where(fate, 0.0, 1.0), np.zeros(100)]
        labels, subject = np.repeat([1, 0], 100), np.tile(np.arange(100), 2)
        one = {"scores": scores, "labels": labels, "subject": subject}
        ten = {name: np.repeat(values, 10) for name, values in one.items()}
        dev = {"scores": [0.0, 1.0], "labels": [0, 1]}
        alone = metrics.evaluate(dev, {**ten, "subject": None})
        a, b, c = (
            r.intervals["apcer"] for r in (metrics.evaluate(dev, one), metrics.evaluate(dev, ten), alone)
        )
        assert a == pytest.approx(b)
        assert c[1] - c[0] < 0.5 * (b[1] - b[0])

    def test_they_cover_the_truth_about_as_often_as_they_say(self, rng):
        dev = {"scores": [0.0, 1.0], "labels": [0, 1]}
        held = 0
        for _ in range(200):
            error = rng.uniform(size=150) < 0.2
            data = {"scores": np.r_[np.zeros(150), 1.0 - error], "labels": np.repeat([0, 1], 150)}
            low, high = metrics.evaluate(dev, data, resamples=200, rng=rng).intervals["apcer"]
            held += low <= 0.2 <= high
        assert 0.88 <= held / 200 <= 0.99  # three standard errors about 0.94

    def test_no_errors_of_n_is_three_over_n(self):
        dev = {"scores": [0.0, 1.0], "labels": [0, 1]}
        report = metrics.evaluate(dev, {"scores": np.repeat([0.0, 1.0], 60), "labels": np.repeat([0, 1], 60)})
        assert report.apcer == report.bpcer == 0
        assert report.intervals["apcer"] == (0.0, pytest.approx(3 / 60))
        assert report.intervals["acer"] == (0.0, pytest.approx(3 / 60))
        assert "<= 5.00 %" in str(report)

    def test_one_subject_says_nothing(self, dev):
        only = {name: values[:4] for name, values in dev.items()}
        assert metrics.evaluate(dev, only).intervals["bpcer"] == (0.0, 1.0)


class TestFailureToAcquire:
    def test_it_counts_as_a_rejection(self, dev, test_set, rng):
        acquired = rng.uniform(size=len(test_set["scores"])) > 0.2
        scores = np.where(acquired, test_set["scores"], np.nan)
        report = metrics.evaluate(dev, {**test_set, "scores": scores, "acquired": acquired})
        rejected = np.where(acquired, test_set["scores"], 1e9)  # an attack for sure
        arrays = rejected, test_set["labels"]
        assert report.far == pytest.approx(
            metrics.apcer(*arrays, threshold=report.threshold, pai=test_set["pai"])
        )
        assert report.frr == pytest.approx(metrics.bpcer(*arrays, threshold=report.threshold))

    def test_rates_of_presentations_are_those_with_a_score(self, dev, test_set):
        acquired = np.arange(len(test_set["scores"])) % 5 != 0
        report = metrics.evaluate(dev, {**test_set, "acquired": acquired})
        kept = {name: values[acquired] for name, values in test_set.items()}
        assert report.bpcer == metrics.evaluate(dev, kept).bpcer
        assert report.intervals["bpcer"] == metrics.evaluate(dev, kept).intervals["bpcer"]
        assert report.fta["bonafide"] == np.mean(~acquired[test_set["labels"] == 0])
        assert "failure to acquire, print" in str(report)

    def test_a_species_nobody_could_acquire_is_no_zero(self, dev, test_set):
        acquired = test_set["pai"] != "print"
        with pytest.raises(
            ArgumentError, match="test: pai: expected scores of every species, got none of 'print'"
        ):
            metrics.evaluate(dev, {**test_set, "acquired": acquired})


class TestRefusals:
    def test_dev_without_attacks(self, dev, test_set):
        only = {name: values[dev["labels"] == 0] for name, values in dev.items()}
        with pytest.raises(
            ArgumentError, match="dev: labels: expected both classes among the scores, got no attack"
        ):
            metrics.evaluate(only, test_set)

    def test_scores_that_are_no_numbers(self, dev, test_set):
        with pytest.raises(ArgumentError, match="test: scores: expected finite numbers, got nan"):
            metrics.evaluate(dev, {**test_set, "scores": test_set["scores"] * np.nan})

    @pytest.mark.parametrize("short", ["dev", "test"])
    def test_a_species_in_one_of_both_only(self, dev, test_set, short):
        sets = {"dev": dev, "test": test_set}
        sets[short] = {name: values[sets[short]["pai"] != "replay"] for name, values in sets[short].items()}
        with pytest.raises(ArgumentError, match=r"pai: expected the same species .* got replay in"):
            metrics.evaluate(**sets)
        report = metrics.evaluate(**sets, unseen="allow")
        assert any("species differ: replay in" in note for note in report.notes)

    def test_species_in_one_set_only(self, dev, test_set):
        with pytest.raises(ArgumentError, match="pai: expected it in both of dev and test"):
            metrics.evaluate(dev, {**test_set, "pai": None})

    def test_missing_scores(self, dev):
        with pytest.raises(ArgumentError, match="test: expected scores and labels, got no scores"):
            metrics.evaluate(dev, {"labels": [0, 1]})

    def test_settings(self, dev, test_set):
        with pytest.raises(ArgumentError, match="confidence: expected a number between 0 and 1, got 95"):
            metrics.evaluate(dev, test_set, confidence=95)
        with pytest.raises(ArgumentError, match="confidence: expected a number between 0 and 1, got 'high'"):
            metrics.evaluate(dev, test_set, confidence="high")
        with pytest.raises(ArgumentError, match=r"resamples: expected a whole number from 1, got 2\.5"):
            metrics.evaluate(dev, test_set, resamples=2.5)
        with pytest.raises(ArgumentError, match="unseen: expected one of raise, allow, got 'ignore'"):
            metrics.evaluate(dev, test_set, unseen="ignore")


class TestNotes:
    def test_a_threshold_from_the_test_set_is_called_so(self, dev):
        report = metrics.evaluate(dev, dict(dev))
        assert "threshold: test-optimal, not a valid result" in str(report)

    def test_subjects_in_both(self, dev, test_set):
        mixed = {**test_set, "subject": np.where(test_set["subject"] == "t3", "d3", test_set["subject"])}
        assert (
            "1 subjects are in both dev and test (d3): not a valid result."
            in metrics.evaluate(dev, mixed).notes
        )

    def test_attacks_of_one_kind(self, dev, test_set):
        report = metrics.evaluate({**dev, "pai": None}, {**test_set, "pai": None})
        assert "all attacks count as one" in report.notes[0]
        assert report.apcer == report.apcer_pooled

    def test_a_sound_evaluation_has_none(self, dev, test_set):
        assert metrics.evaluate(dev, test_set).notes == ()


class TestReport:
    def test_json_holds_every_field(self, dev, test_set):
        report = metrics.evaluate(dev, test_set)
        values = json.loads(report.to_json())
        assert values["threshold"] == report.threshold
        assert values["intervals"]["apcer/print"] == list(report.intervals["apcer/print"])
        assert values["operating_points"][0]["name"] == "BPCER10"
        assert set(values) == set(report.__dataclass_fields__)

    def test_the_table_shows_acer_beside_its_parts_and_the_worst_species(self, dev, test_set):
        report = metrics.evaluate(dev, test_set)
        lines = str(report).splitlines()
        titles = [line.split("  ")[0] for line in lines]
        assert titles.index("BPCER") + 1 == titles.index("ACER")
        assert f"APCER (worst: {report.worst_pai})" in titles
        assert f"{100 * report.bpcer:.2f} %" in lines[titles.index("BPCER")]

    def test_names_of_species_reach_html_escaped(self, dev, test_set):
        sets = [{**s, "pai": np.where(s["pai"] == "print", "<b>print", s["pai"])} for s in (dev, test_set)]
        text = metrics.evaluate(*sets)._repr_html_()
        assert "&lt;b&gt;print" in text
        assert "<b>" not in text

    def test_records_do_as_well_as_mappings(self, dev, test_set):
        assert metrics.evaluate(Scored(**dev), Scored(**test_set)) == metrics.evaluate(dev, test_set)
