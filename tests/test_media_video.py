"""Videos: exact frames, whatever the codec, the container and the frames asked for."""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from specaug.errors import MediaError
from specaug.media import decode, probe, read_frames
from specaug.media.info import VideoInfo
from specaug.records import MediaInfo

WIDTH, HEIGHT, FRAMES, FPS, GROUP = 128, 96, 40, 25, 10
OPEN = {"x264-params": "open-gop=1:bframes=3:b-pyramid=normal:keyint=10:min-keyint=10:scenecut=0"}
H264 = {"g": str(GROUP), "bf": "3"}
H265 = {"x265-params": f"keyint={GROUP}:min-keyint={GROUP}:log-level=none:pools=none:frame-threads=1"}
KINDS: list[tuple[str, str, dict[str, str], str]] = [
    ("mp4", "libx264", H264, "yuv420p"),
    ("mkv", "libx264", H264, "yuv420p"),
    ("ts", "libx264", H264, "yuv420p"),
    ("flv", "libx264", H264, "yuv420p"),
    ("avi", "libx264", H264, "yuv420p"),
    ("mov", "libx264", OPEN, "yuv420p"),
    ("mp4", "libx264", {"x264-params": "intra-refresh=1:keyint=10"}, "yuv420p"),
    ("ts", "libx264", {"x264-params": "tff=1:keyint=10"}, "yuv420p"),
    ("mp4", "libx264", H264, "yuv444p"),
    ("mp4", "libx265", H265, "yuv420p"),
    ("mkv", "libx265", H265, "yuv420p10le"),
    ("webm", "libvpx-vp9", {"g": str(GROUP), "cpu-used": "8", "lag-in-frames": "16"}, "yuv420p"),
    (
        "webm",
        "libvpx",
        {"g": str(GROUP), "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "16"},
        "yuv420p",
    ),
    ("mp4", "mpeg4", {"g": str(GROUP), "bf": "2"}, "yuv420p"),
    ("avi", "mpeg4", {"g": str(GROUP), "bf": "2"}, "yuv420p"),
    ("avi", "mpeg4", {"g": str(GROUP)}, "yuv420p"),
    ("mov", "mjpeg", {}, "yuvj420p"),
    ("mpg", "mpeg2video", {"g": str(GROUP), "bf": "2"}, "yuv420p"),
    ("ts", "mpeg2video", {"g": str(GROUP), "bf": "2"}, "yuv420p"),
    ("wmv", "wmv2", {"g": str(GROUP)}, "yuv420p"),
    ("mkv", "ffv1", {}, "gray"),
]


@functools.cache
def pictures(count: int = FRAMES) -> list[np.ndarray]:
    """A texture that moves under noise."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(40, 216, (HEIGHT // 8 + 8, WIDTH // 8 + 16, 3))
    texture = coarse.repeat(8, axis=0).repeat(8, axis=1)
    moved = [texture[t : t + HEIGHT, 2 * t : 2 * t + WIDTH] for t in range(count)]
    return [(m + rng.normal(0, 4, m.shape)).clip(0, 255).astype(np.uint8) for m in moved]


def encode(path: Path, codec: str, options: dict[str, str], pix_fmt: str, times: Any = None) -> Path:
    """Write the pictures, one thread; `times` are presentation times in 1/1000 s."""
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this FFmpeg has no encoder {codec}")
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.options = options
        stream.codec_context.thread_count = 1
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for number, picture in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            if times is not None:
                frame.pts, frame.time_base = int(times[number]), stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, keep: Callable[[int, Any], bool], **options: Any) -> Path:
    """Copy packets for which `keep(number, packet)`, which may change them."""
    with av.open(str(source)) as old, av.open(str(target), "w", **options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for number, packet in enumerate(old.demux(video=0)):
            if packet.dts is not None and keep(number, packet):
                packet.stream = stream
                new.mux(packet)
    return target


def decoded(path: Path, field: str = "frame") -> list[np.ndarray]:
    """The samples of every frame, the plain way: all planes in a row, of a field its lines alone."""
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return [samples(frame, field) for frame in container.decode(video=0)]


def samples(frame: Any, field: str) -> np.ndarray:
    start, step = {"frame": (0, 1), "top": (0, 2), "bottom": (1, 2)}[field]
    dtype = np.dtype(np.uint8 if frame.format.components[0].bits == 8 else "<u2")
    planes = []
    for plane in frame.planes:
        lines = np.frombuffer(plane, dtype).reshape(-1, plane.line_size // dtype.itemsize)
        planes.append(lines[start : plane.height : step, : plane.width].ravel())
    return np.concatenate(planes)


def images(path: Path, info: MediaInfo, indices: Any) -> list[np.ndarray]:
    """The samples of some frames, as this library reads them."""
    frames = list(read_frames(path, info, np.asarray(indices)))
    assert [frame.index for frame in frames] == list(indices)
    assert [frame.pts_seconds for frame in frames] == info.pts_seconds[indices].tolist()
    assert all((frame.planes.width, frame.planes.height) == (info.width, info.height) for frame in frames)
    return [np.concatenate([plane.values.ravel() for plane in frame.planes.planes]) for frame in frames]


def rgb(path: Path, info: MediaInfo, index: int) -> np.ndarray:
    (frame,) = read_frames(path, info, np.array([index]))
    return frame.image


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """H.264 with B-frames in closed groups of ten."""
    return encode(tmp_path_factory.mktemp("plain") / "plain.mp4", "libx264", H264, "yuv420p")


@pytest.mark.parametrize(("suffix", "codec", "options", "pix_fmt"), KINDS)
def test_frames_equal_a_full_decode(
    tmp_path: Path, suffix: str, codec: str, options: dict[str, str], pix_fmt: str
) -> None:
    path = encode(tmp_path / f"video.{suffix}", codec, options, pix_fmt)
    info = probe(path, "video")
    truth = decoded(path, info.field_used)
    assert (info.field_used == "frame") == ("tff=1" not in str(options))
    assert (info.n_frames, info.missing_frames, info.fps) == (FRAMES, 0, FPS)
    assert (info.width, info.height, info.rotation) == (WIDTH, HEIGHT, 0)
    np.testing.assert_allclose(np.diff(info.pts_seconds), 1 / FPS, atol=1e-3)  # the clocks' resolution
    assert info.keyframes[0] == 0
    rng = np.random.default_rng(0)
    chosen = [range(FRAMES), [0], [25], [FRAMES - 1], [9, 10, 19, 30], *rng.choice(FRAMES, (4, 3))]
    for indices in chosen:
        indices = np.unique(indices)
        for index, image in zip(indices, images(path, info, indices), strict=True):
            np.testing.assert_array_equal(image, truth[index], err_msg=f"frame {index} of {indices}")


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Presentation times of the packets that reach the decoder, times the frame rate."""
    times: list[int] = []
    feed = decode.Tape.decode

    def note(tape: decode.Tape, packet: Any) -> Any:
        if packet is not None:
            times.append(round(packet.pts * packet.time_base * FPS))
        return feed(tape, packet)

    monkeypatch.setattr(decode.Tape, "decode", note)
    return times


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "libx264"), ("mkv", "libx264"), ("mp4", "libx265")])
def test_only_the_group_of_a_wanted_frame_is_decoded(
    tmp_path: Path, fed: list[int], suffix: str, codec: str
) -> None:
    path = encode(tmp_path / f"v.{suffix}", codec, H264 if codec == "libx264" else H265, "yuv420p")
    info = probe(path, "video")
    images(path, info, [24])
    # From the keyframe at 20, with the references of 24, which the reordering may place a little behind it.
    assert min(fed) == 20
    assert len(fed) <= 9


