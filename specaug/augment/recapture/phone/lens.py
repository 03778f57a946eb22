"""The lens: a blur that grows towards one side of a crop, since a crop lies somewhere in the field of the lens."""

from __future__ import annotations

import numpy as np

from specaug.augment.recapture.fields import Array, blur


def blur_field(shape: tuple[int, int], *, edge: float, axis: float) -> Array:
    """(H, W) factor of the blur: 1 at one edge of the crop, `edge` at the opposite one, even in between.

    `axis` is the direction in which it grows, radians from x towards y.
    """
    height, width = shape
    x, y = np.cos(axis) * np.linspace(-1, 1, width), np.sin(axis) * np.linspace(-1, 1, height)
    ramp = (x[None] + y[:, None]) / (abs(np.cos(axis)) + abs(np.sin(axis)))
    return np.asarray(1 + (edge - 1) * (ramp + 1) / 2, np.float32)


def lens_blur(light: Array, *, sigma: float, field: Array) -> Array:
    """Gaussian blur of `light` (H, W, 3) by ``sigma * field`` px, `field` (H, W) at least 1.

    The variance at each place is mixed from a sharp and a soft image, of the least and the largest blur.
    """
    least, most = float(field.min()), float(field.max())
    sharp = blur(light, sigma * least)
    if most - least < 1e-3:
        return sharp
    rest = sigma * float(np.sqrt(most**2 - least**2))
    share = (np.square(field) - np.float32(least**2)) / np.float32(most**2 - least**2)
    soft = blur(sharp, rest)  # two Gaussians in a row are one whose variance is their sum
    soft -= sharp
    soft *= share[..., None]
    sharp += soft
    return sharp
