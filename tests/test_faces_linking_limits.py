"""Both sides of every limit by which faces are linked: likeness, movement, growth, cuts, scenes, majorities.

Faces have made-up thumbnails whose correlation is known, so that each limit is met alone.
"""

from __future__ import annotations

import numpy as np
import pytest

from specaug.faces import Detection, FrameDetections, continuous, link_faces
from specaug.faces.linking import likeness, same_scene, surely_alike
from specaug.records import Face

SIDE, SHIFT = 18, 2
INNER = (slice(SHIFT, -SHIFT), slice(SHIFT, -SHIFT))


def noise(seed: int, shape: tuple[int, ...] = (SIDE, SIDE, 3)) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape)


def centred(values: np.ndarray) -> np.ndarray:
    """Without its mean in each channel, and of norm 1."""
    values = values - values.mean(axis=(0, 1))
    return values / np.linalg.norm(values)


def mixed(a: np.ndarray, b: np.ndarray, alike: float) -> np.ndarray:
    """An array whose correlation with `a` is `alike`, made of `a` and what of `b` has nothing of it."""
    first, other = centred(a), centred(b)
    other = centred(other - (other * first).sum() * first)
    return alike * first + np.sqrt(1 - alike**2) * other


def patch_like(patch: np.ndarray, alike: float, seed: int = 1) -> np.ndarray:
    """A thumbnail whose likeness to `patch` is `alike`: shifted, the noise of both has nothing in common."""
    made = noise(seed)
    made[INNER] = mixed(patch[INNER], made[INNER], alike) * np.sqrt(patch[INNER].size)
    return made.astype(np.float32)


A = noise(0).astype(np.float32)
HERE, ELSEWHERE = (np.random.default_rng(seed).integers(0, 256, (36, 64, 3), np.uint8) for seed in (1, 2))


def face_at(x: float, size: float = 100.0) -> Face:
    box = np.array([x - size / 2, 180 - size / 2, x + size / 2, 180 + size / 2], np.float32)
    return Face(box, np.full((5, 2), np.nan, np.float32), 0.9)


def frame(*people: tuple[np.ndarray, float, float], scene: np.ndarray = HERE) -> FrameDetections:
    """A frame with a face for each (thumbnail, x, size)."""
    return FrameDetections(
        tuple(face_at(x, size) for _, x, size in people), tuple(p for p, _, _ in people), scene, 640, 360
    )


def linked(*, alike: float = 1.0, move: float = 0.0, growth: float = 1.0, cut: bool = False) -> bool:
    """Whether a face of the next frame, so like and so far from the first in its own size, continues it."""
    size = 100 * growth
    after = (patch_like(A, alike), 300 + move * (100 + size) / 2, size)
    track = link_faces([frame((A, 300, 100)), frame(after, scene=ELSEWHERE if cut else HERE)])
    return None not in track.faces


@pytest.mark.parametrize("alike", [0.3, 0.45, 0.9, 1.0])
def test_made_up_thumbnails_are_as_alike_as_they_should_be(alike):
    assert likeness(A, patch_like(A, alike)) == pytest.approx(alike, abs=1e-4)
    assert not same_scene(HERE, ELSEWHERE)


@pytest.mark.parametrize(
    ("settings", "enough", "too_little"),
    [
        ({"move": 0.0}, 0.46, 0.44),
        ({"move": 0.5}, 0.56, 0.54),
        ({"move": 1.0}, 0.66, 0.64),
        ({"move": 1.9}, 0.66, 0.64),
        ({"cut": True}, 0.86, 0.84),
    ],
)
def test_the_farther_a_face_moves_the_more_alike_it_has_to_be_and_most_across_a_cut(
    settings, enough, too_little
):
    assert linked(alike=enough, **settings)
    assert not linked(alike=too_little, **settings)


@pytest.mark.parametrize(
    ("name", "near", "far", "cut"),
    [
        ("move", 1.98, 2.02, False),
        ("move", 0.29, 0.31, True),
        ("growth", 1.58, 1.62, False),
        ("growth", 1 / 1.58, 1 / 1.62, False),
        ("growth", 1.24, 1.26, True),
    ],
)
def test_movement_and_growth_have_limits_that_a_cut_narrows(name, near, far, cut):
    assert linked(**{name: near}, cut=cut)
    assert not linked(**{name: far}, cut=cut)


@pytest.mark.parametrize(("alike", "sure"), [(0.91, True), (0.89, False)])
def test_nine_tenths_alike_leaves_no_doubt(alike, sure):
    assert surely_alike(A, patch_like(A, alike)) is sure
    track = link_faces([frame((A, 300, 100)), frame((patch_like(A, alike), 300, 100))])
    assert (not track.ambiguous) is sure


