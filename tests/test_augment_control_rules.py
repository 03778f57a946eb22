"""JPEG and tone: what a codec does to flat, grey and odd pictures, and tone curves at their ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import jpeg, tone
from specaug.augment.control import JpegParams, ToneParams, apply_jpeg, apply_tone, compressed
from specaug.color import luma

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])


def ramp(shape=(24, 32, 3)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    values = [np.rint(20 + 3 * x + 2 * y + 10 * c) for c in range(shape[2])]
    return np.stack(values, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("level", [0, 1, 127, 128, 255])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_flat_grey_picture_passes_a_good_codec_as_it_is(level, channels):
    flat = np.full((16, 24, channels), level, np.uint8)
    np.testing.assert_array_equal(jpeg(flat, quality=100), flat)


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 9, 3), (17, 31, 1), (16, 16, 3)])
def test_sizes_that_are_no_multiple_of_a_block_are_kept(shape):
    out = jpeg(ramp(shape), quality=95)
    assert out.shape == shape
    assert np.abs(out.astype(int) - ramp(shape)).mean() < 3


def test_color_loses_resolution_and_brightness_keeps_it():
    """4:2:0: stripes of one pixel in colour of equal luma are gone, those of luma are there."""
    red, green = np.array([150, 100, 100]), np.array([100, 125.5, 100])
    hues = np.rint(np.where(np.arange(32)[:, None] % 2, red, green))[None].repeat(32, 0).astype(np.uint8)
    bright = np.where(np.arange(32) % 2, 150, 100)[None, :, None].repeat(32, 0).repeat(3, 2).astype(np.uint8)
    spread = [np.ptp(jpeg(p, quality=95).astype(float), axis=1).mean(axis=0) for p in (hues, bright)]
    assert spread[0][0] < 0.3 * 50
    assert spread[1].min() > 0.9 * 50
    assert np.ptp(luma(hues)) < 0.01


def test_red_stays_red_and_blue_blue():
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:, :16, 0], picture[:, 16:, 2] = 200, 200
    out = jpeg(picture, quality=95).astype(int)
    assert np.abs(out[:, :8] - [200, 0, 0]).max() < 12
    assert np.abs(out[:, -8:] - [0, 0, 200]).max() < 12


def test_one_channel_is_coded_as_grey_and_three_equal_ones_nearly_so():
    grey = ramp((24, 32, 1))
    alone = jpeg(grey, quality=60)
    together = jpeg(grey.repeat(3, axis=-1), quality=60).astype(int)
    assert np.abs(together - alone).max() <= 2
    assert compressed(grey, 60).shape == (24, 32, 1)
    np.testing.assert_array_equal(compressed(grey, 60), alone)


@libraries
def test_overshoot_is_clipped_before_a_codec_sees_it(library):
    x = np.full((8, 8, 1), 0.5)
    x[:4], x[4:] = 1.5, -0.5
    given_ = x if library == "numpy" else torch.asarray(x)
    expected = jpeg(np.clip(x, 0, 1), quality=90)
    np.testing.assert_allclose(np.asarray(jpeg(given_, quality=90)), expected, atol=1e-6)


@libraries
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_rounded_to_bytes_for_the_codec(library, dtype):
    exact = ramp()
    near = (exact + np.random.default_rng(0).uniform(-0.45, 0.45, exact.shape)) / 255
    near = near.astype(dtype) if library == "numpy" else torch.asarray(near.astype(dtype))
    out = jpeg(near, quality=70)
    assert str(out.dtype).removeprefix("torch.") == dtype
    np.testing.assert_allclose(np.asarray(out) * 255, jpeg(exact, quality=70), atol=1e-3)


def test_every_picture_of_a_batch_is_coded_for_itself():
    batch = np.stack([ramp(), ramp()[::-1], ramp()[:, ::-1]]).reshape(3, 1, 24, 32, 3)
    out = jpeg(batch, quality=40)
    for i in range(3):
        np.testing.assert_array_equal(out[i, 0], compressed(batch[i, 0], 40))
    applied = apply_jpeg(batch, JpegParams(40))
    assert applied.clipped.shape == (3, 1)
    assert not applied.halvings.any()


def test_the_lowest_quality_leaves_blocks_and_the_highest_hardly_a_trace():
    noisy = np.random.default_rng(0).integers(60, 190, (32, 32, 1), np.uint8)
    coarse, fine = (jpeg(noisy, quality=q).astype(int) for q in (1, 100))
    for i in range(0, 32, 8):  # only the mean of a block is left
        for j in range(0, 32, 8):
            assert np.ptp(coarse[i : i + 8, j : j + 8]) <= 64
    assert np.abs(coarse - noisy).mean() > 20
    assert np.abs(fine - noisy).max() <= 3


@libraries
@pytest.mark.parametrize("axis", [-1, 0])
@given(gamma=st.floats(0.2, 4), contrast=st.floats(0, 2))
@settings(deadline=None, max_examples=10, derandomize=True)
def test_tone_is_the_formula_pixel_by_pixel(library, axis, gamma, contrast):
    x, tint = np.random.default_rng(0).random((3, 4, 3)), (0.8, 1.0, 1.2)
    expected = [
        [[t * (0.5 + contrast * (v**gamma - 0.5)) for v, t in zip(p, tint, strict=True)] for p in row]
        for row in x
    ]
    moved = np.moveaxis(x, -1, axis)
    moved = moved if library == "numpy" else torch.asarray(moved)
    out = np.moveaxis(
        np.asarray(tone(moved, gamma=gamma, contrast=contrast, tint=tint, channel_axis=axis)), axis, -1
    )
    np.testing.assert_allclose(out, np.clip(expected, 0, 1), atol=1e-5)


@libraries
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_black_white_and_the_middle_are_where_a_curve_puts_them(library, dtype):
    level = 255 if dtype == "uint8" else 1
    x = (np.array([0, 0.2, 1]) * level).reshape(1, 3, 1).astype(dtype)
    given_ = x if library == "numpy" else torch.asarray(x)
    out = np.asarray(tone(given_, gamma=2.0, contrast=0.5, tint=(1.0,))).ravel() / level
    np.testing.assert_allclose(out, [0.25, 0.27, 0.75], atol=0.5 / 255 + 1e-6 if level == 255 else 1e-6)


def test_no_contrast_leaves_the_middle_grey_in_its_tint():
    x = np.random.default_rng(0).random((4, 5, 3))
    out = tone(x, gamma=1.3, contrast=0.0, tint=(0.5, 1.0, 1.5))
    np.testing.assert_allclose(out, np.broadcast_to([0.25, 0.5, 0.75], x.shape), atol=1e-12)


def test_two_gammas_are_their_product_and_one_undoes_its_inverse():
    x = np.random.default_rng(0).uniform(0.05, 1, (4, 5, 3))

    def bent(v, gamma):
        return tone(v, gamma=gamma, contrast=1.0, tint=(1.0,))

    np.testing.assert_allclose(bent(bent(x, 2.0), 0.7), bent(x, 1.4), atol=1e-12)
    np.testing.assert_allclose(bent(bent(x, 0.4), 2.5), x, atol=1e-12)


@libraries
def test_overshoot_bends_as_black_or_white(library):
    x = np.array([-0.5, 0.0, 1.0, 1.5]).reshape(1, 4, 1)
    given_ = x if library == "numpy" else torch.asarray(x)
    out = np.asarray(tone(given_, gamma=0.5, contrast=0.8, tint=(1.0,))).ravel()
    np.testing.assert_allclose(out, [0.1, 0.1, 0.9, 0.9], atol=1e-3)


def test_black_has_a_finite_gradient_under_any_gamma():
    x = torch.zeros((2, 2, 1), dtype=torch.float64, requires_grad=True)
    tone(x, gamma=0.5, contrast=1.0, tint=(1.0,)).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_a_tint_beyond_white_is_clipped_and_counted():
    x = np.full((10, 10, 3), 0.8)
    applied = apply_tone(x, ToneParams(1.0, 1.0, (1.0, 1.2, 1.5)))
    np.testing.assert_allclose(applied.image[0, 0], [0.8, 0.96, 1.0])
    assert applied.clipped == pytest.approx(1 / 3)
    assert applied.halvings == 0
