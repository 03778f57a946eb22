"""The command ``specaug``."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from specaug import __version__
from specaug.credentials import without_credentials
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
)
from specaug_cli.options import verbose_option
from specaug_cli.printing import printable

EXIT_CODES: tuple[tuple[type[SpecaugError], int], ...] = (
    (NothingToDoError, 4),
    (BuildLockedError, 6),
    (PlanMismatchError, 7),
    (NoSpaceError, 8),
    (ArgumentError, 2),
    (CatalogError, 2),
    (MissingDependencyError, 2),
    (MediaError, 4),
    (SpecaugError, 1),
)
"""Exit code of each error; the first class that fits counts."""


COMMANDS = {
    "demo": "Make a small simulated raw set, licence-free.",
    "scan": "What a build of RAW would use, and what not.",
    "build-dataset": "Raw videos and photos in RAW to Parquet shards in OUT.",
    "verify": "Checksums, schema, counts and leakage of OUT.",
    "report": "One HTML page on OUT, and what to look at first.",
    "preview": "One picture of a face and of every operation on it.",
    "compare": "What differs between live and fake, in images and numbers.",
    "retry": "Run failed sources of OUT again.",
    "finalize": "Add up the parts of a build in OUT.",
    "synthesize": "Add spoof-like clips made from bona fide ones.",
    "fit-profile": "Learn what recapture does to spectra.",
    "train": "Train the thin reference network, or its baseline.",
    "evaluate": "Error rates of a run, thresholds from dev alone.",
    "ablate": "Does an augmentation help? Runs with and without.",
    "explain": "Which frequencies, views and frames a run goes by.",
    "export": "ONNX of a run.",
    "doctor": "What is here, what is missing, how to get it.",
}
"""Name and summary, in the order in which one needs them; each is a function of the module of its name."""


class _OnDemand(click.Group):
    """Imports a command when it is asked for: most of them load much that the others do not need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in self.commands or name not in COMMANDS:
            return super().get_command(ctx, name)
        module = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"specaug_cli.{module}"), module)
        if not any(option.name == "verbose" for option in command.params):
            command.params.append(verbose_option())
        self.add_command(command)
        return super().get_command(ctx, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without importing them, and options of the group."""
        names = [CompletionItem(n, help=text) for n, text in COMMANDS.items() if n.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from specaug.checked_fields import did_you_mean

            raise click.UsageError(error.message.rstrip(".") + did_you_mean(args[0], COMMANDS), ctx) from None


@click.group(
    cls=_OnDemand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="specaug")
def cli() -> None:
    """Training-ready face anti-spoofing (PAD) data from raw video and photos.

    \b
    A first look, with a small simulated raw set:
      specaug demo raw
      specaug scan raw
      specaug build-dataset raw out
      specaug verify out
      specaug report out -o report.html

    Every command has examples: specaug COMMAND --help. Results go to stdout, progress to stderr.

    \b
    Completion, for bash (zsh and fish: docs/howto/command-line.md):
      eval "$(_SPECAUG_COMPLETE=bash_source specaug)"

    \b
    Exit codes: 0 done, 1 internal error, 2 usage, 3 more failures than --max-failures, 4 no usable input,
    5 verify found damage or leakage, 6 another build holds OUT, 7 plan or configuration mismatch,
    8 no space, 130 or 143 interrupted.
    """


cli.params.append(verbose_option())


def main() -> NoReturn:
    """Run the command and exit with the code of what happened."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_interrupted(130))
    except _TerminatedError:
        sys.exit(_interrupted(143))
    except SpecaugError as error:
        click.echo(f"specaug: {printable(str(error))}", err=True)
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _show(error: click.ClickException) -> None:
    """What click says of wrong usage, which may quote an address, and where to read on."""
    click.echo(f"Error: {printable(without_credentials(error.format_message()))}", err=True)
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        click.echo(f"Try: {context.command_path} --help", err=True)


class _TerminatedError(BaseException):
    """SIGTERM came; a BaseException, so that nothing swallows it."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _TerminatedError


def _interrupted(code: int) -> int:
    click.echo("specaug: interrupted; everything finished so far is kept", err=True)
    return code
