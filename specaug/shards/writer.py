"""Clips and failures of one shard become Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from specaug.errors import SpecaugError
from specaug.records import Clip, Failure, ImageFormat
from specaug.shards.schema import LABEL_LIKE, MEDIA, Row, clip_schema, clip_table, failure_table

GROUP_ROWS = 256
GROUP_BYTES = 32 << 20
"""A row group is flushed at either; with :data:`MAX_ROW_BYTES` it never exceeds 96 MiB of media."""
MAX_ROW_BYTES = 64 << 20


def _leaves(name: str, kind: pa.DataType) -> list[str]:
    """Dotted Parquet paths of the leaf columns below a field."""
    if pa.types.is_list(kind):
        return _leaves(f"{name}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [path for child in kind for path in _leaves(f"{name}.{child.name}", child.type)]
    return [name]


def _options(schema: pa.Schema) -> dict[str, Any]:
    """Settings of the Parquet writer; pictures are compressed already and have no useful statistics."""
    media = [leaf for field in schema if field.name in MEDIA for leaf in _leaves(field.name, field.type)]
    plain = [leaf for field in schema if field.name not in MEDIA for leaf in _leaves(field.name, field.type)]
    return {
        "version": "2.6",
        "compression": dict.fromkeys(media, "NONE") | dict.fromkeys(plain, "ZSTD"),
        "use_dictionary": [name for name in LABEL_LIKE if name in schema.names],
        "column_encoding": dict.fromkeys(media, "PLAIN"),
        "write_statistics": plain,
        "write_page_index": True,
        "write_page_checksum": True,  # without it a flipped byte is read back as if it were right
        "data_page_size": 1 << 20,
    }


class ClipWriter:
    """Writes one shard of clips, a row group at a time, in bounded memory.

    Parameters
    ----------
    path : Path
        The file to write.
    image_format : {"png", "webp", "jpeg", "raw"}
    size : int
        Side of a crop, px.
    """

    def __init__(self, path: Path, *, image_format: ImageFormat, size: int) -> None:
        self._schema = clip_schema(image_format=image_format, size=size)
        self._writer = pq.ParquetWriter(path, self._schema, **_options(self._schema))
        self._waiting: list[Clip | Row] = []
        self._bytes = 0
        self.rows = 0

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
            self._writer.close()
        except OSError:
            if kind is None:  # else the first error is the one to tell
                raise
        finally:
            self._writer.is_open = False  # or its destructor tries to write the rest once more

    def write(self, clip: Clip | Row) -> None:
        """Add a clip, or a row read from another file; it reaches the disk with its row group."""
        size = sum(map(len, clip.frames)) if isinstance(clip, Clip) else _media_bytes(clip)
        if size > MAX_ROW_BYTES:
            raise SpecaugError(f"clip: expected at most {MAX_ROW_BYTES} bytes of frames, got {size}")
        self._waiting.append(clip)
        self._bytes += size
        self.rows += 1
        if len(self._waiting) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(clip_table(self._waiting, self._schema))
        self._waiting, self._bytes = [], 0


def _media_bytes(row: Row) -> int:
    """Bytes of pictures in a row."""
    return len(row["frames_raw"]) if "frames_raw" in row else sum(len(f["bytes"]) for f in row["frames"])


def write_failures(path: Path, failures: Sequence[Failure]) -> None:
    """Write failure rows as one Parquet file."""
    write_table(path, failure_table(failures))


def write_table(path: Path, table: pa.Table) -> None:
    """Write a small table as one Parquet file, with the settings of all files of OUT."""
    writer = pq.ParquetWriter(path, table.schema, **_options(table.schema))
    try:
        writer.write_table(table)
        writer.close()
    finally:
        writer.is_open = False  # or its destructor tries to write the rest once more


def check_rows(expected: int) -> Callable[[Path], None]:
    """A check that a Parquet file can be read back whole: page checksums hold, and it has `expected` rows."""

    def check(path: Path) -> None:
        rows = count_rows(path)
        if rows != expected:
            raise SpecaugError(f"{path.name}: wrote {expected} rows, read back {rows}")

    return check


def count_rows(path: Path) -> int:
    """Rows of a Parquet file, every page read and its checksum verified.

    Raises
    ------
    OSError, pyarrow.ArrowInvalid
        The file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return sum(file.read_row_group(i).num_rows for i in range(file.num_row_groups))


def rows_of_file(path: Path) -> Iterator[Row]:
    """Rows of a Parquet file in order, a row group at a time, every page's checksum verified."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for i in range(file.num_row_groups):
            yield from file.read_row_group(i).to_pylist()
