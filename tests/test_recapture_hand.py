"""Movement of a hand, in degrees and Hz, and what of it a clip shows."""

from __future__ import annotations

import numpy as np
import pytest

from specaug.augment.recapture.framing import Framing
from specaug.augment.recapture.hand import DRIFT_HZ, TREMOR_WIDTH, Pose, drift, hand_poses, tremor
from specaug.augment.recapture.phone.settings import Phone

SECONDS, RATE = 200, 60


def power(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz, and the share of the power at each."""
    spectrum = np.abs(np.fft.rfft(values * np.hanning(values.size))) ** 2
    return np.fft.rfftfreq(values.size, 1 / RATE), spectrum / spectrum.sum()


@pytest.mark.parametrize("amplitude", [0.05, 0.4])
def test_drift_is_slow_falls_with_frequency_and_has_its_amplitude(amplitude):
    times = np.arange(SECONDS * RATE) / RATE
    moved = drift(times, amplitude, rng=np.random.default_rng(0))
    assert moved.std() == pytest.approx(amplitude, rel=0.1)
    f, share = power(moved)
    assert share[(f >= DRIFT_HZ[0] - 0.02) & (f <= DRIFT_HZ[1] + 0.02)].sum() > 0.99
    assert share[f < 0.5].sum() > 0.8


@pytest.mark.parametrize("middle", [8.0, 11.5])
def test_tremor_stands_at_its_frequency(middle):
    times = np.arange(SECONDS * RATE) / RATE
    moved = tremor(times, 0.02, middle=middle, rng=np.random.default_rng(0))
    assert moved.std() == pytest.approx(0.02, rel=0.05)
    f, share = power(moved)
    assert share[np.abs(f - middle) <= TREMOR_WIDTH + 0.05].sum() > 0.99
    assert (share * f).sum() == pytest.approx(middle, abs=0.5)


def test_a_degree_is_that_many_px_and_the_clip_is_about_its_mean():
    settings = {"interval": 0.5, "slow": 0.1, "fast": 0.0, "middle": 10.0, "approach": 0.004}
    poses = [hand_poses(400, **settings, degree=d, rng=np.random.default_rng(1)) for d in (10.0, 30.0)]
    near, far = (np.array([(p.x, p.y) for p in some]) for some in poses)
    np.testing.assert_allclose(far, 3 * near)
    np.testing.assert_allclose(near.mean(axis=0), 0, atol=1e-9)
    assert near.std() == pytest.approx(1.0, rel=0.15)
    assert np.std([p.roll for p in poses[0]]) == pytest.approx(np.radians(0.1), rel=0.2)
    assert np.std([p.zoom for p in poses[0]]) == pytest.approx(0.004, rel=0.2)
    assert hand_poses(1, **settings, degree=20.0, rng=np.random.default_rng(1)) == (Pose(),)


def test_what_a_clip_shows_of_a_tremor_is_folded_by_its_frame_rate():
    """10.3 Hz at 8 frames a second is 2.3 Hz: a temporal spectrum must be read with the rate in mind."""
    times = np.arange(512) / 8
    rng = np.random.default_rng(0)
    spectra = []
    for _ in range(20):
        moved = tremor(times, 1.0, middle=10.3, rng=rng)
        spectra.append(np.abs(np.fft.rfft(moved * np.hanning(512))) ** 2)
    f, mean = np.fft.rfftfreq(512, 1 / 8), np.mean(spectra, axis=0)
    assert (mean * f).sum() / mean.sum() == pytest.approx(2.3, abs=0.3)


def test_a_pose_moves_turns_and_enlarges_what_each_px_looks_at():
    framing = Framing.of(np.full((1, 64, 64, 3), 120, np.uint8), Phone())
    lines = framing.sight_lines()
    middle = (framing.side - 1) / 2
    x, y = framing.moved(lines, Pose(x=2.0, y=-1.0, roll=0.1, zoom=1.05))
    away = np.stack([lines[0] - middle, lines[1] - middle])
    c, s = 1.05 * np.cos(0.1), 1.05 * np.sin(0.1)
    expected = np.tensordot(np.array([[c, -s], [s, c]]), away, axes=1) + middle
    np.testing.assert_allclose(np.stack([x - 2.0, y + 1.0]), expected, atol=1e-4)
    for same, line in zip(framing.moved(lines, Pose()), lines, strict=True):
        np.testing.assert_allclose(same, line, atol=1e-4)


@pytest.mark.parametrize("bend", [0.0, 0.05, -0.05])
def test_a_bend_changes_the_magnification_towards_the_edge(bend):
    framing = Framing.of(np.full((1, 200, 200, 3), 120, np.uint8), Phone(bend=(bend, 0.0)))
    x, y = framing.sight_lines()
    row = framing.side // 2
    steps = np.diff(x[row])
    assert steps[row - 2 : row + 2] == pytest.approx(1, abs=1e-3)
    assert steps[-1] == pytest.approx(1 + bend, abs=2e-3)
    np.testing.assert_allclose(np.diff(y[:, row]), 1, atol=1e-3)
