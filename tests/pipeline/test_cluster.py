"""Lost workers by the rules, with a cluster that loses them on purpose."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from building import SMALL, hashes

from specaug.errors import (
    ArgumentError,
    MissingDependencyError,
    NoSpaceError,
    PlanMismatchError,
    WorkerLostError,
)
from specaug.pipeline import build_dataset
from specaug.pipeline.backends import cluster, dispatch
from specaug.pipeline.backends.cluster import Order, build_there, ordered
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.records import Receipt, ShardPlan, Source
from specaug.shards import STATE, verify

DASK = replace(SMALL, backend="dask")


class FakeCluster:
    """Works in this process; the first tries of some shards end with the loss of their worker.

    Parameters
    ----------
    losses : mapping of str to int
        How often the worker of a shard goes, by the shard's name.
    after : bool
        It goes after the work, before it can say so.
    error : Exception, optional
        What every task raises.
    """

    def __init__(
        self, losses: dict[str, int], *, after: bool = False, error: Exception | None = None
    ) -> None:
        self.losses, self.after, self.error = Counter(losses), after, error
        self.most = 3
        self.submitted: Counter[str] = Counter()
        self.built: Counter[str] = Counter()

    def room(self) -> int:
        return self.most

    def submit(self, shard: ShardPlan, order: Order) -> tuple[str, int]:
        self.submitted[shard.name] += 1
        self.orders = getattr(self, "orders", {}) | {(shard.name, self.submitted[shard.name]): (shard, order)}
        return shard.name, self.submitted[shard.name]

    def ended(self, tasks: Sequence[tuple[str, int]], *, seconds: float) -> Sequence[tuple[str, int]]:
        assert len(tasks) <= self.most
        return tasks[-1:]

    def outcome(self, task: tuple[str, int]) -> None:
        shard, order = self.orders[task]
        if self.error is not None:
            raise self.error
        lost = self.losses[shard.name] >= self.submitted[shard.name]
        if not lost or self.after:
            self.built[shard.name] += 1
            build_there(shard, order)
        if lost:
            raise WorkerLostError("tcp://10.0.0.7:34567")


@pytest.fixture
def lose(monkeypatch):
    """Have builds with Dask run on a fake cluster."""

    def use(*args, **kwargs) -> FakeCluster:
        fake = FakeCluster(*args, **kwargs)
        monkeypatch.setattr(dispatch, "open_cluster", lambda config: nullcontext(fake))
        return fake

    return use


NAMES = ("dev-00000-of-00001", *(f"train-{i:05d}-of-00003" for i in range(3)))


@pytest.mark.parametrize("after", [False, True])
def test_lost_shards_are_tried_again_to_the_same_bytes(raw, tmp_path, lose, after):
    build_dataset(raw, tmp_path / "one", SMALL)
    fake = lose({NAMES[0]: 3, NAMES[2]: 1}, after=after)
    build_dataset(raw, tmp_path / "out", DASK)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "one")
    assert verify(tmp_path / "out").ok
    # what was finished before its worker went is not built again
    assert [fake.submitted[name] for name in NAMES] == ([1, 1, 1, 1] if after else [4, 1, 2, 1])
    assert fake.built == Counter(NAMES)
    manifests = [(tmp_path / out / "manifest.jsonl").read_text() for out in ("one", "out")]
    assert manifests[0] == manifests[1]


def test_a_shard_that_loses_four_workers_ends_the_build(raw, tmp_path, lose):
    fake = lose({NAMES[0]: 4})
    with pytest.raises(
        WorkerLostError, match=rf"{NAMES[0]}: its worker was lost 4 times, last: tcp://10.0.0.7"
    ):
        build_dataset(raw, tmp_path / "out", DASK)
    assert fake.submitted[NAMES[0]] == 4
    done = {path.stem for path in (tmp_path / "out" / STATE / "done").iterdir()}
    again = build_dataset(raw, tmp_path / "out", SMALL)
    assert again.done_before == len(done)
    assert verify(tmp_path / "out").ok


def test_a_cluster_without_workers_is_waited_for_and_given_up(raw, tmp_path, lose, monkeypatch):
    fake = lose({})
    fake.most = 0
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(WorkerLostError, match="no worker for 0 s"):
        build_dataset(raw, tmp_path / "out", DASK)
    assert not fake.submitted


def test_what_a_task_raises_ends_the_build(raw, tmp_path, lose):
    lose({}, error=NoSpaceError("no space left on the disk that holds OUT"))
    with pytest.raises(NoSpaceError):
        build_dataset(raw, tmp_path / "out", DASK)


def test_a_receipt_that_never_shows_is_an_error(raw, tmp_path, lose, monkeypatch):
    fake = lose({})
    monkeypatch.setattr(fake, "outcome", lambda task: None)
    monkeypatch.setattr(cluster, "VISIBLE_SECONDS", 0.0)
    with pytest.raises(ArgumentError, match="out: expected a folder that all machines share"):
        build_dataset(raw, tmp_path / "out", DASK)


class TestWorker:
    """What a worker looks at before it works."""

    SHARD = ShardPlan(
        "train-00000-of-00001", "train", (Source("live/a.mp4", "bonafide", source_id="0" * 32),)
    )

    @pytest.fixture
    def order(self, tmp_path):
        (tmp_path / "raw/live").mkdir(parents=True)
        (tmp_path / "raw/live/a.mp4").write_text("not a video")
        with ordered(SMALL, LocalRaw(tmp_path / "raw"), tmp_path / "out") as order:
            yield order

    def test_another_out(self, order):
        order.token.unlink()
        with pytest.raises(
            ArgumentError, match="out: expected a folder that every worker sees under one path"
        ):
            build_there(self.SHARD, order)

    def test_another_raw(self, order):
        (order.raw.path / "live/a.mp4").unlink()
        with pytest.raises(ArgumentError, match=r"raw: expected .* does not see 'live/a.mp4'"):
            build_there(self.SHARD, order)

    def test_other_packages(self, order):
        versions = tuple((name, "0.1" if name == "av" else text) for name, text in order.versions)
        with pytest.raises(
            PlanMismatchError, match=r"backend: expected the same packages .* av .* instead of 0\.1"
        ):
            build_there(self.SHARD, replace(order, versions=versions))

    def test_a_stopped_build(self, order, monkeypatch):
        monkeypatch.setattr(cluster.os.path, "lexists", lambda path: order.token.unlink() is None)
        with pytest.raises(InterruptedError):
            build_there(self.SHARD, order)
        assert not list(order.out.rglob("*.parquet"))
        assert not list(order.out.rglob("*.json"))

    def test_paths_do_not_depend_on_the_working_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with ordered(replace(SMALL, model="weights.onnx"), LocalRaw(Path("raw")), Path("out")) as order:
            assert order.token.is_file()
            paths = (order.raw.path, order.out, order.token, Path(order.config.model))
            assert all(path.is_absolute() and path.is_relative_to(tmp_path) for path in paths)
        assert not order.token.exists()


class TestLoky:
    """joblib's call ends when a worker is killed; another one follows."""

    @pytest.fixture
    def break_after(self, monkeypatch):
        """Calls of joblib end after some finished shards, the last of which nobody was told of."""
        calls: list[list[str]] = []

        def use(counts: Sequence[int]) -> list[list[str]]:
            def once(shards, config, raw, out):
                calls.append([shard.name for shard in shards])
                count = counts[len(calls) - 1] if len(calls) <= len(counts) else len(shards) + 1
                for number, shard in enumerate(shards, start=1):
                    if number > count:
                        raise BrokenProcessPool("killed")
                    receipt: Receipt = dispatch.build_shard(shard, config, raw, out)
                    if number == count:
                        raise BrokenProcessPool("killed")
                    yield receipt

            monkeypatch.setattr(dispatch, "run_once", once)
            return calls

        return use

    def test_only_what_is_not_finished_starts_again(self, raw, tmp_path, break_after):
        build_dataset(raw, tmp_path / "one", SMALL)
        calls = break_after([0, 0, 1, 0, 0, 2])
        build_dataset(raw, tmp_path / "out", SMALL)
        assert [len(names) for names in calls] == [4, 4, 4, 3, 3, 3, 1]
        assert hashes(tmp_path / "out") == hashes(tmp_path / "one")

    def test_four_losses_without_a_shard_in_between_end_the_build(self, raw, tmp_path, break_after):
        calls = break_after([0, 0, 2, 0, 0, 0, 0])
        with pytest.raises(WorkerLostError, match=r"without a shard finished in between, 2 shards are left"):
            build_dataset(raw, tmp_path / "out", SMALL)
        assert len(calls) == 6
        assert build_dataset(raw, tmp_path / "out", replace(SMALL, frames=4)).done_before == 2

    def test_one_shard_is_built_without_a_worker(self, raw, tmp_path, break_after):
        calls = break_after([])
        build_dataset(raw, tmp_path / "out", replace(SMALL, shard_index=1, shard_count=4))
        assert calls == []
        assert len(list((tmp_path / "out/data/captured").iterdir())) == 1


@pytest.mark.parametrize(("name", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_an_absent_package_is_named_with_its_command(raw, tmp_path, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"specaug.pipeline.backends.{name}_cluster", raising=False)
    with pytest.raises(
        MissingDependencyError,
        match=rf"{name} is not installed; here .*pip install '.*\[{name}\]'",
    ):
        build_dataset(raw, tmp_path / "out", replace(SMALL, backend=name))


def test_the_backend_changes_no_setting_of_the_data():
    settings = {str(replace(SMALL, backend=name).content_settings()) for name in ("loky", "dask", "ray")}
    assert len(settings) == 1
    with pytest.raises(ArgumentError, match="backend: expected one of loky, dask, ray, got 'spark'"):
        replace(SMALL, backend="spark")
