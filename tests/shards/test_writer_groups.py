"""Files of clips as they are written: row groups, limits, column settings, and errors on the way."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shard_rows import SIZE, clip_of, row_of, write_rows

from specaug.errors import SpecaugError
from specaug.records import Failure
from specaug.shards import (
    FAILURE_SCHEMA,
    ClipWriter,
    check_rows,
    clip_schema,
    count_rows,
    rows_of_file,
    write_failures,
    writer,
)
from specaug.shards.schema import LABEL_LIKE


def media_row(number: int, size: int, *, frames: int = 1) -> dict:
    """A row whose pictures are so many bytes, evenly over its frames."""
    data = bytes(size // frames)
    return row_of(number, frames=[{"bytes": data, "path": None}] * frames)


def groups(path: Path) -> list[int]:
    metadata = pq.ParquetFile(path).metadata
    return [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]


@pytest.mark.parametrize(
    ("rows", "expected"), [(0, []), (1, [1]), (2, [2]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])]
)
def test_a_group_is_flushed_at_its_number_of_rows(tmp_path, rows, expected):
    path = write_rows(tmp_path / "a.parquet", [media_row(i, 10) for i in range(rows)], group=3)
    assert groups(path) == expected


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([99], [1]),
        ([50, 49, 1], [3]),  # the sum reaches 100 with the third
        ([50, 49, 0, 1, 5], [4, 1]),
        ([100, 1], [1, 1]),
        ([1, 100, 1], [2, 1]),
        ([60, 60, 60, 60], [2, 2]),  # what was written counts no more
    ],
)
@pytest.mark.parametrize("frames", [1, 2])
def test_a_group_is_flushed_at_its_number_of_bytes(tmp_path, monkeypatch, sizes, expected, frames):
    monkeypatch.setattr(writer, "GROUP_BYTES", 100 * frames)
    rows = [media_row(i, size * frames, frames=frames) for i, size in enumerate(sizes)]
    assert groups(write_rows(tmp_path / "a.parquet", rows)) == expected


@pytest.mark.parametrize("image_format", ["png", "raw"])
def test_rows_and_records_weigh_the_same(tmp_path, monkeypatch, image_format):
    clips = [clip_of(i, image_format=image_format) for i in range(4)]
    monkeypatch.setattr(writer, "GROUP_BYTES", sum(len(frame) for c in clips[:2] for frame in c.frames))
    first = write_rows(tmp_path / "a.parquet", clips, image_format=image_format)
    rows = list(rows_of_file(first))
    second = write_rows(tmp_path / "b.parquet", rows, image_format=image_format)
    assert groups(first) == groups(second)
    assert groups(first)[0] == 2
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("size", "fits"), [(63, True), (64, True), (65, False)])
def test_the_limit_of_a_row_is_its_pictures(tmp_path, monkeypatch, size, fits):
    monkeypatch.setattr(writer, "MAX_ROW_BYTES", 64)
    path = tmp_path / "a.parquet"
    with ClipWriter(path, image_format="png", size=SIZE) as stream:
        stream.write(media_row(0, 8))
        if fits:
            stream.write(media_row(1, size))
        else:
            with pytest.raises(SpecaugError, match="clip: expected at most 64 bytes of frames, got 65"):
                stream.write(media_row(1, size))
        assert stream.rows == 1 + fits
    assert count_rows(path) == 1 + fits


def test_the_limits_keep_a_group_within_96_mib():
    assert writer.GROUP_BYTES + writer.MAX_ROW_BYTES == 96 << 20
    assert writer.GROUP_ROWS == 256


def test_rows_come_back_in_order_over_all_groups(tmp_path):
    rows = [row_of(i, subject=None if i % 2 else f"s{i}") for i in range(7)]
    path = write_rows(tmp_path / "a.parquet", rows, group=3)
    back = list(rows_of_file(path))
    assert [row["clip_id"] for row in back] == [f"clip-{i}" for i in range(7)]
    assert [{name: row[name] for name in rows[0]} for row in back] == rows


def test_a_file_without_rows_has_the_schema(tmp_path):
    path = write_rows(tmp_path / "a.parquet", [], image_format="raw")
    found, wanted = pq.read_schema(path), clip_schema(image_format="raw", size=SIZE)
    assert found.equals(wanted)
    assert found.metadata == wanted.metadata
    assert count_rows(path) == 0
    assert list(rows_of_file(path)) == []


def columns_of(path: Path) -> dict[str, pq.ColumnChunkMetaData]:
    group = pq.ParquetFile(path).metadata.row_group(0)
    return {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}


@pytest.mark.parametrize(("image_format", "media"), [("png", "frames.list.element."), ("raw", "frames_raw")])
def test_every_leaf_has_the_settings_of_its_kind(tmp_path, image_format, media):
    path = write_rows(
        tmp_path / "a.parquet",
        [clip_of(i, image_format=image_format) for i in range(3)],
        image_format=image_format,
    )
    for name, column in columns_of(path).items():
        pictures = name.startswith(media)
        assert column.compression == ("UNCOMPRESSED" if pictures else "ZSTD"), name
        assert column.is_stats_set != pictures, name
    dictionary = {name for name, column in columns_of(path).items() if "RLE_DICTIONARY" in column.encodings}
    assert dictionary == set(LABEL_LIKE)


def test_pages_have_an_index(tmp_path):
    columns = columns_of(write_rows(tmp_path / "a.parquet", [row_of(0)]))
    assert all(column.has_offset_index for column in columns.values())
    assert columns["clip_id"].has_column_index


def test_an_error_within_the_block_is_the_one_that_is_raised(tmp_path):
    path = tmp_path / "a.parquet"

    def fail() -> None:
        with ClipWriter(path, image_format="png", size=SIZE) as stream:
            stream.write(row_of(0))
            raise RuntimeError("decoder")

    with pytest.raises(RuntimeError, match="decoder"):
        fail()
    assert count_rows(path) == 0  # what waited is not written behind its back


class BadDisk:
    """Takes the first bytes of a file and refuses the rest."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pq, "ParquetWriter", lambda *args, **options: self)
        self.is_open = True

    def write_table(self, table: pa.Table) -> None:
        raise OSError(errno.EIO, "write")

    def close(self) -> None:
        raise OSError(errno.EIO, "close")


