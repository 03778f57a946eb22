"""Seconds by stage: each second is counted once, whatever is nested, fails or waits for a consumer."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from specaug.stage_timer import Stopwatch


class Clock:
    """A clock that goes only when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    return clock


def test_times_of_one_stage_add_up(clock):
    watch = Stopwatch()
    for seconds in (2, 3):
        with watch("decode"):
            clock.wait(seconds)
        clock.wait(50)  # between stages nothing counts
    assert watch.seconds == {"decode": 5}


def test_an_inner_stage_is_taken_off_the_outer_one(clock):
    watch = Stopwatch()
    with watch("outer"):
        clock.wait(1)
        for _ in range(2):
            with watch("middle"):
                clock.wait(10)
                with watch("inner"):
                    clock.wait(100)
                clock.wait(20)
        clock.wait(2)
    assert watch.seconds == {"outer": 3, "middle": 60, "inner": 200}


def test_a_stage_within_itself_is_counted_once(clock):
    watch = Stopwatch()
    with watch("read"):
        clock.wait(1)
        with watch("read"):
            clock.wait(4)
    assert watch.seconds == {"read": 5}


def test_what_follows_a_nested_stage_owes_nothing_to_it(clock):
    watch = Stopwatch()
    with watch("a"), watch("b"):
        clock.wait(7)
    with watch("a"):
        clock.wait(2)
    assert watch.seconds == {"a": 2, "b": 7}


def test_the_stage_that_runs_is_known_and_gone_when_it_ends(clock):
    watch = Stopwatch()
    seen = [watch.stage]
    with watch("a"):
        seen.append(watch.stage)
        with watch("b"):
            seen.append(watch.stage)
        seen.append(watch.stage)
    assert [*seen, watch.stage] == [None, "a", "b", "a", None]


def test_an_error_keeps_the_innermost_stage_and_its_time(clock):
    watch = Stopwatch()

    def fail() -> None:
        clock.wait(5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), watch("outer"), watch("inner"):
        fail()
    assert watch.stage == "inner"
    assert watch.seconds == {"outer": 0, "inner": 5}


def slow(clock: Clock, n: int) -> Iterator[int]:
    for i in range(n):
        clock.wait(3)
        yield i
    clock.wait(1)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_an_iterator_is_timed_without_its_consumer(clock, n):
    watch = Stopwatch()
    taken = []
    for item in watch.each("decode", slow(clock, n)):
        clock.wait(1000)
        assert watch.stage is None
        taken.append(item)
    assert taken == list(range(n))
    assert watch.seconds == {"decode": 3 * n + 1}  # the end of the iterator is work of its own


def test_items_are_made_when_they_are_asked_for(clock):
    watch = Stopwatch()
    made = []
    items = watch.each("decode", (made.append(i) or i for i in range(5)))
    assert made == []
    assert [next(items), next(items)] == [0, 1]
    assert made == [0, 1]


def test_items_that_are_nothing_are_items_too(clock):
    assert list(Stopwatch().each("decode", [None, 0, "", False])) == [None, 0, "", False]


def test_a_failing_iterator_leaves_its_stage(clock):
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("damaged")

    watch = Stopwatch()
    with pytest.raises(OSError, match="damaged"):
        list(watch.each("decode", broken()))
    assert watch.stage == "decode"


def test_a_consumer_with_stages_of_its_own_is_not_mixed_in(clock):
    watch = Stopwatch()
    with watch("all"):
        for _ in watch.each("decode", slow(clock, 2)):
            with watch("detect"):
                clock.wait(10)
            clock.wait(0.5)
    assert watch.seconds == {"all": 1, "decode": 7, "detect": 20}
