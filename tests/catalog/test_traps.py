"""Wrong files of each kind are listed with their reason; polarity, doubled folders, equal names, broken lists."""

from __future__ import annotations

import json

import pytest
from reading import by_path, counts, read, reason_of
from trees import (
    SETS,
    casia_fasd,
    celeba_spoof,
    msu_mfsd,
    nuaa,
    oulu_npu,
    replay_attack,
    siw,
    siw_m,
    write_names,
)

from specaug.catalog import scan
from specaug.errors import CatalogError

WRONG = [
    ("oulu-npu", "Train_files/1_1_36_1.avi", "user 36 does not belong into Train_files"),
    ("oulu-npu", "Train_files/7_1_01_1.avi", "expects {Train,Dev,Test}_files"),
    ("oulu-npu", "Train_files/1_4_01_1.avi", "not understood"),
    ("oulu-npu", "Train_files/1_1_01_6.avi", "not understood"),
    ("oulu-npu", "Train_files/1_1_1_1.avi", "not understood"),
    ("oulu-npu", "Extra_files/1_1_01_1.avi", "not understood"),
    ("oulu-npu", "Train_files/1_1_01_1.jpg", "expects video or frames here, not image"),
    ("oulu-npu", "Train_files/1_1_01_1.mp4", "the same recording as 'Train_files/1_1_01_1.avi'"),
    ("siw", "Train/live/004/003-1-1-1-1.mov", "subject 003 in the folder of 004"),
    ("siw", "Train/live/166/166-1-1-1-1.mov", "of 001 to 165"),
    ("siw", "Train/live/003/003-1-2-1-1.mov", "type 2 is print, the folder is live"),
    ("siw", "Train/spoof/003/003-1-1-1-1.mov", "type 1 is live, the folder is spoof"),
    ("siw", "Train/spoof/003/003-1-2-3-1.mov", "print has the media 1, 2, not 3"),
    ("siw", "Train/spoof/003/003_1_2_1_1.mov", "not understood"),
    ("siw-m", "Spoof/Papier/Paper_1.mov", "Papier is no kind of attack of siw-m"),
    ("siw-m", "Spoof/Paper/Replay_3.mov", "names in Paper start with Paper_"),
    ("siw-m", "Live/live1.mov", "not understood"),
    ("casia-fasd", "train_release/21/1.avi", "train_release has subjects 1 to 20, not 21"),
    ("casia-fasd", "test_release/1/9.avi", "not understood"),
    ("casia-fasd", "test_release/1/HR_5.avi", "not understood"),
    ("replay-attack", "enroll/train/client009_session01_webcam_enroll_adverse.mov", "enrolment clip"),
    (
        "replay-attack",
        "train/attack/hand/attack_print_client001_session01_highdef_video_adverse.mov",
        "a print shows a photo, not a video",
    ),
    (
        "replay-attack",
        "train/attack/attack_print_client001_session01_highdef_photo_adverse.mov",
        "not understood",
    ),
    ("replay-attack", "train/real/client001_session01_webcam_authenticate_adverse_3.mov", "not understood"),
    (
        "replay-mobile",
        "train/real/client005_session02_authenticate_mobile_direct.mov",
        "does not belong into train",
    ),
    (
        "replay-mobile",
        "enroll/test/client002_session01_enroll_mobile_lighton.mov",
        "the same recording|enrolment",
    ),
    (
        "replay-mobile",
        "train/attack/attack_client001_session01_print_hand_mobile_video_lighton.mov",
        "a print shows a photo",
    ),
    ("msu-mfsd", "scene01/real/real_client004_android_SD_scene01.mp4", "its client is in no list"),
    ("msu-mfsd", "scene01/attack/real_client002_android_SD_scene01.mp4", "in the folder attack"),
    ("msu-mfsd", "scene01/real/real_client02_android_SD_scene01.mp4", "not understood"),
    ("celeba-spoof", "Data/train/1/spoof/999999.png", "its name is not in the list of train"),
    ("celeba-spoof", "Data/train/1/fake/000001.png", "not understood"),
    ("celeba-spoof", "Data/val/1/live/000001.png", "not understood"),
    ("rose-youtu", "2/X_NT_5s_g_E_2_1.mp4", "not understood"),
    ("rose-youtu", "2/Ml_NT_5s_g_E_2_1.mp4", "not understood"),
    ("3dmad", "Data/18_01_01.hdf5", "subject 18 of 01 to 17"),
    ("3dmad", "Data/01_04_01.hdf5", "not understood"),
    ("3dmad", "Data/01_01_06.hdf5", "not understood"),
    ("3dmad", "Data/01_01_01.avi", "expects hdf5 here, not video"),
    ("hkbu-mars", "real/01/08_01_01_1.avi", "not understood"),
    ("hkbu-mars", "real/one/01_01_01_1.avi", "not understood"),
    ("wmca", "day1/018_02_000_4_10.hdf5", "the meaning of type 4 is not known"),
    ("wmca", "day1/18_02_000_3_10.hdf5", "not understood"),
    ("hq-wmca", "day1/001_77_000_0_77.h5", "not in PROTOCOL-grand_test-curated.csv"),
    ("nuaa", "raw/ClientRaw/0001/0002_00_00_01_0.jpg", "subject 0002 in the folder of 0001"),
    ("nuaa", "raw/ClientRaw/0001/0001_00_00_01_9.jpg", "in no list of its version"),
    ("nuaa", "raw/ClientFace/0001/0001_00_00_01_0.jpg", "not understood"),
    ("lcc-fasd", "LCC_FASD_test/real/1.png", "not understood"),
    ("lcc-fasd", "LCC_FASD_training/fake/1.png", "not understood"),
    ("lcc-fasd", "LCC_FASD_training/real/1.mp4", "expects image here, not video"),
    ("casia-surf", "Training/0001/000099-color.jpg", "in no list"),
    ("synthaspoof", "PAs/Mask_Attack/img00000001.png", "not understood"),
    ("synthaspoof", "BonaFide/1.png", "not understood"),
    ("synthaspoof", "BonaFide/img00000099.mp4", "expects image here, not video"),
]


