"""The file of a plan: JSON that holds everything, one key a line, sealed with a key, refused when damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from handmade import failure, source
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import PlanMismatchError
from specaug.pipeline.plan import PLAN_VERSION, Plan, load_plan, save_plan
from specaug.pipeline.pseudonym import Key
from specaug.records import ShardPlan

KEY = Key(b"k" * 64, 64)
BYTES = [b"a", b"/", b'"', b"\\", b"\n", b"\xff", "é".encode(), "\u2028".encode(), "😀".encode()]
FILE = ".specaug/plan.json"
LIVE = source(
    "live/a.mp4", subject="s1", session="2", device="cam", dataset="demo", boxes="live/a.face", turn="90"
)
SPOOF = source("spoof/b.h5", kind="hdf5", box_format="eye_pos", first_frames=20, split="dev")
PLAN = Plan(
    {"frames": 8, "split": [70, 15, 15], "protocol": None},
    (
        ShardPlan("train-00000-of-00002", "train", (LIVE, source("live/c.mp4"))),
        ShardPlan(
            "train-00001-of-00002", "train", (), (failure(LIVE, "duplicate", stage="discover", detail="é"),)
        ),
        ShardPlan("dev-00000-of-00001", "dev", (SPOOF,), (failure(SPOOF, attempts=3), failure(LIVE))),
    ),
    skipped=4,
)


@pytest.mark.parametrize("plan", [PLAN, Plan({}, ()), Plan({"a": 1}, PLAN.shards[:1], 1)])
@pytest.mark.parametrize("key", [None, KEY])
def test_a_plan_is_read_back_as_it_was_written(tmp_path, plan, key):
    save_plan(tmp_path, plan, key)
    assert load_plan(tmp_path, key) == plan
    first = (tmp_path / FILE).read_bytes()
    save_plan(tmp_path, plan, key)
    assert (tmp_path / FILE).read_bytes() == first


def test_the_file_is_ascii_json_with_sorted_keys_and_one_a_line(tmp_path):
    save_plan(tmp_path, PLAN)
    text = (tmp_path / FILE).read_text(encoding="ascii")
    value = json.loads(text)
    assert (value["plan_version"], value["settings"], value["skipped"]) == (PLAN_VERSION, PLAN.settings, 4)
    assert [shard["name"] for shard in value["shards"]] == [shard.name for shard in PLAN.shards]
    assert value["shards"][0]["sources"][0] == {k: v for k, v in vars(LIVE).items() if k != "stamp"}
    assert value["shards"][1]["known"] == [vars(PLAN.shards[1].known[0])]
    assert {shard["settings"] for shard in value["shards"]} == {PLAN.shards[0].settings}
    lines = text.splitlines()
    assert all(line.count('": ') <= 1 for line in lines if not line.startswith('"settings": {'))
    keys = [line.partition('"')[2].partition('"')[0] for line in lines if line.startswith('"')]
    start = keys.index("attempts")
    assert keys[start : start + 8] == sorted(vars(PLAN.shards[1].known[0]))


def test_nothing_but_the_file_is_left(tmp_path):
    save_plan(tmp_path, PLAN)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / FILE]


def test_with_a_key_no_name_of_a_file_is_in_the_file_and_ids_are(tmp_path):
    save_plan(tmp_path, PLAN, KEY)
    text = (tmp_path / FILE).read_text()
    assert not [name for name in ("live/", "spoof/", ".face", ".h5") if name in text]
    assert LIVE.source_id in text
    without = load_plan(tmp_path)
    assert [shard.hash for shard in without.shards] == [shard.hash for shard in PLAN.shards]
    assert without.shards[0].sources[0].path.startswith("sealed:")
    assert without == load_plan(tmp_path, Key(b"x" * 64, 64))


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    st.lists(st.lists(st.sampled_from(BYTES), min_size=1, max_size=5).map(b"".join), max_size=3, unique=True)
)
def test_any_name_survives(tmp_path_factory, names):
    out = tmp_path_factory.mktemp("out")
    names = [os.fsdecode(name) for name in names]
    sources = tuple(source(name, subject=name) for name in names)
    plan = Plan({}, (ShardPlan("train-00000-of-00001", "train", sources),))
    save_plan(out, plan)
    assert load_plan(out) == plan


@pytest.mark.parametrize("version", [0, 1, 3, "2", None])
def test_a_plan_of_another_version_is_refused_by_its_number(tmp_path, version):
    save_plan(tmp_path, PLAN)
    value = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**value, "plan_version": version}))
    with pytest.raises(PlanMismatchError, match=rf"OUT: expected a plan of version 2, got {version!r}"):
        load_plan(tmp_path)


def damaged(value: dict, how: str) -> object:
    shard = value["shards"][0]
    if how == "label":
        shard["sources"][0]["label"] = "live"
    elif how == "reason":
        value["shards"][1]["known"][0]["reason"] = "slow"
    elif how == "unknown field":
        shard["sources"][0]["color"] = "red"
    elif how == "no name":
        del shard["name"]
    elif how == "shards":
        value["shards"] = 3
    elif how == "list":
        return [value]
    else:
        del value[how]
    return value


@pytest.mark.parametrize(
    "how",
    ["label", "reason", "unknown field", "no name", "shards", "list", "settings", "skipped", "plan_version"],
)
def test_a_damaged_plan_is_refused_with_the_way_out(tmp_path, how):
    save_plan(tmp_path, PLAN)
    value = damaged(json.loads((tmp_path / FILE).read_text()), how)
    (tmp_path / FILE).write_text(json.dumps(value))
    with pytest.raises(
        PlanMismatchError, match=r"OUT: the plan cannot be read \(.+\); build with --overwrite"
    ):
        load_plan(tmp_path)


@pytest.mark.parametrize("content", [b"", b"null", b"\xff\xfe", b"{"])
def test_a_file_that_is_no_plan_is_refused(tmp_path, content):
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(PlanMismatchError, match="the plan cannot be read"):
        load_plan(tmp_path)


def test_a_folder_without_a_plan_has_none(tmp_path):
    assert load_plan(tmp_path) is None
    assert load_plan(Path(tmp_path / "none")) is None
