"""A printed photograph: four inks as dots on paper, held before a camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, blur, noise
from specaug.augment.recapture.motion import FPS, tremble
from specaug.augment.recapture.optics import View, sample_view, sight_lines
from specaug.augment.recapture.srgb import decode_tone

DOTS_PER_PX = 3
"""Texture px for one px of the printed picture, along each axis."""
INKS = np.array([[0.08, 0.48, 0.74], [0.66, 0.08, 0.30], [0.90, 0.78, 0.08], [0.05, 0.05, 0.05]], np.float32)
"""Reflectance of cyan, magenta, yellow and black, (4, 3)."""
_PAPER = np.array([0.86, 0.85, 0.82], np.float32)
_ANGLES = (15.0, 75.0, 0.0, 45.0)
"""Degrees at which the screens of the inks stand, as printers turn them to keep rosettes small."""
_BLACK_SHARE = 0.7
_SAMPLED = 900
"""Side of the part of a screen from which its heights are known: it is alike everywhere."""
_LIFT = 0.85
"""Exponent by which a printer lightens shadows, which paper would swallow."""


@dataclass(frozen=True)
class Print:
    """One sheet of paper in front of one camera."""

    view: View
    screening: Literal["dots", "grain"]
    """Dots of varied size on a grid, or dots of one size at random (ink jet)."""
    cell: float
    """Distance of the dots, px of the printed picture."""
    scatter: float
    """Standard deviation of the way that light takes sideways inside the paper, px of the printed picture."""
    curl: float
    """How far the sheet bends, as a share of its height."""
    light: tuple[float, float, float]
    slope: float
    """Change of the light from left to right, as a share."""
    sway: tuple[float, float, float]
    """Movement in the hand: px along x and y, roll in radians."""
    shake: float
    """Standard deviation of the camera's movement, px."""

    @property
    def white(self) -> Array:
        """(3,) colour of the bare paper in its light."""
        return _PAPER * np.asarray(self.light, np.float32)


def sample_print(shake: float, height: int, *, rng: np.random.Generator) -> Print:
    """Draw a sheet, and how it is held before a camera whose frames are `height` px high."""
    draw, px = rng.uniform, height / 480
    return Print(
        view=sample_view(rng=rng),
        screening="dots" if draw() < 0.7 else "grain",
        cell=draw(1.7, 2.5),
        scatter=draw(0.48, 0.68),
        curl=draw(-0.02, 0.02),
        light=(draw(0.98, 1.10), 1.0, draw(0.76, 1.02)),
        slope=draw(-0.25, 0.25),
        sway=(draw(3, 9) * px, draw(2, 6) * px, draw(0.005, 0.02)),
        shake=shake,
    )


def separate(reflectance: Array) -> Array:
    """(…, 4) share of the paper that each ink must cover, 0 to 1, to show `reflectance` (…, 3) in [0, 1].

    The inverse of :func:`mean_reflectance` on bare paper of reflectance 1. Black takes over part of what all three
    colours share. The colours are found in turn, each given what the others absorb; what the inks cannot reach is
    clipped.
    """
    wanted = np.clip(reflectance, 0, 1).astype(np.float32)
    black = _BLACK_SHARE * (1 - wanted.max(axis=-1)) ** 2
    coverage = [np.zeros_like(black) for _ in range(3)] + [black]
    for _ in range(5):
        for ink in range(3):
            coverage[ink] = np.zeros_like(black)
            rest = mean_reflectance(coverage, colour=ink)
            np.divide(wanted[..., ink], rest, out=rest)
            np.subtract(1, rest, out=rest)
            rest /= 1 - INKS[ink, ink]
            coverage[ink] = np.clip(rest, 0, 1, out=rest)
    return np.stack(coverage, axis=-1)


def mean_reflectance(coverage: Sequence[Array], *, colour: int) -> Array:
    """(…) share of the light of one colour that comes back from dots which overlap by chance (Demichel).

    `coverage` holds the share of the paper under each of the four inks, (…) each.
    """
    shares = [1 - c * (1 - ink) for c, ink in zip(coverage, INKS[:, colour], strict=True)]
    return np.asarray(shares[0] * shares[1] * shares[2] * shares[3], np.float32)


def dot_screen(shape: tuple[int, int], *, cell: float, angle: float) -> Array:
    """(H, W) a grid of round hills in [-1, 1], `cell` texture px apart, turned by `angle` degrees."""
    c, s = (2 * np.pi / cell * f(np.radians(angle)) for f in (np.cos, np.sin))
    x, y = np.arange(shape[1]), np.arange(shape[0])[:, None]
    # cos(a x + b y) = cos ax cos by - sin ax sin by: outer products, no cosine for each pixel.
    waves = (f(a * t).astype(np.float32) for t in (x, y) for a in (c, s) for f in (np.cos, np.sin))
    cos_cx, sin_cx, cos_sx, sin_sx, cos_cy, sin_cy, cos_sy, sin_sy = waves
    first = cos_cx * cos_sy - sin_cx * sin_sy
    second = cos_sx * cos_cy + sin_sx * sin_cy
    return np.asarray(0.5 * (first + second), np.float32)


