"""Numbers of ITU-T H.273 in streams become the names that rows hold, and matrices that are not linear are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from av.video.format import VideoFormat
from av.video.reformatter import ColorPrimaries, ColorTrc
from coded_frames import first_frame, lossless, video_frame, write_frames
from exact_color import random_planes

from specaug.errors import MediaError
from specaug.media.stream_color import color_of
from specaug.records import ColorInfo

OTHER_NAMES = {"log": "log100", "log_sqrt": "log316", "bt1361_ecg": "bt1361e"}
"""Where FFmpeg's constants and the names it prints differ."""


def color(matrix: int = 1, transfer: int = 1, primaries: int = 1, form: str = "yuv420p") -> ColorInfo:
    pixels = VideoFormat(form)
    return color_of(pixels, matrix, 1, transfer, primaries, untagged="bt601", chroma_location="left")


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "bt709"), (4, "fcc"), (5, "bt601"), (6, "bt601"), (7, "smpte240m"), (9, "bt2020")],
)
def test_matrices_are_those_of_the_table(number: int, name: str) -> None:
    assert (color(number).matrix, color(number).assumed) == (name, False)


@pytest.mark.parametrize("number", [0, 2, 3])
def test_numbers_that_mean_nothing_for_these_samples_are_untagged(number: int) -> None:
    assert (color(number).matrix, color(number).assumed) == ("bt601", True)


@pytest.mark.parametrize("number", [8, 10, 11, 12, 13, 14, 15, 200])
def test_what_is_no_linear_matrix_of_rgb_is_unsupported(number: int) -> None:
    """YCgCo, constant luminance, ICtCp and what is not known."""
    with pytest.raises(MediaError, match=rf"probe: unsupported: .* matrix number {number} of ITU-T H.273"):
        color(number)


def test_rgb_and_grey_need_no_matrix() -> None:
    for number in (0, 2, 8, 14):
        assert color(number, form="gbrp").matrix == "rgb"
        assert color(number, form="gray10le").matrix == "gray"


@pytest.mark.parametrize("code", list(ColorTrc))
def test_transfers_are_named_as_ffmpeg_does(code: ColorTrc) -> None:
    name = code.name.lower().replace("_", "-")
    spelled = OTHER_NAMES.get(code.name.lower(), name)
    assert color(transfer=int(code)).transfer.replace("_", "-") == spelled
    assert color(transfer=int(code)).is_hdr == (code in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67))


@pytest.mark.parametrize("code", list(ColorPrimaries))
def test_primaries_are_named_as_ffmpeg_does(code: ColorPrimaries) -> None:
    assert color(primaries=int(code)).primaries == code.name.lower()


def test_unknown_numbers_are_unspecified() -> None:
    assert (color(transfer=99).transfer, color(primaries=99).primaries) == ("unspecified", "unspecified")


@pytest.mark.parametrize(
    ("number", "location"), list(enumerate(("left", "center", "topleft", "top", "bottomleft", "bottom")))
)
def test_all_six_places_of_chroma_are_read_from_h264(
    tmp_path: Path, rng: np.random.Generator, number: int, location: str
) -> None:
    planes = random_planes(rng, (32, 32), sub=(2, 2))
    frame = video_frame("yuv420p", planes)
    path = write_frames(tmp_path / "a.mkv", [frame], **lossless("yuv420p", f"chromaloc={number}"))
    info, shown = first_frame(path)
    assert info.color.chroma_location == location
    x, y = shown.planes.planes[1].to_stored[:, 2]
    assert x == (0.0 if "left" in location else 0.5)
    assert y == {"top": 0.0, "bottom": 1.0}.get(location.removesuffix("left"), 0.5)


@pytest.mark.parametrize("form", ["yuvj420p", "yuvj444p"])
def test_formats_of_jpeg_are_full_range_by_their_name(form: str) -> None:
    said = color_of(VideoFormat(form), 2, 0, 2, 2, untagged="bt601", chroma_location="center")
    assert (said.range, said.matrix, said.assumed) == ("full", "bt601", True)
