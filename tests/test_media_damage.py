"""Damaged videos and photos end as exact frames or as a MediaError, never as anything else."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from specaug.errors import MediaError
from specaug.media import container, photo, probe, read_frames
from specaug.media.write import write_video
from specaug.planes import Frame
from specaug.records import Reason

FRAMES = 24


def encode(path: Path, images: list[np.ndarray], codec: str, options: dict[str, str]) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options | {"threads": "1"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def remux(source: Path, target: Path, **options: Any) -> None:
    with av.open(str(source)) as old, av.open(str(target), "w", **options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short video in some containers, and a photo in some formats."""
    folder = tmp_path_factory.mktemp("media")
    rng = np.random.default_rng(1)
    base = rng.integers(0, 256, (12, 16, 3)).repeat(8, axis=0).repeat(8, axis=1)
    moved = [np.roll(base, 2 * t, axis=1) + rng.normal(0, 5, base.shape) for t in range(FRAMES)]
    write_video(folder / "a.mp4", [m.clip(0, 255).astype(np.uint8) for m in moved], crf=30)
    # In CAVLC, unlike CABAC, a run of zeros is no picture.
    cavlc = {"g": "12", "bf": "2", "x264-params": "cabac=0"}
    encode(folder / "cavlc.mp4", shown(folder / "a.mp4"), "libx264", cavlc)
    for name in ("a.mkv", "a.ts"):
        remux(folder / "a.mp4", folder / name)
    encode(folder / "a.avi", shown(folder / "a.mp4"), "mpeg4", {"bf": "2", "g": "12"})
    photo = Image.fromarray(base[:40, :48].astype(np.uint8))
    for suffix in ("png", "jpg", "webp", "gif", "bmp", "tif"):
        photo.save(folder / f"a.{suffix}")
    return folder


