"""What paper does to a printed picture: light that runs sideways, fibers, grain of the ink, gloss."""

from __future__ import annotations

import numpy as np

from specaug.augment.recapture.fields import Array, blur, noise

FIBER_SIZES = (0.3, 3.0)
"""Mm: single fibers seen together, and the clouds of a sheet held against light (its formation)."""
GRAIN_SIZE = 0.4
"""Mm: clusters of toner, and ink that runs together."""
_NARROW = 0.15
"""A Gaussian of less than this, in px, changes nothing."""


def scatter_light(reflectance: Array, sigma: float) -> Array:
    """`reflectance` (H, W, 3), over that of the paper, after light has run sideways beneath the ink by `sigma` px.

    Light passes the ink on its way in, spreads in the paper, and passes the ink where it comes out: ``T (P * T)`` for
    ink of the transmittance ``T``, the root of its reflectance (Yule and Nielsen 1951). So at most half of the
    contrast of a faint grating is lost: its gain is ``(1 + exp(-2 pi² sigma² f²)) / 2``.
    """
    if sigma < _NARROW:
        return reflectance
    through = np.sqrt(np.maximum(reflectance, 0))
    return np.asarray(through * blur(through, sigma), np.float32)


def fibers(shape: tuple[int, int], amplitude: float, *, pitch: float, rng: np.random.Generator) -> Array:
    """(H, W) factors about 1 with the standard deviation `amplitude`, half of the power in each of two sizes.

    `pitch` is mm of paper per px. Features smaller than a px are averaged away in proportion.
    """
    field = sum(features(shape, size, pitch=pitch, rng=rng) for size in FIBER_SIZES)
    return np.asarray(1 + field * np.float32(amplitude / np.sqrt(len(FIBER_SIZES))), np.float32)


def features(shape: tuple[int, int], size: float, *, pitch: float, rng: np.random.Generator) -> Array:
    """(H, W) noise of features of `size` mm, of deviation 1, or size/pitch where a px averages several of them."""
    cell = size / pitch
    return np.asarray(noise(max(cell, 1.0), rng=rng, shape=shape) * np.float32(min(cell, 1.0)), np.float32)


def ink_grain(
    reflectance: Array, amplitude: float, *, black: float, pitch: float, rng: np.random.Generator
) -> Array:
    """`reflectance` (H, W, 3) whose ink is uneven: most in the middle tones, not on bare paper nor in full ink.

    The share of ink ``c = (1 - reflectance) / (1 - black)`` varies by ``2 amplitude sqrt(c (1 - c))``, as dots thrown
    at random do.
    """
    share = np.clip((1 - reflectance.mean(axis=-1)) / np.float32(1 - black), 0, 1)
    uneven = features(share.shape, GRAIN_SIZE, pitch=pitch, rng=rng)
    uneven *= np.float32(2 * amplitude * (1 - black)) * np.sqrt(share * (1 - share))
    return np.asarray(reflectance - uneven[..., None], np.float32)


def gloss(
    shape: tuple[int, int], *, at: tuple[float, float], width: float, strength: float, angle: float
) -> Array:
    """(H, W) light of a lamp or window that the surface reflects, over that of white paper.

    A Gaussian of `width` px, half as wide across `angle` radians, whose top is `strength`, at the shares `at` of the
    picture's width and height, which may lie outside.
    """
    height, width_px = shape
    x = np.arange(width_px, dtype=np.float32)[None] - np.float32(at[0] * width_px)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(at[1] * height)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along, across = (c * x + s * y) / np.float32(width), (c * y - s * x) / np.float32(width / 2)
    return np.asarray(np.float32(strength) * np.exp(-(along**2 + across**2) / 2), np.float32)
