"""HQ-WMCA: a list for each protocol says class, species and split of a recording."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from specaug.catalog.datasets import wmca
from specaug.catalog.layout import Evidence, Fields, Layout, Reading, View, explain
from specaug.catalog.tree import Skipped, is_media, without_suffix
from specaug.catalog.vocabulary import attack_pai
from specaug.errors import CatalogError
from specaug.records import Source, Split

NAME = "hq-wmca"
DEFAULT = "grand_test-curated"
KINDS = (
    "Flexiblemask",
    "Glasses",
    "Makeup",
    "Mannequin",
    "Papermask",
    "Print",
    "Rigidmask",
    "Tattoo",
    "Replay",
)
PROTOCOLS = (DEFAULT, *(f"LOO_{kind}" for kind in KINDS))
SPLITS: dict[str, Split] = {"train": "train", "dev": "dev", "eval": "test"}
PAI = {
    "flexiblemask": "mask/flexible",
    "glasses": "partial/glasses",
    "makeup": "makeup",
    "mannequin": "mask/mannequin",
    "papermask": "mask/paper",
    "print": "print",
    "rigidmask": "mask/rigid",
    "tattoo": "makeup/tattoo",
    "replay": "replay",
}
_DIGITS = 10
"""Of a label; Python refuses to convert numbers with thousands of them."""
_LIST = re.compile(r"(?:.*/)?PROTOCOL-(.+)\.csv")
_SUBJECT = re.compile(wmca.PATTERN)


def _lists(view: View) -> dict[str, str]:
    """Protocol to the list in RAW."""
    found = ((_LIST.fullmatch(plain), path) for plain, path in view.others.items())
    return {match[1]: path for match, path in found if match}


def named(view: View) -> Evidence:
    """The lists in the tree."""
    lists = sorted(_lists(view).values())
    return Evidence(len(view.tree.files), lists[0]) if lists else Evidence(0, "")


def read(view: View, protocol: str | None) -> Reading:
    """What the list of a protocol names, by default that of ``grand_test-curated``.

    Raises
    ------
    CatalogError
        The protocol is unknown, its list is not there, or a line is broken.
    """
    LAYOUT.check_protocol(protocol)
    protocol = protocol or DEFAULT
    lists = _lists(view)
    if protocol not in lists:
        raise CatalogError(
            f"protocol: {NAME} needs PROTOCOL-{protocol}.csv, RAW has {', '.join(sorted(lists)) or 'no such list'}"
        )
    by_name = _names(view)
    reading = Reading()
    used: set[str] = set()
    for place, name, fields in _rows(view, lists[protocol]):
        path = by_name.get(name) or by_name.get(PurePosixPath(name).name)
        if path is None:
            reading.missing.append(name)
        elif path in used:
            raise CatalogError(f"{place}: {name!r} is listed already")
        else:
            used.add(path)
            reading.sources.append(Source(path, dataset=NAME, kind=view.tree.kind(path), **fields))
    reading.skipped = [Skipped(p, f"not in {lists[protocol]}") for p in view.tree.files if p not in used]
    return explain(reading, view, {_LIST.pattern: "list of a protocol"})


def _names(view: View) -> dict[str, str]:
    """Name without the ending of HDF5, with its folders and alone, to path in RAW; what is not unique is left out."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name, path in view.names:
        for key in {name, PurePosixPath(name).name}:
            twice |= {key} & found.keys()
            found[key] = path
    return {key: path for key, path in found.items() if key not in twice}


def _rows(view: View, path: str) -> Iterator[tuple[str, str, Fields]]:
    """(place, plain name, fields of the source) of each line."""
    for line, text in view.lines(path):
        place = f"{path}, line {line}"
        try:
            (row,) = csv.reader([text], skipinitialspace=True)
        except csv.Error as error:
            raise CatalogError(f"{place}: expected fields with commas between them: {error}") from error
        is_label = len(row) > 3 and row[1].isdecimal() and len(row[1]) < _DIGITS
        if line == 1 and not is_label and row[-1] not in SPLITS:
            continue  # names of columns
        if not is_label or row[-1] not in SPLITS:
            raise CatalogError(
                f"{place}: expected path, 0 or a number, attack/<kind>, …, train, dev or eval, got {text!r}"
            )
        name = row[0].strip("/")
        name = without_suffix(name) if is_media(name) else name
        subject = _SUBJECT.fullmatch(PurePosixPath(name).name)
        live = int(row[1]) == 0
        kind = row[2].rpartition("/")[2].lower()
        yield (
            place,
            name,
            {
                "label": "bonafide" if live else "attack",
                "pai": "none" if live else PAI.get(kind, attack_pai(kind)),
                "subject": subject[1] if subject else None,
                "session": subject[2] if subject else None,
                "split": SPLITS[row[-1]],
            },
        )


LAYOUT = Layout(
    name=NAME,
    expects="PROTOCOL-{name}.csv, and the recordings that it names",
    pattern=None,
    read=read,
    kinds=("hdf5", "video", "frames"),
    named=named,
    protocols=PROTOCOLS,
)
