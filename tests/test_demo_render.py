"""Rendering: where each layer of a head lands in a frame, and how it is lit, on layers made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from specaug.demo_data.drawing import SIDE, blob
from specaug.demo_data.portrait import BODY_ZOOM, Portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import draw_room, poses, sample_scene

WIDTH, HEIGHT, PX = 100, 80, 20.0
PIVOT = 0.25
RNG = np.random.default_rng(6)
SCENE = replace(
    sample_scene((WIDTH, HEIGHT), 8, rng=RNG),
    **{"px_per_unit": PX, "centre": (48.0, 30.0), "turned": (0.0, 0.0), "sway": (0.0,) * 6},
    **{"shake": 0.0, "blink_at": 99, "light": (0.0, 0.0, 1.0)},
    **{"key": 0.9, "ambient": 0.4, "warmth": (1.1, 1.0, 0.8)},
)
KEY, AMBIENT = np.array(SCENE.warmth) * 0.9, 0.4
EMPTY = np.zeros((SIDE, SIDE, 4), np.float32)


def opaque(red, green, blue):
    return np.full((SIDE, SIDE, 4), (red, green, blue, 1), np.float32)


def facing(x, y, z, shine=0.0):
    return np.full((SIDE, SIDE, 4), (x, y, z, shine), np.float32)


def head(**layers):
    """A portrait without anything but these layers; flat, and at the height that a turn does not move."""
    height = np.full((SIDE, SIDE), PIVOT, np.float32)
    empty = {"hair": EMPTY, "back": EMPTY, "torso": EMPTY, "faces": (EMPTY,) * 3}
    return Portrait(**{**empty, "surface": facing(0, 0, 1), "height": height, **layers})


def frame(portrait, scene=SCENE):
    (picture,) = render(portrait, scene, 1)
    return picture


def place(name, u, v, scene=SCENE, **layers):
    """Where a soft mark at (u, v) of a layer comes to lie: x and y of its middle."""
    alpha = blob(u, v, 0.05, 0.05)[..., None]
    found = []
    for level in (0, 1):
        mark = np.concatenate([alpha * level] * 3 + [alpha], axis=2)
        found.append(frame(head(**{name: (mark,) * 3 if name == "faces" else mark}, **layers), scene))
    weight = (found[1] - found[0]).sum(axis=2)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()


def test_behind_nobody_is_the_room_in_three_quarters_of_the_light():
    room = draw_room(SCENE, margin=16)[16:-16, 16:-16]
    np.testing.assert_allclose(frame(head()), 0.75 * room * SCENE.white, rtol=1e-5)


def test_a_trembling_camera_shifts_the_room():
    shaken = replace(SCENE, shake=1.5)
    room = draw_room(SCENE, margin=16) * 0.75 * SCENE.white
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    for picture, pose in zip(render(head(), shaken, 3), poses(shaken, 3), strict=True):
        at = [y + 16 - pose.camera[1], x + 16 - pose.camera[0]]
        expected = np.stack([map_coordinates(room[..., c], at, order=1) for c in range(3)], axis=-1)
        assert np.abs(pose.camera).max() > 0.2
        # OpenCV rounds places to 1/32 px.
        assert np.abs(picture - expected).max() < 0.02
        assert np.abs(picture - expected).mean() < 1e-3


def test_a_head_covers_the_picture_up_to_one_and_a_half_units_from_its_middle():
    changed = (frame(head(back=opaque(0, 0, 0))) == 0).all(axis=2)
    reach = 1.45 * PX
    rows, columns = changed.any(axis=1).nonzero()[0], changed.any(axis=0).nonzero()[0]
    assert (rows[0], rows[-1]) == (int(30 - reach), int(30 + reach))
    assert (columns[0], columns[-1]) == (int(48 - reach), int(48 + reach))
    assert changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


@pytest.mark.parametrize("centre", [(-5.0, 30.0), (103.0, 78.0), (48.0, -9.0)])
def test_a_head_may_lie_partly_outside(centre):
    picture = frame(head(back=opaque(0, 0, 0)), replace(SCENE, centre=centre))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert 0 < (picture == 0).all(axis=2).mean() < 0.5


def test_hair_behind_is_lit_by_the_white_of_the_scene():
    np.testing.assert_allclose(
        frame(head(back=opaque(0.2, 0.5, 0.1)))[30, 48], [0.2, 0.5, 0.1] * SCENE.white, rtol=1e-5
    )


def test_a_layer_half_transparent_lets_the_room_through():
    half = opaque(0.2, 0.5, 0.1) / 2
    expected = frame(head())[30, 48] / 2 + np.array([0.1, 0.25, 0.05]) * SCENE.white
    np.testing.assert_allclose(frame(head(back=half))[30, 48], expected, rtol=1e-5)


@pytest.mark.parametrize(("u", "v"), [(0.0, 0.0), (0.8, 0.0), (0.0, -0.9), (-0.5, 0.7)])
def test_face_units_become_pixels_about_the_centre(u, v):
    assert place("faces", u, v) == pytest.approx((48 + u * PX, 30 + v * PX), abs=0.03)


@pytest.mark.parametrize("roll", [0.4, -0.7])
def test_a_roll_turns_the_face_clockwise_about_its_centre(roll):
    tilted = replace(SCENE, sway=(0, 0, roll, 0, 0, 0), phases=(np.pi / 2,) * 6)
    x, y = 48 + 0.8 * PX * np.cos(roll), 30 + 0.8 * PX * np.sin(roll)
    assert place("faces", 0.8, 0.0, tilted) == pytest.approx((x, y), abs=0.03)


@pytest.mark.parametrize("height", [PIVOT, PIVOT + 0.4, PIVOT - 0.3])
@pytest.mark.parametrize(("yaw", "pitch"), [(0.3, 0.0), (0.0, -0.25)])
def test_a_turn_moves_what_stands_out_and_shortens_the_rest(height, yaw, pitch):
    u = 0.5 * np.cos(yaw) + (height - PIVOT) * np.sin(yaw)
    v = 0.5 * np.cos(pitch) + (height - PIVOT) * np.sin(pitch)
    raised = np.full((SIDE, SIDE), height, np.float32)
    found = place("faces", 0.5, 0.5, replace(SCENE, turned=(yaw, pitch)), height=raised)
    assert found == pytest.approx((48 + u * PX, 30 + v * PX), abs=0.05)


def test_lids_choose_the_face_of_each_frame():
    faces = tuple(opaque(level, level, level) for level in (0.1, 0.2, 0.3))
    levels = [p[30, 48, 1] for p in render(head(faces=faces), replace(SCENE, blink_at=1), 5)]
    assert np.array(levels) / levels[0] == pytest.approx([1, 2, 3, 2, 1])


def skin_light(normal, light, *, shine=0.0):
    """Light on skin of reflectance 1, less what it shines."""
    scene = replace(SCENE, light=light)
    face = np.concatenate([np.ones((SIDE, SIDE, 4), np.float32)[..., :3], EMPTY[..., :1] + 1], axis=2)
    return frame(head(faces=(face,) * 3, surface=facing(*normal, shine)), scene)[30, 48]


@pytest.mark.parametrize(
    ("normal", "light", "wrapped"),
    [
        ((0, 0, 1), (0, 0, 1), (1, 1, 1)),
        ((0, 0, 1), (0.6, 0, -0.8), (0, 0, 0)),
        ((0, 0, 1), (1, 0, 0), (0.34 / 1.34, 0.20 / 1.20, 0.14 / 1.14)),  # red creeps farthest
        ((0.6, 0, 0.8), (0.6, 0, 0.8), (1, 1, 1)),
        ((-0.6, 0, 0.8), (0.6, 0, 0.8), ((0.28 + 0.34) / 1.34, (0.28 + 0.20) / 1.20, (0.28 + 0.14) / 1.14)),
    ],
)
def test_skin_has_ambient_light_and_main_light_that_wraps(normal, light, wrapped):
    expected = 0.85 * AMBIENT + KEY * np.array(wrapped)
    np.testing.assert_allclose(skin_light(normal, light), expected, rtol=1e-4)


@pytest.mark.parametrize(("normal", "sky"), [((0, -1, 0), 1.10), ((0, 1, 0), 0.60), ((0, 0.6, 0.8), 0.70)])
def test_ambient_light_comes_from_above(normal, sky):
    behind = (0, -0.6 * np.sign(normal[1]), -0.8)
    np.testing.assert_allclose(skin_light(normal, behind), sky * AMBIENT, rtol=1e-4)


def test_shine_is_brightest_between_the_light_and_the_camera():
    def shine(normal, light):
        return skin_light(normal, light, shine=1.0) - skin_light(normal, light)

    np.testing.assert_allclose(shine((0, 0, 1), (0, 0, 1)), 0.12 * KEY, rtol=1e-3)
    light = (0.8, 0, 0.6)
    half = np.array([0.8, 0, 1.6]) / np.hypot(0.8, 1.6)
    np.testing.assert_allclose(shine(tuple(half), light), 0.12 * KEY, rtol=1e-3)
    away = half[2]  # the cosine for skin that faces the camera
    np.testing.assert_allclose(shine((0, 0, 1), light), (0.05 * away**16 + 0.07 * away**32) * KEY, rtol=1e-3)


def test_a_turned_head_turns_its_normals():
    side = head(faces=(np.ones((SIDE, SIDE, 4), np.float32),) * 3, surface=facing(0, 0, 1))
    turned = replace(SCENE, turned=(0.5, 0.0), light=(np.sin(0.5), 0.0, np.cos(0.5)))
    np.testing.assert_allclose(frame(side, turned)[30, 48], 0.85 * AMBIENT + KEY, rtol=1e-4)
    pitched = replace(SCENE, turned=(0.0, 0.5), light=(0.0, np.sin(0.5), np.cos(0.5)))
    np.testing.assert_allclose(frame(side, pitched)[30, 48], 0.85 * AMBIENT + KEY, rtol=1e-4)


@pytest.mark.parametrize(("light", "share"), [((0, 0, 1), 1.0), ((1, 0, 0), 1 / 3), ((0.8, 0, -0.6), 0.0)])
def test_hair_wraps_light_by_half(light, share):
    picture = frame(head(hair=opaque(0.5, 0.5, 0.5)), replace(SCENE, light=light))
    np.testing.assert_allclose(picture[30, 48], 0.5 * (AMBIENT + KEY * share), rtol=1e-4)


def test_hair_covers_the_face_and_the_face_covers_what_is_behind():
    layers = {"back": opaque(0, 0, 1), "faces": (opaque(0, 1, 0),) * 3, "hair": opaque(1, 0, 0)}
    layers["hair"][:, SIDE // 2 + 60 :] = 0
    picture = frame(head(**layers))
    assert (picture[30, 48] > 0).tolist() == [True, False, False]
    assert (picture[30, 64] > 0).tolist() == [False, True, False]


def test_shoulders_begin_below_the_face_and_reach_to_both_sides():
    covered = np.isclose(frame(head(torso=opaque(0.2, 0.5, 0.1))), [0.2, 0.5, 0.1] * SCENE.white).all(axis=2)
    assert covered[int(30 + 0.38 * PX) :].all()
    assert not covered[: int(30 + 0.38 * PX)].any()


def test_the_canvas_of_the_shoulders_is_larger_by_its_zoom():
    found = place("torso", 0.3, 0.6)
    assert found == pytest.approx((48 + 0.3 * BODY_ZOOM * PX, 30 + 0.6 * BODY_ZOOM * PX), abs=0.03)


def test_shoulders_follow_two_fifths_of_the_heads_way_and_do_not_roll():
    moved = replace(SCENE, sway=(0.2, 0.1, 0.3, 5.0, -4.0, 0.0), phases=(np.pi / 2,) * 6)
    x, y = place("torso", 0.3, 0.6)
    assert place("torso", 0.3, 0.6, moved) == pytest.approx((x + 0.4 * 5, y - 0.4 * 4), abs=0.03)


def test_shoulders_shake_with_the_camera():
    shaken = replace(SCENE, shake=1.5, seed=5)
    (pose,) = poses(shaken, 1)
    assert np.abs(pose.camera).min() > 0.3
    x, y = place("torso", 0.3, 0.6)
    found = place("torso", 0.3, 0.6, shaken)
    assert found == pytest.approx((x + pose.camera[0], y + pose.camera[1]), abs=0.03)


def test_a_head_at_the_bottom_has_no_shoulders():
    low = replace(SCENE, centre=(48.0, 79.0))
    np.testing.assert_array_equal(frame(head(torso=opaque(1, 1, 1)), low), frame(head(), low))
