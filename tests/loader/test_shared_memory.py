"""Batches that come from workers through memory that is used again."""

from __future__ import annotations

import gc
import os
import pickle
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from specaug import load
from specaug.loader import shared_memory
from specaug.loader.shared_memory import KEPT, SentBatch

pytestmark = pytest.mark.skipif(
    not shared_memory.AVAILABLE, reason="memory without a name is there on Linux only"
)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> shared_memory._Pool:
    monkeypatch.setattr(shared_memory, "POOLS", {os.getpid(): shared_memory._Pool()})
    return shared_memory.POOLS[os.getpid()]


def sent(batch: dict) -> dict:
    """What arrives; both ends are this process."""
    return pickle.loads(ForkingPickler.dumps(SentBatch(batch)))


def counted(n: int, size: int = 10_000) -> dict:
    return {"rgb": torch.full((size,), n, dtype=torch.uint8), "clip_id": [str(n)]}


def lent(pool: shared_memory._Pool) -> list[bool]:
    return [slab[0] == shared_memory._Slab.LENT for _, slab in pool._slabs]


def equal(one: dict, other: dict) -> bool:
    assert list(one) == list(other)
    return all(
        torch.equal(value, other[name]) if isinstance(value, torch.Tensor) else value == other[name]
        for name, value in one.items()
    )


@pytest.mark.parametrize("batch_size", [4, None])
def test_workers_give_what_one_process_gives(out, batch_size):
    settings = {"split": "train", "views": ("rgb", "hsv", "spectrum"), "batch_size": batch_size}
    alone = list(load(out, **settings))
    loaded = list(DataLoader(load(out, **settings), batch_size=None, num_workers=1))
    assert len(loaded) == len(alone)
    assert all(
        type(batch) is dict and equal(batch, wanted) for batch, wanted in zip(loaded, alone, strict=True)
    )


def test_a_batch_that_is_held_never_changes(out):
    """More of them than there are slabs, one of two thrown away, and of some only a view that NumPy has."""
    alone = [batch["rgb"] for batch in load(out, split="train", batch_size=1)]
    assert len(alone) > 2 * KEPT
    held = []
    for i, batch in enumerate(
        DataLoader(load(out, split="train", batch_size=1), batch_size=None, num_workers=1)
    ):
        kept = (batch["rgb"], batch["rgb"][0, :, ::2], batch["rgb"].numpy()[0, 1:])[i % 3]
        held.append(None if i % 2 else kept)
    for i, (kept, wanted) in enumerate(zip(held, alone, strict=True)):
        whole = (wanted, wanted[0, :, ::2], wanted.numpy()[0, 1:])[i % 3]
        assert kept is None or np.array_equal(kept, whole)


def halves(batch: dict) -> dict:
    """A user's function in a worker, which makes views of a batch and sends them beside it."""
    return {"half": batch["rgb"][:, ::2], "batch": batch}


def test_views_that_a_worker_sends_are_right(out):
    loader = DataLoader(
        load(out, split="train", batch_size=1), batch_size=None, num_workers=1, collate_fn=halves
    )
    alone = list(load(out, split="train", batch_size=1))
    for batch, wanted in zip(list(loader), alone, strict=True):
        assert torch.equal(batch["half"], wanted["rgb"][:, ::2])
        assert equal(batch["batch"], wanted)


def test_a_slab_is_used_again_once_its_last_tensor_is_gone(pool):
    first = sent(counted(1))
    assert lent(pool) == [True]
    view = first["rgb"][10:20].numpy()
    del first
    gc.collect()
    assert lent(pool) == [True]
    second = sent(counted(2))
    assert lent(pool) == [True, True]
    assert set(view) == {1}
    del view
    assert lent(pool) == [False, True]
    third = sent(counted(3))
    assert lent(pool) == [True, True]
    assert (set(second["rgb"].tolist()), set(third["rgb"].tolist())) == ({2}, {3})


def test_where_all_slabs_are_lent_torch_sends_the_batch(pool):
    held = [sent(counted(n)) for n in range(KEPT + 3)]
    assert lent(pool) == [True] * KEPT
    assert all(equal(batch, counted(n)) for n, batch in enumerate(held))


