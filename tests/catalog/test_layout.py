"""How a layout sees a tree: plain names, the folder a data set lies in, sources, sidecars and lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specaug.catalog.layout import (
    Evidence,
    Layout,
    Reading,
    View,
    add_sidecars,
    choose,
    explain,
    read_names,
)
from specaug.catalog.tree import Skipped, Tree
from specaug.errors import CatalogError
from specaug.records import Source


def tree(
    *media: str, others: tuple[str, ...] = (), frames: tuple[str, ...] = (), root: str = "/nowhere"
) -> Tree:
    return Tree(
        Path(root),
        (*media, *frames),
        tuple(Skipped(path, "") for path in others),
        (),
        frame_folders=frozenset(frames),
    )


def never(view: View, protocol: str | None) -> Reading:
    raise AssertionError


def layout(pattern: str | None = r"Top/(\d+)", **fields) -> Layout:
    return Layout("mine", "Top/{n}.mov", None if pattern is None else re.compile(pattern), never, **fields)


@pytest.mark.parametrize(
    ("prefix", "path", "plain"),
    [
        ("", "a/b.mp4", "a/b.mp4"),
        ("", "a/a/b.mp4", "a/b.mp4"),
        ("", "a/a.mp4", "a/a.mp4"),
        ("", "a/ab/c.mp4", "a/ab/c.mp4"),
        ("", "a/b/b/c.mp4", "a/b/b/c.mp4"),
        ("x/", "x/a/b.mp4", "a/b.mp4"),
        ("x/", "x/a/a/b.mp4", "a/b.mp4"),
        ("x/", "x/x/a/a/b.mp4", "a/b.mp4"),
        ("x/", "y/a/b.mp4", "y/a/b.mp4"),
        ("x/", "a/x/b.mp4", "a/x/b.mp4"),
    ],
)
def test_a_plain_name_has_no_folder_around_it_and_no_doubled_one(prefix, path, plain):
    assert View(tree(), prefix).plain(path) == plain


def test_names_are_without_the_ending_of_a_file_and_with_that_of_a_folder():
    view = View(tree("a/a/1.mp4", "a/2.b.JPG", frames=("a/clip.x",)))
    assert view.names == [("a/1", "a/a/1.mp4"), ("a/2.b", "a/2.b.JPG"), ("a/clip.x", "a/clip.x")]


def test_of_other_files_with_one_plain_name_the_first_counts():
    view = View(tree(others=("a/a/list.txt", "a/list.txt", "b.txt")))
    assert view.others == {"a/list.txt": "a/a/list.txt", "b.txt": "b.txt"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_stripped_counted_and_never_blank(tmp_path, end):
    text = end.join(["\ufeff one ", "", " \t", "zwei é \udcff", ""])
    (tmp_path / "list.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    view = View(tree(others=("list.txt",), root=str(tmp_path)))
    assert list(view.lines("list.txt")) == [(1, "one"), (4, "zwei é \udcff")]
    with pytest.raises(CatalogError, match=r"^none.txt: cannot be read"):
        list(view.lines("none.txt"))


ANCHORED = {"anchors": ("Top", "list.txt")}


@pytest.mark.parametrize(
    ("media", "others", "prefix"),
    [
        # Where RAW has an anchor of its own, as folder or as file, nothing around it is looked for.
        (("Top/1.mov", "x/Top/2.mov"), (), ""),
        (("x/Top/2.mov",), ("list.txt",), ""),
        (("x/Top/2.mov",), ("Top/readme.txt",), ""),
        (("x/Top/2.mov",), (), "x/"),
        (("x/1.mov",), ("x/list.txt",), "x/"),
        # The folder with most of what fits, the first of equals.
        (("x/Top/1.mov", "y/Top/2.mov", "y/Top/3.mov"), (), "y/"),
        (("y/Top/2.mov", "x/Top/1.mov"), (), "x/"),
        (("x/Top/a.mov", "x/Top/b.mov", "y/Top/1.mov"), (), "y/"),
        # An anchor two folders down is not found.
        (("x/y/Top/1.mov",), (), ""),
        (("Topper/1.mov", "x/Topper/1.mov"), (), ""),
    ],
)
def test_the_folder_around_a_data_set_is_told_by_its_anchors(media, others, prefix):
    assert layout(**ANCHORED).view(tree(*media, others=others)).prefix == prefix


def test_without_anchors_the_view_is_from_raw():
    files = tree("x/Top/1.mov")
    assert layout().view(files).prefix == ""
    whole = View(files)
    assert layout().view(files, whole=whole) is whole
    assert layout(**ANCHORED).view(files, whole=whole).prefix == "x/"


def test_evidence_is_media_of_the_right_kind_whose_whole_name_fits():
    files = tree("Top/1.mov", "Top/2.jpg", "Top/3x.mov", "x/Top/4.mov", "Top/5.avi", frames=("Top/6",))
    assert layout().evidence(View(files)) == Evidence(3, "Top/1.mov")
    assert layout(kinds=("image",)).evidence(View(files)) == Evidence(1, "Top/2.jpg")
    assert layout(kinds=("frames",)).evidence(View(files)) == Evidence(1, "Top/6")
    assert layout(kinds=("hdf5",)).evidence(View(files)) == Evidence(0, "")
    assert layout(None).evidence(View(files)) == Evidence(0, "")


def test_a_layout_that_knows_a_list_asks_it_and_not_the_names():
    listed = layout(named=lambda view: Evidence(9, "list.txt"))
    assert listed.evidence(View(tree("Top/1.mov"))) == Evidence(9, "list.txt")
    assert listed.fitting(View(tree("Top/1.mov"))) == Evidence(1, "Top/1.mov")


def test_a_protocol_has_to_be_one_of_the_layout():
    layout(protocols=("1", "2")).check_protocol("2")
    layout(protocols=("1", "2")).check_protocol(None)
    layout().check_protocol(None)
    with pytest.raises(CatalogError, match=r"^protocol: the layout 'mine' expects one of 1, 2, got '3'$"):
        layout(protocols=("1", "2")).check_protocol("3")
    with pytest.raises(CatalogError, match="expects none, for it has no protocols, got ''"):
        layout().check_protocol("")


def attack_or_reason(match: re.Match[str]) -> dict | str:
    """Even numbers mean nothing."""
    number = int(match[1])
    return {"label": "attack", "pai": f"print/{number}"} if number % 2 else f"{number} is even"


def test_names_become_sources_or_reasons_in_the_order_of_the_tree():
    files = tree(
        "Top/1.mov", "Top/1.mp4", "Top/Top/1.avi", "Top/2.mov", "Top/3.jpg", "Top/x.mov", frames=("Top/5",)
    )
    reading = read_names(View(files), layout(), attack_or_reason)
    assert reading.sources == [
        Source("Top/1.mov", "attack", pai="print/1", dataset="mine", kind="video"),
        Source("Top/5", "attack", pai="print/5", dataset="mine", kind="frames"),
    ]
    assert [(s.path, s.reason) for s in reading.skipped] == [
        ("Top/1.mp4", "the same recording as 'Top/1.mov'"),
        ("Top/Top/1.avi", "the same recording as 'Top/1.mov'"),
        ("Top/2.mov", "2 is even"),
        ("Top/3.jpg", "mine expects video or frames here, not image"),
        ("Top/x.mov", "not understood: mine expects Top/{n}.mov"),
    ]
    assert (reading.missing, reading.notes, reading.aside) == ([], [], {})


def test_a_file_that_means_nothing_does_not_stand_in_the_way_of_another_of_its_name():
    kinds: list[str] = []

    def parse(match: re.Match[str]) -> dict | str:
        kinds.append(match.string)
        return {"label": "bonafide"} if len(kinds) > 1 else "broken"

    reading = read_names(View(tree("Top/1.avi", "Top/1.mov")), layout(), parse)
    assert [s.path for s in reading.sources] == ["Top/1.mov"]
    assert [s.path for s in reading.skipped] == ["Top/1.avi"]


def sources(*splits: str) -> Reading:
    return Reading(sources=[Source(f"{n}.mov", "bonafide", split=split) for n, split in enumerate(splits)])


def test_a_protocol_keeps_its_sources_with_its_splits_and_skips_the_rest():
    reading = sources("train", "dev", "test", "train")
    reading.skipped = [Skipped("x.mov", "before")]
    splits = {"0.mov": "train", "1.mov": "test", "3.mov": "dev"}
    chosen = choose(reading, lambda source: splits.get(source.path), why="not in protocol 9")
    assert chosen is reading
    assert [(s.path, s.split) for s in reading.sources] == [
        ("0.mov", "train"),
        ("1.mov", "test"),
        ("3.mov", "dev"),
    ]
    assert reading.skipped == [Skipped("x.mov", "before"), Skipped("2.mov", "not in protocol 9")]


def test_sidecars_are_given_by_plain_name_and_the_first_choice_wins():
    files = tree(
        "x/a/1.mov",
        "x/a/2.mov",
        "x/a/3.mov",
        others=("x/a/1.txt", "x/boxes/a/1.txt", "x/boxes/a/2.txt"),
        frames=("x/a/4.b",),
    )
    files = Tree(
        files.root, files.files, (*files.others, Skipped("x/a/4.b.txt", "")), (), files.frame_folders
    )
    reading = Reading(sources=[Source(p, "bonafide", kind=files.kind(p)) for p in files.files])
    add_sidecars(
        reading, View(files, "x/"), lambda n: [f"boxes/{n}.txt", f"{n}.txt"], what="boxes", box_format="eyes"
    )
    assert {s.path: (s.boxes, s.box_format) for s in reading.sources} == {
        "x/a/1.mov": ("x/boxes/a/1.txt", "eyes"),
        "x/a/2.mov": ("x/boxes/a/2.txt", "eyes"),
        "x/a/3.mov": (None, "boxes"),
        "x/a/4.b": ("x/a/4.b.txt", "eyes"),
    }
    assert reading.aside == dict.fromkeys(
        ("x/boxes/a/1.txt", "x/boxes/a/2.txt", "x/a/4.b.txt"), "boxes of a source"
    )


def test_lists_are_explained_once_by_the_first_pattern_that_fits_whole():
    view = View(tree(others=("x/lists/1.txt", "x/lists/1.txt.bak", "x/other.txt", "x/taken.txt")), "x/")
    reading = Reading(aside={"x/taken.txt": "boxes"})
    explain(reading, view, {r"lists/.*\.txt": "a list", r".*\.txt": "a text"})
    assert reading.aside == {"x/taken.txt": "boxes", "x/lists/1.txt": "a list", "x/other.txt": "a text"}
