"""From how a child ended and what it wrote to the reason and detail of a failure."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.isolate.child_main import EXIT_MEMORY, EXIT_UNCAUGHT
from specaug.isolate.exit_reason import Death, cause, last_words, recognise_memory
from specaug.records import REASONS, Failure, Reason

ALLOC = "terminate called after throwing an instance of 'std::bad_alloc'"


@pytest.mark.parametrize(
    ("death", "timeout", "expected"),
    [
        (Death(-9, "x", ended="overdue"), 2.5, ("timeout", "longer than 2.5 s, without regard to its alarm")),
        (Death(-14, "x"), 900.0, ("timeout", "longer than 900 s")),
        (Death(-14, ""), None, ("native_crash", "SIGALRM")),
        (Death(-14, "", ended="garbled"), None, ("native_crash", "its answer made no sense")),
        (Death(-14, "", ended="garbled"), 1.0, ("timeout", "longer than 1 s")),
        (Death(-9, ALLOC, ended="garbled"), 1.0, ("native_crash", "its answer made no sense")),
        (Death(EXIT_UNCAUGHT, "Traceback\nValueError: no"), 1.0, ("internal", "ValueError: no")),
        (Death(EXIT_UNCAUGHT, "MemoryError"), 1.0, ("internal", "MemoryError")),
        (Death(EXIT_UNCAUGHT, ""), 1.0, ("internal", "")),
        (Death(EXIT_MEMORY, "anything"), 1.0, ("out_of_memory", "memory ran out")),
        (
            Death(-9, ""),
            1.0,
            ("out_of_memory", "SIGKILL (killed from outside, as the kernel does when memory ends)"),
        ),
        (
            Death(-9, "last line"),
            None,
            (
                "out_of_memory",
                "SIGKILL: last line (killed from outside, as the kernel does when memory ends)",
            ),
        ),
        (Death(-11, "boom"), 1.0, ("native_crash", "SIGSEGV: boom")),
        (Death(0, ""), 1.0, ("native_crash", "exit status 0")),
        (Death(3, "bye"), 1.0, ("native_crash", "exit status 3: bye")),
        (Death(-signal.SIGRTMIN - 1, ""), 1.0, ("native_crash", f"signal {signal.SIGRTMIN + 1}")),
    ],
)
def test_the_end_of_a_child_has_one_reason(death, timeout, expected):
    assert cause(death, timeout=timeout) == expected


@pytest.mark.parametrize(
    "words",
    [
        ALLOC,
        "Out Of Memory",
        "x264: cannot allocate memory",
        "(-4:Insufficient memory) Failed",
        "memory allocation of 8 bytes failed",
        "numpy.core._exceptions._ArrayMemoryError: Unable",
        "failed to ALLOCATE 7 bytes",
        "cv::OutOfMemoryError",
    ],
)
@pytest.mark.parametrize(
    ("status", "believed"),
    [
        (-signal.SIGABRT, True),
        (-signal.SIGTRAP, True),
        (1, True),
        (127, True),
        (0, False),
        (-signal.SIGSEGV, False),
    ],
)
def test_words_about_memory_count_where_a_library_gives_up(words, status, believed):
    reason, detail = cause(Death(status, f"{words}\nlast"), timeout=None)
    assert reason == ("out_of_memory" if believed else "native_crash")
    assert detail.endswith(": last")


@pytest.mark.parametrize(
    "words", ["", "memory", "allocate", "bad alloc", "a leak of memory", "no space left"]
)
def test_other_words_are_no_lack_of_memory(words):
    assert cause(Death(-6, words), timeout=None)[0] == "native_crash"


def test_pythons_own_trace_is_not_what_a_library_said():
    trace = 'Fatal Python error: Aborted\n  File "/x/MemoryError.py", line 1 in out of memory'
    assert cause(Death(-6, f"before\n{trace}"), timeout=None) == ("native_crash", "SIGABRT: before")
    assert cause(Death(-6, f"{ALLOC}\n{trace}"), timeout=None)[0] == "out_of_memory"
    assert last_words(trace) == ""


FAILURE = Failure("0", "a.mp4", "dev", "decode", "truncated", "Cannot allocate memory")


@pytest.mark.parametrize("reason", REASONS)
def test_only_reasons_that_a_lack_of_memory_may_look_like_are_changed(reason):
    suspect = ("internal", "decoder_error", "truncated", "unreadable")
    found = recognise_memory(replace(FAILURE, reason=reason), "")
    assert found.reason == ("out_of_memory" if reason in suspect else reason)
    detail = "memory ran out" if reason == "internal" else FAILURE.detail
    assert found == replace(FAILURE, reason=found.reason, detail=detail)
    assert set(suspect) < set(get_args(Reason))


@pytest.mark.parametrize(
    ("reason", "detail", "log", "changed"),
    [
        ("internal", "error", "std::bad_alloc", True),
        ("internal", "std::bad_alloc", "", True),
        ("internal", "error", "Fatal Python error: x\nMemoryError", False),
        ("internal", "error", "all is well", False),
        ("truncated", "7 of 8", "std::bad_alloc", False),  # the log may be of another frame
        ("truncated", "7 of 8: Cannot allocate memory", "", True),
        ("truncated", "7 of 8", "", False),
    ],
)
def test_the_log_counts_for_defects_alone(reason, detail, log, changed):
    before = replace(FAILURE, reason=reason, detail=detail, attempts=2, frame_index=4)
    after = recognise_memory(before, log)
    assert (after.reason == "out_of_memory") == changed
    assert (after == before) == (not changed)
    assert (after.attempts, after.frame_index, after.stage) == (2, 4, "decode")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("\n  \n\t", ""),
        ("first\nlast\n\n", "last"),
        ("  spaces  ", "spaces"),
        ("a\rb", "b"),
        ("tab\tand\x00nul\x1b[31m", "tab and nul [31m"),
        ("/a/b/c.mp4: bad", "c.mp4: bad"),
        ("in /a/b", "in b"),
        ("'/a b/c d.mp4'", "'c d.mp4'"),
        ('"/a/b c"', '"b c"'),
        ("rate 1/2 and a/b", "rate 1/2 and a/b"),
        ("./local/x", "./local/x"),
        ("at 0xDEADbeef12 and 0x0", "at 0x and 0x"),
    ],
)
def test_last_words_are_one_line_that_is_the_same_next_time(log, words):
    assert last_words(log) == words


@pytest.mark.parametrize("folder", ["/data/raw", "/data/raw/", "relative raw"])
def test_hidden_folders_are_taken_out(folder):
    name = folder.rstrip("/")
    assert last_words(f"{name}/live/a b.mp4: {name}/c", hidden=[folder]) == "live/a b.mp4: c"
    assert last_words("nothing of it", hidden=[folder]) == "nothing of it"


def test_several_folders_are_hidden_one_after_the_other():
    assert last_words("see one/x and two/y", hidden=["one", "two"]) == "see x and y"


@pytest.mark.parametrize(("length", "shown"), [(159, 159), (160, 160), (161, 160), (5000, 160)])
def test_long_words_end_with_an_ellipsis(length, shown):
    words = last_words("w" * length)
    assert len(words) == shown
    assert words == ("w" * length if length <= 160 else "w" * 159 + "…")


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.text(alphabet="0xaf/ :.'\"\n\t\x1b\u2028é", max_size=250))
def test_last_words_are_short_printable_and_without_addresses(text: str) -> None:
    words = last_words(text)
    assert len(words) <= 160
    assert words.isprintable()
    assert not re.search(r"0x[0-9a-fA-F]", words)
    assert last_words(text) == words


@pytest.mark.parametrize("status", [0, 1, 70, 71, 255, *[-s for s in signal.valid_signals()]])
def test_every_end_has_a_known_reason_and_one_line(status: Any) -> None:
    for ended in ("itself", "overdue", "garbled"):
        reason, detail = cause(Death(status, "a\nb", ended=ended), timeout=3.0)
        assert reason in REASONS
        assert "\n" not in detail
        assert detail


def test_a_long_line_without_an_end_is_cut_before_it_is_searched():
    """The search for paths takes time with the square of the line: of 16 kB it took seconds."""
    words = last_words("'/" + "a" * 200_000)
    assert len(words) <= 160
