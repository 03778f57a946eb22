"""Leakage between splits: every pair of rows that must not share something is found, and nothing else."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shard_rows import media_of, pixels

from specaug.shards.leaks import Seen, content_digest

SPLITS = ("train", "dev", "test")


def row(clip: str, split: str = "train", **changes: Any) -> dict[str, Any]:
    """A captured row that shares nothing with another clip's."""
    alone = {name: f"{name} of {clip}" for name in ("source_id", "subject")}
    fixed = {"clip_id": clip, "parent_id": None, "dataset": "d", "split": split, "origin": "captured"}
    return {**fixed, **alone, "content": clip.encode(), **changes}


def leaks(seen: Seen, rows: list[dict[str, Any]], *, file: str = "f") -> list[str]:
    first = rows[0]
    return list(seen.leaks(file, rows, split=first["split"], origin=first["origin"]))


def child(clip: str, parent: str | None, split: str = "train") -> dict[str, Any]:
    return row(clip, split, parent_id=parent, origin="synthetic", source_id=None, subject=None)


def expected(rows: list[dict[str, Any]]) -> set[tuple[str, Any]]:
    """(what, its value) that is in two splits: every pair is compared."""
    found = set()
    for one, other in itertools.combinations(rows, 2):
        if one["split"] == other["split"]:
            continue
        for name in ("source_id", "content"):
            if one[name] is not None and one[name] == other[name]:
                found.add((name, one[name]))
        if one["subject"] is not None and all(one[n] == other[n] for n in ("subject", "dataset")):
            found.add(("subject", (one["dataset"], one["subject"])))
    return found


ROWS = st.lists(
    st.tuples(
        st.sampled_from(SPLITS),
        st.sampled_from(["A", "B"]),
        st.sampled_from([None, "s", "t", "u"]),
        st.sampled_from(["x", "y", "z", "w"]),
        st.sampled_from([b"1", b"2", b"3", b"4", b"5"]),
    ),
    max_size=7,
)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(ROWS)
def test_each_shared_thing_is_told_once(values):
    rows = [
        row(f"c{i}", split, dataset=dataset, subject=subject, source_id=source, content=content)
        for i, (split, dataset, subject, source, content) in enumerate(values)
    ]
    seen = Seen()
    told = [line for i, item in enumerate(rows) for line in leaks(seen, [item], file=f"f{i}")]
    assert len(told) == len(expected(rows))
    for name, _ in expected(rows):
        word = {"content": "the content of clip"}.get(name, name)
        assert any(line.startswith(word) for line in told)


def test_a_leak_is_told_with_the_place_where_it_was_first():
    seen = Seen()
    assert leaks(seen, [row("a", subject="x"), row("b", subject="x")], file="one") == []
    assert leaks(seen, [row("c", subject="x")], file="two") == []
    (line,) = leaks(seen, [row("d", "dev", subject="x")], file="three")
    assert line == "subject 'x' is in dev here and in train in one"
    assert leaks(seen, [row("e", "test", subject="x")], file="four") == []  # told already


def test_all_that_two_rows_share_is_told():
    seen = Seen()
    leaks(seen, [row("a")])
    both = {**row("a"), "clip_id": "b", "split": "test"}
    assert leaks(seen, [both]) == [
        "source_id 'source_id of a' is in test here and in train in f",
        "subject 'subject of a' is in test here and in train in f",
        "the content of clip b is in test here and in train in f",
    ]


@pytest.mark.parametrize("name", ["source_id", "subject", "content"])
def test_unknown_values_are_shared_by_nobody(name):
    seen = Seen()
    leaks(seen, [row("a", **{name: None})])
    assert leaks(seen, [row("b", "dev", **{name: None})]) == []


def test_a_clip_that_is_there_twice_is_told_within_and_between_files():
    seen = Seen()
    again = "clip a is there twice"
    assert leaks(seen, [row("a"), row("a")]) == [again]
    assert leaks(seen, [row("a")], file="g") == [again]
    assert len(seen.clips) == 1


@pytest.mark.parametrize(
    ("split", "origin", "told"),
    [
        ("train", "captured", []),
        ("dev", "captured", ["a row of split 'train' in a file of 'dev'"]),
        ("train", "synthetic", ["a row of origin 'captured' in a file of 'synthetic'"]),
        (
            "test",
            "synthetic",
            [
                "a row of split 'train' in a file of 'test'",
                "a row of origin 'captured' in a file of 'synthetic'",
            ],
        ),
    ],
)
def test_a_row_belongs_to_its_file(split, origin, told):
    assert list(Seen().leaks("f", [row("a")], split=split, origin=origin)) == told


def test_captured_clips_and_their_sources_are_counted():
    seen = Seen()
    leaks(seen, [row("a", source_id="s"), row("b", source_id="s"), row("c", source_id="t")])
    leaks(seen, [child("x", "a"), child("y", "a")])
    assert seen.captured == 3
    assert seen.sources == {"s", "t"}
    assert len(seen.clips) == 5


@pytest.mark.parametrize("child_first", [False, True])
@pytest.mark.parametrize(
    ("parent", "split", "told"),
    [
        ("a", "train", None),
        ("a", "dev", "synthetic clip x is in dev, its parent a in train"),
        ("b", "train", "synthetic clip x is in train, its parent b in dev"),
        ("nobody", "train", "synthetic clip x has no captured parent 'nobody'"),
        (None, "train", "synthetic clip x has no captured parent None"),
        ("x", "train", "synthetic clip x has no captured parent 'x'"),
        ("y", "train", "synthetic clip x has no captured parent 'y'"),  # synthetic itself
    ],
)
def test_a_synthetic_clip_lies_where_its_captured_parent_does(parent, split, told, child_first):
    seen = Seen()
    parts = [
        lambda: (leaks(seen, [row("a")]), leaks(seen, [row("b", "dev")])),
        lambda: (leaks(seen, [child("x", parent, split)], file="made"), leaks(seen, [child("y", "a")])),
    ]
    for part in reversed(parts) if child_first else parts:
        part()
    assert list(seen.orphans()) == ([("made", told)] if told else [])


def test_what_is_captured_is_nobodys_child():
    seen = Seen()
    leaks(seen, [row("a", parent_id="gone")])
    assert list(seen.orphans()) == []


def digest_of(*frames: bytes) -> bytes:
    """As written down: each frame after its length in 8 bytes, least significant first."""
    text = b"".join(len(frame).to_bytes(8, "little") + frame for frame in frames)
    return hashlib.blake2b(text, digest_size=16).digest()


def test_a_digest_is_that_of_the_stored_bytes():
    row_ = media_of(pixels(3))
    assert content_digest(row_) == digest_of(*[frame["bytes"] for frame in row_["frames"]])
    raw = media_of(pixels(3), "raw")
    assert content_digest(raw) == digest_of(raw["frames_raw"])
    assert len(content_digest(raw)) == 16


def test_where_a_frame_ends_counts():
    def frames(*data: bytes) -> dict[str, Any]:
        return {"frames": [{"bytes": item} for item in data]}

    rows = [
        frames(b"ab"),
        frames(b"a", b"b"),
        frames(b"b", b"a"),
        frames(b"ab", b""),
        frames(b"", b"ab"),
        frames(),
    ]
    assert len({content_digest(item) for item in rows}) == len(rows)
