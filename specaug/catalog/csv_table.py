"""Rows of a table with a header: separators, encodings and label columns as spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specaug.catalog.vocabulary import label_of, parse_label
from specaug.errors import ArgumentError, CatalogError
from specaug.records import LABELS, Label, parse_label_map

_SEPARATORS = ",;\t"
_ATTACK = frozenset(["attack", "isattack", "spoof", "isspoof", "fake", "isfake"])
_LIVE = frozenset(["bonafide", "isbonafide", "live", "islive", "real", "isreal", "genuine", "isgenuine"])
"""Names of label columns by which 1 says what the name says, and 0 the other class."""
_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")
_FLOAT = re.compile(r"^([-+]?\d+)\.0*$")
"""A whole number as tables write it that have gaps in the column."""
_NUMBER = re.compile(r"[-+]?\d+")
_EXPLAINED = re.compile(r"label\s*[(\[:]\s*(.+?)\s*[)\]]?")
"""``label (1=attack, 0=bonafide)``"""


@dataclass(frozen=True)
class Table:
    """The rows of a list, and what its label column means."""

    rows: list[tuple[int, dict[str, str]]]
    """(line number, fields by column) of each row that is not blank."""
    label_map: Mapping[str, Label]
    """What labels mean that are no class words."""

    def label(self, text: str) -> Label:
        """The class of a row.

        Raises
        ------
        ArgumentError
            `text` is no class word, and nothing says what it means.
        """
        word = _FLOAT.sub(r"\1", text.strip().lower())
        if word in self.label_map:
            return self.label_map[word]
        if self.label_map and _NUMBER.fullmatch(word):
            known = ", ".join(f"{value} ({label})" for value, label in self.label_map.items())
            raise ArgumentError(f"label: expected {known} or a class word, got {text!r}")
        return parse_label(text)


def read_table(
    content: bytes,
    *,
    file: str,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    label_map: str | None = None,
) -> Table:
    """Read a table of text.

    Parameters
    ----------
    content : bytes
        UTF-8, or UTF-16 with or without a byte order mark; separators are commas, semicolons or tabs.
    file : str
        Its name, for messages.
    required, optional : tuple of str
        Columns that must be there, and that may be there; each once. For ``label`` a column may stand that says
        which number is which class: ``is_attack``, ``is_live``, ``label (1=attack, 0=bonafide)``.
    label_map : str, optional
        ``bonafide=1,attack=0``: wins over the header.

    Raises
    ------
    CatalogError
        The table is broken; the message holds the line number.
    """
    text = _text(content, file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    header: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    known: dict[str, Label] = {}
    for line, row in _records(reader, file):
        if not header:
            names = [name.strip().lower() for name in _rejoined(row, reader.dialect.delimiter)]
            header, known = _header(names, f"{file}, line {line}", required, optional)
        elif len(row) != len(header):
            raise CatalogError(
                f"{file}, line {line}: expected {len(header)} fields as in the header, got {len(row)}"
            )
        else:
            rows.append((line, dict(zip(header, row, strict=True))))
    if not header:
        raise CatalogError(f"{file}, line 1: expected a header with {', '.join(required)}, got an empty file")
    return Table(rows, parse_label_map(label_map) if label_map is not None else known)


def _text(content: bytes, file: str) -> str:
    """The decoded content; UTF-16 is known by its mark, or by the zero bytes of its ASCII characters."""
    start = content[:64]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif start[1::2].count(0) > len(start) // 4 and not start[::2].count(0):
        encoding = "utf-16-le"
    elif start[::2].count(0) > len(start) // 4 and not start[1::2].count(0):
        encoding = "utf-16-be"
    else:
        return content.decode("utf-8-sig", "surrogateescape")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CatalogError(f"{file}: expected UTF-8 or UTF-16, got broken {encoding}: {error}") from error


def _separator(text: str) -> str:
    """The separator that the first line that is not blank has most of; a comma where it has none."""
    first = next((line for line in text.splitlines() if line.strip(" ,;\t")), "")
    outside = re.sub(r'"[^"]*"|\([^)]*\)|\[[^\]]*\]', "", first)
    found = max(_SEPARATORS, key=outside.count)
    return found if found in outside else ","


def _records(reader: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of each row that is not blank."""
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise CatalogError(f"{file}, line {reader.line_num}: {error}") from error
        if row is None:
            return
        if any(field.strip() for field in row):
            yield reader.line_num, row


def _rejoined(row: Sequence[str], separator: str) -> list[str]:
    """A header whose parentheses hold separators: ``label (1=attack, 0=bonafide)`` is one name."""
    names: list[str] = []
    for name in row:
        if names and names[-1].count("(") > names[-1].count(")"):
            names[-1] += separator + name
        else:
            names.append(name)
    return names


def _header(
    names: list[str], place: str, required: tuple[str, ...], optional: tuple[str, ...]
) -> tuple[list[str], dict[str, Label]]:
    """Names of the columns, and what numbers in the label column mean."""
    known: dict[str, Label] = {}
    columns = list(names)
    if "label" not in names:
        for place_in_row, name in enumerate(names):
            meaning = None if name in optional else _label_column(name)
            if meaning is not None:
                columns[place_in_row], known = "label", meaning
                break
    missing = [name for name in required if name not in columns]
    unknown = [name for name in columns if name not in required + optional]
    if missing or unknown or len(set(columns)) != len(columns):
        raise CatalogError(
            f"{place}: expected the columns {', '.join(required)} and any of {', '.join(optional)}, "
            f"each once, got {', '.join(names)}"
        )
    return columns, known


def _label_column(name: str) -> dict[str, Label] | None:
    """What the values of a column mean whose name says so, or None."""
    word = re.sub(r"[\s_-]+", "", name)
    if word in _ATTACK | _LIVE:
        true, false = (LABELS[1], LABELS[0]) if word in _ATTACK else (LABELS[0], LABELS[1])
        return {**dict.fromkeys(_TRUE, true), **dict.fromkeys(_FALSE, false)}
    explained = _EXPLAINED.fullmatch(name)
    if explained is None:
        return None
    try:
        return dict(parse_label_map(_as_map(explained[1])))
    except ArgumentError:
        return None


def _as_map(text: str) -> str:
    """``0=live; 1=spoof`` or ``live=0 spoof=1`` as ``live=0,spoof=1``."""
    pairs = [part.partition("=") for part in re.split(r"\s*[,;/|]\s*|\s+(?=\S+\s*=)", text)]
    turned = [(b, a) if label_of(a) is None else (a, b) for a, _, b in pairs]
    return ",".join(f"{label_of(word)}={value.strip()}" for word, value in turned)
