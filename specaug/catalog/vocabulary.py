"""The words that layouts share: classes, splits, attack instrument species."""

from __future__ import annotations

import re

from specaug.errors import ArgumentError
from specaug.records import Label, Split

LABEL_WORDS: dict[str, Label] = {
    **dict.fromkeys(
        ("bonafide", "bona_fide", "bona-fide", "bona fide", "live", "real", "genuine"), "bonafide"
    ),
    **dict.fromkeys(("attack", "attacks", "spoof", "spoofs", "fake", "fakes"), "attack"),
}

SPLIT_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "devel", "development", "val", "valid", "validation"), "dev"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}

SPECIES = ("print", "replay", "mask", "makeup", "partial")

_SPECIES_WORDS = {word: word for word in SPECIES} | {
    "prints": "print",
    "printed": "print",
    "paper": "print",
    "replays": "replay",
    "screen": "replay",
    "display": "replay",
    "video": "replay",
    "masks": "mask",
    "silicone": "mask",
    "mannequin": "mask",
}


def species(text: str) -> str | None:
    """The attack instrument species that a name speaks of, ``word/detail``, or None if it names none.

    Examples
    --------
    >>> species("print/2"), species("Video_Replay"), species("mask-silicone"), species("s01")
    ('print/2', 'replay/video', 'mask/silicone', None)
    """
    words = [w for w in re.split(r"[/_\-\s]+", text.strip().lower()) if w]
    named = [w for w in words if w in SPECIES] or [w for w in words if w in _SPECIES_WORDS]
    if not named:
        return None
    first = _SPECIES_WORDS[named[0]]
    rest = [w for w in words if w != named[0] or named[0] != first]
    return "/".join([first, "_".join(rest)]) if rest else first


def attack_pai(text: str) -> str:
    """The species of an attack; ``unknown`` and the given words where they name no species we know.

    Examples
    --------
    >>> attack_pai("replay"), attack_pai("wax figure"), attack_pai("")
    ('replay', 'unknown/wax_figure', 'unknown')
    """
    slug = re.sub(r"[/\s]+", "_", text.strip().lower())
    return species(text) or (f"unknown/{slug}" if slug else "unknown")


def parse_label(text: str) -> Label:
    """The class that a word means. Numbers are refused: data sets disagree on their polarity.

    Raises
    ------
    ArgumentError
        `text` is no class word.
    """
    label = LABEL_WORDS.get(text.strip().lower())
    if label is None:
        raise ArgumentError(f"label: expected one of {', '.join(LABEL_WORDS)}, got {text!r}")
    return label


def parse_split(text: str) -> Split:
    """The split that a word means.

    Raises
    ------
    ArgumentError
        `text` is no split word.
    """
    split = SPLIT_WORDS.get(text.strip().lower())
    if split is None:
        raise ArgumentError(f"split: expected one of {', '.join(SPLIT_WORDS)}, got {text!r}")
    return split
