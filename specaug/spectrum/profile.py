"""Spectra averaged over circles: profiles, and their statistics over a data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, as_floats, like, namespace, product
from specaug.errors import ArgumentError
from specaug.spectrum.amplitude import Channels, Window, log_amplitude
from specaug.spectrum.grid import MAX_RADIUS, mirror_weights, radial_frequency


def radial_bins(bins: int = 64) -> np.ndarray:
    """Middle frequencies of the bins of :func:`radial_profile`, float64, cycles/px."""
    return (np.arange(_check_bins(bins)) + 0.5) * (MAX_RADIUS / bins)


def radial_profile(
    image: ArrayT,
    *,
    bins: int = 64,
    channels: Channels = "luma",
    window: Window | None = "hann",
    gain: float = 255.0,
    channel_axis: int | None = -1,
) -> ArrayT:
    """Mean log-amplitude of an image by radial frequency.

    Parameters
    ----------
    image : (…, H, W, C) array
        uint8 or float in [0, 1].
    bins : int
        Equal bins over [0, √½] cycles/px, the same for every size of picture. A bin that holds no frequency of
        this size is interpolated between its neighbours.
    channels, window, gain, channel_axis
        As in :func:`log_spectrum`.

    Returns
    -------
    (…, bins) array for luma, else with the planes on the axis before `bins`
        Mean of :func:`log_spectrum` over all frequencies of the bin, those of the mirrored half counted too.

    Raises
    ------
    ArgumentError
        For fewer than one bin, and as :func:`log_spectrum` does.

    Examples
    --------
    >>> import numpy as np
    >>> radial_profile(np.full((32, 32, 3), 0.5), bins=4)
    array([0., 0., 0., 0.])
    """
    _check_bins(bins)
    profile, _ = log_amplitude(
        image,
        lambda half, shape: _mean_by_bin(half, shape, bins),
        channels=channels,
        window=window,
        gain=gain,
        channel_axis=channel_axis,
    )
    return as_floats(profile, image)


@dataclass(frozen=True, eq=False)
class RadialStatistics:
    """Mean and deviation of the log-amplitude over a data set, by radial frequency.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((8, 32, 32, 3))
    >>> statistics = RadialStatistics.fit(images, bins=8)
    >>> statistics.mean.shape
    (8,)
    """

    mean: np.ndarray
    """(bins,) float64."""
    deviation: np.ndarray
    """(bins,) float64, above 0."""

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.mean.shape != self.deviation.shape or not self.mean.size:
            raise ArgumentError(
                f"mean: expected as many bins as deviation, got {self.mean.shape} and {self.deviation.shape}"
            )
        if not (
            np.isfinite(self.mean).all() and np.isfinite(self.deviation).all() and self.deviation.min() > 0
        ):
            raise ArgumentError("deviation: expected finite numbers above 0, and a finite mean")

    def __repr__(self) -> str:
        return f"RadialStatistics(bins={self.mean.size})"

    @classmethod
    def fit(cls, images: Iterable[Any], *, bins: int = 64, **settings: Any) -> RadialStatistics:
        """Statistics of `images`, each (H, W, C) or a batch; `settings` as in :func:`radial_profile`."""
        profiles = [
            np.reshape(np.asarray(radial_profile(x, bins=bins, **settings)), (-1, bins)) for x in images
        ]
        if sum(len(p) for p in profiles) < 2:
            raise ArgumentError("images: expected at least two, to have a deviation")
        rows = np.concatenate(profiles).astype(np.float64)
        # A floor keeps bins that never vary, such as those of flat pictures, from being divided by zero.
        return cls(rows.mean(axis=0), np.maximum(rows.std(axis=0, ddof=1), 1e-6))

    def standardize(self, half: Any, shape: tuple[int, int]) -> Any:
        """(…, H, W//2 + 1) log-amplitudes less the mean, over the deviation, at their radius."""
        radius, centres = radial_frequency(shape), radial_bins(self.mean.size)
        mean = like(np.interp(radius, centres, self.mean), half)
        return (half - mean) / like(np.interp(radius, centres, self.deviation), half)


def _check_bins(bins: int) -> int:
    if isinstance(bins, bool) or int(bins) != bins or bins < 1:
        raise ArgumentError(f"bins: expected a positive integer, got {bins!r}")
    return int(bins)


def _mean_by_bin(half: Any, shape: tuple[int, int], bins: int) -> Any:
    """Means of (…, H, W//2 + 1) values over the radial bins, (…, bins)."""
    xp = namespace(half)
    order, ends, fill = _bin_plan(shape, bins)
    flat = xp.reshape(half, (*half.shape[:-2], -1))
    weights = like(mirror_weights(shape).ravel()[order], xp.astype(flat, xp.float64))
    index = xp.asarray(order) if isinstance(half, np.ndarray) else xp.asarray(order, device=half.device)
    # Sums of runs are differences of a running sum, in float64 so that they stay exact: one code for all
    # libraries, where scattering has a different name in each.
    running = xp.cumulative_sum(xp.take(flat, index, axis=-1) * weights, axis=-1, include_initial=True)
    sums = running[..., ends[1:]] - running[..., ends[:-1]]
    return xp.astype(product(sums, like(fill, sums)), half.dtype)


@lru_cache(maxsize=8)
def _bin_plan(shape: tuple[int, int], bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of the frequencies by bin, the ends of the runs, and the matrix from sums to means without gaps."""
    number = np.minimum((radial_frequency(shape).ravel() * (bins / MAX_RADIUS)).astype(np.int64), bins - 1)
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(bins + 1))
    weights = np.bincount(number, weights=mirror_weights(shape).ravel(), minlength=bins)
    held = np.flatnonzero(weights)
    means = np.zeros((bins, bins))
    for source in held:
        unit = np.zeros(held.size)
        unit[held == source] = 1 / weights[source]
        means[source] = np.interp(np.arange(bins), held, unit)
    return order, ends, means
