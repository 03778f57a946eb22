"""The plain layout: RAW/[split/]class[/pai][/subject]/file."""

from __future__ import annotations

import re

from specaug.catalog.layout import Evidence, Layout, Reading, View
from specaug.catalog.tree import Skipped, Tree
from specaug.catalog.vocabulary import LABEL_WORDS, SPLIT_WORDS, attack_pai, species
from specaug.records import Label, Source, Split

NAME = "folders"
PATTERN = "[train|dev|test/](bonafide|live|real|genuine or attack|spoof|fake)[/pai][/subject]/file"


def named(view: View) -> Evidence:
    """Media below a class folder."""
    fitting = [path for path in view.tree.files if _head(path)]
    return Evidence(len(fitting), fitting[0] if fitting else "")


def read(view: View, protocol: str | None) -> Reading:
    """Every media file whose folders follow the pattern is a source, every other is skipped.

    Raises
    ------
    CatalogError
        A protocol was asked for; plain folders have none.
    """
    LAYOUT.check_protocol(protocol)
    reading = Reading()
    for path in view.tree.files:
        source = _source(path, view.tree)
        if isinstance(source, Source):
            reading.sources.append(source)
        else:
            reading.skipped.append(Skipped(path, source))
    return reading


def _head(path: str) -> tuple[Split | None, Label, list[str], list[str]] | None:
    """(split, label, folders between class and file, folders up to the class), or None."""
    folders = path.split("/")[:-1]
    split: Split | None = None
    rest = folders
    if rest and rest[0].lower() in SPLIT_WORDS:
        split, rest = SPLIT_WORDS[rest[0].lower()], rest[1:]
    if not rest or rest[0].lower() not in LABEL_WORDS:
        return None
    return split, LABEL_WORDS[rest[0].lower()], rest[1:], folders[: len(folders) - len(rest) + 1]


def _source(path: str, tree: Tree) -> Source | str:
    """The source that `path` is, or why it is none."""
    head = _head(path)
    if head is None:
        return f"folders do not follow {PATTERN}"
    split, label, between, _ = head
    if len(between) > 2:
        return f"{len(between)} folders between class and file, at most [/pai][/subject] expected"
    if label == "bonafide":
        if len(between) == 2 and between[0].lower() not in ("none", *LABEL_WORDS):
            return (
                f"bona fide has no attack instrument, got folder {between[0]!r} before the subject {between[1]!r}"
                " (--frame-folders takes a folder of numbered pictures as one clip)"
            )
        pai, subject = "none", between[-1] if between else None
    else:
        pai, subject = _attack_folders(between)
    return Source(path, label, pai=pai, subject=subject, split=split or "train", kind=tree.kind(path))


def _attack_folders(between: list[str]) -> tuple[str, str | None]:
    """(pai, subject) of an attack. A lone folder that names no species but holds a digit is a subject; without
    one it is a species that we do not know. What other files say does not count: more files must change nothing."""
    if not between:
        return "unknown", None
    if len(between) == 2:
        return attack_pai(between[0]), between[1]
    name = between[0]
    if species(name) is None and re.search(r"\d", name):
        return "unknown", name
    return attack_pai(name), None


LAYOUT = Layout(
    name=NAME,
    expects=PATTERN,
    pattern=None,
    read=read,
    kinds=("video", "image", "frames", "hdf5"),
    named=named,
)
