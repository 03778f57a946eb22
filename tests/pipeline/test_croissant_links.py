"""The Croissant description: every reference leads somewhere, and every number and setting is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from specaug.pipeline.croissant import croissant
from specaug.records import BuildConfig, BuildReport, Receipt
from specaug.shards import clip_schema

REPORT = BuildReport(9, 6, 3, {"no_face": 2, "timeout": 1}, 2, 0)


def receipt(shard: str, rows: int = 2, origin: str = "captured") -> Receipt:
    return Receipt(shard, "h", "train", rows, 10 * rows, f"{rows:064d}", 0, "", 3, 3, origin=origin)


BOTH = [receipt("train-00000-of-00001"), receipt("train-00000-of-00001-traces", 3, "synthetic")]


def made(receipts=BOTH, report: BuildReport = REPORT, **settings: Any) -> dict[str, Any]:
    return croissant(report, BuildConfig(**settings).content_settings(), receipts, version="1.2.3")


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within, but for the vocabulary."""
    if isinstance(value, dict):
        yield value
        for name, inner in value.items():
            yield from objects(inner) if name != "@context" else ()
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


@pytest.mark.parametrize("image_format", ["png", "raw"])
def test_every_reference_leads_to_one_thing_that_is_there(image_format):
    description = made(image_format=image_format)
    named = [item["@id"] for item in objects(description) if "@id" in item and "@type" in item]
    assert len(named) == len(set(named))
    used = {item["@id"] for item in objects(description) if item.keys() == {"@id"}}
    assert used
    assert used <= set(named)
    assert json.loads(json.dumps(description)) == description


def test_every_term_of_the_context_that_is_used_is_declared():
    description = made()
    prefixes = {name.partition(":")[0] for item in objects(description) for name in item if ":" in name}
    kinds = {item["@type"].partition(":")[0] for item in objects(description) if "@type" in item}
    assert prefixes | kinds <= description["@context"].keys()
    assert description["conformsTo"] == [
        "http://mlcommons.org/croissant/1.0",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]


def test_files_without_rows_are_not_there_and_origins_without_files_neither():
    description = made([receipt("a"), receipt("b", 0), receipt("c", 0, "synthetic")])
    assert [item["@id"] for item in description["distribution"]] == [
        "data/captured/a.parquet",
        "captured-files",
    ]
    assert [item["@id"] for item in description["recordSet"]] == ["captured"]
    nothing = made([])
    assert (nothing["distribution"], nothing["recordSet"]) == ([], [])


def test_a_file_has_its_size_and_sum_and_a_set_its_pattern():
    files = {item["@id"]: item for item in made()["distribution"]}
    one = files["data/synthetic/train-00000-of-00001-traces.parquet"]
    assert (one["@type"], one["contentSize"], one["sha256"]) == ("cr:FileObject", "30 B", f"{3:064d}")
    assert one["contentUrl"] == one["name"] == one["@id"]
    assert files["captured-files"]["includes"] == "data/captured/*.parquet"
    assert files["synthetic-files"]["includes"] == "data/synthetic/*.parquet"
    assert {item["encodingFormat"] for item in files.values()} == {"application/x-parquet"}


@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg", "raw"])
def test_fields_are_the_columns_of_the_schema(image_format):
    records = made(image_format=image_format)["recordSet"]
    columns = set(clip_schema(image_format=image_format, size=224).names)
    for record in records:
        assert {field["source"]["extract"]["column"] for field in record["field"]} == columns
        assert {field["@id"] for field in record["field"]} == {f"{record['@id']}/{name}" for name in columns}
        assert record["key"] == {"@id": f"{record['@id']}/clip_id"}


@pytest.mark.parametrize(
    ("image_format", "name", "kind", "words"),
    [
        ("png", "frames", "sc:ImageObject", "Frames of 64 px as PNG, each with its bytes."),
        ("webp", "frames", "sc:ImageObject", "Frames of 64 px as WEBP, each with its bytes."),
        ("raw", "frames_raw", "sc:Text", "Frames one after the other, each 64x64x3 uint8, RGB."),
    ],
)
def test_pictures_are_described_as_they_are_stored(image_format, name, kind, words):
    field = made(image_format=image_format, size=64)["recordSet"][0]["field"][-1]
    assert (field["name"], field["dataType"], field["description"]) == (name, kind, words)
    assert field.get("repeated", False) == (name == "frames")
    assert ("transform" in field["source"]) == (name == "frames")


def test_values_that_come_once_a_frame_are_repeated_and_others_are_not():
    fields = {field["name"]: field for field in made()["recordSet"][0]["field"]}
    repeated = {name for name, field in fields.items() if field.get("repeated")}
    assert repeated == {
        *("frame_index", "pts_seconds", "score", "scale", "padding", "box", "landmarks", "warp", "frames"),
    }
    assert all("repeated" not in field for name, field in fields.items() if name not in repeated)


def test_what_was_lost_and_how_it_was_made_is_told():
    description = made(frames=5, size=112, margin=1.7, sampling="random", align="box", resample="bilinear")
    assert description["rai:dataCollectionMissingData"] == (
        "3 of 9 sources gave no clip (no_face 2, timeout 1); each is a row in failures/."
    )
    assert description["rai:dataPreprocessingProtocol"] == [
        "Frames: 5 a clip, sampled random.",
        "Faces: detected by centerface, aligned by box, margin 1.7.",
        "Crops: 112 px, bilinear resampling, stored as png.",
    ]
    assert description["rai:machineAnnotationTools"] == ["specaug 1.2.3, face detector centerface"]
    assert "specaug 1.2.3: 9 sources, 6 captured clips, 3 failures." in description["description"]
    (snapped, *_) = made(frames=5, snap="keyframe")["rai:dataPreprocessingProtocol"]
    assert snapped == "Frames: 5 a clip, sampled uniform, moved to keyframes nearby."
    whole = made(report=BuildReport(2, 2, 0, {}, 1, 0))
    assert "0 of 2 sources gave no clip (none)" in whole["rai:dataCollectionMissingData"]
