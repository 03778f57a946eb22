"""Settings of a loader."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from specaug.checked_fields import check_fields, did_you_mean
from specaug.errors import ArgumentError
from specaug.records import LABELS, Label
from specaug.shards import clip_schema
from specaug.spectrum.amplitude import Window

Balance = Literal["label", "pai", "dataset", "label+dataset"]
FrameChoice = Literal["stored", "random"]
Layout = Literal["channels_last", "channels_first"]
Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Gets a clip (T, H, W, 3) uint8 and the generator of its draw; gives one, perhaps of other height and width."""

COLUMN_NAMES = tuple(
    name for name in clip_schema(image_format="png", size=1).names if name not in ("frames", "frames_raw")
)
"""What `columns` may name: every column of a row but its pictures."""

_UNBOUND = {"bound": False}
"""Mark of a setting that decides neither order nor content of clips: a state goes on with another."""


@dataclass(frozen=True)
class LoadConfig:
    """How clips are read. The defaults are what :func:`specaug.load` uses."""

    batch_size: int | None = 8
    """Clips a batch; None gives single clips without that axis."""
    drop_last: bool = False
    """Leave out the last batch of an epoch if it is not full: at most one of each rank, whatever the workers."""
    frames: int | None = None
    """Frames a clip; None: as many as the longest of a batch has."""
    frame_choice: FrameChoice = "stored"
    """``stored``: `frames` are spread evenly over those of the row. ``random``: drawn among them by seed, epoch and
    clip, in their order."""
    shuffle: bool = False
    """By (seed, epoch): row groups as a whole, and rows within a window of a few."""
    seed: int = 0
    labels: tuple[Label, ...] = LABELS
    """Only clips of these."""
    dataset: str | tuple[str, ...] | None = None
    """Only clips of the data sets of these names, donors too; None: of all."""
    balance: Balance | None = None
    """``label``: bona fide and attack in the shares of `bonafide_share`; ``pai``: moreover all species alike;
    ``dataset``: all data sets alike; ``label+dataset``: the labels in their shares, and within each all data sets
    alike. Scarce clips are visited more often in an epoch; none is left out."""
    bonafide_share: float = 0.5
    """Share of bona fide clips where labels are balanced, before augmentation."""
    epoch_clips: int | None = None
    """Clips in an epoch, over all ranks; None: each row at least once."""
    augment_share: float = 0.5
    """Chance of a clip to be offered to the recipe."""
    transform: Transform | None = None
    """Called once a clip in the process that reads it, after augmentation and before views: ``transform(clip, rng)``
    gets (T, H, W, 3) uint8 and a generator made of seed, epoch and clip; it may change H and W."""
    columns: tuple[str, ...] = field(default=(), metadata=_UNBOUND)
    """Columns of the schema that a batch holds beside the views: text as lists, numbers as arrays, and lists by frame
    as arrays (B, T, …) of the frames that were chosen."""
    layout: Layout = field(default="channels_last", metadata=_UNBOUND)
    """Of ``rgb`` and ``hsv``: (B, T, H, W, 3), or (B, T, 3, H, W). ``spectrum`` has no channels."""
    window: Window | None = "hann"
    """Of the view ``spectrum``."""
    even: bool = False
    """Every rank gives as many clips as the busiest; the others begin again. For training on several."""
    rank: int | None = field(default=None, metadata=_UNBOUND)
    """Of this process; None asks torch.distributed where it runs, else 0."""
    world: int | None = field(default=None, metadata=_UNBOUND)
    """Number of processes that share the data."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("batch_size", "frames", "epoch_clips"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ArgumentError(f"{name}: expected a whole number of at least 1 or None, got {value!r}")
        if self.seed < 0:
            raise ArgumentError(f"seed: expected a whole number of at least 0, got {self.seed!r}")
        if self.frame_choice == "random" and self.frames is None:
            raise ArgumentError("frames: expected how many to draw with frame_choice='random', got None")
        for name in self.columns:
            if name not in COLUMN_NAMES:
                told = f"columns: expected some of {', '.join(COLUMN_NAMES)}, got {name!r}"
                raise ArgumentError(told + did_you_mean(name, COLUMN_NAMES))
        if not 0 < self.bonafide_share < 1:
            raise ArgumentError(
                f"bonafide_share: expected a number between 0 and 1, got {self.bonafide_share!r}"
            )
        if not 0 <= self.augment_share <= 1:
            raise ArgumentError(f"augment_share: expected a number from 0 to 1, got {self.augment_share!r}")
        if (self.rank is None) != (self.world is None):
            raise ArgumentError(
                f"rank: expected it with world or neither, got {self.rank!r} and {self.world!r}"
            )

    @property
    def datasets(self) -> tuple[str, ...]:
        """`dataset` as names; none for all."""
        if self.dataset is None:
            return ()
        return (self.dataset,) if isinstance(self.dataset, str) else self.dataset

    @property
    def draws(self) -> bool:
        """Whether another epoch gives something else."""
        drawn = (self.balance, self.epoch_clips, self.transform)
        return self.shuffle or self.frame_choice == "random" or any(value is not None for value in drawn)

    def bound(self) -> dict[str, Any]:
        """The settings that decide order or content, as plain JSON values."""
        names = [f.name for f in dataclasses.fields(self) if f.metadata.get("bound", True)]
        values = {name: getattr(self, name) for name in names}
        values["dataset"] = sorted(self.datasets) or None
        values["labels"] = sorted(self.labels)
        values["transform"] = None if self.transform is None else _name_of(self.transform)
        return values


def _name_of(function: Transform) -> str:
    """A function or an object by the name of what it is; what it holds cannot be compared."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"
