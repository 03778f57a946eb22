"""Which rows come when: shares, shuffles, balance, resuming."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, pairwise, product, zip_longest
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
from specaug.loader.balance import visits_for
from specaug.loader.order import Piece, Share, part_of, rank_part, windows_of, worker_part
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


def pieces_of(sizes, visits, share, *, batch=1, groups=None):
    """What a consumer of an epoch reads, of groups in that order."""
    starts = np.cumsum([0, *sizes])
    counts = [int(visits[a:b].sum()) for a, b in pairwise(starts)]
    every = [Piece(g, 0, counts[g]) for g in (range(len(sizes)) if groups is None else groups) if counts[g]]
    first, stop = rank_part(sum(counts), rank=share.rank, world=share.world)
    own = part_of(every, first, stop)
    return part_of(own, *worker_part(stop - first, batch=batch, worker=share.worker, workers=share.workers))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5)),
    st.data(),
)
def test_every_visit_is_dealt_to_one_consumer(sizes, readers, data):
    visits = np.array(data.draw(st.lists(st.integers(0, 3), min_size=sum(sizes), max_size=sum(sizes))))
    groups = data.draw(st.permutations(range(len(sizes))))
    world, workers, batch = readers
    found = []
    for rank, worker in product(range(world), range(workers)):
        pieces = pieces_of(sizes, visits, Share(rank, world, worker, workers), batch=batch, groups=groups)
        windows = list(windows_of(pieces, sizes, [1] * len(sizes), visits))
        assert sum(map(len, windows)) == sum(piece.stop - piece.first for piece in pieces)
        found += [(e.group, e.row, e.visit) for window in windows for e in window]
    starts = np.cumsum([0, *sizes])
    expected = [
        (g, row, visit)
        for g, n in enumerate(sizes)
        for row in range(n)
        for visit in range(visits[starts[g] + row])
    ]
    assert sorted(found) == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 60), st.integers(1, 7), st.integers(1, 5))
def test_workers_give_the_batches_of_one_process_in_turns(total, batch, workers):
    """As many whole ones, and the rest in the last of all."""
    parts = [worker_part(total, batch=batch, worker=w, workers=workers) for w in range(workers)]
    assert [first for first, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == total
    lengths = [[min(batch, stop - at) for at in range(first, stop, batch)] for first, stop in parts]
    turns = [length for turn in zip_longest(*lengths) for length in turn]
    given = [length for length in turns if length is not None]
    assert given == turns[: len(given)]  # nobody is skipped before the end
    assert given == [min(batch, total - at) for at in range(0, total, batch)]


def test_ranks_differ_by_one_clip_at_most():
    parts = [rank_part(26, rank=rank, world=4) for rank in range(4)]
    assert parts == [(0, 7), (7, 14), (14, 20), (20, 26)]


def test_row_groups_are_cut_only_between_consumers():
    """Whole groups go to one consumer where they fit; a consumer begins or ends within one otherwise."""
    visits = np.ones(24, int)
    whole = [pieces_of([4] * 6, visits, Share(rank, 3)) for rank in range(3)]
    assert whole == [[Piece(2 * r, 0, 4), Piece(2 * r + 1, 0, 4)] for r in range(3)]
    cut = [pieces_of([4] * 6, visits, Share(0, 1, worker, 4), batch=3) for worker in range(4)]
    assert [len(pieces) for pieces in cut] == [2, 2, 2, 2]


def test_windows_are_bounded_in_bytes():
    pieces = [Piece(group, 0, 10) for group in range(5)]
    windows = list(windows_of(pieces, [10] * 5, [40 << 20] * 5, np.ones(50, int)))
    assert [len(window) for window in windows] == [20, 20, 10]


def test_what_is_read_again_counts_as_other_visits():
    pieces = part_of([Piece(0, 0, 4)], 2, 9)
    visits = np.array([1, 2, 1])
    entries = [(e.row, e.visit) for window in windows_of(pieces, [3], [1], visits) for e in window]
    assert entries == [(1, 1), (2, 0), (0, 2), (1, 2), (1, 3), (2, 2), (0, 4)]


class TestBalance:
    LABELS = np.array([0] * 10 + [1] * 31)
    PAI = np.array(["none"] * 10 + ["print"] * 30 + ["replay"])

    def visits(self, balance, share=0.5, kept=None, total=None):
        kept = np.ones(41, bool) if kept is None else kept
        rng = np.random.default_rng(3)
        keys = {"label": self.LABELS, "pai": self.PAI}
        return visits_for(keys, kept=kept, balance=balance, bonafide_share=share, total=total, rng=rng)

    def test_classes_are_visited_as_often_and_no_row_is_left_out(self):
        visits = self.visits("label")
        assert visits[:10].sum() == visits[10:].sum() == 31
        assert visits.min() == 1
        assert visits[:10].max() - visits[:10].min() <= 1

    def test_species_are_visited_as_often(self):
        visits = self.visits("pai")
        assert (visits[:10].sum(), visits[10:40].sum(), visits[40]) == (60, 30, 30)

    def test_shares_can_be_chosen(self):
        visits = self.visits("label", share=0.75)
        assert visits[:10].sum() == 3 * visits[10:].sum() == 93

    def test_an_epoch_can_have_a_given_length(self):
        visits = self.visits("label", share=0.75, total=16)
        assert (visits[:10].sum(), visits[10:].sum(), visits.max()) == (12, 4, 2)
        assert self.visits(None, total=100).sum() == 100
        assert self.visits(None, total=5).max() == 1

    def test_rows_left_out_stay_out(self):
        visits = self.visits("label", kept=self.PAI != "print")
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
        first, second = ids(loader), ids(loader)
        loader.set_epoch(0)
        assert first == ids(loader) != second
        assert sorted(first) == sorted(second)
        loader.set_epoch(1)
        assert ids(loader) == second
        assert ids(load(out, split="train", shuffle=True, seed=6)) != first

    def test_rows_mix_across_row_groups(self, out):
        order = [int(name.split("-")[0], 16) for name in ids(load(out, split="train", shuffle=True))]
        steps = np.abs(np.diff(order))
        assert steps.mean() > 4  # a shuffle of 24 has a mean step near 8; of groups of 4 within, near 3

    def test_numpy_and_torch_agree(self, out):
        settings = {"split": "train", "shuffle": True, "balance": "label"}
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
        with pytest.raises(ArgumentError, match="even: expected rows for each of 40 ranks, got 24"):
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
    for balance in ("label", "pai"):
        keys = {"label": labels, "pai": pai}
        visits = visits_for(
            keys, kept=labels >= 0, balance=balance, bonafide_share=share, total=total, rng=rng
        )
        assert visits.sum() == total
        assert abs(visits[labels == 0].sum() - share * total) <= 0.5
        species = [visits[pai == name].sum() for name in np.unique(pai) if name != "none"]
        assert balance == "label" or max(species) - min(species) <= 1


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

    @pytest.mark.parametrize("workers", [0, 1])
    def test_batches_of_another_number_of_workers_are_refused(self, out, workers):
        clips = load(out, **self.SETTINGS)
        clips.load_state_dict(clips.state_after(3, workers=2))
        for _ in "12":
            with refused(r"state: expected that of \[world, workers\]"):
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
        state = loader.state_dict()
        assert (state["epoch"], state["clips"], state["consumer"]) == (1, 0, [0, 1, 0, 1])
        next(batches)
        assert loader.state_dict()["clips"] == 5

    @pytest.mark.parametrize("workers", [0, 2])
    def test_a_state_is_used_once(self, out, workers):
        """Passes that follow are whole, of the epochs that follow."""
        whole = load(out, **self.SETTINGS)
        epochs = [[batch["clip_id"] for batch in DataLoader(whole, batch_size=None, num_workers=workers)]]
        epochs += [
            [b["clip_id"] for b in DataLoader(whole, batch_size=None, num_workers=workers)] for _ in "12"
        ]
        clips = load(out, **self.SETTINGS)
        clips.load_state_dict(clips.state_after(3, workers=workers))
        batches = DataLoader(clips, batch_size=None, num_workers=workers)
        assert [[batch["clip_id"] for batch in batches] for _ in range(3)] == [epochs[0][3:], *epochs[1:]]
        assert clips.epoch == 2
        state = clips.state_dict()
        assert (state["epoch"], state["clips"]) == (2, 0 if workers else 24)
        clips.load_state_dict(clips.state_after(4, workers=workers))
        assert [batch["clip_id"] for batch in batches] == epochs[2][4:]

    def test_workers_that_live_already_cannot_go_on(self, out):
        clips = load(out, even=True, **self.SETTINGS)
        batches = DataLoader(clips, batch_size=None, num_workers=1, persistent_workers=True)
        list(batches)
        clips.load_state_dict(clips.state_after(3, workers=1))
        for _ in "12":
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
        state = loader.state_dict()
        assert (state["epoch"], state["clips"], state["consumer"]) == (1, 0, [0, 1, 0, 1])

    def test_a_state_of_other_workers_is_refused(self, out):
        loader = load(out, **self.SETTINGS)
        loader.load_state_dict({**loader.state_dict(), "consumer": [0, 1, 1, 4]})
        with pytest.raises(
            ArgumentError, match=r"state: expected that of .* = \[0, 1, 0, 1\], got \[0, 1, 1, 4\]"
        ):
            next(iter(loader))

    def test_something_else_is_no_state(self, out):
        with pytest.raises(ArgumentError, match="state: expected one of state_dict or state_after, got keys"):
            load(out, **self.SETTINGS).load_state_dict({"step": 3})
