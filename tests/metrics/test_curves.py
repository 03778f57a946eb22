"""The curve of both errors: where it begins and ends, its area as a chance, axes of DET plots."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from exact_rates import Exact, random_set

from specaug import metrics
from specaug.metrics.curves import curve_of
from specaug.metrics.scored import Scored


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("worst", [True, False])
def test_it_holds_the_exact_rates_of_every_step(seed, worst):
    scores, labels, pai = random_set(seed)
    exact = Exact(scores.tolist(), labels.tolist(), pai.tolist())
    curve = metrics.det_curve(scores, labels, pai=pai, worst=worst)
    attack_error = exact.apcer if worst else exact.pooled
    assert curve.thresholds[:-1].tolist() == exact.levels
    assert curve.apcer.tolist() == [float(attack_error(t)) for t in exact.steps()]
    assert curve.bpcer.tolist() == [float(exact.bpcer(t)) for t in exact.steps()]


def test_it_goes_from_rejecting_all_to_accepting_all():
    curve = metrics.det_curve([0.5, 0.1, 0.9, 0.5], [0, 0, 1, 1])
    assert (curve.apcer[0], curve.bpcer[0]) == (0, 1)
    assert (curve.apcer[-1], curve.bpcer[-1]) == (1, 0)
    assert curve.thresholds.tolist() == [0.1, 0.5, 0.9, math.nextafter(0.9, 1)]
    assert repr(curve) == "DetCurve(4 points)"


def test_rates_hold_up_to_their_threshold_and_no_further():
    scores, labels, _ = random_set(3)
    curve = metrics.det_curve(scores, labels)
    for low, high, apcer, bpcer in zip(
        curve.thresholds, curve.thresholds[1:], curve.apcer[1:], curve.bpcer[1:], strict=False
    ):
        for tau in (math.nextafter(low, math.inf), (low + high) / 2, high):
            if low < tau <= high:
                assert metrics.apcer(scores, labels, threshold=tau) == apcer
                assert metrics.bpcer(scores, labels, threshold=tau) == bpcer


@pytest.mark.parametrize("seed", range(10))
def test_the_area_is_the_chance_that_an_attack_scores_higher_with_ties_as_halves(seed):
    scores, labels, _ = random_set(seed, levels=4)
    attacks, bonafide = scores[labels == 1], scores[labels == 0]
    wins = sum(Fraction(int(a > b) * 2 + int(a == b), 2) for a in attacks for b in bonafide)
    area = metrics.det_curve(scores, labels).area()
    assert area == pytest.approx(float(wins / (len(attacks) * len(bonafide))))
    assert metrics.det_curve(scores, 1 - labels).area() == pytest.approx(1 - area)


@pytest.mark.parametrize(
    ("scores", "area"), [([0, 1, 2, 3], 1.0), ([2, 3, 0, 1], 0.0), ([1, 1, 1, 1], 0.5), ([0, 2, 1, 3], 0.75)]
)
def test_areas_by_hand(scores, area):
    assert metrics.det_curve(scores, [0, 0, 1, 1]).area() == area


def test_the_worst_species_makes_the_area_smaller_than_pooling_does():
    scores, labels = [0.0, 1.0, 0.5, 0.5, 2.0, 2.0], [0, 0, 1, 1, 1, 1]
    pai = ["none", "none", "print", "print", "replay", "replay"]
    assert metrics.det_curve(scores, labels, pai=pai).area() == 0.5
    assert metrics.det_curve(scores, labels, pai=pai, worst=False).area() == 0.75


def test_roc_and_probit_are_other_axes_of_the_same_points():
    scores, labels, _ = random_set(2)
    curve = metrics.det_curve(scores, labels)
    accepted_attacks, accepted_bonafide = curve.roc()
    assert accepted_attacks.tolist() == curve.apcer.tolist()
    assert accepted_bonafide.tolist() == (1 - curve.bpcer).tolist()
    for rates, quantiles in zip((curve.apcer, curve.bpcer), curve.probit(), strict=True):
        for rate, quantile in zip(rates, quantiles, strict=True):
            ends = {0: -math.inf, 1: math.inf}
            assert quantile == (ends[rate] if rate in ends else pytest.approx(NormalDist().inv_cdf(rate)))


def test_rows_without_a_face_are_on_no_curve():
    data = Scored([0.5, math.nan, 1.0, 9.0], [0, 0, 1, 1], acquired=[True, False, True, False])
    curve = curve_of(data, worst=False)
    assert curve.thresholds.tolist() == [0.5, 1.0, math.nextafter(1.0, 2)]
    assert curve.bpcer.tolist() == [1, 0, 0]
    assert curve.apcer.tolist() == [0, 0, 1]


def test_it_cannot_be_changed():
    curve = metrics.det_curve([0, 1], [0, 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        curve.apcer = np.zeros(3)
