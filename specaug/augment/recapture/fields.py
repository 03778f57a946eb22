"""Blur and smooth noise, in float32."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def blur(image: npt.NDArray[Any], sigma: float, *, sigma_y: float | None = None) -> Array:
    """Gaussian blur; `sigma` in px, along y `sigma_y` where it differs."""
    source = np.asarray(image, np.float32)
    return cv2.GaussianBlur(source, (0, 0), sigmaX=sigma, sigmaY=sigma if sigma_y is None else sigma_y)  # type: ignore[return-value]


def noise(cell: float, *, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Smooth noise with mean near 0 and standard deviation 1; `cell` is the size of its features in px."""
    height, width = shape
    coarse = rng.standard_normal((int(height / cell) + 4, int(width / cell) + 4), dtype=np.float32)
    fine = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    skip = int(cell)
    field = fine[skip : skip + height, skip : skip + width]
    return np.asarray(field / field.std(), np.float32)
