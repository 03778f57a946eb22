"""A folder as phones fill it, built by the command: pixels and colours of each file, or the reason it has none."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "media_formats"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

from building import rows_of
from coded_frames import lossless, video_frame, write_frames
from exact_color import OFFSETS, assert_exact, exact_rgb, random_planes

from specaug.shards import decode_image
from specaug_cli.main import cli

SIDE = 96
WIDTH, HEIGHT = 160, 120
HLG = "log-level=none:pools=none:frame-threads=1:colorprim=bt2020:colormatrix=bt2020nc:transfer=arib-std-b67"
MIRRORED = (-1.0, 0.0, 0.0, 1.0)
"""a, b, c, d of a track's matrix: left and right exchanged, as selfie cameras write it."""


def planes() -> list[np.ndarray]:
    return random_planes(np.random.default_rng(4), (WIDTH, HEIGHT), sub=(2, 2))


def coded(path: Path) -> None:
    write_frames(path, [video_frame("yuv420p", planes())], **lossless("yuv420p"))


def mirrored(path: Path) -> None:
    coded(path)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (round(value * 65536) for value in MIRRORED)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))


def hdr(path: Path) -> None:
    """Grey skin at 55 % of HLG, as phones expose faces."""
    grey = [np.full((HEIGHT >> s, WIDTH >> s), v, np.uint16) for s, v in ((0, 546), (1, 512), (1, 512))]
    write_frames(path, [video_frame("yuv420p10le", grey)], codec="libx265", options={"x265-params": HLG})


def photo(path: Path, width: int = WIDTH, height: int = HEIGHT, *, seed: int = 1) -> bytes:
    """A smooth JPEG; its bytes."""
    noise = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), np.uint8)
    image = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    path.write_bytes(cv2.imencode(".jpg", image)[1].tobytes())
    return path.read_bytes()


def damaged(path: Path) -> None:
    data = photo(path)
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def unmarked(path: Path) -> None:
    path.write_bytes(photo(path)[:-2])


def other(path: Path) -> None:
    photo(path, seed=2)


def jpeg_xl(path: Path) -> None:
    path.write_bytes(b"\xff\x0a" + bytes(range(64)))


def large(path: Path) -> None:
    photo(path, 4000, 3000)


FILES: dict[str, Callable[[Path], Any]] = {
    "coded.mp4": coded,
    "mirrored.mp4": mirrored,
    "hdr.mp4": hdr,
    "plain.jpg": photo,
    "large.jpg": large,
    "damaged.jpg": damaged,
    "unmarked.jpg": unmarked,
    "photo.jxl": jpeg_xl,
    "outside.jpg": other,
}
MIDDLE = ((WIDTH - 47) / 2, (HEIGHT - 47) / 2, 48, 48)
"""Its crop starts at a whole pixel."""
BOXES = {"large.jpg": (900, 400, 2200, 2200), "outside.jpg": (400, 300, 40, 40)}
"""x, y, width, height; the others have the middle of the image."""
Built = tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Rows of clips and of failures, by name."""
    folder = tmp_path_factory.mktemp("field pixels")
    place = folder / "raw"
    place.mkdir()
    lines = ["path,label,boxes"]
    for name, make in FILES.items():
        make(place / name)
        x, y, width, height = BOXES.get(name, MIDDLE)
        (place / f"{name}.box").write_text(f"0 {x} {y} {width} {height}\n")
        lines.append(f"{name},bonafide,{name}.box")
    (place / "sources.csv").write_text("\n".join(lines))
    options = [
        "--detector",
        "sidecar",
        "--align",
        "box",
        "--frames",
        "1",
        "--size",
        str(SIDE),
        "--margin",
        "2",
    ]
    running = ["--min-face", "20", "-j", "1", "-q"]
    command = ["build-dataset", place, folder / "out", *options, *running]
    done = CliRunner().invoke(cli, list(map(str, command)))
    assert done.exit_code == 0, done.output
    return _by_name(folder / "out"), _failures(folder / "out")


def _by_name(out: Path) -> dict[str, dict[str, Any]]:
    return {Path(row["source_path"]).name: row | {"color": json.loads(row["color"])} for row in rows_of(out)}


def _failures(out: Path) -> dict[str, dict[str, Any]]:
    rows = [row for file in (out / "failures").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    return {row["source_path"]: row for row in rows}


def crop(row: dict[str, Any]) -> np.ndarray:
    return decode_image(row["frames"][0]["bytes"])


def exact(*, mirrored: bool = False) -> np.ndarray:
    """The middle of the upright frame, converted in float64 from its samples."""
    whole = exact_rgb(planes(), "bt601", full=False, bits=8, sub=(2, 2), offset=OFFSETS["left"])
    whole = whole[:, ::-1] if mirrored else whole
    top, left = (HEIGHT - SIDE) // 2 + 1, (WIDTH - SIDE) // 2 + 1
    return whole[top : top + SIDE, left : left + SIDE]


def test_every_file_is_a_clip_or_a_failure(built: Built) -> None:
    rows, failures = built
    assert sorted([*rows, *failures]) == sorted(FILES)


def test_colours_of_subsampled_video_are_exact_and_have_no_bias(built: Built) -> None:
    row = built[0]["coded.mp4"]
    assert_exact(crop(row), exact())
    assert (row["color"]["matrix"], row["color"]["assumed"]) == ("bt601", True)


def test_a_mirrored_video_is_mirrored_and_not_turned(built: Built) -> None:
    row = built[0]["mirrored.mp4"]
    assert_exact(crop(row), exact(mirrored=True))
    assert (row["orientation"], row["rotation"]) == (2, 0)


def test_a_face_in_hdr_is_as_bright_as_in_sdr(built: Built) -> None:
    """BT.2408 grades light skin at 55 % of HLG, and at 70 to 85 % of SDR; read as SDR it would be at 55."""
    row = built[0]["hdr.mp4"]
    assert 0.7 < crop(row).mean() / 255 < 0.85
    assert row["color"]["tone_mapped"]
    assert row["color"]["transfer"] == "arib-std-b67"


def test_a_close_up_of_twelve_megapixels_is_a_clip(built: Built) -> None:
    row = built[0]["large.jpg"]
    assert (row["source_width"], row["source_height"]) == (4000, 3000)


def test_a_jpeg_without_its_end_marker_is_the_whole_photo(built: Built) -> None:
    rows, _ = built
    np.testing.assert_array_equal(crop(rows["unmarked.jpg"]), crop(rows["plain.jpg"]))


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("damaged.jpg", "truncated", "JPEG"),
        ("photo.jxl", "unsupported", "JPEG XL"),
        ("outside.jpg", "no_face", "outside"),
    ],
)
def test_what_cannot_be_delivered_is_a_failure_that_says_why(
    built: Built, name: str, reason: str, words: str
) -> None:
    failure = built[1][name]
    assert failure["reason"] == reason
    assert words in failure["detail"]
