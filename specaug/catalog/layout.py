"""What every layout is made of: a view of the tree, a way to read names, a result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from specaug.catalog.tree import Skipped, Tree, without_suffix
from specaug.errors import CatalogError
from specaug.records import MediaKind, Source, Split

Fields = dict[str, Any]
"""Fields of a `Source` that its name tells."""
Parse = Callable[["re.Match[str]"], Fields | str]
"""What a name that fits the pattern means, or why it means nothing."""


@dataclass
class Reading:
    """What a layout makes of a tree."""

    sources: list[Source] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    """Media that are no source."""
    aside: dict[str, str] = field(default_factory=dict)
    """Files that are no media but have a meaning: path to what it is."""
    missing: list[str] = field(default_factory=list)
    """Names that the data set, or a list of its protocol, has and RAW has not."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """A tree as a layout names it: without a folder around it, without the doubled folder of an archive.

    ``RAW/OULU/Train_files/Train_files/1_1_01_1.avi`` is ``Train_files/1_1_01_1.avi`` here.
    """

    tree: Tree
    prefix: str = ""
    """The folder around the data set, with its ``/``."""

    def plain(self, path: str) -> str:
        """`path` in RAW as the layout names it."""
        return _once(_once(path).removeprefix(self.prefix))

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        """(plain name without ending, path in RAW) of each medium, in the tree's order."""
        whole = self.tree.frame_folders
        return [
            (self.plain(path if path in whole else without_suffix(path)), path) for path in self.tree.files
        ]

    @cached_property
    def others(self) -> dict[str, str]:
        """Plain name, with its ending, to path in RAW of what is no medium; the first where names fall together."""
        found: dict[str, str] = {}
        for other in self.tree.others:
            found.setdefault(self.plain(other.path), other.path)
        return found

    def lines(self, path: str) -> Iterator[tuple[int, str]]:
        """(number, text) of the lines of a file in RAW that are not blank.

        Raises
        ------
        CatalogError
            The file cannot be read.
        """
        text = self.tree.read_list(path).decode("utf-8-sig", "surrogateescape")
        return ((n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip())


def _once(path: str) -> str:
    """`path` without the first of two equal folders at its start."""
    first, slash, rest = path.partition("/")
    return rest if slash and rest.startswith(first + slash) else path


@dataclass(frozen=True)
class Evidence:
    """How many media look like a layout, and the first of them (or the list that names them)."""

    count: int
    first: str


@dataclass(frozen=True)
class Layout:
    """How one kind of raw folder is recognised and read."""

    name: str
    expects: str
    """The tree in one line, for messages."""
    pattern: re.Pattern[str] | None
    """Fits the plain name, without its ending, of what belongs to the data set; None where a list says it."""
    read: Callable[[View, str | None], Reading]
    """(view, protocol) to what it means."""
    kinds: tuple[MediaKind, ...] = ("video", "frames")
    """Media that it holds."""
    anchors: tuple[str, ...] = ()
    """Names of folders or files at its top, by which a folder around it is told."""
    named: Callable[[View], Evidence] | None = None
    """What a list in the tree says that it holds, where names alone say nothing."""
    protocols: tuple[str, ...] = ()

    def view(self, tree: Tree, *, whole: View | None = None) -> View:
        """The tree from where the data set starts: RAW, or the folder in it that holds most of what fits.

        `whole` is a view from RAW that is there already, so that names are not made plain again.
        """
        whole = whole or View(tree)
        if not self.anchors or any(anchor in tree.tops for anchor in self.anchors):
            return whole
        around = sorted({top for top, second in tree.heads if second in self.anchors})
        views = [View(tree, f"{top}/") for top in around] or [whole]
        return max(views, key=lambda view: self.evidence(view).count) if len(views) > 1 else views[0]

    def evidence(self, view: View) -> Evidence:
        """What in the tree looks like this layout."""
        return self.fitting(view) if self.named is None else self.named(view)

    def fitting(self, view: View) -> Evidence:
        """The media whose names fit the pattern."""
        if self.pattern is None:
            return Evidence(0, "")
        match, kind = self.pattern.fullmatch, view.tree.kind
        fitting = [path for name, path in view.names if match(name) and kind(path) in self.kinds]
        return Evidence(len(fitting), fitting[0] if fitting else "")

    def check_protocol(self, protocol: str | None) -> None:
        """Refuse a protocol that the data set does not have.

        Raises
        ------
        CatalogError
        """
        if protocol is None or protocol in self.protocols:
            return
        known = f"one of {', '.join(self.protocols)}" if self.protocols else "none, for it has no protocols"
        raise CatalogError(f"protocol: the layout {self.name!r} expects {known}, got {protocol!r}")


def read_names(view: View, layout: Layout, parse: Parse) -> Reading:
    """Each medium whose name fits is a source, every other is skipped with a reason.

    Parameters
    ----------
    view : View
    layout : Layout
        Its pattern and kinds count.
    parse : callable
        Match of the pattern to fields of a Source, or to a reason.

    Returns
    -------
    Reading
        A second file of the same name, as ``.mov`` beside ``.mp4`` or in a doubled folder, is skipped.
    """
    if layout.pattern is None:
        raise AssertionError("a layout that reads names has a pattern")
    reading = Reading()
    seen: dict[str, str] = {}
    for name, path in view.names:
        match = layout.pattern.fullmatch(name)
        kind = view.tree.kind(path)
        if match is None:
            fields: Fields | str = f"not understood: {layout.name} expects {layout.expects}"
        elif kind not in layout.kinds:
            fields = f"{layout.name} expects {' or '.join(layout.kinds)} here, not {kind}"
        elif name in seen:
            fields = f"the same recording as {seen[name]!r}"
        else:
            fields = parse(match)
        if isinstance(fields, str):
            reading.skipped.append(Skipped(path, fields))
        else:
            seen[name] = path
            reading.sources.append(Source(path, dataset=layout.name, kind=kind, **fields))
    return reading


def choose(reading: Reading, split_of: Callable[[Source], Split | None], *, why: str) -> Reading:
    """Keep the sources of a protocol, each with its split there; the others are skipped.

    Parameters
    ----------
    reading : Reading
    split_of : callable
        Source to split, or None where the protocol does not use it.
    why : str
        Why the others are not used.
    """
    kept: list[Source] = []
    for source in reading.sources:
        split = split_of(source)
        if split is None:
            reading.skipped.append(Skipped(source.path, why))
        else:
            kept.append(source if split == source.split else replace(source, split=split))
    reading.sources = kept
    return reading


def add_sidecars(
    reading: Reading, view: View, name_of: Callable[[str], Sequence[str]], *, what: str, **fields: Any
) -> Reading:
    """Give each source the sidecar file that is there.

    Parameters
    ----------
    reading : Reading
    view : View
    name_of : callable
        Plain name without ending to plain names of its sidecar, first choice first.
    what : str
        What such a file holds, for the list of what is aside.
    **fields
        Further fields of a source that has one.
    """
    given: list[Source] = []
    for source in reading.sources:
        plain = view.plain(source.path if source.kind == "frames" else without_suffix(source.path))
        found = next((view.others[name] for name in name_of(plain) if name in view.others), None)
        if found is None:
            given.append(source)
            continue
        reading.aside[found] = f"{what} of a source"
        given.append(replace(source, boxes=found, **fields))
    reading.sources = given
    return reading


def explain(reading: Reading, view: View, meanings: Mapping[str, str]) -> Reading:
    """Say what lists and other files beside the media are: pattern of the plain name to meaning."""
    compiled = [(re.compile(pattern), meaning) for pattern, meaning in meanings.items()]
    for plain, path in view.others.items():
        for pattern, meaning in compiled:
            if path not in reading.aside and pattern.fullmatch(plain):
                reading.aside[path] = meaning
    return reading
