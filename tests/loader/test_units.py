"""Index arithmetic of an epoch: shares, units, how they are dealt, windows and their limits."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.loader.order import (
    WINDOW_BYTES,
    WINDOW_ROWS,
    Entry,
    Share,
    Unit,
    deal,
    entries_of,
    shuffled,
    stretched,
    units_of,
    windows_of,
)


class TestShare:
    def test_consumers_are_numbered_rank_by_rank(self):
        shares = [Share(rank, 3, worker, 2) for rank in range(3) for worker in range(2)]
        assert [share.number for share in shares] == list(range(6))
        assert {share.count for share in shares} == {6}
        assert Share() == Share(0, 1, 0, 1)

    def test_a_share_a_unit_and_an_entry_can_be_told_apart_and_not_changed(self):
        for record in (Share(), Unit(0, 0, 1), Entry(0, 0, 0)):
            assert len({record, dataclasses.replace(record)}) == 1
            with pytest.raises(dataclasses.FrozenInstanceError):
                record.group = 1

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ((2, 2, 0, 1), "rank: expected 0 to 1, got 2"),
            ((-1, 2, 0, 1), "rank: expected 0 to 1, got -1"),
            ((0, 1, 3, 3), "worker: expected 0 to 2, got 3"),
            ((0, 1, -1, 3), "worker: expected 0 to 2, got -1"),
            ((0, 0, 0, 1), "rank: expected 0 to -1, got 0"),
        ],
    )
    def test_nobody_stands_outside(self, words, message):
        with pytest.raises(ArgumentError, match=f"^{message}$"):
            Share(*words)


class TestUnits:
    @pytest.mark.parametrize(
        ("consumers", "whole", "cut"), [(1, 5, 0), (2, 4, 1), (3, 3, 2), (4, 4, 1), (5, 5, 0), (6, 0, 5)]
    )
    def test_as_many_groups_stay_whole_as_go_round(self, consumers, whole, cut):
        units = units_of([12] * 5, np.ones(60, int), consumers=consumers)
        assert [unit.group for unit in units if unit.whole] == list(range(whole))
        parts = Counter(unit.group for unit in units if not unit.whole)
        assert parts == dict.fromkeys(range(whole, whole + cut), consumers)

    def test_groups_without_a_visit_are_nobodys(self):
        visits = np.array([1, 1, 0, 0, 0, 0, 2, 0])
        assert units_of([2, 2, 2, 2], visits, consumers=1) == [Unit(0, 0, 2), Unit(3, 0, 2)]
        assert units_of([2, 2], np.zeros(4, int), consumers=2) == []

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.lists(st.integers(0, 4), min_size=1, max_size=20).filter(any), st.integers(2, 6))
    def test_parts_of_a_group_follow_each_other_and_differ_by_less_than_two_rows_worth(
        self, visits, consumers
    ):
        units = units_of([len(visits)], np.array(visits), consumers=consumers)
        held = [sum(visits[unit.first : unit.stop]) for unit in units]
        assert sum(held) == sum(visits)
        assert all(a.stop == b.first for a, b in itertools.pairwise(units))
        assert all(unit.first < unit.stop for unit in units)
        fair = sum(visits) / consumers
        if len(units) == consumers:
            assert max(abs(n - fair) for n in held) <= max(visits)

    def test_entries_are_counted_with_their_visits(self):
        visits = np.array([1, 0, 2, 5, 1])
        assert entries_of([Unit(0, 0, 2), Unit(1, 1, 2, False)], [2, 3], visits) == 1 + 5
        assert entries_of([], [2, 3], visits) == 0


class TestDeal:
    UNITS = (*(Unit(g, 0, 4) for g in range(6)), *(Unit(6, i, i + 1, False) for i in range(3)))

    @pytest.mark.parametrize("seed", [None, 0, 1, 2])
    def test_everybody_gets_as_many_whole_groups_and_as_many_parts(self, seed):
        hands = []
        for number in range(3):
            rng = None if seed is None else np.random.default_rng(seed)
            hands.append(deal(self.UNITS, share=Share(number, 3), rng=rng))
        assert [sum(unit.whole for unit in hand) for hand in hands] == [2, 2, 2]
        assert [sum(not unit.whole for unit in hand) for hand in hands] == [1, 1, 1]
        assert Counter(unit for hand in hands for unit in hand) == Counter(self.UNITS)

    def test_without_a_shuffle_hands_are_dealt_in_order(self):
        assert [unit.group for unit in deal(self.UNITS, share=Share(1, 3), rng=None)] == [1, 4, 6]

    def test_workers_of_a_rank_hold_neighbouring_cards(self):
        hands = [deal(self.UNITS[:6], share=Share(r, 2, w, 3), rng=None) for r in range(2) for w in range(3)]
        assert [hand[0].group for hand in hands] == [0, 1, 2, 3, 4, 5]

    def test_a_hand_keeps_the_shuffled_order_of_groups_and_parts_alike(self):
        order = np.random.default_rng(7).permutation(9).tolist()
        hand = deal(self.UNITS, share=Share(), rng=np.random.default_rng(7))
        assert hand == [self.UNITS[i] for i in order]


class TestWindows:
    def test_a_row_that_is_visited_again_follows_itself_with_another_number(self):
        (window,) = windows_of([Unit(0, 0, 3)], [3], [1], np.array([1, 0, 3]))
        assert window == (Entry(0, 0, 0), Entry(0, 2, 0), Entry(0, 2, 1), Entry(0, 2, 2))

    @pytest.mark.parametrize(
        ("rows", "lengths"),
        [
            (WINDOW_ROWS // 2 - 1, [3]),
            (WINDOW_ROWS // 2, [2, 1]),
            (WINDOW_ROWS - 1, [2, 1]),
            (WINDOW_ROWS, [1, 1, 1]),
        ],
    )
    def test_one_ends_with_the_unit_that_fills_its_rows(self, rows, lengths):
        sizes = [rows] * 3
        units = [Unit(group, 0, rows) for group in range(3)]
        windows = list(windows_of(units, sizes, [1] * 3, np.ones(3 * rows, int)))
        assert [len(window) / rows for window in windows] == lengths

    @pytest.mark.parametrize(
        ("size", "lengths"),
        [
            (WINDOW_BYTES // 2 - 1, [3]),
            (WINDOW_BYTES // 2, [2, 1]),
            (WINDOW_BYTES - 1, [2, 1]),
            (WINDOW_BYTES, [1, 1, 1]),
        ],
    )
    def test_one_ends_with_the_unit_that_fills_its_bytes(self, size, lengths):
        units = [Unit(group, 0, 1) for group in range(3)]
        windows = list(windows_of(units, [1] * 3, [size] * 3, np.ones(3, int)))
        assert [len(window) for window in windows] == lengths

    def test_visits_fill_a_window_as_rows_do(self):
        units = [Unit(0, 0, 1), Unit(1, 0, 1)]
        windows = list(windows_of(units, [1, 1], [1, 1], np.array([WINDOW_ROWS, 1])))
        assert [len(window) for window in windows] == [WINDOW_ROWS, 1]

    def test_rows_of_later_groups_are_looked_up_behind_those_of_earlier_ones(self):
        visits = np.array([9, 9, 9, 0, 1, 2])
        (window,) = windows_of([Unit(1, 1, 3, False)], [3, 3], [1, 1], visits)
        assert window == (Entry(1, 1, 0), Entry(1, 2, 0), Entry(1, 2, 1))

    def test_a_shuffle_is_a_permutation_by_the_generator(self):
        window = tuple(Entry(0, row, 0) for row in range(50))
        found = shuffled(window, rng=np.random.default_rng(3))
        assert found == shuffled(window, rng=np.random.default_rng(3)) != window
        assert sorted(found, key=lambda entry: entry.row) == list(window)
        assert found != shuffled(window, rng=np.random.default_rng(4))


class TestStretched:
    WINDOWS = ((Entry(0, 0, 0), Entry(0, 1, 0)), (Entry(1, 0, 0), Entry(1, 0, 1)))

    @pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 9])
    def test_they_hold_exactly_so_many_entries_and_begin_again(self, length):
        entries = [
            entry for window in stretched(lambda: iter(self.WINDOWS), length, period=2) for entry in window
        ]
        whole = [entry for window in self.WINDOWS for entry in window]
        assert len(entries) == length
        for at, entry in enumerate(entries):
            first = whole[at % 4]
            assert entry == Entry(first.group, first.row, first.visit + 2 * (at // 4))

    def test_no_row_is_visited_twice_with_the_same_number(self):
        entries = [
            entry for window in stretched(lambda: iter(self.WINDOWS), 23, period=2) for entry in window
        ]
        assert len(set(entries)) == 23

    def test_no_window_is_longer_than_it_was(self):
        lengths = [len(window) for window in stretched(lambda: iter(self.WINDOWS), 7, period=2)]
        assert lengths == [2, 2, 2, 1]
