"""Sides: every subject has the same share, in numbers and in maps."""

from __future__ import annotations

import numpy as np
import pytest
from made_frames import noise

from specaug.differences.clip_measures import ClipToCompare, LoadedClip
from specaug.differences.side_measures import SideTally, measure_side
from specaug.errors import ArgumentError


def clip(name, subject, frames):
    return ClipToCompare(name, subject, lambda: LoadedClip(frames))


def test_a_subject_with_more_clips_has_no_larger_share():
    once = [clip("1", "a", noise(1)), clip("2", "b", noise(2, sigma=0.1))]
    thrice = [*once, clip("3", "a", noise(1)), clip("4", "a", noise(1))]
    few, many = measure_side("few", once), measure_side("many", thrice)
    np.testing.assert_allclose(many.power, few.power, rtol=1e-9)
    np.testing.assert_allclose(many.local, few.local)
    np.testing.assert_allclose(many.profile, few.profile)
    assert (many.clips, many.subjects) == (4, ("a", "b"))


def test_the_power_of_a_group_is_the_geometric_mean():
    one, other = (measure_side("", [clip("1", "a", noise(n))]).power for n in (1, 2))
    both = measure_side("", [clip("1", "a", noise(1)), clip("2", "b", noise(2))])
    np.testing.assert_allclose(both.power, np.sqrt(one * other), rtol=1e-9)


def test_no_clip_and_clips_of_two_sizes_are_refused():
    with pytest.raises(ArgumentError, match="empty: expected at least one clip, got none"):
        SideTally("empty").result()
    with pytest.raises(ArgumentError, match="mixed: expected frames of one size"):
        measure_side("mixed", [clip("1", "a", noise(1)), clip("2", "b", noise(1, side=64))])
