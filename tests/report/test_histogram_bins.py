"""Histograms: where each number is counted, the coarse bins of a plot, and the interval of the AUC."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.html_report.histogram import Histogram

BINS = 4096


def counted(values, labels=None, *, low=0.0, high=1.0, log=False):
    histogram = Histogram("x", low, high, log=log)
    histogram.add(np.asarray(values, float), np.zeros(len(values)) if labels is None else np.asarray(labels))
    return histogram


def of_classes(bonafide, attack, **ends):
    return counted([*bonafide, *attack], [0] * len(bonafide) + [1] * len(attack), **ends)


@pytest.mark.parametrize("log", [False, True])
def test_edges_are_evenly_apart_from_end_to_end(log):
    histogram = Histogram("x", 0.5, 8, log=log)
    edges = np.log(histogram.edges) if log else histogram.edges
    assert len(edges) == BINS + 1
    np.testing.assert_allclose(np.diff(edges), (edges[-1] - edges[0]) / BINS, rtol=1e-9)
    assert (histogram.edges[0], histogram.edges[-1]) == (pytest.approx(0.5), pytest.approx(8))


@pytest.mark.parametrize("log", [False, True])
@settings(deadline=None, max_examples=40, derandomize=True)
@given(share=st.floats(0.001, 0.999))
def test_a_number_is_counted_between_the_edges_about_it(log, share):
    low, high = 0.25, 16.0
    value = low * (high / low) ** share if log else low + share * (high - low)
    histogram = counted([value], low=low, high=high, log=log)
    (place,) = histogram.held
    assert histogram.edges[place] * (1 - 1e-9) <= value <= histogram.edges[place + 1] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (0.0, 0),
        (1 / BINS, 1),  # a bin begins at its lower edge
        (0.5, BINS // 2),
        (1 - 1 / BINS, BINS - 1),
        (1.0, BINS - 1),
        (-5.0, 0),
        (1e300, BINS - 1),
        (-0.0, 0),
    ],
)
def test_ends_and_numbers_outside_are_in_the_outermost_bins(value, place):
    assert counted([value]).held.tolist() == [place]


def test_numbers_outside_a_log_scale_are_in_the_outermost_bins():
    assert counted([0.0, -1.0, 1e-9], low=1e-3, high=1e3, log=True).counts[0, 0] == 3
    assert counted([1e3, 1e9], low=1e-3, high=1e3, log=True).counts[0, -1] == 2


def test_numbers_that_are_not_finite_take_their_labels_with_them():
    histogram = counted([np.nan, 0.1, np.inf, 0.9, -np.inf], [1, 0, 1, 1, 0])
    assert histogram.counts.sum(axis=1).tolist() == [1, 1]
    assert histogram.separation().auc == 1


def test_repeated_adding_sums_and_counts_equal_numbers_each():
    histogram = counted([0.5, 0.5, 0.5])
    histogram.add(np.array([0.5, 0.25]), np.array([0, 1]))
    assert histogram.counts[0, BINS // 2] == 4
    assert histogram.counts[1, BINS // 4] == 1
    assert histogram.counts.sum() == 5


def test_two_histograms_do_not_share_their_counts():
    counted([0.5])
    assert Histogram("y", 0, 1).counts.sum() == 0


def test_held_bins_are_those_of_either_class():
    histogram = of_classes([0.25, 0.25], [0.75, 0.25])
    assert histogram.held.tolist() == [BINS // 4, 3 * BINS // 4]
    assert Histogram("x", 0, 1).held.tolist() == []


@pytest.mark.parametrize(
    ("low", "high", "log", "good"),
    [
        (0, 1, False, True),
        (1, 1, False, False),
        (2, 1, False, False),
        (-1, 1, False, True),
        (1e-9, 1, True, True),
        (0, 1, True, False),
        (-1, 1, True, False),
        (math.nan, 1, False, False),
        (0, math.nan, False, False),
    ],
)
def test_ends_must_rise_and_be_above_zero_on_a_log_scale(low, high, log, good):
    if good:
        assert Histogram("x", low, high, log=log).edges[0] == pytest.approx(low)
        return
    with pytest.raises(
        ArgumentError, match=f"^low: expected below high, above 0 with log, got {low:g}, {high:g}$"
    ):
        Histogram("x", low, high, log=log)


@pytest.mark.parametrize(
    ("count", "bins"),
    [
        (1, 2),
        (8, 4),
        (27, 6),
        (1000, 20),
        (13_824, 48),  # 2 * 24
        (30_000, 48),
    ],
)
def test_a_plot_has_twice_the_cube_root_of_the_count_in_bins(count, bins):
    # The numbers fill all 4096 bins, or reach from end to end, so that no width has to be rounded up far.
    histogram = counted(np.linspace(0, 1, count)) if count > 1 else counted([0.0])
    edges, shares = histogram.coarse()
    if count == 1:  # one fine bin cannot be divided
        assert shares.shape == (2, 1)
        return
    width = -(-BINS // bins)
    assert len(edges) - 1 == -(-BINS // width)
    np.testing.assert_allclose(np.diff(edges)[:-1], width / BINS)
    assert (edges[0], edges[-1]) == (0, 1)


def test_coarse_bins_begin_and_end_at_the_outermost_numbers():
    histogram = of_classes([0.25, 0.3], [0.5, 0.4])
    edges, shares = histogram.coarse()
    assert edges[0] == 0.25
    assert edges[-2] <= 0.5 < edges[-1]
    assert shares.sum(axis=1).tolist() == [1, 1]


@settings(deadline=None, max_examples=40, derandomize=True)
@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=60), split=st.integers(0, 60))
def test_coarse_shares_are_those_of_the_numbers_between_the_edges(values, split):
    # On the fine grid, where a number and its bin are the same.
    values = np.floor(np.minimum(values, 1 - 1 / BINS) * BINS) / BINS
    bonafide, attack = values[:split], values[split:]
    edges, shares = of_classes(bonafide, attack).coarse()
    for row, own in zip(shares, (bonafide, attack), strict=True):
        inside = [((own >= a) & (own < b)).sum() for a, b in pairwise(edges)]
        np.testing.assert_allclose(row, np.array(inside) / max(1, len(own)))


def test_an_empty_histogram_has_bins_over_its_whole_range_and_no_share():
    edges, shares = Histogram("x", 2, 4).coarse()
    assert (edges[0], edges[-1]) == (2, 4)
    assert not shares.any()


def test_one_number_at_the_upper_end_has_a_bin():
    edges, shares = counted([1.0]).coarse()
    assert edges.tolist() == [1 - 1 / BINS, 1]
    assert shares.tolist() == [[1], [0]]


def test_numbers_that_are_all_equal_have_one_bin_of_the_finest_width():
    edges, shares = of_classes([0.5, 0.5], [0.5]).coarse()
    assert edges.tolist() == [0.5, 0.5 + 1 / BINS]
    assert shares.tolist() == [[1], [1]]


def hanley_mcneil(auc, bonafide, attacks):
    """Standard error as in table I of the paper, written for an AUC of at least one half."""
    q1 = auc / (2 - auc)
    q2 = 2 * auc**2 / (1 + auc)
    between = (attacks - 1) * (q1 - auc**2) + (bonafide - 1) * (q2 - auc**2)
    return math.sqrt((auc * (1 - auc) + between) / (attacks * bonafide))


@pytest.mark.parametrize(
    ("bonafide", "attack"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.7], [0.35, 0.5, 0.6]),
        ([0.1, 0.2, 0.3], [0.25, 0.5, 0.15, 0.6, 0.05, 0.8, 0.22]),
        ([0.2], [0.1, 0.3, 0.4]),
        (np.linspace(0, 0.8, 30), np.linspace(0.1, 0.9, 12)),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_interval_is_that_of_hanley_and_mcneil_on_either_side_of_one_half(bonafide, attack, mirrored):
    bonafide, attack = np.asarray(bonafide), np.asarray(attack)
    auc = ((attack[:, None] > bonafide).mean() + 0.5 * (attack[:, None] == bonafide).mean()).item()
    reach = 1.96 * hanley_mcneil(auc, len(bonafide), len(attack))
    low, high = max(0, auc - reach), min(1, auc + reach)
    if mirrored:
        bonafide, attack, low, high = 1 - bonafide, 1 - attack, 1 - high, 1 - low
    found = of_classes(bonafide, attack).separation()
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.bonafide, found.attacks) == (len(bonafide), len(attack))


def test_interval_stays_within_zero_and_one():
    found = of_classes([0.1, 0.2], [0.15, 0.3]).separation()
    # (0.75 * 0.25 + (0.6 - 0.5625) + (0.642857 - 0.5625)) / 4 is a variance of 0.0763.
    assert (found.auc, found.low, found.high) == (
        0.75,
        pytest.approx(0.75 - 1.96 * 0.0763**0.5, abs=1e-3),
        1.0,
    )
    found = of_classes([0.15, 0.3], [0.1, 0.2]).separation()
    assert (found.auc, found.low) == (0.25, 0.0)


@pytest.mark.parametrize(("bonafide", "attack"), [([], []), ([0.5], []), ([], [0.5])])
def test_one_class_cannot_be_told_apart(bonafide, attack):
    assert of_classes(bonafide, attack).separation() is None


def test_single_clips_of_each_class_are_told_apart_without_a_spread():
    found = of_classes([0.2], [0.8]).separation()
    assert (found.auc, found.low, found.high) == (1, 1, 1)
    found = of_classes([0.5], [0.5]).separation()
    # A variance of 1/4, and nothing that is known beyond.
    assert (found.low, found.auc, found.high) == (0.0, 0.5, 1.0)
