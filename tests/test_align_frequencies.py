"""The crop by the frequencies that it keeps, against gratings, a slow exact filter and itself."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.align import inverse_warp, warp_image, warp_plane
from specaug.align.kernels import prefiltered_steps


def reducing(scale: float, center: tuple[float, float], size: int, degrees: float = 0.0) -> np.ndarray:
    """The warp that reduces by `scale` about `center`."""
    a = np.exp(1j * np.deg2rad(degrees)) / scale
    linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
    return np.column_stack([linear, (size - 1) / 2 - linear @ center])


def grating(side: int, f: float, degrees: float = 0.0) -> np.ndarray:
    """(side, side) float32 cosine of amplitude 0.4 about 0.5, `f` cycles/px along `degrees`."""
    y, x = np.mgrid[:side, :side]
    along = x * np.cos(np.deg2rad(degrees)) + y * np.sin(np.deg2rad(degrees))
    return (0.5 + 0.4 * np.cos(2 * np.pi * f * along + 0.3)).astype(np.float32)


def kept(scale: float, f: float, *, degrees: float = 0.0, turn: float = 0.0, size: int = 64) -> float:
    """Share of a grating's rms amplitude that a reduction leaves, at any frequency."""
    side = int(1.5 * scale * size) + 60
    warp = reducing(scale, (side / 2 + 0.37, side / 2 - 0.21), size, turn)
    crop = warp_image(grating(side, f, degrees), warp, size=size)
    return float(np.std(crop) / (0.4 / np.sqrt(2)))


@pytest.mark.parametrize("degrees", [0, 90, 45, 20])
@pytest.mark.parametrize("turn", [0, 5, 10, 20, 33, 45, 120, -70])
def test_reduction_by_three_stops_what_would_alias_and_keeps_what_fits(degrees, turn):
    assert kept(3, 0.42, degrees=degrees, turn=turn) <= 0.1
    assert kept(3, 0.05, degrees=degrees, turn=turn) >= 0.9


def test_bilinear_aliases_the_same_grating():
    warp = reducing(3, (150.37, 149.8), 64)
    crop = warp_image(grating(300, 0.42), warp, size=64, resample="bilinear")
    assert np.std(crop) / (0.4 / np.sqrt(2)) > 0.5


@pytest.mark.parametrize("scale", [1.3, 1.5, 2.0, 2.2, 2.45, 2.79, 2.81, 3.0, 4.0, 5.5, 8.0, 12.0])
def test_gain_by_crop_frequency_holds_at_any_reduction(scale):
    for f in (0.05, 0.15, 0.25, 0.3):
        assert kept(scale, f / scale) == pytest.approx(1, abs=0.08), f
    for f in (0.75, 0.9, 1.3, 2.1):
        if f / scale < 0.49:
            assert kept(scale, f / scale) <= 0.1, f


