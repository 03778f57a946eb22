"""SiW (Spoof in the Wild): subject, sensor, type, medium and session in the name; three protocols."""

from __future__ import annotations

import re
from dataclasses import replace

from specaug.catalog.counts import Counts, compare
from specaug.catalog.layout import Fields, Layout, Reading, View, choose, explain, read_names
from specaug.records import Source, Split

NAME = "siw"
TYPES = {"1": "live", "2": "print", "3": "replay"}
MEDIA = {"1": "1234", "2": "12", "3": "1234"}
"""Type to its media; of a live video, medium and session tell the condition of recording."""
LAST_SUBJECT = 165
FIRST_FRAMES = 60
"""Protocol 1 trains on so many frames of each video."""
PROTOCOLS = ("1", "2_1", "2_2", "2_3", "2_4", "3_1", "3_2")
_COUNTS: Counts = {"train": (636 + 78, 1504 + 198), "test": (599, 1454)}
"""Videos in Idiap's lists, which take ten subjects of train for a dev split."""


def parse(match: re.Match[str]) -> Fields | str:
    """Split and class from the folders, the rest from the name; both have to agree."""
    folder, kind, outer, subject, sensor, number, medium, session = match.groups()
    if outer != subject or not 1 <= int(subject) <= LAST_SUBJECT:
        return f"not understood: subject {subject} in the folder of {outer}, of 001 to {LAST_SUBJECT}"
    species = TYPES[number]
    if (species == "live") != (kind == "live"):
        return f"not understood: type {number} is {species}, the folder is {kind}"
    if medium not in MEDIA[number]:
        return f"not understood: {species} has the media {', '.join(MEDIA[number])}, not {medium}"
    live = species == "live"
    return {
        "label": "bonafide" if live else "attack",
        "pai": "none" if live else f"{species}/{medium}",
        "subject": subject,
        "session": f"{medium}-{session}" if live else session,
        "device": sensor,
        "split": "train" if folder == "Train" else "test",
    }


def _split_of(source: Source, protocol: str) -> Split | None:
    """The split of a source in protocol 2 or 3, or None."""
    number, _, fold = protocol.partition("_")
    test = source.split == "test"
    if source.label == "bonafide":
        return source.split
    if number == "2":
        unseen = source.pai == f"replay/{fold}"
        return source.split if source.pai.startswith("replay") and unseen == test else None
    train_on = "print" if fold == "1" else "replay"
    return source.split if source.pai.startswith(train_on) != test else None


def read(view: View, protocol: str | None) -> Reading:
    """All videos with their folder's split, or those of a protocol.

    1: all, of train only the first 60 frames. 2_k: replay medium k is tested, the other three are trained on.
    3_1: print is trained on and replay tested; 3_2 the other way round.

    Raises
    ------
    CatalogError
        The protocol is unknown.
    """
    LAYOUT.check_protocol(protocol)
    reading = explain(read_names(view, LAYOUT, parse), view, {r".*\.face": "face boxes of an unknown format"})
    if protocol not in (None, "1"):
        return choose(
            reading, lambda source: _split_of(source, str(protocol)), why=f"not in protocol {protocol}"
        )
    if protocol == "1":
        reading.sources = [
            replace(s, first_frames=FIRST_FRAMES) if s.split == "train" else s for s in reading.sources
        ]
    return compare(reading, _COUNTS, title=NAME if protocol is None else f"{NAME}, protocol 1")


LAYOUT = Layout(
    name=NAME,
    expects="{Train,Test}/{live,spoof}/{subject}/{subject}-{sensor}-{type}-{medium}-{session}.mov",
    # The names of sixteen live videos end in ".m" before their ending.
    pattern=re.compile(r"(Train|Test)/(live|spoof)/(\d{3})/(\d{3})-([12])-([123])-([1-4])-([12])(?:\.m)?"),
    read=read,
    anchors=("Train", "Test"),
    protocols=PROTOCOLS,
)
