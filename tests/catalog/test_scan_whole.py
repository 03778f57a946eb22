"""A scan as a whole: what becomes a source, what is skipped or broken, and the notes in their order."""

from __future__ import annotations

from importlib import import_module

import pytest
from trees import SETS, Files, msu_mfsd, nuaa, under, write_names

from specaug.catalog import scan
from specaug.errors import ArgumentError, CatalogError, NothingToDoError
from specaug.install_hint import install_hint


def plain(*names: str) -> Files:
    return dict.fromkeys(names)


TRAIN_NOTE = "All sources are 'train': RAW names no other split, and no --split is given."


def test_sources_are_sorted_by_their_bytes(tmp_path):
    names = ["spoof/a.mp4", "live/b.mp4", "live/B.mp4", "live/b/1.mp4", "live/é.mp4", "Live/z.mp4"]
    catalog = scan(write_names(plain(*names), tmp_path))
    expected = ["Live/z.mp4", "live/B.mp4", "live/b.mp4", "live/b/1.mp4", "live/é.mp4", "spoof/a.mp4"]
    assert [s.path for s in catalog.sources] == expected


def test_a_path_may_be_text_and_sources_have_no_ids(tmp_path):
    write_names(plain("live/1.mp4"), tmp_path)
    assert scan(str(tmp_path)) == scan(tmp_path)
    assert scan(tmp_path).sources[0].source_id == ""


def test_a_scan_opens_no_media(tmp_path, monkeypatch):
    raw = write_names(SETS["casia-fasd"](1), tmp_path)
    before = scan(raw)
    for path in raw.rglob("*.avi"):
        path.write_bytes(b"")
        path.chmod(0)
    assert scan(raw) == before


def test_media_that_cannot_be_opened_are_no_sources_and_not_skipped(tmp_path):
    raw = write_names(plain("dev/live/ann/1.mp4", "test/spoof/mask/bob/2.mp4"), tmp_path)
    for name in ("dev/live/ann/gone.mp4", "odd.mp4", "Zoo/strange.jpg", "live.mp4"):
        (raw / name).parent.mkdir(exist_ok=True)
        (raw / name).symlink_to("nowhere")
    catalog = scan(raw)
    assert [s.path for s in catalog.sources] == ["dev/live/ann/1.mp4", "test/spoof/mask/bob/2.mp4"]
    assert catalog.skipped == ()
    facts = [(s.path, s.label, s.pai, s.subject, s.split, s.dataset) for s, _ in catalog.broken]
    assert facts == [
        ("dev/live/ann/gone.mp4", "bonafide", "none", "ann", "dev", "folders"),
        ("Zoo/strange.jpg", "bonafide", "none", None, "train", "folders"),
        ("live.mp4", "bonafide", "none", None, "train", "folders"),
        ("odd.mp4", "bonafide", "none", None, "train", "folders"),
    ]
    assert {reason for _, reason in catalog.broken} == {"link leads nowhere"}


def test_a_raw_of_nothing_but_broken_media_is_something_to_do(tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live/1.mp4").symlink_to("nowhere")
    catalog = scan(tmp_path)
    assert (catalog.sources, len(catalog.broken), catalog.layout) == ((), 1, "folders")
    assert len(scan(tmp_path, layout="siw").broken) == 1


@pytest.mark.parametrize("layout", ["folders", "siw", "wmca"])
def test_a_layout_that_understands_nothing_is_nothing_to_do(tmp_path, layout):
    write_names(plain("x/1.mp4", "y/live/2.mp4"), tmp_path)
    message = (
        rf"^no usable input in RAW as layout '{layout}'\. Seen: 2 photos and videos in 'x/', 'y/'\. The f"
    )
    with pytest.raises(NothingToDoError, match=message):
        scan(tmp_path, layout=layout)


def test_a_data_set_names_its_sources_where_a_list_names_none(tmp_path):
    files = plain("a.mp4", "b.mp4") | {"sources.csv": "path,label,dataset\na.mp4,live,mine\nb.mp4,live,\n"}
    assert [s.dataset for s in scan(write_names(files, tmp_path)).sources] == ["mine", "csv"]


def test_what_a_layout_says_of_a_file_goes_before_what_its_ending_says(tmp_path):
    catalog = scan(write_names(msu_mfsd(1) | {"readme.pdf": "x", "scene01/a.face": "1"}, tmp_path))
    assert [(s.path, s.reason) for s in catalog.skipped] == [
        ("readme.pdf", "not a photo or video (.pdf)"),
        ("scene01/a.face", "face boxes beside a video"),
        ("test_sub_list.txt", "list of clients"),
        ("train_sub_list.txt", "list of clients"),
    ]


def test_media_are_skipped_before_other_files(tmp_path):
    catalog = scan(write_names(plain("live/1.mp4", "z.mp4") | {"a.txt": "x"}, tmp_path))
    assert [s.path for s in catalog.skipped] == ["z.mp4", "a.txt"]


NOTES = [
    ({}, [TRAIN_NOTE]),
    (
        {"split": (1, 0, 1), "seed": 2},
        ["Whole subjects are assigned to splits by a hash keyed with seed 2, shares 1:0:1."],
    ),
    ({"dev_from_train": 0.5}, ["RAW has no dev split: 1 of 2 subjects of train"]),
    (
        {"split": (1, 0, 0), "dev_from_train": 0.5, "seed": 3},
        [
            "hash keyed with seed 3, shares 1:0:0.",
            "chosen by a hash keyed with seed 3 (--dev-from-train 0.5)",
        ],
    ),
]


@pytest.mark.parametrize(("wishes", "notes"), NOTES)
def test_what_is_decided_for_the_user_is_said(tmp_path, wishes, notes):
    catalog = scan(write_names(plain("live/ann/1.mp4", "live/bob/2.mp4"), tmp_path), **wishes)
    assert len(catalog.notes) == len(notes)
    assert all(part in note for part, note in zip(notes, catalog.notes, strict=True))


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"split": (1, 1, 1)}, "split: RAW has splits of its own"),
        ({"split": (0, 1, 0), "dev_from_train": 0.5}, "split: RAW has splits of its own"),
        ({"dev_from_train": 0.5}, "dev_from_train: RAW has a dev split of its own"),
    ],
)
def test_wishes_that_raw_contradicts_are_refused(tmp_path, wishes, message):
    raw = write_names(plain("train/live/ann/1.mp4", "dev/live/bob/2.mp4"), tmp_path)
    with pytest.raises(ArgumentError, match=message):
        scan(raw, **wishes)


