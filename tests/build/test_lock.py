"""Who may build, and where."""

from __future__ import annotations

import json
import os
import socket

import pytest
from building import SMALL

from specaug.build import Progress, build_dataset, finalize
from specaug.errors import ArgumentError, BuildLockedError, NothingToDoError
from specaug.records import BuildConfig
from specaug.shards import verify


@pytest.mark.parametrize("out", ["raw", "raw/out", "."])
def test_out_and_raw_lie_apart(raw, tmp_path, out):
    with pytest.raises(ArgumentError, match="out: expected"):
        build_dataset(raw, tmp_path / out, SMALL)


def test_folders_that_cannot_be_used(raw, tmp_path):
    with pytest.raises(ArgumentError, match="raw: expected an existing folder"):
        build_dataset(tmp_path / "none", tmp_path / "out", SMALL)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArgumentError, match="out: expected a folder, got the file"):
        build_dataset(raw, tmp_path / "file", SMALL)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("x")
    with pytest.raises(ArgumentError, match="with other files"):
        build_dataset(raw, tmp_path / "full", SMALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDoError, match="RAW is empty"):
        build_dataset(tmp_path / "empty", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_a_living_builder_keeps_others_out(raw, tmp_path):
    out = tmp_path / "out"

    def second(state: Progress) -> None:
        with pytest.raises(BuildLockedError, match="another build holds OUT: process"):
            build_dataset(raw, out, SMALL)

    build_dataset(raw, out, SMALL, progress=second)
    assert (out / ".specaug/lock").read_text() == ""


def test_the_lock_of_a_dead_process_is_taken_over(raw, tmp_path):
    lock = tmp_path / "out/.specaug/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": 2**22 + 1}))
    assert build_dataset(raw, tmp_path / "out", SMALL).clips == 8


def test_the_word_of_a_holder_that_is_silent_for_long_does_not_count(raw, tmp_path):
    lock = tmp_path / "out/.specaug/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"host": "another", "pid": 1}))
    with pytest.raises(BuildLockedError, match="process 1 on another"):
        build_dataset(raw, tmp_path / "out", SMALL)
    os.utime(lock, (0, 0))
    assert build_dataset(raw, tmp_path / "out", SMALL).clips == 8


def test_a_part_and_the_whole_keep_each_other_out(raw, tmp_path):
    out = tmp_path / "out"
    part = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=0, shard_count=2)
    other = BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=1, shard_count=2)

    def beside_the_part(state: Progress) -> None:
        for again in (SMALL, part):
            with pytest.raises(BuildLockedError, match="another build holds OUT"):
                build_dataset(raw, out, again)
        with pytest.raises(BuildLockedError):
            finalize(out)
        build_dataset(raw, out, other)

    build_dataset(raw, out, part, progress=beside_the_part)

    def beside_the_whole(state: Progress) -> None:
        with pytest.raises(BuildLockedError, match="another build holds OUT"):
            build_dataset(raw, out, part)

    build_dataset(raw, out, SMALL, progress=beside_the_whole)
    assert verify(out).ok


def test_an_out_that_cannot_be_made_is_an_argument_error(raw, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArgumentError, match="out: cannot be written"):
        build_dataset(raw, tmp_path / "file" / "out", SMALL)
