"""How a flat thing, a display or a sheet of paper, is seen: which point of it each pixel of the sensor looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array


@dataclass(frozen=True)
class View:
    """How a camera looks at something flat that shows a picture of the camera's own size."""

    magnification: float
    """Sensor px for one px of the picture; above 1, so that its edges stay outside."""
    turn: float
    """Roll of the camera, radians."""
    keystone: tuple[float, float]
    """Change of distance from one edge of the frame to the other, as a share, along x and y."""

    def matrix(self, size: tuple[int, int]) -> npt.NDArray[np.float64]:
        """(3, 3) homography from sensor px (x, y, 1) to px of the picture, for frames of `size` (width, height)."""
        width, height = size
        middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
        c, s = np.cos(self.turn) / self.magnification, np.sin(self.turn) / self.magnification
        kx, ky = self.keystone[0] / width, self.keystone[1] / height
        look = np.array([[c, -s, 0], [s, c, 0], [kx, ky, 1]])
        return np.asarray(middle @ look @ np.linalg.inv(middle), np.float64)


def sample_view(*, rng: np.random.Generator) -> View:
    """Draw a view that is nearly straight."""
    keystone = rng.uniform(-0.04, 0.04, 2)
    return View(
        magnification=rng.uniform(1.09, 1.18),
        turn=rng.uniform(-0.03, 0.03),
        keystone=(float(keystone[0]), float(keystone[1])),
    )


def sight_lines(matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> tuple[Array, Array]:
    """The point (x, y) that each sensor pixel looks at, two (height, width) float32 arrays."""
    width, height = size
    x, y = np.arange(width, dtype=np.float64)[None], np.arange(height, dtype=np.float64)[:, None]
    across, down, distance = (row[0] * x + row[1] * y + row[2] for row in matrix)
    return (across / distance).astype(np.float32), (down / distance).astype(np.float32)


def central_jacobian(x: Array, y: Array) -> npt.NDArray[np.float64]:
    """(2, 2) rows of x and y: their change for one sensor px to the right and one down, at the middle of the frame."""
    row, column = x.shape[0] // 2, x.shape[1] // 2
    return np.array(
        [[f[row, column + 1] - f[row, column], f[row + 1, column] - f[row, column]] for f in (x, y)],
        np.float64,
    )
