"""Each protocol of each data set has the published counts, and no subject in two splits."""

from __future__ import annotations

import pytest
from reading import by_path, counts, read
from trees import SETS, oulu_npu, replay_attack, siw, smalltest

from specaug.catalog import LAYOUTS
from specaug.errors import CatalogError

OULU = {
    "1": {"train": (240, 960), "dev": (180, 720), "test": (120, 480)},
    "2": {"train": (360, 720), "dev": (270, 540), "test": (360, 720)},
    **{f"3_{i}": {"train": (300, 1200), "dev": (225, 900), "test": (60, 240)} for i in range(1, 7)},
    **{f"4_{i}": {"train": (200, 400), "dev": (150, 300), "test": (20, 40)} for i in range(1, 7)},
}
CASIA = {
    "overall": {"train": (60, 180), "test": (90, 270)},
    **{quality: {"train": (20, 60), "test": (30, 90)} for quality in ("low", "normal", "high")},
    **{attack: {"train": (60, 60), "test": (90, 90)} for attack in ("warped", "cut", "video")},
}
REPLAY = {
    "grandtest": {"train": (60, 300), "dev": (60, 300), "test": (80, 400)},
    "print": {"train": (60, 60), "dev": (60, 60), "test": (80, 80)},
    "mobile": {"train": (60, 120), "dev": (60, 120), "test": (80, 160)},
    "highdef": {"train": (60, 120), "dev": (60, 120), "test": (80, 160)},
    "photo": {"train": (60, 180), "dev": (60, 180), "test": (80, 240)},
    "video": {"train": (60, 120), "dev": (60, 120), "test": (80, 160)},
    "digitalphoto": {"train": (60, 120), "dev": (60, 120), "test": (80, 160)},
}
# 90 and 75 subjects of the synthetic tree, with 8 live videos, 2 prints, 4 replays each.
SIW = {
    "1": {"train": (720, 540), "test": (600, 450)},
    **{f"2_{k}": {"train": (720, 270), "test": (600, 75)} for k in range(1, 5)},
    "3_1": {"train": (720, 180), "test": (600, 300)},
    "3_2": {"train": (720, 360), "test": (600, 150)},
}
WHOLE = {
    "oulu-npu": {"train": (360, 1440), "dev": (270, 1080), "test": (360, 1440)},
    "siw": SIW["1"],
    "siw-m": {"train": (785, 915)},
    "casia-fasd": CASIA["overall"],
    "replay-attack": REPLAY["grandtest"],
    "replay-mobile": {"train": (120, 192), "dev": (160, 256), "test": (110, 192)},
    "msu-mfsd": {"train": (30, 90), "test": (40, 120)},
    "celeba-spoof": {"train": (8, 80), "test": (4, 40)},
    "rose-youtu": {"train": (20, 70)},
    "3dmad": {"train": (170, 85)},
    "hkbu-mars": {"train": (112, 112)},
    "wmca": {"train": (20, 20)},
    "hq-wmca": {"train": (5, 45), "dev": (5, 45), "test": (5, 45)},
    "nuaa": {"train": (15, 15), "test": (15, 15)},
    "lcc-fasd": {"train": (12, 12), "dev": (12, 12), "test": (12, 12)},
    "casia-surf": {"train": (6, 6), "dev": (6, 6), "test": (6, 6)},
    "synthaspoof": {"train": (12, 39)},
}
OTHERS = {
    "siw-m": {"3": {"train": (393, 458), "test": (392, 457)}},
    "replay-mobile": {
        "grandtest": WHOLE["replay-mobile"],
        "mattescreen": {"train": (120, 96), "dev": (160, 128), "test": (110, 96)},
        "print": {"train": (120, 96), "dev": (160, 128), "test": (110, 96)},
    },
    "celeba-spoof": {"intra_test": WHOLE["celeba-spoof"]},
    "hq-wmca": {
        "grand_test-curated": WHOLE["hq-wmca"],
        "LOO_Replay": {"train": (5, 40), "dev": (5, 40), "test": (5, 45)},
    },
    "nuaa": dict.fromkeys(("raw", "face", "normalized"), WHOLE["nuaa"]),
}
PROTOCOLS = {"oulu-npu": OULU, "casia-fasd": CASIA, "replay-attack": REPLAY, "siw": SIW, **OTHERS}
CASES = [
    *((name, None, expected) for name, expected in WHOLE.items()),
    *((name, p, expected) for name, table in PROTOCOLS.items() for p, expected in table.items()),
]


