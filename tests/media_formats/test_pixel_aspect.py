"""Crops have square pixels, whatever the shape of the stored ones; what was scaled is recorded."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from coded_frames import first_frame, lossless, video_frame, write_frames

RADIUS = 40.0


def disc(width: int, height: int, aspect: float) -> np.ndarray:
    """A white disc, round where stored pixels are `aspect` times as wide as high, each sample averaged."""
    fine = 8
    x = ((np.arange(width * fine) + 0.5) / fine - width / 2) * aspect
    y = (np.arange(height * fine) + 0.5) / fine - height / 2
    inside = (x[None] ** 2 + y[:, None] ** 2 < RADIUS**2).astype(np.float64)
    means = inside.reshape(height, fine, width, fine).mean(axis=(1, 3))
    return np.rint(16 + 219 * means).astype(np.uint8)


def disc_video(path: Path, aspect: Fraction, size: tuple[int, int] = (176, 144)) -> Path:
    luma = disc(*size, float(aspect))
    chroma = np.full((size[1] // 2, size[0] // 2), 128, np.uint8)
    frame = video_frame("yuv420p", [luma, chroma, chroma])
    return write_frames(path, [frame] * 2, aspect=aspect, **lossless("yuv420p"))


def moments(image: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Area, middle and second central moments (x², y², xy) of what is bright."""
    weight = image[..., 1] / 255.0
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    area = weight.sum()
    middle = np.array([(weight * x).sum(), (weight * y).sum()]) / area
    u, v = x - middle[0], y - middle[1]
    return area, middle, np.array([(weight * p).sum() for p in (u * u, v * v, u * v)]) / area


ASPECTS = [Fraction(16, 11), Fraction(64, 45), Fraction(8, 9), Fraction(16, 15), Fraction(1, 2), Fraction(1)]


@pytest.mark.parametrize("aspect", ASPECTS, ids=str)
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_circle_comes_out_round(tmp_path: Path, aspect: Fraction, scale: float) -> None:
    info, frame = first_frame(disc_video(tmp_path / "a.mp4", aspect))
    assert info.width == round(176 * aspect)
    center = np.array([176 * aspect - 1, 144 - 1], np.float64) / 2  # edges of stored pixels are not moved
    half = (96 * scale - 1) / 2
    warp = np.column_stack([np.eye(2) * scale, half - scale * center])
    area, middle, second = moments(frame.planes.crop(warp, size=round(96 * scale)))
    radius = RADIUS * scale
    assert area == pytest.approx(np.pi * radius**2, rel=0.01)
    np.testing.assert_allclose(middle, half, atol=0.1)
    # The second moment of a disc is r²/4 along any axis; a stretch by 1 % would move one by 2 %.
    np.testing.assert_allclose(second, [radius**2 / 4, radius**2 / 4, 0], atol=0.01 * radius**2 / 4)


@pytest.mark.parametrize("aspect", ASPECTS, ids=str)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_width_is_that_of_the_display(tmp_path: Path, aspect: Fraction, suffix: str) -> None:
    info, frame = first_frame(disc_video(tmp_path / f"a.{suffix}", aspect))
    assert info.pixel_aspect == pytest.approx(float(aspect))
    assert (info.width, info.height) == (round(176 * aspect), 144)
    assert frame.image.shape == (144, round(176 * aspect), 3)


def test_detectors_see_square_pixels_too(tmp_path: Path) -> None:
    info, frame = first_frame(disc_video(tmp_path / "a.mp4", Fraction(16, 11)))
    small = frame.planes.reduced((info.width // 2, info.height // 2))
    assert small.shape == (72, 128, 3)
    _, _, second = moments(small)
    np.testing.assert_allclose(second[:2], (RADIUS / 2) ** 2 / 4, rtol=0.02)


def test_of_a_turned_video_the_stored_width_is_scaled(tmp_path: Path) -> None:
    path = disc_video(tmp_path / "a.mp4", Fraction(16, 11))
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    data[place : place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    info, frame = first_frame(path)
    assert (info.width, info.height, info.rotation) == (144, 256, 90)
    _, middle, second = moments(frame.image)
    np.testing.assert_allclose(middle, [71.5, 127.5], atol=0.1)
    np.testing.assert_allclose(second[:2], RADIUS**2 / 4, rtol=0.01)


@pytest.mark.parametrize("aspect", [Fraction(1, 40), Fraction(40)], ids=str)
def test_a_shape_that_no_camera_has_is_taken_for_square(tmp_path: Path, aspect: Fraction) -> None:
    info, _ = first_frame(disc_video(tmp_path / "a.mp4", aspect))
    assert (info.pixel_aspect, info.width) == (1.0, 176)
