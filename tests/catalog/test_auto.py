"""``--layout auto`` never guesses between two: it says what it saw."""

from __future__ import annotations

import itertools

import pytest
from trees import SETS, media, under, write_names

from specaug.catalog import scan
from specaug.errors import CatalogError, NothingToDoError

NAMED = [name for name in SETS if name not in ("folders", "csv")]


# Where a list of HQ-WMCA is, it decides: the names of WMCA may be alike.
PAIRS = [pair for pair in itertools.pairwise([*NAMED, NAMED[0]]) if pair != ("wmca", "hq-wmca")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_data_sets_in_one_folder_are_refused(tmp_path, one, other):
    files = under("a", SETS[one](2)) | under("b", SETS[other](1))
    with pytest.raises(CatalogError) as error:
        scan(write_names(files, tmp_path))
    text = str(error.value)
    assert one in text
    assert other in text
    assert "--layout" in text
    assert "sources.toml" in text


def test_a_few_names_of_a_data_set_among_plain_folders_are_no_proof(tmp_path):
    files = media(f"train/live/s{n}/{n}.mp4" for n in range(6)) | media(["train/spoof/G_NT_5s_g_E_2_1.mp4"])
    root = write_names(files, tmp_path)
    with pytest.raises(CatalogError, match=r"may be rose-youtu or folders \(rose-youtu: 1 files such as"):
        scan(root)
    assert len(scan(root, layout="folders").sources) == 7
    assert len(scan(root, layout="rose-youtu").sources) == 1


def test_names_of_a_data_set_win_over_its_folders(tmp_path):
    catalog = scan(write_names(SETS["siw"](2), tmp_path))
    assert catalog.layout == "siw"
    assert len(scan(tmp_path, layout="folders").sources) > 0


def test_a_list_wins_over_names(tmp_path):
    files = SETS["oulu-npu"](1) | {"sources.csv": "path,label\nTrain_files/1_1_01_2.avi,live\n"}
    catalog = scan(write_names(files, tmp_path))
    assert (catalog.layout, len(catalog.sources)) == ("csv", 1)


def test_what_nobody_knows_is_refused_with_what_was_seen(tmp_path):
    root = write_names(media(["holiday/1.mp4", "2.jpg"]), tmp_path)
    with pytest.raises(
        NothingToDoError, match=r"Seen: 2 photos and videos in '2.jpg', 'holiday/'\.\nExpected class folders"
    ):
        scan(root)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_layout_that_finds_nothing_is_refused(tmp_path, name):
    root = write_names(media(["holiday/1.mp4"]), tmp_path)
    with pytest.raises((NothingToDoError, CatalogError), match=name):
        scan(root, layout=name)
