"""Settings of a loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from specaug.errors import ArgumentError
from specaug.records import LABELS, Label
from specaug.spectrum.amplitude import Window

Balance = Literal["class", "pai"]


@dataclass(frozen=True)
class LoadConfig:
    """How clips are read. The defaults are what :func:`specaug.load` uses."""

    batch_size: int | None = 8
    """Clips a batch; None gives single clips without that axis."""
    drop_last: bool = False
    """Leave out a last batch that is not full."""
    frames: int | None = None
    """Frames a clip, spread evenly over those it has; None: as many as the longest of a batch has."""
    shuffle: bool = False
    """By (seed, epoch): row groups as a whole, and rows within a window of a few."""
    seed: int = 0
    labels: tuple[Label, ...] = LABELS
    """Only clips of these."""
    balance: Balance | None = None
    """``class``: bona fide and attack in the shares of `bonafide_share`; ``pai``: moreover all species alike. Scarce
    clips are visited more often in an epoch; none is left out."""
    bonafide_share: float = 0.5
    """Share of bona fide clips where balanced, before augmentation."""
    epoch_clips: int | None = None
    """Clips in an epoch, over all ranks; None: each row at least once."""
    augment_share: float = 0.5
    """Chance of a clip to be offered to the recipe."""
    window: Window | None = "hann"
    """Of the view ``spectrum``."""
    even: bool = False
    """Every rank and worker gives as many clips as the busiest; the others begin again. For training on several."""
    rank: int | None = None
    """Of this process; None asks torch.distributed where it runs, else 0."""
    world: int | None = None
    """Number of processes that share the data."""

    def __post_init__(self) -> None:
        for name, value in (
            ("batch_size", self.batch_size),
            ("frames", self.frames),
            ("epoch_clips", self.epoch_clips),
        ):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ArgumentError(f"{name}: expected a whole number of at least 1 or None, got {value!r}")
        if not self.labels or not set(self.labels) <= set(LABELS):
            raise ArgumentError(f"labels: expected some of {', '.join(LABELS)}, got {self.labels!r}")
        if self.balance is not None and self.balance not in get_args(Balance):
            raise ArgumentError(f"balance: expected class, pai or None, got {self.balance!r}")
        if not 0 < self.bonafide_share < 1:
            raise ArgumentError(
                f"bonafide_share: expected a number between 0 and 1, got {self.bonafide_share!r}"
            )
        if not 0 <= self.augment_share <= 1:
            raise ArgumentError(f"augment_share: expected a number from 0 to 1, got {self.augment_share!r}")
        if self.window not in (None, "hann"):
            raise ArgumentError(f"window: expected 'hann' or None, got {self.window!r}")
        if self.seed < 0:
            raise ArgumentError(f"seed: expected at least 0, got {self.seed!r}")
        if (self.rank is None) != (self.world is None):
            raise ArgumentError(
                f"rank: expected it with world or neither, got {self.rank!r} and {self.world!r}"
            )
