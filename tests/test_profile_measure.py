"""Mean log-amplitudes against a slow reference on the whole plane; bins, planes, scales, and the running mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specaug.augment.profile.measure import (
    BINS,
    MOST_BINS,
    Mean,
    bin_centres,
    colour_planes,
    from_planes,
    log_amplitudes,
)
from specaug.augment.profile.spoof import ProfileFit
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

ROUNDING = 1 / 255 / math.sqrt(12)
LARGEST = math.sqrt(0.5)


def plane_by_plane(picture: np.ndarray) -> list[np.ndarray]:
    """ITU-R BT.601 luma, and what red and blue have beyond it."""
    red, green, blue = (picture[..., c].astype(np.float64) for c in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return [luma, red - luma, blue - luma]


def slow(picture: np.ndarray, scale: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """(3, bins) by a loop over every frequency of the full plane, both halves."""
    height, width = picture.shape[:2]
    window = np.outer(*(np.sin(np.pi * np.arange(n) / n) ** 2 for n in (height, width)))
    window /= np.sqrt(np.mean(window**2))
    fy, fx = np.fft.fftfreq(height), np.fft.fftfreq(width)
    sums, counts = np.zeros((3, bins)), np.zeros(bins)
    spectra = [
        np.fft.fft2((p - p.mean()) * window) / math.sqrt(height * width) for p in plane_by_plane(picture)
    ]
    for row in range(height):
        for column in range(width):
            radius = math.hypot(fy[row], fx[column])
            if not 0 < radius <= 0.5 + 1e-9 or radius / scale > LARGEST:
                continue
            where = min(int(radius / scale / LARGEST * bins), bins - 1)
            counts[where] += 1
            for plane, spectrum in enumerate(spectra):
                power = (abs(spectrum[row, column]) ** 2 + ROUNDING**2) * scale**2
                sums[plane, where] += 0.5 * math.log(power)
    return sums / np.maximum(counts, 1), (counts > 0).astype(float)


@pytest.mark.parametrize(
    ("shape", "scale", "bins"),
    [((17, 23), 1.0, 9), ((24, 19), 1.3, 16), ((21, 21), 0.61, 7), ((15, 26), 4.0, 64), ((9, 9), 0.05, 1)],
)
def test_values_are_those_of_a_loop_over_all_frequencies(shape, scale, bins, rng):
    picture = rng.uniform(0.2, 0.8, (*shape, 3))
    values, reached = log_amplitudes(picture, scale, bins)
    expected, held = slow(picture, scale, bins)
    assert values.shape == (1, 3, bins)
    np.testing.assert_array_equal(reached, held)
    # The window is in float32, 6e-8 of its values.
    np.testing.assert_allclose(values[0], expected, atol=1e-5)


def test_a_flat_picture_has_the_amplitude_of_its_rounding():
    values, reached = log_amplitudes(np.full((2, 20, 20, 3), 77, np.uint8), scale=2.0)
    assert reached.any()
    np.testing.assert_allclose(values[..., reached > 0], math.log(2 * ROUNDING), atol=1e-6)
    assert (values[..., reached == 0] == 0).all()


@pytest.mark.parametrize(("scale", "bins"), [(1.0, 64), (2.0, 64), (0.8, 32)])
@pytest.mark.parametrize("cycles", [(9, 0), (0, 14), (8, -12)])
def test_a_wave_is_found_at_its_frequency_in_the_source(scale, bins, cycles):
    y, x = np.mgrid[:64, :64] / 64
    wave = 0.5 + 0.2 * np.cos(2 * np.pi * (cycles[0] * x + cycles[1] * y))
    values, reached = log_amplitudes(np.repeat(wave[..., None], 3, axis=-1), scale, bins)
    found = bin_centres(bins)[np.where(reached > 0, values[0, 0], -np.inf).argmax()]
    # Half a bin, and the main lobe of the window: two of 64 frequencies.
    assert found == pytest.approx(math.hypot(*cycles) / 64 / scale, abs=LARGEST / bins / 2 + 2 / 64 / scale)


def test_a_wave_of_grey_lies_in_luma_alone():
    wave = 0.2 * np.cos(2 * np.pi * 10 * np.arange(48) / 48)
    grey = np.full((48, 48, 3), 0.5) + wave[:, None]
    values, reached = log_amplitudes(grey)
    luma, red, blue = values[0][:, reached > 0]
    assert luma.max() > math.log(ROUNDING) + 1
    np.testing.assert_allclose([red, blue], math.log(ROUNDING), atol=1e-4)


def test_planes_of_grey_are_its_value_and_nothing(rng):
    grey = rng.uniform(0, 1, (2, 5, 6, 1)) * np.ones(3)
    planes = colour_planes(grey)
    assert planes.shape == (2, 3, 5, 6)
    np.testing.assert_allclose(planes[:, 0], grey[..., 0], atol=1e-15)
    np.testing.assert_allclose(planes[:, 1:], 0, atol=1e-15)


def test_planes_are_those_of_the_standard_and_come_back_from_spectra(rng):
    picture = rng.uniform(0, 1, (8, 10, 3))
    planes = colour_planes(picture)
    np.testing.assert_allclose(planes, plane_by_plane(picture), atol=1e-12)
    back = np.fft.ifft2(np.stack(from_planes(*np.fft.fft2(planes)))).real
    np.testing.assert_allclose(np.moveaxis(back, 0, -1), picture, atol=1e-12)


@pytest.mark.parametrize("bins", [1, 5, 64])
def test_bins_share_the_frequencies_up_to_the_corner(bins):
    centres, width = bin_centres(bins), LARGEST / bins
    assert centres.shape == (bins,)
    np.testing.assert_allclose(
        np.append(centres - width / 2, LARGEST), np.linspace(0, LARGEST, bins + 1), atol=1e-12
    )


@pytest.mark.parametrize(("scale", "highest"), [(0.5, LARGEST), (0.8, 0.625), (1.0, 0.5), (2.0, 0.25)])
def test_a_crop_reaches_half_a_cycle_per_px_and_no_further(scale, highest):
    _, reached = log_amplitudes(np.full((128, 128, 3), 0.5), scale)
    last = np.flatnonzero(reached).max()
    edges = np.arange(BINS + 1) * LARGEST / BINS
    assert edges[last] <= highest <= edges[last + 1] + 1e-9


def test_bytes_floats_and_tensors_of_floats_are_measured_alike(rng):
    picture = rng.integers(0, 256, (2, 20, 24, 3), dtype=np.uint8)
    expected, _ = log_amplitudes(picture)
    for other in (picture / 255, torch.asarray(picture / 255).requires_grad_()):
        # float32 against float64: the faintest amplitudes differ by some 1e-4 of themselves.
        np.testing.assert_allclose(log_amplitudes(other)[0], expected, atol=2e-3)


def test_pictures_of_any_batch_are_counted_one_by_one(rng):
    pictures = rng.uniform(0, 1, (2, 3, 12, 12, 3))
    values, _ = log_amplitudes(pictures, bins=8)
    assert values.shape == (6, 3, 8)
    np.testing.assert_array_equal(values[4:5], log_amplitudes(pictures[1, 1], bins=8)[0])


@pytest.mark.parametrize("shape", [(1, 16), (16, 1)])
def test_a_single_row_or_column_has_no_window_across(shape, rng):
    values, reached = log_amplitudes(rng.uniform(0, 1, (*shape, 3)), bins=8)
    assert np.isfinite(values).all()
    assert reached.sum() > 3
    assert (values[0, 0, reached > 0] > math.log(ROUNDING)).all()


@pytest.mark.parametrize("scale", [0.0, 9e-4, 1001, -1, float("nan"), "1", True])
def test_a_scale_that_no_crop_has_is_refused(scale):
    with pytest.raises(ArgumentError, match="scale: expected a number"):
        log_amplitudes(np.full((8, 8, 3), 0.5), scale)


@pytest.mark.parametrize(
    ("pictures", "match"),
    [
        (np.zeros((8, 8)), r"pictures: expected shape \(…, H, W, C\)"),
        (np.zeros((8, 8, 4)), "pictures: expected 3 channels"),
        (np.zeros((0, 8, 3)), "pictures: expected at least one pixel"),
        (np.full((8, 8, 3), np.nan), "pictures: expected finite numbers"),
        (np.full((8, 8, 3), 128.0), r"pictures: expected floats in \[0, 1\]"),
        (np.zeros((8, 8, 3), np.int32), "pictures: expected dtype uint8"),
        ([[[0.5, 0.5, 0.5]]], "pictures: expected a NumPy array or a torch tensor, got list"),
    ],
)
def test_what_is_no_picture_is_refused(pictures, match):
    with pytest.raises(ArgumentError, match=match):
        log_amplitudes(pictures)


def test_a_clip_weighs_as_much_as_a_picture(rng):
    """The mean over clips of the means over their frames, where the numbers of frames differ."""
    clip, single = rng.uniform(0, 1, (5, 16, 16, 3)), rng.uniform(0.4, 0.6, (16, 16, 3))
    mean = Mean(8)
    mean.add(clip)
    mean.add(single)
    expected = (log_amplitudes(clip, bins=8)[0].mean(axis=0) + log_amplitudes(single, bins=8)[0][0]) / 2
    held = mean.counts > 0
    assert mean.clips == 2
    np.testing.assert_allclose(mean.value()[:, held], expected[:, held], atol=1e-12)


def test_a_bin_is_the_mean_of_the_clips_that_reach_it(rng):
    fine, coarse = (rng.uniform(0.5 - a, 0.5 + a, (64, 64, 3)) for a in (0.4, 0.1))
    mean = Mean(16)
    mean.add(fine, scale=1.0)
    mean.add(coarse, scale=2.0)
    (a, b), value = (log_amplitudes(x, s, 16)[0][0] for x, s in ((fine, 1.0), (coarse, 2.0))), mean.value()
    np.testing.assert_array_equal(mean.counts, [2] * 6 + [1] * 6 + [0] * 4)
    np.testing.assert_allclose(value[:, :6], (a + b)[:, :6] / 2, atol=1e-12)
    np.testing.assert_allclose(value[:, 6:12], a[:, 6:12], atol=1e-12)


def test_bins_beyond_all_crops_take_the_value_of_the_last_one(rng):
    mean = Mean(32)
    mean.add(rng.uniform(0, 1, (24, 24, 3)))
    value, held = mean.value(), np.flatnonzero(mean.counts)
    np.testing.assert_array_equal(value[:, : held[0]], np.repeat(value[:, held[:1]], held[0], axis=1))
    assert held[-1] < 31
    np.testing.assert_array_equal(value[:, held[-1] :], np.repeat(value[:, held[-1:]], 32 - held[-1], axis=1))


def test_a_mean_of_nothing_is_none():
    with pytest.raises(ArgumentError, match="images: expected at least one picture, got none"):
        Mean().value()


@pytest.mark.parametrize("bins", [0, -1, MOST_BINS + 1, float("nan"), "64", None])
def test_a_fit_has_between_one_and_4096_bins(bins):
    with pytest.raises(ArgumentError, match="bins: expected a number"):
        ProfileFit(bins)


@pytest.mark.parametrize("bins", [1, 4096])
def test_a_fit_may_have_as_few_or_as_many_bins(bins, rng):
    fit = ProfileFit(bins)
    for pai in ("none", "print"):
        fit.add(rng.uniform(0, 1, (12, 12, 3)), pai=pai)
    assert fit.result().frequencies.shape == (bins,)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_tensors_are_measured_as_arrays_are(rng, dtype):
    torch = pytest.importorskip("torch", reason="torch is an optional dependency")
    images = rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    images = images if dtype == "uint8" else (images / 255).astype(dtype)
    expected, reached = log_amplitudes(images)
    values, weight = log_amplitudes(torch.asarray(images))
    np.testing.assert_allclose(values, expected, atol=1e-5)
    np.testing.assert_array_equal(weight, reached)
