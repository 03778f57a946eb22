"""One clip on its way into a batch: which are offered to a recipe, with which scale, and what stands beside it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from making import SIZE, row_of, write_rows

from specaug import Recipe, load
from specaug.loader.clip_stream import META
from specaug.loader.donors import clip_rng


class Brighten:
    """A recipe without donors that adds one and keeps labels; it records its draws in full."""

    donor = None

    def sample(self, rng, *, scale):
        return {"steps": ["add"], "scale": scale, "number": rng.uniform()}

    def apply(self, clip, drawn, donor=None):
        return clip + np.uint8(1)

    def label_after(self, drawn, label="bonafide", donor_label=None):
        return label


def grey(folder, number, *, n=1, **more):
    """A row of raw frames, each of one grey: ten times the number, plus its index."""
    row = row_of(number, split="train", pai="none", subject="s", n=n, image_format="raw", **more)
    return {**row, "frames_raw": b"".join(bytes([10 * number + i]) * (SIZE * SIZE * 3) for i in range(n))}


def batch_of(folder, rows, **settings):
    write_rows(folder / "data/captured/train-00000-of-00001.parquet", rows, image_format="raw")
    (batch,) = load(folder, **{"split": "train", "as_": "numpy", "batch_size": 64, **settings})
    return batch


def greys(batch):
    return batch["rgb"][:, :, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        (None, [[10, 10, 10, 10], [20, 20, 21, 21], [30, 31, 32, 33]]),
        (1, [[10], [21], [32]]),
        (2, [[10, 10], [20, 21], [31, 33]]),
        (6, [[10] * 6, [20, 20, 20, 21, 21, 21], [30, 31, 31, 32, 33, 33]]),
    ],
)
def test_clips_of_other_lengths_are_spread_to_one(tmp_path, frames, wanted):
    rows = [grey(tmp_path, 1, n=1), grey(tmp_path, 2, n=2), grey(tmp_path, 3, n=4)]
    batch = batch_of(tmp_path, rows, frames=frames)
    assert greys(batch) == wanted
    assert batch["n_frames"].tolist() == [1, 2, 4]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_clip_is_offered_where_its_own_first_number_lies_below_the_share(tmp_path, share):
    rows = [grey(tmp_path, number) for number in range(20)]
    batch = batch_of(tmp_path, rows, augment=Brighten(), augment_share=share, seed=3)
    numbers = [clip_rng(3, 0, row["clip_id"], 0).uniform(size=2) for row in rows]
    offered = [bool(first < share) for first, _ in numbers]
    assert batch["augmented"].tolist() == offered
    assert greys(batch) == [[10 * number + int(changed)] for number, changed in enumerate(offered)]
    drawn = [json.loads(text)["drawn"]["number"] if text else None for text in batch["recipe"]]
    assert drawn == [
        second if changed else None for changed, (_, second) in zip(offered, numbers, strict=True)
    ]


@pytest.mark.parametrize(("scale", "told"), [([1.5], 1.5), ([1.0, 2.0, 4.5], 2.5), ([], 1.0), (None, 1.0)])
def test_a_recipe_is_told_the_mean_scale_of_the_frames(tmp_path, scale, told):
    row = grey(tmp_path, 0, n=3, scale=scale)
    batch = batch_of(tmp_path, [row], augment=Brighten(), augment_share=1.0)
    assert json.loads(batch["recipe"][0])["drawn"]["scale"] == told


def test_text_that_a_row_has_not_is_empty(tmp_path):
    row = {**grey(tmp_path, 0), "subject": None, "dataset": None, "recipe": None}
    batch = batch_of(tmp_path, [row])
    assert {name: batch[name] for name in META} == {
        "clip_id": [row["clip_id"]],
        "source_id": [row["source_id"]],
        "dataset": [""],
        "subject": [""],
        "pai": ["none"],
        "origin": ["captured"],
        "recipe": [""],
    }
    assert (batch["label"].dtype, batch["n_frames"].dtype, batch["augmented"].dtype) == (
        np.int64,
        np.int64,
        np.bool_,
    )


def test_a_row_that_was_made_keeps_its_record_unless_it_is_changed_again(tmp_path):
    rows = [grey(tmp_path, number, recipe='{"made": 1}') for number in range(2)]
    assert batch_of(tmp_path, rows)["recipe"] == ['{"made": 1}'] * 2
    batch = batch_of(tmp_path, rows, augment=Brighten(), augment_share=1.0)
    assert [set(json.loads(text)) for text in batch["recipe"]] == [{"drawn", "donor"}] * 2


def test_a_later_epoch_and_a_second_visit_draw_anew(tmp_path):
    rows = [grey(tmp_path, number) for number in range(3)]
    settings = {"augment": Brighten(), "augment_share": 1.0, "epoch_clips": 6}
    first = batch_of(tmp_path, rows, **settings)
    loader = load(tmp_path, split="train", as_="numpy", batch_size=64, **settings)
    loader.set_epoch(1)
    (second,) = loader
    drawn = [json.loads(text)["drawn"]["number"] for text in [*first["recipe"], *second["recipe"]]]
    assert len(set(drawn)) == 12
    assert drawn[:2] == [clip_rng(0, 0, rows[0]["clip_id"], visit).uniform(size=2)[1] for visit in (0, 1)]


def test_shipped_recipes_are_what_a_loader_asks_for(tmp_path):
    rows = [grey(tmp_path, number) for number in range(4)]
    batch = batch_of(tmp_path, rows, augment=Recipe.from_preset("recapture-screen"), augment_share=1.0)
    assert batch["label"].tolist() == [1] * 4
    assert batch["pai"] == ["replay/synthetic"] * 4
    assert batch["source_id"] == [row["source_id"] for row in rows]
