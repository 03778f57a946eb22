"""A child depends on nothing around it, is seen by nobody, and stays behind nowhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import misbehave
import pytest
from asking import HERE, Make, exists, facts, source, wait_until_gone

from specaug.errors import SpecaugError
from specaug.isolate import SupervisedWorker, child_process
from specaug.records import BuildConfig


class TestProcess:
    def test_output_of_libraries_reaches_nobody(self, make: Make, capfd: pytest.CaptureFixture[str]) -> None:
        facts(make(), "babble")
        assert capfd.readouterr() == ("", "")

    def test_requests_are_out_of_reach(self, make: Make) -> None:
        worker = make()
        pid = facts(worker)["pid"]
        assert facts(worker, "stdin")["pid"] == pid

    def test_descriptors_are_not_inherited(self, make: Make, tmp_path: Path) -> None:
        with (tmp_path / "held").open("w") as held:
            os.set_inheritable(held.fileno(), True)
            handles = facts(make())["handles"]
        # stdin, progress, then stdout and stderr, requests, replies; nothing of the parent's
        assert handles == ["/dev/null", "/memfd", *["pipe"] * 4]

    def test_names_of_any_bytes_arrive(self, make: Make) -> None:
        worker = make()
        for name in ("caf\udce9.mp4", 'a "b"\\\n\u2028é 😀', "-x", "{}", " "):
            assert facts(worker, f"live/{name}")["path"] == f"live/{name}"

    def test_settings_arrive(self, make: Make) -> None:
        assert facts(make())["config"] == 7

    def test_folder_of_the_moment_does_not_matter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        # What a careless import from the working folder would find first.
        (tmp_path / "elsewhere" / "json.py").write_text("raise SystemExit('the wrong json')")
        monkeypatch.chdir(tmp_path)
        worker = SupervisedWorker(
            raw=Path("raw"), config=BuildConfig(), timeout=30, max_memory=None, function="misbehave:behave"
        )
        monkeypatch.chdir("elsewhere")
        with worker:
            assert facts(worker)["raw"] == str(tmp_path / "raw")

    def test_environment_does_not_matter(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
        monkeypatch.setenv("OMP_NUM_THREADS", "8")
        monkeypatch.setenv("OPENCV_FOR_THREADS_NUM", "8")
        assert facts(make(), "threads")["threads"] == [1, "1"]

    def test_child_is_replaced_after_its_share(self, make: Make) -> None:
        worker = make(recycle_after=2)
        pids = [facts(worker)["pid"] for _ in range(5)]
        assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
        assert not exists(pids[0])
        assert not exists(pids[2])

    def test_idle_child_ends_and_is_missed_by_nobody(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child_process, "IDLE_SECONDS", 0.1)
        worker = make()
        first = facts(worker)["pid"]
        wait_until_gone(first)
        assert facts(worker)["pid"] != first
        assert not exists(first)

    def test_closed_worker_leaves_nothing(self, make: Make) -> None:
        with make() as worker:
            pid = facts(worker)["pid"]
        assert not exists(pid)

    def test_worker_that_is_forgotten_leaves_nothing(self, make: Make, tmp_path: Path) -> None:
        worker = SupervisedWorker(
            raw=tmp_path, config=BuildConfig(), timeout=9, max_memory=None, function="misbehave:behave"
        )
        pid = facts(worker)["pid"]
        del worker
        assert not exists(pid)

    def test_what_a_child_started_ends_with_it(self, make: Make, tmp_path: Path) -> None:
        make().extract(source("another"))
        started = (tmp_path / "started").read_text().split()
        assert len(started) == 2  # one an attempt
        for pid in started:
            wait_until_gone(int(pid))

    def test_descriptors_of_the_parent_do_not_grow(self, make: Make) -> None:
        worker = make(timeout=0.3)
        facts(worker)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for name in ("segfault", "hang", "plain"):
            worker.extract(source(name))
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_interrupt_ends_the_child_at_once(self, make: Make) -> None:
        worker = make(timeout=None)
        pid = facts(worker)["pid"]
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            worker.extract(source("hang"))
        assert not exists(pid)

    @pytest.mark.parametrize("action", ["hang", "plain"])
    def test_child_ends_with_its_parent(self, tmp_path: Path, action: str) -> None:
        parent = subprocess.Popen(
            [sys.executable, "-c", _PARENT, str(HERE), str(tmp_path), action],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdout is not None
        with parent.stdout:
            pid = int(parent.stdout.readline())
            assert exists(pid)
            time.sleep(0.2)  # until it hangs
            parent.kill()
            parent.wait()
        wait_until_gone(pid)

    def test_child_ends_when_nobody_can_ask_it(self) -> None:
        child = child_process.Child(function="misbehave:behave", max_memory=None)
        assert child.is_ready()
        with Path(os.devnull).open("wb") as null:
            os.dup2(null.fileno(), child._requests)
        wait_until_gone(child._process.pid)
        child.end()

    def test_child_outlives_the_thread_that_needed_it_first(self, make: Make) -> None:
        worker = make()
        pids: list[int] = []
        thread = threading.Thread(target=lambda: pids.append(facts(worker)["pid"]))
        thread.start()
        thread.join()
        time.sleep(0.1)
        assert facts(worker)["pid"] == pids[0]

    def test_child_killed_while_it_starts_is_started_again(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready = child_process.Child.is_ready
        victims: list[int] = []

        def kill_the_first(child: child_process.Child) -> bool:
            if len(victims) < kills:
                victims.append(child._process.pid)
                os.kill(child._process.pid, signal.SIGKILL)
            return ready(child)

        monkeypatch.setattr(child_process.Child, "is_ready", kill_the_first)
        kills = 2
        assert facts(make())["pid"] not in victims
        kills = 5
        with pytest.raises(SpecaugError, match=r"could not start \(status -9\)"):
            make().extract(source("plain"))
        assert len(victims) == 5
        assert not any(exists(pid) for pid in victims)

    def test_start_that_fails_is_no_failure_of_a_source(self, make: Make) -> None:
        with pytest.raises(SpecaugError, match=r"could not start .*No module named 'absent_module'"):
            make(function="absent_module:extract").extract(source("plain"))

    def test_every_slot_of_a_scheduler_has_its_own(self, tmp_path: Path) -> None:
        names = ["plain", "hang"]
        with joblib.parallel_config("loky", n_jobs=2):
            results = joblib.Parallel()(
                joblib.delayed(misbehave.outcomes_of)(names, tmp_path) for _ in range(2)
            )
        reasons = [[outcome.reason for (outcome,) in result] for result in results]
        assert reasons == [["no_face", "timeout"]] * 2


_PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from specaug.isolate import SupervisedWorker
from specaug.records import BuildConfig, Source
import json, time
worker = SupervisedWorker(
    raw=Path(sys.argv[2]), config=BuildConfig(), timeout=None, max_memory=None, function="misbehave:behave"
)
(first,) = worker.extract(Source("plain", "bonafide"))
print(json.loads(first.detail)["pid"], flush=True)
worker.extract(Source(sys.argv[3], "bonafide"))
time.sleep(600)
"""
