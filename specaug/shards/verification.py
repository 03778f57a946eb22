"""Whether an OUT holds exactly what was written into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from specaug.parsing import parse_json
from specaug.records import Notice
from specaug.shards import recorded
from specaug.shards.atomic_files import STATE, sha256
from specaug.shards.change import View
from specaug.shards.leaks import IDS, Seen, content_digest
from specaug.shards.look_alikes import NO_BITS, LookAlikes, row_bits
from specaug.shards.recorded import Line, Manifest, Planned
from specaug.shards.schema import FAILURE_SCHEMA, MEDIA, SCHEMA_VERSION, Row, clip_schema
from specaug.shards.skipped_file import SKIPPED, skipped_problem

Kind = Literal["checksum", "schema", "count", "leakage", "missing", "unexpected"]
_MANIFEST = "manifest.jsonl"
_PAGES = ("README.md", recorded.INFO, "croissant.json")


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
    with_plan: bool = True
    """Compared with the plan and the receipts; False for a copy without ``.specaug``."""
    warnings: tuple[Notice, ...] = ()
    """What is not damage and should be looked at: clips that look alike in two splits, subjects whose names differ only
    in how they are spelled."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


Present = Callable[[str], AbstractContextManager[object]]
"""Has a file of OUT, given relative to it, whole on this machine while the block runs."""


def verify(out: Path | str, *, present: Present = nullcontext, look_alikes: bool = True) -> VerifyReport:
    """Read every page of every file and compare it with manifest, plan and receipts.

    Parameters
    ----------
    out : path
        A finished OUT. A change that was decided and not carried out counts as carried out.
    present : callable, optional
        Put around the reading of each file of clips, where `out` is the working copy of another place.
    look_alikes : bool
        Decode the frames of captured clips and look for copies in other splits; takes most of the time.

    Returns
    -------
    VerifyReport
        Problems of the kinds ``checksum`` (bytes differ or a page is damaged), ``schema``, ``count`` (rows, sums,
        sources that are neither clips nor failures), ``leakage`` (a subject, source or content in two splits, a
        synthetic clip in another split than its parent, a clip twice), ``missing`` and ``unexpected`` files.
    """
    view = View(Path(out))
    try:
        manifest = recorded.read_manifest(view.place(_MANIFEST))
    except OSError as error:
        return _hopeless("missing", error.strerror or "cannot be read")
    except ValueError as error:
        return _hopeless("checksum", f"no JSON lines: {error}")
    except LookupError:
        return _hopeless("schema", "its lines are not those that a build writes")
    return _Verification(view, manifest, present, look_alikes=look_alikes).report()


def _hopeless(kind: Kind, detail: str) -> VerifyReport:
    return VerifyReport(0, (Problem(_MANIFEST, kind, detail),))


