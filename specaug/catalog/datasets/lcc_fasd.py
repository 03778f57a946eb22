"""LCC-FASD: photos, split and class in the folders, nothing more in the names."""

from __future__ import annotations

import re

from specaug.catalog.layout import Fields, Layout, Reading, View, read_names
from specaug.catalog.vocabulary import SPLIT_WORDS

NAME = "lcc-fasd"


def parse(match: re.Match[str]) -> Fields | str:
    """Split and class; neither species nor subject is told."""
    split, kind = match.groups()
    real = kind == "real"
    return {
        "label": "bonafide" if real else "attack",
        "pai": "none" if real else "unknown",
        "split": SPLIT_WORDS[split],
    }


def read(view: View, protocol: str | None) -> Reading:
    """All photos: development is dev, evaluation is test, as their names say.

    Raises
    ------
    CatalogError
        A protocol is asked for.
    """
    LAYOUT.check_protocol(protocol)
    return read_names(view, LAYOUT, parse)


LAYOUT = Layout(
    name=NAME,
    expects="LCC_FASD_{training,development,evaluation}/{real,spoof}/….png",
    pattern=re.compile(r"LCC_FASD_(training|development|evaluation)/(real|spoof)/[^/]+"),
    read=read,
    kinds=("image",),
    anchors=("LCC_FASD_training", "LCC_FASD_development", "LCC_FASD_evaluation"),
)
