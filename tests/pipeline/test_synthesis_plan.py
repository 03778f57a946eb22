"""The plan of synthetic clips: names, digests, the file it is kept in, and what is no plan."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from specaug.augment import Recipe, SpoofProfile
from specaug.errors import PlanMismatchError
from specaug.pipeline.synthesis.donor_pairs import Pair
from specaug.pipeline.synthesis.synthesis_plan import (
    SynthesisPlan,
    SynthesisRun,
    SyntheticShard,
    load_synthesis,
    new_run,
    save_synthesis,
    shard_name,
)

SHARD = SyntheticShard(
    "train-0-fda-12345678",
    "train",
    "train-0",
    "aa" * 32,
    ("train-0", "train-3"),
    (Pair("c0", 0, "c9"), Pair("c0", 1), Pair("\udce9", 0, "x")),
)
RUN = SynthesisRun("fda", "12345678" * 4, 2, "other", 5, (SHARD, replace(SHARD, name="b", pairs=())))
SETTINGS: dict[str, Any] = {"per_clip": 1, "donors": "other", "seed": 0}


def test_a_plan_comes_back_equal(tmp_path):
    plan = SynthesisPlan((RUN, replace(RUN, digest="f" * 32, shards=())))
    save_synthesis(tmp_path, plan)
    assert load_synthesis(tmp_path) == plan
    save_synthesis(tmp_path, SynthesisPlan())
    assert load_synthesis(tmp_path) == SynthesisPlan()


def test_an_out_without_plan_has_an_empty_one(tmp_path):
    assert load_synthesis(tmp_path) == SynthesisPlan()
    assert list(SynthesisPlan().shards()) == []


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda value: {**value, "version": 2}, "OUT: expected a synthesis plan of version 1, got 2"),
        (lambda value: {**value, "version": "1"}, "OUT: expected a synthesis plan of version 1, got '1'"),
        (lambda value: {"runs": value["runs"]}, r"OUT: the synthesis plan cannot be read \('version'\)"),
        (lambda value: {"version": 1}, "cannot be read .*; use --overwrite"),
        (lambda value: [], "cannot be read"),
        (lambda value: {**value, "runs": [{}]}, "cannot be read"),
        (lambda value: {**value, "runs": [{**value["runs"][0], "more": 1}]}, "cannot be read"),
        (lambda value: {**value, "runs": [{**value["runs"][0], "shards": [3]}]}, "cannot be read"),
    ],
)
def test_what_is_no_plan_of_this_version_is_refused(tmp_path, edit, message):
    save_synthesis(tmp_path, SynthesisPlan((RUN,)))
    path = tmp_path / ".specaug/synthesis.json"
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))
    with pytest.raises(PlanMismatchError, match=message):
        load_synthesis(tmp_path)


def test_pairs_that_are_no_triples_are_refused(tmp_path):
    save_synthesis(tmp_path, SynthesisPlan((RUN,)))
    path = tmp_path / ".specaug/synthesis.json"
    value = json.loads(path.read_text())
    assert value["runs"][0]["shards"][0]["pairs"][:2] == [["c0", 0, "c9"], ["c0", 1, None]]
    value["runs"][0]["shards"][0]["pairs"][0].pop()
    path.write_text(json.dumps(value))
    with pytest.raises(PlanMismatchError, match="not enough values to unpack"):
        load_synthesis(tmp_path)


def test_a_run_takes_the_place_of_the_one_with_its_digest():
    one, two = replace(RUN, digest="1"), replace(RUN, digest="2", shards=())
    plan = SynthesisPlan().with_run(one).with_run(two)
    assert plan.runs == (one, two)
    assert (plan.run("1"), plan.run("2"), plan.run("3")) == (one, two, None)
    longer = replace(one, shards=(SHARD,))
    assert plan.with_run(longer).runs == (longer, two)
    assert plan.runs == (one, two)  # the old plan is as it was
    assert [shard.name for shard in plan.shards()] == [SHARD.name, "b"]


@pytest.mark.parametrize(
    "other",
    [
        replace(SHARD, name="n"),
        replace(SHARD, split="dev"),
        replace(SHARD, captured="n"),
        replace(SHARD, captured_sha256="bb"),
        replace(SHARD, donors=("train-3", "train-0")),
        replace(SHARD, pairs=SHARD.pairs[:-1]),
        replace(SHARD, pairs=SHARD.pairs[::-1]),
        replace(SHARD, pairs=(replace(SHARD.pairs[0], variant=7), *SHARD.pairs[1:])),
        replace(SHARD, pairs=(replace(SHARD.pairs[0], donor=None), *SHARD.pairs[1:])),
    ],
)
def test_the_hash_of_a_shard_hangs_on_all_of_it(other):
    assert other.hash != SHARD.hash
    assert replace(SHARD).hash == SHARD.hash
    assert len(bytes.fromhex(SHARD.hash)) == 16


def test_a_hash_is_the_same_after_a_way_through_the_file(tmp_path):
    save_synthesis(tmp_path, SynthesisPlan((RUN,)))
    assert [shard.hash for shard in load_synthesis(tmp_path).shards()] == [shard.hash for shard in RUN.shards]


@pytest.mark.parametrize(
    ("recipe", "slug"),
    [
        ("fda", "fda"),
        ("Screens & Prints!", "screens-prints"),
        ("--a__b--", "a-b"),
        ("", "recipe"),
        ("李", "recipe"),
        ("Über", "ber"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 40),
    ],
)
def test_a_shard_is_named_by_what_is_safe_of_its_recipe(recipe, slug):
    run = SynthesisRun(recipe, "0123456789abcdef" * 2, 1, "any", 0)
    assert shard_name("train-00000-of-00002", run) == f"train-00000-of-00002-{slug}-01234567"


def test_runs_of_one_recipe_with_other_settings_have_other_names():
    runs = [new_run(Recipe.from_preset("fda"), **{**SETTINGS, "seed": seed}) for seed in range(5)]
    assert len({shard_name("train-0", run) for run in runs}) == 5


@pytest.mark.parametrize(
    ("changes", "same"),
    [({}, True), ({"per_clip": 2}, False), ({"donors": "any"}, False), ({"seed": 1}, False)],
)
def test_the_digest_of_a_run_hangs_on_its_settings(changes, same):
    recipe = Recipe.from_preset("fda")
    first, second = new_run(recipe, **SETTINGS), new_run(recipe, **{**SETTINGS, **changes})
    assert (first.digest == second.digest) == same
    assert (second.recipe, second.shards) == ("fda", ())
    assert {k: getattr(second, k) for k in SETTINGS} == {**SETTINGS, **changes}


@pytest.mark.parametrize("donors", ["other", "same", "any"])
def test_donors_of_a_recipe_that_takes_none_are_no_setting(donors):
    recipe = Recipe.from_preset("control")
    run = new_run(recipe, **{**SETTINGS, "donors": donors})
    assert run.donors == "any"
    assert run.digest == new_run(recipe, **SETTINGS).digest


def test_recipes_with_other_ranges_have_other_digests():
    names = ("fda", "mix-high", "bandpass", "control", "recapture-screen")
    digests = {new_run(Recipe.from_preset(name), **SETTINGS).digest for name in names}
    assert len(digests) == 5
    recipe = Recipe.from_preset("fda")
    (branch,) = recipe.branches
    rarer = replace(branch, steps=(replace(branch.steps[0], probability=0.5),))
    for other in (
        replace(recipe, branches=(rarer,)),
        replace(recipe, label="attack"),
        replace(recipe, name="x"),
    ):
        assert new_run(other, **SETTINGS).digest != new_run(recipe, **SETTINGS).digest


def test_a_profile_counts_by_what_it_says_too(tmp_path):
    path, toml = tmp_path / "p.npz", tmp_path / "learned.toml"
    step = f'operation = "profile"\nranges = {{ file = {json.dumps(str(path))} }}\n'
    toml.write_text(f'name = "learned"\n[[steps]]\n{step}')

    def digest(seed: int) -> str:
        frames = np.random.default_rng(seed).integers(0, 255, (2, 16, 16, 3), np.uint8)
        SpoofProfile.fit([frames], {"print": [frames // 2]}).save(path)
        return new_run(Recipe.find(toml), **SETTINGS).digest

    first = digest(1)
    assert digest(2) != first  # under one name
    assert digest(1) == first
