"""Ranges in pixels of the source: which settings are converted, how, and where a crop ends them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import OPERATIONS, HalftoneRanges, MoireRanges
from specaug.augment.units import FREQUENCY, LENGTH, RADIUS, check_cutoff, has_units, measured_in_source
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS


@dataclass(frozen=True)
class Everything:
    """A field of each kind."""

    frequency: tuple[float, float] = field(default=(0.1, 0.2), metadata=FREQUENCY)
    radius: float = field(default=0.1, metadata=RADIUS)
    length: tuple[tuple[float, float], ...] = field(default=((6.0, 12.0), (24.0, 48.0)), metadata=LENGTH)
    plain: float = 7.0
    named: str = "as it is"
    other: float = field(default=5.0, metadata={"help": "no unit"})


def test_frequencies_grow_with_the_scale_and_lengths_shrink():
    ours = measured_in_source(Everything(), 2.0)
    assert ours == Everything((0.2, 0.4), 0.2, ((3.0, 6.0), (12.0, 24.0)))
    larger = measured_in_source(Everything(), 0.5)
    assert larger == Everything((0.05, 0.1), 0.05, ((12.0, 24.0), (48.0, 64.0)))


@pytest.mark.parametrize(
    ("name", "scale", "limit"),
    [("frequency", 6.0, 0.5), ("radius", 8.0, MAX_RADIUS), ("length", 30.0, 2.0), ("length", 0.01, 64.0)],
)
def test_what_a_crop_cannot_hold_ends_at_its_limit(name, scale, limit):
    values = np.ravel(getattr(measured_in_source(Everything(), scale), name))
    assert limit in values
    assert values.max() <= 64
    assert values.min() >= (2 if name == "length" else 0)


@given(st.floats(0.2, 5))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_there_and_back_is_the_same_where_nothing_ends_at_a_limit(scale):
    narrow = Everything((0.02, 0.024), 0.021, ((11.0, 11.5),))
    back = measured_in_source(measured_in_source(narrow, scale), 1 / scale)
    assert back.frequency == pytest.approx(narrow.frequency)
    assert back.radius == pytest.approx(narrow.radius)
    assert back.length[0] == pytest.approx(narrow.length[0])


def test_a_scale_of_one_changes_nothing_and_no_record_is_written():
    ranges = Everything()
    assert measured_in_source(ranges, 1.0) == ranges
    assert measured_in_source(ranges, 3.0) is not ranges
    assert ranges == Everything()


def test_other_fields_of_an_operation_are_kept():
    ranges = MoireRanges((2, 3), (0.1, 0.2), (0.1, 0.2), channels=1)
    assert measured_in_source(ranges, 1.5) == dataclasses.replace(
        ranges, frequency=pytest.approx((0.15, 0.3))
    )
    dots = HalftoneRanges((8.0, 16.0), (0.1, 0.2), (0.0, 45.0), ("clustered",))
    assert measured_in_source(dots, 4.0) == dataclasses.replace(dots, cell=(2.0, 4.0))


MEASURED = {
    "band_scale": {"low": "radius", "high": "radius"},
    "fourier_basis": {"frequency": "frequency"},
    "recapture_blur": {"cutoff": "frequency"},
    "scene_blur": {"cutoff": "frequency"},
    "moire": {"frequency": "frequency"},
    "halftone": {"cell": "length"},
    "grain": {"cutoff": "frequency"},
}


@pytest.mark.parametrize(
    "name", [n for n in OPERATIONS if n not in ("recapture_screen", "recapture_print", "profile")]
)
def test_operations_say_which_of_their_settings_are_measured(name):
    ranges = OPERATIONS[name].ranges()
    units = {f.name: f.metadata["unit"] for f in dataclasses.fields(ranges) if "unit" in f.metadata}
    assert units == MEASURED.get(name, {})
    assert has_units(ranges) == (name in MEASURED)


@pytest.mark.parametrize("value", [1e-300, 0.2, MAX_RADIUS, MAX_RADIUS + 9e-7, np.float32(0.3)])
def test_a_cutoff_lies_above_zero_and_reaches_the_corner(value):
    check_cutoff(value)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (0.0, r"cutoff: expected a number in \(0, √½\], got 0\.0"),
        (-0.0, r"cutoff: expected a number in \(0, √½\], got -0\.0"),
        (-1e-9, r"cutoff: expected a number in \[0, 0\.70.*\], got -1e-09"),
        (MAX_RADIUS + 2e-6, r"cutoff: expected a number in \[0, 0\.70"),
        (math.nan, "cutoff: expected a number in .* got nan"),
        ("0.2", "cutoff: expected a number, got '0.2'"),
    ],
)
def test_any_other_cutoff_is_refused(value, match):
    with pytest.raises(ArgumentError, match=match):
        check_cutoff(value)
