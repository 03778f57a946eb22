"""What an OUT says of itself in its manifest, plan, receipts and statistics, and whether they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specaug.parsing import parse_json, parse_json_lines
from specaug.records import Notice, plan_hash, settings_digest
from specaug.shards.atomic_files import STATE

Line = Mapping[str, Any]
Place = Callable[[str], Path]
"""Name of a file, relative to OUT, to where it lies now."""

_HEAD = {"settings": dict, "sources": int, "clips": int, "failures": dict}
_SHARD = {"shard": str, "split": str, "sources": int, "clips": int, "plan_hash": str}
_FILE = {"file": str, "sha256": str}
PLAN = f"{STATE}/plan.json"
INFO = "dataset_info.json"


@dataclass(frozen=True)
class Manifest:
    """The lines of ``manifest.jsonl``."""

    head: Line
    shards: tuple[Line, ...]


def read_manifest(path: Path) -> Manifest:
    """The manifest, if its lines are those that a build writes, and name files inside OUT only.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        It is no JSON.
    LookupError
        It is not what a build writes.
    """
    lines = parse_json_lines(path.read_text())
    if not lines or not _is_head(lines[0]) or not all(map(_is_shard, lines[1:])):
        raise LookupError
    return Manifest(lines[0], tuple(lines[1:]))


def _has_shape(line: Any, shape: Mapping[str, type]) -> bool:
    """Whether a line is an object with these keys and values of these types."""
    return isinstance(line, dict) and all(isinstance(line.get(key), kind) for key, kind in shape.items())


def _is_head(line: Any) -> bool:
    """Whether a line tells of a build."""
    return _has_shape(line, _HEAD) and {"image_format", "size"} <= line["settings"].keys()


def _is_shard(line: Any) -> bool:
    """Whether a line tells of a shard."""
    if not _has_shape(line, _SHARD) or line.get("origin", "captured") not in ("captured", "synthetic"):
        return False
    parts = ([line] if line["clips"] else []) + ([line["failures"]] if "failures" in line else [])
    if not all(_has_shape(part, _FILE if part is line else _FILE | {"rows": int}) for part in parts):
        return False
    return all(
        not Path(part["file"]).is_absolute() and ".." not in Path(part["file"]).parts for part in parts
    )


def origin_of(line: Line) -> str:
    """Captured, unless the line says otherwise."""
    return str(line.get("origin", "captured"))


def files_of(line: Line) -> Iterator[dict[str, Any]]:
    """What a shard's line says of each of its files."""
    if line["clips"]:
        named = {name: line.get(name) for name in ("file", "sha256")}
        yield {"kind": "clips", "rows": line["clips"], **named}
    if "failures" in line:
        yield {"kind": "failures", **line["failures"]}


def receipt_name(line: Line) -> str:
    """The receipt of a shard, relative to OUT."""
    origin = origin_of(line)
    return f"{STATE}/done/{'' if origin == 'captured' else f'{origin}-'}{line['shard']}.json"


def receipt_problem(line: Line, path: Path) -> str | None:
    """What a receipt says otherwise than the manifest."""
    try:
        receipt = parse_json(path.read_text())
        failures = line.get("failures", {"rows": 0, "sha256": ""})
        pairs = {
            "plan_hash": (receipt["plan_hash"], line["plan_hash"]),
            "split": (receipt["split"], line["split"]),
            "sources": (receipt["sources"], line["sources"]),
            "clips": (receipt["rows"], line["clips"]),
            "sha256": (receipt["sha256"], line.get("sha256", "")),
            "failures": (receipt["failures"], failures["rows"]),
            "sha256 of failures": (receipt["failures_sha256"], failures["sha256"]),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"cannot be read: {type(error).__name__}"
    differs = [name for name, (there, here) in pairs.items() if there != here]
    return f"{', '.join(differs)}: otherwise than in the manifest" if differs else None


@dataclass(frozen=True)
class Planned:
    """What is planned for a shard."""

    sources: frozenset[str]
    hash: str


def read_plan(path: Path) -> tuple[dict[str, Any], dict[str, Planned]]:
    """Settings, and by name the shards, of a plan.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        It is not there, or not what a build writes.
    """
    value = parse_json(path.read_text())
    settings: dict[str, Any] = value["settings"]
    digest = settings_digest(settings)
    shards: dict[str, Planned] = {}
    for shard in value["shards"]:
        ids, known = ([item["source_id"] for item in shard[key]] for key in ("sources", "known"))
        planned_hash = plan_hash(shard["name"], digest, ids, known)
        shards[shard["name"]] = Planned(frozenset([*ids, *known]), planned_hash)
    return settings, shards


def plan_problem(
    planned: Planned, line: Line, with_clips: Sequence[str], failed: Sequence[str]
) -> str | None:
    """What of a shard is not as planned: each source must be there exactly once, with clips or as a failure."""
    if planned.hash != line["plan_hash"]:
        return "the plan of this shard is another one than when it was built"
    there = Counter([*set(with_clips), *failed])
    lost = len(planned.sources - there.keys())
    foreign = len(there.keys() - planned.sources)
    twice = sum(n > 1 for n in there.values())
    if lost or foreign or twice:
        return f"of {len(planned.sources)} planned sources {lost} lost, {twice} there twice; {foreign} not planned"
    return None


def version_notices(head: Line, lines: Sequence[Line]) -> Iterator[Notice]:
    """A warning where shards were built with different versions, as far as the manifest says it as a build does."""
    found = head.get("versions")
    sets = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    if len(sets) < 2:
        return
    names = sorted({name for item in sets for name in item})
    mixed = [name for name in names if len({str(item.get(name)) for item in sets}) > 1]
    shards = Counter(str(line.get("versions")) for line in lines)
    said = [
        f"{', '.join(f'{name} {item.get(name)}' for name in mixed)} ({shards[str(number)]} shards)"
        for number, item in enumerate(sets)
    ]
    detail = (
        f"shards were built with {len(sets)} sets of versions, which may give other pixels: {'; '.join(said)}"
    )
    yield Notice("versions", detail, len(sets))


def info_problem(head: Line, path: Path) -> str | None:
    """What the statistics say otherwise than the manifest."""
    try:
        info = parse_json(path.read_text())
        pairs = {
            "settings": (info["settings"], head["settings"]),
            "failures": (info["failures"], head["failures"]),
            "clips": (sum(info["splits"].values()), head["clips"]),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"cannot be read: {type(error).__name__}"
    differs = [name for name, (there, here) in pairs.items() if there != here]
    return f"{', '.join(differs)}: otherwise than in the manifest" if differs else None
