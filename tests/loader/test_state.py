"""Going on within an epoch: counted clips and batches, workers that take turns, lengths that are told before."""

from __future__ import annotations

import copy
import itertools
import json
import sys
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader

from specaug import load
from specaug.errors import ArgumentError
from specaug.loader.order import Share
from specaug.loader.ranks import rank_and_world, worker_and_workers

SHUFFLED = {"split": "train", "as_": "numpy", "shuffle": True, "seed": 4}


def names_of(batches):
    return [
        list(batch["clip_id"]) if isinstance(batch["clip_id"], list) else [batch["clip_id"]]
        for batch in batches
    ]


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "lengths"),
    [
        (8, False, [8, 8, 8]),
        (10, False, [10, 10, 4]),
        (10, True, [10, 10]),
        (24, True, [24]),
        (25, False, [24]),
        (None, False, [1] * 24),
    ],
)
def test_as_many_batches_come_as_were_told(out, batch_size, drop_last, lengths):
    loader = load(out, batch_size=batch_size, drop_last=drop_last, **SHUFFLED)
    assert [len(batch) for batch in names_of(loader)] == lengths
    assert loader.n_batches() == len(lengths)
    assert loader.n_clips() == 24


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 7},
        {"batch_size": 7, "drop_last": True},
        {"batch_size": None},
        {"batch_size": 5, "balance": "label", "epoch_clips": 31},
    ],
)
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_pass_goes_on_after_any_batch_by_clips_or_by_batches(out, settings, after):
    whole = names_of(load(out, **SHUFFLED, **settings))
    loader = load(out, **SHUFFLED, **settings)
    batches = iter(loader)
    seen = names_of(itertools.islice(batches, after))
    by_batches = [] if settings["batch_size"] is None else [loader.state_after(after)]
    for state in (loader.state_dict(), *by_batches):
        other = load(out, **SHUFFLED, **settings)
        other.load_state_dict(state)
        assert seen + names_of(other) == whole


def test_a_state_chooses_its_epoch(out):
    loader, other = load(out, **SHUFFLED), load(out, **SHUFFLED)
    loader.set_epoch(6)
    assert place_of(loader.state_after(2)) == {"epoch": 6, "batches": 2, "readers": [1, 1]}
    other.load_state_dict(loader.state_after(2))
    assert other.epoch == 6
    assert names_of(other) == names_of(loader)[2:]
    assert place_of(loader.state_dict()) == {"epoch": 6, "clips": 24, "consumer": [0, 1, 0, 1]}


def test_choosing_an_epoch_forgets_a_state(out):
    loader = load(out, **SHUFFLED)
    loader.load_state_dict(loader.state_after(2))
    loader.set_epoch(0)
    assert len(names_of(loader)) == 3


def place_of(state):
    return {name: value for name, value in state.items() if name != "made_of"}


class _Workers:
    """Workers of a DataLoader, each a loader of its own, asked in turns."""

    def __init__(self, out, monkeypatch, workers, **settings):
        self.out, self.monkeypatch, self.workers, self.settings = out, monkeypatch, workers, settings

    def batches(self, state=None):
        """Names of every batch in the order in which a DataLoader gives them."""
        by_worker = []
        for number in range(self.workers):
            info = SimpleNamespace(id=number, num_workers=self.workers, seed=number + 9)
            self.monkeypatch.setattr("torch.utils.data.get_worker_info", lambda info=info: info)
            loader = load(self.out, **SHUFFLED, **self.settings)
            if state is not None:
                loader.load_state_dict(state)
            by_worker.append(names_of(loader))
        self.monkeypatch.setattr("torch.utils.data.get_worker_info", lambda: None)
        turns = itertools.zip_longest(*by_worker)
        return [batch for turn in turns for batch in turn if batch is not None]


