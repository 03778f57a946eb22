"""One face per clip: what a track follows, and what ends it, on made-up scenes of made-up faces."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from specaug.align import TEMPLATE
from specaug.faces import CenterFace, FaceTrack, FrameDetections, detections, link_faces, signature
from specaug.faces.linking import same_scene
from specaug.records import Face

WIDTH, HEIGHT = 640, 360


@lru_cache(maxsize=64)
def texture(seed: int, shape: tuple[int, int], grain: float) -> np.ndarray:
    """A colour texture that is the seed's own, blobs of `grain` px."""
    small = np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(small, (0, 0), grain), None, 0, 255, cv2.NORM_MINMAX)


@lru_cache(maxsize=16)
def room(seed: int) -> np.ndarray:
    """A still scene."""
    return texture(seed, (HEIGHT, WIDTH), 20)


def face_at(x: float, y: float, size: float = 100) -> Face:
    """A face about (x, y) with landmarks as the template has them."""
    box = np.array([x - size / 2, y - size / 2, x + size / 2, y + size / 2], np.float32)
    return Face(box, ((TEMPLATE - 56) * (size / 112) + [x, y]).astype(np.float32), 0.9)


def frame_with(scene: np.ndarray, *people: tuple[int, float, float, float]) -> FrameDetections:
    """A frame in which each (identity, x, y, size) is drawn as its own texture."""
    image, faces = scene.copy(), []
    for identity, x, y, size in people:
        face = face_at(x, y, size)
        side, x0, y0 = int(1.4 * size), int(x - 0.7 * size), int(y - 0.7 * size)
        drawn = cv2.resize(texture(1000 + identity, (60, 60), 5), (side, side))
        top, left = max(0, -y0), max(0, -x0)
        place = image[max(0, y0) : y0 + side, max(0, x0) : x0 + side]
        place[...] = drawn[top : top + place.shape[0], left : left + place.shape[1]]
        faces.append(face)
    return detections(image, faces)


def positions(track: FaceTrack) -> list[float | None]:
    """Centre x of the track in each frame."""
    return [None if face is None else float(face.center[0]) for face in track.faces]