def grain_screen(shape: tuple[int, int], *, cell: float, rng: np.random.Generator) -> Array:
    """(H, W) noise without low frequencies, whose features are about `cell` texture px apart."""
    white = rng.standard_normal(shape, dtype=np.float32)
    fine = blur(white, 0.12 * cell)
    band = fine - blur(fine, 0.3 * cell)
    return np.asarray(band / band.std(), np.float32)


def ink_dots(coverage: Array, screen: Array) -> Array:
    """(H, W) where the ink lies, 0 to 1 with soft edges, so that its mean is the wanted `coverage` (h, w).

    `coverage` may be smaller than `screen` by a whole factor. The screen's hills are cut off at the height that
    leaves the wanted share of the area above, whatever the shape of the hills.
    """
    edge = 2.2 * float(np.abs(np.diff(screen, axis=1)).mean())
    shares = np.linspace(0, 1, 65)
    heights = np.quantile(screen[:_SAMPLED:3, :_SAMPLED:3], shares)
    heights[[0, -1]] += (-edge, edge)
    level = np.interp(coverage, shares, heights).astype(np.float32)
    level = np.asarray(cv2.resize(level, screen.shape[::-1]), np.float32)
    return np.asarray(np.clip((level - screen) / np.float32(edge) + np.float32(0.5), 0, 1), np.float32)


def print_photo(
    image: npt.NDArray[np.uint8], sheet: Print, *, lens_sigma: float, rng: np.random.Generator
) -> Array:
    """(3 H, 3 W, 3) reflectance of the printed `image` (H, W, 3), as blurred by a lens and the sensor's pixels."""
    coverage = separate(decode_tone(image) ** np.float32(_LIFT))
    shape = (image.shape[0] * DOTS_PER_PX, image.shape[1] * DOTS_PER_PX)
    cell = sheet.cell * DOTS_PER_PX
    fibres = np.exp(0.012 * noise(2, rng=rng, shape=shape) + 0.015 * noise(50, rng=rng, shape=shape))
    texture = _PAPER * fibres[..., None]
    for ink, angle in enumerate(_ANGLES):
        grid = dot_screen(shape, cell=cell, angle=angle)
        screen = grid if sheet.screening == "dots" else grain_screen(shape, cell=cell, rng=rng)
        dots = ink_dots(coverage[..., ink], screen)
        for colour in range(3):
            texture[..., colour] *= 1 - dots * (1 - INKS[ink, colour])
    softness = np.hypot(lens_sigma / sheet.view.magnification, sheet.scatter)
    texture = blur(texture, float(softness) * DOTS_PER_PX)
    return np.asarray(cv2.blur(texture, (DOTS_PER_PX, DOTS_PER_PX)), np.float32)


def hold(
    texture: Array, sheet: Print, *, frames: int, rng: np.random.Generator, interval: float = 1.0
) -> Iterator[Array]:
    """Yield the light (H, W, 3) of a printed `texture` (3 H, 3 W, 3) that moves in the hand.

    From one picture to the next, `interval` frames of the camera pass.
    """
    width, height = texture.shape[1] // DOTS_PER_PX, texture.shape[0] // DOTS_PER_PX
    size = (width, height)
    phase = rng.uniform(0, 2 * np.pi, 3)
    shake = tremble(frames, sheet.shake, rng=rng, interval=interval)
    x, y = sight_lines(sheet.view.matrix(size), size)
    x += np.float32(sheet.curl * height) * np.square(y / height - np.float32(0.5))
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :, None]
    light = np.asarray(sheet.light, np.float32) * (1 + np.float32(sheet.slope) * across)
    for i in range(frames):
        waves = np.sin(2 * np.pi * np.array([0.23, 0.17, 0.13]) * i * interval / FPS + phase) * np.array(
            sheet.sway
        )
        move_x, move_y = waves[:2] + shake[i]
        c, s = np.float32(np.cos(waves[2])), np.float32(np.sin(waves[2]))
        dx, dy = x - np.float32(width / 2), y - np.float32(height / 2)
        at_x = (c * dx - s * dy + np.float32(width / 2 + move_x + 0.5)) * DOTS_PER_PX - np.float32(0.5)
        at_y = (s * dx + c * dy + np.float32(height / 2 + move_y + 0.5)) * DOTS_PER_PX - np.float32(0.5)
        seen = cv2.remap(texture, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(seen, np.float32) * light
