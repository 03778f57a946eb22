"""Whether an OUT holds exactly what was written into it."""

from __future__ import annotations

import json
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
    problems: list[Problem] = []
    clips, expected = 0, set[str]()
    for entry in _files(shards):
        expected.add(entry["file"])
        found = _check_file(out, entry, head)
        problems += found
        if not found and entry["kind"] == "clips":
            clips += entry["rows"]
            problems += _leaks(out, entry, seen)
    problems += _unexpected(out, expected)
    problems += _sums(head, shards, clips, damaged=bool(problems))
    return VerifyReport(clips, tuple(problems))


def _manifest(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]] | Problem:
    try:
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    except OSError as error:
        return Problem("manifest.jsonl", "missing", error.strerror or "cannot be read")
    except ValueError as error:
        return Problem("manifest.jsonl", "checksum", f"no JSON lines: {error}")
    if not lines or "settings" not in lines[0]:
        return Problem("manifest.jsonl", "schema", "expected a first line with the build's settings")
    return lines[0], lines[1:]


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


def _sums(
    head: Mapping[str, Any], shards: list[dict[str, Any]], clips: int, *, damaged: bool
) -> Iterator[Problem]:
    """Whether the manifest's lines add up to its head, and the files to both."""
    for key, total in (("sources", head["sources"]), ("clips", head["clips"])):
        lines = sum(shard[key] for shard in shards)
        if lines != total:
            yield Problem("manifest.jsonl", "count", f"{total} {key} in all, {lines} in the shards' lines")
    if not damaged and clips != head["clips"]:
        yield Problem("manifest.jsonl", "count", f"{head['clips']} clips in all, {clips} in the files")
