"""Who may build, and where."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from building import SMALL

from specaug.errors import ArgumentError, BuildLockedError, NothingToDoError
from specaug.pipeline import Progress, build_dataset, finalize
from specaug.pipeline import lock as lock_module
from specaug.records import BuildConfig
from specaug.shards import verify


@pytest.mark.parametrize("out", ["raw", "raw/out", "."])
def test_out_and_raw_lie_apart(raw, tmp_path, out):
    with pytest.raises(ArgumentError, match="out: expected"):
        build_dataset(raw, tmp_path / out, SMALL)


def test_folders_that_cannot_be_used(raw, tmp_path):
    with pytest.raises(ArgumentError, match="raw: expected an existing folder"):
        build_dataset(tmp_path / "none", tmp_path / "out", SMALL)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArgumentError, match="out: expected a folder, got the file"):
        build_dataset(raw, tmp_path / "file", SMALL)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("x")
    with pytest.raises(ArgumentError, match="with other files"):
        build_dataset(raw, tmp_path / "full", SMALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDoError, match="RAW is empty"):
        build_dataset(tmp_path / "empty", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_a_living_builder_keeps_others_out(raw, tmp_path):
    out = tmp_path / "out"

    def second(state: Progress) -> None:
        with pytest.raises(BuildLockedError, match="another build holds OUT: process"):
            build_dataset(raw, out, SMALL)

    build_dataset(raw, out, SMALL, progress=second)
    assert (out / ".specaug/lock").read_text() == ""


def test_the_lock_of_a_dead_process_is_taken_over(raw, tmp_path):
    lock = tmp_path / "out/.specaug/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": 2**22 + 1}))
    assert build_dataset(raw, tmp_path / "out", SMALL).clips == 8


def test_the_word_of_a_holder_that_is_silent_for_long_does_not_count(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "WATCH_SECONDS", 0.2)
    lock = tmp_path / "out/.specaug/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"host": "another", "pid": 1}))
    with pytest.raises(BuildLockedError, match="process 1 on another"):
        build_dataset(raw, tmp_path / "out", SMALL)
    os.utime(lock, (0, 0))
    assert build_dataset(raw, tmp_path / "out", SMALL).clips == 8


def test_a_part_and_the_whole_keep_each_other_out(raw, tmp_path):
    out = tmp_path / "out"
    part = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=0, shard_count=2)
    other = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=1, shard_count=2)

    def beside_the_part(state: Progress) -> None:
        for again in (SMALL, part):
            with pytest.raises(BuildLockedError, match="another build holds OUT"):
                build_dataset(raw, out, again)
        with pytest.raises(BuildLockedError):
            finalize(out)
        build_dataset(raw, out, other)

    build_dataset(raw, out, part, progress=beside_the_part)

    def beside_the_whole(state: Progress) -> None:
        with pytest.raises(BuildLockedError, match="another build holds OUT"):
            build_dataset(raw, out, part)

    build_dataset(raw, out, SMALL, progress=beside_the_whole)
    assert verify(out).ok


def test_an_out_that_cannot_be_made_is_an_argument_error(raw, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArgumentError, match="out: cannot be written"):
        build_dataset(raw, tmp_path / "file" / "out", SMALL)


class TestWhoHolds:
    """Clocks may be set at any time and process ids come back: never two builders because of that."""

    @pytest.fixture
    def lock(self, tmp_path, monkeypatch) -> Path:
        monkeypatch.setattr(lock_module, "WATCH_SECONDS", 0.4)
        monkeypatch.setattr(lock_module, "BEAT_SECONDS", 0.05)
        (tmp_path / "out/.specaug").mkdir(parents=True)
        return tmp_path / "out/.specaug/lock"

    def write(self, lock: Path, *, age: float = 0, **changes: object) -> None:
        lock.write_text(json.dumps({"host": "another", "pid": 1, "boot": "other", **changes}))
        os.utime(lock, (time.time() - age,) * 2)

    def is_free(self, lock: Path) -> bool:
        try:
            with lock_module.hold(lock.parents[1]):
                return True
        except BuildLockedError:
            return False

    @contextmanager
    def beating(self, lock: Path, *, offset: float) -> Iterator[None]:
        """A holder elsewhere whose clock is off."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(0.05):
                os.utime(lock, (time.time() + offset,) * 2)

        thread = threading.Thread(target=beat)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 3}', '{"host": "a", "pid": "x"}', "\0\xff"])
    def test_garbage_holds_nothing(self, lock, text):
        lock.write_text(text)
        assert self.is_free(lock)

    def test_fresh_sign_from_another_machine_counts_at_once(self, lock, monkeypatch):
        monkeypatch.setattr(lock_module, "WATCH_SECONDS", 1e9)
        self.write(lock, age=30)
        assert not self.is_free(lock)

    @pytest.mark.parametrize("offset", [-7200.0, 7200.0])
    def test_a_holder_whose_clock_is_off_is_seen_to_live(self, lock, offset):
        self.write(lock, age=-offset)
        with self.beating(lock, offset=offset):
            assert not self.is_free(lock)
        assert self.is_free(lock)  # silent while watched, whatever the time on the file says

    def test_a_clock_set_back_between_two_beats_is_a_sign_of_life(self, lock):
        self.write(lock, age=-7200)
        timer = threading.Timer(0.15, os.utime, (lock, (0, 0)))
        timer.start()
        assert not self.is_free(lock)
        timer.join()

    def test_a_process_id_that_came_back_holds_nothing(self, lock):
        mine = {"host": socket.gethostname(), "boot": lock_module._boot()}
        self.write(
            lock, pid=os.getppid(), **mine
        )  # alive, and not the one that wrote this: that left its lock
        assert self.is_free(lock)

    def test_the_same_host_started_anew_is_like_another(self, lock):
        self.write(lock, host=socket.gethostname(), pid=os.getppid())
        assert not self.is_free(lock)
        self.write(lock, host=socket.gethostname(), age=90)
        assert self.is_free(lock)

    def test_without_locks_in_the_kernel_the_process_decides(self, lock, monkeypatch):
        def none(handle: int, operation: int) -> None:
            raise OSError(errno.ENOSYS, "Function not implemented")

        monkeypatch.setattr(fcntl, "flock", none)
        mine = {"host": socket.gethostname(), "boot": lock_module._boot()}
        self.write(lock, pid=os.getppid(), age=90, **mine)
        assert not self.is_free(lock)
        self.write(lock, pid=2**22 + 1, **mine)
        assert self.is_free(lock)

    @pytest.mark.parametrize("how", ["removed", "taken"])
    def test_a_builder_that_lost_its_lock_stops(self, lock, how):
        out = lock.parents[1]
        with lock_module.hold(out) as held:
            held.check()
            lock.unlink()
            if how == "taken":
                self.write(lock)
            for _ in range(200):
                if held.lost:
                    break
                time.sleep(0.05)
            with pytest.raises(BuildLockedError, match="taken over while this build went on"):
                held.check()
        assert lock.exists() == (how == "taken")  # what is another's is left alone
        assert how == "removed" or "another" in lock.read_text()

    def test_a_sign_is_given_while_it_is_held(self, lock):
        with lock_module.hold(lock.parents[1]):
            before = lock.stat().st_mtime_ns
            for _ in range(200):
                if lock.stat().st_mtime_ns != before:
                    break
                time.sleep(0.05)
            assert lock.stat().st_mtime_ns != before
            assert json.loads(lock.read_text())["pid"] == os.getpid()
        assert lock.read_text() == ""

    def test_workers_of_a_killed_builder_are_waited_for(self, lock, monkeypatch):
        monkeypatch.setattr(lock_module, "WORKERS_SECONDS", 0.2)
        handle = os.open(lock.with_name("workers"), os.O_CREAT | os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_SH)
        with (
            pytest.raises(BuildLockedError, match="workers of an earlier build are still at work"),
            lock_module.hold(lock.parents[1]),
        ):
            pass
        monkeypatch.setattr(lock_module, "WORKERS_SECONDS", 60)
        threading.Timer(0.2, os.close, (handle,)).start()
        assert self.is_free(lock)
        assert lock.read_text() == ""


def test_a_build_that_lost_its_lock_keeps_what_is_finished(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "BEAT_SECONDS", 0.01)
    out = tmp_path / "out"

    def lose(state: Progress) -> None:
        if state.done:
            (out / ".specaug/lock").unlink(missing_ok=True)
            time.sleep(0.5)

    with pytest.raises(BuildLockedError, match="taken over"):
        build_dataset(raw, out, SMALL, progress=lose)
    again = build_dataset(raw, out, SMALL)
    assert again.done_before > 0
    assert verify(out).ok
