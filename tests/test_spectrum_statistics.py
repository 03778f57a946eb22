"""Radial profiles and statistics of a data set: their bins, their sums, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS, RadialStatistics, log_spectrum, radial_bins, radial_profile

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape)


def slow_profile(spectrum, bins):
    """Mean over each ring of a whole shifted plane, bin by bin; nan where a ring is empty."""
    height, width = spectrum.shape
    rings = [[] for _ in range(bins)]
    for i in range(height):
        for j in range(width):
            radius = np.hypot((i - height // 2) / height, (j - width // 2) / width)
            rings[min(int(radius * (bins / MAX_RADIUS)), bins - 1)].append(spectrum[i, j])
    return np.array([np.mean(ring) if ring else np.nan for ring in rings])


@pytest.mark.parametrize("bins", [1, 2, 7, 64])
def test_bins_divide_the_plane_evenly_and_are_known_by_their_middle(bins):
    centres = radial_bins(bins)
    assert centres.shape == (bins,)
    assert centres[0] == pytest.approx(MAX_RADIUS / bins / 2)
    assert centres[-1] == pytest.approx(MAX_RADIUS - MAX_RADIUS / bins / 2)
    np.testing.assert_allclose(np.diff(centres), MAX_RADIUS / bins)


def test_there_are_sixty_four_bins_unless_told():
    assert radial_bins().shape == (64,)
    assert radial_profile(noise(8, 8, 3)).shape == (64,)
    assert RadialStatistics.fit([noise(8, 8, 3), noise(8, 8, 3, seed=1)]).mean.shape == (64,)


@given(st.integers(1, 14), st.integers(1, 14), st.integers(1, 12))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_a_profile_is_the_slow_mean_and_a_line_over_empty_rings(height, width, bins):
    plane = noise(height, width)
    expected = slow_profile(log_spectrum(plane, channel_axis=None), bins)
    held = np.flatnonzero(~np.isnan(expected))
    expected = np.interp(np.arange(bins), held, expected[held])
    np.testing.assert_allclose(radial_profile(plane, bins=bins, channel_axis=None), expected, atol=1e-9)


@libraries
def test_one_bin_is_the_mean_of_the_whole_spectrum(library):
    plane = noise(9, 12)
    given_ = plane if library == "numpy" else torch.asarray(plane)
    ours = np.asarray(radial_profile(given_, bins=1, channel_axis=None))
    assert ours.tolist() == pytest.approx([log_spectrum(plane, channel_axis=None).mean()])


@libraries
@pytest.mark.parametrize("channels", ["luma", "rgb", "hsv"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_planes_come_before_bins(channels, axis, library):
    batch = noise(2, 10, 11, 3)
    expected = np.stack([radial_profile(x, bins=5, channels=channels) for x in batch])
    planes = {"luma": (), "rgb": (3,), "hsv": (4,)}[channels]
    assert expected.shape == (2, *planes, 5)
    moved = np.moveaxis(batch, -1, axis)
    given_ = moved if library == "numpy" else torch.asarray(moved)
    ours = np.asarray(radial_profile(given_, bins=5, channels=channels, channel_axis=axis))
    np.testing.assert_allclose(ours, expected, atol=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_long_sums_lose_nothing_in_any_precision(dtype):
    """A running sum over the plane is kept in float64: the highest ring is as exact as the lowest."""
    image = (noise(64, 64, 1) * (255 if dtype == "uint8" else 1)).astype(dtype)
    ours = radial_profile(image, bins=16)
    exact = radial_profile(image.astype(np.float64) / (255 if dtype == "uint8" else 1), bins=16)
    np.testing.assert_allclose(ours, exact, atol=4e-3 if dtype == "float16" else 1e-5)
    assert ours.dtype == ("float32" if dtype == "uint8" else dtype)


def test_statistics_are_mean_and_deviation_over_all_pictures_of_all_batches():
    images = noise(7, 12, 13, 3)
    rows = np.stack([radial_profile(x, bins=6) for x in images])
    for parts in (list(images), [images], [images[:3], images[3:]], (x for x in images)):
        made = RadialStatistics.fit(parts, bins=6)
        np.testing.assert_allclose(made.mean, rows.mean(axis=0))
        np.testing.assert_allclose(made.deviation, np.sqrt(((rows - rows.mean(axis=0)) ** 2).sum(axis=0) / 6))


def test_statistics_and_standardised_spectra_are_those_of_numpy_alone():
    """Written out with numpy.fft: the spectrum, the rings, their mean and deviation, the line between rings."""
    planes, bins = noise(5, 10, 12), 4

    def spectrum(plane):
        return np.fft.fftshift(np.log1p(255 * np.abs(np.fft.fft2(plane - plane.mean(), norm="ortho"))))

    rows = np.stack([slow_profile(spectrum(plane), bins) for plane in planes])
    mean, deviation = rows.mean(axis=0), rows.std(axis=0, ddof=1)
    made = RadialStatistics.fit(planes, bins=bins, window=None, channel_axis=None)
    np.testing.assert_allclose(made.mean, mean)
    np.testing.assert_allclose(made.deviation, deviation)
    radius = np.hypot(*np.meshgrid((np.arange(10) - 5) / 10, (np.arange(12) - 6) / 12, indexing="ij"))
    centres = (np.arange(bins) + 0.5) * np.sqrt(0.5) / bins
    expected = (spectrum(planes[0]) - np.interp(radius, centres, mean)) / np.interp(
        radius, centres, deviation
    )
    ours = log_spectrum(planes[0], window=None, channel_axis=None, normalize=made)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_statistics_take_the_settings_of_a_profile_and_tensors():
    images = noise(4, 12, 13, 3)
    rows = np.stack([radial_profile(x, bins=6, window=None, gain=9.0) for x in images])
    made = RadialStatistics.fit(torch.asarray(images), bins=6, window=None, gain=9.0)
    np.testing.assert_allclose(made.mean, rows.mean(axis=0))
    assert made.mean.dtype == made.deviation.dtype == np.float64
    planes = RadialStatistics.fit(list(images), bins=6, channels="rgb")
    assert planes.mean.shape == (6,)


@pytest.mark.parametrize("images", [[], [noise(1, 8, 8, 3)], [noise(0, 8, 8, 3)]])
def test_a_deviation_needs_two_pictures(images):
    with pytest.raises(ArgumentError, match="images: expected at least two, to have a deviation"):
        RadialStatistics.fit(images, bins=4)
    RadialStatistics.fit([noise(2, 8, 8, 3)], bins=4)


def test_pictures_that_never_vary_are_not_divided_by_nothing():
    flat = np.full((8, 8, 3), 0.5)
    made = RadialStatistics.fit([flat, flat], bins=4)
    np.testing.assert_array_equal(made.deviation, 1e-6)
    np.testing.assert_array_equal(log_spectrum(flat, normalize=made), 0)


@libraries
def test_spectra_are_standardised_by_the_line_between_the_middles_of_bins(library):
    made = RadialStatistics(np.array([1.0, 3.0]), np.array([0.5, 2.0]))
    plane = noise(10, 12)
    given_ = plane if library == "numpy" else torch.asarray(plane)
    ours = np.asarray(log_spectrum(given_, channel_axis=None, normalize=made))
    plain = log_spectrum(plane, channel_axis=None)
    first, last = MAX_RADIUS / 4, 3 * MAX_RADIUS / 4
    for i, j in ((5, 6), (5, 7), (0, 0), (9, 11), (3, 1), (2, 6)):
        radius = math.hypot((i - 5) / 10, (j - 6) / 12)
        share = min(max((radius - first) / (last - first), 0), 1)
        assert ours[i, j] == pytest.approx((plain[i, j] - 1 - 2 * share) / (0.5 + 1.5 * share))


@pytest.mark.parametrize(
    ("mean", "deviation", "match"),
    [
        ([0.0, 1.0], [1.0], r"mean: expected as many bins as deviation, got \(2,\) and \(1,\)"),
        ([], [], r"mean: expected as many bins as deviation, got \(0,\) and \(0,\)"),
        ([[0.0]], [[1.0]], r"mean: expected as many bins as deviation, got \(1, 1\)"),
        ([0.0], [0.0], "deviation: expected finite numbers above 0, and a finite mean"),
        ([0.0, 0.0], [1.0, -1.0], "deviation: expected finite numbers above 0"),
        ([np.nan], [1.0], "deviation: expected finite numbers above 0, and a finite mean"),
        ([0.0], [np.inf], "deviation: expected finite numbers above 0"),
    ],
)
def test_statistics_that_are_none_are_refused(mean, deviation, match):
    with pytest.raises(ArgumentError, match=match):
        RadialStatistics(np.array(mean), np.array(deviation))


def test_statistics_are_shown_by_their_size():
    assert repr(RadialStatistics(np.zeros(3), np.ones(3))) == "RadialStatistics(bins=3)"


@pytest.mark.parametrize("bins", [0, -1, 2.5, True])
def test_bins_are_a_positive_whole_number(bins):
    for call in (radial_bins, lambda b: radial_profile(noise(8, 8, 3), bins=b)):
        with pytest.raises(ArgumentError, match=f"bins: expected a positive integer, got {bins}"):
            call(bins)
