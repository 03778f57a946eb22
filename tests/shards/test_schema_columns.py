"""The columns of a shard: names, types, footers, and what a record becomes in them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from shard_rows import clip_of, media_of, pixels, row_of

from specaug.records import Failure
from specaug.shards import FAILURE_SCHEMA, SCHEMA_VERSION, clip_schema
from specaug.shards.schema import IMAGE, LABEL_LIKE, clip_table, failure_table

FLOATS, ROWS = pa.list_(pa.float32()), pa.list_(pa.list_(pa.float32()))
PROMISED = {
    **dict.fromkeys(("clip_id", "source_id", "parent_id", "dataset", "split", "pai"), pa.string()),
    **dict.fromkeys(("subject", "session", "device", "origin", "recipe", "source_path"), pa.string()),
    "label": pa.int64(),
    "frame_index": pa.list_(pa.int32()),
    "pts_seconds": pa.list_(pa.float64()),
    **dict.fromkeys(("score", "scale", "padding"), FLOATS),
    **dict.fromkeys(("box", "landmarks", "warp"), ROWS),
    **dict.fromkeys(("source_width", "source_height", "source_frames"), pa.int32()),
    "fps": pa.float32(),
}
FORMATS = ("png", "webp", "jpeg", "raw")


def table_of(*clips: Any, image_format: Any = "png") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = clip_table(
        clips, clip_schema(image_format=image_format, size=16)
    ).to_pylist()
    return rows


@pytest.mark.parametrize("image_format", FORMATS)
def test_promised_columns_have_their_types_whatever_the_pictures_are(image_format):
    schema = clip_schema(image_format=image_format, size=8)
    assert {name: schema.field(name).type for name in PROMISED} == PROMISED
    assert len(set(schema.names)) == len(schema.names)
    assert all(field.nullable for field in schema)


@pytest.mark.parametrize("image_format", FORMATS)
def test_exactly_one_column_holds_pictures(image_format):
    schema = clip_schema(image_format=image_format, size=8)
    there = {name: schema.field(name).type for name in ("frames", "frames_raw") if name in schema.names}
    assert there == ({"frames_raw": pa.binary()} if image_format == "raw" else {"frames": pa.list_(IMAGE)})


@pytest.mark.parametrize("image_format", FORMATS)
def test_footer_tells_version_format_and_shape(image_format):
    ours = json.loads(clip_schema(image_format=image_format, size=40).metadata[b"specaug"])
    assert ours["schema_version"] == SCHEMA_VERSION
    assert (ours["kind"], ours["image_format"]) == ("clips", image_format)
    assert ours["frame_shape"] == [40, 40, 3]
    assert ("frames_raw" in ours) == (image_format == "raw")


@pytest.mark.parametrize("image_format", FORMATS)
def test_declared_features_are_columns_that_are_there(image_format):
    schema = clip_schema(image_format=image_format, size=8)
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["label"] == {"names": ["bonafide", "attack"], "_type": "ClassLabel"}
    assert ("frames" in features) == (image_format != "raw")
    assert features.keys() <= set(schema.names)


def test_columns_with_a_dictionary_hold_text():
    schema = clip_schema(image_format="png", size=8)
    assert {schema.field(name).type for name in LABEL_LIKE} == {pa.string()}
    assert {"dataset", "split", "pai", "subject", "session", "device", "origin"} <= set(LABEL_LIKE)
    assert not {"clip_id", "source_id", "parent_id", "recipe"} & set(LABEL_LIKE)  # distinct in every row


def test_failure_columns_and_footer():
    text = ("source_id", "source_path", "split", "stage", "reason", "detail")
    assert all(FAILURE_SCHEMA.field(name).type == pa.string() for name in text)
    assert all(FAILURE_SCHEMA.field(name).type == pa.int32() for name in ("attempts", "frame_index"))
    ours = json.loads(FAILURE_SCHEMA.metadata[b"specaug"])
    assert (ours["schema_version"], ours["kind"]) == (SCHEMA_VERSION, "failures")


@pytest.mark.parametrize(
    ("label", "pai", "number"), [("bonafide", "none", 0), ("attack", "replay/ipad", 1), ("attack", "mask", 1)]
)
def test_label_is_its_place_among_the_names(label, pai, number):
    (row,) = table_of(clip_of(1, label=label, pai=pai))
    assert (row["label"], row["pai"]) == (number, pai)


def test_a_captured_clip_has_neither_parent_nor_recipe():
    (row,) = table_of(clip_of(4, split="dev", dataset="oulu-npu"))
    assert (row["origin"], row["parent_id"], row["recipe"]) == ("captured", None, None)
    assert (row["split"], row["dataset"], row["clip_id"], row["source_id"]) == (
        "dev",
        "oulu-npu",
        "clip-4",
        "source-4",
    )


@pytest.mark.parametrize("name", ["subject", "session", "device"])
@pytest.mark.parametrize(
    ("value", "stored"),
    [(None, None), ("7", "7"), ("", ""), ("ann\udce9", "ann\\xe9"), ("a\\b", "a\\\\b"), ("李", "李")],
)
def test_names_are_stored_as_valid_text(name, value, stored):
    (row,) = table_of(clip_of(1, **{name: value}))
    assert row[name] == stored
    others = {"subject", "session", "device"} - {name}
    assert {row[other] for other in others} == {None}


@pytest.mark.parametrize(
    ("path", "stored"), [("", None), ("live/a.mp4", "live/a.mp4"), ("live/\udcff.mp4", "live/\\xff.mp4")]
)
def test_a_path_that_was_dropped_is_null(path, stored):
    (row,) = table_of(clip_of(1, path=path))
    assert row["source_path"] == stored


def test_geometry_is_flat_row_by_row():
    item = clip_of(3, n=3)
    (row,) = table_of(item)
    assert row["landmarks"] == item.landmarks.reshape(3, 10).tolist()
    assert row["warp"] == item.warp.reshape(3, 6).tolist()
    assert row["box"] == item.box.tolist()
    assert row["padding"] == [0, 0.125, 0.25]
    assert row["score"] == [0.5, 0.625, 0.75]
    assert row["pts_seconds"] == [0.125, 0.25, 0.375]


def test_facts_of_the_source_do_not_change_places():
    (row,) = table_of(clip_of(3))
    names = ("source_width", "source_height", "fps", "source_frames", "missing_frames", "rotation")
    assert [row[name] for name in names] == [320, 240, 8.0, 9, 3, 90]


def test_pictures_carry_no_path():
    (row,) = table_of(clip_of(3, subject="secret"))
    assert row["frames"] == media_of(pixels(3))["frames"]
    assert {frame["path"] for frame in row["frames"]} == {None}


def test_raw_pictures_are_one_buffer_frame_after_frame():
    (row,) = table_of(clip_of(3, n=3, image_format="raw"), image_format="raw")
    assert row["frames_raw"] == pixels(3, n=3).tobytes()


def test_rows_and_clips_may_be_mixed_and_keep_their_order():
    rows = table_of(clip_of(2), row_of(9), clip_of(1))
    assert [row["clip_id"] for row in rows] == ["clip-2", "clip-9", "clip-1"]
    assert rows[1]["session"] is None  # what a row does not name is null


def test_a_row_that_was_read_becomes_the_same_row():
    first = table_of(clip_of(5, label="attack", pai="print", subject="s"))
    assert table_of(*first) == first


def test_missing_numbers_are_told_from_null():
    item = clip_of(1)
    item.box[0] = np.nan
    (row,) = table_of(item)
    assert np.isnan(row["box"][0]).all()
    assert row["box"][1] == [4, 5, 6, 7]


def test_failures_become_rows_in_their_order():
    whole = Failure("a", "live/a.mp4", "dev", "decode", "timeout", "longer than 9 s", attempts=2)
    frame = Failure("b", "", "test", "encode", "row_too_large", "", frame_index=0)
    first, second = failure_table([whole, frame]).to_pylist()
    assert Failure(**first) == whole
    assert first["frame_index"] is None
    assert (second["frame_index"], second["source_path"], second["attempts"]) == (0, None, 1)


def test_a_table_of_nothing_has_the_columns():
    assert failure_table([]).schema.equals(FAILURE_SCHEMA, check_metadata=True)
    schema = clip_schema(image_format="png", size=8)
    assert clip_table([], schema).schema.equals(schema, check_metadata=True)
