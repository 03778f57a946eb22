"""InsightFace's detectors (SCRFD, RetinaFace), an optional extra, from a local model folder."""

from __future__ import annotations

import contextlib
import importlib
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from specaug.errors import MissingDependencyError
from specaug.faces.boxes import distinct, enlarged, followed, plausible, reduced, refined
from specaug.faces.weights import model_path, sha256_prefix
from specaug.install_hint import install_hint
from specaug.planes import PlaneImage
from specaug.records import Face

Array = np.ndarray[Any, Any]

_CANVAS = 640
"""Side of the canvas on which an image is laid. The package would enlarge it to fill the network's input, and then
misses faces that fill the image; with a border on each side they are as large as in its training."""
_FILLED = 0.65
"""Longer side of the image in the search, in units of the canvas: a border of a sixth and more; never enlarged."""
_LOOK_CANVAS = 256
"""Of the second look, whose crop has 128 px."""


class InsightFace:
    """A detection model of InsightFace, run by onnxruntime on the CPU.

    The package's own download has no timeout and is never used. Its published models are licensed for
    non-commercial research only.

    Parameters
    ----------
    model : str or Path
        A detection model (``.onnx``), or a folder that holds exactly one named ``det_*.onnx`` or ``scrfd_*.onnx``.
    min_score : float
        Lowest score of a face, 0 to 1.

    Raises
    ------
    MissingDependencyError
        If the package or the model is absent, or the model is none that the package runs.
    """

    name = "insightface"

    def __init__(self, model: str | Path | None, *, min_score: float = 0.5) -> None:
        path = _detection_model(model)
        try:
            zoo = importlib.import_module("insightface.model_zoo")
        except ImportError as error:
            raise MissingDependencyError(
                "detector 'insightface' needs the packages insightface and onnxruntime: "
                + install_hint("insightface")
            ) from error
        self.version = sha256_prefix(path)
        self._model = _loaded(zoo, path)
        fixed = _fixed_input(self._model)
        self._canvas, self._look_canvas = fixed or (_CANVAS, _CANVAS), fixed or (_LOOK_CANVAS, _LOOK_CANVAS)
        if min(self._look_canvas) < _LOOK_CANVAS:
            raise MissingDependencyError(
                f"model: expected an input of {_LOOK_CANVAS} px and more, got {path.name} with {fixed}"
            )
        with contextlib.redirect_stdout(io.StringIO()):
            self._model.prepare(ctx_id=-1, input_size=self._canvas, det_thresh=min_score)

    def __call__(self, image: PlaneImage | Array) -> list[Face]:
        """Plausible faces in an image, or in an (H, W, 3) uint8 RGB array, best score first."""
        small, ratios = reduced(image, long_side=round(_FILLED * min(self._canvas)))
        return plausible([enlarged(face, ratios) for face in self._find(small, self._canvas)])

    def refine(self, image: PlaneImage | Array, face: Face) -> Face:
        """`face` with landmarks from a second look at full resolution; `face` itself if that sees nothing."""
        return refined(image, face, lambda crop: self._find(crop, self._look_canvas))

    def follow(self, image: PlaneImage | Array, face: Face) -> Face | None:
        """`face` in the frame of another moment, refined, looked for where it was; None unless it surely is there."""
        return followed(image, face, lambda crop: self._find(crop, self._look_canvas))

    def _find(self, image: Array, size: tuple[int, int]) -> list[Face]:
        """Faces in an image that is laid in the middle of a black canvas, so that the package does not enlarge it."""
        height, width = image.shape[:2]
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        canvas = np.zeros((size[1], size[0], 3), np.uint8)
        canvas[top : top + height, left : left + width] = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        with contextlib.redirect_stdout(io.StringIO()):
            rows, points = self._model.detect(canvas, input_size=size)
        if points is None:
            raise MissingDependencyError(
                "model: expected a detection model with five landmarks, got one without"
            )
        shift = np.array([left, top], np.float32)
        faces = [
            Face(
                row[:4].astype(np.float32) - np.tile(shift, 2), five.astype(np.float32) - shift, float(row[4])
            )
            for row, five in zip(rows, points, strict=True)
        ]
        return distinct(
            [face for face in faces if np.all((face.center >= 0) & (face.center < [width, height]))]
        )


def _loaded(zoo: Any, path: Path) -> Any:
    """The package's detector of a file."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = zoo.get_model(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common class but this one
        raise MissingDependencyError(
            f"model: insightface cannot read {path.name}: {type(error).__name__}"
        ) from error
    if not hasattr(model, "detect"):
        raise MissingDependencyError(f"model: expected a detection model, got {path.name}")
    return model


def _fixed_input(model: Any) -> tuple[int, int] | None:
    """Width and height of the network's input where it was exported for one size only."""
    size = getattr(model, "input_size", None)
    return size if size is not None and all(isinstance(side, int) for side in size) else None


def _detection_model(model: str | Path | None) -> Path:
    """The one detection model that `model` names."""
    path = model_path("insightface", model, advice="a folder with det_10g.onnx", folder=True)
    if path.is_file():
        return path
    found = sorted([*path.glob("det_*.onnx"), *path.glob("scrfd_*.onnx")])
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise MissingDependencyError(
            f"model: expected one det_*.onnx or scrfd_*.onnx in the folder, got {names}"
        )
    return found[0]
