"""What a phone makes of the grid of a display's pixels, in closed form.

As a function of display coordinates (one unit a px) the light of one color is a periodic arrangement of rectangles, so
it is a Fourier series. Lens and sensor pixel multiply each wave by their transforms, and the sensor's grid takes
samples. Nothing is oversampled: a finite oversampling of the rectangles would itself alias, and show moiré several
times too strong.

A file of the sensor's own px is sampled by the mosaic of :mod:`specaug.augment.recapture.phone.sensor`. In a file that
was reduced, the mosaic lies below a px, and what it makes of each wave is known too: its samples are copies of the wave
at the mosaic's own frequencies, weighted by the demosaic and by the mean over a px of the file. The copies near zero
frequency are the wide, faint bands of color that photographs of displays show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.panels import Panel

_REACH = 1.5
"""Cycles per sensor px beyond which lens and pixel leave nothing."""
_HIGHEST = 12
"""Harmonics of a display that fills a sensor with few of its pixels are many; these make its subpixels visible."""
_FAINTEST = 1e-3
"""A sixteenth of a grey level at middle grey."""
MOST_WAVES = 16
"""Waves that are calculated, the strongest first. Nine of ten draws of the recipe have no more; of the others, the rest
is below 3 % of the light in all but one of a hundred."""
_LUMA = np.array([0.299, 0.587, 0.114])
_HALVES = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.5], [0.5, 0.5]])
"""Frequencies of an RGGB mosaic, cycles per sensor px."""

Complexes = npt.NDArray[np.complex128]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Wave:
    """One visible wave: of the display's grid, or a copy of one at a frequency of the mosaic."""

    order: tuple[float, float]
    """Cycles per display px along x and y."""
    along: tuple[float, float]
    """Cycles per px of the file that the mosaic's grid takes away, along x and y."""
    amplitude: Complexes
    """(3,) of red, green and blue, against a mean of 1; the wave is the real part of its product with e^(i phase)."""
    squared: float
    """Square of its frequency before the sensor, cycles per sensor px: what a softer lens takes away goes by it."""

    @property
    def is_gray(self) -> bool:
        """Whether it is alike in all colors."""
        return bool(np.ptp(self.amplitude.real) + np.ptp(self.amplitude.imag) < 1e-9)


@dataclass(frozen=True, eq=False)
class _Optical:
    """Waves of a grid behind lens and sensor pixel; n of them."""

    order: Floats
    """(n, 2) cycles per display px along x and y."""
    frequency: Floats
    """(n, 2) cycles per sensor px."""
    amplitude: Complexes
    """(n, 3) of red, green and blue."""


def coefficients(panel: Panel, order: Floats) -> Complexes:
    """(n, 3) Fourier coefficients of red, green and blue at `order` (n, 2) cycles per display px, over their means."""
    found = []
    for color in panel.subpixels:
        places = np.array([(s.x, s.y) for s in color])
        sizes = np.array([(s.width, s.height) for s in color])
        areas = sizes.prod(axis=1)
        trains = np.sinc(order[:, None] * sizes).prod(axis=2) * np.exp(-2j * np.pi * order @ places.T)
        found.append(trains @ areas / areas.sum())
    return np.stack(found, axis=-1)


def optical_waves(panel: Panel, jacobian: Floats, lens_sigma: float) -> _Optical:
    """The waves that pass lens and sensor pixel.

    Parameters
    ----------
    panel : Panel
    jacobian : (2, 2) array
        Change of the display coordinates (rows: x, y) for one sensor px to the right and down.
    lens_sigma : float
        Blur of the lens, sensor px.

    Notes
    -----
    A wave (k, m) has the frequency f = k grad x + m grad y and the amplitude 2 c exp(-2 pi² sigma² |f|²) sinc(f_x)
    sinc(f_y), c its coefficient. (k, m) and (-k, -m) are one.
    """
    across, down = (min(max(2, int(_REACH / np.hypot(*row))), _HIGHEST) * panel.period for row in jacobian)
    grid = np.mgrid[0 : across + 1, -down : down + 1].reshape(2, -1).T
    half = grid[(grid[:, 0] > 0) | (grid[:, 1] > 0)] / panel.period
    frequency = half @ jacobian
    lens = np.exp(-2 * (np.pi * lens_sigma) ** 2 * np.square(frequency).sum(axis=1))
    optics = lens * np.sinc(frequency).prod(axis=1)
    passed = np.abs(optics) > _FAINTEST / 2
    order = half[passed]
    amplitude = 2 * coefficients(panel, order) * optics[passed, None]
    seen = np.abs(amplitude).max(axis=1) > _FAINTEST
    return _Optical(order[seen], frequency[passed][seen], amplitude[seen])


def sampled_waves(
    panel: Panel, jacobian: Floats, lens_sigma: float, *, most: int = MOST_WAVES
) -> tuple[Wave, ...]:
    """Waves on the sensor's pixels, before the mosaic; what they alias to is left to its samples."""
    optical = optical_waves(panel, jacobian, lens_sigma)
    return _strongest(
        (
            Wave((k, m), (0.0, 0.0), amplitude, float(f @ f))
            for (k, m), f, amplitude in zip(optical.order, optical.frequency, optical.amplitude, strict=True)
        ),
        most,
    )


