"""What is planned, what is finished, and the sum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specaug.records.choices import Origin, Split
from specaug.records.media import Failure, Source


def settings_digest(settings: Mapping[str, Any]) -> str:
    """blake2b-128 of what decides the bytes of an OUT."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def plan_hash(name: str, settings: str, source_ids: Sequence[str]) -> str:
    """blake2b-128 of what a shard is made from: its name, a digest of the settings, its sources in order."""
    named = json.dumps([name, settings, list(source_ids)])
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


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

    @property
    def hash(self) -> str:
        """blake2b-128 over settings and sources, so that a receipt can name what it is for."""
        ids = [s.source_id for s in self.sources] + [f.source_id for f in self.known]
        return plan_hash(self.name, self.settings, ids)


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


@dataclass(frozen=True)
class BuildReport:
    """The sum of a build: sources = sources with clips + failures."""

    sources: int
    clips: int
    failures: int
    by_reason: dict[str, int]
    shards: int
    skipped: int
    table: tuple[tuple[str, str, str, int], ...] = ()
    """(split, label, pai, clips)."""
    done_before: int = 0
    """Shards that an earlier run had finished."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by stage, summed over workers, of the shards that this run built."""
    notes: tuple[str, ...] = ()
    """What was decided for the user or looks wrong in RAW, in whole sentences."""
