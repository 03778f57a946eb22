"""Videos come out upright by the whole display matrix of their container: turned, mirrored, or both."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from coded_frames import crop, first_frame, lossless, video_frame, write_frames
from exact_color import OFFSETS, assert_exact, exact_rgb, random_planes

from specaug.align import inverse_warp
from specaug.planes.placement import oriented

WIDTH, HEIGHT = 64, 48
SHOWN: dict[int, tuple[tuple[int, int, int, int], Callable[[np.ndarray], np.ndarray]]] = {
    1: ((1, 0, 0, 1), lambda a: a),
    2: ((-1, 0, 0, 1), lambda a: a[:, ::-1]),
    3: ((-1, 0, 0, -1), lambda a: a[::-1, ::-1]),
    4: ((1, 0, 0, -1), lambda a: a[::-1]),
    5: ((0, 1, 1, 0), lambda a: a.swapaxes(0, 1)),
    6: ((0, 1, -1, 0), lambda a: np.rot90(a, -1)),
    7: ((0, -1, -1, 0), lambda a: np.rot90(a[:, ::-1], -1)),
    8: ((0, -1, 1, 0), lambda a: np.rot90(a)),
}
"""EXIF orientation: a, b, c, d of ISO/IEC 14496-12 6.2.2 (x' = ax + cy, y' = bx + dy), and what is shown."""
ROTATION = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A video without a matrix, and its exact RGB."""
    planes = random_planes(np.random.default_rng(4), (WIDTH, HEIGHT), sub=(2, 2))
    path = tmp_path_factory.mktemp("stored") / "a.mp4"
    write_frames(path, [video_frame("yuv420p", planes)], **lossless("yuv420p"))
    return path, exact_rgb(planes, "bt601", full=False, bits=8, sub=(2, 2), offset=OFFSETS["left"])


def with_matrix(data: bytes, matrix: tuple[float, float, float, float]) -> bytes:
    """The same file with another matrix in its track header, in 16.16 fixed point."""
    a, b, c, d = (round(value * 65536) for value in matrix)
    changed = bytearray(data)
    place = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes
    changed[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return bytes(changed)


@pytest.mark.parametrize("code", SHOWN)
def test_each_matrix_is_one_of_the_eight_orientations(
    stored: tuple[Path, np.ndarray], tmp_path: Path, code: int
) -> None:
    plain, exact = stored
    matrix, show = SHOWN[code]
    path = tmp_path / "a.mp4"
    path.write_bytes(with_matrix(plain.read_bytes(), matrix))
    info, frame = first_frame(path)
    assert (info.orientation, info.rotation) == (code, ROTATION[code])
    assert (info.width, info.height) == ((HEIGHT, WIDTH) if code >= 5 else (WIDTH, HEIGHT))
    assert_exact(frame.image, show(exact))
    assert_exact(crop(path, 40, x=3, y=5), show(exact)[5:45, 3:43])


@pytest.mark.parametrize("code", SHOWN)
def test_a_small_view_for_the_detector_is_upright_too(
    stored: tuple[Path, np.ndarray], tmp_path: Path, code: int
) -> None:
    plain, _ = stored
    matrix, show = SHOWN[code]
    path = tmp_path / "a.mp4"
    path.write_bytes(with_matrix(plain.read_bytes(), matrix))
    info, frame = first_frame(path)
    reduced = frame.planes.reduced((info.width // 4, info.height // 4))
    reference = first_frame(plain)[1].planes.reduced((WIDTH // 4, HEIGHT // 4))
    np.testing.assert_array_equal(reduced, show(reference))


@pytest.mark.parametrize("code", [2, 5, 6, 8])
def test_a_turned_and_reduced_crop_is_that_of_the_upright_picture(
    stored: tuple[Path, np.ndarray], tmp_path: Path, code: int
) -> None:
    """The warp of the upright video, chained with its matrix by hand, on the stored one."""
    plain, _ = stored
    matrix, show = SHOWN[code]
    path = tmp_path / "a.mp4"
    path.write_bytes(with_matrix(plain.read_bytes(), matrix))
    _, frame = first_frame(path)
    angle = 0.4
    warp = np.array([[np.cos(angle), -np.sin(angle), 2.0], [np.sin(angle), np.cos(angle), -9.0]]) * 0.7
    places = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1)
    x, y = np.moveaxis(show(places).astype(float), -1, 0)  # of each upright pixel, where it is stored
    to_stored = np.array(
        [[x[0, 1] - x[0, 0], x[1, 0] - x[0, 0], x[0, 0]], [y[0, 1] - y[0, 0], y[1, 0] - y[0, 0], y[0, 0]]]
    )
    back = inverse_warp(to_stored)
    direct = np.vstack([warp, [0, 0, 1]]) @ np.vstack([back, [0, 0, 1]])
    expected = first_frame(plain)[1].planes.crop(direct[:2], size=32)
    difference = frame.planes.crop(warp, size=32).astype(int) - expected
    assert np.abs(difference).max() <= 1  # the last bit of a place may round otherwise


@pytest.mark.parametrize(
    ("matrix", "code"),
    [
        ((2.0, 0, 0, 2.0), 1),
        ((0, 0.5, -0.5, 0), 6),
        ((0.05, 0.99, -0.99, 0.05), 6),
        ((-0.98, 0.1, 0.1, 0.98), 2),
        ((0, 0, 0, 0), 1),
    ],
)
def test_scaled_crooked_and_empty_matrices_are_the_nearest_orientation(
    stored: tuple[Path, np.ndarray], tmp_path: Path, matrix: tuple[float, ...], code: int
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(with_matrix(stored[0].read_bytes(), matrix))  # type: ignore[arg-type]
    assert first_frame(path)[0].orientation == code


@pytest.mark.parametrize(
    ("suffix", "degrees", "hflip"),
    [*product(("mp4", "mov"), (90, 180, 270), (False, True)), ("mov", 0, True)]
    + [("mkv", degrees, False) for degrees in (90, 180, 270)],  # Matroska stores an angle and no mirror
)
def test_matrices_that_a_muxer_wrote_are_those_that_ffmpeg_reads(
    tmp_path: Path, rng: np.random.Generator, suffix: str, degrees: int, hflip: bool
) -> None:
    planes = random_planes(rng, (WIDTH, HEIGHT))
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.set_display_rotation(degrees, hflip=hflip)
        container.mux(stream.encode(video_frame("yuv444p", planes)))
        container.mux(stream.encode(None))
    info, frame = first_frame(path)
    with av.open(str(path)) as container:
        data = next(d for d in next(container.decode(video=0)).side_data if d.type.name == "DISPLAYMATRIX")
        a, b, _, c, d, *_ = (value / 65536 for value in struct.unpack("<9i", bytes(data)[:36]))
    code = next(k for k, (matrix, _) in SHOWN.items() if np.allclose(matrix, (a, b, c, d), atol=0.01))
    assert info.orientation == code
    assert (np.linalg.det([[a, c], [b, d]]) < 0) == hflip
    assert info.rotation % 180 == degrees % 180
    exact = exact_rgb(planes, "bt601", full=False, bits=8)
    assert_exact(frame.image, SHOWN[code][1](exact))
    np.testing.assert_array_equal(oriented(planes[0], code), SHOWN[code][1](planes[0]))
