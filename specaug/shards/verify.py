"""Whether an OUT holds exactly what was written into it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from specaug.shards.files import sha256
from specaug.shards.schema import FAILURE_SCHEMA, clip_schema
from specaug.shards.writer import count_rows

Kind = Literal["checksum", "schema", "count", "leakage", "missing", "unexpected"]
_GROUPS = ("source_id", "subject")
_PAGES = ("README.md", "dataset_info.json")
_HEAD = {"settings": dict, "sources": int, "clips": int, "failures": dict}
_SHARD = {"shard": str, "split": str, "sources": int, "clips": int}
_FILE = {"file": str, "sha256": str}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    file: str
    """Relative to OUT."""
    kind: Kind
    detail: str


@dataclass(frozen=True)
class VerifyReport:
    """What was checked and what is wrong."""

    clips: int
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass
class _Seen:
    """Where each source and subject was first seen: value to (split, file)."""

    places: dict[str, dict[tuple[str, ...], tuple[str, str]]] = field(
        default_factory=lambda: {name: {} for name in _GROUPS}
    )
    leaks: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    clip_ids: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)
    """Whole-source failures."""


def verify(out: Path | str) -> VerifyReport:
    """Read every page of every file and compare it with the manifest.

    Parameters
    ----------
    out : path
        A finished OUT.

    Returns
    -------
    VerifyReport
        Problems of the kinds ``checksum`` (bytes differ or a page is damaged), ``schema``, ``count`` (rows,
        or the sum of clips and failures), ``leakage`` (a subject or source in two splits, a clip twice),
        ``missing`` and ``unexpected`` files.
    """
    out = Path(out)
    manifest = _manifest(out)
    if isinstance(manifest, Problem):
        return VerifyReport(0, (manifest,))
    head, shards = manifest
    seen = _Seen()
    problems = [
        Problem(name, "missing", "every build writes it") for name in _PAGES if not (out / name).is_file()
    ]
    damaged = False
    for entry in _files(shards):
        found = _check_file(out, entry, head)
        damaged |= bool(found)
        problems += found
        if not found:
            problems += (
                _leaks(out, entry, seen) if entry["kind"] == "clips" else _count_failures(out, entry, seen)
            )
    problems += _unexpected(out, {entry["file"] for entry in _files(shards)})
    if not damaged:
        problems += _sums(head, shards, seen)
    return VerifyReport(len(seen.clip_ids), tuple(problems))


def _manifest(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]] | Problem:
    try:
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    except OSError as error:
        return Problem("manifest.jsonl", "missing", error.strerror or "cannot be read")
    except ValueError as error:
        return Problem("manifest.jsonl", "checksum", f"no JSON lines: {error}")
    if not lines or not _is_head(lines[0]) or not all(map(_is_shard, lines[1:])):
        return Problem("manifest.jsonl", "schema", "its lines are not those that a build writes")
    return lines[0], lines[1:]


def _has_shape(line: Any, shape: Mapping[str, type]) -> bool:
    """Whether a line is an object with these keys and values of these types."""
    return isinstance(line, dict) and all(isinstance(line.get(key), kind) for key, kind in shape.items())


def _is_head(line: Any) -> bool:
    """Whether a line tells of a build."""
    return _has_shape(line, _HEAD) and {"image_format", "size"} <= line["settings"].keys()


def _is_shard(line: Any) -> bool:
    """Whether a line tells of a shard, and names files inside OUT only."""
    if not _has_shape(line, _SHARD):
        return False
    parts = ([line] if line["clips"] else []) + ([line["failures"]] if "failures" in line else [])
    if not all(_has_shape(part, _FILE if part is line else _FILE | {"rows": int}) for part in parts):
        return False
    return all(
        not Path(part["file"]).is_absolute() and ".." not in Path(part["file"]).parts for part in parts
    )


def _files(shards: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the manifest says of each file."""
    for shard in shards:
        if shard["clips"]:
            yield {
                "kind": "clips",
                "rows": shard["clips"],
                "split": shard["split"],
                **{name: shard[name] for name in ("file", "bytes", "sha256")},
            }
        if "failures" in shard:
            yield {"kind": "failures", "split": shard["split"], "bytes": None, **shard["failures"]}


