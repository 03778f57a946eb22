"""Replay-Mobile: the support is in the name, clients have fixed groups, files may lie on their side."""

from __future__ import annotations

import re

from specaug.catalog.counts import compare
from specaug.catalog.layout import Fields, Layout, Reading, View, add_sidecars, choose, explain, read_names
from specaug.records import Split

NAME = "replay-mobile"
SPLITS: dict[str, Split] = {"train": "train", "devel": "dev", "test": "test"}
_TRAIN = frozenset((1, 3, 8, 11, 12, 16, 18, 20, 26, 34, 37, 38))
_DEVEL = frozenset((5, 6, 13, 14, 15, 23, 24, 25, 28, 29, 31, 32, 35, 36, 39, 40))
CLIENTS = {"train": _TRAIN, "devel": _DEVEL, "test": frozenset(range(1, 41)) - _TRAIN - _DEVEL}
PROTOCOLS = ("grandtest", "mattescreen", "print")


def parse(match: re.Match[str]) -> Fields | str:
    """Client, device, medium, support, light."""
    found = match.groupdict()
    if found["enroll"]:
        return "enrolment clip, which is not used for PAD"
    group, client = found["group"], found["real"] or found["client"]
    if int(client) not in CLIENTS[group]:
        return f"not understood: client {client} does not belong into {group}"
    # Whether a file lies on its side depends on its device and on what its container says; the published
    # fixes were made for other decoders, so each file is looked at.
    fields: Fields = {"subject": client, "split": SPLITS[group], "turn": "look"}
    if found["real"]:
        return fields | {"label": "bonafide", "session": found["real_light"], "device": found["real_device"]}
    screen = found["species"] == "mattescreen"
    if not screen and found["medium"] != "photo":
        return f"not understood: a print shows a photo, not a {found['medium']}"
    return fields | {
        "label": "attack",
        "pai": f"replay/mattescreen_{found['medium']}" if screen else "print",
        "session": f"{found['support']}_{found['light']}",
        "device": found["device"],
    }


def read(view: View, protocol: str | None) -> Reading:
    """All videos with their folder's split, or those of a protocol.

    Raises
    ------
    CatalogError
        The protocol is unknown.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    add_sidecars(reading, view, lambda name: [f"{name}.face"], what="face boxes")
    explain(reading, view, {r"protocols/.*": "list of a protocol"})
    if protocol in ("mattescreen", "print"):
        start = "replay" if protocol == "mattescreen" else "print"
        return choose(
            reading,
            lambda s: s.split if s.pai == "none" or s.pai.startswith(start) else None,
            why=f"not in protocol {protocol}",
        )
    expected = {"train": (120, 192), "dev": (160, 256), "test": (110, 192)}
    return compare(reading, expected, title=f"{NAME}, protocol grandtest")  # type: ignore[arg-type]


LAYOUT = Layout(
    name=NAME,
    expects="{train,devel,test}/real/client{N}_session02_….mov, {train,devel,test}/attack/attack_client{N}_….mov",
    pattern=re.compile(
        r"(?:(?P<group>train|devel|test)/(?:"
        r"real/client(?P<real>\d{3})_session02_authenticate_(?P<real_device>mobile|tablet)_"
        r"(?P<real_light>controlled|adverse|direct|lateral|diffuse)|"
        r"attack/attack_client(?P<client>\d{3})_session01_(?P<species>mattescreen|print)_(?P<support>fixed|hand)_"
        r"(?P<device>mobile|tablet)_(?P<medium>photo|video)_(?P<light>lighton|lightoff)"
        r"))|(?P<enroll>enroll/(?:train|devel|test)/client\d{3}_session01_enroll_(?:mobile|tablet)_(?:lighton|lightoff))"
    ),
    read=read,
    anchors=("train", "devel", "test"),
    protocols=PROTOCOLS,
)
