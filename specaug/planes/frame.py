"""One decoded frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.planes.plane_image import PlaneImage


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded frame: where it lies in its source, and its planes."""

    index: int
    """Position in presentation order."""
    pts_seconds: float
    planes: PlaneImage

    @property
    def image(self) -> np.ndarray[Any, Any]:
        """(H, W, 3) uint8 RGB, upright, converted anew each time: for looking at, not for the way to a crop."""
        return self.planes.rgb()

    def __repr__(self) -> str:
        return f"Frame(index={self.index}, pts_seconds={self.pts_seconds:.3f}, planes={self.planes!r})"
