"""Whether anything of the rows of an OUT is in two places that must not share it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from specaug.records import Notice, alias_notice
from specaug.shards.schema import Row

_GROUPS = ("source_id", "subject", "content")
IDS = ("clip_id", "source_id", "parent_id", "dataset", "subject", "split", "origin", "source_path")
"""Columns that tell where a row belongs."""


@dataclass
class Seen:
    """Where each clip, source, subject and content was seen first; compared as files are read."""

    clips: dict[str, tuple[str, str]] = field(default_factory=dict)
    """clip_id to (split, origin)."""
    sources: set[str] = field(default_factory=set)
    """With captured clips."""
    _places: dict[str, dict[Any, tuple[str, str]]] = field(default_factory=lambda: {g: {} for g in _GROUPS})
    _leaks: set[tuple[str, Any]] = field(default_factory=set)
    _splits: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(dataset, subject) to the splits that it is in."""
    _children: list[tuple[str, str, str | None, str]] = field(default_factory=list)
    """(file, clip_id, parent_id, split) of synthetic rows."""

    @property
    def captured(self) -> int:
        """Clips that are captured."""
        return sum(origin == "captured" for _, origin in self.clips.values())

    def leaks(self, file: str, rows: Iterable[Row], *, split: str, origin: str) -> Iterator[str]:
        """What is wrong with the rows of a file, taken together with all that was read before.

        Parameters
        ----------
        file : str
            Its name.
        rows : iterable of row
            The columns :data:`IDS` and ``content``, a digest of the pictures.
        split, origin : str
            What all of them should be.

        Yields
        ------
        str
        """
        for row in rows:
            for name, expected in (("split", split), ("origin", origin)):
                if row[name] != expected:
                    yield f"a row of {name} {row[name]!r} in a file of {expected!r}"
            if row["clip_id"] in self.clips:
                yield f"clip {row['clip_id']} is there twice"
            self.clips[row["clip_id"]] = (row["split"], row["origin"])
            if origin == "captured":
                self.sources.add(row["source_id"])
            else:
                self._children.append((file, row["clip_id"], row["parent_id"], row["split"]))
            if row["subject"] is not None:
                self._splits.setdefault((row["dataset"] or "", row["subject"]), set()).add(row["split"])
            yield from self._shared(file, row)

    def _shared(self, file: str, row: Row) -> Iterator[str]:
        for group in _GROUPS:
            if row[group] is None:
                continue
            # Subject names are unique within a data set only.
            key = (row["dataset"], row[group]) if group == "subject" else row[group]
            split, first = self._places[group].setdefault(key, (row["split"], file))
            if split != row["split"] and (group, key) not in self._leaks:
                self._leaks.add((group, key))
                what = (
                    f"the content of clip {row['clip_id']}"
                    if group == "content"
                    else f"{group} {row[group]!r}"
                )
                yield f"{what} is in {row['split']} here and in {split} in {first}"

    def aliases(self) -> Notice | None:
        """Subjects that differ in nothing that tells people apart; after all files."""
        return alias_notice(self._splits)

    def orphans(self) -> Iterator[tuple[str, str]]:
        """(file, what is wrong) of synthetic rows without a captured parent in their split; after all files."""
        for file, clip, parent, split in self._children:
            home, origin = self.clips.get(parent or "", (None, None))
            if origin != "captured":
                yield file, f"synthetic clip {clip} has no captured parent {parent!r}"
            elif home != split:
                yield file, f"synthetic clip {clip} is in {split}, its parent {parent} in {home}"


def content_digest(row: Row) -> bytes:
    """blake2b-128 over the stored pictures of a row."""
    digest = hashlib.blake2b(digest_size=16)
    for frame in [row["frames_raw"]] if "frames_raw" in row else [f["bytes"] for f in row["frames"]]:
        digest.update(len(frame).to_bytes(8, "little") + frame)
    return digest.digest()
