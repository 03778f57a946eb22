"""Clips on disk: schema, bytes, atomic writes."""

from __future__ import annotations

import errno
import json
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from specaug.errors import ArgumentError, NoSpaceError, SpecaugError
from specaug.records import Clip, Failure, MediaInfo, Receipt, ShardPlan, Source
from specaug.shards import (
    SCHEMA_VERSION,
    ClipWriter,
    check_rows,
    clip_schema,
    count_rows,
    data_file,
    decode_image,
    encode_image,
    read_receipt,
    write_atomically,
    write_failures,
    write_receipt,
    writer,
)

T, SIZE = 3, 32


def clip(number: int, rng: np.random.Generator, *, size: int = SIZE, label: str = "bonafide") -> Clip:
    crops = rng.integers(0, 256, (T, size, size, 3), dtype=np.uint8)
    pai = "none" if label == "bonafide" else "print/2"
    source = Source(
        f"live/caf\udce9{number}.mp4", label, pai=pai, source_id=f"{number:032x}", dataset="folders"
    )  # type: ignore[arg-type]
    return Clip(
        clip_id=f"{number:032x}-000",
        source=source,
        info=MediaInfo("video", 640, 480, 10, np.arange(10) / 25, np.array([0]), fps=25.0, missing_frames=2),
        frames=tuple(encode_image(crop, image_format="png") for crop in crops),
        frame_index=np.array([1, 4, 7], np.int32),
        score=np.array([0.9, 0.0, 0.8], np.float32),
        scale=np.full(T, 1.5, np.float32),
        padding=np.zeros(T, np.float32),
        box=np.arange(T * 4, dtype=np.float32).reshape(T, 4),
        landmarks=np.full((T, 5, 2), np.nan, np.float32),
        warp=np.arange(T * 6, dtype=np.float32).reshape(T, 2, 3),
    )


def write(path: Path, clips: list[Clip]) -> Path:
    with ClipWriter(path, image_format="png", size=SIZE) as stream:
        for item in clips:
            stream.write(item)
    return path


def test_a_row_holds_what_the_clip_holds(tmp_path, rng):
    item = clip(5, rng, label="attack")
    (row,) = pq.read_table(write(tmp_path / "a.parquet", [item])).to_pylist()
    assert row["label"] == 1
    assert row["pai"] == "print/2"
    assert row["source_path"] == "live/caf\\xe95.mp4"
    assert row["frame_index"] == [1, 4, 7]
    assert row["pts_seconds"] == [1 / 25, 4 / 25, 7 / 25]
    assert row["warp"][1] == [6, 7, 8, 9, 10, 11]
    assert row["box"][2] == [8, 9, 10, 11]
    assert np.isnan(row["landmarks"][0]).all()
    assert len(row["landmarks"][0]) == 10
    assert (row["source_width"], row["source_height"], row["source_frames"], row["missing_frames"]) == (
        640,
        480,
        10,
        2,
    )
    assert [f["path"] for f in row["frames"]] == [None] * T
    assert np.array_equal(decode_image(row["frames"][1]["bytes"]), decode_image(item.frames[1]))


def test_types_are_those_that_other_readers_decode(tmp_path, rng):
    schema = pq.read_schema(write(tmp_path / "a.parquet", [clip(0, rng)]))
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    assert schema.field("frames").type == pa.list_(image)
    assert schema.field("label").type == pa.int64()
    assert all(field.nullable for field in schema)
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {
        "frames": {"feature": {"_type": "Image"}, "_type": "Sequence"},
        "label": {"names": ["bonafide", "attack"], "_type": "ClassLabel"},
    }
    assert json.loads(schema.metadata[b"specaug"])["schema_version"] == SCHEMA_VERSION == 2


def test_raw_frames_are_one_buffer_with_their_shape_in_the_footer(tmp_path, rng):
    crops = rng.integers(0, 256, (T, SIZE, SIZE, 3), dtype=np.uint8)
    item = clip(0, rng)
    object.__setattr__(item, "frames", tuple(encode_image(c, image_format="raw") for c in crops))
    with ClipWriter(tmp_path / "raw.parquet", image_format="raw", size=SIZE) as stream:
        stream.write(item)
    table = pq.read_table(tmp_path / "raw.parquet")
    footer = json.loads(table.schema.metadata[b"specaug"])["frames_raw"]
    assert footer == {"dtype": "uint8", "shape": ["T", SIZE, SIZE, 3], "order": "C"}
    data = np.frombuffer(table["frames_raw"][0].as_py(), np.uint8).reshape(-1, SIZE, SIZE, 3)
    assert np.array_equal(data, crops)


def test_same_clips_same_bytes(tmp_path):
    one, two = (
        write(tmp_path / name, [clip(i, np.random.default_rng(i)) for i in range(20)]) for name in ("a", "b")
    )
    assert one.read_bytes() == two.read_bytes()


