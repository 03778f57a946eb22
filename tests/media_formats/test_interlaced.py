"""Of interlaced video one field is used: no comb reaches a crop, and the field is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.filter
import numpy as np
import pytest
from coded_frames import crop, first_frame, video_frame, write_frames
from exact_color import exact_rgb, interpolation

WIDTH, HEIGHT = 64, 64
INTERLACED = 1 << 18 | 1 << 29
"""AV_CODEC_FLAG_INTERLACED_DCT and AV_CODEC_FLAG_INTERLACED_ME."""


def woven(first: np.ndarray, second: np.ndarray, *, top_first: bool) -> np.ndarray:
    """A frame of the lines of two moments; the top field holds lines 0, 2, …"""
    frame = np.empty_like(first)
    top, bottom = (first, second) if top_first else (second, first)
    frame[::2], frame[1::2] = top[::2], bottom[1::2]
    return frame


def moment(number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """A bright bar with a coloured edge that moves by 9 px between fields, under noise."""
    luma = rng.integers(60, 90, (HEIGHT, WIDTH)).astype(np.uint8)
    place = 4 + 9 * number
    luma[:, place : place + 18] += 100
    chroma = rng.integers(110, 146, (2, HEIGHT // 2, WIDTH // 2)).astype(np.uint8)
    chroma[0, :, place // 2 : place // 2 + 9] -= 40
    return [luma, *chroma]


def scenes(rng: np.random.Generator, *, top_first: bool) -> list[list[np.ndarray]]:
    moments = [moment(number, rng) for number in range(5)]
    pairs = zip(moments[::2], moments[1::2], strict=False)
    return [[woven(a, b, top_first=top_first) for a, b in zip(*pair, strict=True)] for pair in pairs]


def exact_field(planes: Sequence[np.ndarray], field: str, sub: tuple[int, int] = (2, 2)) -> np.ndarray:
    """RGB of one field at the lines of the frame; 4:2:0 chroma lies between lines of the field (H.264, 6-2)."""
    start, first = (0, 0.5) if field == "top" else (1, 2.5)
    luma, *chroma = (plane[start::2].astype(np.float64) for plane in planes)
    height, width = planes[0].shape
    rows = interpolation(len(luma), height, 2, start)
    below = interpolation(len(chroma[0]), height, 2 * sub[1], first if sub[1] == 2 else start)
    across = interpolation(chroma[0].shape[1], width, sub[0], 0.0)
    full = [rows @ luma, *(below @ plane @ across.T for plane in chroma)]
    return exact_rgb(full, "bt601", full=False, bits=8)


def decoded(path: Path) -> list[list[np.ndarray]]:
    """Samples of each whole frame, as FFmpeg decodes it."""
    with av.open(str(path)) as container:
        return [
            [
                np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width].copy()
                for p in frame.planes
            ]
            for frame in container.decode(video=0)
        ]


def combed(planes: Sequence[np.ndarray]) -> np.ndarray:
    """RGB of both fields together, which shows the comb."""
    chroma = [plane.repeat(2, axis=0).repeat(2, axis=1) for plane in planes[1:]]
    return exact_rgb([planes[0], *chroma], "bt601", full=False, bits=8)


def comb(image: np.ndarray) -> float:
    """How far lines lie from the mean of their neighbours."""
    values = image.astype(np.float64)
    return float(np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2).mean())


def marked(frame: av.VideoFrame, order: str) -> av.VideoFrame:
    """The frame, marked as interlaced: PyAV's own attribute cannot be set."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
    )
    field, sink = graph.add("setfield", order), graph.add("buffersink")
    source.link_to(field)
    field.link_to(sink)
    graph.configure()
    graph.push(frame)
    return graph.pull()


X264 = {"qp": "0", "preset": "ultrafast"}


def write(path: Path, frames: list[av.VideoFrame], codec: str, *, top_first: bool) -> Path:
    order = "tff" if top_first else "bff"
    if codec == "libx264":
        options = X264 | {"x264-params": f"{order}=1:annexb={int(path.suffix == '.ts')}"}
        return write_frames(path, frames, codec=codec, options=options)
    options = {"qmin": "1", "qmax": "1", "g": "1", "field_order": "tt" if top_first else "bb"}
    frames = [marked(frame, order) for frame in frames]
    return write_frames(path, frames, codec=codec, options=options, flags=INTERLACED)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
