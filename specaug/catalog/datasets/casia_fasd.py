"""CASIA-FASD (CASIA-MFSD): twelve videos a subject, class and quality in the number."""

from __future__ import annotations

import re

from specaug.catalog.counts import Counts, compare, note_missing
from specaug.catalog.layout import Fields, Layout, Reading, View, add_sidecars, choose, read_names
from specaug.catalog.tree import without_suffix
from specaug.records import Source, Split

NAME = "casia-fasd"
SUBJECTS = {"train": 20, "test": 30}
PAI = {
    "none": ("1", "2", "HR_1"),
    "print/warped": ("3", "4", "HR_2"),
    "print/cut": ("5", "6", "HR_3"),
    "replay": ("7", "8", "HR_4"),
}
"""Species to its three videos."""
QUALITIES = {"low": "2468", "normal": "1357"}
PROTOCOLS = ("low", "normal", "high", "warped", "cut", "video", "overall")
"""The seven scenarios of the paper: three of quality, three of attack, all."""
_PAI = {stem: pai for pai, stems in PAI.items() for stem in stems}
_ATTACKS = {"warped": "print/warped", "cut": "print/cut", "video": "replay"}


def parse(match: re.Match[str]) -> Fields | str:
    """Subjects of test are numbered from 21 on, since they restart at 1 on disk."""
    folder, number, stem = match.groups()
    if not 1 <= int(number) <= SUBJECTS[folder]:
        return f"not understood: {folder}_release has subjects 1 to {SUBJECTS[folder]}, not {number}"
    pai = _PAI[stem]
    return {
        "label": "bonafide" if pai == "none" else "attack",
        "pai": pai,
        "subject": str(int(number) + (SUBJECTS["train"] if folder == "test" else 0)),
        "session": stem,
        "device": next((name for name, stems in QUALITIES.items() if stem in stems), "high"),
        "split": folder,
    }


def read(view: View, protocol: str | None) -> Reading:
    """All videos with their folder's split, or those of a scenario.

    Raises
    ------
    CatalogError
        The protocol is unknown.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    add_sidecars(reading, view, lambda name: [f"{name}.face"], what="face boxes")
    if protocol in (None, "overall"):
        names = [
            f"{folder}_release/{number}/{stem}"
            for folder, last in SUBJECTS.items()
            for number in range(1, last + 1)
            for stem in _PAI
        ]
        note_missing(reading, names, (view.plain(without_suffix(s.path)) for s in reading.sources))
        return compare(reading, _counts(3, 9), title=NAME)
    choose(reading, lambda source: _split_of(source, str(protocol)), why=f"not in protocol {protocol}")
    expected = _counts(3, 3) if protocol in _ATTACKS else _counts(1, 3)
    return compare(reading, expected, title=f"{NAME}, protocol {protocol}")


def _counts(live: int, attack: int) -> Counts:
    """Counts from videos a subject."""
    return {"train": (20 * live, 20 * attack), "test": (30 * live, 30 * attack)}


def _split_of(source: Source, protocol: str) -> Split | None:
    if protocol in _ATTACKS:
        return source.split if source.pai in ("none", _ATTACKS[protocol]) else None
    return source.split if source.device == protocol else None


LAYOUT = Layout(
    name=NAME,
    expects="{train,test}_release/{subject}/{1..8,HR_1..HR_4}.avi",
    pattern=re.compile(r"(train|test)_release/(\d{1,2})/([1-8]|HR_[1-4])"),
    read=read,
    anchors=("train_release", "test_release"),
    protocols=PROTOCOLS,
)
