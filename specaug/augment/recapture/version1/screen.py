"""A display that replays frames: what its subpixel stripes look like through a lens and square sensor pixels.

A display pixel is three stripes, red, green and blue. As a function of display coordinates (one unit a pixel) the
light of colour c is a periodic train of rectangles, so it is a Fourier series. Lens and sensor pixel multiply each
wave of the series by the Gaussian's and the square's transform at the wave's frequency in cycles per sensor pixel,
and the sensor's grid takes samples. Moiré is what these samples alias to. Nothing is oversampled: a finite
oversampling of the stripes would itself alias, and show moiré several times too strong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, blur
from specaug.augment.recapture.motion import FPS, tremble
from specaug.augment.recapture.optics import View, central_jacobian, sample_view, sight_lines
from specaug.augment.recapture.srgb import decode_tone

STRIPE_WIDTH = 0.28
STRIPE_HEIGHT = 0.84
"""Size of a subpixel in display px; the rest is dark."""
_REACH = 1.5
"""Cycles per sensor px beyond which lens and pixel leave nothing."""
_HIGHEST = 12
"""Harmonics of a display that fills a sensor with few of its pixels are many; these make its stripes visible."""
_FAINTEST = 1e-3


@dataclass(frozen=True)
class Screen:
    """One display in front of one camera."""

    view: View
    density: float
    """Display px for one px of the picture that it shows."""
    white: tuple[float, float, float]
    black: float
    """Light of a dark pixel, as a share of white."""
    flicker: float
    """Strength of the dark bands that a dimmed backlight and a rolling shutter make."""
    glare: float
    """Light reflected by the glass, as a share of white, at its brightest point."""
    glare_at: tuple[float, float]
    """Shares of width and height."""
    shake: float
    """Standard deviation of the camera's movement, px."""


@dataclass(frozen=True)
class Wave:
    """One visible wave of the stripes: `k` periods a display px along x, `l` along y, amplitude `gain`."""

    k: int
    l: int  # noqa: E741
    gain: float


def sample_screen(shake: float, *, rng: np.random.Generator) -> Screen:
    """Draw a display, and how it is filmed."""
    draw = rng.uniform
    return Screen(
        view=sample_view(rng=rng),
        density=draw(0.70, 1.05),
        white=(draw(0.90, 1.02), 1.0, draw(1.0, 1.14)),
        black=draw(0.003, 0.015),
        flicker=draw(0.0, 0.01),
        glare=draw(0.0, 0.05),
        glare_at=(draw(0, 1), draw(0, 1)),
        shake=shake,
    )


def visible_waves(jacobian: npt.NDArray[np.float64], lens_sigma: float) -> tuple[Wave, ...]:
    """The waves of the subpixel stripes that pass the lens and the sensor's pixels.

    Parameters
    ----------
    jacobian : (2, 2) array
        Change of the display coordinates (rows: x, y) for one sensor px to the right and down.
    lens_sigma : float
        Blur of the lens, sensor px.

    Notes
    -----
    A wave (k, l) has the frequency f = k grad x + l grad y, cycles per sensor px, and the amplitude
    2 sinc(k w) sinc(l h) exp(-2 pi² sigma² |f|²) sinc(f_x) sinc(f_y) for stripes of w by h display px.
    """
    found = []
    across, down = (min(max(2, int(_REACH / np.hypot(*row))), _HIGHEST) for row in jacobian)
    for k in range(across + 1):
        for m in range(-down if k else 1, down + 1):
            f = k * jacobian[0] + m * jacobian[1]
            optics = (
                np.exp(-2 * (np.pi * lens_sigma) ** 2 * (f[0] ** 2 + f[1] ** 2))
                * np.sinc(f[0])
                * np.sinc(f[1])
            )
            gain = 2 * float(np.sinc(k * STRIPE_WIDTH) * np.sinc(m * STRIPE_HEIGHT) * optics)
            if abs(gain) > _FAINTEST:
                found.append(Wave(k, m, gain))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Stripes:
    """The visible waves over one frame, ready to be shifted."""

    waves: tuple[Wave, ...]
    shape: tuple[int, int]
    cosines: tuple[Array, ...]
    sines: tuple[Array, ...]

    def at(self, x: float, y: float) -> Array:
        """(H, W, 3) relative light of each colour, mean 1, the display shifted by (x, y) display px."""
        mask = np.ones((*self.shape, 3), np.float32)
        for wave, cosine, sine in zip(self.waves, self.cosines, self.sines, strict=True):
            for colour in range(3):
                turn = 2 * np.pi * (wave.k * (x - (colour + 0.5) / 3) + wave.l * (y - 0.5))
                mask[..., colour] += np.float32(wave.gain * np.cos(turn)) * cosine
                mask[..., colour] -= np.float32(wave.gain * np.sin(turn)) * sine
        return mask