def shown(path: Path) -> list[np.ndarray]:
    """Every frame as RGB, the plain way."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def clean(path: Path) -> list[np.ndarray]:
    """The luma of every frame, the plain way."""
    with av.open(str(path)) as container:
        return [luma(frame.planes[0]) for frame in container.decode(video=0)]


def luma(plane: Any) -> np.ndarray:
    """The first plane of a frame that PyAV decoded."""
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def read(path: Path, kind: Any) -> list[np.ndarray]:
    """Some frames, with the promises that hold for any file."""
    info = probe(path, kind)
    assert info.pts_seconds.shape == (info.n_frames,)
    assert np.all(np.diff(info.pts_seconds) > 0)
    wanted = np.unique(np.linspace(0, info.n_frames - 1, 5).astype(int))
    frames = list(read_frames(path, info, wanted))
    assert [frame.index for frame in frames] == wanted.tolist()
    assert all(frame.image.shape == (info.height, info.width, 3) for frame in frames)
    return [frame.image for frame in frames]


def failure(path: Path, kind: Any) -> MediaError | None:
    try:
        read(path, kind)
    except MediaError as error:
        return error
    return None


def spoil(data: bytes, how: str, where: float, amount: int) -> bytes:
    """Cut, flip a bit, or blank some bytes at a relative place."""
    place = min(int(where * len(data)), len(data) - 1)
    if how == "cut":
        return data[:place]
    if how == "flip":
        return data[:place] + bytes([data[place] ^ 1 << amount % 8]) + data[place + 1 :]
    return data[:place] + bytes(min(amount, len(data) - place)) + data[place + amount :]


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(s, "video") for s in ("mp4", "mkv", "ts", "avi")]
    + [(s, "image") for s in ("png", "jpg", "webp", "gif", "bmp", "tif")],
)
def test_damage_ends_as_frames_or_media_error(
    media: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str, kind: Any
) -> None:
    data = (media / f"a.{suffix}").read_bytes()
    path = tmp_path / f"damaged.{suffix}"

    @settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.sampled_from(["cut", "flip", "blank"]), st.floats(0, 1), st.integers(1, 200))
    def check(how: str, where: float, amount: int) -> None:
        path.write_bytes(spoil(data, how, where, amount))
        error = failure(path, kind)
        if error is None:
            return
        assert error.stage in ("probe", "decode")
        assert error.reason in get_args(Reason)
        assert error.reason != "internal"
        assert str(tmp_path) not in error.detail
        assert "\n" not in error.detail

    check()
    if kind == "video":
        assert capfd.readouterr() == ("", "")


def test_a_video_cut_short_says_what_is_missing(media: Path, tmp_path: Path) -> None:
    # The index of this file stands in front, so that it can be read when the end is gone.
    remux(media / "a.mp4", tmp_path / "front.mp4", options={"movflags": "faststart"})
    data = (tmp_path / "front.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(len(data) * 0.8)])
    info = probe(path, "video")
    assert info.missing_frames > 0
    assert info.n_frames + info.missing_frames == FRAMES


def blank_packet(source: Path, target: Path, number: int) -> None:
    """Overwrite all but the beginning of one packet with zeros."""
    with av.open(str(source)) as container:
        packet = [p for p in container.demux(video=0) if p.size][number]
        start, size = packet.pos, packet.size
    assert start is not None
    data = bytearray(source.read_bytes())
    data[start + size // 3 : start + size] = bytes(size - size // 3)
    target.write_bytes(data)


@pytest.mark.parametrize("number", [0, 1, 13])
def test_a_patched_up_picture_is_never_delivered(media: Path, tmp_path: Path, number: int) -> None:
    path = tmp_path / "blank.mp4"
    blank_packet(media / "cavlc.mp4", path, number)
    truth = clean(media / "cavlc.mp4")
    info = probe(media / "cavlc.mp4", "video")  # the container is whole
    assert len(clean(path)) == FRAMES  # left to itself, FFmpeg conceals the damage
    frames: list[Frame] = []
    with pytest.raises(MediaError, match=rf"delivered \d+ of {FRAMES} frames .* of {FRAMES}: \w+") as caught:
        frames.extend(read_frames(path, info, np.arange(FRAMES)))
    for frame in frames:
        np.testing.assert_array_equal(frame.planes.planes[0].values, truth[frame.index])
    assert caught.value.stage == "decode"
    assert caught.value.reason == ("decoder_error" if number == 0 else "truncated")
    assert f"delivered {len(frames)} of {FRAMES}" in caught.value.detail
    assert f"first missing frame {len(frames)} of {FRAMES}" in caught.value.detail


def test_groups_behind_the_damage_are_read(tmp_path: Path, media: Path) -> None:
    path = media / "cavlc.mp4"
    expected, info = clean(path), probe(path, "video")
    assert info.keyframes.tolist() == [0, 12]
    blank_packet(path, tmp_path / "blank.mp4", 6)
    for index in (0, 2, 12, 20):
        (frame,) = read_frames(tmp_path / "blank.mp4", info, np.array([index]))
        np.testing.assert_array_equal(frame.planes.planes[0].values, expected[index])
    with pytest.raises(MediaError, match="decode: truncated: delivered 1 of 3"):
        list(read_frames(tmp_path / "blank.mp4", info, np.array([2, 10, 20])))


def test_nothing_decodes_at_all(media: Path, tmp_path: Path) -> None:
    data = bytearray((media / "cavlc.mp4").read_bytes())
    start = data.index(b"mdat") + 4
    stop = data.index(b"moov") - 4
    data[start:stop] = b"\xff" * (stop - start)
    (tmp_path / "noise.mp4").write_bytes(data)
    with pytest.raises(MediaError, match="decode: decoder_error: "):
        read(tmp_path / "noise.mp4", "video")


def test_the_detail_does_not_depend_on_what_was_read_before(media: Path, tmp_path: Path) -> None:
    blank_packet(media / "cavlc.mp4", tmp_path / "blank.mp4", 5)
    info = probe(media / "cavlc.mp4", "video")
    details = set()
    for _ in range(3):
        with pytest.raises(MediaError) as caught:
            list(read_frames(tmp_path / "blank.mp4", info, np.arange(FRAMES)))
        details.add(caught.value.detail)
    assert len(details) == 1


def test_the_library_keeps_ffmpeg_quiet(
    media: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = av.logging.get_level(), av.logging.get_skip_repeated()
    blank_packet(media / "cavlc.mp4", tmp_path / "blank.mp4", 0)
    with pytest.raises(MediaError):
        read(tmp_path / "blank.mp4", "video")
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert (av.logging.get_level(), av.logging.get_skip_repeated()) == before


def test_a_changing_picture_size_is_a_failure(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = []
    for number, size in enumerate([(48, 64), (64, 96)]):
        part = tmp_path / f"{number}.m2v"
        encode(part, [rng.integers(0, 256, (*size, 3), dtype=np.uint8)] * 8, "mpeg2video", {"g": "4"})
        parts.append(part.read_bytes())
    path = tmp_path / "both.m2v"
    path.write_bytes(b"".join(parts))
    info = probe(path, "video")
    assert info.n_frames >= 15  # where the size changes, FFmpeg drops the frame it holds back
    with pytest.raises(MediaError, match="decode: unsupported: the picture changes from 64x48 to 96x64 px"):
        list(read_frames(path, info, np.array([2, 12])))


def test_memory_does_not_grow_with_the_length(media: Path, tmp_path: Path) -> None:
    """Reading 40 times as many frames takes no more memory, beyond the slack of an allocator."""
    code = (
        "import resource, sys, numpy as np; from pathlib import Path; from specaug.media import *\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "def run(p):\n"
        "    p = Path(p); i = probe(p, 'video')\n"
        "    return sum(1 for _ in read_frames(p, i, np.arange(i.n_frames)))\n"
        "run(sys.argv[1]); before = peak(); n = run(sys.argv[2]); print(n, peak() - before)"
    )
    images = [np.full((240, 320, 3), k % 256, dtype=np.uint8) for k in range(20)]
    write_video(tmp_path / "short.mp4", images, preset="ultrafast")
    write_video(tmp_path / "long.mp4", images * 40, preset="ultrafast")
    command = [sys.executable, "-c", code, str(tmp_path / "short.mp4"), str(tmp_path / "long.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path.cwd())
    frames, grown = map(int, done.stdout.split())
    assert frames == 800
    assert grown < 20_000  # KiB; all 800 frames together hold 180,000


def test_a_video_that_shrinks_between_probe_and_reading_is_truncated(media: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    shutil.copy(media / "a.ts", path)
    info = probe(path, "video")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match="decode: truncated: delivered 1 of 2"):
        list(read_frames(path, info, np.array([0, FRAMES - 1])))


@pytest.mark.parametrize(("short", "reason"), [(True, "out_of_memory"), (False, "unreadable")])
def test_an_absurd_request_is_the_files_fault_unless_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, short: bool, reason: str
) -> None:
    for module in (container, photo):
        monkeypatch.setattr(module, "memory_is_short", lambda: short)
    with pytest.raises(MediaError) as caught, container.ffmpeg_errors("probe", "unreadable"):
        raise av.error.MemoryError(12, "Cannot allocate memory")
    assert caught.value.reason == reason
    with pytest.raises(MediaError) as caught, photo._pillow_errors("probe", "unreadable"):
        raise MemoryError
    assert caught.value.reason == reason


def test_memory_is_short_where_no_more_can_be_mapped() -> None:
    code = (
        "import resource as r; from specaug.media.size_limits import memory_is_short as short; "
        "print(short()); r.setrlimit(r.RLIMIT_AS, (900 << 20, 900 << 20)); print(short())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_box_that_claims_gigabytes_is_unreadable_and_not_out_of_memory(media: Path, tmp_path: Path) -> None:
    data = bytearray((media / "a.mp4").read_bytes())
    place = data.index(b"stsz") + 12  # the number of samples, each of which has a size of its own
    data[place : place + 4] = b"\x0f\xff\xff\xff"
    (tmp_path / "a.mp4").write_bytes(data)
    error = failure(tmp_path / "a.mp4", "video")
    assert error is not None
    assert error.reason != "out_of_memory"
