"""The survey: what is counted of each row, where clips of a kind lie, which sources and subjects leak."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from hand_shards import attack_row, clip_row, source_id, synthetic_row, write_shard

from specaug.html_report import survey as module
from specaug.html_report.survey import OTHERS, Group, Kind, Place, short_id, survey


def value_range(histogram):
    """Ends of the bins between which all counted numbers lie."""
    held = histogram.held
    return histogram.edges[held[0]], histogram.edges[held[-1] + 1]


def test_a_group_is_told_apart_by_each_of_its_six_columns(tmp_path):
    other = {
        "split": "dev",
        "label": 1,
        "pai": "mask",
        "device": "tv",
        "subject": "s2",
        "origin": "synthetic",
    }
    rows = [clip_row(0), clip_row(1)]
    rows += [clip_row(2 + n, **{name: value}) for n, (name, value) in enumerate(other.items())]
    write_shard(tmp_path, rows)
    groups = survey(tmp_path).groups
    base = Group("train", "bonafide", "none", "phone", "s1", "captured")
    changed = [base._replace(**{k: "attack" if k == "label" else v}) for k, v in other.items()]
    assert dict(groups) == {base: 2} | dict.fromkeys(changed, 1)


def test_columns_that_do_not_make_a_group_are_added_up(tmp_path):
    rows = [clip_row(0), clip_row(1, dataset="other", session="2", scale=[3.0], source_path="x")]
    write_shard(tmp_path, rows)
    assert list(survey(tmp_path).groups.values()) == [2]


def test_null_words_are_empty_words(tmp_path):
    nothing = dict.fromkeys(("split", "pai", "subject", "device", "origin", "dataset", "source_id"))
    write_shard(tmp_path, [clip_row(0, **nothing)])
    seen = survey(tmp_path)
    assert dict(seen.groups) == {Group("", "bonafide", "", "", "", ""): 1}
    assert list(seen.kinds) == [Kind("bonafide", "", "")]
    assert seen.subjects == {}
    assert {split: list(ids) for split, ids in seen.sources.items()} == {"": [short_id("")]}


def test_further_groups_lose_subject_and_device_and_no_clip_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_GROUPS", 2)
    subjects = ["a", "b", "c", "a", "d", "c"]
    rows = [clip_row(n, subject=s, device=f"of {s}") for n, s in enumerate(subjects)]
    write_shard(tmp_path, rows, group_rows=1)
    seen = survey(tmp_path)
    told = {(group.subject, group.device): n for group, n in seen.groups.items()}
    assert told == {("a", "of a"): 2, ("b", "of b"): 1, (OTHERS, OTHERS): 3}
    assert seen.clips == 6
    assert {name for _, name in seen.subjects} == set("abcd")


def test_further_groups_keep_what_is_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_GROUPS", 1)
    write_shard(tmp_path, [clip_row(0), clip_row(1, split="dev"), attack_row(2)], group_rows=1)
    rest = [group for group in survey(tmp_path).groups if group.subject == OTHERS]
    assert [(g.split, g.label, g.pai, g.origin) for g in rest] == [
        ("dev", "bonafide", "none", "captured"),
        ("train", "attack", "print", "captured"),
    ]


def test_files_are_read_in_the_order_of_their_names_captured_first(tmp_path):
    for name in ("synthetic/a", "captured/b", "captured/a"):
        write_shard(tmp_path, [clip_row(0)], name)
    names = [f"{path.parent.name}/{path.stem}" for path in survey(tmp_path).files]
    assert names == ["captured/a", "captured/b", "synthetic/a"]


def test_kinds_are_found_where_their_clips_are(tmp_path):
    write_shard(tmp_path, [clip_row(0), attack_row(1), clip_row(2), clip_row(3), attack_row(4)], group_rows=2)
    write_shard(tmp_path, [attack_row(5)], "captured/b")
    kinds = survey(tmp_path).kinds
    assert kinds == {
        Kind("bonafide", "none", "captured"): {Place(0, 0): 1, Place(0, 1): 2},
        Kind("attack", "print", "captured"): {Place(0, 0): 1, Place(0, 2): 1, Place(1, 0): 1},
    }


def test_kinds_of_a_place_are_those_of_its_rows_in_order(tmp_path):
    rows = [clip_row(0), attack_row(1), attack_row(2, pai="mask"), clip_row(3), synthetic_row(4, "x-000")]
    write_shard(tmp_path, [attack_row(9)])
    write_shard(tmp_path, rows, "captured/b", group_rows=3)
    seen = survey(tmp_path)
    bonafide, mask = Kind("bonafide", "none", "captured"), Kind("attack", "mask", "captured")
    assert seen.kinds_of(Place(0, 0)) == [Kind("attack", "print", "captured")]
    assert seen.kinds_of(Place(1, 0)) == [bonafide, Kind("attack", "print", "captured"), mask]
    assert seen.kinds_of(Place(1, 1)) == [bonafide, Kind("attack", "print/synthetic", "synthetic")]
    assert seen.kinds_of(Place(1, 2)) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind("bonafide", "none", "captured"), "bonafide"),
        (Kind("attack", "print", "captured"), "attack print"),
        (Kind("attack", "", "captured"), "attack "),
        (Kind("attack", "print", "synthetic"), "attack print (synthetic)"),
        (Kind("attack", "print/synthetic", "synthetic"), "attack print/synthetic"),
        (Kind("bonafide", "none", "synthetic"), "bonafide (synthetic)"),
    ],
)
def test_a_kind_reads_as_a_class_and_says_synthetic_once(kind, text):
    assert str(kind) == text


@pytest.mark.parametrize(
    ("column", "value", "measured", "expected"),
    [
        ("scale", [1.0, 3.0], "scale", 2.0),
        ("padding", [0.1, 0.3], "padding", 0.2),
        ("score", [0.5, float("nan"), 0.7], "score", 0.6),
        ("fps", 29.97, "fps", 29.97),
        ("source_frames", 321, "source_frames", 321),
        ("source_width", 1920, "source_pixels", 1920 * 480),
        ("source_height", 1080, "source_pixels", 640 * 1080),
    ],
)
def test_each_number_is_counted_in_its_own_distribution(tmp_path, column, value, measured, expected):
    write_shard(tmp_path, [clip_row(0, **{column: value})])
    histogram = survey(tmp_path).distributions[measured]
    low, high = value_range(histogram)
    assert low - 1e-9 <= expected <= high * (1 + 1e-9)
    assert histogram.counts.sum(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("scale", (1 / 60, 60.0)),
        ("padding", (0.001, 0.999)),
        ("score", (0.001, 0.999)),
        ("source_pixels", (2.0, 9e8)),
        ("fps", (0.5, 479.0)),
        ("source_frames", (2.0, 9e5)),
    ],
)
def test_distributions_reach_over_all_numbers_that_media_have(tmp_path, name, inside):
    write_shard(tmp_path, [clip_row(0)])
    histogram = survey(tmp_path).distributions[name]
    histogram.counts[:] = 0
    histogram.add(np.array(inside), np.array([0, 1]))
    for row, value in enumerate(inside):
        (place,) = np.flatnonzero(histogram.counts[row])
        assert histogram.edges[place] <= value <= histogram.edges[place + 1]


@pytest.mark.parametrize("name", ["padding", "score"])
def test_shares_are_counted_from_nothing_to_all(tmp_path, name):
    edges = survey(tmp_path).distributions[name].edges
    assert (edges[0], edges[-1]) == (0, 1)


def test_numbers_of_synthetic_clips_are_not_counted(tmp_path):
    rows = [clip_row(0, scale=[2.0]), synthetic_row(1, f"{source_id(0)}-000", scale=[9.0], fps=60.0)]
    write_shard(tmp_path, rows)
    seen = survey(tmp_path)
    assert all(h.counts.sum(axis=1).tolist() == [1, 0] for h in seen.distributions.values())
    assert value_range(seen.distributions["scale"])[1] < 3
    assert seen.clips == 2


def test_labels_stay_beside_their_numbers_when_synthetic_rows_are_left_out(tmp_path):
    rows = [synthetic_row(0, "p-000"), clip_row(1, scale=[2.0]), synthetic_row(2, "p-000")]
    rows += [attack_row(3, scale=[8.0]), clip_row(4, scale=[2.0])]
    write_shard(tmp_path, rows)
    histogram = survey(tmp_path).distributions["scale"]
    assert histogram.counts.sum(axis=1).tolist() == [2, 1]
    assert histogram.separation().auc == 1


def test_unknown_numbers_are_counted_nowhere(tmp_path):
    write_shard(tmp_path, [clip_row(0, scale=None, score=[], padding=[float("inf")], fps=None)])
    seen = survey(tmp_path)
    assert [seen.distributions[n].counts.sum() for n in ("scale", "score", "padding", "fps")] == [0] * 4
    assert seen.distributions["source_pixels"].counts.sum() == 1


@pytest.mark.parametrize(
    ("second", "leaks"),
    [
        ({}, []),
        ({"split": "dev"}, ["s1"]),
        ({"split": "dev", "subject": "s2"}, []),
        ({"split": "dev", "dataset": "other"}, []),
        ({"split": "dev", "subject": None}, []),
        ({"split": "dev", "origin": "synthetic"}, ["s1"]),
    ],
)
def test_a_subject_leaks_where_it_is_in_two_splits_of_one_data_set(tmp_path, second, leaks):
    write_shard(tmp_path, [clip_row(0), clip_row(1, **second)], group_rows=1)
    assert survey(tmp_path).subjects_in_two_splits == leaks


def test_leaking_subjects_are_sorted_by_name(tmp_path):
    names = ["s10", "a", "s2"]
    rows = [
        clip_row(n, subject=s, split=split) for n, s in enumerate(names) for split in ("train", "dev", "test")
    ]
    write_shard(tmp_path, rows)
    assert survey(tmp_path).subjects_in_two_splits == ["a", "s10", "s2"]


@pytest.mark.parametrize(
    ("rows", "leaking"),
    [
        ([clip_row(0), clip_row(1)], 0),
        ([clip_row(0), clip_row(0, split="dev")], 1),
        ([clip_row(0), clip_row(0)], 0),  # two clips of a source
        ([clip_row(0), clip_row(0, split="dev"), clip_row(0, split="test")], 1),
        ([clip_row(n, split=s) for n in range(3) for s in ("train", "test")], 3),
        ([clip_row(0), synthetic_row(7, f"{source_id(0)}-001")], 0),
        ([clip_row(0), synthetic_row(7, f"{source_id(0)}-001", split="dev")], 1),
        ([synthetic_row(7, f"{source_id(0)}-0"), synthetic_row(8, f"{source_id(0)}-1", split="dev")], 1),
        ([clip_row(0), synthetic_row(7, f"{source_id(1)}-000", split="dev", source_id=source_id(0))], 0),
    ],
)
def test_a_source_leaks_through_its_clips_and_through_clips_made_of_it(tmp_path, rows, leaking):
    write_shard(tmp_path, rows)
    assert survey(tmp_path).sources_in_two_splits == leaking


def test_nothing_leaks_where_nothing_is(tmp_path):
    seen = survey(tmp_path)
    assert (seen.clips, seen.sources_in_two_splits, seen.subjects_in_two_splits, seen.files) == (0, 0, [], [])


def test_a_short_id_is_the_first_eight_bytes_of_blake2b():
    for text in ("", "abc", "面具"):
        expected = sum(b << 8 * i for i, b in enumerate(blake2b(text.encode(), digest_size=8).digest()))
        assert short_id(text) == expected
    assert 0 <= short_id("abc") < 2**64


def test_sources_without_a_subject_are_counted_once_each_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNNAMED", 3)
    rows = [clip_row(n, subject=None, source_id=source_id(n // 2)) for n in range(4)]
    rows += [clip_row(9, subject="s"), clip_row(8, subject=None, origin="synthetic")]
    rows += [clip_row(20 + n, subject=None, split="dev", source_id=source_id(20 + n)) for n in range(5)]
    write_shard(tmp_path, rows)
    seen = survey(tmp_path)
    assert {split: len(sources) for split, sources in seen.unnamed.items()} == {"train": 2, "dev": 3}
