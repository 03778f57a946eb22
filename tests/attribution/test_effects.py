"""Errors after a change, and intervals over subjects."""

from __future__ import annotations

import numpy as np
import pytest

from specaug.attribution.effects import base_rates, effects
from specaug.metrics import apcer, bpcer

N = 10
"""Subjects, of two bona fide clips, two prints and two replays each."""
LABELS = np.tile([0, 0, 1, 1, 1, 1], N)
PAI = np.tile(["none", "none", "print", "print", "replay", "replay"], N)
UNITS = np.repeat(np.arange(N), 6)


def measured(*rows):
    return effects(np.stack(rows), LABELS, PAI, UNITS, 0.0)


@pytest.fixture
def logits(rng):
    return rng.normal(np.where(LABELS == 1, 0.8, -0.8), 1.0)


def test_rates_are_those_of_the_metrics_after_less_before(logits, rng):
    changed = logits + rng.normal(0, 1, logits.shape)
    (effect,) = measured(logits, changed)
    settings = {"threshold": 0.0, "pai": PAI}
    worst = [apcer(row, LABELS, **settings) for row in (logits, changed)]
    passed = [bpcer(row, LABELS, threshold=0.0) for row in (logits, changed)]
    assert effect.apcer.value == pytest.approx(worst[1] - worst[0])
    assert effect.bpcer.value == pytest.approx(passed[1] - passed[0])
    assert effect.acer.value == pytest.approx((effect.apcer.value + effect.bpcer.value) / 2)
    assert set(effect.apcer_by_pai) == {"print", "replay"}


def test_the_worst_species_may_be_another_one_afterwards():
    """A tenth of the prints passes before, three tenths of the replays afterwards."""
    before = np.where(LABELS == 1, 1.0, -1.0)
    after = before.copy()
    before[np.flatnonzero(PAI == "print")[:2]] = -1
    after[np.flatnonzero(PAI == "replay")[:6]] = -1
    (effect,) = measured(before, after)
    assert effect.apcer.value == pytest.approx(0.2)
    assert {name: shift.value for name, shift in effect.apcer_by_pai.items()} == pytest.approx(
        {"print": -0.1, "replay": 0.3}
    )


def test_a_change_that_nothing_notices_reaches_as_far_as_the_rule_of_three(logits):
    """Simultaneous over one change: Student's 2.26 at nine degrees of freedom times 1.5 of ten subjects."""
    (effect,) = measured(logits, logits)
    assert effect.acer.value == 0
    assert effect.acer.high == pytest.approx(2.262 * 1.5 / N, abs=1e-3)
    assert not effect.acer.shown
    assert (effect.attack_logit.value, effect.attack_logit.low, effect.attack_logit.high) == (0, 0, 0)


def test_taking_all_evidence_is_shown_and_moving_all_logits_is_not():
    """The first makes all attacks pass; the second rejects everybody, which ACER does not mind."""
    clean = np.where(LABELS == 1, 1.0, -1.0)
    blind, shifted = np.full(len(LABELS), -1.0), clean + 5
    taken, moved = measured(clean, blind, shifted)
    assert (taken.apcer.value, taken.bpcer.value, taken.acer.value) == (1, 0, 0.5)
    assert taken.acer.shown
    assert (moved.apcer.value, moved.bpcer.value) == (0, 1)
    chance = np.tile([-1.0, 1.0], 3 * N)
    (nothing,) = measured(chance, chance * -1)
    assert nothing.acer.value == 0
    assert not nothing.acer.shown


def test_intervals_hold_together_over_all_changes(logits, rng):
    changed = logits + rng.normal(0, 1, logits.shape)
    (alone,) = measured(logits, changed)
    among = measured(logits, *([changed] * 20))[0]
    assert among.acer.low < alone.acer.low
    assert among.acer.high > alone.acer.high


def test_rows_of_one_subject_do_not_count_as_many():
    """One subject's ten clips flipped, or one clip of each of ten subjects: the same rate, the first less sure."""
    clean = np.where(LABELS == 1, 1.0, -1.0)
    one, many = clean.copy(), clean.copy()
    bonafide = np.flatnonzero(LABELS == 0)
    one[bonafide[:2]] = 1
    many[bonafide[[0, 2]]] = 1
    first, second = measured(clean, one)[0], measured(clean, many)[0]
    assert first.bpcer.value == second.bpcer.value == pytest.approx(0.1)
    assert first.bpcer.high > second.bpcer.high


def test_logits_move_by_the_mean_over_clips_with_a_jackknife_over_subjects(logits, rng):
    steps = rng.normal(0.5, 1, N)
    (effect,) = measured(logits, logits + steps[UNITS])
    error = steps.std(ddof=1) / np.sqrt(N)
    assert effect.bonafide_logit.value == pytest.approx(steps.mean())
    assert effect.bonafide_logit.high == pytest.approx(steps.mean() + 2.2622 * error, rel=1e-3)


def test_one_subject_says_nothing():
    logits = np.array([-1.0, 1.0])
    (effect,) = effects(
        np.stack([logits, -logits]), np.array([0, 1]), np.array(["none", "print"]), np.zeros(2, int), 0.0
    )
    assert effect.acer.value == 1
    assert not effect.acer.shown
    assert not effect.attack_logit.shown


def test_no_change_has_no_effects(logits):
    assert effects(logits[None], LABELS, PAI, UNITS, 0.0) == []


def test_chance_is_not_told_apart_from_a_network_that_knows_nothing(rng):
    clean = np.where(LABELS == 1, 1.0, -1.0)
    assert base_rates(clean, LABELS, PAI, UNITS, 0.0).separates
    noise = base_rates(rng.normal(size=len(LABELS)), LABELS, PAI, UNITS, 0.0)
    assert not noise.separates
    assert noise.acer == pytest.approx((noise.apcer + noise.bpcer) / 2)
