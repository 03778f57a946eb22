"""Draws and labels: everything follows from the seed, and is enough to do it again."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import (
    OPERATIONS,
    BandScaleRanges,
    Drawn,
    FdaParams,
    FdaRanges,
    SpectralMixParams,
    SpectralMixRanges,
    apply_drawn,
    draw,
    label_after,
    spectral_mix,
)
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS

every_operation = pytest.mark.parametrize("name", OPERATIONS)


def pictures(name, seed=0):
    x, r = np.random.default_rng(seed).uniform(0.3, 0.7, (2, 2, 16, 18, 3))
    return (x, r) if OPERATIONS[name].partner else (x, None)


@every_operation
@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=15)
def test_a_draw_goes_through_json_and_back(name, seed):
    drawn = draw(name, rng=seed)
    again = Drawn.from_dict(json.loads(json.dumps(drawn.to_dict())))
    assert again == drawn
    assert again.params == drawn.params
    x, r = pictures(name)
    np.testing.assert_array_equal(apply_drawn(x, again, r).image, apply_drawn(x, drawn, r).image)


@every_operation
def test_same_seed_same_draw_and_another_seed_another(name):
    assert draw(name, rng=1) == draw(name, rng=np.random.default_rng(1))
    assert len({str(draw(name, rng=seed)) for seed in range(20)}) > (2 if name == "fda" else 15)


@every_operation
def test_draws_leave_the_global_state_alone(name):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    draw(name, rng=0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_draws_stay_in_the_published_ranges():
    for seed in range(300):
        rng = np.random.default_rng(seed)
        assert 0.25 <= draw("bandpass_inject", rng=rng).params.gain <= 1.5
        assert 0.10 <= draw("recapture_blur", rng=rng).params.cutoff <= 0.35
        assert 0 <= draw("spectral_mix", rng=rng).params.strength <= 1
        assert draw("fda", rng=rng).params.beta in (0.01, 0.05, 0.09)
        assert 3 <= draw("halftone", rng=rng).params.cell <= 8
        gratings = draw("moire", rng=rng).params.gratings
        assert 1 <= len(gratings) <= 4
        for grating in gratings:
            assert 1 / 64 <= math.hypot(grating.u, grating.v) <= 0.45 + 1e-12
            assert 0.01 <= grating.amplitude <= 0.3
            assert len(set(grating.phase)) == 3


def test_beta_spreads_the_strength_as_asked():
    ranges = SpectralMixRanges((0.2, 0.6), beta=(8.0, 8.0))
    strengths = [draw("spectral_mix", ranges, rng=seed).params.strength for seed in range(500)]
    assert 0.2 <= min(strengths) <= max(strengths) <= 0.6
    assert np.mean(strengths) == pytest.approx(0.4, abs=0.01)
    assert np.std(strengths) == pytest.approx(0.4 * math.sqrt(1 / (4 * 17)), rel=0.1)


@every_operation
def test_applying_a_draw_is_calling_the_function(name):
    import specaug.augment as augment

    x, r = pictures(name)
    drawn = draw(name, rng=3)
    if name in ("spectral_jitter", "grain", "recapture_screen", "recapture_print", "profile"):
        return  # the function draws the seed that the record holds, or a profile what it does
    settings = {field: getattr(drawn.params, field) for field in drawn.params.__dataclass_fields__}
    pair = (x,) if r is None else (x, r)
    np.testing.assert_array_equal(apply_drawn(x, drawn, r).image, getattr(augment, name)(*pair, **settings))


def test_applied_says_how_much_was_clipped(rng):
    x = rng.uniform(0.9, 1.0, (2, 16, 16, 3))
    applied = apply_drawn(x, Drawn("moire", OPERATIONS["moire"].params(((0.1, 0.2, 0.3, 0.0),))))
    total = (
        x * (1 + 0.3 * np.cos(2 * np.pi * (0.1 * np.arange(16) + 0.2 * np.arange(16)[:, None])))[..., None]
    )
    np.testing.assert_allclose(applied.clipped, (total > 1 + 1 / 510).mean(axis=(1, 2, 3)))
    assert applied.halvings.tolist() == [0, 0]
    assert "clipped" in repr(applied)


HIGH = Drawn("spectral_mix", SpectralMixParams(1.0, low=1 / 16))
LOW = Drawn("fda", FdaParams(0.05))


def test_labels_follow_the_effect():
    assert label_after(draw("moire", rng=0), "bonafide") == "attack"
    assert label_after(draw("spectral_jitter", rng=0), "bonafide") == "bonafide"
    assert label_after(LOW, "bonafide", "bonafide") == "bonafide"
    assert label_after(HIGH, "bonafide", "attack") == "attack"
    assert label_after(HIGH, "attack", "attack") == "attack"


@pytest.mark.parametrize(
    ("drawn", "label", "partner", "match"),
    [
        (
            LOW,
            "bonafide",
            "attack",
            "partner_label: expected bonafide, or an attack whose band starts at 1/16",
        ),
        (HIGH, "attack", "bonafide", "partner_label: expected attack, .* got bonafide from 0.0625"),
        (HIGH, "bonafide", None, "partner_label: expected one of bonafide, attack, got None"),
        (HIGH, "real", "attack", "label: expected one of bonafide, attack, got 'real'"),
    ],
)
def test_uncertain_labels_are_refused(drawn, label, partner, match):
    with pytest.raises(ArgumentError, match=match):
        label_after(drawn, label, partner)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: draw("blur"), "operation: expected one of spectral_mix, .*, got 'blur'"),
        (lambda: draw("fda", BandScaleRanges()), "ranges: expected FdaRanges, got BandScaleRanges"),
        (lambda: draw("fda", FdaRanges((0.7,))), r"beta: expected a number in \[0, 0.5\], got 0.7"),
        (lambda: apply_drawn(np.zeros((8, 8, 3)), LOW), "reference: expected a picture for fda"),
        (
            lambda: apply_drawn(np.zeros((8, 8, 3)), draw("moire", rng=0), np.zeros((8, 8, 3))),
            "partner: expected none for moire",
        ),
        (lambda: SpectralMixParams(1.5), r"strength: expected a number in \[0, 1\], got 1.5"),
        (
            lambda: spectral_mix(np.zeros((8, 8, 3)), np.zeros((8, 8, 3)), strength=True),
            "strength: expected a number",
        ),
    ],
)
def test_bad_call_is_named(call, match):
    with pytest.raises(ArgumentError, match=match):
        call()


def test_high_defaults_to_the_highest_frequency():
    assert SpectralMixParams(1.0).high == MAX_RADIUS
