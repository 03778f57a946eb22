"""Scenes: the ranges of what is drawn, how a head moves from frame to frame, and the room behind it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from specaug.augment.recapture.motion import FPS, tremble
from specaug.demo_data.scene import draw_room, poses, sample_scene

SIZE = (640, 480)


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(8)
    return [sample_scene(SIZE, 48, rng=rng) for _ in range(400)]


@pytest.fixture
def scene():
    return sample_scene(SIZE, 48, rng=np.random.default_rng(3))


RANGES = {
    "px_per_unit": (106, 136),
    "key": (0.75, 1.15),
    "ambient": (0.28, 0.50),
    "shake": (0.2, 1.2),
    "blink_at": (0, 44),
    "x of the face": (290, 350),
    "y of the face": (226, 250),
    "red of the light": (0.98, 1.10),
    "blue of the light": (0.76, 1.02),
    "mean yaw": (-0.12, 0.12),
    "mean pitch": (-0.05, 0.05),
    "sway of yaw": (0.04, 0.18),
    "sway of pitch": (0.02, 0.07),
    "sway of roll": (0.01, 0.05),
    "sway of x": (3, 10),
    "sway of y": (2, 6),
    "slant of the light": (-0.7, 0.7),
    "height of the light": (-0.75, -0.2),
}


def measures(one):
    """What is drawn, by the names of RANGES."""
    simple = {name: getattr(one, name) for name in ("px_per_unit", "key", "ambient", "shake", "blink_at")}
    names = ("yaw", "pitch", "roll", "x", "y")
    return {
        **simple,
        **{"x of the face": one.centre[0], "y of the face": one.centre[1]},
        **{"red of the light": one.warmth[0], "blue of the light": one.warmth[2]},
        **{"mean yaw": one.turned[0], "mean pitch": one.turned[1]},
        **{f"sway of {name}": sway for name, sway in zip(names, one.sway, strict=False)},
        **{
            "slant of the light": one.light[0] / one.light[2],
            "height of the light": one.light[1] / one.light[2],
        },
    }


@pytest.mark.parametrize("name", RANGES)
def test_what_is_drawn_fills_its_range(scenes, name):
    low, high = RANGES[name]
    values = np.array([measures(one)[name] for one in scenes])
    assert low <= values.min() <= low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) <= values.max() <= high
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.06 * (high - low))


def test_light_is_a_unit_vector_from_above_and_before(scenes):
    light = np.array([one.light for one in scenes])
    np.testing.assert_allclose(np.linalg.norm(light, axis=1), 1)
    assert (light[:, 1] < 0).all()
    assert (light[:, 2] > 0.5).all()
    assert {one.warmth[1] for one in scenes} == {1.0}


def test_lengths_grow_with_the_height_of_the_picture():
    small, large = (sample_scene((w, w * 3 // 4), 48, rng=np.random.default_rng(1)) for w in (320, 1280))
    for name in ("px_per_unit", "shake"):
        assert getattr(large, name) == pytest.approx(4 * getattr(small, name))
    np.testing.assert_allclose(np.array(large.centre), 4 * np.array(small.centre))
    assert large.sway[:3] == small.sway[:3]
    np.testing.assert_allclose(large.sway[3:5], 4 * np.array(small.sway[3:5]))
    assert large.sway[5] == small.sway[5] == 0.02


def test_only_the_middle_depends_on_the_width():
    narrow, wide = (sample_scene((w, 480), 48, rng=np.random.default_rng(1)) for w in (480, 960))
    changed = {f.name for f in fields(narrow) if getattr(narrow, f.name) != getattr(wide, f.name)}
    assert changed == {"width", "centre"}
    assert wide.centre == pytest.approx((narrow.centre[0] + 240, narrow.centre[1]))


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
def test_short_clips_blink_early(frames):
    starts = {sample_scene(SIZE, frames, rng=np.random.default_rng(n)).blink_at for n in range(60)}
    assert starts == set(range(max(1, frames - 3)))


@pytest.mark.parametrize(
    ("start", "lids"), [(0, [1, 2, 1, 0, 0]), (1, [0, 1, 2, 1, 0]), (3, [0, 0, 0, 1, 2]), (9, [0] * 5)]
)
def test_a_blink_is_half_closed_closed_half_closed(scene, start, lids):
    assert [pose.lids for pose in poses(replace(scene, blink_at=start), 5)] == lids


def test_a_head_sways_in_six_slow_waves(scene):
    still = replace(scene, shake=0.0)
    hertz = (0.27, 0.21, 0.14, 0.17, 0.13, 0.11)
    for n, pose in enumerate(poses(still, 72)):
        wave = [
            amplitude * np.sin(2 * np.pi * f * n / FPS + phase)
            for f, amplitude, phase in zip(hertz, scene.sway, scene.phases, strict=True)
        ]
        found = (pose.yaw, pose.pitch, pose.roll, pose.x, pose.y, pose.px_per_unit)
        rest = (*scene.turned, 0, *scene.centre, scene.px_per_unit)
        expected = [a + b for a, b in zip(rest[:5], wave[:5], strict=True)]
        assert found == pytest.approx([*expected, rest[5] * (1 + wave[5])])
        assert pose.camera == (0, 0)


def test_a_trembling_camera_moves_the_head_with_the_picture(scene):
    moved, still = poses(scene, 20), poses(replace(scene, shake=0.0), 20)
    expected = tremble(20, scene.shake, rng=np.random.default_rng([scene.seed, 1]))
    for pose, at_rest, camera in zip(moved, still, expected, strict=True):
        assert pose.camera == tuple(camera)
        assert (pose.x - at_rest.x, pose.y - at_rest.y) == pytest.approx(pose.camera)
        assert (pose.yaw, pose.roll, pose.px_per_unit) == (at_rest.yaw, at_rest.roll, at_rest.px_per_unit)


def test_fewer_frames_are_the_same_movement_cut_short(scene):
    still = replace(scene, shake=0.0)
    assert poses(still, 30)[:10] == poses(still, 10)


def test_white_is_lit_at_a_slant_and_by_the_room(scene):
    lit = replace(scene, key=1.0, ambient=0.3, warmth=(1.1, 1.0, 0.8))
    np.testing.assert_allclose(lit.white, [0.65 * 1.1 + 0.3, 0.95, 0.65 * 0.8 + 0.3], rtol=1e-6)


@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_a_camera_farther_away_changes_size_place_and_shake_only(scene, share):
    far = scene.seen_at(share=share, shake=0.7)
    changed = {f.name for f in fields(far) if getattr(far, f.name) != getattr(scene, f.name)}
    assert changed == ({"shake"} if share == 1 else {"px_per_unit", "centre", "shake"})
    assert far.shake == 0.7
    assert far.px_per_unit == share * scene.px_per_unit
    assert far.centre[1] - 240 == pytest.approx(share * (scene.centre[1] - 240))


@pytest.fixture(scope="module")
def rooms():
    """The room and its light of forty small scenes, with a margin of 4 px."""
    made = [sample_scene((96, 72), 4, rng=np.random.default_rng(n)) for n in range(40)]
    return made, [draw_room(one, margin=4) for one in made]


def test_a_room_is_light_with_a_margin_on_every_side(rooms):
    for room in rooms[1]:
        assert (room.shape, room.dtype) == ((80, 104, 3), np.float32)
        assert np.isfinite(room).all()
        assert room.min() > 0
        assert room.max() < 3


def test_a_room_belongs_to_its_scene(rooms):
    scenes, drawn = rooms
    np.testing.assert_array_equal(draw_room(replace(scenes[0], shake=9.0, key=0.1), margin=4), drawn[0])
    assert np.abs(draw_room(replace(scenes[0], seed=scenes[1].seed), margin=4) - drawn[0]).max() > 0.05


def test_rooms_are_plain_and_rough(rooms):
    logs = [np.log(room[..., 1]) for room in rooms[1]]
    # What is left of each pixel beside its neighbours is the texture of the wall; objects are out of focus.
    rough = [np.median(np.abs(np.diff(x, n=2, axis=1))) for x in logs]
    assert max(rough) > 4 * min(rough)


def test_walls_are_brighter_above(rooms):
    above = np.mean([np.log(room[:10].mean() / room[-10:].mean()) for room in rooms[1]])
    # A ceiling at 1.1 and a floor at 0.8, with things hung before them.
    assert above == pytest.approx(np.log(1.1 / 0.8), abs=0.2)
