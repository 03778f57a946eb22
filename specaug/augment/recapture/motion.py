"""How a hand trembles."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FPS = 24
"""Frames a second of what is filmed."""


def tremble(
    frames: int, amplitude: float, *, rng: np.random.Generator, interval: float = 1.0
) -> npt.NDArray[np.float64]:
    """(frames, 2) smooth random movement with the standard deviation `amplitude`, at every `interval`-th frame."""
    length = int(np.ceil((frames - 1) * interval)) + 1
    steps = rng.standard_normal((length + 40, 2))
    smooth = cv2.GaussianBlur(steps, (0, 0), sigmaX=1e-3, sigmaY=4)[20 : 20 + length]
    at = np.arange(frames) * interval
    kept = np.stack([np.interp(at, np.arange(length), axis) for axis in smooth.T], axis=1)
    # A white series smoothed by a Gaussian keeps a variance of 1 / (2 sqrt(pi) sigma).
    return np.asarray(kept * amplitude * np.sqrt(2 * np.sqrt(np.pi) * 4))
