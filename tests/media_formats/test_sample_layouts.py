"""Packed, planar, deep and grey pixel formats: the samples reach the crop as they are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from coded_frames import crop, first_frame, lossless, video_frame, write_frames
from exact_color import NUMBERS, OFFSETS, assert_exact, exact_rgb, random_planes

from specaug.errors import MediaError
from specaug.media.frame_planes import frame_planes
from specaug.media.info import VideoInfo
from specaug.media.stream_color import color_of
from specaug.planes import PlaneImage

SIDE = 32


def planes_of(frame: VideoFrame, *, full: bool = False) -> PlaneImage:
    """The planes of a frame of a video that is tagged BT.709."""
    color = color_of(frame.format, 1, 2 if full else 1, 1, 1, untagged="bt601", chroma_location="left")
    info = VideoInfo(
        kind="video",
        width=frame.width,
        height=frame.height,
        n_frames=1,
        pts_seconds=np.zeros(1),
        keyframes=np.zeros(1, np.int64),
        color=color,
        coded_size=(frame.width, frame.height),
    )
    return frame_planes(frame, info, VideoReformatter())


def rounded(values: np.ndarray, bits: int) -> np.ndarray:
    """8-bit levels of full-scale samples."""
    return np.rint(values * (255 / (2**bits - 1)))


@pytest.fixture
def rgb(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


RGB_FILES: list[tuple[str, str, dict[str, Any]]] = [
    ("rgb24", "mkv", lossless("rgb24")),
    ("bgr24", "mkv", lossless("bgr24")),
    ("bgr0", "mkv", {}),
    ("bgra", "mkv", {}),
    ("gbrp", "mkv", {"codec": "libx264rgb", "options": {"qp": "0", "preset": "ultrafast"}}),
    ("rgb24", "mov", {"codec": "rawvideo"}),
    ("argb", "mov", {"codec": "rawvideo"}),
    ("bgr24", "avi", {"codec": "rawvideo"}),
    ("rgb24", "mov", {"codec": "png"}),
    ("rgba", "mov", {"codec": "png"}),
    ("rgb24", "mov", {"codec": "qtrle"}),
]


@pytest.mark.parametrize(("form", "suffix", "settings"), RGB_FILES)
def test_rgb_files_come_out_as_they_went_in(
    tmp_path: Path, rgb: np.ndarray, form: str, suffix: str, settings: dict[str, Any]
) -> None:
    frame = VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="rgb24" if form == "gbrp" else form)
    path = write_frames(tmp_path / f"a.{suffix}", [frame], **settings)
    info, _ = first_frame(path)
    np.testing.assert_array_equal(crop(path, SIDE), rgb)
    assert (info.color.matrix, info.color.range, info.color.assumed) == ("rgb", "full", False)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deep_rgb_is_rounded_once(tmp_path: Path, rng: np.random.Generator, bits: int) -> None:
    values = [rng.integers(0, 2**bits, (SIDE, SIDE)).astype(np.uint16) for _ in range(3)]
    path = write_frames(tmp_path / "a.mkv", [video_frame(f"gbrp{bits}le", values)])
    info, _ = first_frame(path)
    green, blue, red = values
    np.testing.assert_array_equal(crop(path, SIDE), rounded(np.stack([red, green, blue], axis=-1), bits))
    assert (info.color.matrix, info.color.bits) == ("rgb", bits)


@pytest.mark.parametrize(("form", "bits"), [("gray", 8), ("gray10le", 10), ("gray16le", 16)])
@pytest.mark.parametrize("range_", [None, 1, 2])
def test_grey_is_full_range_unless_it_says_otherwise(
    tmp_path: Path, rng: np.random.Generator, form: str, bits: int, range_: int | None
) -> None:
    unit = 2 ** (bits - 8)
    values = rng.integers(20 * unit, 230 * unit, (SIDE, SIDE)).astype(np.uint8 if bits == 8 else np.uint16)
    tags = {} if range_ is None else {"color_range": range_}
    path = write_frames(tmp_path / "a.mkv", [video_frame(form, [values])], tags=tags)
    info, _ = first_frame(path)
    grey = np.rint((values - 16.0 * unit) / (219 * unit) * 255) if range_ == 1 else rounded(values, bits)
    np.testing.assert_array_equal(crop(path, SIDE), np.repeat(grey[..., None], 3, axis=2))
    assert (info.color.matrix, info.color.assumed) == ("gray", False)


PACKED_FILES = [
    ("yuyv422", "yuv422p", (2, 1), "avi"),
    ("uyvy422", "yuv422p", (2, 1), "mov"),
    ("yvyu422", "yuv422p", (2, 1), "mkv"),
    ("nv12", "yuv420p", (2, 2), "mkv"),
    ("nv21", "yuv420p", (2, 2), "avi"),
    ("ayuv", "yuv444p", (1, 1), "mkv"),
    ("y210le", "yuv422p10le", (2, 1), "mkv"),
]


@pytest.mark.parametrize(("form", "planar", "sub", "suffix"), PACKED_FILES)
def test_packed_files_are_converted_as_their_samples_say(
    tmp_path: Path, rng: np.random.Generator, form: str, planar: str, sub: tuple[int, int], suffix: str
) -> None:
    bits = 10 if "10" in form else 8
    planes = random_planes(rng, (SIDE, SIDE), bits=bits, sub=sub)
    frame = video_frame(planar, planes).reformat(format=form)
    path = write_frames(tmp_path / f"a.{suffix}", [frame], codec="rawvideo")
    info, shown = first_frame(path)
    for stored, plane in zip(planes, shown.planes.planes, strict=True):
        np.testing.assert_array_equal(plane.values, stored)
    exact = exact_rgb(planes, "bt601", full=False, bits=bits, sub=sub, offset=OFFSETS["left"])
    assert_exact(crop(path, SIDE), exact)
    assert info.color.assumed


PACKED = [
    ("nv12", "yuv420p"), ("nv21", "yuv420p"), ("nv16", "yuv422p"), ("nv24", "yuv444p"), ("nv42", "yuv444p"),
    ("p010le", "yuv420p10le"), ("p012le", "yuv420p12le"), ("p016le", "yuv420p16le"),
    ("p210le", "yuv422p10le"), ("p216le", "yuv422p16le"), ("p410le", "yuv444p10le"), ("p412le", "yuv444p12le"),
    ("y212le", "yuv422p12le"), ("xv30le", "yuv444p10le"), ("xv36le", "yuv444p12le"), ("uyva", "yuv444p"),
    ("vuya", "yuv444p"), ("vuyx", "yuv444p"), ("yuv422p10be", "yuv422p10le"), ("yuv444p16be", "yuv444p16le"),
    ("p010be", "yuv420p10le"), ("xv36be", "yuv444p12le"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "planar"), PACKED)
@pytest.mark.parametrize("full", [False, True])
def test_samples_of_packed_frames_are_moved_and_not_changed(
    rng: np.random.Generator, form: str, planar: str, full: bool
) -> None:
    bits = int(planar.split("p")[1].removesuffix("le") or 8)
    sub = {"0": (2, 2), "2": (2, 1), "4": (1, 1)}[planar[5]]
    planes = random_planes(rng, (SIDE, SIDE), bits=bits, sub=sub)
    frame = video_frame(planar, planes).reformat(format=form)
    frame.colorspace, frame.color_range = NUMBERS["bt709"], 2 if full else 1
    image = planes_of(frame, full=full)
    assert (image.color.bits, image.color.range) == (bits, "full" if full else "limited")
    for stored, plane in zip(planes, image.planes, strict=True):
        np.testing.assert_array_equal(plane.values, stored)


@pytest.mark.parametrize(
    ("form", "bits"), [("rgb48le", 16), ("rgb48be", 16), ("rgba64le", 16), ("x2rgb10le", 10)]
)
def test_packed_deep_rgb_keeps_its_low_bits(rng: np.random.Generator, form: str, bits: int) -> None:
    green, blue, red = (rng.integers(0, 2**bits, (SIDE, SIDE)).astype(np.uint16) for _ in range(3))
    frame = video_frame(f"gbrp{bits}le", [green, blue, red]).reformat(format=form)
    image = planes_of(frame)
    assert (image.color.matrix, image.color.bits) == ("rgb", bits)
    np.testing.assert_array_equal(image.rgb(), rounded(np.stack([red, green, blue], axis=-1), bits))


@pytest.mark.parametrize("form", ["rgb555le", "rgb555be", "rgb565le", "rgb565be", "bgr555be"])
def test_fifteen_and_sixteen_bit_rgb_of_either_byte_order_is_read(
    rng: np.random.Generator, form: str
) -> None:
    depths = np.array([5, 6 if "565" in form else 5, 5])
    red, green, blue = (rng.integers(0, 2**bits, (SIDE, SIDE)) for bits in depths)
    first, last = (blue, red) if form.startswith("bgr") else (red, blue)
    words = (first << (depths[1] + 5)) | (green << 5) | last
    order = ">u2" if form.endswith("be") else "<u2"
    frame = VideoFrame(SIDE, SIDE, form)
    frame.planes[0].update(words.astype(order).tobytes())
    image = planes_of(frame)
    assert (image.color.matrix, image.color.range, len(image.planes)) == ("rgb", "full", 1)
    shown = np.stack([red, green, blue], axis=-1) * 255 / (2**depths - 1)
    np.testing.assert_allclose(
        image.rgb(), shown, atol=4
    )  # swscale leaves the lowest bits to 0, or repeats them


@pytest.mark.parametrize(
    ("form", "grey"), [("ya8", "gray"), ("ya16le", "gray16le"), ("gray12be", "gray12le")]
)
def test_grey_with_alpha_or_the_other_byte_order_is_grey(
    rng: np.random.Generator, form: str, grey: str
) -> None:
    bits = int(grey.removeprefix("gray").removesuffix("le") or 8)
    values = rng.integers(0, 2**bits, (SIDE, SIDE)).astype(np.uint8 if bits == 8 else np.uint16)
    image = planes_of(video_frame(grey, [values]).reformat(format=form), full=True)
    assert (image.color.matrix, image.color.bits) == ("gray", bits)
    np.testing.assert_array_equal(image.rgb()[..., 1], rounded(values, bits))


@pytest.mark.parametrize("form", ["yuva420p", "gbrap", "yuva444p10le"])
def test_alpha_is_dropped(form: str, rng: np.random.Generator) -> None:
    frame = VideoFrame(SIDE, SIDE, form)
    deep = frame.format.components[0].bits > 8
    for plane in frame.planes:
        top = 1024 if deep else 256
        values = rng.integers(0, top, plane.buffer_size // (2 if deep else 1))
        plane.update(values.astype("<u2" if deep else np.uint8).tobytes())
    image = planes_of(frame)
    assert len(image.planes) == 3
    assert image.rgb().shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize("form", ["gbrpf32le", "grayf32le", "gbrapf32le", "gray32le"])
def test_samples_in_floating_point_are_unsupported(form: str) -> None:
    with pytest.raises(MediaError, match=f"decode: unsupported: samples of the format {form}"):
        planes_of(VideoFrame(SIDE, SIDE, form))


def test_a_palette_is_rgb(tmp_path: Path, rng: np.random.Generator) -> None:
    """QuickTime stores 8-bit grey as indices of a palette."""
    values = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    path = write_frames(tmp_path / "a.mov", [video_frame("gray", [values])], codec="rawvideo")
    info, _ = first_frame(path)
    np.testing.assert_array_equal(crop(path, SIDE), np.repeat(values[..., None], 3, axis=2))
    assert (info.color.matrix, info.color.assumed) == ("rgb", False)
