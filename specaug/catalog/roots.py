"""Several data sets in one RAW: ``sources.toml`` names their folders, and protocols across them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from specaug.catalog.known_layouts import layout_of, read_as
from specaug.catalog.layout import Reading
from specaug.catalog.splits import leaking
from specaug.catalog.tree import Skipped, Tree
from specaug.errors import CatalogError
from specaug.parsing import parse_toml
from specaug.records import SPLITS, Source, Split

FILE = "sources.toml"
LEAVE_OUT = "leave-out-"
"""``leave-out-M``: test on root M, train on all others; always there."""
_GENERAL = ("folders", "csv")
_KEYS = ("path", "layout", "protocol")


@dataclass(frozen=True)
class Root:
    """One data set."""

    name: str
    path: str
    """Folder relative to RAW."""
    layout: str = "auto"
    protocol: str | None = None


def read(tree: Tree, protocol: str | None, label_map: str | None = None) -> Reading:
    """Every root by its own layout; with a protocol, splits as it says.

    Raises
    ------
    CatalogError
        The file is broken, a root cannot be read, or a protocol puts a subject into two splits.
    """
    roots, protocols = parse(tree.read_list(FILE))
    if protocol is not None and protocol not in protocols:
        raise CatalogError(f"protocol: {FILE} expects one of {', '.join(protocols)}, got {protocol!r}")
    whole = Reading()
    owner: dict[str, str] = {}
    layouts: list[str] = []
    for root in roots:
        reading, layout = _read_root(tree, root, label_map)
        layouts.append(layout)
        owner |= {source.path: root.name for source in reading.sources}
        whole.sources += reading.sources
        whole.skipped += reading.skipped
        whole.aside |= reading.aside
        whole.missing += reading.missing
        whole.notes += [f"{root.name}: {note}" for note in reading.notes]
    if label_map is not None and not any(layout == "csv" for layout in layouts):
        raise CatalogError(f"label_map: expected a root of {FILE} with a list sources.csv, got none")
    prefixes = tuple(f"{root.path}/" for root in roots)
    whole.skipped += [Skipped(p, f"in no root of {FILE}") for p in tree.files if not p.startswith(prefixes)]
    return whole if protocol is None else _across(whole, owner, protocols[protocol], protocol)


def parse(content: bytes) -> tuple[list[Root], dict[str, dict[Split, list[str]]]]:
    """The roots of a file, and by name its protocols: split to entries ``NAME`` or ``NAME/split``.

    Raises
    ------
    CatalogError
        Names what is wrong.
    """
    try:
        value = parse_toml(content.decode())
    except ValueError as error:
        raise CatalogError(f"{FILE}: cannot be read: {error}") from error
    unknown = value.keys() - {"roots", "protocols"}
    if unknown or not isinstance(value.get("roots"), dict) or not value["roots"]:
        raise CatalogError(f"{FILE}: expected tables [roots.NAME] and [protocols.NAME], got {sorted(value)}")
    roots = [_root(name, table) for name, table in value["roots"].items()]
    _check_apart(roots)
    names = [root.name for root in roots]
    protocols: dict[str, dict[Split, list[str]]] = {
        f"{LEAVE_OUT}{name}": {"train": [n for n in names if n != name], "test": [name]} for name in names
    }
    tables = value.get("protocols", {})
    if not isinstance(tables, dict):
        raise CatalogError(f"{FILE}: expected tables [protocols.NAME], got {tables!r}")
    return roots, protocols | {name: _protocol(name, table, names) for name, table in tables.items()}


def _root(name: str, table: Any) -> Root:
    place = f"{FILE}, roots.{name}"
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise CatalogError(f"{place}: expected {', '.join(_KEYS)} as strings, got {table!r}")
    if table.keys() - set(_KEYS) or not table.get("path") or "/" in name:
        raise CatalogError(
            f"{place}: expected a name without '/', path, and any of layout, protocol, got {table!r}"
        )
    parts = [part for part in table["path"].split("/") if part not in ("", ".")]
    if table["path"].startswith("/") or ".." in parts or not parts:
        raise CatalogError(
            f"{place}: path: expected a folder in RAW (or a link in RAW), got {table['path']!r}"
        )
    return Root(name, "/".join(parts), table.get("layout", "auto"), table.get("protocol"))


def _check_apart(roots: list[Root]) -> None:
    """No root lies in another."""
    for one in roots:
        for other in roots:
            if one is not other and f"{one.path}/".startswith(f"{other.path}/"):
                raise CatalogError(f"{FILE}: root {one.name!r} lies in root {other.name!r}")


def _protocol(name: str, table: Any, roots: list[str]) -> dict[Split, list[str]]:
    place = f"{FILE}, protocols.{name}"
    entries = {*roots, *(f"{root}/{split}" for root in roots for split in SPLITS)}
    if not isinstance(table, dict) or table.keys() - set(SPLITS) or not table:
        raise CatalogError(f"{place}: expected lists {', '.join(get_args(Split))}, got {table!r}")
    for split, listed in table.items():
        if not isinstance(listed, list) or not all(
            isinstance(entry, str) and entry in entries for entry in listed
        ):
            raise CatalogError(
                f"{place}: {split}: expected a list of {', '.join(roots)}, each alone or as NAME/split,"
                f" got {listed!r}"
            )
    return table


def _read_root(tree: Tree, root: Root, label_map: str | None) -> tuple[Reading, str]:
    """What one root's layout makes of its part of the tree, with paths in RAW, and the layout's name."""
    inner = _below(tree, f"{root.path}/")
    if not inner.files:
        known = next((s.reason for s in tree.others if s.path == root.path), "it holds no media")
        raise CatalogError(f"{FILE}, roots.{root.name}: {root.path!r} cannot be used: {known}")
    try:
        layout = layout_of(inner, root.layout)
        labels = label_map if layout.name == "csv" else None  # the other roots have no use for it
        reading = read_as(layout, inner, root.protocol, labels)
    except CatalogError as error:
        raise CatalogError(f"{FILE}, roots.{root.name}: {error}") from error
    dataset = root.name if layout.name in _GENERAL else layout.name
    return _inside(reading, f"{root.path}/", dataset), layout.name


def _below(tree: Tree, prefix: str) -> Tree:
    """The part of a tree below a folder."""
    cut = len(prefix)
    return Tree(
        root=tree.root / prefix,
        files=tuple(path[cut:] for path in tree.files if path.startswith(prefix)),
        others=tuple(Skipped(s.path[cut:], s.reason) for s in tree.others if s.path.startswith(prefix)),
        broken=tuple(Skipped(s.path[cut:], s.reason) for s in tree.broken if s.path.startswith(prefix)),
        frame_folders=frozenset(path[cut:] for path in tree.frame_folders if path.startswith(prefix)),
    )


def _inside(reading: Reading, prefix: str, dataset: str) -> Reading:
    """A reading of a part of the tree as one of the whole."""
    return Reading(
        sources=[
            replace(
                source,
                path=prefix + source.path,
                boxes=None if source.boxes is None else prefix + source.boxes,
                dataset=source.dataset or dataset,
            )
            for source in reading.sources
        ],
        skipped=[replace(s, path=prefix + s.path) for s in reading.skipped],
        aside={prefix + path: meaning for path, meaning in reading.aside.items()},
        missing=[prefix + name for name in reading.missing],
        notes=reading.notes,
    )


def _across(
    reading: Reading, owner: Mapping[str, str], protocol: Mapping[Split, list[str]], name: str
) -> Reading:
    """The sources that a protocol names, with the split that it gives them."""
    places: dict[str, list[Split]] = {}
    for split, entries in protocol.items():
        for entry in entries:
            places.setdefault(entry, []).append(split)
    kept: list[Source] = []
    for source in reading.sources:
        root = owner[source.path]
        found = {*places.get(root, ()), *places.get(f"{root}/{source.split}", ())}
        if len(found) > 1:
            raise CatalogError(
                f"{FILE}, protocols.{name}: {root}/{source.split} is in {' and in '.join(sorted(found))}"
            )
        if found:
            kept.append(replace(source, split=found.pop()))
        else:
            reading.skipped.append(Skipped(source.path, f"not in protocol {name}"))
    if leaks := leaking(kept):
        dataset, subject = leaks[0]
        raise CatalogError(
            f"{FILE}, protocols.{name}: expected each subject in one split, but {len(leaks)} are in two,"
            f" the first is {subject!a} of {dataset}"
        )
    reading.sources = kept
    return reading
