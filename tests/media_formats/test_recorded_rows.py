"""Rows say what was done to the pixels: colours and whether they were assumed, pixel aspect, field, orientation."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from coded_frames import lossless, video_frame, write_frames
from middle_face import CONFIG, MiddleFace, row_of
from PIL import Image

from specaug.extract import extract
from specaug.pipeline import build_dataset, shard

SIZE = (128, 96)


def frames(form: str = "yuv420p", size: tuple[int, int] = SIZE, count: int = 3) -> list:
    width, height = size
    luma = (np.mgrid[:height, :width].sum(axis=0) % 160 + 40).astype(np.uint8)
    return [video_frame(form, [luma, *(np.full((height // 2, width // 2), 120, np.uint8),) * 2])] * count


def h264(path: Path, params: str = "", size: tuple[int, int] = SIZE, aspect: Fraction | None = None) -> Path:
    return write_frames(path, frames(size=size), aspect=aspect, **lossless("yuv420p", params))


def test_what_a_stream_says_is_recorded(tmp_path: Path) -> None:
    params = "colormatrix=bt709:transfer=bt709:colorprim=bt709:fullrange=on:chromaloc=2"
    row = row_of(h264(tmp_path / "a.mp4", params), "video")
    assert row["color"] == {
        "matrix": "bt709",
        "range": "full",
        "transfer": "bt709",
        "primaries": "bt709",
        "chroma_location": "topleft",
        "bits": 8,
        "assumed": False,
        "tone_mapped": False,
        "icc": False,
    }
    assert (row["pixel_aspect"], row["field"], row["orientation"], row["rotation"]) == (1.0, "frame", 1, 0)
    assert (row["source_width"], row["source_height"]) == SIZE


@pytest.mark.parametrize(("lines", "matrix"), [(96, "bt601"), (576, "bt601"), (578, "bt709"), (720, "bt709")])
def test_what_is_assumed_is_recorded_as_assumed(tmp_path: Path, lines: int, matrix: str) -> None:
    color = row_of(h264(tmp_path / "a.mp4", size=(128, lines)), "video")["color"]
    assert (color["matrix"], color["range"], color["assumed"]) == (matrix, "limited", True)
    assert (color["transfer"], color["primaries"]) == ("unspecified", "unspecified")


def test_the_shape_of_pixels_is_recorded_and_the_width_is_that_of_the_display(tmp_path: Path) -> None:
    row = row_of(h264(tmp_path / "a.mp4", aspect=Fraction(16, 11)), "video")
    assert row["pixel_aspect"] == pytest.approx(16 / 11)
    assert (row["source_width"], row["source_height"]) == (round(128 * 16 / 11), 96)
    center = np.array(row["box"][0]).reshape(2, 2).mean(axis=0)
    np.testing.assert_allclose(
        center, [round(128 * 16 / 11) / 2, 48], atol=0.01
    )  # upright pixels, not stored ones


@pytest.mark.parametrize(("order", "field"), [("tff", "top"), ("bff", "bottom")])
def test_the_field_is_recorded(tmp_path: Path, order: str, field: str) -> None:
    row = row_of(h264(tmp_path / "a.mp4", f"{order}=1"), "video")
    assert (row["field"], row["source_height"]) == (field, 96)


def test_a_mirrored_video_is_recorded_with_its_rotation(tmp_path: Path) -> None:
    path = h264(tmp_path / "a.mp4")
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    data[place : place + 36] = struct.pack(">9i", 0, 1 << 16, 0, 1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    row = row_of(path, "video")
    assert (row["orientation"], row["rotation"]) == (5, 270)
    assert (row["source_width"], row["source_height"]) == (96, 128)


@pytest.mark.parametrize("code", range(1, 9))
def test_the_orientation_of_a_photo_is_recorded(tmp_path: Path, code: int) -> None:
    exif = Image.Exif()
    exif[274] = code
    Image.new("RGB", SIZE, (200, 120, 90)).save(tmp_path / "a.jpg", exif=exif)
    row = row_of(tmp_path / "a.jpg", "image")
    assert row["orientation"] == code
    assert (row["source_width"], row["source_height"]) == (SIZE if code < 5 else SIZE[::-1])
    color = row["color"]
    assert (color["matrix"], color["range"], color["transfer"]) == ("rgb", "full", "iec61966-2-1")
    assert (color["assumed"], color["icc"], color["chroma_location"]) == (False, False, None)


def test_grey_video_has_no_chroma_to_place(tmp_path: Path) -> None:
    luma = np.arange(96 * 128).reshape(96, 128) // 64
    path = write_frames(tmp_path / "a.mkv", [video_frame("gray", [luma.astype(np.uint8)])] * 2)
    color = row_of(path, "video")["color"]
    assert (color["matrix"], color["range"], color["chroma_location"]) == ("gray", "full", None)


def test_a_built_dataset_holds_the_four_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_process(source, config, raw, watch):
        return extract(source, config, raw=raw, detector=MiddleFace(), watch=watch)

    monkeypatch.setattr(shard, "work_on", in_process)
    raw = tmp_path / "raw" / "train" / "live" / "s1"
    raw.mkdir(parents=True)
    h264(raw / "tagged.mp4", "colormatrix=bt709:fullrange=on:tff=1", aspect=Fraction(8, 9))
    h264(raw / "plain.mp4")
    Image.new("RGB", SIZE, (200, 120, 90)).save(raw / "photo.png")
    report = build_dataset(tmp_path / "raw", tmp_path / "out", CONFIG)
    assert (report.clips, report.failures) == (3, 0)
    tables = [pq.read_table(path) for path in sorted((tmp_path / "out" / "data").rglob("*.parquet"))]
    rows = {Path(row["source_path"]).stem: row for table in tables for row in table.to_pylist()}
    said = {
        name: (
            json.loads(row["color"])["matrix"],
            json.loads(row["color"])["assumed"],
            round(row["pixel_aspect"], 4),
            row["field"],
            row["orientation"],
        )
        for name, row in rows.items()
    }
    assert said == {
        "tagged": ("bt709", False, 0.8889, "top", 1),
        "plain": ("bt601", True, 1.0, "frame", 1),
        "photo": ("rgb", False, 1.0, "frame", 1),
    }
