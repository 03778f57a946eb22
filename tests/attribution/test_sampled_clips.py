"""Which clips are changed, and how they are read."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from making import frames_of, row_of, write_rows, write_split

from specaug import load
from specaug.attribution.sampled_clips import sample_clips
from specaug.errors import ArgumentError


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Ten subjects with two bona fide clips, a print and a replay each, in two files."""
    folder = tmp_path_factory.mktemp("sampled")
    write_split(folder, "test", subjects=10)
    return folder


def test_both_classes_and_all_species_alike_of_as_many_subjects_as_there_are(out):
    sample = sample_clips(out, "test", clips=20, seed=0)
    assert (len(sample), sample.available) == (20, 40)
    assert Counter(sample.keys["pai"].tolist()) == {"none": 10, "print": 5, "replay": 5}
    bonafide = sample.keys["subject"][sample.labels == 0]
    assert len(set(bonafide.tolist())) == 10


def test_the_first_by_rank_are_balanced_and_part_of_the_sample(out):
    sample = sample_clips(out, "test", clips=16, seed=0)
    few = sample.first(4)
    assert set(few.keys["clip_id"]) <= set(sample.keys["clip_id"])
    assert few.labels.sum() == 2
    smaller = sample_clips(out, "test", clips=4, seed=0)
    assert sorted(few.keys["clip_id"]) == sorted(smaller.keys["clip_id"])


def test_a_sample_is_the_same_each_time_and_another_with_another_seed(out):
    ids = [sample_clips(out, "test", clips=10, seed=seed).keys["clip_id"].tolist() for seed in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]


def test_what_is_left_of_a_larger_class_fills_the_sample(tmp_path):
    rows = [row_of(n, split="test", pai="none" if n else "print", subject=f"s{n}") for n in range(8)]
    write_rows(tmp_path / "data/captured/test-00000-of-00001.parquet", rows)
    assert sample_clips(tmp_path, "test", clips=6, seed=0).labels.sum() == 1
    assert len(sample_clips(tmp_path, "test", clips=None, seed=0)) == 8


def test_one_class_is_refused(tmp_path):
    write_rows(
        tmp_path / "data/captured/test-00000-of-00001.parquet",
        [row_of(1, split="test", pai="none", subject="a")],
    )
    with pytest.raises(
        ArgumentError, match="split: expected bona fide and attack clips in 'test', got one class"
    ):
        sample_clips(tmp_path, "test", clips=4, seed=0)


@pytest.mark.parametrize("frames", [2, 3, 5])
def test_frames_are_those_that_the_loader_gives(out, frames):
    loaded = {
        clip: frames
        for batch in load(out, split="test", frames=frames, as_="numpy")
        for clip, frames in zip(batch["clip_id"], batch["rgb"], strict=True)
    }
    sample = sample_clips(out, "test", clips=9, seed=3)
    read = {}
    for part, batch in sample.batches(frames, 4):
        assert len(batch) == part.stop - part.start <= 4
        read.update(zip(sample.keys["clip_id"][part].tolist(), batch.numpy(), strict=True))
    assert len(read) == 9
    assert all(np.array_equal(loaded[clip], frames) for clip, frames in read.items())


def test_only_row_groups_with_chosen_clips_are_read(out, monkeypatch):
    """And each of them once: the rows are in the order of the files."""
    opened = []
    from specaug.attribution import sampled_clips

    class Counted(sampled_clips.EncodedRows):
        def __init__(self, group, columns):
            opened.append((group.path.name, group.number))
            super().__init__(group, columns)

    monkeypatch.setattr(sampled_clips, "EncodedRows", Counted)
    sample = sample_clips(out, "test", clips=2, seed=0)
    list(sample.batches(3, 1))
    assert len(opened) <= 2 < len(sample.groups)
    opened.clear()
    list(sample_clips(out, "test", clips=None, seed=0).batches(3, 3))
    assert len(opened) == len(set(opened)) == len(sample.groups)


def test_clips_without_a_subject_are_people_of_their_own(tmp_path):
    names = ["ann", "", "ann", ""]
    rows = [
        row_of(n, split="test", pai=("none", "print")[n % 2], subject=name) for n, name in enumerate(names)
    ]
    write_rows(tmp_path / "data/captured/test-00000-of-00001.parquet", rows)
    numbers = sample_clips(tmp_path, "test", clips=None, seed=0).subjects
    assert numbers[0] == numbers[2]
    assert len(set(numbers.tolist())) == 3


def test_a_clip_is_decoded_as_it_was_written(out):
    sample = sample_clips(out, "test", clips=2, seed=0)
    (part, batch), *_ = sample.batches(3, 1)
    number, pai = int(sample.keys["clip_id"][part][0][:32], 16), sample.keys["pai"][part][0]
    assert np.array_equal(batch[0].numpy(), frames_of(number, pai=str(pai)))