@pytest.mark.parametrize(("level", "sure"), [(0.19, True), (0.21, False)])
def test_colours_that_differ_by_a_fifth_of_the_contrast_leave_a_doubt(level, sure):
    contrast = np.sqrt(A.var(axis=(0, 1)).mean())
    tinted = A + np.array([0, 0, level * contrast], np.float32)
    assert surely_alike(A, tinted) is sure


@pytest.mark.parametrize(
    ("away", "size", "ends"),
    [
        (0.48, 100, True),
        (0.52, 100, False),
        (0.0, 198, True),
        (0.0, 202, False),
        (0.0, 51, True),
        (0.0, 49, False),
    ],
)
def test_somebody_else_ends_a_track_from_within_half_a_face_and_less_than_twice_its_size(away, size, ends):
    other = (noise(9).astype(np.float32), 300 + away * (100 + size) / 2, size)
    frames = [frame((A, 300, 100)), frame(other), *[frame((A, 300, 100))] * 4]
    track = link_faces(frames)
    assert [face is not None for face in track.faces] == [not ends, False, True, True, True, True]


@pytest.mark.parametrize(("frames_of_the_larger", "wins"), [(8, True), (7, False)])
def test_the_heaviest_face_counts_from_half_of_the_frames(frames_of_the_larger, wins):
    small, large = (A, 100, 30), (noise(9).astype(np.float32), 400, 200)
    n = frames_of_the_larger
    track = link_faces([frame(small, large)] * n + [frame(small)] * (16 - n))
    assert track.size == pytest.approx(200 if wins else 30)


@pytest.mark.parametrize(("with_faces", "wins"), [(8, "small"), (7, "large")])
def test_frames_without_any_face_do_not_make_a_small_one_count(with_faces, wins):
    """Where most frames show nobody, the heaviest face counts however few frames it is in."""
    small, large = (A, 100, 30), (noise(9).astype(np.float32), 400, 200)
    frames = [frame(small, large)] * 2 + [frame(small)] * (with_faces - 2) + [frame()] * (16 - with_faces)
    assert link_faces(frames).size == pytest.approx({"small": 30, "large": 200}[wins])


def scene_of(coarse: np.ndarray, seed: int) -> np.ndarray:
    """A signature that is `coarse` (9, 16, 3) where reduced, beneath a fine texture of its own."""
    fine = noise(seed, (9, 4, 16, 4, 3))
    fine -= fine.mean(axis=(1, 3), keepdims=True)
    wide = coarse[:, None, :, None] + 30 * fine
    return np.clip(wide.reshape(36, 64, 3) + 128, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize(("alike", "same"), [(0.53, True), (0.47, False)])
def test_scenes_are_one_from_a_correlation_of_a_half(alike, same):
    first = noise(3, (9, 16, 3))
    second = mixed(first - first.mean(), noise(4, (9, 16, 3)), alike)
    a, b = (scene_of(10 * x / x.std(), seed) for x, seed in ((first - first.mean((0, 1)), 5), (second, 6)))
    assert same_scene(a, b) is same


def with_blocks(n: int, alike: float) -> np.ndarray:
    """Another scene that has `n` of the 32 blocks of :data:`HERE`, so alike."""
    made = ELSEWHERE.astype(np.float64)
    for number in range(n):
        y, x = divmod(number, 8)
        place = slice(9 * y, 9 * y + 9), slice(8 * x, 8 * x + 8)
        block = HERE[place].astype(np.float64)
        made[place] = 128 + 50 * mixed(block, made[place], alike) * np.sqrt(block.size)
    return np.clip(made, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize(
    ("blocks", "alike", "same"), [(7, 1.0, True), (6, 1.0, False), (8, 0.75, True), (8, 0.65, False)]
)
def test_scenes_are_one_where_a_fifth_of_their_blocks_is_kept(blocks, alike, same):
    assert same_scene(HERE, with_blocks(blocks, alike)) is same


@pytest.mark.parametrize(("away", "joined"), [(0.48, True), (0.52, False)])
def test_a_face_between_two_others_lies_within_half_a_face_of_them(away, joined):
    """The one in between is surely like both, which are not surely like each other."""
    middle = patch_like(A, 0.95)
    far = middle.copy()
    far[INNER] = (2 * 0.95 * centred(middle[INNER]) - centred(A[INNER])) * np.sqrt(A[INNER].size)
    assert surely_alike(A, middle)
    assert surely_alike(middle, far)
    assert not surely_alike(A, far)
    ends = Detection(0, face_at(300), A), Detection(2, face_at(300), far)
    look = lambda index: frame((middle, 300 + 100 * away, 100))  # noqa: E731
    assert continuous(*ends, look, seconds=lambda index: index / 25, near=0.15) is joined
