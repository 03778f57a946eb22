"""When a face is looked for where it was, and when the whole frame is searched."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from specaug.align import TEMPLATE, template, warp_image
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.extract.face_search import WHOLE_EVERY, FaceSearch, refined_alone
from specaug.faces import CenterFace, detections, shows_new
from specaug.faces.boxes import followed, overlap
from specaug.planes import Frame, PlaneImage
from specaug.records import Face

WIDTH, HEIGHT = 320, 180


def face(x: float = 160, y: float = 90, size: float = 60, score: float = 0.9) -> Face:
    low = np.array([x, y]) - size / 2
    points = low + TEMPLATE * size / 112
    return Face(np.concatenate([low, low + size]).astype(np.float32), points.astype(np.float32), score)


def texture(seed: int, height: int, width: int, cell: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(20, 230, (height // cell, width // cell, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


WIDE_ROOM, PERSON, OTHER = texture(1, HEIGHT, 2 * WIDTH, 20), texture(2, 60, 60, 10), texture(3, 60, 60, 10)
ROOM, WALL = WIDE_ROOM[:, 100:420], np.full((HEIGHT, WIDTH, 3), 120, np.uint8)


def scene(
    person: np.ndarray = PERSON,
    *,
    x: int = 160,
    size: int = 60,
    room: np.ndarray = ROOM,
    second: tuple[int, int] | None = None,
) -> np.ndarray:
    image = room.copy()
    top, low = 90 - size // 2, x - size // 2
    image[top : top + size, low : low + size] = cv2.resize(person, (size, size))
    if second:
        left, side = second
        image[:side, left : left + side] = cv2.resize(OTHER, (side, side))
    return image


class Scripted:
    """A detector that finds what it is told, follows to where it is told, and counts."""

    name, version = "scripted", "0"

    def __init__(self, *whole: list[Face], to: Face | None = None) -> None:
        self.whole, self.to = list(whole), to
        self.searched: list[int] = []
        self.asked = 0

    def find(self, frame: Frame) -> list[Face]:
        self.searched.append(frame.index)
        return self.whole[min(len(self.searched), len(self.whole)) - 1]

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        raise AssertionError("the search calls what it was given")

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        return replace(face, refined=True)

    def follow(self, image: PlaneImage | np.ndarray, face: Face) -> Face | None:
        self.asked += 1
        return self.to and replace(self.to, refined=True)


def searched(detector: Scripted, images: list[np.ndarray]) -> list[int]:
    """Which frames were searched whole."""
    search = FaceSearch(detector.find, detector)
    for index, image in enumerate(images):
        search(Frame(index, index / 25, PlaneImage.of_rgb(image)))
    return detector.searched


def test_one_face_that_stays_is_searched_whole_once_in_eight_frames():
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene()] * (2 * WHOLE_EVERY + 1)) == [0, WHOLE_EVERY, 2 * WHOLE_EVERY]


@pytest.mark.parametrize("faces", [[], [face(), face(40, 40, 30)]])
def test_no_face_and_two_faces_are_never_followed(faces):
    detector = Scripted(faces, to=face())
    assert searched(detector, [scene()] * 4) == [0, 1, 2, 3]
    assert detector.asked == 0


def test_a_face_that_is_not_surely_there_is_searched_for():
    assert searched(Scripted([face()], to=None), [scene()] * 3) == [0, 1, 2]


@pytest.mark.parametrize(("moved", "whole"), [(27, [0]), (33, [0, 1])])
def test_a_face_may_move_by_half_of_its_size(moved, whole):
    detector = Scripted([face()], [face(160 + moved)], to=face(160 + moved))
    assert searched(detector, [scene(room=WALL), scene(x=160 + moved, room=WALL)]) == whole


@pytest.mark.parametrize(("size", "whole"), [(80, [0]), (88, [0, 1]), (45, [0]), (41, [0, 1])])
def test_a_face_may_grow_or_shrink_by_two_fifths(size, whole):
    detector = Scripted([face()], to=face(size=size))
    images = [scene(room=WALL), scene(size=size, room=WALL)]
    assert searched(detector, images) == whole


def test_another_person_in_the_same_place_is_searched_for():
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene(), scene(OTHER)]) == [0, 1]


def test_the_person_of_the_whole_frame_is_remembered_when_one_in_between_looks_different():
    """Likeness to the first frame is enough, as it is where faces are linked."""
    darker = (PERSON * 0.93).astype(np.uint8)
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene(), scene(darker), scene()]) == [0]


@pytest.mark.parametrize(
    ("second", "whole"), [(None, [0]), ((0, 60), [0, 1]), ((250, 50), [0, 1]), ((10, 30), [0, 1])]
)
def test_what_enters_anywhere_is_noticed(second, whole):
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene(), scene(second=second)]) == whole


def test_what_was_there_in_the_whole_frame_is_not_new_when_it_comes_back():
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene(second=(0, 60)), scene(), scene(second=(0, 60))]) == [0, 1, 2]
    seen = [detections(image, [face()]) for image in (scene(second=(0, 60)), scene())]
    assert shows_new(seen[0], [seen[1]])
    assert not shows_new(seen[0], seen)


def test_a_room_that_shifts_a_little_is_not_new():
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene(), scene(room=WIDE_ROOM[:, 106:426])]) == [0]


def test_a_followed_face_has_the_score_of_the_whole_frame():
    """A column of scores must not tell in which frames the whole was searched."""
    detector = Scripted([face(score=0.8)], to=face(score=0.99))
    search = FaceSearch(detector.find, detector)
    seen = [search(Frame(i, i / 25, PlaneImage.of_rgb(scene()))) for i in range(3)]
    assert [frame.faces[0].score for frame in seen] == [0.8, 0.8, 0.8]
    assert detector.searched == [0]


def test_a_detector_that_cannot_follow_searches_all():
    class Plain:
        name, version = "plain", "0"

        def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
            return [face()]

        def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
            return face

    calls: list[int] = []

    def find(frame: Frame) -> list[Face]:
        calls.append(frame.index)
        return [face()]

    search = FaceSearch(find, Plain())
    for index in range(3):
        search(Frame(index, index / 25, PlaneImage.of_rgb(scene())))
    assert calls == [0, 1, 2]


def test_two_searches_share_nothing():
    detector = Scripted([face()], to=face())
    assert searched(detector, [scene()] * 2) == [0]
    assert searched(detector, [scene()] * 2) == [0, 0]


def test_a_face_that_is_alone_is_refined_wherever_faces_are_compared():
    for faces, refined in (([face()], [True]), ([face(), face(40, 40, 30)], [False, False]), ([], [])):
        detector = Scripted(faces)
        found = refined_alone(detector.find, detector)(Frame(0, 0.0, PlaneImage.of_rgb(scene())))
        assert [one.refined for one in found] == refined


# One face, looked for where it was


def at(points: np.ndarray, score: float = 0.9):
    """A find that sees these points of a crop, upright or in the mirror."""

    def find(crop: np.ndarray) -> list[Face]:
        return [Face(np.array([0, 0, 9, 9], np.float32), points.astype(np.float32), score)]

    return find


@pytest.mark.parametrize(("score", "known"), [(0.64, True), (0.62, False)])
def test_a_score_that_drops_ends_following(score, known):
    image = np.zeros((180, 320, 3), np.uint8)
    found = followed(image, face(score=0.9), at(template(96, 1.6), score), size=96)
    assert (found is not None) == known


@pytest.mark.parametrize(("apart", "known"), [(0.1, True), (0.18, False)])
def test_two_looks_that_disagree_end_following(apart, known):
    """Both see points that are shifted to the right of their crop: in the mirror that is to the left."""
    image = np.zeros((180, 320, 3), np.uint8)
    eyes = np.linalg.norm(np.diff(template(96, 1.6)[:2], axis=0))
    shifted = template(96, 1.6) + np.array([apart * eyes, 0])
    assert (followed(image, face(), at(shifted), size=96) is not None) == known


def test_a_face_without_landmarks_is_not_followed():
    bare = replace(face(), landmarks=np.full((5, 2), np.nan, np.float32))
    assert followed(np.zeros((180, 320, 3), np.uint8), bare, at(template(96, 1.6)), size=96) is None


def test_a_drawn_face_is_followed_to_where_it_went():
    rng = np.random.default_rng(1)
    subject = draw_portrait(sample_subject(1, rng=rng), rng=rng)
    light = next(iter(render(subject, sample_scene((640, 480), 8, rng=rng), 8)))
    portrait = np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    detector = CenterFace()
    (first,) = detector(portrait)
    first = detector.refine(portrait, first)
    warp = np.array([[1.1, 0, 12], [0, 1.1, -20]])
    moved = warp_image(portrait, warp, size=640)
    there = detector.follow(moved, first)
    assert there is not None
    assert there.refined
    eyes = np.linalg.norm(first.landmarks[1] - first.landmarks[0])
    expected = first.landmarks @ warp[:, :2].T + warp[:, 2]
    assert np.abs(there.landmarks - expected).max() < 0.1 * eyes
    box = first.box.reshape(2, 2) @ warp[:, :2].T + warp[:, 2]
    assert overlap(there.box, box.reshape(4)) > 0.85
    assert detector.refine(moved, there) is there
