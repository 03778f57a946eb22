"""JSON and TOML from files that may hold anything: whatever is wrong with a text is a `ValueError`."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

MAX_LEVELS = 64
"""Tables and lists within one another. Files of this library have at most eight; a thousand would end the stack of
Python, here or wherever the value is copied, compared or printed."""

_NESTS = frozenset({dict, list})
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{MAX_LEVELS}}}""")
"""A dotted key of more parts; `tomllib` takes a time for it that grows with the square of its length."""


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises
    ------
    ValueError
        The text is no JSON, is no UTF-8, or is nested too deeply.

    Examples
    --------
    >>> parse_json('{"a": [1, 2]}')
    {'a': [1, 2]}
    >>> parse_json("[" * 100_000)
    Traceback (most recent call last):
        ...
    ValueError: expected at most 64 levels of tables and lists within one another, got more
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    _check_levels(value)
    return value


def parse_json_lines(text: str) -> list[Any]:
    """The value of each line of a text, as :func:`parse_json` gives it."""
    return [parse_json(line) for line in text.splitlines()]


def parse_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text.

    Raises
    ------
    ValueError
        The text is no TOML, or is nested too deeply.

    Examples
    --------
    >>> parse_toml("[a]\\nb = 1")
    {'a': {'b': 1}}
    """
    if _LONG_KEY.search(text):
        raise _too_deep()
    try:
        value = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    _check_levels(value)
    return value


def _too_deep() -> ValueError:
    return ValueError(
        f"expected at most {MAX_LEVELS} levels of tables and lists within one another, got more"
    )


def _check_levels(value: Any) -> None:
    """Raise where a value is nested more deeply than any that this library writes."""
    level = [value] if type(value) in _NESTS else []
    for _ in range(MAX_LEVELS):
        # Plans have millions of values: one expression without calls costs half of what a function for each does.
        level = [
            item
            for held in level
            for item in (held.values() if type(held) is dict else held)
            if type(item) in _NESTS
        ]
        if not level:
            return
    raise _too_deep()