@pytest.mark.parametrize("scale", [1.5, 2.0, 2.4, 2.79, 3.0, 4.0, 8.0])
def test_a_grating_just_too_fine_keeps_less_than_half(scale):
    assert 0.1 < kept(scale, 0.55 / scale) < 0.45


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.3, 1.5, 2.0, 2.7, 3.0, 6.0])
def test_a_hard_edge_is_left_by_as_much_as_the_docs_say(scale):
    side = int(1.6 * scale * 48) + 80
    edge = np.zeros((side, side))
    edge[:, side // 2 :] = 1
    crops = [
        warp_plane(edge, reducing(scale, (side / 2 + part, side / 2), 48, 20), shape=(48, 48))
        for part in max(1, scale) * np.arange(16) / 16
    ]
    assert 0.065 < max(max(crop.max() - 1, -crop.min()) for crop in crops) < 0.135


def test_bytes_show_the_overshoot_that_floats_do_not():
    edge = np.full((200, 200), 64, np.uint8)
    edge[:, 100:] = 192
    warp = reducing(1.5, (99.8, 100.1), 48, 20)  # turned, the edge crosses every part of a pixel
    bytes_, floats = warp_image(edge, warp, size=48), warp_image(edge.astype(np.float32), warp, size=48)
    assert (floats.min(), floats.max()) == (64, 192)
    assert bytes_.min() < 64 - 5
    assert bytes_.max() > 192 + 5


def lanczos(image: np.ndarray, warp: np.ndarray, size: int) -> np.ndarray:
    """The same crop by the book, in float64: a Lanczos window of 4 crop px over all source pixels, for each pixel."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    u, v = (row[0] * x + row[1] * y + row[2] for row in warp)

    def window(t: np.ndarray) -> np.ndarray:
        return np.where(np.abs(t) < 4, np.sinc(t) * np.sinc(t / 4), 0.0)

    crop = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            near = (np.abs(u - j) < 4) & (np.abs(v - i) < 4)
            weight = window(u[near] - j) * window(v[near] - i)
            crop[i, j] = weight @ image[near] / weight.sum()
    return crop


@pytest.mark.parametrize("turn", [0, 17, 45])
@pytest.mark.parametrize("scale", [1.7, 2.1, 2.7, 3.0, 4.5])
def test_crop_of_noise_is_near_that_of_a_slow_exact_filter(rng, scale, turn):
    size = 20
    side = int(1.5 * scale * (size + 8)) + 10
    image = rng.random((side, side))
    warp = reducing(scale, (side / 2 + 0.3, side / 2 - 0.2), size, turn)
    expected = lanczos(image, warp, size)
    error = np.std(warp_image(image, warp, size=size) - expected) / expected.std()
    aliased = np.std(warp_image(image, warp, size=size, resample="bilinear") - expected) / expected.std()
    assert error < 0.45  # the two differ in the transition, about a third of white noise's energy
    assert error < aliased / 1.7


@settings(deadline=None, max_examples=30)
@given(scale=st.floats(1.02, 6), turn=st.floats(-180, 180), degrees=st.floats(0, 180), f=st.floats(0.02, 0.2))
def test_grating_that_passes_comes_out_where_the_geometry_says(scale, turn, degrees, f):
    size = 32
    side = int(1.5 * scale * size) + 60
    warp = reducing(scale, (side / 2 + 0.37, side / 2 - 0.21), size, turn)
    back = inverse_warp(warp)
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1) @ back[:, :2].T + back[:, 2]
    along = places @ [np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]
    expected = 0.5 + 0.4 * np.cos(2 * np.pi * f / scale * along + 0.3)
    crop = warp_image(grating(side, f / scale, degrees), warp, size=size)
    # Gain within 10 % and false frequencies within 6 % of an amplitude of 0.4.
    np.testing.assert_allclose(crop, expected, atol=0.4 * 0.16)
    assert np.mean((crop - 0.5) * (expected - 0.5)) == pytest.approx(np.mean((expected - 0.5) ** 2), rel=0.1)


@settings(deadline=None, max_examples=40)
@given(scale=st.floats(1.1, 6), turn=st.floats(-180, 180), x=st.floats(-20, 220), y=st.floats(-20, 180))
def test_bands_and_widening_leave_no_trace(scale, turn, x, y):
    image = cv2.GaussianBlur(np.random.default_rng(1).random((160, 200, 3), dtype=np.float32), (0, 0), 1)
    warp = reducing(scale, (x, y), 48, turn)
    crop = warp_image(image, warp, size=48)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("specaug.align.resample.BAND_COST", 1.0)
        np.testing.assert_allclose(warp_image(image, warp, size=48), crop, atol=1e-4)
        patch.setattr("specaug.align.resample.BAND_COST", 1e12)
        np.testing.assert_allclose(warp_image(image, warp, size=48), crop, atol=1e-4)
    single = warp_image(np.ascontiguousarray(image[..., 1]), warp, size=48)
    np.testing.assert_allclose(np.clip(crop[..., 1], single.min(), single.max()), single, atol=2e-3)


def test_gain_has_no_step_where_enlarging_ends():
    for f in (0.1, 0.2, 0.3, 0.4):
        assert kept(1.001, f) == pytest.approx(kept(1.0, f), abs=0.005)


def test_grating_comes_out_at_its_own_frequency():
    crop = warp_image(grating(300, 0.05), reducing(3, (150.0, 150.0), 80), size=80)
    spectrum = np.abs(np.fft.rfft(crop[40] - crop[40].mean()))
    assert np.argmax(spectrum) == round(0.15 * 80)


def test_mean_is_kept():
    image = np.full((200, 200), 0.3, np.float32)
    for scale in (0.7, 1.2, 3.3, 9.0):
        np.testing.assert_allclose(
            warp_image(image, reducing(scale, (90.0, 80.0), 32), size=32), 0.3, atol=1e-6
        )


def test_bytes_and_floats_agree(rng):
    image = cv2.GaussianBlur(rng.integers(0, 256, (400, 400, 3), dtype=np.uint8), (0, 0), 1.5)
    warp = reducing(3, (200.3, 190.2), 64, 7)
    floats = warp_image(image.astype(np.float32) / 255, warp, size=64) * 255
    # Halving rounds bytes once, the result rounds them again.
    assert np.abs(warp_image(image, warp, size=64) - floats).max() <= 1.5


def test_hard_edges_stay_within_the_values_of_the_picture():
    edge = np.zeros((300, 300, 3), np.float32)
    edge[:, 150:] = 1
    crop = warp_image(edge, reducing(2.4, (150.0, 150.0), 64), size=64)
    assert crop.min() >= 0
    assert crop.max() <= 1
    bright = warp_image((edge * 255).astype(np.uint8), reducing(2.4, (150.0, 150.0), 64), size=64)
    assert np.all(np.diff(bright[32, :, 0].astype(int)) > -30)  # a wrapped overshoot would fall by 250


def test_pairs_of_kernels_are_those_that_scipy_fits():
    """All that builds use, up to three halvings; the digest is of taps by ``scipy.optimize.least_squares``."""
    digest = hashlib.sha256()
    for halvings in range(4):
        for step in range(32, 48):
            steps = prefiltered_steps(2**halvings * 2 ** (step / 32))
            assert steps.halvings == halvings
            for taps in (steps.kernels[0], steps.post):
                digest.update(np.rint(taps * 2**14).astype("<i4").tobytes())
    assert digest.hexdigest() == "dfe07bb476a2eedf14d596b05c2a79188726d3d5303b7e4bcf5aa375eb292993"
