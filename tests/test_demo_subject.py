"""Made-up subjects: drawn from what they are told, varied, and moving as their scene says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import specaug.demo_data
from specaug.augment.recapture.motion import tremble
from specaug.demo_data.drawing import blob, canvas_noise, scatter, stroke_paths, to_px
from specaug.demo_data.portrait import LID_STATES, Portrait, draw_portrait
from specaug.demo_data.relief import make_relief
from specaug.demo_data.render import render
from specaug.demo_data.scene import Scene, poses, sample_scene
from specaug.demo_data.subject import sample_subject

SIZE = (160, 120)


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    rng = np.random.default_rng(5)
    return draw_portrait(replace(sample_subject(3, rng=rng), hair="short", glasses="none"), rng=rng)


@pytest.fixture
def still(rng: np.random.Generator) -> Scene:
    """A scene in which nothing moves, and the eyes stay open."""
    scene = sample_scene(SIZE, 10, rng=rng)
    return replace(scene, sway=(0.0,) * 6, shake=0.0, turned=(0.0, 0.0), centre=(80, 60), blink_at=99)


def test_any_six_consecutive_subjects_span_skin_and_age() -> None:
    for first in (0, 7, 100):
        drawn = [sample_subject(k, rng=np.random.default_rng(k)) for k in range(first, first + 6)]
        brightness = [s.skin[1] for s in drawn]
        assert max(brightness) > 2.5 * min(brightness)
        assert max(s.age for s in drawn) - min(s.age for s in drawn) > 0.5
        assert max(s.robust for s in drawn) - min(s.robust for s in drawn) > 0.4


def test_subjects_differ_in_hair_beard_and_glasses() -> None:
    drawn = [sample_subject(k, rng=np.random.default_rng(k)) for k in range(80)]
    assert {s.hair for s in drawn} == {"bald", "buzz", "short", "fringe", "parted", "long", "curly"}
    assert {s.beard for s in drawn} == {"none", "stubble", "moustache", "full"}
    assert {s.glasses for s in drawn} == {"none", "round", "square"}


def test_the_same_generator_draws_the_same_subject() -> None:
    first, second = (sample_subject(4, rng=np.random.default_rng(1)) for _ in range(2))
    assert first == second
    a, b = (draw_portrait(first, rng=np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(a.faces[0], b.faces[0])
    np.testing.assert_array_equal(a.hair, b.hair)


def test_nothing_is_stored_but_code() -> None:
    folder = Path(specaug.demo_data.__file__).parent
    assert {p.suffix for p in folder.rglob("*") if p.is_file()} <= {".py", ".pyc"}


def test_a_blob_is_one_at_its_middle_and_falls_as_a_gaussian() -> None:
    spot = blob(0.5, -0.25, 0.2, 0.1)
    row, column = (round(float(to_px(c))) for c in (-0.25, 0.5))
    assert spot[row, column] == pytest.approx(1, abs=2e-3)
    assert spot[row, round(float(to_px(0.7)))] == pytest.approx(np.exp(-0.5), abs=0.02)


def test_strokes_have_their_length_and_direction() -> None:
    paths = stroke_paths(np.array([[0.1, 0.2]]), np.array([np.pi / 2]), 0.3, 0.0)
    np.testing.assert_allclose(paths[0, 0], [0.1, 0.2])
    np.testing.assert_allclose(paths[0, -1], [0.1, 0.5], atol=1e-12)


def test_points_are_scattered_only_where_the_density_is(rng: np.random.Generator) -> None:
    density = np.zeros((576, 576))
    density[100:110, 200:220] = 1
    x, y = to_px(scatter(density, 500, rng=rng)).T
    assert 199.4 <= x.min() <= x.max() <= 219.6
    assert 99.4 <= y.min() <= y.max() <= 109.6


def test_noise_is_as_strong_as_promised(rng: np.random.Generator) -> None:
    assert canvas_noise(5, rng=rng).std() == pytest.approx(1, abs=1e-3)


def test_the_nose_stands_out_and_normals_are_units(rng: np.random.Generator) -> None:
    subject = sample_subject(0, rng=rng)
    relief = make_relief(subject, rng=rng)
    np.testing.assert_allclose(np.square(relief.normals).sum(axis=2), 1, atol=1e-5)
    row, column = np.unravel_index(np.argmax(relief.height), relief.height.shape)
    assert column == pytest.approx(to_px(0.0), abs=8)
    assert row == pytest.approx(to_px(subject.eye_y + subject.nose_length), abs=16)


def test_lids_change_the_eyes_and_nothing_else(portrait: Portrait) -> None:
    changed = np.abs(portrait.faces[0] - portrait.faces[LID_STATES.index(0.0)]).max(axis=2) > 1e-3
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert abs(rows.mean() - to_px(-0.1)) < 0.06 * 160
    assert np.abs(columns - to_px(0.0)).min() > 0.1 * 160
    assert changed.mean() < 0.03


def test_one_short_blink_a_clip(rng: np.random.Generator) -> None:
    for _ in range(20):
        scene = sample_scene(SIZE, 48, rng=rng)
        lids = [p.lids for p in poses(scene, 48)]
        assert lids.count(LID_STATES.index(0.0)) == 1
        assert sum(lid != 0 for lid in lids) == 3


def test_trembling_is_as_strong_as_asked_and_slower_than_frames(rng: np.random.Generator) -> None:
    moves = tremble(20_000, 1.5, rng=rng)
    # 20,000 frames hold some 1,400 independent moves, so a standard deviation is known to 2 %.
    assert moves.std() == pytest.approx(1.5, rel=0.08)
    assert np.diff(moves, axis=0).std() < 0.3 * 1.5


def test_a_farther_camera_shrinks_everything_about_the_middle(rng: np.random.Generator) -> None:
    scene = sample_scene(SIZE, 48, rng=rng)
    far = scene.seen_at(share=0.8, shake=0.0)
    assert far.px_per_unit == pytest.approx(0.8 * scene.px_per_unit)
    middle = np.array(SIZE) / 2
    np.testing.assert_allclose(np.array(far.centre) - middle, 0.8 * (np.array(scene.centre) - middle))


def test_light_from_the_left_brightens_the_left(portrait: Portrait, still: Scene) -> None:
    means = {}
    for side in (-1, 1):
        (picture,) = render(portrait, replace(still, light=(side * 0.6, 0.0, 0.8)), 1)
        face = picture[45:75]
        means[side] = face[:, 65:78].mean() / face[:, 82:95].mean()
    assert means[-1] > 1.2 * means[1]


def test_turning_the_head_moves_the_nose_before_the_ears(portrait: Portrait, still: Scene) -> None:
    """A point at height z moves by (z - pivot) sin(yaw): right of the picture for what stands out."""
    tip = {}
    for yaw in (-0.2, 0.2):
        bare = replace(
            portrait, faces=(np.dstack([portrait.height] * 3 + [np.ones_like(portrait.height)]),) * 3
        )
        (picture,) = render(bare, replace(still, turned=(yaw, 0.0), light=(0.0, 0.0, 1.0)), 1)
        nose = picture[60:75, 60:100, 1]
        tip[yaw] = np.unravel_index(np.argmax(nose), nose.shape)[1]
    assert tip[0.2] - tip[-0.2] == pytest.approx(2 * 0.6 * np.sin(0.2) * still.px_per_unit, rel=0.5)


def test_frames_are_light(portrait: Portrait, rng: np.random.Generator) -> None:
    frames = list(render(portrait, sample_scene(SIZE, 3, rng=rng), 3))
    assert [f.shape for f in frames] == [(120, 160, 3)] * 3
    assert all(f.dtype == np.float32 and np.isfinite(f).all() and f.min() >= 0 for f in frames)
