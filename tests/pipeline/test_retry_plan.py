"""Which failed sources are run again, as they are in RAW now, and where each is put."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from handmade import catalog, failure, raw_with, source

from specaug.catalog import Catalog
from specaug.errors import PlanMismatchError
from specaug.pipeline.plan import Plan, make_plan
from specaug.pipeline.retry.retry_plan import replan
from specaug.pipeline.retry.retry_shard import RetryPlan
from specaug.records import BuildConfig, Failure, Source

TRIED = 3
"""Attempts so far at what was known to fail."""
FILES = {f"{i}.mp4": f"content {i}".encode() for i in range(4)} | {"copy.mp4": b"content 1"}


@pytest.fixture
def raw(tmp_path) -> Path:
    return raw_with(tmp_path / "raw", FILES)


def items(**fields: Any) -> list[Source]:
    return [source(name, source_id="", **fields) for name in sorted(FILES)]


@pytest.fixture
def plan(raw) -> Plan:
    """Two shards with two sources each; in the first a copy and a file that could not be opened."""
    broken = [(source("gone.mp4", source_id=""), "No such file or directory")]
    made = make_plan(catalog(*items(), broken=broken), raw, BuildConfig(sources_per_shard=2), settings={})
    assert [(len(shard.sources), len(shard.known)) for shard in made.shards] == [(2, 2), (2, 0)]
    first = replace(made.shards[0], known=tuple(replace(f, attempts=TRIED) for f in made.shards[0].known))
    return Plan({}, (first, made.shards[1]))


def known(plan: Plan, path: str) -> Failure:
    (found,) = (f for shard in plan.shards for f in shard.known if f.source_path == path)
    return found


def planned(plan: Plan, path: str) -> tuple[int, Source]:
    """The number of the shard of a source, and the source."""
    ((number, found),) = (
        (n, s) for n, shard in enumerate(plan.shards) for s in shard.sources if s.path == path
    )
    return number, found


def again(
    plan: Plan, raw: Path, picked: Mapping[str, int], now: Catalog | None = None
) -> tuple[Plan, list[RetryPlan]]:
    return replan(plan, picked, raw, now, follow_symlinks=False)


def test_nothing_picked_changes_nothing(plan, raw):
    assert again(plan, raw, {}) == (plan, [])
    assert again(plan, raw, {"0" * 32: 3}) == (plan, [])


@pytest.mark.parametrize("name", ["0.mp4", "2.mp4"])
def test_a_file_as_it_was_is_run_in_its_shard_and_the_plan_stays(plan, raw, name):
    number, item = planned(plan, name)
    changed, (task,) = again(plan, raw, {item.source_id: 4})
    assert changed == plan
    assert task == RetryPlan(plan.shards[number], ((item.source_id, 4),))


def test_sources_of_all_shards_are_run_each_with_its_attempts(plan, raw):
    picked = {s.source_id: n for n, shard in enumerate(plan.shards, start=1) for s in shard.sources}
    changed, tasks = again(plan, raw, picked)
    assert changed == plan
    assert [dict(task.attempts) for task in tasks] == [
        {s.source_id: n for s in shard.sources} for n, shard in enumerate(plan.shards, start=1)
    ]
    assert all(list(task.attempts) == sorted(task.attempts) for task in tasks)


def test_other_content_is_another_source_in_the_same_shard(plan, raw):
    number, before = planned(plan, "0.mp4")
    raw_with(raw, {"0.mp4": b"repaired"})
    changed, (task,) = again(plan, raw, {before.source_id: 2})
    where, after = planned(changed, "0.mp4")
    assert (where, task.attempts) == (number, ((after.source_id, 2),))
    assert after == replace(before, source_id=after.source_id) != before
    ids = [item.source_id for item in task.shard.sources]
    assert ids == sorted(ids)
    assert changed.shards[1 - number] == plan.shards[1 - number]
    assert changed.shards[number].hash != plan.shards[number].hash
    assert (task.shard.name, task.shard.split) == (plan.shards[number].name, "train")


def test_a_file_that_is_gone_is_tried_as_it_was_planned(plan, raw):
    _, item = planned(plan, "0.mp4")
    (raw / "0.mp4").unlink()
    changed, (task,) = again(plan, raw, {item.source_id: 1})
    assert changed == plan
    assert task.attempts == ((item.source_id, 1),)
    assert item in task.shard.sources


@pytest.mark.parametrize("original", ["1.mp4", "3.mp4"])
def test_a_repair_that_makes_a_copy_of_a_planned_file_is_a_duplicate(plan, raw, original):
    number, item = planned(plan, "0.mp4")
    raw_with(raw, {"0.mp4": FILES[original]})
    changed, (task,) = again(plan, raw, {item.source_id: 2})
    lost = known(changed, "0.mp4")
    assert (lost.reason, lost.attempts) == ("duplicate", 3)
    assert lost.detail == f"same content as '{original}'"
    assert task.attempts == ()
    assert "0.mp4" not in {s.path for s in changed.shards[number].sources}
    assert changed.sources == plan.sources


def test_two_repairs_to_the_same_content_keep_the_first(plan, raw):
    picked = {planned(plan, name)[1].source_id: 1 for name in ("0.mp4", "2.mp4")}
    raw_with(raw, {"0.mp4": b"same", "2.mp4": b"same"})
    changed, _ = again(plan, raw, picked)
    assert planned(changed, "0.mp4")
    assert known(changed, "2.mp4").detail == "same content as '0.mp4'"
    assert changed.sources == plan.sources


def test_files_that_swap_their_content_are_both_new(plan, raw):
    picked = {planned(plan, name)[1].source_id: 1 for name in ("0.mp4", "2.mp4")}
    raw_with(raw, {"0.mp4": FILES["2.mp4"], "2.mp4": FILES["0.mp4"]})
    changed, tasks = again(plan, raw, picked)
    assert {f.source_path for shard in changed.shards for f in shard.known} == {"copy.mp4", "gone.mp4"}
    assert not picked.keys() & {name for task in tasks for name, _ in task.attempts}
    assert changed.sources == plan.sources


def test_a_copy_that_is_one_still_is_counted_once_more(plan, raw):
    lost = known(plan, "copy.mp4")
    changed, (task,) = again(plan, raw, {lost.source_id: TRIED}, catalog(*items()))
    assert known(changed, "copy.mp4") == replace(lost, attempts=TRIED + 1)
    assert task.attempts == ()
    assert known(changed, "gone.mp4") == known(plan, "gone.mp4")


def test_a_copy_whose_original_went_is_no_source_of_its_own(plan, raw):
    (raw / "1.mp4").unlink()
    lost = known(plan, "copy.mp4")
    changed, _ = again(plan, raw, {lost.source_id: TRIED}, catalog(*items()))
    assert known(changed, "copy.mp4").attempts == TRIED + 1


def test_a_copy_with_content_of_its_own_becomes_a_source(plan, raw):
    raw_with(raw, {"copy.mp4": b"its own"})
    lost = known(plan, "copy.mp4")
    changed, (task,) = again(plan, raw, {lost.source_id: TRIED}, catalog(*items()))
    number, item = planned(changed, "copy.mp4")
    assert number == 0
    assert task.attempts == ((item.source_id, TRIED),)
    assert item.source_id != lost.source_id
    assert [f.source_path for f in changed.shards[0].known] == ["gone.mp4"]


def test_a_file_that_can_be_opened_now_becomes_a_source(plan, raw):
    raw_with(raw, {"gone.mp4": b"here"})
    lost = known(plan, "gone.mp4")
    now = catalog(*items(), source("gone.mp4", source_id="", subject="s9"))
    changed, (task,) = again(plan, raw, {lost.source_id: TRIED}, now)
    number, item = planned(changed, "gone.mp4")
    assert (number, item.subject, task.attempts) == (0, "s9", ((item.source_id, TRIED),))
    assert changed.sources == plan.sources


@pytest.mark.parametrize(
    ("broken", "detail"), [("File name too long", "File name too long"), (None, "No such file or directory")]
)
def test_a_file_that_cannot_be_opened_still_has_its_reason_of_today(plan, raw, broken, detail):
    lost = known(plan, "gone.mp4")
    pairs = [(source("gone.mp4", source_id=""), broken)] if broken else []
    changed, _ = again(plan, raw, {lost.source_id: TRIED}, catalog(*items(), broken=pairs))
    found = known(changed, "gone.mp4")
    assert (found.reason, found.detail, found.attempts, found.source_id) == (
        *("unreadable", detail, TRIED + 1, lost.source_id),
    )


@pytest.mark.parametrize("name", ["copy.mp4", "gone.mp4"])
def test_a_file_that_belongs_to_another_split_now_is_refused(plan, raw, name):
    raw_with(raw, {name: b"its own"})
    moved = [replace(item, split="dev") if item.path == name else item for item in items()]
    if name == "gone.mp4":
        moved.append(source(name, source_id="", split="dev"))
    words = rf"RAW changed since OUT was planned: '{name}' is in dev now, it was planned for train\."
    with pytest.raises(PlanMismatchError, match=words):
        again(plan, raw, {known(plan, name).source_id: TRIED}, catalog(*moved))


def test_settings_and_counts_of_skipped_files_stay(plan, raw):
    other = Plan({"a": 1}, plan.shards, skipped=7)
    changed, _ = again(other, raw, {planned(plan, "0.mp4")[1].source_id: 1})
    assert (changed.settings, changed.skipped) == ({"a": 1}, 7)


def test_failures_of_others_in_the_shard_are_left_alone(plan, raw):
    extra = failure(source("other.mp4"), "unreadable", stage="discover", attempts=5)
    shard = replace(plan.shards[0], known=(*plan.shards[0].known, extra))
    number, item = next((n, s) for n, part in enumerate(plan.shards) for s in part.sources if n == 0)
    changed, _ = again(Plan({}, (shard, plan.shards[1])), raw, {item.source_id: 1})
    assert known(changed, "other.mp4") == extra
    assert number == 0
