"""Faces of more than 600 px between the eyes: found, refined, told apart and cut as small ones are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg

from specaug.align import TEMPLATE, similarity, template, warp_image, warp_scale
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.extract import extract
from specaug.faces import CenterFace, detections, enlarged, link_faces
from specaug.faces.boxes import look_at
from specaug.planes import PlaneImage
from specaug.records import BuildConfig, Clip, Face, Source

PHONE, CAMERA = (4032, 3024), (7744, 5808)
"""Width and height of 12 MP and 45 MP, px."""


@lru_cache(maxsize=1)
def close_up() -> tuple[np.ndarray, Face]:
    """(384, 512, 3) uint8 RGB that a drawn face fills, and the face."""
    rng = np.random.default_rng(1)
    subject = draw_portrait(sample_subject(1, rng=rng), rng=rng)
    light = next(iter(render(subject, sample_scene((640, 480), 8, rng=rng), 8)))
    portrait = np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    find = CenterFace()
    (face,) = find(portrait)
    gain = 110 / float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))
    x, y = face.landmarks.mean(axis=0)
    image = warp_image(portrait, [[gain, 0, 256 - gain * x], [0, gain, 200 - gain * y]], size=512)[:384]
    image = np.ascontiguousarray(image)
    return image, find.refine(image, max(find(image), key=lambda found: found.size))


@lru_cache(maxsize=2)
def photo(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The close-up as a photo, and its px per px of the close-up, in x and y."""
    image, _ = close_up()
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.array(size) / [512, 384]


def eyes(face: Face) -> float:
    return float(np.hypot(*(face.landmarks[1] - face.landmarks[0])))


def turned(face: Face, degrees: float) -> Face:
    """The same box with landmarks turned about their middle."""
    a = np.deg2rad(degrees)
    rotation = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    middle = face.landmarks.mean(axis=0)
    return Face(face.box, ((face.landmarks - middle) @ rotation + middle).astype(np.float32), face.score)


@pytest.mark.parametrize("size", [PHONE, CAMERA])
def test_large_face_is_found_and_refined_where_it_is(size):
    image, ratios = photo(size)
    _, known = close_up()
    expected = enlarged(known, ratios)
    assert eyes(expected) > 600
    find = CenterFace()
    (face,) = find(image)
    refined = find.refine(image, face)
    assert refined is not face
    assert np.abs(refined.landmarks - expected.landmarks).max() < 0.06 * eyes(expected)


@pytest.mark.parametrize("size", [PHONE, CAMERA])
@pytest.mark.parametrize("degrees", [0, 33, 90, -120, 180])
def test_thumbnail_of_a_large_face_is_that_of_a_small_one(size, degrees):
    image, ratios = photo(size)
    small, known = close_up()
    face = turned(known, degrees)
    (expected,) = detections(small, [face]).patches
    (patch,) = detections(image, [enlarged(face, ratios)]).patches
    assert patch.shape == (18, 18, 3)
    assert np.abs(patch - expected).mean() < 3
    assert np.abs(patch - expected).max() < 20


def test_face_that_reaches_far_out_of_the_image_has_a_thumbnail():
    image, _ = photo(PHONE)
    for center in ((0, 0), (4031, 1500), (2000, 3900)):
        points = ((TEMPLATE - 56) * 60 + center).astype(np.float32)
        face = Face(np.array([*points.min(axis=0), *points.max(axis=0)], np.float32), points, 0.9)
        (patch,) = detections(image, [face]).patches
        assert np.isfinite(patch).all()
        assert patch.min() >= 0
        assert patch.max() <= 255


def test_large_face_is_one_person_from_frame_to_frame():
    image, ratios = photo(PHONE)
    _, known = close_up()
    face = enlarged(known, ratios)
    track = link_faces([detections(image, [face]), detections(image, [face.moved(90, -40)])])
    assert track.found_share == 1
    assert not track.ambiguous


@pytest.mark.parametrize("scale", [40.0, 70.0, 150.0])
def test_look_from_far_is_that_of_the_whole_image(scale):
    """Cosines that the mirror at the border continues; 18 px of the look are up to four images wide."""
    y, x = np.mgrid[:601, :801]
    values = 128 + 50 * np.cos(np.pi * x / 800) + 50 * np.cos(np.pi * y / 600)
    image = PlaneImage.of_rgb(np.rint(np.stack([values, 255 - values, values], -1)).astype(np.uint8))
    warp = np.array([[0.8, -0.6, 9 * scale - 300], [0.6, 0.8, 9 * scale - 500]]) / scale
    seen = look_at(image, warp, size=18, resample="prefiltered")
    expected = image.look(warp, size=18, resample="prefiltered")
    assert np.abs(seen.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("size", [PHONE, CAMERA])
def test_photo_of_a_large_face_becomes_a_clip(tmp_path: Path, size):
    image, ratios = photo(size)
    _, known = close_up()
    (tmp_path / "selfie.jpg").write_bytes(simplejpeg.encode_jpeg(image, quality=90, colorspace="RGB"))
    source = Source(path="selfie.jpg", label="bonafide", source_id="0" * 32, kind="image")
    (clip,) = extract(source, BuildConfig(frames=1, size=64, image_format="raw"), raw=tmp_path)
    assert isinstance(clip, Clip), clip
    expected = warp_scale(similarity(enlarged(known, ratios).landmarks, template(64, 1.3)))
    assert clip.scale[0] == pytest.approx(expected, rel=0.05)
    crop = np.frombuffer(clip.frames[0], np.uint8).reshape(64, 64, 3)
    small = PlaneImage.of_rgb(close_up()[0]).crop(clip.warp[0] * [*ratios, 1], size=64)
    assert np.abs(crop.astype(int) - small).mean() < 4
