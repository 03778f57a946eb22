"""Text that is safe to print, whatever names of files hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from specaug.records import Notice


def printable(text: str) -> str:
    """Control characters, which must not reach a terminal, as escapes.

    Examples
    --------
    >>> printable("a\\x1b[31m\\nb")
    'a\\\\x1b[31m\\nb'
    """
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """:func:`printable`, ends of lines included: for names in a table or a sentence.

    Examples
    --------
    >>> one_line("a\\nb")
    'a\\\\nb'
    """
    return printable(text).replace("\n", "\\n")


def print_warnings(warnings: Iterable[Notice]) -> None:
    """Each warning as a line on stderr."""
    for notice in warnings:
        click.echo(f"warning: {one_line(notice.detail)}", err=True)
