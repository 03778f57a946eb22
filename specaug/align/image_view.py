"""Read a region of an image on a coarser grid, mirrored where it reaches beyond the border."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

Array = np.ndarray[Any, Any]


class View(NamedTuple):
    """A picture on a grid of every `step`-th pixel whose origin is the pixel (x, y)."""

    pixels: Array
    x: int
    y: int
    step: int
    dtype: np.dtype[Any]
    """Of the arithmetic."""

    def region(self, columns: tuple[int, int], rows: tuple[int, int]) -> Array:
        """All pixels from the first grid point to the last one, mirrored outside the picture."""
        (c0, c1), (r0, r1) = columns, rows
        return _region(
            self.pixels,
            (self.x + self.step * c0, self.x + self.step * (c1 - 1) + 1),
            (self.y + self.step * r0, self.y + self.step * (r1 - 1) + 1),
        )


def _region(pixels: Array, columns: tuple[int, int], rows: tuple[int, int]) -> Array:
    """Pixels of `columns` and `rows`, mirrored at the border of the picture; a view where they lie inside."""
    (x0, x1), (y0, y1) = columns, rows
    height, width = pixels.shape[:2]
    left, top, right, bottom = max(0, -x0), max(0, -y0), max(0, x1 - width), max(0, y1 - height)
    if not (left or top or right or bottom):
        return pixels[y0:y1, x0:x1]
    if max(left, right) >= width or max(top, bottom) >= height:
        far = pixels.take(_mirrored(y0, y1, height), axis=0)
        return np.asarray(far.take(_mirrored(x0, x1, width), axis=1))
    # Mirroring needs the border's inner side too; what the window does not show is cut off again.
    xa, xb = max(0, min(x0, width - 1 - right)), min(width, max(x1, left + 1))
    ya, yb = max(0, min(y0, height - 1 - bottom)), min(height, max(y1, top + 1))
    inside = pixels[ya:yb, xa:xb]
    padded = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    x, y = x0 - xa + left, y0 - ya + top
    return np.asarray(padded[y : y + y1 - y0, x : x + x1 - x0])


def _mirrored(start: int, stop: int, length: int) -> Array:
    """Positions in ``range(start, stop)`` folded into a line of `length` px, its end pixels not repeated."""
    period = max(1, 2 * (length - 1))
    folded = np.arange(start, stop) % period
    return np.minimum(folded, period - folded) if length > 1 else folded
