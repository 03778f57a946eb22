"""Splits that are assigned by a hash: who goes where, for ever, and what is said of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.catalog.splits import assign_splits, by_shares, dev_from_train, leak_note, leaking
from specaug.errors import ArgumentError
from specaug.records import Source

PEOPLE = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal", "ida", "jon")


def one(name: str, *, dataset: str = "", split: str = "train", subject: bool = True, file: int = 1) -> Source:
    path = f"live/{name}/{file}.mp4"
    return Source(path, "bonafide", subject=name if subject else None, dataset=dataset, split=split)


def letters(sources: list[Source]) -> str:
    """First letters of the splits: t rain, d ev, e nd."""
    return "".join({"train": "t", "dev": "d", "test": "e"}[source.split] for source in sources)


# Nobody may move from one split to another with a new version of the package.
FROZEN = [
    ({}, 0, "ddtttddttd"),
    ({}, 7, "tdttettddt"),
    ({"dataset": "siw"}, 0, "ddttteettt"),
    ({"dataset": "siw"}, 7, "dettttettt"),
    ({"subject": False}, 0, "etetettttd"),
]


@pytest.mark.parametrize(("how", "seed", "expected"), FROZEN)
def test_whoever_is_in_a_split_stays_there(how, seed, expected):
    assert letters(assign_splits([one(name, **how) for name in PEOPLE], (60, 20, 20), seed=seed)) == expected


def position(dataset: str, subject: str, seed: int) -> float:
    """Where a subject stands in [0, 1): the first 64 bits of a keyed hash of who it is."""
    digest = hashlib.blake2b(f"subject\0{dataset}\0{subject}".encode(), digest_size=8, key=str(seed).encode())
    return int(digest.hexdigest(), 16) / 16**16


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "é"]), st.text("abc01é ", min_size=1, max_size=4)),
        min_size=1,
        max_size=12,
    ),
    st.tuples(*[st.floats(0.01, 100)] * 3),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_a_subject_goes_where_its_hash_lies_among_the_shares(people, shares, seed):
    sources = [one(subject, dataset=dataset) for dataset, subject in people]
    for source in assign_splits(sources, shares, seed=seed):
        point = position(source.dataset, str(source.subject), seed) * sum(shares)
        ends = {
            "train": (0, shares[0]),
            "dev": (shares[0], shares[0] + shares[1]),
            "test": (shares[0] + shares[1], sum(shares)),
        }
        low, high = ends[source.split]
        assert low <= point < high or point == pytest.approx(high)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((1, 0, 0), "train"), ((0, 1, 0), "dev"), ((0, 0, 1), "test"), ((0, 0, 0.001), "test")],
)
def test_a_share_of_nothing_gets_nobody(shares, expected):
    assert {s.split for s in assign_splits([one(name) for name in PEOPLE], shares)} == {expected}


def test_only_the_ratio_of_shares_counts():
    sources = [one(str(n)) for n in range(200)]
    assert (
        assign_splits(sources, (60, 20, 20))
        == assign_splits(sources, (0.6, 0.2, 0.2))
        == assign_splits(sources, (3, 1, 1))
    )


def test_a_larger_share_of_train_takes_nobody_out_of_train():
    sources = [one(str(n)) for n in range(200)]
    trains = [
        {s.subject for s in assign_splits(sources, (share, 50, 50)) if s.split == "train"}
        for share in (20, 40, 90)
    ]
    assert trains[0] < trains[1] < trains[2]


def test_nothing_but_the_split_of_a_source_is_changed_and_none_is_moved():
    sources = [replace(one(name), session="s", device="d", boxes="b.txt", split="test") for name in PEOPLE]
    given = assign_splits(sources, (60, 20, 20))
    assert [replace(source, split="test") for source in given] == sources


def test_an_empty_subject_is_none_at_all():
    empty = [replace(one(name), subject="") for name in PEOPLE]
    assert letters(assign_splits(empty, (60, 20, 20))) == "etetettttd"


def test_names_that_are_no_unicode_have_a_place_too():
    (source,) = assign_splits([one("\udcff")], (0, 1, 0))
    assert source.split == "dev"


def test_without_shares_the_split_of_raw_stays_and_a_lone_train_is_said():
    note = "All sources are 'train': RAW names no other split, and no --split is given."
    assert by_shares([one("ann"), one("bob")], None, 0) == ([one("ann"), one("bob")], (note,))
    assert by_shares([one("ann"), one("bob", split="dev")], None, 0)[1] == ()
    assert by_shares([one("ann", split="test")], None, 0)[1] == ()
    assert by_shares([], None, 0) == ([], ())


@pytest.mark.parametrize("split", ["dev", "test"])
def test_shares_are_refused_where_one_source_has_another_split(split):
    with pytest.raises(
        ArgumentError, match=r"^split: RAW has splits of its own, which are kept; leave the option out$"
    ):
        by_shares([one("ann"), one("bob", split=split)], (1, 1, 1), 0)


def test_shares_and_seed_are_said_and_so_are_sources_without_subject():
    sources = [one(name) for name in PEOPLE]
    given, (note,) = by_shares(sources, (70, 15.5, 14.5), 3)
    assert given == assign_splits(sources, (70, 15.5, 14.5), seed=3)
    assert note == "Whole subjects are assigned to splits by a hash keyed with seed 3, shares 70:15.5:14.5."
    _, (warned,) = by_shares([*sources, one("zoe", subject=False)], (70, 15.5, 14.5), 3)
    assert warned == (
        f"{note} 1 sources name no subject, and each of them counts as a subject of its own: the same person may be in"
        " two splits."
    )


@pytest.mark.parametrize(("seed", "expected"), [(0, ["cid", "dee", "hal"]), (7, ["ann", "cid", "dee"])])
def test_the_dev_subjects_of_a_seed_stay_the_same(seed, expected):
    moved, note = dev_from_train([one(name) for name in PEOPLE], 0.3, seed)
    assert [s.subject for s in moved if s.split == "dev"] == expected
    assert note == (
        f"RAW has no dev split: 3 of 10 subjects of train are 'dev', chosen by a hash keyed with seed {seed}"
        " (--dev-from-train 0.3)."
    )


@given(st.floats(0.01, 0.99), st.integers(2, 9), st.integers(0, 20))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_dev_are_the_subjects_of_train_that_come_first_by_their_hash(share, people, seed):
    sources = [one(name) for name in PEOPLE[:people]] + [one(name, split="test") for name in PEOPLE[people:]]
    order = sorted(PEOPLE[:people], key=lambda name: position("", name, seed))
    moved, _ = dev_from_train(sources, share, seed)
    number = min(max(round(share * people), 1), people - 1)
    assert {s.subject for s in moved if s.split == "dev"} == set(order[:number])
    assert [s for s in moved if s.split == "test"] == sources[people:]


def test_a_subject_of_test_who_is_in_train_too_stays_in_test_there():
    sources = [one("ann"), one("bob"), one("ann", split="test", file=2), one("bob", split="test", file=2)]
    moved, _ = dev_from_train(sources, 0.5, 0)
    assert sorted(letters(moved)[:2]) == ["d", "t"]
    assert letters(moved)[2:] == "ee"


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([one("ann"), one("bob"), one("cid", split="dev")], "RAW has a dev split of its own, which is kept"),
        ([one("ann"), one("ann", file=2)], "expected at least two subjects in train, got 1"),
        ([one("ann", split="test"), one("bob", split="test")], "expected at least two subjects in train, got 0"),
    ],
)  # fmt: skip
def test_a_dev_split_needs_two_subjects_and_no_dev(sources, message):
    with pytest.raises(ArgumentError, match=f"^dev_from_train: {message}"):
        dev_from_train(sources, 0.5, 0)


def test_equal_names_in_two_data_sets_are_two_people():
    sources = [one("ann", dataset="a"), one("ann", dataset="b")]
    moved, note = dev_from_train(sources, 0.5, 0)
    assert sorted(letters(moved)) == ["d", "t"]
    assert "1 of 2 subjects" in note


def test_sources_of_train_without_subject_are_counted_in_the_warning_alone():
    sources = [one("ann"), one("bob", subject=False), one("cid", subject=False, split="test")]
    assert dev_from_train(sources, 0.5, 0)[1].count(" 1 sources name no subject") == 1
    assert "no subject" not in dev_from_train([one("ann"), one("bob"), sources[2]], 0.5, 0)[1]


def test_who_is_in_two_splits_leaks_per_data_set_and_sorted():
    sources = [
        one("bob", dataset="b"), one("bob", dataset="b", split="test"), one("ann", dataset="b"),
        one("ann", dataset="b", split="dev"), one("ann", dataset="b", split="test"), one("ann", dataset="a"),
        one("eve", dataset="a", split="dev"), one("eve", dataset="b"),
        one("fay", subject=False), one("fay", subject=False, split="test"),
    ]  # fmt: skip
    assert leaking(sources) == [("b", "ann"), ("b", "bob")]
    assert leak_note(sources) == ("Leakage: 2 subjects are in more than one split, the first is 'ann'.",)
    assert leak_note(sources[5:]) == ()


def test_an_odd_name_of_who_leaks_is_shown_in_plain_characters():
    sources = [one("\x1bé"), one("\x1bé", split="test")]
    assert leak_note(sources)[0].endswith(r"the first is '\x1b\xe9'.")
