"""Drawn faces: each feature lies where its subject says, and changes nothing elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from specaug.demo_data.drawing import PX_PER_UNIT, SIDE, grid, to_px
from specaug.demo_data.hair import back_hair, front_hair, hair_shadow
from specaug.demo_data.relief import make_relief, outline
from specaug.demo_data.skin import (
    paint_beard,
    paint_brows,
    paint_eyes,
    paint_glasses,
    paint_lips,
    paint_nose,
    paint_skin,
)
from specaug.demo_data.subject import sample_subject

SUBJECT = replace(
    sample_subject(1, rng=np.random.default_rng(2)),
    **{"face_width": 0.7, "crown": 1.0, "chin": 1.0, "jaw_taper": 0.25, "jaw_square": 2.2, "robust": 0.5},
    **{"age": 0.3, "eye_x": 0.31, "eye_y": -0.1, "eye_tilt": 0.0, "eye_width": 0.14, "eye_opening": 0.07},
    **{
        "nose_length": 0.42,
        "mouth_y": 0.56,
        "mouth_width": 0.25,
        "smile": 0.03,
        "hairline": -0.6,
        "parting": 0.1,
    },
    **{"skin": (0.5, 0.32, 0.24), "iris": (0.1, 0.14, 0.18), "hair_colour": (0.085, 0.045, 0.022)},
)
TIP = SUBJECT.eye_y + SUBJECT.nose_length
U, V = grid()


def fresh():
    return np.random.default_rng(7)


def at(canvas, u, v):
    return canvas[round(float(to_px(v))), round(float(to_px(u)))]


@pytest.fixture(scope="module")
def plain():
    """Bare skin of one color."""
    return np.full((SIDE, SIDE, 3), SUBJECT.skin, np.float32)


@pytest.fixture(scope="module")
def relief():
    return make_relief(SUBJECT, rng=fresh())


def changed(before, after, threshold=0.02):
    """Where a picture changed by more than a share of its brightness."""
    return (np.abs(after - before) > threshold * before).any(axis=2)


@pytest.mark.parametrize(("u", "v"), [(0.7, 0), (-0.7, 0), (0, -1.0), (0, 1.0)])
def test_the_outline_runs_through_sides_crown_and_chin(u, v):
    assert at(outline(SUBJECT), u, v) == pytest.approx(1, abs=0.012)


def test_the_outline_is_a_share_of_the_way_outwards():
    head = outline(SUBJECT)
    np.testing.assert_allclose(head, head[:, ::-1], atol=1e-6)
    assert at(head, 0.35, 0) == pytest.approx(0.5, abs=0.01)
    assert at(head, 0, -0.25) == pytest.approx(0.25, abs=0.01)
    assert at(head, 0, 1.5) == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("taper", [0.1, 0.3])
def test_the_jaw_is_narrower_by_its_taper(taper):
    head = outline(replace(SUBJECT, jaw_taper=taper, jaw_square=2.2))
    row = head[round(float(to_px(0.5)))]
    width = np.abs(U[0][row < 1]).max()
    # Half the way down a cubic has done half its work; an ellipse of power 2.2 is left.
    assert width == pytest.approx(0.7 * (1 - taper / 2) * (1 - 0.5**2.2) ** (1 / 2.2), abs=0.008)


def test_grown_heads_are_wider_on_every_side():
    for u, v in ((0.9, 0), (0, -1.2), (0, 1.2)):
        assert at(outline(SUBJECT, grow=0.2), u, v) == pytest.approx(1, abs=0.012)


def test_square_jaws_reach_farther_into_the_corner():
    soft, square = (outline(replace(SUBJECT, jaw_square=power)) for power in (2.0, 2.5))
    assert at(square, 0.4, 0.7) < at(soft, 0.4, 0.7) - 0.02
    assert at(square, 0.4, -0.7) == at(soft, 0.4, -0.7)


def test_the_head_is_opaque_inside_its_outline_and_nothing_outside(relief):
    assert (relief.head[relief.radius < 0.984] == 1).all()
    assert (relief.head[relief.radius > 1.009] == 0).all()
    np.testing.assert_array_equal(relief.radius, outline(SUBJECT))


def test_light_reaches_hollows_less(relief):
    assert relief.occlusion.min() >= 0.35
    assert relief.occlusion.max() <= 1
    assert at(relief.occlusion, 0, TIP - 0.03) > 0.98
    for u, v in (
        (0, SUBJECT.mouth_y),
        (0, TIP + 0.11),
        (0.2, SUBJECT.eye_y),
    ):  # lips, under the nose, inner corner
        assert at(relief.occlusion, u, v) < 0.97


def test_normals_lean_outwards_and_towards_the_camera(relief):
    inside = relief.radius < 0.9
    assert relief.normals[inside][:, 2].min() > 0
    for axis, sign in ((0, np.sign(U)), (1, np.sign(V))):
        rim = (relief.radius > 0.8) & (relief.radius < 0.95) & (np.abs((U, V)[axis]) > 0.5)
        assert (relief.normals[..., axis] * sign)[rim].mean() > 0.4


@pytest.mark.parametrize(
    ("feature", "change", "u", "v", "higher"),
    [
        ("nose_height", 0.08, 0.0, TIP - 0.03, 0.09),
        ("robust", 0.5, 0.28, -0.1 - SUBJECT.brow_rise + 0.03, 0.0175),
        ("robust", 0.5, 0.46, 0.50, -0.0097),  # of 0.015, near the outline
    ],
)
def test_stronger_features_stand_out_by_what_they_say(relief, feature, change, u, v, higher):
    strong = make_relief(replace(SUBJECT, **{feature: getattr(SUBJECT, feature) + change}), rng=fresh())
    # The height is smoothed a little.
    assert at(strong.height - relief.height, u, v) == pytest.approx(higher, rel=0.3)


def test_wrinkles_of_the_forehead_come_with_age(relief):
    young = relief.height  # of 0.3
    middle, old = (make_relief(replace(SUBJECT, age=age), rng=fresh()).height for age in (0.45, 1.0))
    forehead = (np.abs(U) < 0.15) & (V > -0.62) & (V < -0.3)
    assert np.abs(middle - young)[forehead].max() < 2e-3
    assert (old - middle)[forehead].min() < -3e-3
    beside_the_mouth = (np.abs(np.abs(U) - 0.2) < 0.08) & (np.abs(V - 0.44) < 0.08)
    assert (old - middle)[beside_the_mouth].min() < -5e-3


def test_red_cheeks_lose_green_and_blue(relief):
    pale, red = (paint_skin(replace(SUBJECT, redness=r), relief, rng=fresh()) for r in (0.0, 1.0))
    kept = red / pale
    # 0.8 of the flush of a cheek, give or take its noise.
    np.testing.assert_allclose(at(kept, 0.4, 0.27), [1 - 0.016, 1 - 0.192, 1 - 0.176], atol=0.06)
    assert at(kept, 0.4, 0.27)[0] > 0.97
    assert at(kept, 0, -0.6)[1] > 0.9


def test_freckles_are_dark_and_over_nose_and_cheeks_only(relief):
    clear, freckled = (paint_skin(replace(SUBJECT, freckles=f), relief, rng=fresh()) for f in (0.0, 1.0))
    spots = changed(clear, freckled, 0.1)
    assert 0.001 < spots.mean() < 0.03
    assert np.abs(U[spots]).max() < 0.85
    assert V[spots].min() > -0.3
    assert (freckled[spots] < clear[spots]).all()


def test_bags_under_the_eyes_darken_with_age(relief):
    young, old = (paint_skin(replace(SUBJECT, age=age), relief, rng=fresh()) for age in (0.0, 1.0))
    for side in (-1, 1):
        assert at(old, side * 0.31, 0.005).sum() < 0.85 * at(young, side * 0.31, 0.005).sum()
    assert at(old, 0, -0.5) == pytest.approx(at(young, 0, -0.5), rel=0.1)


def test_nostrils_are_dark_and_lie_under_the_tip(plain):
    nose = paint_nose(plain, SUBJECT)
    for side in (-1, 1):
        assert (at(nose, side * 0.52 * SUBJECT.nose_width, TIP + 0.062) < 0.25 * np.array(SUBJECT.skin)).all()
    np.testing.assert_allclose(nose, nose[:, ::-1], atol=1e-4)
    where = changed(plain, nose)
    assert np.abs(U[where]).max() < SUBJECT.nose_width * 1.28 + 0.15
    assert TIP - 0.2 < V[where].min() < V[where].max() < TIP + 0.2


def lips_of(plain, **changes):
    return paint_lips(plain, replace(SUBJECT, **changes), rng=fresh())


def line_of_lips(lips, u):
    """Height of the dark line between the lips in a column."""
    column = round(float(to_px(u)))
    return V[np.argmin(lips[:, column].sum(axis=1)), column]


def test_lips_meet_at_the_mouth_and_rise_to_the_corners_by_the_smile(plain):
    lips = lips_of(plain, smile=0.06)
    assert line_of_lips(lips, 0.0) == pytest.approx(0.56 + 0.008, abs=0.01)
    assert line_of_lips(lips, 0.2) == pytest.approx(0.56 - 0.06 * 0.64, abs=0.01)
    assert line_of_lips(lips_of(plain, smile=0.0), 0.2) == pytest.approx(0.56, abs=0.01)


@pytest.mark.parametrize(("color", "left"), [(0.0, (0.92, 0.62, 0.62)), (1.0, (0.88, 0.36, 0.42))])
def test_lips_are_redder_than_skin(plain, color, left):
    lips = lips_of(plain, lip_colour=color)
    middle = lips[round(float(to_px(0.595))), 270:306].mean(axis=0)
    # 0.92 of the color of the lower lip, which is lit from above.
    expected = np.array(SUBJECT.skin) * (0.92 * 1.06 * np.array(left) + 0.08)
    np.testing.assert_allclose(middle, expected, rtol=0.08)


def test_lips_are_as_wide_as_the_mouth(plain):
    where = changed(plain, lips_of(plain, mouth_width=0.22, smile=0.0))
    assert np.abs(U[where]).max() == pytest.approx(0.22, abs=0.03)
    assert 0.45 < V[where].min() < V[where].max() < 0.75


def test_brows_rise_above_the_eyes(plain):
    brows = paint_brows(plain, SUBJECT, rng=fresh())
    where = changed(plain, brows, 0.3)
    middle = SUBJECT.eye_y - SUBJECT.brow_rise
    assert where[:, :288].sum() == pytest.approx(where[:, 288:].sum(), rel=0.2)
    assert np.abs(U[where]).min() > 0.31 - 0.19 - 0.05
    assert np.abs(U[where]).max() < 0.31 + 0.18 + 0.09
    assert V[where].mean() == pytest.approx(middle, abs=0.04)
    assert (brows <= plain + 1e-6).all()


def eyes_of(plain, opening=1.0, **changes):
    return paint_eyes(plain, replace(SUBJECT, **changes), opening, rng=fresh())


def test_open_eyes_have_a_black_pupil_a_colored_iris_a_white_and_a_reflection(plain):
    eyes = eyes_of(plain)
    iris = 0.42 * SUBJECT.eye_width
    for side in (-1, 1):
        assert at(eyes, side * 0.31, SUBJECT.eye_y + 0.01).max() < 0.03
        colored = at(eyes, side * (0.31 + 0.7 * iris), SUBJECT.eye_y)
        assert colored[2] > colored[0]  # a blue iris
        assert at(eyes, side * (0.31 + 0.09), SUBJECT.eye_y + 0.005).min() > 0.3
        assert at(eyes, side * (0.31 - 0.018), SUBJECT.eye_y - 0.026).min() > 0.6


def test_closed_eyes_show_skin_and_lashes_only(plain):
    eyes = eyes_of(plain, 0.0)
    assert (eyes <= plain + 1e-6).all()
    around = (np.abs(np.abs(U) - 0.31) < 0.14) & (np.abs(V - SUBJECT.eye_y) < 0.1)
    lash = V[around & (eyes.sum(axis=2) < 0.3)]
    assert lash.size > 150
    assert lash.mean() > SUBJECT.eye_y + 0.015  # where the lower lid is


@pytest.mark.parametrize("tilt", [-0.15, 0.15])
def test_tilted_eyes_have_higher_outer_corners(plain, tilt):
    eyes = eyes_of(plain, eye_tilt=tilt)
    dark = (eyes.sum(axis=2) < 0.2) & (np.abs(V - SUBJECT.eye_y) < 0.12)
    height = {}
    for corner, low, high in (("inner", 0.18, 0.22), ("outer", 0.40, 0.44)):
        height[corner] = V[dark & (np.abs(U - (low + high) / 2) < (high - low) / 2)].mean()
    # 0.22 apart.
    assert height["inner"] - height["outer"] == pytest.approx(0.22 * np.tan(tilt), abs=0.015)


def test_no_beard_and_no_glasses_leave_the_skin_alone(plain):
    assert paint_beard(plain, replace(SUBJECT, beard="none"), rng=fresh()) is plain
    assert paint_glasses(plain, replace(SUBJECT, glasses="none")) is plain


@pytest.mark.parametrize(
    ("beard", "lip", "chin", "cheek"),
    [("stubble", True, True, False), ("moustache", True, False, False), ("full", True, True, False)],
)
def test_beards_grow_where_they_do(plain, beard, lip, chin, cheek):
    found = paint_beard(plain, replace(SUBJECT, beard=beard), rng=fresh())
    spots = {"lip": (0.0, TIP + 0.155), "chin": (0.0, 0.85), "cheek": (0.3, 0.1)}
    left = {}
    for name, (u, v) in spots.items():
        row, column = round(float(to_px(v))), round(float(to_px(u)))
        left[name] = found[row - 3 : row + 4, column - 3 : column + 4].mean() / np.mean(SUBJECT.skin)
    assert [left[name] < 0.9 for name in spots] == [lip, chin, cheek]
    assert not changed(plain, found)[(V < 0.2) & (np.abs(U) < 0.7)].any()
    assert at(found, 0, SUBJECT.mouth_y + 0.01).mean() > 0.8 * np.mean(SUBJECT.skin)


def test_a_full_beard_is_darker_than_stubble(plain):
    chin = (np.abs(U) < 0.2) & (V > 0.75) & (V < 0.9)
    light = {
        b: paint_beard(plain, replace(SUBJECT, beard=b), rng=fresh())[chin].mean()
        for b in ("stubble", "full")
    }
    assert light["full"] < 0.8 * light["stubble"]


@pytest.mark.parametrize(("glasses", "width", "height"), [("round", 0.22, 0.185), ("square", 0.225, 0.16)])
def test_frames_of_glasses_go_around_the_eyes(plain, glasses, width, height):
    found = paint_glasses(plain, replace(SUBJECT, glasses=glasses, glasses_colour=(0.01, 0.02, 0.03)))
    middle = SUBJECT.eye_y + 0.015
    for u, v in ((0.32 + width, 0), (0.32 - width, 0), (0.32, height), (0.32, -height), (0, -0.05)):
        for side in (-1, 1):
            assert at(found, side * u, middle + v).max() < 0.12
    np.testing.assert_array_equal(at(found, 0.32, middle), at(plain, 0.32, middle))
    np.testing.assert_allclose(found, found[:, ::-1], atol=1e-4)


@pytest.mark.parametrize("style", ["buzz", "short", "fringe", "parted", "long", "curly"])
def test_hair_is_a_layer_on_the_skull(style):
    subject = replace(SUBJECT, hair=style)
    hair = front_hair(subject, rng=fresh())
    alpha = hair[..., 3]
    assert (alpha.min() >= 0, alpha.max() <= 1) == (True, True)
    assert not hair[alpha == 0].any()
    assert at(alpha, 0, -0.93) > 0.5
    assert alpha[(outline(subject, grow=0.2) > 1.4) & (V < 0)].max() < 0.05
    eyes = (np.abs(np.abs(U) - 0.31) < 0.1) & (np.abs(V - SUBJECT.eye_y) < 0.08)
    assert alpha[eyes].mean() < 0.05
    if style == "buzz":
        assert alpha.max() <= 0.72


def test_bald_heads_have_no_hair_and_only_long_hair_falls_behind():
    assert not front_hair(replace(SUBJECT, hair="bald"), rng=fresh()).any()
    assert not back_hair(replace(SUBJECT, hair="parted"), rng=fresh()).any()
    behind = back_hair(replace(SUBJECT, hair="long"), rng=fresh())[..., 3]
    assert at(behind, 0.75, 0.8) > 0.9
    assert behind[V > 1.65].mean() < 0.1
    assert behind[np.abs(U) > 1.3].max() < 0.05


def test_long_hair_hangs_beside_the_face_and_a_fringe_over_the_forehead():
    alphas = {
        s: front_hair(replace(SUBJECT, hair=s), rng=fresh())[..., 3] for s in ("short", "long", "fringe")
    }
    beside = (np.abs(np.abs(U) - 0.72) < 0.04) & (np.abs(V - 0.25) < 0.1)
    forehead = (np.abs(U) < 0.3) & (np.abs(V + 0.48) < 0.05)
    means = {s: (a[beside].mean(), a[forehead].mean()) for s, a in alphas.items()}
    assert means["long"][0] > means["short"][0] + 0.3
    assert means["fringe"][1] > means["short"][1] + 0.3


def test_hair_throws_a_shadow_below_its_edge():
    hair = np.zeros((SIDE, SIDE, 4), np.float32)
    assert (hair_shadow(SUBJECT, hair) == 1).all()
    hair[100:300, :, 3] = 1
    shadow = hair_shadow(SUBJECT, hair)
    assert shadow[200, 288] == pytest.approx(0.55, abs=1e-3)
    edge = 300 + round(0.05 * PX_PER_UNIT)
    assert shadow[edge, 288] == pytest.approx((1 + 0.55) / 2, abs=0.02)
    assert shadow[edge + 40, 288] == 1
