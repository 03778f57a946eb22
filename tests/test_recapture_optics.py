"""Views, blur, smooth noise and a trembling hand: against homographies in loops, Gaussians, and stated statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specaug.augment.recapture.fields import blur, noise
from specaug.augment.recapture.motion import tremble
from specaug.augment.recapture.optics import View, central_jacobian, sample_view, sight_lines

SIZE = (61, 41)  # width, height; the middle is a pixel


def looked_at(view: View, size: tuple[int, int] = SIZE) -> tuple[np.ndarray, np.ndarray]:
    return sight_lines(view.matrix(size), size)


@pytest.mark.parametrize("keystone", [(0.0, 0.0), (0.1, -0.05)])
@pytest.mark.parametrize(("magnification", "turn"), [(1.0, 0.0), (1.2, 0.1), (0.8, -0.2)])
def test_the_middle_of_the_sensor_looks_at_the_middle_of_the_picture(magnification, turn, keystone):
    x, y = looked_at(View(magnification, turn, keystone))
    assert (float(x[20, 30]), float(y[20, 30])) == pytest.approx((30, 20), abs=1e-4)


@pytest.mark.parametrize("turn", [0.0, 0.1, -0.3, math.pi / 2])
def test_a_turned_sensor_looks_along_turned_lines(turn):
    """One px to the right on the sensor is 1/magnification px of the picture, turned."""
    x, y = looked_at(View(1.25, turn, (0.0, 0.0)))
    right = (x[20, 31] - x[20, 30], y[20, 31] - y[20, 30])
    down = (x[21, 30] - x[20, 30], y[21, 30] - y[20, 30])
    assert right == pytest.approx((math.cos(turn) / 1.25, math.sin(turn) / 1.25), abs=1e-5)
    assert down == pytest.approx((-math.sin(turn) / 1.25, math.cos(turn) / 1.25), abs=1e-5)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_keystone_is_the_change_of_distance_from_edge_to_edge(axis):
    """The far edge is seen smaller: px of the picture per sensor px grow in proportion to the distance squared along
    the slope, and to the distance across it."""
    keystone = (0.2, 0.0) if axis == 0 else (0.0, 0.2)
    x, y = looked_at(View(1.0, 0.0, keystone), (101, 101))
    across = np.diff(y, axis=0)[50] if axis == 0 else np.diff(x, axis=1)[:, 50]
    # 1/distance at both edges, 100 of 101 px apart; float32 positions of some 100 px are 8e-6 of a px.
    assert 1 / across[-1] - 1 / across[0] == pytest.approx(0.2 * 100 / 101, rel=2e-3)


def test_sight_lines_are_a_homography_point_by_point(rng):
    matrix = np.array([[1.1, 0.05, -2.0], [-0.07, 0.9, 1.5], [4e-4, -3e-4, 1.0]])
    x, y = sight_lines(matrix, (23, 17))
    assert x.shape == y.shape == (17, 23)
    assert x.dtype == y.dtype == np.float32
    for row in range(17):
        for column in range(23):
            u, v, w = matrix @ (column, row, 1)
            assert (x[row, column], y[row, column]) == pytest.approx((u / w, v / w), abs=1e-5)


def test_the_jacobian_is_that_of_the_homography_in_the_middle():
    matrix = View(1.15, 0.12, (0.05, -0.03)).matrix((80, 60))
    x, y = sight_lines(matrix, (80, 60))

    def at(u: float, v: float) -> np.ndarray:
        p = matrix @ (u, v, 1)
        return p[:2] / p[2]

    step = 1e-4
    exact = np.stack(
        [(at(40 + step, 30) - at(40, 30)) / step, (at(40, 30 + step) - at(40, 30)) / step], axis=1
    )
    # Over a px instead of at a point: the keystone changes it by some 1e-3.
    np.testing.assert_allclose(central_jacobian(x, y), exact, atol=2e-3)


def test_views_are_nearly_straight_and_spread_evenly():
    rng = np.random.default_rng(3)
    drawn = [sample_view(rng=rng) for _ in range(400)]
    limits = {"magnification": (1.09, 1.18), "turn": (-0.03, 0.03), "keystone": (-0.04, 0.04)}
    for name, (low, high) in limits.items():
        share = (np.array([getattr(v, name) for v in drawn]) - low) / (high - low)
        np.testing.assert_allclose(share.mean(axis=0), 0.5, atol=5 * math.sqrt(1 / 12 / 400))
        np.testing.assert_allclose(share.var(axis=0), 1 / 12, atol=5 * math.sqrt(1 / 180 / 400))
        assert 0 <= share.min() < share.max() <= 1


@pytest.mark.parametrize(("sigma", "sigma_y"), [(1.0, None), (2.0, None), (3.0, 1.0)])
def test_a_blur_spreads_a_point_as_a_gaussian_and_keeps_its_light(sigma, sigma_y):
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1
    seen = blur(point, sigma, sigma_y=sigma_y).astype(np.float64)
    at = np.arange(65) - 32
    assert seen.sum() == pytest.approx(1, abs=1e-5)
    for axis, wanted in ((0, sigma), (1, sigma if sigma_y is None else sigma_y)):
        spread = seen.sum(axis=axis)
        assert (spread * at).sum() == pytest.approx(0, abs=1e-5)
        # A kernel of limited length loses some of the variance of its tails.
        assert math.sqrt((spread * at**2).sum()) == pytest.approx(wanted, rel=0.03)


@pytest.mark.parametrize("cycles", [4, 8, 12])
def test_a_blur_weakens_a_wave_by_the_transform_of_the_gaussian(cycles):
    f, sigma = cycles / 64, 1.5
    wave = np.cos(2 * np.pi * f * np.arange(256)) * np.ones((8, 1))
    seen = blur(wave, sigma)[:, 64:192]
    found = 2 * np.abs(np.fft.rfft(seen[4]))[cycles * 2] / 128
    assert found == pytest.approx(math.exp(-2 * (math.pi * sigma * f) ** 2), abs=5e-3)
    assert seen.dtype == np.float32


@pytest.mark.parametrize("shape", [(90, 140), (33, 20)])
@pytest.mark.parametrize("cell", [1, 2.5, 20])
def test_smooth_noise_has_its_shape_and_the_deviation_one(cell, shape):
    field = noise(cell, rng=np.random.default_rng(1), shape=shape)
    assert field.shape == shape
    assert field.dtype == np.float32
    assert field.std() == pytest.approx(1, abs=1e-4)
    np.testing.assert_array_equal(field, noise(cell, rng=np.random.default_rng(1), shape=shape))


@pytest.mark.parametrize("cell", [4, 8])
def test_smooth_noise_is_alike_within_a_cell_and_unlike_beyond(cell):
    field = noise(cell, rng=np.random.default_rng(2), shape=(400, 400)).astype(np.float64)

    def correlation(step: int, axis: int) -> float:
        n = 400 - step
        a, b = np.take(field, range(n), axis), np.take(field, range(step, 400), axis)
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    for axis in (0, 1):
        assert correlation(cell // 4, axis) > 0.85
        # Some (400/cell)² independent values: four standard errors of their correlation.
        assert abs(correlation(3 * cell, axis)) < 4 * cell / 400
    # Most of its power lies below one cycle in two cells, which is the highest frequency of its grid of values.
    power = np.abs(np.fft.fft2(field)) ** 2
    f = np.abs(np.fft.fftfreq(400))
    assert power[(f[:, None] < 0.55 / cell) & (f < 0.55 / cell)].sum() > 0.9 * power.sum()


def paths(frames: int, n: int, amplitude: float = 1.5, interval: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(6)
    return np.stack([tremble(frames, amplitude, rng=rng, interval=interval) for _ in range(n)])


@pytest.mark.parametrize("interval", [0.0, 1.0, 3.0, 30.0])
def test_a_hand_trembles_with_the_stated_deviation_along_both_axes(interval):
    moved = paths(3, 1500, interval=interval)
    assert moved.shape == (1500, 3, 2)
    # Five standard errors of a deviation of 1500 values: 5/sqrt(3000) = 9 %; and of their mean.
    np.testing.assert_allclose(moved[:, [0, -1]].std(axis=0), 1.5, rtol=0.092)
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=5 * 1.5 / math.sqrt(1500))
    assert abs(np.corrcoef(moved[:, 0].T)[0, 1]) < 5 / math.sqrt(1500)


@pytest.mark.parametrize("interval", [1.0, 2.0, 5.0, 12.0])
def test_movement_is_as_smooth_as_a_gaussian_of_four_frames(interval):
    """White noise that a Gaussian of deviation 4 smoothed is correlated by exp(-d²/64) over d frames."""
    moved = paths(2, 1500, interval=interval)[..., 0]
    found = np.corrcoef(moved[:, 0], moved[:, 1])[0, 1]
    assert found == pytest.approx(math.exp(-(interval**2) / 64), abs=5 / math.sqrt(1500))


def test_frames_between_are_on_the_way():
    whole = tremble(9, 2.0, rng=np.random.default_rng(3))
    half = tremble(17, 2.0, rng=np.random.default_rng(3), interval=0.5)
    np.testing.assert_allclose(half[::2], whole, atol=1e-12)
    np.testing.assert_allclose(half[1::2], (whole[1:] + whole[:-1]) / 2, atol=1e-12)


def test_every_third_frame_is_that_of_the_same_movement():
    whole = tremble(13, 2.0, rng=np.random.default_rng(3))
    np.testing.assert_allclose(
        tremble(5, 2.0, rng=np.random.default_rng(3), interval=3.0), whole[::3], atol=1e-12
    )


@pytest.mark.parametrize("frames", [1, 2, 40])
def test_a_steady_hand_does_not_move(frames):
    np.testing.assert_array_equal(tremble(frames, 0.0, rng=np.random.default_rng(0)), np.zeros((frames, 2)))


def test_an_interval_of_nothing_is_one_moment():
    moved = tremble(5, 1.0, rng=np.random.default_rng(0), interval=0.0)
    np.testing.assert_array_equal(moved, np.repeat(moved[:1], 5, axis=0))
