"""How often rows are visited in an epoch: shares in fractions, evenness, what is drawn, what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.loader.balance import visits_for


def visits_of(counts, *, balance, share=0.5, total=None, kept=None, seed=0):
    """Visits by species, of so many bona fide rows and rows of each species."""
    pai = np.repeat(["none", *(f"s{i}" for i in range(1, len(counts)))], counts)
    labels = (pai != "none").astype(int)
    kept = np.ones(len(pai), bool) if kept is None else np.asarray(kept)
    visits = visits_for(
        {"label": labels, "pai": pai},
        kept=kept,
        balance=balance,
        bonafide_share=share,
        total=total,
        rng=np.random.default_rng(seed),
    )
    return [visits[pai == name] for name in np.unique(pai)]


def even(visits):
    return max(visits) - min(visits) <= 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=4), st.sampled_from(["1/4", "1/2", "3/4", "9/10"]))
def test_classes_and_species_have_their_shares_and_no_row_is_left_out(counts, text):
    """The group that is largest for its share is visited once; the others as often as their share of it says."""
    share = Fraction(text)
    parts = visits_of(counts, balance="pai", share=float(share))
    shares = [share, *[(1 - share) / (len(counts) - 1)] * (len(counts) - 1)]
    length = max(n / s for n, s in zip(counts, shares, strict=True))
    for visits, wanted in zip(parts, shares, strict=True):
        assert abs(sum(visits) - length * wanted) <= Fraction(1, 2)
        assert even(visits)
        assert min(visits) >= 1
    bonafide, *attacks = visits_of(counts, balance="label", share=float(share))
    attacks = np.concatenate(attacks)
    length = max(counts[0] / share, sum(counts[1:]) / (1 - share))
    assert abs(bonafide.sum() - length * share) <= Fraction(1, 2)
    assert abs(attacks.sum() - length * (1 - share)) <= Fraction(1, 2)
    assert even(bonafide)
    assert even(attacks)


@pytest.mark.parametrize("total", [1, 2, 5, 10, 11, 37])
def test_without_balance_a_given_length_is_spread_evenly(total):
    (bonafide, attacks) = visits_of([4, 6], balance=None, total=total)
    visits = np.concatenate([bonafide, attacks])
    assert visits.sum() == total
    assert even(visits)
    assert visits.min() == total // 10


@pytest.mark.parametrize("balance", ["label", "pai"])
@pytest.mark.parametrize(("total", "bonafide"), [(10, 7), (20, 14), (1, 1), (3, 2)])
def test_with_balance_bona_fide_rows_have_their_part_of_a_given_length(balance, total, bonafide):
    parts = visits_of([3, 5, 1], balance=balance, share=0.7, total=total)
    assert parts[0].sum() == bonafide
    assert sum(part.sum() for part in parts) == total
    if balance == "pai":
        assert even([parts[1].sum(), parts[2].sum()])


def test_which_rows_come_once_more_is_drawn_and_fair():
    counts = np.zeros(5)
    for seed in range(400):
        (bonafide, _) = visits_of([5, 5], balance=None, total=3, seed=seed)
        counts += bonafide
    # Each of ten rows comes with chance 0.3: 120 of 400, standard error 9.2.
    assert counts == pytest.approx(np.full(5, 120), abs=37)


def test_which_species_comes_once_more_is_drawn():
    more = [
        int(np.argmax([p.sum() for p in visits_of([1, 1, 1], balance="pai", total=6, seed=s)[1:]]))
        for s in range(60)
    ]
    assert 15 < sum(more) < 45


def test_the_same_generator_gives_the_same_visits():
    first, again, other = (
        np.concatenate(visits_of([7, 9, 3], balance="pai", total=23, seed=seed)).tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other


class TestKept:
    KEPT = (True, False, True, True, False, False, True)
    """Of two bona fide rows, three of one species and two of another."""

    @pytest.mark.parametrize("balance", [None, "label", "pai"])
    @pytest.mark.parametrize("total", [None, 9])
    def test_rows_left_out_are_never_visited(self, balance, total):
        visits = np.concatenate(visits_of([2, 3, 2], balance=balance, total=total, kept=self.KEPT))
        assert not visits[~np.array(self.KEPT)].any()
        assert visits[np.array(self.KEPT)].all()

    def test_a_species_without_rows_left_takes_no_share(self):
        kept = [True, True, True, True, True, False, False]
        parts = visits_of([2, 3, 2], balance="pai", kept=kept, total=12)
        assert [part.sum() for part in parts] == [6, 6, 0]

    @pytest.mark.parametrize("balance", ["label", "pai"])
    @pytest.mark.parametrize(
        ("kept", "missing"),
        [([True, False, False], "attack"), ([False, True, True], "bona fide"), ([False] * 3, "attack")],
    )
    def test_a_class_without_rows_cannot_be_balanced(self, balance, kept, missing):
        with pytest.raises(
            ArgumentError, match=rf"^balance: expected rows of both classes, got no {missing} rows$"
        ):
            visits_of([1, 1, 1], balance=balance, kept=kept)

    def test_without_balance_one_class_will_do(self):
        visits = np.concatenate(visits_of([1, 1, 1], balance=None, kept=[False, True, True], total=5))
        assert visits[0] == 0
        assert sorted(visits[1:]) == [2, 3]


def test_species_are_those_of_attacks_alone():
    """A bona fide row whose species column says something is a bona fide row."""
    labels, pai = np.array([0, 0, 1]), np.array(["none", "print", "print"])
    keys = {"label": labels, "pai": pai}
    visits = visits_for(
        keys, kept=np.ones(3, bool), balance="pai", bonafide_share=0.5, rng=np.random.default_rng(0)
    )
    assert visits.tolist() == [1, 1, 2]


class TestDatasets:
    """Two of one and one of the other have few bona fide rows; the third has attacks alone."""

    KEYS = {  # noqa: RUF012  # never written
        "label": np.array([0] * 6 + [1] * 2 + [0] * 2 + [1] * 8 + [1] * 3),
        "pai": np.array(["none"] * 6 + ["print"] * 2 + ["none"] * 2 + ["print"] * 8 + ["replay"] * 3),
        "dataset": np.array(["a"] * 8 + ["b"] * 10 + ["c"] * 3),
    }

    def sums(self, balance, *, total=None, share=0.5, kept=None):
        """Visits by data set and label."""
        kept = np.ones(21, bool) if kept is None else kept
        visits = visits_for(
            self.KEYS,
            kept=kept,
            balance=balance,
            bonafide_share=share,
            total=total,
            rng=np.random.default_rng(0),
        )
        groups = {
            (d, n): (self.KEYS["dataset"] == d) & (self.KEYS["label"] == n) for d in "abc" for n in (0, 1)
        }
        assert all(even(visits[kept & (self.KEYS["dataset"] == d)]) for d in "abc") or balance != "dataset"
        return {key: int(visits[rows].sum()) for key, rows in groups.items()}

    def test_datasets_are_visited_as_often_and_no_row_is_left_out(self):
        sums = self.sums("dataset")
        assert [sums[name, 0] + sums[name, 1] for name in "abc"] == [10, 10, 10]
        assert (sums["b", 0], sums["b", 1]) == (2, 8)

    def test_of_a_given_length_too(self):
        sums = self.sums("dataset", total=100)
        parts = [sums[name, 0] + sums[name, 1] for name in "abc"]
        assert sum(parts) == 100
        assert even(parts)

    def test_labels_have_their_shares_and_in_each_the_datasets_that_have_it(self):
        # The largest group for its share: 8 attacks of b, of a sixth of the visits.
        assert self.sums("label+dataset") == {
            ("a", 0): 12,
            ("b", 0): 12,
            ("c", 0): 0,
            **{(name, 1): 8 for name in "abc"},
        }

    def test_shares_and_lengths_go_with_it(self):
        sums = self.sums("label+dataset", total=120, share=0.25)
        assert sums == {("a", 0): 15, ("b", 0): 15, ("c", 0): 0, **{(name, 1): 30 for name in "abc"}}

    def test_one_label_is_enough_for_datasets_alone(self):
        attacks = self.KEYS["label"] == 1
        assert {key: n for key, n in self.sums("dataset", kept=attacks).items() if n} == {
            (name, 1): 8 for name in "abc"
        }
        with pytest.raises(ArgumentError, match="balance: expected rows of both classes, got no bona fide"):
            self.sums("label+dataset", kept=attacks)