@pytest.mark.parametrize(
    ("workers", "world", "more"),
    [
        (1, 1, {"even": True}),
        (2, 1, {"batch_size": 5}),
        (3, 1, {"drop_last": True, "epoch_clips": 29}),
        (2, 2, {"even": True, "epoch_clips": 25}),
        (3, 2, {}),
    ],
)
def test_workers_go_on_after_any_number_of_batches_in_all(out, monkeypatch, workers, world, more):
    """The one whose turn it is becomes the first; each leaves out what was its own."""
    settings = {"batch_size": 3, "rank": world - 1, "world": world, **more}
    readers = _Workers(out, monkeypatch, workers, **settings)
    whole = readers.batches()
    loader = load(out, **SHUFFLED, **settings)
    assert len(whole) == loader.n_batches() == len(loader)
    size = settings["batch_size"]
    assert [len(batch) for batch in whole[:-1]] == [size] * (len(whole) - 1)
    assert sum(map(len, whole)) == loader.n_clips() - more.get("drop_last", False) * (loader.n_clips() % size)
    for given in range(len(whole) + 1):
        assert readers.batches(loader.state_after(given, workers=workers)) == whole[given:]


def test_states_that_are_loaded_in_workers_go_on_there(out, monkeypatch):
    """As a StatefulDataLoader does it: each worker keeps its own, and the next pass is whole."""
    rest, seen, whole, again = {}, {}, {}, {}
    for worker in range(2):
        info = SimpleNamespace(id=worker, num_workers=2, seed=worker + 5)
        monkeypatch.setattr("torch.utils.data.get_worker_info", lambda info=info: info)
        loader = load(out, **SHUFFLED, batch_size=3)
        loader.set_epoch(2)
        whole[worker] = names_of(loader)
        again[worker] = names_of(loader)
        loader.set_epoch(2)
        batches = iter(loader)
        seen[worker] = names_of(itertools.islice(batches, 2))
        other = load(out, **SHUFFLED, batch_size=3)
        other.load_state_dict(loader.state_dict())
        assert other.state_dict() == loader.state_dict()
        rest[worker] = names_of(other)
        assert names_of(other) == again[worker]
    assert {worker: seen[worker] + rest[worker] for worker in rest} == whole


@pytest.mark.parametrize("given", [1, 2, 3])
def test_workers_that_changed_places_go_on_from_their_states(out, monkeypatch, given):
    """A StatefulDataLoader keeps the state of each worker after a resume from counted batches."""
    workers = [load(out, **SHUFFLED, batch_size=3) for _ in range(2)]
    for worker in workers:
        worker.load_state_dict(json.loads(json.dumps(worker.state_after(given, workers=2))))
    for number, worker in enumerate(workers):
        info = SimpleNamespace(id=number, num_workers=2, seed=number + 5)
        monkeypatch.setattr("torch.utils.data.get_worker_info", lambda info=info: info)
        batches = iter(worker)
        next(batches)
        state = worker.state_dict()
        assert state["consumer"] == [0, 1, (number + given) % 2, 2]
        other = load(out, **SHUFFLED, batch_size=3)
        other.load_state_dict(state)
        assert names_of(other) == names_of(batches) != []


@pytest.mark.parametrize("consumer", [[0, 1, 0, 2], [0, 1, 1, 2], [0, 1, 0, 1]])
def test_clips_that_one_counted_are_not_those_of_all_workers(out, monkeypatch, consumer):
    loader = load(out, **SHUFFLED)
    state = loader.state_dict()
    loader.load_state_dict({**state, "clips": 8, "consumer": consumer})
    for number in (0, 1, 0, 1):
        info = SimpleNamespace(id=number, num_workers=2, seed=number + 5)
        monkeypatch.setattr("torch.utils.data.get_worker_info", lambda info=info: info)
        with pytest.raises(ArgumentError, match=r"^state: expected one of state_after for 2 workers, got"):
            next(iter(copy.copy(loader)))


