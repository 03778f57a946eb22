"""``skipped.parquet``: the files of RAW that are no source, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from specaug.shards.atomic_files import sha256, write_atomically
from specaug.shards.writer import write_table

Wrong = Literal["missing", "checksum", "schema", "count"]

SKIPPED = "skipped.parquet"
_SCHEMA = pa.schema([("path", pa.string()), ("reason", pa.string()), ("media", pa.bool_())])


class SkippedRow(NamedTuple):
    """A file that is no source."""

    path: str
    """Relative to RAW; empty in a pseudonymous OUT."""
    reason: str
    media: bool
    """It is a photo or a video by its name."""


def write_skipped(out: Path, rows: Sequence[SkippedRow]) -> bool:
    """Write the list into OUT, unless it says this already; whether it was written."""
    table = pa.Table.from_pylist([row._asdict() for row in rows], _SCHEMA)
    final = out / SKIPPED
    if final.is_file() and _table(final) == table:
        return False

    write_atomically(final, lambda path: write_table(path, table), out=out)
    return True


def read_skipped(out: Path) -> list[SkippedRow]:
    """The list of an OUT; empty where there is none, or one that cannot be read."""
    table = _table(out / SKIPPED)
    return [] if table is None else [SkippedRow(**row) for row in table.to_pylist()]


def skipped_entry(out: Path, earlier: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """What the manifest is to say of the list: name, rows, checksum; None where there was never one.

    Parameters
    ----------
    out : Path
    earlier : mapping, optional
        The manifest's first line as it is. What it says stays where the list is lost or damaged, so that ``verify``
        tells so until a build has written the list anew.
    """
    table = _table(out / SKIPPED)
    if table is None:
        entry = (earlier or {}).get("skipped_file")
        return entry if isinstance(entry, dict) else None
    return {"file": SKIPPED, "rows": table.num_rows, "sha256": sha256(out / SKIPPED)}


def skipped_problem(head: Mapping[str, Any], file: Path) -> tuple[Wrong, str] | None:
    """(kind, detail) of what is wrong with the list, given the manifest's first line."""
    entry = head.get("skipped_file")
    if not isinstance(entry, dict):
        return None
    if not file.is_file():
        return "missing", "the manifest names it"
    if sha256(file) != entry.get("sha256"):
        return "checksum", f"the content is not what was written ({file.stat().st_size} bytes now)"
    table = _table(file)
    if table is None:
        return "schema", "expected the columns path, reason, media"
    if table.num_rows != entry.get("rows"):
        return "count", f"expected {entry.get('rows')} rows, got {table.num_rows}"
    return None


def _table(file: Path) -> pa.Table | None:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            table = opened.read(use_threads=False)
    except (OSError, pa.ArrowException):
        return None
    return table if table.schema.equals(_SCHEMA) else None
