"""Row groups of a data set: what there is, and one of them at a time with its pictures still encoded."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from specaug.errors import ArgumentError, SpecaugError
from specaug.parsing import parse_json
from specaug.records import SPLITS, Split
from specaug.shards.codec import decode_into
from specaug.shards.out_hint import out_hint
from specaug.shards.schema import MEDIA, check_version
from specaug.storage import place_of

Origin = Literal["captured", "synthetic"]
KEYS = ("clip_id", "source_id", "parent_id", "dataset", "subject", "pai", "label", "origin")
"""Columns that tell what a row is."""
T = TypeVar("T")


@dataclass(frozen=True)
class RowGroup:
    """One row group of a file of clips."""

    path: Path
    number: int
    """Of the group in its file."""
    rows: int
    bytes: int
    """What its columns take in the file."""
    frame_shape: tuple[int, int, int]
    """(H, W, 3) of its frames."""

    def __str__(self) -> str:
        return f"{self.path.name}, row group {self.number}"


def find_groups(out: Path | str, *, split: Split, origins: Sequence[Origin]) -> tuple[RowGroup, ...]:
    """The row groups of one split, in the order of the names of their files.

    Parameters
    ----------
    out : path
        A folder that ``specaug build-dataset`` made, or its address in an object store.
    split : {"train", "dev", "test"}
    origins : sequence of {"captured", "synthetic"}

    Returns
    -------
    tuple of RowGroup

    Raises
    ------
    ArgumentError
        An unknown split or origin, or OUT holds no clips of it.
    SpecaugError
        A file is damaged, of another schema version, or its frames have another size than those of the others.
    """
    for name, values, choices in (("split", (split,), SPLITS), ("origin", origins, get_args(Origin))):
        for value in values:
            if value not in choices:
                raise ArgumentError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    root = place_of(out)
    files = [f for origin in origins for f in sorted((root / "data" / origin).glob(f"{split}-*.parquet"))]
    if not files:
        there = sorted({f.name.partition("-")[0] for f in (root / "data").glob("*/*.parquet")})
        hint = f"it has {', '.join(there)}" if there else out_hint(out)
        raise ArgumentError(
            f"out: expected a folder with {' or '.join(origins)} clips of split {split!r}, got {str(out)!r}; {hint}"
        )
    groups = tuple(group for file in files for group in groups_of_file(file))
    shapes = {group.frame_shape: group for group in groups}
    if len(shapes) > 1:
        found = ", ".join(f"{shape} in {group.path.name}" for shape, group in shapes.items())
        raise SpecaugError(f"frames: expected one size in all files, got {found}")
    return groups


def groups_of_file(file: Path) -> list[RowGroup]:
    """The row groups of one file of clips, in their order."""
    with open_parquet(file) as parquet:
        schema, metadata = parquet.schema_arrow, parquet.metadata
        ours = check_schema(file, schema)
        sizes = [metadata.row_group(i).total_byte_size for i in range(parquet.num_row_groups)]
        rows = [metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
    shape = tuple(ours["frame_shape"])
    return [RowGroup(file, i, n, size, shape) for i, (n, size) in enumerate(zip(rows, sizes, strict=True))]


def check_schema(file: Path, schema: pa.Schema) -> dict[str, Any]:
    """What the footer says of the clips.

    Raises
    ------
    SpecaugError
        It says nothing, or names another version of the schema.
    """
    try:
        ours: dict[str, Any] = parse_json((schema.metadata or {})[b"specaug"])
        version = ours["schema_version"]
    except (KeyError, TypeError, ValueError):
        raise SpecaugError(
            f"{file.name}: expected clips of specaug, got a file without its schema: "
            "name a folder that `specaug build-dataset RAW OUT` made"
        ) from None
    check_version(file.name, version)
    return ours


def open_parquet(file: Path) -> pq.ParquetFile:
    """A Parquet file, on disk or in a store, whose checksums are verified where it is read."""
    source = file if isinstance(file, Path) else file.open("rb")
    return guarded(
        file.name, lambda: pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True)
    )


def guarded(name: str, read: Callable[[], T]) -> T:
    """What `read` gives; damage is told with the name of what is damaged."""
    try:
        return read()
    except (OSError, pa.ArrowException) as error:
        raise SpecaugError(
            f"{name}: cannot be read ({error}); `specaug verify` tells what is damaged"
        ) from error


def read_keys(groups: Sequence[RowGroup]) -> dict[str, np.ndarray]:
    """The columns :data:`KEYS` of all rows, without pictures.

    Returns
    -------
    dict of str to (rows,) array
        ``label`` int64, the others str, empty for null.
    """
    tables = []
    for file in dict.fromkeys(group.path for group in groups):
        with open_parquet(file) as parquet:
            read = guarded(file.name, lambda p=parquet: p.read(columns=list(KEYS)))  # type: ignore[misc]
        _check_labels(file.name, read)
        tables.append(read)
    table = pa.concat_tables(tables)
    columns = {
        name: table[name].to_pylist() for name in KEYS
    }  # to_numpy would load pandas where it is installed
    return {
        name: np.array(values, np.int64)
        if name == "label"
        else np.array([value or "" for value in values], dtype=np.str_)
        for name, values in columns.items()
    }


def _check_labels(file: str, table: pa.Table) -> None:
    for row, label in enumerate(table["label"].to_pylist()):
        if label not in (0, 1):
            raise SpecaugError(f"{file}, row {row}: expected the label 0 or 1, got {label!r}")


@dataclass(frozen=True, eq=False)
class EncodedClip:
    """The frames of one row as they are stored."""

    name: str
    """As errors call it."""
    pictures: tuple[Any, ...]
    """Buffers: one for each frame, or one for all of them where they are raw."""
    n_frames: int
    raw: bool
    frame_shape: tuple[int, int, int]

    def copied(self) -> EncodedClip:
        """The same, without a hold on the row group it was read with."""
        return dataclasses.replace(self, pictures=tuple(bytes(picture) for picture in self.pictures))

    def decode(self, wanted: Sequence[int] | None = None, *, into: np.ndarray | None = None) -> np.ndarray:
        """Frames, in the order asked for; one that is named twice is decoded once.

        Parameters
        ----------
        wanted : sequence of int, optional
            All frames where it is left out.
        into : (T, H, W, 3) uint8, optional
            Contiguous memory to write to, which saves time.

        Returns
        -------
        (T, H, W, 3) uint8
            RGB; `into` where it is given.

        Raises
        ------
        SpecaugError
            A frame is no picture, or has another size than the footer says.
        """
        indices = range(self.n_frames) if wanted is None else wanted
        frames = np.empty((len(indices), *self.frame_shape), np.uint8) if into is None else into
        first: dict[int, int] = {}
        try:
            if self.raw:
                whole = np.frombuffer(self.pictures[0], np.uint8).reshape(self.n_frames, *self.frame_shape)
                frames[...] = whole[list(indices)]
                return frames
            for slot, index in enumerate(indices):
                if first.setdefault(index, slot) < slot:
                    frames[slot] = frames[first[index]]
                else:
                    decode_into(self.pictures[index], frames[slot])
        except ValueError as error:
            raise SpecaugError(f"{self.name}: damaged picture: {error}") from error
        return frames

    def __repr__(self) -> str:
        return f"EncodedClip({self.name}, {self.n_frames} frames)"


class EncodedRows:
    """The rows of one row group, held as they were read; frames are decoded when asked for.

    Parameters
    ----------
    group : RowGroup
    columns : sequence of str, optional
        What is read beside the pictures; everything where it is left out.

    Raises
    ------
    SpecaugError
        The group is damaged.
    """

    def __init__(self, group: RowGroup, columns: Sequence[str] | None = None) -> None:
        self.group = group
        with open_parquet(group.path) as parquet:
            names = parquet.schema_arrow.names
            wanted = names if columns is None else [n for n in names if n in MEDIA or n in columns]
            self.table: pa.Table = guarded(
                str(group), lambda: parquet.read_row_group(group.number, columns=wanted).combine_chunks()
            )
        (media,) = (name for name in names if name in MEDIA)
        self._raw = media == "frames_raw"
        pictures = _only_chunk(self.table[media])
        _check_pictures(str(group), pictures, raw=self._raw)
        self._pictures = _buffers(pictures if self._raw else pictures.values.field("bytes"))
        self._first: list[int] = [] if self._raw else pictures.offsets.to_pylist()
        self.columns: tuple[str, ...] = tuple(n for n in wanted if n not in MEDIA)
        """Names of what was read beside the pictures."""
        self._values: dict[str, list[Any]] = {}

    def value(self, row: int, column: str) -> Any:
        """One value, as Python has it."""
        if column not in self._values:
            self._values[column] = self.table[column].to_pylist()
        return self._values[column][row]

    def clip(self, row: int) -> EncodedClip:
        """The frames of a row as they are stored, without a copy."""
        name, shape = f"{self.group.path.name}: clip {self.value(row, 'clip_id')!r}", self.group.frame_shape
        if self._raw:
            pictures: tuple[memoryview, ...] = (self._pictures[row],)
            n_frames = len(pictures[0]) // math.prod(shape)
        else:
            pictures = tuple(self._pictures[slice(*self._first[row : row + 2])])
            n_frames = len(pictures)
        if not n_frames:
            raise SpecaugError(f"{name}: expected frames, got none")
        return EncodedClip(name, pictures, n_frames, self._raw, shape)

    def take(self, rows: Sequence[int]) -> pa.Table:
        """Rows as an Arrow table."""
        return self.table.take(rows)


def _check_pictures(group: str, column: pa.Array, *, raw: bool) -> None:
    """Whether a column holds bytes as this library writes them."""
    kind, types = column.type, pa.types
    is_list = types.is_list(kind) or types.is_large_list(kind)
    value = kind if raw else kind.value_type.field("bytes").type if is_list else None
    if value is None or not (types.is_binary(value) or types.is_large_binary(value)):
        raise SpecaugError(f"{group}: expected pictures as binary values, got {kind}")


def _only_chunk(column: pa.ChunkedArray) -> pa.Array:
    """The one part of a column; `combine_chunks` would copy it."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _buffers(pictures: pa.Array) -> list[memoryview]:
    """The bytes of each value of a binary array, without a copy; null has none."""
    _, offsets, data = pictures.buffers()
    width = np.int64 if pa.types.is_large_binary(pictures.type) else np.int32
    ends = np.frombuffer(offsets, width)[pictures.offset : pictures.offset + len(pictures) + 1].tolist()
    whole = memoryview(data or b"").cast("B")
    return [whole[first:stop] for first, stop in itertools.pairwise(ends)]
