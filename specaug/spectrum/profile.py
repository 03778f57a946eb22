"""Spectra averaged over circles: profiles, and their statistics over a data set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, as_floats, check_whole, like, namespace, product
from specaug.checked_fields import quoted
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum.amplitude import Channels, Window, log_amplitude
from specaug.spectrum.grid import MAX_RADIUS, mirror_weights, radial_frequency

MOST_BINS = 65536
"""Many times what any image resolves; their matrix of means would not fit into memory."""


def radial_bins(bins: int = 64) -> np.ndarray:
    """Middle frequencies of the bins of :func:`radial_profile`, float64, cycles/px."""
    bins = _check_bins(bins)
    return (np.arange(bins) + 0.5) * (MAX_RADIUS / bins)


@eager
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
    bins = _check_bins(bins)
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
    try:
        return check_whole("bins", bins, low=1, high=MOST_BINS)
    except ArgumentError as error:
        raise ArgumentError(
            f"bins: expected a positive integer, got {quoted(bins)}; at most {MOST_BINS} are made"
        ) from error


def _mean_by_bin(half: Any, shape: tuple[int, int], bins: int) -> Any:
    """Means of (…, H, W//2 + 1) values over the radial bins, (…, bins)."""
    xp = namespace(half)
    flat = xp.reshape(half, (*half.shape[:-2], -1))
    if isinstance(half, np.ndarray):
        order, starts, weights, means = _bin_runs(shape, bins)
        sums = np.add.reduceat(flat.astype(np.float64)[..., order] * weights, starts, axis=-1)
        return (sums @ means).astype(half.dtype)
    # Rows of one bin each, filled up with weights of zero: a sum over a row adds in pairs, which stays exact in
    # float32, where a running sum does not; it has a gradient, and no float64, which some devices lack.
    index, weights, means = _bin_rows(shape, bins)
    picked = xp.take(flat, xp.asarray(index.ravel(), device=half.device), axis=-1)
    rows = xp.reshape(picked, (*flat.shape[:-1], *index.shape)) * like(weights, half)
    return product(xp.sum(rows, axis=-1), like(means, half))


@lru_cache(maxsize=8)
def _bin_runs(shape: tuple[int, int], bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies sorted by bin, the start of each run, their weights, and the matrix from sums of runs to means.

    Runs are those of bins that hold a frequency of this size; the other bins are interpolated between them.
    """
    number = np.minimum((radial_frequency(shape).ravel() * (bins / MAX_RADIUS)).astype(np.int64), bins - 1)
    order = np.argsort(number, kind="stable")
    held, starts = np.unique(number[order], return_index=True)
    weights = mirror_weights(shape).ravel()[order]
    totals = np.add.reduceat(weights, starts)
    means = np.stack([np.interp(np.arange(bins), held, unit) for unit in np.eye(held.size)])
    return order, starts, weights, means / totals[:, None]


@lru_cache(maxsize=8)
def _bin_rows(shape: tuple[int, int], bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The runs of :func:`_bin_runs` as rows of equal length: (runs, longest) frequencies and weights; and the means."""
    order, starts, weights, means = _bin_runs(shape, bins)
    lengths = np.diff(starts, append=order.size)
    place = starts[:, None] + np.arange(lengths.max())
    inside = place < (starts + lengths)[:, None]
    place = np.where(inside, place, 0)
    return order[place], np.where(inside, weights[place], 0.0), means
