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
from specaug.faces.boxes import distinct, plausible, refined
from specaug.faces.weights import model_path, sha256_prefix
from specaug.records import Face

Array = np.ndarray[Any, Any]

_SIDE = 416
_LOOK = 128


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
        If the package or the model is absent.
    """

    name = "insightface"

    def __init__(self, model: str | Path | None, *, min_score: float = 0.5) -> None:
        path = _detection_model(model)
        try:
            zoo = importlib.import_module("insightface.model_zoo")
        except ImportError as error:
            raise MissingDependencyError(
                "detector 'insightface' needs the packages insightface and onnxruntime: "
                "pip install 'specaug[insightface]'"
            ) from error
        self.version = sha256_prefix(path)
        with contextlib.redirect_stdout(io.StringIO()):
            self._model = zoo.get_model(str(path), providers=["CPUExecutionProvider"])
            if not hasattr(self._model, "detect"):
                raise MissingDependencyError(f"model: expected a detection model, got {path.name}")
            self._model.prepare(ctx_id=-1, input_size=(_SIDE, _SIDE), det_thresh=min_score)

    def __call__(self, image: Array) -> list[Face]:
        """Plausible faces in an (H, W, 3) uint8 RGB picture, best score first."""
        return plausible(self._find(image, _SIDE))

    def refine(self, image: Array, face: Face) -> Face:
        """`face` with landmarks from a second look at full resolution; `face` itself if that sees nothing."""
        return refined(image, face, lambda crop: self._find(crop, _LOOK))

    def _find(self, image: Array, side: int) -> list[Face]:
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        with contextlib.redirect_stdout(io.StringIO()):
            rows, points = self._model.detect(bgr, input_size=(side, side))
        if points is None:
            raise MissingDependencyError(
                "model: expected a detection model with five landmarks, got one without"
            )
        return distinct(
            [
                Face(row[:4].astype(np.float32), five.astype(np.float32), float(row[4]))
                for row, five in zip(rows, points, strict=True)
            ]
        )


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