class _Verification:
    """One pass over all files, with what has to be remembered between them."""

    def __init__(self, view: View, manifest: Manifest, present: Present, *, look_alikes: bool) -> None:
        self._present = present
        self._view, self._head, self._lines = view, manifest.head, manifest.shards
        self._problems: list[Problem] = []
        self._seen = Seen()
        self._alike = LookAlikes()
        splits = {line["split"] for line in manifest.shards if line["clips"]}
        self._looks = look_alikes and len(splits) > 1
        self._reasons: Counter[str] = Counter()
        """Whole-source failures."""
        self._damaged = False
        self._with_plan = (view.out / STATE).is_dir()

    def report(self) -> VerifyReport:
        """Everything that is wrong."""
        self._pages()
        plan = self._plan() if self._with_plan else {}
        for line in self._lines:
            self._shard(line, plan.get(line["shard"]))
        for file, detail in self._seen.orphans():
            self._add(file, "leakage", detail)
        self._unexpected()
        if not self._damaged:
            for detail in self._sums():
                self._add(_MANIFEST, "count", detail)
        return VerifyReport(
            len(self._seen.clips), tuple(self._problems), self._with_plan, tuple(self._warnings())
        )

    def _warnings(self) -> Iterator[Notice]:
        """What is no damage and no leak, as far as a program can tell."""
        for notice in (self._seen.aliases(), self._alike.notice()):
            if notice is not None:
                yield notice
        yield from recorded.version_notices(self._head, self._lines)

    def _add(self, file: str, kind: Kind, detail: str) -> None:
        self._problems.append(Problem(file, kind, detail))

    def _pages(self) -> None:
        for name in _PAGES:
            if not self._view.place(name).is_file():
                self._add(name, "missing", "every build writes it")
            elif name == recorded.INFO and (
                detail := recorded.info_problem(self._head, self._view.place(name))
            ):
                self._add(name, "count", detail)

        if (problem := skipped_problem(self._head, self._view.place(SKIPPED))) is not None:
            kind, detail = problem
            self._add(SKIPPED, kind, detail)

    def _plan(self) -> dict[str, Planned]:
        """The planned shards, compared with the manifest's."""
        try:
            settings, shards = recorded.read_plan(self._view.place(recorded.PLAN))
        except FileNotFoundError:
            self._add(recorded.PLAN, "missing", "every build writes it")
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._add(recorded.PLAN, "checksum", f"cannot be read: {type(error).__name__}")
            return {}
        if settings != self._head["settings"]:
            self._add(recorded.PLAN, "count", "settings: otherwise than in the manifest")
        named = [line["shard"] for line in self._lines if recorded.origin_of(line) == "captured"]
        for name in sorted(shards.keys() - set(named)):
            self._add(_MANIFEST, "missing", f"shard {name} is planned and not built")
        for name in sorted(set(named) - shards.keys()):
            self._add(_MANIFEST, "unexpected", f"shard {name} is not planned")
        return shards

    def _shard(self, line: Line, planned: Planned | None) -> None:
        """The files of one shard."""
        found: dict[str, list[str]] = {"clips": [], "failures": []}
        whole = True
        for entry in recorded.files_of(line):
            looks = self._looks and recorded.origin_of(line) == "captured"
            with self._present(entry["file"]):
                rows = self._rows(entry, looks=looks)
            whole &= rows is not None
            if rows is None:
                self._damaged = True
            elif entry["kind"] == "clips":
                origin = recorded.origin_of(line)
                for detail in self._seen.leaks(entry["file"], rows, split=line["split"], origin=origin):
                    self._add(entry["file"], "leakage", detail)
                found["clips"] = [row["source_id"] for row in rows]
                for row in rows:
                    self._alike.add(
                        row["source_path"] or row["clip_id"] or "", row["split"] or "", row["looks"]
                    )
            else:
                lost = [row for row in rows if row["frame_index"] is None]
                self._reasons.update(row["reason"] for row in lost)
                found["failures"] = [row["source_id"] for row in lost]
        if self._with_plan:
            self._receipt(line)
        if planned and whole and recorded.origin_of(line) == "captured":
            problem = recorded.plan_problem(planned, line, found["clips"], found["failures"])
            if problem:
                self._add(recorded.PLAN, "count", f"shard {line['shard']}: {problem}")

    def _receipt(self, line: Line) -> None:
        name = recorded.receipt_name(line)
        if not self._view.place(name).is_file():
            self._add(name, "missing", "every finished shard has one")
        elif problem := recorded.receipt_problem(line, self._view.place(name)):
            self._add(name, "checksum", problem)

    def _rows(self, entry: dict[str, Any], *, looks: bool) -> list[Row] | None:
        """What has to be compared of each row; None if the file is not what it should be."""
        name, path = entry["file"], self._view.place(entry["file"])
        if not path.is_file():
            self._add(name, "missing", "the manifest names it")
            return None
        before = len(self._problems)
        size = self._head["settings"]["size"] if looks else 0
        if sha256(path) != entry["sha256"]:
            found = path.stat().st_size
            self._add(name, "checksum", f"the content is not what was written ({found} bytes now)")
        try:
            schema = pq.read_schema(path)
            rows = list(_short_rows(path, clips=entry["kind"] == "clips", size=size))
        except (OSError, pa.ArrowException, KeyError) as error:
            if before == len(self._problems):
                self._add(name, "checksum", f"cannot be read: {error}")
            return None
        wanted = self._schema(entry["kind"])
        if not schema.equals(wanted) or schema.metadata != wanted.metadata:
            self._add(name, "schema", _difference(schema))
        if len(rows) != entry["rows"]:
            self._add(name, "count", f"expected {entry['rows']} rows, got {len(rows)}")
        return rows if before == len(self._problems) else None

    def _schema(self, kind: str) -> pa.Schema:
        settings = self._head["settings"]
        if kind == "failures":
            return FAILURE_SCHEMA
        return clip_schema(image_format=settings["image_format"], size=settings["size"])

    def _unexpected(self) -> None:
        """Files that nothing names."""
        expected = {entry["file"] for line in self._lines for entry in recorded.files_of(line)}
        expected |= {recorded.receipt_name(line) for line in self._lines} | self._view.removed
        for folder in ("data", "failures", f"{STATE}/done"):
            for path in sorted((self._view.out / folder).rglob("*")):
                name = path.relative_to(self._view.out).as_posix()
                if path.is_file() and name not in expected:
                    self._add(name, "unexpected", "the manifest does not name it")

    def _sums(self) -> Iterator[str]:
        """Whether the manifest's lines add up to its head, and the files to both."""
        head, seen, failed = self._head, self._seen, self._reasons.total()
        captured = [line for line in self._lines if recorded.origin_of(line) == "captured"]
        for key in ("sources", "clips"):
            lines = sum(line[key] for line in captured)
            if lines != head[key]:
                yield f"{head[key]} {key} in all, {lines} in the shards' lines"
        if seen.captured != head["clips"]:
            yield f"{head['clips']} clips in all, {seen.captured} in the files"
        if dict(self._reasons) != head["failures"]:
            yield f"failures {head['failures']} in all, {dict(sorted(self._reasons.items()))} in the files"
        if len(seen.sources) + failed != head["sources"]:
            yield (
                f"{head['sources']} sources in all, {len(seen.sources)} with clips and {failed} failures in files"
            )


def _short_rows(path: Path, *, clips: bool, size: int) -> Iterator[Row]:
    """Every page of a file is read and its checksum verified; of a clip's pictures a digest is kept.

    With the `size` of its crops, also the bits by which they are compared; without (0), they are not decoded.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        read = partial(file.read_row_group, use_threads=False)
        for table in map(read, range(file.num_row_groups)):
            if not clips:
                yield from table.to_pylist()
                continue
            media = [name for name in MEDIA if name in table.column_names]
            for ids, pictures in zip(
                table.select(list(IDS)).to_pylist(), table.select(media).to_pylist(), strict=True
            ):
                bits = row_bits(pictures, size) if size else NO_BITS
                yield {**ids, "content": content_digest(pictures), "looks": bits}


def _difference(schema: pa.Schema) -> str:
    """What is wrong with the schema of a file, in words."""
    try:
        version = parse_json((schema.metadata or {})[b"specaug"])["schema_version"]
    except (KeyError, TypeError, ValueError):
        version = None
    if version not in (None, SCHEMA_VERSION):
        return f"schema version {version!r}, expected {SCHEMA_VERSION}: another version of specaug built it"
    return "columns, types or footer differ from this version's"
