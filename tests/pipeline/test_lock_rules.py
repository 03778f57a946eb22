"""When a lock counts: ages, hosts, processes, parts and workers, with a clock that goes only when somebody waits."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from specaug.errors import ArgumentError, BuildLockedError
from specaug.pipeline.lock import STALE_SECONDS, at_work, hold
from specaug.shards import STATE

BOOT = Path("/proc/sys/kernel/random/boot_id")
NOW = 1_800_000_000.0
WATCHED, WORKERS = 25, 15
"""Seconds for which another holder is watched, and workers are waited for."""


class Clock:
    """Wall and monotonic time; `then` is called after each wait with the seconds that went by."""

    now = 0.0
    then: Callable[[float], None] = staticmethod(lambda seconds: None)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then(self.now)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(time, "time", lambda: NOW + clock.now)
    return clock


@pytest.fixture
def out(tmp_path) -> Path:
    (tmp_path / "out" / STATE).mkdir(parents=True)
    return tmp_path / "out"


@pytest.fixture
def without_kernel(monkeypatch) -> None:
    """A file system that knows no locks."""

    def none(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)


def write(path: Path, age: float = 0.0, **fields: Any) -> None:
    """What a holder left that gave its last sign `age` seconds ago."""
    path.write_text(json.dumps({"host": "another", "pid": 1, "boot": "other", **fields}))
    os.utime(path, ns=(int((NOW - age) * 1e9),) * 2)


def is_free(out: Path, part: str = "") -> bool:
    try:
        with hold(out, part=part):
            return True
    except BuildLockedError:
        return False


@pytest.mark.parametrize(
    ("age", "free"),
    [(0, False), (1, False), (STALE_SECONDS, False), (STALE_SECONDS + 1, True), (-1, True), (-1e6, True)],
)
def test_a_holder_elsewhere_counts_for_a_minute_and_is_then_watched(out, clock, age, free):
    write(out / STATE / "lock", age)
    assert is_free(out) == free
    assert clock.now == pytest.approx(WATCHED if free else 0, abs=1)


@pytest.mark.parametrize(("at", "free"), [(0.5, False), (WATCHED - 1.5, False), (WATCHED + 2, True)])
@pytest.mark.parametrize("sign", ["time", "content"])
def test_any_sign_of_a_holder_that_is_watched_keeps_its_lock(out, clock, at, free, sign):
    lock = out / STATE / "lock"
    write(lock, 1e6)

    def then(now: float) -> None:
        if now >= at:
            write(lock, 1e6 - (sign == "time"), **({"since": 1} if sign == "content" else {}))

    clock.then = then
    assert is_free(out) == free


@pytest.mark.parametrize(
    ("boot", "pid", "free"),
    [
        ("same", "parent", False),
        ("same", "dead", True),
        ("same", "own", True),
        ("", "parent", False),
        (None, "parent", False),
        (None, "dead", True),
        ("other", "dead", False),  # another kernel under the same name: its process ids say nothing
        ("other", "own", False),
    ],
)
def test_without_locks_a_process_of_this_machine_decides_by_being_there(
    out, clock, without_kernel, boot, pid, free
):
    number = {"parent": os.getppid(), "dead": 2**22 + 1, "own": os.getpid()}[pid]
    fields = {"boot": BOOT.read_text().strip() if boot == "same" else boot}
    write(out / STATE / "lock", 1, host=socket.gethostname(), pid=number, **fields)
    assert is_free(out) == free
    assert clock.now == 0


@pytest.mark.parametrize(("error", "free"), [(ProcessLookupError, True), (PermissionError, False)])
def test_a_process_of_another_user_is_alive(out, clock, without_kernel, monkeypatch, error, free):
    def kill(pid: int, number: int) -> None:
        assert (pid, number) == (4321, 0)
        raise error

    monkeypatch.setattr(os, "kill", kill)
    write(out / STATE / "lock", 1e6, host=socket.gethostname(), pid=4321, boot="")
    assert is_free(out) == free


def test_with_locks_a_word_of_this_kernel_without_its_lock_is_void(out, clock):
    write(out / STATE / "lock", 0, boot=BOOT.read_text().strip())  # another host name: a container
    assert is_free(out)
    assert clock.now == 0


@pytest.mark.parametrize(
    ("number", "tolerated"),
    [(n, True) for n in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL)] + [(errno.EIO, False)],
)
def test_only_a_file_system_without_locks_is_built_on_without_one(out, monkeypatch, number, tolerated):
    def fail(handle: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    if tolerated:
        assert is_free(out)
        return
    with pytest.raises(OSError, match=os.strerror(number)):
        is_free(out)


def test_the_file_says_who_holds_it_and_is_empty_afterwards(out):
    lock = out / STATE / "lock"
    with hold(out) as held:
        held.check()
        word = json.loads(lock.read_text())
        assert (word["host"], word["pid"], word["boot"]) == (
            *(socket.gethostname(), os.getpid(), BOOT.read_text().strip()),
        )
        words = (
            f"another build holds OUT: process {os.getpid()} on {socket.gethostname()}. "
            f"If it is gone, wait 60 s or delete {STATE}/lock."
        )
        with pytest.raises(BuildLockedError, match=f"^{re.escape(words)}$"), hold(out):
            pass
    assert lock.read_text() == ""
    with pytest.raises(ZeroDivisionError), hold(out):
        raise ZeroDivisionError
    assert lock.read_text() == ""
    assert is_free(out)


def test_a_holder_that_says_nothing_is_an_unknown_process(out):
    handle = os.open(out / STATE / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(BuildLockedError, match="another build holds OUT: an unknown process"), hold(out):
        pass
    os.close(handle)
    assert is_free(out)


PARTS = [
    ("", "", False),
    ("", "0-of-2", False),
    ("0-of-2", "", False),
    ("0-of-2", "0-of-2", False),
    ("0-of-2", "1-of-2", True),
    ("0-of-2", "0-of-3", True),
]


@pytest.mark.parametrize(("first", "second", "free"), PARTS)
def test_parts_go_side_by_side_and_the_whole_alone(out, first, second, free):
    with hold(out, part=first):
        assert is_free(out, second) == free
    assert is_free(out, second)


@pytest.mark.parametrize(("first", "second", "free"), PARTS)
def test_the_word_of_a_builder_elsewhere_counts_for_its_part(out, clock, without_kernel, first, second, free):
    write(out / STATE / (f"lock-{first}" if first else "lock"))
    assert is_free(out, second) == free


def test_the_file_of_a_part_is_named_in_the_message(out):
    with (
        hold(out, part="1-of-2"),
        pytest.raises(BuildLockedError, match=rf"or delete {re.escape(STATE)}/lock-1-of-2\.$"),
        hold(out, part="1-of-2"),
    ):
        pass


@pytest.mark.parametrize(
    ("at_work_on", "builds", "waits"),
    [
        ("", "", True),
        ("", "0-of-2", True),
        ("0-of-2", "", True),
        ("0-of-2", "0-of-2", True),
        ("0-of-2", "1-of-2", False),
    ],
)
def test_workers_that_are_still_at_work_are_waited_for_as_their_builder_would_be(
    out, clock, at_work_on, builds, waits
):
    with at_work(out, builder=os.getppid(), part=at_work_on):
        if waits:
            name = f"workers-{at_work_on}" if at_work_on else "workers"
            words = f"workers of an earlier build are still at work on OUT ({STATE}/{name})"
            with pytest.raises(BuildLockedError, match=f"^{re.escape(words)}$"), hold(out, part=builds):
                pass
            assert WORKERS < clock.now < WORKERS + 1
        else:
            assert is_free(out, builds)
            assert clock.now == 0
    assert is_free(out, builds)


def test_workers_that_end_in_time_do_not_matter(out, clock):
    with ExitStack() as workers:
        for _ in range(3):  # side by side
            workers.enter_context(at_work(out, builder=os.getppid()))
        clock.then = lambda now: workers.close() if now > WORKERS - 1 else None
        assert is_free(out)
    assert clock.now > WORKERS - 1


def test_a_builder_that_works_itself_leaves_no_file_of_workers(out):
    with hold(out), at_work(out, builder=os.getpid()):
        assert {path.name for path in (out / STATE).iterdir()} == {"lock"}


def test_a_change_that_was_decided_is_carried_out_first(out):
    (out / STATE / "next/data").mkdir(parents=True)
    (out / STATE / "next/data/new").write_text("new")
    (out / "old").write_text("old")
    (out / STATE / "next/change.json").write_text(json.dumps({"files": ["data/new"], "removed": ["old"]}))
    with hold(out):
        assert (out / "data/new").read_text() == "new"
        assert not (out / "old").exists()
        assert not (out / STATE / "next").exists()


@pytest.mark.parametrize(("path", "words"), [("file/out", "Not a directory"), ("state", "File exists")])
def test_an_out_that_cannot_be_made_is_named(tmp_path, path, words):
    (tmp_path / "file").write_text("x")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / STATE).write_text("x")
    text = f"out: cannot be written: {words}: {str(tmp_path / path)!r}"
    with pytest.raises(ArgumentError, match=f"^{re.escape(text)}$"), hold(tmp_path / path):
        pass
