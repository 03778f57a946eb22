"""What decides whether a clip has a face: in how many frames it is found, how large it is, who follows whom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from specaug.align import TEMPLATE
from specaug.errors import MediaError
from specaug.extract.follow_face import check_found
from specaug.extract.identity_check import IdentityCheck
from specaug.faces import AmbiguousLink, Detection, FaceTrack, detections
from specaug.records import BuildConfig, Face, MediaInfo
from specaug.stage_timer import Stopwatch


def face(size: float = 60.0) -> Face:
    box = np.array([80 - size / 2, 60 - size / 2, 80 + size / 2, 60 + size / 2], np.float32)
    return Face(box, ((TEMPLATE - 56) * size / 112 + [80, 60]).astype(np.float32), 0.9)


def track(found: int, total: int, size: float = 60.0) -> FaceTrack:
    return FaceTrack((face(size),) * found + (None,) * (total - found), 0, total)


@pytest.mark.parametrize("total", [1, 2, 7, 8, 40])
def test_a_face_in_half_of_the_frames_is_enough_and_in_fewer_is_not(total):
    half = -(-total // 2)
    check_found([], track(half, total), BuildConfig(frames=total))
    with pytest.raises(MediaError, match=f"one face in {half - 1} of {total} frames") as raised:
        check_found([], track(half - 1, total), BuildConfig(frames=total))
    assert raised.value.reason == "no_face"


def test_the_smallest_face_is_exactly_min_face():
    check_found([], track(4, 4, 48.0), BuildConfig(min_face=48))
    with pytest.raises(MediaError, match="spans 47 px, at least 48 are needed") as raised:
        check_found([], track(4, 4, 47.0), BuildConfig(min_face=48))
    assert raised.value.reason == "face_too_small"


def test_the_size_of_a_track_is_the_median_over_its_frames():
    sizes = (40.0, 50.0, 90.0)
    made = FaceTrack(tuple(face(size) for size in sizes), 0, 3)
    assert made.size == pytest.approx(50, abs=1e-4)
    with pytest.raises(MediaError, match="spans 50 px"):
        check_found([], made, BuildConfig(min_face=51))


def texture(seed: int) -> np.ndarray:
    """A smooth (120, 160, 3) uint8 texture of its own."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (12, 16, 3))
    return np.kron(coarse, np.ones((10, 10, 1))).round().astype(np.uint8)


def answer(seconds_apart: float) -> bool:
    """Whether two different textures in neighbouring frames, so far apart in time, count as one person."""
    info = MediaInfo("video", 160, 120, 2, np.array([0.0, seconds_apart]), np.zeros(1, np.int64))
    ends = [detections(texture(seed), [face()]) for seed in (1, 2)]
    before, after = (Detection(i, seen.faces[0], seen.patches[0]) for i, seen in enumerate(ends))
    check = IdentityCheck(Path("absent"), info, lambda frame: [], Stopwatch())
    return check.resolve(AmbiguousLink(before, after), np.array([0, 1]))


def test_neighbouring_frames_must_look_alike_only_where_a_person_moves_in_small_steps():
    assert not answer(1 / 25)
    assert not answer(1 / 7)
    assert answer(1 / 6)  # nothing between them tells more
    assert answer(1.0)
