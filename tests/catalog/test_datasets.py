"""What single names mean, and that a scan finds each data set by itself."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from reading import by_path, facts, read
from trees import SETS, under, write_names

from specaug.catalog import scan
from specaug.install_hint import install_hint

SPECIES = {"none", "print", "replay", "mask", "makeup", "partial", "unknown"}

NAMES = [
    ("oulu-npu", "Train_files/3_2_04_1.avi", ("bonafide", "none", "04", "2", "3", "train")),
    ("oulu-npu", "Dev_files/1_1_21_3.avi", ("attack", "print/2", "21", "1", "1", "dev")),
    ("oulu-npu", "Test_files/6_3_39_4.avi", ("attack", "replay/1", "39", "3", "6", "test")),
    ("siw", "Train/live/003/003-1-1-2-1.mov", ("bonafide", "none", "003", "2-1", "1", "train")),
    ("siw", "Test/live/091/091-2-1-1-1.m.mov", ("bonafide", "none", "091", "1-1", "2", "test")),
    ("siw", "Train/spoof/003/003-1-2-1-1.mov", ("attack", "print/1", "003", "1", "1", "train")),
    ("siw", "Test/spoof/091/091-2-3-4-2.mp4", ("attack", "replay/4", "091", "2", "2", "test")),
    ("siw-m", "Live/Live_2.mov", ("bonafide", "none", None, None, None, "train")),
    ("siw-m", "Spoof/Paper/Paper_1.mp4", ("attack", "print", None, None, None, "train")),
    ("siw-m", "Spoof/Mask_HalfMask/Mask_Half_2.mp4", ("attack", "mask/half", None, None, None, "train")),
    ("casia-fasd", "train_release/1/HR_1.avi", ("bonafide", "none", "1", "HR_1", "high", "train")),
    ("casia-fasd", "test_release/1/4.avi", ("attack", "print/warped", "21", "4", "low", "test")),
    ("casia-fasd", "test_release/2/5.avi", ("attack", "print/cut", "22", "5", "normal", "test")),
    (
        "replay-attack",
        "devel/real/client021_session01_webcam_authenticate_adverse_2.mov",
        ("bonafide", "none", "021", "adverse_2", "webcam", "dev"),
    ),
    (
        "replay-attack",
        "test/attack/hand/attack_highdef_client041_session01_highdef_photo_controlled.mov",
        ("attack", "replay/highdef_photo", "041", "hand_controlled", "webcam", "test"),
    ),
    (
        "replay-mobile",
        "train/real/client003_session02_authenticate_tablet_lateral.mov",
        ("bonafide", "none", "003", "lateral", "tablet", "train"),
    ),
    (
        "replay-mobile",
        "devel/attack/attack_client005_session01_mattescreen_fixed_mobile_video_lightoff.mov",
        ("attack", "replay/mattescreen_video", "005", "fixed_lightoff", "mobile", "dev"),
    ),
    (
        "msu-mfsd",
        "scene01/attack/attack_client013_laptop_SD_printed_photo_scene01.mov",
        ("attack", "print", "013", "scene01", "laptop", "test"),
    ),
    ("celeba-spoof", "Data/train/1/live/000001.png", ("bonafide", "none", "1", None, None, "train")),
    (
        "celeba-spoof",
        "Data/test/5001/spoof/000050.png",
        ("attack", "mask/upper_body", "5001", None, None, "test"),
    ),
    ("rose-youtu", "2/G_NT_5s_g_E_2_1.mp4", ("bonafide", "none", "2", "NT_g_E_1", "5s", "train")),
    ("rose-youtu", "3/Vm_T_5s_g_E_3_6.mp4", ("attack", "replay/mac", "3", "T_g_E_6", "5s", "train")),
    ("3dmad", "Data 2/01_02_05.hdf5", ("bonafide", "none", "01", "02", "kinect", "train")),
    ("3dmad", "Data 3/02_03_01.hdf5", ("attack", "mask", "02", "03", "kinect", "train")),
    ("hkbu-mars", "attack/02/05_01_02_1.avi", ("attack", "mask", "02", "01", "05", "train")),
    ("wmca", "day1/002_02_000_0_01.hdf5", ("bonafide", "none", "002", "02", None, "train")),
    ("wmca", "day2/002_02_000_3_10.hdf5", ("attack", "print/3_10", "002", "02", None, "train")),
    ("hq-wmca", "day1/041_09_000_1_09.h5", ("attack", "replay", "041", "09", None, "test")),
    ("nuaa", "raw/ClientRaw/0001/0001_00_00_01_0.jpg", ("bonafide", "none", "0001", None, None, "train")),
    ("nuaa", "raw/ImposterRaw/0006/0006_00_00_01_0.jpg", ("attack", "print", "0006", None, None, "test")),
    ("lcc-fasd", "LCC_FASD_development/spoof/spoof_900.png", ("attack", "unknown", None, None, None, "dev")),
    ("casia-surf", "Training/0001/000001-color.jpg", ("bonafide", "none", None, None, None, "train")),
    ("synthaspoof", "BonaFide/img00000001.png", ("bonafide", "none", "img00000001", None, None, "train")),
    (
        "synthaspoof",
        "PAs/iPad_ReplayAttack/img00000002.png",
        ("attack", "replay/ipad", "img00000002", None, None, "train"),
    ),
    ("casia-surf", "Val/0002/000002-color.jpg", ("attack", "print", None, None, None, "dev")),
]


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> dict[str, Path]:
    """A small tree of each data set on disk."""
    root = tmp_path_factory.mktemp("trees")
    return {name: write_names(make(4), root / name) for name, make in SETS.items()}


@pytest.mark.parametrize(("name", "path", "expected"), NAMES)
def test_a_name_means(tmp_path, name, path, expected):
    assert facts(by_path(read(name, SETS[name](4), tmp_path))[path]) == expected


@pytest.mark.parametrize("name", SETS)
def test_auto_recognises_it_and_reads_what_the_name_would(trees, name):
    catalog = scan(trees[name])
    assert catalog.layout == name
    assert catalog == scan(trees[name], layout=name)
    assert catalog.sources


@pytest.mark.parametrize("name", SETS)
def test_every_file_is_a_source_or_is_listed_with_a_reason(trees, name):
    catalog = scan(trees[name])
    on_disk = {p.relative_to(trees[name]).as_posix() for p in trees[name].rglob("*") if p.is_file()}
    listed = [s.path for s in (*catalog.sources, *catalog.skipped)]
    assert sorted(listed) == sorted(on_disk - {"sources.csv"})
    assert all(s.reason for s in catalog.skipped)


@pytest.mark.parametrize("name", SETS)
def test_labels_species_and_data_set_are_consistent(trees, name):
    for source in scan(trees[name]).sources:
        assert source.dataset == name
        assert source.pai.split("/")[0] in SPECIES
        assert (source.pai == "none") == (source.label == "bonafide")


@pytest.mark.parametrize("name", [name for name in SETS if name not in ("folders", "csv")])
def test_a_folder_around_it_changes_nothing_but_paths(trees, tmp_path, name):
    catalog = scan(write_names(under("My copy", SETS[name](4)), tmp_path))
    assert catalog.layout == name
    plain = scan(trees[name])
    assert [("My copy/" + s.path, facts(s)) for s in plain.sources] == [
        (s.path, facts(s)) for s in catalog.sources
    ]


@pytest.mark.parametrize("ending", [".MOV", ".Mp4"])
def test_endings_may_be_upper_case_or_those_of_another_container(tmp_path, ending):
    files = {path.replace(".avi", ending): text for path, text in SETS["oulu-npu"](1).items()}
    assert len(scan(write_names(files, tmp_path)).sources) == 270


def test_what_lies_in_a_data_set_and_does_not_fit_is_skipped(trees, tmp_path):
    for name in set(SETS) - {"csv", "folders"}:
        root = write_names(SETS[name](4) | {"holiday.mp4": None, "notes.docx": "x"}, tmp_path / name)
        catalog = scan(root)
        assert catalog.layout == name
        reasons = {s.path: s.reason for s in catalog.skipped}
        assert reasons["holiday.mp4"]
        assert reasons["notes.docx"] == "not a photo or video (.docx)"
        assert [s.path for s in catalog.sources] == [s.path for s in scan(trees[name]).sources]


def test_hdf5_without_h5py_is_said(trees, monkeypatch):
    assert not any("h5py" in note for note in scan(trees["3dmad"]).notes)
    module = import_module("specaug.catalog.scan_raw")  # the package's attribute of this name is the function
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert (
        f"60 sources are HDF5 and cannot be read without h5py: {install_hint('h5')}."
        in scan(trees["3dmad"]).notes
    )
