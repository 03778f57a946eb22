"""3DMAD: colour and depth of a Kinect in HDF5; the third session is the mask attack."""

from __future__ import annotations

import re
from dataclasses import replace

from specaug.catalog.counts import compare
from specaug.catalog.layout import Fields, Layout, Reading, View, read_names

NAME = "3dmad"
SUBJECTS = 17
MASK_SESSION = "03"


def parse(match: re.Match[str]) -> Fields | str:
    """Subject, session and class."""
    subject, session = match.groups()
    if not 1 <= int(subject) <= SUBJECTS:
        return f"not understood: subject {subject} of 01 to {SUBJECTS}"
    attack = session == MASK_SESSION
    return {
        "label": "attack" if attack else "bonafide",
        "pai": "mask" if attack else "none",
        "subject": subject,
        "session": session,
        "device": "kinect",
        # Of the file itself: eye positions lie in it, beside the colours.
        "box_format": "eye_pos",
    }


def read(view: View, protocol: str | None) -> Reading:
    """All videos, in train: the data set has no split of its own that is published in a form to be read.

    Raises
    ------
    CatalogError
        A protocol is asked for.
    """
    LAYOUT.check_protocol(protocol)
    reading = read_names(view, LAYOUT, parse)
    reading.sources = [replace(source, boxes=source.path) for source in reading.sources]
    return compare(reading, {"train": (170, 85)}, title=NAME)


LAYOUT = Layout(
    name=NAME,
    expects="{subject}_{session}_{video}.hdf5 in any folder",
    pattern=re.compile(r"(?:.*/)?(\d{2})_(0[1-3])_0[1-5]"),
    read=read,
    kinds=("hdf5",),
)
