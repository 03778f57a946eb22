"""A camera: linear light -> lens, Bayer mosaic, shot and read noise, demosaic, tone curve, sharpening -> 8 bits."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, blur
from specaug.augment.recapture.srgb import encode_tone

_WHITE = 60_000
"""Raw value of a full pixel; leaves headroom in 16 bits."""
_PEDESTAL = 2_000
"""Raw value of no light, so that read noise keeps its mean in the dark."""


@dataclass(frozen=True)
class Camera:
    """One camera with its settings."""

    lens_sigma: float
    """Blur of the lens, px."""
    full_well: float
    """Electrons of a full pixel; fewer at a higher ISO."""
    read_noise: float
    """Standard deviation, electrons."""
    sharpening: float
    brightness: float
    """Mean linear light that the automatic exposure aims at."""
    tint: tuple[float, float]
    """Error of the white balance: factors of red and blue."""
    veil: float = 0.0
    """Light that the lens scatters over the whole picture, as a share of the mean; less than 0 where the
    camera's black point takes away more than the lens adds."""


@dataclass(frozen=True)
class Exposure:
    """What the automatic of a camera settled on, kept for a whole clip."""

    gain: float
    balance: tuple[float, float, float]
    """Factors of red, green and blue."""
    veil: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Light that is added everywhere, before the gain."""


def sample_camera(*, rng: np.random.Generator) -> Camera:
    """Draw a camera. Nothing here knows what it will film."""
    draw = rng.uniform
    red, blue = np.exp(rng.normal(0, 0.05, 2))
    return Camera(
        lens_sigma=draw(0.32, 0.56),
        full_well=float(np.exp(draw(np.log(450), np.log(2_500)))),
        read_noise=draw(2.0, 6.0),
        sharpening=draw(0.2, 0.8),
        brightness=draw(0.18, 0.29),
        tint=(float(red), float(blue)),
        veil=draw(0.0, 0.25),
    )


def lens(image: Array, sigma: float) -> Array:
    """What the lens makes of `image` (H, W, 3): a Gaussian blur of `sigma` px."""
    return blur(image, sigma)


def centre_weighted_mean(image: Array) -> npt.NDArray[np.float64]:
    """(3,) mean of `image` (H, W, 3), weighted towards the middle."""
    height, width = image.shape[:2]
    x, y = (np.exp(-1.5 * np.linspace(-1, 1, n) ** 2) for n in (width, height))
    mean = np.tensordot(y, np.tensordot(x, image, axes=(0, 1)), axes=(0, 0))
    return np.asarray(mean / (x.sum() * y.sum()))


def meter(image: Array, camera: Camera, *, white: npt.ArrayLike) -> Exposure:
    """Exposure for the light `image` (H, W, 3), weighted towards the middle; white balance for the light `white`."""
    seen = np.asarray(white, np.float64)
    balance = seen[1] / seen * np.array([camera.tint[0], 1, camera.tint[1]])
    mean = centre_weighted_mean(image)
    gain = camera.brightness / (mean * (1 + camera.veil) * balance).mean()
    red, green, blue = (float(v) for v in balance)
    over = (float(mean[0]) * camera.veil, float(mean[1]) * camera.veil, float(mean[2]) * camera.veil)
    return Exposure(float(gain), (red, green, blue), over)


def mosaic(image: Array) -> Array:
    """(H, W) what an RGGB colour filter lets through of `image` (H, W, 3)."""
    raw = image[..., 1].copy()
    raw[0::2, 0::2] = image[0::2, 0::2, 0]
    raw[1::2, 1::2] = image[1::2, 1::2, 2]
    return raw


def expose(light: Array, camera: Camera, *, rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    """(H, W) raw values of a mosaic of `light`, where 1 fills a pixel.

    Photons arrive at random, so a pixel of e electrons has the variance e + read_noise². The Poisson
    distribution is taken as normal, which it is within the width of a line above some 20 electrons.
    """
    electrons = np.clip(light, 0, 1)
    electrons *= np.float32(camera.full_well)
    noise = np.sqrt(electrons + np.float32(camera.read_noise**2))
    noise *= rng.standard_normal(light.shape, dtype=np.float32)
    electrons += noise
    electrons *= np.float32((_WHITE - _PEDESTAL) / camera.full_well)
    electrons += _PEDESTAL
    np.rint(electrons, out=electrons)
    return np.clip(electrons, 0, _WHITE, out=electrons).astype(np.uint16)


@functools.lru_cache(maxsize=8)
def _tone_curve(factor: float) -> Array:
    """Display value of each raw value, for a colour that the white balance multiplies by `factor`."""
    light = (np.arange(2**16) - _PEDESTAL) / (_WHITE - _PEDESTAL)
    return encode_tone(np.clip(light * factor, 0, 1)).astype(np.float32)


def develop(raw: npt.NDArray[np.uint16], camera: Camera, exposure: Exposure) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB: demosaic, white balance, tone curve, sharpening."""
    linear = np.asarray(cv2.cvtColor(raw, cv2.COLOR_BayerRGGB2RGB_EA), np.uint16)
    tone = np.empty(linear.shape, np.float32)
    for channel, factor in enumerate(exposure.balance):
        tone[..., channel] = np.take(_tone_curve(factor), linear[..., channel])
    # Sharpened, rounded to the nearest level and clipped, in one pass over the picture.
    more = camera.sharpening
    return np.asarray(
        cv2.addWeighted(tone, 255 * (1 + more), blur(tone, 1.0), -255 * more, 0, dtype=cv2.CV_8U)
    )


def capture(
    light: Array, camera: Camera, exposure: Exposure, *, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """One 8-bit picture of `light` (H, W, 3), which has passed the lens."""
    seen = mosaic(light)
    if any(exposure.veil):
        red, green, blue = exposure.veil
        for row, column, veil in ((0, 0, red), (0, 1, green), (1, 0, green), (1, 1, blue)):
            seen[row::2, column::2] += np.float32(veil)
    seen *= np.float32(exposure.gain)
    return develop(expose(seen, camera, rng=rng), camera, exposure)


def film(
    lights: Iterable[Array], camera: Camera, *, white: npt.ArrayLike, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.uint8]]:
    """8-bit frames of light that has passed the lens; the first frame sets the exposure."""
    exposure = None
    for light in lights:
        exposure = exposure or meter(light, camera, white=white)
        yield capture(light, camera, exposure, rng=rng)
