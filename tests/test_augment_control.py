"""The control operations: JPEG and tone do what a codec and a camera do, and nothing else."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from specaug.augment import jpeg, tone
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")


def smooth(rng, shape=(64, 64, 3)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    waves = [np.sin(x / 9 + c) + np.cos(y / 7 - c) for c in range(shape[2])]
    return (
        np.rint(128 + 40 * np.stack(waves, axis=-1) + rng.normal(0, 4, shape)).clip(0, 255).astype(np.uint8)
    )


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_jpeg_is_what_another_library_makes_of_the_same_settings(quality, rng):
    picture = smooth(rng)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    theirs = np.asarray(Image.open(stream)).astype(int)
    ours = jpeg(picture, quality=quality).astype(int)
    # Decoders may enlarge colour differently by a few levels; what the codec loses is more.
    assert np.abs(ours - theirs).mean() < 1.0 < np.abs(ours - picture.astype(int)).mean()


def test_a_lower_quality_loses_more(rng):
    picture = smooth(rng)
    losses = [np.abs(jpeg(picture, quality=q).astype(int) - picture).mean() for q in (95, 60, 20)]
    assert losses == sorted(losses)


def test_jpeg_of_floats_clips_and_axes_is_that_of_bytes(rng):
    clip = np.stack([smooth(rng) for _ in range(3)])
    bytes_ = jpeg(clip, quality=50)
    np.testing.assert_allclose(jpeg(clip / 255.0, quality=50), bytes_ / 255.0, atol=1e-6)
    first = np.moveaxis(clip, -1, 1)
    np.testing.assert_array_equal(np.moveaxis(jpeg(first, quality=50, channel_axis=1), 1, -1), bytes_)
    tensor = jpeg(torch.asarray(first), quality=50, channel_axis=1)
    np.testing.assert_array_equal(np.moveaxis(tensor.numpy(), 1, -1), bytes_)
    grey = clip[..., :1]
    np.testing.assert_array_equal(
        jpeg(grey, quality=50)[..., 0], jpeg(grey[..., 0], quality=50, channel_axis=None)
    )


def test_gradients_pass_a_jpeg_as_if_it_were_not_there(rng):
    picture = torch.asarray(smooth(rng) / 255.0, dtype=torch.float32).requires_grad_()
    jpeg(picture, quality=50).sum().backward()
    assert torch.equal(picture.grad, torch.ones_like(picture))


def test_tone_is_its_formula(rng):
    x = rng.uniform(0.2, 0.8, (2, 5, 6, 3))
    out = tone(x, gamma=1.2, contrast=0.9, tint=(1.05, 1.0, 0.95))
    expected = np.array([1.05, 1.0, 0.95]) * (0.5 + 0.9 * (x**1.2 - 0.5))
    np.testing.assert_allclose(out, expected, atol=1e-12)


def test_tone_without_change_is_the_picture(rng):
    picture = smooth(rng)
    np.testing.assert_array_equal(tone(picture, gamma=1.0, contrast=1.0, tint=(1.0,)), picture)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: jpeg(x, quality=0), r"quality: expected a number in \[1, 100\], got 0"),
        (lambda x: jpeg(x, quality=50.5), "quality: expected a whole number, got 50.5"),
        (lambda x: jpeg(x[..., :2], quality=50), "image: expected 1 or 3 channels for jpeg, got 2"),
        (
            lambda x: tone(x, gamma=0, contrast=1, tint=(1,)),
            r"gamma: expected a number in \[0.1, 10\], got 0",
        ),
        (lambda x: tone(x, gamma=1, contrast=1, tint=(1, 1)), "tint: expected one factor, or 3, got 2"),
    ],
)
def test_bad_call_is_named(call, match, rng):
    with pytest.raises(ArgumentError, match=match):
        call(smooth(rng))
