"""Row groups: which there are, what a group holds, and files that are not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shard_rows import SIZE, media_of, pixels, row_of, write_rows

from specaug.errors import ArgumentError, SpecaugError
from specaug.shards import (
    KEYS,
    SCHEMA_VERSION,
    EncodedRows,
    RowGroup,
    clip_schema,
    find_groups,
    groups_of_file,
    read_keys,
)
from specaug.shards.groups import check_schema, guarded, open_parquet


def lay(out: Path, name: str, *numbers: int, origin: str = "captured", **settings: Any) -> Path:
    size, image_format = settings.get("size", SIZE), settings.get("image_format", "png")
    rows = [row_of(n, size=size, image_format=image_format) for n in numbers]
    return write_rows(out / "data" / origin / f"{name}.parquet", rows, **settings)


def test_groups_of_a_split_come_file_by_file(tmp_path):
    lay(tmp_path, "train-00001-of-00002", 5, 6, 7, group=2)
    lay(tmp_path, "train-00000-of-00002", 1, group=2)
    lay(tmp_path, "dev-00000-of-00001", 8)
    lay(tmp_path, "train-00000-of-00002-fda", 9, origin="synthetic")
    (tmp_path / "data/captured/train-notes.txt").write_text("no shard")
    found = find_groups(tmp_path, split="train", origins=("captured",))
    assert [(str(group), group.rows) for group in found] == [
        ("train-00000-of-00002.parquet, row group 0", 1),
        ("train-00001-of-00002.parquet, row group 0", 2),
        ("train-00001-of-00002.parquet, row group 1", 1),
    ]
    assert {group.frame_shape for group in found} == {(SIZE, SIZE, 3)}
    assert find_groups(str(tmp_path), split="train", origins=("captured",)) == found


@pytest.mark.parametrize(
    ("origins", "ids"),
    [
        (("captured",), ["clip-1"]),
        (("synthetic",), ["clip-2"]),
        (("captured", "synthetic"), ["clip-1", "clip-2"]),
        (("synthetic", "captured"), ["clip-2", "clip-1"]),
    ],
)
def test_origins_come_in_the_order_asked_for(tmp_path, origins, ids):
    lay(tmp_path, "test-z", 1)
    lay(tmp_path, "test-a", 2, origin="synthetic")
    groups = find_groups(tmp_path, split="test", origins=origins)
    assert read_keys(groups)["clip_id"].tolist() == ids


@pytest.mark.parametrize(
    ("split", "origins", "message"),
    [
        ("val", ("captured",), "split: expected one of train, dev, test, got 'val'"),
        ("train", ("made",), "origin: expected one of captured, synthetic, got 'made'"),
        ("train", ("captured", None), "origin: expected one of captured, synthetic, got None"),
        ("dev", ("captured", "synthetic"), "out: .* captured or synthetic clips of split 'dev', got '.*'"),
        ("train", ("synthetic",), "out: .* with synthetic clips of split 'train'"),
        ("train", (), "out: expected a folder"),
    ],
)
def test_what_there_is_none_of_is_named(tmp_path, split, origins, message):
    lay(tmp_path, "train-0", 1)
    with pytest.raises(ArgumentError, match=message):
        find_groups(tmp_path, split=split, origins=origins)


def test_frames_of_two_sizes_are_named_with_their_files(tmp_path):
    lay(tmp_path, "train-0", 1)
    lay(tmp_path, "train-1", 2, size=24)
    with pytest.raises(SpecaugError, match=r"frames: expected one size in all files, got ") as caught:
        find_groups(tmp_path, split="train", origins=("captured",))
    assert "(16, 16, 3) in train-0.parquet, (24, 24, 3) in train-1.parquet" in str(caught.value)


def test_a_group_tells_what_it_takes(tmp_path):
    path = lay(tmp_path, "train-0", 1, 2, 3, group=2)
    metadata = pq.ParquetFile(path).metadata
    groups = groups_of_file(path)
    assert [group.bytes for group in groups] == [metadata.row_group(i).total_byte_size for i in range(2)]
    assert groups[0].bytes > sum(len(f["bytes"]) for n in (1, 2) for f in row_of(n)["frames"])
    assert groups_of_file(lay(tmp_path, "train-1")) == []


def with_footer(footer: Any) -> pa.Schema:
    data = {} if footer is None else {b"specaug": footer}
    return pa.schema([("clip_id", pa.string())], metadata=data)


@pytest.mark.parametrize("footer", [None, b"", b"{", b"[]", b"null", b"{}", b'{"kind": "clips"}'])
def test_a_footer_without_version_is_not_ours(footer):
    with pytest.raises(SpecaugError, match=r"x.parquet: expected clips of specaug, got a file without"):
        check_schema(Path("x.parquet"), with_footer(footer))
    with pytest.raises(SpecaugError, match="without its schema"):
        check_schema(Path("x.parquet"), pa.schema([]))


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, str(SCHEMA_VERSION), None, SCHEMA_VERSION + 0.5])
def test_a_footer_of_another_version_is_told(version):
    text = json.dumps({"schema_version": version}).encode()
    message = rf"x.parquet: expected schema version {SCHEMA_VERSION}, got {version!r}: build"
    with pytest.raises(SpecaugError, match=message):
        check_schema(Path("x.parquet"), with_footer(text))


def test_our_footer_is_given_as_it_is():
    ours = check_schema(Path("x"), clip_schema(image_format="jpeg", size=8))
    assert (ours["image_format"], ours["frame_shape"]) == ("jpeg", [8, 8, 3])


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no parquet at all, but long enough for a footer"])
def test_a_file_that_is_no_parquet_is_named(tmp_path, data):
    (tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(SpecaugError, match=r"x.parquet: cannot be read \(.*\); `specaug verify` tells"):
        open_parquet(tmp_path / "x.parquet")


def test_only_damage_is_told_as_damage():
    assert guarded("x", lambda: 7) == 7
    for error in (OSError("disk"), pa.ArrowInvalid("page")):
        with pytest.raises(SpecaugError, match=r"^x: cannot be read") as caught:
            guarded("x", lambda error=error: (_ for _ in ()).throw(error))
        assert caught.value.__cause__ is error
    with pytest.raises(ZeroDivisionError):
        guarded("x", lambda: 1 // 0)


def test_keys_are_text_and_null_is_empty(tmp_path):
    rows = [row_of(1, subject=None, pai=None), row_of(2, label=1, pai="print", parent_id="clip-1")]
    keys = read_keys(groups_of_file(write_rows(tmp_path / "a.parquet", rows)))
    assert tuple(keys) == KEYS
    assert keys["label"].dtype == np.int64
    assert all(values.dtype.kind == "U" for name, values in keys.items() if name != "label")
    assert keys["subject"].tolist() == ["", "subject-2"]
    assert keys["parent_id"].tolist() == ["", "clip-1"]
    assert keys["pai"].tolist() == ["", "print"]
    assert keys["label"].tolist() == [0, 1]


def test_keys_of_a_file_are_read_once_for_all_its_groups(tmp_path):
    groups = [
        *groups_of_file(write_rows(tmp_path / "b.parquet", [row_of(n) for n in (4, 5, 6)], group=1)),
        *groups_of_file(write_rows(tmp_path / "a.parquet", [row_of(7)])),
    ]
    assert read_keys(groups)["clip_id"].tolist() == ["clip-4", "clip-5", "clip-6", "clip-7"]


@pytest.mark.parametrize("label", [2, -1, None])
def test_a_label_that_is_none_is_told_with_its_row(tmp_path, label):
    path = write_rows(tmp_path / "a.parquet", [row_of(0), row_of(1, label=1), row_of(2, label=label)])
    with pytest.raises(SpecaugError, match=rf"a.parquet, row 2: expected the label 0 or 1, got {label}"):
        read_keys(groups_of_file(path))


def rows_in(path: Path, number: int = 0, columns: Any = None) -> EncodedRows:
    return EncodedRows(groups_of_file(path)[number], columns)


@pytest.mark.parametrize("image_format", ["png", "webp", "raw"])
def test_each_row_of_each_group_has_its_own_pictures(tmp_path, image_format):
    rows = [row_of(n, n=1 + n % 3, image_format=image_format) for n in range(5)]
    path = write_rows(tmp_path / "a.parquet", rows, image_format=image_format, group=3)
    for number, first in ((0, 0), (1, 3)):
        read = rows_in(path, number)
        for row in range(read.group.rows):
            clip = read.clip(row)
            expected = pixels(first + row, n=1 + (first + row) % 3)
            assert clip.n_frames == len(expected)
            assert np.array_equal(clip.decode(), expected)
            assert clip.name == f"a.parquet: clip 'clip-{first + row}'"
            assert repr(clip) == f"EncodedClip({clip.name}, {len(expected)} frames)"


@pytest.mark.parametrize("image_format", ["png", "raw"])
@pytest.mark.parametrize("wanted", [[0], [2, 0], [1, 1, 2, 1], [], range(3)])
def test_frames_come_in_the_order_asked_for(tmp_path, image_format, wanted):
    path = write_rows(
        tmp_path / "a.parquet", [row_of(4, n=3, image_format=image_format)], image_format=image_format
    )
    clip = rows_in(path).clip(0)
    expected = pixels(4, n=3)[list(wanted)]
    assert np.array_equal(clip.decode(wanted), expected)
    into = np.full((len(wanted), SIZE, SIZE, 3), 9, np.uint8)
    assert clip.decode(wanted, into=into) is into
    assert np.array_equal(into, expected)


def test_a_copy_of_a_clip_has_the_same_frames(tmp_path):
    clip = rows_in(write_rows(tmp_path / "a.parquet", [row_of(1), row_of(2)])).clip(1)
    copy = clip.copied()
    assert all(isinstance(picture, bytes) for picture in copy.pictures)
    assert (copy.name, copy.n_frames, copy.raw, copy.frame_shape) == (clip.name, 2, False, (SIZE, SIZE, 3))
    assert np.array_equal(copy.decode(), pixels(2))


def test_only_columns_that_were_asked_for_are_read(tmp_path):
    path = write_rows(tmp_path / "a.parquet", [row_of(1, scale=[0.5, 2.0]), row_of(2)])
    some = rows_in(path, columns=("scale", "clip_id", "absent"))
    assert some.columns == ("clip_id", "scale")
    assert some.value(0, "scale") == [0.5, 2.0]
    every = rows_in(path)
    assert "frames" not in every.columns
    assert {"source_id", "warp", "fps"} <= set(every.columns)
    assert every.value(1, "session") is None
    assert every.take([1, 0, 1])["clip_id"].to_pylist() == ["clip-2", "clip-1", "clip-2"]


@pytest.mark.parametrize("image_format", ["png", "raw"])
def test_a_clip_without_frames_is_refused(tmp_path, image_format):
    rows = [row_of(1, n=n, image_format=image_format) for n in (1, 0)]
    read = rows_in(write_rows(tmp_path / "a.parquet", rows, image_format=image_format))
    assert read.clip(0).n_frames == 1
    with pytest.raises(SpecaugError, match=r"a.parquet: clip 'clip-1': expected frames, got none"):
        read.clip(1)


@pytest.mark.parametrize(
    "frames",
    [
        [{"bytes": b"no picture", "path": None}],
        [{"bytes": b"", "path": None}],
        [{"bytes": None, "path": "a.png"}],
        None,
        media_of(pixels(1, n=1, size=24))["frames"],
    ],
)
def test_what_is_no_frame_is_told_with_its_clip(tmp_path, frames):
    table = pa.Table.from_pylist(
        [row_of(3, frames=frames)], schema=clip_schema(image_format="png", size=SIZE)
    )
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SpecaugError, match=r"a.parquet: clip 'clip-3': (damaged picture|expected frames)"):
        rows_in(tmp_path / "a.parquet").clip(0).decode()


@pytest.mark.parametrize("extra", [-1, 1])
def test_raw_bytes_that_are_no_whole_frames_are_damage(tmp_path, extra):
    data = (pixels(1).tobytes() + b"x")[: 2 * SIZE * SIZE * 3 + extra]
    path = write_rows(
        tmp_path / "a.parquet", [row_of(1, image_format="raw", frames_raw=data)], image_format="raw"
    )
    with pytest.raises(SpecaugError, match="clip 'clip-1': damaged picture: cannot reshape"):
        rows_in(path).clip(0).decode()


@pytest.mark.parametrize(
    ("name", "kind", "fine"),
    [
        ("frames_raw", pa.binary(), True),
        ("frames_raw", pa.large_binary(), True),
        ("frames_raw", pa.string(), False),
        ("frames_raw", pa.list_(pa.uint8()), False),
        ("frames", pa.list_(pa.struct([("bytes", pa.large_binary())])), True),
        ("frames", pa.large_list(pa.struct([("bytes", pa.binary())])), True),
        ("frames", pa.list_(pa.struct([("bytes", pa.string())])), False),
        ("frames", pa.binary(), False),
    ],
)
def test_pictures_are_binary_however_long_their_offsets_are(tmp_path, name, kind, fine):
    data = pixels(1, n=1).tobytes() if name == "frames_raw" else row_of(1, n=1)["frames"][0]["bytes"]
    if fine:
        value = data if name == "frames_raw" else [{"bytes": data}]
    else:
        value = {"frames_raw": "text", "frames": b"x"}[name] if not pa.types.is_list(kind) else []
    image_format = "raw" if name == "frames_raw" else "png"
    metadata = clip_schema(image_format=image_format, size=SIZE).metadata
    schema = pa.schema([("clip_id", pa.string()), (name, kind)], metadata=metadata)
    pq.write_table(pa.Table.from_pylist([{"clip_id": "c", name: value}], schema=schema), tmp_path / "a")
    if fine:
        assert np.array_equal(rows_in(tmp_path / "a").clip(0).decode(), pixels(1, n=1))
    else:
        with pytest.raises(SpecaugError, match="a, row group 0: expected pictures as binary values, got "):
            rows_in(tmp_path / "a")


def test_damage_within_a_group_is_told_with_its_number(tmp_path):
    path = write_rows(tmp_path / "a.parquet", [row_of(n) for n in range(4)], group=2)
    data = bytearray(path.read_bytes())
    picture = row_of(3)["frames"][1]["bytes"]
    data[bytes(data).index(picture) + 40] ^= 1
    path.write_bytes(data)
    assert rows_in(path, 0).clip(1).n_frames == 2
    with pytest.raises(SpecaugError, match=r"a.parquet, row group 1: cannot be read"):
        rows_in(path, 1)
    with pytest.raises(SpecaugError, match="row group 9"):
        str(EncodedRows(RowGroup(path, 9, 1, 1, (SIZE, SIZE, 3))))
