"""Values checked against the annotations of a record: one of another kind is an error that names its field."""

from __future__ import annotations

import dataclasses
import math
import os
import types
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from specaug.errors import ArgumentError
from specaug.parsing import parse_toml

RecordT = TypeVar("RecordT")

_ALIKE = 0.6
"""Share of letters that two names have in common, from which on one is suggested for the other; difflib's default."""
_WIDEST = 80
"""Characters of a value that a message quotes."""


def record_from(kind: type[RecordT], values: Any, *, where: str) -> RecordT:
    """A dataclass `kind` from a mapping of some of its fields, as TOML and JSON hold it.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are numbers, texts, choices, paths, records, and tuples of these.
    values : mapping
        Field names to plain values; what is left out keeps its default. Lists stand for tuples.
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
        raise ArgumentError(f"{where}: expected a table, got {quoted(values)}")
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(str(name) for name in set(values) - set(known))
    if unknown:
        told = f"{where}: expected some of {', '.join(known)}, got {unknown[0]!r}"
        raise ArgumentError(told + did_you_mean(unknown[0], known))
    made = {name: _checked(known[name], kind, value, f"{where}.") for name, value in values.items()}
    try:
        return kind(**made)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{where}: {error}") from error


def check_fields(record: Any) -> None:
    """Check every field of a dataclass against its annotation, for the end of its making.

    What stands for the annotated kind becomes it: a whole number where a number is expected, a list for a tuple, a
    number of NumPy for one of Python, a path for its text. Metadata ``expected`` of a field says in words what its
    annotation says too generally.

    Parameters
    ----------
    record : dataclass instance
        May be frozen.

    Raises
    ------
    ArgumentError
        The message begins with the name of the field.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Settings:
    ...     epochs: int = 30
    ...     def __post_init__(self):
    ...         check_fields(self)
    >>> Settings("many")
    Traceback (most recent call last):
        ...
    specaug.errors.ArgumentError: epochs: expected a whole number, got 'many'
    """
    for name, value in _changes(record).items():
        object.__setattr__(record, name, value)


def checked_record(record: RecordT) -> RecordT:
    """:func:`check_fields` for a record that does not check itself: the same, or a copy where a value became another.

    Examples
    --------
    >>> from specaug.augment import FdaRanges
    >>> checked_record(FdaRanges([0, 0.5]))
    FdaRanges(beta=(0.0, 0.5), guard=True)
    """
    changes = _changes(record)
    return dataclasses.replace(record, **changes) if changes else record  # type: ignore[type-var]


def _changes(record: Any) -> dict[str, Any]:
    """Fields whose value becomes another one of their annotated kind."""
    given = ((field, getattr(record, field.name)) for field in dataclasses.fields(record))
    made = {field.name: (value, _checked(field, type(record), value, "")) for field, value in given}
    return {name: checked for name, (value, checked) in made.items() if checked is not value}


def check_arguments(function: Callable[..., Any], **values: Any) -> None:
    """Check arguments of a function against its annotations, for its first line.

    Parameters
    ----------
    function : callable
    **values
        Arguments that it was called with, by name.

    Raises
    ------
    ArgumentError
        The message begins with the name of the argument.

    Examples
    --------
    >>> def evaluate(run: str, *, resamples: int = 1000): ...
    >>> check_arguments(evaluate, run="a", resamples="many")
    Traceback (most recent call last):
        ...
    specaug.errors.ArgumentError: resamples: expected a whole number, got 'many'
    """
    hints = _hints(function)
    for name, value in values.items():
        if isinstance(value, Mapping):  # which would do for a record in a file
            raise ArgumentError(f"{name}: expected {_named(hints[name])}, got {quoted(value)}")
        _as_annotated(value, hints[name], name)


def settings_of_file(kind: type, file: Path | str) -> dict[str, Any]:
    """Settings from a TOML file, checked: fields of the dataclass `kind`, with ``-`` for ``_`` as on a command line.

    Returns
    -------
    dict
        Names of fields to values of their annotated kinds, of those that the file sets.

    Raises
    ------
    ArgumentError
        The file cannot be read or is no TOML, names a setting that there is not, or a value is of another kind.
    """
    try:
        values = parse_toml(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(f"config: cannot read {str(file)!r}: {error.strerror}") from error
    except ValueError as error:
        raise ArgumentError(f"config: {str(file)!r} is no TOML: {error}") from error
    known = {field.name: field for field in dataclasses.fields(kind)}
    made = {}
    for given, value in values.items():
        name = given.replace("-", "_")
        if name not in known:
            told = f"config: {str(file)!r} has {given!r}, expected one of {', '.join(known)}"
            raise ArgumentError(told + did_you_mean(given, known))
        made[name] = _checked(known[name], kind, value, f"config: {str(file)!r}: ")
    return made


def did_you_mean(value: object, choices: Iterable[object]) -> str:
    """The end of a message on an unknown name: the choice that is spelled most like it, empty where none is.

    Case does not count, and ``-``, ``_`` and blanks are alike.

    Examples
    --------
    >>> did_you_mean("Traces", ["traces", "control"])
    "; did you mean 'traces'?"
    >>> did_you_mean("nothing of the kind", ["traces", "control"])
    ''
    """
    if not isinstance(value, str):
        return ""
    spelled: dict[str, str] = {}
    for name in choices:
        spelled.setdefault(_plain(str(name)), str(name))
    close = get_close_matches(_plain(value), spelled, n=1, cutoff=_ALIKE)
    return f"; did you mean {spelled[close[0]]!r}?" if close else ""


def quoted(value: object) -> str:
    """A value as a message shows it, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an int of more digits than Python writes
        text = f"an integer of {cast('int', value).bit_length()} bits"
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", "-").replace(" ", "-")


