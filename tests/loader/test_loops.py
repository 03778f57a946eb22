"""Loaders in training loops of others: epochs that draw anew, whole batches, states that fit, clear refusals."""

from __future__ import annotations

import dataclasses
import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from making import row_of, write_rows, write_split
from torch.utils.data import DataLoader

from specaug import Recipe, load
from specaug.errors import ArgumentError
from specaug.loader import LoadConfig

TRAIN = {"split": "train", "shuffle": True, "batch_size": 5}


def order_of(batches):
    return [name for batch in batches for name in batch["clip_id"]]


def epochs_of(out, n, **settings):
    """What `set_epoch` gives for the first epochs."""
    clips, found = load(out, **settings), []
    for epoch in range(n):
        clips.set_epoch(epoch)
        found.append(order_of(clips))
    return found


@contextmanager
def refused(message: str) -> Iterator[None]:
    """An error of a DataLoader, whose workers are let go at once (see test_order.py)."""
    with pytest.raises(ArgumentError, match=message) as caught:
        yield
    traceback.clear_frames(caught.tb)
    del caught


class TestEpochs:
    def test_a_plain_loop_gives_one_epoch_after_the_other(self, out):
        clips = load(out, **TRAIN)
        assert [order_of(clips) for _ in range(3)] == epochs_of(out, 3, **TRAIN)
        assert clips.epoch == 2

    @pytest.mark.parametrize("workers", [{"num_workers": 0}, {"num_workers": 2, "persistent_workers": True}])
    def test_a_data_loader_does_too(self, out, workers):
        clips = load(out, **TRAIN)
        batches = DataLoader(clips, batch_size=None, **workers)
        passes, seen = [], []
        for _ in range(3):
            passes.append(order_of(batches))
            seen.append(clips.epoch)
        assert seen == [0, 1, 2]
        assert [sorted(one) for one in passes] == [sorted(passes[0])] * 3
        assert len({tuple(one) for one in passes}) == 3
        if not workers["num_workers"]:
            assert passes == epochs_of(out, 3, **TRAIN)
        clips.set_epoch(1)
        assert [order_of(batches) for _ in range(2)] == passes[1:]

    def test_workers_that_are_started_for_each_pass_do_too(self, out):
        """A pass that is left early counts, and those that follow are whole."""
        batches = DataLoader(load(out, **TRAIN), batch_size=None, num_workers=2)
        first = next(iter(batches))["clip_id"]
        passes = [order_of(batches) for _ in range(2)]
        assert [sorted(one) for one in passes] == [sorted(order_of(load(out, split="train")))] * 2
        assert passes[0] != passes[1]
        assert first != passes[0][:5]
        again = load(out, **TRAIN)
        again.set_epoch(1)
        assert [order_of(DataLoader(again, batch_size=None, num_workers=2)) for _ in "12"] == passes

    @pytest.mark.parametrize(
        "drawn",
        [
            {"augment": "fda", "augment_share": 1.0},
            {"frames": 1, "frame_choice": "random"},
            {"transform": lambda clip, rng: np.roll(clip, int(rng.integers(32)), axis=2)},
        ],
    )
    def test_whatever_is_drawn_is_drawn_anew(self, out, drawn):
        clips = load(out, split="train", format="numpy", batch_size=24, **drawn)
        first, second = (next(iter(clips))["rgb"] for _ in range(2))
        assert clips.epoch == 1
        assert not np.array_equal(first, second)
        clips.set_epoch(0)
        assert np.array_equal(first, next(iter(clips))["rgb"])

    def test_where_nothing_is_drawn_the_epoch_stays(self, out):
        clips = load(out, split="dev")
        assert order_of(clips) == order_of(clips)
        assert clips.epoch == 0

    def test_an_iteration_that_nobody_used_does_not_count(self, out):
        clips = load(out, **TRAIN)
        iter(clips)
        assert [order_of(clips) for _ in range(2)] == epochs_of(out, 2, **TRAIN)

    def test_a_state_goes_on_into_the_epochs_that_follow(self, out):
        clips = load(out, **TRAIN)
        order_of(clips)
        batches = iter(clips)
        seen = [next(batches)["clip_id"] for _ in range(2)]
        other = load(out, **TRAIN)
        other.load_state_dict(clips.state_dict())
        epochs = epochs_of(out, 3, **TRAIN)
        assert [name for batch in seen for name in batch] + order_of(other) == epochs[1]
        assert order_of(other) == epochs[2]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than this machine has cores
