"""Corrections for several tests: Holm's method is closed testing with Bonferroni."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.metrics.multiple_tests import holm


def closed_testing(p_values: list[Fraction]) -> list[Fraction]:
    """Bonferroni on every set of hypotheses; one is rejected with all sets that hold it. This is Holm's method."""
    everything = range(len(p_values))
    sets = [s for size in range(1, len(p_values) + 1) for s in itertools.combinations(everything, size)]
    of_set = {s: min(Fraction(1), len(s) * min(p_values[i] for i in s)) for s in sets}
    return [max(p for s, p in of_set.items() if i in s) for i in everything]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_holm_is_closed_testing_with_bonferroni(hundredths):
    found = holm([n / 100 for n in hundredths])
    assert found == pytest.approx([float(p) for p in closed_testing([Fraction(n, 100) for n in hundredths])])


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.03, 0.02], [0.04, 0.04]),  # the larger is never below the smaller
        ([0.5, 0.01, 0.5], [1.0, 0.03, 1.0]),
        ([0.3, 0.4, 0.9], [0.9, 0.9, 0.9]),
        ([1.0, 1.0], [1.0, 1.0]),
        ([0.0, 0.2], [0.0, 0.2]),
    ],
)
def test_holm_keeps_the_order_of_what_came(given, corrected):
    assert holm(given) == pytest.approx(corrected)
