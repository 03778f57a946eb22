"""Plans: ids, shards, duplicates, additions."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from specaug.catalog import scan
from specaug.errors import PlanMismatchError
from specaug.pipeline.plan import Plan, check_settings, extend_plan, load_plan, make_plan, save_plan
from specaug.records import BuildConfig

CONFIG = BuildConfig()


def raw_with(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def plan_of(raw: Path, config: BuildConfig = CONFIG) -> Plan:
    return make_plan(scan(raw), raw, config, settings={})


def ids(plan: Plan) -> dict[str, str]:
    return {s.path: s.source_id for shard in plan.shards for s in shard.sources}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    names = [f"{split}/live/s{i}/{i}.mp4" for split in ("train", "test") for i in range(10)]
    return raw_with(tmp_path / "raw", {name: name.encode() * 9000 for name in names})


def test_ids_do_not_depend_on_where_raw_lies_or_what_else_is_there(raw, tmp_path):
    copy = tmp_path / "else where"
    shutil.copytree(raw, copy)
    raw_with(copy, {"train/live/new/0.mp4": b"new"})
    (copy / "test/live/s3/3.mp4").unlink()
    before, after = ids(plan_of(raw)), ids(plan_of(copy))
    shared = before.keys() & after.keys()
    assert len(shared) == 19
    assert all(before[path] == after[path] for path in shared)


def test_an_id_sees_name_size_start_middle_and_end(tmp_path):
    base = bytearray(b"x" * 200_000)
    variants = {"same": bytes(base)}
    for name, at in (("start", 5), ("middle", 100_000), ("end", 199_999)):
        changed = bytearray(base)
        changed[at] ^= 1
        variants[name] = bytes(changed)
    variants["longer"] = bytes(base) + b"x"
    found = {
        name: ids(plan_of(raw_with(tmp_path / name, {"live/a.mp4": content})))["live/a.mp4"]
        for name, content in variants.items()
    }
    assert len(set(found.values())) == 5
    assert all(len(value) == 32 for value in found.values())


def test_shards_hold_whole_sources_of_one_split_sorted_by_id(raw):
    plan = plan_of(raw)
    assert [shard.name for shard in plan.shards] == [
        *(f"train-0000{i}-of-00003" for i in range(3)),
        *(f"test-0000{i}-of-00003" for i in range(3)),
    ]
    assert [len(shard.sources) for shard in plan.shards] == [4, 4, 2] * 2
    for split in ("train", "test"):
        order = [s.source_id for shard in plan.shards if shard.split == split for s in shard.sources]
        assert order == sorted(order)
    assert all({s.split for s in shard.sources} == {shard.split} for shard in plan.shards)


@pytest.mark.parametrize(("n", "size"), [(1, 1), (30, 4), (80, 10), (1000, 64)])
def test_shard_size_follows_the_number_of_sources(tmp_path, n, size):
    plan = plan_of(raw_with(tmp_path / "raw", {f"live/{i}.mp4": str(i).encode() for i in range(n)}))
    assert max(len(shard.sources) for shard in plan.shards) == size


def test_the_first_of_two_equal_files_is_kept_and_the_other_named(tmp_path):
    files = {"live/a.mp4": b"same" * 9, "live/b.mp4": b"same" * 9, "live/c.mp4": b"diff" * 9}
    plan = plan_of(raw_with(tmp_path / "raw", files))
    assert set(ids(plan)) == {"live/a.mp4", "live/c.mp4"}
    (failure,) = (f for shard in plan.shards for f in shard.known)
    assert (failure.source_path, failure.stage, failure.reason) == (
        "live/b.mp4",
        "discover",
        "duplicate",
    )
    assert failure.detail == "same content as 'live/a.mp4'"


def test_one_content_under_two_labels_is_a_conflict_of_all_that_name_each_other(tmp_path):
    same = ("live/a.mp4", "live/d.mp4", "spoof/print/b.mp4")
    files = {**dict.fromkeys(same, b"same" * 9), "live/c.mp4": b"diff" * 9}
    plan = plan_of(raw_with(tmp_path / "raw", files))
    assert set(ids(plan)) == {"live/c.mp4"}
    lost = {f.source_path: f for shard in plan.shards for f in shard.known}
    assert {f.reason for f in lost.values()} == {"conflict"}
    for path in same:
        assert all(repr(other) in lost[path].detail for other in same if other != path)
    assert "(attack, subject None)" in lost["live/a.mp4"].detail


def test_one_content_of_two_subjects_is_a_conflict_and_an_unknown_subject_contradicts_none(tmp_path):
    raw = raw_with(tmp_path / "raw", {f"{name}.mp4": b"same" * 9 for name in "abc"})
    listed = "path,label,subject\na.mp4,live,{}\nb.mp4,live,{}\nc.mp4,live,\n"
    (raw / "sources.csv").write_text(listed.format("s1", "s2"))
    assert [f.reason for s in plan_of(raw).shards for f in s.known] == ["conflict"] * 3
    (raw / "sources.csv").write_text(listed.format("s1", "s1"))
    assert [f.reason for s in plan_of(raw).shards for f in s.known] == ["duplicate"] * 2


def test_a_new_file_that_contradicts_a_planned_one_makes_both_failures(raw):
    old = plan_of(raw)
    raw_with(raw, {"train/spoof/print/s0/0.mp4": (raw / "train/live/s0/0.mp4").read_bytes()})
    new = extend_plan(old, scan(raw), raw, CONFIG)
    assert {f.source_path for s in new.shards for f in s.known if f.reason == "conflict"} == {
        "train/live/s0/0.mp4",
        "train/spoof/print/s0/0.mp4",
    }
    assert "train/live/s0/0.mp4" not in ids(new)
    assert new.sources == 21
    changed = [one.name for one, two in zip(old.shards, new.shards, strict=False) if one.hash != two.hash]
    assert len(changed) == 1  # the shard of the other file, which is built again without it
    assert extend_plan(new, scan(raw), raw, CONFIG) == new
    raw_with(raw, {"train/live/s5/new.mp4": (raw / "train/live/s0/0.mp4").read_bytes()})
    again = extend_plan(new, scan(raw), raw, CONFIG)
    assert [f.reason for f in again.shards[-1].known] == ["conflict"]


def test_empty_files_are_no_duplicates(tmp_path):
    plan = plan_of(raw_with(tmp_path / "raw", {"live/a.mp4": b"", "live/b.mp4": b""}))
    assert len(ids(plan)) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_failure(tmp_path):
    raw = raw_with(tmp_path / "raw", {"live/a.mp4": b"1", "live/b.mp4": b"2"})
    (raw / "live/a.mp4").chmod(0)
    (failure,) = (f for shard in plan_of(raw).shards for f in shard.known)
    assert (failure.source_path, failure.reason) == ("live/a.mp4", "unreadable")


def test_a_listed_file_that_is_missing_or_outside_is_a_failure(tmp_path):
    raw = raw_with(tmp_path / "raw", {"a.mp4": b"1"})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.mp4").write_bytes(b"3")
    (raw / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (raw / "sources.csv").write_text("path,label\na.mp4,live\nb.mp4,live\nlink/x.mp4,live\n")
    plan = plan_of(raw)
    details = {f.source_path: f.detail for shard in plan.shards for f in shard.known}
    assert details == {
        "b.mp4": "No such file or directory",
        "link/x.mp4": "link leaves RAW (--follow-symlinks accepts it)",
    }
    assert plan.sources == 3


def test_a_plan_survives_its_file_with_any_name(tmp_path):
    names = ["live/a\udcff\n\"'.mp4", "live/é/b.mp4"]
    raw = raw_with(tmp_path / "raw", {name: os.fsencode(name) for name in names})
    plan = plan_of(raw)
    assert load_plan(tmp_path) is None
    save_plan(tmp_path, plan)
    assert load_plan(tmp_path) == plan


def test_new_files_become_further_shards_and_old_ones_stay(raw):
    old = plan_of(raw)
    raw_with(raw, {f"train/live/new/{i}.mp4": f"new{i}".encode() for i in range(5)})
    new = extend_plan(old, scan(raw), raw, CONFIG)
    assert new.shards[: len(old.shards)] == old.shards
    assert [s.name for s in new.shards[len(old.shards) :]] == ["train-00003-of-00005", "train-00004-of-00005"]
    assert extend_plan(new, scan(raw), raw, CONFIG) == new


def test_a_copy_that_sorts_before_the_planned_file_is_the_duplicate(raw):
    old = plan_of(raw)
    raw_with(raw, {"train/live/a0/0.mp4": (raw / "train/live/s0/0.mp4").read_bytes()})
    new = extend_plan(old, scan(raw), raw, CONFIG)
    (failure,) = new.shards[-1].known
    assert failure.source_path == "train/live/a0/0.mp4"
    assert "train/live/s0/0.mp4" in failure.detail


def test_a_planned_file_with_other_content_is_refused(raw):
    old = plan_of(raw)
    raw_with(raw, {"train/live/s0/0.mp4": b"changed"})
    with pytest.raises(
        PlanMismatchError, match=r"RAW changed since OUT was planned: 'train/live/s0/0.mp4' has other"
    ):
        extend_plan(old, scan(raw), raw, CONFIG)


def test_a_planned_file_that_means_something_else_is_refused(tmp_path):
    raw = raw_with(tmp_path / "raw", {"a.mp4": b"1", "b.mp4": b"2"})
    (raw / "sources.csv").write_text("path,label,split\na.mp4,live,train\nb.mp4,live,train\n")
    old = plan_of(raw)
    (raw / "sources.csv").write_text("path,label,split\na.mp4,spoof,test\nb.mp4,live,train\n")
    # Nothing that another attempt would mend, and no word of one.
    differs = "label 'attack', was 'bonafide', pai 'unknown', was 'none', split 'test', was 'train'"
    message = rf"'a.mp4' has {differs}\. Build into a new folder"
    with pytest.raises(PlanMismatchError, match=message):
        extend_plan(old, scan(raw), raw, CONFIG)


def test_a_failure_that_is_repaired_moves_to_a_new_shard(raw):
    (raw / "train/live/s0/late.mp4").symlink_to(raw / "nowhere")
    raw_with(raw, {"train/live/s1/copy.mp4": (raw / "train/live/s1/1.mp4").read_bytes()})
    old = plan_of(raw)
    assert sorted(f.reason for s in old.shards for f in s.known) == ["duplicate", "unreadable"]
    (raw / "train/live/s0/late.mp4").unlink()
    raw_with(raw, {"train/live/s0/late.mp4": b"here now", "train/live/s1/copy.mp4": b"its own now"})
    new = extend_plan(old, scan(raw), raw, CONFIG)
    assert not [f for s in new.shards for f in s.known]
    assert {s.path for s in new.shards[-1].sources} == {"train/live/s0/late.mp4", "train/live/s1/copy.mp4"}
    assert new.sources == old.sources == 22
    assert [s.sources for s in new.shards[:-1]] == [s.sources for s in old.shards]
    assert new.shards[0].hash != old.shards[0].hash


def test_a_file_that_vanishes_between_two_looks_is_a_failure(tmp_path, monkeypatch):
    raw = raw_with(tmp_path / "raw", {"live/a.mp4": b"same", "live/b.mp4": b"same"})
    monkeypatch.setattr(
        "specaug.pipeline.duplicates.content_hash", lambda path: path.with_name("gone").read_bytes()
    )
    failures = [f for shard in plan_of(raw).shards for f in shard.known]
    assert [(f.reason, f.detail) for f in failures] == [("unreadable", "No such file or directory")] * 2


def test_links_out_of_a_folder_of_frames_are_no_frames(tmp_path):
    raw = raw_with(tmp_path / "raw", {f"live/c/{i}.jpg": bytes([i]) for i in range(3)})
    before = make_plan(scan(raw, frame_folders=True), raw, CONFIG, settings={})
    raw_with(tmp_path, {"out.jpg": b"secret"})
    (raw / "live/c/3.jpg").symlink_to(tmp_path / "out.jpg")
    raw_with(raw, {"live/c/.DS_Store": b"finder"})
    (raw / "live/c/thumbs").mkdir()
    after = make_plan(scan(raw, frame_folders=True), raw, CONFIG, settings={})
    assert ids(after)["live/c"] == ids(before)["live/c"]


def test_other_settings_are_refused_and_named(raw):
    plan = make_plan(scan(raw), raw, CONFIG, settings=CONFIG.content_settings())
    check_settings(plan, replace(CONFIG, jobs=7).content_settings())
    with pytest.raises(PlanMismatchError, match=r"frames: OUT has 8, asked for 16"):
        check_settings(plan, replace(CONFIG, frames=16).content_settings())


def test_a_damaged_plan_is_refused(tmp_path, raw):
    save_plan(tmp_path, plan_of(raw))
    file = tmp_path / ".specaug/plan.json"
    file.write_text(file.read_text()[:-40])
    with pytest.raises(PlanMismatchError, match="the plan cannot be read"):
        load_plan(tmp_path)
