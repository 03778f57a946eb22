"""What is planned, what is finished, and the sum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specaug.records.choices import Origin, Split
from specaug.records.media import Failure, Source
from specaug.records.notice import Notice


def settings_digest(settings: Mapping[str, Any]) -> str:
    """blake2b-128 of what decides the bytes of an OUT."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def plan_hash(name: str, settings: str, source_ids: Sequence[str], known_ids: Sequence[str] = ()) -> str:
    """blake2b-128 of what a shard is made from: its name, a digest of the settings, its sources in order, and those
    that are known to fail."""
    named = json.dumps([name, settings, list(source_ids), list(known_ids)])
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


Versions = tuple[tuple[str, str], ...]
"""(name, version) of everything that may decide a byte."""


@dataclass(frozen=True)
class ShardPlan:
    """Whole sources of one split that become one Parquet file."""

    name: str
    """``{split}-{number:05d}-of-{count:05d}``."""
    split: Split
    sources: tuple[Source, ...]
    known: tuple[Failure, ...] = ()
    """Sources that are known to fail before any work: duplicates, missing files."""
    settings: str = ""
    """Digest of the settings of the plan."""
    detector: str = ""
    """Name and version of the face detector, one of those settings."""

    @property
    def hash(self) -> str:
        """blake2b-128 over settings and sources, so that a receipt can name what it is for."""
        sources, known = ([item.source_id for item in items] for items in (self.sources, self.known))
        return plan_hash(self.name, self.settings, sources, known)


@dataclass(frozen=True)
class Receipt:
    """That one shard is finished, and what it holds."""

    shard: str
    plan_hash: str
    split: Split
    rows: int
    """Clips in the data file; 0 where every source failed and there is none."""
    bytes: int
    sha256: str
    failures: int
    failures_sha256: str
    sources: int
    """Sources planned = sources with clips + whole-source failures."""
    with_clips: int
    groups: tuple[tuple[str, str, int], ...] = ()
    """(label, pai, clips)."""
    reasons: tuple[tuple[str, int], ...] = ()
    """(reason, whole-source failures)."""
    seconds: tuple[tuple[str, float], ...] = ()
    """(stage, wall seconds)."""
    origin: Origin = "captured"
    contents: tuple[tuple[str, str], ...] = ()
    """(source_id, digest of all its bytes) of each source with clips."""
    stamps: tuple[tuple[str, str], ...] = ()
    """(source_id, size and times of its file before it was read): as long as they are the same, the file is
    not read again to see whether its content is."""
    versions: Versions = ()
    """As the process had them that built the shard."""


@dataclass(frozen=True)
class BuildReport:
    """The sum of a build: sources = sources with clips + failures."""

    sources: int
    clips: int
    failures: int
    by_reason: dict[str, int]
    shards: int
    skipped: int
    """Files of RAW that are no source: lists and hidden files, media that a protocol leaves out or nobody
    understands."""
    table: tuple[tuple[str, str, str, int], ...] = ()
    """(split, label, pai, clips)."""
    done_before: int = 0
    """Shards that an earlier run had finished."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by stage, summed over workers, of the shards that this run built."""
    notes: tuple[str, ...] = ()
    """What was decided for the user or looks wrong in RAW, in whole sentences."""
    warnings: tuple[Notice, ...] = ()
    """Gaps: classes, splits, species and subjects that are not there, media and files that are not used."""
    skipped_media: int = 0
    """Photos and videos among `skipped` that the layout can make nothing of."""
