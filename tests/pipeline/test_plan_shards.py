"""How sources are cut into shards: sizes, names, order, and where known failures go."""

from __future__ import annotations

import pytest
from handmade import catalog, raw_with, source

from specaug.pipeline.plan import Plan, extend_plan, make_plan
from specaug.records import BuildConfig, ShardPlan, settings_digest


def plan_of(
    tmp_path, counts: dict[str, int], per_shard: int | None = None, lost: dict[str, int] | None = None
) -> Plan:
    """A plan of so many files a split, all different, and of so many that cannot be read."""
    names = {f"{split}/{i}.mp4": split for split, n in counts.items() for i in range(n)}
    raw = raw_with(tmp_path / "raw", {name: name.encode() for name in names})
    gone = [
        source(f"{split}/gone{i}.mp4", split=split) for split, n in (lost or {}).items() for i in range(n)
    ]
    items = catalog(*(source(n, split=s) for n, s in names.items()), broken=[(item, "gone") for item in gone])
    return make_plan(items, raw, BuildConfig(sources_per_shard=per_shard), settings={"a": 1})


def sizes(plan: Plan) -> list[int]:
    return [len(shard.sources) for shard in plan.shards]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, [1]),
        (4, [4]),
        (5, [4, 1]),
        (32, [4] * 8),  # an eighth of the sources, but four at least
        (33, [5] * 6 + [3]),
        (40, [5] * 8),
        (41, [6] * 6 + [5]),
    ],
)
def test_a_split_is_cut_into_about_eight_shards_of_four_sources_at_least(tmp_path, n, expected):
    assert sizes(plan_of(tmp_path, {"train": n})) == expected


@pytest.mark.parametrize(("n", "largest", "count"), [(504, 63, 8), (512, 64, 8), (513, 64, 9)])
def test_no_shard_has_more_than_64_sources(tmp_path, n, largest, count):
    raw = raw_with(tmp_path / "raw", {"empty.mp4": b""})
    items = catalog(*(source("./" * i + "empty.mp4") for i in range(n)))  # many names of one file, for speed
    found = sizes(make_plan(items, raw, BuildConfig(), settings={}))
    assert (max(found), len(found), sum(found)) == (largest, count, n)


@pytest.mark.parametrize(("per_shard", "expected"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (99, [5])])
def test_a_given_number_of_sources_a_shard_is_kept_to(tmp_path, per_shard, expected):
    assert sizes(plan_of(tmp_path, {"dev": 5}, per_shard)) == expected


def test_shards_are_named_by_split_in_the_order_of_splits(tmp_path):
    plan = plan_of(tmp_path, {"test": 1, "train": 5, "dev": 2}, 2)
    assert [shard.name for shard in plan.shards] == [
        *(f"train-0000{i}-of-00003" for i in range(3)),
        *("dev-00000-of-00001", "test-00000-of-00001"),
    ]
    assert [shard.split for shard in plan.shards] == ["train"] * 3 + ["dev", "test"]


def test_known_failures_go_into_the_first_shard_of_their_split(tmp_path):
    plan = plan_of(tmp_path, {"train": 9, "dev": 1}, lost={"train": 3, "dev": 1})
    assert [len(shard.known) for shard in plan.shards] == [3, 0, 0, 1]
    ids = [failure.source_id for failure in plan.shards[0].known]
    assert ids == sorted(ids)
    assert plan.sources == 14


def test_a_split_with_nothing_but_failures_has_one_shard(tmp_path):
    plan = plan_of(tmp_path, {"train": 1}, lost={"test": 2})
    assert [(s.name, len(s.sources), len(s.known)) for s in plan.shards] == [
        ("train-00000-of-00001", 1, 0),
        ("test-00000-of-00001", 0, 2),
    ]


def test_nothing_gives_no_shard(tmp_path):
    plan = plan_of(tmp_path, {})
    assert (plan.shards, plan.sources, plan.skipped) == ((), 0, 0)


def test_shards_know_the_settings_of_their_plan():
    shard = ShardPlan("train-00000-of-00001", "train", (source("a.mp4"),), settings="of another plan")
    plans = [Plan({"a": value}, (shard,)) for value in (1, 1, 2)]
    assert [plan.shards[0].settings for plan in plans] == [settings_digest({"a": v}) for v in (1, 1, 2)]
    assert plans[0].shards[0].hash == plans[1].shards[0].hash != plans[2].shards[0].hash


@pytest.mark.parametrize(("new", "lost"), [(3, 0), (0, 2), (2, 1)])
def test_what_is_new_is_numbered_on_from_what_its_split_has(tmp_path, new, lost):
    config = BuildConfig(sources_per_shard=2)
    old = plan_of(tmp_path, {"train": 3, "dev": 1}, 2)
    names = {f"train/{i}.mp4": "train" for i in range(3 + new)} | {"dev/0.mp4": "dev"}
    raw = raw_with(tmp_path / "raw", {name: name.encode() for name in names})
    gone = [(source(f"train/gone{i}.mp4"), "gone") for i in range(lost)]
    items = catalog(*(source(n, split=s) for n, s in names.items()), broken=gone)
    plan = extend_plan(old, items, raw, config)
    assert plan.shards[:3] == old.shards
    added = [(shard.name, len(shard.sources), len(shard.known)) for shard in plan.shards[3:]]
    assert (
        added
        == {
            (3, 0): [("train-00002-of-00004", 2, 0), ("train-00003-of-00004", 1, 0)],
            (0, 2): [("train-00002-of-00003", 0, 2)],
            (2, 1): [("train-00002-of-00003", 2, 1)],
        }[new, lost]
    )
    assert plan.sources == old.sources + new + lost


def test_a_known_failure_that_is_there_again_is_not_planned_twice(tmp_path):
    old = plan_of(tmp_path, {"train": 2}, lost={"train": 1})
    items = catalog(
        *(source(f"train/{i}.mp4") for i in range(2)), broken=[(source("train/gone0.mp4"), "gone for good")]
    )
    assert extend_plan(old, items, tmp_path / "raw", BuildConfig()) == old


def test_files_that_went_from_raw_stay_planned(tmp_path):
    old = plan_of(tmp_path, {"train": 3})
    assert extend_plan(old, catalog(source("train/1.mp4")), tmp_path / "raw", BuildConfig()) == old
