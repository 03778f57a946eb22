"""Small tables of text and numbers beside the clips, such as scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from specaug.shards.atomic_files import write_atomically
from specaug.shards.groups import guarded


def write_columns(path: Path, columns: Mapping[str, np.ndarray], *, out: Path) -> None:
    """Write arrays of one length as a Parquet file, complete once it has its name."""
    arrays = {
        name: pa.array(values.tolist(), pa.string()) if values.dtype.kind == "U" else pa.array(values)
        for name, values in columns.items()
    }
    table = pa.table(arrays)
    # Ids are hexadecimal digits, which zstd packs to half of what the default, snappy, does.
    write_atomically(
        path,
        lambda part: pq.write_table(table, part, write_page_checksum=True, compression="zstd"),
        out=out,
    )


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """Read what :func:`write_columns` wrote.

    Raises
    ------
    SpecaugError
        The file is missing or damaged.
    """
    table = guarded(path.name, lambda: pq.read_table(path, page_checksum_verification=True))
    return {
        name: np.array(table[name].to_pylist(), dtype=np.str_)
        if pa.types.is_string(table.schema.field(name).type)
        else table[name].to_numpy()
        for name in table.schema.names
    }