@pytest.mark.parametrize(("name", "path", "reason"), WRONG)
def test_a_wrong_file_is_listed_and_changes_nothing_else(tmp_path, name, path, reason):
    files = SETS[name](3)
    before = by_path(read(name, files, tmp_path / "a"))
    assert path not in before
    reading = read(name, files | {path: None}, tmp_path / "b")
    assert by_path(reading) == before
    assert any(part in reason_of(reading, path) for part in reason.split("|"))


def test_celeba_counts_one_as_spoof_and_casia_surf_as_live(tmp_path):
    celeba = json.loads(celeba_spoof(1)["metas/intra_test/train_label.json"])
    reading = read("celeba-spoof", celeba_spoof(1), tmp_path / "a")
    labels = {s.path: s.label for s in reading.sources if s.split == "train"}
    assert labels == {path: ("bonafide", "attack")[value[43]] for path, value in celeba.items()}
    surf = SETS["casia-surf"](4)
    rows = [line.split() for line in surf["train_list.txt"].splitlines()]
    reading = read("casia-surf", surf, tmp_path / "b")
    assert {s.path: s.label for s in reading.sources if s.split == "train"} == {
        row[0]: ("attack", "bonafide")[int(row[3])] for row in rows
    }


def test_oulu_has_minus_two_for_replays_of_test_alone(tmp_path):
    files = oulu_npu(1)
    files["Protocols/Protocol_1/Test.txt"] = "-1,1_3_36_4\n"
    with pytest.raises(CatalogError, match=r"Test.txt, line 1: label -1 contradicts .* 'replay/1'"):
        read("oulu-npu", files, tmp_path / "a", "1")
    files["Protocols/Protocol_1/Test.txt"] = "-2,1_3_36_4\n +1 , 1_3_36_1 \n\n"
    reading = read("oulu-npu", files, tmp_path / "b", "1")
    assert counts(reading)["test"] == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("+1,1_1_01_2\n", "label [+]1 contradicts the name, which says 'print/1'"),
        ("-1,1_1_01_1\n", "label -1 contradicts the name, which says 'none'"),
        ("+1,1_1_36_1\n", "user 36 does not belong into Train_files"),
        ("+1,holiday\n", "no name of oulu-npu"),
        ("0,1_1_01_1\n", "expected a label of"),
        ("+1,1_1_01_1\n1_1_01_1\n", "2: expected a label of"),
    ],
)
def test_a_list_that_contradicts_the_names_is_refused(tmp_path, text, message):
    files = oulu_npu(1) | {"Protocols/Protocol_1/Train.txt": text}
    with pytest.raises(CatalogError, match=f"Protocols/Protocol_1/Train.txt, line .*{message}"):
        read("oulu-npu", files, tmp_path, "1")


