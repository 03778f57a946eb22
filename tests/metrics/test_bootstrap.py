"""Resampling of subjects: counts of draws, percentiles and equal error rates against loops over rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from exact_rates import Exact, random_set

from specaug import metrics
from specaug.metrics.bootstrap import resampled_eer
from specaug.metrics.scored import Scored


class TestSubjectWeights:
    @pytest.mark.parametrize("n", [1, 2, 5, 30])
    @pytest.mark.parametrize("resamples", [1, 7])
    def test_each_resample_draws_as_many_subjects_as_there_are(self, n, resamples):
        weights = metrics.subject_weights(n, resamples=resamples, rng=np.random.default_rng(0))
        assert weights.shape == (resamples, n)
        assert weights.dtype == np.float64
        assert (weights.sum(axis=1) == n).all()
        assert (weights == weights.round()).all()
        assert weights.min() >= 0

    def test_they_count_what_the_generator_draws_one_resample_after_the_other(self):
        weights = metrics.subject_weights(6, resamples=20, rng=np.random.default_rng(5))
        draws = np.random.default_rng(5).integers(0, 6, (20, 6)).tolist()
        assert weights.tolist() == [[Counter(row)[subject] for subject in range(6)] for row in draws]

    def test_every_subject_is_drawn_as_often_with_the_spread_of_a_binomial(self):
        """Of n draws with chance 1/n: mean 1, variance 1 - 1/n, covariance -1/n."""
        n = 5
        weights = metrics.subject_weights(n, resamples=20_000, rng=np.random.default_rng(1))
        assert weights.mean(axis=0) == pytest.approx(np.ones(n), abs=0.03)  # four standard errors
        covariance = np.cov(weights.T)
        assert covariance == pytest.approx(np.eye(n) - 1 / n, abs=0.05)


class TestInterval:
    @pytest.mark.parametrize(
        ("confidence", "low", "high"), [(0.5, 25, 75), (0.9, 5, 95), (0.95, 2.5, 97.5), (0.98, 1, 99)]
    )
    def test_as_much_lies_outside_at_either_end(self, confidence, low, high):
        values = np.random.default_rng(0).permutation(101).astype(float)
        assert metrics.interval(values, confidence=confidence) == pytest.approx((low, high))

    def test_undefined_resamples_are_left_out(self):
        values = np.array([np.nan, 3.0, np.nan, 1.0, 2.0, np.nan])
        assert metrics.interval(values, confidence=0.5) == (1.5, 2.5)

    @pytest.mark.parametrize("values", [[], [np.nan], [np.nan] * 4])
    def test_where_no_resample_is_defined_nothing_is_known(self, values):
        assert metrics.interval(np.array(values), confidence=0.9) == (0.0, 1.0)

    def test_one_value_is_both_ends(self):
        assert metrics.interval(np.array([0.25]), confidence=0.95) == (0.25, 0.25)


def repeated(weights, units):
    """Indices of rows as often as their subject was drawn."""
    return [row for row, unit in enumerate(units) for _ in range(int(weights[unit]))]


class TestEqualErrorRates:
    @pytest.mark.parametrize("seed", range(6))
    def test_they_are_the_exact_ones_of_repeated_rows(self, seed):
        scores, labels, _ = random_set(seed, levels=5)
        subject = np.random.default_rng(seed).integers(0, 4, len(scores))
        data = Scored(scores, labels, subject=subject)
        units = data.units()
        weights = metrics.subject_weights(units.max() + 1, resamples=25, rng=np.random.default_rng(seed))
        for drawn, rate in zip(weights, resampled_eer(data, weights), strict=True):
            rows = repeated(drawn, units)
            if set(labels[rows]) == {0, 1}:
                exact = Exact(scores[rows].tolist(), labels[rows].tolist())
                assert rate == pytest.approx(float(exact.eer()[0]), abs=1e-12)
            else:
                assert np.isnan(rate)

    def test_drawing_everybody_once_gives_that_of_the_set(self):
        scores, labels, _ = random_set(11)
        (rate,) = resampled_eer(Scored(scores, labels), np.ones((1, len(scores))))
        assert rate == metrics.eer(scores, labels)[0]

    def test_rows_without_a_face_do_not_count(self):
        scores, labels = [0.1, 0.9, 0.2, 0.8, np.nan, -5.0], [0, 0, 1, 1, 0, 1]
        subject = ["a", "b", "a", "b", "a", "b"]
        acquired = [True, True, True, True, False, False]
        data = Scored(scores, labels, subject=subject, acquired=acquired)
        kept = Scored(scores[:4], labels[:4], subject=subject[:4])
        weights = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]])
        assert resampled_eer(data, weights).tolist() == resampled_eer(kept, weights).tolist() == [0.5, 0, 1]

    def test_many_resamples_are_as_many_one_by_one(self):
        """More than are held at once: 42,500 of 25 rows."""
        rng = np.random.default_rng(2)
        data = Scored(rng.normal(size=25).round(1), np.arange(25) % 2)
        weights = metrics.subject_weights(25, resamples=42_500, rng=rng)
        found = resampled_eer(data, weights)
        assert found.shape == (42_500,)
        for start in (0, 41_930, 41_950, 42_490):
            part = slice(start, start + 10)
            np.testing.assert_array_equal(found[part], resampled_eer(data, weights[part]))
