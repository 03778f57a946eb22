"""SiW-M v2: a folder for each of 14 kinds of attack, no subjects in the names, one protocol given by lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from specaug.catalog.counts import note_missing
from specaug.catalog.layout import Fields, Layout, Reading, View, choose, explain, read_names
from specaug.catalog.tree import without_suffix
from specaug.errors import CatalogError
from specaug.records import Split

NAME = "siw-m"
LIVE_VIDEOS = 785
KINDS: dict[str, tuple[str, str, int]] = {
    "Makeup_Cosmetic": ("Makeup_Co", "makeup/cosmetic", 52),
    "Makeup_Impersonation": ("Makeup_Im", "makeup/impersonation", 61),
    "Makeup_Obfuscation": ("Makeup_Ob", "makeup/obfuscation", 22),
    "Mannequin": ("Mask_Mann", "mask/mannequin", 40),
    "Mask_MannequinHead": ("Mask_Mann", "mask/mannequin", 40),
    "Silicone": ("Mask_Silicone", "mask/silicone", 17),
    "Mask_SiliconeMask": ("Mask_Silicone", "mask/silicone", 17),
    "Paper": ("Paper", "print", 135),
    "Replay": ("Replay", "replay", 98),
    "Partial_FunnyeyeGlasses": ("Partial_Funnyeye", "partial/funnyeye_glasses", 179),
    "Partial_PaperGlasses": ("Partial_Paperglass", "partial/paper_glasses", 76),
    "Partial_Eye": ("Partial_Eye", "partial/eye", 57),
    "Partial_Mouth": ("Partial_Mouth", "partial/mouth", 29),
    "Mask_HalfMask": ("Mask_Half", "mask/half", 72),
    "Mask_PaperMask": ("Mask_Paper", "mask/paper", 17),
    "Mask_TransparentMask": ("Mask_Trans", "mask/transparent", 60),
}
"""Folder to start of the names in it, species, and videos in the copy that was counted."""
_LISTS = r"(?:.*/)?(train|test)list_(live|all)\.txt"


def parse(match: re.Match[str]) -> Fields | str:
    """Class and species from the folder. The number is no subject."""
    split, live, folder, start, number = match.groups()
    if live:
        return {"label": "bonafide", "split": "test" if split == "Test" else "train"}
    if folder not in KINDS:
        return f"not understood: {folder} is no kind of attack of {NAME}"
    expected, pai, _ = KINDS[folder]
    if start != expected:
        return f"not understood: names in {folder} start with {expected}_, not {start}_{number}"
    return {"label": "attack", "pai": pai, "split": "train"}


def read(view: View, protocol: str | None) -> Reading:
    """All videos, or those of protocol 3 with the splits of its lists.

    Raises
    ------
    CatalogError
        The protocol is unknown, or its lists are not there or contradict each other.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    explain(reading, view, {_LISTS: "list of protocol 3"})
    stems = {PurePosixPath(without_suffix(source.path)).name: source.path for source in reading.sources}
    if protocol is None:
        _compare(reading, stems)
        return reading
    splits = _listed(view)
    note_missing(reading, splits, stems)
    by_path = {stems[stem]: split for stem, split in splits.items() if stem in stems}
    return choose(reading, lambda source: by_path.get(source.path), why=f"not in protocol {protocol}")


def _compare(reading: Reading, stems: dict[str, str]) -> None:
    """Name the kinds of which fewer videos are there than were counted."""
    expected = {"Live": LIVE_VIDEOS} | {start: number for start, _, number in KINDS.values()}
    found = {start: sum(stem.rpartition("_")[0] == start for stem in stems) for start in expected}
    short = [f"{start} {found[start]} of {n}" for start, n in expected.items() if found[start] < n]
    if short:
        reading.notes.append(f"{NAME} is not complete, as counted in one copy: {', '.join(short)}.")
    elif found == expected:
        reading.notes.append(f"{NAME} is complete: {sum(found.values())} videos, as in the copy counted.")


def _listed(view: View) -> dict[str, Split]:
    """Stem to split; stems that a list repeats to balance classes count once."""
    splits: dict[str, Split] = {}
    lists: set[tuple[str, str]] = set()
    for plain, path in view.others.items():
        if (match := re.fullmatch(_LISTS, plain)) is None:
            continue
        lists.add((match[1], match[2]))
        split: Split = "train" if match[1] == "train" else "test"
        for line, stem in view.lines(path):
            if splits.setdefault(stem, split) != split:
                raise CatalogError(f"{path}, line {line}: {stem!r} is in a list of {splits[stem]} already")
    absent = [f"{a}list_{b}.txt" for a, b in _all_lists() if (a, b) not in lists]
    if absent:
        raise CatalogError(f"protocol: protocol 3 of {NAME} needs {', '.join(absent)} somewhere in RAW")
    return splits


def _all_lists() -> Iterator[tuple[str, str]]:
    return ((split, kind) for split in ("train", "test") for kind in ("live", "all"))


LAYOUT = Layout(
    name=NAME,
    expects="Live/Live_{number}.mov, Spoof/{kind}/{start of kind}_{number}.mov",
    pattern=re.compile(r"Live/(?:(Train|Test)/)?(Live)_\d+|Spoof/([^/]+)/([A-Za-z_]+)_(\d+)"),
    read=read,
    anchors=("Live", "Spoof"),
    protocols=("3",),
)
