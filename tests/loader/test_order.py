"""Which rows come when: shares, shuffles, balance, resuming."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from specaug import Recipe, load
from specaug.errors import ArgumentError
from specaug.loader import clip_stream
from specaug.loader.order import Share, Unit, deal, entries_of, stretched, units_of, visits_for, windows_of
from specaug.shards import EncodedRows


def ids(loader):
    return [name for batch in loader for name in batch["clip_id"]]


@contextmanager
def refused(message: str) -> Iterator[None]:
    """An error of a DataLoader, whose workers are let go at once.

    What torch raises for a worker holds its own traceback, and with it the iterator. One that is left to the garbage
    collector waits five seconds for each worker: its queues are closed before it can tell them to end.
    """
    with pytest.raises(ArgumentError, match=message) as caught:
        yield
    traceback.clear_frames(caught.tb)
    del caught  # it is in its own traceback, by this frame


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


class _Wrapped(torch.utils.data.IterableDataset):
    """Some user's data set around a loader."""

    def __init__(self, clips):
        self.clips = clips

    def __iter__(self):
        return iter(self.clips)


def test_parts_of_a_group_hold_as_many_visits():
    """Bona fide rows first, then attacks; those that are not loaded give nobody less to do."""
    visits = np.repeat([1, 0], 20)
    parts = [entries_of([unit], [40], visits) for unit in units_of([40], visits, consumers=4)]
    assert parts == [5] * 4
    visits = np.repeat([1, 4], [20, 20])
    parts = [entries_of([unit], [40], visits) for unit in units_of([40], visits, consumers=4)]
    assert sum(parts) == 100
    assert max(parts) - min(parts) <= 4
    assert units_of([3], np.array([0, 7, 0]), consumers=2) == [Unit(0, 0, 2, False)]


@settings(max_examples=200)
@given(
    counts=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    total=st.integers(1, 300),
    share=st.floats(0.05, 0.95),
)
def test_an_epoch_of_so_many_clips_has_its_shares(counts, total, share):
    pai = np.repeat([f"s{i:02d}" if i else "none" for i in range(len(counts))], counts)
    labels = (pai != "none").astype(int)
    rng = np.random.default_rng(0)
    for balance in ("class", "pai"):
        visits = visits_for(
            labels, pai, kept=labels >= 0, balance=balance, bonafide_share=share, total=total, rng=rng
        )
        assert visits.sum() == total
        assert abs(visits[labels == 0].sum() - share * total) <= 0.5
        species = [visits[pai == name].sum() for name in np.unique(pai) if name != "none"]
        assert balance == "class" or max(species) - min(species) <= 1


class TestProcesses:
    @pytest.mark.parametrize("as_", ["torch", "numpy", "arrow"])
    def test_ranks_are_those_of_torch(self, out, monkeypatch, as_):
        monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
        monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
        found = []
        for rank in range(2):
            monkeypatch.setattr("torch.distributed.get_rank", lambda rank=rank: rank)
            loader = load(out, split="train", as_=as_)
            assert (loader.rank, loader.world) == (rank, 2)
            found += [str(name) for batch in loader for name in batch["clip_id"]]
        assert len(found) == len(set(found)) == 24

    def test_workers_share_arrays_too(self, out):
        clips = _Wrapped(load(out, split="train", as_="numpy", batch_size=2))
        found = [
            name for batch in DataLoader(clips, batch_size=None, num_workers=2) for name in batch["clip_id"]
        ]
        assert len(found) == len(set(found)) == 24


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
            clip_stream,
            "EncodedRows",
            lambda group, columns: read.append(group) or EncodedRows(group, columns),
        )
        loader.load_state_dict(loader.state_after(4))
        assert len(ids(loader)) == 4
        assert len(read) == 1

    def test_a_data_loader_goes_on_by_the_batches_it_gave(self, out):
        def whole(state=None):
            clips = load(out, even=True, **self.SETTINGS)
            if state:
                clips.load_state_dict(state)
            return [batch["clip_id"] for batch in DataLoader(clips, batch_size=None, num_workers=2)]

        state = load(out, even=True, **self.SETTINGS).state_after(3, workers=2)
        assert whole(state) == whole()[3:]

    @pytest.mark.parametrize(
        ("workers", "change"), [(0, {}), (1, {}), (2, {"batch_size": 4}), (2, {"seed": 1})]
    )
    def test_batches_of_another_loader_are_refused(self, out, workers, change):
        state = load(out, **self.SETTINGS).state_after(3, workers=2)
        clips = load(out, **{**self.SETTINGS, **change})
        clips.load_state_dict(state)
        with refused(r"state: expected that of \(world, workers, batch_size, seed\)"):
            next(iter(DataLoader(clips, batch_size=None, num_workers=workers)))

    def test_a_state_that_is_not_used_yet_is_the_state(self, out):
        """A loader may be asked before its first batch, as StatefulDataLoader does."""
        loader = load(out, **self.SETTINGS)
        batches = iter(loader)
        next(batches)
        state = loader.state_dict()
        other = load(out, **self.SETTINGS)
        other.load_state_dict(state)
        assert other.state_dict() == state
        rest = iter(other)
        assert other.state_dict() == state
        next(rest)
        assert other.state_dict()["clips"] == 10

    def test_a_new_pass_begins_at_its_start(self, out):
        loader = load(out, **self.SETTINGS)
        assert len(ids(loader)) == 24
        assert loader.state_dict()["clips"] == 24
        loader.set_epoch(1)
        batches = iter(loader)
        assert loader.state_dict() == {"epoch": 1, "clips": 0, "consumer": [0, 1, 0, 1]}
        next(batches)
        assert loader.state_dict()["clips"] == 5

    @pytest.mark.parametrize("workers", [0, 2])
    def test_a_state_is_used_once(self, out, workers):
        clips = load(out, even=True, **self.SETTINGS)
        clips.load_state_dict(clips.state_after(3, workers=workers))
        batches = DataLoader(clips, batch_size=None, num_workers=workers)
        passes = [[batch["clip_id"] for batch in batches] for _ in range(3)]
        assert passes[0] == passes[1][3:]
        assert passes[1] == passes[2]
        assert len(passes[1]) == clips.n_batches(workers=max(workers, 1))
        clips.load_state_dict(clips.state_after(4, workers=workers))
        assert [batch["clip_id"] for batch in batches] == passes[1][4:]

    def test_workers_that_live_already_cannot_go_on(self, out):
        clips = load(out, even=True, **self.SETTINGS)
        batches = DataLoader(clips, batch_size=None, num_workers=1, persistent_workers=True)
        list(batches)
        clips.load_state_dict(clips.state_after(3, workers=1))
        with refused("state: expected it before the workers start"):
            next(iter(batches))

    def test_an_epoch_that_is_chosen_in_mid_pass_is_the_next(self, out):
        recipe = Recipe.from_preset("control")
        settings = {**self.SETTINGS, "augment": recipe, "augment_share": 1.0, "as_": "numpy"}
        wanted = [batch["rgb"] for batch in load(out, **settings)]
        loader = load(out, **settings)
        got = []
        for batch in loader:
            got.append(batch["rgb"])
            loader.set_epoch(1)
        assert all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))
        assert loader.state_dict() == {"epoch": 1, "clips": 0, "consumer": [0, 1, 0, 1]}

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
