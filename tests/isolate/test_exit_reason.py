"""Whatever a source does to the process that reads it, it is accounted for exactly once, with its reason."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from asking import Make, exists, facts, source
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.isolate import MIN_MEMORY, child_process, supervisor
from specaug.isolate.exit_reason import Death, cause, last_words, recognise_memory
from specaug.records import Failure

CRASHES = [
    ("segfault", "native_crash", "SIGSEGV"),
    ("exit", "native_crash", "exit status 0"),
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

    def test_alarm_ends_what_holds_the_interpreters_lock(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child_process, "GRACE_SECONDS", 3.0)
        (outcome,) = make(timeout=0.5).extract(source("hang"))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.stage, outcome.attempts) == ("timeout", "decode", 1)
        assert outcome.detail == "longer than 0.5 s"  # the kernel's doing, not the parent's

    def test_parent_ends_what_ignores_its_alarm(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(child_process, "GRACE_SECONDS", 0.5)
        monkeypatch.setattr(supervisor, "RETRIED", ())
        worker = make(timeout=0.5)
        rescue = threading.Timer(
            60, os.kill, (facts(worker)["pid"], signal.SIGKILL)
        )  # or this test never ends
        rescue.start()
        (outcome,) = worker.extract(source("block"))
        rescue.cancel()
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.stage) == ("timeout", "decode")
        assert outcome.detail == "longer than 0.5 s, without regard to its alarm"

    def test_time_is_given_to_each_source_anew(self, make: Make) -> None:
        worker = make(timeout=0.7)
        pids = {facts(worker, "half")["pid"] for _ in range(3)}  # 0.9 s in all
        time.sleep(0.8)  # nor does it run while there is nothing to do
        assert pids == {facts(worker)["pid"]}

    @pytest.mark.parametrize("action", ["eat", "eat_natively"])
    def test_memory_ends_at_the_limit(self, make: Make, action: str) -> None:
        worker = make(max_memory=MIN_MEMORY)
        (outcome,) = worker.extract(source(action))
        assert isinstance(outcome, Failure)
        assert (outcome.reason, outcome.stage, outcome.attempts) == ("out_of_memory", "decode", 2)
        assert facts(worker)["pid"]

    def test_library_that_says_so_ran_out_of_memory(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started = []
        monkeypatch.setattr(
            supervisor, "Child", lambda **kinds: started.append(child_process.Child(**kinds)) or started[-1]
        )
        (limited,) = make(max_memory=MIN_MEMORY).extract(source("cv2"))
        assert len(started) == 2  # the first one lives, and what filled it is perhaps still there
        (free,) = make().extract(source("cv2"))
        assert isinstance(limited, Failure)
        assert isinstance(free, Failure)
        assert (limited.reason, limited.detail, limited.attempts) == ("out_of_memory", "memory ran out", 2)
        assert (free.reason, free.detail, free.attempts) == ("internal", "error", 1)

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
        names = ["plain", "segfault", "plain", "hang", "raise", "babble", "clip", "plain"]
        outcomes = [worker.extract(source(name)) for name in names]
        assert [len(o) for o in outcomes] == [1] * len(names)
        got = [o.reason if isinstance(o, Failure) else "clip" for (o,) in outcomes]
        fine = "no_face"
        expected = [fine, "native_crash", fine, "timeout", "internal", fine, "clip", fine]
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
        trace = "Fatal Python error: Aborted\n  File decode.py line 3 in MemoryError\n"
        assert cause(Death(-6, trace), timeout=None) == ("native_crash", "SIGABRT")

    @pytest.mark.parametrize("reason", ["no_face", "too_large", "timeout"])
    def test_memory_is_not_blamed_for_what_was_understood(self, reason: Any) -> None:
        failure = Failure("0", "a", "dev", "detect", reason, "Cannot allocate memory")
        assert recognise_memory(failure, "std::bad_alloc") == failure

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
