"""Doubts about two faces: settled by the frames between them, on textures and on drawn subjects."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

import specaug.demo_data.render as rendering
from specaug.align import TEMPLATE
from specaug.augment.recapture.version1.camera import film, sample_camera
from specaug.demo_data.portrait import Portrait, draw_portrait
from specaug.demo_data.scene import poses, sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.extract import extract
from specaug.faces import (
    AmbiguousLink,
    CenterFace,
    Detection,
    FrameDetections,
    continuous,
    detections,
    link_faces,
)
from specaug.faces.linking import likeness, surely_alike
from specaug.media.write import write_video
from specaug.records import BuildConfig, Clip, Face, Source
from specaug.sampling import frame_indices

SECONDS = 1 / 25


def blobs(seed: int) -> np.ndarray:
    """A (120, 160, 3) float32 texture that is the seed's own."""
    noise = np.random.default_rng(seed).uniform(0, 255, (120, 160, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 7), None, 0, 255, cv2.NORM_MINMAX)


def showing(image: np.ndarray | None) -> FrameDetections:
    """A frame with a face in its middle, or with none."""
    picture = np.zeros((120, 160, 3), np.uint8) if image is None else image.round().astype(np.uint8)
    box = np.array([50, 30, 110, 90], np.float32)
    face = Face(box, ((TEMPLATE - 56) * 0.55 + [80, 60]).astype(np.float32), 0.9)
    return detections(picture, [] if image is None else [face])


def joined(frames: list[np.ndarray | None], *, apart: float = SECONDS) -> tuple[bool, list[int]]:
    """Whether the first and the last frame are joined, and the frames that were looked at."""
    looked: list[int] = []

    def look(index: int) -> FrameDetections:
        looked.append(index)
        return showing(frames[index])

    ends = [
        Detection(i, showing(frames[i]).faces[0], showing(frames[i]).patches[0]) for i in (0, len(frames) - 1)
    ]
    return continuous(*ends, look, seconds=lambda index: index * apart, near=0.15), looked


A, B = blobs(1), blobs(2)


def turning(steps: int) -> list[np.ndarray | None]:
    """One texture that becomes another in small steps."""
    return [A * (1 - t) + B * t for t in np.linspace(0, 1, steps)]


def test_slow_change_joins_faces_that_are_not_alike():
    frames = turning(33)
    assert likeness(*(showing(frames[i]).patches[0] for i in (0, -1))) < 0.6
    assert joined(frames)[0]


@pytest.mark.parametrize("at", [1, 2, 10, 31])
def test_jump_does_not_wherever_it_is(at: int):
    assert not joined([A] * at + [B] * (32 - at))[0]


def test_face_that_is_away_for_a_while_is_not_joined():
    assert not joined([A] * 8 + [None] * 16 + [B] * 8)[0]
    assert not joined([A] * 2 + [None] * 28 + [B] * 2)[0]


def test_frames_in_which_the_detector_fails_are_stepped_over():
    frames = turning(65)
    frames[32] = None
    assert joined(frames)[0]


def test_jump_costs_few_looks():
    assert len(joined([A] * 40 + [B] * 88)[1]) <= 14


def test_faces_that_surely_are_alike_cost_none():
    assert joined([A] * 100) == (True, [])


def test_neighbours_far_apart_in_time_tell_nothing():
    assert joined([A, B], apart=1.0)[0]
    assert not joined([A, B])[0]


def test_another_brightness_leaves_a_doubt():
    darker = showing(A * 0.6).patches[0]
    assert likeness(showing(A).patches[0], darker) > 0.98
    assert not surely_alike(showing(A).patches[0], darker)


def test_an_ambiguous_link_is_named_and_ends_the_track_where_it_is_denied():
    near = A * 0.5 + B * 0.5
    frames = [showing(image) for image in (A, A, near, near, near)]
    linked = link_faces(frames)
    assert linked.found_share == 1
    ((key, link),) = linked.ambiguous.items()
    assert isinstance(link, AmbiguousLink)
    assert (link.before.position, link.after.position) == (1, 2)
    track = link_faces(frames, answers={key: False})
    assert (track.start, track.stop) == (2, 5)
    assert not track.ambiguous
    assert link_faces(frames, answers={key: True}).stop == 5


# drawn subjects


@lru_cache(maxsize=1)
def portraits() -> list[Portrait]:
    """Eight drawn subjects."""
    made = []
    for number in range(8):
        rng = np.random.default_rng([5, number])
        made.append(draw_portrait(sample_subject(number, rng=rng), rng=rng))
    return made


def filmed(
    people: list[Portrait], yaws: np.ndarray, monkeypatch: pytest.MonkeyPatch, *, scene_seed: int = 3
) -> list[np.ndarray]:
    """Frames of one still scene, one for each yaw, in which the n-th person sits."""
    rng = np.random.default_rng(scene_seed)
    scene = replace(sample_scene((320, 240), len(yaws), rng=rng), shake=0.0)
    camera = sample_camera(rng=rng)
    still = poses(scene, 1)[0]
    lights = []
    for person, yaw in zip(people, yaws, strict=True):
        pose = replace(still, yaw=float(yaw), lids=0)
        monkeypatch.setattr(rendering, "poses", lambda *_, pose=pose: [pose])
        lights += list(rendering.render(person, scene, 1))
    return list(film(iter(lights), camera, white=scene.white, rng=rng))


def test_swaps_of_drawn_subjects_in_one_place_leave_a_doubt(monkeypatch):
    find = CenterFace()
    seen = [detections(f, find(f)) for f in filmed(portraits(), np.zeros(8), monkeypatch)]
    pairs = [
        surely_alike(a.patches[0], b.patches[0]) for a, b in combinations(seen, 2) if a.faces and b.faces
    ]
    assert len(pairs) >= 21
    assert sum(pairs) <= 1


def clips_of(path: Path, frames: list[np.ndarray], n: int) -> Clip:
    """What the worker makes of a video."""
    write_video(path, iter(frames), fps=25, crf=18)
    source = Source(path=path.name, label="bonafide", source_id="0" * 32)
    (clip,) = extract(source, BuildConfig(frames=n, size=64, min_face=30), raw=path.parent)
    assert isinstance(clip, Clip), clip
    return clip


@pytest.mark.parametrize(("first", "second"), [(1, 3), (2, 5), (6, 1), (2, 7)])
def test_clip_holds_one_of_two_who_sit_in_the_same_place(tmp_path, monkeypatch, first, second):
    one, other = portraits()[first], portraits()[second]
    frames = filmed([one] * 16 + [other] * 24, np.zeros(40), monkeypatch)
    clip = clips_of(tmp_path / "swap.mp4", frames, 5)
    assert clip.frame_index.min() >= 16 or clip.frame_index.max() < 16
    assert np.all(clip.score > 0)


@pytest.mark.parametrize("number", [0, 3, 6])
def test_clip_keeps_a_subject_that_turns(tmp_path, monkeypatch, number):
    yaws = 0.45 * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 40))
    clip = clips_of(tmp_path / "turn.mp4", filmed([portraits()[number]] * 40, yaws, monkeypatch), 4)
    assert clip.frame_index.tolist() == frame_indices(40, n=4, policy="uniform").tolist()
    assert np.all(clip.score > 0)
