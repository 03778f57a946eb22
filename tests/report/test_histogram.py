"""Histograms: the AUC against its definition, bins that keep the sum, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from specaug.errors import ArgumentError
from specaug.html_report.histogram import Histogram


def filled(bonafide, attack, **settings):
    histogram = Histogram("x", **({"low": 0, "high": 1} | settings))
    values = np.concatenate([bonafide, attack])
    histogram.add(values, np.repeat([0, 1], [len(bonafide), len(attack)]))
    return histogram


def pairwise_auc(bonafide, attack):
    """The definition: over all pairs, ties counted half."""
    difference = np.asarray(attack)[:, None] - np.asarray(bonafide)[None, :]
    return ((difference > 0) + 0.5 * (difference == 0)).mean()


def test_auc_is_that_of_all_pairs(rng):
    # Multiples of 1/64 lie in bins of their own, so ties in bins are ties of numbers.
    bonafide, attack = rng.integers(0, 40, 60) / 64, rng.integers(10, 64, 50) / 64
    found = filled(bonafide, attack).separation()
    assert found.auc == pytest.approx(pairwise_auc(bonafide, attack), abs=1e-12)
    assert (found.bonafide, found.attacks) == (60, 50)


def test_auc_on_a_log_scale_knows_no_unit(rng):
    bonafide, attack = rng.lognormal(0, 0.4, 300), rng.lognormal(0.3, 0.4, 200)
    settings = {"low": 1e-3, "high": 1e3, "log": True}
    found = filled(bonafide, attack, **settings).separation()
    assert found.auc == pytest.approx(pairwise_auc(bonafide, attack), abs=2e-3)


def test_numbers_that_say_nothing_and_all():
    assert filled([0.5] * 9, [0.5] * 7).separation().auc == 0.5
    assert filled([0.1] * 9, [0.9] * 7).separation().auc == 1
    assert filled([0.9] * 9, [0.1] * 7).separation().auc == 0
    assert filled([0.1] * 9, []).separation() is None


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        found = filled(rng.random(40), rng.random(60)).separation()
        inside += found.low <= 0.5 <= found.high
    assert 180 <= inside <= 199  # 95 % of 200 is 190, with a deviation of 3


def test_outside_and_unknown_numbers():
    histogram = filled([-3, 0.2, np.nan], [7, np.inf])
    assert histogram.counts.sum(axis=1).tolist() == [2, 1]
    assert histogram.counts[0, 0] == 1
    assert histogram.counts[1, -1] == 1


def test_coarse_bins_keep_every_share(rng):
    histogram = filled(rng.beta(2, 5, 500), rng.beta(5, 2, 300))
    edges, shares = histogram.coarse()
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert (np.diff(edges) > 0).all()
    assert shares.shape == (2, len(edges) - 1)
    assert len(edges) <= 49


def test_bad_ends_are_named():
    with pytest.raises(ArgumentError, match="low: expected below high"):
        Histogram("x", 1, 1)
    with pytest.raises(ArgumentError, match="above 0 with log"):
        Histogram("x", 0, 1, log=True)
