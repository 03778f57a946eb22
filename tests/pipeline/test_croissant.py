"""The Croissant description: valid by its own validator, readable by its own reader, the same each time."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import SMALL

from specaug import BuildReport
from specaug.pipeline import build_dataset, finalize
from specaug.pipeline.croissant import croissant
from specaug.records import BuildConfig, Receipt
from specaug.shards import sha256

# Of rdflib and pandas, which mlcroissant uses.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
]
mlcroissant = pytest.importorskip("mlcroissant")


@pytest.fixture
def out(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", SMALL)
    return tmp_path / "out"


def test_validator_accepts_it_and_its_reader_reads_the_clips(out):
    description = mlcroissant.Dataset(jsonld=str(out / "croissant.json"))
    assert description.metadata.issues.errors == set()
    records = list(description.records("captured"))
    assert len(records) == 8
    frames = [record["captured/frames"] for record in records]
    assert {picture.size for clip in frames for picture in clip} == {(64, 64)}
    assert sorted(map(len, frames)) == [1] + [4] * 7  # a photo, and videos
    assert {record["captured/label"] for record in records} == {0, 1}
    assert description.metadata.personal_sensitive_information
    assert "gave no clip" in description.metadata.data_collection_missing_data


def arrow_of(croissant_type: str) -> tuple[str, ...]:
    """Arrow types that a Croissant type stands for."""
    return {
        "sc:Text": ("string",),
        "sc:Integer": ("int32", "int64"),
        "sc:Float": ("float", "double"),
        "sc:ImageObject": ("struct<bytes: binary, path: string>",),
    }[croissant_type]


def test_every_column_is_described_with_its_type(out):
    description = json.loads((out / "croissant.json").read_text())
    captured = next(r for r in description["recordSet"] if r["@id"] == "captured")
    described = {f["@id"].removeprefix("captured/"): f for f in captured["field"]}
    schema = pq.read_schema(next((out / "data").rglob("*.parquet")))
    assert described.keys() == set(schema.names)
    for name, field in described.items():
        kind, depth = schema.field(name).type, 0
        while pa.types.is_list(kind):
            kind, depth = kind.value_type, depth + 1
        assert str(kind) in arrow_of(field["dataType"]), name
        assert field.get("repeated", False) == (depth > 0), name


def test_files_are_named_with_their_sums(out):
    description = json.loads((out / "croissant.json").read_text())
    files = [f for f in description["distribution"] if f["@type"] == "cr:FileObject"]
    assert {f["contentUrl"] for f in files} == {
        path.relative_to(out).as_posix() for path in (out / "data").rglob("*.parquet")
    }
    for file in files:
        path = out / file["contentUrl"]
        assert (file["sha256"], file["contentSize"]) == (sha256(path), f"{path.stat().st_size} B")


def test_same_build_elsewhere_gives_the_same_bytes(out, raw, tmp_path):
    again = tmp_path / "another place" / "out"
    build_dataset(raw, again, SMALL)
    text = (out / "croissant.json").read_bytes()
    assert (again / "croissant.json").read_bytes() == text
    assert str(tmp_path).encode() not in text
    (again / "croissant.json").unlink()
    finalize(again)
    assert (again / "croissant.json").read_bytes() == text


def test_synthetic_and_raw_shards_have_records_of_their_own(tmp_path):
    receipts = [
        Receipt("train-00000-of-00001", "", "train", 2, 10, "0" * 64, 0, "", 2, 2, origin=origin)
        for origin in ("captured", "synthetic")
    ]
    settings = BuildConfig(image_format="raw").content_settings()
    made = croissant(BuildReport(2, 2, 0, {}, 1, 0), settings, receipts, version="1")
    (tmp_path / "croissant.json").write_text(json.dumps(made))
    metadata = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json")).metadata
    assert metadata.issues.errors == set()
    assert [records.id for records in metadata.record_sets] == ["captured", "synthetic"]
    assert any(field.id == "synthetic/frames_raw" for field in metadata.record_sets[1].fields)