def stripes(x: Array, y: Array, *, lens_sigma: float) -> Stripes:
    """The stripes of a display at the display coordinates `x` and `y` (H, W) of each sensor pixel."""
    waves = visible_waves(central_jacobian(x, y), lens_sigma)
    phases = [np.float32(2 * np.pi) * (w.k * x + w.l * y) for w in waves]
    return Stripes(
        waves, (x.shape[0], x.shape[1]), tuple(np.cos(p) for p in phases), tuple(np.sin(p) for p in phases)
    )


def replay(
    shown: Iterable[npt.NDArray[np.uint8]],
    screen: Screen,
    *,
    lens_sigma: float,
    frames: int,
    rng: np.random.Generator,
    interval: float = 1.0,
) -> Iterator[Array]:
    """Yield the light (H, W, 3) of a display that shows `shown` (H, W, 3), behind the lens of a camera.

    From one picture to the next, `interval` frames of the camera pass.
    """
    shake = tremble(frames, screen.shake, rng=rng, interval=interval)
    softness = float(np.hypot(lens_sigma, screen.view.magnification / screen.density / np.sqrt(12)))
    pattern: Stripes | None = None
    for i, image in enumerate(shown):
        size = (image.shape[1], image.shape[0])
        if pattern is None:
            x, y = sight_lines(screen.view.matrix(size), size)
            pattern = stripes(
                x * np.float32(screen.density), y * np.float32(screen.density), lens_sigma=lens_sigma
            )
            glare = np.repeat(_glare(screen, size), 3, axis=2)
            levels = _levels(screen)
        dx, dy = shake[i]
        light = np.asarray(cv2.LUT(image, levels), np.float32)
        seen = cv2.remap(
            light, x + np.float32(dx), y + np.float32(dy), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        seen = blur(seen, softness)
        seen *= pattern.at(dx * screen.density, dy * screen.density)
        # Rows of all their pixels' colours: a product over a last axis of three is several times slower.
        seen.reshape(size[1], -1)[:] *= _bands(screen, size[1], i * interval)
        seen += glare
        yield seen


def _levels(screen: Screen) -> Array:
    """(1, 256, 3) light of each 8-bit value in each colour, the black of the display beneath it."""
    light = decode_tone(np.arange(256, dtype=np.uint8))[:, None] * np.asarray(screen.white, np.float32)
    return np.asarray(light + np.float32(screen.black), np.float32)[None]


def _glare(screen: Screen, size: tuple[int, int]) -> Array:
    """(H, W, 1) a soft reflection of a lamp."""
    width, height = size
    x, y = (
        np.arange(width) / width - screen.glare_at[0],
        np.arange(height)[:, None] / height - screen.glare_at[1],
    )
    return (screen.glare * np.exp(-(x**2 + y**2) / (2 * 0.3**2)))[..., None].astype(np.float32)


def _bands(screen: Screen, height: int, frame: float) -> Array:
    """(H, 1) brightness of each row: the backlight beats with the rolling shutter."""
    phase = 2 * np.pi * (1.7 * np.arange(height) / height + 8.9 * frame / FPS)
    return (1 + screen.flicker * np.sin(phase))[:, None].astype(np.float32)
