"""Arguments of wrong kinds: each is an ArgumentError that names the argument, never a bare TypeError."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from specaug import augment, spectrum
from specaug.augment import Drawn, draw
from specaug.errors import ArgumentError
from specaug.sampling import frame_indices

GREY = np.full((16, 16, 3), 0.5)
NOT_NUMBERS = ("0.5", b"0.5", None, 0.5j, True, [0.5], 10**400, float("nan"))
TONE = {"gamma": 1.0, "contrast": 1.0, "tint": (1.0,)}
NUMBERS: dict[str, Callable[[object], object]] = {
    "gamma": lambda v: augment.tone(GREY, **{**TONE, "gamma": v}),
    "contrast": lambda v: augment.tone(GREY, **{**TONE, "contrast": v}),
    "quality": lambda v: augment.jpeg(GREY, quality=v),
    "beta": lambda v: augment.fda(GREY, GREY, beta=v),
    "strength": lambda v: augment.spectral_mix(GREY, GREY, strength=v),
    "gain": lambda v: augment.band_scale(GREY, low=0.1, high=0.2, gain=v),
    "cutoff": lambda v: augment.recapture_blur(GREY, cutoff=v),
    "amount": lambda v: augment.spectral_jitter(GREY, amount=v, rng=0),
    "cell": lambda v: augment.halftone(GREY, cell=v, angle=0, strength=1.0),
    "u": lambda v: augment.moire(GREY, gratings=[(v, 0.1, 0.1, 0.0)]),
    "low": lambda v: spectrum.band_mask((8, 8), v, 0.5),
    "rolloff": lambda v: spectrum.band_mask((8, 8), 0.1, 0.5, rolloff=v),
    "bins": lambda v: spectrum.radial_profile(GREY, bins=v),
}


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=lambda v: repr(v)[:12])
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=rf"^{name}: expected a (positive |whole )?(number|integer)"):
        NUMBERS[name](value)


@pytest.mark.parametrize("tint", [1.1, "1.1", None, (), 3, {1.0}, np.array(1.0)])
def test_a_tint_is_a_sequence(tint):
    with pytest.raises(ArgumentError, match=r"^tint: expected a sequence of numbers"):
        augment.tone(GREY, **{**TONE, "tint": tint})


@pytest.mark.parametrize("gratings", [5, None, "ab", b"ab", 0.1j])
def test_gratings_are_a_sequence(gratings):
    with pytest.raises(ArgumentError, match=r"^gratings: expected a sequence"):
        augment.moire(GREY, gratings=gratings)


@pytest.mark.parametrize("grating", [(1,), 5, "ab", {"u": 0.1}, {1: 2, "a": 3}, None])
def test_each_grating_is_named(grating):
    with pytest.raises(ArgumentError, match=r"^gratings: expected .*u, v, amplitude"):
        augment.moire(GREY, gratings=[grating])


@pytest.mark.parametrize("value", ["x", None, (), ("a",)])
def test_amplitudes_are_numbers(value):
    with pytest.raises(ArgumentError, match=r"^amplitude: expected a (number|sequence)"):
        augment.moire(GREY, gratings=[(0.1, 0.1, value, 0.0)])


@pytest.mark.parametrize(
    "shape", [5, None, "34", b"34", ("3", "4"), (3, True), (3, 4, 3), (2.5, 4), (10**400, 3)]
)
def test_shapes_are_two_sizes(shape):
    with pytest.raises(ArgumentError, match=r"^shape: expected \(H, W\)"):
        spectrum.band_mask(shape, 0.1, 0.2)
    with pytest.raises(ArgumentError, match=r"^shape: expected \(H, W\)"):
        spectrum.radial_frequency(shape)


@pytest.mark.parametrize("window", [np.ones(4), 3, ["hann"], "Hann"])
def test_a_choice_is_a_word(window):
    with pytest.raises(ArgumentError, match=r"^window: expected one of None, hann, got "):
        spectrum.log_spectrum(GREY, window=window)


@pytest.mark.parametrize("fps", ["30", b"30", 30j, True, [30], 10**400])
def test_a_rate_is_a_number(fps):
    with pytest.raises(ArgumentError, match=r"^fps: expected a finite number of at least 0, got "):
        frame_indices(100, n=4, policy="stride", fps=fps)


@pytest.mark.parametrize("name", ["n_frames", "n"])
@pytest.mark.parametrize("value", [True, 2.0, "2", b"2", None, 2j])
def test_counts_are_integers(name, value):
    with pytest.raises(ArgumentError, match=rf"^{name}: expected an integer, got "):
        frame_indices(**{"n_frames": 10, "n": 2, "policy": "uniform", name: value})


def test_a_video_has_fewer_frames_than_64_bits_multiply():
    with pytest.raises(ArgumentError, match=r"^n_frames: expected at most 2147483648, got 1000"):
        frame_indices(10**30, n=4, policy="uniform")
    assert frame_indices(2**31, n=2**0, policy="uniform").tolist() == [2**30]


@pytest.mark.parametrize("make", [augment.SpectralJitterParams, augment.GrainParams, augment.ProfileParams])
@pytest.mark.parametrize("seed", [-1, 0.5, "1", b"1", None, True, 1j, 10**400, float("nan"), 2**64])
def test_seeds_are_whole_numbers(make, seed):
    known = {
        augment.SpectralJitterParams: {"amount": 0.1},
        augment.GrainParams: {"amplitude": 0.1, "cutoff": 0.2, "color": 0.0},
        augment.ProfileParams: {"gains": ((0.0,),) * 3, "extra": ((0.0,),) * 3},
    }[make]
    with pytest.raises(ArgumentError, match=r"^seed: expected a (whole )?number"):
        make(**known, seed=seed)
    assert type(make(**known, seed=7.0).seed) is int  # as a reader of JSON may give it


@pytest.mark.parametrize(
    "values",
    [
        *(None, 3, "fda", [], {}, {"operation": "fda"}, {"params": {}}, {"operation": ["fda"], "params": {}}),
        {"operation": "fda", "params": None},
        {"operation": "fda", "params": {"alpha": 1}},
        {"operation": "fda", "params": {1: 1}},
        {"operation": "fda", "params": {}},
    ],
)
def test_records_that_are_none_are_refused(values):
    with pytest.raises(ArgumentError, match=r"^drawn: expected (a mapping|fields|all fields) of "):
        Drawn.from_dict(values)


def test_a_record_of_an_unknown_operation_names_the_known():
    with pytest.raises(ArgumentError, match=r"^operation: expected one of .*fda.*, got 'fad'"):
        Drawn.from_dict({"operation": "fad", "params": {}})


def test_a_record_from_before_there_was_a_switch_has_the_guard_on():
    old = draw("fda", rng=0).to_dict()
    del old["params"]["guard"]
    assert Drawn.from_dict(old).params.guard is True


@pytest.mark.parametrize("flag", ["keep_mean", "guard"])
def test_switches_are_true_or_false(flag):
    with pytest.raises(ArgumentError, match=rf"^{flag}: expected True or False, got 'no'"):
        augment.spectral_mix(GREY, GREY, strength=0.1, **{flag: "no"})
    with pytest.raises(ArgumentError, match=r"^keep_mean: expected True or False, got 0"):
        augment.band_scale(GREY, low=0.1, high=0.2, gain=1.0, keep_mean=0)


@pytest.mark.parametrize("axis", [5, -5, "1", True, 1.0])
def test_axes_are_called_by_their_own_names(axis):
    clip = np.full((4, 16, 16, 3), 0.5)
    with pytest.raises(ArgumentError, match=r"^clip_axis: expected "):
        augment.band_scale(clip, low=0.1, high=0.2, gain=0.5, clip_axis=axis)
    with pytest.raises(ArgumentError, match=r"^time_axis: expected "):
        spectrum.temporal_spectrum(clip, time_axis=axis)


def test_a_reference_without_the_axis_of_the_channels_is_named():
    clips = np.full((3, 2, 8, 8), 0.5)
    with pytest.raises(
        ArgumentError, match=r"^reference: expected channels on axis -4 as image has them, got shape"
    ):
        augment.fda(clips, np.full((3, 8, 8), 0.5), beta=0.1, channel_axis=0)


def test_nine_bands_of_three_rows_pass_where_their_axis_is_counted_from_the_front():
    image = np.full((3, 16, 9), 0.5)
    assert augment.fda(image, image, beta=0.1, channel_axis=2).shape == image.shape
    with pytest.raises(ArgumentError, match=r"^image: expected 1, 3 or 4 channels on axis -1"):
        augment.fda(image, image, beta=0.1)


def test_every_field_of_a_record_goes_through_json():
    for name in augment.OPERATIONS:
        drawn = draw(name, rng=1)
        assert Drawn.from_dict(drawn.to_dict()) == drawn
        assert set(drawn.to_dict()["params"]) == {f.name for f in dataclasses.fields(drawn.params)}
