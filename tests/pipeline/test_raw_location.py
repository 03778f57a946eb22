"""Where RAW lies seen from OUT: what is written down, what is not, and how it is found again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from specaug.errors import ArgumentError
from specaug.pipeline.raw_location import find_raw, relative_raw, remember_raw

FILE = ".specaug/raw.json"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The folder of this user; everything else in a test lies in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def folders(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
    return [root / name for name in names]


@pytest.mark.parametrize(
    ("out", "raw", "way"),
    [
        ("out", "raw", "../raw"),
        ("a/out", "raw", "../../raw"),
        ("a/b/out", "raw", None),
        ("a/b/out", "a/raw", "../../raw"),
        ("out", "a/b/c/raw", "../a/b/c/raw"),
        ("out", "..raw", "../..raw"),  # a name with dots is no step up
        ("out", "a/..", ".."),
    ],
)
def test_the_way_has_at_most_two_steps_up(home, out, raw, way):
    folders(home, out, raw)
    assert relative_raw(home / out, home / raw) == way


@pytest.mark.parametrize(
    ("out", "raw", "way"),
    [
        ("users/ann/out", "users/ann/raw", "../raw"),
        ("users/out", "users/raw", None),
        ("users/out", "users/ann/raw", None),
        ("users/out", "users/bob/raw", None),
        ("data/out", "data/raw", "../raw"),
        ("out", "raw", None),
    ],
)
def test_no_way_leads_through_a_folder_that_holds_homes(tmp_path, monkeypatch, out, raw, way):
    monkeypatch.setenv("HOME", str(tmp_path / "users/ann"))
    folders(tmp_path, "users/ann", out, raw)
    assert relative_raw(tmp_path / out, tmp_path / raw) == way


def test_links_are_followed_before_the_way_is_told(home):
    folders(home, "far/away/from/here/out", "raw")
    (home / "out").symlink_to("far/away/from/here/out")
    assert relative_raw(home / "out", home / "raw") is None
    (home / "far/away/from/here/raw").symlink_to(home / "raw")
    assert relative_raw(home / "far/away/from/here/out", home / "far/away/from/here/raw") is None


@pytest.mark.parametrize("name", ["raw", 'räw "x"', "raw\udcff"])
def test_raw_is_found_where_it_was_and_moves_with_out(home, name):
    out, raw = folders(home, "one/out", f"one/{name}")
    remember_raw(out, raw)
    assert json.loads((out / FILE).read_text()) == {"raw": f"../{name}"}
    assert find_raw(out, None) == out / ".." / name
    (home / "one").rename(home / "two")
    assert find_raw(home / "two/out", None).resolve() == home / "two" / name


def test_the_file_is_written_only_when_the_way_changes(home):
    out, raw, other = folders(home, "out", "raw", "other")
    remember_raw(out, raw)
    before = (out / FILE).stat().st_ino
    remember_raw(out, raw)
    assert (out / FILE).stat().st_ino == before
    remember_raw(out, other)
    assert json.loads((out / FILE).read_text()) == {"raw": "../other"}


def test_a_way_that_may_not_be_told_replaces_one_that_was(home):
    out, raw, far = folders(home, "a/b/c/out", "a/b/c/raw", "raw")
    remember_raw(out, raw)
    remember_raw(out, far)
    assert json.loads((out / FILE).read_text()) == {"raw": None}
    with pytest.raises(ArgumentError, match="raw: OUT does not know where RAW is; name it with --raw"):
        find_raw(out, None)


def test_nothing_is_written_where_nothing_may_be_told(home):
    out, far = folders(home, "a/b/c/out", "raw")
    remember_raw(out, far)
    assert not (out / FILE).exists()


def test_a_given_raw_is_taken_whatever_out_knows(home):
    out, raw, other = folders(home, "out", "raw", "other")
    remember_raw(out, raw)
    assert find_raw(out, other) == other
    assert find_raw(out, str(other)) == other
    (home / "file").write_text("x")
    for bad in (home / "none", home / "file"):
        words = f"raw: expected an existing folder, got {str(bad)!r}"
        with pytest.raises(ArgumentError, match=f"^{re.escape(words)}$"):
            find_raw(out, bad)


def test_a_raw_that_moved_away_is_named_as_out_sees_it(home):
    out, raw = folders(home, "out", "raw")
    remember_raw(out, raw)
    raw.rename(home / "moved")
    with pytest.raises(
        ArgumentError, match=r"^raw: RAW is no longer at '\.\./raw' seen from OUT; name it with --raw$"
    ):
        find_raw(out, None)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"raw": 3}', '{"raw": ["../raw"]}', "null", "\udcff"])
def test_a_damaged_file_knows_nothing_and_is_replaced(home, text):
    out, raw = folders(home, "out", "raw")
    (out / FILE).parent.mkdir()
    (out / FILE).write_text(text, errors="surrogateescape")
    with pytest.raises(ArgumentError, match="OUT does not know where RAW is"):
        find_raw(out, None)
    remember_raw(out, raw)
    assert find_raw(out, None).resolve() == raw
