"""WMCA: the naming of the capture it comes from, client, session, presenter, type and species code."""

from __future__ import annotations

import re

from specaug.catalog.layout import Evidence, Fields, Layout, Reading, View, read_names

NAME = "wmca"
PATTERN = r"(\d{3})_(\d{2})_(\d{3})_(\d)_(\d{2})"
TYPES = {"0": "none", "2": "mask", "3": "print"}
"""Types whose meaning is documented: live, a fake face, a photo."""


def parse(match: re.Match[str]) -> Fields | str:
    """Client, session and class; a type whose meaning is not known is not guessed."""
    client, session, _presenter, number, code = match.groups()
    if number not in TYPES:
        return f"not understood: the meaning of type {number} is not known"
    live = number == "0"
    return {
        "label": "bonafide" if live else "attack",
        # Species codes are kept as they are: their list is not known.
        "pai": "none" if live else f"{TYPES[number]}/{number}_{code}",
        "subject": client,
        "session": session,
    }


def named(view: View) -> Evidence:
    """What fits the pattern, unless lists tell that it is HQ-WMCA, whose names may be alike."""
    lists = any(re.fullmatch(r"(?:.*/)?PROTOCOL-.+\.csv", plain) for plain in view.others)
    return Evidence(0, "") if lists else LAYOUT.fitting(view)


def read(view: View, protocol: str | None) -> Reading:
    """All recordings, in train.

    Raises
    ------
    CatalogError
        A protocol is asked for.
    """
    LAYOUT.check_protocol(protocol)
    return read_names(view, LAYOUT, parse)


LAYOUT = Layout(
    name=NAME,
    expects="{client}_{session}_{presenter}_{type}_{code}.hdf5 in any folder",
    pattern=re.compile(r"(?:.*/)?" + PATTERN),
    read=read,
    kinds=("hdf5", "video", "frames"),
    named=named,
)
