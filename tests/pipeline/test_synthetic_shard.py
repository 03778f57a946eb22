"""One synthetic shard: each row follows from its parent, its donor and its draw, and the file from the plan."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from finished_out import SIZE, pixels, row_of, write_shard

from specaug.augment import Recipe
from specaug.errors import ArgumentError, SpecaugError
from specaug.pipeline.synthesis.donor_pairs import DRAW, Pair, seed_words
from specaug.pipeline.synthesis.synthesis_plan import SynthesisRun, SyntheticShard
from specaug.pipeline.synthesis.synthetic_shard import Setting, make_shard
from specaug.records import Receipt, ShardPlan
from specaug.shards import decode_image, encode_image, other_receipts, read_receipt, sha256

HOME, AWAY = "train-00000-of-00002", "train-00001-of-00002"
RUN = SynthesisRun("any", "d" * 32, 1, "other", 5)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Bona fide clips 0 to 3 of two row groups, an attack among them; donors 10 to 12 in another shard."""
    home = [row_of(i, n=2, scale=[1.0, 3.0]) for i in range(4)]
    home.insert(2, row_of(9, pai="print/1"))
    away = [row_of(10, pai="replay/tv", n=3), row_of(11, pai="print/2"), row_of(12)]
    write_shard(tmp_path / "out", HOME, home, plan_hash="h", group=3)
    write_shard(tmp_path / "out", AWAY, away, plan_hash="h")
    return tmp_path / "out"


def shard_of(*pairs: Pair, donors: tuple[str, ...] = (AWAY,)) -> SyntheticShard:
    return SyntheticShard(f"{HOME}-any-dddddddd", "train", HOME, "sha", donors, pairs)


def setting_of(recipe: Recipe | str, **changes: Any) -> Setting:
    chosen = Recipe.from_preset(recipe) if isinstance(recipe, str) else recipe
    facts = {"image_format": "png", "jpeg_quality": 95, "size": SIZE, **changes}
    return Setting(chosen, facts.pop("run", RUN), **facts)


def made(out: Path, shard: SyntheticShard, setting: Setting) -> tuple[Receipt, list[dict[str, Any]]]:
    receipt = make_shard(shard, setting, out, builder=os.getpid())
    return receipt, pq.read_table(out / f"data/synthetic/{shard.name}.parquet").to_pylist()


def frames_of(row: dict[str, Any]) -> np.ndarray:
    return np.stack([decode_image(frame["bytes"]) for frame in row["frames"]])


def test_a_row_follows_from_parent_donor_and_draw(out):
    setting = setting_of("mix-high")
    _, (row,) = made(out, shard_of(Pair("c1", 4, "c10")), setting)
    drawn = setting.recipe.sample(seed_words(5, "c1", 4, DRAW), scale=2.0)  # the median of 1 and 3
    expected = setting.recipe.run(pixels(1), drawn, pixels(10, n=3))
    assert np.array_equal(frames_of(row), expected.image)
    record = json.loads(row["recipe"])
    assert {key: record[key] for key in drawn} == drawn
    assert (record["donor"], record["donor_pai"], record["variant"], record["run"]) == (
        "c10",
        "replay/tv",
        4,
        "d" * 32,
    )
    assert record["clipped"] == round(float(expected.clipped.max()), 6)
    assert record["halvings"] == int(expected.halvings.max())


@pytest.mark.parametrize(
    ("recipe", "donor", "label", "pai"),
    [
        ("fda", "c12", 0, "none"),
        ("mix-high", "c10", 1, "replay/synthetic"),
        ("mix-high", "c11", 1, "print/synthetic"),
        ("recapture-screen", None, 1, "replay/synthetic"),
        ("recapture-print", None, 1, "print/synthetic"),
        ("control", None, 1, "unknown/synthetic"),
    ],
)
def test_label_and_species_are_those_of_what_was_done(out, recipe, donor, label, pai):
    receipt, (row,) = made(out, shard_of(Pair("c0", 0, donor)), setting_of(recipe))
    assert (row["label"], row["pai"]) == (label, pai)
    assert json.loads(row["recipe"])["donor"] == donor
    assert receipt.groups == ((("bonafide", "attack")[label], pai, 1),)


def test_what_is_not_changed_is_the_parents(out):
    _, rows = made(out, shard_of(Pair("c3", 0), Pair("c0", 1)), setting_of("control"))
    changed = {"clip_id", "parent_id", "origin", "recipe", "label", "pai", "frames"}
    parents = {
        row["clip_id"]: row for row in pq.read_table(out / f"data/captured/{HOME}.parquet").to_pylist()
    }
    for row in rows:
        parent = parents[row["parent_id"]]
        assert {k: row[k] for k in row.keys() - changed} == {k: parent[k] for k in parent.keys() - changed}
        assert row["origin"] == "synthetic"
        assert {frame["path"] for frame in row["frames"]} == {None}


