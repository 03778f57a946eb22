"""Published counts against a tree: complete, short, more, or another split."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.catalog.counts import compare, count, note_missing
from specaug.catalog.layout import Reading
from specaug.records import SPLITS, Source

PUBLISHED = {"train": (2, 3), "test": (1, 0)}


def sources(counts: dict[str, tuple[int, int]]) -> list[Source]:
    return [
        Source(f"{split}/{label}/{n}.mp4", label, pai="none" if label == "bonafide" else "print", split=split)
        for split, pair in counts.items()
        for label, number in zip(("bonafide", "attack"), pair, strict=True)
        for n in range(number)
    ]


@given(st.fixed_dictionaries({split: st.tuples(st.integers(0, 3), st.integers(0, 3)) for split in SPLITS}))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_sources_are_counted_by_split_and_label_and_empty_splits_left_out(counts):
    assert count(sources(counts)) == {split: pair for split, pair in counts.items() if pair != (0, 0)}
    assert list(count(reversed(sources(counts)))) == [split for split in SPLITS if counts[split] != (0, 0)]


COMPARED = [
    (PUBLISHED, "set is complete: train 2+3, test 1+0 (bona fide + attack)."),
    ({"train": (2, 2), "test": (1, 0)}, "1 files are missing; published train 2+3, test 1+0, found train 2+2, test 1"),
    ({"train": (2, 3), "test": (1, 1)}, "1 more than published are there; published"),
    ({"train": (2, 3)}, "1 files are missing; published train 2+3, test 1+0, found train 2+3 (bona"),
    ({"train": (2, 3), "dev": (2, 0), "test": (1, 0)}, "2 more than published are there; published"),
    # What is short in one place and more in another does not cancel.
    ({"train": (4, 0), "test": (0, 1)}, "4 files are missing, 3 more than published are there; published"),
    ({}, "6 files are missing; published train 2+3, test 1+0, found nothing (bona fide + attack)."),
]  # fmt: skip


@pytest.mark.parametrize(("found", "text"), COMPARED)
def test_a_tree_is_compared_with_what_was_published(found, text):
    reading = Reading(sources=sources(found), notes=["before"])
    assert compare(reading, PUBLISHED, title="set") is reading
    before, note = reading.notes
    assert before == "before"
    assert text in note
    assert note.startswith("set is complete: " if found == PUBLISHED else "set is not complete: ")


def test_names_that_are_not_there_are_missing_in_the_order_of_the_list():
    reading = Reading(missing=["x"])
    assert note_missing(reading, ["c", "a", "b", "a"], iter(["b", "d"])) is reading
    assert reading.missing == ["x", "c", "a", "a"]
