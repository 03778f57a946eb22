"""What a user should know of a data set or a run, counted and named: the warnings of commands and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from specaug.records.choices import choice

NoticeKind = Literal[
    "no_bonafide",
    "no_attack",
    "empty_split",
    "species_in_one_split",
    "few_subjects",
    "skipped_media",
    "missing_files",
    "conflict",
    "versions",
    "alias_subjects",
    "look_alikes",
    "train_overlap",
    "unfinished_run",
    "reversed_scores",
    "no_subjects",
]
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


@dataclass(frozen=True)
class Notice:
    """One warning."""

    kind: NoticeKind
    detail: str
    """One line: what was found, with the first names, and what to do."""
    count: int = 1
    """How many files, subjects, splits or rows it is about."""

    def __post_init__(self) -> None:
        choice("kind", self.kind, NOTICE_KINDS)

    def as_json(self) -> dict[str, Any]:
        """An entry of the list ``warnings`` of a command's JSON."""
        return {"kind": self.kind, "detail": self.detail, "count": self.count}
