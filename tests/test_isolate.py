"""Whatever a source does to the process that reads it, it is accounted for exactly once, and nothing stays behind."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from specaug.errors import ArgumentError, SpecaugError
from specaug.isolate import MIN_MEMORY, SupervisedWorker, process, worker_of_this_thread
from specaug.isolate.deaths import Death, cause, last_words
from specaug.isolate.wire import pack, read_reply, reply_length, reply_message, unpack
from specaug.records import BuildConfig, Clip, Failure, MediaInfo, Source
from specaug.stopwatch import Stopwatch

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def misbehave(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that children call, importable by its name in them, too."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module("misbehave")


Make = Callable[..., SupervisedWorker]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Workers that call ``misbehave.behave``; ended with the test."""
    made: list[SupervisedWorker] = []

    def one(**changes: Any) -> SupervisedWorker:
        kept = {"timeout": 30.0, "max_memory": None, "function": "misbehave:behave", **changes}
        made.append(SupervisedWorker(raw=tmp_path, config=BuildConfig(seed=7), **kept))
        return made[-1]

    yield one
    for worker in made:
        worker.close()


def source(name: str) -> Source:
    return Source(name, "bonafide", source_id=f"id of {name}", split="dev")


def facts(worker: SupervisedWorker, name: str = "plain") -> dict[str, Any]:
    """What a source that behaves well saw of its process."""
    (outcome,) = worker.extract(source(name))
    assert isinstance(outcome, Failure)
    assert outcome.reason == "no_face", outcome
    return json.loads(outcome.detail)  # type: ignore[no-any-return]


def exists(pid: int) -> bool:
    """The process is there, alive or as a zombie."""
    return Path(f"/proc/{pid}").exists()


def wait_until_gone(pid: int) -> None:
    """Wait until a process that is nobody's child, or init's, has ended; one that stays fails the test."""
    for _ in range(200):
        if not exists(pid) or state(pid) == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


