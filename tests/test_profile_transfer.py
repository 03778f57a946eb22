"""A learned transfer as an operation: the gain of each frequency and plane, the noise beneath, and the records."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from specaug.augment import Drawn, apply_drawn
from specaug.augment.profile.measure import bin_centres, colour_planes, from_planes
from specaug.augment.profile.operation import ProfileParams, apply_profile, limited
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

FLAT = ((0.0,) * 4,) * 3
SIDE = 48


def params(gains=FLAT, extra=FLAT, **settings) -> ProfileParams:
    return ProfileParams(gains, extra, **settings)


def planes_with(plane: int, cycles: int, amplitude: float) -> np.ndarray:
    """(H, W, 3) a wave in one of luma, red − luma, blue − luma, along x."""
    wave = amplitude * np.cos(2 * np.pi * cycles * np.arange(SIDE) / SIDE) * np.ones((SIDE, 1))
    made = [np.full((SIDE, SIDE), 0.5), np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))]
    made[plane] = made[plane] + wave
    return np.stack(from_planes(*made), axis=-1)


def amplitude(picture: np.ndarray, plane: int, cycles: int) -> float:
    spectrum = np.fft.fft2(colour_planes(picture)[plane])
    return 2 * float(np.abs(spectrum[0, cycles])) / SIDE**2


@pytest.mark.parametrize("plane", [0, 1, 2])
@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_each_plane_has_its_own_gain_to_the_power_of_the_strength(plane, strength):
    gains = tuple((math.log(g),) * 4 for g in (0.5, 1.5, 0.25))
    picture = planes_with(plane, 7, 0.06)
    out = apply_profile(picture, params(gains, strength=strength)).image
    expected = 0.06 * (0.5, 1.5, 0.25)[plane] ** strength
    assert amplitude(out, plane, 7) == pytest.approx(expected, rel=1e-9)
    for other in {0, 1, 2} - {plane}:
        assert amplitude(out, other, 7) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("scale", [0.75, 1.0, 1.5])
@pytest.mark.parametrize("cycles", [2, 9, 17])
def test_a_gain_is_that_of_the_frequency_in_the_source(scale, cycles):
    """Straight lines between the middles of the bins, and the first and last value beyond them."""
    curve = (-0.9, 0.3, -0.2, 0.1, -0.6, 0.0, -0.3, -1.2)
    out = apply_profile(
        planes_with(0, cycles, 0.1), params((curve, *((0.0,) * 8,) * 2), ((0.0,) * 8,) * 3, scale=scale)
    )
    f = cycles / SIDE / scale
    expected = math.exp(float(np.interp(f, bin_centres(8), curve)))
    assert amplitude(out.image, 0, cycles) == pytest.approx(0.1 * expected, rel=1e-9)


def test_the_mean_of_a_picture_stays_whatever_the_gain(rng):
    picture = rng.uniform(0.4, 0.6, (2, 20, 26, 3))
    loud = params(((-0.7,) * 4,) * 3, ((0.02,) * 4,) * 3, residual=1.0)
    out = apply_profile(picture, loud).image
    np.testing.assert_allclose(out.mean(axis=(1, 2)), picture.mean(axis=(1, 2)), atol=1e-12)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_pictures_that_are_not_of_three_colours_get_the_gain_of_luma(channels, rng):
    picture = rng.uniform(0.4, 0.6, (16, 16, channels))
    gains = ((-0.5,) * 4, (2.0,) * 4, (3.0,) * 4)
    out = apply_profile(picture, params(gains, ((0.5,) * 4,) * 3, residual=1.0)).image
    mean = picture.mean(axis=(0, 1))
    np.testing.assert_allclose(out, mean + math.exp(-0.5) * (picture - mean), atol=1e-12)


def test_a_picture_without_a_channel_axis_gets_the_gain_of_luma(rng):
    picture = rng.uniform(0.4, 0.6, (3, 16, 16))
    out = apply_profile(picture, params(((-0.5,) * 4, (2.0,) * 4, (3.0,) * 4)), channel_axis=None).image
    mean = picture.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(out, mean + math.exp(-0.5) * (picture - mean), atol=1e-12)


@pytest.mark.parametrize(
    ("strength", "residual", "scale"), [(1.0, 1.0, 1.0), (0.5, 1.0, 1.0), (1.0, 0.25, 1.0), (2.0, 0.5, 1.6)]
)
def test_the_noise_has_the_deviation_of_its_curves(strength, residual, scale):
    extra = ((0.05,) * 4, (0.02,) * 4, (0.03,) * 4)
    grey = np.full((128, 128, 3), 0.5)
    out = apply_profile(grey, params(extra=extra, strength=strength, residual=residual, scale=scale, seed=5))
    deviations = colour_planes(out.image).std(axis=(1, 2))
    # The relative error of a deviation of n values is 1/sqrt(2 n): 0.6 %, four times that.
    expected = np.array([0.05, 0.02, 0.03]) * strength * residual / scale
    np.testing.assert_allclose(deviations, expected, rtol=0.024)


def test_the_noise_lies_at_the_frequencies_of_its_curve():
    """Of 16 bins up to 0.707 cycles/px, one around 0.2: nothing beyond the middles of its neighbours."""
    curve = tuple(0.5 if i == 4 else 0.0 for i in range(16))
    out = apply_profile(
        np.full((64, 64, 3), 0.5), params(((0.0,) * 16,) * 3, (curve, *((0.0,) * 16,) * 2), residual=1.0)
    ).image
    luma = colour_planes(out)[0]
    radius = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64))
    power = np.abs(np.fft.fft2(luma - 0.5)) ** 2
    centres = bin_centres(16)
    outside = (radius <= centres[3]) | (radius >= centres[5])
    assert power[outside].max() < 1e-20 * power.max()
    np.testing.assert_allclose(out, np.repeat(luma[..., None], 3, axis=-1), atol=1e-12)


def test_white_of_bytes_has_the_noise_of_floats():
    loud = params(extra=((0.05,) * 4,) * 3, residual=1.0)
    floats = apply_profile(np.full((32, 32, 3), 0.5), loud).image
    bytes_ = apply_profile(np.full((32, 32, 3), 128, np.uint8), loud).image
    np.testing.assert_allclose(bytes_ - 128.0, (floats - 0.5) * 255, atol=0.501)


def test_a_seed_gives_one_field_of_noise_for_all_pictures():
    grey, loud = np.full((3, 24, 24, 3), 0.5), params(extra=((0.05,) * 4,) * 3, residual=1.0, seed=3)
    out = apply_profile(grey, loud).image
    np.testing.assert_array_equal(out, np.repeat(out[:1], 3, axis=0))
    np.testing.assert_array_equal(out, apply_profile(grey, replace(loud), clip_axis=0).image)
    other = apply_profile(grey, replace(loud, seed=4)).image
    assert abs(np.corrcoef(other[0, ..., 0].ravel(), out[0, ..., 0].ravel())[0, 1]) < 0.17  # 4/sqrt(576)


def test_no_share_of_the_noise_is_no_noise(rng):
    picture = rng.uniform(0.3, 0.7, (16, 16, 3))
    np.testing.assert_array_equal(apply_profile(picture, params(extra=((9.0,) * 4,) * 3)).image, picture)


def test_tensors_get_the_same_transfer_with_gradients(rng):
    picture = rng.uniform(0.3, 0.7, (2, 3, 20, 18))
    loud = params(((-0.4,) * 4, (0.2,) * 4, (0.1,) * 4), ((0.02,) * 4,) * 3, residual=0.8, strength=1.5)
    expected = apply_profile(picture, loud, channel_axis=1).image
    tensor = torch.asarray(picture).requires_grad_()
    out = apply_profile(tensor, loud, channel_axis=1).image
    np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)
    # The mean stays, so the sum has the derivative 1 by every value.
    out.sum().backward()
    np.testing.assert_allclose(tensor.grad.numpy(), 1, atol=1e-9)


@pytest.mark.parametrize(
    ("gain", "kept"),
    [
        (0.0, 0.0),
        (-0.5, -0.5),
        (math.log(2.9), math.log(2.9)),
        (math.log(3.1), math.log(3)),
        (-math.log(3.1), -math.log(3)),
        (9.0, math.log(3)),
        (-9.0, -math.log(3)),
    ],
)
def test_a_gain_is_no_larger_than_three_and_noise_makes_up_for_the_rest(gain, kept):
    bonafide = np.full((3, 2), -2.0)
    gains, extra = limited(np.full((3, 2), gain), bonafide + gain, bonafide)
    np.testing.assert_allclose(gains, kept)
    missing = math.exp(2 * (gain - 2)) - 9 * math.exp(-4) if gain > math.log(3) else 0.0
    # The mean logarithm of an exponential distribution, of the power of noise, is Euler's 0.5772 below its mean's.
    np.testing.assert_allclose(extra, math.sqrt(missing * math.exp(0.5772156649)), rtol=1e-9)


def test_gain_and_noise_together_have_the_mean_logarithm_of_the_attack(rng):
    """A Gaussian spectrum of bona fide clips, ten times fainter than that of attacks: both as mean logarithms."""
    n = 200_000
    fields = rng.standard_normal((2, 2, n))
    complex_ = (fields[0] + 1j * fields[1]) / math.sqrt(2)
    bonafide = np.full((3, 1), np.log(np.abs(0.1 * complex_[0])).mean())
    attack = np.full((3, 1), np.log(np.abs(complex_[0])).mean())
    gains, extra = limited(attack - bonafide, attack, bonafide)
    made = math.exp(gains[0, 0]) * 0.1 * complex_[0] + extra[0, 0] * complex_[1]
    # sd of the logarithm of a Rayleigh amplitude is 0.64: five standard errors are 0.007. The bona fide clips' own
    # logarithm is also below the mean of their power, which makes the noise too strong by 9 % of it at most.
    assert np.log(np.abs(made)).mean() == pytest.approx(float(attack[0, 0]), abs=0.05)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("strength", (0.0, 10.0), (-1e-9, 10.001, math.nan, math.inf, "1", None)),
        ("residual", (0.0, 1.0), (-1e-9, 1.001, math.nan)),
        ("scale", (1e-3, 1e3), (0.0, 9e-4, 1001.0, -1.0)),
        ("gains", (((-50.0,),) * 3, ((50.0,),) * 3), (((50.1,),) * 3, ((-50.1,),) * 3, ((math.nan,),) * 3)),
        ("extra", (((0.0,),) * 3, ((1e12,),) * 3), (((-1e-9,),) * 3, ((1.1e12,),) * 3, (("a",),) * 3)),
    ],
)
def test_numbers_of_a_record_lie_in_their_limits(name, inside, outside):
    whole = params(((0.0,),) * 3, ((0.0,),) * 3)
    for value in inside:
        assert getattr(replace(whole, **{name: value}), name) == value
    for value in outside:
        with pytest.raises(ArgumentError, match=f"^{name}: expected a number"):
            replace(whole, **{name: value})


@pytest.mark.parametrize("name", ["gains", "extra"])
@pytest.mark.parametrize(
    "curves", [(), ((0.0,),) * 2, ((0.0,),) * 4, ((),) * 3, ((0.0,), (0.0,), (0.0, 0.0))]
)
def test_a_record_holds_three_curves_of_equal_length(name, curves):
    with pytest.raises(ArgumentError, match=f"^{name}: expected three curves of equal length$"):
        replace(params(), **{name: curves})


def test_a_record_survives_json_and_can_be_a_key(rng):
    one = params(
        tuple(tuple(rng.normal(0, 0.1, 5)) for _ in range(3)),
        ((0.01,) * 5,) * 3,
        residual=0.5,
        seed=2**53 - 1,
    )
    again = ProfileParams(**json.loads(json.dumps(asdict(one))))
    assert again == one
    assert hash(again) == hash(one)
    picture = rng.uniform(0.3, 0.7, (16, 16, 3))
    made = [apply_drawn(picture, Drawn("profile", p)).image for p in (one, again)]
    np.testing.assert_array_equal(*made)
