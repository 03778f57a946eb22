"""Lists of the data sets: which lines count, what they decide, and what is missing, short or said twice."""

from __future__ import annotations

import json

import pytest
from reading import by_path, counts, read, reason_of
from test_protocols import CASES
from trees import (
    SETS,
    Files,
    casia_fasd,
    celeba_spoof,
    in_memory,
    msu_mfsd,
    nuaa,
    replay_attack,
    siw,
    siw_m,
    smalltest,
)

from specaug.catalog import LAYOUTS
from specaug.catalog.layout import Evidence
from specaug.errors import CatalogError

FULL = [
    case
    for case in CASES
    if case[0] in ("casia-fasd", "replay-attack", "msu-mfsd", "3dmad") and case[1] != "mobile"
]


@pytest.fixture(scope="module")
def whole() -> dict[str, Files]:
    trees = {name: SETS[name]() for name in {case[0] for case in FULL} - {"replay-attack"}}
    return trees | {"replay-attack": replay_attack(boxes=False)}


@pytest.mark.parametrize(("name", "protocol", "expected"), FULL)
def test_a_tree_with_everything_is_complete_and_one_file_less_is_not(
    whole, tmp_path, name, protocol, expected
):
    reading = read(name, whole[name], tmp_path, protocol)
    note = next(note for note in reading.notes if " is complete: " in note)
    order = [split for split in ("train", "dev", "test") if split in expected]
    assert note.endswith(
        f": {', '.join('{} {}+{}'.format(split, *expected[split]) for split in order)} (bona fide + attack)."
    )
    assert note.startswith(name if protocol in (None, "overall") else f"{name}, protocol {protocol} ")
    gone = reading.sources[-1].path
    less = read(name, {path: text for path, text in whole[name].items() if path != gone}, tmp_path, protocol)
    assert any("is not complete: 1 files are missing; published" in note for note in less.notes)


