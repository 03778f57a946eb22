"""A raw folder full of traps: each is a clip, a typed failure or skipped with a reason, and nobody is called."""

from __future__ import annotations

import csv
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from specaug.catalog import scan
from specaug.errors import CatalogError, MediaError
from specaug.extract import extract
from specaug.media import open_files, probe, read_frames
from specaug.media.write import write_video
from specaug.pipeline import build_dataset
from specaug.planes import Frame
from specaug.records import BuildConfig, Failure, Source
from specaug.shards import verify

CONFIG = BuildConfig(detector="sidecar", frames=2, size=32, min_face=16, jobs=1, timeout=60)
BOXES = "".join(f"{t} 16 8 64 64 34 34 62 34 48 48 37 60 59 60\n" for t in range(8))


def film(number: int) -> list[np.ndarray]:
    y, x = np.mgrid[0:80, 0:96].astype(np.float32)
    waves = [128 + 50 * np.sin((x + t) / 9 + number) + 50 * np.cos(y / 7 - number) for t in range(6)]
    return [np.clip(np.stack([w, w, w], axis=-1), 0, 255).astype(np.uint8) for w in waves]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write_video(path, film(0))
    return path.read_bytes()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listener on loopback that must not be called."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def with_reference(data: bytes, entry: bytes) -> bytes:
    """An MP4 with its media said to be elsewhere: another entry in `dref` (ISO/IEC 14496-12, 8.7.2)."""
    at = data.index(b"dref") + 12
    old = struct.unpack_from(">I", data, at)[0]
    grown = bytearray(data[:at] + entry + data[at + old :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):  # all around it, and behind the media
        place = data.index(name) - 4
        struct.pack_into(">I", grown, place, struct.unpack_from(">I", data, place)[0] + len(entry) - old)
    return bytes(grown)


def read(path: Path) -> list[Frame]:
    return list(read_frames(path, probe(path, "video"), np.arange(2)))


def full_box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4sI", 12 + len(body), kind, 0) + body


def alias(path: str) -> bytes:
    """An alias record of QuickTime, with an absolute and a relative way to a file."""
    name, way = path.rsplit("/", 1)[-1].encode(), path.replace("/", ":").encode()
    head = bytes(10) + struct.pack("28p", b"disk") + bytes(12) + struct.pack("64p", name[:63]) + bytes(16)
    levels = struct.pack(">HH", 1, 1) + bytes(16)
    tags = struct.pack(">HH", 2, len(way)) + way + bytes(len(way) % 2) + struct.pack(">HH", 0xFFFF, 0)
    return full_box(b"alis", head + levels + tags)


@pytest.mark.parametrize("kind", ["url", "alis"])
def test_media_said_to_be_in_another_file_are_not_looked_for(
    video: bytes, tmp_path: Path, server: socket.socket, kind: str
) -> None:
    """The video itself holds noise, and the file that it names would decode: a reader that follows gives frames."""
    (tmp_path / "other.mp4").write_bytes(video)
    port = server.getsockname()[1]
    entry = full_box(b"url ", f"http://127.0.0.1:{port}/other.mp4\0".encode())
    if kind == "alis":
        entry = alias(f"{tmp_path}/other.mp4")
    data = bytearray(with_reference(video, entry))
    start, stop = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:stop] = bytes([255]) * (stop - start)
    path = tmp_path / "a.mov"
    path.write_bytes(data)
    if kind == "alis":  # the trap is armed: FFmpeg, told to follow, decodes the other file
        with av.open(str(path), options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
            assert len(list(container.decode(video=0))) == 6
    with pytest.raises(MediaError) as caught:
        read(path)
    assert caught.value.reason in ("unreadable", "unsupported", "decoder_error", "truncated")
    assert str(tmp_path) not in caught.value.detail


TEXTS: dict[str, str] = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "hls-local": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    "<Representation><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "concat": "ffconcat version 1.0\nfile '{other}'\n",
    "concat-url": "ffconcat version 1.0\nfile '{url}'\n",
    "asx": '<ASX version="3.0"><Entry><Ref href="{url}"/></Entry></ASX>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{url}"/></svg>',
    "eps": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({other}) run\nshowpage\n",
    "pdf": "%PDF-1.4\n1 0 obj <</URI ({url})>> endobj\ntrailer <<>>\n%%EOF",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "rtsp": "[Reference]\nRef1={url}\n",
    "subtitles": "WEBVTT\n\n00:00.000 --> 00:01.000\n{url}\n",
    "script": "import os\nos.system('touch {other}.ran')\n",
}