@pytest.mark.parametrize("protocol", [None, "3_2"])
def test_doubled_archive_folders_are_one(tmp_path, protocol):
    doubled = read("oulu-npu", oulu_npu(2, doubled=True), tmp_path / "a", protocol)
    plain = read("oulu-npu", oulu_npu(2), tmp_path / "b", protocol)
    assert counts(doubled) == counts(plain)
    assert not any("is not there" in note for note in doubled.notes)
    both = oulu_npu(2) | oulu_npu(2, doubled=True)
    assert counts(read("oulu-npu", both, tmp_path / "c", protocol)) == counts(plain)


def test_siw_names_that_end_in_m_are_read(tmp_path):
    files = siw()
    odd = [path for path in files if path.endswith(".m.mov")]
    assert len(odd) == 16
    found = by_path(read("siw", files, tmp_path))
    assert {found[path].label for path in odd} == {"bonafide"}


def test_casia_subjects_of_test_do_not_restart(tmp_path):
    reading = read("casia-fasd", casia_fasd(), tmp_path)
    ids = {
        split: {int(s.subject) for s in reading.sources if s.split == split} for split in ("train", "test")
    }
    assert ids == {"train": set(range(1, 21)), "test": set(range(21, 51))}


def test_equal_names_in_other_folders_are_other_sources(tmp_path):
    reading = read("replay-attack", replay_attack(1), tmp_path / "a")
    names = [s.path.rpartition("/")[2] for s in reading.sources if s.label == "attack"]
    assert len(set(names)) == len(names) / 2
    reading = read("nuaa", nuaa(2), tmp_path / "b")
    names = [s.path.rpartition("/")[2] for s in reading.sources]
    assert len(set(names)) == len(names) / 2


def test_msu_lists_have_two_digits_and_decide(tmp_path):
    files = msu_mfsd()
    files["train_sub_list.txt"] = files["train_sub_list.txt"].replace("02\r\n", "")
    files["test_sub_list.txt"] += "02\r\n"
    assert counts(read("msu-mfsd", files, tmp_path / "a")) == {"train": (28, 84), "test": (42, 126)}
    files["train_sub_list.txt"] += "2\n"
    with pytest.raises(CatalogError, match=r"test_sub_list.txt, line 21: client 2 is in train already"):
        read("msu-mfsd", files, tmp_path / "b")
    files["train_sub_list.txt"] = "client002\n"
    with pytest.raises(CatalogError, match=r"train_sub_list.txt, line 1: expected the number of a client"):
        read("msu-mfsd", files, tmp_path / "c")
    assert counts(read("msu-mfsd", msu_mfsd(lists=False, scene=""), tmp_path / "d")) == {
        "train": (30, 90),
        "test": (40, 120),
    }


