"""What a source is known by: bytes at the start, middle and end of files, and that a path leads into RAW."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from handmade import catalog, raw_with, source
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.pipeline.plan import identify
from specaug.pipeline.pseudonym import Key
from specaug.pipeline.source_id import file_sample, folder_sample, inside_test, sample_spans

PIECE = 16384


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.integers(0, 4 * PIECE) | st.integers(0, 1 << 40))
def test_pieces_are_whole_and_in_order_and_reach_both_ends(size):
    spans = sample_spans(size)
    assert spans == sorted(set(spans))
    assert spans[0][0] == 0
    assert spans[-1][1] == size
    assert all(stop - start == min(PIECE, size) for start, stop in spans)
    middle = {(start + stop) // 2 for start, stop in spans}
    assert size // 2 in middle or (size - 1) // 2 in middle


@pytest.mark.parametrize(
    ("size", "spans"),
    [
        (0, [(0, 0)]),
        (1, [(0, 1)]),
        (PIECE, [(0, PIECE)]),
        (PIECE + 1, [(0, PIECE), (1, PIECE + 1)]),
        (PIECE + 2, [(0, PIECE), (1, PIECE + 1), (2, PIECE + 2)]),
        (3 * PIECE, [(0, PIECE), (PIECE, 2 * PIECE), (2 * PIECE, 3 * PIECE)]),
    ],
)
def test_pieces_of_small_files_overlap_and_none_is_there_twice(size, spans):
    assert sample_spans(size) == spans


@pytest.mark.parametrize("size", [0, 5, PIECE, 100_001])
def test_a_sample_is_the_size_and_the_pieces_of_a_file(tmp_path, size):
    content = bytes(i * 7 % 251 for i in range(size))
    (tmp_path / "file").write_bytes(content)
    half = (size - PIECE) // 2
    parts = [content] if size <= PIECE else [content[:PIECE], content[half : half + PIECE], content[-PIECE:]]
    assert file_sample(tmp_path / "file") == b"\0".join([str(size).encode(), *parts])


def test_a_byte_between_the_pieces_is_not_looked_at(tmp_path):
    content = bytearray(100_000)
    (tmp_path / "file").write_bytes(content)
    before = file_sample(tmp_path / "file")
    content[20_000] = 1
    (tmp_path / "file").write_bytes(content)
    assert file_sample(tmp_path / "file") == before


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(OSError, match=r"^not a regular file$"):
        file_sample(tmp_path / "pipe.mp4")
    with pytest.raises(OSError, match=r"^not a regular file$"):
        file_sample(tmp_path)


def test_no_file_stays_open(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        file_sample(tmp_path / "file")
        with pytest.raises(OSError, match="not a regular file"):
            file_sample(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_folder_of_frames_is_known_by_names_and_pictures_alone(tmp_path):
    files = {f"{i}.jpg": bytes([i]) * 9 for i in (2, 10)}
    first = folder_sample(raw_with(tmp_path / "a", files))
    assert folder_sample(raw_with(tmp_path / "b", {**files, "notes.txt": b"x", ".3.jpg": b"x"})) == first
    others = [
        {"2.jpg": b"\2" * 9, "11.jpg": b"\x0a" * 9},  # another name
        {"2.jpg": b"\2" * 9, "10.jpg": b"\x0b" * 9},  # other content
        {"2.jpg": b"\2" * 9},  # a picture less
        {"2.jpg": b"\x0a" * 9, "10.jpg": b"\2" * 9},  # exchanged
    ]
    found = {folder_sample(raw_with(tmp_path / str(i), files)) for i, files in enumerate(others)}
    assert len(found | {first}) == 5


LINKS = [
    ("in.mp4", True),
    ("folder/in.mp4", True),
    ("folder/none.mp4", True),
    ("to_in.mp4", True),
    ("to_out.mp4", False),
    ("to_beside.mp4", False),
    ("to_folder/in.mp4", True),
    ("to_elsewhere/out.mp4", False),
    ("folder/back/out.mp4", False),
    ("loop.mp4", True),
]


@pytest.mark.parametrize(("path", "inside"), LINKS)
@pytest.mark.parametrize("way", ["raw", "link"])
def test_a_path_leads_into_raw_by_where_it_really_ends(tmp_path, path, inside, way):
    raw_with(tmp_path / "raw", {"in.mp4": b"1", "folder/in.mp4": b"2"})
    raw_with(tmp_path, {"rawer/out.mp4": b"3", "out.mp4": b"4"})
    for name, target in [
        *(("raw/to_in.mp4", "folder/in.mp4"), ("raw/to_out.mp4", "../out.mp4")),
        *(("raw/to_beside.mp4", "../rawer/out.mp4"), ("raw/to_folder", "folder")),
        *(("raw/to_elsewhere", "../rawer"), ("raw/folder/back", "../.."), ("raw/loop.mp4", "loop.mp4")),
        ("link", "raw"),
    ]:
        (tmp_path / name).symlink_to(target)
    assert inside_test(tmp_path / way)(path) == inside


def test_an_id_is_a_hash_of_the_path_and_the_sample(tmp_path):
    raw = raw_with(tmp_path / "raw", {"live/é.mp4": b"content"})
    items = catalog(
        source("live/é.mp4", source_id=""), broken=[(source("gone.mp4", source_id=""), "broken link")]
    )
    (known,), (lost,) = identify(items, raw, follow_symlinks=False)
    texts = "live/é.mp4\0".encode() + b"7\0content", b"gone.mp4\0"
    expected = [hashlib.blake2b(text, digest_size=16).hexdigest() for text in texts]
    assert [known.source_id, lost.source_id] == expected
    assert (lost.source_path, lost.stage, lost.reason, lost.detail) == (
        *("gone.mp4", "discover", "unreadable", "broken link"),
    )
    key = Key(b"k" * 64, 64)
    (known,), (lost,) = identify(items, raw, follow_symlinks=False, key=key)
    assert [known.source_id, lost.source_id] == [key.digest("source", text).hex() for text in texts]


@pytest.mark.parametrize("follow", [False, True])
def test_a_link_out_of_raw_is_a_source_only_where_links_are_followed(tmp_path, follow):
    raw = raw_with(tmp_path / "raw", {"a.mp4": b"1"})
    raw_with(tmp_path, {"out.mp4": b"2"})
    (raw / "link.mp4").symlink_to("../out.mp4")
    items = catalog(source("a.mp4"), source("link.mp4"))
    found, lost = identify(items, raw, follow_symlinks=follow)
    assert [s.path for s in found] == (["a.mp4", "link.mp4"] if follow else ["a.mp4"])
    assert [f.detail for f in lost] == ([] if follow else ["link leaves RAW (--follow-symlinks accepts it)"])


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("none.mp4", "video", "No such file or directory"),
        ("pipe.mp4", "video", "not a regular file"),
        ("file.mp4/x.mp4", "video", "Not a directory"),
        ("empty", "frames", ".+"),
    ],
)
def test_what_cannot_be_read_is_a_failure_with_its_reason_and_no_path(tmp_path, path, kind, words):
    raw = raw_with(tmp_path / "raw", {"file.mp4": b"1"})
    os.mkfifo(raw / "pipe.mp4")
    (raw / "empty").mkdir()
    found, (lost,) = identify(catalog(source(path, kind=kind, split="dev")), raw, follow_symlinks=False)
    assert found == []
    assert (lost.source_path, lost.split, lost.stage, lost.reason) == (path, "dev", "discover", "unreadable")
    assert lost.detail
    assert str(tmp_path) not in lost.detail
    assert kind == "frames" or lost.detail == words
