"""The sample of pictures: which clips are measured and kept, what is measured, and which look alike."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

import numpy as np
import pytest
from hand_shards import attack_row, clip_row, flat, noisy, source_id, synthetic_row, write_shard

from specaug.html_report.sample import (
    Pixels,
    _wanted,
    kinds_by_size,
    laplacian_variance,
    middle,
    sample_pixels,
)
from specaug.html_report.survey import Kind, Place, Survey, survey
from specaug.shards.look_alikes import MIRROR
from specaug.spectrum import radial_profile

BONAFIDE, PRINT = Kind("bonafide", "none", "captured"), Kind("attack", "print", "captured")


def surveyed(places):
    """A survey that has seen the kinds in these places, and no file."""
    return Survey([], kinds={kind: Counter(where) for kind, where in places.items()})


def sampled(out, rows, **how):
    write_shard(out, rows, **how)
    return sample_pixels(survey(out))


def measured(histogram):
    """The middle of the only bin that holds anything."""
    (place,) = histogram.held
    return (histogram.edges[place] + histogram.edges[place + 1]) / 2


def test_kinds_are_ordered_bona_fide_first_captured_first_then_by_size_then_by_name():
    sizes = {
        Kind("attack", "a/synthetic", "synthetic"): 900,
        Kind("attack", "b", "captured"): 5,
        Kind("attack", "a", "captured"): 5,
        Kind("attack", "z", "captured"): 6,
        Kind("bonafide", "none", "synthetic"): 800,
        Kind("bonafide", "none", "captured"): 1,
    }
    found = kinds_by_size(surveyed({kind: {Place(0, 0): n} for kind, n in sizes.items()}))
    assert [(k.label, k.pai, k.origin) for k in found] == [
        ("bonafide", "none", "captured"),
        ("bonafide", "none", "synthetic"),
        ("attack", "z", "captured"),
        ("attack", "a", "captured"),
        ("attack", "b", "captured"),
        ("attack", "a/synthetic", "synthetic"),
    ]


def test_size_of_a_kind_is_its_clips_in_all_places():
    many, few = Kind("attack", "z", "captured"), Kind("attack", "a", "captured")
    places = {few: {Place(0, 0): 5}, many: {Place(0, 0): 3, Place(0, 1): 3}}
    assert kinds_by_size(surveyed(places)) == [many, few]


@pytest.mark.parametrize(
    ("sizes", "quotas"),
    [
        ([1], [1]),
        ([256], [256]),
        ([257], [256]),
        ([300, 300], [128, 128]),
        ([300] * 7, [37] * 6 + [34]),  # 37 is 256 / 7 rounded up
        ([300] * 8, [32] * 8),
        ([300] * 9, [32] * 8),
        ([20] * 20, [20] * 12 + [16]),
        ([5] * 4, [5] * 4),
    ],
)
def test_a_kind_is_taken_from_eight_row_groups_evenly_and_at_most_256_times(sizes, quotas):
    places = {Place(0, n): size for n, size in enumerate(sizes)}
    wanted = _wanted(surveyed({BONAFIDE: places}), [BONAFIDE])[BONAFIDE]
    assert [wanted[place] for place in wanted] == quotas


@pytest.mark.parametrize(("kinds", "each"), [(1, 256), (16, 256), (17, 240), (1024, 4), (5000, 1)])
def test_all_kinds_share_4096_clips_and_each_gets_one(kinds, each):
    names = [Kind("attack", str(n), "captured") for n in range(kinds)]
    wanted = _wanted(surveyed({name: {Place(0, 0): 10_000} for name in names}), names)
    assert {quota.total() for quota in wanted.values()} == {each}


def test_row_groups_are_taken_in_the_order_of_a_hash_of_their_place():
    places = [Place(file, group) for file in range(5) for group in range(20)]
    wanted = _wanted(surveyed({BONAFIDE: dict.fromkeys(places, 300)}), [BONAFIDE])[BONAFIDE]
    number = {
        p: int.from_bytes(blake2b(f"{p.file}/{p.group}".encode(), digest_size=8).digest(), "little")
        for p in places
    }
    assert list(wanted) == sorted(places, key=number.get)[:8]
    assert len({place.file for place in wanted}) > 1


def test_the_first_clips_of_a_row_group_are_measured(tmp_path):
    write_shard(tmp_path, [clip_row(n, frames=[noisy(n)]) for n in range(258)])
    pixels = sample_pixels(survey(tmp_path), faces=False)
    assert [path for _, path, _ in pixels.names] == [f"train/{n}.mp4" for n in range(256)]
    assert pixels.clips == len(pixels.hashes) == 256


def test_each_clip_is_measured_once_and_as_its_own_kind(tmp_path):
    pictures = [noisy(n) for n in range(6)]
    rows = [(clip_row, attack_row)[n % 2](n, frames=[p]) for n, p in enumerate(pictures)]
    pixels = sampled(tmp_path, rows, group_rows=4)
    expected = {BONAFIDE: pictures[0::2], PRINT: pictures[1::2]}
    assert list(pixels.profiles) == [BONAFIDE, PRINT]
    for kind, wanted in expected.items():
        found = sorted(tuple(p) for p in pixels.profiles[kind])
        assert found == sorted(tuple(radial_profile(p, bins=64)) for p in wanted)
    assert sorted(pixels.names) == [(source_id(n), f"train/{n}.mp4", "train") for n in range(6)]


def test_only_row_groups_that_are_needed_are_read(tmp_path):
    write_shard(tmp_path, [clip_row(n) for n in range(300)], group_rows=20)
    pixels = sample_pixels(survey(tmp_path), faces=False)
    assert (pixels.row_groups, pixels.clips) == (13, 256)  # 20 of each of twelve and 16 of the last


def test_synthetic_clips_have_a_profile_and_nothing_else(tmp_path):
    rows = [clip_row(0, frames=[noisy(0)]), synthetic_row(1, f"{source_id(0)}-000", frames=[noisy(1)])]
    pixels = sampled(tmp_path, rows)
    assert {kind.origin: len(rows) for kind, rows in pixels.profiles.items()} == {
        "captured": 1,
        "synthetic": 1,
    }
    assert len(pixels.names) == len(pixels.hashes) == 1
    assert all(h.counts.sum() == 1 for h in pixels.distributions.values())
    assert [len(shown) for shown in pixels.shown.values()] == [1, 1]


def test_null_names_are_empty(tmp_path):
    pixels = sampled(tmp_path, [clip_row(0, frames=[noisy(0)], source_id=None, source_path=None, split=None)])
    assert pixels.names == [("", "", "")]


@pytest.mark.parametrize(("kinds", "clips", "kept"), [(1, 26, 24), (5, 26, 24), (6, 22, 20), (41, 5, 3)])
def test_contact_sheets_hold_as_many_clips_as_there_is_room_for(tmp_path, kinds, clips, kept):
    rows = [attack_row(n, pai=f"p{n % kinds:02d}") for n in range(kinds * clips)]
    shown = sampled(tmp_path, rows).shown
    assert [kind.pai for kind in shown] == [f"p{n:02d}" for n in range(min(kinds, 40))]
    assert {len(items) for items in shown.values()} == {kept}
    assert [item.name for item in shown[Kind("attack", "p00", "captured")]] == [
        f"{source_id(n * kinds)}-000" for n in range(kept)
    ]


def test_without_faces_nothing_is_kept_and_everything_is_measured(tmp_path):
    write_shard(tmp_path, [clip_row(0), attack_row(1)])
    pixels = sample_pixels(survey(tmp_path), faces=False)
    assert pixels.shown == {}
    assert pixels.clips == 2


@pytest.mark.parametrize(("frames", "shown"), [(1, 0), (2, 1), (3, 1), (4, 2), (9, 4)])
def test_the_frame_in_the_middle_is_measured(frames, shown):
    pictures = [flat(n) for n in range(frames)]
    assert middle({"frames": pictures})[0, 0, 0] == shown


def test_brightness_is_that_of_the_middle_frame(tmp_path):
    pixels = sampled(tmp_path, [clip_row(0, frames=[flat(0), flat(180), flat(255)])])
    assert measured(pixels.distributions["brightness"]) == pytest.approx(180, abs=0.04)


@pytest.mark.parametrize(("channel", "weight"), [(0, 0.299), (1, 0.587), (2, 0.114)])
def test_brightness_is_luma(tmp_path, channel, weight):
    picture = flat(0)
    picture[..., channel] = 200
    pixels = sampled(tmp_path, [clip_row(0, frames=[picture])])
    # A bin is 255 / 4096 wide.
    assert measured(pixels.distributions["brightness"]) == pytest.approx(200 * weight, abs=0.04)


@pytest.mark.parametrize(("name", "inside"), [("brightness", (0.1, 254.9)), ("sharpness", (0.0101, 9.9e4))])
def test_distributions_of_pictures_reach_over_all_that_pictures_have(name, inside):
    histogram = Pixels().distributions[name]
    histogram.add(np.array(inside), np.array([0, 1]))
    for row, value in enumerate(inside):
        (place,) = np.flatnonzero(histogram.counts[row])
        assert histogram.edges[place] <= value <= histogram.edges[place + 1]


def test_distributions_of_pictures_know_the_label(tmp_path):
    rows = [
        clip_row(0, frames=[flat(50)]),
        attack_row(1, frames=[flat(200)]),
        attack_row(2, frames=[flat(201)]),
    ]
    pixels = sampled(tmp_path, rows)
    found = pixels.distributions["brightness"].separation()
    assert (found.auc, found.bonafide, found.attacks) == (1, 1, 2)
    assert pixels.distributions["sharpness"].separation().auc == 0.5


def test_sharpness_of_a_checkerboard_is_sixty_four_times_its_squared_amplitude():
    y, x = np.mgrid[0:12, 0:14]
    board = 100 + 5.0 * (-1) ** (x + y)
    assert laplacian_variance(board) == pytest.approx(64 * 25)


def test_sharpness_of_planes_and_paraboloids_is_zero():
    y, x = np.mgrid[0:9, 0:7].astype(float)
    for smooth in (np.full((9, 7), 4.0), 3 * x - 2 * y, x**2 + y**2 - x * y):
        assert laplacian_variance(smooth) == pytest.approx(0, abs=1e-18)


def test_sharpness_of_one_bright_pixel():
    luma = np.zeros((5, 5))
    luma[2, 2] = 3
    # Nine values: one of -12, four of 3, four of 0.
    assert laplacian_variance(luma) == pytest.approx((144 + 4 * 9) / 9)
    luma[2, 2], luma[0, 0] = 0, 1000  # no inner pixel touches a corner
    assert laplacian_variance(luma) == 0


def test_pictures_of_one_grey_level_look_like_nothing(tmp_path):
    pixels = sampled(tmp_path, [clip_row(n, frames=[flat(90)]) for n in range(3)])
    assert (pixels.clips, pixels.hashes, pixels.names, pixels.alike()) == (3, [], [], [])


def test_a_mirrored_picture_looks_alike():
    pixels = pixels_with([], [])
    pixels.hashes[1] = MIRROR
    assert pixels.alike() == [(0, 1)]


def pixels_with(*flips, sources=None):
    """A clip for each list of bits that are set."""
    pixels = Pixels()
    for n, flipped in enumerate(flips):
        bits = np.zeros(256, np.uint8)
        bits[list(flipped)] = 1
        pixels.hashes.append(np.packbits(bits).view(np.uint64))
        pixels.names.append((sources[n] if sources else f"source {n}", f"{n}.mp4", "train"))
    return pixels


@pytest.mark.parametrize(("apart", "found"), [(0, True), (1, True), (40, True), (41, False), (128, False)])
@pytest.mark.parametrize("start", [0, 60, 250])
def test_clips_look_alike_up_to_forty_bits_wherever_they_are(apart, found, start):
    bits = [(start + n) % 256 for n in range(apart)]
    assert pixels_with([], bits).alike() == ([(0, 1)] if found else [])


def test_pairs_name_the_earlier_clip_first():
    pixels = pixels_with(range(100), [], range(100, 256), range(70), range(4))
    assert pixels.alike() == [(0, 3), (1, 4)]


def test_three_that_look_alike_are_three_pairs_and_a_chain_is_two():
    assert pixels_with([], [], []).alike() == [(0, 1), (0, 2), (1, 2)]
    assert pixels_with([], range(40), range(80)).alike() == [(0, 1), (1, 2)]


def test_clips_of_one_source_do_not_count_as_alike():
    assert pixels_with([], [], [], sources=["a", "b", "a"]).alike() == [(0, 1), (1, 2)]


def test_nothing_and_one_clip_look_like_nothing():
    assert Pixels().alike() == []
    assert pixels_with([]).alike() == []
