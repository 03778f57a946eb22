"""The recipes ``fda``, ``fact``, ``apr`` and ``afa`` are what was published, in numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specaug.augment import (
    Drawn,
    FdaRanges,
    FourierBasisRanges,
    Recipe,
    SpectralMixParams,
    SpectralMixRanges,
    apply_drawn,
    fda,
)
from specaug.spectrum import MAX_RADIUS


def the_step(name):
    (branch,) = Recipe.from_preset(name).branches
    (step,) = branch.steps
    return step


def drawn(recipe, seed):
    """The drawn operation of a recipe of one step, None where the coin said no."""
    steps = recipe.sample(seed)["steps"]
    return Drawn.from_dict(steps[0]) if steps else None


@pytest.mark.parametrize(
    ("name", "operation", "ranges", "probability"),
    [
        ("fda", "fda", FdaRanges((0.01, 0.05, 0.09)), 1.0),
        ("fact", "spectral_mix", SpectralMixRanges((0.0, 1.0), form="square", keep_mean=False), 1.0),
        ("apr", "spectral_mix", SpectralMixRanges((1.0, 1.0), high=MAX_RADIUS, keep_mean=False), 0.6),
        ("afa", "fourier_basis", FourierBasisRanges(5 * math.sqrt(2) / 32), 1.0),
    ],
)
def test_they_are_what_was_published(name, operation, ranges, probability):
    step = the_step(name)
    assert (step.operation, step.ranges, step.probability) == (operation, ranges, probability)


def test_fda_is_the_function():
    recipe = Recipe.from_operation("fda", {"beta": [0.1]})
    x, r = np.random.default_rng(0).uniform(0.3, 0.7, (2, 2, 16, 18, 3))
    np.testing.assert_array_equal(recipe.apply(x, recipe.sample(0), r), fda(x, r, beta=0.1))


@pytest.mark.parametrize(("ratio", "high"), [(1.0, MAX_RADIUS), (0.25, 0.25), (0.5, math.sqrt(0.5) / 2)])
def test_fact_mixes_the_central_square_of_a_share_of_the_area(ratio, high):
    """A square of half side h holds (2h)² of the area: that of a share is √share/2."""
    ranges = SpectralMixRanges((1.0, 1.0), high=high, form="square", keep_mean=False)
    recipe = Recipe.from_operation("spectral_mix", ranges)
    x, r = np.random.default_rng(0).uniform(0.4, 0.6, (2, 64, 64, 3))
    out = recipe.apply(x, recipe.sample(0), r)
    changed = np.abs(np.fft.fft2(out - x, axes=(0, 1))).max(axis=-1) > 1e-9
    assert changed.mean() == pytest.approx(ratio, abs=0.02)


def test_the_strength_of_fact_is_uniform():
    recipe = Recipe.from_preset("fact")
    strengths = [drawn(recipe, seed).params.strength for seed in range(400)]
    assert 0 <= min(strengths) < max(strengths) <= 1
    # Four standard deviations of a mean of 400 uniform numbers: 4/√(12·400).
    assert np.mean(strengths) == pytest.approx(0.5, abs=0.058)
    assert np.std(strengths) == pytest.approx(math.sqrt(1 / 12), abs=0.03)


def test_apr_swaps_everything_in_the_share_of_clips_it_says():
    recipe = Recipe.from_preset("apr")
    draws = [drawn(recipe, seed) for seed in range(600)]
    assert np.mean([d is not None for d in draws]) == pytest.approx(0.6, abs=0.08)
    chosen = next(d for d in draws if d is not None)
    assert chosen.params == SpectralMixParams(1.0, keep_mean=False)
    x, r = np.random.default_rng(0).uniform(0.45, 0.55, (2, 16, 16, 3))
    out = apply_drawn(x, chosen, r).image
    np.testing.assert_allclose(*(np.abs(np.fft.fft2(v, axes=(0, 1))) for v in (out, r)), atol=1e-9)


def test_afa_adds_one_wave_to_each_channel():
    recipe = Recipe.from_preset("afa")
    gratings = [drawn(recipe, seed).params.gratings for seed in range(300)]
    for waves in gratings:
        assert len(waves) == 3
        for channel, wave in enumerate(waves):
            assert [a > 0 for a in wave.amplitude] == [i == channel for i in range(3)]
    weak = Recipe.from_operation("fourier_basis", {"mean_amplitude": 0.05})
    amplitudes = [max(g.amplitude) for s in range(300) for g in drawn(weak, s).params.gratings]
    # Mean and deviation of an exponential distribution are the same.
    assert np.mean(amplitudes) == pytest.approx(0.05, rel=0.1)
    assert np.std(amplitudes) == pytest.approx(0.05, rel=0.15)


def test_afa_keeps_labels_and_takes_no_donor():
    recipe = Recipe.find("afa")
    assert recipe.donor is None
    assert [recipe.label_after(recipe.sample(0), label) for label in ("bonafide", "attack")] == [
        "bonafide",
        "attack",
    ]
