"""Records of parameters: the limits of each number, the forms that gratings and angles may have, and JSON."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from specaug.augment import (
    OPERATIONS,
    BandpassInjectParams,
    BandScaleParams,
    Drawn,
    FdaParams,
    GrainParams,
    Grating,
    GratingParams,
    HalftoneParams,
    JpegParams,
    RecaptureBlurParams,
    SceneBlurParams,
    SpectralJitterParams,
    SpectralMixParams,
    ToneParams,
    draw,
)
from specaug.augment.gratings import as_gratings
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS
from specaug.spectrum.grid import Band

INF = math.inf
LIMITS = {
    "strength of a mix": (lambda v: SpectralMixParams(v), "strength", 0.0, 1.0),
    "beta": (lambda v: FdaParams(v), "beta", 0.0, 0.5),
    "gain of a donor": (lambda v: BandpassInjectParams(0.1, 0.3, v), "gain", 0.0, INF),
    "gain of a band": (lambda v: BandScaleParams(0.1, 0.3, v), "gain", 0.0, INF),
    "amount": (lambda v: SpectralJitterParams(v, 0), "amount", 0.0, 1.0),
    "threshold": (lambda v: SceneBlurParams(0.2, v), "threshold", 0.0, 100.0),
    "amplitude of grain": (lambda v: GrainParams(v, 0.2, 0.0, 0), "amplitude", 0.0, 1.0),
    "color": (lambda v: GrainParams(0.1, 0.2, v, 0), "color", 0.0, 1.0),
    "seed of grain": (lambda v: GrainParams(0.1, 0.2, 0.0, v), "seed", 0, 2**63),
    "u": (lambda v: Grating(v, 0.0, 0.1), "u", -0.5, 0.5),
    "v": (lambda v: Grating(0.0, v, 0.1), "v", -0.5, 0.5),
    "amplitude of a grating": (lambda v: Grating(0.1, 0.0, v), "amplitude", 0.0, 1.0),
    "amplitude of a channel": (lambda v: Grating(0.1, 0.0, (0.1, v)), "amplitude", 0.0, 1.0),
    "phase": (lambda v: Grating(0.1, 0.0, 0.1, v), "phase", -INF, INF),
    "cell": (lambda v: HalftoneParams(v, 0.0, 1.0), "cell", 2.0, 64.0),
    "strength of dots": (lambda v: HalftoneParams(4.0, 0.0, v), "strength", 0.0, 1.0),
    "softness": (lambda v: HalftoneParams(4.0, 0.0, 1.0, softness=v), "softness", 0.0, 1.0),
    "angle": (lambda v: HalftoneParams(4.0, v, 1.0), "angle", -360.0, 360.0),
    "angle of a channel": (lambda v: HalftoneParams(4.0, [0.0, v], 1.0), "angle", -360.0, 360.0),
    "quality": (lambda v: JpegParams(v), "quality", 1, 100),
    "gamma": (lambda v: ToneParams(v, 1.0, (1.0,)), "gamma", 0.1, 10.0),
    "contrast": (lambda v: ToneParams(1.0, v, (1.0,)), "contrast", 0.0, 10.0),
    "tint": (lambda v: ToneParams(1.0, 1.0, (1.0, v)), "tint", 0.0, 10.0),
}


@pytest.mark.parametrize("case", LIMITS)
def test_both_limits_are_allowed_and_nothing_beyond_them(case):
    make, name, low, high = LIMITS[case]
    for limit, step in ((low, -1), (high, 1)):
        if math.isinf(limit):
            make(step * 1e9)
            continue
        make(limit)
        beyond = limit + step if isinstance(limit, int) and limit < 2**53 else np.nextafter(limit, step * INF)
        with pytest.raises(ArgumentError, match=rf"^{name}: expected a number in \["):
            make(beyond)


@pytest.mark.parametrize("case", LIMITS)
@pytest.mark.parametrize("value", [math.nan, INF, -INF, "0.5", True])
def test_what_is_no_finite_number_is_refused_by_name(case, value):
    make, name, _, _ = LIMITS[case]
    with pytest.raises(ArgumentError, match=rf"^{name}: expected a number"):
        make(value)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: JpegParams(50.5), r"^quality: expected a whole number, got 50\.5"),
        (lambda: GrainParams(0.1, 0.2, 0.0, 1.5), r"^seed: expected a whole number, got 1\.5"),
    ],
)
def test_counts_are_whole_numbers(make, match):
    with pytest.raises(ArgumentError, match=match):
        make()
    assert JpegParams(50.0) == JpegParams(50)
    assert GrainParams(0.1, 0.2, 0.0, 2.0) == GrainParams(0.1, 0.2, 0.0, 2)


WITH_BAND = {
    "mix": lambda low, high, rolloff=0.0: SpectralMixParams(1.0, low, high, rolloff=rolloff),
    "inject": lambda low, high, rolloff=0.0: BandpassInjectParams(low, high, 1.0, rolloff),
    "scale": lambda low, high, rolloff=0.0: BandScaleParams(low, high, 1.0, rolloff),
}


@pytest.mark.parametrize("make", WITH_BAND.values(), ids=WITH_BAND)
def test_a_bad_band_is_refused_when_the_record_is_made(make):
    with pytest.raises(ArgumentError, match=r"^low: expected at most high = 0\.2, got 0\.3"):
        make(0.3, 0.2)
    with pytest.raises(ArgumentError, match=r"^high: expected a number in"):
        make(0.3, 0.8)
    with pytest.raises(ArgumentError, match=r"^rolloff: expected a number in"):
        make(0.1, 0.2, -0.01)


def test_records_know_their_band_and_whether_it_holds_the_mean():
    assert SpectralMixParams(1.0, 0.1, 0.3, "square").band == Band(0.1, 0.3, "square", mean=False)
    assert SpectralMixParams(1.0, rolloff=0.1, keep_mean=False).band == Band(rolloff=0.1)
    assert FdaParams(0.09).band == Band(0.0, 0.09, "square")
    assert BandpassInjectParams(0.0, 0.3, 1.0, 0.02).band == Band(0.0, 0.3, "radial", 0.02, mean=False)
    assert BandScaleParams(0.0, 0.3, 1.0).band == Band(0.0, 0.3, mean=False)
    assert BandScaleParams(0.0, 0.3, 1.0, 0.02, keep_mean=False).band == Band(0.0, 0.3, "radial", 0.02)


@pytest.mark.parametrize(
    "make", [RecaptureBlurParams, SceneBlurParams, lambda v: GrainParams(0.1, v, 0.0, 0)]
)
def test_every_cutoff_lies_in_the_plane_and_above_zero(make):
    make(1e-9)
    make(MAX_RADIUS)
    for value in (0.0, MAX_RADIUS + 1e-3):
        with pytest.raises(ArgumentError, match=r"^cutoff: expected a number in"):
            make(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (np.float32(0.5), 0.5),
        ([0, 1], (0.0, 1.0)),
        ((0.5,), (0.5,)),
        (np.array([0.25, 0.5]), (0.25, 0.5)),
    ],
)
def test_numbers_of_a_grating_become_plain_floats(value, expected):
    assert Grating(0.1, 0.2, value).amplitude == expected
    assert Grating(0.1, 0.2, 0.5, value).phase == expected
    json.dumps(dataclasses.asdict(Grating(0.1, 0.2, value, value)))


WAVE = Grating(0.1, 0.2, 0.3, 0.4)
PLAIN = Grating(0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ()),
        (WAVE, (WAVE,)),
        ({"u": 0.1, "v": 0.2, "amplitude": 0.3}, (PLAIN,)),
        (({"u": 0.1, "v": 0.2, "amplitude": 0.3, "phase": 0.4}, WAVE), (WAVE, WAVE)),
        ([(0.1, 0.2, 0.3), [0.1, 0.2, 0.3, 0.4]], (PLAIN, WAVE)),
        (np.array([[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.0]]), (WAVE, PLAIN)),
        ((g for g in (WAVE, PLAIN)), (WAVE, PLAIN)),
    ],
)
def test_gratings_are_read_from_any_of_their_forms(given, expected):
    assert as_gratings(given) == expected
    assert GratingParams(expected).gratings == expected


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ([(0.1, 0.2)], r"gratings: expected \(u, v, amplitude, phase\) or Grating, got \(0\.1, 0\.2\)"),
        ([(0.1, 0.2, 0.3, 0.4, 0.5)], r"gratings: expected \(u, v, amplitude, phase\) or Grating, got"),
        ((0.1, 0.2, 0.3, 0.4), r"gratings: expected \(u, v, amplitude, phase\) or Grating, got 0\.1"),
        (["wave"], r"gratings: expected \(u, v, amplitude, phase\) or Grating, got 'wave'"),
        ([None], r"gratings: expected \(u, v, amplitude, phase\) or Grating, got None"),
        ({"u": 0.1, "v": 0.2}, r"gratings: expected u, v, amplitude and phase, got \['u', 'v'\]"),
        ([{"u": 0, "v": 0, "amplitude": 0, "x": 0}], r"got \['amplitude', 'u', 'v', 'x'\]"),
    ],
)
def test_other_gratings_are_refused(given, match):
    with pytest.raises(ArgumentError, match=match):
        as_gratings(given)


@pytest.mark.parametrize("angle", ["15", "ab", None, [[1.0]], {"a": 1}])
def test_an_angle_is_a_number_or_some_numbers(angle):
    with pytest.raises(ArgumentError, match=r"^angle: expected a number, got"):
        HalftoneParams(4.0, angle, 1.0)


def test_angles_and_tints_are_kept_as_plain_numbers():
    assert HalftoneParams(4.0, np.array([1, 2]), 1.0).angle == (1.0, 2.0)
    assert HalftoneParams(4.0, np.float32(15), 1.0).angle == 15.0
    assert type(HalftoneParams(4.0, np.float32(15), 1.0).angle) is float
    assert ToneParams(1.0, 1.0, [1, np.float64(2)]).tint == (1.0, 2.0)
    with pytest.raises(
        ArgumentError, match="screen: expected one of clustered, blue_noise, got 'stochastic'"
    ):
        HalftoneParams(4.0, 0.0, 1.0, "stochastic")


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_record_of_an_operation_can_be_written(name):
    drawn = draw(name, rng=0)
    for record in (drawn, drawn.params, OPERATIONS[name], OPERATIONS[name].ranges()):
        field = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field, None)


def test_a_record_in_json_is_the_name_and_the_numbers():
    drawn = Drawn("spectral_mix", SpectralMixParams(0.5, low=0.1, keep_mean=False))
    params = {
        "strength": 0.5,
        "low": 0.1,
        "high": MAX_RADIUS,
        "form": "radial",
        "rolloff": 0.0,
        "keep_mean": False,
        "guard": True,
    }
    assert drawn.to_dict() == {"operation": "spectral_mix", "params": params}
    striped = Drawn("moire", GratingParams(((0.1, 0.2, 0.3, 0.4),)))
    text = json.dumps(striped.to_dict())
    assert json.loads(text)["params"] == {"gratings": [{"u": 0.1, "v": 0.2, "amplitude": 0.3, "phase": 0.4}]}
    assert Drawn.from_dict(json.loads(text)) == striped


def test_numbers_from_json_are_checked_again():
    with pytest.raises(ArgumentError, match=r"strength: expected a number in \[0, 1\], got 2"):
        Drawn.from_dict({"operation": "spectral_mix", "params": {"strength": 2}})
    with pytest.raises(ArgumentError, match=r"operation: expected one of .*, got 'spectral mix'"):
        Drawn.from_dict({"operation": "spectral mix", "params": {"strength": 1}})