class TestWholeBatches:
    @pytest.mark.parametrize("workers", [0, 1, 4])
    def test_only_the_last_batch_of_all_may_be_left_out(self, out, workers):
        clips = load(out, split="train", batch_size=8, drop_last=True)
        batches = DataLoader(clips, batch_size=None, num_workers=workers)
        lengths = [len(batch["label"]) for batch in batches]
        assert lengths == [8, 8, 8]
        assert len(clips) == len(batches) == 3

    @pytest.mark.parametrize(
        ("settings", "length"),
        [
            ({"batch_size": 5}, 5),
            ({"batch_size": 5, "drop_last": True}, 4),
            ({"batch_size": None}, 24),
            ({"batch_size": 7, "balance": "pai", "epoch_clips": 50}, 8),
            ({"batch_size": 3, "rank": 1, "world": 5}, 2),
            ({"batch_size": 3, "rank": 4, "world": 5, "even": True}, 2),
        ],
    )
    def test_a_loader_has_a_length(self, out, settings, length):
        clips = load(out, split="train", shuffle=True, **settings)
        assert len(clips) == clips.n_batches() == length
        assert [len(list(clips)) for _ in range(2)] == [length] * 2

    def test_a_data_loader_with_workers_gives_as_many(self, out):
        batches = DataLoader(load(out, **TRAIN), batch_size=None, num_workers=3)
        assert len(batches) == 5  # torch warns where more come
        assert [len(batch["label"]) for batch in batches] == [5, 5, 5, 5, 4]

    def test_nothing_left_is_an_error(self, out):
        message = "drop_last: expected at least 8 clips, for one full batch of each rank, got 6"
        with pytest.raises(ArgumentError, match=message):
            next(iter(load(out, split="train", batch_size=8, drop_last=True, rank=3, world=4)))

    @pytest.mark.parametrize("workers", [0, 1])
    @pytest.mark.parametrize("batch_size", [1, 2])
    def test_a_data_loader_that_makes_batches_of_batches_is_refused(self, out, workers, batch_size):
        batches = DataLoader(load(out, split="train"), batch_size=batch_size, num_workers=workers)
        with refused(r"batch_size: expected DataLoader\(clips, batch_size=None\)"):
            next(iter(batches))

    def test_a_data_loader_may_make_batches_of_single_clips(self, out):
        clips = load(out, split="train", batch_size=None)
        batch = next(iter(DataLoader(clips, batch_size=4, num_workers=1)))
        assert batch["rgb"].shape == (4, 3, 32, 32, 3)
        assert torch.equal(batch["rgb"], next(iter(load(out, split="train", batch_size=4)))["rgb"])