SPECIES = [
    ("replay-attack", "photo", {"none", "print", "replay/mobile_photo", "replay/highdef_photo"}),
    ("replay-attack", "video", {"none", "replay/mobile_video", "replay/highdef_video"}),
    ("replay-attack", "mobile", {"none", "replay/mobile_photo", "replay/mobile_video"}),
    ("replay-attack", "highdef", {"none", "replay/highdef_photo", "replay/highdef_video"}),
    ("replay-attack", "digitalphoto", {"none", "replay/mobile_photo", "replay/highdef_photo"}),
    ("replay-attack", "print", {"none", "print"}),
    ("replay-mobile", "print", {"none", "print"}),
    ("replay-mobile", "mattescreen", {"none", "replay/mattescreen_photo", "replay/mattescreen_video"}),
    ("casia-fasd", "warped", {"none", "print/warped"}),
    ("casia-fasd", "cut", {"none", "print/cut"}),
    ("casia-fasd", "video", {"none", "replay"}),
    ("casia-fasd", "high", {"none", "print/warped", "print/cut", "replay"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "protocol", "expected"), SPECIES)
def test_a_protocol_of_species_uses_those_and_says_of_the_rest_that_it_does_not(
    tmp_path, name, protocol, expected
):
    reading = read(name, SETS[name](1), tmp_path, protocol)
    assert {source.pai for source in reading.sources} == expected
    assert any(skipped.reason == f"not in protocol {protocol}" for skipped in reading.skipped)


@pytest.mark.parametrize("protocol", ["low", "normal", "high"])
def test_a_scenario_of_quality_uses_one_quality(tmp_path, protocol):
    assert {s.device for s in read("casia-fasd", casia_fasd(1), tmp_path, protocol).sources} == {protocol}


PRINTS, REPLAYS = {"print/1", "print/2"}, {f"replay/{n}" for n in range(1, 5)}


@pytest.mark.parametrize(
    ("protocol", "train", "test"),
    [
        *((f"2_{k}", REPLAYS - {f"replay/{k}"}, {f"replay/{k}"}) for k in range(1, 5)),
        ("3_1", PRINTS, REPLAYS),
        ("3_2", REPLAYS, PRINTS),
    ],
)
def test_protocols_of_siw_test_what_train_has_not_seen(tmp_path, protocol, train, test):
    reading = read("siw", siw(92), tmp_path, protocol)
    found = {
        split: {s.pai for s in reading.sources if s.split == split} - {"none"} for split in ("train", "test")
    }
    assert found == {"train": train, "test": test}
    assert {s.split for s in reading.sources if s.pai == "none"} == {"train", "test"}


def test_what_is_counted_in_one_copy_of_siw_m_is_compared_kind_by_kind(tmp_path):
    files = siw_m()
    whole = read("siw-m", files, tmp_path)
    assert whole.notes == ["siw-m is complete: 1700 videos, as in the copy counted."]
    del files["Spoof/Partial_Eye/Partial_Eye_57.mp4"], files["Live/Live_1.mov"]
    assert read("siw-m", files, tmp_path).notes == [
        "siw-m is not complete, as counted in one copy: Live 784 of 785, Partial_Eye 56 of 57."
    ]
    more = siw_m() | {"Live/Live_786.mov": None}
    assert read("siw-m", more, tmp_path).notes == []


def test_protocol_3_of_siw_m_is_its_four_lists_and_no_fewer(tmp_path):
    files = siw_m(2)
    files["pro_3_text/trainlist_all.txt"] += "Paper_999\n"
    reading = read("siw-m", files, tmp_path / "a", "3")
    assert reading.missing == ["Paper_999"]
    assert counts(reading) == {"train": (1, 14), "test": (1, 14)}
    del files["pro_3_text/testlist_all.txt"]
    with pytest.raises(
        CatalogError, match=r"^protocol: protocol 3 of siw-m needs testlist_all\.txt somewhere in RAW$"
    ):
        read("siw-m", files, tmp_path / "b", "3")


KINDS = ("none", "print/photo", "print/poster", "print/a4", "mask/face", "mask/upper_body", "mask/region", "replay/pc",
         "replay/pad", "replay/phone", "mask/3d")  # fmt: skip


def test_the_spoof_types_of_celeba_are_its_eleven_in_their_order(tmp_path):
    files = celeba_spoof(1)
    labels = json.loads(files["metas/intra_test/train_label.json"])
    found = by_path(read("celeba-spoof", files, tmp_path))
    assert {path: found[path].pai for path in labels} == {
        path: KINDS[value[40]] for path, value in labels.items()
    }
    assert [value[40] for value in labels.values()] == list(range(11))


def test_one_list_of_celeba_gives_the_species_of_its_split(tmp_path):
    files = celeba_spoof(1)
    del files["metas/intra_test/test_label.json"], files["Data/train/1/spoof/000002.png"]
    reading = read("celeba-spoof", files, tmp_path)
    assert {s.pai for s in reading.sources if s.split == "test"} == {"none", "unknown"}
    assert "unknown" not in {s.pai for s in reading.sources if s.split == "train"}
    assert reading.missing == ["Data/train/1/spoof/000002.png"]
    assert reading.notes == [
        "celeba-spoof: metas/intra_test/test_label.json not there: the species of attacks are unknown.",
        "celeba-spoof is not complete: 21 of 625537 photos are used.",
    ]


HQ = "PROTOCOL-grand_test-curated.csv"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("001_01_000_0_00,0,bonafide,x,train", ("bonafide", "none", "001", "01", "train")),
        ("/a/001_01_000_0_00,0,bonafide,x,eval", ("bonafide", "none", "001", "01", "test")),
        ("a/001_01_000_0_00.h5, 1, attack/Tattoo, x, dev", ("attack", "makeup/tattoo", "001", "01", "dev")),
        ("elsewhere/001_01_000_0_00,2,GLASSES,train", ("attack", "partial/glasses", "001", "01", "train")),
        ('"a/001_01_000_0_00",1,"attack/Paper mask",x,train', ("attack", "mask/paper", "001", "01", "train")),
        ("a/001_01_000_0_00,1,attack/Wax,x,train", ("attack", "unknown/wax", "001", "01", "train")),
        ("odd,1,attack/Flexiblemask,x,train", ("attack", "mask/flexible", None, None, "train")),
    ],
)
def test_a_line_of_hq_wmca_means(tmp_path, row, expected):
    files: Files = {"a/001_01_000_0_00.hdf5": None, "odd.hdf5": None, HQ: row + "\n"}
    (source,) = read("hq-wmca", files, tmp_path).sources
    assert (source.label, source.pai, source.subject, source.session, source.split) == expected


