"""Replay-Attack: everything in names and folders; fixed and hand-held attacks share their names."""

from __future__ import annotations

import re

from specaug.catalog.counts import Counts, compare, note_missing
from specaug.catalog.layout import Fields, Layout, Reading, View, add_sidecars, choose, explain, read_names
from specaug.catalog.tree import without_suffix
from specaug.errors import CatalogError
from specaug.records import Split

NAME = "replay-attack"
SPLITS: dict[str, Split] = {"train": "train", "devel": "dev", "test": "test"}
_USES = {
    "grandtest": (
        "print", "replay/mobile_photo", "replay/mobile_video", "replay/highdef_photo", "replay/highdef_video",
    ),
    "print": ("print",),
    "mobile": ("replay/mobile_photo", "replay/mobile_video"),
    "highdef": ("replay/highdef_photo", "replay/highdef_video"),
    "photo": ("print", "replay/mobile_photo", "replay/highdef_photo"),
    "video": ("replay/mobile_video", "replay/highdef_video"),
    "digitalphoto": ("replay/mobile_photo", "replay/highdef_photo"),
}  # fmt: skip
"""Protocol to species; all of them use every live video."""
PROTOCOLS = (*_USES, "smalltest")
_LIVE = {"train": 60, "dev": 60, "test": 80}


def parse(match: re.Match[str]) -> Fields | str:
    """Client, support, device of the attack, medium, light, take."""
    found = match.groupdict()
    split = SPLITS[found["group"]]
    if found["real"]:
        session = f"{found['real_light']}_{found['take']}"
        return {
            "label": "bonafide", "subject": found["real"], "session": session, "device": "webcam", "split": split,
        }  # fmt: skip
    device, medium = found["device"], found["medium"]
    if device == "print" and medium != "photo":
        return f"not understood: a print shows a photo, not a {medium}"
    return {
        "label": "attack",
        "pai": "print" if device == "print" else f"replay/{device}_{medium}",
        "subject": found["client"],
        "session": f"{found['support']}_{found['light']}",
        "device": "webcam",
        "split": split,
    }


def _parse(match: re.Match[str]) -> Fields | str:
    return "enrolment clip, which is not used for PAD" if match["enroll"] else parse(match)


def read(view: View, protocol: str | None) -> Reading:
    """All videos with their folder's split, or those of a protocol.

    Raises
    ------
    CatalogError
        The protocol is unknown, or a list that it needs is not there or broken.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, _parse)
    add_sidecars(
        reading, view, lambda name: [f"face-locations/{name}.face", f"{name}.face"], what="face boxes"
    )
    explain(reading, view, {r"protocols/.*": "list of a protocol", r"face-locations/.*": "face boxes"})
    if protocol == "smalltest":
        return _by_lists(reading, view, protocol)
    uses = _USES[protocol or "grandtest"]
    choose(
        reading,
        lambda source: source.split if source.pai in ("none", *uses) else None,
        why=f"not in protocol {protocol}",
    )
    return compare(reading, _counts(len(uses)), title=f"{NAME}, protocol {protocol or 'grandtest'}")


def _counts(species: int) -> Counts:
    """Each of the five species has as many videos as there are live ones."""
    return {split: (live, live * species) for split, live in _LIVE.items()}  # type: ignore[misc]


def _by_lists(reading: Reading, view: View, protocol: str) -> Reading:
    """The sources that the lists of a protocol name."""
    present = {view.plain(without_suffix(source.path)): source for source in reading.sources}
    wanted: set[str] = set()
    for group in SPLITS:
        for plain in (f"protocols/real-{group}.txt", f"protocols/attack-{protocol}-allsupports-{group}.txt"):
            if plain not in view.others:
                raise CatalogError(f"protocol: {protocol} of {NAME} needs {plain}")
            wanted |= {
                _name(text, f"{view.others[plain]}, line {n}") for n, text in view.lines(view.others[plain])
            }
    note_missing(reading, sorted(wanted), present)
    used = {present[name].path for name in wanted & present.keys()}
    return choose(
        reading,
        lambda source: source.split if source.path in used else None,
        why=f"not in protocol {protocol}",
    )


def _name(text: str, place: str) -> str:
    """Plain name, without ending, of a line."""
    name = without_suffix(text.split()[0].removeprefix("./"))
    if LAYOUT.pattern is None or LAYOUT.pattern.fullmatch(name) is None:
        raise CatalogError(f"{place}: expected the path of a video, got {text!r}")
    return name


LAYOUT = Layout(
    name=NAME,
    expects="{train,devel,test}/real/client{N}_session01_….mov, {train,devel,test}/attack/{fixed,hand}/attack_….mov",
    pattern=re.compile(
        r"(?:(?P<group>train|devel|test)/(?:"
        r"real/client(?P<real>\d{3})_session01_webcam_authenticate_(?P<real_light>controlled|adverse)_(?P<take>[12])|"
        r"attack/(?P<support>fixed|hand)/attack_(?P<device>print|mobile|highdef)_client(?P<client>\d{3})_session01_"
        r"(?:highdef|mobile)_(?P<medium>photo|video)_(?P<light>controlled|adverse)"
        r"))|(?P<enroll>enroll/(?:.*/)?client\d{3}_session01_webcam_enroll_[^/]*)"
    ),
    read=read,
    anchors=("train", "devel", "test"),
    protocols=PROTOCOLS,
)
