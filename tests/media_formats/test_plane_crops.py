"""A crop at scale 1 is the exact conversion of the stored samples, whatever the stream says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from coded_frames import crop, first_frame, lossless, video_frame, write_frames
from exact_color import NUMBERS, OFFSETS, WEIGHTS, assert_exact, exact_rgb, random_planes

SIDE = 48
SAMPLINGS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
X264_MATRICES = {"bt601": "smpte170m", "bt709": "bt709", "bt2020": "bt2020nc"}
X264_LOCATIONS = ("left", "center", "topleft")


def pixel_format(sampling: str, bits: int) -> str:
    return f"yuv{sampling}p" if bits == 8 else f"yuv{sampling}p{bits}le"


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize(
    ("sampling", "location"),
    [("420", "left"), ("420", "center"), ("420", "topleft"), ("422", "left"), ("444", "left")],
)
@pytest.mark.parametrize("matrix", WEIGHTS)
def test_tagged_h264_is_converted_exactly(
    tmp_path: Path, rng: np.random.Generator, matrix: str, sampling: str, location: str, bits: int, full: bool
) -> None:
    sub = SAMPLINGS[sampling]
    planes = random_planes(rng, (SIDE, SIDE), bits=bits, sub=sub)
    params = f"colormatrix={X264_MATRICES[matrix]}:fullrange={'on' if full else 'off'}"
    params += f":chromaloc={X264_LOCATIONS.index(location)}" if sampling == "420" else ""
    form = pixel_format(sampling, bits)
    path = write_frames(tmp_path / "a.mkv", [video_frame(form, planes)], **lossless(form, params))
    info, frame = first_frame(path)
    for stored, plane in zip(planes, frame.planes.planes, strict=True):
        np.testing.assert_array_equal(plane.values, stored)
    exact = exact_rgb(planes, matrix, full=full, bits=bits, sub=sub, offset=OFFSETS[location])
    assert_exact(crop(path, SIDE), exact)
    assert (info.color.matrix, info.color.range) == (matrix, "full" if full else "limited")
    assert (info.color.chroma_location, info.color.bits, info.color.assumed) == (location, bits, False)


@pytest.mark.parametrize(("lines", "matrix"), [(576, "bt601"), (578, "bt709")])
@pytest.mark.parametrize("bits", [8, 10])
def test_untagged_video_is_bt601_up_to_576_lines_and_bt709_above(
    tmp_path: Path, rng: np.random.Generator, lines: int, matrix: str, bits: int
) -> None:
    planes = random_planes(rng, (SIDE, lines), bits=bits, sub=(2, 2))
    form = pixel_format("420", bits)
    path = write_frames(tmp_path / "a.mkv", [video_frame(form, planes)], **lossless(form))
    color = first_frame(path)[0].color
    assert (color.matrix, color.range, color.assumed) == (matrix, "limited", True)
    exact = exact_rgb(planes, matrix, full=False, bits=bits, sub=(2, 2), offset=OFFSETS["left"])
    assert_exact(crop(path, SIDE, y=lines - SIDE), exact[lines - SIDE :])


@pytest.mark.parametrize("said", ["colorspace", "color_range"])
def test_what_is_tagged_by_half_is_assumed_by_half(
    tmp_path: Path, rng: np.random.Generator, said: str
) -> None:
    planes = random_planes(rng, (SIDE, SIDE))
    number = NUMBERS["bt709"] if said == "colorspace" else 2
    path = write_frames(tmp_path / "a.mkv", [video_frame("yuv444p", planes)], tags={said: number})
    info, _ = first_frame(path)
    expected = ("bt709", "limited") if said == "colorspace" else ("bt601", "full")
    assert (info.color.matrix, info.color.range) == expected
    assert info.color.assumed
    assert_exact(crop(path, SIDE), exact_rgb(planes, expected[0], full=expected[1] == "full", bits=8))


@pytest.mark.parametrize("sampling", ["420", "422"])
@pytest.mark.parametrize("bits", [8, 12])
def test_chroma_of_odd_sizes_lies_where_it_does_in_even_ones(
    tmp_path: Path, rng: np.random.Generator, sampling: str, bits: int
) -> None:
    sub = SAMPLINGS[sampling]
    planes = random_planes(rng, (61, 55), bits=bits, sub=sub)
    path = write_frames(tmp_path / "a.mkv", [video_frame(pixel_format(sampling, bits), planes)])
    exact = exact_rgb(planes, "bt601", full=False, bits=bits, sub=sub, offset=OFFSETS["left"])
    assert_exact(crop(path, SIDE), exact[:SIDE, :SIDE])
    assert_exact(crop(path, SIDE, x=13, y=7), exact[7:, 13:])
    whole = first_frame(path)[1].image
    assert_exact(whole, exact)


@pytest.mark.parametrize(("x", "y"), [(1, 0), (0, 1), (16, 9), (17, 16)])
def test_a_crop_elsewhere_shows_the_same_pixels(
    tmp_path: Path, rng: np.random.Generator, x: int, y: int
) -> None:
    planes = random_planes(rng, (64, 64), sub=(2, 2))
    path = write_frames(tmp_path / "a.mkv", [video_frame("yuv420p", planes)])
    exact = exact_rgb(planes, "bt601", full=False, bits=8, sub=(2, 2), offset=OFFSETS["left"])
    assert_exact(crop(path, 40, x=x, y=y), exact[y : y + 40, x : x + 40])


LOCATED: list[tuple[str, str, dict[str, Any], str]] = [
    ("mjpeg", "mov", {"tags": {"color_range": 2}}, "center"),
    ("mpeg2video", "ts", {}, "left"),
    ("mpeg1video", "mpg", {}, "center"),
    ("mpeg4", "mp4", {}, "left"),
    ("libvpx-vp9", "webm", {"options": {"cpu-used": "8", "lossless": "1"}}, "left"),
    (
        "libx265",
        "mp4",
        {"options": {"x265-params": "chromaloc=2:log-level=none:pools=none:bframes=0"}},
        "topleft",
    ),
    (
        "libx265",
        "mp4",
        {"options": {"x265-params": "chromaloc=1:log-level=none:pools=none:bframes=0"}},
        "center",
    ),
]


@pytest.mark.parametrize(("codec", "suffix", "settings", "location"), LOCATED)
def test_chroma_lies_where_codec_or_stream_put_it(
    tmp_path: Path, rng: np.random.Generator, codec: str, suffix: str, settings: dict[str, Any], location: str
) -> None:
    """Lossy codecs give their own samples; what they gave is what is converted."""
    smooth = rng.integers(90, 160, (12, 12, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    planes = [smooth[..., 0], *(np.ascontiguousarray(smooth[::2, ::2, k]) for k in (1, 2))]
    frame = video_frame("yuvj420p" if codec == "mjpeg" else "yuv420p", planes)
    path = write_frames(tmp_path / f"a.{suffix}", [frame] * 2, codec=codec, **settings)
    info, shown = first_frame(path)
    stored = [plane.values for plane in shown.planes.planes]
    assert info.color.chroma_location == location
    full = info.color.range == "full"
    exact = exact_rgb(stored, "bt601", full=full, bits=8, sub=(2, 2), offset=OFFSETS[location])
    assert_exact(crop(path, 96), exact)


def test_av1_says_where_its_chroma_lies(tmp_path: Path, rng: np.random.Generator) -> None:
    try:
        av.Codec("libsvtav1", "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip("this FFmpeg has no encoder libsvtav1")
    planes = random_planes(rng, (64, 64), sub=(2, 2))
    for location in ("left", "topleft"):
        options = {"preset": "13", "svtav1-params": f"chroma-sample-position={location}:lp=1"}
        path = tmp_path / f"{location}.mp4"
        write_frames(path, [video_frame("yuv420p", planes)] * 2, codec="libsvtav1", options=options)
        info, shown = first_frame(path)
        assert info.color.chroma_location == location
        stored = [plane.values for plane in shown.planes.planes]
        exact = exact_rgb(stored, "bt601", full=False, bits=8, sub=(2, 2), offset=OFFSETS[location])
        assert_exact(crop(path, 64), exact)
