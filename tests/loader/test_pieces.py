"""Index arithmetic of an epoch: shares, pieces of row groups, windows and their limits."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.loader.order import (
    WINDOW_BYTES,
    WINDOW_ROWS,
    Entry,
    Piece,
    Share,
    part_of,
    rank_part,
    shuffled,
    windows_of,
    worker_part,
)


class TestShare:
    def test_consumers_are_numbered_rank_by_rank(self):
        shares = [Share(rank, 3, worker, 2) for rank in range(3) for worker in range(2)]
        assert [share.number for share in shares] == list(range(6))
        assert Share() == Share(0, 1, 0, 1)

    def test_a_share_a_piece_and_an_entry_can_be_told_apart_and_not_changed(self):
        for record in (Share(), Piece(0, 0, 1), Entry(0, 0, 0)):
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


class TestParts:
    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.integers(0, 50), st.integers(1, 8))
    def test_ranks_follow_each_other_and_differ_by_one(self, total, world):
        parts = [rank_part(total, rank=rank, world=world) for rank in range(world)]
        assert parts[0][0] == 0
        assert parts[-1][1] == total
        assert all(a[1] == b[0] for a, b in itertools.pairwise(parts))
        lengths = [stop - first for first, stop in parts]
        assert max(lengths) - min(lengths) <= 1

    @pytest.mark.parametrize(
        ("total", "batch", "workers", "parts"),
        [
            (24, 8, 4, [(0, 8), (8, 16), (16, 24), (24, 24)]),
            (20, 8, 2, [(0, 12), (12, 20)]),
            (20, 8, 3, [(0, 8), (8, 16), (16, 20)]),
            (3, 8, 2, [(0, 3), (3, 3)]),
            (0, 8, 2, [(0, 0), (0, 0)]),
            (5, 1, 2, [(0, 3), (3, 5)]),
        ],
    )
    def test_workers_have_whole_batches_but_for_the_last_of_all(self, total, batch, workers, parts):
        found = [worker_part(total, batch=batch, worker=w, workers=workers) for w in range(workers)]
        assert found == parts

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.integers(0, 20), st.integers(0, 20))
    def test_a_part_is_a_slice_of_all_visits_begun_again_and_again(self, lengths, first, more):
        pieces = [Piece(7 * i, 2, 2 + n) for i, n in enumerate(lengths)]
        one = [(p.group, at) for p in pieces for at in range(p.first, p.stop)]
        found = part_of(pieces, first, first + more)
        assert all(piece.first < piece.stop for piece in found)
        every = [(group, at, again) for again in range(50) for group, at in one]
        assert [(p.group, at, p.again) for p in found for at in range(p.first, p.stop)] == every[
            first : first + more
        ]

    def test_a_part_of_nothing_is_empty(self):
        assert part_of([], 0, 0) == []


class TestWindows:
    def test_a_row_that_is_visited_again_follows_itself_with_another_number(self):
        (window,) = windows_of([Piece(0, 0, 4)], [3], [1], np.array([1, 0, 3]))
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
    def test_one_ends_with_the_piece_that_fills_its_rows(self, rows, lengths):
        sizes = [rows] * 3
        pieces = [Piece(group, 0, rows) for group in range(3)]
        windows = list(windows_of(pieces, sizes, [1] * 3, np.ones(3 * rows, int)))
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
    def test_one_ends_with_the_piece_that_fills_its_bytes(self, size, lengths):
        pieces = [Piece(group, 0, 1) for group in range(3)]
        windows = list(windows_of(pieces, [1] * 3, [size] * 3, np.ones(3, int)))
        assert [len(window) for window in windows] == lengths

    def test_visits_fill_a_window_as_rows_do(self):
        pieces = [Piece(0, 0, WINDOW_ROWS), Piece(1, 0, 1)]
        windows = list(windows_of(pieces, [1, 1], [1, 1], np.array([WINDOW_ROWS, 1])))
        assert [len(window) for window in windows] == [WINDOW_ROWS, 1]

    def test_rows_of_later_groups_are_looked_up_behind_those_of_earlier_ones(self):
        visits = np.array([9, 9, 9, 0, 1, 2])
        (window,) = windows_of([Piece(1, 0, 3)], [3, 3], [1, 1], visits)
        assert window == (Entry(1, 1, 0), Entry(1, 2, 0), Entry(1, 2, 1))

    def test_a_part_of_the_visits_of_a_row_keeps_their_numbers(self):
        (window,) = windows_of([Piece(0, 1, 4)], [3], [1], np.array([3, 0, 2]))
        assert window == (Entry(0, 0, 1), Entry(0, 0, 2), Entry(0, 2, 0))

    def test_a_shuffle_is_a_permutation_by_the_generator(self):
        window = tuple(Entry(0, row, 0) for row in range(50))
        found = shuffled(window, rng=np.random.default_rng(3))
        assert found == shuffled(window, rng=np.random.default_rng(3)) != window
        assert sorted(found, key=lambda entry: entry.row) == list(window)
        assert found != shuffled(window, rng=np.random.default_rng(4))
