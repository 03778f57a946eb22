"""How a build drives workers that may go: room, order, tries, patience, and what a worker checks first."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import joblib
import pytest
from handmade import clip, failure, source

from specaug.errors import ArgumentError, PlanMismatchError, WorkerLostError
from specaug.pipeline import shard as shard_module
from specaug.pipeline.backends.cluster import (
    PATIENCE_SECONDS,
    TRIES,
    VISIBLE_SECONDS,
    build_there,
    drive,
    ordered,
)
from specaug.pipeline.backends.dispatch import build_shards
from specaug.pipeline.backends.local_pool import local_processes
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.records import BuildConfig, Receipt, ShardPlan
from specaug.shards import STATE, read_receipt, write_receipt

CONFIG = BuildConfig(size=32, jobs=1)
SHARDS = [ShardPlan(f"train-{i:05d}-of-00005", "train", (source(f"live/{i}.mp4"),)) for i in range(5)]


def finish(out: Path, shard: ShardPlan) -> Receipt:
    """What a worker leaves when it is done, as if its source had failed."""
    receipt = Receipt(shard.name, shard.hash, "train", 0, 0, "", 0, "", 1, 0, reasons=(("no_face", 1),))
    write_receipt(out, receipt)
    return receipt


class Clock:
    """Time that goes only while somebody waits."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


class Fake:
    """A cluster in which the test says how much room there is and how each task ends."""

    def __init__(
        self,
        out: Path,
        *,
        room: Callable[[], int] = lambda: 2,
        end: Callable[[ShardPlan, int], None] | None = None,
    ) -> None:
        self.out, self.room, self.end = out, room, end or (lambda shard, tries: None)
        self.submitted: list[str] = []
        self.shards: dict[int, ShardPlan] = {}
        self.most = 0
        self.waits: list[float] = []

    def submit(self, shard: ShardPlan, order: object) -> int:
        self.submitted.append(shard.name)
        self.shards[len(self.submitted)] = shard
        return len(self.submitted)

    def ended(self, tasks: Sequence[int], *, seconds: float) -> Sequence[int]:
        self.most = max(self.most, len(tasks))
        self.waits.append(seconds)
        time.sleep(seconds)
        return tasks[:1]

    def outcome(self, task: int) -> None:
        shard = self.shards[task]
        self.end(shard, Counter(self.submitted)[shard.name])
        finish(self.out, shard)


def run(cluster: Fake, shards: Sequence[ShardPlan] = SHARDS) -> list[str]:
    order = SimpleNamespace(out=cluster.out)
    return [receipt.shard for receipt in drive(cluster, shards, order)]


def names(*numbers: int) -> list[str]:
    return [SHARDS[i].name for i in numbers]


@pytest.mark.parametrize(("room", "most"), [(1, 1), (2, 2), (5, 5), (9, 5)])
def test_no_more_tasks_are_given_than_there_is_room_for(tmp_path, clock, room, most):
    fake = Fake(tmp_path, room=lambda: room)
    assert run(fake) == names(0, 1, 2, 3, 4)
    assert (fake.most, fake.submitted) == (most, names(0, 1, 2, 3, 4))


def test_nothing_to_do_asks_nobody(tmp_path):
    fake = Fake(tmp_path, room=lambda: pytest.fail("asked"))
    assert run(fake, []) == []


def test_room_may_grow_and_shrink_while_tasks_run(tmp_path, clock):
    rooms = iter([3, 1, 1, 1, 2, 2, 2])
    fake = Fake(tmp_path, room=lambda: next(rooms))
    assert run(fake) == names(0, 1, 2, 3, 4)
    assert fake.most == 3


def test_a_lost_shard_is_the_next_one_to_be_tried(tmp_path, clock):
    def end(shard: ShardPlan, tries: int) -> None:
        if shard is SHARDS[0] and tries < TRIES:
            raise WorkerLostError("10.0.0.7")

    fake = Fake(tmp_path, room=lambda: 1, end=end)
    assert run(fake) == names(0, 1, 2, 3, 4)
    assert fake.submitted == names(0, 0, 0, 0, 1, 2, 3, 4)


