"""Which epoch a pass gives: alone, in workers that agree, after a choice, in copies of other processes."""

from __future__ import annotations

import copy
import gc
import itertools
import multiprocessing
import os
import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from specaug.errors import ArgumentError
from specaug.loader.passes import LARGEST_EPOCH, Begun, Passes
from specaug.loader.shared_numbers import SharedNumbers


def in_workers(passes, orders, seeds, *, new_processes=True, **more):
    """Epochs of each pass, as workers that begin in that order see them."""
    found = []
    for order, seed in zip(orders, seeds, strict=True):
        begun = {}
        for worker in order:
            copied = copy.copy(passes) if new_processes else passes[worker]
            begun[worker] = copied.begin_in_worker(worker, seed, **{"advance": True, **more}).epoch
        found.append(begun)
    return found


@pytest.mark.parametrize("orders", list(itertools.product([(0, 1), (1, 0)], repeat=3)))
def test_workers_of_a_pass_agree_whoever_comes_first(orders):
    found = in_workers(Passes(), orders, [11, 12, 13])
    assert found == [{0: epoch, 1: epoch} for epoch in range(3)]


@pytest.mark.parametrize("orders", list(itertools.product([(0, 1), (1, 0)], repeat=3)))
def test_workers_that_live_on_agree_too(orders):
    passes = Passes()
    found = in_workers([copy.copy(passes) for _ in range(2)], orders, [5, 5, 5], new_processes=False)
    assert found == [{0: epoch, 1: epoch} for epoch in range(3)]


def test_a_generator_that_is_seeded_anew_gives_passes_of_their_own():
    assert in_workers(Passes(), [(0, 1), (1, 0), (0, 1)], [7, 7, 7]) == [{0: e, 1: e} for e in range(3)]


@pytest.mark.parametrize("orders", list(itertools.product([(0, 1), (1, 0)], repeat=4)))
def test_a_base_seed_that_comes_again_after_others_gives_a_pass_of_its_own(orders):
    assert in_workers(Passes(), orders, [11, 22, 11, 22]) == [{0: e, 1: e} for e in range(4)]


def test_more_passes_than_are_remembered_may_have_few_seeds():
    assert in_workers(Passes(), [(0, 1)] * 24, [1, 2, 3] * 8) == [{0: e, 1: e} for e in range(24)]


def test_what_was_chosen_is_used_by_a_pass_of_a_base_seed_that_was_there_before():
    passes = Passes()
    in_workers(passes, [(0, 1), (1, 0)], [11, 22])
    passes.choose(9, state=4)
    assert [copy.copy(passes).begin_in_worker(w, 11, advance=True) for w in (1, 0)] == [Begun(9, 4)] * 2
    passes.choose(3)
    assert [copy.copy(passes).begin_in_worker(w, 22, advance=True) for w in (0, 1)] == [Begun(3)] * 2


def test_a_worker_may_be_overtaken_by_the_one_of_the_next_pass():
    passes = Passes()
    assert in_workers(passes, [(0,), (1, 0), (1,)], [1, 2, 1]) == [{0: 0}, {1: 1, 0: 1}, {1: 0}]


def test_a_pass_that_not_all_workers_began_is_still_one():
    passes = Passes()
    assert in_workers(passes, [(0,), (1, 0), (0, 1)], [1, 2, 3]) == [{0: 0}, {1: 1, 0: 1}, {0: 2, 1: 2}]


def test_a_slow_worker_begins_the_pass_that_it_was_started_for():
    passes = Passes()
    assert in_workers(passes, [(0,), (0,), (1,), (1,)], [1, 2, 1, 2]) == [{0: 0}, {0: 1}, {1: 0}, {1: 1}]
    assert passes.epoch == 1


def test_an_epoch_that_is_chosen_meanwhile_is_that_of_the_next_pass():
    passes = Passes()
    assert copy.copy(passes).begin_in_worker(0, 1, advance=True) == Begun(0)
    passes.choose(6, state=2)
    assert passes.epoch == 6
    assert copy.copy(passes).begin_in_worker(1, 1, advance=True) == Begun(0)
    assert in_workers(passes, [(1, 0), (0, 1)], [2, 3]) == [{0: 6, 1: 6}, {0: 7, 1: 7}]


