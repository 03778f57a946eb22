"""Detectors by name: their model files, and how they say what is missing."""

from __future__ import annotations

import hashlib
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from specaug.align import TEMPLATE
from specaug.errors import ArgumentError, MissingDependencyError
from specaug.faces import InsightFace, detector_from
from specaug.faces.centerface import SHA256


def test_unknown_detector_names_the_choices():
    with pytest.raises(
        ArgumentError, match="expected one of centerface, yunet, insightface, sidecar, got 'mtcnn'"
    ):
        detector_from("mtcnn")


def test_model_for_a_detector_that_brings_its_own_is_refused():
    with pytest.raises(ArgumentError, match="model: expected none, for detector 'centerface' brings its own"):
        detector_from("centerface", model="x.onnx")


@pytest.mark.parametrize("name", ["yunet", "insightface"])
@pytest.mark.parametrize("model", [None, "absent.onnx"])
def test_absent_model_is_named(name, model):
    with pytest.raises(
        MissingDependencyError, match=rf"model: detector '{name}' needs a local .* got {model}"
    ):
        detector_from(name, model=model)


def test_file_that_is_no_yunet_is_named(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(MissingDependencyError, match=r"model: OpenCV .* cannot read x\.onnx"):
        detector_from("yunet", model=str(tmp_path / "x.onnx"))


def test_version_is_the_hash_of_the_weights(tmp_path, insightface_double):
    model = tmp_path / "det_x.onnx"
    model.write_bytes(b"weights")
    assert (
        detector_from("insightface", model=str(tmp_path)).version
        == hashlib.sha256(b"weights").hexdigest()[:12]
    )
    assert detector_from("centerface").version == SHA256[:12]


@pytest.fixture
def insightface_double(monkeypatch) -> SimpleNamespace:
    """A stand-in for the package: prints as the real one does, finds one face, notes what it was given."""
    seen = SimpleNamespace(images=[], paths=[])

    class Model:
        def prepare(self, ctx_id, **settings):
            sys.stdout.write("input mean and std\n")

        def detect(self, image, input_size):
            sys.stdout.write("detecting\n")
            seen.images.append(image)
            assert image.shape[:2] == input_size  # else the package would enlarge it
            y, x = np.nonzero(image.any(axis=2))
            corner = np.array([x.min(), y.min()]) if len(x) else np.zeros(2)  # where the image lies
            box = np.array([10, 20, 110, 120]) + np.tile(corner, 2)
            points = TEMPLATE + np.array([4, 14]) + corner
            return np.array([[*box, 0.8]], np.float32), points[None].astype(np.float32)

    def get_model(path, **settings):
        sys.stdout.write("find model\n")
        seen.paths.append((path, settings))
        return Model()

    module = ModuleType("insightface.model_zoo")
    module.get_model = get_model
    monkeypatch.setitem(sys.modules, "insightface", ModuleType("insightface"))
    monkeypatch.setitem(sys.modules, "insightface.model_zoo", module)
    return seen


def test_insightface_gets_bgr_and_prints_nothing(tmp_path, capsys, insightface_double):
    (tmp_path / "det_500m.onnx").write_bytes(b"")
    (tmp_path / "w600k_r50.onnx").write_bytes(b"")
    image = np.zeros((200, 200, 3), np.uint8)
    image[..., 0] = 255
    (face,) = detector_from("insightface", model=str(tmp_path))(image)
    assert face.box.tolist() == [10, 20, 110, 120]
    (canvas,) = insightface_double.images
    assert canvas[320, 320].tolist() == [0, 0, 255]
    assert insightface_double.paths[0][0].endswith("det_500m.onnx")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("height", "width", "ratio"), [(200, 300, 1), (832, 416, 2), (100, 120, 1)])
def test_insightface_sees_an_image_that_is_never_enlarged_with_a_border(
    tmp_path, insightface_double, height, width, ratio
):
    """Close-ups fill a small image; enlarged to the network's input they would be larger than it knows faces."""
    (tmp_path / "det_500m.onnx").write_bytes(b"")
    image = np.full((height, width, 3), 200, np.uint8)
    (face,) = detector_from("insightface", model=str(tmp_path))(image)
    (canvas,) = insightface_double.images
    rows, columns = np.nonzero(canvas.any(axis=2))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (height // ratio, width // ratio)
    assert min(rows.min(), columns.min(), 639 - rows.max(), 639 - columns.max()) >= 112
    np.testing.assert_allclose(face.box, (np.array([10, 20, 110, 120]) + 0.5) * ratio - 0.5, atol=1e-3)


def test_insightface_folder_must_hold_one_detector(tmp_path):
    with pytest.raises(
        MissingDependencyError, match=r"expected one det_\*.onnx or scrfd_\*.onnx .* got none"
    ):
        InsightFace(str(tmp_path))
    for name in ("det_10g.onnx", "scrfd_2.5g.onnx"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(MissingDependencyError, match=r"got det_10g\.onnx, scrfd_2\.5g\.onnx"):
        InsightFace(str(tmp_path))


def test_missing_insightface_names_package_extra_and_command(tmp_path, monkeypatch):
    (tmp_path / "det_10g.onnx").write_bytes(b"")
    for name in ("insightface", "insightface.model_zoo"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        MissingDependencyError, match=r"packages insightface .* pip install '.*\[insightface\]'"
    ):
        InsightFace(str(tmp_path))
