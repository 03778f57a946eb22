"""Progress on stderr: when a line is due, what it says, and a bar that holds the same numbers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from specaug.pipeline import Progress
from specaug_cli.printing import printable
from specaug_cli.progress import BarProgress, LineProgress, NoProgress


class Clock:
    """Time that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("specaug_cli.progress.time", SimpleNamespace(monotonic=made.monotonic))
    return made


def at(done: int, *, sources: int = 10, before: int = 0, clips: int = 0, failures: int = 0) -> Progress:
    return Progress(sources=sources, done=done, done_before=before, clips=clips, failures=failures)


def lines(capsys) -> list[str]:
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_a_line_has_the_counts_and_the_time_left_at_the_pace_of_this_run(clock, capsys):
    with LineProgress() as tell:
        clock.now += 8
        tell(at(4, clips=5, failures=1))
    assert lines(capsys) == ["4/10 sources, 5 clips, 1 failures, about 12 s left"]


def test_what_an_earlier_run_finished_does_not_count_for_the_pace(clock, capsys):
    with LineProgress() as tell:
        clock.now += 8
        tell(at(4, before=2))
    assert lines(capsys) == ["4/10 sources, 0 clips, 0 failures, about 24 s left"]


@pytest.mark.parametrize(("done", "before"), [(4, 4), (0, 0), (10, 0), (10, 10)])
def test_no_time_is_told_before_anything_is_done_or_after_all_is(clock, capsys, done, before):
    with LineProgress() as tell:
        clock.now += 8
        tell(at(done, before=before))
    assert lines(capsys) == [f"{done}/10 sources, 0 clips, 0 failures"]


@pytest.mark.parametrize(("pause", "told"), [(0.0, False), (4.99, False), (5.0, True), (60.0, True)])
def test_a_line_comes_at_most_every_five_seconds(clock, capsys, pause, told):
    with LineProgress() as tell:
        tell(at(0))
        clock.now += pause
        tell(at(1))
    assert [line.split(" ")[0] for line in lines(capsys)] == ["0/10"] + ["1/10"] * told


def test_the_five_seconds_run_from_the_last_line_and_not_from_the_last_call(clock, capsys):
    with LineProgress() as tell:
        for done in range(9):
            tell(at(done))
            clock.now += 2
    assert [line.split(" ")[0] for line in lines(capsys)] == ["0/10", "3/10", "6/10"]


def test_the_last_line_comes_at_once(clock, capsys):
    with LineProgress() as tell:
        tell(at(9))
        tell(at(10, clips=7, failures=3))
    assert lines(capsys)[-1] == "10/10 sources, 7 clips, 3 failures"


def test_a_build_of_nothing_says_so(clock, capsys):
    with LineProgress() as tell:
        tell(at(0, sources=0))
    assert lines(capsys) == ["0/0 sources, 0 clips, 0 failures"]


def test_a_bar_shows_the_last_counts_on_stderr(capsys):
    with BarProgress() as tell:
        tell(at(1, sources=4))
        tell(at(3, sources=4, clips=6, failures=1))
    text = "\n".join(lines(capsys))
    assert "sources" in text
    assert "3/4" in text
    assert "6 clips, 1 failures" in text
    assert "1/4" not in text


def test_quiet_gives_no_callback_and_says_nothing(capsys):
    with NoProgress() as tell:
        assert tell is None
    assert lines(capsys) == []


@pytest.mark.parametrize("progress", [NoProgress, LineProgress, BarProgress])
def test_an_error_is_not_swallowed(progress, capsys):
    with pytest.raises(KeyboardInterrupt), progress():
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("live/é 面 'a' \"b\".mp4", "live/é 面 'a' \"b\".mp4"),
        ("two\nlines", "two\nlines"),
        ("a\\b", "a\\b"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\tb\rc\x00\x7f", "a\\tb\\rc\\x00\\x7f"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("\u202e\u2028\ufeff", "\\u202e\\u2028\\ufeff"),
        ("\udcff", "\\udcff"),
        ("\U000e0001", "\\U000e0001"),
        ("", ""),
    ],
)
def test_only_what_a_terminal_shows_as_it_is_is_printed_as_it_is(text, shown):
    assert printable(text) == shown
    assert all(c.isprintable() or c == "\n" for c in shown)
