"""What every face detector offers: faces in a picture, and a closer look at one of them."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from specaug.planes import PlaneImage
from specaug.records import Face

Array = np.ndarray[Any, Any]

FLIPPED = [1, 0, 2, 4, 3]
"""Order of the five points in the mirror image."""


class FaceDetector(Protocol):
    """Finds faces. An instance belongs to one thread; the caller sets the number of OpenCV's threads.

    Boxes and landmarks are in pixels of the picture, pixel centres at integers.
    """

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    @property
    def version(self) -> str:
        """Start of the sha256 of the weights; two equal versions give equal faces."""
        ...

    def __call__(self, image: PlaneImage | Array) -> list[Face]:
        """Plausible faces in an image, or in an (H, W, 3) uint8 RGB array, best score first."""
        ...

    def refine(self, image: PlaneImage | Array, face: Face) -> Face:
        """`face` with landmarks from a second look at full resolution; `face` itself if that sees nothing."""
        ...


@runtime_checkable
class FollowingDetector(FaceDetector, Protocol):
    """A detector that can look for one face where it was a moment before, in a fraction of the time."""

    def follow(self, image: PlaneImage | Array, face: Face) -> Face | None:
        """`face` in the frame of another moment, refined, looked for where it was; None unless it surely is there."""
        ...