@pytest.fixture(scope="module")
def whole():
    """Each tree made once, at its full size."""
    return {name: SETS[name]() for name in WHOLE}


@pytest.mark.parametrize(("name", "protocol", "expected"), CASES)
def test_counts_and_subjects(whole, tmp_path, name, protocol, expected):
    reading = read(name, whole[name], tmp_path, protocol)
    assert counts(reading) == expected
    assert reading.missing == []
    splits: dict[str, set[str]] = {}
    for source in reading.sources:
        splits.setdefault(source.subject or source.path, set()).add(source.split)
    assert all(len(found) == 1 for found in splits.values())
    media = {path for path, text in whole[name].items() if text is None}
    listed = [s.path for s in (*reading.sources, *reading.skipped)]
    assert len(listed) == len(set(listed))
    assert set(listed) == media


def test_every_protocol_is_in_the_tables_above():
    unknown = {name: set(layout.protocols) - set(PROTOCOLS.get(name, {})) for name, layout in LAYOUTS.items()}
    assert {name: rest for name, rest in unknown.items() if rest} == {
        "replay-attack": {"smalltest"},
        "hq-wmca": {p for p in LAYOUTS["hq-wmca"].protocols if p.startswith("LOO_") and p != "LOO_Replay"},
    }


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_unknown_protocol_is_refused_with_the_choices(tmp_path, name):
    choices = LAYOUTS[name].protocols
    with pytest.raises(CatalogError, match=f"protocol: .*{choices[0] if choices else 'none'}.* got 'nine'"):
        read(name, SETS[name](1), tmp_path, "nine")


@pytest.mark.parametrize("protocol", ["1", "2", "3_1", "3_6", "4_4"])
def test_without_lists_the_rule_of_a_protocol_gives_the_same(tmp_path, protocol):
    listed = by_path(read("oulu-npu", oulu_npu(), tmp_path / "a", protocol))
    ruled = read("oulu-npu", oulu_npu(lists=False), tmp_path / "b", protocol)
    assert by_path(ruled) == listed
    assert sum("is not there" in note for note in ruled.notes) == 3


def test_a_complete_tree_is_called_complete_and_a_file_less_is_missed(tmp_path):
    files = oulu_npu()
    assert read("oulu-npu", files, tmp_path, "1").notes == [
        "oulu-npu, protocol 1 is complete: train 240+960, dev 180+720, test 120+480 (bona fide + attack)."
    ]
    del files["Dev_files/2_1_25_3.avi"]
    reading = read("oulu-npu", files, tmp_path, "1")
    assert reading.missing == ["Dev_files/2_1_25_3"]
    (note,) = reading.notes
    assert "1 files are missing; published train 240+960, dev 180+720" in note
    assert "dev 180+719" in note


def test_siw_protocol_1_trains_on_the_first_60_frames_and_tests_on_all(tmp_path):
    reading = read("siw", siw(2), tmp_path, "1")
    assert {(s.split, s.first_frames) for s in reading.sources} == {("train", 60), ("test", None)}
    assert {s.first_frames for s in read("siw", siw(2), tmp_path).sources} == {None}


def test_siw_protocol_2_tests_the_medium_that_train_has_not_seen(tmp_path):
    reading = read("siw", siw(3), tmp_path, "2_3")
    assert {s.pai for s in reading.sources if s.split == "train"} == {
        "none",
        "replay/1",
        "replay/2",
        "replay/4",
    }
    assert {s.pai for s in reading.sources if s.split == "test"} == {"none", "replay/3"}


def test_smalltest_is_what_its_lists_say(tmp_path):
    files = smalltest(replay_attack(1))
    reading = read("replay-attack", files, tmp_path, "smalltest")
    assert counts(reading) == {"train": (4, 10), "dev": (4, 10), "test": (4, 10)}
    assert {s.session.split("_")[0] for s in reading.sources if s.label == "attack"} == {"hand"}
    with pytest.raises(CatalogError, match=r"smalltest of replay-attack needs protocols/real-train\.txt"):
        read("replay-attack", replay_attack(1), tmp_path / "b", "smalltest")


def test_leave_one_out_of_hq_wmca_needs_its_list(tmp_path):
    with pytest.raises(CatalogError, match=r"needs PROTOCOL-LOO_Print\.csv, RAW has LOO_Replay, grand_test"):
        read("hq-wmca", SETS["hq-wmca"](1), tmp_path, "LOO_Print")
