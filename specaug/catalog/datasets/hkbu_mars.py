"""HKBU-MARs V2: mask attacks before seven sensors, three of which lie on their side."""

from __future__ import annotations

import re

from specaug.catalog.layout import Fields, Layout, Reading, View, read_names
from specaug.records import Turn

NAME = "hkbu-mars"
TURNS: dict[str, Turn] = {"04": "90", "05": "270", "06": "270"}
"""Sensor to the clockwise turn that makes its videos upright."""


def parse(match: re.Match[str]) -> Fields | str:
    """Class and subject from the folders, sensor and light from the name; its further fields are not known."""
    kind, subject, sensor, light = match.groups()
    return {
        "label": "bonafide" if kind == "real" else "attack",
        "pai": "none" if kind == "real" else "mask",
        "subject": subject,
        "session": light,
        "device": sensor,
        "turn": TURNS.get(sensor, "none"),
    }


def read(view: View, protocol: str | None) -> Reading:
    """All videos, in train.

    Raises
    ------
    CatalogError
        A protocol is asked for.
    """
    LAYOUT.check_protocol(protocol)
    return read_names(view, LAYOUT, parse)


LAYOUT = Layout(
    name=NAME,
    expects="{real,attack}/{subject}/{sensor 01-07}_{light}_….avi",
    pattern=re.compile(r"(real|attack)/(\d{2})/(0[1-7])_(\d{2})(?:_[^/]*)?"),
    read=read,
    anchors=("real", "attack"),
)
