"""HEIC photos: single images and grids of tiles, turned, mirrored, cut to their aperture, with colour profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_color import NUMBERS, OFFSETS, assert_exact, exact_rgb, random_planes
from heif_writer import Heic, Planes, clap, coded_tiles, icc, imir, irot, nclx
from icc_profiles import DISPLAY_P3, SRGB, managed, matrix_profile
from middle_face import row_of

from specaug.media import kind_of, probe, read_frames
from specaug.records import MediaInfo

TILE = 64
COLUMNS, ROWS = 3, 2
SIZE = (170, 110)
"""Of the grid: its last column and row of tiles are cut."""


@pytest.fixture(scope="module")
def tiles() -> list[Planes]:
    rng = np.random.default_rng(3)
    return [random_planes(rng, (TILE, TILE), sub=(2, 2)) for _ in range(COLUMNS * ROWS)]


@pytest.fixture(scope="module")
def coded(tiles: list[Planes]) -> tuple[bytes, list[bytes]]:
    return coded_tiles(tiles)


def joined(tiles: list[Planes]) -> Planes:
    rows = [tiles[k : k + COLUMNS] for k in range(0, len(tiles), COLUMNS)]
    return [np.block([[tile[p] for tile in row] for row in rows]) for p in range(3)]


def grid(coded: tuple[bytes, list[bytes]], **settings: Any) -> Heic:
    return Heic(*coded, (TILE, TILE), columns=COLUMNS, size=SIZE, **settings)


def single(coded: tuple[bytes, list[bytes]], **settings: Any) -> Heic:
    return Heic(coded[0], coded[1][:1], (TILE, TILE), **settings)


def exact(planes: Planes, matrix: str = "bt601", *, full: bool = False, bits: int = 8) -> np.ndarray:
    return exact_rgb(planes, matrix, full=full, bits=bits, sub=(2, 2), offset=OFFSETS["left"])


def read(path: Path, heic: Heic) -> tuple[MediaInfo, np.ndarray]:
    path.write_bytes(heic.written())
    info = probe(path, "image")
    (frame,) = read_frames(path, info, np.array([0]))
    image = frame.image
    assert (info.kind, info.n_frames, image.shape) == ("image", 1, (info.height, info.width, 3))
    side = min(image.shape[:2])
    np.testing.assert_array_equal(frame.planes.crop(np.eye(2, 3), size=side), image[:side, :side])
    return info, image


def test_names_of_heic_files_are_photos() -> None:
    assert {kind_of(Path(name)) for name in ("IMG_1.HEIC", "a.heif", "a.hif", "a.avif")} == {"image"}


def test_a_single_image_is_its_tile(tmp_path: Path, tiles: list[Planes], coded: Any) -> None:
    info, image = read(tmp_path / "a.heic", single(coded))
    assert_exact(image, exact(tiles[0]))
    assert (info.width, info.height, info.rotation, info.orientation) == (TILE, TILE, 0, 1)


@pytest.mark.parametrize("in_idat", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_a_grid_is_its_tiles_side_by_side(
    tmp_path: Path, tiles: list[Planes], coded: Any, in_idat: bool, wide: bool
) -> None:
    info, image = read(tmp_path / "a.heic", grid(coded, in_idat=in_idat, wide=wide))
    assert (info.width, info.height) == SIZE
    whole = joined(tiles)
    chroma = [plane[: SIZE[1] // 2, : SIZE[0] // 2] for plane in whole[1:]]  # ends are mirrored after the cut
    assert_exact(image, exact([whole[0][: SIZE[1], : SIZE[0]], *chroma]))


@pytest.mark.parametrize("location", [0, 1])
def test_data_may_lie_in_pieces_by_either_version_of_locations(
    tmp_path: Path, tiles: list[Planes], coded: Any, location: int
) -> None:
    heic = grid(coded, in_idat=False, location=location)
    np.testing.assert_array_equal(
        read(tmp_path / "a.heic", heic)[1], read(tmp_path / "b.heic", grid(coded))[1]
    )


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_any_brand_of_heif_will_do(tmp_path: Path, tiles: list[Planes], coded: Any, brand: bytes) -> None:
    assert_exact(read(tmp_path / "a.heic", single(coded, brand=brand))[1], exact(tiles[0]))


PLACED: list[tuple[list[bytes], int, Any]] = [
    ([irot(1)], 8, lambda a: np.rot90(a)),
    ([irot(2)], 3, lambda a: np.rot90(a, 2)),
    ([irot(3)], 6, lambda a: np.rot90(a, -1)),
    ([imir(0)], 4, lambda a: a[::-1]),
    ([imir(1)], 2, lambda a: a[:, ::-1]),
    ([irot(1), imir(1)], 7, lambda a: np.rot90(a)[:, ::-1]),
    ([imir(1), irot(1)], 5, lambda a: np.rot90(a[:, ::-1])),
    ([irot(3), imir(0)], 7, lambda a: np.rot90(a, -1)[::-1]),
]


@pytest.mark.parametrize(("properties", "code", "show"), PLACED)
@pytest.mark.parametrize("tiled", [False, True])
def test_turns_and_mirrors_are_applied_in_their_order(
    tmp_path: Path,
    tiles: list[Planes],
    coded: Any,
    properties: list[bytes],
    code: int,
    show: Any,
    tiled: bool,
) -> None:
    heic = grid(coded, properties=properties) if tiled else single(coded, properties=properties)
    plain = grid(coded) if tiled else single(coded)
    info, image = read(tmp_path / "a.heic", heic)
    np.testing.assert_array_equal(image, show(read(tmp_path / "b.heic", plain)[1]))
    expected = code if code not in (5, 7) else _transposed(show)
    assert (info.orientation, info.rotation) == (
        expected,
        {2: 0, 4: 180, 3: 180, 5: 270, 6: 90, 7: 90, 8: 270}[expected],
    )
    if tiled:
        assert (info.width, info.height) == (SIZE if expected < 5 else SIZE[::-1])


def _transposed(show: Any) -> int:
    """5 where rows become columns and nothing else, 7 where they do about the other diagonal."""
    return 5 if np.array_equal(show(np.arange(6).reshape(2, 3)), np.arange(6).reshape(2, 3).T) else 7


def test_turns_of_the_tiles_themselves_do_not_count(tmp_path: Path, coded: Any) -> None:
    info, image = read(tmp_path / "a.heic", grid(coded, tile_properties=[irot(1)]))
    np.testing.assert_array_equal(image, read(tmp_path / "b.heic", grid(coded))[1])
    assert info.orientation == 1


@pytest.mark.parametrize(
    ("size", "x", "y"), [((64, 64), 0, 0), ((50, 40), 0, 0), ((51, 41), -1, 3), ((20, 30), 10, -8)]
)
def test_a_clean_aperture_is_cut_out(
    tmp_path: Path, tiles: list[Planes], coded: Any, size: tuple[int, int], x: int, y: int
) -> None:
    info, image = read(tmp_path / "a.heic", single(coded, properties=[clap(*size, x, y)]))
    assert (info.width, info.height) == size
    left, top = (TILE - size[0] + x) // 2, (TILE - size[1] + y) // 2
    inside = exact(tiles[0])[top : top + size[1], left : left + size[0]]
    # Chroma at the border is interpolated from inside the aperture alone.
    difference = np.abs(image - np.rint(inside))
    assert difference[3:-3, 3:-3].max() <= 1
    assert image.shape == inside.shape


def test_a_clean_aperture_of_a_grid_is_cut_from_the_whole_image(tmp_path: Path, coded: Any) -> None:
    info, image = read(tmp_path / "a.heic", grid(coded, properties=[clap(100, 90, 4, 6)]))
    assert (info.width, info.height) == (100, 90)
    whole = read(tmp_path / "b.heic", grid(coded))[1].astype(int)
    assert np.abs(image - whole[13:103, 37:137])[3:-3, 3:-3].max() <= 1


def test_a_clean_aperture_is_cut_before_it_is_turned(tmp_path: Path, coded: Any) -> None:
    aperture = clap(40, 30, 4, -6)
    upright = read(tmp_path / "a.heic", single(coded, properties=[aperture]))[1]
    info, turned = read(tmp_path / "b.heic", single(coded, properties=[aperture, irot(1)]))
    np.testing.assert_array_equal(turned, np.rot90(upright))
    assert (info.width, info.height) == (30, 40)


@pytest.mark.parametrize(
    ("matrix", "full"), [("bt601", True), ("bt709", False), ("bt709", True), ("bt2020", False)]
)
def test_colours_are_those_that_the_file_says(
    tmp_path: Path, tiles: list[Planes], coded: Any, matrix: str, full: bool
) -> None:
    colr = nclx(1, 13, NUMBERS[matrix], full=full)
    info, image = read(tmp_path / "a.heic", grid(coded, properties=[colr]))
    whole = [
        p[: s // f, : t // f]
        for p, s, t, f in zip(joined(tiles), SIZE[1:] * 3, SIZE[:1] * 3, (1, 2, 2), strict=True)
    ]
    assert_exact(image, exact(whole, matrix, full=full))
    assert (info.color.matrix, info.color.range, info.color.assumed) == (
        matrix,
        "full" if full else "limited",
        False,
    )


def test_colours_may_stand_with_the_tiles_or_in_their_bit_stream(
    tmp_path: Path, tiles: list[Planes], coded: Any
) -> None:
    heic = grid(coded, tile_properties=[nclx(1, 13, 1, full=True)])
    color = read(tmp_path / "a.heic", heic)[0].color
    assert (color.matrix, color.range, color.transfer) == ("bt709", "full", "iec61966-2-1")
    said = coded_tiles(tiles[:1], params=":colormatrix=bt709:range=full")
    info, image = read(tmp_path / "b.heic", single(said))
    assert_exact(image, exact(tiles[0], "bt709", full=True))
    assert (info.color.matrix, info.color.assumed) == ("bt709", False)


def test_what_nobody_says_is_assumed(tmp_path: Path, coded: Any) -> None:
    color = read(tmp_path / "a.heic", single(coded))[0].color
    assert (color.matrix, color.range, color.assumed, color.icc) == ("bt601", "limited", True, False)


@pytest.mark.parametrize("where", ["properties", "tile_properties"])
def test_a_profile_is_applied_to_the_crop(tmp_path: Path, coded: Any, where: str) -> None:
    full = nclx(2, 2, 6, full=True)
    plain = read(tmp_path / "a.heic", grid(coded, properties=[full]))[1]
    settings = {"properties": [full], "tile_properties": []}
    settings[where] = [*settings[where], full, icc(matrix_profile(DISPLAY_P3))][-2:]
    if where == "tile_properties":
        settings["properties"] = []
    info, image = read(tmp_path / "b.heic", grid(coded, **settings))
    np.testing.assert_allclose(image, managed(plain, DISPLAY_P3), atol=1.5)
    assert info.color.icc
    assert not read(tmp_path / "c.heic", grid(coded, properties=[icc(matrix_profile(SRGB))]))[0].color.icc


@pytest.mark.parametrize(
    ("form", "sub"), [("yuv420p10le", (2, 2)), ("yuv422p", (2, 1)), ("yuv444p10le", (1, 1))]
)
def test_deep_and_finely_sampled_tiles_are_exact(
    tmp_path: Path, rng: np.random.Generator, form: str, sub: tuple[int, int]
) -> None:
    bits = 10 if "10" in form else 8
    planes = random_planes(rng, (TILE, TILE), bits=bits, sub=sub)
    info, image = read(tmp_path / "a.heic", single(coded_tiles([planes], form)))
    assert_exact(image, exact_rgb(planes, "bt601", full=False, bits=bits, sub=sub, offset=OFFSETS["left"]))
    assert info.color.bits == bits


def test_a_grey_photo_has_one_plane(tmp_path: Path, rng: np.random.Generator) -> None:
    values = rng.integers(40, 210, (TILE, TILE)).astype(np.uint8)
    info, image = read(tmp_path / "a.heic", single(coded_tiles([[values]], "gray", ":range=full")))
    np.testing.assert_array_equal(image, np.repeat(values[..., None], 3, axis=2))
    assert info.color.matrix == "gray"


def test_rows_of_heic_photos_say_what_was_done(tmp_path: Path, coded: Any) -> None:
    heic = grid(coded, properties=[irot(3), icc(matrix_profile(DISPLAY_P3)), nclx(12, 13, 6, full=True)])
    (tmp_path / "a.heic").write_bytes(heic.written())
    row = row_of(tmp_path / "a.heic", "image")
    assert (row["orientation"], row["rotation"], row["field"], row["pixel_aspect"]) == (6, 90, "frame", 1.0)
    assert (row["source_width"], row["source_height"]) == SIZE[::-1]
    assert (row["color"]["icc"], row["color"]["range"], row["color"]["assumed"]) == (True, "full", False)
