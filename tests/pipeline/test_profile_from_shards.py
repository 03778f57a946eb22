"""A spoof profile from shards: whose clips are measured, at which scale, under which species."""

from __future__ import annotations

import math

import numpy as np
import pytest
from finished_out import pixels, row_of, write_shard

from specaug.augment import SpoofProfile
from specaug.errors import ArgumentError, SpecaugError
from specaug.pipeline.synthesis.profile_fitting import fit_profile, scale_of, species_of


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (None, 1.0),
        ([], 1.0),
        ([2.0], 2.0),
        ([1.0, 2.0, 9.0], 2.0),
        ([1.0, 2.0], 1.5),
        ([None, 4.0, None], 4.0),
        ([math.nan, 3.0, math.inf], 3.0),
        ([0.0, -1.0, 0.5], 0.5),
        ([None, math.nan, 0.0, -math.inf], 1.0),
    ],
)
def test_the_scale_of_a_clip_is_the_median_of_what_is_known(values, scale):
    assert scale_of(values) == scale


@pytest.mark.parametrize(
    ("pai", "species"),
    [("print", "print"), ("print/2/b", "print"), ("none", "none"), (None, "unknown"), ("", "unknown")],
)
def test_a_species_is_its_first_word(pai, species):
    assert species_of(pai) == species


def test_a_digital_attack_is_no_recapture_to_learn_from(tmp_path):
    rows = [row_of(0), row_of(1), row_of(2, pai="print"), row_of(3, pai="digital/face_swap")]
    write_shard(tmp_path, "train-00000-of-00001", rows, plan_hash="h")
    assert fit_profile(tmp_path).clips == {"none": 2, "print": 1}
    write_shard(tmp_path, "dev-00000-of-00001", [*rows[:2], rows[3]], plan_hash="h")
    with pytest.raises(ArgumentError, match="attack"):
        fit_profile(tmp_path, split="dev")


def test_only_captured_clips_of_the_split_are_measured(tmp_path):
    rows = [
        row_of(0, scale=[1.0, 1.0]),
        row_of(1, scale=[2.0, None]),
        row_of(2, pai="print/1", scale=None),
        row_of(3, pai="print/2"),
        row_of(4, pai="replay"),
    ]
    write_shard(tmp_path, "train-00000-of-00002", rows[:3], plan_hash="h", group=2)
    write_shard(tmp_path, "train-00001-of-00002", rows[3:], plan_hash="h")
    write_shard(tmp_path, "dev-00000-of-00001", [row_of(7, pai="mask"), row_of(8)], plan_hash="h")
    write_shard(tmp_path, "train-0-fda", [row_of(9, pai="makeup")], plan_hash="h", origin="synthetic")
    told: list[tuple[int, int]] = []
    found = fit_profile(tmp_path, progress=lambda done, total: told.append((done, total)))
    expected = SpoofProfile.fit(
        [(pixels(0), 1.0), (pixels(1), 2.0)],
        {"print": [(pixels(2), 1.0), (pixels(3), 1.5)], "replay": [(pixels(4), 1.5)]},
    )
    assert found.clips == {"none": 2, "print": 2, "replay": 1}
    np.testing.assert_allclose(found.bonafide, expected.bonafide, atol=1e-12)
    assert found.attack.keys() == expected.attack.keys()
    for name, values in expected.attack.items():
        np.testing.assert_allclose(found.attack[name], values, atol=1e-12)
    assert told == [(2, 5), (3, 5), (5, 5)]  # after each row group
    assert fit_profile(tmp_path, split="dev").clips == {"none": 1, "mask": 1}


@pytest.mark.parametrize(
    ("pai", "message"),
    [("none", "attack: expected at least one picture"), ("print", "bonafide: expected at least one picture")],
)
def test_one_class_alone_is_refused(tmp_path, pai, message):
    write_shard(tmp_path, "train-00000-of-00001", [row_of(0, pai=pai)], plan_hash="h")
    with pytest.raises(ArgumentError, match=message):
        fit_profile(tmp_path)
    with pytest.raises(ArgumentError, match="captured clips of split 'test'"):
        fit_profile(tmp_path, split="test")


def test_a_damaged_picture_is_told_with_its_clip(tmp_path):
    bad = row_of(1, pai="print", frames=[{"bytes": b"none", "path": None}])
    write_shard(tmp_path, "train-00000-of-00001", [row_of(0), bad], plan_hash="h")
    with pytest.raises(SpecaugError, match=r"train-00000-of-00001.parquet: clip 'c1': damaged picture"):
        fit_profile(tmp_path)
