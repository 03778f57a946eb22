"""RAW against what was planned: copies, changes that are refused, and the words for each."""

from __future__ import annotations

import re

import pytest
from handmade import catalog, raw_with, source

from specaug.errors import PlanMismatchError
from specaug.pipeline.plan import Plan, check_settings, drop_duplicates, extend_plan, make_plan
from specaug.records import BuildConfig

CONFIG = BuildConfig()


def dropped(raw, *paths: str, **kwargs) -> tuple[list[str], dict[str, str]]:
    """Paths that are kept, and the detail of each that is not."""
    kept, lost = drop_duplicates([source(path) for path in paths], raw, **kwargs)
    return [item.path for item in kept], {failure.source_path: failure.detail for failure in lost}


def test_the_first_of_each_group_of_equal_files_is_kept_in_the_order_given(tmp_path):
    contents = {"e": b"22", "a": b"11", "d": b"11", "c": b"22", "b": b"333", "f": b"11"}
    raw = raw_with(tmp_path, contents)
    assert dropped(raw, *contents) == (
        ["e", "a", "b"],
        {"d": "same content as 'a'", "c": "same content as 'e'", "f": "same content as 'a'"},
    )


@pytest.mark.parametrize(
    ("one", "other", "copies"),
    [(b"ab", b"ab", 1), (b"ab", b"ac", 0), (b"ab", b"abc", 0), (b"", b"", 0), (b"\0", b"\0", 1)],
)
def test_files_are_copies_if_every_byte_is_and_there_is_one(tmp_path, one, other, copies):
    raw = raw_with(tmp_path, {"a": one, "b": other})
    assert len(dropped(raw, "a", "b")[1]) == copies


@pytest.mark.parametrize("at", [0, 1 << 20, (1 << 20) + 100, (1 << 21) + 5])
def test_a_difference_anywhere_in_a_long_file_is_seen(tmp_path, at):
    content = bytearray((1 << 21) + 6)
    raw = raw_with(tmp_path, {"a": content})
    content[at] = 1
    raw_with(raw, {"b": content})
    assert dropped(raw, "a", "b") == (["a", "b"], {})


@pytest.mark.parametrize(
    ("pictures", "copies"),
    [
        ({"1.jpg": b"one", "2.jpg": b"two"}, 1),
        ({"10.jpg": b"one", "20.jpg": b"two"}, 1),  # names do not count
        ({"1.jpg": b"two", "2.jpg": b"one"}, 0),  # order does
        ({"1.jpg": b"one", "2.jpg": b"twe"}, 0),
        ({"1.jpg": b"onet", "2.jpg": b"wo"}, 0),
        ({"1.jpg": b"one", "2.jpg": b"two", "3.jpg": b"two"}, 0),
    ],
)
def test_folders_of_frames_are_copies_if_all_their_pictures_are(tmp_path, pictures, copies):
    raw = raw_with(tmp_path, {"a/1.jpg": b"one", "a/2.jpg": b"two"})
    raw_with(raw, {f"b/{name}": content for name, content in pictures.items()})
    items = [source(path, kind="frames") for path in ("a", "b")]
    kept, lost = drop_duplicates(items, raw)
    assert (kept, len(lost)) == (items[: 2 - copies], copies)


def test_an_original_is_kept_whatever_comes_and_is_not_told_of(tmp_path):
    raw = raw_with(tmp_path, {"z": b"1", "a": b"1", "b": b"2"})
    assert dropped(raw, "a", "b", originals=[source("z")]) == (["b"], {"a": "same content as 'z'"})


def test_a_file_that_is_gone_is_unreadable_and_no_copy(tmp_path):
    raw = raw_with(tmp_path, {"a": b"1"})
    (kept,), (lost,) = drop_duplicates([source("a"), source("gone", split="test")], raw)
    assert kept.path == "a"
    assert (lost.source_path, lost.split, lost.reason) == ("gone", "test", "unreadable")
    assert lost.detail == "No such file or directory"


def test_a_copy_tells_in_what_it_differs_from_the_file_that_is_kept(tmp_path):
    raw = raw_with(tmp_path, {"a": b"1", "b\\": b"1"})
    one = source("a", dataset="x", subject="s1", session="1", device="d1")
    other = source("b\\", dataset="y", subject=None, split="dev", session="2", device="d2")
    _, (lost,) = drop_duplicates([one, other], raw)
    assert lost.detail == (
        "same content as 'a'; dataset 'y' here, 'x' there, subject None here, 's1' there, "
        "split 'dev' here, 'train' there"
    )
    assert (lost.source_path, lost.source_id, lost.stage, lost.split) == (
        r"b\\",
        other.source_id,
        "discover",
        "dev",
    )


