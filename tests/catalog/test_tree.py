"""What a walk lists: names, endings, links, folders of frames, and what cannot be opened."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.catalog.tree import Skipped, Tree, by_bytes, is_media, suffix, walk, without_suffix
from specaug.errors import CatalogError
from specaug.media_types import HDF5_SUFFIXES, IMAGE_SUFFIXES, VIDEO_SUFFIXES

Make = Callable[..., Path]


@pytest.fixture
def raw(tmp_path: Path) -> Make:
    """Make RAW with empty files of these names; a name that ends in ``/`` is an empty folder."""

    def make(*names: str) -> Path:
        root = tmp_path / "raw"
        root.mkdir(exist_ok=True)
        for name in names:
            target = root / name
            (target if name.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                target.touch()
        return root

    return make


def reasons(skipped: tuple[Skipped, ...]) -> dict[str, str]:
    return {item.path: item.reason for item in skipped}


@pytest.mark.parametrize(
    ("path", "ending"),
    [
        ("a.mp4", ".mp4"),
        ("a.MP4", ".mp4"),
        ("a.b.Jpg", ".jpg"),
        ("folder.mp4/a", ""),
        ("folder/.mp4", ""),
        (".mp4", ""),
        ("a.", ""),
        ("a", ""),
        ("a..mp4", ".mp4"),
        ("x/y.z/a.tar.GZ", ".gz"),
        ("", ""),
    ],
)
def test_an_ending_is_what_follows_the_last_dot_of_a_name_with_a_stem(path, ending):
    assert suffix(path) == ending
    assert path.lower() == (without_suffix(path) + ending).lower()


@given(st.text("ab./A", max_size=12))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_a_path_is_its_stem_and_its_ending(path):
    ending = suffix(path)
    assert without_suffix(path) + path[len(path) - len(ending) :] == path
    assert "/" not in ending
    assert suffix(f"{path}x.webm") == ".webm"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("a.mov", True),
        ("a.JPEG", True),
        ("a.h5", True),
        ("a.txt", False),
        ("mp4", False),
        (".jpg", False),
        ("a.mp4/b", False),
        ("a.mp4x", False),
    ],
)
def test_media_are_told_by_their_ending(path, known):
    assert is_media(path) is known


def test_each_ending_belongs_to_one_reader():
    tree = Tree(Path("/"), (), (), (), frame_folders=frozenset({"live/clip.mp4", "plain"}))
    kinds = {
        ".mp4": "video",
        ".MKV": "video",
        ".png": "image",
        ".GIF": "image",
        ".h5": "hdf5",
        ".HDF5": "hdf5",
    }
    assert {ending: tree.kind(f"live/a{ending}") for ending in kinds} == kinds
    assert tree.kind("live/clip.mp4") == tree.kind("plain") == "frames"
    assert not (
        VIDEO_SUFFIXES & IMAGE_SUFFIXES | VIDEO_SUFFIXES & HDF5_SUFFIXES | IMAGE_SUFFIXES & HDF5_SUFFIXES
    )


def test_files_are_sorted_by_their_bytes_and_not_by_code_points_of_a_locale(raw):
    names = ["b.mp4", "B.mp4", "a/z.mp4", "a.mp4", "\udcff.mp4", "é.mp4", "a-b.mp4"]
    assert walk(raw(*names)).files == ("B.mp4", "a-b.mp4", "a.mp4", "a/z.mp4", "b.mp4", "é.mp4", "\udcff.mp4")
    assert by_bytes("\udcff") == b"\xff"


def test_what_is_no_medium_is_listed_with_its_ending(raw):
    tree = walk(raw("b.TXT", "a", "c.mp4", "d/.x.mp4", ".d/e.mp4"))
    assert tree.files == ("c.mp4",)
    assert tree.others == (
        Skipped(".d/e.mp4", "hidden file"),
        Skipped("a", "not a photo or video (no ending)"),
        Skipped("b.TXT", "not a photo or video (.txt)"),
        Skipped("d/.x.mp4", "hidden file"),
    )
    assert tree.broken == ()


@pytest.mark.parametrize(("name", "broken"), [("clip.mp4/", True), ("clip/", False), ("clip.txt/", False)])
def test_an_empty_folder_counts_only_where_it_is_named_like_a_medium(raw, name, broken):
    tree = walk(raw(name, "x.mp4"))
    assert reasons(tree.broken) == ({"clip.mp4": "folder without files, named like one"} if broken else {})
    assert (tree.files, tree.others) == (("x.mp4",), ())


def test_a_folder_with_files_may_be_named_like_a_medium(raw):
    tree = walk(raw("clip.mp4/1.jpg"))
    assert (tree.files, tree.broken) == (("clip.mp4/1.jpg",), ())


@pytest.mark.parametrize("name", ["none", "file"])
def test_raw_has_to_be_a_folder(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(CatalogError, match=rf"^RAW: expected an existing folder, got '.*{name}'$"):
        walk(tmp_path / name)


LINKS = [
    ("in.mp4", "live/1.mp4", None),
    ("chain.mp4", "in.mp4", None),
    ("out.mp4", "../outside/2.mp4", "link leaves RAW (--follow-symlinks accepts it)"),
    ("beside.mp4", "../raw-2/3.mp4", "link leaves RAW (--follow-symlinks accepts it)"),
    ("dead.mp4", "nowhere.mp4", "link leads nowhere"),
    ("self.mp4", "self.mp4", "link leads nowhere"),
]


@pytest.fixture
def linked(raw, tmp_path) -> Path:
    """RAW with a link of each kind."""
    root = raw("live/1.mp4", "../outside/2.mp4", "../raw-2/3.mp4")
    for name, target, _ in LINKS:
        (root / name).symlink_to(target)
    return root


def test_links_are_followed_inside_raw_alone(linked):
    tree = walk(linked)
    assert tree.files == ("chain.mp4", "in.mp4", "live/1.mp4")
    assert reasons(tree.broken) == {name: reason for name, _, reason in LINKS if reason}


def test_links_that_leave_raw_are_accepted_on_request_and_dead_ones_never(linked):
    tree = walk(linked, follow_symlinks=True)
    assert tree.files == ("beside.mp4", "chain.mp4", "in.mp4", "live/1.mp4", "out.mp4")
    assert set(reasons(tree.broken)) == {"dead.mp4", "self.mp4"}


def test_a_link_to_a_folder_outside_is_one_entry_or_its_files(raw, tmp_path):
    root = raw("1.mp4", "../outside/a/2.mp4", "../outside/3.txt")
    (root / "more").symlink_to("../outside", target_is_directory=True)
    tree = walk(root)
    assert tree.files == ("1.mp4",)
    assert reasons(tree.others) == {"more": "link leaves RAW (--follow-symlinks accepts it)"}
    followed = walk(root, follow_symlinks=True)
    assert followed.files == ("1.mp4", "more/a/2.mp4")
    assert reasons(followed.others) == {"more/3.txt": "not a photo or video (.txt)"}


def test_two_links_to_one_folder_outside_list_its_files_once(raw):
    root = raw("1.mp4", "../outside/2.mp4")
    for name in ("a", "b"):
        (root / name).symlink_to("../outside", target_is_directory=True)
    tree = walk(root, follow_symlinks=True)
    listed = [path for path in tree.files if path != "1.mp4"]
    assert len(listed) == 1
    (other,) = {"a", "b"} - {listed[0].split("/")[0]}
    assert reasons(tree.others) == {other: "link to a folder that is listed under its own name"}


def test_raw_itself_may_be_a_link(raw, tmp_path):
    raw("live/1.mp4")
    (tmp_path / "link").symlink_to("raw", target_is_directory=True)
    assert walk(tmp_path / "link").files == ("live/1.mp4",)


def test_pipes_and_sockets_are_no_media_whatever_their_names(raw, monkeypatch):
    root = raw("1.mp4")
    monkeypatch.chdir(root)
    os.mkfifo("pipe.mp4")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("end.jpg")
        tree = walk(root)
    assert tree.files == ("1.mp4",)
    assert reasons(tree.broken) == dict.fromkeys(("pipe.mp4", "end.jpg"), "not a regular file")
    assert reasons(tree.others) == {"pipe": "not a regular file"}


FRAMES = [
    (("1.jpg", "2.jpg"), True),
    (("f_001.PNG", "f_002.bmp"), True),
    (("1.jpg", "2.jpg", "notes.txt"), True),
    (("1.jpg", "2.jpg", ".hidden.jpg"), True),
    (("1.jpg",), False),
    (("1.jpg", "2.mp4"), False),
    (("1.jpg", "2.h5"), False),
    (("1.jpg", "cover.jpg"), False),
    (("1a.jpg", "2a.jpg"), False),
]


@pytest.mark.parametrize(("names", "whole"), FRAMES)
def test_a_folder_of_frames_holds_two_or_more_numbered_pictures_and_no_other_media(raw, names, whole):
    root = raw(*(f"live/clip/{name}" for name in names), "live/x/face.jpg")
    tree = walk(root, frame_folders=True)
    assert ("live/clip" in tree.files) is whole
    assert tree.frame_folders == ({"live/clip"} if whole else set())
    plain = walk(root)
    assert plain.frame_folders == frozenset()
    media = {f"live/clip/{name}" for name in names if is_media(name) and not name.startswith(".")}
    assert set(plain.files) == media | {"live/x/face.jpg"}
    assert set(tree.files) == ({"live/clip"} if whole else media) | {"live/x/face.jpg"}


def test_pictures_at_the_top_of_raw_are_no_folder_of_frames(raw):
    tree = walk(raw("1.jpg", "2.jpg", "a/1.jpg", "a/2.jpg"), frame_folders=True)
    assert tree.files == ("1.jpg", "2.jpg", "a")


def test_frames_that_cannot_be_opened_do_not_make_a_folder(raw):
    root = raw("clip/1.jpg")
    (root / "clip/2.jpg").symlink_to("nowhere.jpg")
    tree = walk(root, frame_folders=True)
    assert (tree.files, reasons(tree.broken)) == (("clip/1.jpg",), {"clip/2.jpg": "link leads nowhere"})


def test_tops_and_heads_are_of_media_and_of_other_files():
    tree = Tree(Path("/"), ("a/b/1.mp4", "2.mp4"), (Skipped("c/d.txt", ""), Skipped("e.txt", "")), ())
    assert tree.tops == {"a", "2.mp4", "c", "e.txt"}
    assert tree.heads == {("a", "b"), ("c", "d.txt")}


def test_a_list_is_read_as_bytes_and_refused_where_it_is_no_plain_file(raw, tmp_path):
    root = raw("1.mp4")
    (root / "list.txt").write_bytes(b"\xff\r\n")
    (tmp_path / "secret.txt").write_text("s")
    (root / "out.txt").symlink_to("../secret.txt")
    os.mkfifo(root / "pipe.txt")
    tree = walk(root)
    assert tree.read_list("list.txt") == b"\xff\r\n"
    for name, why in (
        ("none.txt", "cannot be read: No such file"),
        ("out.txt", r"link leaves RAW \(--follow"),
        ("pipe.txt", "not a regular file"),
    ):
        with pytest.raises(CatalogError, match=f"^{name}: {why}"):
            tree.read_list(name)
    assert walk(root, follow_symlinks=True).read_list("out.txt") == b"s"
