"""The whole camera: exposure from the first frame, then every stage for each frame."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.phone.denoise import denoise_color, denoise_luma, to_luma_color, to_rgb
from specaug.augment.recapture.phone.finish import apply_contrast, sharpen
from specaug.augment.recapture.phone.sensor import (
    Planes,
    balance_white,
    demosaic,
    expose,
    mosaic,
    noise_deviation,
)
from specaug.augment.recapture.phone.settings import Phone
from specaug.augment.recapture.srgb import encode_tone

_DARKEST, _BRIGHTEST = 0.15, 0.7
"""Between which the pivot of the tone curve lies: an automatic makes no S out of a black or a white frame."""
_LEAST_HALO = 0.35
"""Sharpening before a reduction, whose halo is narrower than this in px of the file, leaves what a Gaussian of this
width makes of it."""


@dataclass(frozen=True)
class Exposure:
    """What the automatic settled on, kept for a whole clip."""

    gain: float
    balance: tuple[float, float, float]
    """Factors of red, green and blue."""
    pivot: float
    """Luma at which the tone curve is steepest: the mean of the first frame."""


def center_weighted_mean(image: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """(3,) mean of `image` (H, W, 3), weighted towards the middle."""
    height, width = image.shape[:2]
    x, y = (np.exp(-1.5 * np.linspace(-1, 1, n) ** 2) for n in (width, height))
    mean = np.tensordot(y, np.tensordot(x, image, axes=(0, 1)), axes=(0, 0))
    return np.asarray(mean / (x.sum() * y.sum()))


def meter(light: Array, phone: Phone, *, brightness: float, white: npt.ArrayLike) -> Exposure:
    """Exposure that brings the mean of `light` (H, W, 3) to `brightness`; white balance for the light `white`."""
    seen = np.asarray(white, np.float64)
    balance = seen[1] / seen * np.array([phone.tint[0], 1, phone.tint[1]])
    aim = brightness * phone.exposure
    gain = aim / max(float((center_weighted_mean(light) * balance).mean()), 1e-6)
    pivot = float(np.clip(encode_tone(np.asarray(aim, np.float64)), _DARKEST, _BRIGHTEST))
    red, green, blue = (float(v) for v in balance)
    return Exposure(float(gain), (red, green, blue), pivot)


def read_out(light: Array, phone: Phone, gain: float, *, rng: np.random.Generator) -> Planes:
    """Linear red, green and blue of `light` (H, W, 3), where ``gain * light`` of 1 fills a pixel.

    A file of the sensor's own px goes through the mosaic. One that was reduced has a mean of several px in each of its
    own: every color was measured there, noise of color is gone, and that of luma is less by the px that were averaged.
    """
    scaled = light * np.float32(gain)
    noise = {"full_well": phone.full_well, "read_noise": phone.read_noise}
    if phone.reduction == 1:
        return demosaic(expose(mosaic(scaled), **noise, averaged=phone.stack, rng=rng))
    spread = noise_deviation(scaled[..., 1], **noise, averaged=phone.stack * phone.reduction**2)
    spread *= rng.standard_normal(spread.shape, dtype=np.float32)
    red, green, blue = (np.minimum(scaled[..., c] + spread, np.float32(1)) for c in range(3))
    return red, green, blue


@functools.lru_cache(maxsize=1)
def _tone_table() -> Array:
    return encode_tone(np.arange(2**16) / (2**16 - 1)).astype(np.float32)


def encode_planes(planes: Planes) -> Planes:
    """sRGB values of linear light, cut off at 0 and 1."""
    table = _tone_table()
    coded = []
    for plane in planes:
        place = plane * np.float32(2**16 - 1)
        np.clip(place, 0, 2**16 - 1, out=place)
        coded.append(np.take(table, place.astype(np.uint16)))
    return coded[0], coded[1], coded[2]


def develop(planes: Planes, phone: Phone, exposure: Exposure) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of linear planes: white balance, denoising, contrast, saturation, sharpening."""
    luma, red, blue = to_luma_color(encode_planes(balance_white(planes, exposure.balance)))
    luma = denoise_luma(luma, threshold=phone.luma_threshold, reduction=phone.reduction)
    luma = apply_contrast(luma, contrast=phone.contrast, pivot=exposure.pivot)
    luma = sharpen(luma, amount=phone.sharpening, sigma=max(phone.halo / phone.reduction, _LEAST_HALO))
    red, blue = (
        denoise_color(
            plane, radius=phone.color_radius, threshold=phone.color_threshold, reduction=phone.reduction
        )
        * np.float32(phone.saturation)
        for plane in (red, blue)
    )
    return np.asarray(cv2.convertScaleAbs(np.maximum(to_rgb(luma, red, blue), 0), alpha=255), np.uint8)


def capture(
    light: Array, phone: Phone, exposure: Exposure, *, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """One 8-bit picture (H, W, 3), H and W even, of `light`, which has passed the lens."""
    return develop(read_out(light, phone, exposure.gain, rng=rng), phone, exposure)


def film(
    lights: Iterable[Array],
    phone: Phone,
    *,
    brightness: float,
    white: npt.ArrayLike,
    rng: np.random.Generator,
) -> Iterator[npt.NDArray[np.uint8]]:
    """8-bit frames of light that has passed the lens; the first frame sets the exposure.

    `brightness` is the mean linear light that the automatic aims at where the phone's own exposure is 1, and `white`
    the color of the light that falls on what is filmed.
    """
    exposure = None
    for light in lights:
        exposure = exposure or meter(light, phone, brightness=brightness, white=white)
        yield capture(light, phone, exposure, rng=rng)
