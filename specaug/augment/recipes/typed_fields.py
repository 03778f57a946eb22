"""Plain values, as TOML and JSON hold them, become the fields of a record, each checked against its annotation."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from specaug.errors import ArgumentError


def record_from(kind: type, values: Any, *, where: str) -> Any:
    """A dataclass `kind` from a mapping of some of its fields.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are numbers, texts, choices, and tuples of these.
    values : mapping
        Field names to plain values; what is left out keeps its default.
    where : str
        How messages call the place that the values come from.

    Returns
    -------
    instance of `kind`

    Raises
    ------
    ArgumentError
        For an unknown field or a value that does not fit; the message names the field, what was expected and what
        came.

    Examples
    --------
    >>> from specaug.augment import FdaRanges
    >>> record_from(FdaRanges, {"beta": [0.01, 0.05]}, where="ranges")
    FdaRanges(beta=(0.01, 0.05), guard=True)
    """
    if not isinstance(values, Mapping):
        raise ArgumentError(f"{where}: expected a table, got {values!r}")
    hints = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ArgumentError(f"{where}: expected some of {', '.join(hints)}, got {unknown[0]!r}")
    kinds = _hints(kind)
    made = {}
    for name, value in values.items():
        try:
            made[name] = _converted(value, kinds[name])
        except _MisfitError:
            raise ArgumentError(f"{where}.{name}: expected {_named(kinds[name])}, got {value!r}") from None
        if (
            _is_range(kinds[name])
            and "unordered" not in hints[name].metadata
            and made[name][0] > made[name][1]
        ):
            raise ArgumentError(f"{where}.{name}: expected lower and upper limit, got {value!r}")
    try:
        return kind(**made)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{where}: {error}") from error


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    """Annotations of a dataclass; to evaluate them takes most of the time of reading a recipe."""
    return get_type_hints(kind)


class _MisfitError(Exception):
    """A value is not of the annotated kind."""


def _converted(value: Any, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _first_fit(value, get_args(hint))
    if origin is Literal:
        return _demanded(value, value in get_args(hint))
    if origin is tuple:
        return _tuple(value, get_args(hint))
    if hint is float:
        return float(_demanded(value, type(value) in (int, float)))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return record_from(hint, value, where=hint.__name__)
    return _demanded(value, hint is Any or type(value) is hint)


def _demanded(value: Any, fits: bool) -> Any:
    if not fits:
        raise _MisfitError
    return value


def _first_fit(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        try:
            return _converted(value, hint)
        except _MisfitError:
            continue
    raise _MisfitError


def _tuple(value: Any, items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _MisfitError
    if items[-1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value) or not value:
        raise _MisfitError
    return tuple(_converted(v, hint) for v, hint in zip(value, items, strict=True))


def _is_range(hint: Any) -> bool:
    """Whether an annotation stands for a lower and an upper limit."""
    return get_origin(hint) is tuple and get_args(hint) in ((float, float), (int, int))


def _named(hint: Any) -> str:
    """An annotation in words."""
    origin, items = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_named(choice) for choice in items if choice is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(map(str, items))
    if origin is tuple:
        return f"a list of {_named(items[0])}" if items[-1] is Ellipsis else _list_of(items)
    return {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}.get(
        hint, getattr(hint, "__name__", str(hint))
    )


def _list_of(items: tuple[Any, ...]) -> str:
    kinds = {_named(item) for item in items}
    return f"{len(items)} values, each {' or '.join(sorted(kinds))}"