def test_a_larger_batch_takes_the_place_of_a_free_slab(pool):
    for size in range(10_000, 10_000 * (KEPT + 4), 10_000):
        assert equal(sent(counted(7, size)), counted(7, size))
    held = [sent(counted(n, 10_000 * (n + 1))) for n in range(KEPT)]
    assert len(pool._slabs) == KEPT
    again = sent(counted(9, 300_000))
    assert all(equal(batch, counted(n, 10_000 * (n + 1))) for n, batch in enumerate(held))
    assert equal(again, counted(9, 300_000))
    del held
    assert equal(sent(counted(5, 10**6)), counted(5, 10**6))
    assert len(pool._slabs) == KEPT
    assert max(len(slab) for _, slab in pool._slabs) > 10**6


def test_a_child_that_inherits_a_batch_keeps_it(pool):
    """Whichever of the two lets go of it first: the memory is not written again."""
    batch = sent(counted(1))
    kept, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        os.read(kept, 1)
        os._exit(0 if equal(batch, counted(1)) else 1)
    del batch
    again = [sent(counted(2)) for _ in range(KEPT)]
    os.close(told)
    os.close(kept)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert all(equal(batch, counted(2)) for batch in again)
    assert lent(pool) == [True] * KEPT


def test_a_child_lets_go_of_what_its_parent_still_has(pool):
    batch = sent(counted(1))
    child = os.fork()
    if child == 0:
        del batch
        os._exit(0)
    os.waitpid(child, 0)
    again = [sent(counted(2)) for _ in range(KEPT)]
    assert equal(batch, counted(1))
    assert len(again) == KEPT


def test_labels_that_are_kept_do_not_keep_pictures(pool):
    labels = []
    for n in range(20):
        batch = sent({**counted(n), "label": torch.arange(8)})
        labels.append(batch["label"])
    del batch
    assert lent(pool) == [False, False]
    assert all(torch.equal(label, torch.arange(8)) for label in labels)


def test_where_there_is_no_memory_torch_sends_the_batch(pool, monkeypatch):
    def refused(name: str) -> int:
        raise PermissionError(name)

    monkeypatch.setattr(os, "memfd_create", refused)
    assert equal(sent(counted(1)), counted(1))
    assert lent(pool) == []


def with_odd_tensors(batch: dict) -> dict:
    """A user's function in a worker."""
    sparse = torch.eye(64).to_sparse()
    return SentBatch({**batch, "sparse": sparse, "leaf": torch.ones(3, requires_grad=True)})


@pytest.mark.filterwarnings("ignore:Sparse invariant")
def test_odd_tensors_do_not_hang_a_loader(out):
    clips = load(out, split="train", batch_size=8)
    for batch in DataLoader(clips, batch_size=None, num_workers=1, collate_fn=with_odd_tensors, timeout=30):
        assert torch.equal(batch["sparse"].to_dense(), torch.eye(64))
        assert batch["leaf"].requires_grad


LARGE = torch.arange(12_000)


@pytest.mark.parametrize(
    ("values", "slabs_used"),
    [
        ({}, 0),
        ({"label": torch.tensor(1), "clip_id": "a"}, 0),
        ({"empty": torch.empty(0, 3), "rgb": LARGE}, 1),
        ({"turned": LARGE.reshape(100, 120).T, "augmented": torch.tensor([True, False])}, 1),
        ({"every second": LARGE[1::2], "part": LARGE[5:9], "conjugate": (1j * LARGE).conj()}, 1),
        ({"half": LARGE.to(torch.float16), "brain": LARGE.to(torch.bfloat16), "one": torch.tensor(2.5)}, 1),
        ({"odd": torch.arange(4099, dtype=torch.uint8), "yes": LARGE > 5, "more": {"x": LARGE}}, 1),
    ],
)
def test_whatever_a_batch_holds_arrives(pool, values, slabs_used):
    got = sent(values)
    assert len(pool._slabs) == slabs_used
    assert list(got) == list(values)
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            assert got[name].dtype == value.dtype
            assert torch.equal(got[name], value)
        else:
            assert equal(got[name], value) if isinstance(value, dict) else got[name] == value


def test_no_file_stays_open(out):
    def open_files() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    def passes(n: int) -> None:
        for _ in range(n):
            for _ in DataLoader(load(out, split="train", batch_size=2), batch_size=None, num_workers=2):
                pass

    passes(1)
    before = open_files()
    passes(3)
    assert open_files() <= before


def test_leaving_early_ends_the_workers(out):
    batches = iter(DataLoader(load(out, split="train", batch_size=1), batch_size=None, num_workers=2))
    first = next(batches)
    del batches
    assert torch.equal(first["rgb"], next(iter(load(out, split="train", batch_size=1)))["rgb"])
