"""Frames with known spectra."""

from __future__ import annotations

import numpy as np

SIDE = 96
SIGMA = 0.05


def noise(seed: int, frames: int = 1, *, sigma: float = SIGMA, side: int = SIDE) -> np.ndarray:
    """(T, H, W, 3) white gray noise about one half."""
    values = np.random.default_rng(seed).standard_normal((frames, side, side, 1))
    return np.repeat(0.5 + sigma * values, 3, axis=-1)


def grating(frequency: float, angle: float, amplitude: float, *, side: int = SIDE) -> np.ndarray:
    """(1, H, W, 1) wave that changes in the direction of `angle` degrees, from x towards lower rows."""
    y, x = np.mgrid[:side, :side]
    along = np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y
    return amplitude * np.cos(2 * np.pi * frequency * along)[None, ..., None]


def flicker(hertz: float, rate: float, amplitude: float, frames: int) -> np.ndarray:
    """(T, 1, 1, 1) brightness."""
    return amplitude * np.cos(2 * np.pi * hertz * np.arange(frames) / rate)[:, None, None, None]
