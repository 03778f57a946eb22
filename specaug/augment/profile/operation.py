"""A learned transfer of spectra as an operation: gains by frequency and plane, and noise where gains are not enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy

from specaug.arrays import (
    MOST_SEED,
    check_number,
    check_numbers,
    check_whole,
    like,
    namespace,
)
from specaug.augment.engine import Applied, Change, apply_change
from specaug.augment.profile.measure import PLANES, WEIGHTS, bin_centres, from_planes
from specaug.errors import ArgumentError
from specaug.spectrum.grid import radial_frequency
from specaug.spectrum.transform import Axes, FullPlane

Curves = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ProfileParams:
    """What a transfer needs besides the picture: all numbers of the curves, so that a record is enough to replay."""

    gains: Curves
    """(3, bins) logarithm of the gain of luma, red − luma and blue − luma, by frequency of the source."""
    extra: Curves
    """(3, bins) amplitude of noise that is added, of which white noise of deviation 1 has 1."""
    strength: float = 1.0
    """γ, exponent of the gains."""
    residual: float = 0.0
    """Share of the noise, 0 to 1."""
    scale: float = 1.0
    """Source px per crop px."""
    pai: str = "unknown"
    """Species whose attacks the curves are of."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least, most in (("gains", -50.0, 50.0), ("extra", 0.0, 1e12)):
            object.__setattr__(self, name, _checked_curves(name, getattr(self, name), least, most))
        check_number("strength", self.strength, low=0.0, high=10.0)
        check_number("residual", self.residual, low=0.0, high=1.0)
        check_number("scale", self.scale, low=1e-3, high=1e3)
        object.__setattr__(self, "seed", check_whole("seed", self.seed, low=0, high=MOST_SEED))


def _checked_curves(name: str, curves: Any, low: float, high: float) -> Curves:
    """Three curves of equal length, of numbers in [low, high]."""
    rows = curves if isinstance(curves, list | tuple | np.ndarray) else ()
    lengths = {len(row) if isinstance(row, list | tuple | np.ndarray) else 0 for row in rows}
    if len(rows) != len(PLANES) or len(lengths) != 1 or 0 in lengths:
        raise ArgumentError(f"{name}: expected three curves of equal length")
    return tuple(check_numbers(name, row, low=low, high=high) for row in rows)


def apply_profile(
    image: Any, params: ProfileParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    r"""Give a picture the spectrum of an attack: :math:`X\,G^\gamma` in luma and in colour, and noise beneath.

    The noise is one field for all frames of a clip, as a pattern on paper or glass is. The mean of a picture stays.

    Parameters
    ----------
    image : (…, H, W, C) array
        With three channels RGB; else the gain of luma acts on each channel.
    params : ProfileParams
    channel_axis, clip_axis
        As in :func:`specaug.spectral_mix`.

    Returns
    -------
    Applied
    """

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        xp, channel = namespace(x), -1 if axes == (-3, -2) else -3
        shape = (int(x.shape[axes[0]]), int(x.shape[axes[1]]))
        plane = FullPlane(shape, axes)
        spectrum = plane.forward(x)
        change = [plane.spread(curve, x) for curve in _changes(shape, params)]
        if x.shape[channel] != len(PLANES):
            return plane.inverse(spectrum * change[0])
        red, green, blue = (xp.take(spectrum, xp.asarray([c]), axis=channel) for c in range(3))
        luma = sum(w * f for w, f in zip(WEIGHTS.tolist(), (red, green, blue), strict=True))
        changed = from_planes(change[0] * luma, change[1] * (red - luma), change[2] * (blue - luma))
        y = plane.inverse(xp.concat(changed, axis=channel))
        if params.residual:
            noise = _noise(shape, params)
            added = np.moveaxis(noise, 0, -1) if channel == -1 else noise
            y = y + params.strength * params.residual * white * like(added, x)
        return y

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


def _on_grid(shape: tuple[int, int], curves: Curves, scale: float) -> np.ndarray:
    """(3, H, W//2 + 1) curves by frequency of the source, at the frequencies of a crop."""
    radius, centres = radial_frequency(shape) / scale, bin_centres(len(curves[0]))
    return np.stack([np.interp(radius, centres, row) for row in curves])


@lru_cache(maxsize=8)
def _changes(shape: tuple[int, int], params: ProfileParams) -> np.ndarray:
    """(3, H, W//2 + 1) G^γ − 1, 0 at zero frequency."""
    change = np.expm1(params.strength * _on_grid(shape, params.gains, params.scale))
    change[:, 0, 0] = 0
    return change


@lru_cache(maxsize=4)
def _noise(shape: tuple[int, int], params: ProfileParams) -> np.ndarray:
    """(3, H, W) red, green and blue noise of the extra amplitude."""
    amplitude = _on_grid(shape, params.extra, params.scale) / params.scale
    amplitude[:, 0, 0] = 0
    white = np.random.default_rng(params.seed).standard_normal((3, *shape))
    planes = scipy.fft.irfft2(scipy.fft.rfft2(white) * amplitude, s=shape)
    return np.stack(from_planes(*planes))


def limited(gain: np.ndarray, attack: np.ndarray, bonafide: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-gains no larger than a factor of three, and the amplitude of noise that makes up for the rest.

    All (3, bins) mean logarithms. Of Gaussian noise the mean logarithm of the power is γ_E below that of its mean, with
    Euler's constant γ_E, so the noise is stronger by exp(γ_E/2) than means of logarithms say.
    """
    kept = np.clip(gain, -_MOST, _MOST)
    missing = np.exp(2 * attack) - np.exp(2 * (bonafide + kept))
    extra = np.sqrt(np.clip(missing, 0, None)) * math.exp(np.euler_gamma / 2)
    return kept, np.where(gain > _MOST, extra, 0.0)


_MOST = math.log(3)