def followed(path: Path, n: int) -> tuple[np.ndarray, FaceTrack]:
    """Indices of `n` frames of a video, and the face followed over them."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    find = CenterFace()
    chosen = np.linspace(0, len(frames) - 1, n).round().astype(int)
    return chosen, link_faces([detections(frames[i], find(frames[i])) for i in chosen])


A, B = 1, 2


def test_no_face_at_all_gives_an_empty_track():
    track = link_faces([frame_with(room(0))] * 3)
    assert track.faces == (None, None, None)
    assert (track.start, track.stop, track.found_share, track.size) == (0, 3, 0, 0)


def test_one_frame_is_a_track():
    track = link_faces([frame_with(room(0), (A, 300, 180, 90))])
    assert (track.start, track.stop, track.found_share, track.size) == (0, 1, 1, 90)


def test_moving_face_is_followed():
    xs = [200, 240, 280, 320, 300, 260]
    track = link_faces([frame_with(room(0), (A, x, 180, 100)) for x in xs])
    assert positions(track) == pytest.approx(xs)
    assert (track.start, track.stop, track.found_share) == (0, 6, 1)


def test_largest_face_wins():
    track = link_faces([frame_with(room(0), (A, 200, 180, 90), (B, 440, 180, 140))] * 4)
    assert positions(track) == pytest.approx([440] * 4)


def test_of_equal_faces_the_central_one_wins():
    track = link_faces([frame_with(room(0), (A, 80, 180, 100), (B, 330, 180, 100))] * 4)
    assert positions(track) == pytest.approx([330] * 4)


def test_larger_face_that_passes_does_not_take_over():
    frames = [frame_with(room(0), (A, 320, 160, 100))] * 2
    frames += [frame_with(room(0), (A, 320, 160, 100), (B, x, 230, 150)) for x in (100, 520)]
    frames += [frame_with(room(0), (A, 320, 160, 100))] * 2
    track = link_faces(frames)
    assert positions(track) == pytest.approx([320] * 6)
    assert (track.start, track.stop) == (0, 6)


def test_two_people_who_cross_keep_their_identities():
    frames = [
        frame_with(room(0), (A, a, 180, 110), (B, b, 180, 100))
        for a, b in ((200, 460), (250, 410), (410, 250), (460, 200))
    ]
    assert positions(link_faces(frames)) == pytest.approx([200, 250, 410, 460])


def test_frames_without_the_face_keep_the_track():
    with_face, without = frame_with(room(0), (A, 300, 180, 100)), frame_with(room(0))
    track = link_faces([without, with_face, without, with_face, with_face, without])
    assert [face is not None for face in track.faces] == [False, True, False, True, True, False]
    assert (track.start, track.stop) == (0, 6)
    assert track.found_share == 0.5


def test_another_person_in_the_same_place_ends_the_track():
    frames = [frame_with(room(0), (A, 300, 180, 100))] * 4 + [frame_with(room(0), (B, 300, 180, 100))] * 3
    track = link_faces(frames)
    assert [face is not None for face in track.faces] == [True] * 4 + [False] * 3
    assert (track.start, track.stop) == (0, 4)


def test_another_person_in_the_same_place_before_it_starts_the_track():
    frames = [frame_with(room(0), (B, 300, 180, 100))] * 2 + [frame_with(room(0), (A, 300, 180, 100))] * 4
    assert (link_faces(frames).start, link_faces(frames).stop) == (2, 6)


def test_person_who_jumps_in_from_elsewhere_is_not_linked():
    frames = [frame_with(room(0), (A, 120, 180, 100))] * 3 + [frame_with(room(0), (B, 500, 180, 100))] * 4
    track = link_faces(frames)
    assert positions(track) == [None, None, None, *[pytest.approx(500)] * 4]


def test_cut_to_another_scene_ends_the_track():
    frames = [frame_with(room(0), (A, 300, 180, 100))] * 3 + [frame_with(room(7), (B, 310, 180, 100))] * 4
    track = link_faces(frames)
    assert (track.start, track.stop) == (3, 7)
    assert [face is not None for face in track.faces] == [False] * 3 + [True] * 4


def test_cut_to_a_scene_without_faces_ends_the_track():
    frames = [frame_with(room(0), (A, 300, 180, 100))] * 3 + [frame_with(room(7))] * 4
    assert (link_faces(frames).start, link_faces(frames).stop) == (0, 3)


def test_return_after_a_cut_away_is_not_bridged():
    here, away = frame_with(room(0), (A, 300, 180, 100)), frame_with(room(7), (B, 300, 180, 100))
    track = link_faces([here, here, here, away, here, here])
    assert (track.start, track.stop) == (0, 3)


def test_of_people_who_follow_each_other_the_one_who_stays_longest_counts():
    stays = ((A, 150, 3), (B, 90, 4), (3, 90, 3))
    frames = [frame_with(room(0), (who, 300, 180, size)) for who, size, n in stays for _ in range(n)]
    track = link_faces(frames)
    assert [face is not None for face in track.faces] == [False] * 3 + [True] * 4 + [False] * 3
    assert (track.start, track.stop) == (3, 7)


def test_who_is_in_most_frames_counts_though_somebody_smaller_stays_longer():
    both = frame_with(room(0), (A, 460, 180, 160), (B, 150, 180, 60))
    alone = frame_with(room(0), (B, 150, 180, 60))
    track = link_faces([alone, alone, *[both] * 5, alone])
    assert positions(track) == [None, None, *[pytest.approx(460)] * 5, None]


def test_far_smaller_face_in_the_same_place_is_not_linked():
    frames = [frame_with(room(0), (A, 300, 180, 140))] * 3 + [frame_with(room(0), (A, 300, 180, 60))] * 2
    assert [face is not None for face in link_faces(frames).faces] == [True, True, True, False, False]


def test_faces_without_landmarks_are_linked_by_their_boxes():
    nowhere = np.full((5, 2), np.nan, np.float32)
    frames = [detections(room(0), [Face(face_at(x, 180).box, nowhere, 1.0)]) for x in (300, 310, 320)]
    assert link_faces(frames).found_share == 1


def test_scene_survives_light_shake_and_a_person_before_it():
    scene = room(3)
    darker = np.clip(scene * 0.7 + 5, 0, 255).astype(np.uint8)
    shaken = np.roll(scene, (4, -9), axis=(0, 1))
    covered = scene.copy()
    covered[60:, 120:420] = texture(9, (300, 300), 15)
    for other in (darker, shaken, covered):
        assert same_scene(signature(scene), signature(other))


def test_other_rooms_are_other_scenes():
    rooms = [signature(room(seed)) for seed in range(8)]
    assert not any(same_scene(a, b) for i, a in enumerate(rooms) for b in rooms[:i])


def test_track_says_how_large_the_face_is():
    sizes = [100, 110, 130]
    assert link_faces([frame_with(room(0), (A, 300, 180, s)) for s in sizes]).size == pytest.approx(110)


def test_records_show_no_pixels():
    seen = frame_with(room(0), (A, 300, 180, 100))
    assert repr(seen) == "FrameDetections(1 faces, 640x360)"


@pytest.mark.media
@pytest.mark.parametrize("n", [5, 8, 13, 20])
def test_cuts_of_a_real_recording_are_never_bridged(media_dir: Path, n: int):
    cuts = [20, 82, 211]  # frames that begin a new shot
    chosen, track = followed(media_dir / "videos" / "short_hamilton_clip.mp4", n)
    shots = np.searchsorted(cuts, chosen, side="right")
    assert set(shots[track.start : track.stop]) == {2}
    assert track.found_share == 1
    assert track.stop - track.start == np.sum(shots == 2)


@pytest.mark.media
@pytest.mark.parametrize(
    "name", ["carphone_pristine.mp4", "carphone_distorted.mp4", "wda_aoc.mp4", "ucf_eyemakeup.avi"]
)
def test_one_person_of_a_real_recording_is_one_track(media_dir: Path, name: str):
    _, track = followed(media_dir / "videos" / name, 8)
    assert (track.start, track.stop, track.found_share) == (0, 8, 1)
