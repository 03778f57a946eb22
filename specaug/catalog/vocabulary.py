"""The words that layouts share: classes, splits, attack instrument species."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from specaug.errors import ArgumentError
from specaug.records import Label, Split

LABEL_WORDS: dict[str, Label] = {
    **dict.fromkeys(("bonafide", "live", "real", "genuine", "client"), "bonafide"),
    **dict.fromkeys(("attack", "spoof", "fake", "imposter", "impostor"), "attack"),
}
"""Class words in their plainest form; :func:`label_of` knows others."""
_CLASS = re.compile(
    r"(?:(?P<bonafide>bona[\s_-]*fides?|lives?|reals?|genuines?|clients?)"
    r"|(?P<attack>attacks?|spoof(?:s|ed|ing)?|fakes?|imposters?|impostors?))"
    r"(?:[\s_-]*(?:faces?|images?|videos?|clips?|samples?))?"
)
"""A class word, its plural, and what names of folders add to it: ``real_face``, ``Attack videos``."""

SPLIT_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "devel", "development", "val", "valid", "validation"), "dev"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}

CLOSE = 0.75
"""Similarity, as difflib measures it, from which on a name is taken for a misspelt word: one letter that is missing,
too many or wrong in a word of four."""

DIGITAL = "digital"
"""First word of the species of attacks that were never before a camera: edited or generated images."""
PHYSICAL = ("print", "replay", "mask", "makeup", "partial")
SPECIES = (*PHYSICAL, DIGITAL)

_DIGITAL_WORDS = ("swap", "faceswap", "reenactment", "deepfake", "deepfakes", "adversarial")
"""Words that name a digital attack without its first word."""
_SHOWN = frozenset(["photo", "photos", "picture", "image", "images", "video", "videos", "display", "screen"])
"""A digital photo or video is one on a screen, as the authors of Replay-Attack use the word: a replay, not an edit."""

_SPECIES_WORDS = {word: word for word in PHYSICAL} | {
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
    >>> species("digital/face_swap"), species("FaceSwap"), species("digital photo")
    ('digital/face_swap', 'digital/face_swap', None)
    """
    words = [w for w in re.split(r"[/_\-\s]+", text.strip().lower()) if w]
    named = [w for w in words if w in PHYSICAL]
    if words[:1] == [DIGITAL] or not named:
        digital = _digital(words)
        if digital is not None:
            return digital
    named = named or [w for w in words if w in _SPECIES_WORDS]
    if not named:
        return None
    first = _SPECIES_WORDS[named[0]]
    rest = [w for w in words if w != named[0] or named[0] != first]
    return "/".join([first, "_".join(rest)]) if rest else first


def _digital(words: list[str]) -> str | None:
    """The species of a digital attack that words name, or None."""
    if not (any(w in _DIGITAL_WORDS for w in words) or (DIGITAL in words and not _SHOWN & {*words})):
        return None
    rest = "_".join(w for w in words if w != DIGITAL).replace("faceswap", "face_swap")
    return f"{DIGITAL}/{rest}" if rest else DIGITAL


def attack_pai(text: str) -> str:
    """The species of an attack; ``unknown`` and the given words where they name no species we know.

    Examples
    --------
    >>> attack_pai("replay"), attack_pai("wax figure"), attack_pai("")
    ('replay', 'unknown/wax_figure', 'unknown')
    """
    slug = re.sub(r"[/\s]+", "_", text.strip().lower())
    return species(text) or (f"unknown/{slug}" if slug else "unknown")


@lru_cache(maxsize=4096)
def label_of(text: str) -> Label | None:
    """The class that a word means, whatever its case, its plural and what separates its parts; None for no class.

    Examples
    --------
    >>> label_of("Bona Fide"), label_of("Genuines"), label_of("fake_face"), label_of("none")
    ('bonafide', 'bonafide', 'attack', None)
    """
    match = _CLASS.fullmatch(text.strip().lower())
    if match is None:
        return None
    return "bonafide" if match["bonafide"] else "attack"


def meant(text: str) -> str | None:
    """The class or split word that a name comes closest to, where it is close; None for a word that is understood.

    Examples
    --------
    >>> meant("Genuin"), meant("atack"), meant("live"), meant("s01")
    ('genuine', 'attack', None, None)
    """
    word = text.strip().lower()
    if label_of(word) or word in SPLIT_WORDS:
        return None
    close = get_close_matches(word, [*LABEL_WORDS, *SPLIT_WORDS], n=1, cutoff=CLOSE)
    return close[0] if close else None


def parse_label(text: str) -> Label:
    """The class that a word means. Numbers are refused: data sets disagree on their polarity.

    Raises
    ------
    ArgumentError
        `text` is no class word.
    """
    label = label_of(text)
    if label is None:
        raise ArgumentError(f"label: expected one of {', '.join(LABEL_WORDS)}, got {text!r}{_numbers(text)}")
    return label


def _numbers(text: str) -> str:
    """What to do about a label that is a number."""
    if not re.fullmatch(r"\s*[-+]?\d{1,9}(?:\.0*)?\s*", text):
        return ""
    return (
        ": a number means bona fide in one data set and attack in another; say it with"
        " --label-map bonafide=1,attack=0, or in the header, as 'is_attack' or 'label (1=attack, 0=bonafide)'"
    )


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
