"""Damaged, cut-off and hostile HEIC files end as frames or as a named failure, in bounded time and memory."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_color import random_planes
from heif_writer import Heic, box, clap, coded_tiles, full_box, imir, irot
from middle_face import failure_of, outcome

from specaug.errors import MediaError
from specaug.media import probe, read_frames
from specaug.media.heif import boxes
from specaug.records import Clip

TILE = 64


@pytest.fixture(scope="module")
def coded() -> tuple[bytes, list[bytes]]:
    rng = np.random.default_rng(9)
    return coded_tiles([random_planes(rng, (TILE, TILE), sub=(2, 2)) for _ in range(4)])


def grid(coded: Any, **settings: Any) -> Heic:
    return Heic(*coded, (TILE, TILE), columns=2, size=(120, 110), **settings)


def failure(path: Path, data: bytes) -> MediaError | None:
    """What reading the file raises; None where it gives its frame."""
    path.write_bytes(data)
    try:
        info = probe(path, "image")
        (frame,) = read_frames(path, info, np.array([0]))
        assert frame.image.shape == (info.height, info.width, 3)
    except MediaError as error:
        return error
    return None


def refusal(path: Path, data: bytes) -> str:
    error = failure(path, data)
    assert error is not None
    return f"{error.stage}: {error.reason}: {error.detail}"


@pytest.mark.parametrize("share", [0.35, 0.6, 0.9, 0.999])
def test_tiles_that_are_cut_off_are_truncated(tmp_path: Path, coded: Any, share: float) -> None:
    data = grid(coded).written()
    start = data.index(b"mdat") + 4
    place = start + int(share * (len(data) - start))
    said = "probe: truncated: HEIC: the data of a tile are cut off"
    assert refusal(tmp_path / "a.heic", data[:place]) == said
    failed = failure_of(tmp_path / "a.heic", "image")
    assert (failed.stage, failed.reason) == ("probe", "truncated")


def test_a_file_that_shrank_after_it_was_probed_is_truncated(tmp_path: Path, coded: Any) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(grid(coded).written())
    info = probe(path, "image")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(MediaError, match="decode: truncated: HEIC: the data of a tile are cut off"):
        list(read_frames(path, info, np.array([0])))


@pytest.mark.parametrize("number", [0, 3])
def test_a_tile_of_noise_is_no_picture(tmp_path: Path, coded: Any, number: int) -> None:
    hvcc, data = coded
    noise = np.random.default_rng(1).integers(0, 256, len(data[number]), dtype=np.uint8).tobytes()
    damaged = [noise if k == number else tile for k, tile in enumerate(data)]
    said = refusal(tmp_path / "a.heic", grid((hvcc, damaged)).written())
    assert said.startswith(f"{'decode' if number else 'probe'}: decoder_error: ")


def test_a_tile_that_ends_early_is_no_picture(tmp_path: Path, coded: Any) -> None:
    """The boxes agree with what is there; the bit stream does not."""
    hvcc, data = coded
    said = refusal(tmp_path / "a.heic", grid((hvcc, [*data[:3], data[3][: len(data[3]) // 2]])).written())
    assert said.startswith("decode: decoder_error: ")


def without(data: bytes, kind: bytes) -> bytes:
    """The file with one kind of box renamed, so that it is skipped."""
    return data.replace(kind, b"free")


@pytest.mark.parametrize(
    "kind", [b"pitm", b"iinf", b"iloc", b"iprp", b"ipco", b"ispe", b"hvcC", b"iref", b"idat"]
)
def test_a_file_that_lacks_a_box_is_unreadable(tmp_path: Path, coded: Any, kind: bytes) -> None:
    said = refusal(tmp_path / "a.heic", without(grid(coded).written(), kind))
    assert said.startswith(("probe: unreadable: HEIC: the boxes make no sense", "probe: truncated: HEIC"))
    assert failure_of(tmp_path / "a.heic", "image").reason != "internal"


def test_an_image_sequence_is_unsupported(tmp_path: Path, coded: Any) -> None:
    said = refusal(tmp_path / "a.heic", without(grid(coded).written(), b"meta"))
    assert said.startswith("probe: unsupported: HEIC without an image item")


@pytest.mark.parametrize("kind", [b"av01", b"jpeg", b"iden", b"iovl", b"unci"])
def test_other_codings_are_named(tmp_path: Path, coded: Any, kind: bytes) -> None:
    said = refusal(tmp_path / "a.heic", Heic(coded[0], coded[1][:1], (TILE, TILE), kind=kind).written())
    assert said == f"probe: unsupported: HEIC with an image of the kind {kind.decode()!r}"


@pytest.mark.parametrize("size", [(129, 128), (128, 200), (64, 128), (128, 1), (0, 128), (4000, 4000)])
def test_tiles_that_do_not_make_up_the_image_are_unreadable(
    tmp_path: Path, coded: Any, size: tuple[int, int]
) -> None:
    heic = Heic(*coded, (TILE, TILE), columns=2, size=size)
    said = refusal(tmp_path / "a.heic", heic.written())
    assert said == f"probe: unreadable: HEIC: 2x2 tiles of 64x64 px are no image of {size[0]}x{size[1]} px"


def test_a_single_image_smaller_than_it_says_is_unreadable(tmp_path: Path, coded: Any) -> None:
    said = refusal(tmp_path / "a.heic", Heic(coded[0], coded[1][:1], (TILE, TILE + 1)).written())
    assert "1x1 tiles of 64x64 px are no image of 64x65 px" in said


def test_an_image_that_does_not_fit_into_memory_is_refused_by_its_boxes(tmp_path: Path, coded: Any) -> None:
    said = refusal(
        tmp_path / "a.heic", Heic(*coded, (TILE, TILE), columns=2, size=(60_000, 60_000)).written()
    )
    assert said.startswith("probe: too_large: 60000x60000 px")


def test_a_tile_much_larger_than_the_image_is_not_decoded(tmp_path: Path) -> None:
    flat = [np.full(shape, 120, np.uint8) for shape in ((1024, 1536), (512, 768), (512, 768))]
    large = coded_tiles([flat])
    said = refusal(tmp_path / "a.heic", Heic(*large, (16, 16)).written())
    assert said.startswith("probe: decoder_error: ")


def test_tiles_of_different_sizes_or_depths_are_refused(tmp_path: Path) -> None:
    """Parameter sets within the data replace those of the shared hvcC."""
    rng = np.random.default_rng(0)
    repeated = ":repeat-headers=1"
    planes = random_planes(rng, (TILE, TILE), sub=(2, 2))
    plain = coded_tiles([planes], params=repeated)
    small = coded_tiles([random_planes(rng, (32, 32), sub=(2, 2))], params=repeated)
    deep = coded_tiles([random_planes(rng, (TILE, TILE), bits=10, sub=(2, 2))], "yuv420p10le", repeated)
    for other, said in (
        (small, "decode: unreadable: HEIC: 2x1 tiles of 32x32 px are no image of 120x64 px"),
        (deep, "decode: unsupported: HEIC: tiles of different sizes or formats"),
    ):
        heic = Heic(plain[0], [plain[1][0], other[1][0]], (TILE, TILE), columns=2, size=(120, 64))
        assert refusal(tmp_path / "a.heic", heic.written()) == said


@pytest.mark.parametrize(
    "aperture",
    [
        clap(65, 64, 0, 0),
        clap(32, 32, 40, 0),
        clap(32, 32, 0, -40),
        clap(0, 32, 0, 0),
        box(b"clap", bytes(32)),
    ],
)
def test_an_aperture_outside_the_image_is_unreadable(tmp_path: Path, coded: Any, aperture: bytes) -> None:
    heic = Heic(coded[0], coded[1][:1], (TILE, TILE), properties=[aperture])
    assert refusal(tmp_path / "a.heic", heic.written()).startswith(
        "probe: unreadable: HEIC: the boxes make no"
    )


def test_an_aperture_behind_a_turn_is_not_guessed_at(tmp_path: Path, coded: Any) -> None:
    heic = Heic(coded[0], coded[1][:1], (TILE, TILE), properties=[irot(1), clap(32, 32, 0, 0)])
    assert refusal(tmp_path / "a.heic", heic.written()).startswith(
        "probe: unreadable: HEIC: the boxes make no"
    )


def with_iloc(data: bytes, body: bytes, version: int) -> bytes:
    """The file with another box of locations, of the same length or shorter."""
    place = data.index(b"iloc") - 4
    length = int.from_bytes(data[place : place + 4])
    new = full_box(b"iloc", body, version)
    filler = length - len(new)
    assert filler == 0 or filler >= 8
    return data[:place] + new + (box(b"free", bytes(filler - 8)) if filler else b"") + data[place + length :]


@pytest.mark.parametrize(
    ("body", "version"),
    [
        (b"\x44\x00" + struct.pack(">I", 2**32 - 1), 2),
        (b"\x00\x00" + struct.pack(">H", 9) + struct.pack(">HHH", 1, 0, 65535) * 9, 0),
        (b"\x44\x00" + struct.pack(">H", 65535), 1),
    ],
    ids=["four thousand million items", "extents without length", "items that are not there"],
)
def test_counts_that_no_file_can_hold_are_refused_at_once(
    tmp_path: Path, coded: Any, body: bytes, version: int
) -> None:
    """Without a bound the first would run for hours, and the second fill gigabytes."""
    data = with_iloc(grid(coded).written(), body, version)
    tracemalloc.start()
    said = refusal(tmp_path / "a.heic", data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said.startswith("probe: unreadable: HEIC: the boxes make no sense")
    assert peak < 64 << 20


def test_random_damage_gives_frames_or_a_failure(tmp_path: Path, coded: Any) -> None:
    """Every kind of change to bytes, most of them among the boxes, with a fixed seed."""
    rng = np.random.default_rng(20_260)
    whole = grid(coded, properties=[clap(100, 90, 2, -4), irot(1), imir(0)]).written()
    meta = whole.index(b"mdat")
    reasons = set()
    for number in range(400):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 5))):
            place = int(rng.integers(12, meta if rng.random() < 0.8 else len(data)))
            data[place] = int(rng.choice([0, 1, 2, 64, 127, 128, 255, int(rng.integers(256))]))
        if number % 8 == 0:
            del data[int(rng.integers(12, len(data))) :]
        error = failure(tmp_path / "a.heic", bytes(data))
        reasons.add("none" if error is None else error.reason)
        assert error is None or (error.stage in ("probe", "decode") and "\n" not in error.detail)
    assert reasons >= {"none", "unreadable", "unsupported", "truncated", "decoder_error"}
    assert reasons <= {"none", "unreadable", "unsupported", "truncated", "decoder_error", "too_large"}


def test_damage_is_no_defect_of_ours(tmp_path: Path, coded: Any) -> None:
    """The way through `extract`, which would call an unforeseen exception ``internal``."""
    rng = np.random.default_rng(5)
    whole = grid(coded).written()
    for _ in range(60):
        data = bytearray(whole)
        data[int(rng.integers(8, whole.index(b"mdat")))] ^= 1 << int(rng.integers(8))
        (tmp_path / "a.heic").write_bytes(data)
        result = outcome(tmp_path / "a.heic", "image")
        assert isinstance(result, Clip) or result.reason != "internal"


@pytest.mark.parametrize("data", [struct.pack(">I4s", 4, b"meta"), struct.pack(">I4sQ", 1, b"meta", 9)])
def test_a_box_shorter_than_its_head_is_no_box(data: bytes) -> None:
    with pytest.raises(ValueError, match="box size"):
        list(boxes(data + bytes(8)))


def test_boxes_of_every_size_form_are_read() -> None:
    long = struct.pack(">I4sQ", 1, b"long", 16 + 3) + b"abc"
    data = box(b"none", b"") + box(b"abcd", b"12") + long + struct.pack(">I4s", 0, b"last") + b"to the end"
    assert [(b.kind, b.payload) for b in boxes(data)] == [
        (b"none", b""),
        (b"abcd", b"12"),
        (b"long", b"abc"),
        (b"last", b"to the end"),
    ]
