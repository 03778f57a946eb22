"""Low blocks and whole planes against a slow discrete Fourier transform written out from its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.spectrum.block import LowBlock, block_weights
from specaug.spectrum.grid import Band
from specaug.spectrum.transform import FullPlane, irfft2, rfft, rfft2, rounding_floor, transform_of

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
LAST, FIRST = (-3, -2), (-2, -1)
both_layouts = pytest.mark.parametrize("axes", [LAST, FIRST], ids=["last", "first"])


def waves(n, frequencies):
    """exp(-2 pi i k x / n), a row for each frequency k."""
    return np.exp(-2j * np.pi * np.outer(frequencies, np.arange(n)) / n)


def slow_bins(plane, rows, columns):
    """The transform of one (H, W) plane at the frequencies asked for, by its definition."""
    return waves(plane.shape[0], rows) @ plane @ waves(plane.shape[1], columns).T


def slow_low_pass(plane, reach):
    """What the frequencies with ``|ky|, |kx| <= reach`` make of a plane."""
    k = np.arange(-reach, reach + 1)
    spectrum = slow_bins(plane, k, k)
    return (waves(plane.shape[0], k).conj().T @ spectrum @ waves(plane.shape[1], k).conj()) / plane.size


def placed(planes, axes):
    """(C, H, W) planes in the layout of `axes`."""
    return np.moveaxis(planes, 0, -1) if axes == LAST else planes


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@given(st.integers(1, 11), st.integers(1, 11), st.integers(0, 5), st.sampled_from([LAST, FIRST]))
@settings(deadline=None, max_examples=50, derandomize=True)
def test_a_block_is_the_slow_transform_of_any_size(height, width, reach, axes):
    reach = min(reach, (min(height, width) - 1) // 2)
    planes, k = noise(2, height, width), np.arange(reach + 1)
    spectrum = LowBlock((height, width), axes, reach).forward(placed(planes, axes))
    assert spectrum.shape == (2, 2, reach + 1, reach + 1)
    for plane, ours in zip(planes, spectrum, strict=True):
        np.testing.assert_allclose(ours[0], slow_bins(plane, k, k), atol=1e-11)
        np.testing.assert_allclose(ours[1], slow_bins(plane, k, -k), atol=1e-11)


@given(st.integers(1, 11), st.integers(1, 11), st.integers(0, 5), st.sampled_from([LAST, FIRST]))
@settings(deadline=None, max_examples=50, derandomize=True)
def test_a_block_and_back_is_the_slow_low_pass_and_real(height, width, reach, axes):
    reach = min(reach, (min(height, width) - 1) // 2)
    planes, block = noise(2, height, width), LowBlock((height, width), axes, reach)
    expected = np.stack([slow_low_pass(plane, reach) for plane in planes])
    assert np.abs(expected.imag).max() < 1e-12
    ours = block.inverse(block.forward(placed(planes, axes)))
    np.testing.assert_allclose(ours, placed(expected.real, axes), atol=1e-12)


@both_layouts
@pytest.mark.parametrize("reach", [14, 15, 16, 22])  # either side of where columns are folded, too
@pytest.mark.parametrize("shape", [(50, 46), (46, 51), (45, 47), (49, 50)])
def test_large_blocks_are_the_slow_transform_and_back(shape, reach, axes):
    planes, k = noise(2, 3, *shape), np.arange(reach + 1)
    block = LowBlock(shape, axes, reach)
    x = np.stack([placed(picture, axes) for picture in planes])
    spectrum, passed = block.forward(x), block.inverse(block.forward(x))
    for i, c in np.ndindex(2, 3):
        np.testing.assert_allclose(spectrum[i, c, 0], slow_bins(planes[i, c], k, k), atol=1e-10)
        np.testing.assert_allclose(spectrum[i, c, 1], slow_bins(planes[i, c], k, -k), atol=1e-10)
        ours = passed[i, ..., c] if axes == LAST else passed[i, c]
        np.testing.assert_allclose(ours, slow_low_pass(planes[i, c], reach).real, atol=1e-12)


@both_layouts
@pytest.mark.parametrize("shape", [(16, 21), (15, 20)])
def test_a_low_pass_twice_is_a_low_pass_and_its_own_adjoint(axes, shape):
    block = LowBlock(shape, axes, 3)
    x, y = (placed(noise(2, *shape, seed=i), axes) for i in range(2))
    passed, other = (block.inverse(block.forward(v)) for v in (x, y))
    np.testing.assert_allclose(block.inverse(block.forward(passed)), passed, atol=1e-12)
    assert np.sum(passed * y) == pytest.approx(np.sum(x * other))


@pytest.mark.parametrize("m", [1, 2, 5])
def test_the_bins_of_a_block_stand_for_its_whole_square(m):
    assert block_weights(m).sum() == (2 * m - 1) ** 2
    assert not block_weights(m)[1, :, 0].any()  # the second column of kx = 0


@both_layouts
@pytest.mark.parametrize("shape", [(16, 21), (15, 20), (1, 9), (8, 1)])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_energy_is_the_sum_of_squares_of_each_picture(axes, shape, library):
    x = np.stack([placed(noise(3, *shape, seed=i), axes) for i in range(2)])
    given_ = x if library == "numpy" else torch.asarray(x)
    energy = FullPlane(shape, axes).energy(FullPlane(shape, axes).forward(given_))
    assert tuple(energy.shape) == (2, 1, 1, 1)
    np.testing.assert_allclose(np.asarray(energy).ravel(), np.sum(x**2, axis=(1, 2, 3)))
    block = LowBlock(shape, axes, (min(shape) - 1) // 3)
    spectrum = block.forward(given_)
    passed = np.asarray(block.inverse(spectrum))
    assert tuple(block.energy(spectrum).shape) == (2, 1, 1, 1)
    np.testing.assert_allclose(
        np.asarray(block.energy(spectrum)).ravel(), np.sum(passed**2, axis=(1, 2, 3)), rtol=1e-12
    )


@both_layouts
@pytest.mark.parametrize("shape", [(64, 900), (63, 901), (700, 40)])
def test_pictures_too_wide_for_one_pass_are_put_together_again(axes, shape):
    """Products of more columns than the nearest caches hold are done some at a time."""
    x = placed(noise(3, *shape), axes)
    block, full = LowBlock(shape, axes, 4), FullPlane(shape, axes)
    mask = Band(0.0, 4.5 / min(shape), "square")
    expected = full.inverse(full.forward(x) * full.gain(mask, x))
    np.testing.assert_allclose(block.inverse(block.forward(x)), expected, atol=1e-12)


@both_layouts
def test_bytes_are_transformed_as_the_numbers_they_are(axes):
    x = np.random.default_rng(0).integers(0, 256, (12, 14, 3), np.uint8)
    x = x if axes == LAST else np.moveaxis(x, -1, 0)
    for transform in (LowBlock((12, 14), axes, 2), FullPlane((12, 14), axes)):
        exact = transform.forward(x.astype(np.float64))
        np.testing.assert_allclose(transform.forward(x), exact, atol=0.02)
        assert transform.forward(x).dtype == np.complex64
        assert exact.dtype == np.complex128
        assert exact.ravel()[0] == pytest.approx(x[..., 0].sum() if axes == LAST else x[0].sum())


@both_layouts
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tensors_come_back_as_arrays_do(axes, dtype):
    x = placed(noise(3, 18, 25), axes).astype(dtype)
    for transform in (LowBlock((18, 25), axes, 4), FullPlane((18, 25), axes)):
        ours = transform.inverse(transform.forward(x))
        theirs = transform.inverse(transform.forward(torch.asarray(x)))
        assert ours.dtype == dtype == theirs.numpy().dtype
        np.testing.assert_allclose(theirs.numpy(), ours, atol=1e-12 if dtype == np.float64 else 1e-5)


@both_layouts
def test_a_mask_over_a_block_is_that_of_the_same_bins_of_the_plane(axes):
    shape, band = (20, 26), Band(0.08, 0.19)
    block, full = LowBlock(shape, axes, 4), FullPlane(shape, axes)
    x = placed(noise(1, *shape), axes)
    part, whole = block.gain(band, x), np.squeeze(full.gain(band, x))
    np.testing.assert_array_equal(part[0], whole[:5, :5])
    np.testing.assert_array_equal(part[1], whole[:5, :5])  # a band is even in both frequencies
    assert 0 < part.mean() < 1


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("shape", "axes"), [((20, 40, 3), LAST), ((3, 40, 20), FIRST)])
def test_a_block_is_taken_up_to_a_share_of_the_shorter_side(shape, axes, library):
    x, limit = np.zeros(shape), 4 if library == "numpy" else 2
    x = x if library == "numpy" else torch.asarray(x)
    for reach in range(1, 7):
        chosen = transform_of(x, axes, Band(0.0, (reach + 0.01) / 20, "square"))
        assert chosen.axes == axes
        assert chosen.shape == ((20, 40) if axes == LAST else (40, 20))
        assert isinstance(chosen, LowBlock) == (reach <= limit)
        assert getattr(chosen, "reach", reach) == reach


def test_the_floor_is_above_the_rounding_of_a_flat_picture_and_far_below_that_of_bytes():
    for dtype, epsilon in ((np.float32, 2.0**-23), (np.float64, 2.0**-52)):
        x = np.ones((48, 60, 1), dtype)
        floor = rounding_floor(x, LAST, 1.0)
        assert floor == pytest.approx(64 * epsilon * np.sqrt(48 * 60))
        assert np.abs(FullPlane((48, 60), LAST).forward(x)).ravel()[1:].max() < floor
        assert rounding_floor(255 * x, LAST, 255.0) == pytest.approx(255 * floor)
    levels = np.rint(255 * np.random.default_rng(0).random((48, 60, 1))) / 255
    rounding = levels - np.random.default_rng(0).random((48, 60, 1))
    floor = rounding_floor(levels.astype(np.float32), LAST, 1.0)
    assert np.median(np.abs(np.fft.rfft2(rounding[..., 0]))) > 30 * floor


@pytest.mark.parametrize("axes", [(0, 1), (-2, -1), (1, 2)])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_transforms_over_two_axes_are_undone(axes, library):
    x = noise(6, 7, 8)
    sizes = tuple(x.shape[a] for a in axes)
    given_ = x if library == "numpy" else torch.asarray(x)
    spectrum = rfft2(given_, axes)
    np.testing.assert_allclose(np.asarray(spectrum), np.fft.rfft2(x, axes=axes), atol=1e-12)
    np.testing.assert_allclose(np.asarray(irfft2(spectrum, sizes, axes)), x, atol=1e-12)


@pytest.mark.parametrize("frames", [1, 2, 7, 8])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_transform_over_one_axis_keeps_energy(frames, library):
    x = noise(3, frames, 2)
    spectrum = np.asarray(rfft(x if library == "numpy" else torch.asarray(x), 1))
    expected = waves(frames, np.arange(frames // 2 + 1)) @ x / np.sqrt(frames)
    np.testing.assert_allclose(spectrum, expected, atol=1e-12)
    weights = np.array([1 if k == 0 or 2 * k == frames else 2 for k in range(frames // 2 + 1)])
    assert np.sum(weights[:, None] * np.abs(spectrum) ** 2) == pytest.approx(np.sum(x**2))
