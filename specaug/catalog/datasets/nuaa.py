"""NUAA: photos of clients and of their prints, three versions of each, equal names in both classes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specaug.catalog.layout import Fields, Layout, Reading, View, choose, explain, read_names
from specaug.catalog.tree import without_suffix
from specaug.errors import CatalogError
from specaug.records import Split

NAME = "nuaa"
VERSIONS = {
    "raw": ("raw/ClientRaw", "raw/ImposterRaw"),
    "face": ("Detectedface/ClientFace", "Detectedface/ImposterFace"),
    "normalized": ("NormalizedFace/ClientNormalized", "NormalizedFace/ImposterNormalized"),
}
"""Protocol to the folders of both classes."""
_CLASSES = ("client", "imposter")
_LIST = r"(?:.*/)?(client|imposter)_(train|test)_(raw|face|normalized)\.txt"


def parse(match: re.Match[str]) -> Fields | str:
    """Class from the folder, subject from the name; a client is live, an imposter a print."""
    kind, outer, subject = match.groups()
    if outer and outer != subject:
        return f"not understood: subject {subject} in the folder of {outer}"
    live = kind == "Client"
    return {"label": "bonafide" if live else "attack", "pai": "none" if live else "print", "subject": subject}


def read(view: View, protocol: str | None) -> Reading:
    """One version of the photos, with the splits of its lists; by default the first that is there.

    Raises
    ------
    CatalogError
        The protocol is unknown, or a list is broken.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    explain(reading, view, {_LIST: "list of a split"})
    names = {source.path: view.plain(without_suffix(source.path)) for source in reading.sources}
    version = protocol or next((v for v in VERSIONS if any(_is(n, v) for n in names.values())), "raw")
    other = f"another version of the photos; {version} is used (--protocol)"
    choose(reading, lambda s: s.split if _is(names[s.path], version) else None, why=other)
    splits = _listed(view, version, reading)
    if not splits:
        reading.notes.append(f"{NAME}: RAW has no list {_CLASSES[0]}_train_{version}.txt: all is 'train'.")
        return reading
    present = set(names.values())
    reading.missing += [name for name in splits if name not in present]
    return choose(reading, lambda s: splits.get(names[s.path]), why="in no list of its version")


def _is(name: str, version: str) -> bool:
    """Whether a plain name is one of a version."""
    return name.startswith(tuple(f"{folder}/" for folder in VERSIONS[version]))


def _listed(view: View, version: str, reading: Reading) -> dict[str, Split]:
    """Plain name to split, from the four lists of a version; empty where there are none."""
    found: dict[str, Split] = {}
    lists: set[tuple[str, str]] = set()
    for plain, path in view.others.items():
        match = re.fullmatch(_LIST, plain)
        if match is None or match[3] != version:
            continue
        lists.add((match[1], match[2]))
        folder = VERSIONS[version][_CLASSES.index(match[1])]
        split: Split = "train" if match[2] == "train" else "test"
        for place, name in _names(view, path):
            if found.setdefault(f"{folder}/{name}", split) != split:
                raise CatalogError(f"{place}: {name!r} is in a list of train and of test")
    absent = [(a, b) for a in _CLASSES for b in ("train", "test") if (a, b) not in lists]
    if lists and absent:
        names = ", ".join(f"{a}_{b}_{version}.txt" for a, b in absent)
        reading.notes.append(f"{NAME}: {names} not there: photos that only they would name are skipped.")
    return found


def _names(view: View, path: str) -> Iterator[tuple[str, str]]:
    """(place, name without ending, relative to the folder of its class) of each line."""
    for line, text in view.lines(path):
        # Lines may hold backslashes, and more behind the name.
        match = re.match(r"(.+?)\.(?:jpe?g|bmp|png)", text.replace("\\", "/"), re.IGNORECASE)
        if match is None:
            raise CatalogError(f"{path}, line {line}: expected the path of a photo, got {text!r}")
        yield f"{path}, line {line}", match[1].removeprefix("./")


LAYOUT = Layout(
    name=NAME,
    expects="raw/{ClientRaw,ImposterRaw}/{subject}/{subject}_….jpg (or Detectedface, NormalizedFace)",
    pattern=re.compile(
        r"(?:raw/(?=\w+Raw/)|Detectedface/(?=\w+Face/)|NormalizedFace/(?=\w+Normalized/))"
        r"(Client|Imposter)(?:Raw|Face|Normalized)/(?:(\d{4})/)?(\d{4})_\d{2}_\d{2}_\d{2}_\d+"
    ),
    read=read,
    kinds=("image",),
    anchors=("raw", "Detectedface", "NormalizedFace"),
    protocols=tuple(VERSIONS),
)