def test_a_state_belongs_to_the_pass_after_it():
    passes = Passes()
    passes.choose(4, state=3)
    assert [copy.copy(passes).begin_in_worker(w, 1, advance=True) for w in (0, 1)] == [Begun(4, 3)] * 2
    assert passes.begin(advance=True) == Begun(5)


def test_a_state_that_was_loaded_in_workers_chooses_once():
    passes = Passes()
    found = in_workers(passes, [(0, 1)], [1], epoch=8)
    assert found + in_workers(passes, [(1, 0)], [2]) == [{0: 8, 1: 8}, {0: 9, 1: 9}]


def test_without_draws_all_passes_are_of_one_epoch():
    assert in_workers(Passes(), [(0, 1)] * 2, [1, 2], advance=False) == [{0: 0, 1: 0}] * 2


@pytest.mark.parametrize("epoch", [-1, LARGEST_EPOCH + 1, 1.0, "2"])
def test_an_epoch_is_a_whole_number(epoch):
    with pytest.raises(ArgumentError, match=r"^epoch: expected a whole number from 0 to 2147483647, got"):
        Passes().choose(epoch)


def test_more_workers_than_are_known_agree():
    assert in_workers(Passes(), [range(300), range(299, -1, -1)], [1, 2]) == [
        dict.fromkeys(range(300), epoch) for epoch in (0, 1)
    ]


def in_child(work):
    """What a forked child makes of it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, repr(work()).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return eval(pipe.read())  # ours


def test_forked_ranks_count_for_themselves_from_what_was_chosen():
    passes = Passes()
    passes.choose(3)
    ranks = [in_child(lambda: [passes.begin(advance=True).epoch for _ in range(2)]) for _ in range(2)]
    assert ranks == [[3, 4]] * 2
    assert passes.begin(advance=True) == Begun(3)


def test_a_worker_tells_the_process_that_started_it(monkeypatch):
    """Its passes are those of its parent, which asks for the epoch to count batches."""
    passes = Passes()
    parent = SimpleNamespace(pid=os.getpid())

    def as_worker():
        monkeypatch.setattr("torch.utils.data.get_worker_info", lambda: SimpleNamespace(id=0, num_workers=1))
        monkeypatch.setattr("multiprocessing.parent_process", lambda: parent)
        passes.begin_in_worker(0, 1, advance=True)
        return passes.begin_in_worker(0, 2, advance=True).epoch

    import torch.utils.data  # noqa: F401  # what a worker has loaded

    assert in_child(as_worker) == 1
    assert passes.epoch == 1


class TestSharedNumbers:
    def test_a_forked_child_writes_what_its_parent_reads(self):
        shared = SharedNumbers(3)

        def write():
            with shared.locked() as numbers:
                numbers[1] = -5

        in_child(write)
        with shared.locked() as numbers:
            assert numbers.tolist() == [0, -5, 0]

    def test_a_spawned_child_too(self):
        passes = Passes()
        child = multiprocessing.get_context("spawn").Process(
            target=Passes.begin_in_worker, args=(passes, 0, 1), kwargs={"advance": True, "epoch": 5}
        )
        child.start()
        child.join(60)
        assert child.exitcode == 0
        # It was no worker of this process: it counted for itself, in the same memory.
        with passes._shared.locked() as numbers:
            assert numbers[0] == 2

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
    def test_other_copies_have_numbers_of_their_own(self, copied):
        passes = Passes()
        passes.choose(2)
        other = copied(passes)
        assert [other.begin(advance=True).epoch for _ in range(2)] == [2, 3]
        assert passes.epoch == 2

    def test_one_holds_them_at_a_time(self):
        """Four children add to a number a thousand times each, in two steps."""
        shared = SharedNumbers(1)
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                for _ in range(1000):
                    with shared.locked() as numbers:
                        held = numbers[0]
                        numbers[0] = held + 1
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        with shared.locked() as numbers:
            assert numbers[0] == 4000

    def test_no_file_stays_open(self):
        def open_files():
            gc.collect()
            return len(list(Path("/proc/self/fd").iterdir()))

        before = open_files()
        kept = [SharedNumbers(10) for _ in range(3)]
        assert open_files() > before
        del kept
        assert open_files() == before
