"""Warnings of a scan: which gaps are told, which are not, and how often."""

from __future__ import annotations

import pytest

from specaug.catalog import Skipped
from specaug.catalog.notices import missing_notice, skipped_notice
from specaug.records import Coverage, Notice, Source, coverage_of, further

SPLITS = ("train", "dev", "test")
FULL = frozenset(
    (split, label, pai) for split in SPLITS for label, pai in (("bonafide", "none"), ("attack", "print"))
)
MANY = dict.fromkeys(SPLITS, 5)


def kinds(groups: frozenset[tuple[str, str, str]], subjects: dict[str, int] | None = None) -> dict[str, int]:
    return {notice.kind: notice.count for notice in Coverage(groups, subjects or MANY).notices()}


def test_a_full_set_and_an_empty_one_have_no_gaps():
    assert kinds(FULL) == kinds(frozenset()) == {}


@pytest.mark.parametrize("split", SPLITS)
def test_each_split_that_is_empty_counts(split):
    assert kinds(frozenset(g for g in FULL if g[0] != split)) == {"empty_split": 1}
    assert kinds(frozenset(g for g in FULL if g[0] == split)) == {"empty_split": 2}


def test_each_class_that_is_not_there_is_a_kind_of_its_own():
    assert kinds(frozenset(g for g in FULL if g[1] == "attack")) == {"no_bonafide": 1}
    assert kinds(frozenset(g for g in FULL if g[1] == "bonafide")) == {"no_attack": 1}


def test_a_species_counts_as_alone_only_where_another_split_has_attacks():
    mask = ("test", "attack", "mask")
    assert kinds(FULL | {mask}) == {"species_in_one_split": 1}
    assert kinds(FULL | {mask, ("dev", "attack", "mask")}) == {}
    assert kinds(frozenset({mask, ("test", "bonafide", "none")})) == {"empty_split": 2}


@pytest.mark.parametrize(("subjects", "few"), [(4, True), (5, False), (1, True)])
def test_five_subjects_are_enough(subjects, few):
    assert ("few_subjects" in kinds(FULL, MANY | {"dev": subjects})) is few


def test_subjects_of_two_data_sets_and_sources_without_subject_are_counted_apart():
    sources = [
        Source("a.mp4", "bonafide", subject="ann", dataset="x"),
        Source("b.mp4", "bonafide", subject="ann", dataset="x"),
        Source("c.mp4", "bonafide", subject="ann", dataset="y"),
        Source("d.mp4", "bonafide"),
        Source("e.mp4", "bonafide", split="dev"),
    ]
    assert coverage_of(sources).subjects == {"train": 3, "dev": 1}


def test_of_two_lists_of_warnings_the_first_names_a_kind():
    first, second = Notice("no_attack", "a"), Notice("no_attack", "b")
    other = Notice("empty_split", "c")
    assert further([first], [second, other]) == (first, other)


LEFT_OUT = (
    "not in protocol 1",
    "not in PROTOCOL-LOO_Replay.csv",
    "not in a/PROTOCOL-grand_test.csv",
    "the same recording as a.mov",
    "enrolment clip, which is not used for PAD",
    "infrared or depth of a colour picture",
)


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_what_a_layout_leaves_out_on_purpose_is_no_warning(reason):
    assert skipped_notice([Skipped("a.mp4", reason, media=True)]) == ()
    assert skipped_notice([Skipped("a.mp4", f"odd: {reason}", media=True)]) != ()


def test_other_files_are_no_warning_and_media_are_named_by_folder_and_reason():
    skipped = [
        Skipped("notes.txt", "no medium"),
        Skipped("b/1.mp4", "odd", media=True),
        *(Skipped(f"a/{n}.mp4", "too deep", media=True) for n in range(3)),
        *(Skipped(f"{c}/1.mp4", "odd", media=True) for c in "cdef"),
    ]
    (notice,) = skipped_notice(skipped)
    assert (notice.kind, notice.count) == ("skipped_media", 8)
    assert notice.detail == (
        "8 photos and videos are not used: 'a/0.mp4' and 2 more in its folder: too deep;"
        " 'b/1.mp4': odd; 'c/1.mp4': odd; 'd/1.mp4': odd; and 2 more folders"
    )


def test_missing_files_are_counted_and_the_first_are_named():
    assert missing_notice([]) == ()
    (notice,) = missing_notice([f"{n}.mp4" for n in range(6)])
    assert (notice.count, notice.detail) == (
        6,
        "6 files are missing in RAW: '0.mp4', '1.mp4', '2.mp4', '3.mp4' …",
    )
