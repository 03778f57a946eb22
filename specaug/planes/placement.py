"""Where the pixels of an upright image lie in the stored one: orientation, pixel aspect, subsampling, fields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from specaug.errors import ArgumentError
from specaug.records import ChromaLocation, Field

Array = np.ndarray[Any, Any]

_AXES: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    4: ((1, 0), (0, -1)),
    5: ((0, 1), (1, 0)),
    6: ((0, -1), (1, 0)),
    7: ((0, -1), (-1, 0)),
    8: ((0, 1), (-1, 0)),
}
"""EXIF orientation -> linear part of the map from stored (x, y) to upright (x, y) (CIPA DC-008, 4.6.5.1)."""
ROTATIONS = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
"""EXIF orientation -> clockwise degrees, after left and right were swapped where it is 2, 4, 5 or 7."""
_TURNED = {0: 1, 90: 6, 180: 3, 270: 8}


@dataclass(frozen=True)
class Placement:
    """How a stored image becomes upright, with square pixels.

    Coordinates are (x, y) in px with pixel centres at integers.

    Examples
    --------
    >>> Placement(720, 576, orientation=6, pixel_aspect=16 / 15).size
    (576, 768)
    """

    width: int
    """Of the stored image, px; of an interlaced one with both fields."""
    height: int
    orientation: int = 1
    """EXIF orientation, 1 to 8."""
    pixel_aspect: float = 1.0
    """Width over height of a stored pixel. The width is scaled, as players do."""

    def __post_init__(self) -> None:
        if self.orientation not in _AXES:
            raise ArgumentError(f"orientation: expected 1 to 8, got {self.orientation!r}")
        if not 0.05 <= self.pixel_aspect <= 20:
            raise ArgumentError(f"pixel_aspect: expected 0.05 to 20, got {self.pixel_aspect!r}")

    @property
    def is_transposed(self) -> bool:
        """Whether rows become columns."""
        return self.orientation >= 5

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image, px."""
        width, height = max(1, round(self.width * self.pixel_aspect)), self.height
        return (height, width) if self.is_transposed else (width, height)

    @property
    def to_upright(self) -> Array:
        """(2, 3) float64 from stored px to px of the upright image."""
        return _to_upright(self)


@lru_cache(maxsize=16)
def _to_upright(placement: Placement) -> Array:
    """The frames of a video share one map, and every crop asks for it."""
    aspect = placement.pixel_aspect
    square = np.array([[aspect, 0.0, (aspect - 1) / 2], [0.0, 1.0, 0.0]])
    linear = np.array(_AXES[placement.orientation], np.float64)
    # An axis that runs backwards starts at its last pixel.
    shift = np.minimum(linear, 0) @ -(np.array([placement.width * aspect, placement.height]) - 1)
    matrix = chained(np.column_stack([linear, shift]), square)
    matrix.setflags(write=False)
    return matrix


def orientation_of(linear: Array) -> int:
    """The EXIF orientation whose map is nearest to a (2, 2) one from stored (x, y) to shown (x, y).

    Examples
    --------
    >>> orientation_of([[0, -1], [1, 0]]), orientation_of([[-1, 0], [0, 1]])
    (6, 2)
    """
    matrix = np.asarray(linear, np.float64)
    return max(_AXES, key=lambda code: float((matrix * np.array(_AXES[code])).sum()))


def turned_orientation(orientation: int, degrees: int) -> int:
    """The orientation of an image that is turned clockwise by so many degrees more.

    Examples
    --------
    >>> turned_orientation(6, 90), turned_orientation(2, 180)
    (3, 4)
    """
    return orientation_of(np.array(_AXES[_TURNED[degrees % 360]]) @ np.array(_AXES[orientation]))


def oriented(pixels: Array, orientation: int) -> Array:
    """(H, W, …) pixels as they are stored, upright."""
    (a, b), (c, d) = _AXES[orientation]
    upright = pixels.swapaxes(0, 1) if a == 0 else pixels
    return upright[:: c + d, :: a + b]


def chroma_to_stored(
    subsampling: tuple[int, int], location: ChromaLocation, *, field: Field = "frame"
) -> Array:
    """(2, 3) from px of a plane of colour differences to px of luma; of a field, in px of its own luma.

    In a field, vertically centred chroma lies a quarter of a line of the field from the middle: the two fields
    share one chroma grid of the frame (ITU-T H.264, figure 6-2).

    Examples
    --------
    >>> chroma_to_stored((2, 2), "left").tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.5]]
    """
    x, y = subsampling
    across = 0.0 if location in ("left", "topleft", "bottomleft") else (x - 1) / 2
    if location in ("left", "center"):
        down = {"frame": 0.5, "top": 0.25, "bottom": 0.75}[field] * (y - 1)
    else:
        down = 0.0 if location in ("top", "topleft") else float(y - 1)
    return np.array([[float(x), 0.0, across], [0.0, float(y), down]])


def field_to_frame(field: Field) -> Array:
    """(2, 3) from px of one field to px of the frame."""
    if field == "frame":
        return np.eye(2, 3)
    return np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0 if field == "top" else 1.0]])


def chained(outer: Array, inner: Array) -> Array:
    """The (2, 3) map that applies `inner` first."""
    (a, b, x), (c, d, y) = outer.tolist()
    (e, f, u), (g, h, v) = inner.tolist()
    return np.array(
        [[a * e + b * g, a * f + b * h, a * u + b * v + x], [c * e + d * g, c * f + d * h, c * u + d * v + y]]
    )
