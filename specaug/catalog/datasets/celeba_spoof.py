"""CelebA-Spoof: photos, species in JSON lists, face boxes in a frame of 224 px."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from specaug.catalog.layout import Fields, Layout, Reading, View, add_sidecars, explain, read_names
from specaug.catalog.tree import Skipped
from specaug.errors import CatalogError
from specaug.parsing import parse_json
from specaug.records import Source

NAME = "celeba-spoof"
SPECIES = (
    "none", "print/photo", "print/poster", "print/a4", "mask/face", "mask/upper_body", "mask/region",
    "replay/pc", "replay/pad", "replay/phone", "mask/3d",
)  # fmt: skip
"""Spoof type, the value at position 40 of a label, to species."""
TYPE_AT, LABEL_AT, LENGTH = 40, 43, 44
"""At 43 stands 0 for live, 1 for spoof."""
PHOTOS = 625_537
_LISTS = {split: f"metas/intra_test/{split}_label.json" for split in ("train", "test")}


def parse(match: re.Match[str]) -> Fields | str:
    """Split, subject and class from the folders; the species of an attack is known from the lists alone."""
    split, subject, kind = match.groups()
    return {
        "label": "bonafide" if kind == "live" else "attack",
        "pai": "none" if kind == "live" else "unknown",
        "subject": subject,
        "split": split,
    }


def read(view: View, protocol: str | None) -> Reading:
    """All photos with their folder's split; with the lists of ``intra_test``, their species.

    A photo that a list contradicts, or that the list of its split does not name, is skipped.

    Raises
    ------
    CatalogError
        The protocol is unknown, or a list is broken.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    add_sidecars(reading, view, lambda name: [f"{name}_BB.txt"], what="face box", box_format="unit224")
    explain(reading, view, {r"metas/.*": "labels"})
    lists = {
        split: _labels(view, view.others[plain]) for split, plain in _LISTS.items() if plain in view.others
    }
    if protocol and len(lists) < len(_LISTS):
        raise CatalogError(f"protocol: {protocol} of {NAME} needs {' and '.join(_LISTS.values())}")
    sources, reading.sources = reading.sources, []
    for source in sources:
        known = lists.get(source.split)
        found = source if known is None else _with_species(source, known.get(view.plain(source.path)))
        if isinstance(found, str):
            reading.skipped.append(Skipped(source.path, found))
        else:
            reading.sources.append(found)
    _notes(reading, view, lists)
    return reading


def _notes(reading: Reading, view: View, lists: dict[str, dict[str, list[Any]]]) -> None:
    """Say which files are missing, and where species are not known."""
    present = {view.plain(path) for path in view.tree.files}
    reading.missing += [name for known in lists.values() for name in known if name not in present]
    absent = [plain for split, plain in _LISTS.items() if split not in lists]
    if absent:
        reading.notes.append(f"{NAME}: {' and '.join(absent)} not there: the species of attacks are unknown.")
    if len(reading.sources) != PHOTOS:
        reading.notes.append(f"{NAME} is not complete: {len(reading.sources)} of {PHOTOS} photos are used.")


def _with_species(source: Source, label: list[Any] | None) -> Source | str:
    """A source with the species of its label, or why it cannot be used."""
    if label is None:
        return f"its name is not in the list of {source.split}"
    spoof, kind = label[LABEL_AT], label[TYPE_AT]
    if type(spoof) is not int or type(kind) is not int or spoof not in (0, 1) or not 0 <= kind < len(SPECIES):
        return f"not understood: label {_short(spoof)}, spoof type {_short(kind)}"
    if (spoof == 1) != (source.label == "attack") or (kind == 0) != (spoof == 0):
        return f"not understood: label {spoof} and spoof type {kind} contradict each other or the folder"
    return replace(source, pai=SPECIES[kind])


def _short(value: object) -> str:
    """A JSON value in a message."""
    return str(value)[:60]


def _labels(view: View, path: str) -> dict[str, list[Any]]:
    """Plain name of a photo to its 44 values, which should be numbers."""
    try:
        value: Any = parse_json(view.tree.read_list(path))
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{path}: expected JSON, got {error}") from error
    if not isinstance(value, dict):
        raise CatalogError(f"{path}: expected an object, got {type(value).__name__}")
    for name, label in value.items():
        if not isinstance(label, list) or len(label) != LENGTH:
            raise CatalogError(f"{path}: {name!r}: expected {LENGTH} numbers, got {str(label)[:60]}")
    return value


LAYOUT = Layout(
    name=NAME,
    expects="Data/{train,test}/{subject}/{live,spoof}/{number}.png",
    pattern=re.compile(r"Data/(train|test)/([^/]+)/(live|spoof)/\d+"),
    read=read,
    kinds=("image",),
    anchors=("Data", "metas"),
    protocols=("intra_test",),
)