@pytest.mark.parametrize("top_first", [True, False], ids=["tff", "bff"])
def test_a_crop_of_interlaced_h264_is_one_field(
    tmp_path: Path, rng: np.random.Generator, suffix: str, top_first: bool
) -> None:
    planes = scenes(rng, top_first=top_first)
    frames = [video_frame("yuv420p", scene) for scene in planes]
    path = write(tmp_path / f"a.{suffix}", frames, "libx264", top_first=top_first)
    for index, scene in enumerate(planes):
        info, _ = first_frame(path, index)
        exact = exact_field(scene, "top" if top_first else "bottom")
        image = crop(path, HEIGHT, index=index)
        assert np.abs(image - np.rint(exact)).max() <= 1
        assert info.field_used == ("top" if top_first else "bottom")
        assert (info.width, info.height) == (WIDTH, HEIGHT)
        assert comb(image) < 0.6 * comb(combed(scene))


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts", "mpg"])
@pytest.mark.parametrize("top_first", [True, False], ids=["tff", "bff"])
def test_a_crop_of_interlaced_mpeg2_is_one_field(
    tmp_path: Path, rng: np.random.Generator, suffix: str, top_first: bool
) -> None:
    frames = [video_frame("yuv420p", scene) for scene in scenes(rng, top_first=top_first) * 3]
    path = write(tmp_path / f"a.{suffix}", frames, "mpeg2video", top_first=top_first)
    info, _ = first_frame(path)
    field = "top" if top_first else "bottom"
    assert (info.field_used, info.n_frames, info.fps) == (field, 6, 25)
    scene = decoded(path)[3]
    image = crop(path, HEIGHT, index=3)
    assert np.abs(image - np.rint(exact_field(scene, field))).max() <= 1
    assert comb(image) < 0.6 * comb(combed(scene))


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_progressive_video_keeps_all_its_lines(tmp_path: Path, rng: np.random.Generator, codec: str) -> None:
    options = X264 if codec == "libx264" else {"qmin": "1", "qmax": "1"}
    frames = [video_frame("yuv420p", moment(number, rng)) for number in range(3)]
    path = write_frames(tmp_path / "a.mkv", frames, codec=codec, options=options)
    info, frame = first_frame(path)
    assert info.field_used == "frame"
    np.testing.assert_array_equal(frame.planes.planes[0].values, decoded(path)[0][0])


def test_a_field_is_reduced_to_a_small_view_of_the_right_shape(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    (scene, _) = scenes(rng, top_first=True)
    path = write(tmp_path / "a.mkv", [video_frame("yuv420p", scene)], "libx264", top_first=True)
    _, frame = first_frame(path)
    small = frame.planes.reduced((WIDTH // 4, HEIGHT // 4))
    exact = exact_field(scene, "top").reshape(HEIGHT // 4, 4, WIDTH // 4, 4, 3).mean(axis=(1, 3))
    assert small.shape == (HEIGHT // 4, WIDTH // 4, 3)
    # The view ignores where lines of a field and chroma lie: a fraction of a pixel at the edges of the bar.
    assert np.abs(small - exact).mean() < 8


DV = [
    ((720, 576), "yuv420p", Fraction(25), Fraction(16, 15)),
    ((720, 576), "yuv420p", Fraction(25), Fraction(64, 45)),
    ((720, 480), "yuv411p", Fraction(30000, 1001), Fraction(8, 9)),
]


@pytest.mark.parametrize("suffix", ["dv", "avi", "mov"])
@pytest.mark.parametrize(("size", "form", "rate", "aspect"), DV)
def test_dv_has_its_rate_its_field_and_its_shape(
    tmp_path: Path, size: tuple[int, int], form: str, rate: Fraction, aspect: Fraction, suffix: str
) -> None:
    width, height = size
    y, x = np.mgrid[:height, :width]
    across, down = (2, 2) if form == "yuv420p" else (4, 1)
    luma = (120 + 60 * np.sin(x / 23) * np.cos(y / 31)).astype(np.uint8)
    chroma = (128 + 40 * np.sin(x / 67 + y / 41)).astype(np.uint8)[::down, ::across]
    frame = video_frame(form, [luma, chroma, chroma[::-1].copy()])
    path = tmp_path / f"a.{suffix}"
    write_frames(path, [frame] * 6, codec="dvvideo", rate=rate, aspect=aspect)
    info, shown = first_frame(path)
    assert info.fps == pytest.approx(float(rate), abs=0.001)
    np.testing.assert_allclose(np.diff(info.pts_seconds), 1 / float(rate), atol=1e-4)
    assert (info.n_frames, info.field_used, info.pixel_aspect) == (6, "bottom", pytest.approx(float(aspect)))
    assert (info.width, info.height, info.color.chroma_location) == (round(width * aspect), height, "topleft")
    np.testing.assert_array_equal(shown.planes.planes[0].values, decoded(path)[0][0][1::2])


def test_a_crop_of_ntsc_dv_is_the_exact_conversion_of_its_bottom_field(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """4:1:1; the crop undoes the pixel aspect, so that columns lie at integers again."""
    smooth = rng.integers(60, 190, (3, 30, 45)).astype(np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    planes = [smooth[0], smooth[1][:, ::4].copy(), smooth[2][:, ::4].copy()]
    path = tmp_path / "a.dv"
    write_frames(path, [video_frame("yuv411p", planes)] * 3, codec="dvvideo", rate=Fraction(30000, 1001))
    info, frame = first_frame(path)
    exact = exact_field(decoded(path)[0], "bottom", sub=(4, 1))
    aspect = info.pixel_aspect
    warp = np.array([[1 / aspect, 0, -(aspect - 1) / 2 / aspect - 100], [0, 1, -50]])
    image = frame.planes.crop(warp, size=200)
    assert np.abs(image - np.rint(exact[50:250, 100:300])).max() <= 1
