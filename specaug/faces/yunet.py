"""YuNet, a small and fast detector, from a local model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from specaug.errors import MissingDependencyError
from specaug.faces.boxes import distinct, enlarged, followed, plausible, reduced, refined
from specaug.faces.weights import model_path, sha256_prefix
from specaug.planes import PlaneImage
from specaug.records import Face

Array = np.ndarray[Any, Any]

_ERRORS_ONLY = 2


class YuNet:
    """YuNet through ``cv2.FaceDetectorYN``.

    Parameters
    ----------
    model : str or Path
        ``face_detection_yunet_*.onnx`` of the OpenCV model zoo (MIT licence).
    long_side : int
        Pictures are reduced (never enlarged) until their longer side has at most so many px.
    min_score : float
        Lowest score of a face, 0 to 1.

    Raises
    ------
    MissingDependencyError
        If `model` is no file, or none that this version of OpenCV reads.

    References
    ----------
    W. Wu, H. Peng, S. Yu, "YuNet: A tiny millisecond-level face detector", Machine Intelligence Research 20,
    2023.
    """

    name = "yunet"

    def __init__(self, model: str | Path | None, *, long_side: int = 416, min_score: float = 0.6) -> None:
        path = model_path(
            self.name, model, advice="face_detection_yunet_2023mar.onnx of github.com/opencv/opencv_zoo"
        )
        self.version = sha256_prefix(path)
        self.long_side = long_side
        self._net = _created(str(path), min_score)

    def __call__(self, image: PlaneImage | Array) -> list[Face]:
        """Plausible faces in an image, or in an (H, W, 3) uint8 RGB array, best score first."""
        small, ratios = reduced(image, long_side=self.long_side)
        return plausible([enlarged(face, ratios) for face in self._find(small)])

    def refine(self, image: PlaneImage | Array, face: Face) -> Face:
        """`face` with landmarks from a second look at full resolution; `face` itself if that sees nothing."""
        return refined(image, face, self._find)

    def follow(self, image: PlaneImage | Array, face: Face) -> Face | None:
        """`face` in the frame of another moment, refined, looked for where it was; None unless it surely is there."""
        return followed(image, face, self._find)

    def _find(self, image: Array) -> list[Face]:
        self._net.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._net.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if rows is None:
            return []
        # Rows: x, y, width, height, five points, score; the corner of the picture is at 0.
        faces = []
        for row in np.asarray(rows, np.float32):
            box = np.concatenate([row[:2], row[:2] + row[2:4]]) - np.float32(0.5)
            faces.append(Face(box, row[4:14].reshape(5, 2) - np.float32(0.5), float(row[14])))
        return distinct(faces)


def _created(path: str, min_score: float) -> Any:
    """The detector, without OpenCV's note that its new engine ignores a setting that we leave alone."""
    log: Any = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 has the two functions at the top
    level = log.getLogLevel()
    log.setLogLevel(_ERRORS_ONLY)
    try:
        return cv2.FaceDetectorYN.create(path, "", (320, 320), min_score)
    except cv2.error as error:
        raise MissingDependencyError(
            f"model: OpenCV {cv2.__version__} cannot read {Path(path).name}: damaged, no YuNet, or for a newer version"
        ) from error
    finally:
        log.setLogLevel(level)
