"""The explicit layout: RAW/sources.csv says what each file is."""

from __future__ import annotations

from specaug.catalog.csv_table import Table, read_table
from specaug.catalog.layout import Evidence, Layout, Reading, View
from specaug.catalog.raw_names import RawNames
from specaug.catalog.tree import Skipped, Tree, by_bytes, is_media
from specaug.catalog.vocabulary import attack_pai, parse_split
from specaug.errors import ArgumentError, CatalogError
from specaug.records import Source

NAME = "csv"
FILE = "sources.csv"
REQUIRED = ("path", "label")
OPTIONAL = ("pai", "subject", "session", "device", "split", "dataset", "boxes")


def named(view: View) -> Evidence:
    """The list, where there is one."""
    there = (view.tree.root / FILE).is_file()
    return Evidence(len(view.tree.files), FILE) if there else Evidence(0, "")


def read(view: View, protocol: str | None, *, label_map: str | None = None) -> Reading:
    """Every row is a source, also one whose file is missing; media that no row names are skipped.

    Parameters
    ----------
    view : View
    protocol : None
        There are none.
    label_map : str, optional
        See :attr:`specaug.records.BuildConfig.label_map`.

    Raises
    ------
    CatalogError
        The file is broken; the message holds the line number.
    """
    LAYOUT.check_protocol(protocol)
    tree = view.tree
    names = RawNames(tree)
    table = read_table(
        tree.read_list(FILE), file=FILE, required=REQUIRED, optional=OPTIONAL, label_map=label_map
    )
    names.claim(row["path"].strip() for _, row in table.rows)
    sources: dict[str, Source] = {}
    lines: dict[str, int] = {}
    for line, row in table.rows:
        try:
            source = _source(row, tree, names, table)
            if source.path in sources:
                raise ArgumentError(f"path: {source.path!r} stands in line {lines[source.path]} already")
        except ArgumentError as error:
            raise CatalogError(f"{FILE}, line {line}: {error}") from error
        sources[source.path], lines[source.path] = source, line
    skipped = [Skipped(path, f"not in {FILE}") for path in tree.files if path not in sources]
    ordered = sorted(sources.values(), key=lambda s: by_bytes(s.path))
    missing = [source.path for source in ordered if not names.is_there(source.path)]
    return Reading(ordered, skipped, missing=missing, notes=names.notes)


def _source(row: dict[str, str], tree: Tree, names: RawNames, table: Table) -> Source:
    path = names.find("path", row["path"])
    if path not in tree.frame_folders and not is_media(path):
        hint = "" if tree.frame_folders else "; for folders of frames: --frame-folders"
        raise ArgumentError(f"path: expected a photo, a video or a folder of frames, got {path!r}{hint}")
    if (reason := tree.unopened(path)) is not None:
        raise ArgumentError(f"path: {path!r} cannot be used: {reason}")
    label = table.label(row["label"])
    pai = row.get("pai", "").strip()
    if label == "bonafide" and pai.lower() not in ("", "none"):
        raise ArgumentError(f"pai: expected 'none' or nothing for a bona fide row, got {pai!r}")
    split = row.get("split", "").strip()
    boxes = row.get("boxes", "").strip()
    return Source(
        path,
        label,
        pai="none" if label == "bonafide" else attack_pai("" if pai.lower() == "none" else pai),
        split=parse_split(split) if split else "train",
        dataset=row.get("dataset", "").strip(),
        kind=tree.kind(path),
        boxes=names.find("boxes", boxes) if boxes else None,
        subject=row.get("subject", "").strip() or None,
        session=row.get("session", "").strip() or None,
        device=row.get("device", "").strip() or None,
    )


LAYOUT = Layout(
    name=NAME,
    expects=f"a file {FILE} in RAW",
    pattern=None,
    read=read,
    kinds=("video", "image", "frames", "hdf5"),
    named=named,
)
