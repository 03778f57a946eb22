"""Settings of the phone of a recapture: limits on both sides, draws from ranges, the scale of a clip."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from specaug.augment.recapture.framing import Framing
from specaug.augment.recapture.phone.settings import PHONE, Phone, PhoneRanges, draw_phone
from specaug.errors import ArgumentError


@pytest.mark.parametrize("name", PHONE)
def test_a_number_of_a_phone_lies_within_its_limits(name):
    low, high = PHONE[name]
    value = getattr(Phone(), name)
    several = (lambda v: (v,) * len(value)) if isinstance(value, tuple) else (lambda v: v)
    for fits in (low, high):
        assert getattr(Phone(**{name: several(fits)}), name) == several(fits)
    for odd in (np.nextafter(low, -math.inf) - 1e-9, high * (1 + 1e-9) + 1e-9, math.nan, "1", None, True):
        with pytest.raises(ArgumentError, match=f"^{name}: expected a (whole )?number"):
            Phone(**{name: several(odd)})


@pytest.mark.parametrize("version", [1, 3, 2.5])
def test_a_phone_of_another_version_is_refused(version):
    with pytest.raises(ArgumentError, match="version: expected"):
        Phone(version=version)


def test_a_phone_is_drawn_from_its_ranges():
    ranges = PhoneRanges(scale=(0.8, 1.6))
    rng = np.random.default_rng(4)
    drawn = [Phone(**draw_phone(ranges, rng)) for _ in range(600)]
    free = {"reduction", "lens_axis", "seed", "version"}
    for name in {f.name for f in fields(Phone)} - free:
        low, high = getattr(ranges, name)
        values = np.array([getattr(p, name) for p in drawn], float)
        assert low <= values.min() <= low + 0.06 * (high - low), name
        assert high - 0.06 * (high - low) <= values.max() <= high, name
    reductions = np.array([p.reduction for p in drawn])
    assert (reductions == 1).mean() == pytest.approx(0.6, abs=4 * math.sqrt(0.24 / 600))
    assert reductions[reductions > 1].min() >= 1.5
    assert reductions.max() <= 3.2


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"contrast": (0.5, 0.1)}, "contrast: expected the lowest number first"),
        ({"halo": 1.3}, "halo: expected a lowest and a highest number"),
        ({"stack": (2, 3.5)}, "stack: expected whole numbers"),
        ({"quality": (60, 80.5)}, "quality: expected whole numbers"),
        ({"reduced": 1.2}, r"reduced: expected a number in \[0, 1\]"),
        ({"smaller": (0.5, 1.0)}, r"smaller: expected a number in \[1, 4\]"),
        ({"tremor_hz": (1.0, 8.0)}, r"tremor_hz: expected a number in \[4, 16\]"),
    ],
)
def test_a_range_that_a_draw_cannot_meet_is_refused(changes, match):
    with pytest.raises(ArgumentError, match=match):
        PhoneRanges(**changes)


@pytest.mark.parametrize(
    ("scale", "smaller", "expected"),
    [(1.4, 1.0, 1.4), (1.4, 1.25, 1.12), (1.0, 1.3, 1 / 1.3), (1.0, 4.0, 0.75)],
)
def test_a_smaller_face_has_fewer_px_of_the_file_for_a_crop_px(scale, smaller, expected):
    """Two spots 40 crop px apart are that many px of the file apart."""
    clip = np.full((1, 80, 80, 3), 40, np.uint8)
    clip[0, 38:43, 18:23] = clip[0, 38:43, 58:63] = 240
    shown = (
        Framing.of(clip, Phone(scale=scale, smaller=smaller))
        .enlarged(clip[0])[..., 1]
        .astype(float)
        .sum(axis=0)
    )
    at, half = np.arange(shown.size), shown.size // 2
    weight = np.clip(shown - np.median(shown) - 5, 0, None)
    left, right = (np.average(at[part], weights=weight[part]) for part in (slice(half), slice(half, None)))
    assert right - left == pytest.approx(40 * expected, rel=0.01)


def test_the_scale_of_a_clip_is_taken_as_far_as_it_is_calculated():
    for scale, expected in ((0.3, 0.75), (1.25, 1.25), (9.0, 1.8)):
        assert PhoneRanges().at_scale(scale).scale == (expected, expected)
        assert PhoneRanges(scale=(0.9, 1.1)).at_scale(scale).scale == (0.9, 1.1)
    with pytest.raises(ArgumentError, match="scale: expected a number"):
        PhoneRanges(scale=(1.0, 1.0)).at_scale(0)
