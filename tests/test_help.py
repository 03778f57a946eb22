"""Help that can be used: every command has an example that parses, a summary, and completes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import click
import pytest
from click.shell_completion import BashComplete

from specaug_cli.main import COMMANDS as SUMMARIES
from specaug_cli.main import cli
from specaug_cli.options import SEED_HELP
from specaug_cli.printing import printable

CONTEXT = click.Context(cli)
COMMANDS = [(name, cli.get_command(CONTEXT, name)) for name in cli.list_commands(CONTEXT)]


def examples(command: click.Command) -> list[list[str]]:
    """Words of the lines under ``Example``."""
    found = re.search(r"Examples?\b[^\n]*:\n(.*?)(?:\n\s*\n|\Z)", command.help or "", re.DOTALL)
    lines = found[1].splitlines() if found else []
    return [shlex.split(line)[1:] for line in lines if line.strip().startswith("specaug ")]


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_command_has_examples_whose_options_exist(name, command):
    lines = examples(command)
    assert lines
    for words in lines:
        target = dict(COMMANDS)[words[0]]
        known = {option for p in target.params if isinstance(p, click.Option) for option in p.opts}
        assert {w.partition("=")[0] for w in words if w.startswith("-")} <= known, words
    assert any(words[0] == name for words in lines)


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_summaries_fit_a_line_and_every_option_says_what_it_does(name, command):
    assert 10 < len(command.short_help or "") <= 60, name
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert silent == []


def test_completion_knows_commands_and_options():
    complete = BashComplete(cli, {}, "specaug", "_SPECAUG_COMPLETE")
    assert {item.value for item in complete.get_completions([], "")} == set(dict(COMMANDS))
    assert [i.value for i in complete.get_completions(["build-dataset"], "--sam")] == ["--sampling"]
    choices = complete.get_completions(["build-dataset", "--sampling"], "u")
    assert [item.value for item in choices] == ["uniform"]


def test_control_characters_do_not_reach_a_terminal():
    assert printable("a\x1b[31m\r\u202eb\nc é 面") == "a\\x1b[31m\\r\\u202eb\nc é 面"


def test_summaries_of_the_overview_are_those_of_the_commands():
    assert dict(SUMMARIES) == {name: command.short_help for name, command in COMMANDS}


def test_the_overview_imports_no_command():
    heavy = ("numpy", "pyarrow", "av", "cv2", "rich", "torch", "specaug.records", "specaug.pipeline")
    code = (
        "import sys\nfrom specaug_cli.main import cli\ncli.main(['--help'], standalone_mode=False)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(
        re.search(rf"^  {name} +{re.escape(text)}$", done.stdout, re.MULTILINE)
        for name, text in SUMMARIES.items()
    )


def help_of(name: str) -> str:
    command = dict(COMMANDS)[name]
    return command.get_help(click.Context(command, help_option_names=["-h", "--help"]))


def test_options_of_a_build_stand_in_groups():
    text = help_of("build-dataset")
    titles = re.findall(r"^([A-Z][\w ]+):$", text, re.MULTILINE)
    assert titles == ["Input", "Frames", "Face", "Output", "Running", "Parts of a cluster"]
    shown = re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE)
    options = {p.opts[-1] for p in dict(COMMANDS)["build-dataset"].params if isinstance(p, click.Option)}
    assert sorted(shown) == sorted({*options, "--help"})


def test_options_of_one_word_are_explained_by_more():
    text = re.sub(r"\s+", " ", help_of("build-dataset"))
    for words in ("Frame sampling strategy.", "Face detector.", "Per-source timeout.", "Frames per clip."):
        assert f" {words} [default: " in text


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_output_seed_and_verbose_are_alike_everywhere(name, command):
    options = {flag: p for p in command.params if isinstance(p, click.Option) for flag in p.opts}
    assert options["-v"] is options["--verbose"]
    assert ("-o" in options) == ("--output" in options)
    if "-o" in options:
        assert options["-o"] is options["--output"]
        assert isinstance(options["-o"].type, click.Path)
        assert " to write." in options["-o"].help
    if "--seed" in options:
        assert options["--seed"].help.startswith(SEED_HELP)
        assert (options["--seed"].type.min, options["--seed"].type.max) == (0, None)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("train", "--recipe"),
        ("synthesize", "--recipe"),
        ("preview", "--recipe"),
        ("build-dataset", "--synthesize"),
    ],
)
def test_recipes_complete_with_operations_sums_and_files(command, option):
    complete = BashComplete(cli, {}, "specaug", "_SPECAUG_COMPLETE")

    def found(typed: str) -> list[tuple[str, str]]:
        return [(i.value, i.type) for i in complete.get_completions([command, option], typed)]

    assert found("recapture-s") == [("recapture-screen", "plain"), ("recapture-s", "file")]
    assert found("traces+gr") == [("traces+grain", "plain")]