def test_a_disk_that_fails_is_told_where_nothing_failed_before(tmp_path, monkeypatch):
    disk = BadDisk(monkeypatch)
    with (
        pytest.raises(OSError, match="write"),
        ClipWriter(tmp_path / "a", image_format="png", size=SIZE) as stream,
    ):
        stream.write(row_of(0))
    assert not disk.is_open  # or it would try again when it is forgotten
    with pytest.raises(OSError, match="close"), ClipWriter(tmp_path / "a", image_format="png", size=SIZE):
        pass


def test_a_disk_that_fails_does_not_hide_an_earlier_error(tmp_path, monkeypatch):
    disk = BadDisk(monkeypatch)
    with (
        pytest.raises(RuntimeError, match="decoder"),
        ClipWriter(tmp_path / "a", image_format="png", size=SIZE),
    ):
        raise RuntimeError("decoder")
    assert not disk.is_open


@pytest.mark.parametrize(("expected", "fine"), [(4, False), (5, True), (6, False)])
def test_a_file_is_checked_for_exactly_its_rows(tmp_path, expected, fine):
    path = write_rows(tmp_path / "a.parquet", [row_of(i) for i in range(5)], group=2)
    if fine:
        check_rows(expected)(path)
    else:
        with pytest.raises(SpecaugError, match=f"a.parquet: wrote {expected} rows, read back 5"):
            check_rows(expected)(path)


@pytest.mark.parametrize("keep", [0, 3, 0.5, -1])
def test_a_file_that_was_cut_is_not_counted(tmp_path, keep):
    path = write_rows(tmp_path / "a.parquet", [row_of(i) for i in range(5)])
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises((OSError, pa.ArrowInvalid)):
        count_rows(path)


@pytest.mark.parametrize(
    "name", ["clip_id", "split", "label", "frames.list.element.bytes", "scale.list.element"]
)
def test_damage_of_any_column_is_found_when_rows_are_read(tmp_path, name):
    path = write_rows(tmp_path / "a.parquet", [row_of(i) for i in range(10)], group=5)
    column = columns_of(path)[name]
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(OSError):  # noqa: PT011  # of its checksum or of its header, as the byte falls
        list(rows_of_file(path))


def test_failures_are_written_as_the_schema_says(tmp_path):
    failures = [
        Failure("a", "a.mp4", "train", "probe", "unreadable", "x", attempts=3),
        Failure("b", "", "dev", "encode", "row_too_large", "é\n", frame_index=7),
    ]
    write_failures(tmp_path / "f.parquet", failures)
    table = pq.read_table(tmp_path / "f.parquet")
    assert table.schema.equals(FAILURE_SCHEMA, check_metadata=True)
    assert [row["source_path"] for row in table.to_pylist()] == ["a.mp4", None]
    assert [row["frame_index"] for row in table.to_pylist()] == [None, 7]
    assert {c.compression for c in columns_of(tmp_path / "f.parquet").values()} == {"ZSTD"}


def test_a_footer_names_the_format_that_was_asked_for(tmp_path):
    for image_format in ("png", "webp", "jpeg", "raw"):
        path = write_rows(tmp_path / image_format, [], image_format=image_format, size=24)
        ours = json.loads(pq.read_schema(path).metadata[b"specaug"])
        assert (ours["image_format"], ours["frame_shape"]) == (image_format, [24, 24, 3])
