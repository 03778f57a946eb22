"""Checks that the records of a recapture share: numbers within limits, ranges in order, whole numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from specaug.arrays import check_number
from specaug.errors import ArgumentError

Pair = tuple[float, float]
Triple = tuple[float, float, float]
Limits = dict[str, tuple[float, float]]

MIN_SCALE, MAX_SCALE = 0.75, 1.8
"""Image px per crop px between which a recapture is calculated."""


def check_record(record: Any, limits: Limits) -> None:
    """Refuse numbers outside their limits; tuples that came as lists become tuples."""
    for name, (low, high) in limits.items():
        value = getattr(record, name)
        if isinstance(getattr(type(record), name), tuple):
            if not isinstance(value, list | tuple) or len(value) != len(getattr(type(record), name)):
                raise ArgumentError(
                    f"{name}: expected {len(getattr(type(record), name))} numbers, got {value!r}"
                )
            value = tuple(check_number(name, item, low=low, high=high) for item in value)
            object.__setattr__(record, name, value)
        else:
            check_number(name, value, low=low, high=high)


def check_ranges(record: Any, limits: Limits) -> None:
    """Refuse ranges out of which a draw could be refused; pairs that came as lists become tuples."""
    for name, (low, high) in limits.items():
        pair = getattr(record, name, None)
        if pair is None:  # the scale of the clip itself, and what no range is for
            continue
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ArgumentError(f"{name}: expected a lowest and a highest number, got {pair!r}")
        least, most = (check_number(name, value, low=low, high=high) for value in pair)
        if least > most:
            raise ArgumentError(f"{name}: expected the lowest number first, got {pair!r}")
        object.__setattr__(record, name, tuple(pair))


def check_whole(record: Any, *names: str) -> None:
    """Refuse numbers with a fraction."""
    for name in names:
        if getattr(record, name) != int(getattr(record, name)):
            raise ArgumentError(f"{name}: expected a whole number, got {getattr(record, name)!r}")


def draw_several(limits: Pair, n: int, rng: np.random.Generator) -> Any:
    """`n` numbers, evenly."""
    return tuple(float(v) for v in rng.uniform(*limits, n))


def draw_logarithmic(limits: Pair, rng: np.random.Generator) -> float:
    """One number, evenly on a logarithmic scale."""
    return math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1])))