def test_the_same_name_in_two_folders_of_hq_wmca_needs_its_folder(tmp_path):
    files: Files = {"a/1.h5": None, "b/1.h5": None, "c/2.h5": None}
    rows = "a/1,0,bonafide,x,train\nz/1,0,bonafide,x,train\nz/2,0,bonafide,x,train\n"
    reading = read("hq-wmca", files | {HQ: rows}, tmp_path / "a")
    assert [s.path for s in reading.sources] == ["a/1.h5", "c/2.h5"]
    assert reading.missing == ["z/1"]
    assert reason_of(reading, "b/1.h5") == f"not in {HQ}"
    with pytest.raises(CatalogError, match=rf"^{HQ}, line 4: 'c/2' is listed already$"):
        read("hq-wmca", files | {HQ: rows + "c/2,0,bonafide,x,train\n"}, tmp_path / "b")


@pytest.mark.parametrize("line", ["path,type,kind,note,group", "x", "0,0,0"])
def test_names_of_columns_stand_in_the_first_line_alone(tmp_path, line):
    files: Files = {"1.h5": None, HQ: f"{line}\n1,0,bonafide,x,train\n"}
    assert len(read("hq-wmca", files, tmp_path / "a").sources) == 1
    files[HQ] = f"1,0,bonafide,x,train\n{line}\n"
    with pytest.raises(CatalogError, match=f"line 2: expected path, 0 or a number.* got '{line}'"):
        read("hq-wmca", files, tmp_path / "b")


def test_hq_wmca_without_any_list_says_so(tmp_path):
    with pytest.raises(CatalogError, match=rf"^protocol: hq-wmca needs {HQ}, RAW has no such list$"):
        read("hq-wmca", {"1.h5": None}, tmp_path)


def test_nuaa_lists_may_be_written_in_many_ways(tmp_path):
    client = "raw/ClientRaw/0001/0001_00_00_01_{}.jpg"
    files: Files = {client.format(n): None for n in range(4)}
    files["raw/client_train_raw.txt"] = "./0001/0001_00_00_01_0.JPG\n0001\\0001_00_00_01_1.jpeg 10 20 x.jpg\n"
    files["lists/client_test_raw.txt"] = "0001/0001_00_00_01_2.png\n"
    reading = read("nuaa", files, tmp_path)
    splits = {s.path: s.split for s in reading.sources}
    assert splits == {client.format(0): "train", client.format(1): "train", client.format(2): "test"}
    assert reason_of(reading, client.format(3)) == "in no list of its version"
    assert reading.notes == [
        "nuaa: imposter_train_raw.txt, imposter_test_raw.txt not there: photos that only they would name are skipped."
    ]


def test_a_photo_of_nuaa_in_train_and_test_is_refused_and_twice_in_one_is_not(tmp_path):
    files = nuaa(1, versions=["raw"])
    line = files["raw/client_train_raw.txt"].splitlines()[0]
    files["raw/client_train_raw.txt"] += line + "\n"
    assert counts(read("nuaa", files, tmp_path / "a")) == {"train": (3, 3), "test": (3, 3)}
    files["raw/client_test_raw.txt"] += line + "\n"
    with pytest.raises(
        CatalogError, match=r"client_t.*_raw.txt, line \d: '0001/0001_.*' is in a list of train and of test"
    ):
        read("nuaa", files, tmp_path / "b")


def test_nuaa_takes_the_version_of_the_protocol_and_names_the_one_it_used(tmp_path):
    reading = read("nuaa", nuaa(1), tmp_path, "normalized")
    assert {s.path.split("/")[0] for s in reading.sources} == {"NormalizedFace"}
    reasons = {s.path.split("/")[0]: s.reason for s in reading.skipped}
    other = "another version of the photos; normalized is used (--protocol)"
    assert reasons == {"raw": other, "Detectedface": other}
    unlisted = {path: text for path, text in nuaa(1, versions=["face"]).items() if text is None}
    assert read("nuaa", unlisted, tmp_path).notes == [
        "nuaa: RAW has no list client_train_face.txt: all is 'train'."
    ]


SURF: Files = {f"{n}-{c}.jpg": None for n in "12" for c in ("color", "ir", "depth")}