def test_notes_come_in_one_order_from_counts_to_leaks(tmp_path):
    files = nuaa(2, versions=["raw"])
    first = files["raw/client_train_raw.txt"].splitlines()[0]
    files["raw/client_test_raw.txt"] = first + "\nraw/none.jpg\n" + files["raw/client_test_raw.txt"]
    files["raw/client_train_raw.txt"] = files["raw/client_train_raw.txt"].replace(first, "")
    del files["raw/imposter_test_raw.txt"]
    catalog = scan(write_names(files, tmp_path), dev_from_train=0.5)
    starts = [
        "nuaa: imposter_test_raw.txt not there",
        "1 files are missing, the first is",
        "RAW has no dev",
        "Leakage: 1 ",
    ]
    assert len(catalog.notes) == len(starts)
    assert all(note.startswith(start) for note, start in zip(catalog.notes, starts, strict=True))


def test_files_are_missing_by_their_names(tmp_path):
    files = msu_mfsd()
    for client in ("002", "003"):
        del files[f"scene01/real/real_client{client}_laptop_SD_scene01.mov"]
    catalog = scan(write_names(files, tmp_path))
    names = tuple(f"scene01/real/real_client{client}_laptop_SD_scene01" for client in ("002", "003"))
    assert catalog.missing == names
    assert f"2 files are missing, the first is {names[0]!r}." in catalog.notes


@pytest.mark.parametrize(
    ("files", "count"), [(plain("live/1.mp4"), 0), (plain("live/1.h5", "live/2.HDF5", "live/3.mp4"), 2)]
)
def test_hdf5_is_said_only_where_there_is_some_and_no_reader(tmp_path, monkeypatch, files, count):
    monkeypatch.setattr(import_module("specaug.catalog.scan_raw"), "find_spec", lambda name: None)
    notes = [note for note in scan(write_names(files, tmp_path)).notes if "h5py" in note]
    assert notes == [f"{count} sources are HDF5 and cannot be read without h5py: {install_hint('h5')}."] * (
        count > 0
    )


def test_links_out_of_raw_are_sources_only_where_they_are_accepted(tmp_path):
    raw = write_names(plain("raw/live/1.mp4", "else/2.mp4"), tmp_path) / "raw"
    (raw / "live/more").symlink_to("../../else", target_is_directory=True)
    catalog = scan(raw)
    assert [s.path for s in catalog.sources] == ["live/1.mp4"]
    assert [(s.path, s.reason[:15]) for s in catalog.skipped] == [("live/more", "link leaves RAW")]
    assert [s.path for s in scan(raw, follow_symlinks=True).sources] == ["live/1.mp4", "live/more/2.mp4"]


def test_a_file_of_roots_is_taken_only_by_auto_and_only_at_the_top(tmp_path):
    raw = write_names(plain("a/live/1.mp4", "live/2.mp4"), tmp_path)
    (raw / "sources.toml").write_text('[roots.A]\npath = "a"\n')
    assert [s.path for s in scan(raw).sources] == ["a/live/1.mp4"]
    assert [s.path for s in scan(raw, layout="folders").sources] == ["live/2.mp4"]
    assert "sources.toml" not in {s.path for s in scan(raw).skipped}
    (raw / "sources.toml").rename(raw / "a/sources.toml")
    assert scan(raw).layout == "folders"


def test_two_copies_of_a_data_set_in_folders_of_raw_are_read_once(tmp_path):
    files = under("small", SETS["casia-fasd"](1)) | under("large", SETS["casia-fasd"](2))
    catalog = scan(write_names(files, tmp_path))
    assert {s.path.split("/")[0] for s in catalog.sources} == {"large"}
    assert {s.path.split("/")[0] for s in catalog.skipped} == {"small"}


def test_raw_has_to_be_there(tmp_path):
    with pytest.raises(CatalogError, match="RAW: expected an existing folder"):
        scan(tmp_path / "none", layout="siw")
