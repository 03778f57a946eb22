"""Columns and rows read back from files of many row groups, and small tables beside them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shard_rows import media_of, pixels, row_of, write_rows

from specaug.errors import SpecaugError
from specaug.records import Failure
from specaug.shards import data_files, failure_files, read_rows, stream_columns, write_failures
from specaug.shards.tables import read_columns, write_columns


def test_files_come_captured_first_then_by_name(tmp_path):
    names = [
        "data/synthetic/a.parquet",
        "data/captured/b.parquet",
        "data/captured/a.parquet",
        "failures/z.parquet",
        "failures/b.parquet",
    ]
    others = [
        "data/x.parquet",
        "data/captured/deep/x.parquet",
        "data/captured/a.json",
        "failures/deep/x.parquet",
    ]
    for name in names + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert data_files(tmp_path) == [tmp_path / names[i] for i in (2, 1, 0)]
    assert failure_files(tmp_path) == [tmp_path / names[i] for i in (4, 3)]
    assert data_files(tmp_path / "absent") == failure_files(tmp_path / "absent") == []


def known_mean(values: list[float | None] | None) -> float:
    known = [value for value in values or [] if value is not None and math.isfinite(value)]
    return math.fsum(known) / len(known) if known else math.nan


NUMBERS = st.one_of(st.none(), st.sampled_from([math.nan, math.inf, -math.inf]), st.integers(-99, 99))
LISTS = st.lists(st.one_of(st.none(), st.lists(NUMBERS, max_size=4)), max_size=12)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(lists=LISTS, group=st.integers(1, 5))
def test_a_list_becomes_the_mean_of_what_is_known(tmp_path_factory, lists, group):
    path = tmp_path_factory.getbasetemp() / "lists.parquet"
    values = [None if row is None else [None if v is None else float(v) for v in row] for row in lists]
    pq.write_table(pa.table({"score": pa.array(values, pa.list_(pa.float32()))}), path, row_group_size=group)
    found = [part["score"] for part in stream_columns(path, ["score"])]
    assert [len(part) for part in found] == [
        len(lists[i : i + group]) for i in range(0, len(lists), group)
    ] or (not lists)
    expected = [known_mean(row) for row in values]
    # Running sums of whole numbers are exact in float64; only the division rounds.
    np.testing.assert_array_equal(np.concatenate([*found, []]), expected)


def test_columns_keep_their_kind_and_their_order(tmp_path):
    rows = [
        row_of(0, fps=25.0, source_width=640, frame_index=[3, 5]),
        row_of(1, fps=None, source_width=None, subject=None),
    ]
    path = write_rows(tmp_path / "a.parquet", rows)
    (part,) = stream_columns(path, ["subject", "fps", "label", "absent", "source_width", "frame_index"])
    assert list(part) == ["subject", "fps", "label", "source_width", "frame_index"]
    assert part["subject"].tolist() == ["subject-0", None]
    np.testing.assert_array_equal(part["fps"], [25, np.nan])
    np.testing.assert_array_equal(part["source_width"], [640, np.nan])
    assert part["label"].dtype == np.int64
    assert part["frame_index"].tolist() == [4, 0.5]


def test_failures_are_read_the_same_way(tmp_path):
    failures = [
        Failure("a", "a.mp4", "dev", "probe", "unreadable", ""),
        Failure("b", "b", "dev", "decode", "timeout", ""),
    ]
    write_failures(tmp_path / "f.parquet", failures)
    (part,) = stream_columns(tmp_path / "f.parquet", ["reason", "attempts"])
    assert part["reason"].tolist() == ["unreadable", "timeout"]
    assert part["attempts"].tolist() == [1, 1]


def damaged(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def test_a_damaged_file_is_named_by_both_readers(tmp_path):
    path = damaged(write_rows(tmp_path / "a.parquet", [row_of(0)]))
    with pytest.raises(
        SpecaugError, match=r"a.parquet: cannot be read .* `specaug verify` tells what is damaged"
    ):
        list(stream_columns(path, ["clip_id"]))
    with pytest.raises(SpecaugError, match=r"a.parquet: cannot be read"):
        list(read_rows(path, 0, [0]))


@pytest.mark.parametrize("image_format", ["png", "raw"])
@pytest.mark.parametrize("wanted", [[], [0], [7, 8, 9], [19], range(20), (16, 3, 3), {99}])
def test_rows_of_a_group_come_in_its_order(tmp_path, image_format, wanted):
    rows = [row_of(n, n=1 + n % 2, image_format=image_format) for n in range(25)]
    path = write_rows(tmp_path / "a.parquet", rows, image_format=image_format, group=20)
    found = list(read_rows(path, 0, wanted))
    numbers = sorted({n for n in wanted if n < 20})
    assert [row["clip_id"] for row in found] == [f"clip-{n}" for n in numbers]
    for row, n in zip(found, numbers, strict=True):
        assert "frames_raw" not in row
        assert np.array_equal(np.stack(row["frames"]), pixels(n, n=1 + n % 2))


def test_rows_count_from_the_start_of_their_group(tmp_path):
    path = write_rows(tmp_path / "a.parquet", [row_of(n) for n in range(25)], group=10)
    assert [row["clip_id"] for row in read_rows(path, 2, [0, 4])] == ["clip-20", "clip-24"]
    assert [row["clip_id"] for row in read_rows(path, 1, [9, 10])] == ["clip-19"]


@pytest.mark.parametrize(
    "frames", [[{"bytes": b"none", "path": None}], [{"bytes": None, "path": None}], None, [None]]
)
def test_a_damaged_picture_is_told_with_its_clip_alone(tmp_path, frames):
    schema = pq.read_schema(write_rows(tmp_path / "a.parquet", []))
    table = pa.Table.from_pylist([row_of(1), row_of(2, frames=frames)], schema=schema)
    pq.write_table(table, tmp_path / "a.parquet")
    assert [row["clip_id"] for row in read_rows(tmp_path / "a.parquet", 0, [0])] == ["clip-1"]
    with pytest.raises(SpecaugError, match=r"a.parquet: clip 'clip-2' has a damaged picture: "):
        list(read_rows(tmp_path / "a.parquet", 0, [1]))


def test_a_raw_buffer_of_half_a_frame_is_damage(tmp_path):
    data = media_of(pixels(1), "raw")["frames_raw"][:-1]
    path = write_rows(
        tmp_path / "a.parquet", [row_of(1, image_format="raw", frames_raw=data)], image_format="raw"
    )
    with pytest.raises(SpecaugError, match="clip 'clip-1' has a damaged picture: cannot reshape"):
        list(read_rows(path, 0, [0]))


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.1, -np.inf, np.nan, 5e-324]),
        np.float32([0.1, np.inf]),
        np.array([-(2**63), 2**63 - 1]),
        np.array([0, 255], np.uint8),
        np.array([True, False]),
        np.array(["", "é", "李 😀", "a\x00b"]),
        np.array([], np.float64),
        np.array([], np.int64),
    ],
)
def test_arrays_of_a_table_come_back_as_they_were(tmp_path, values):
    write_columns(tmp_path / "x.parquet", {"values": values}, out=tmp_path)
    found = read_columns(tmp_path / "x.parquet")["values"]
    assert found.dtype.kind == values.dtype.kind
    assert values.dtype.kind == "U" or found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_columns_of_a_table_keep_their_names_and_order(tmp_path):
    columns = {"z": np.arange(3), "a": np.array(["x", "yy", ""]), "ä b": np.zeros(3)}
    write_columns(tmp_path / "deep/x.parquet", columns, out=tmp_path)
    found = read_columns(tmp_path / "deep/x.parquet")
    assert list(found) == list(columns)
    assert found["a"].tolist() == ["x", "yy", ""]
    assert not list((tmp_path / ".specaug/tmp").iterdir())


def test_columns_of_two_lengths_leave_the_old_table(tmp_path):
    write_columns(tmp_path / "x", {"a": np.arange(2)}, out=tmp_path)
    with pytest.raises(pa.ArrowInvalid, match="length"):
        write_columns(tmp_path / "x", {"a": np.arange(2), "b": np.arange(3)}, out=tmp_path)
    assert read_columns(tmp_path / "x")["a"].tolist() == [0, 1]


def test_a_table_that_is_missing_or_damaged_is_named(tmp_path):
    with pytest.raises(SpecaugError, match=r"scores.parquet: cannot be read"):
        read_columns(tmp_path / "scores.parquet")
    write_columns(tmp_path / "scores.parquet", {"a": np.arange(99)}, out=tmp_path)
    with pytest.raises(SpecaugError, match=r"scores.parquet: cannot be read"):
        read_columns(damaged(tmp_path / "scores.parquet"))