def test_msu_turns_six_videos_and_no_other(tmp_path):
    reading = read("msu-mfsd", msu_mfsd(), tmp_path)
    turned = {s.path.rpartition("/")[2] for s in reading.sources if s.turn != "none"}
    assert turned == {f"real_client{n:03}_android_SD_scene01.mp4" for n in (3, 5, 6, 7, 8, 9)}
    assert {s.turn for s in reading.sources} == {"none", "180"}


def test_orientation_of_other_sets_is_told_per_sensor_or_looked_at(tmp_path):
    reading = read("hkbu-mars", SETS["hkbu-mars"](1), tmp_path / "a")
    assert {s.device: s.turn for s in reading.sources} == {
        "01": "none", "02": "none", "03": "none", "04": "90", "05": "270", "06": "270", "07": "none",
    }  # fmt: skip
    assert {s.turn for s in read("replay-mobile", SETS["replay-mobile"](1), tmp_path / "b").sources} == {
        "look"
    }


def test_siw_m_takes_both_spellings_and_says_what_contradicts(tmp_path):
    files = {"Spoof/Mannequin/Mask_Mann_1.mov": None, "Spoof/Silicone/Mask_Silicone_1.mov": None}
    assert sorted(s.pai for s in read("siw-m", files, tmp_path / "a").sources) == [
        "mask/mannequin",
        "mask/silicone",
    ]
    files = siw_m(4)
    files["pro_3_text/testlist_live.txt"] += "Live_1\n"
    with pytest.raises(CatalogError, match="'Live_1' is in a list of"):
        read("siw-m", files, tmp_path / "b", "3")
    with pytest.raises(CatalogError, match=r"needs trainlist_live.txt, trainlist_all.txt, testlist_live.txt"):
        read("siw-m", siw_m(4, lists=False), tmp_path / "c", "3")


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [(40, 0, "contradict"), (40, 11, "spoof type 11"), (43, 0, "contradict"), (43, 2, "label 2")],
)
def test_a_label_of_celeba_that_contradicts_is_not_used(tmp_path, kind, value, reason):
    files = celeba_spoof(1)
    labels = json.loads(files["metas/intra_test/train_label.json"])
    labels["Data/train/1/spoof/000002.png"][kind] = value
    files["metas/intra_test/train_label.json"] = json.dumps(labels)
    assert reason in reason_of(read("celeba-spoof", files, tmp_path), "Data/train/1/spoof/000002.png")


def test_celeba_without_lists_has_labels_and_no_species(tmp_path):
    reading = read("celeba-spoof", celeba_spoof(2, lists=False), tmp_path / "a")
    assert counts(reading) == {"train": (2, 20), "test": (2, 20)}
    assert {s.pai for s in reading.sources} == {"none", "unknown"}
    assert any("species of attacks are unknown" in note for note in reading.notes)
    with pytest.raises(CatalogError, match="intra_test of celeba-spoof needs metas/intra_test/train_label"):
        read("celeba-spoof", celeba_spoof(2, lists=False), tmp_path / "b", "intra_test")


@pytest.mark.parametrize("text", ["{", "[]", '{"a.png": [1, 2]}'])
def test_broken_labels_of_celeba_are_refused(tmp_path, text):
    files = celeba_spoof(1) | {"metas/intra_test/train_label.json": text}
    with pytest.raises(CatalogError, match=r"metas/intra_test/train_label\.json: .*expected"):
        read("celeba-spoof", files, tmp_path)


def test_what_lists_name_and_raw_has_not_is_missing(tmp_path):
    files = SETS["casia-surf"](4)
    del files["Val/0002/000002-color.jpg"]
    reading = read("casia-surf", files, tmp_path / "a")
    assert reading.missing == ["Val/0002/000002-color.jpg"]
    files = nuaa(2, versions=["raw"])
    del files["raw/ImposterRaw/0006/0006_00_00_01_2.jpg"]
    assert read("nuaa", files, tmp_path / "b").missing == ["raw/ImposterRaw/0006/0006_00_00_01_2"]
    files = SETS["hq-wmca"](2)
    del files["day0/001_00_000_0_00.h5"]
    assert read("hq-wmca", files, tmp_path / "c").missing == ["day0/001_00_000_0_00"]


