"""Errors by subject and class against rows counted one by one, and influences against subjects deleted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from specaug.metrics.error_counts import ErrorCounts, effective


def made(seed, *, subjects=5, runs=3):
    """Rows of unequal numbers: (wrong, pai, units)."""
    rng = np.random.default_rng(seed)
    pai = np.array([name for name in ("none", "print", "replay") for _ in range(subjects * 3)])
    units = np.tile(np.arange(subjects), 9)
    kept = (rng.random(len(pai)) < 0.7) | (np.arange(len(pai)) % (3 * subjects) < subjects)
    return rng.random((runs, kept.sum())) < 0.4, pai[kept], units[kept]


def acer_without(wrong, pai, units, gone, species):
    """ACER at a given species of the rows of all subjects but one, by counting."""
    rates = []
    for name in ("none", species):
        rows = [row for row in range(len(pai)) if pai[row] == name and units[row] != gone]
        rates.append(sum(bool(wrong[row]) for row in rows) / len(rows))
    return sum(rates) / 2


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_single_rows(seed):
    wrong, pai, units = made(seed)
    counts = ErrorCounts.of(wrong, pai, units)
    assert counts.classes == ("bona fide", "print", "replay")
    for k, name in enumerate(("none", "print", "replay")):
        for subject in range(5):
            rows = [r for r in range(len(pai)) if pai[r] == name and units[r] == subject]
            assert counts.rows[k, subject] == len(rows)
            assert counts.errors[:, k, subject].tolist() == [sum(map(bool, run[rows])) for run in wrong]


@pytest.mark.parametrize("seed", range(4))
def test_influences_are_what_deleting_a_subject_changes(seed):
    wrong, pai, units = made(seed)
    counts = ErrorCounts.of(wrong, pai, units)
    found = counts.influences()
    for i, run in enumerate(wrong):
        rates = {name: run[pai == name].mean() for name in ("print", "replay")}
        worst = max(sorted(rates), key=lambda name: rates[name])
        assert counts.classes[counts.worst()[i]] == worst
        whole = acer_without(run, pai, units, None, worst)
        assert counts.acer()[i] == pytest.approx(whole)
        for subject in range(5):
            change = whole - acer_without(run, pai, units, subject, worst)
            assert found[i, subject] == pytest.approx(4 * change)


@pytest.mark.parametrize("word", ["none", "", "bonafide", "live"])
def test_bona_fide_rows_are_known_by_any_word_for_none(word):
    pai = np.array([word, "print", "print", "print"])
    counts = ErrorCounts.of(np.array([[True, False, False, False]]), pai, np.array([0, 0, 1, 1]))
    assert counts.rates().tolist() == [[1.0, 0.0]]


def test_a_class_of_one_subject_alone_has_no_influence_to_speak_of():
    pai, units = np.array(["none", "none", "print", "print"]), np.array([0, 1, 1, 1])
    counts = ErrorCounts.of(np.array([[False, False, True, False]]), pai, units)
    assert counts.influences().tolist() == [[0.0, 0.0]]
    assert counts.subjects() == {"bona fide": 2.0, "print": 1.0}


def test_subjects_with_most_of_the_rows_are_worth_fewer():
    assert effective(np.array([3.0, 3.0, 3.0, 0.0])) == 3
    assert effective(np.array([100.0, 1.0, 1.0])) == pytest.approx(102**2 / 10002)
