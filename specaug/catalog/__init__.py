"""A raw folder becomes sources with label, species, subject and split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from specaug.catalog import csv_list, folders
from specaug.catalog.tree import Skipped, Tree, by_bytes, walk
from specaug.errors import ArgumentError, NothingToDoError
from specaug.records import SPLITS, Source, Split

__all__ = ["LAYOUTS", "Catalog", "Layout", "Skipped", "assign_splits", "scan"]


@dataclass(frozen=True)
class Layout:
    """How one kind of raw folder is recognised and read."""

    recognise: Callable[[Tree], str | None]
    """What speaks for the layout, in a few words, or None."""
    read: Callable[[Tree, str | None], tuple[list[Source], list[Skipped]]]
    """(tree, protocol) to sources and what was not understood."""
    expects: str
    """The tree in one line, for messages."""


LAYOUTS: dict[str, Layout] = {
    csv_list.NAME: Layout(csv_list.recognise, csv_list.read, f"a file {csv_list.FILE} in RAW"),
    folders.NAME: Layout(folders.recognise, folders.read, folders.PATTERN),
}
"""Tried in this order by ``auto``; an explicit list wins over folder names."""


@dataclass(frozen=True)
class Catalog:
    """What a scan found."""

    layout: str
    sources: tuple[Source, ...]
    """Sorted by path; without ids, which cost a look into each file."""
    skipped: tuple[Skipped, ...]
    broken: tuple[tuple[Source, str], ...]
    """Media that cannot be opened, and why: each will be a failure."""
    notes: tuple[str, ...] = ()
    """What was decided for the user, in whole sentences."""


def scan(
    raw: Path | str,
    *,
    layout: str = "auto",
    protocol: str | None = None,
    split: tuple[float, float, float] | None = None,
    seed: int = 0,
    frame_folders: bool = False,
    follow_symlinks: bool = False,
) -> Catalog:
    """Say what a build would use, without opening a single media file.

    Parameters
    ----------
    raw : path
        The raw folder.
    layout : str
        ``auto`` or a name in :data:`LAYOUTS`.
    protocol : str, optional
        Protocol of the data set, where the layout knows some.
    split : (float, float, float), optional
        Shares of train, dev and test; whole subjects are assigned by a hash keyed with `seed`.
    seed : int
        Key of that hash.
    frame_folders : bool
        A folder of numbered pictures is one source.
    follow_symlinks : bool
        Accept links that leave `raw`.

    Returns
    -------
    Catalog

    Raises
    ------
    ArgumentError
        `layout` is unknown, or `split` is given where the layout already has splits.
    CatalogError
        `raw` cannot be listed or a list in it is broken.
    NothingToDoError
        No file is understood; the message says what was seen and what is expected.
    """
    root = Path(raw)
    tree = walk(root, frame_folders=frame_folders, follow_symlinks=follow_symlinks)
    name = _choose(tree, layout)
    reasons = {b.path: b.reason for b in tree.broken}
    everything = replace(tree, files=tuple(sorted((*tree.files, *reasons), key=by_bytes)))
    sources, skipped = LAYOUTS[name].read(everything, protocol)
    if not sources and not reasons:
        raise NothingToDoError(f"no usable input in RAW as layout {name!r}. {_seen(tree)}")
    sources, notes = _with_splits(sources, split, seed)
    sources = [replace(s, dataset=s.dataset or name) for s in sources]
    understood = {s.path for s in sources}
    # A label must be put to what no layout understands; a failure row does not show it.
    strangers = [Source(path, "bonafide", dataset=name) for path in sorted(reasons.keys() - understood)]
    return Catalog(
        layout=name,
        sources=tuple(s for s in sources if s.path not in reasons),
        skipped=tuple(
            s for s in (*skipped, *tree.others) if s.path != csv_list.FILE and s.path not in reasons
        ),
        broken=tuple((s, reasons[s.path]) for s in (*sources, *strangers) if s.path in reasons),
        notes=(*notes, *_leaks(sources)),
    )


def _leaks(sources: list[Source]) -> tuple[str, ...]:
    """A note if subjects are in more than one split."""
    splits: dict[tuple[str, str], set[Split]] = {}
    for source in sources:
        if source.subject is not None:
            splits.setdefault((source.dataset, source.subject), set()).add(source.split)
    leaking = sorted(subject for (_, subject), found in splits.items() if len(found) > 1)
    if not leaking:
        return ()
    return (f"Leakage: {len(leaking)} subjects are in more than one split, the first is {leaking[0]!a}.",)


def _choose(tree: Tree, layout: str) -> str:
    """The layout that was asked for, or the first that recognises the tree."""
    if layout != "auto":
        if layout not in LAYOUTS:
            raise ArgumentError(f"layout: expected one of auto, {', '.join(LAYOUTS)}, got {layout!r}")
        return layout
    for name, known in LAYOUTS.items():
        if known.recognise(tree):
            return name
    if not (tree.files or tree.others or tree.broken):
        raise NothingToDoError("no usable input: RAW is empty")
    expected = "; ".join(f"{name}: {known.expects}" for name, known in LAYOUTS.items())
    raise NothingToDoError(f"no layout recognises RAW. {_seen(tree)} Expected one of: {expected}.")


def _seen(tree: Tree) -> str:
    """What lies in RAW, in one or two sentences."""
    tops = sorted({path.split("/")[0] + ("/" if "/" in path else "") for path in tree.files})
    shown = ", ".join(ascii(top) for top in tops[:6]) + (", …" if len(tops) > 6 else "")
    text = f"Seen: {len(tree.files)} photos and videos" + (f" in {shown}." if tops else ".")
    below = {top for top in tops if top.endswith("/") and _recognised_below(tree, top)}
    if below:
        text += f" The folder {min(below)!a} would be understood if it were given as RAW."
    return text


def _recognised_below(tree: Tree, top: str) -> bool:
    inner = replace(tree, files=tuple(path[len(top) :] for path in tree.files if path.startswith(top)))
    return folders.recognise(inner) is not None


def _with_splits(
    sources: list[Source], shares: tuple[float, float, float] | None, seed: int
) -> tuple[list[Source], tuple[str, ...]]:
    """Sources with their final split, and what was decided."""
    if shares is None:
        if sources and {s.split for s in sources} == {"train"}:
            return sources, ("All sources are 'train': RAW names no other split, and no --split is given.",)
        return sources, ()
    if any(s.split != "train" for s in sources):
        raise ArgumentError("split: RAW has splits of its own, which are kept; leave the option out")
    unnamed = sum(s.subject is None for s in sources)
    note = (
        f"Whole subjects are assigned to splits by a hash keyed with seed {seed}, "
        f"shares {':'.join(f'{share:g}' for share in shares)}."
    )
    if unnamed:
        note += (
            f" {unnamed} sources name no subject, and each of them counts as a subject of its own:"
            " the same person may be in two splits."
        )
    return assign_splits(sources, shares, seed=seed), (note,)


def assign_splits(
    sources: list[Source], shares: tuple[float, float, float], *, seed: int = 0
) -> list[Source]:
    """Assign whole subjects to train, dev and test; more sources never move a subject.

    Parameters
    ----------
    sources : list of Source
        A source without subject counts as a subject of its own.
    shares : (float, float, float)
        Expected shares of subjects, any positive scale.
    seed : int
        Key of the hash.

    Returns
    -------
    list of Source

    Examples
    --------
    >>> one = Source("live/ann/1.mp4", "bonafide", subject="ann")
    >>> two = Source("live/ann/2.mp4", "bonafide", subject="ann")
    >>> a, b = assign_splits([one, two], (70, 15, 15))
    >>> a.split == b.split
    True
    """
    key = str(seed).encode()

    def place(source: Source) -> Split:
        unit = ("subject", source.dataset, source.subject) if source.subject else ("path", "", source.path)
        text = "\0".join(unit).encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(text, digest_size=8, key=key).digest()
        point = int.from_bytes(digest) / 2**64 * sum(shares)
        if point < shares[0]:
            return SPLITS[0]
        return SPLITS[1] if point < shares[0] + shares[1] else SPLITS[2]

    return [replace(source, split=place(source)) for source in sources]