@pytest.mark.parametrize("consumer", [[1, 2, 0, 2], [0, 1, 0, 3], [0, 1], []])
def test_a_worker_refuses_a_state_of_other_ranks_or_numbers_of_workers(out, monkeypatch, consumer):
    info = SimpleNamespace(id=0, num_workers=2, seed=5)
    monkeypatch.setattr("torch.utils.data.get_worker_info", lambda: info)
    loader = load(out, **SHUFFLED)
    loader.load_state_dict({**loader.state_dict(), "consumer": consumer})
    for _ in "12":
        with pytest.raises(ArgumentError, match=r"^state: expected that of \[rank, world, worker, workers\]"):
            next(iter(loader))


def test_workers_of_a_later_pass_do_not_tell_the_state_that_was_used(out, monkeypatch):
    loader = load(out, **SHUFFLED, batch_size=5)
    loader.load_state_dict(loader.state_after(3, workers=1))
    places = []
    for seed in (5, 6):
        info = SimpleNamespace(id=0, num_workers=1, seed=seed)
        monkeypatch.setattr("torch.utils.data.get_worker_info", lambda info=info: info)
        worker = copy.copy(loader)
        next(iter(worker))
        places.append(place_of(worker.state_dict()))
    assert places == [
        {"epoch": epoch, "clips": clips, "consumer": [0, 1, 0, 1]} for epoch, clips in ((0, 20), (1, 5))
    ]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (
            {"epoch": 0, "clips": 3, "consumer": [0, 1, 0, 2]},
            r"\[rank, world, worker, workers\] = \[0, 1, 0, 1\], got \[0, 1, 0, 2\]",
        ),
        (
            {"epoch": 0, "clips": 3, "consumer": [1, 2, 0, 1]},
            r"\[rank, world, worker, workers\] = \[0, 1, 0, 1\], got \[1, 2, 0, 1\]",
        ),
        ({"epoch": 0, "batches": 1, "readers": [2, 1]}, r"\[world, workers\] = \[1, 1\], got \[2, 1\]"),
        ({"epoch": 0, "batches": 1, "readers": [1, 3]}, r"\[world, workers\] = \[1, 1\], got \[1, 3\]"),
    ],
)
def test_a_state_of_other_readers_is_refused(out, place, told):
    loader = load(out, **SHUFFLED)
    loader.load_state_dict({**place, "made_of": loader.state_dict()["made_of"]})
    for _ in "12":
        with pytest.raises(ArgumentError, match=f"^state: expected that of {told}$"):
            next(iter(loader))
    assert place_of(loader.state_dict()) == place
    loader.set_epoch(0)
    assert len(names_of(loader)) == 3


@pytest.mark.parametrize(
    "state", [{}, {"epoch": 1}, {"epoch": 1, "clips": 2}, {"epoch": 1, "batches": 2, "consumer": []}]
)
def test_what_lacks_a_key_is_no_state(out, state):
    with pytest.raises(
        ArgumentError, match=r"^state: expected one of state_dict or state_after, got keys \["
    ):
        load(out, **SHUFFLED).load_state_dict(state)


def test_epochs_and_batches_are_counted_from_zero(out):
    loader = load(out, **SHUFFLED)
    with pytest.raises(ArgumentError, match=r"^epoch: expected a whole number from 0 to 2147483647, got -1$"):
        loader.set_epoch(-1)
    with pytest.raises(ArgumentError, match=r"^batches: expected at least 0, got -1$"):
        loader.state_after(-1)


def test_batches_that_others_make_of_clips_are_not_counted(out):
    """Without workers, the clips that a DataLoader took are."""
    torch_clips = {**SHUFFLED, "as_": "torch"}
    clips = load(out, **torch_clips, batch_size=None)
    batches = iter(DataLoader(clips, batch_size=5))
    seen = [next(batches)["clip_id"] for _ in range(2)]
    with pytest.raises(ArgumentError, match=r"^batch_size: expected a number of clips, .* got None: let"):
        clips.state_after(2)
    other = load(out, **torch_clips, batch_size=None)
    other.load_state_dict(clips.state_dict())
    rest = [batch["clip_id"] for batch in DataLoader(other, batch_size=5)]
    assert seen + rest == [batch["clip_id"] for batch in load(out, **torch_clips, batch_size=5)]


