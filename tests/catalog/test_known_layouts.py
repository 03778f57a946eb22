"""Which layout a tree is: what decides, on which side of a half, and what is said in doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from specaug.catalog.known_layouts import LAYOUTS, layout_of, seen
from specaug.catalog.tree import Skipped, Tree
from specaug.errors import ArgumentError, CatalogError, NothingToDoError

SETS = [
    *("oulu-npu", "siw", "siw-m", "casia-fasd", "replay-attack", "replay-mobile", "msu-mfsd", "celeba-spoof"),
    *(
        "rose-youtu",
        "3dmad",
        "hkbu-mars",
        "wmca",
        "hq-wmca",
        "nuaa",
        "lcc-fasd",
        "casia-surf",
        "synthaspoof",
        "folders",
        "csv",
    ),
]


def tree(*media: str, others: tuple[str, ...] = (), root: Path = Path("/nowhere")) -> Tree:
    return Tree(root, media, tuple(Skipped(path, "") for path in others), ())


def rose(n: int) -> list[str]:
    return [f"G_NT_5s_g_E_2_{k}.mp4" for k in range(n)]


def plain(n: int) -> list[str]:
    return [f"train/live/ann/{k}.mp4" for k in range(n)]


def test_the_names_of_layouts_are_fixed():
    assert list(LAYOUTS) == SETS
    assert all(layout.name == name for name, layout in LAYOUTS.items())


@pytest.mark.parametrize("name", SETS)
def test_a_layout_that_is_asked_for_is_taken_whatever_lies_there(name):
    assert layout_of(tree("holiday.mp4"), name) is LAYOUTS[name]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("", ""), ("OULU-NPU", "oulu-npu"), ("oulu_npu", "oulu-npu"), ("auto ", "auto"), ("mine", "")],
)
def test_a_layout_nobody_knows_is_refused_with_the_choices(name, meant):
    with pytest.raises(ArgumentError) as error:
        layout_of(tree(*plain(1)), name)
    told = f"layout: expected one of auto, {', '.join(SETS)}, got {name!r}"
    assert str(error.value) == told + (f"; did you mean {meant!r}?" if meant else "")


@pytest.mark.parametrize(
    ("named", "plains", "decided"), [(3, 0, True), (3, 3, True), (3, 4, False), (1, 1, True), (1, 2, False)]
)
def test_names_of_a_data_set_decide_where_they_are_half_of_the_media(named, plains, decided):
    files = tree(*rose(named), *plain(plains))
    if decided:
        assert layout_of(files, "auto").name == "rose-youtu"
        return
    with pytest.raises(CatalogError) as error:
        layout_of(files, "auto")
    assert str(error.value) == (
        f"layout: RAW may be rose-youtu or folders (rose-youtu: {named} files such as {rose(1)[0]!r}; folders: {plains}"
        f" files such as 'train/live/ann/0.mp4'; {named + plains} media in all). Say which with --layout, or list "
        "several data sets in sources.toml."
    )


def test_media_without_class_folders_cast_no_doubt_on_a_data_set():
    assert layout_of(tree(*rose(1), *(f"holiday/{n}.mp4" for n in range(9))), "auto").name == "rose-youtu"


def test_one_file_of_a_second_data_set_is_a_doubt():
    files = tree(*rose(8), "train_release/1/1.avi")
    message = (
        r"may be casia-fasd or rose-youtu \(casia-fasd: 1 files.*; rose-youtu: 8 files.*; 9 media in all"
    )
    with pytest.raises(CatalogError, match=message):
        layout_of(files, "auto")


def test_plain_folders_are_the_last_resort():
    assert layout_of(tree(*plain(1), "holiday/1.mp4", "2.jpg"), "auto").name == "folders"


def test_a_list_decides_without_any_media_and_before_two_data_sets(tmp_path):
    (tmp_path / "sources.csv").write_text("path,label\n")
    assert layout_of(tree(root=tmp_path), "auto").name == "csv"
    assert layout_of(tree(*rose(3), "train_release/1/1.avi", root=tmp_path), "auto").name == "csv"


def test_a_data_set_in_a_folder_of_raw_is_recognised_one_level_down_and_no_deeper():
    assert layout_of(tree("My copy/train_release/1/1.avi"), "auto").name == "casia-fasd"
    with pytest.raises(NothingToDoError, match="no layout recognises RAW"):
        layout_of(tree("a/b/train_release/1/1.avi"), "auto")


def test_lists_of_hq_wmca_decide_over_names_of_wmca():
    names = ["day/001_01_000_0_00.hdf5", "day/002_01_000_2_01.hdf5"]
    assert layout_of(tree(*names), "auto").name == "wmca"
    assert layout_of(tree(*names, others=("lists/PROTOCOL-LOO_Print.csv",)), "auto").name == "hq-wmca"
    assert layout_of(tree(*names, others=("PROTOCOL-.csv", "PROTOCOL-x.txt")), "auto").name == "wmca"


def test_nothing_at_all_is_an_empty_raw_and_anything_is_not():
    with pytest.raises(
        NothingToDoError,
        match=r"^no usable input: RAW is empty; if it lies on a network drive, is that mounted\?$",
    ):
        layout_of(tree(), "auto")
    for files in (tree(others=("a.txt",)), Tree(Path("/nowhere"), (), (), (Skipped("a.mp4", "broken"),))):
        with pytest.raises(
            NothingToDoError,
            match=r"^no layout recognises RAW. Seen: 0 photos and videos\.\nExpected class folders, RAW/",
        ):
            layout_of(files, "auto")


def test_a_tree_that_nobody_knows_is_told_the_layouts_for_files_of_ones_own_first():
    with pytest.raises(NothingToDoError) as error:
        layout_of(tree("a.mp4"), "auto")
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert LAYOUTS["folders"].expects in lines[1]
    assert "sources.csv" in lines[2]
    listed = lines[3].removeprefix("or a known data set: ").removesuffix(". Then: specaug scan RAW")
    assert set(listed.split(", ")) == LAYOUTS.keys() - {"folders", "csv"}


@pytest.mark.parametrize(
    ("media", "text"),
    [
        ([], "Seen: 0 photos and videos."),
        (["1.mp4"], "Seen: 1 photos and videos in '1.mp4'."),
        (["b/1.mp4", "b/2.mp4", "a.mp4"], "Seen: 3 photos and videos in 'a.mp4', 'b/'."),
        ([f"{n}/x.mp4" for n in range(6)], "Seen: 6 photos and videos in '0/', '1/', '2/', '3/', '4/', '5/'."),
        ([f"{n}/x.mp4" for n in range(7)], "Seen: 7 photos and videos in '0/', '1/', '2/', '3/', '4/', '5/', …."),
        (["\x1b[1m é/1.mp4"], r"Seen: 1 photos and videos in '\x1b[1m \xe9/'."),
        (
            ["z/live/1.mp4", "b/live/1.mp4", "b/x.mp4", "a/odd/1.mp4"],
            "Seen: 4 photos and videos in 'a/', 'b/', 'z/'."
            " The folder 'b/' would be understood if it were given as RAW.",
        ),
    ],
)  # fmt: skip
def test_what_was_seen_is_said_in_plain_characters(media, text):
    assert seen(tree(*media)) == text
