"""Files of RAW by their names as a list may write them: with backslashes, in another case or normal form."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from specaug.catalog.tree import Tree
from specaug.errors import ArgumentError


class RawNames:
    """Finds the files that a list names.

    Parameters
    ----------
    tree : Tree
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._names = frozenset([*tree.files, *(other.path for other in tree.others)])
        self._found: Counter[str] = Counter()
        self._first: dict[str, tuple[str, str]] = {}
        self._claimed: frozenset[str] = frozenset()

    def claim(self, values: Iterable[str]) -> None:
        """Take notice of what the list names: a file that it names exactly is meant by no other name."""
        self._claimed = frozenset(map(_plain, values)) & self._names

    def find(self, column: str, value: str) -> str:
        """The path in RAW that a field means, or what it would be, where nothing fits.

        Raises
        ------
        ArgumentError
            It leads out of RAW or is empty; the message begins with `column`.
        """
        written = _inside(column, value)
        if self.is_there(written):
            return written
        slashed = _inside(column, value.replace("\\", "/"))
        if slashed != written and self.is_there(slashed):
            return self._said("backslashes", written, slashed)
        alike = self._loose.get(_loose(slashed), [])
        if len(alike) == 1 and alike[0] not in self._claimed:
            return self._said("another case or Unicode normal form", written, alike[0])
        return slashed

    def is_there(self, path: str) -> bool:
        """Whether RAW has a file of exactly this name, listed or a frame of a folder that is one source."""
        return path in self._names or os.path.exists(f"{self._tree.root}/{path}")  # noqa: PTH110

    @property
    def notes(self) -> list[str]:
        """What was read otherwise than it was written, in sentences."""
        return [
            f"{count} names in sources.csv are written with {how}; exactly one file fits each, the first is"
            f" {self._first[how][0]!a}, taken as {self._first[how][1]!a}."
            for how, count in self._found.items()
        ]

    def _said(self, how: str, written: str, found: str) -> str:
        self._found[how] += 1
        self._first.setdefault(how, (written, found))
        return found

    @cached_property
    def _loose(self) -> dict[str, list[str]]:
        """Files by what stays of their names without case and normal form."""
        groups: dict[str, list[str]] = {}
        for name in self._names:
            groups.setdefault(_loose(name), []).append(name)
        return groups


def _loose(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _inside(column: str, value: str) -> str:
    """A path below RAW in normal form."""
    text = value.strip()
    parts = _plain(text).split("/") if _plain(text) else []
    outside = text.startswith("/") or ".." in parts or "\0" in value or re.match(r"[A-Za-z]:[\\/]", text)
    if not parts or outside:
        raise ArgumentError(f"{column}: expected a path relative to RAW and inside it, got {value!r}")
    return "/".join(parts)


def _plain(path: str) -> str:
    return "/".join(part for part in path.strip().split("/") if part not in ("", "."))