@pytest.fixture
def planned(tmp_path) -> tuple[Plan, list]:
    """A plan of three files, and the catalog's sources of them."""
    raw = raw_with(tmp_path / "raw", {f"{i}.mp4": bytes([i]) for i in range(3)})
    items = [source(f"{i}.mp4", subject=f"s{i}", source_id="") for i in range(3)]
    return make_plan(catalog(*items), raw, CONFIG, settings={}), items


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"subject": "s9"}, "subject 's9', was 's0'"),
        ({"subject": None}, "subject None, was 's0'"),
        ({"split": "test"}, "split 'test', was 'train'"),
        ({"label": "attack", "pai": "mask"}, "label 'attack', was 'bonafide', pai 'mask', was 'none'"),
        ({"boxes": "0.face"}, "boxes '0.face', was None"),
        ({"first_frames": 9, "turn": "90"}, "turn '90', was 'none', first_frames 9, was None"),
    ],
)
def test_a_planned_file_that_means_something_else_is_refused_in_words(planned, tmp_path, fields, words):
    plan, items = planned
    changed = source("0.mp4", **{"subject": "s0", "source_id": "", **fields})
    message = f"RAW changed since OUT was planned: '0.mp4' has {words}. Build into a new folder, or with --overwrite."
    with pytest.raises(PlanMismatchError, match=f"^{re.escape(message)}$"):
        extend_plan(plan, catalog(changed, *items[1:]), tmp_path / "raw", CONFIG)


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (["1.mp4"], ""),
        (["1.mp4", "2.mp4"], r" \(and 1 more files\)"),
        (["0.mp4", "1.mp4", "2.mp4"], r" \(and 2 more files\)"),
    ],
)
def test_files_with_other_content_are_counted_and_the_first_is_named(planned, tmp_path, names, more):
    plan, items = planned
    raw_with(tmp_path / "raw", {name: b"new " + name.encode() for name in names})
    words = (
        rf"'{names[0]}' has other content now{more}\. Files that had failed and were repaired: "
        r"'specaug retry OUT'\. Else build into a new folder"
    )
    with pytest.raises(PlanMismatchError, match=words):
        extend_plan(plan, catalog(*items), tmp_path / "raw", CONFIG)


def test_the_way_to_retry_is_named_if_any_of_the_changes_is_one_of_content(planned, tmp_path):
    plan, items = planned
    raw_with(tmp_path / "raw", {"2.mp4": b"new"})
    moved = source("0.mp4", subject="s0", source_id="", split="dev")
    with pytest.raises(PlanMismatchError, match=r"'0.mp4' has split 'dev'.*1 more.*'specaug retry OUT'"):
        extend_plan(plan, catalog(moved, *items[1:]), tmp_path / "raw", CONFIG)


def test_a_moved_file_is_a_new_source_and_no_copy_of_the_one_that_went(planned, tmp_path):
    plan, items = planned
    (tmp_path / "raw/0.mp4").rename(tmp_path / "raw/moved.mp4")
    new = extend_plan(plan, catalog(*items[1:], source("moved.mp4", source_id="")), tmp_path / "raw", CONFIG)
    assert new.shards[:-1] == plan.shards
    assert [item.path for item in new.shards[-1].sources] == ["moved.mp4"]
    assert new.shards[-1].known == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"a": 1, "b": [1, 2]}, None),
        ({"b": [1, 2], "a": 1}, None),
        ({"a": 2, "b": [1, 2]}, "a: OUT has 1, asked for 2"),
        ({"a": 2, "b": None}, "a: OUT has 1, asked for 2; b: OUT has [1, 2], asked for None"),
        ({"a": 1, "b": [1, 2], "c": "x"}, "c: OUT has None, asked for 'x'"),
        ({"a": 1}, "b: OUT has [1, 2], asked for None"),
    ],
)
def test_settings_that_differ_are_named_with_both_values(asked, words):
    plan = Plan({"a": 1, "b": [1, 2]}, ())
    if words is None:
        check_settings(plan, asked)
        return
    message = (
        f"OUT was planned with another configuration ({words}). Use the same settings, another folder, or "
    )
    with pytest.raises(PlanMismatchError, match=f"^{re.escape(message)}--overwrite\\.$"):
        check_settings(plan, asked)
