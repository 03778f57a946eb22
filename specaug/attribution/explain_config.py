"""Settings of an explanation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

from specaug.attribution.frequency_bands import EDGES, FILLS, Fill
from specaug.checked_fields import check_fields
from specaug.errors import ArgumentError
from specaug.records import SPLITS, Split
from specaug.spectrum import MAX_RADIUS

Part = Literal["bands", "streams", "waves", "gradients"]
PARTS: tuple[Part, ...] = get_args(Part)


class ExplainSettings(TypedDict, total=False):
    """Fields of :class:`ExplainConfig` as keywords, for type checkers."""

    split: Split
    clips: int | None
    map_clips: int
    parts: tuple[Part, ...]
    fill: Fill
    edges: tuple[float, ...]
    grid: int
    wave: float
    steps: int
    batch_size: int
    seed: int


@dataclass(frozen=True)
class ExplainConfig:
    """How a run is explained. The defaults are what :func:`specaug.explain` uses."""

    split: Split = "test"
    """Which clips."""
    clips: int | None = 56
    """Clips whose bands, streams and frames are changed, at most, both classes alike; None: all."""
    map_clips: int = 8
    """Of these, clips that the maps of waves and of gradients are measured on, at most."""
    parts: tuple[Part, ...] = field(default=PARTS, metadata={"expected": f"some of {', '.join(PARTS)}"})
    """What is measured: frequency bands, streams and frames, Fourier sensitivity, integrated gradients."""
    fill: Fill = "class-mean"
    """What stands in for a band: the mean amplitude of the other class, or nothing (``remove``)."""
    edges: tuple[float, ...] = EDGES
    """Limits of the radial bands, cycles/px, from the lowest above 0 to √½."""
    grid: int = 6
    """Steps of the waves from 0 to 0.5 cycles/px."""
    wave: float = 4 / 255
    """Amplitude of the waves, white being 1: four levels, which cannot be seen in the noise of a camera."""
    steps: int = 32
    """Of integrated gradients."""
    batch_size: int = 4
    """Clips at a time: what memory depends on."""
    seed: int = 0
    """Of the sample and of the phases of waves."""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.split not in SPLITS:
            raise ArgumentError(f"split: expected one of {', '.join(SPLITS)}, got {self.split!r}")
        if self.fill not in FILLS:
            raise ArgumentError(f"fill: expected one of {', '.join(FILLS)}, got {self.fill!r}")
        # A class needs a clip.
        for name, least in (("clips", 2), ("map_clips", 2), ("grid", 1), ("steps", 1), ("batch_size", 1)):
            value = getattr(self, name)
            if not (name == "clips" and value is None) and (not isinstance(value, int) or value < least):
                raise ArgumentError(f"{name}: expected a whole number from {least}, got {value!r}")
        if not 0 < self.wave <= 0.5:
            raise ArgumentError(f"wave: expected an amplitude above 0 and up to 0.5, got {self.wave!r}")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ArgumentError(f"seed: expected a whole number from 0, got {self.seed!r}")
        self._check_edges()

    def _check_edges(self) -> None:
        ascending = list(self.edges) == sorted(set(self.edges)) and len(self.edges) > 0
        if not ascending or self.edges[0] <= 0 or abs(self.edges[-1] - MAX_RADIUS) > 1e-6:
            raise ArgumentError(
                f"edges: expected ascending frequencies above 0 cycles/px that end at √½ = {MAX_RADIUS:.6g}, "
                f"got {self.edges!r}"
            )
