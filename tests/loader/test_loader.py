"""What batches hold, and that nothing is lost on the way from shards."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from making import T, frames_of, row_of, write_rows, write_split
from torch.utils.data import DataLoader

import specaug
from specaug import Recipe, load
from specaug.errors import ArgumentError, SpecaugError

SPECIES = ("none", "none", "print", "replay")


def ids(loader):
    return [name for batch in loader for name in batch["clip_id"]]


def number_of(clip_id: str) -> int:
    return int(clip_id.split("-")[0], 16)


@pytest.mark.parametrize("as_", ["numpy", "torch"])
def test_a_batch_holds_what_was_written(out, as_):
    batch = next(iter(load(out, split="train", as_=as_)))
    rgb, labels = np.asarray(batch["rgb"]), np.asarray(batch["label"])
    assert rgb.shape == (8, T, 32, 32, 3)
    assert rgb.dtype == np.uint8
    for i, clip_id in enumerate(batch["clip_id"]):
        pai = batch["pai"][i]
        assert np.array_equal(rgb[i], frames_of(number_of(clip_id), pai=pai))
        assert labels[i] == (pai != "none")
        assert batch["subject"][i] == f"train{number_of(clip_id) // 4}"
    assert isinstance(batch["rgb"], torch.Tensor) == (as_ == "torch")


@pytest.mark.parametrize("image_format", ["png", "webp", "raw"])
def test_lossless_formats_give_the_pixels_back(tmp_path, image_format):
    write_split(tmp_path, "train", subjects=2, image_format=image_format)
    for batch in load(tmp_path, split="train", as_="numpy"):
        for rgb, clip_id, pai in zip(batch["rgb"], batch["clip_id"], batch["pai"], strict=True):
            assert np.array_equal(rgb, frames_of(number_of(clip_id), pai=pai))


def test_jpeg_is_decoded_near_to_the_pixels(tmp_path):
    write_split(tmp_path, "train", subjects=1, image_format="jpeg")
    (batch,) = load(tmp_path, split="train", as_="numpy")
    for rgb, clip_id, pai in zip(batch["rgb"], batch["clip_id"], batch["pai"], strict=True):
        assert np.abs(rgb.astype(int) - frames_of(number_of(clip_id), pai=pai)).mean() < 3


def test_every_row_comes_once(out):
    assert sorted(ids(load(out, split="train"))) == sorted(f"{n:032x}-000" for n in range(24))
    assert load(out, split="train").n_clips() == 24
    assert load(out, split="train").n_batches() == 3


@pytest.mark.parametrize("as_", ["numpy", "torch"])
def test_views_are_those_of_the_library(out, as_):
    batch = next(iter(load(out, split="train", as_=as_, views=("rgb", "hsv", "spectrum"))))
    frames = np.asarray(batch["rgb"])
    assert np.allclose(np.asarray(batch["hsv"]), specaug.rgb_to_hsv(frames), atol=1e-6)
    assert np.allclose(np.asarray(batch["spectrum"]), specaug.log_spectrum(frames), atol=1e-4)
    bare = next(iter(load(out, split="train", as_=as_, views=("spectrum",), window=None)))
    assert set(bare) & {"rgb", "hsv"} == set()
    # At frequencies without energy the logarithm shows the rounding of either library.
    assert np.allclose(np.asarray(bare["spectrum"]), specaug.log_spectrum(frames, window=None), atol=5e-3)


class TestFrames:
    def test_fewer_are_spread_evenly(self, out):
        batch = next(iter(load(out, split="train", as_="numpy", frames=1)))
        whole = next(iter(load(out, split="train", as_="numpy")))
        assert np.array_equal(batch["rgb"][:, 0], whole["rgb"][:, 1])

    def test_a_photo_among_videos_repeats_its_frame(self, tmp_path):
        rows = [row_of(n, split="train", pai="none", subject="s", n=length) for n, length in ((0, 4), (1, 1))]
        write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", rows)
        (batch,) = load(tmp_path, split="train", as_="numpy")
        assert batch["n_frames"].tolist() == [4, 1]
        assert np.array_equal(batch["rgb"][1], frames_of(1, n=1).repeat(4, axis=0))

    def test_single_clips_have_no_batch_axis(self, out):
        clip = next(iter(load(out, split="train", batch_size=None, views=("rgb", "spectrum"))))
        assert clip["rgb"].shape == (T, 32, 32, 3)
        assert clip["spectrum"].shape == (T, 32, 32)
        assert clip["label"].shape == ()
        assert isinstance(clip["clip_id"], str)

    def test_the_last_batch_may_be_left_out(self, out):
        lengths = [len(batch["label"]) for batch in load(out, split="train", batch_size=10)]
        assert lengths == [10, 10, 4]
        short = load(out, split="train", batch_size=10, drop_last=True)
        assert [len(batch["label"]) for batch in short] == [10, 10]
        assert short.n_batches() == 2


class TestArrow:
    def test_tables_hold_every_column_as_stored(self, out):
        tables = list(load(out, split="train", as_="arrow", batch_size=10))
        files = sorted((out / "data/captured").glob("train-*"))
        assert [table.num_rows for table in tables] == [10, 10, 4]
        assert tables[0].schema.equals(pq.read_schema(files[0]))
        rows = {row["clip_id"]: row for file in files for row in pq.read_table(file).to_pylist()}
        assert all(rows[row["clip_id"]] == row for table in tables for row in table.to_pylist())

    def test_views_and_augmentation_are_refused(self, out):
        for more in ({"views": ("hsv",)}, {"augment": Recipe.from_preset("control")}):
            with pytest.raises(ArgumentError, match=r"format: expected .* for (views|augment), got 'arrow'"):
                load(out, split="train", as_="arrow", **more)


class TestLabels:
    def test_one_class_alone(self, out):
        loader = load(out, split="train", labels=("bonafide",))
        assert {label for batch in loader for label in batch["label"].tolist()} == {0}
        assert loader.n_clips() == 12

    def test_a_class_that_is_not_there(self, tmp_path):
        rows = [row_of(n, split="train", pai="none", subject="s") for n in range(3)]
        write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", rows)
        with pytest.raises(
            ArgumentError, match="labels: expected clips of attack in split 'train', got none"
        ):
            load(tmp_path, split="train", labels=["attack"])
        with pytest.raises(ArgumentError, match="balance: expected rows of both classes, got no attack rows"):
            list(load(tmp_path, split="train", balance="label"))


class TestDamage:
    @pytest.fixture
    def broken(self, tmp_path):
        write_split(tmp_path, "train", subjects=6)
        return tmp_path / "data/captured/train-00001-of-00002.parquet"

    def test_a_flipped_byte_names_file_and_row_group(self, broken):
        data = bytearray(broken.read_bytes())
        column = next(
            c
            for c in (pq.ParquetFile(broken).metadata.row_group(2).column(i) for i in range(60))
            if "bytes" in c.path_in_schema
        )
        data[column.data_page_offset + column.total_compressed_size // 2] ^= 0x10
        broken.write_bytes(data)
        with pytest.raises(
            SpecaugError, match=rf"{broken.name}, row group 2: cannot be read .*specaug verify"
        ):
            list(load(broken.parents[2], split="train"))

    def test_a_cut_file_is_named(self, broken):
        broken.write_bytes(broken.read_bytes()[:-100])
        with pytest.raises(SpecaugError, match=rf"{broken.name}: cannot be read"):
            load(broken.parents[2], split="train")

    def test_a_damaged_picture_is_named_with_its_clip(self, broken):
        row = row_of(7, split="train", pai="none", subject="s")
        row["frames"][1]["bytes"] = row["frames"][1]["bytes"][:60]
        write_rows(broken, [row])
        with pytest.raises(SpecaugError, match=rf"{broken.name}: clip '0+7-000': damaged picture"):
            list(load(broken.parents[2], split="train"))

    def test_another_schema_version(self, broken, monkeypatch):
        table = pq.read_table(broken)
        metadata = {**table.schema.metadata}
        metadata[b"specaug"] = metadata[b"specaug"].replace(b'"schema_version": 2', b'"schema_version": 99')
        pq.write_table(table.replace_schema_metadata(metadata), broken)
        with pytest.raises(SpecaugError, match=rf"{broken.name}: expected schema version 2, got 99"):
            load(broken.parents[2], split="train")

    @pytest.mark.parametrize("label", [None, 2, 0.5])
    def test_a_label_that_is_none(self, broken, label):
        table = pq.read_table(broken)
        index = table.schema.get_field_index("label")
        labels = pa.array([label, *table["label"].to_pylist()[1:]])
        pq.write_table(table.set_column(index, "label", labels), broken)
        with pytest.raises(
            SpecaugError, match=rf"{broken.name}, row 0: expected the label 0 or 1, got {label}"
        ):
            load(broken.parents[2], split="train")

    @pytest.mark.parametrize("frames", [None, []])
    def test_a_clip_without_frames(self, broken, frames):
        table = pq.read_table(broken)
        index, field = table.schema.get_field_index("frames"), table.schema.field("frames")
        column = pa.array([*table["frames"].to_pylist()[:-1], frames], field.type)
        pq.write_table(table.set_column(index, field, column), broken)
        with pytest.raises(SpecaugError, match=rf"{broken.name}: clip '.*': expected frames, got none"):
            list(load(broken.parents[2], split="train"))

    def test_pictures_of_another_type(self, tmp_path):
        write_split(tmp_path, "train", subjects=2, image_format="raw")
        file = min((tmp_path / "data/captured").glob("train-*"))
        table = pq.read_table(file)
        index = table.schema.get_field_index("frames_raw")
        coded = table["frames_raw"].combine_chunks().dictionary_encode()
        pq.write_table(table.set_column(index, "frames_raw", coded), file)
        with pytest.raises(
            SpecaugError, match=rf"{file.name}, row group 0: expected pictures as binary values"
        ):
            list(load(tmp_path, split="train"))

    def test_a_file_of_somebody_else(self, broken):
        pq.write_table(pq.read_table(broken).replace_schema_metadata(None), broken)
        with pytest.raises(SpecaugError, match=rf"{broken.name}: expected clips of specaug"):
            load(broken.parents[2], split="train")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"split": "valid"},
            r"split: expected one of train, dev, test \(val and validation mean dev\), got 'valid'",
        ),
        ({"split": "test"}, "out: expected a folder with captured clips of split 'test'"),
        ({"origin": "real"}, "origin: expected one of captured, synthetic, all, got 'real'"),
        ({"as_": "jax"}, "as_: expected one of torch, numpy, arrow, got 'jax'"),
        ({"views": ("rgb", "fft")}, "views: expected some of rgb, hsv, spectrum, got 'fft'"),
        ({"views": "rgb"}, "views: expected a sequence of names"),
        ({"batch_size": 0}, "batch_size: expected a whole number of at least 1 or None, got 0"),
        (
            {"balance": "class"},
            r"balance: expected one of label, pai, dataset, label\+dataset, got 'class'",
        ),
        ({"labels": ("live",)}, "labels: expected a list of one of bonafide, attack, got"),
        ({"augment_share": 2}, "augment_share: expected a number from 0 to 1, got 2"),
        ({"bonafide_share": 1}, "bonafide_share: expected a number between 0 and 1, got 1"),
        ({"window": "hamming"}, "window: expected 'hann', got 'hamming'"),
        ({"rank": 1}, "rank: expected it with world or neither"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
    ],
)
def test_bad_arguments_are_named(out, settings, message):
    with pytest.raises(ArgumentError, match=message):
        load(out, **{"split": "train", **settings})


def test_origins_are_kept_apart(out, tmp_path):
    write_split(tmp_path, "train", subjects=1)
    made = row_of(99, split="train", pai="replay", subject="train0", origin="synthetic", recipe='{"a": 1}')
    write_rows(tmp_path / "data/synthetic/train-00000-of-00001.parquet", [made])
    assert len(ids(load(tmp_path, split="train"))) == 4
    (batch,) = load(tmp_path, split="train", origin="synthetic")
    assert (batch["origin"], batch["recipe"]) == (["synthetic"], ['{"a": 1}'])
    assert len(ids(load(tmp_path, split="train", origin="all"))) == 5


def test_sizes_that_differ_are_refused(tmp_path, monkeypatch):
    write_split(tmp_path, "train", subjects=1)
    file = tmp_path / "data/captured/train-00000-of-00002.parquet"
    table = pq.read_table(file)
    other = {**table.schema.metadata}
    other[b"specaug"] = other[b"specaug"].replace(b"[32, 32, 3]", b"[64, 64, 3]")
    pq.write_table(table.replace_schema_metadata(other), file)
    with pytest.raises(SpecaugError, match="frames: expected one size in all files"):
        load(tmp_path, split="train")


def test_workers_of_a_data_loader_share_the_rows(out):
    loader = DataLoader(load(out, split="train", batch_size=2), batch_size=None, num_workers=2)
    assert sorted(ids(loader)) == sorted(f"{n:032x}-000" for n in range(24))


@pytest.mark.parametrize("split", ["val", "validation"])
def test_other_names_of_dev_mean_dev(tmp_path, split):
    write_split(tmp_path / "set", "dev", subjects=1)
    ours, other = (load(tmp_path / "set", split=name, as_="numpy") for name in ("dev", split))
    assert repr(other) == repr(ours)
    assert [batch["clip_id"] for batch in other] == [batch["clip_id"] for batch in ours]
