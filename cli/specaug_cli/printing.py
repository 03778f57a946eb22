"""Text that is safe to print, whatever names of files hold."""

from __future__ import annotations


def printable(text: str) -> str:
    """Control characters, which must not reach a terminal, as escapes.

    Examples
    --------
    >>> printable("a\\x1b[31m\\nb")
    'a\\\\x1b[31m\\nb'
    """
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
