"""Help that can be used: every command has an example that parses, a summary, and completes."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.shell_completion import BashComplete

from specaug_cli.main import cli
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