def test_a_loader_says_what_it_reads(out):
    assert repr(load(out, split="train", as_="numpy")) == "ClipLoader(train, 24 rows, views=('rgb',))"
    assert repr(load(out, split="dev", as_="arrow")) == "ArrowClips(dev, 4 rows, views=('rgb',))"


class TestStream:
    @pytest.mark.parametrize("settings", [{}, {"even": True, "balance": "pai"}])
    @pytest.mark.parametrize("share", [Share(), Share(1, 3), Share(0, 2, 1, 2)])
    def test_rows_after_any_number_are_the_tail(self, out, settings, share):
        stream = load(out, **SHUFFLED, **settings).stream
        whole = [(found.entry, found.value("clip_id")) for found in stream.found(2, share)]
        assert len(whole) == sum(piece.stop - piece.first for piece in stream.pieces(2, share))
        for skip in (0, 1, len(whole) - 1, len(whole), len(whole) + 5):
            tail = [(found.entry, found.value("clip_id")) for found in stream.found(2, share, skip=skip)]
            assert tail == whole[skip:]

    def test_ranks_add_up_to_the_visits_unless_they_are_even(self, out):
        loose = load(out, **SHUFFLED, balance="label", epoch_clips=29).stream
        even = load(out, **SHUFFLED, balance="label", epoch_clips=29, even=True).stream
        assert [loose.length(rank=rank, world=3) for rank in range(3)] == [10, 10, 9]
        assert loose.visits(0).sum() == loose.total == 29
        assert [even.length(rank=rank, world=3) for rank in range(3)] == [10] * 3

    def test_another_epoch_draws_other_visits_and_the_same_one_the_same(self, out):
        stream = load(out, **SHUFFLED, epoch_clips=9).stream
        visits = [stream.visits(epoch).tolist() for epoch in (0, 0, 1)]
        assert visits[0] == visits[1] != visits[2]
        other = load(out, **{**SHUFFLED, "seed": 5}, epoch_clips=9).stream
        assert other.visits(0).tolist() != visits[0]

    def test_labels_that_are_loaded_are_told(self, out):
        assert load(out, split="train").stream.present == ("bonafide", "attack")
        assert load(out, split="train", labels=("attack",)).stream.present == ("attack",)

    def test_donors_are_those_of_the_label_and_read_once(self, out):
        donors = load(out, **SHUFFLED).stream.donors(0)
        assert list(donors) == ["bonafide", "attack"]
        assert len(donors) == 2
        assert donors["attack"] is donors["attack"]


class TestRanks:
    def test_without_torch_a_process_is_alone(self, monkeypatch):
        monkeypatch.delitem(sys.modules, "torch", raising=False)
        monkeypatch.delitem(sys.modules, "torch.utils.data", raising=False)
        assert rank_and_world() == (0, 1)
        assert worker_and_workers() is None

    @pytest.mark.parametrize(
        ("available", "running", "found"),
        [(True, True, (2, 5)), (True, False, (0, 1)), (False, True, (0, 1))],
    )
    def test_a_rank_is_that_of_a_group_that_runs(self, monkeypatch, available, running, found):
        group = SimpleNamespace(
            is_available=lambda: available,
            is_initialized=lambda: running,
            get_rank=lambda: 2,
            get_world_size=lambda: 5,
        )
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(distributed=group))
        assert rank_and_world() == found

    def test_a_worker_is_that_of_its_data_loader(self, monkeypatch):
        assert worker_and_workers() is None
        info = SimpleNamespace(id=3, num_workers=7)
        monkeypatch.setitem(sys.modules, "torch.utils.data", SimpleNamespace(get_worker_info=lambda: info))
        assert worker_and_workers() == (3, 7)
