"""Augmentation on the fly: which clips, which donors, which labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from making import frames_of, row_of, write_rows, write_split

from specaug import Recipe, load
from specaug.augment.recipes.steps import run_draws
from specaug.errors import ArgumentError
from specaug.loader.donors import clip_rng

BANDPASS = Recipe.from_preset("bandpass")
FDA = Recipe.from_preset("fda")


def number_of(clip_id: str) -> int:
    return int(clip_id.split("-")[0], 16)


def clips_of(loader):
    for batch in loader:
        for i in range(len(batch["label"])):
            yield {name: values[i] for name, values in batch.items()}


def kinds_of(out):
    return {clip["source_id"]: clip["pai"] for clip in clips_of(load(out, split="train", as_="numpy"))}


def test_bona_fide_clips_become_attacks_with_donors_that_are(out):
    kinds = kinds_of(out)
    loaded = list(clips_of(load(out, split="train", as_="numpy", augment=BANDPASS, augment_share=1.0)))
    changed = [clip for clip in loaded if clip["augmented"]]
    assert len(changed) == 12
    assert all(clip["label"] == 1 for clip in loaded)
    for clip in changed:
        record = json.loads(clip["recipe"])
        donor = record["donor"]
        assert clip["pai"] == f"{kinds[donor]}/synthetic"
        frames = frames_of(number_of(clip["clip_id"]))
        lent = frames_of(int(donor, 16), pai=kinds[donor])
        assert np.array_equal(clip["rgb"], run_draws(frames, record["drawn"], lent).image)


def test_attacks_stay_as_they_are_where_the_change_makes_attacks(out):
    loaded = clips_of(load(out, split="train", as_="numpy", augment=BANDPASS, augment_share=1.0))
    attacks = [clip for clip in loaded if clip["pai"] in ("print", "replay")]
    assert len(attacks) == 12
    for clip in attacks:
        assert np.array_equal(clip["rgb"], frames_of(number_of(clip["clip_id"]), pai=clip["pai"]))


def test_a_change_that_keeps_labels_is_made_to_both_classes_with_donors_of_the_same(out):
    kinds = kinds_of(out)
    loaded = list(clips_of(load(out, split="train", as_="numpy", augment=FDA, augment_share=1.0)))
    assert all(clip["augmented"] for clip in loaded)
    for clip in loaded:
        donor = json.loads(clip["recipe"])["donor"]
        assert clip["pai"] == kinds[clip["source_id"]]
        assert (kinds[donor] == "none") == (clip["label"] == 0)
        assert donor != clip["source_id"]


def test_the_share_is_kept_and_depends_on_the_epoch(out):
    loader = load(out, split="train", as_="numpy", augment=FDA, augment_share=0.5, labels=("bonafide",))
    counts = []
    for epoch in range(20):
        loader.set_epoch(epoch)
        counts.append(sum(bool(clip["augmented"]) for clip in clips_of(loader)))
    assert 0.4 < np.mean(counts) / 12 < 0.6  # 240 coins: three standard errors are 0.1
    assert len(set(counts)) > 1


def test_a_clip_is_changed_alike_whoever_reads_it(out):
    settings = {"split": "train", "as_": "numpy", "augment": BANDPASS, "seed": 4}
    alone = {clip["clip_id"]: clip for clip in clips_of(load(out, **settings))}
    for rank in range(3):
        for clip in clips_of(load(out, rank=rank, world=3, batch_size=2, shuffle=True, **settings)):
            assert np.array_equal(clip["rgb"], alone[clip["clip_id"]]["rgb"])
            assert clip["recipe"] == alone[clip["clip_id"]]["recipe"]


def test_a_clip_that_is_visited_again_is_changed_otherwise(out):
    loader = load(
        out, split="train", as_="numpy", augment=FDA, augment_share=1.0, balance="label", bonafide_share=0.8
    )
    by_id: dict[str, list[str]] = {}
    for clip in clips_of(loader):
        by_id.setdefault(clip["clip_id"], []).append(clip["recipe"])
    twice = [recipes for recipes in by_id.values() if len(recipes) > 1]
    assert twice
    assert all(len(set(recipes)) > 1 for recipes in twice)


def test_donors_come_from_the_split_alone(out):
    """Dev has one subject; every donor is another clip of it."""
    for clip in clips_of(load(out, split="dev", as_="numpy", augment=FDA, augment_share=1.0)):
        assert int(json.loads(clip["recipe"])["donor"], 16) in range(1000, 1004)


def test_a_split_without_donors(tmp_path):
    rows = [row_of(n, split="train", pai="none", subject="s") for n in range(3)]
    write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", rows)
    with pytest.raises(
        ArgumentError, match="augment: expected attack clips in the same split as donors, got none"
    ):
        list(load(tmp_path, split="train", augment=BANDPASS, augment_share=1.0))


def test_a_clip_is_not_its_own_donor(tmp_path):
    write_rows(
        tmp_path / "data/captured/train-00000-of-00001.parquet",
        [row_of(0, split="train", pai="none", subject="s")],
    )
    with pytest.raises(ArgumentError, match="augment: expected a donor of another source"):
        list(load(tmp_path, split="train", augment=FDA, augment_share=1.0))


def test_the_scale_of_a_clip_reaches_the_recipe(out):
    clip = next(clips_of(load(out, split="train", as_="numpy", augment=FDA, augment_share=1.0)))
    assert json.loads(clip["recipe"])["drawn"]["scale"] == 1.5


def test_numbers_depend_on_every_word():
    first = clip_rng(1, 2, "a", 3).integers(2**62)
    assert first == clip_rng(1, 2, "a", 3).integers(2**62)
    others = [(0, 2, "a", 3), (1, 0, "a", 3), (1, 2, "b", 3), (1, 2, "a", 0)]
    assert len({first, *(clip_rng(*words).integers(2**62) for words in others)}) == 5


def test_raw_frames_are_not_written_to(tmp_path):
    write_split(tmp_path, "train", subjects=2, image_format="raw")
    first, again = (
        [clip["rgb"] for clip in clips_of(load(tmp_path, split="train", as_="numpy", augment=FDA))]
        for _ in range(2)
    )
    assert all(map(np.array_equal, first, again))