def surf(*rows: str, name: str = "train_list") -> Files:
    return SURF | {f"{name}.txt": "".join(f"{row}\n" for row in rows)}


def test_casia_surf_uses_colour_and_says_what_the_rest_is(tmp_path):
    files = surf("./1-color.jpg ./1-ir.jpg 1-depth.jpg 1", name="val_private_list") | {
        "x.jpg": None,
        "notes.txt": "n",
    }
    reading = read("casia-surf", files, tmp_path)
    assert [(s.path, s.label, s.split, s.kind) for s in reading.sources] == [
        ("1-color.jpg", "bonafide", "dev", "image")
    ]
    assert (
        reason_of(reading, "1-ir.jpg")
        == reason_of(reading, "1-depth.jpg")
        == "infrared or depth of a colour picture"
    )
    assert reason_of(reading, "2-color.jpg") == reason_of(reading, "x.jpg") == "in no list"
    assert reading.aside == {"val_private_list.txt": "list of a split"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            surf("1-color.jpg 1-ir.jpg 1-depth.jpg 1", "1-color.jpg 2-ir.jpg 2-depth.jpg 1"),
            "train_list.txt, line 2: '1-color.jpg' is listed already",
        ),
        (surf("1-color.jpg 1-ir.jpg 1"), "train_list.txt, line 1: expected colour infrared depth"),
        (
            surf("1-color.jpg 1-ir.jpg 1-depth.txt 1"),
            "train_list.txt, line 1: expected colour infrared depth",
        ),
        (
            surf("1-color.jpg 1-ir.jpg 1-depth.jpg -1"),
            "train_list.txt, line 1: expected colour infrared depth",
        ),
        (SURF, "expected train_list.txt, val_private_list.txt, test_private_list.txt in RAW, got none"),
    ],
)
def test_a_broken_list_of_casia_surf_is_refused(tmp_path, files, message):
    with pytest.raises(CatalogError, match=message):
        read("casia-surf", files, tmp_path)


@pytest.mark.parametrize(
    ("files", "evidence"),
    [
        (surf("1-color.jpg 1-ir.jpg 1-depth.jpg 1"), Evidence(3, "train_list.txt")),
        (surf(*["1-color.jpg 1-ir.jpg 1-depth.jpg 1"] * 5), Evidence(6, "train_list.txt")),
        (surf("1-color.jpg 1-ir.jpg 1-depth.jpg 1", "holiday"), Evidence(0, "")),
        (surf(), Evidence(0, "")),
        (SURF, Evidence(0, "")),
    ],
)
def test_lists_of_casia_surf_are_evidence_for_three_media_a_line(tmp_path, files, evidence):
    layout = LAYOUTS["casia-surf"]
    assert layout.evidence(layout.view(in_memory(files, tmp_path))) == evidence


def test_one_list_of_msu_is_enough_and_the_other_is_the_published_one(tmp_path):
    files = msu_mfsd()
    del files["train_sub_list.txt"]
    assert counts(read("msu-mfsd", files, tmp_path / "a")) == {"train": (30, 90), "test": (40, 120)}
    files["test_sub_list.txt"] = "01\n"
    reading = read("msu-mfsd", files, tmp_path / "b")
    assert counts(reading) == {"train": (30, 90), "test": (2, 6)}
    assert reading.missing == []


@pytest.mark.parametrize("line", ["train/real/x.mov", "holiday", "enroll/train/client001.mov"])
def test_a_line_of_replay_attack_is_the_path_of_a_video(tmp_path, line):
    files = smalltest(replay_attack(1))
    files["protocols/real-devel.txt"] += f"{line}\n"
    with pytest.raises(
        CatalogError,
        match=rf"^protocols/real-devel.txt, line \d+: expected the path of a video, got '{line}'",
    ):
        read("replay-attack", files, tmp_path, "smalltest")


def test_lines_of_replay_attack_may_have_no_ending_a_dot_and_more_words(tmp_path):
    files = smalltest(replay_attack(1))
    lines = files["protocols/real-devel.txt"].splitlines()
    files["protocols/real-devel.txt"] = f"./{lines[0]} 1\n{lines[1].removesuffix('.mov')}\n"
    reading = read("replay-attack", files, tmp_path, "smalltest")
    assert counts(reading)["dev"] == (2, 10)
    assert reading.missing == []
