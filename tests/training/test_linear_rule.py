"""The linear rule: its minimum against a general optimiser, its symmetries, its choice by dev."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from specaug.training.balanced_loss import balanced_loss
from specaug.training.linear_rule import PENALTIES, choose_rule, fit_rule


def made(n=40, features=6, *, seed=0, apart=1.0):
    """Features and labels; the first feature tells them apart."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 3 == 0).astype(int)
    values = rng.normal(0, 1, (n, features)) * np.arange(1, features + 1) + 5
    values[:, 0] += apart * labels
    return values, labels


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0])
def test_the_rule_is_the_minimum_that_a_general_optimiser_finds(penalty):
    features, labels = made()
    z = (features - features.mean(axis=0)) / features.std(axis=0)

    def loss(at):
        return balanced_loss(z @ at[:-1] + at[-1], labels) + penalty * (at[:-1] ** 2).sum() / 2

    best = minimize(loss, np.zeros(7), options={"gtol": 1e-9, "maxiter": 10_000})
    rule = fit_rule(features, labels, penalty=penalty)
    assert loss(np.append(rule.weights, rule.bias)) <= best.fun + 1e-9
    assert rule.weights == pytest.approx(best.x[:-1], abs=1e-4)
    assert rule.bias == pytest.approx(best.x[-1], abs=1e-4)
    assert rule.scores(features) == pytest.approx(z @ best.x[:-1] + best.x[-1], abs=1e-3)


def test_clips_that_can_be_told_apart_entirely_still_have_a_minimum():
    features, labels = made(apart=50.0)
    rule = fit_rule(features, labels, penalty=min(PENALTIES))
    scores = rule.scores(features)
    assert scores[labels == 1].min() > 0 > scores[labels == 0].max()
    assert np.isfinite(rule.weights).all()


def test_how_many_clips_a_class_has_does_not_matter():
    features, labels = made()
    own = labels == 1
    rule = fit_rule(features, labels, penalty=0.1)
    # The same mean and deviation are needed: standardising is over all clips.
    z = (features - rule.mean) / rule.deviation
    more = np.r_[z, z[own], z[own]], np.r_[labels, labels[own], labels[own]]
    again = fit_rule(*more, penalty=1e-9)
    first = fit_rule(z, labels, penalty=1e-9)
    assert again.scores(z) == pytest.approx(first.scores(z), rel=1e-3, abs=1e-3)


def test_units_of_features_do_not_matter():
    features, labels = made()
    scale, shift = np.array([1e3, 1e-3, 2, 7, 0.1, 1]), np.arange(6) * 10.0
    one, other = (fit_rule(f, labels, penalty=0.1) for f in (features, features * scale + shift))
    assert other.scores(features * scale + shift) == pytest.approx(one.scores(features), abs=1e-6)


def test_a_feature_that_never_varies_has_no_weight():
    features, labels = made()
    features[:, 3] = 4.25
    rule = fit_rule(features, labels, penalty=0.01)
    assert abs(rule.weights[3]) < 1e-12
    features[:, 3] = 99.0
    assert rule.scores(features) == pytest.approx(fit_rule(features, labels, penalty=0.01).scores(features))


def test_more_penalty_holds_the_weights_back():
    sizes = [np.abs(fit_rule(*made(), penalty=p).weights).sum() for p in PENALTIES]
    assert sizes == sorted(sizes, reverse=True)


def test_dev_chooses_the_penalty_with_its_least_loss():
    train, dev = made(30, 25, seed=1), made(300, 25, seed=2)
    losses = {p: balanced_loss(fit_rule(*train, penalty=p).scores(dev[0]), dev[1]) for p in PENALTIES}
    best = min(losses, key=lambda p: losses[p])
    assert min(PENALTIES) < best < max(PENALTIES)
    chosen = choose_rule(train, dev)
    assert chosen.penalty == best
    assert np.array_equal(chosen.weights, fit_rule(*train, penalty=best).weights)


def test_of_penalties_that_are_as_good_the_highest_counts():
    features, labels = made()
    constant = np.ones_like(features)
    assert choose_rule((constant, labels), (features, labels)).penalty == max(PENALTIES)
