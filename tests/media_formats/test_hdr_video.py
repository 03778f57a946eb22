"""HLG and PQ video comes out as method C of ITU-R BT.2446-1 says, or is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coded_frames import crop, first_frame, video_frame, write_frames
from icc_profiles import D65, DISPLAY_P3, SRGB, xyz
from middle_face import CONFIG, failure_of, row_of

from specaug.errors import ArgumentError
from specaug.records import BuildConfig

SIDE = 64
TRANSFERS = {"hlg": ("arib-std-b67", 18), "pq": ("smpte2084", 16)}
X265 = (
    "log-level=none:pools=none:frame-threads=1:lossless=1:colorprim=bt2020:colormatrix=bt2020nc:transfer={}"
)
KR, KB = 0.2627, 0.0593


def light_of(signal: np.ndarray, transfer: str) -> np.ndarray:
    """(…, 3) cd/m² of (…, 3) R'G'B': BT.2100 tables 4 and 5, HLG for a display of 1,000 cd/m²."""
    if transfer == "pq":
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = signal ** (1 / m2)
        return 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    a = 0.17883277
    b = 1 - 4 * a
    c = 0.5 - a * np.log(4 * a)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ [KR, 1 - KR - KB, KB]
    return 1000 * luminance[..., None] ** 0.2 * scene


def method_c(light: np.ndarray) -> np.ndarray:
    """R'G'B' levels of BT.709 for light with the primaries of BT.2020."""
    luminance = light @ [KR, 1 - KR - KB, KB]
    knee = 58.5 / 0.83802
    with np.errstate(invalid="ignore"):
        upper = 15.09968 * np.log(np.maximum(luminance / knee, 1) - 0.74204) + 78.99439
    sdr = np.where(luminance < knee, 0.83802 * luminance, upper)
    scaled = light * (sdr / np.maximum(luminance, 1e-9))[..., None] / 100
    to_bt709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
    return 255 * np.clip(scaled @ to_bt709.T, 0, 1) ** (1 / 2.4)


def coded(signal: np.ndarray) -> list[np.ndarray]:
    """10-bit limited Y', C_B, C_R of (H, W, 3) R'G'B' in [0, 1]."""
    y = signal @ [KR, 1 - KR - KB, KB]
    blue, red = (signal[..., 2] - y) / (2 - 2 * KB), (signal[..., 0] - y) / (2 - 2 * KR)
    planes = [64 + 876 * y, 512 + 896 * blue, 512 + 896 * red]
    return [np.rint(plane).astype(np.uint16) for plane in planes]


def back(planes: list[np.ndarray]) -> np.ndarray:
    """R'G'B' in [0, 1] that the rounded samples stand for."""
    y, blue, red = (planes[0] - 64.0) / 876, (planes[1] - 512.0) / 896, (planes[2] - 512.0) / 896
    r, b = y + (2 - 2 * KR) * red, y + (2 - 2 * KB) * blue
    return np.clip(np.stack([r, (y - KR * r - KB * b) / (1 - KR - KB), b], axis=-1), 0, 1)


def write_hdr(path: Path, planes: list[np.ndarray], transfer: str, codec: str = "libx265") -> Path:
    frames = [video_frame("yuv444p10le", planes) for _ in range(2)]
    name, number = TRANSFERS[transfer]
    if codec == "libx265":
        return write_frames(path, frames, codec=codec, options={"x265-params": X265.format(name)})
    tags = {"colorspace": 9, "color_primaries": 9, "color_trc": number, "color_range": 1}
    return write_frames(path, frames, codec=codec, tags=tags)


def ramp() -> np.ndarray:
    """Greys of every 10-bit level from black to white, row by row."""
    grey = np.linspace(0, 1, SIDE * SIDE).reshape(SIDE, SIDE, 1)
    return np.repeat(grey, 3, axis=2)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize(("codec", "suffix"), [("libx265", "mp4"), ("ffv1", "mkv")])
def test_a_grey_ramp_follows_the_published_curve(
    tmp_path: Path, transfer: str, codec: str, suffix: str
) -> None:
    planes = coded(ramp())
    path = write_hdr(tmp_path / f"a.{suffix}", planes, transfer, codec)
    info, _ = first_frame(path)
    assert (info.color.transfer, info.color.matrix, info.color.bits) == (TRANSFERS[transfer][0], "bt2020", 10)
    image = crop(path, SIDE).astype(int)
    expected = method_c(light_of(back(planes), transfer))
    # Rounded digits of the published gamut matrix are worth less than half a level of a grey.
    assert np.abs(image - expected).max() < 1
    assert np.abs(image - expected).mean() < 0.3
    assert np.ptp(image, axis=2).max() <= 1


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_colours_follow_the_curve_of_their_luminance(
    tmp_path: Path, rng: np.random.Generator, transfer: str
) -> None:
    """Skin and other colours within the gamut of BT.709, at the levels where faces are graded."""
    patches = rng.uniform(0.3, 0.55, (8, 8, 1)) + rng.uniform(-0.06, 0.06, (8, 8, 3))
    planes = coded(patches.repeat(8, axis=0).repeat(8, axis=1))
    path = write_hdr(tmp_path / "a.mp4", planes, transfer)
    expected = method_c(light_of(back(planes), transfer))
    image = crop(path, SIDE)[4::8, 4::8]  # away from where crops of sharp edges overshoot
    np.testing.assert_allclose(image, expected[4::8, 4::8], atol=1)


