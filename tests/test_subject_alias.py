"""Names of one subject in several spellings are told, and names of several subjects are not."""

from __future__ import annotations

import pytest

from specaug.catalog import scan
from specaug.records import Source, alias_groups, alias_notice, alias_notice_of, subject_key

NFC, NFD = "Zo\u00eb", "Zoe\u0308"
SAME = [
    ("S01", "s01"),
    ("s1", "s01"),
    ("7", "007"),
    ("s 1", "s1"),
    (" s1 ", "s1"),
    ("a\u00a0b", "ab"),
    ("1  2", "1 2"),
    ("client_007_A", "CLIENT_7_a"),
    (NFC, NFD),
    (NFC.upper(), NFD),
    ("stra\u00dfe", "STRASSE"),
    ("0", "00"),
]
APART = [
    ("s1", "s2"),
    ("s1", "s10"),
    ("10", "1"),
    ("1 11", "11 1"),
    ("1 11", "111"),
    ("a0", "a"),
    ("a-b", "a_b"),
    ("Zoe", NFC),
    ("s1", "1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name_are_one(one, other):
    assert subject_key(one) == subject_key(other)
    assert alias_groups([("d", one), ("d", other)]) == [("d", tuple(sorted([one, other])))]


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_names_stay_apart(one, other):
    assert subject_key(one) != subject_key(other)
    assert alias_groups([("d", one), ("d", other)]) == []


def test_names_of_two_data_sets_are_not_compared():
    assert alias_groups([("a", "s1"), ("b", "S1")]) == []


def test_a_notice_names_the_first_and_counts_splits():
    subjects = {("d", f"s{n}"): {"train"} for n in range(9)} | {("d", f"S{n}"): {"train"} for n in range(4)}
    subjects["d", "S3"] = {"test"}
    notice = alias_notice(subjects)
    assert (notice.kind, notice.count) == ("alias_subjects", 4)
    assert "4 groups of subjects" in notice.detail
    assert "1 of them in different splits: 'S0' and 's0'; 'S1' and 's1'; 'S2' and 's2'; …" in notice.detail
    assert "'S3'" not in notice.detail
    hidden = alias_notice(subjects, named=False)
    assert hidden.count == 4
    assert "'" not in hidden.detail
    assert alias_notice({("d", "s1"): {"train"}}) is None


def test_names_of_two_normal_forms_can_be_told_apart():
    assert r"'Zoe\u0308' and 'Zo\xeb'" in alias_notice({("d", NFC): {"train"}, ("d", NFD): {"dev"}}).detail


def test_sources_without_a_subject_are_nobody():
    sources = [
        Source("a", "bonafide"),
        Source("b", "bonafide", subject="S1"),
        Source("c", "bonafide", subject="s1"),
    ]
    assert alias_notice_of(sources).count == 1
    assert alias_notice_of(sources[:2]) is None


@pytest.mark.parametrize(("names", "found"), [(("s01", "S1"), 1), (("s01", "s02"), 0)])
def test_scan_tells_of_them(tmp_path, names, found):
    for split, name in zip(("train", "test"), names, strict=True):
        path = tmp_path / split / "live" / name / "a.mp4"
        path.parent.mkdir(parents=True)
        path.write_text(name)
    told = [notice for notice in scan(tmp_path).warnings if notice.kind == "alias_subjects"]
    assert sum(notice.count for notice in told) == found