@pytest.mark.parametrize("what", TEXTS)
def test_files_that_speak_of_others_are_refused_under_any_ending(
    video: bytes, tmp_path: Path, server: socket.socket, what: str
) -> None:
    (tmp_path / "other.mp4").write_bytes(video)
    url = f"http://127.0.0.1:{server.getsockname()[1]}/a.mp4"
    text = TEXTS[what].format(url=url, other=tmp_path / "other.mp4")
    for suffix in ("mp4", "mov", "mkv", "avi", "ts", "m3u8", "mpd", "jpg", "png", "tif", "gif", "webp"):
        path = tmp_path / f"a.{suffix}"
        path.write_text(text)
        kind = "image" if suffix in ("jpg", "png", "tif", "gif", "webp") else "video"
        with pytest.raises(MediaError) as caught:
            probe(path, kind)  # type: ignore[arg-type]
        assert (caught.value.stage, caught.value.reason) in (
            ("probe", "unreadable"),
            ("probe", "unsupported"),
        )
        assert str(tmp_path) not in caught.value.detail
    assert not list(tmp_path.glob("*.ran"))


NAMES = [
    "new\nline.mp4",
    os.fsdecode(b"caf\xe9.mp4"),
    'it\'s "quoted" `$(x)` ${HOME}; \\ .mp4',
    "-i.mp4",
    "\u202egnp.exe \u05d0\u05d1.mp4",
    "e" * 251 + ".mp4",
    "\U0001f600\U0001f9d1\u200d\U0001f3a4.mp4",
    "%03d.mp4",
    "file:a.mp4",
    "http:..evil.example.mp4",
    "concat:a.mp4|b.mp4",
    "pipe:0.mp4",
    "a?b*[c-d].mp4",
    "<script>alert(1)<.mp4",
    "tab\tbell\x07escape\x1b[31m.mp4",
    " leading and trailing .mp4",
    "a.MP4",
    "CON.mp4",
]


