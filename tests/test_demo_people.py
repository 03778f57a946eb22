"""Made-up people: the ranges of their numbers, and what goes with age, skin and strength of features."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from specaug.demo_data.subject import muted_colour, sample_subject

LIGHT, DARK = np.array([0.74, 0.50, 0.38]), np.array([0.125, 0.068, 0.042])
GREY_HAIR = (0.200, 0.193, 0.186)
DARK_HAIR = {(0.014, 0.011, 0.010), (0.034, 0.020, 0.013)}
LIGHT_HAIR = {(0.330, 0.205, 0.095), (0.085, 0.045, 0.022), (0.150, 0.052, 0.020), (0.034, 0.020, 0.013)}
DARK_IRIS = (0.030, 0.016, 0.010)


def melanin_of(subject):
    """How dark the skin is, 0 to 1, by its green, which is not varied."""
    return np.log(subject.skin[1] / LIGHT[1]) / np.log(DARK[1] / LIGHT[1])


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(12)
    return [sample_subject(n, rng=rng) for n in range(600)]


def freed(one):
    """Numbers without what age, skin and robustness add, by name."""
    melanin = melanin_of(one)
    return {
        "face_width": one.face_width - 0.05 * one.robust,
        "crown": one.crown,
        "chin": one.chin - 0.06 * one.robust,
        "jaw_taper": one.jaw_taper + 0.12 * one.robust,
        "jaw_square": one.jaw_square - 0.35 * one.robust,
        "eye_x": one.eye_x,
        "eye_y": one.eye_y,
        "eye_width": one.eye_width,
        "eye_opening": one.eye_opening + 0.010 * one.age,
        "eye_tilt": one.eye_tilt,
        "brow_rise": one.brow_rise + 0.03 * one.robust,
        "brow_thickness": one.brow_thickness - 0.012 * one.robust,
        "brow_arch": one.brow_arch,
        "nose_length": one.nose_length,
        "nose_width": one.nose_width - 0.035 * melanin,
        "nose_height": one.nose_height,
        "mouth_y": one.mouth_y,
        "mouth_width": one.mouth_width,
        "upper_lip": one.upper_lip - 0.018 * melanin,
        "lower_lip": one.lower_lip - 0.022 * melanin,
        "smile": one.smile,
        "redness": one.redness / (1 - 0.6 * melanin),
        "hairline": one.hairline + 0.06 * one.age * one.robust,
        "parting": one.parting,
    }


RANGES = {
    **{"face_width": (0.67, 0.73), "crown": (1.00, 1.06), "chin": (0.99, 1.05), "jaw_taper": (0.20, 0.30)},
    **{
        "jaw_square": (1.95, 2.15),
        "eye_x": (0.295, 0.335),
        "eye_y": (-0.12, -0.07),
        "eye_width": (0.130, 0.155),
    },
    **{"eye_opening": (0.058, 0.074), "eye_tilt": (-0.06, 0.12), "brow_rise": (0.165, 0.205)},
    **{"brow_thickness": (0.014, 0.022), "brow_arch": (0.01, 0.05), "nose_length": (0.38, 0.46)},
    **{"nose_width": (0.105, 0.135), "nose_height": (0.20, 0.28), "mouth_y": (0.53, 0.59)},
    **{"mouth_width": (0.22, 0.28), "upper_lip": (0.036, 0.052), "lower_lip": (0.058, 0.074)},
    **{"smile": (0.015, 0.060), "redness": (0.2, 1.0), "hairline": (-0.68, -0.54), "parting": (-0.35, 0.35)},
}


@pytest.mark.parametrize("name", RANGES)
def test_numbers_are_even_over_their_range_once_strength_age_and_skin_are_taken_out(people, name):
    low, high = RANGES[name]
    shares = (np.array([freed(one)[name] for one in people]) - low) / (high - low)
    assert -1e-9 <= shares.min() < 0.02
    assert 0.98 < shares.max() <= 1 + 1e-9
    # The mean of 600 even draws has a standard deviation of 0.012.
    assert shares.mean() == pytest.approx(0.5, abs=0.045)


def test_skin_lies_between_the_lightest_and_the_darkest_in_even_steps(people):
    found = np.array([one.skin for one in people])
    share = np.array([melanin_of(one) for one in people])
    base = np.exp(np.outer(1 - share, np.log(LIGHT)) + np.outer(share, np.log(DARK)))
    tint = found / base - 1
    assert np.abs(tint[:, 0]).max() == pytest.approx(0.05, abs=2e-3)
    np.testing.assert_allclose(tint[:, 2], -1.6 * tint[:, 0], atol=1e-9)
    counts, _ = np.histogram(share, 6, (0, 1))
    assert counts.min() > 80


@pytest.mark.parametrize(
    ("name", "every", "step"),
    [
        ("skin", slice(None), (5**0.5 - 1) / 2),
        ("age", slice(None), 2**0.5 - 1),
        ("robust", slice(0, None, 2), 0.5),
        ("robust", slice(1, None, 2), 3**0.5 / 2),
    ],
)
def test_consecutive_people_are_a_fixed_step_apart_but_for_chance(people, name, every, step):
    values = np.array([melanin_of(p) if name == "skin" else getattr(p, name) for p in people])
    off = (np.diff(values)[every] - step + 0.5) % 1 - 0.5
    assert np.abs(off).max() <= 0.12
    assert off.mean() == pytest.approx(0, abs=0.01)
    assert (values.min() < 0.05, values.max() > 0.95) == (True, True)


def test_eyes_of_dark_skin_are_dark_and_others_have_four_colors_of_three(people):
    light = [p.iris for p in people if melanin_of(p) <= 0.45]
    assert {p.iris for p in people if melanin_of(p) > 0.45} == {DARK_IRIS}
    shares = sorted(n / len(light) for n in Counter(light).values())
    assert shares == pytest.approx([0.25, 0.25, 0.5], abs=0.08)
    assert DARK_IRIS not in light


def test_hair_is_grey_with_age_and_else_goes_with_the_skin(people):
    old, young = ([p for p in people if (p.age > 0.78) == grey] for grey in (True, False))
    assert {p.hair_colour for p in old} == {GREY_HAIR}
    assert {p.hair_colour for p in young if melanin_of(p) < 0.35} == LIGHT_HAIR
    assert {p.hair_colour for p in young if melanin_of(p) >= 0.35} == DARK_HAIR


def test_styles_of_hair_go_with_strength_and_baldness_with_age(people):
    soft = Counter(p.hair for p in people if p.robust < 0.5)
    strong = Counter(p.hair for p in people if p.robust >= 0.5)
    assert set(soft) == {"long", "parted", "curly", "fringe"}
    assert set(strong) == {"short", "buzz", "parted", "curly", "fringe", "bald"}
    assert soft["long"] / soft.total() == pytest.approx(0.4, abs=0.08)
    assert strong["short"] / strong.total() == pytest.approx(0.3, abs=0.08)
    assert min(p.age for p in people if p.hair == "bald") > 0.35
    assert {p.hair for p in people if p.robust >= 0.5 and p.age <= 0.35} == set(strong) - {"bald"}


def test_beards_grow_on_strong_faces_only(people):
    assert {p.beard for p in people if p.robust < 0.5} == {"none"}
    strong = Counter(p.beard for p in people if p.robust >= 0.5)
    shares = {name: n / strong.total() for name, n in strong.items()}
    expected = {"none": 1 / 3, "stubble": 1 / 3, "full": 1 / 6, "moustache": 1 / 6}
    assert shares == pytest.approx(expected, abs=0.08)


def test_lips_freckles_glasses_and_clothes(people):
    assert all(0.1 <= p.lip_colour <= 0.5 + 0.5 * (1 - p.robust) for p in people)
    painted = [p.lip_colour > 0.5 for p in people if p.robust < 0.2]
    assert 0.3 < np.mean(painted) < 0.7
    assert all(0 <= p.freckles <= 1 - melanin_of(p) + 1e-9 for p in people)
    assert np.median([p.freckles for p in people]) < 0.1
    shares = {name: n / 600 for name, n in Counter(p.glasses for p in people).items()}
    assert shares == pytest.approx({"none": 0.6, "round": 0.2, "square": 0.2}, abs=0.07)
    shares = {name: n / 600 for name, n in Counter(p.pattern for p in people).items()}
    assert shares == pytest.approx({"plain": 0.5, "stripes": 0.25, "checks": 0.25}, abs=0.07)
    assert np.mean([p.neckline == "v" for p in people]) == pytest.approx(0.35, abs=0.07)


@pytest.mark.parametrize(
    ("low", "high", "saturation"), [(0.2, 0.4, 0.0), (0.1, 0.3, 0.5), (0.001, 0.002, 0.3), (0.9, 1.2, 0.2)]
)
def test_muted_colors_stay_near_grey_and_within_what_things_reflect(low, high, saturation):
    rng = np.random.default_rng(4)
    found = np.array([muted_colour(rng, low=low, high=high, saturation=saturation) for _ in range(300)])
    assert found.min() >= max(0.01, low * (1 - saturation)) - 1e-12
    assert found.max() <= min(0.95, max(0.01, high * (1 + saturation))) + 1e-12
    if saturation == 0:
        assert (found == found[:, :1]).all()
        assert found.mean() == pytest.approx((low + high) / 2, abs=0.02)
    elif found.min() > 0.01 and found.max() < 0.95:
        ratio = found.max(axis=1) / found.min(axis=1)
        assert 2 < ratio.max() <= (1 + saturation) / (1 - saturation)


@pytest.mark.parametrize(
    ("name", "low", "high", "saturation"),
    [("glasses_colour", 0.01, 0.05, 0.6), ("cloth", 0.04, 0.5, 0.5), ("cloth_accent", 0.04, 0.6, 0.4)],
)
def test_glasses_are_dark_and_clothes_of_every_brightness(people, name, low, high, saturation):
    found = np.array([getattr(p, name) for p in people])
    assert found.max() <= high * (1 + saturation)
    assert found.min() >= max(0.01, low * (1 - saturation))
    assert found.max() > high
    ratio = found[found.min(axis=1) > 0.011]
    ratio = ratio.max(axis=1) / ratio.min(axis=1)
    assert 0.7 < ratio.max() / ((1 + saturation) / (1 - saturation)) <= 1
