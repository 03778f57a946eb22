"""Options that commands share, and their order in the help.

The overview of all commands imports this file: what costs time is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])
SEED_HELP = "Seed of everything random."


class RecipeType(click.ParamType):  # type: ignore[type-arg]  # older versions of click have none
    """A recipe by name, a TOML file, an operation, or several joined by ``+``; the names complete."""

    name = "recipe"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that go on from what is typed, after the last ``+``, and files."""
        from specaug.augment import OPERATIONS
        from specaug.augment.recipes.recipe_toml import shipped_names

        before, plus, last = incomplete.rpartition("+")
        names = [name for name in (*shipped_names(), *sorted(OPERATIONS)) if name.startswith(last)]
        found = [CompletionItem(f"{before}{plus}{name}") for name in names]
        return found if plus else [*found, CompletionItem(incomplete, type="file")]


def recipe_option(**kwargs: Any) -> Callable[[F], F]:
    """``--recipe``."""
    return click.option("--recipe", type=RecipeType(), metavar="FILE|RECIPE", **kwargs)


def seed_option(default: int | None = 0) -> Callable[[F], F]:
    """``--seed``; without a default where a file of settings may give it."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=default,
        show_default=default is not None,
        help=SEED_HELP,
    )


def output_option(
    what: str, default: str | None, name: str = "output", *, note: str = ""
) -> Callable[[F], F]:
    """``-o``, ``--output``: a file, or without a default a folder that has to be named."""
    from pathlib import Path

    shown: dict[str, Any] = {"required": True}  # a default of None would count as one
    if note:
        shown = {"default": None}
    elif default is not None:
        shown = {"default": Path(default), "show_default": True}
    return click.option(
        "-o",
        "--output",
        name,
        type=click.Path(path_type=Path, dir_okay=default is None),
        help=f"{what} to write." + (f"  [default: {default}; {note}]" if note else ""),
        **shown,
    )


def _show_log(context: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        import logging

        from specaug.stderr_log import log_to_stderr

        log_to_stderr(logging.DEBUG)


def verbose_option() -> click.Option:
    """``-v``, ``--verbose``: every command has it, and the group too."""
    return click.Option(
        ["-v", "--verbose"],
        is_flag=True,
        expose_value=False,
        callback=_show_log,
        help="Show the library's log on stderr.",
    )


class GroupedCommand(click.Command):
    """A command whose options stand in groups in its help.

    Parameters
    ----------
    groups : mapping of str to sequence of str
        Title to the names of options, both in the order of the help. Options of no group come last, as "Other".
    """

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section for each group."""
        options = (p for p in self.get_params(ctx) if isinstance(p, click.Option))
        # The option for help has no name of its own in every version of click.
        records = {"help" if "--help" in p.opts else str(p.name): p.get_help_record(ctx) for p in options}
        grouped = {name for names in self.groups.values() for name in names}
        others = [name for name in records if name not in grouped]
        for title, names in {**self.groups, "Other": others}.items():
            rows = [row for name in names if (row := records.get(name)) is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