def _check_file(out: Path, entry: Mapping[str, Any], head: Mapping[str, Any]) -> list[Problem]:
    """Problems of one file taken alone."""
    name, path = entry["file"], out / entry["file"]
    if not path.is_file():
        return [Problem(name, "missing", "the manifest names it")]
    problems: list[Problem] = []
    if sha256(path) != entry["sha256"]:
        size = path.stat().st_size
        problems.append(Problem(name, "checksum", f"the content is not what was written ({size} bytes now)"))
    try:
        schema, rows = pq.read_schema(path), count_rows(path)
    except (OSError, pa.ArrowException) as error:
        return problems or [Problem(name, "checksum", f"cannot be read: {error}")]
    settings = head["settings"]
    if entry["kind"] == "clips":
        wanted = clip_schema(image_format=settings["image_format"], size=settings["size"])
    else:
        wanted = FAILURE_SCHEMA
    if not schema.equals(wanted) or schema.metadata != wanted.metadata:
        problems.append(Problem(name, "schema", "columns, types or footer differ from this version's"))
    if rows != entry["rows"]:
        problems.append(Problem(name, "count", f"expected {entry['rows']} rows, got {rows}"))
    return problems


def _leaks(out: Path, entry: Mapping[str, Any], seen: _Seen) -> list[Problem]:
    """Subjects, sources and clips of a file that an earlier file holds in another split."""
    name = entry["file"]
    columns = ["clip_id", "source_id", "dataset", "subject", "split"]
    problems: list[Problem] = []
    for row in pq.read_table(out / name, columns=columns).to_pylist():
        if row["split"] != entry["split"]:
            problems.append(
                Problem(name, "leakage", f"a row of split {row['split']!r} in a file of {entry['split']!r}")
            )
        if row["clip_id"] in seen.clip_ids:
            problems.append(Problem(name, "leakage", f"clip {row['clip_id']} is there twice"))
        seen.clip_ids.add(row["clip_id"])
        for group in _GROUPS:
            if row[group] is None:
                continue
            # Subject names are unique within a data set only.
            key = (row["dataset"], row[group]) if group == "subject" else (row[group],)
            split, first = seen.places[group].setdefault(key, (row["split"], name))
            if split != row["split"] and (group, key) not in seen.leaks:
                seen.leaks.add((group, key))
                problems.append(
                    Problem(
                        name,
                        "leakage",
                        f"{group} {row[group]!r} is in {row['split']} here and in {split} in {first}",
                    )
                )
    return problems


def _unexpected(out: Path, expected: set[str]) -> list[Problem]:
    folders = (out / "data", out / "failures")
    files = sorted(
        path.relative_to(out).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()
    )
    return [
        Problem(name, "unexpected", "the manifest does not name it") for name in files if name not in expected
    ]


def _count_failures(out: Path, entry: Mapping[str, Any], seen: _Seen) -> list[Problem]:
    """Add the whole-source failures of a file to the sum."""
    table = pq.read_table(out / entry["file"], columns=["reason", "frame_index"]).to_pylist()
    seen.reasons.update(row["reason"] for row in table if row["frame_index"] is None)
    return []


def _sums(head: Mapping[str, Any], shards: list[dict[str, Any]], seen: _Seen) -> Iterator[Problem]:
    """Whether the manifest's lines add up to its head, and the files to both."""
    for key in ("sources", "clips"):
        lines = sum(shard[key] for shard in shards)
        if lines != head[key]:
            yield Problem(
                "manifest.jsonl", "count", f"{head[key]} {key} in all, {lines} in the shards' lines"
            )
    if len(seen.clip_ids) != head["clips"]:
        yield Problem(
            "manifest.jsonl", "count", f"{head['clips']} clips in all, {len(seen.clip_ids)} in the files"
        )
    if dict(seen.reasons) != head["failures"]:
        found = dict(sorted(seen.reasons.items()))
        yield Problem("manifest.jsonl", "count", f"failures {head['failures']} in all, {found} in the files")
    with_clips = len(seen.places["source_id"])
    if with_clips + seen.reasons.total() != head["sources"]:
        yield Problem(
            "manifest.jsonl",
            "count",
            f"{head['sources']} sources in all, {with_clips} with clips and {seen.reasons.total()} failures in files",
        )