def test_faces_are_neither_dark_nor_flat(tmp_path: Path) -> None:
    """BT.2408 puts reference white at 75 % HLG and light skin at 45 to 65 %: SDR shows them at 96 and 55 to 85 %."""
    signal = np.empty((SIDE, SIDE, 3))
    signal[:16], signal[16:32], signal[32:] = 0.75, 0.65, 0.45
    path = write_hdr(tmp_path / "a.mp4", coded(signal), "hlg")
    white, light, dark = (crop(path, SIDE)[row, 8].mean() / 255 for row in (8, 24, 48))
    assert white == pytest.approx(0.96, abs=0.01)
    assert 0.75 < light < 0.9
    assert 0.5 < dark < 0.65


def test_ten_bits_of_sdr_are_not_tone_mapped(tmp_path: Path) -> None:
    planes = coded(ramp())
    frames = [video_frame("yuv444p10le", planes)] * 2
    tags = {"colorspace": 9, "color_primaries": 1, "color_trc": 1, "color_range": 1}
    path = write_frames(tmp_path / "a.mkv", frames, tags=tags)
    np.testing.assert_allclose(crop(path, SIDE), 255 * back(planes), atol=0.51)
    assert not row_of(path, "video")["color"]["tone_mapped"]


BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
DCI_WHITE = (0.314, 0.351)


@pytest.mark.parametrize(
    ("number", "primaries", "white"),
    [(9, BT2020, D65), (12, DISPLAY_P3, D65), (11, DISPLAY_P3, DCI_WHITE)],
)
def test_wide_gamuts_of_sdr_become_bt709(
    tmp_path: Path, rng: np.random.Generator, number: int, primaries: Any, white: tuple[float, float]
) -> None:
    """In the light of a display of gamma 2.4; white stays white."""
    patches = rng.uniform(0.3, 0.8, (8, 8, 1)) + rng.uniform(-0.1, 0.1, (8, 8, 3))
    planes = coded(patches.repeat(8, axis=0).repeat(8, axis=1))
    tags = {"colorspace": 9, "color_primaries": number, "color_trc": 1, "color_range": 1}
    frames = [video_frame("yuv444p10le", planes)] * 2
    path = write_frames(tmp_path / "a.mkv", frames, tags=tags)
    to_bt709 = np.linalg.inv(relative(SRGB, D65)) @ relative(primaries, white)
    expected = 255 * np.clip(back(planes) ** 2.4 @ to_bt709.T, 0, 1) ** (1 / 2.4)
    np.testing.assert_allclose(crop(path, SIDE), expected, atol=1)
    assert np.abs(expected - 255 * back(planes)).max() > 3


def relative(primaries: Any, white: tuple[float, float]) -> np.ndarray:
    """(3, 3) from linear RGB to X, Y, Z over those of the white."""
    corners = np.stack([xyz(point) for point in primaries], axis=1)
    return corners * np.linalg.solve(corners, xyz(white)) / xyz(white)[:, None]


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_a_row_says_that_it_was_tone_mapped(tmp_path: Path, transfer: str) -> None:
    color = row_of(write_hdr(tmp_path / "a.mp4", coded(ramp()), transfer), "video")["color"]
    said: dict[str, Any] = {"tone_mapped": True, "transfer": TRANSFERS[transfer][0], "primaries": "bt2020"}
    assert color == color | said | {"matrix": "bt2020", "range": "limited", "bits": 10, "assumed": False}


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_hdr_can_be_refused_before_anything_is_decoded(tmp_path: Path, transfer: str) -> None:
    path = write_hdr(tmp_path / "a.mp4", coded(ramp()), transfer)
    failure = failure_of(path, "video", replace(CONFIG, hdr="fail"))
    assert (failure.stage, failure.reason) == ("probe", "hdr")
    assert TRANSFERS[transfer][0] in failure.detail
    assert "--hdr tonemap" in failure.detail


def test_sdr_passes_where_hdr_is_refused(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "a.mkv", [video_frame("yuv444p10le", coded(ramp()))] * 2)
    assert not row_of(path, "video", replace(CONFIG, hdr="fail"))["color"]["tone_mapped"]


def test_other_words_for_hdr_are_refused() -> None:
    with pytest.raises(ArgumentError, match="hdr: expected one of tonemap, fail, got 'keep'"):
        BuildConfig(hdr="keep")  # type: ignore[arg-type]
