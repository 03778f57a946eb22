"""What a supervised worker decides from how its children end; the children are played."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specaug.errors import ArgumentError, SpecaugError
from specaug.isolate import MIN_MEMORY, SupervisedWorker, supervisor, worker_of_this_thread
from specaug.isolate.exit_reason import Death
from specaug.isolate.protocol import read_request, reply_message
from specaug.records import BuildConfig, Failure, Source
from specaug.stage_timer import Stopwatch

SOURCE = Source("live/\udce9.mp4", "bonafide", source_id="id", split="dev")
FINE = Failure("id", "live/\\xe9.mp4", "dev", "detect", "no_face", "none")
CRASH = Death(-11, "boom", busy=True, stage="decode")
IDLE = Death(-9, "", busy=False)

Answer = Failure | tuple[Failure, ...] | Death | type[BaseException]


class Cast:
    """Children that do what is written down for them, one answer after the other, whoever is asked."""

    def __init__(self, *answers: Answer, starts: tuple[Any, ...] = (), log: str = "") -> None:
        self.answers, self.starts, self.log = list(answers), list(starts), log
        self.born: list[PlayedChild] = []
        self.requests: list[bytes] = []

    def __call__(self, *, function: str, max_memory: int | None) -> PlayedChild:
        self.born.append(PlayedChild(self, function, max_memory))
        return self.born[-1]


class PlayedChild:
    def __init__(self, cast: Cast, function: str, max_memory: int | None) -> None:
        self.cast, self.function, self.max_memory = cast, function, max_memory
        self.served, self.ended = 0, False
        self.log = cast.log
        self._death: Death | None = None

    def is_ready(self) -> bool:
        start = self.cast.starts.pop(0) if self.cast.starts else True
        if isinstance(start, type):
            raise start
        if start is not True:
            self._death = start
        return start is True

    def ask(self, request: bytes, *, timeout: float | None) -> bytearray | None:
        assert not self.ended
        self.cast.requests.append(request)
        answer = self.cast.answers.pop(0)
        if isinstance(answer, type):
            raise answer
        if isinstance(answer, Death):
            self._death = answer
            return None
        self.served += 1
        outcomes = answer if isinstance(answer, tuple) else (answer,)
        return bytearray(b"".join(reply_message(outcomes, {"probe": 0.25, "decode": 2.0})))

    def death(self) -> Death:
        assert self._death is not None
        self.ended = True
        return self._death

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[SupervisedWorker, Cast]]:
    def start(*answers: Answer, starts: tuple[Any, ...] = (), log: str = "", **changes: Any) -> Any:
        cast = Cast(*answers, starts=starts, log=log)
        monkeypatch.setattr(supervisor, "Child", cast)
        settings = {"raw": tmp_path, "config": BuildConfig(), "timeout": 5.0, "max_memory": None, **changes}
        return SupervisedWorker(**settings), cast

    return start


def reasoned(reason: Any, **changes: Any) -> Failure:
    return replace(FINE, reason=reason, **changes)


CRASHED = Failure("id", "live/\\xe9.mp4", "dev", "decode", "native_crash", "SIGSEGV: boom")


@pytest.mark.parametrize(
    ("answers", "outcomes", "children"),
    [
        ([FINE], (FINE,), 1),
        ([()], (), 1),
        ([(FINE, FINE)], (FINE, FINE), 1),
        ([CRASH, FINE], (replace(FINE, attempts=2),), 2),
        ([CRASH, CRASH], (replace(CRASHED, attempts=2),), 2),
        ([reasoned("out_of_memory"), FINE], (replace(FINE, attempts=2),), 2),
        ([reasoned("native_crash"), CRASH], (replace(CRASHED, attempts=2),), 2),
        ([(FINE, reasoned("out_of_memory")), (FINE, FINE)], (replace(FINE, attempts=2),) * 2, 2),
        ([reasoned("timeout")], (reasoned("timeout"),), 1),
        ([reasoned("internal")], (reasoned("internal"),), 1),
        ([reasoned("truncated")], (reasoned("truncated"),), 1),
    ],
)
def test_only_what_another_source_may_have_caused_is_tried_twice(play, answers, outcomes, children):
    worker, cast = play(*answers)
    assert worker.extract(SOURCE) == outcomes
    assert len(cast.born) == children
    assert cast.answers == []
    assert len(set(cast.requests)) == 1


@pytest.mark.parametrize(
    ("death", "reason", "detail", "stage"),
    [
        (Death(-14, "", stage="align"), "timeout", "longer than 5 s", "align"),
        (
            Death(-9, "", stage="detect", ended="overdue"),
            "timeout",
            "longer than 5 s, without regard to its alarm",
            "detect",
        ),
        (Death(70, "ValueError: x", stage=None), "internal", "ValueError: x", "probe"),
    ],
)
def test_a_death_that_is_the_sources_own_is_not_tried_again(play, death, reason, detail, stage):
    worker, cast = play(death)
    (failure,) = worker.extract(SOURCE)
    assert failure == Failure("id", "live/\\xe9.mp4", "dev", stage, reason, detail)
    assert len(cast.born) == 1


def test_a_child_that_may_be_damaged_is_not_used_again(play):
    worker, cast = play(reasoned("out_of_memory"), reasoned("out_of_memory"), FINE)
    (failure,) = worker.extract(SOURCE)
    assert (failure.reason, failure.attempts) == ("out_of_memory", 2)
    assert [child.ended for child in cast.born] == [True, True]
    worker.extract(SOURCE)
    assert [child.ended for child in cast.born] == [True, True, False]


@pytest.mark.parametrize(("idle", "raises"), [(1, False), (2, False), (3, True)])
def test_deaths_before_the_work_are_nobodys_failure(play, idle, raises):
    worker, cast = play(*[IDLE] * idle, FINE)
    if raises:
        with pytest.raises(SpecaugError, match="the worker process ended 3 times before it took up a source"):
            worker.extract(SOURCE)
    else:
        assert worker.extract(SOURCE) == (FINE,)
    assert len(cast.born) == min(idle + 1, 3)


@pytest.mark.parametrize(("killed", "raises"), [(0, False), (1, False), (2, False), (3, True)])
def test_a_child_that_is_killed_while_it_starts_is_started_again(play, killed, raises):
    worker, cast = play(FINE, starts=(Death(-9, "killed"),) * killed)
    if raises:
        with pytest.raises(SpecaugError, match=r"could not start \(status -9\): killed"):
            worker.extract(SOURCE)
    else:
        assert worker.extract(SOURCE) == (FINE,)
    assert len(cast.born) == min(killed + 1, 3)


@pytest.mark.parametrize("status", [0, 1, 70])
def test_a_child_that_ends_by_itself_while_it_starts_is_told_at_once(play, status):
    worker, cast = play(starts=(Death(status, "trace\nImportError: no"),))
    with pytest.raises(SpecaugError, match=rf"could not start \(status {status}\): ImportError: no"):
        worker.extract(SOURCE)
    assert len(cast.born) == 1


@pytest.mark.parametrize("where", ["start", "work"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_an_interrupt_leaves_no_child(play, where, error):
    worker, cast = play(error, starts=(error,) if where == "start" else ())
    with pytest.raises(error):
        worker.extract(SOURCE)
    assert [child.ended for child in cast.born] == [True]


@pytest.mark.parametrize(("share", "children"), [(1, 5), (2, 3), (4, 2), (5, 1), (500, 1)])
def test_a_child_is_replaced_after_its_share_of_sources(play, share, children):
    worker, cast = play(*[FINE] * 5, recycle_after=share)
    for _ in range(5):
        worker.extract(SOURCE)
    assert len(cast.born) == children
    assert [child.ended for child in cast.born] == [True] * (children - 1) + [False]


def test_closing_ends_the_child_and_another_is_started_when_needed(play):
    worker, cast = play(FINE, FINE)
    worker.close()
    assert cast.born == []  # none was needed yet
    with worker:
        worker.extract(SOURCE)
    assert cast.born[0].ended
    worker.close()
    worker.extract(SOURCE)
    assert len(cast.born) == 2


def test_a_request_holds_what_the_child_needs_wherever_it_was_started(play, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worker, cast = play(
        FINE,
        raw=Path("raw"),
        config=BuildConfig(model="m.onnx", frames=3),
        function="a:b",
        max_memory=MIN_MEMORY,
    )
    worker.extract(SOURCE)
    source, config, raw, timeout = read_request(cast.requests[0])
    assert (source, raw, timeout) == (SOURCE, str(tmp_path / "raw"), 5.0)
    assert config == BuildConfig(model=str(tmp_path / "m.onnx"), frames=3)
    assert (cast.born[0].function, cast.born[0].max_memory) == ("a:b", MIN_MEMORY)


def test_seconds_of_every_attempt_are_added(play):
    worker, _ = play(reasoned("native_crash"), FINE)
    watch = Stopwatch()
    watch.seconds["decode"] = 100.0
    worker.extract(SOURCE, watch=watch)
    assert dict(watch.seconds) == {"probe": 0.5, "decode": 104.0}


@pytest.mark.parametrize(("stage", "named"), [("align", "align"), (None, "probe")])
def test_seconds_of_a_dead_child_count_for_its_stage(play, stage, named):
    worker, _ = play(Death(-14, "", stage=stage))
    watch = Stopwatch()
    worker.extract(SOURCE, watch=watch)
    assert list(watch.seconds) == [named]
    assert 0 <= watch.seconds[named] < 60


@pytest.mark.parametrize(
    ("max_memory", "reason", "children"), [(None, "internal", 1), (MIN_MEMORY, "out_of_memory", 2)]
)
def test_words_of_a_library_about_memory_count_under_a_limit_alone(play, max_memory, reason, children):
    broken = reasoned("internal", detail="cv2.error")
    worker, cast = play(broken, broken, log="Insufficient memory", max_memory=max_memory)
    (failure,) = worker.extract(SOURCE)
    assert failure.reason == reason
    assert len(cast.born) == children


@pytest.mark.parametrize(
    ("answer", "log", "level"),
    [
        (FINE, "warning of a codec", logging.DEBUG),
        (reasoned("internal"), "trace", logging.ERROR),
        (Death(70, "Traceback\nValueError: x"), "", logging.ERROR),
        (Death(-14, "half a line"), "", logging.DEBUG),
        (FINE, "", None),
    ],
)
def test_what_a_child_wrote_is_loud_where_it_is_a_defect(play, caplog, answer, log, level):
    caplog.set_level(logging.DEBUG, logger="specaug.isolate.supervisor")
    worker, _ = play(answer, log=log)
    worker.extract(SOURCE)
    assert [record.levelno for record in caplog.records] == ([level] if level else [])
    if level:
        written = answer.log if isinstance(answer, Death) else log
        assert caplog.messages == [f"source id: the worker process wrote:\n{written}"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("timeout", [None, 1e-9, 1e9], [0, -1.0, float("inf"), float("nan")]),
        ("max_memory", [None, MIN_MEMORY, 1 << 40], [0, MIN_MEMORY - 1, -1]),
        ("recycle_after", [1, 500], [0, -3]),
    ],
)
def test_limits_are_checked_on_both_sides(play, name, good, bad):
    for value in good:
        play(**{name: value})
    for value in bad:
        with pytest.raises(ArgumentError, match=f"{name}: expected .*, got {value!r}"):
            play(**{name: value})


def test_a_fork_starts_a_child_of_its_own_and_lets_the_other_live(play, monkeypatch):
    worker, cast = play(FINE, FINE)
    worker.extract(SOURCE)
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    worker.extract(SOURCE)
    assert [child.ended for child in cast.born] == [False, False]
    assert len(cast.born) == 2


def test_a_thread_keeps_its_worker_until_a_setting_changes(tmp_path):
    settings: dict[str, Any] = {"raw": tmp_path, "config": BuildConfig(), "timeout": 5.0, "max_memory": None}
    workers: list[SupervisedWorker] = []

    def ask() -> None:
        workers.append(worker_of_this_thread(**settings))
        workers.append(worker_of_this_thread(**{**settings, "raw": str(tmp_path)}))
        for name, value in (
            ("raw", tmp_path / "x"),
            ("config", BuildConfig(seed=1)),
            ("timeout", 6.0),
            ("max_memory", MIN_MEMORY),
            ("function", "a:b"),
        ):
            workers.append(worker_of_this_thread(**{**settings, name: value}))

    for _ in range(2):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert workers[0] is workers[1]
    assert workers[7] is workers[8]
    assert len({id(worker) for worker in workers}) == 12  # six in each thread


def test_a_worker_whose_settings_changed_is_closed(play, tmp_path):
    _, cast = play(FINE, FINE)
    settings: dict[str, Any] = {"raw": tmp_path, "config": BuildConfig(), "max_memory": None}
    ended: list[list[bool]] = []

    def ask() -> None:
        for timeout in (1.0, 2.0):
            worker_of_this_thread(timeout=timeout, **settings).extract(SOURCE)
            ended.append([child.ended for child in cast.born])

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert ended == [[False], [True, False]]
