"""What is opened, under which names, and what is refused before it is decoded."""

from __future__ import annotations

import os
import shutil
import socket
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from specaug.errors import ArgumentError, MediaError
from specaug.media import kind_of, probe, read_frames, size_limits
from specaug.media.container import _Bytes
from specaug.media.open_files import MAX_DETAIL, one_line
from specaug.media.write import write_video

NAMES = [
    "plain.mp4",
    "with space.mp4",
    'it\'s "quoted".mp4',
    "new\nline.mp4",
    "-i.mp4",
    "%03d.mp4",
    "http:host:80.mp4",
    "file:a.mp4",
    "concat:a|b.mp4",
    "pipe:0.mp4",
    "[a-z]*?.mp4",
    "Владимир 王.mp4",
    os.fsdecode(b"caf\xe9.mp4"),
    "no_suffix",
    "x" * 250 + ".mp4",
]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write_video(path, [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(12)])
    return path


def reason(path: Path, kind: Any = "video") -> tuple[str, str]:
    with pytest.raises(MediaError) as caught:
        probe(path, kind)
    assert str(path.parent) not in caught.value.detail
    return caught.value.stage, caught.value.reason


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(video: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    shutil.copy(video, path)
    Image.new("RGB", (5, 4), (1, 2, 3)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(photo := path.with_name(name + "p" if len(name) < 255 else name[1:] + "p"))
    assert [f.index for f in read_frames(path, probe(path, "video"), np.array([2, 7]))] == [2, 7]
    (frame,) = read_frames(photo, probe(photo, "image"), np.array([0]))
    assert frame.image[0, 0].tolist() == [1, 2, 3]


def test_an_impossible_seek_is_an_answer_and_no_exception(video: Path) -> None:
    with video.open("rb") as file:
        stream = _Bytes(file)
        assert stream.seek(-5) < 0
        assert stream.seek(3) == 3
        assert stream.seek(2, os.SEEK_CUR) == stream.tell() == 5


def test_a_relative_name_that_looks_like_an_option(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(video, tmp_path / "-y")
    monkeypatch.chdir(tmp_path)
    assert probe(Path("-y"), "video").n_frames == 12


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


NOT_FILES: dict[str, Callable[[Path], Any]] = {
    "missing": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("Lorem ipsum dolor sit amet. " * 100),
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "socket": _bind,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "dangling link": lambda path: path.symlink_to(path.with_name("nowhere")),
    "link to itself": lambda path: path.symlink_to(path),
    "html": lambda path: path.write_text("<!DOCTYPE html><html><body>404</body></html>" * 20),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
}


@pytest.mark.parametrize("what", NOT_FILES)
@pytest.mark.parametrize(("kind", "suffix"), [("video", "mp4"), ("image", "jpg")])
def test_what_is_no_medium_is_unreadable(tmp_path: Path, what: str, kind: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    NOT_FILES[what](path)
    assert reason(path, kind) == ("probe", "unreadable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_unreadable(video: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    shutil.copy(video, path)
    path.chmod(0)
    assert reason(path) == ("probe", "unreadable")


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{name}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    "<AdaptationSet><Representation><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "images": "P6 4 4 255\n" + "x" * 48,
}


@pytest.mark.parametrize("what", PLAYLISTS)
@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "mpd", "ts"])
def test_lists_of_other_files_are_not_followed(video: Path, tmp_path: Path, what: str, suffix: str) -> None:
    shutil.copy(video, tmp_path / "v.mp4")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        path = tmp_path / f"list.{suffix}"
        path.write_text(PLAYLISTS[what].format(url=f"http://127.0.0.1:{port}/a.ts", name="v.mp4", port=port))
        stage, why = reason(path)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody called
            server.accept()
    assert stage == "probe"
    assert why in ("unsupported", "unreadable")


def test_a_format_that_is_not_read_is_unsupported(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text(PLAYLISTS["concat"].format(name="v.mp4"))
    assert reason(tmp_path / "a.mp4") == ("probe", "unsupported")


def test_sound_alone_is_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert reason(path) == ("probe", "unsupported")
    with wave.open(str(tmp_path / "b.avi"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    assert reason(tmp_path / "b.avi") == ("probe", "unsupported")


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_FRAMES", 11, "12 frames; 11 are allowed"),
        ("MAX_SECONDS", 0.4, "hours"),
        ("MAX_VIDEO_SIDES", (63, 63), "64x48 px"),
        ("MAX_VIDEO_SIDES", (64, 47), "64x48 px"),
    ],
)
def test_limits_hold_before_decoding(
    video: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: Any, message: str
) -> None:
    assert probe(video, "video").n_frames == 12
    monkeypatch.setattr(size_limits, limit, value)
    with pytest.raises(MediaError, match=f"probe: too_large: .*{message}"):
        probe(video, "video")


def test_a_video_frame_may_stand_upright() -> None:
    size_limits.check_video_size(8192, 4320)
    size_limits.check_video_size(4320, 8192)
    with pytest.raises(MediaError, match="too_large"):
        size_limits.check_video_size(8192, 4321)
    with pytest.raises(MediaError, match="too_large"):
        size_limits.check_video_size(5000, 5000)


@pytest.mark.parametrize(
    "indices", [[3, 2], [2, 2], [-1], [12], [0.5], [[0, 1]], 3, np.array([True])], ids=repr
)
def test_bad_indices_are_named_at_once(video: Path, indices: Any) -> None:
    info = probe(video, "video")
    with pytest.raises(ArgumentError, match="indices: expected"):
        read_frames(video, info, indices)


@pytest.mark.parametrize("kind", ["video", "image", "frames"])
def test_no_indices_no_frames(video: Path, tmp_path: Path, kind: Any) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    path = {"video": video, "image": tmp_path / "1.png", "frames": tmp_path}[kind]
    assert list(read_frames(path, probe(path, kind), np.array([], dtype=np.int64))) == []


def test_an_unknown_kind_is_named(video: Path) -> None:
    with pytest.raises(ArgumentError, match="kind: expected one of video, image, frames, hdf5, got 'film'"):
        probe(video, "film")  # type: ignore[arg-type]


def test_a_file_that_is_gone_fails_while_decoding(video: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    shutil.copy(video, path)
    info = probe(path, "video")
    path.unlink()
    with pytest.raises(MediaError, match="decode: unreadable: No such file"):
        list(read_frames(path, info, np.array([0])))


def test_kinds_by_name() -> None:
    assert [kind_of(Path(n)) for n in ("a.MOV", "a.b.JPeG", "a.txt", "a", ".mp4", "mp4")] == [
        "video",
        "image",
        None,
        None,
        None,
        None,
    ]


def test_details_are_one_short_line_without_paths() -> None:
    text = "cannot open '/home/ann/Ärzte/raw/a.mp4':\n  30000/1001 fps, N/A \udce9" + "y" * 500
    line = one_line(text)
    assert line.startswith("cannot open '<path>': 30000/1001 fps, N/A \\xe9yyy")
    assert len(line) == MAX_DETAIL
    line.encode("utf-8")