def test_rows_come_in_the_order_of_their_parents_then_of_the_plan(out):
    pairs = [Pair("c3", 0), Pair("c0", 1), Pair("c3", 2), Pair("c0", 0)]
    receipt, rows = made(out, shard_of(*pairs, donors=()), setting_of("control"))
    order = [(row["parent_id"], json.loads(row["recipe"])["variant"]) for row in rows]
    assert order == [("c0", 1), ("c0", 0), ("c3", 0), ("c3", 2)]
    assert receipt.rows == 4


def test_ids_follow_from_parent_run_and_variant(out):
    def clip_id(parent: str, run: str, variant: int) -> str:
        return hashlib.blake2b(json.dumps([parent, run, variant]).encode(), digest_size=16).hexdigest()

    pairs = [Pair("c0", 0), Pair("c0", 1), Pair("c1", 0)]
    _, rows = made(out, shard_of(*pairs), setting_of("control"))
    assert [row["clip_id"] for row in rows] == [clip_id(p.parent, "d" * 32, p.variant) for p in pairs]
    _, other = made(out, shard_of(Pair("c0", 0)), setting_of("control", run=replace(RUN, digest="e" * 32)))
    assert other[0]["clip_id"] == clip_id("c0", "e" * 32, 0)


def test_the_seed_of_the_run_is_in_the_draw(out):
    shard = shard_of(Pair("c0", 0))
    recipes = [
        made(out, shard, setting_of("recapture-screen", run=replace(RUN, seed=seed)))[1][0]["recipe"]
        for seed in (5, 6, 5)
    ]
    assert recipes[0] == recipes[2] != recipes[1]


def test_the_receipt_tells_what_was_written(out):
    shard = shard_of(Pair("c0", 0), Pair("c1", 0))
    receipt, _ = made(out, shard, setting_of("control"))
    file = out / f"data/synthetic/{shard.name}.parquet"
    assert (receipt.shard, receipt.plan_hash, receipt.split) == (shard.name, shard.hash, "train")
    assert (receipt.rows, receipt.bytes, receipt.sha256) == (2, file.stat().st_size, sha256(file))
    assert (receipt.failures, receipt.failures_sha256, receipt.sources, receipt.with_clips) == (0, "", 0, 0)
    assert receipt.origin == "synthetic"
    assert {stage for stage, _ in receipt.seconds} == {"read", "decode", "apply", "encode", "write"}
    assert other_receipts(out) == [receipt]
    assert read_receipt(out, ShardPlan(shard.name, "train", ())) is None


@pytest.mark.parametrize(
    ("image_format", "quality"), [("png", 95), ("webp", 95), ("jpeg", 95), ("jpeg", 30), ("raw", 95)]
)
def test_pictures_are_stored_in_the_format_of_the_set(out, image_format, quality):
    setting = setting_of("control", image_format=image_format, jpeg_quality=quality)
    _, (row,) = made(out, shard_of(Pair("c0", 0)), setting)
    drawn = {
        k: v for k, v in json.loads(row["recipe"]).items() if k in ("recipe", "branch", "scale", "steps")
    }
    expected = setting.recipe.apply(pixels(0), drawn)
    if image_format == "raw":
        assert row["frames_raw"] == expected.tobytes()
    else:
        stored = [frame["bytes"] for frame in row["frames"]]
        assert stored == [
            encode_image(frame, image_format=image_format, jpeg_quality=quality) for frame in expected
        ]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([Pair("c0", 0), Pair("gone", 0), Pair("lost", 1), Pair("lost", 2)], "2 planned clips are not there"),
        ([Pair("c10", 0)], "1 planned clips are not there"),  # of another shard
        ([Pair("c0", 0, "c0"), Pair("c1", 0, "c10")], "1 planned donors are not there"),
    ],
)
def test_clips_of_the_plan_that_are_not_there_end_it_without_a_trace(out, pairs, message):
    shard = shard_of(*pairs)
    recipe = "mix-high" if pairs[0].donor else "control"
    with pytest.raises(SpecaugError, match=f"{message}; `specaug verify` tells"):
        make_shard(shard, setting_of(recipe), out, builder=os.getpid())
    assert list((out / "data/synthetic").iterdir()) == []
    assert other_receipts(out) == []


def test_a_recipe_that_never_does_anything_is_refused(out):
    recipe = Recipe.from_preset("control")
    idle = replace(
        recipe,
        branches=tuple(
            replace(branch, steps=tuple(replace(step, probability=0.0) for step in branch.steps))
            for branch in recipe.branches
        ),
    )
    with pytest.raises(
        ArgumentError, match="recipe: expected one that does something, 'control' did nothing 1000"
    ):
        make_shard(shard_of(Pair("c0", 0)), setting_of(idle), out, builder=os.getpid())


def test_a_rare_recipe_is_drawn_until_it_does_something(out):
    recipe = Recipe.from_preset("fda")
    rare = replace(
        recipe,
        branches=tuple(
            replace(branch, steps=tuple(replace(step, probability=0.05) for step in branch.steps))
            for branch in recipe.branches
        ),
    )
    _, rows = made(out, shard_of(*[Pair("c0", v, "c12") for v in range(5)]), setting_of(rare))
    for row in rows:
        assert len(json.loads(row["recipe"])["steps"]) == 1
        assert not np.array_equal(frames_of(row), pixels(0))
