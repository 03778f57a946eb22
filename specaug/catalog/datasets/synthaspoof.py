"""SynthASpoof: images of synthetic people, printed and replayed; lists ``image_path,label`` say their classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from specaug.catalog.counts import Counts, compare
from specaug.catalog.csv_table import read_table
from specaug.catalog.layout import Evidence, Layout, Reading, View
from specaug.catalog.tree import Skipped
from specaug.catalog.vocabulary import SPLIT_WORDS, attack_pai, label_of, species
from specaug.errors import CatalogError
from specaug.records import Label, Source, Split

NAME = "synthaspoof"
COLUMNS = ("image_path", "label")
ATTACKS = {
    "PrintAttack": "print",
    "Webcam_ReplayAttack": "replay/webcam",
    "iPad_ReplayAttack": "replay/ipad",
    "Samsung_ReplayAttack": "replay/samsung",
}
"""Folder below ``PAs`` to species. Whether a name is that of the screen or of the camera is not published."""
_WHOLE: Counts = {"train": (25_000, 78_800)}
_PATTERN = re.compile(r"(?:BonaFide|PAs/(" + "|".join(ATTACKS) + r"))/(img[^/]*)")


@dataclass(frozen=True)
class _Listed:
    """What a list says of an image."""

    label: Label
    split: Split
    place: str
    """File and line."""


def _lists(view: View) -> dict[str, str]:
    """Plain name to path in RAW of the CSV files at the top whose header is that of a list."""
    tops = {plain: path for plain, path in view.others.items() if re.fullmatch(r"[^/]+\.csv", plain.lower())}
    return {plain: path for plain, path in tops.items() if _header(view, path) == COLUMNS}


def _header(view: View, path: str) -> tuple[str, ...]:
    """Names of the columns of a CSV file.

    Raises
    ------
    CatalogError
        The file cannot be read.
    """
    first = next((text for _, text in view.lines(path)), "")
    return tuple(name.strip() for name in first.lower().split(","))


def named(view: View) -> Evidence:
    """Images in the folders of the data set, or all images where there is a list of its form."""
    found = LAYOUT.fitting(view)
    try:
        lists = _lists(view)
    except CatalogError:  # one that cannot be read says nothing of what RAW is
        return found
    return Evidence(len(view.tree.files), min(lists)) if lists and view.tree.files else found


def read(view: View, protocol: str | None) -> Reading:
    """Every image that a list names; without lists, every image in the folders of the data set.

    A list says class and, by its name, split: ``train.csv``, ``dev.csv``, ``test.csv``; any other name is train. The
    folder says species and person: the same name in two folders is the same synthetic person.

    Raises
    ------
    CatalogError
        A protocol is asked for, or a list is broken or contradicts another one.
    """
    LAYOUT.check_protocol(protocol)
    reading, lists = Reading(), _lists(view)
    listed = _listed(view, lists, reading) if lists else None
    for name, path in view.names:
        entry = None if listed is None else listed.get(path)
        source = _source(view, name, path, entry, is_listed=listed is not None)
        if isinstance(source, str):
            reading.skipped.append(Skipped(path, source))
        else:
            reading.sources.append(source)
    reading.aside |= dict.fromkeys(lists.values(), "list of images and classes")
    return reading if lists else compare(reading, _WHOLE, title=NAME)


def _source(view: View, name: str, path: str, entry: _Listed | None, *, is_listed: bool) -> Source | str:
    """An image as a source, or why it is none."""
    kind, match = view.tree.kind(path), _PATTERN.fullmatch(name)
    if kind != "image":
        return f"{NAME} expects image here, not {kind}"
    if is_listed and entry is None:
        return "in no list"
    if entry is None and match is None:
        return f"not understood: {NAME} expects {LAYOUT.expects}"
    label: Label = "attack" if match and match[1] else "bonafide"
    if entry is not None and match and entry.label != label:
        return f"{entry.place} says {entry.label}, its folder says {label}"
    label = label if entry is None else entry.label
    return Source(
        path,
        label,
        pai="none" if label == "bonafide" else _pai(match[1] if match else None, name),
        subject=match[2] if match else None,
        split="train" if entry is None else entry.split,
        dataset=NAME,
        kind=kind,
    )


def _pai(folder: str | None, name: str) -> str:
    """Species by the folder of the data set; of other images that are listed, by a folder that names one."""
    if folder is not None:
        return ATTACKS[folder]
    parents = reversed(PurePosixPath(name).parts[:-1])
    return next((attack_pai(parent) for parent in parents if species(parent)), "unknown")


def _listed(view: View, lists: Mapping[str, str], reading: Reading) -> dict[str, _Listed]:
    """Path in RAW of each image that the lists name to what they say; names without an image are missing."""
    found: dict[str, _Listed] = {}
    present = _present(view)
    for plain, file in sorted(lists.items()):
        split = SPLIT_WORDS.get(plain.lower().removesuffix(".csv"), "train")
        table = read_table(view.tree.read_list(file), file=file, required=COLUMNS, optional=())
        for line, row in table.rows:
            place, written = f"{file}, line {line}", row["image_path"].strip()
            path = _find(written, present)
            if path is None:
                reading.missing.append(written)
                continue
            entry = _Listed(_label(row["label"], place), split, place)
            known = found.setdefault(path, entry)
            if (known.label, known.split) != (entry.label, entry.split):
                raise CatalogError(
                    f"{place}: {written!r} is {entry.label} in {entry.split}, but {known.label} in {known.split} by"
                    f" {known.place}: keep one of the two lines"
                )
    return found


def _label(text: str, place: str) -> Label:
    label = label_of(text)
    if label is None:
        raise CatalogError(
            f"{place}: label: expected bonafide or attack, got {text!r}: a list with numbers is read as sources.csv,"
            " with the columns path,label and --label-map bonafide=1,attack=0"
        )
    return label


def _present(view: View) -> dict[str, str]:
    """Names by which a list may call an image, relative to RAW or to the folder of the data set, to its path."""
    paths: Iterable[str] = view.tree.files
    return {view.plain(path): path for path in paths} | {path: path for path in paths}


def _find(written: str, present: Mapping[str, str]) -> str | None:
    """The image that a list names. A list that was made elsewhere has folders of that machine before its names."""
    parts = [part for part in written.replace("\\", "/").split("/") if part not in ("", ".")]
    names = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((present[name] for name in names if name in present), None)


LAYOUT = Layout(
    name=NAME,
    expects="{BonaFide,PAs/{Print,Webcam_Replay,iPad_Replay,Samsung_Replay}Attack}/img….png, or lists image_path,label",
    pattern=_PATTERN,
    read=read,
    kinds=("image",),
    anchors=("BonaFide", "PAs"),
    named=named,
)