def test_losses_of_different_shards_do_not_add_up(tmp_path, clock):
    def end(shard: ShardPlan, tries: int) -> None:
        if tries < TRIES:
            raise WorkerLostError("10.0.0.7")

    fake = Fake(tmp_path, end=end)
    assert sorted(run(fake)) == names(0, 1, 2, 3, 4)
    assert Counter(fake.submitted) == dict.fromkeys(names(0, 1, 2, 3, 4), TRIES)


def test_the_last_try_that_is_lost_ends_the_build_by_the_name_of_the_shard(tmp_path, clock):
    def end(shard: ShardPlan, tries: int) -> None:
        if shard is SHARDS[2]:
            raise WorkerLostError(f"worker {tries}")

    fake = Fake(tmp_path, end=end)
    words = (
        rf"^shard {SHARDS[2].name}: its worker was lost 4 times, last: worker 4\. What is finished is kept\.$"
    )
    with pytest.raises(WorkerLostError, match=words):
        run(fake)
    assert {shard.name for shard in SHARDS if read_receipt(tmp_path, shard)} >= {*names(0, 1)}


def test_a_worker_that_goes_after_its_work_has_done_it_even_the_last_time(tmp_path, clock):
    def end(shard: ShardPlan, tries: int) -> None:
        if shard is SHARDS[1]:
            if tries == TRIES:
                finish(tmp_path, shard)
            raise WorkerLostError("10.0.0.7")

    fake = Fake(tmp_path, end=end)
    assert sorted(run(fake)) == names(0, 1, 2, 3, 4)
    assert fake.submitted.count(SHARDS[1].name) == TRIES


@pytest.mark.parametrize(
    ("seconds", "given_up"), [(PATIENCE_SECONDS - 2, False), (PATIENCE_SECONDS + 2, True)]
)
def test_workers_are_waited_for_five_minutes_from_when_there_was_one(tmp_path, clock, seconds, given_up):
    # One task is done, then nobody is there for a while, which comes again after the next task.
    def room() -> int:
        return int(clock.now < 1 or 1 + seconds <= clock.now < 2 + seconds or clock.now >= 2 + 2 * seconds)

    fake = Fake(tmp_path, room=room)
    if given_up:
        with pytest.raises(WorkerLostError, match=r"^backend: no worker for 300 s; are they running\?$"):
            run(fake, SHARDS[:3])
        assert clock.now == pytest.approx(PATIENCE_SECONDS + 1, abs=1.5)
    else:
        assert run(fake, SHARDS[:3]) == names(0, 1, 2)


@pytest.mark.parametrize(("seconds", "seen"), [(VISIBLE_SECONDS - 1, True), (VISIBLE_SECONDS + 1, False)])
def test_files_of_another_machine_may_show_up_to_two_minutes_late(
    tmp_path, clock, monkeypatch, seconds, seen
):
    fake = Fake(tmp_path)
    monkeypatch.setattr(fake, "outcome", lambda task: None)
    sleep, start = clock.sleep, 1.0

    def later(wait: float) -> None:
        sleep(wait)
        if clock.now >= start + seconds:
            finish(tmp_path, SHARDS[0])

    monkeypatch.setattr(time, "sleep", later)
    if seen:
        assert run(fake, SHARDS[:1]) == names(0)
        return
    words = (
        rf"out: expected a folder that all machines share, got '.*': a worker finished shard {SHARDS[0].name}"
    )
    with pytest.raises(ArgumentError, match=words):
        run(fake, SHARDS[:1])


