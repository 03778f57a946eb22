"""Scores with labels: what is accepted, what is refused with which words, and how rows are grouped."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug import metrics
from specaug.errors import ArgumentError
from specaug.metrics.scored import NO_SPECIES, Scored

NAN, INF = float("nan"), float("inf")


def four(**changes):
    """Two bona fide rows, a print and a replay."""
    values = {
        "scores": [0.1, 0.2, 0.8, 0.9],
        "labels": [0, 0, 1, 1],
        "pai": ["none", "none", "print", "replay"],
    }
    return Scored(**{**values, **changes})


class TestLabels:
    @pytest.mark.parametrize(
        ("labels", "got"),
        [
            ([0, 2], "got 2"),
            ([0, -1], "got -1"),
            ([0, 0.5], "got 0.5"),
            ([0, NAN], "got nan"),
            ([0, None], "got None"),
            (["0", "1"], "got '0'"),
            (["bonafide", "attack"], "got 'bonafide'"),
        ],
    )
    def test_others_than_zero_and_one_are_quoted(self, labels, got):
        with pytest.raises(ArgumentError, match=rf"^labels: expected 0 \(bona fide\) and 1 .* only, {got}$"):
            Scored([0.1, 0.2], labels)

    @pytest.mark.parametrize(("labels", "shape"), [(1, r"\(\)"), ([], r"\(0,\)"), ([[0, 1]], r"\(1, 2\)")])
    def test_they_are_one_row_of_numbers(self, labels, shape):
        with pytest.raises(ArgumentError, match=rf"^labels: .* array with rows, got shape {shape}$"):
            Scored([0.1, 0.2], labels)

    @pytest.mark.parametrize(("label", "missing"), [(0, r"attack \(1\)"), (1, r"bona fide \(0\)")])
    def test_a_class_without_rows_is_refused(self, label, missing):
        with pytest.raises(ArgumentError, match=rf"^labels: expected both classes .* got no {missing}$"):
            Scored([0.1, 0.2], [label, label])


class TestScores:
    @pytest.mark.parametrize("bad", [NAN, INF, -INF])
    def test_the_first_that_is_not_finite_is_named_with_their_number(self, bad):
        with pytest.raises(ArgumentError, match=rf"^scores: .* got {bad} in row 1 \(2 in all\)$"):
            four(scores=[0.1, bad, 0.8, bad])

    @pytest.mark.parametrize("shape", [(3,), (5,), (4, 1), (2, 2), ()])
    def test_there_is_one_for_each_row(self, shape):
        with pytest.raises(
            ArgumentError, match=r"^scores: expected shape \(4,\), one score for each row, got \("
        ):
            four(scores=np.zeros(shape))

    @pytest.mark.parametrize("scores", [{"a": 1}, ["low", "low", "high", "high"], [[1], [2, 3], 4, 5]])
    def test_what_is_no_number_is_refused_with_its_type(self, scores):
        with pytest.raises(ArgumentError, match=f"^scores: expected numbers, got {type(scores).__name__} "):
            four(scores=scores)

    def test_the_largest_and_smallest_numbers_are_scores(self):
        kept = four(scores=[-1e308, 5e-324, 0.0, 1e308])
        assert kept.scores.tolist() == [-1e308, 5e-324, 0.0, 1e308]
        assert kept.scores.dtype == np.float64
        assert kept.labels.dtype == np.int64


class TestSpecies:
    @pytest.mark.parametrize("word", NO_SPECIES)
    def test_words_for_none_fit_bona_fide_rows_alone(self, word):
        assert four(pai=[word, word, "print", "replay"]).species == ("print", "replay")
        with pytest.raises(ArgumentError, match=rf"^pai: .* got '{word}' for label 1 in row 3$"):
            four(pai=["none", "none", "print", word])

    @pytest.mark.parametrize("word", ["None", "NONE", "print", "nonesuch", " ", "0"])
    def test_any_other_word_is_a_species(self, word):
        with pytest.raises(ArgumentError, match=rf"^pai: .* got '{word}' for label 0 in row 1$"):
            four(pai=["none", word, "print", "replay"])
        assert word in four(pai=["none", "none", "print", word]).species

    def test_rows_of_a_species_are_attacks_of_exactly_that_name(self):
        data = four(pai=["none", "none", "print", "print/paper"])
        assert data.is_species("print").tolist() == [False, False, True, False]
        assert data.is_species("mask").tolist() == [False] * 4
        assert four(pai=None).is_species("attack").tolist() == [False, False, True, True]

    def test_scores_are_parted_by_class_and_species(self):
        data = four(scores=[3, 1, 2, 0])
        assert data.bonafide_scores.tolist() == [3, 1]
        assert data.attack_scores.tolist() == [2, 0]
        assert {name: s.tolist() for name, s in data.scores_by_pai().items()} == {"print": [2], "replay": [0]}


class TestAcquired:
    @pytest.mark.parametrize("score", [NAN, INF, -INF, 0.5])
    def test_a_row_without_a_face_may_hold_anything_and_counts_nowhere(self, score):
        data = four(scores=[score, 0.2, 0.8, 0.9], acquired=[False, True, True, True])
        assert data.bonafide_scores.tolist() == [0.2]
        assert data.has_score.tolist() == [False, True, True, True]

    def test_a_row_with_a_face_needs_a_score_still(self):
        with pytest.raises(ArgumentError, match=r"^scores: .* got nan in row 2 \(1 in all\)$"):
            four(scores=[NAN, 0.2, NAN, 0.9], acquired=[False, True, True, True])

    @pytest.mark.parametrize(
        "acquired", [[1, 1, 0, 2], [True] * 3, [[True] * 4], ["yes"] * 4, [1, 1, 0.5, 1]]
    )
    def test_others_than_booleans_are_refused(self, acquired):
        with pytest.raises(ArgumentError, match=r"^acquired: expected \(4,\) booleans, got "):
            four(acquired=acquired)

    def test_a_class_that_nobody_could_acquire_is_missing(self):
        with pytest.raises(ArgumentError, match=r"got no bona fide \(0\)$"):
            four(acquired=[0, 0, 1, 1])

    def test_a_species_that_nobody_could_acquire_is_still_one(self):
        data = four(acquired=[1, 1, 1, 0], pai=None)
        assert data.attack_scores.tolist() == [0.8]
        with pytest.raises(
            ArgumentError, match=r"^pai: expected scores of every species, got none of 'replay'$"
        ):
            four(acquired=[1, 1, 1, 0])
        assert four(acquired=[1, 0, 1, 1]).is_species("print").tolist() == [False, False, True, False]


class TestUnits:
    def test_rows_stand_alone_where_no_subjects_are_known(self):
        assert four().units().tolist() == [0, 1, 2, 3]

    def test_rows_of_one_subject_share_a_number_and_nameless_ones_have_their_own(self):
        units = four(subject=["b", "", "b", None]).units()
        assert units[0] == units[2]
        assert sorted(set(units.tolist())) == [0, 1, 2]

    def test_a_subject_may_be_called_as_a_row_is(self):
        units = four(subject=["row 1", "", "", "row 2"]).units()
        assert len(set(units.tolist())) == 4

    def test_numbers_are_names_too(self):
        assert four(subject=[7, 7, "7", 8]).units().tolist() == [0, 0, 0, 1]

    @pytest.mark.parametrize("field", ["pai", "subject"])
    def test_names_are_as_many_as_rows(self, field):
        with pytest.raises(ArgumentError, match=rf"^{field}: expected 4 names, one for each row, got 3$"):
            four(**{field: ["a"] * 3})
        with pytest.raises(ArgumentError, match=rf"^{field}: expected 4 names, .* got shape \(2, 2\)$"):
            four(**{field: [["a", "b"], ["c", "d"]]})


class TestOf:
    def test_a_record_that_is_valid_is_taken_as_it_is(self):
        data = four()
        assert Scored.of(data, "dev") is data

    @pytest.mark.parametrize("kind", [dict, SimpleNamespace])
    def test_mappings_and_records_give_the_fields_and_may_hold_others(self, kind):
        data = Scored.of(kind(scores=[0.1, 0.9], labels=[0, 1], subject=["a", "b"], threshold=0.5, note="x"))
        assert data.scores.tolist() == [0.1, 0.9]
        assert data.subject.tolist() == ["a", "b"]
        assert data.pai is None
        assert data.acquired is None

    @pytest.mark.parametrize(
        ("given", "missing"),
        [
            ({}, "no scores and no labels"),
            ({"scores": [1]}, "no labels"),
            ({"labels": [1]}, "no scores"),
            (SimpleNamespace(), "no scores and no labels"),
            (None, "no scores and no labels"),
            ([0.1, 0.9], "no scores and no labels"),
        ],
    )
    def test_what_is_missing_is_named(self, given, missing):
        with pytest.raises(ArgumentError, match=rf"^dev: expected scores and labels, got {missing}$"):
            Scored.of(given, "dev")

    def test_faults_are_told_with_the_name_of_the_set(self):
        with pytest.raises(ArgumentError, match=r"^test: scores: expected finite numbers, got nan in row 0"):
            Scored.of({"scores": [NAN, 1], "labels": [0, 1]}, "test")


def test_a_record_cannot_be_changed_and_says_what_it_holds():
    data = four()
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.scores = np.zeros(4)
    assert repr(data) == "Scored(2 bona fide, 2 attacks of print, replay)"
    assert repr(Scored([1, 2, 3], [0, 1, 1])) == "Scored(1 bona fide, 2 attacks of attack)"


class TestVideoScores:
    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(-20, 20)), min_size=1, max_size=12))
    def test_each_video_has_the_mean_of_its_clips_where_it_first_appears(self, clips):
        names, scores = zip(*clips, strict=True)
        means, first = metrics.video_scores(scores, names)
        order = list(dict.fromkeys(names))
        by_name = {name: [s for n, s in clips if n == name] for name in order}
        assert means.tolist() == pytest.approx([sum(by_name[name]) / len(by_name[name]) for name in order])
        assert first.tolist() == [names.index(name) for name in order]

    def test_videos_may_be_numbered(self):
        means, first = metrics.video_scores([1, 3, 10], [7, 7, 2])
        assert (means.tolist(), first.tolist()) == ([2.0, 10.0], [0, 2])

    @pytest.mark.parametrize(("scores", "got"), [([0.1], r"got \(1,\)"), ([0.1, NAN], "got nan in row 1")])
    def test_each_clip_needs_a_finite_score(self, scores, got):
        with pytest.raises(ArgumentError, match=f"^scores: expected .*{got}"):
            metrics.video_scores(scores, ["a", "b"])
