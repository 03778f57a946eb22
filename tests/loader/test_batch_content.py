"""What batches hold beside the stored frames: frames that are drawn, columns of rows, layouts, transforms."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from making import SIZE, frames_of, row_of, write_rows, write_split
from torch.utils.data import DataLoader

from specaug import load, log_spectrum
from specaug.errors import ArgumentError, SpecaugError
from specaug.loader.clip_stream import META
from specaug.loader.donors import FOR_TRANSFORM, clip_rng, drawn_frames
from specaug.loader.load_config import COLUMN_NAMES

LENGTHS = (8, 3, 1)
NAMES = [f"{n:032x}-000" for n in range(len(LENGTHS))]


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """Three clips of other lengths, each frame of one grey, with columns that tell clip and frame."""
    out = tmp_path_factory.mktemp("rich")
    rows = []
    for number, n in enumerate(LENGTHS):
        row = row_of(number, split="train", pai="none", subject="s", n=n, image_format="raw")
        frames = b"".join(bytes([40 * number + i]) * (SIZE * SIZE * 3) for i in range(n))
        more = {
            "frame_index": [10 * i + number for i in range(n)],
            "pts_seconds": [i / 8 for i in range(n)],
            "scale": [1.0 + i for i in range(n)],
            "box": [[number, i, 2, 3] for i in range(n)],
            "landmarks": [[100 * number + 10 * i + k for k in range(10)] for i in range(n)],
            "warp": [[number, i, 0, 0, 1, 0.5] for i in range(n)],
            "device": ["phone", None, "camera"][number],
            "source_width": [1920, 640, None][number],
            "fps": [29.5, None, 25][number],
        }
        rows.append({**row, "frames_raw": frames, **more})
    write_rows(out / "data/captured/train-00000-of-00001.parquet", rows, image_format="raw")
    return out


def batch_of(out, **settings):
    (batch,) = load(out, **{"split": "train", "format": "numpy", **settings})
    return batch


def greys(batch):
    """Frame numbers of each clip."""
    return [[int(v) - 40 * i for v in clip] for i, clip in enumerate(batch["rgb"][:, :, 0, 0, 0])]


class TestRandomFrames:
    def test_one_of_each_clip_is_drawn_by_seed_epoch_and_clip(self, rich):
        counts = Counter()
        clips = load(rich, split="train", format="numpy", frames=1, frame_choice="random", seed=3)
        for _ in range(160):
            (batch,) = clips
            assert batch["rgb"].shape == (3, 1, SIZE, SIZE, 3)
            (first,), (second,), (third,) = greys(batch)
            assert (0 <= second < 3, third) == (True, 0)
            counts[first] += 1
        # 160 draws of 8 frames: 20 of each, standard error 4.2.
        assert all(abs(counts[i] - 20) < 17 for i in range(8))

    def test_the_draw_does_not_depend_on_who_reads(self, rich):
        settings = {"frames": 2, "frame_choice": "random", "seed": 1}
        alone = batch_of(rich, **settings)
        for rank in range(3):
            batch = batch_of(rich, rank=rank, world=3, **settings)
            assert np.array_equal(batch["rgb"][0], alone["rgb"][rank])
        assert greys(batch_of(rich, **settings)) == greys(alone)
        assert greys(batch_of(rich, **{**settings, "seed": 2})) != greys(alone)

    def test_they_are_different_and_in_order_and_all_where_there_are_too_few(self, rich):
        for seed in range(20):
            first, second, third = greys(batch_of(rich, frames=4, frame_choice="random", seed=seed))
            assert sorted(set(first)) == first
            assert (second, third) == ([0, 1, 1, 2], [0, 0, 0, 0])

    def test_stored_ones_are_spread(self, rich):
        assert greys(batch_of(rich, frames=1)) == [[4], [1], [0]]

    def test_every_set_of_frames_is_as_likely(self):
        sets = Counter(tuple(drawn_frames(4, 2, rng=np.random.default_rng(seed))) for seed in range(600))
        assert len(sets) == 6
        assert all(abs(n - 100) < 37 for n in sets.values())  # standard error 9.1

    def test_another_visit_draws_anew(self, rich):
        settings = {"frames": 1, "frame_choice": "random", "epoch_clips": 60, "batch_size": 60}
        batch = batch_of(rich, **settings)
        drawn = {
            int(rgb[0, 0, 0, 0])
            for rgb, name in zip(batch["rgb"], batch["clip_id"], strict=True)
            if name == NAMES[0]
        }
        assert len(drawn) > 4


class TestColumns:
    def test_lists_by_frame_go_with_the_frames(self, rich):
        names = ("frame_index", "pts_seconds", "scale", "box", "landmarks", "warp")
        batch = batch_of(rich, columns=names, frames=4, frame_choice="random", seed=5)
        chosen = greys(batch)
        assert batch["frame_index"].dtype == np.int64
        assert batch["frame_index"].tolist() == [[10 * i + n for i in row] for n, row in enumerate(chosen)]
        assert batch["pts_seconds"].tolist() == [[i / 8 for i in row] for row in chosen]
        assert batch["scale"].tolist() == [[1.0 + i for i in row] for row in chosen]
        assert {name: batch[name].shape for name in names[3:]} == {
            "box": (3, 4, 4),
            "landmarks": (3, 4, 10),
            "warp": (3, 4, 6),
        }
        assert batch["landmarks"][1, 2].tolist() == [100 + 10 * chosen[1][2] + k for k in range(10)]
        assert batch["warp"].dtype == np.float32
        assert batch["warp"][0, :, 1].tolist() == chosen[0]

    def test_text_and_numbers_stand_for_what_a_row_has_not(self, rich):
        batch = batch_of(rich, columns=["device", "source_width", "fps", "score", "warp"], frames=2)
        assert batch["device"] == ["phone", "", "camera"]
        assert batch["source_width"].tolist() == [1920, 640, -1]
        assert batch["fps"].tolist()[::2] == [29.5, 25]
        assert np.isnan(batch["fps"][1])
        assert batch["score"].shape == (3, 2)
        assert np.isnan(batch["score"]).all()

    @pytest.mark.parametrize("format", ["numpy", "torch"])
    def test_every_column_of_the_schema_can_be_had(self, rich, format):
        (batch,) = load(rich, split="train", format=format, columns=COLUMN_NAMES, frames=2)
        assert set(COLUMN_NAMES) <= set(batch)
        kinds = {type(batch[name]) for name in set(COLUMN_NAMES) - set(META)}
        assert kinds == {list, torch.Tensor if format == "torch" else np.ndarray}
        assert batch["label"].shape == (3,)

    def test_a_single_clip_has_single_values(self, rich):
        clip = next(iter(load(rich, split="train", batch_size=None, columns=("warp", "fps", "device"))))
        assert clip["warp"].shape == (8, 6)
        assert clip["fps"].shape == ()
        assert clip["device"] == "phone"

    def test_they_go_with_augmented_clips_and_from_workers(self, out):
        settings = {
            "split": "train",
            "columns": ("scale", "pai", "label"),
            "augment": "bandpass",
            "augment_share": 1.0,
        }
        alone = list(load(out, **settings))
        for batch, wanted in zip(
            DataLoader(load(out, **settings), batch_size=None, num_workers=1), alone, strict=True
        ):
            assert torch.equal(batch["scale"], torch.full((8, 3), 1.5))
            assert torch.equal(batch["label"], torch.ones(8, dtype=torch.int64))
            assert batch["pai"] == wanted["pai"]

    @pytest.mark.parametrize("values", [[], [1.0, 2.0], [1.0] * 4])
    def test_a_list_of_another_length_is_damage(self, tmp_path, values):
        row = {**row_of(5, split="train", pai="none", subject="s"), "scale": values}
        write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", [row])
        told = f"clip '0+5-000': scale: expected a value for each of 3 frames, got {len(values)}"
        with pytest.raises(SpecaugError, match=told):
            batch_of(tmp_path, columns=("scale",))

    def test_a_frame_of_another_length_is_damage(self, tmp_path):
        row = {**row_of(5, split="train", pai="none", subject="s"), "warp": [[1, 0, 0], None, [1] * 6]}
        write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", [row])
        with pytest.raises(SpecaugError, match=r"warp: expected 6 numbers for a frame, got 3"):
            batch_of(tmp_path, columns=("warp",))


class TestLayout:
    @pytest.mark.parametrize("format", ["numpy", "torch"])
    def test_channels_can_come_first(self, out, format):
        settings = {"split": "train", "format": format, "views": ("rgb", "hsv", "spectrum")}
        last, first = (
            next(iter(load(out, **settings, layout=f"channels_{name}"))) for name in ("last", "first")
        )
        for name in ("rgb", "hsv"):
            view = np.asarray(first[name])
            assert view.shape == (8, 3, 3, 32, 32)
            assert view.flags.c_contiguous
            assert np.array_equal(view, np.moveaxis(np.asarray(last[name]), -1, 2))
        assert np.array_equal(np.asarray(first["spectrum"]), np.asarray(last["spectrum"]))

    def test_a_single_clip_too(self, out):
        clip = next(iter(load(out, split="train", layout="channels_first", batch_size=None)))
        assert clip["rgb"].shape == (3, 3, 32, 32)


class TestTransform:
    def test_it_gets_a_clip_and_the_generator_of_its_draw(self, out):
        seen = []

        def transform(clip, rng):
            seen.append((clip.copy(), rng.integers(2**62)))
            return clip

        clips = load(out, split="train", format="numpy", seed=4, transform=transform)
        clips.set_epoch(2)
        batches = list(clips)
        names = [name for batch in batches for name in batch["clip_id"]]
        assert len(seen) == len(names) == 24
        rgb = np.concatenate([batch["rgb"] for batch in batches])
        for (clip, number), name, frames in zip(seen, names, rgb, strict=True):
            assert np.array_equal(clip, frames)
            assert clip.dtype == np.uint8
            assert number == clip_rng(4, 2, name, 0, purpose=FOR_TRANSFORM).integers(2**62)

    @pytest.mark.parametrize(
        "transform",
        [
            lambda clip, rng: clip[:, :, ::-1],
            lambda clip, rng: np.ascontiguousarray(clip[:, :, ::-1]),
            lambda clip, rng: np.copyto(clip, clip[:, :, ::-1].copy()) or clip,
        ],
        ids=["view", "copy", "in place"],
    )
    def test_what_it_gives_is_what_the_views_see(self, out, transform):
        views = ("rgb", "spectrum")
        plain = next(iter(load(out, split="train", format="numpy")))
        batch = next(iter(load(out, split="train", format="numpy", views=views, transform=transform)))
        assert np.array_equal(batch["rgb"], plain["rgb"][:, :, :, ::-1])
        flipped = np.ascontiguousarray(plain["rgb"][:, :, :, ::-1])
        assert np.array_equal(batch["spectrum"], log_spectrum(flipped))

    def test_it_may_change_the_size(self, out):
        def crop(clip, rng):
            top, left = rng.integers(0, 9, 2)
            return clip[:, top : top + 24, left : left + 16]

        settings = {"split": "train", "transform": crop, "seed": 1}
        alone = list(load(out, **settings))
        assert {batch["rgb"].shape for batch in alone} == {(8, 3, 24, 16, 3)}
        workers = DataLoader(load(out, **settings), batch_size=None, num_workers=2)
        by_name = {n: rgb for batch in alone for n, rgb in zip(batch["clip_id"], batch["rgb"], strict=True)}
        for batch in workers:
            for name, rgb in zip(batch["clip_id"], batch["rgb"], strict=True):
                assert torch.equal(rgb, by_name[name])
        top, left = clip_rng(1, 0, alone[0]["clip_id"][0], 0, purpose=FOR_TRANSFORM).integers(0, 9, 2)
        assert np.array_equal(alone[0]["rgb"][0], frames_of(0)[:, top : top + 24, left : left + 16])

    def test_clips_of_one_batch_have_one_size(self, out):
        def uneven(clip, rng):
            return clip[:, : 8 + int(rng.integers(20))]

        message = (
            r"transform: expected one height and width for all clips of a batch, got \d+ x 32 of '.*' and "
        )
        with pytest.raises(ArgumentError, match=message):
            list(load(out, split="train", transform=uneven))
        sizes = {clip["rgb"].shape for clip in load(out, split="train", transform=uneven, batch_size=None)}
        assert len(sizes) > 5

    @pytest.mark.parametrize(
        ("result", "got"),
        [
            (lambda clip: clip[:2], r"\(2, 32, 32, 3\) uint8"),
            (lambda clip: clip[0], r"\(32, 32, 3\) uint8"),
            (lambda clip: clip / 255, r"\(3, 32, 32, 3\) float64"),
            (lambda clip: clip[..., :1], r"\(3, 32, 32, 1\) uint8"),
            (lambda clip: clip[:, :0], r"\(3, 0, 32, 3\) uint8"),
            (lambda clip: None, "NoneType"),
        ],
    )
    def test_anything_else_is_named(self, out, result, got):
        clips = load(out, split="train", transform=lambda clip, rng: result(clip))
        with pytest.raises(
            ArgumentError, match=rf"^transform: expected it to return \(3, H, W, 3\) uint8, got {got}$"
        ):
            next(iter(clips))

    def test_it_comes_after_augmentation(self, out):
        settings = {"split": "train", "format": "numpy", "augment": "control", "augment_share": 1.0}
        plain = next(iter(load(out, **settings)))
        batch = next(iter(load(out, **settings, transform=lambda clip, rng: 255 - clip)))
        assert np.array_equal(batch["rgb"], 255 - plain["rgb"])

    def test_stored_frames_are_not_written_to(self, tmp_path):
        write_split(tmp_path, "train", subjects=1, image_format="raw")

        def black(clip, rng):
            clip[...] = 0
            return clip

        clips = load(tmp_path, split="train", format="numpy", transform=black, epoch_clips=8)
        assert not np.concatenate([batch["rgb"] for batch in clips]).any()
        assert np.concatenate([b["rgb"] for b in load(tmp_path, split="train", format="numpy")]).any()
