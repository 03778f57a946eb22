"""OULU-NPU: phones, sessions and files in the name; four protocols, two of them in six folds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specaug.catalog.counts import Counts, compare, note_missing
from specaug.catalog.layout import Fields, Layout, Reading, View, add_sidecars, choose, explain, read_names
from specaug.catalog.tree import without_suffix
from specaug.errors import CatalogError
from specaug.records import Split

NAME = "oulu-npu"
FOLDERS: dict[str, Split] = {"Train": "train", "Dev": "dev", "Test": "test"}
USERS: dict[Split, range] = {"train": range(1, 21), "dev": range(21, 36), "test": range(36, 56)}
PAI = {"1": "none", "2": "print/1", "3": "print/2", "4": "replay/1", "5": "replay/2"}
"""Last number of the name to species."""
FOLDS = "123456"
PROTOCOLS = ("1", "2", *(f"3_{i}" for i in FOLDS), *(f"4_{i}" for i in FOLDS))
_COUNTS: dict[str, Counts] = {
    "": {"train": (360, 1440), "dev": (270, 1080), "test": (360, 1440)},
    "1": {"train": (240, 960), "dev": (180, 720), "test": (120, 480)},
    "2": {"train": (360, 720), "dev": (270, 540), "test": (360, 720)},
    "3": {"train": (300, 1200), "dev": (225, 900), "test": (60, 240)},
    "4": {"train": (200, 400), "dev": (150, 300), "test": (20, 40)},
}
_LINE = re.compile(r"([+-]?\d+)\s*,\s*(\S+)")
_LABELS = {"1": "live", "-1": "print", "-2": "replay"}


def parse(match: re.Match[str]) -> Fields | str:
    """Phone, session, user and kind of file."""
    folder, phone, session, user, number = match.groups()
    split = FOLDERS[folder]
    if int(user) not in USERS[split]:
        return f"not understood: user {user} does not belong into {folder}_files"
    pai = PAI[number]
    return {
        "label": "bonafide" if pai == "none" else "attack",
        "pai": pai,
        "subject": user,
        "session": session,
        "device": phone,
        "split": split,
    }


def uses(protocol: str, *, test: bool, phone: str, session: str, file: str) -> bool:
    """Whether a protocol uses a video, by the numbers in its name.

    Examples
    --------
    >>> uses("1", test=True, phone="1", session="3", file="2"), uses("3_2", test=True, phone="1", session="3", file="2")
    (True, False)
    """
    number, _, fold = protocol.partition("_")
    if number in "14" and (session == "3") != test:
        return False
    if number in "24" and file in ("24" if test else "35"):
        return False
    return not fold or (phone == fold) == test


def names(protocol: str | None = None) -> Iterator[str]:
    """Plain names, without ending, of all videos of the data set, or of a protocol."""
    for folder, split in FOLDERS.items():
        test = split == "test"
        numbers = [
            (phone, session, file)
            for phone in FOLDS
            for session in "123"
            for file in PAI
            if protocol is None or uses(protocol, test=test, phone=phone, session=session, file=file)
        ]
        for user in USERS[split]:
            for phone, session, file in numbers:
                yield f"{folder}_files/{phone}_{session}_{user:02}_{file}"


def read(view: View, protocol: str | None) -> Reading:
    """All videos with their folder's split, or those of a protocol.

    Raises
    ------
    CatalogError
        The protocol is unknown, or a line of its lists contradicts the names.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    add_sidecars(reading, view, lambda name: [f"{name}.txt"], what="eye positions", box_format="eyes")
    explain(reading, view, {r"Protocols/.*\.txt": "list of a protocol"})
    present = {view.plain(without_suffix(source.path)): source for source in reading.sources}
    if protocol is None:
        note_missing(reading, names(), present)
        return compare(reading, _COUNTS[""], title=NAME)
    wanted = {name for split in FOLDERS for name in _wanted(view, protocol, split, reading)}
    note_missing(reading, sorted(wanted), present)
    used = {present[name].path for name in wanted & present.keys()}
    choose(
        reading,
        lambda source: source.split if source.path in used else None,
        why=f"not in protocol {protocol}",
    )
    return compare(reading, _COUNTS[protocol[0]], title=f"{NAME}, protocol {protocol}")


def _wanted(view: View, protocol: str, folder: str, reading: Reading) -> set[str]:
    """Names that a protocol uses in one split: by its list, or by the rule where the list is not there."""
    number, _, fold = protocol.partition("_")
    plain = f"Protocols/Protocol_{number}/{folder}{'_' * bool(fold)}{fold}.txt"
    if plain in view.others:
        return set(_listed(view, view.others[plain], folder))
    reading.notes.append(f"{NAME}: {plain} is not there; what it lists follows from phone, session and file.")
    return {name for name in names(protocol) if name.startswith(f"{folder}_files/")}


def _listed(view: View, path: str, folder: str) -> Iterator[str]:
    """Plain names of the videos in a list; each label is checked against the name."""
    for line, text in view.lines(path):
        match = _LINE.fullmatch(text)
        if match is None or match[1].lstrip("+") not in _LABELS:
            raise CatalogError(
                f"{path}, line {line}: expected a label of +1, -1, -2 and a name, got {text!r}"
            )
        name = f"{folder}_files/{match[2]}"
        known = LAYOUT.pattern and LAYOUT.pattern.fullmatch(name)
        fields = parse(known) if known else f"no name of {NAME}"
        if isinstance(fields, str):
            raise CatalogError(f"{path}, line {line}: {match[2]!r}: {fields}")
        label, pai = _LABELS[match[1].lstrip("+")], fields["pai"]
        # -1 is any attack in train and dev, and print alone in test.
        if (label == "live") != (pai == "none") or (folder == "Test" and not pai.startswith((label, "none"))):
            raise CatalogError(
                f"{path}, line {line}: label {match[1]} contradicts the name, which says {pai!r}"
            )
        yield name


LAYOUT = Layout(
    name=NAME,
    expects="{Train,Dev,Test}_files/{phone}_{session}_{user}_{file}.avi",
    pattern=re.compile(r"(Train|Dev|Test)_files/([1-6])_([1-3])_(\d{2})_([1-5])"),
    read=read,
    anchors=("Train_files", "Dev_files", "Test_files", "Protocols"),
    protocols=PROTOCOLS,
)
