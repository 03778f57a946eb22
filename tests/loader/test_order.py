"""Which rows come when: shares, shuffles, balance, resuming."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from specaug import load
from specaug.errors import ArgumentError
from specaug.loader import stream
from specaug.loader.order import Share, deal, entries_of, stretched, units_of, visits_for, windows_of
from specaug.shards import EncodedRows


def ids(loader):
    return [name for batch in loader for name in batch["clip_id"]]


def visited(sizes, visits, *, consumers, seed=None):
    """(consumer, group, row) of every entry that is dealt."""
    found = []
    for number in range(consumers):
        rng = None if seed is None else np.random.default_rng(seed)
        own = deal(units_of(sizes, visits, consumers=consumers), share=Share(number, consumers), rng=rng)
        windows = list(windows_of(own, sizes, [1] * len(sizes), visits))
        assert sum(map(len, windows)) == entries_of(own, sizes, visits)
        found += [(number, e.group, e.row) for window in windows for e in window]
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 7), st.integers(0, 5), st.data())
def test_every_visit_is_dealt_to_one_consumer(sizes, consumers, seed, data):
    visits = np.array(data.draw(st.lists(st.integers(0, 3), min_size=sum(sizes), max_size=sum(sizes))))
    found = visited(sizes, visits, consumers=consumers, seed=seed)
    expected = [(g, r) for g, n in enumerate(sizes) for r in range(n)]
    counted = Counter((g, r) for _, g, r in found)
    assert [counted[key] for key in expected] == visits.tolist()


def test_whole_row_groups_go_to_one_consumer_where_there_are_enough():
    found = visited([4] * 6, np.ones(24, int), consumers=3, seed=1)
    owners = {group: {c for c, g, _ in found if g == group} for group in range(6)}
    assert all(len(consumers) == 1 for consumers in owners.values())
    assert Counter(c for c, _, _ in found) == {0: 8, 1: 8, 2: 8}


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 8), st.sampled_from([None, 0, 1]))
def test_groups_of_one_size_are_dealt_evenly_whatever_their_number(groups, consumers, seed):
    """Parts of a group differ by a row, so consumers differ by one for each group that is cut."""
    found = visited([40] * groups, np.ones(40 * groups, int), consumers=consumers, seed=seed)
    counted = Counter(consumer for consumer, _, _ in found)
    left_over = groups % consumers
    assert max(counted.values()) - min(counted[c] for c in range(consumers)) <= left_over
    cut = Counter(group for _, group in {(c, g) for c, g, _ in found})
    assert sum(n > 1 for n in cut.values()) <= left_over


def test_windows_are_bounded_in_bytes():
    units = units_of([10] * 5, np.ones(50, int), consumers=1)
    windows = list(windows_of(units, [10] * 5, [40 << 20] * 5, np.ones(50, int)))
    assert [len(window) for window in windows] == [20, 20, 10]


def test_stretched_windows_begin_again_as_other_visits():
    units = units_of([3], np.ones(3, int), consumers=1)
    windows = stretched(lambda: windows_of(units, [3], [1], np.ones(3, int)), 7, period=1)
    entries = [(e.row, e.visit) for window in windows for e in window]
    assert entries == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (0, 2)]


class TestBalance:
    LABELS = np.array([0] * 10 + [1] * 31)
    PAI = np.array(["none"] * 10 + ["print"] * 30 + ["replay"])

    def visits(self, balance, share=0.5, kept=None, total=None):
        kept = np.ones(41, bool) if kept is None else kept
        rng = np.random.default_rng(3)
        return visits_for(
            self.LABELS, self.PAI, kept=kept, balance=balance, bonafide_share=share, total=total, rng=rng
        )

    def test_classes_are_visited_as_often_and_no_row_is_left_out(self):
        visits = self.visits("class")
        assert visits[:10].sum() == visits[10:].sum() == 31
        assert visits.min() == 1
        assert visits[:10].max() - visits[:10].min() <= 1

    def test_species_are_visited_as_often(self):
        visits = self.visits("pai")
        assert (visits[:10].sum(), visits[10:40].sum(), visits[40]) == (60, 30, 30)

    def test_shares_can_be_chosen(self):
        visits = self.visits("class", share=0.75)
        assert visits[:10].sum() == 3 * visits[10:].sum() == 93

    def test_an_epoch_can_have_a_given_length(self):
        visits = self.visits("class", share=0.75, total=16)
        assert (visits[:10].sum(), visits[10:].sum(), visits.max()) == (12, 4, 2)
        assert self.visits(None, total=100).sum() == 100
        assert self.visits(None, total=5).max() == 1

    def test_rows_left_out_stay_out(self):
        visits = self.visits("class", kept=self.PAI != "print")
        assert visits[10:40].sum() == 0
        assert visits[:10].sum() == visits[40] == 10

    def test_none_visits_each_row_once(self):
        assert (self.visits(None) == 1).all()

    def test_in_batches(self, out):
        labels = [x for b in load(out, split="train", balance="pai", shuffle=True) for x in b["pai"]]
        assert Counter(labels) == {"none": 12, "print": 6, "replay": 6}


class TestShuffle:
    def test_an_epoch_is_the_same_each_time_and_another_one_is_not(self, out):
        loader = load(out, split="train", shuffle=True, seed=5)
        first, again = ids(loader), ids(loader)
        loader.set_epoch(1)
        assert first == again != ids(loader)
        assert sorted(first) == sorted(ids(loader))
        assert ids(load(out, split="train", shuffle=True, seed=6)) != first

    def test_rows_mix_across_row_groups(self, out):
        order = [int(name.split("-")[0], 16) for name in ids(load(out, split="train", shuffle=True))]
        steps = np.abs(np.diff(order))
        assert steps.mean() > 4  # a shuffle of 24 has a mean step near 8; of groups of 4 within, near 3

    def test_numpy_and_torch_agree(self, out):
        settings = {"split": "train", "shuffle": True, "balance": "class"}
        assert ids(load(out, as_="numpy", **settings)) == ids(load(out, as_="torch", **settings))


class TestRanks:
    def test_ranks_share_the_rows(self, out):
        parts = [ids(load(out, split="train", shuffle=True, rank=r, world=4)) for r in range(4)]
        assert sorted(chain(*parts)) == sorted(ids(load(out, split="train")))
        assert len(set(chain(*parts))) == 24

    def test_even_ranks_give_as_many(self, out):
        loaders = [load(out, split="train", even=True, rank=r, world=5, batch_size=4) for r in range(5)]
        parts = [ids(loader) for loader in loaders]
        assert len({len(part) for part in parts}) == 1
        assert set(chain(*parts)) == set(ids(load(out, split="train")))
        assert [loader.n_clips() for loader in loaders] == [len(part) for part in parts]

    def test_more_consumers_than_rows(self, out):
        with pytest.raises(ArgumentError, match="even: expected rows for each of 40 consumers"):
            list(load(out, split="train", even=True, rank=0, world=40))
        parts = [ids(load(out, split="train", rank=r, world=40)) for r in range(40)]
        assert sorted(chain(*parts)) == sorted(ids(load(out, split="train")))

    def test_a_share_beyond_the_world(self):
        with pytest.raises(ArgumentError, match="rank: expected 0 to 1, got 2"):
            Share(2, 2)


class TestResume:
    SETTINGS: ClassVar = {"split": "train", "shuffle": True, "batch_size": 5, "seed": 2}

    def test_an_epoch_goes_on_where_it_stopped(self, out):
        loader = load(out, **self.SETTINGS)
        loader.set_epoch(3)
        batches = iter(loader)
        seen = [next(batches)["clip_id"] for _ in range(2)]
        state = loader.state_dict()
        other = load(out, **self.SETTINGS)
        other.load_state_dict(state)
        rest = [batch["clip_id"] for batch in other]
        loader.set_epoch(3)
        assert seen + rest == [batch["clip_id"] for batch in loader]
        assert len(ids(other)) == 24  # the next pass is whole again

    def test_rows_that_were_given_are_not_read(self, out, monkeypatch):
        loader = load(out, **{**self.SETTINGS, "shuffle": False})
        monkeypatch.setattr("specaug.loader.order.WINDOW_ROWS", 4)
        read = []
        monkeypatch.setattr(
            stream, "EncodedRows", lambda group, columns: read.append(group) or EncodedRows(group, columns)
        )
        loader.load_state_dict({"epoch": 0, "batches": 4})
        assert len(ids(loader)) == 4
        assert len(read) == 1

    def test_a_data_loader_goes_on_by_the_batches_it_gave(self, out):
        def whole(state=None):
            clips = load(out, even=True, **self.SETTINGS)
            if state:
                clips.load_state_dict(state)
            return [batch["clip_id"] for batch in DataLoader(clips, batch_size=None, num_workers=2)]

        state = load(out, even=True, **self.SETTINGS).state_after(3)
        assert whole(state) == whole()[3:]

    def test_a_state_of_other_workers_is_refused(self, out):
        loader = load(out, **self.SETTINGS)
        loader.load_state_dict({"epoch": 0, "clips": 5, "consumer": [0, 1, 1, 4]})
        with pytest.raises(
            ArgumentError, match=r"state: expected that of .* = \(0, 1, 0, 1\), got \(0, 1, 1, 4\)"
        ):
            next(iter(loader))

    def test_something_else_is_no_state(self, out):
        with pytest.raises(ArgumentError, match="state: expected one of state_dict or state_after, got keys"):
            load(out, **self.SETTINGS).load_state_dict({"step": 3})
