"""The Albumentations transform: in a pipeline, with references from the metadata, replayable."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from specaug.augment import FdaRanges, Recipe, SpectralMixRanges, fda
from specaug.errors import ArgumentError
from specaug.install_hint import install_hint

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network while importing
A = pytest.importorskip("albumentations", reason="albumentations is not installed")
module = pytest.importorskip("specaug.integrations.albumentations", reason="albumentations is not installed")
SpectralTransform = module.SpectralTransform
KEEPS_DRAWS = pytest.mark.skipif(
    not hasattr(A.ImageOnlyTransform, "get_params_dependent_on_data"),
    reason="AlbumentationsX keeps neither draws nor a link to torch's seed in the process that trains",
)


def pair(shape=(32, 40, 3), seed=0):
    return np.random.default_rng(seed).integers(80, 176, (2, *shape), dtype=np.uint8)


def test_fda_in_a_pipeline_is_the_function():
    x, r = pair()
    pipeline = A.Compose([SpectralTransform("fda", FdaRanges((0.1,)), p=1.0)])
    out = pipeline(image=x, specaug_metadata=[r])["image"]
    np.testing.assert_array_equal(out, fda(x, r, beta=0.1))


def test_metadata_key_is_the_users_choice():
    x, r = pair()
    transform = SpectralTransform("fda", FdaRanges((0.1,)), metadata_key="styles", p=1.0)
    np.testing.assert_array_equal(transform(image=x, styles=[r])["image"], fda(x, r, beta=0.1))


def test_operations_alone_need_no_metadata():
    x, _ = pair()
    for name in (
        "moire",
        "halftone",
        "recapture_blur",
        "spectral_jitter",
        "recapture-print",
        "afa",
        "traces",
    ):
        out = SpectralTransform(name, p=1.0)(image=x)["image"]
        assert out.shape == x.shape
        assert out.dtype == np.uint8
        assert (out != x).any()


@pytest.mark.parametrize("shape", [(32, 40), (32, 40, 1)])
def test_grey_and_float_pictures(shape):
    x, r = pair(shape)
    transform = SpectralTransform("fda", FdaRanges((0.1,)), p=1.0)
    axis = None if len(shape) == 2 else -1
    expected = fda(x / np.float32(255), r / np.float32(255), beta=0.1, channel_axis=axis)
    out = transform(image=x / np.float32(255), specaug_metadata=[r / np.float32(255)])["image"]
    np.testing.assert_allclose(out, expected, atol=1e-6)
    assert transform(image=x, specaug_metadata=[r])["image"].shape == shape


def test_references_of_another_size_are_scaled():
    x, _ = pair()
    large = np.full((64, 80, 3), 150, np.uint8)
    transform = SpectralTransform("fda", FdaRanges((0.0,)), p=1.0)
    assert transform(image=x, specaug_metadata=[large])["image"].mean() == pytest.approx(150, abs=0.5)


def test_seed_of_the_pipeline_rules_the_draws():
    x, r = pair()

    def run(seed):
        pipeline = A.Compose([SpectralTransform("spectral_mix", SpectralMixRanges(), p=1.0)], seed=seed)
        return [pipeline(image=x, specaug_metadata=[r])["image"].tobytes() for _ in range(3)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert len(set(run(1))) == 3


def test_frames_of_a_clip_share_their_draw():
    x, _ = pair()
    clip = np.stack([x] * 3)
    out = A.Compose([SpectralTransform("moire", p=1.0)])(images=clip)["images"]
    np.testing.assert_array_equal(out[0], out[2])
    assert (out[0] != x).any()


def test_apr_changes_its_share_of_images():
    x, r = pair((8, 8, 3))
    transform = A.Compose([SpectralTransform("apr", p=1.0)], seed=0)
    changed = [(transform(image=x, specaug_metadata=[r])["image"] != x).any() for _ in range(300)]
    assert np.mean(changed) == pytest.approx(0.6, abs=0.08)


def test_ranges_of_another_operation_are_named():
    with pytest.raises(ArgumentError, match=r"ranges: expected .*, got SpectralMixRanges"):
        SpectralTransform("fda", SpectralMixRanges())


@pytest.mark.parametrize("metadata", [{"specaug_metadata": []}, {"specaug_metadata": ["a.png"]}])
def test_missing_references_are_named(metadata):
    with pytest.raises(ArgumentError, match="specaug_metadata: expected a list of arrays for fda"):
        SpectralTransform("fda", p=1.0)(image=pair()[0], **metadata)


@pytest.mark.parametrize("name", ["albumentations", "torch"])
def test_missing_library_is_named_with_its_command(name):
    code = f"import sys; sys.modules[{name!r}] = None; import specaug.integrations.{name}"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert f"{name} is not installed: {install_hint(name)}" in ran.stderr


@KEEPS_DRAWS
def test_a_recipe_is_what_a_pipeline_applies():
    """The record of the draw, applied by the recipe, gives the same image; steps come in their order."""
    x, _ = pair((64, 64, 3))
    recipe = Recipe.from_preset("traces")
    transform = SpectralTransform(recipe, p=1.0)
    out = transform(image=x)["image"]
    drawn = transform.get_applied_params()["drawn"]
    assert drawn["recipe"] == "traces"
    np.testing.assert_array_equal(out, recipe.apply(x, drawn))


@KEEPS_DRAWS
def test_the_scale_of_a_recipe_is_that_of_the_constructor():
    """Waves are drawn per px of the source: where a crop px is half a source px, they are twice as long in the crop."""
    recipe = Recipe.from_text(
        '[[steps]]\noperation = "scene_blur"\nunit = "source"\nranges = { cutoff = [0.1, 0.1] }', name="blur"
    )

    def cutoff(scale):
        transform = SpectralTransform(recipe, scale=scale, p=1.0)
        transform(image=pair((64, 64, 3))[0])
        return transform.get_applied_params()["drawn"]["steps"][0]["params"]["cutoff"]

    assert cutoff(2.0) == pytest.approx(2 * cutoff(1.0))


@KEEPS_DRAWS
def test_a_clip_is_changed_as_one():
    clip = np.random.default_rng(0).integers(40, 215, (4, 48, 48, 3), dtype=np.uint8)
    recipe = Recipe.from_preset("recapture-screen")
    transform = SpectralTransform(recipe, p=1.0)
    out = transform(images=clip)["images"]
    np.testing.assert_array_equal(out, recipe.apply(clip, transform.get_applied_params()["drawn"]))


@pytest.mark.parametrize(
    ("recipe", "p", "after", "attack_changed"),
    [
        ("moire", 1.0, [1, 1], False),
        ("moire", 0.0, [0, 1], False),
        ("fda", 1.0, [0, 1], True),
        ("jpeg", 1.0, [0, 1], True),
        ("control", 1.0, [1, 1], False),
    ],
)
def test_the_label_comes_back_as_it_is_after_the_draw(recipe, p, after, attack_changed):
    x, r = pair()
    pipeline = A.Compose([SpectralTransform(recipe, p=p)], seed=2)
    bonafide, attack = (pipeline(image=x, specaug_metadata=[r], specaug_label=label) for label in (0, 1))
    assert [bonafide["specaug_label"], attack["specaug_label"]] == after
    assert [(result["image"] != x).any() for result in (bonafide, attack)] == [p == 1.0, attack_changed]


def test_a_label_under_another_key_in_a_pipeline_of_two():
    pipeline = A.Compose(
        [
            SpectralTransform("jpeg", label_key="spoof", p=1.0),
            SpectralTransform("moire", label_key="spoof", p=1.0),
        ]
    )
    assert pipeline(image=pair()[0], spoof=np.int64(0))["spoof"] == 1


@pytest.mark.parametrize("label", [2, "attack", [0]])
def test_a_label_is_0_or_1(label):
    with pytest.raises(ArgumentError, match=r"specaug_label: expected 0 \(bona fide\) or 1 \(attack\), got "):
        SpectralTransform("moire", p=1.0)(image=pair()[0], specaug_label=label)


class Items:
    """The same image eight times, changed by a pipeline in whichever worker reads it."""

    def __init__(self, pipeline):
        self.pipeline = pipeline

    def __len__(self):
        return 8

    def __getitem__(self, i):
        return self.pipeline(image=np.full((16, 16, 3), 128, np.uint8))["image"]


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("persistent", [False, True])
def test_workers_draw_anew_in_each_epoch_and_can_be_repeated(seed, persistent):
    torch = pytest.importorskip("torch", reason="torch is an optional dependency")

    def epochs(start):
        torch.manual_seed(start)
        pipeline = A.Compose([SpectralTransform("moire", p=1.0)], seed=seed)
        loader = torch.utils.data.DataLoader(Items(pipeline), num_workers=2, persistent_workers=persistent)
        return [torch.cat(list(loader)) for _ in range(2)]

    first = epochs(5)
    assert len({image.numpy().tobytes() for epoch in first for image in epoch}) == 16
    assert all(torch.equal(a, b) for a, b in zip(first, epochs(5), strict=True))
    assert not torch.equal(first[0], epochs(6)[0])


def test_whether_it_is_applied_is_drawn_anew_in_each_worker():
    """Two workers that toss the same coin would change the same items: 0 and 1, 2 and 3, and so on."""
    torch = pytest.importorskip("torch", reason="torch is an optional dependency")
    torch.manual_seed(1)
    loader = torch.utils.data.DataLoader(Items(A.Compose([SpectralTransform("moire", p=0.5)])), num_workers=2)
    changed = [bool((item != 128).any()) for _ in range(3) for item in loader]
    assert changed[::2] != changed[1::2]
    assert changed[:8] != changed[8:16]


def test_two_transforms_of_a_pipeline_draw_apart():
    pytest.importorskip("torch", reason="torch is an optional dependency")
    x = np.full((16, 16, 3), 128, np.uint8)
    pipeline = A.Compose([SpectralTransform("moire", p=1.0)], additional_targets={"other": "image"})
    alike = pipeline(image=x, other=x)
    np.testing.assert_array_equal(alike["image"], alike["other"])
    first, second = (A.Compose([SpectralTransform("moire", p=1.0)]) for _ in range(2))
    assert (first(image=x)["image"] != second(image=x)["image"]).any()


def test_two_transforms_of_a_pipeline_with_a_seed_toss_coins_of_their_own():
    """Waves make a flat image uneven, a tone shifts its mean."""
    pipeline = A.Compose([SpectralTransform("tone", p=0.5), SpectralTransform("moire", p=0.5)], seed=1)
    images = [pipeline(image=np.full((32, 32, 3), 128, np.uint8))["image"] for _ in range(100)]
    uneven = np.array([np.ptp(image[..., 0]) > 0 for image in images])
    shifted = np.array([abs(image.mean() - 128) > 1 for image in images])
    assert 0.25 < np.mean(uneven == shifted) < 0.75  # half of them, within five standard deviations


@KEEPS_DRAWS
def test_torchs_seed_repeats_a_pipeline_without_a_seed_and_no_other():
    torch = pytest.importorskip("torch", reason="torch is an optional dependency")

    def draws(start, seed):
        pipeline = A.Compose([SpectralTransform("moire", p=1.0)], seed=seed)
        torch.manual_seed(start)
        return [pipeline(image=pair()[0])["image"].tobytes() for _ in range(2)]

    assert draws(1, None) == draws(1, None) != draws(2, None)
    assert draws(1, 4) == draws(2, 4)
