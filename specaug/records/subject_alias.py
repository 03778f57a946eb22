"""Subjects whose names differ in nothing that tells people apart: case, blanks, zero padding, normal form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from specaug.records.media import Source
from specaug.records.notice import Notice

_BLANK_BETWEEN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
_BLANK = re.compile(r"[^\S\n]+")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_NAMED = 3


def subject_key(name: str) -> str:
    """What the names of one subject have in common, however they are spelled.

    Two names have the same key if they differ only by upper and lower case, by blanks, by zeros before a number, or by
    the normal form of Unicode (NFC and NFD). A blank between two numbers counts, of any length, or ``1 11`` would
    be ``11 1``.

    Examples
    --------
    >>> subject_key("Client 007") == subject_key("client7")
    True
    >>> subject_key("client70") == subject_key("client7")
    False
    """
    # Folding case may undo a normal form, so the form is taken again.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip()
    apart = _BLANK_BETWEEN_DIGITS.sub("\n", folded)
    return _ZEROS.sub("", _BLANK.sub("", apart)).replace("\n", " ")


def alias_groups(subjects: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """Names that :func:`subject_key` does not tell apart.

    Parameters
    ----------
    subjects : iterable of (dataset, subject)
        Names are unique within a data set only, so those of two are not compared.

    Returns
    -------
    list of (dataset, names)
        Sorted; two names or more in each.
    """
    groups: dict[tuple[str, str], set[str]] = {}
    for dataset, subject in subjects:
        groups.setdefault((dataset, subject_key(subject)), set()).add(subject)
    found = ((dataset, tuple(sorted(names))) for (dataset, _), names in groups.items() if len(names) > 1)
    return sorted(found)


def alias_notice(subjects: Mapping[tuple[str, str], Iterable[str]], *, named: bool = True) -> Notice | None:
    """The warning of subjects that may be one under several names.

    Parameters
    ----------
    subjects : mapping of (dataset, subject) to splits
        All subjects, and where each is.
    named : bool
        Tell the names.

    Returns
    -------
    Notice or None
    """
    groups = alias_groups(subjects)
    if not groups:
        return None
    across = sum(
        len({split for name in names for split in subjects[dataset, name]}) > 1 for dataset, names in groups
    )
    first = "; ".join(" and ".join(_shown(names)) for _, names in groups[:_NAMED])
    names = f": {first}{'; …' if len(groups) > _NAMED else ''}" if named else ""
    apart = f", {across} of them in different splits" if across else ""
    return Notice(
        "alias_subjects",
        f"{len(groups)} groups of subjects differ only by case, blanks, zeros before a number or normal form{apart}"
        f"{names}. If each is one person, give it one name in RAW",
        len(groups),
    )


def alias_notice_of(sources: Iterable[Source], *, named: bool = True) -> Notice | None:
    """:func:`alias_notice` of the subjects of sources."""
    subjects: dict[tuple[str, str], set[str]] = {}
    for source in sources:
        if source.subject is not None:
            subjects.setdefault((source.dataset, source.subject), set()).add(source.split)
    return alias_notice(subjects, named=named)


def _shown(names: tuple[str, ...]) -> list[str]:
    """Names as they can be told apart: those of two normal forms look the same."""
    alike = len({unicodedata.normalize("NFC", name) for name in names}) < len(names)
    return [ascii(name) if alike else repr(name) for name in names]
