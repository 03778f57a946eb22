"""The plain layout: RAW/[split/]class[/pai][/subject]/file."""

from __future__ import annotations

import re

from specaug.catalog.tree import Skipped, Tree
from specaug.catalog.vocabulary import LABEL_WORDS, SPLIT_WORDS, attack_pai, species
from specaug.errors import CatalogError
from specaug.records import Label, Source, Split

NAME = "folders"
PATTERN = "[train|dev|test/](bonafide|live|real|genuine or attack|spoof|fake)[/pai][/subject]/file"


def recognise(tree: Tree) -> str | None:
    """What speaks for this layout, or None."""
    seen = {"/".join(found[3]) for path in tree.files if (found := _head(path))}
    return f"class folders {', '.join(sorted(seen))}" if seen else None


def read(tree: Tree, protocol: str | None) -> tuple[list[Source], list[Skipped]]:
    """Every media file whose folders follow the pattern is a source, every other is skipped.

    Raises
    ------
    CatalogError
        A protocol was asked for; plain folders have none.
    """
    if protocol is not None:
        raise CatalogError(f"protocol: the layout {NAME!r} has none, got {protocol!r}")
    subjects = _bonafide_names(tree)
    sources: list[Source] = []
    skipped: list[Skipped] = []
    for path in tree.files:
        source = _source(path, tree, subjects)
        if isinstance(source, Source):
            sources.append(source)
        else:
            skipped.append(Skipped(path, source))
    return sources, skipped


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


def _bonafide_names(tree: Tree) -> frozenset[str]:
    """Folder names that stand for subjects below the bona fide class."""
    heads = filter(None, map(_head, tree.files))
    return frozenset(between[-1] for _, label, between, _ in heads if label == "bonafide" and between)


def _source(path: str, tree: Tree, subjects: frozenset[str]) -> Source | str:
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
        pai, subject = _attack_folders(between, subjects)
    return Source(path, label, pai=pai, subject=subject, split=split or "train", kind=tree.kind(path))


def _attack_folders(between: list[str], subjects: frozenset[str]) -> tuple[str, str | None]:
    """(pai, subject) of an attack. A lone folder that names no species is a subject where it is one
    among the bona fide or holds a digit; otherwise it is a species that we do not know."""
    if not between:
        return "unknown", None
    if len(between) == 2:
        return attack_pai(between[0]), between[1]
    name = between[0]
    if species(name) is None and (name in subjects or re.search(r"\d", name)):
        return "unknown", name
    return attack_pai(name), None