class TestStates:
    @pytest.fixture
    def grown(self, tmp_path):
        write_split(tmp_path, "train", subjects=6)
        write_split(tmp_path, "dev", subjects=6)
        return tmp_path

    @pytest.mark.parametrize("kind", ["state_dict", "state_after"])
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"split": "dev"}, "split='dev', got one with .*split='train'"),
            ({"origin": "all"}, r"origin=\['captured', 'synthetic'\], got one with origin=\['captured'\]"),
            ({"shuffle": False}, "shuffle=False, got one with shuffle=True"),
            ({"seed": 1}, "seed=1, got one with seed=0"),
            ({"batch_size": 4}, "batch_size=4, got one with batch_size=5"),
            ({"drop_last": True}, "drop_last=True, got one with drop_last=False"),
            ({"even": True}, "even=True, got one with even=False"),
            ({"labels": ["attack"]}, r"labels=\['attack'\], got one with labels=\['attack', 'bonafide'\]"),
            ({"dataset": "made"}, r"dataset=\['made'\], got one with dataset=None"),
            ({"balance": "label"}, "balance='label', got one with balance=None"),
            ({"epoch_clips": 30}, "epoch_clips=30, got one with epoch_clips=None"),
            ({"frames": 2}, "frames=2, got one with frames=None"),
            ({"augment_share": 1.0}, "augment_share=1.0, got one with augment_share=0.5"),
            ({"augment": "fda"}, "augment='fda [0-9a-f]{32}', got one with augment=None"),
            ({"transform": np.flip}, "transform='numpy.flip', got one with transform=None"),
            ({"seed": 2, "window": None}, "seed=2, window=None, got one with seed=0, window='hann'"),
        ],
    )
    def test_one_of_other_data_or_settings_is_refused(self, grown, kind, change, told):
        clips = load(grown, **TRAIN)
        state = clips.state_dict() if kind == "state_dict" else clips.state_after(1)
        other = load(grown, **{**TRAIN, **change})
        with pytest.raises(
            ArgumentError, match=f"^state: expected that of a loader with .*{told}: load with"
        ):
            other.load_state_dict(state)

    def test_one_of_a_recipe_that_has_changed_is_refused(self, grown):
        state = load(grown, **TRAIN, augment="fda").state_dict()
        recipe = Recipe.find("fda")
        (branch,) = recipe.branches
        (step,) = branch.steps
        weaker = dataclasses.replace(branch, steps=(dataclasses.replace(step, probability=0.5),))
        load(grown, **TRAIN, augment=recipe).load_state_dict(state)
        with pytest.raises(ArgumentError, match=r"^state: expected that of a loader with augment='fda"):
            load(grown, **TRAIN, augment=dataclasses.replace(recipe, branches=(weaker,))).load_state_dict(
                state
            )

    def test_one_is_refused_after_a_shard_is_gone(self, grown):
        state = load(grown, **TRAIN).state_dict()
        load(grown, **TRAIN).load_state_dict(state)
        (grown / "data/captured/train-00001-of-00002.parquet").unlink()
        with pytest.raises(
            ArgumentError, match=r"^state: expected that of a loader with data='.*', got one with data="
        ):
            load(grown, **TRAIN).load_state_dict(state)

    def test_one_is_refused_after_pictures_were_encoded_otherwise(self, grown, tmp_path_factory):
        state = load(grown, **TRAIN).state_dict()
        other = tmp_path_factory.mktemp("other")
        write_split(other, "train", subjects=6, image_format="webp")
        with pytest.raises(ArgumentError, match=r"^state: expected that of a loader with data="):
            load(other, **TRAIN).load_state_dict(state)

    def test_one_is_refused_after_crops_of_the_same_size_were_made_otherwise(self, tmp_path):
        """Raw pictures take as many bytes whatever they show."""
        file = tmp_path / "data/captured/train-00000-of-00001.parquet"
        for margin in (1.0, 1.5):
            warp = [[margin, 0, 0, 0, margin, 0]] * 3
            rows = [
                row_of(n, split="train", pai="none", subject="s", image_format="raw", warp=warp)
                for n in range(3)
            ]
            write_rows(file, rows, image_format="raw")
            clips = load(tmp_path, **TRAIN)
            if margin == 1.0:
                state = clips.state_dict()
                clips.load_state_dict(state)
        with pytest.raises(ArgumentError, match=r"^state: expected that of a loader with data="):
            clips.load_state_dict(state)

    def test_data_that_was_moved_is_the_same(self, grown, tmp_path_factory):
        state = load(grown, **TRAIN).state_after(2)
        other = tmp_path_factory.mktemp("other")
        write_split(other, "train", subjects=6)
        clips = load(other, **TRAIN)
        clips.load_state_dict(state)
        assert order_of(clips) == epochs_of(grown, 1, **TRAIN)[0][10:]

    @pytest.mark.parametrize(
        "change", [{"views": ("spectrum",)}, {"columns": ["warp"]}, {"layout": "channels_first"}]
    )
    def test_what_a_batch_shows_beside_may_change(self, grown, change):
        clips = load(grown, **TRAIN, **change)
        clips.load_state_dict(load(grown, **TRAIN).state_after(2))
        assert order_of(clips) == epochs_of(grown, 1, **TRAIN)[0][10:]

    def test_every_setting_decides_or_is_said_not_to(self):
        free = {"rank", "world", "columns", "layout"}
        assert set(LoadConfig().bound()) == {field.name for field in dataclasses.fields(LoadConfig)} - free

    def test_states_are_plain_json(self, grown):
        clips = load(grown, **TRAIN, labels=["attack"], dataset=["made"], augment="control")
        for state in (clips.state_dict(), clips.state_after(3)):
            assert json.loads(json.dumps(state)) == state
            load(grown, **TRAIN, labels=["attack"], dataset=["made"], augment="control").load_state_dict(
                json.loads(json.dumps(state))
            )


