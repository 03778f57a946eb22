"""Dots of toner, drawn only where lens and sensor resolve them."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np

from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.prints.ink import compensate_black, inks_of, separate
from specaug.augment.recapture.prints.sheets import Sheet

FINE = 3
"""Texture px for one px of the file, along each axis."""
ANGLES = (15.0, 75.0, 0.0, 45.0)
"""Degrees at which the screens of cyan, magenta, yellow and black stand, to keep rosettes small."""
FAINTEST = 0.03
"""Gain of a screen's first wave below which its dots are left out: of a middle tone, whose first wave has some half of
white, a sixtieth of white is left then, as much as a phone's noise."""


def dot_gain(*, ruling: float, pitch: float, softness: float) -> float:
    """Gain of the first wave of dots `ruling` mm apart: a Gaussian of `softness` px, and square px of `pitch` mm.

    0 where the file's px are too coarse for the wave, or there are no dots.

    Examples
    --------
    >>> round(dot_gain(ruling=0.2, pitch=0.05, softness=0.6), 2)
    0.58
    >>> dot_gain(ruling=0.2, pitch=0.12, softness=0.6)
    0.0
    """
    frequency = pitch / ruling if ruling else 1.0
    if frequency >= 0.5:
        return 0.0
    return float(np.sinc(frequency) * np.exp(-2 * (np.pi * softness * frequency) ** 2))


def dot_screen(shape: tuple[int, int], *, cell: float, angle: float) -> Array:
    """(H, W) a grid of round hills in [-1, 1], `cell` texture px apart, turned by `angle` degrees."""
    a, b = (2 * np.pi / cell * f(np.radians(angle)) for f in (np.cos, np.sin))
    x, y = np.arange(shape[1]), np.arange(shape[0])[:, None]
    # A plane wave is the real part of a product of a row and a column: no cosine for each px.
    along = (np.exp(1j * a * x) * np.exp(1j * b * y)).real
    across = (np.exp(-1j * b * x) * np.exp(1j * a * y)).real
    return np.asarray((along + across) / 2, np.float32)


@functools.lru_cache(maxsize=8)
def _levels(edge: float) -> tuple[Array, Array]:
    """Heights at which a screen is cut, and the share of the area that is inked, with edges that rise over `edge`."""
    wave = np.cos(np.pi * (np.arange(180) + 0.5) / 180)
    hills = np.add.outer(wave, wave).ravel() / 2
    levels = np.linspace(-1 - edge / 2, 1 + edge / 2, 129)
    shares = [float(np.clip((level - hills) / edge + 0.5, 0, 1).mean()) for level in levels]
    return np.asarray(levels, np.float32), np.asarray(shares, np.float32)


def ink_dots(coverage: Array, screen: Array, *, cell: float) -> Array:
    """(H, W) where ink lies, 0 to 1, so that its mean is the wanted `coverage` (h, w), which may be smaller.

    The hills of `screen` are cut at the height that leaves the wanted share below. Edges rise over two texture px, so
    that a px in which an edge lies holds about the part of it that is covered.
    """
    edge = 2 * math.pi / cell  # of the slope that a screen has in the middle of its rise
    levels, shares = _levels(edge)
    level = np.interp(coverage, shares, levels).astype(np.float32)
    level = np.asarray(cv2.resize(level, screen.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(np.clip((level - screen) / np.float32(edge) + np.float32(0.5), 0, 1), np.float32)


def dotted(light: Array, sheet: Sheet, *, pitch: float) -> Array:
    """(3 H, 3 W, 3) reflectance, over that of the paper, of linear `light` (H, W, 3) as dots of four inks.

    Each ink is a screen of round dots at its own angle; where dots overlap, their reflectances multiply.
    """
    inks = inks_of(sheet)
    coverage = separate(compensate_black(light, sheet.black), inks)
    shape = (light.shape[0] * FINE, light.shape[1] * FINE)
    cell = sheet.ruling / pitch * FINE
    texture = np.ones((*shape, 3), np.float32)
    for ink, angle in enumerate(ANGLES):
        dots = ink_dots(coverage[ink], dot_screen(shape, cell=cell, angle=angle), cell=cell)
        for color in range(3):
            texture[..., color] *= 1 - dots * np.float32(1 - inks[ink, color])
    return texture


def seen_by_pixels(texture: Array) -> Array:
    """(H, W, 3) mean over the square px of the file of a `texture` (3 H, 3 W, 3)."""
    size = (texture.shape[1] // FINE, texture.shape[0] // FINE)
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.float32)
