"""CASIA-SURF: lists of colour, infrared and depth pictures; the colour picture is the source."""

from __future__ import annotations

from collections.abc import Iterator

from specaug.catalog.layout import Evidence, Layout, Reading, View, explain
from specaug.catalog.tree import Skipped, is_media
from specaug.errors import CatalogError
from specaug.records import Source, Split

NAME = "casia-surf"
LISTS: dict[str, Split] = {"train_list": "train", "val_private_list": "dev", "test_private_list": "test"}
_LABELS = {"1": "bonafide", "0": "attack"}


def _lists(view: View) -> dict[str, Split]:
    """Path in RAW of each list to its split."""
    return {view.others[f"{name}.txt"]: s for name, s in LISTS.items() if f"{name}.txt" in view.others}


def _row(text: str) -> list[str] | None:
    """Colour, infrared, depth, label; None where a line is something else."""
    row = text.split()
    return row if len(row) == 4 and row[3] in _LABELS and all(map(is_media, row[:3])) else None


def named(view: View) -> Evidence:
    """The lists whose lines have the form of this data set, and how many files they name."""
    lists = [path for path in _lists(view) if all(map(_row, (text for _, text in view.lines(path))))]
    named = sum(1 for path in lists for _ in view.lines(path))
    return Evidence(min(3 * named, len(view.tree.files)), lists[0] if named else "")


def read(view: View, protocol: str | None) -> Reading:
    """Every colour picture that a list names; 1 is live, 0 an attack.

    Raises
    ------
    CatalogError
        A protocol is asked for, there is no list, or a line is broken.
    """
    LAYOUT.check_protocol(protocol)
    lists = _lists(view)
    if not lists:
        raise CatalogError(f"{NAME}: expected {', '.join(f'{name}.txt' for name in LISTS)} in RAW, got none")
    reading = Reading()
    present = {view.plain(path): path for path in view.tree.files}
    roles: dict[str, str] = {}
    for place, row, split in _rows(view, lists):
        color = row[0].removeprefix("./")
        for name in row[1:3]:  # a picture that any row has for its colour stays one
            roles.setdefault(present.get(name.removeprefix("./"), ""), "")
        if color not in present:
            reading.missing.append(color)
            continue
        if roles.get(present[color]) == "color":
            raise CatalogError(f"{place}: {color!r} is listed already")
        roles[present[color]] = "color"
        live = row[3] == "1"
        # All attacks of the data set are printed on paper.
        reading.sources.append(
            Source(
                present[color],
                "bonafide" if live else "attack",
                pai="none" if live else "print",
                dataset=NAME,
                split=split,
                kind=view.tree.kind(present[color]),
            )
        )
    reading.skipped = [
        Skipped(path, "infrared or depth of a colour picture" if path in roles else "in no list")
        for path in view.tree.files
        if roles.get(path) != "color"
    ]
    return explain(reading, view, {rf"(?:{'|'.join(LISTS)})\.txt": "list of a split"})


def _rows(view: View, lists: dict[str, Split]) -> Iterator[tuple[str, list[str], Split]]:
    """(place, row, split) of every line."""
    for path, split in lists.items():
        for line, text in view.lines(path):
            row = _row(text)
            if row is None:
                raise CatalogError(f"{path}, line {line}: expected colour infrared depth 0|1, got {text!r}")
            yield f"{path}, line {line}", row, split


LAYOUT = Layout(
    name=NAME,
    expects="{train_list,val_private_list,test_private_list}.txt with lines 'color ir depth label'",
    pattern=None,
    read=read,
    kinds=("image",),
    anchors=tuple(f"{name}.txt" for name in LISTS),
    named=named,
)
