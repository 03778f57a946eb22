"""InsightFace through the real package: on a tiny network that is made here, and on a model that the user names."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from specaug.align import TEMPLATE
from specaug.errors import MissingDependencyError
from specaug.faces import CenterFace, InsightFace
from specaug.faces.boxes import overlap
from specaug.records import Face

STRIDE, REACH = 32, 20
POINTS = (TEMPLATE - 56) * (128 / 112 / 1.6)
"""The face that the network reports: points about the corner of its cell, as large as in a second look, px."""


@pytest.fixture(scope="module")
def onnx() -> ModuleType:
    pytest.importorskip("insightface", reason="needs specaug[insightface]")
    return pytest.importorskip("onnx")


def write_scrfd(
    onnx: ModuleType, path: Path, *, side: int | None = None, landmarks: bool = True, mean: bool = False
) -> Path:
    """A network with the inputs and outputs of SCRFD: each red cell of 32 px is a face about its corner.

    Its input has one `side`, or any. `mean` makes it a network with a single output instead.
    """
    make, kinds = onnx.helper, onnx.TensorProto
    constants, nodes, outputs = [], [], []

    def constant(name: str, values: np.ndarray) -> str:
        constants.append(onnx.numpy_helper.from_array(values, name))
        return name

    def head(name: str, stride: int, weights: np.ndarray, bias: np.ndarray, *, squash: bool) -> None:
        """Two anchors a cell, as rows of what is known of one."""
        names = constant(f"{name} weights", weights), constant(f"{name} bias", bias)
        nodes.append(make.make_node("Conv", ["image", *names], [f"{name} map"], strides=[stride, stride]))
        last = f"{name} map"
        if squash:
            nodes.append(make.make_node("Sigmoid", [last], [f"{name} share"]))
            last = f"{name} share"
        nodes.append(make.make_node("Transpose", [last], [f"{name} cells"], perm=[0, 2, 3, 1]))
        shape = constant(f"{name} shape", np.array([-1, len(bias) // 2], np.int64))
        nodes.append(make.make_node("Reshape", [f"{name} cells", shape], [name]))
        outputs.append(make.make_tensor_value_info(name, kinds.FLOAT, ["rows", len(bias) // 2]))

    for stride in (8, 16, STRIDE):
        reds = np.zeros((2, 3, stride, stride), np.float32)
        reds[0] = np.array([1, -0.5, -0.5])[:, None, None] * (20 / stride**2)
        bias = np.array([-20, -40] if stride == STRIDE else [-80, -80], np.float32)
        head(f"score {stride}", stride, reds, bias, squash=True)
    for kind, values in (("box", np.full(4, REACH / STRIDE)), ("points", POINTS.ravel() / STRIDE)):
        for stride in (8, 16, STRIDE):
            if kind == "box" or landmarks:
                shape = (2 * len(values), 3, stride, stride)
                bias = np.tile(values, 2).astype(np.float32)
                head(f"{kind} {stride}", stride, np.zeros(shape, np.float32), bias, squash=False)
    if mean:
        nodes[:] = [make.make_node("ReduceMean", ["image"], ["mean"])]
        outputs[:] = [make.make_tensor_value_info("mean", kinds.FLOAT, [1, 1, 1, 1])]
        constants.clear()
    sides = ["height", "width"] if side is None else [side, side]
    image = make.make_tensor_value_info("image", kinds.FLOAT, [1, 3, *sides])
    graph = make.make_graph(nodes, "tiny", [image], outputs, constants)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 11)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def with_red_cell(height: int, width: int, x: int, y: int, side: int = STRIDE) -> np.ndarray:
    """A grey image with a red square whose corner is (x, y)."""
    image = np.full((height, width, 3), 120, np.uint8)
    image[y : y + side, x : x + side] = [255, 0, 0]
    return image


@pytest.mark.parametrize("side", [None, 640])
@pytest.mark.parametrize("ratio", [1, 2])
def test_the_package_finds_a_face_where_it_is(onnx, tmp_path, capsys, side, ratio):
    """Whatever canvas the image was laid on: the border lies on the network's grid, so cells are met exactly."""
    detector = InsightFace(write_scrfd(onnx, tmp_path / "det_tiny.onnx", side=side))
    (face,) = detector(with_red_cell(256 * ratio, 416 * ratio, 144 * ratio, 128 * ratio, STRIDE * ratio))
    corner = np.array([144, 128])
    np.testing.assert_allclose(
        face.box.reshape(2, 2), (corner + [[-REACH], [REACH]] + 0.5) * ratio - 0.5, atol=1e-3
    )
    expected = (corner + POINTS + 0.5) * ratio - 0.5
    np.testing.assert_allclose(face.landmarks, expected, atol=1e-3)
    assert face.score > 0.99
    assert capsys.readouterr().out == ""