def reduced_waves(
    panel: Panel, jacobian: Floats, lens_sigma: float, reduction: float, *, most: int = MOST_WAVES
) -> tuple[Wave, ...]:
    """Waves in a file of which a px is the mean of `reduction` sensor px along each axis.

    Of each wave of frequency f the mosaic's samples hold four, at f - n with n in halves, which the demosaic weights:
    it interpolates green at half of the pixels, and the differences of red and blue to it at three of four. A copy that
    the file resolves keeps its color, whatever the phone makes of it afterwards; of a faster one only luma is left,
    since phones denoise color before they reduce.
    """
    optical = optical_waves(panel, jacobian, lens_sigma)
    return _strongest(
        (
            copy
            for (k, m), f, amplitude in zip(optical.order, optical.frequency, optical.amplitude, strict=True)
            for copy in _copies((k, m), f, amplitude, reduction)
        ),
        most,
    )


def _copies(order: tuple[float, float], f: Floats, amplitude: Complexes, reduction: float) -> Iterator[Wave]:
    """The four copies of a wave in the samples, at f - n, n in halves; further ones are the same samples again."""
    once, twice = np.cos(2 * np.pi * f).mean(), np.cos(4 * np.pi * f).mean()
    own = (1 - twice) / 4  # what a demosaic adds to green at a red or blue pixel of that pixel's own color
    red, green, blue = amplitude
    guessed = (2 * once * green + own * (red + blue)) / 4
    differences = np.array([red - once * green - own * red, 0, blue - once * green - own * blue])
    for half in _HALVES:
        shift = half + np.round(f - half)
        rest = f - shift
        # Green is measured where row + column is odd, red where both are even, blue where both are odd.
        kind = int(2 * half.sum())
        base = (guessed + green / 2, own * (red - blue) / 4, guessed - green / 2)[kind]
        linear = np.prod(np.cos(np.pi * rest) ** 2)
        colors = base + linear * differences * np.array([1, 0, (-1) ** kind])
        if (np.abs(rest) * reduction > 0.5).any():
            colors = np.full(3, _LUMA @ colors)
        mean = np.prod(np.sinc(reduction * rest) / np.sinc(rest))
        middle = np.exp(-2j * np.pi * (shift @ np.full(2, (reduction - 1) / 2)))
        along = (float(shift[0] * reduction), float(shift[1] * reduction))
        yield Wave(order, along, colors * mean * middle, float(f @ f))


def _strongest(waves: Iterator[Wave], most: int) -> tuple[Wave, ...]:
    def strength(wave: Wave) -> float:
        return float(np.abs(wave.amplitude).max())

    seen = sorted((w for w in waves if strength(w) > _FAINTEST), key=strength, reverse=True)
    return tuple(seen[:most])


def grid_light(
    waves: tuple[Wave, ...], x: Array, y: Array, *, softer: Array, lens_sigma: float
) -> Array | None:
    """(H, W, 3) relative light of a display at the display coordinates `x` and `y` (H, W) of each px of the file.

    Parameters
    ----------
    waves : tuple of Wave
    x, y : (H, W) float32
        Display px.
    softer : (H, W) float32
        Square of the lens's blur in units of `lens_sigma` squared, less 1: waves fade where the lens is softer.
    lens_sigma : float
        Sensor px.

    Returns
    -------
    (H, W, 3) float32, mean about 1, or None
        None where no wave is seen.
    """
    if not waves:
        return None
    height, width = x.shape
    column, row = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    gray = np.ones((height, width), np.float32)
    colors: list[Array | None] = [None, None, None]
    for wave in waves:
        phase = x * np.float32(2 * np.pi * wave.order[0])
        phase += y * np.float32(2 * np.pi * wave.order[1])
        if any(wave.along):
            phase -= column * np.float32(2 * np.pi * wave.along[0])
            phase -= row * np.float32(2 * np.pi * wave.along[1])
        fade = softer * np.float32(-2 * (np.pi * lens_sigma) ** 2 * wave.squared)
        cosine, sine = (np.asarray(v, np.float32) for v in cv2.polarToCart(cv2.exp(fade), phase))
        if wave.is_gray:
            _add(gray, cosine, sine, wave.amplitude[0])
            continue
        for channel, amplitude in enumerate(wave.amplitude):
            if abs(amplitude) > _FAINTEST / 4:
                plane = colors[channel]
                if plane is None:
                    plane = colors[channel] = np.zeros((height, width), np.float32)
                _add(plane, cosine, sine, amplitude)
    planes = [gray if plane is None else gray + plane for plane in colors]
    return np.asarray(cv2.merge(planes), np.float32)


def _add(plane: Array, cosine: Array, sine: Array, amplitude: complex) -> None:
    """Add the real part of ``amplitude * (cosine + i sine)`` in place."""
    cv2.scaleAdd(cosine, float(amplitude.real), plane, dst=plane)
    cv2.scaleAdd(sine, -float(amplitude.imag), plane, dst=plane)
