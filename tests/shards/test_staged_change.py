"""A change of several files is carried out whole, wherever the process ended before."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

from specaug.shards import View, clear_staging, commit_change, settle, staging

BEFORE = {"data/a": "old a", "data/b": "old b", "data/gone": "old", "README.md": "old text", "kept": "kept"}
NEW = {"data/a": "new a", "data/sub/c": "new c", "README.md": "new text"}
REMOVED = ("data/gone", "data/never was")
AFTER = {"data/a": "new a", "data/b": "old b", "data/sub/c": "new c", "README.md": "new text", "kept": "kept"}


class Killed(BaseException):
    """Stands for the end of the process."""


def fill(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def content(out: Path) -> dict[str, str]:
    """What lies in OUT beside its state."""
    files = [path for path in out.rglob("*") if path.is_file() and ".specaug" not in path.parts]
    return {path.relative_to(out).as_posix(): path.read_text() for path in files}


def seen(out: Path) -> dict[str, str]:
    """The same as a reader has it who knows of changes."""
    view = View(out)
    names = {*BEFORE, *NEW} - view.removed
    return {name: view.place(name).read_text() for name in names if view.place(name).exists()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An OUT with a change that is staged and not committed."""
    fill(tmp_path / "out", BEFORE)
    fill(staging(tmp_path / "out"), NEW)
    return tmp_path / "out"


def test_what_is_staged_only_does_not_count(out):
    settle(out)
    assert content(out) == seen(out) == BEFORE
    assert View(out).removed == frozenset()
    clear_staging(out)
    assert not staging(out).exists()
    assert content(out) == BEFORE


def test_a_committed_change_is_there_and_leaves_no_trace(out):
    commit_change(out, NEW, removed=REMOVED)
    assert content(out) == seen(out) == AFTER
    assert not staging(out).exists()
    settle(out)
    clear_staging(out)
    assert content(out) == AFTER


def test_without_removals_nothing_goes(out):
    commit_change(out, ["README.md"])
    assert content(out) == {**BEFORE, "README.md": "new text"}


def test_files_that_were_staged_and_not_named_are_dropped(out):
    commit_change(out, ["data/a"], removed=["data/b"])
    assert content(out) == {**{k: v for k, v in BEFORE.items() if k != "data/b"}, "data/a": "new a"}
    assert not staging(out).exists()


def test_an_empty_change_changes_nothing(out):
    commit_change(out, [])
    assert content(out) == BEFORE
    assert not staging(out).exists()


def test_any_iterables_will_do(out):
    commit_change(out, iter(NEW), removed=iter(REMOVED))
    assert content(out) == AFTER


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process, so to say, before the step-th thing that it does to the disk."""
    steps = itertools.count()

    def counted(function):
        def call(*args, **kwargs):
            if next(steps) == step:
                raise Killed
            return function(*args, **kwargs)

        return call

    for owner, name in ((os, "replace"), (os, "unlink"), (os, "fsync"), (os, "rmdir"), (os, "mkdir")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))


def killed(out: Path, step: int) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        kill_at(step, patch)
        try:
            commit_change(out, NEW, removed=REMOVED)
        except Killed:
            return True
    return False


def test_killed_anywhere_it_is_all_or_nothing_to_readers_and_whole_after_settling(tmp_path):
    outcomes = []
    for step in itertools.count():
        out = tmp_path / f"out{step}"
        fill(out, BEFORE)
        fill(staging(out), {**NEW, "stray": "not named", "data/stray": "nor this"})
        if not killed(out, step):
            break
        before = seen(out)
        assert before in (BEFORE, AFTER), step
        if before == AFTER and not (staging(out) / "change.json").exists():
            assert not [path for path in staging(out).rglob("*") if path.is_file()], (
                step
            )  # no unfinished work
        settle(out)
        assert content(out) == seen(out) == before, step
        clear_staging(out)
        assert content(out) == before, step
        outcomes.append(before == AFTER)
    assert outcomes == sorted(outcomes)  # there is one point of no return
    assert False in outcomes
    assert sum(outcomes) > 8


def test_killed_again_and_again_it_still_ends(out):
    commit_then_stop = {"files": list(NEW), "removed": list(REMOVED)}
    (staging(out) / "change.json").write_text(json.dumps(commit_then_stop))
    for step in range(40):
        with pytest.MonkeyPatch.context() as patch:
            kill_at(step % 4, patch)
            try:
                settle(out)
            except Killed:
                assert seen(out) == AFTER
    settle(out)
    assert content(out) == AFTER
    assert not staging(out).exists()


def test_a_view_finds_each_file_where_it_is_now(out):
    change = {"files": list(NEW), "removed": list(REMOVED)}
    (staging(out) / "change.json").write_text(json.dumps(change))
    (staging(out) / "data/a").replace(out / "data/a")
    view = View(out)
    assert view.place("data/a") == out / "data/a"  # moved already
    assert view.place("data/sub/c") == staging(out) / "data/sub/c"
    assert view.place("kept") == out / "kept"
    assert view.removed == set(REMOVED)
    assert view.out == out


def test_a_view_does_not_look_among_files_that_are_not_named(out):
    (staging(out) / "change.json").write_text(json.dumps({"files": ["README.md"], "removed": []}))
    assert View(out).place("data/a") == out / "data/a"
    assert View(out).place("README.md") == staging(out) / "README.md"


def test_moves_are_made_in_the_order_given(out, monkeypatch):
    moved = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        moved.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    commit_change(out, ["README.md", "data/sub/c", "data/a"])
    assert moved == ["change.json", "README.md", "c", "a"]