def test_colours_arrive_in_their_order(onnx, tmp_path):
    detector = InsightFace(write_scrfd(onnx, tmp_path / "det_tiny.onnx"))
    image = with_red_cell(256, 416, 144, 128)
    assert len(detector(image)) == 1
    assert detector(np.ascontiguousarray(image[..., ::-1])) == []
    assert detector(np.zeros_like(image)) == []


@pytest.mark.parametrize("side", [None, 640])
def test_the_package_takes_a_second_look(onnx, tmp_path, side):
    detector = InsightFace(write_scrfd(onnx, tmp_path / "det_tiny.onnx", side=side))
    face = Face(np.array([140, 140, 300, 300], np.float32), (TEMPLATE - 56 + 215).astype(np.float32), 0.8)
    image = np.full((400, 400, 3), 120, np.uint8)
    assert detector.refine(image, face) is face
    image[215:260, 170:260] = [
        255,
        0,
        0,
    ]  # the cell whose corner is the middle of the crop, there and in the mirror
    refined = detector.refine(image, face)
    assert refined is not face
    np.testing.assert_allclose(refined.landmarks, face.landmarks, atol=1.5)
    np.testing.assert_array_equal(refined.box, face.box)


def test_files_that_are_no_detection_model_are_named(onnx, tmp_path):
    (tmp_path / "det_broken.onnx").write_bytes(b"nothing")
    with pytest.raises(MissingDependencyError, match=r"insightface cannot read det_broken\.onnx"):
        InsightFace(tmp_path / "det_broken.onnx")
    with pytest.raises(MissingDependencyError, match=r"expected a detection model, got other\.onnx"):
        InsightFace(write_scrfd(onnx, tmp_path / "other.onnx", side=100, mean=True))
    with pytest.raises(
        MissingDependencyError, match=r"expected an input of 256 px and more, got small\.onnx"
    ):
        InsightFace(write_scrfd(onnx, tmp_path / "small.onnx", side=160))
    detector = InsightFace(write_scrfd(onnx, tmp_path / "bare.onnx", landmarks=False))
    with pytest.raises(MissingDependencyError, match="five landmarks, got one without"):
        detector(with_red_cell(256, 416, 144, 128))


@pytest.fixture(scope="module")
def scrfd() -> InsightFace:
    model = os.environ.get("SPECAUG_TEST_SCRFD")
    if model is None:
        pytest.skip("set SPECAUG_TEST_SCRFD to a detection model of InsightFace")
    pytest.importorskip("insightface", reason="needs specaug[insightface]")
    return InsightFace(model)


CLOSE_UPS = {
    "images/obama.jpg": 0.95,
    "images/astronaut.png": 0.9,
    "images/small_image.jpg": 0.9,
    "live_spoof/live/silentface_T1.jpg": 0.9,
}
"""Photo to how much of its longer side the face shall fill."""


def opened(path: Path) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))


def close_up(path: Path, fill: float, *, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo cut to its face, `side` px, and the face's landmarks there."""
    photo = opened(path)
    face = max(CenterFace()(photo), key=lambda found: found.size)
    reach = face.size / fill / 2
    low = np.maximum(np.round(face.center - reach), 0).astype(int)
    high = np.round(face.center + reach).astype(int)
    cut = photo[low[1] : high[1], low[0] : high[0]]
    scale = side / max(cut.shape[:2])
    image = cv2.resize(
        cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    return image, (face.landmarks - low + 0.5) * scale - 0.5


def eye_errors(faces: list[Face], landmarks: np.ndarray) -> list[float]:
    """Mean distance of each face's landmarks from the known ones, in eye distances."""
    eyes = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    return [float(np.linalg.norm(face.landmarks - landmarks, axis=1).mean()) / eyes for face in faces]


@pytest.mark.media
@pytest.mark.parametrize("side", [120, 240, 640, 1200])
@pytest.mark.parametrize("name", CLOSE_UPS)
def test_centerface_finds_close_ups(media_dir, name, side):
    image, landmarks = close_up(media_dir / name, CLOSE_UPS[name], side=side)
    assert min(eye_errors(CenterFace()(image), landmarks)) < 0.25


@pytest.mark.media
@pytest.mark.parametrize("side", [120, 240, 640, 1200])
@pytest.mark.parametrize("name", CLOSE_UPS)
def test_scrfd_finds_the_close_ups_that_centerface_finds(media_dir, scrfd, name, side):
    image, landmarks = close_up(media_dir / name, CLOSE_UPS[name], side=side)
    assert min(eye_errors(scrfd(image), landmarks)) < 0.25


@pytest.mark.media
def test_scrfd_and_centerface_see_the_same_face(media_dir, scrfd):
    photo = opened(media_dir / "images" / "obama.jpg")
    (ours,), (theirs,) = CenterFace()(photo), scrfd(photo)
    assert overlap(ours.box, theirs.box) > 0.6
    ours, theirs = CenterFace().refine(photo, ours), scrfd.refine(photo, theirs)
    assert eye_errors([theirs], ours.landmarks)[0] < 0.1
