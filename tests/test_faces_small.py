"""Faces that are small in a large frame: searched for in tiles where the reduced frame shows none."""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from specaug.align import TEMPLATE, template
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.extract import extract, first_face
from specaug.faces import CenterFace, find_in_tiles
from specaug.faces.tiles import _starts
from specaug.planes import PlaneImage
from specaug.records import BuildConfig, Clip, Face, Failure, Source

HD, UHD = (1920, 1080), (3840, 2160)


@lru_cache(maxsize=4)
def portrait(number: int) -> np.ndarray:
    """(480, 640, 3) uint8 RGB: one drawn subject in a drawn room."""
    rng = np.random.default_rng(number)
    subject = draw_portrait(sample_subject(number, rng=rng), rng=rng)
    light = next(iter(render(subject, sample_scene((640, 480), 8, rng=rng), 8)))
    return np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def small_face_in(
    size: tuple[int, int], image: np.ndarray, face_px: float, at: tuple[float, float]
) -> np.ndarray:
    """A frame of soft colours in which the face of `image`, and little about it, is `face_px` px large."""
    face = max(CenterFace()(image), key=lambda found: found.size)
    scale = face_px / face.size
    reduced = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    reach = round(face_px)
    x, y = np.maximum(np.round(face.center * scale).astype(int) - reach, 0)
    part = reduced[y : y + 2 * reach, x : x + 2 * reach]
    coarse = np.random.default_rng(0).integers(40, 200, (9, 16, 3), dtype=np.uint8)
    frame = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    left, top = (round(share * (n - 2 * reach)) for share, n in zip(at, size, strict=True))
    frame[top : top + part.shape[0], left : left + part.shape[1]] = part
    return frame


def outcome(folder: Path, frame: np.ndarray, *, min_face: int) -> tuple[Clip | Failure, ...]:
    """What the worker makes of a photo."""
    (folder / "a.jpg").write_bytes(simplejpeg.encode_jpeg(frame, quality=95, colorspace="RGB"))
    source = Source(path="a.jpg", label="bonafide", source_id="0" * 32, kind="image")
    return extract(source, BuildConfig(frames=1, size=64, min_face=min_face), raw=folder)


@pytest.mark.parametrize(
    ("size", "number", "at"), [(HD, 1, (0.7, 0.3)), (HD, 2, (0.0, 1.0)), (UHD, 3, (0.35, 0.62))]
)
def test_face_of_48_px_is_found_in_a_large_frame(tmp_path, size, number, at):
    frame = small_face_in(size, portrait(number), 52, at)
    assert CenterFace()(frame) == []
    (clip,) = outcome(tmp_path, frame, min_face=48)
    assert isinstance(clip, Clip), clip
    x0, y0, x1, y1 = clip.box[0]
    assert 48 <= max(x1 - x0, y1 - y0) <= 60
    expected = [share * (n - 104) + 52 for share, n in zip(at, size, strict=True)]
    assert np.abs([(x0 + x1) / 2, (y0 + y1) / 2] - np.array(expected)).max() < 20
    assert np.isfinite(clip.landmarks).all()


def test_face_of_20_px_is_found_where_it_is_asked_for(tmp_path):
    frame = small_face_in(HD, portrait(1), 24, (0.2, 0.4))
    (clip,) = outcome(tmp_path, frame, min_face=20)
    assert isinstance(clip, Clip), clip
    assert 20 <= max(clip.box[0, 2:] - clip.box[0, :2]) <= 30


def test_face_that_is_smaller_than_asked_for_is_none(tmp_path):
    frame = small_face_in(HD, portrait(1), 24, (0.2, 0.4))
    (failure,) = outcome(tmp_path, frame, min_face=48)
    assert isinstance(failure, Failure)
    assert failure.reason in ("no_face", "face_too_small")


@pytest.mark.media
@pytest.mark.parametrize("name", ["images/astronaut.png", "images/obama.jpg", "images/small_image.jpg"])
def test_small_faces_of_real_photos_are_found(media_dir, tmp_path, name):
    photo = np.asarray(Image.open(media_dir / name).convert("RGB"))
    frame = small_face_in(HD, photo, 54, (0.6, 0.8))
    assert CenterFace()(frame) == []
    (clip,) = outcome(tmp_path, frame, min_face=48)
    assert isinstance(clip, Clip), clip


class RedSquares:
    """A detector of whole red squares: their bounding box is the face."""

    name, version = "red", "0"

    def __init__(self, *, smallest: int = 0) -> None:
        self.calls: list[tuple[int, ...]] = []
        self.smallest = smallest

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        pixels = image.rgb() if isinstance(image, PlaneImage) else image
        self.calls.append(pixels.shape)
        mask = np.all(pixels == [255, 0, 0], axis=2).astype(np.uint8)
        faces = []
        for x, y, w, h, _ in cv2.connectedComponentsWithStats(mask)[2][1:]:
            if w == h and w >= self.smallest:
                box = np.array([x, y, x + w - 1, y + h - 1], np.float32)
                points = box[:2] + TEMPLATE.astype(np.float32) * (w / 112)
                faces.append(Face(box, points, 0.9))
        return faces

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        return face


