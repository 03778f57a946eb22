"""The torch module: draws for each picture, labels that stay true, nothing in eval mode."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from specaug.augment import (
    BandpassInjectRanges,
    FdaRanges,
    HalftoneRanges,
    Recipe,
    SpectralMixRanges,
    apply_drawn,
    draw,
    recapture_blur,
)
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
module = pytest.importorskip("specaug.integrations.torch", reason="torch is an optional dependency")
SpectralAugment = module.SpectralAugment


def batch(n=6, shape=(3, 24, 20), seed=0):
    return torch.asarray(np.random.default_rng(seed).uniform(0.35, 0.65, (n, *shape)), dtype=torch.float32)


def test_each_picture_gets_its_own_draw():
    x = batch(1).repeat(4, 1, 1, 1)
    out = SpectralAugment("moire", p=1.0, rng=0)(x)
    assert out.shape == x.shape
    assert len({row.numpy().tobytes() for row in out}) == 4


def test_the_share_of_changed_pictures_is_p():
    x = batch(400, (1, 8, 8))
    out = SpectralAugment("recapture_blur", p=0.3, rng=0)(x)
    assert (out != x).flatten(1).any(1).float().mean().item() == pytest.approx(0.3, abs=0.06)


def test_frames_of_a_clip_share_their_draw():
    clip = batch(1).repeat(5, 1, 1, 1)[None].repeat(2, 1, 1, 1, 1)  # (2, 5, 3, H, W), equal frames
    out = SpectralAugment("halftone", HalftoneRanges(spacing=(0.0,)), p=1.0, rng=0)(clip)
    for frames in out:
        assert (frames == frames[:1]).all()
    assert not torch.equal(out[0], out[1])


def test_the_frames_of_a_clip_are_guarded_as_one():
    """One frame that would clip weakens the operation in all frames of its clip, so that no frame flickers."""
    wave = 0.2 * torch.sin(torch.arange(16) * torch.pi / 4).repeat(3, 16, 1)
    quiet, bright = 0.5 + 0.1 * wave, 0.97 + 0.1 * wave
    settings = SpectralMixRanges(strength=(1.0, 1.0))

    def change(*frames):
        clip = torch.stack(frames)
        augment = SpectralAugment("spectral_mix", settings, p=1.0, rng=0)
        return augment(clip[None], references=(wave + 0.5).expand(clip.shape)[None])[0] - clip

    alone, together = change(quiet, quiet)[0], change(quiet, bright)[0]
    assert alone.abs().max() > 0.1
    torch.testing.assert_close(together, alone / 2 ** round(torch.log2(alone.std() / together.std()).item()))
    assert alone.std() > 1.9 * together.std() > 0


def test_clips_with_channels_before_time():
    clips = batch(2, (4, 3, 24, 20))
    expected = SpectralAugment("fda", p=1.0, rng=3)(clips)
    moved = SpectralAugment("fda", p=1.0, rng=3, channel_axis=-4)(clips.movedim(1, 2))
    torch.testing.assert_close(moved.movedim(2, 1), expected)


def test_same_seed_same_batch():
    x = batch()
    torch.testing.assert_close(*(SpectralAugment("fact", p=0.7, rng=5)(x) for _ in range(2)), rtol=0, atol=0)


def test_eval_changes_nothing():
    x = batch()
    torch.testing.assert_close(SpectralAugment("moire", p=1.0, rng=0).eval()(x), x, rtol=0, atol=0)


def test_references_are_used():
    x, r = batch(4), batch(1, seed=9) + 0.2
    out = SpectralAugment("fda", FdaRanges((0.0,)), p=1.0, rng=0)(x, references=r)
    means = r.mean((2, 3)).expand(4, 3)
    torch.testing.assert_close(out.mean((2, 3)), means)


def test_partner_is_another_picture_of_the_batch():
    x = torch.stack([torch.full((3, 8, 8), v) for v in (0.3, 0.5, 0.7)])
    out = SpectralAugment("fda", FdaRanges((0.0,)), p=1.0, rng=0)(x)
    for before, after in zip(x, out, strict=True):
        level = round(after.mean().item(), 4)
        assert level in (0.3, 0.5, 0.7)
        assert level != round(before.mean().item(), 4)


def test_recapture_makes_attacks_and_jitter_keeps_labels():
    x, labels = batch(), torch.tensor([0, 1, 0, 0, 1, 0])
    assert SpectralAugment("moire", p=1.0, rng=0)(x, labels)[1].tolist() == [1] * 6
    assert SpectralAugment("spectral_jitter", p=1.0, rng=0)(x, labels)[1].tolist() == labels.tolist()


def test_low_bands_come_from_the_same_label_only():
    x = torch.stack([torch.full((3, 8, 8), v) for v in (0.3, 0.35, 0.6, 0.65, 0.7)])
    labels = torch.tensor([0, 0, 1, 1, 1])
    out, new = SpectralAugment("fda", FdaRanges((0.0,)), p=1.0, rng=0)(x, labels)
    assert new.tolist() == labels.tolist()
    assert ((out.mean((1, 2, 3)) > 0.5) == (labels == 1)).all()


def test_high_bands_of_attacks_make_attacks():
    x, labels = batch(8), torch.tensor([0, 1] * 4)
    out, new = SpectralAugment("bandpass_inject", BandpassInjectRanges(), p=1.0, rng=0)(x, labels)
    assert new[1::2].tolist() == [1] * 4
    assert new[0::2].sum() > 0
    assert out.shape == x.shape


def test_a_picture_without_a_certain_partner_is_left_alone():
    x, labels = batch(2), torch.tensor([0, 1])
    out, new = SpectralAugment("spectral_mix", SpectralMixRanges(), p=1.0, rng=0)(x, labels)
    torch.testing.assert_close(out, x, rtol=0, atol=0)
    assert new.tolist() == [0, 1]


def test_uint8_and_gradients():
    x8 = (batch() * 255).to(torch.uint8)
    assert SpectralAugment("fda", p=1.0, rng=0)(x8).dtype == torch.uint8
    x = batch().requires_grad_()
    SpectralAugment("fda", p=1.0, rng=0)(x).sum().backward()
    assert x.grad.abs().sum() > 0


def test_large_batches_in_pieces_are_the_same(monkeypatch):
    x, r = batch(5), batch(5, seed=1)
    drawn = draw("fda", FdaRanges((0.1,)), rng=0)
    whole = apply_drawn(x, drawn, r, channel_axis=1)
    monkeypatch.setattr("specaug.augment.engine.PIECE", 2 * x[0].numel())
    pieces = apply_drawn(x, drawn, r, channel_axis=1)
    torch.testing.assert_close(pieces.image, whole.image)
    assert pieces.halvings.shape == whole.halvings.shape == (5,)
    shared = apply_drawn(x, drawn, r[:1], channel_axis=1)
    torch.testing.assert_close(shared.image[3], apply_drawn(x[3], drawn, r[0], channel_axis=0).image)


def test_an_empty_batch_stays_empty():
    assert SpectralAugment("fda", p=1.0, rng=0)(batch(0)).shape == (0, 3, 24, 20)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: SpectralAugment("blur"), "recipe: expected a TOML file.*, got 'blur'"),
        (lambda: SpectralAugment("fda", HalftoneRanges()), "ranges: expected .*, got HalftoneRanges"),
        (
            lambda: SpectralAugment("apr", FdaRanges()),
            "ranges: expected None where recipe is not the name of an operation, got FdaRanges beside 'apr'",
        ),
        (lambda: SpectralAugment("fda")(batch(2)[0, 0]), r"images: expected .*, got shape \(24, 20\)"),
        (lambda: SpectralAugment("fda", p=2.0), r"p: expected a number in \[0, 1\], got 2.0"),
        (lambda: SpectralAugment("fda", channel_axis=1), "channel_axis: expected -4 to -1, got 1"),
        (
            lambda: SpectralAugment("fda")(batch(2), torch.tensor([0, 2])),
            "labels: expected 2 numbers, 0 or 1",
        ),
    ],
)
def test_bad_call_is_named(call, match):
    with pytest.raises(ArgumentError, match=match):
        call()


def test_a_label_is_that_of_the_images_as_they_were_given():
    """A bona fide image that became an attack before is still a bona fide partner: partners are taken unchanged."""
    x = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3
    labels = torch.tensor([0] * 11 + [1])
    for seed in range(20):
        rng, settings = np.random.default_rng(seed), SpectralMixRanges((1.0, 1.0), low=1 / 16)
        out, new = SpectralAugment("spectral_mix", settings, p=1.0, rng=rng)(x, labels)
        for changed, before, label in zip(out[:11], x, new[:11], strict=False):
            mixed = [mixed_high(before, partner) for partner in x]
            (partner,) = (j for j, image in enumerate(mixed) if torch.allclose(image, changed, atol=1e-6))
            assert label == labels[partner]


def mixed_high(image, reference):
    import specaug

    return specaug.spectral_mix(image, reference, strength=1.0, low=1 / 16, channel_axis=0)


class Noise(torch.utils.data.Dataset):
    """The same picture eight times, changed by the module in whichever worker reads it."""

    def __init__(self, augment):
        self.augment = augment

    def __len__(self):
        return 8

    def __getitem__(self, i):
        return self.augment(torch.full((1, 3, 16, 16), 0.5))[0]


@pytest.mark.parametrize("rng", [None, 0, np.random.default_rng(3)], ids=["torch", "int", "generator"])
@pytest.mark.parametrize("persistent", [False, True])
def test_workers_draw_anew_in_each_epoch_and_can_be_repeated(rng, persistent):
    def epochs():
        torch.manual_seed(5)
        augment = SpectralAugment("moire", p=1.0, rng=copy.deepcopy(rng))
        loader = torch.utils.data.DataLoader(Noise(augment), num_workers=2, persistent_workers=persistent)
        return [torch.cat(list(loader)) for _ in range(2)]

    first = epochs()
    assert len({image.numpy().tobytes() for epoch in first for image in epoch}) == 16
    assert all(torch.equal(a, b) for a, b in zip(first, epochs(), strict=True))


def test_draws_without_a_generator_follow_torchs_seed():
    augment = SpectralAugment("moire", p=1.0)
    images = torch.full((4, 3, 16, 16), 0.5)
    torch.manual_seed(1)
    first = augment(images)
    again = augment(images)
    torch.manual_seed(1)
    assert torch.equal(augment(images), first)
    assert not torch.equal(again, first)


def test_a_recipe_is_applied_step_by_step_as_it_was_drawn():
    recipe, x = Recipe.find("traces+moire"), batch(1, (3, 48, 48))
    rng = np.random.default_rng(4)
    rng.uniform()  # the coin of p
    expected = recipe.apply(x[0], recipe.sample(rng), channel_axis=0)
    assert torch.equal(SpectralAugment("traces+moire", p=1.0, rng=4)(x)[0], expected)


def test_lengths_in_px_of_the_source_follow_the_scale_of_each_image():
    recipe = Recipe.from_text(
        '[[steps]]\noperation = "recapture_blur"\nunit = "source"\nranges = { cutoff = [0.1, 0.1] }'
    )
    x = batch(1, (3, 48, 48)).repeat(2, 1, 1, 1)
    out = SpectralAugment(recipe, p=1.0, rng=0)(x, scale=torch.tensor([1.0, 2.0]))
    for image, cutoff in zip(out, (0.1, 0.2), strict=True):
        torch.testing.assert_close(image, recapture_blur(x[0], cutoff=cutoff, channel_axis=0))


def test_attacks_are_left_alone_by_what_makes_attacks_and_changed_by_the_rest():
    x, labels = batch(), torch.tensor([0, 1, 0, 1, 0, 1])
    for name in ("moire", "mix-high", "traces"):
        out, new = SpectralAugment(name, p=1.0, rng=1)(x, labels)
        changed = (out != x).flatten(1).any(1)
        assert new.tolist() == [1] * 6
        assert changed.tolist() == [True, False] * 3
    out, new = SpectralAugment("fda", p=1.0, rng=1)(x, labels)
    assert (out != x).flatten(1).any(1).all()
    assert torch.equal(new, labels)


def test_one_image_or_clip_without_a_batch():
    x = batch(2)
    references = x[1:]
    expected = SpectralAugment("fda", p=1.0, rng=2)(x[:1], references=references)[0]
    assert torch.equal(SpectralAugment("fda", p=1.0, rng=2)(x[0], references=references), expected)
    clip = batch(1, (3, 5, 24, 20))[0]  # channels before time
    out, label = SpectralAugment("moire", p=1.0, rng=0, channel_axis=-4)(clip, 0)
    assert (out.shape, label) == (clip.shape, 1)


def test_ranks_draw_apart(monkeypatch):
    """Every process of a training has the same seed, and other images."""

    def drawn_by(rank, rng):
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)
        torch.manual_seed(1)
        return SpectralAugment("moire", p=1.0, rng=rng)(torch.full((1, 3, 16, 16), 0.5))

    for rng in (None, 0):
        assert not torch.equal(drawn_by(0, rng), drawn_by(1, rng))
        assert torch.equal(drawn_by(1, rng), drawn_by(1, rng))
