"""All layouts by name, and which of them a tree is."""

from __future__ import annotations

from dataclasses import replace

from specaug.catalog import csv_list, folders
from specaug.catalog.datasets import (
    casia_fasd,
    casia_surf,
    celeba_spoof,
    hkbu_mars,
    hq_wmca,
    lcc_fasd,
    mad3d,
    msu_mfsd,
    nuaa,
    oulu_npu,
    replay_attack,
    replay_mobile,
    rose_youtu,
    siw,
    siw_m,
    synthaspoof,
    wmca,
)
from specaug.catalog.layout import Evidence, Layout, Reading, View
from specaug.catalog.tree import Tree
from specaug.catalog.vocabulary import meant
from specaug.checked_fields import did_you_mean
from specaug.errors import ArgumentError, CatalogError, NothingToDoError

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (
        oulu_npu,
        siw,
        siw_m,
        casia_fasd,
        replay_attack,
        replay_mobile,
        msu_mfsd,
        celeba_spoof,
        rose_youtu,
        mad3d,
        hkbu_mars,
        wmca,
        hq_wmca,
        nuaa,
        lcc_fasd,
        casia_surf,
        synthaspoof,
        folders,
        csv_list,
    )
}

_GENERAL = (folders.NAME, csv_list.NAME)

USEFUL_LAYOUTS = (
    f"Expected class folders, RAW/{folders.PATTERN}, such as RAW/train/attack/print/ann/1.mp4;\n"
    f"or a list RAW/{csv_list.FILE} with the columns path,label;\n"
    f"or a known data set: {', '.join(sorted(LAYOUTS.keys() - set(_GENERAL)))}. Then: specaug scan RAW"
)
"""What a message shows where nothing is recognised: first what files of one's own need, in three lines."""


def layout_of(tree: Tree, name: str) -> Layout:
    """The layout that was asked for, or with ``auto`` the only one that the tree can be.

    A list ``sources.csv`` decides. Else the names of files decide, where at least half of the media are those
    of one data set and none are those of another; plain class folders come last.

    Raises
    ------
    ArgumentError
        The layout is unknown.
    CatalogError
        The tree may be more than one; the message says what was seen.
    NothingToDoError
        No layout recognises it.
    """
    if name != "auto":
        if name not in LAYOUTS:
            told = f"layout: expected one of auto, {', '.join(LAYOUTS)}, got {name!r}"
            raise ArgumentError(told + did_you_mean(name, ("auto", *LAYOUTS)))
        return LAYOUTS[name]
    whole = View(tree)
    found = {key: known.evidence(known.view(tree, whole=whole)) for key, known in LAYOUTS.items()}
    found = {key: evidence for key, evidence in found.items() if evidence.count or evidence.first}
    if csv_list.NAME in found:
        return LAYOUTS[csv_list.NAME]
    sets = [key for key in found if key not in _GENERAL]
    if len(sets) > 1:
        raise _doubt(found, sets, tree)
    if not sets and folders.NAME not in found:
        raise _nothing(tree)
    if sets and folders.NAME in found and 2 * found[sets[0]].count < len(tree.files):
        raise _doubt(found, [*sets, folders.NAME], tree)
    return LAYOUTS[sets[0] if sets else folders.NAME]


def read_as(layout: Layout, tree: Tree, protocol: str | None, label_map: str | None) -> Reading:
    """What a layout makes of a tree.

    Raises
    ------
    ArgumentError
        `label_map` is given for a layout that has no list with labels.
    CatalogError
        As the layout's own reader.
    """
    if layout is csv_list.LAYOUT:
        return csv_list.read(layout.view(tree), protocol, label_map=label_map)
    if label_map is not None:
        raise ArgumentError(
            f"label_map: expected a list {csv_list.FILE} with labels that are numbers, got the layout {layout.name!r}"
        )
    return layout.read(layout.view(tree), protocol)


def _doubt(found: dict[str, Evidence], names: list[str], tree: Tree) -> CatalogError:
    seen = "; ".join(f"{name}: {found[name].count} files such as {found[name].first!a}" for name in names)
    return CatalogError(
        f"layout: RAW may be {' or '.join(names)} ({seen}; {len(tree.files)} media in all). "
        "Say which with --layout, or list several data sets in sources.toml."
    )


def _nothing(tree: Tree) -> NothingToDoError:
    if not (tree.files or tree.others or tree.broken):
        return NothingToDoError(
            "no usable input: RAW is empty; if it lies on a network drive, is that mounted?"
        )
    return NothingToDoError(f"no layout recognises RAW. {seen(tree)}\n{USEFUL_LAYOUTS}")


def seen(tree: Tree) -> str:
    """What lies in RAW, in one or two sentences."""
    tops = sorted({path.split("/")[0] + ("/" if "/" in path else "") for path in tree.files})
    shown = ", ".join(ascii(top) for top in tops[:6]) + (", …" if len(tops) > 6 else "")
    text = f"Seen: {len(tree.files)} photos and videos" + (f" in {shown}." if tops else ".")
    below = {top for top in tops if top.endswith("/") and _recognised_below(tree, top)}
    close = [(top, word) for top in tops if top.endswith("/") and (word := meant(top[:-1])) is not None]
    if close:
        text += f" The folder {close[0][0]!a}: did you mean {close[0][1]!r}?"
    if below:
        text += f" The folder {min(below)!a} would be understood if it were given as RAW."
    return text


def _recognised_below(tree: Tree, top: str) -> bool:
    inner = replace(tree, files=tuple(path[len(top) :] for path in tree.files if path.startswith(top)))
    return bool(folders.LAYOUT.evidence(folders.LAYOUT.view(inner)).count)
