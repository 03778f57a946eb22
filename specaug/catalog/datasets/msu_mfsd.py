"""MSU-MFSD: splits by lists of clients, six live videos that are upside down."""

from __future__ import annotations

import re

from specaug.catalog.counts import compare, note_missing
from specaug.catalog.layout import Fields, Layout, Reading, View, choose, explain, read_names
from specaug.catalog.tree import without_suffix
from specaug.errors import CatalogError
from specaug.records import Split

NAME = "msu-mfsd"
CLIENTS: dict[Split, tuple[int, ...]] = {
    "train": (2, 3, 5, 6, 7, 8, 9, 11, 12, 21, 22, 34, 53, 54, 55),
    "test": (1, 13, 14, 23, 24, 26, 28, 29, 30, 32, 33, 35, 36, 37, 39, 42, 48, 49, 50, 51),
}
PAI = {"ipad_video": "replay/ipad", "iphone_video": "replay/iphone", "printed_photo": "print"}
UPSIDE_DOWN = frozenset(f"real_client{n:03}_android_SD_scene01" for n in (3, 5, 6, 7, 8, 9))


def parse(match: re.Match[str]) -> Fields | str:
    """Client, camera and attack; the split comes from the lists."""
    folder, stem, kind, client, camera, attack = match.groups()
    if folder != kind or (attack is None) != (kind == "real"):
        return f"not understood: {stem} in the folder {folder}"
    return {
        "label": "bonafide" if kind == "real" else "attack",
        "pai": PAI[attack] if attack else "none",
        "subject": client,
        "session": "scene01",
        "device": camera,
        "turn": "180" if stem in UPSIDE_DOWN else "none",
    }


def read(view: View, protocol: str | None) -> Reading:
    """All videos of the clients in the lists; the published ones where RAW has no lists.

    Raises
    ------
    CatalogError
        A protocol is asked for, or a list is broken.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    explain(
        reading,
        view,
        {r"(?:train|test)_sub_list\.txt": "list of clients", r".*\.face": "face boxes beside a video"},
    )
    splits = _splits(view)
    strangers = {s.path: s.subject for s in reading.sources if int(s.subject or 0) not in splits}
    reading = choose(reading, lambda s: splits.get(int(s.subject or 0)), why="its client is in no list")
    if not strangers:
        note_missing(reading, _names(), (_scene(view.plain(without_suffix(s.path))) for s in reading.sources))
    return compare(reading, {"train": (30, 90), "test": (40, 120)}, title=NAME)


def _scene(name: str) -> str:
    """The name with the folder that some copies leave out."""
    return name if name.startswith("scene01/") else f"scene01/{name}"


def _names() -> list[str]:
    """Plain names, without ending, of all 280 videos."""
    return [
        f"scene01/{kind}/{kind}_client{client:03}_{camera}_SD_{attack}scene01"
        for clients in CLIENTS.values()
        for client in clients
        for camera in ("android", "laptop")
        for kind, attack in (("real", ""), *(("attack", f"{attack}_") for attack in PAI))
    ]


def _splits(view: View) -> dict[int, Split]:
    """Client to split. Names have three digits and lists two, so numbers are compared."""
    found: dict[int, Split] = {}
    for split, clients in CLIENTS.items():
        plain = f"{split}_sub_list.txt"
        numbers = [(f"{plain}, published", n) for n in clients]
        if plain in view.others:
            numbers = [
                (f"{view.others[plain]}, line {line}", _number(text, f"{view.others[plain]}, line {line}"))
                for line, text in view.lines(view.others[plain])
            ]
        for place, number in numbers:
            if found.setdefault(number, split) != split:
                raise CatalogError(f"{place}: client {number} is in {found[number]} already")
    return found


def _number(text: str, place: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise CatalogError(f"{place}: expected the number of a client, got {text[:60]!r}")
    return int(text)


LAYOUT = Layout(
    name=NAME,
    expects="scene01/{real,attack}/{real,attack}_client{N}_{android,laptop}_SD_….{mp4,mov}",
    pattern=re.compile(
        r"(?:scene01/)?(real|attack)/"
        r"((real|attack)_client(\d{3})_(android|laptop)_SD_(?:(ipad_video|iphone_video|printed_photo)_)?scene01)"
    ),
    read=read,
    anchors=("scene01", "real", "attack", "train_sub_list.txt", "test_sub_list.txt"),
)