def _checked(field: dataclasses.Field[Any], kind: type, value: Any, prefix: str) -> Any:
    """The value as the field's annotation has it, or an error that begins with `prefix` and the field's name."""
    hint, name = _hints(kind)[field.name], f"{prefix}{field.name}"
    if field.default == () and isinstance(value, list | tuple) and not value:
        return ()  # elsewhere, a list of nothing would mean nothing
    made = _as_annotated(value, hint, name, field.metadata.get("expected"))
    if made is not None and _is_range(hint) and "unordered" not in field.metadata and made[0] > made[1]:
        raise ArgumentError(f"{name}: expected lower and upper limit, got {quoted(value)}")
    return made


def _as_annotated(value: Any, hint: Any, name: str, expected: str | None = None) -> Any:
    try:
        return _converted(value, hint)
    except _MisfitError:
        choices = [choice for choice in _choices(hint) if isinstance(choice, str)]
        told = f"{name}: expected {expected or _named(hint)}, got {quoted(value)}"
        raise ArgumentError(told + did_you_mean(value, choices)) from None


@lru_cache(maxsize=64)
def _hints(annotated: Callable[..., Any]) -> dict[str, Any]:
    """Annotations of a dataclass or function; to evaluate them takes most of the time of reading a recipe."""
    return get_type_hints(annotated)


class _MisfitError(Exception):
    """A value is not of the annotated kind."""


def _converted(value: Any, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _first_fit(value, get_args(hint))
    if origin is Literal:
        return _demanded(value, any(type(value) is type(c) and value == c for c in get_args(hint)))
    if origin is tuple:
        return _tuple(value, get_args(hint))
    if origin is Callable:
        return _demanded(value, callable(value))
    if hint in _PLAIN:
        return _PLAIN[hint](value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return record_from(hint, value, where=hint.__name__)
    return _demanded(value, hint is Any or isinstance(value, hint))


def _demanded(value: Any, fits: bool) -> Any:
    if not fits:
        raise _MisfitError
    return value


def _number(value: Any) -> float:
    """A finite number; those of NumPy are instances of neither `int` nor, in single precision, `float`."""
    whole = isinstance(value, int) or hasattr(value, "__index__")
    real = whole or isinstance(value, float) or _is_numpy(value, "f")
    _demanded(value, real and not _is_switch(value) and getattr(value, "ndim", 0) == 0)
    try:
        number = float(value)
    except OverflowError:
        raise _MisfitError from None
    return float(_demanded(number, math.isfinite(number)))


def _whole(value: Any) -> int:
    number = isinstance(value, int) or _is_numpy(value, "iu")
    return int(_demanded(value, number and not _is_switch(value)))


def _switch(value: Any) -> bool:
    return bool(_demanded(value, _is_switch(value)))


def _text(value: Any) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    return str(_demanded(text, isinstance(text, str)))


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool) or _is_numpy(value, "b")


def _is_numpy(value: Any, kinds: str) -> bool:
    """Whether a value is a scalar of NumPy of one of these kinds; NumPy itself is not loaded for that."""
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0 and value.dtype.kind in kinds


_PLAIN = {float: _number, int: _whole, bool: _switch, str: _text}


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
    made = tuple(_converted(v, hint) for v, hint in zip(value, items, strict=True))
    return (
        value if isinstance(value, tuple) and all(a is b for a, b in zip(made, value, strict=True)) else made
    )


def _is_range(hint: Any) -> bool:
    """Whether an annotation stands for a lower and an upper limit."""
    return get_origin(hint) is tuple and get_args(hint) in ((float, float), (int, int))


def _choices(hint: Any) -> tuple[Any, ...]:
    """The values of a closed choice, among others perhaps."""
    origin = get_origin(hint)
    if origin is Literal:
        return get_args(hint)
    if origin in (Union, types.UnionType):
        return tuple(value for part in get_args(hint) for value in _choices(part))
    return ()


_WORDS = {float: "a number", int: "a whole number", str: "a text", bool: "true or false", Path: "a path"}


def _named(hint: Any) -> str:
    """An annotation in words."""
    origin, items = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        # Choices of several annotations are one list; None, which no file can hold, is left out.
        choices = (Literal[_choices(hint)],) if _choices(hint) else ()
        others = (part for part in items if part is not types.NoneType and not _choices(part))
        return " or ".join(map(_named, (*choices, *others)))
    if origin is Literal:
        return repr(items[0]) if len(items) == 1 else "one of " + ", ".join(map(str, items))
    if origin is Callable:
        return "a function"
    if origin is tuple:
        return f"a list of {_named(items[0])}" if items[-1] is Ellipsis else _list_of(items)
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def _list_of(items: tuple[Any, ...]) -> str:
    kinds = {_named(item) for item in items}
    return f"{len(items)} values, each {' or '.join(sorted(kinds))}"