@pytest.mark.parametrize(
    ("name", "path", "text", "message"),
    [
        (
            "hq-wmca",
            "PROTOCOL-grand_test-curated.csv",
            "a,-1,attack/Print,x,train\n",
            "line 1: expected path",
        ),
        ("hq-wmca", "PROTOCOL-grand_test-curated.csv", "a,1,attack/Print,x,val\n", "line 1: expected path"),
        (
            "casia-surf",
            "train_list.txt",
            "a.jpg b.jpg c.jpg 2\n",
            "line 1: expected colour infrared depth 0|1",
        ),
        ("nuaa", "raw/client_train_raw.txt", "holiday\n", "line 1: expected the path of a photo"),
    ],
)
def test_broken_lists_name_the_line(tmp_path, name, path, text, message):
    with pytest.raises(CatalogError, match=f"{path}, {message}".replace("|", "[|]")):
        read(name, SETS[name](1) | {path: text}, tmp_path)


def test_a_list_of_hq_wmca_may_have_names_of_columns_and_endings(tmp_path):
    files = SETS["hq-wmca"](2)
    plain = read("hq-wmca", files, tmp_path / "a")
    name = "PROTOCOL-grand_test-curated.csv"
    rows = [row.replace(",", ".hdf5,", 1).replace(",1,", ",3,") for row in files[name].splitlines()]
    files[name] = "\n".join(["path,type,species,note,group", *rows])
    assert read("hq-wmca", files, tmp_path / "b").sources == plain.sources


def test_nuaa_uses_one_version_of_the_photos_and_all_its_lists(tmp_path):
    reading = read("nuaa", nuaa(2, versions=["face", "normalized"]), tmp_path / "a")
    assert {s.path.split("/")[0] for s in reading.sources} == {"Detectedface"}
    files = nuaa(2, versions=["raw"])
    del files["raw/client_test_raw.txt"]
    reading = read("nuaa", files, tmp_path / "b")
    assert counts(reading) == {"train": (6, 6), "test": (0, 6)}
    assert "client_test_raw.txt not there" in reading.notes[0]
    assert counts(read("nuaa", {p: t for p, t in files.items() if t is None}, tmp_path / "c")) == {
        "train": (12, 12)
    }


def test_a_leak_of_the_official_lists_is_said(tmp_path):
    files = nuaa(2, versions=["raw"])
    first = files["raw/client_train_raw.txt"].splitlines()[0]
    files["raw/client_train_raw.txt"] = files["raw/client_train_raw.txt"].replace(first, "")
    files["raw/client_test_raw.txt"] += first
    catalog = scan(write_names(files, tmp_path))
    assert any(note.startswith("Leakage: 1 subjects are in more than one split") for note in catalog.notes)


def test_sidecars_are_found_where_each_set_has_them(tmp_path):
    eyes = read("oulu-npu", oulu_npu(1, eyes=True), tmp_path / "a").sources
    assert {(s.boxes, s.box_format) for s in eyes} == {(s.path[:-3] + "txt", "eyes") for s in eyes}
    boxes = read("replay-attack", replay_attack(1), tmp_path / "b").sources
    assert {(s.boxes, s.box_format) for s in boxes} == {
        (f"face-locations/{s.path[:-3]}face", "boxes") for s in boxes
    }
    units = read("celeba-spoof", celeba_spoof(1), tmp_path / "c").sources
    assert {(s.boxes, s.box_format) for s in units} == {(s.path[:-4] + "_BB.txt", "unit224") for s in units}
    arrays = read("3dmad", SETS["3dmad"](1), tmp_path / "d").sources
    assert {(s.boxes, s.box_format) for s in arrays} == {(s.path, "eye_pos") for s in arrays}
