"""Published augmentations, reproduced or put right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.arrays import check_number
from specaug.augment.gratings import FourierBasisRanges
from specaug.augment.mixing import FdaRanges, SpectralMixRanges
from specaug.augment.registry import Drawn, draw
from specaug.errors import ArgumentError
from specaug.spectrum.grid import MAX_RADIUS


@dataclass(frozen=True)
class Preset:
    """An operation with ranges, and how often it is applied."""

    operation: str
    ranges: Any
    probability: float = 1.0

    def __post_init__(self) -> None:
        check_number("probability", self.probability, low=0.0, high=1.0)

    def draw(self, *, rng: np.random.Generator) -> Drawn | None:
        """Parameters for one picture or clip; None where it is left as it is."""
        # The coin is tossed first and always: what follows of `rng` depends on nothing but the preset.
        if rng.uniform() >= self.probability:
            return None
        return draw(self.operation, self.ranges, rng=rng)


def fda_preset(beta: tuple[float, ...] = (0.01, 0.05, 0.09)) -> Preset:
    """FDA with one of the sizes of its paper: the square of low frequencies, mean included, of a reference."""
    return Preset("fda", FdaRanges(tuple(beta)))


def fact_preset(alpha: float = 1.0, ratio: float = 1.0) -> Preset:
    """FACT's amplitude mix: λ uniform in (0, α) over the central square of the given share of the area."""
    alpha = check_number("alpha", alpha, low=0.0, high=1.0)
    ratio = check_number("ratio", ratio, low=0.0, high=1.0)
    high = MAX_RADIUS if ratio == 1 else math.sqrt(ratio) / 2
    return Preset("spectral_mix", SpectralMixRanges((0.0, alpha), high=high, form="square", keep_mean=False))


def apr_p_preset(p: float = 0.6) -> Preset:
    """APR-P: the whole amplitude of another picture, with probability `p`."""
    return Preset("spectral_mix", SpectralMixRanges((1.0, 1.0), keep_mean=False), p)


def afa_preset(mean_amplitude: float = 5 * math.sqrt(2) / 32) -> Preset:
    """AFA: a plane wave of random frequency and direction added to each channel, exponential in amplitude."""
    check_number("mean_amplitude", mean_amplitude, low=0.0, high=1.0)
    return Preset("fourier_basis", FourierBasisRanges(mean_amplitude))


PRESETS: dict[str, Callable[..., Preset]] = {
    "fda": fda_preset,
    "fact": fact_preset,
    "apr_p": apr_p_preset,
    "afa": afa_preset,
}


def preset(name: str, **settings: Any) -> Preset:
    """A preset by name.

    Examples
    --------
    >>> preset("apr_p", p=0.5).probability
    0.5
    """
    if name not in PRESETS:
        raise ArgumentError(f"preset: expected one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name](**settings)
