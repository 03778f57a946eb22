"""Settings in pixels of the source instead of pixels of the crop."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from specaug.arrays import check_number
from specaug.errors import ArgumentError
from specaug.spectrum.grid import MAX_RADIUS

RangesT = TypeVar("RangesT")

FREQUENCY = {"unit": "frequency"}
"""Metadata of a field in cycles/px along one direction."""
RADIUS = {"unit": "radius"}
"""Metadata of a limit of a radial band, cycles/px."""
LENGTH = {"unit": "length"}
"""Metadata of a field in px."""
LIMITS = {"frequency": (0.0, 0.5), "radius": (0.0, MAX_RADIUS), "length": (2.0, 64.0)}
"""What a crop can hold, whatever the scale."""


def measured_in_source(ranges: RangesT, scale: float) -> RangesT:
    """Ranges given in px of the source, as they apply to a crop.

    Parameters
    ----------
    ranges : record
        Fields whose metadata is :data:`FREQUENCY`, :data:`RADIUS` or :data:`LENGTH` are converted, the others kept.
    scale : float
        Source px per crop px.

    Returns
    -------
    record of the same kind
        What a crop of this scale cannot hold ends at its limit.

    Examples
    --------
    >>> from specaug.augment import HalftoneRanges
    >>> measured_in_source(HalftoneRanges(cell=(6.0, 12.0)), 2.0).cell
    (3.0, 6.0)
    """
    changes = {}
    for field in dataclasses.fields(ranges):  # type: ignore[arg-type]
        unit = field.metadata.get("unit")
        if unit is not None:
            factor = 1 / scale if unit == "length" else scale
            changes[field.name] = _scaled(getattr(ranges, field.name), factor, LIMITS[unit])
    return dataclasses.replace(ranges, **changes)  # type: ignore[type-var]


def check_cutoff(value: float) -> None:
    """Refuse a cut-off frequency of a Gaussian that is not in (0, √½] cycles/px."""
    if check_number("cutoff", value, low=0.0, high=MAX_RADIUS + 1e-6) == 0:
        raise ArgumentError(f"cutoff: expected a number in (0, √½], got {value!r}")


def has_units(ranges: Any) -> bool:
    """Whether any field of the ranges is a length or a frequency."""
    return any("unit" in field.metadata for field in dataclasses.fields(ranges))


def _scaled(value: Any, factor: float, limits: tuple[float, float]) -> Any:
    if isinstance(value, tuple):
        return tuple(_scaled(item, factor, limits) for item in value)
    return min(max(value * factor, limits[0]), limits[1])
