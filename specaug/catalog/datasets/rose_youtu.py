"""ROSE-Youtu: everything in the name; folders and the official split are not confirmed."""

from __future__ import annotations

import re

from specaug.catalog.layout import Fields, Layout, Reading, View, explain, read_names

NAME = "rose-youtu"
PAI = {
    "G": "none",
    "Ps": "print/still",
    "Pq": "print/quivering",
    "Vl": "replay/lenovo",
    "Vm": "replay/mac",
    "Mc": "mask/cropped",
    "Mf": "mask/full",
    "Mu": "mask/upper",
}


def parse(match: re.Match[str]) -> Fields | str:
    """Class, device and person from the name; talking, glasses, background and number are the session."""
    kind, talking, device, glasses, background, person, number = match.groups()
    pai = PAI[kind]
    return {
        "label": "bonafide" if pai == "none" else "attack",
        "pai": pai,
        "subject": person,
        "session": f"{talking}_{glasses}_{background}_{number}",
        "device": device,
    }


def read(view: View, protocol: str | None) -> Reading:
    """All videos, in train: the lists of the official split are not known well enough to be read.

    Raises
    ------
    CatalogError
        A protocol is asked for.
    """
    LAYOUT.check_protocol(protocol)
    lists = r"(?:.*/)?(?:adaptation|test)_list\.txt"
    return explain(
        read_names(view, LAYOUT, parse), view, {lists: "not understood: a list of a copy of cut-out frames"}
    )


LAYOUT = Layout(
    name=NAME,
    expects="{G,Ps,Pq,Vl,Vm,Mc,Mf,Mu}_{T,NT}_{device}_{g,wg}_{background}_{person}_{number}.mp4 in any folder",
    # One copy puts a number before the name.
    pattern=re.compile(
        r"(?:.*/)?(?:\d+_)?(G|Ps|Pq|Vl|Vm|Mc|Mf|Mu)_(T|NT)_(HS|HW|IP|5s|ZTE)_(g|wg)_([^_/]+)_(\d+)_(\d+)"
    ),
    read=read,
)
