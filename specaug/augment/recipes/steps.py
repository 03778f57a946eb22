"""The steps of a recipe: how they are drawn, and how what was drawn is applied to a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from specaug.arrays import as_dtype, at_least_single, check_array, check_axis, is_numpy, namespace
from specaug.augment.engine import Applied
from specaug.augment.registry import Drawn, apply_drawn, draw, operation
from specaug.augment.units import measured_in_source
from specaug.checked_fields import check_fields, checked_record, quoted
from specaug.eager import eager
from specaug.errors import ArgumentError

Draws = dict[str, Any]
"""What :meth:`Recipe.sample` gives: plain JSON values, ``{"recipe", "branch", "scale", "steps": [...]}``."""


@dataclass(frozen=True)
class Step:
    """One operation of a recipe, with ranges, and how often it is applied."""

    operation: str
    ranges: Any
    probability: float = 1.0
    in_source_px: bool = False
    """Whether lengths and frequencies of the ranges are those of the source, not of the crop."""

    def __post_init__(self) -> None:
        check_fields(self)
        kind = operation(self.operation).ranges
        if not isinstance(self.ranges, kind):
            raise ArgumentError(f"ranges: expected {kind.__name__}, got {quoted(self.ranges)}")
        object.__setattr__(self, "ranges", checked_record(self.ranges))
        if not 0 <= self.probability <= 1:
            raise ArgumentError(f"probability: expected a number from 0 to 1, got {self.probability!r}")

    def draw(self, *, scale: float, rng: np.random.Generator) -> Drawn | None:
        """Parameters for a clip whose crop px are `scale` source px; None where the coin says no."""
        # The coin is tossed first and always: what follows of `rng` depends on nothing but the recipe.
        if rng.uniform() >= self.probability:
            return None
        ranges = self.ranges
        if hasattr(ranges, "at_scale"):
            ranges = ranges.at_scale(scale)
        elif self.in_source_px:
            ranges = measured_in_source(ranges, scale)
        return draw(self.operation, ranges, rng=rng)


def trial_draw(name: str, ranges: Any, in_source_px: bool) -> Drawn:
    """One draw of a step that is always applied, kept: a recipe is checked twice, and its branches repeat steps."""
    try:
        return _trial_draw(name, ranges, in_source_px)
    except TypeError:  # ranges that hold a list cannot be a key
        return _trial_draw.__wrapped__(name, ranges, in_source_px)


@lru_cache(maxsize=1024)
def _trial_draw(name: str, ranges: Any, in_source_px: bool) -> Drawn:
    drawn = Step(name, ranges, 1.0, in_source_px).draw(scale=1.0, rng=np.random.default_rng(0))
    assert drawn is not None  # the probability is 1
    return drawn


@dataclass(frozen=True)
class Branch:
    """Steps that are taken one after the other."""

    name: str
    steps: tuple[Step, ...]
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_fields(self)
        if self.weight <= 0:
            raise ArgumentError(f"weight: expected a number above 0, got {self.weight!r}")


def steps_of(drawn: Mapping[str, Any]) -> list[Drawn]:
    """The drawn operations of a record.

    Raises
    ------
    ArgumentError
        It is no record of a draw.
    """
    steps = drawn.get("steps") if isinstance(drawn, Mapping) else None
    if not isinstance(steps, list | tuple):
        raise ArgumentError(f"drawn: expected what Recipe.sample gives, got {quoted(drawn)}")
    return [Drawn.from_dict(step) for step in steps]


@eager
def run_draws(
    clip: Any, drawn: Mapping[str, Any], donor: Any = None, *, channel_axis: int | None = -1
) -> Applied:
    """Apply the record of a draw; it holds everything, so the recipe that made it is not needed."""
    steps = steps_of(drawn)
    takes = takes_donor(steps)
    if takes and donor is None:
        raise ArgumentError("donor: expected a clip, since a step of the recipe takes one, got None")
    check_array("clip", clip)
    clip_axis = _clip_axis(clip.ndim, channel_axis)
    if takes:
        check_array("donor", donor)
        donor = _frames_spread(donor, clip, channel_axis, clip_axis)
    image = at_least_single(clip)
    clipped, halvings = np.zeros(()), np.zeros((), np.int64)
    for step in steps:
        partner = donor if operation(step.operation).partner else None
        applied = apply_drawn(image, step, partner, channel_axis=channel_axis, clip_axis=clip_axis)
        image = applied.image
        clipped = np.maximum(clipped, applied.clipped)
        halvings = np.maximum(halvings, applied.halvings)
    if not steps:
        image = clip.copy() if is_numpy(clip) else clip.clone()
    return Applied(as_dtype(image, clip), clipped, halvings)


def takes_donor(steps: Sequence[Drawn]) -> bool:
    """Whether any of the drawn operations takes a second clip."""
    return any(operation(step.operation).partner for step in steps)


def pai_after(drawn: Mapping[str, Any], donor_pai: str | None = None) -> str:
    """Species of an attack that `drawn` made: what it looks like, and that it is synthetic.

    Examples
    --------
    >>> pai_after({"steps": [draw("moire", rng=0).to_dict()]})
    'replay/synthetic'
    """
    words = []
    for step in steps_of(drawn):
        chosen = operation(step.operation)
        learned = getattr(step.params, "pai", chosen.species)
        words.append(donor_pai if chosen.partner and donor_pai else learned)
    known = [word.split("/")[0] for word in words if word and word != "none"]
    return f"{known[-1] if known else 'unknown'}/synthetic"


def _clip_axis(ndim: int, channel_axis: int | None) -> int | None:
    """Axis of the frames: the one before rows and columns, None for a single frame."""
    channel = check_axis(channel_axis, ndim)
    others: Sequence[int] = [axis for axis in range(-ndim, 0) if axis != channel]
    return others[-3] if len(others) > 2 else None


def _frames_spread(donor: Any, clip: Any, channel_axis: int | None, clip_axis: int | None) -> Any:
    """As many frames of the donor as the clip has."""
    # Axes are counted from the end, so that one donor of a batch of clips has its frames where they have theirs.
    if clip_axis is None or -clip_axis > donor.ndim or donor.shape[clip_axis] in (1, clip.shape[clip_axis]):
        return donor
    wanted, held = clip.shape[clip_axis], donor.shape[clip_axis]
    index = np.arange(wanted) * held // wanted
    xp = namespace(donor)
    where = index if is_numpy(donor) else xp.asarray(index, device=donor.device)
    return xp.take(donor, where, axis=clip_axis)
