"""Shards read back a row group at a time, so that memory does not grow with the data set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from specaug.errors import SpecaugError
from specaug.parsing import parse_json
from specaug.shards.codec import decode_image
from specaug.shards.schema import check_version

_ROWS = 8
"""Rows that are held at a time where their pictures are read."""


def data_files(out: Path) -> list[Path]:
    """Every file of clips in OUT, captured before synthetic, in the order of their names."""
    return sorted((out / "data").glob("*/*.parquet"))


def failure_files(out: Path) -> list[Path]:
    """Every file of failures in OUT, in the order of their names."""
    return sorted((out / "failures").glob("*.parquet"))


def stream_columns(path: Path, columns: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    """Some columns of a file, a row group at a time.

    Parameters
    ----------
    path : Path
        A file of clips or of failures.
    columns : sequence of str
        No picture column. One that the file lacks is left out.

    Yields
    ------
    dict of str to (rows,) array
        Text as objects with None for null, numbers with NaN for null where they are floats. A list of numbers
        becomes the mean of those that are finite, NaN where there is none.

    Raises
    ------
    SpecaugError
        The file is damaged.
    """
    with _opened(path) as file:
        wanted = [name for name in columns if name in file.schema_arrow.names]
        for group in range(file.num_row_groups):
            table = _guarded(path, lambda group=group: file.read_row_group(group, columns=wanted))
            yield {name: _values(table[name].combine_chunks()) for name in wanted}


def read_rows(path: Path, group: int, rows: Collection[int]) -> Iterator[dict[str, Any]]:
    """Some rows of one row group with their pictures, a few at a time.

    Parameters
    ----------
    path : Path
        A file of clips.
    group : int
        Number of the row group.
    rows : collection of int
        Positions within it.

    Yields
    ------
    dict
        The row as plain Python values; ``frames`` is a list of (H, W, 3) uint8 arrays, RGB.

    Raises
    ------
    SpecaugError
        The file or a picture in it is damaged.
    """
    wanted = frozenset(rows)
    with _opened(path) as file:
        shape = parse_json(file.schema_arrow.metadata[b"specaug"])["frame_shape"]
        batches = file.iter_batches(batch_size=_ROWS, row_groups=[group])
        first = 0
        while (batch := _guarded(path, lambda: next(batches, None))) is not None:
            for row in range(batch.num_rows):
                if first + row in wanted:
                    yield _decoded(path, batch.slice(row, 1).to_pylist()[0], shape)
            first += batch.num_rows


def _opened(path: Path) -> pq.ParquetFile:
    """A file of this version's schema, or one that says nothing of a version."""
    file = _guarded(
        path,
        lambda: pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True),
    )
    said = (file.schema_arrow.metadata or {}).get(b"specaug")
    if said is not None:
        check_version(path.name, parse_json(said).get("schema_version"))
    return file


def _guarded(path: Path, read: Any) -> Any:
    """What `read` gives; a damaged file is named."""
    try:
        return read()
    except (OSError, pa.ArrowException) as error:
        raise SpecaugError(
            f"{path.name}: cannot be read ({error}); `specaug verify` tells what is damaged"
        ) from error


def _values(column: pa.Array) -> np.ndarray:
    if not pa.types.is_list(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    lengths = np.nan_to_num(column.value_lengths().to_numpy(zero_copy_only=False)).astype(np.int64)
    values = column.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    known = np.isfinite(values)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    sums = np.diff(np.concatenate([[0.0], np.cumsum(np.where(known, values, 0))])[ends])
    counts = np.diff(np.concatenate([[0], np.cumsum(known)])[ends])
    return np.asarray(np.divide(sums, counts, out=np.full(len(lengths), np.nan), where=counts > 0))


def _decoded(path: Path, row: dict[str, Any], shape: Sequence[int]) -> dict[str, Any]:
    try:
        if "frames_raw" in row:
            row["frames"] = list(np.frombuffer(row.pop("frames_raw"), np.uint8).reshape(-1, *shape))
        else:
            row["frames"] = [decode_image(frame["bytes"]) for frame in row["frames"]]
    except (ValueError, TypeError) as error:
        raise SpecaugError(f"{path.name}: clip {row['clip_id']!r} has a damaged picture: {error}") from error
    return row