def red_square(width: int, height: int, *places: tuple[int, int], side: int) -> PlaneImage:
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in places:
        image[y : y + side, x : x + side] = [255, 0, 0]
    return PlaneImage.of_rgb(image)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(x=st.integers(0, 900), y=st.integers(0, 500), side=st.sampled_from([24, 60, 96]))
def test_face_is_found_once_and_in_its_place_wherever_it_lies(x, y, side):
    """At a scale of 1 every square up to the overlap is whole in some tile, and often in four."""
    (face,) = find_in_tiles(RedSquares(smallest=side), red_square(1000, 600, (x, y), side=side), min_face=24)
    assert face.box.tolist() == [x, y, x + side - 1, y + side - 1]
    np.testing.assert_allclose(face.landmarks, [x, y] + TEMPLATE * (side / 112), atol=1e-3)


def test_tiles_are_searched_at_the_scale_that_shows_the_smallest_face():
    detector = RedSquares()
    image = red_square(1920, 1088, (64, 640), (1600, 32), side=64)
    faces = find_in_tiles(detector, image, min_face=48)
    assert {tuple(face.box.tolist()) for face in faces} == {
        (64.5, 640.5, 126.5, 702.5),
        (1600.5, 32.5, 1662.5, 94.5),
    }
    assert max(max(shape[:2]) for shape in detector.calls) == 320
    assert len(detector.calls) == 4 * 2  # of 960x544


@pytest.mark.parametrize("min_face", [1, 8, 24])
def test_image_is_not_enlarged_for_tiles(min_face):
    detector = RedSquares()
    find_in_tiles(detector, red_square(200, 100, (10, 10), side=8), min_face=min_face)
    assert detector.calls == [(100, 200, 3)]


@given(length=st.integers(1, 20_000))
def test_tiles_cover_a_line_and_share_what_a_face_needs(length):
    starts = _starts(length)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - 320)
    assert all(0 < after - before <= 320 - 96 for before, after in pairwise(starts))


class Flickering(RedSquares):
    """A detector that sees a face in a whole frame one time in three, and always in tiles."""

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        found = super().__call__(image)
        whole = sum(shape != (320, 320, 3) for shape in self.calls)
        return found if isinstance(image, np.ndarray) or whole % 3 == 1 else []


def frames_with_square(folder: Path, side: int) -> Source:
    """A folder of six frames of 1080p with a red square."""
    (folder / "clip").mkdir()
    image = Image.fromarray(red_square(1920, 1080, (400, 300), side=side).rgb())
    for number in range(6):
        image.save(folder / "clip" / f"{number}.png", compress_level=1)
    return Source(path="clip", label="bonafide", source_id="0" * 32, kind="frames")


@pytest.mark.parametrize(
    ("side", "make", "whole_frames", "tiles", "reason"),
    [
        (200, RedSquares, 6, 0, None),
        (60, RedSquares, 6, 0, None),
        (60, partial(RedSquares, smallest=100), 12, 6 * 8, "no_face"),
        (60, Flickering, 12, 6 * 8, None),
        (200, Flickering, 6, 0, "no_face"),
    ],
)
def test_tiles_are_searched_only_where_a_small_face_may_have_been_missed(
    tmp_path, side, make, whole_frames, tiles, reason
):
    """A large face that is gone in most frames is no reason: tiles would only bring up people behind it."""
    config, detector = BuildConfig(frames=6, size=64), make()
    (outcome,) = extract(frames_with_square(tmp_path, side), config, raw=tmp_path, detector=detector)
    assert getattr(outcome, "reason", None) == reason
    assert sum(shape == (320, 320, 3) for shape in detector.calls) == tiles
    assert len(detector.calls) == whole_frames + tiles


def test_preview_of_a_photo_finds_the_small_face_that_a_build_finds(tmp_path):
    Image.fromarray(red_square(1920, 1080, (400, 300), side=60).rgb()).save(tmp_path / "a.png")
    crop, landmarks = first_face(tmp_path / "a.png", BuildConfig(size=64), detector=SeenInTiles())
    np.testing.assert_allclose(landmarks, template(64), atol=1e-3)
    assert crop[32, 32].tolist() == [255, 0, 0]


class SeenInTiles(RedSquares):
    """A detector that sees a face in tiles only."""

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        return super().__call__(image) if isinstance(image, np.ndarray) else []