class TestRecipes:
    def test_a_name_is_the_recipe_of_that_name(self, out):
        named, made = (
            order_and_records(load(out, split="train", augment=augment, augment_share=1.0))
            for augment in ("fda", Recipe.find("fda"))
        )
        assert named == made
        assert any(record for _, record in named)

    @pytest.mark.parametrize("kind", [str, lambda path: path])
    def test_a_path_is_the_recipe_in_that_file(self, out, tmp_path, kind):
        path = tmp_path / "mine.toml"
        path.write_text('[[steps]]\noperation = "moire"\n')
        records = order_and_records(load(out, split="train", augment=kind(path), augment_share=1.0))
        assert sum("moire" in record for _, record in records) == 12

    def test_an_unknown_name_is_an_error_of_the_call(self, out):
        with pytest.raises(ArgumentError, match=r"recipe: expected .*, got 'no-such-recipe'"):
            load(out, split="train", augment="no-such-recipe")

    @pytest.mark.parametrize("augment", [3, {"name": "fda"}, ["fda"], Recipe, len])
    def test_anything_else_is_refused_at_the_call(self, out, augment):
        with pytest.raises(
            ArgumentError, match=r"^augment: expected a Recipe, the name of one, the path of a TOML"
        ):
            load(out, split="train", augment=augment)


def order_and_records(clips):
    return [pair for batch in clips for pair in zip(batch["clip_id"], batch["recipe"], strict=True)]


class TestDatasets:
    @pytest.fixture
    def several(self, tmp_path):
        rows = [
            row_of(n, split="train", pai=pai, subject=f"s{n}", dataset=name)
            for n, (name, pai) in enumerate(
                [("a", "none")] * 6 + [("a", "print")] * 2 + [("b", "none")] * 2 + [("b", "replay")] * 2
            )
        ]
        write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", rows)
        return tmp_path

    @pytest.mark.parametrize(("given", "names"), [("a", "a"), (["b"], "b"), (("b", "a"), "ab"), (None, "ab")])
    def test_only_those_that_are_named_are_loaded(self, several, given, names):
        clips = load(several, split="train", dataset=given)
        found = [name for batch in clips for name in batch["dataset"]]
        assert sorted(found) == [name for name in "a" * 8 + "b" * 4 if name in names]

    def test_an_unknown_one_is_named_with_those_there_are(self, several):
        with pytest.raises(
            ArgumentError, match=r"^dataset: expected some of 'a', 'b' in split 'train', got 'c'$"
        ):
            load(several, split="train", dataset=["a", "c"])

    def test_donors_come_from_them_alone(self, several):
        clips = load(several, split="train", dataset="b", augment="fda", augment_share=1.0)
        donors = {json.loads(text)["donor"] for batch in clips for text in batch["recipe"]}
        assert donors <= {f"{n:032x}" for n in range(8, 12)}

    def test_they_can_come_as_often_as_one_another(self, several):
        clips = load(several, split="train", balance="dataset", shuffle=True)
        found = [name for batch in clips for name in batch["dataset"]]
        assert (found.count("a"), found.count("b")) == (8, 8)
        both = load(several, split="train", balance="label+dataset", bonafide_share=0.75)
        pairs = [p for batch in both for p in zip(batch["dataset"], batch["label"].tolist(), strict=True)]
        assert {pair: pairs.count(pair) for pair in set(pairs)} == {
            **{("a", 0): 6, ("b", 0): 6},
            **{("a", 1): 2, ("b", 1): 2},
        }