def test_names_of_every_kind_become_clips(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    (raw / "live").mkdir(parents=True)
    (raw / "boxes.face").write_text(BOXES)
    Image.fromarray(film(9)[0]).save(raw / "live/%d.png")  # beside it, what the pattern would match
    for number, name in enumerate(NAMES):
        write_video(tmp_path / "v.mp4", film(number))
        (tmp_path / "v.mp4").rename(raw / "live" / name)
    with (raw / "sources.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = [(f"live/{name}", "live", "boxes.face") for name in (*NAMES, "%d.png")]
        csv.writer(file).writerows([("path", "label", "boxes"), *rows])
    report = build_dataset(raw, out, CONFIG)
    assert (report.sources, report.clips, report.by_reason) == (len(NAMES) + 1, len(NAMES) + 1, {})
    assert verify(out).ok


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def loop(path: Path) -> None:
    path.with_name("b-" + path.name).symlink_to(path)
    path.symlink_to(path.with_name("b-" + path.name))


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


TRAPS: dict[str, Callable[[Path], object]] = {
    "pipe.mp4": os.mkfifo,
    "pipe.jpg": os.mkfifo,
    "socket.mp4": bind,
    "device.mp4": lambda path: path.symlink_to("/dev/zero"),
    "terminal.jpg": lambda path: path.symlink_to("/dev/tty"),
    "proc.mp4": lambda path: path.symlink_to("/proc/self/mem"),
    "outside.mp4": lambda path: path.symlink_to(path.parents[2] / "outside.mp4"),
    "outside.face": lambda path: path.symlink_to(path.parents[2] / "boxes.face"),
    "loop.mp4": loop,
    "self.mp4": lambda path: path.symlink_to(path),
    "dangling.mp4": lambda path: path.symlink_to("nowhere.mp4"),
    "folder.mp4": lambda path: path.mkdir(),
    "upwards": lambda path: path.symlink_to(".."),
    "away": lambda path: path.symlink_to(path.parents[2] / "elsewhere"),
    "sparse.mp4": sparse,
    "list.m3u8": lambda path: path.write_text("#EXTM3U\n"),
}


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    (raw / "live").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "boxes.face").write_text(BOXES)
    write_video(tmp_path / "outside.mp4", film(1))
    write_video(tmp_path / "elsewhere/far.mp4", film(2))
    write_video(raw / "real.mp4", film(3))
    for name, make in TRAPS.items():
        make(raw / "live" / name)
    (raw / "live/within.mp4").symlink_to("../real.mp4")
    (raw / "live/within.face").write_text(BOXES)
    return raw


def test_traps_are_failures_or_skipped_and_nothing_outside_is_read(trapped: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = build_dataset(trapped, out, CONFIG)
    (row,) = [row for path in (out / "data").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert row["source_path"] == "live/within.mp4"
    lost = {
        row["source_path"].removeprefix("live/"): (row["stage"], row["reason"])
        for path in (out / "failures").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    media = [name for name in (*TRAPS, "b-loop.mp4") if name[-4:] in (".mp4", ".jpg")]
    assert lost == {name: ("probe" if name == "sparse.mp4" else "discover", "unreadable") for name in media}
    assert report.sources == 1 + len(lost)
    assert verify(out).ok
    skipped = {item.path: item.reason for item in scan(trapped).skipped}
    assert skipped["real.mp4"].startswith("folders do not follow")
    assert "link" in skipped["live/upwards"]
    assert skipped["live/list.m3u8"].startswith("not a photo or video")
    assert "link leaves RAW" in skipped["live/outside.face"]
    assert "link leaves RAW" in skipped["live/away"]
    for text in (str(tmp_path), "far.mp4"):
        assert text not in "".join(map(repr, (lost, skipped)))


def test_links_that_leave_raw_are_followed_on_request(trapped: Path, tmp_path: Path) -> None:
    found = {source.path for source in scan(trapped, follow_symlinks=True).sources}
    assert {"live/outside.mp4", "live/within.mp4", "live/away/far.mp4"} <= found


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_a_list_of_sources_that_is_not_in_raw_is_refused(tmp_path: Path, what: str) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (tmp_path / "secret").write_text("root:x:0\n")
    if what == "link":
        (raw / "sources.csv").symlink_to(tmp_path / "secret")
    else:
        os.mkfifo(raw / "sources.csv")
    with pytest.raises(CatalogError, match=r"sources\.csv: (link leaves RAW|not a regular file)") as caught:
        scan(raw, layout="csv")
    assert "root" not in str(caught.value)


def test_a_box_file_that_is_no_file_is_no_face(tmp_path: Path, video: bytes) -> None:
    (tmp_path / "v.mp4").write_bytes(video)
    os.mkfifo(tmp_path / "v.face")
    (outcome,) = extract(Source("v.mp4", "bonafide", source_id="0" * 32), CONFIG, raw=tmp_path)
    assert isinstance(outcome, Failure)
    assert (outcome.stage, outcome.reason) == ("detect", "no_face")


def test_a_pipe_that_takes_the_place_of_a_file_is_refused_when_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a file's kind and its opening, it is swapped: opening must not wait for a writer."""
    path = tmp_path / "a.mp4"
    os.mkfifo(path)
    looks = []

    def second_only(status: os.stat_result, stage: str) -> None:
        looks.append(stage)
        if len(looks) > 1:
            raise MediaError(stage, "unreadable", "expected a file")

    monkeypatch.setattr(open_files, "check_regular", second_only)
    with pytest.raises(MediaError, match="probe: unreadable"):
        probe(path, "video")


def test_a_length_in_a_header_sets_no_memory_aside(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(1000))
    with open_files.open_regular(path, stage="probe") as file:
        file.seek(10)
        assert file.read(1 << 62) == bytes(990)  # as it stands, Python would try to allocate it
        assert file.read(1 << 62) == b""
        file.seek(2000)
        assert file.read(5) == b""
        file.seek(998)
        assert (file.read(), file.read(-1)) == (bytes(2), b"")
