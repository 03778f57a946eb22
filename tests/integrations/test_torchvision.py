"""The torch module in pipelines of torchvision: types stay, a video is one clip, labels go along."""

from __future__ import annotations

import numpy as np
import pytest
from other_packages import torchvision

from specaug.augment import FdaRanges, Recipe, fda
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
SpectralAugment = pytest.importorskip("specaug.integrations.torch").SpectralAugment


@pytest.fixture
def tv():
    torchvision()
    from torchvision import tv_tensors

    return tv_tensors


@pytest.fixture
def v2():
    torchvision()
    from torchvision.transforms import v2

    return v2


def noise(*shape, seed=0):
    return torch.asarray(np.random.default_rng(seed).integers(80, 176, shape, np.uint8))


def test_one_image_is_one_image(tv, v2):
    x, r = noise(3, 32, 24), noise(1, 3, 32, 24, seed=1)
    out = SpectralAugment("fda", FdaRanges((0.1,)), p=1.0, rng=0)(tv.Image(x), references=r)
    assert isinstance(out, tv.Image)
    assert torch.equal(out.as_subclass(torch.Tensor), fda(x, r[0], beta=0.1, channel_axis=0))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_batches_keep_their_type(tv, v2, p):
    augment = SpectralAugment("moire", p=p, rng=0)
    for kind, shape in ((tv.Image, (3, 32, 24)), (tv.Image, (2, 3, 32, 24)), (tv.Video, (2, 4, 3, 32, 24))):
        x = kind(noise(*shape))
        out = v2.Compose(
            [v2.ToDtype(torch.float32, scale=True), augment, v2.ToDtype(torch.uint8, scale=True)]
        )(x)
        assert type(out) is kind
        assert (out.shape, out.dtype) == (x.shape, torch.uint8)
        assert torch.equal(out, x) == (p == 0)


def test_a_video_is_one_clip_and_a_batch_of_images_is_not(tv):
    frames = noise(3, 32, 24).repeat(4, 1, 1, 1)
    clip = SpectralAugment("moire", p=1.0, rng=0)(tv.Video(frames))
    assert isinstance(clip, tv.Video)
    assert (clip == clip[:1]).all()
    images = SpectralAugment("moire", p=1.0, rng=0)(tv.Image(frames))
    assert len({image.numpy().tobytes() for image in images}) == 4


def test_frames_of_a_video_are_filmed_as_one(tv):
    """What a recipe makes of a clip is what the module makes of a video."""
    recipe = Recipe.from_preset("recapture-screen")
    frames = noise(4, 3, 48, 48)
    out = SpectralAugment(recipe, p=1.0, rng=3)(tv.Video(frames))
    rng = np.random.default_rng(3)
    rng.uniform()  # the coin of p
    expected = recipe.apply(frames, recipe.sample(rng), channel_axis=-3)
    assert torch.equal(out.as_subclass(torch.Tensor), expected)


def test_labels_go_through_a_pipeline(tv, v2):
    pipeline = v2.Compose([v2.RandomHorizontalFlip(p=1.0), SpectralAugment("moire", p=1.0, rng=0)])
    images, labels = pipeline(tv.Image(noise(2, 3, 32, 24)), torch.tensor([0, 1]))
    assert isinstance(images, tv.Image)
    assert labels.tolist() == [1, 1]
    image, label = pipeline(tv.Image(noise(3, 32, 24)), 0)
    assert (image.ndim, label) == (3, 1)
    assert SpectralAugment("fda", p=1.0)(noise(3, 32, 24), torch.tensor(1))[1].shape == ()


@pytest.mark.parametrize("shape", [(32, 24), (1, 1, 1, 3, 32, 24)])
def test_what_is_no_image_is_named(shape):
    with pytest.raises(ArgumentError, match=r"images: expected \(N, C, H, W\) or .*, got shape"):
        SpectralAugment("moire")(torch.zeros(shape))
