"""Rows of OUT by conditions: exact, with species below a species, sampled the same each time, damage named."""

from __future__ import annotations

import numpy as np
import pytest
from hand_shards import attack_row, clip_row, noisy, synthetic_row, write_shard

from specaug.errors import ArgumentError
from specaug.shards.select_rows import select_rows


@pytest.fixture
def out(tmp_path):
    rows = [
        clip_row(0, frames=[noisy(0)], scale=[1.0, 2.0]),
        attack_row(1, split="test", pai="print/2", device="laptop"),
        attack_row(2, pai="printout"),
        attack_row(3, pai="replay", subject=None),
    ]
    write_shard(tmp_path, rows, group_rows=2)
    write_shard(tmp_path, [synthetic_row(9, rows[0]["clip_id"])], "synthetic/a")
    return tmp_path


def numbers(out, conditions, **how):
    return [int(row.clip_id[:32], 16) for row in select_rows(out, conditions, **how).rows]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, [0, 1, 2, 3, 9]),
        ({"label": ["bonafide"]}, [0]),
        ({"label": ["1"]}, [1, 2, 3, 9]),
        ({"pai": ["print"]}, [1, 9]),  # print/2 and print/synthetic, and not printout
        ({"pai": ["print/2", "replay"]}, [1, 3]),
        ({"split": ["test"], "label": ["attack"]}, [1]),
        ({"split": ["dev"]}, []),
        ({"origin": ["synthetic"]}, [9]),
        ({"fps": ["25"], "subject": [""]}, [3]),
    ],
)
def test_rows_fit_all_conditions(out, conditions, found):
    assert numbers(out, conditions) == found


def test_a_row_has_its_frames_and_what_is_known_of_them(out):
    (row,) = select_rows(out, {"clip_id": [clip_row(0)["clip_id"]]}).rows
    np.testing.assert_array_equal(row.frames(), noisy(0)[None])
    assert (row.subject, row.scale, row.pts_seconds) == ("s1", 1.5, (0.0,))


def test_a_sample_is_the_same_each_time_and_whole_where_there_is_room(tmp_path):
    write_shard(tmp_path, [clip_row(n) for n in range(60)], group_rows=2)
    found = select_rows(tmp_path, {}, most=20)
    assert (len(found.rows), found.total) == (20, 60)
    assert numbers(tmp_path, {}, most=20) == numbers(tmp_path, {}, most=20)
    assert numbers(tmp_path, {}, most=20) != list(range(20))
    assert numbers(tmp_path, {}, most=60) == numbers(tmp_path, {}, most=1000) == list(range(60))


def test_a_sample_comes_from_many_row_groups(tmp_path):
    write_shard(tmp_path, [clip_row(n) for n in range(400)], group_rows=20)
    groups = {row.group.number for row in select_rows(tmp_path, {}, most=20).rows}
    assert len(groups) >= 8


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"colour": ["x"]}, "where: expected a column among clip_id, .*, got 'colour'"),
        ({"frames_raw": ["x"]}, "got 'frames_raw'"),
        ({"scale": ["1"]}, "got 'scale'"),
        ({"label": ["live"]}, "label: expected bonafide or attack, got 'live'"),
    ],
)
def test_unknown_columns_and_labels_are_refused(out, conditions, told):
    with pytest.raises(ArgumentError, match=told):
        select_rows(out, conditions)


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="out: expected a folder with clips"):
        select_rows(tmp_path, {})
