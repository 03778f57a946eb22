"""Search an image for faces too small to be seen in the reduced one: tile by tile, at a scale that shows them."""

from __future__ import annotations

import math

from specaug.faces.boxes import distinct, enlarged
from specaug.faces.detector import FaceDetector
from specaug.planes import PlaneImage
from specaug.records import Face

_TILE, _OVERLAP = 320, 96
"""Side of a tile and what neighbours share, px of the scale that is searched. A tile is what CenterFace takes without
reducing it; a face larger than the overlap, 192 px of the source at the smallest `min_face`, is seen in the whole."""
_SEEN = 24
"""Px of a face's longer side that every detector here finds: CenterFace from about 16, YuNet from 10, SCRFD from 20."""

LARGEST_IN_TILES = _OVERLAP / _SEEN
"""Longer side of the largest face that surely is whole in some tile, in units of `min_face`."""


def find_in_tiles(detector: FaceDetector, image: PlaneImage, *, min_face: int) -> list[Face]:
    """Plausible faces whose longer side is `min_face` px and more, best score first.

    Parameters
    ----------
    detector : FaceDetector
    image : PlaneImage
    min_face : int
        Px of `image`.

    Returns
    -------
    list of Face
        Without those that two tiles saw twice.
    """
    ratio = min(1.0, _SEEN / min_face)
    shape = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    searched = image.reduced(shape)
    ratios = image.width / shape[0], image.height / shape[1]
    found = []
    for top in _starts(shape[1]):
        for left in _starts(shape[0]):
            tile = searched[top : top + _TILE, left : left + _TILE]
            found += [enlarged(face.moved(left, top), ratios) for face in detector(tile)]
    return distinct(found)


def _starts(length: int) -> list[int]:
    """Where tiles begin along one axis: evenly, sharing `_OVERLAP` and more, the last one at the end.

    Examples
    --------
    >>> _starts(300), _starts(640)
    ([0], [0, 160, 320])
    """
    if length <= _TILE:
        return [0]
    count = math.ceil((length - _OVERLAP) / (_TILE - _OVERLAP))
    return [round(i * (length - _TILE) / (count - 1)) for i in range(count)]
