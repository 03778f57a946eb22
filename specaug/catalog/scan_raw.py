"""A raw folder becomes sources with label, species, subject and split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from specaug.catalog import csv_list, roots, splits
from specaug.catalog.known_layouts import LAYOUTS, layout_of, read_as, seen
from specaug.catalog.layout import Reading
from specaug.catalog.notices import missing_notice, skipped_notice
from specaug.catalog.tree import Skipped, Tree, by_bytes, walk
from specaug.errors import NothingToDoError
from specaug.install_hint import install_hint
from specaug.records import Notice, Source, alias_notice_of, coverage_of


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
    """What was decided for the user, or is not as published, in whole sentences."""
    missing: tuple[str, ...] = ()
    """Names, mostly without ending, that the data set or a list of its protocol has and RAW has not."""
    warnings: tuple[Notice, ...] = ()
    """Gaps: classes, splits, species and subjects that are not there, media and files that are not used."""


def scan(
    raw: Path | str,
    *,
    layout: str = "auto",
    protocol: str | None = None,
    split: tuple[float, float, float] | None = None,
    dev_from_train: float | None = None,
    seed: int = 0,
    frame_folders: bool = False,
    follow_symlinks: bool = False,
    label_map: str | None = None,
) -> Catalog:
    """Say what a build would use, without opening a single media file.

    Parameters
    ----------
    raw : path
        The raw folder.
    layout : str
        ``auto`` or a name in :data:`LAYOUTS`.
    protocol : str, optional
        Protocol of the data set, or of ``RAW/sources.toml``, where there are some.
    split : (float, float, float), optional
        Shares of train, dev and test, any positive scale; whole subjects are assigned by a hash keyed with `seed`.
    dev_from_train : float, optional
        Share of the subjects of train that become dev, where there is no dev; by a hash keyed with `seed`.
    seed : int
        Key of that hash.
    frame_folders : bool
        A folder of numbered pictures is one source.
    follow_symlinks : bool
        Accept links that leave `raw`.
    label_map : str, optional
        Which number in the column ``label`` of ``sources.csv`` is which class: ``bonafide=1,attack=0``.

    Returns
    -------
    Catalog

    Raises
    ------
    ArgumentError
        `layout` is unknown, `split` or `dev_from_train` is given where the layout already has splits, or `split` leaves
        a split without a subject.
    CatalogError
        `raw` cannot be listed, may be several layouts, or a list in it is broken.
    NothingToDoError
        No file is understood; the message says what was seen and what is expected.
    """
    root = Path(raw)
    tree = walk(root, frame_folders=frame_folders, follow_symlinks=follow_symlinks)
    reasons = {b.path: b.reason for b in tree.broken}
    everything = replace(tree, files=tuple(sorted((*tree.files, *reasons), key=by_bytes)))
    name, reading = _read(everything, layout, protocol, label_map)
    if not reading.sources and not reasons:
        raise NothingToDoError(f"no usable input in RAW as layout {name!r}. {seen(tree)}")
    sources, notes = splits.by_shares(reading.sources, split, seed)
    if dev_from_train is not None:
        sources, note = splits.dev_from_train(sources, dev_from_train, seed)
        notes = (note,) if split is None else (*notes, note)
    sources.sort(key=lambda source: by_bytes(source.path))
    skipped = _skipped(everything, reading, reasons)
    return Catalog(
        layout=name,
        sources=tuple(s for s in sources if s.path not in reasons),
        skipped=skipped,
        broken=_broken(sources, reasons, name),
        notes=(
            *reading.notes,
            *_missing_note(reading),
            *_hdf5_note(sources),
            *notes,
            *splits.leak_note(sources),
        ),
        missing=tuple(reading.missing),
        warnings=_warnings(sources, reading, skipped, reasons),
    )


def _warnings(
    sources: list[Source], reading: Reading, skipped: tuple[Skipped, ...], reasons: dict[str, str]
) -> tuple[Notice, ...]:
    """What is not there, of what can be opened."""
    missing = {*reading.missing, *reasons}
    there = coverage_of(source for source in sources if source.path not in missing)
    aliases = alias_notice_of(sources)
    return (
        *there.notices(),
        *((aliases,) if aliases else ()),
        *skipped_notice(skipped),
        *missing_notice(reading.missing),
    )


def _read(tree: Tree, layout: str, protocol: str | None, label_map: str | None) -> tuple[str, Reading]:
    """Name of the layout, and what it makes of the tree."""
    if layout == "auto" and (tree.root / roots.FILE).is_file():
        return roots.FILE, roots.read(tree, protocol, label_map)
    known = layout_of(tree, layout)
    reading = read_as(known, tree, protocol, label_map)
    reading.sources = [s if s.dataset else replace(s, dataset=known.name) for s in reading.sources]
    return known.name, reading


def _skipped(tree: Tree, reading: Reading, reasons: dict[str, str]) -> tuple[Skipped, ...]:
    """Everything that is no source, with what the layout says of files that are no media."""
    lists = (csv_list.FILE, roots.FILE)
    used = {s.path for s in reading.sources}  # a list may name a hidden file
    media = (replace(s, media=True) for s in reading.skipped)
    others = (
        Skipped(s.path, reading.aside.get(s.path, s.reason), media=s.media)
        for s in tree.others
        if s.path not in lists and s.path not in used
    )
    return tuple(s for s in (*media, *others) if s.path not in reasons)


def _broken(sources: list[Source], reasons: dict[str, str], name: str) -> tuple[tuple[Source, str], ...]:
    """Media that cannot be opened, as sources."""
    understood = {s.path for s in sources}
    # A label must be put to what no layout understands; a failure row does not show it.
    strangers = [Source(path, "bonafide", dataset=name) for path in sorted(reasons.keys() - understood)]
    return tuple((s, reasons[s.path]) for s in (*sources, *strangers) if s.path in reasons)


def _missing_note(reading: Reading) -> tuple[str, ...]:
    if not reading.missing:
        return ()
    return (f"{len(reading.missing)} files are missing, the first is {reading.missing[0]!a}.",)


def _hdf5_note(sources: list[Source]) -> tuple[str, ...]:
    count = sum(source.kind == "hdf5" for source in sources)
    if not count or find_spec("h5py") is not None:
        return ()
    return (f"{count} sources are HDF5 and cannot be read without h5py: {install_hint('h5')}.",)


__all__ = ["LAYOUTS", "Catalog", "scan"]
