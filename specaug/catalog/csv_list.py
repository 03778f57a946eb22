"""The explicit layout: RAW/sources.csv says what each file is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from specaug.catalog.layout import Evidence, Layout, Reading, View
from specaug.catalog.tree import Skipped, Tree, by_bytes, is_media
from specaug.catalog.vocabulary import attack_pai, parse_label, parse_split
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


def read(view: View, protocol: str | None) -> Reading:
    """Every row is a source, also one whose file is missing; media that no row names are skipped.

    Raises
    ------
    CatalogError
        The file is broken; the message holds the line number.
    """
    LAYOUT.check_protocol(protocol)
    tree = view.tree
    sources: dict[str, Source] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(tree.read_list(FILE)):
        try:
            source = _source(row, tree)
            if source.path in sources:
                raise ArgumentError(f"path: {source.path!r} stands in line {lines[source.path]} already")
        except ArgumentError as error:
            raise CatalogError(f"{FILE}, line {line}: {error}") from error
        sources[source.path], lines[source.path] = source, line
    skipped = [Skipped(path, f"not in {FILE}") for path in tree.files if path not in sources]
    ordered = sorted(sources.values(), key=lambda s: by_bytes(s.path))
    return Reading(ordered, skipped)


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, fields by column) of each row that is not blank."""
    text = content.decode("utf-8-sig", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise CatalogError(f"{FILE}, line {reader.line_num}: {error}") from error
        if row is None:
            break
        if not any(field.strip() for field in row):
            continue
        if header is None:
            header = _header(row, reader.line_num)
        elif len(row) != len(header):
            raise CatalogError(
                f"{FILE}, line {reader.line_num}: expected {len(header)} fields as in the header, got {len(row)}"
            )
        else:
            yield reader.line_num, dict(zip(header, row, strict=True))
    if header is None:
        raise CatalogError(f"{FILE}, line 1: expected a header with {', '.join(REQUIRED)}, got an empty file")


def _header(row: list[str], line: int) -> list[str]:
    names = [name.strip().lower() for name in row]
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in REQUIRED + OPTIONAL]
    if missing or unknown or len(set(names)) != len(names):
        raise CatalogError(
            f"{FILE}, line {line}: expected the columns {', '.join(REQUIRED)} and any of {', '.join(OPTIONAL)}, "
            f"each once, got {', '.join(names)}"
        )
    return names


def _inside(name: str, value: str) -> str:
    """A path below RAW in normal form."""
    parts = value.strip().split("/")
    if not value.strip() or value.strip().startswith("/") or ".." in parts or "\0" in value:
        raise ArgumentError(f"{name}: expected a path relative to RAW and inside it, got {value!r}")
    return "/".join(part for part in parts if part not in ("", "."))


def _source(row: dict[str, str], tree: Tree) -> Source:
    path = _inside("path", row["path"])
    if path not in tree.frame_folders and not is_media(path):
        raise ArgumentError(f"path: expected a photo, a video or a folder of frames, got {path!r}")
    label = parse_label(row["label"])
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
        boxes=_inside("boxes", boxes) if boxes else None,
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
