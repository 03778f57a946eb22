"""`specaug.compare` of frames: what it finds, says and gives as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from made_frames import flicker, grating, noise

import specaug
from specaug.differences import DifferenceReport
from specaug.differences.difference_sentences import NOTHING
from specaug.errors import ArgumentError


@pytest.fixture(scope="module")
def report() -> DifferenceReport:
    """A wave and a flicker in the attack, and more red."""
    live, fake = noise(1, 32), noise(2, 32) + grating(0.2, 35, 0.04) + flicker(12.5, 50, 0.02, 32)
    fake[..., 0] += 0.1
    return specaug.compare(live, fake, fps=50)


def test_the_planted_wave_and_the_planted_flicker_are_named(report):
    assert [(round(peak.frequency, 2), round(peak.angle), peak.more_in) for peak in report.peaks] == [
        (0.2, 35, "attack")
    ]
    assert [(round(line.hertz, 1), line.more_in) for line in report.lines] == [(12.5, "attack")]


def test_sentences_tell_them_strongest_evidence_first(report):
    wave, light, band, color = report.findings
    assert wave.startswith("The attack has a wave of 5.0 px: 0.2")
    assert light.startswith("The attack flickers: 12.5 Hz")
    assert "more power in detail of 4 to 8 px" in band
    assert "red +0.10" in color


def test_numbers_are_plain_and_complete(report):
    told = json.loads(json.dumps(report.as_json()))
    (peak,) = told["peaks"]
    assert peak["cycles_per_px"] == pytest.approx(0.2, abs=0.003)
    assert peak["period_px"] == pytest.approx(5, abs=0.1)
    assert [band["name"] for band in told["bands"]] == ["low", "mid", "high"]
    assert told["bands"][1]["detail_px"] == [16, 32]
    assert all(band["difference_db"] == band["attack_db"] - band["bonafide_db"] for band in told["bands"])
    assert told["flicker"][0]["hertz"] == pytest.approx(12.5, abs=0.3)
    assert len(told["temporal"]["attack"]["hertz"]) == 17
    assert told["color"]["red"]["difference"] == pytest.approx(0.1, abs=0.02)
    assert len(told["profile"]["cycles_per_px"]) == len(told["profile"]["difference_db"])
    assert told["profile"]["interval_half_width_db"] is None


def test_an_identical_pair_differs_in_nothing():
    frames = noise(5, 20) + grating(0.2, 35, 0.08) + flicker(12.5, 50, 0.05, 20)
    report = specaug.compare(frames, frames.copy(), fps=50)
    assert (report.peaks, report.lines) == ((), ())
    assert np.abs(report.ratio_db).max() == 0
    assert max(np.abs(values).max() for values in report.local_db.values()) == 0
    assert [band.difference_db for band in (*report.bands, *report.octaves)] == [0] * 8
    assert report.findings == (NOTHING,)


def test_uint8_and_single_images_are_taken():
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    report = specaug.compare(image, image[:, ::-1])
    assert report.size == (64, 64)
    assert report.bonafide.temporal is None
    assert any("not evenly spaced" in note for note in report.notes)


def test_swapping_the_sides_swaps_the_signs(report):
    live, fake = report.bonafide.shown.frames, report.attack.shown.frames
    back = specaug.compare(fake, live, fps=50)
    np.testing.assert_allclose(back.ratio_db, -report.ratio_db)
    assert {peak.more_in for peak in back.peaks} == {"bonafide"}
    assert back.findings[0].startswith("The bona fide side has a wave")


def test_hue_is_a_circle():
    red = np.zeros((2, 64, 64, 3))
    red[..., 0], red[..., 1] = 0.8, 0.02
    other = red[..., [0, 2, 1]]
    color = specaug.compare(red, other).color
    assert abs(color["hue"]["difference"]) < 4  # from a little above 0° to a little below 360°


@pytest.mark.parametrize(
    ("bonafide", "attack", "told"),
    [
        (
            np.zeros((2, 64, 64, 3)),
            np.zeros((2, 48, 48, 3)),
            "attack: expected frames of the size of bona fide",
        ),
        (np.zeros((2, 64, 64)), np.zeros((2, 64, 64, 3)), "bonafide: expected 3 channels"),
        (np.zeros((2, 16, 16, 3)), np.zeros((2, 16, 16, 3)), "bonafide: expected frames of shape"),
        (np.zeros((0, 64, 64, 3)), np.zeros((2, 64, 64, 3)), "bonafide: expected frames of shape"),
        (np.zeros((2, 64, 64, 3)), None, "attack: expected something to compare with"),
        (np.zeros((2, 64, 64, 3)), np.zeros((2, 64, 64, 3), np.int64), "attack: expected dtype"),
    ],
)
def test_what_cannot_be_compared_is_refused(bonafide, attack, told):
    with pytest.raises(ArgumentError, match=told):
        specaug.compare(bonafide, attack)


def test_conditions_of_arrays_are_refused():
    frames = np.zeros((2, 64, 64, 3))
    with pytest.raises(ArgumentError, match="where: expected groups of clips"):
        specaug.compare(frames, frames.copy(), where="split=test")
