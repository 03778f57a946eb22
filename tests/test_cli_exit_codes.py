"""Exit codes and messages of every way in which a command can end."""

from __future__ import annotations

import os
import signal
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from specaug import __version__
from specaug.errors import (
    ArgumentError,
    BuildLockedError,
    CatalogError,
    MediaError,
    MissingDependencyError,
    NoSpaceError,
    NothingToDoError,
    PlanMismatchError,
    SpecaugError,
    StoreError,
    WorkerLostError,
)
from specaug.records import BuildReport
from specaug.shards import Problem, VerifyReport
from specaug_cli.main import COMMANDS, cli, main


@pytest.fixture
def end(monkeypatch, capsys):
    """(exit code, stdout, stderr) of a command whose body is the function given."""

    def run(body, *args: str) -> tuple[int, str, str]:
        command = click.Command("try", callback=body)
        monkeypatch.setitem(cli.commands, "try", command)
        monkeypatch.setattr(sys, "argv", ["specaug", *(args or ("try",))])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as stop:
                main()
        finally:
            signal.signal(signal.SIGTERM, before)
        return stop.value.code, *capsys.readouterr()

    return run


def raiser(error: BaseException):
    def body() -> None:
        raise error

    return body


ERRORS = [
    (NothingToDoError("no usable input"), 4),
    (BuildLockedError("held"), 6),
    (PlanMismatchError("other"), 7),
    (NoSpaceError("full"), 8),
    (ArgumentError("size: expected"), 2),
    (CatalogError("odd"), 2),
    (MissingDependencyError("torch"), 2),
    (MediaError("detect", "no_face", "nothing seen"), 4),
    (WorkerLostError("gone"), 1),
    (StoreError("silent"), 1),
    (SpecaugError("any"), 1),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_of_ours_is_one_line_and_its_code(end, error, code):
    assert end(raiser(error)) == (code, "", f"specaug: {error}\n")


def test_an_error_shows_no_control_characters_and_keeps_its_lines(end):
    assert end(raiser(CatalogError("a\x1b[1mb\nc")))[2] == "specaug: a\\x1b[1mb\nc\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130(end, error):
    code, out, err = end(raiser(error))
    assert (code, out) == (130, "")
    # click puts a line break behind the ^C of a terminal.
    assert err.lstrip("\n") == "specaug: interrupted; everything finished so far is kept\n"


def test_a_request_to_end_is_143(end):
    def body() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    assert end(body) == (143, "", "specaug: interrupted; everything finished so far is kept\n")


def test_nothing_on_the_way_swallows_a_request_to_end(end):
    def body() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except Exception:
            click.echo("swallowed")

    assert end(body)[:2] == (143, "")


def test_a_reader_that_went_away_is_no_traceback(end):
    assert end(raiser(BrokenPipeError())) == (1, "", "")


def test_a_defect_of_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setitem(cli.commands, "try", click.Command("try", callback=raiser(ZeroDivisionError("x"))))
    monkeypatch.setattr(sys, "argv", ["specaug", "try"])
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(ZeroDivisionError):
            main()
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("result", "code"), [(0, 0), (3, 3), (5, 5), (None, 0), ("text", 0)])
def test_a_command_gives_its_own_code_and_anything_else_is_done(end, result, code):
    assert end(lambda: result) == (code, "", "")


@pytest.mark.parametrize(
    ("args", "code", "out", "err"),
    [
        (("--version",), 0, f"specaug, version {__version__}\n", ""),
        (("-h",), 0, "Exit codes: 0 done, 1 internal error, 2 usage", ""),
        (("nonsense",), 2, "", "No such command 'nonsense'"),
        (("try", "--what"), 2, "", "No such option"),
        (("try", "more"), 2, "", "unexpected extra argument"),
    ],
)
def test_what_click_says_goes_where_it_belongs(end, args, code, out, err):
    found, stdout, stderr = end(lambda: None, *args)
    assert found == code
    assert out in stdout
    assert err in stderr
    assert bool(stdout) is (code == 0)
    assert bool(stderr) is (code != 0)


def test_commands_are_listed_in_the_order_of_their_use():
    names = list(COMMANDS)
    assert [name for name in names if name in ("demo", "scan", "build-dataset", "verify", "report")] == [
        *("demo", "scan", "build-dataset", "verify", "report")
    ]
    text = CliRunner().invoke(cli, ["-h"]).stdout
    listed = [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == names
    fixed = {
        "build-dataset",
        "scan",
        "synthesize",
        "verify",
        "retry",
        "finalize",
        "report",
        "preview",
        "fit-profile",
    }
    assert fixed | {"train", "evaluate", "ablate", "demo", "doctor"} <= set(names)


LIMITS = [
    # (failed sources of 200, --max-failures, exit code): as many as the limit are accepted, one more is not.
    (200, None, 0),
    (0, "0", 0),
    (1, "0", 3),
    (5, "5", 0),
    (6, "5", 3),
    (5, "2.5%", 0),
    (6, "2.5%", 3),
    (2, "1%", 0),
    (3, "1%", 3),
    (200, "100%", 0),
]


@pytest.mark.parametrize(("failures", "limit", "code"), LIMITS)
@pytest.mark.parametrize("how", [(), ("--json",), ("--dry-run",)])
def test_more_failures_than_the_limit_are_3(end, monkeypatch, failures, limit, code, how):
    report = BuildReport(200, 0, failures, {"no_face": failures}, 1, 0)
    monkeypatch.setattr("specaug.build_dataset", lambda *args, **kwargs: report)
    args = ("build-dataset", "raw", "out", "-q", *how, *(("--max-failures", limit) if limit else ()))
    assert end(lambda: None, *args)[0] == code


@pytest.mark.parametrize(("problems", "code"), [((), 0), ((Problem("a", "count", "x"),), 5)])
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_anything_that_verify_finds_is_5(end, monkeypatch, problems, code, how):
    monkeypatch.setattr("specaug.verify", lambda out, **_: VerifyReport(1, problems))
    assert end(lambda: None, "verify", "out", *how)[0] == code


def test_only_the_first_of_several_processes_talks(monkeypatch):
    from specaug_cli.train import first_rank

    told = []
    for value in (None, "0", "1", "7"):
        env = {} if value is None else {"RANK": value}
        monkeypatch.setattr("specaug_cli.train.os", SimpleNamespace(environ=env))
        told.append(first_rank())
    assert told == [True, True, False, False]


def test_a_misspelt_command_is_answered_with_the_right_one(end):
    code, _, err = end(lambda: None, "bild-dataset")
    assert (code, "No such command 'bild-dataset'; did you mean 'build-dataset'?" in err) == (2, True)
    code, _, err = end(lambda: None, "frobnicate")
    assert (code, "did you mean" in err) == (2, False)