def state(pid: int) -> str:
    """One letter as in ps; Z where it ended and nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def same(one: object, other: object) -> bool:
    """Equal to the last bit, missing numbers included."""
    if isinstance(one, np.ndarray | np.generic):
        assert isinstance(other, np.ndarray | np.generic)
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one)
        )
    return type(one) is type(other) and one == other


class TestWire:
    def test_every_field_of_a_clip_comes_back(self, make: Make, misbehave: ModuleType) -> None:
        (outcome,) = make().extract(source("clip"))
        assert isinstance(outcome, Clip)
        assert same(outcome, misbehave.clip(source("clip")))

    def test_arrays_can_be_written_to_as_those_of_the_function(self, make: Make) -> None:
        (outcome,) = make().extract(source("clip"))
        assert isinstance(outcome, Clip)
        assert outcome.box.flags.writeable

    @given(arrays(scalar_dtypes(), array_shapes(min_dims=0, min_side=0)), st.binary(), st.floats())
    @settings(deadline=None, max_examples=60)
    def test_any_array_and_bytes_come_back(self, array: np.ndarray, blob: bytes, number: float) -> None:
        buffers: list[memoryview] = []
        value = (array, blob, (number, None, True, "\udce9 \u2028"))
        text = json.loads(json.dumps(pack(value, buffers)))
        back = unpack(text, memoryview(b"".join(buffers)))
        assert same(back[0], array)
        assert back[1] == blob
        assert same(np.float64(back[2][0]), np.float64(number)) or np.isnan(number)
        assert back[2][1:] == (None, True, "\udce9 \u2028")

    def test_what_is_no_record_is_refused(self) -> None:
        with pytest.raises(TypeError, match="expected a record of specaug, got set"):
            pack((set(),), [])
        with pytest.raises(TypeError, match="got ndarray"):
            pack(np.array([object()]), [])

    def test_of_a_decoders_own_info_the_record_passes(self) -> None:
        class Own(MediaInfo):
            extra = object()

        info = Own("image", 4, 3, 1, np.zeros(1), np.zeros(1, np.int64))
        buffers: list[memoryview] = []
        back = unpack(pack(info, buffers), memoryview(b"".join(buffers)))
        assert type(back) is MediaInfo
        assert back.width == 4

    def test_message_tells_its_length(self) -> None:
        failure = Failure("a", "a", "dev", "probe", "unreadable", "é")
        message = b"".join(reply_message((failure,), {"probe": 0.1}))
        assert reply_length(message) == len(message)
        assert read_reply(message) == ((failure,), {"probe": 0.1})
        assert reply_length(b"x" + message[1:]) == 0


CRASHES = [
    ("segfault", "native_crash", "SIGSEGV"),
    ("abort", "native_crash", "SIGABRT"),
    ("exit", "native_crash", "exit status 0"),
    ("sys_exit", "native_crash", "exit status 3"),
    ("late", "native_crash", "SIGSEGV"),
    ("kill", "out_of_memory", "SIGKILL"),
]


class TestDeaths:
    @pytest.mark.parametrize(("action", "reason", "detail"), CRASHES)
    def test_crash_is_tried_again_and_then_a_failure(
        self, make: Make, action: str, reason: str, detail: str
    ) -> None:
        outcome = make().extract(source(action))
        assert outcome == (
            Failure(
                source_id=f"id of {action}",
                source_path=action,
                split="dev",
                stage="probe" if action == "late" else "decode",
                reason=reason,  # type: ignore[arg-type]
                detail=outcome[0].detail,  # type: ignore[union-attr]
                attempts=2,
            ),
        )
        assert outcome[0].detail.startswith(detail)  # type: ignore[union-attr]

    def test_crash_of_a_moment_costs_nothing(self, make: Make, tmp_path: Path) -> None:
        worker = make()
        before = facts(worker)["pid"]
        after = facts(worker, "twice")["pid"]
        assert (tmp_path / "crashed").exists()
        assert before != after

    @pytest.mark.parametrize("action", ["hang", "sleep"])
    def test_alarm_ends_what_holds_the_interpreters_lock(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, action: str
    ) -> None:
        monkeypatch.setattr(process, "_GRACE_SECONDS", 300.0)  # not the parent's doing
        (outcome,) = make(timeout=0.5).extract(source(action))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.stage, outcome.attempts) == ("timeout", "decode", 1)
        assert outcome.detail == "longer than 0.5 s"

    def test_parent_ends_what_ignores_its_alarm(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "_GRACE_SECONDS", 0.5)
        (outcome,) = make(timeout=0.5).extract(source("block"))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.stage) == ("timeout", "decode")

    def test_time_is_given_to_each_source_anew(self, make: Make) -> None:
        worker = make(timeout=1.0)
        assert len({facts(worker, "half")["pid"] for _ in range(4)}) == 1  # 1.2 s in all

    @pytest.mark.parametrize("action", ["eat", "eat_natively"])
    def test_memory_ends_at_the_limit(self, make: Make, action: str) -> None:
        worker = make(max_memory=MIN_MEMORY)
        (outcome,) = worker.extract(source(action))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.stage, outcome.attempts) == ("out_of_memory", "decode", 2)
        assert facts(worker)["pid"]

    def test_error_that_nobody_caught_is_a_defect_of_ours(
        self, make: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        (outcome,) = make().extract(source("raise"))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.attempts) == ("internal", 1)
        assert outcome.detail == "ValueError: x y.mp4 at 0x"
        assert "in _raise" in caplog.text  # where it was, for who has to mend it

    def test_every_source_is_accounted_for_once(self, make: Make) -> None:
        worker = make(timeout=0.5, recycle_after=3)
        names = ["plain", "segfault", "plain", "hang", "kill", "raise", "exit", "babble", "clip", "plain"]
        outcomes = [worker.extract(source(name)) for name in names]
        assert [len(o) for o in outcomes] == [1] * len(names)
        got = [o.reason if isinstance(o, Failure) else "clip" for (o,) in outcomes]
        fine, crash = "no_face", "native_crash"
        expected = [fine, crash, fine, "timeout", "out_of_memory", "internal", crash, fine, "clip", fine]
        assert got == expected
        ids = [o.source_id if isinstance(o, Failure) else o.source.source_id for (o,) in outcomes]
        assert ids == [f"id of {name}" for name in names]

    def test_death_while_idle_is_nobodys_failure(self, make: Make) -> None:
        worker = make()
        pid = facts(worker)["pid"]
        os.kill(pid, signal.SIGKILL)
        (outcome,) = worker.extract(source("plain"))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.attempts) == ("no_face", 1)
        assert not exists(pid)

    def test_what_libraries_say_of_memory_counts(self) -> None:
        openblas = "OpenBLAS error: Memory allocation still failed after 10 retries, giving up.\n"
        assert cause(Death(1, openblas), timeout=None)[0] == "out_of_memory"
        assert cause(Death(-11, openblas), timeout=None)[0] == "native_crash"
        trace = "Fatal Python error: Aborted\n  File decode.py line 3 in out_of_memory\n"
        assert cause(Death(-6, trace), timeout=None) == ("native_crash", "SIGABRT")

    @pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGBUS, signal.SIGFPE, signal.SIGTERM])
    def test_other_signals_are_crashes_of_their_name(self, number: signal.Signals) -> None:
        assert cause(Death(-number, ""), timeout=9) == ("native_crash", number.name)

    def test_alarm_without_a_timeout_is_a_crash(self) -> None:
        assert cause(Death(-signal.SIGALRM, ""), timeout=None) == ("native_crash", "SIGALRM")

    @given(st.text(alphabet="/ab .\"'x\n", max_size=40))
    @settings(deadline=None)
    def test_no_detail_begins_a_word_with_a_slash(self, text: str) -> None:
        words = last_words(text.replace("x", "/data/raw/"), hidden=["/data/raw"])
        assert "/data" not in words
        assert not words.startswith("/a")
        assert " /a" not in words


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
        monkeypatch.setattr(process, "_IDLE_SECONDS", 0.1)
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

    def test_child_outlives_the_thread_that_needed_it_first(self, make: Make) -> None:
        worker = make()
        pids: list[int] = []
        thread = threading.Thread(target=lambda: pids.append(facts(worker)["pid"]))
        thread.start()
        thread.join()
        time.sleep(0.1)
        assert facts(worker)["pid"] == pids[0]

    def test_start_that_fails_is_no_failure_of_a_source(self, make: Make) -> None:
        with pytest.raises(SpecaugError, match=r"could not start .*No module named 'absent_module'"):
            make(function="absent_module:extract").extract(source("plain"))

    def test_every_slot_of_a_scheduler_has_its_own(self, misbehave: ModuleType, tmp_path: Path) -> None:
        names = ["plain", "segfault", "hang"]
        with joblib.parallel_config("loky", n_jobs=2):
            results = joblib.Parallel()(
                joblib.delayed(misbehave.outcomes_of)(names, tmp_path) for _ in range(2)
            )
        reasons = [[outcome.reason for (outcome,) in result] for result in results]
        assert reasons == [["no_face", "native_crash", "timeout"]] * 2


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


class TestWorker:
    def test_seconds_of_stages_come_back(self, make: Make) -> None:
        watch = Stopwatch()
        watch.seconds["decode"] = 100.0
        make().extract(source("plain"), watch=watch)
        assert set(watch.seconds) == {"probe", "decode"}
        assert watch.seconds["decode"] > 100

    def test_seconds_of_a_dead_child_count_for_its_last_stage(self, make: Make) -> None:
        watch = Stopwatch()
        make(timeout=0.5).extract(source("hang"), watch=watch)
        assert set(watch.seconds) == {"decode"}
        assert watch.seconds["decode"] > 0.4

    def test_thread_keeps_its_worker_while_settings_are_the_same(self, tmp_path: Path) -> None:
        settings: dict[str, Any] = {"raw": tmp_path, "max_memory": None, "function": "misbehave:behave"}
        pids: list[int] = []

        def run() -> None:
            config = BuildConfig()
            for timeout, frames in ((9, 8), (9, 8), (8, 8), (8, 4)):
                changed = dataclasses.replace(config, frames=frames)
                pids.append(facts(worker_of_this_thread(config=changed, timeout=timeout, **settings))["pid"])

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert pids[0] == pids[1]
        assert len(set(pids)) == 3
        for pid in pids:
            wait_until_gone(pid)

    @pytest.mark.parametrize(
        ("changes", "match"),
        [
            ({"timeout": 0}, "timeout: expected a positive number"),
            ({"timeout": float("nan")}, "timeout: expected"),
            ({"timeout": float("inf")}, "timeout: expected"),
            ({"max_memory": 1 << 20}, "max_memory: expected at least 536870912 bytes"),
            ({"recycle_after": 0}, "recycle_after: expected at least 1"),
        ],
    )
    def test_limits_out_of_range_are_named(self, make: Make, changes: dict[str, Any], match: str) -> None:
        with pytest.raises(ArgumentError, match=match):
            make(**changes)

    def test_smallest_memory_is_enough_for_a_full_hd_photo(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "a.png"), noise)
        photo = Source("a.png", "bonafide", kind="image", source_id="0" * 32)
        with SupervisedWorker(
            raw=tmp_path, config=BuildConfig(), timeout=60, max_memory=MIN_MEMORY
        ) as worker:
            (outcome,) = worker.extract(photo)
        assert isinstance(outcome, Failure)
        assert (outcome.stage, outcome.reason) == ("detect", "no_face")
