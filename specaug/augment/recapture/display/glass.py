"""What lies before and on the glass of a display, lamp, window, fall-off and dust; and the pulses of its light."""

from __future__ import annotations

import cv2
import numpy as np

from specaug.augment.recapture.display.settings import RecaptureScreenParams
from specaug.augment.recapture.fields import Array, blur

_EDGE = 0.06
"""Softness of the edges of a reflected window, as a share of the side: the glass is out of focus or matt."""
_HARMONICS = 6
"""Of a dimmed light's square wave; the exposure leaves less and less of each."""


def reflections(params: RecaptureScreenParams, side: int) -> Array:
    """(side, side) light that the glass reflects, as a share of white: a lamp, a window, and a veil over all."""
    at = np.arange(side, dtype=np.float32) / np.float32(side)
    x, y = at - np.float32(params.glare_at[0]), at[:, None] - np.float32(params.glare_at[1])
    lamp = np.exp(-(x**2 + y**2) / np.float32(2 * params.glare_size**2))
    light = np.float32(params.glare) * lamp + np.float32(params.veil)
    if params.window:
        light += np.float32(params.window) * _window(params, np.asarray(at, np.float32))
    return np.asarray(light, np.float32)


def _window(params: RecaptureScreenParams, at: Array) -> Array:
    """A bright rectangle with one bar, at an offset of the crop and out of focus."""
    left, top = params.window_at
    across = ((at > left) & (at < left + 0.5)).astype(np.float32)
    across *= np.abs(at - (left + 0.25)) > 0.02
    down = ((at > top) & (at < top + 0.7)).astype(np.float32)
    return blur(np.outer(down, across), max(_EDGE * at.size, 0.5))


def shading(params: RecaptureScreenParams, side: int, *, rng: np.random.Generator) -> Array:
    """(side, side) factor of the display's light: it falls to one edge and outwards, and dust covers it."""
    at = np.linspace(-1, 1, side, dtype=np.float32)
    x, y = at[None], at[:, None]
    light = 1 - np.float32(params.falloff) * (x**2 + y**2) / 2
    light = light * (1 + np.float32(params.slope[0] / 2) * x) * (1 + np.float32(params.slope[1] / 2) * y)
    for _ in range(params.dust):
        place, size = rng.uniform(0, side, 2), rng.uniform(0.6, 2.2)
        _speck(light, place, size, rng.uniform(-0.25, 0.05))
    return np.asarray(light, np.float32)


def _speck(light: Array, place: np.ndarray, size: float, strength: float) -> None:
    """Darken, or brighten where it scatters, a spot of `size` px, in place."""
    left, top = (max(int(v - 4 * size), 0) for v in place)
    part = light[top : top + int(9 * size) + 1, left : left + int(9 * size) + 1]
    x, y = np.arange(part.shape[1]) + left - place[0], np.arange(part.shape[0])[:, None] + top - place[1]
    part *= (1 + strength * np.exp(-(x**2 + y**2) / (2 * size**2))).astype(np.float32)


def pwm_rows(params: RecaptureScreenParams, rows: int, time: float) -> Array:
    """(rows,) light of each row of a frame that begins at `time` (seconds), against its mean.

    A display is dimmed by switching it off for a part of each period, `pwm_hz` times a second. A row gathers light for
    `shutter` seconds, and the rows follow each other at `row_time`: harmonic n of the square wave is left with
    ``2 sinc(n duty) sinc(n hz shutter)``.
    """
    at = time + params.row_time * np.arange(rows)
    light = np.ones(rows)
    for n in range(1, _HARMONICS + 1):
        left = 2 * np.sinc(n * params.pwm_duty) * np.sinc(n * params.pwm_hz * params.shutter)
        light += params.pwm * left * np.cos(2 * np.pi * n * params.pwm_hz * at)
    return light.astype(np.float32)


def apply_rows(light: Array, rows: Array) -> None:
    """Multiply each row of `light` (H, W, 3) in place."""
    # Rows of all their pixels' colors: a product over a last axis of three is several times slower.
    light.reshape(light.shape[0], -1)[:] *= rows[:, None]


def colored(plane: Array) -> Array:
    """(H, W, 3) of (H, W), alike in all colors."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)
