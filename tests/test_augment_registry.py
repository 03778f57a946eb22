"""Draws, presets and labels: everything follows from the seed, and is enough to do it again."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import (
    OPERATIONS,
    PRESETS,
    BandScaleRanges,
    Drawn,
    FdaParams,
    FdaRanges,
    SpectralMixParams,
    SpectralMixRanges,
    apply_drawn,
    draw,
    fda,
    label_after,
    preset,
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


def test_fda_preset_is_the_function():
    x, r = pictures("fda")
    drawn = preset("fda", beta=(0.1,)).draw(rng=np.random.default_rng(0))
    np.testing.assert_array_equal(apply_drawn(x, drawn, r).image, fda(x, r, beta=0.1))


@pytest.mark.parametrize("ratio", [1.0, 0.25])
def test_fact_preset_mixes_the_central_square_of_that_area(ratio):
    drawn = preset("fact", alpha=1.0, ratio=ratio).draw(rng=np.random.default_rng(0))
    assert drawn.params.form == "square"
    assert not drawn.params.keep_mean
    x, r = np.random.default_rng(0).uniform(0.4, 0.6, (2, 64, 64, 3))
    out = apply_drawn(x, drawn, r).image
    changed = np.abs(np.fft.fft2(out - x, axes=(0, 1))).max(axis=-1) > 1e-9
    assert changed.mean() == pytest.approx(ratio, abs=0.02)


def test_fact_strength_is_uniform_below_alpha():
    made = preset("fact", alpha=0.5)
    strengths = [made.draw(rng=np.random.default_rng(s)).params.strength for s in range(400)]
    assert max(strengths) <= 0.5
    assert np.mean(strengths) == pytest.approx(0.25, abs=0.02)


def test_apr_p_swaps_everything_in_the_share_of_pictures_it_says():
    made = preset("apr_p")
    rng = np.random.default_rng(0)
    draws = [made.draw(rng=rng) for _ in range(600)]
    assert np.mean([d is not None for d in draws]) == pytest.approx(0.6, abs=0.05)
    drawn = next(d for d in draws if d is not None)
    assert drawn.params == SpectralMixParams(1.0, keep_mean=False)
    x, r = np.random.default_rng(0).uniform(0.45, 0.55, (2, 16, 16, 3))
    out = apply_drawn(x, drawn, r).image
    np.testing.assert_allclose(*(np.abs(np.fft.fft2(v, axes=(0, 1))) for v in (out, r)), atol=1e-9)


def test_afa_adds_one_wave_to_each_channel():
    drawn = preset("afa").draw(rng=np.random.default_rng(2))
    assert len(drawn.params.gratings) == 3
    for channel, grating in enumerate(drawn.params.gratings):
        assert [a > 0 for a in grating.amplitude] == [i == channel for i in range(3)]
    amplitudes = [
        max(g.amplitude)
        for seed in range(300)
        for g in preset("afa", mean_amplitude=0.05).draw(rng=np.random.default_rng(seed)).params.gratings
    ]
    # Mean and deviation of an exponential distribution are the same.
    assert np.mean(amplitudes) == pytest.approx(0.05, rel=0.1)
    assert np.std(amplitudes) == pytest.approx(0.05, rel=0.15)


def test_the_coin_does_not_shift_what_follows():
    always, often = preset("apr_p", p=1.0), preset("apr_p", p=0.999)
    for seed in range(20):
        a, b = (made.draw(rng=np.random.default_rng(seed)) for made in (always, often))
        assert b is None or a == b


def test_presets_are_all_there():
    assert set(PRESETS) == {"fda", "fact", "apr_p", "afa"}


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
        (lambda: preset("apr_s"), "preset: expected one of fda, fact, apr_p, afa, got 'apr_s'"),
        (lambda: preset("apr_p", p=1.5), r"probability: expected a number in \[0, 1\], got 1.5"),
        (lambda: preset("fact", alpha=2.0), r"alpha: expected a number in \[0, 1\], got 2.0"),
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