def test_decoding_is_lazy_and_stops_early(plain: Path, fed: list[int]) -> None:
    frames = read_frames(plain, probe(plain, "video"), np.arange(FRAMES))
    next(frames)
    assert len(fed) < FRAMES / 2
    images(plain, probe(plain, "video"), [0])
    assert len(fed) < FRAMES / 2


def test_times_are_those_of_the_container(tmp_path: Path) -> None:
    times = 852 + np.cumsum(np.random.default_rng(0).integers(5, 90, FRAMES))
    path = encode(tmp_path / "vfr.mkv", "libx264", H264, "yuv420p", times=times)
    info = probe(path, "video")
    np.testing.assert_allclose(info.pts_seconds, times / 1000, atol=1e-9)
    np.testing.assert_array_equal(images(path, info, [33])[0], decoded(path)[33])


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_avi_with_b_frames_is_counted(tmp_path: Path, codec: str) -> None:
    path = encode(tmp_path / "b.avi", codec, {"g": "10", "bf": "2"}, "yuv420p")
    info = probe(path, "video")
    assert isinstance(info, VideoInfo)
    assert info.packets is None
    assert np.all(np.diff(info.pts_seconds) > 0)


@pytest.mark.parametrize(
    ("angle", "matrix"), [(90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)), (270, (0, -1, 1, 0))]
)
def test_rotation_is_applied_once(
    plain: Path, tmp_path: Path, angle: int, matrix: tuple[int, int, int, int]
) -> None:
    data = bytearray(plain.read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    place = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path = tmp_path / "turned.mp4"
    path.write_bytes(data)
    info = probe(path, "video")
    assert info.rotation == angle
    assert (info.width, info.height) == ((HEIGHT, WIDTH) if angle % 180 else (WIDTH, HEIGHT))
    image = rgb(path, info, 12)
    np.testing.assert_array_equal(image, np.rot90(rgb(plain, probe(plain, "video"), 12), -angle // 90))


def test_frames_that_an_edit_list_hides_do_not_count(plain: Path, tmp_path: Path) -> None:
    def earlier(_: int, packet: Any) -> bool:
        ticks = round(0.24 / packet.time_base)  # six frames
        packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
        return True

    path = remux(plain, tmp_path / "edit.mp4", earlier, options={"avoid_negative_ts": "disabled"})
    info = probe(path, "video")
    assert (info.n_frames, info.missing_frames, info.pts_seconds[0]) == (FRAMES - 6, 0, 0.0)
    truth = decoded(plain)[6:]
    for indices in ([0], [3, 20], range(FRAMES - 6)):
        for index, image in zip(indices, images(path, info, indices), strict=True):
            np.testing.assert_array_equal(image, truth[index])


@pytest.mark.parametrize(("codec", "options"), [("libx264", OPEN), ("libx265", H265)])
def test_frames_whose_references_were_cut_off_are_missing(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    whole = encode(tmp_path / "whole.mp4", codec, options, "yuv420p")
    path = remux(whole, tmp_path / "cut.mp4", lambda number, _: number >= 6)
    info = probe(path, "video")
    truth = decoded(whole)[10:]  # from the second keyframe
    assert info.n_frames == len(truth)
    for indices in ([0], [1, 2], [27], range(len(truth))):
        for index, image in zip(indices, images(path, info, indices), strict=True):
            np.testing.assert_array_equal(image, truth[index])


@pytest.mark.parametrize("error", [-9, 3, 12])
def test_a_seek_that_goes_astray_costs_time_and_no_frame(plain: Path, error: int) -> None:
    info, truth = probe(plain, "video"), decoded(plain)
    assert isinstance(info, VideoInfo)
    assert info.packets is not None
    ticks = np.diff(info.packets.ticks)[0]
    seeks = (info.packets.seeks + error * ticks).clip(0)
    entries = np.unique((info.packets.entries + error).clip(0, FRAMES - 1))
    for wrong in ({"seeks": seeks}, {"entries": entries, "seeks": info.packets.ticks[entries]}):
        astray = dataclasses.replace(info, packets=dataclasses.replace(info.packets, **wrong))
        for indices in ([12], [29], [13, 27], [0, 38]):
            for index, image in zip(indices, images(plain, astray, indices), strict=True):
                np.testing.assert_array_equal(image, truth[index])


def test_the_video_is_read_and_not_its_cover(tmp_path: Path) -> None:
    path = tmp_path / "cover.mp4"
    with av.open(str(path), "w") as container:
        cover: Any = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        video: Any = container.add_stream("libx264", rate=FPS)
        video.width, video.height = WIDTH, HEIGHT
        container.mux(cover.encode(av.VideoFrame(640, 480, "yuvj420p")))
        for picture in pictures()[:5]:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    info = probe(path, "video")
    assert (info.width, info.height, info.n_frames) == (WIDTH, HEIGHT, 5)


MATRICES = {"bt709": (1, 0.2126, 0.0722), "bt601": (6, 0.299, 0.114), "bt2020": (9, 0.2627, 0.0593)}


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p"])
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full", [False, True])
def test_colours_follow_matrix_and_range(tmp_path: Path, pix_fmt: str, matrix: str, full: bool) -> None:
    number, red, blue = MATRICES[matrix]
    scale, top = (4, 1023) if pix_fmt.endswith("10le") else (1, 255)
    asked = np.array([200, 60, 30])
    y = asked / 255 @ [red, 1 - red - blue, blue]
    chroma = [(asked[2] / 255 - y) / (2 - 2 * blue), (asked[0] / 255 - y) / (2 - 2 * red)]
    gains = (top, top) if full else (219 * scale, 224 * scale)
    values = [y * gains[0] + (0 if full else 16 * scale), *(c * gains[1] + 128 * scale for c in chroma)]
    frame = av.VideoFrame(WIDTH, HEIGHT, pix_fmt)
    dtype = np.uint8 if scale == 1 else np.dtype("<u2")
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(np.full(plane.buffer_size // np.dtype(dtype).itemsize, round(value), dtype).tobytes())
    frame.colorspace, frame.color_range = number, 2 if full else 1
    path = tmp_path / "color.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        context = stream.codec_context
        context.colorspace, context.color_range = frame.colorspace, frame.color_range
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    info = probe(path, "video")
    assert (info.color.range, info.color.assumed) == ("full" if full else "limited", False)
    image = rgb(path, info, 0)
    # Rounding to 8 bits in YUV is worth up to half a level of luma and one of a primary.
    np.testing.assert_allclose(image.reshape(-1, 3), np.broadcast_to(asked, (WIDTH * HEIGHT, 3)), atol=1.5)


def test_info_of_another_kind_is_looked_up_again(plain: Path) -> None:
    info = probe(plain, "video")
    known = {name: getattr(info, name) for name in MediaInfo.__dataclass_fields__}
    np.testing.assert_array_equal(images(plain, MediaInfo(**known), [7])[0], decoded(plain)[7])


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "n_frames"),
    [
        ("carphone_pristine.mp4", 120),
        ("carphone_distorted.mp4", 120),
        ("bikes.mp4", 250),
        ("short_hamilton_clip.mp4", 275),
        ("wda_aoc.mp4", 200),
        ("ucf_eyemakeup.avi", 164),
        ("rot_0.mov", 3),
        ("rot_90.mov", 3),
        ("vfr_gap.mp4", 32),
    ],
)
def test_real_videos_are_read_exactly(media_dir: Path, name: str, n_frames: int) -> None:
    path = media_dir / "videos" / name
    info = probe(path, "video")
    assert (info.n_frames, info.missing_frames) == (n_frames, 0)
    assert np.all(np.diff(info.pts_seconds) > 0)
    truth = decoded(path)
    chosen = np.unique(np.linspace(0, n_frames - 1, 7).astype(int))
    for index, image in zip(chosen, images(path, info, chosen), strict=True):
        np.testing.assert_array_equal(image, truth[index])


@pytest.mark.media
def test_facts_of_real_videos(media_dir: Path) -> None:
    videos = media_dir / "videos"
    turned = probe(videos / "rot_90.mov", "video")
    assert (turned.width, turned.height, turned.rotation) == (320, 568, 90)
    assert probe(videos / "short_hamilton_clip.mp4", "video").pts_seconds[0] == pytest.approx(0.852, abs=1e-4)
    gaps = np.diff(probe(videos / "vfr_gap.mp4", "video").pts_seconds)
    assert np.sum(gaps > 1.5 * np.median(gaps)) == 1


@pytest.mark.media
def test_a_video_that_breaks_off_gives_what_comes_before(media_dir: Path) -> None:
    path = media_dir / "videos" / "corrupted.mp4"
    info = probe(path, "video")
    assert info.n_frames == 50
    assert len(images(path, info, range(28))) == 28
    frames = read_frames(path, info, np.array([3, 27, 40]))
    assert [next(frames).index, next(frames).index] == [3, 27]
    with pytest.raises(MediaError, match=r"delivered 2 of 3 .* first missing frame 40 of 50: ") as caught:
        next(frames)
    assert (caught.value.stage, caught.value.reason) == ("decode", "truncated")
