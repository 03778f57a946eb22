"""Operation or preset by name, as the adapters of other libraries take it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from specaug.augment import OPERATIONS, PRESETS, Preset, preset
from specaug.errors import ArgumentError


def chosen_preset(operation: str, ranges: Any) -> Preset:
    """The preset of that name, or the operation of that name with its ranges.

    Raises
    ------
    ArgumentError
        For an unknown name, ranges for a preset, or ranges of another operation.
    """
    if operation in OPERATIONS:
        return Preset(operation, _ranges_of(OPERATIONS[operation].ranges, ranges))
    if operation not in PRESETS:
        names = sorted({*OPERATIONS, *PRESETS})
        raise ArgumentError(f"operation: expected one of {', '.join(names)}, got {operation!r}")
    if ranges is not None:
        raise ArgumentError(f"ranges: expected None for the preset {operation}, got {type(ranges).__name__}")
    return preset(operation)


def _ranges_of(expected: type, ranges: Any) -> Any:
    """Ranges from a record, from its fields in a mapping (Albumentations turns records into these), or its own."""
    if ranges is None:
        return expected()
    if isinstance(ranges, expected):
        return ranges
    if not isinstance(ranges, Mapping):
        raise ArgumentError(f"ranges: expected {expected.__name__}, got {type(ranges).__name__}")
    names = {f.name for f in dataclasses.fields(expected)}
    if not set(ranges) <= names:
        raise ArgumentError(
            f"ranges: expected fields of {expected.__name__} ({', '.join(sorted(names))}), got {sorted(ranges)}"
        )
    return expected(**ranges)