class TestOrder:
    """What a worker gets beside the shard, and what it checks."""

    @pytest.fixture
    def raw(self, tmp_path) -> LocalRaw:
        (tmp_path / "raw/live").mkdir(parents=True)
        for i in range(5):
            (tmp_path / f"raw/live/{i}.mp4").touch()
        return LocalRaw(tmp_path / "raw")

    def test_a_token_is_there_as_long_as_the_order_and_each_has_its_own(self, raw, tmp_path):
        out = tmp_path / "out"
        with ordered(CONFIG, raw, out) as one, ordered(CONFIG, raw, out) as other:
            assert {one.token, other.token} == set((out / STATE / "tmp").iterdir())
            assert one.token != other.token
            assert (one.config, one.raw, one.out) == (CONFIG, raw, out)
        assert list((out / STATE / "tmp").iterdir()) == []
        with pytest.raises(ZeroDivisionError), ordered(CONFIG, raw, out):
            raise ZeroDivisionError
        assert list((out / STATE / "tmp").iterdir()) == []

    def test_packages_that_differ_are_all_named(self, raw, tmp_path, monkeypatch):
        with ordered(CONFIG, raw, tmp_path / "out") as order:
            here = dict(order.versions)
            versions = {**here, "av": "0.1", "numpy": "0.2"}
            words = rf"has av {here['av']} instead of 0\.1, numpy {here['numpy']} instead of 0\.2$"
            with pytest.raises(PlanMismatchError, match=words):
                build_there(SHARDS[0], replace(order, versions=tuple(versions.items())))

    def test_a_shard_without_sources_needs_no_raw(self, tmp_path):
        lost = failure(source("gone.mp4"), "unreadable")
        with ordered(CONFIG, LocalRaw(tmp_path / "none"), tmp_path / "out") as order:
            build_there(ShardPlan("dev-00000-of-00001", "dev", (), (lost,)), order)
        assert (
            read_receipt(tmp_path / "out", ShardPlan("dev-00000-of-00001", "dev", (), (lost,))).failures == 1
        )

    def test_a_link_that_leads_nowhere_is_seen(self, raw, tmp_path, monkeypatch):
        (raw.path / "live/0.mp4").unlink()
        (raw.path / "live/0.mp4").symlink_to("nowhere")
        monkeypatch.setattr(shard_module, "work_on", lambda item, *_: (failure(item),))
        with ordered(CONFIG, raw, tmp_path / "out") as order:
            build_there(SHARDS[0], order)
        assert read_receipt(tmp_path / "out", SHARDS[0]).failures == 1

    def test_a_build_is_stopped_between_two_sources(self, raw, tmp_path, monkeypatch):
        seen: list[str] = []
        with ordered(CONFIG, raw, tmp_path / "out") as order:

            def work_on(item, *_):
                seen.append(item.path)
                order.token.unlink()
                return (clip(item),)

            monkeypatch.setattr(shard_module, "work_on", work_on)
            both = replace(SHARDS[0], sources=(*SHARDS[0].sources, *SHARDS[1].sources))
            with pytest.raises(InterruptedError, match="the build was stopped"):
                build_there(both, order)
        assert seen == ["live/0.mp4"]
        assert read_receipt(tmp_path / "out", both) is None


@pytest.mark.parametrize(("backend", "jobs"), [("dask", 3), ("ray", 2), ("dask", None), ("ray", None)])
def test_the_backend_of_the_config_gets_the_shards_and_the_jobs(tmp_path, clock, monkeypatch, backend, jobs):
    asked = []
    fake = Fake(tmp_path)
    module = ModuleType(f"{backend}_cluster")
    setattr(module, module.__name__, lambda **given: asked.append(given) or nullcontext(fake))
    monkeypatch.setitem(sys.modules, f"specaug.pipeline.backends.{backend}_cluster", module)
    config = replace(CONFIG, backend=backend, jobs=jobs)
    found = list(build_shards(iter(SHARDS), config, LocalRaw(tmp_path), tmp_path))
    assert [receipt.shard for receipt in found] == names(0, 1, 2, 3, 4)
    assert asked == [{"jobs": jobs, "local_jobs": jobs or joblib.cpu_count()}]


@pytest.mark.parametrize("backend", ["loky", "dask", "ray"])
def test_no_worker_is_started_for_nothing(tmp_path, backend):
    assert (
        list(build_shards([], replace(CONFIG, backend=backend), LocalRaw(tmp_path), tmp_path / "out")) == []
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", [1, 3, None])
def test_processes_of_this_machine_are_as_many_as_asked_for(jobs):
    with local_processes(jobs):
        pool = joblib.Parallel()
    assert pool.n_jobs == (jobs or joblib.cpu_count())
