"""The two transforms: the small matrix products give what the fast transform gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.spectrum.block import LowBlock
from specaug.spectrum.grid import Band
from specaug.spectrum.transform import FullPlane, transform_of

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
LAST, FIRST = (-3, -2), (-2, -1)


def picture(shape, axes, dtype=np.float64):
    image = np.random.default_rng(7).random((*shape, 3))
    image = (image * 255).astype(dtype) if dtype == np.uint8 else image.astype(dtype)
    return image if axes == LAST else np.ascontiguousarray(np.moveaxis(image, -1, 0))


@given(st.integers(3, 90), st.integers(3, 90), st.integers(0, 12), st.sampled_from([LAST, FIRST]))
@settings(deadline=None, max_examples=60)
def test_low_block_filters_as_the_fast_transform_does(height, width, reach, axes):
    reach = min(reach, (min(height, width) - 1) // 2)
    band = Band(0.0, (reach + 0.5) / min(height, width), "square")
    x = picture((height, width), axes)
    results = []
    for transform in (LowBlock((height, width), axes, reach), FullPlane((height, width), axes)):
        spectrum = transform.forward(x)
        results.append(transform.inverse(spectrum * transform.gain(band, x)))
    assert results[0].shape == x.shape
    np.testing.assert_allclose(*results, atol=1e-12)


@pytest.mark.parametrize("axes", [LAST, FIRST])
@pytest.mark.parametrize("shape", [(21, 34), (34, 21), (32, 32)])
def test_block_holds_the_bins_it_says(shape, axes):
    x = picture(shape, axes)
    spectrum = LowBlock(shape, axes, 4).forward(x)
    whole = np.fft.fft2(x, axes=axes)
    whole = whole if axes == FIRST else np.moveaxis(whole, -1, 0)
    np.testing.assert_allclose(spectrum[:, 0], whole[:, :5, :5], atol=1e-10)
    np.testing.assert_allclose(spectrum[:, 1], whole[:, :5, -np.arange(5)], atol=1e-10)


@pytest.mark.parametrize("axes", [LAST, FIRST])
@pytest.mark.parametrize("shape", [(21, 34), (32, 32)])
def test_energy_is_that_of_the_pixels(shape, axes):
    x = picture(shape, axes)
    band = Band(0.0, 4.5 / min(shape), "square")
    for transform in (FullPlane(shape, axes), LowBlock(shape, axes, 4)):
        spectrum = transform.forward(x) * transform.gain(band, x)
        assert transform.energy(spectrum).item() == pytest.approx(np.sum(transform.inverse(spectrum) ** 2))


@pytest.mark.parametrize("axes", [LAST, FIRST])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_transforms_of_tensors_are_those_of_arrays(axes, dtype):
    x = picture((24, 30), axes, dtype)
    for transform in (FullPlane((24, 30), axes), LowBlock((24, 30), axes, 3)):
        ours, theirs = transform.forward(x), transform.forward(torch.asarray(x))
        assert ours.dtype == np.complex64
        # Sums of 720 float32 of up to 255.
        np.testing.assert_allclose(theirs.numpy(), ours, atol=720 * 255 * 2e-7)


def test_blocks_take_batches():
    x = np.stack([picture((24, 30), LAST) for _ in range(2)])
    transform = LowBlock((24, 30), LAST, 3)
    np.testing.assert_allclose(transform.forward(x)[1], transform.forward(x[1]), atol=1e-12)
    spectrum = transform.forward(x)
    np.testing.assert_allclose(transform.inverse(spectrum)[1], transform.inverse(spectrum[1]), atol=1e-12)


@pytest.mark.parametrize(
    ("band", "kind"),
    [
        (Band(0.0, 0.1, "square"), LowBlock),
        (Band(0.0, 0.1), LowBlock),
        (Band(0.0, 0.3, "square"), FullPlane),
        (Band(0.0, 0.05, "radial", 0.01), FullPlane),
        (Band(), FullPlane),
    ],
)
def test_small_hard_low_bands_take_the_block(band, kind):
    assert isinstance(transform_of(np.zeros((64, 64, 3)), LAST, band), kind)


def test_block_of_a_wide_picture_holds_a_round_band_whole():
    shape, band = (40, 400), Band(0.0, 0.05)
    chosen = transform_of(np.zeros((*shape, 3)), LAST, band)
    x = picture(shape, LAST)
    full = FullPlane(shape, LAST)
    expected = full.inverse(full.forward(x) * full.gain(band, x))
    np.testing.assert_allclose(chosen.inverse(chosen.forward(x) * chosen.gain(band, x)), expected, atol=1e-12)
