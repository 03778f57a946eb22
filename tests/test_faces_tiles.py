"""The search for small faces: no face is cut by all tiles, the scale is that of the smallest face wanted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from specaug.faces import find_in_tiles
from specaug.planes import PlaneImage, as_plane_image
from specaug.records import Face

LARGEST_SIDE = 320
"""What a detector takes without reducing it."""


class SeesWholeSquares:
    """Sees a bright square of `side` px, or larger, if all of it is in the picture; notes what it was shown."""

    name, version = "square", "1"

    def __init__(self, side: int) -> None:
        self.side = side
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        pixels = as_plane_image(image).rgb()
        self.shown.append(pixels.shape[:2])
        rows, columns = np.nonzero(pixels.min(axis=-1) > 128)
        if not len(rows) or min(np.ptp(rows), np.ptp(columns)) + 1 < self.side:
            return []
        box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
        points = box[:2] + (box[2:] - box[:2]) * np.float32(
            [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]
        )
        return [Face(box, points, 0.9)]

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        return face


def square(corner: Sequence[int], side: int, *, width: int, height: int) -> PlaneImage:
    """A bright square in the dark."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[corner[1] : corner[1] + side, corner[0] : corner[0] + side] = 255
    return PlaneImage.of_rgb(pixels)


@pytest.mark.parametrize("x", [0, 100, 150, 224, 250, 316, 321, 604])
@pytest.mark.parametrize("y", [0, 190, 260, 404])
def test_a_face_as_large_as_the_overlap_is_whole_in_some_tile_and_found_once(x, y):
    detector = SeesWholeSquares(96)
    (face,) = find_in_tiles(detector, square((x, y), 96, width=700, height=500), min_face=24)
    np.testing.assert_array_equal(face.box, [x, y, x + 96, y + 96])
    assert max(map(max, detector.shown)) <= LARGEST_SIDE


@pytest.mark.parametrize("min_face", [48, 60, 96])
def test_the_scale_shows_the_smallest_face_that_is_wanted_with_24_px(min_face):
    detector = SeesWholeSquares(23)  # an edge may fall between two pixels
    image = square((401, 207), min_face, width=1280, height=720)
    (face,) = find_in_tiles(detector, image, min_face=min_face)
    # Known to a pixel of the picture that was searched.
    np.testing.assert_allclose(
        face.box, [401, 207, 401 + min_face, 207 + min_face], atol=min_face / 24 + 1e-3
    )
    searched = 1280 * 24 / min_face, 720 * 24 / min_face
    tiles = [1 if side <= 320 else int(np.ceil((side - 96) / (320 - 96))) for side in searched]
    assert len(detector.shown) == tiles[0] * tiles[1]


def test_nothing_is_enlarged_to_search_it():
    detector = SeesWholeSquares(12)
    (face,) = find_in_tiles(detector, square((20, 30), 12, width=300, height=200), min_face=12)
    np.testing.assert_array_equal(face.box, [20, 30, 32, 42])
    assert detector.shown == [(200, 300)]