def test_row_groups_are_flushed_by_rows_and_by_bytes(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(writer, "GROUP_ROWS", 4)
    path = write(tmp_path / "a.parquet", [clip(i, rng) for i in range(10)])
    assert [pq.ParquetFile(path).metadata.row_group(i).num_rows for i in range(3)] == [4, 4, 2]
    size = sum(map(len, clip(0, rng).frames))
    monkeypatch.setattr(writer, "GROUP_BYTES", 2 * size - size // 4)
    path = write(tmp_path / "b.parquet", [clip(i, rng) for i in range(4)])
    assert pq.ParquetFile(path).metadata.num_row_groups == 2


def test_pictures_are_stored_plain_and_the_rest_compressed(tmp_path, rng):
    group = pq.ParquetFile(write(tmp_path / "a.parquet", [clip(0, rng)])).metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    media = columns["frames.list.element.bytes"]
    assert (media.compression, media.is_stats_set) == ("UNCOMPRESSED", False)
    assert "RLE_DICTIONARY" not in media.encodings
    assert "RLE_DICTIONARY" in columns["split"].encodings
    assert {c.compression for name, c in columns.items() if not name.startswith("frames.")} == {"ZSTD"}


def test_any_flipped_byte_of_a_picture_is_found(tmp_path, rng):
    path = write(tmp_path / "a.parquet", [clip(i, rng) for i in range(4)])
    data = bytearray(path.read_bytes())
    frame = clip(0, np.random.default_rng(20031)).frames[0]
    at = bytes(data).find(frame) + len(frame) // 2
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match="CRC"):
        count_rows(path)


def test_a_row_above_the_limit_is_refused(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(writer, "MAX_ROW_BYTES", 100)
    with pytest.raises(SpecaugError, match="at most 100 bytes"):
        write(tmp_path / "a.parquet", [clip(0, rng)])


@settings(deadline=None, max_examples=30)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_png_and_webp_are_lossless(image):
    for image_format in ("png", "webp"):
        assert np.array_equal(decode_image(encode_image(image, image_format=image_format)), image)


def test_png_settings_are_in_force(rng):
    # OpenCV drops a filter that comes before the level: then rows would be filtered by "sub", 1, not Paeth, 4.
    picture = rng.integers(0, 256, (24, 16, 3), dtype=np.uint8)
    png = encode_image(picture, image_format="png")
    data, at = b"", 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(24, 1 + 16 * 3)
    assert set(rows[:, 0]) == {4}


def test_jpeg_keeps_the_resolution_of_colour():
    # Red and blue columns of one pixel: 4:2:0 would average them to one purple.
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, ::2, 0] = image[:, 1::2, 2] = 200
    decoded = decode_image(encode_image(image, image_format="jpeg", jpeg_quality=98)).astype(int)
    assert np.abs(decoded[:, ::2, 0] - 200).mean() < 12
    assert decoded[:, 1::2, 0].mean() < 40


def test_encode_wants_rgb_bytes():
    with pytest.raises(ArgumentError, match=r"image: expected \(H, W, 3\) uint8, got \(4, 4\) float64"):
        encode_image(np.zeros((4, 4)), image_format="png")
    with pytest.raises(ArgumentError, match="data: expected an encoded picture, got 0 bytes"):
        decode_image(b"")


def test_failures_round_trip(tmp_path):
    failure = Failure("id", "live/a.mp4", "dev", "decode", "truncated", "28 of 50", frame_index=3)
    write_failures(tmp_path / "f.parquet", [failure])
    (row,) = pq.read_table(tmp_path / "f.parquet").to_pylist()
    assert Failure(**row) == failure


def test_a_write_that_fails_leaves_nothing(tmp_path):
    final = tmp_path / "data" / "x.parquet"

    def half(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_atomically(final, half, out=tmp_path)
    assert not final.exists()
    assert not list((tmp_path / ".specaug" / "tmp").iterdir())


def test_a_check_that_fails_keeps_the_old_file(tmp_path, rng):
    final = tmp_path / "x.parquet"
    final.write_bytes(b"old")

    def one_row(path: Path) -> None:
        write(path, [clip(0, rng)])

    with pytest.raises(SpecaugError, match="wrote 2 rows, read back 1"):
        write_atomically(final, one_row, out=tmp_path, check=check_rows(2))
    assert final.read_bytes() == b"old"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"),  # Arrow, at times
    ],
)
def test_a_full_disk_has_its_own_error(tmp_path, error):
    def full(path: Path) -> None:
        raise error

    with pytest.raises(NoSpaceError, match="no space left"):
        write_atomically(tmp_path / "x", full, out=tmp_path)


def test_a_receipt_counts_only_for_its_plan_and_file(tmp_path):
    source = Source("live/a.mp4", "bonafide", source_id="1" * 32)
    plan = ShardPlan("train-00000-of-00001", "train", (source,))
    data = data_file(tmp_path, plan.name)
    data.parent.mkdir(parents=True)
    data.write_bytes(b"12345")
    receipt = Receipt(
        plan.name,
        plan.hash,
        "train",
        1,
        5,
        "sha",
        0,
        "",
        1,
        1,
        groups=(("bonafide", "none", 1),),
        seconds=(("decode", 0.5),),
    )
    assert read_receipt(tmp_path, plan) is None
    write_receipt(tmp_path, receipt)
    assert read_receipt(tmp_path, plan) == receipt
    other = ShardPlan(plan.name, "train", (source, Source("live/b.mp4", "bonafide", source_id="2" * 32)))
    assert read_receipt(tmp_path, other) is None
    data.write_bytes(b"1234")
    assert read_receipt(tmp_path, plan) is None


def test_schema_has_no_type_that_other_readers_refuse():
    for image_format in ("png", "jpeg", "raw"):
        schema = clip_schema(image_format=image_format, size=8)  # type: ignore[arg-type]
        assert not any(pa.types.is_map(f.type) or pa.types.is_large_binary(f.type) for f in schema)
