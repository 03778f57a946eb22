"""Operations as torch module and Albumentations transform: what a name means, who lends to whom, axes, labels."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from specaug.augment import (
    OPERATIONS,
    FdaRanges,
    HalftoneRanges,
    MoireRanges,
    Recipe,
    SpectralMixRanges,
    fda,
)
from specaug.augment.recipes.steps import Step
from specaug.errors import ArgumentError
from specaug.integrations._choice import chosen_recipe, label_or_none

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network while importing
A = pytest.importorskip("albumentations", reason="albumentations is not installed")
torch = pytest.importorskip("torch", reason="torch is an optional dependency")
SpectralTransform = pytest.importorskip("specaug.integrations.albumentations").SpectralTransform
SpectralAugment = pytest.importorskip("specaug.integrations.torch").SpectralAugment

MEANS = FdaRanges((0.0,))
"""Of fda, a band of zero frequency alone: the result has the mean of its partner and nothing else of it."""


@pytest.mark.parametrize(
    "name", sorted(set(OPERATIONS) - {"fda", "profile", "recapture_print", "recapture_screen"})
)
def test_the_name_of_an_operation_means_its_own_ranges(name):
    (branch,) = chosen_recipe(name).branches
    assert branch.steps == (Step(name, OPERATIONS[name].ranges()),)
    assert chosen_recipe(name.replace("_", "-")) == chosen_recipe(name)


def test_the_name_of_a_recipe_means_that_recipe_also_where_an_operation_has_it():
    assert chosen_recipe("fda") == Recipe.from_preset("fda")
    assert chosen_recipe("mix-high") == Recipe.from_preset("mix-high")


def test_a_recipe_is_an_object_or_a_file_too(tmp_path):
    (tmp_path / "mine.toml").write_text('[[steps]]\noperation = "moire"')
    found = chosen_recipe(str(tmp_path / "mine.toml"))
    assert found.name == "mine"
    assert chosen_recipe(tmp_path / "mine.toml") == found
    assert chosen_recipe(found) is found


def test_recipes_may_be_joined_and_spelled_either_way():
    assert [branch.weight for branch in chosen_recipe("mix_high+bandpass").branches] == [1.0, 1.0]
    assert chosen_recipe("recapture_screen") == chosen_recipe("recapture-screen")


def test_ranges_are_a_record_or_some_of_its_fields():
    def ranges_of(ranges):
        (branch,) = chosen_recipe("halftone", ranges).branches
        return branch.steps[0].ranges

    ranges = HalftoneRanges(cell=(5.0, 6.0))
    assert ranges_of(ranges) == ranges
    assert ranges_of(asdict(ranges)) == ranges
    assert ranges_of({"cell": (5.0, 6.0)}) == ranges
    assert ranges_of({}) == HalftoneRanges()


@pytest.mark.parametrize(
    ("name", "ranges", "message"),
    [
        ("fda", HalftoneRanges(), "ranges: expected .*, got HalftoneRanges"),
        ("fda", 3, "ranges: expected .*, got 3"),
        ("fda", {"beta": (0.1,), "alpha": 1}, "ranges: expected some of beta.*, got 'alpha'"),
        (
            "apr",
            {},
            "ranges: expected None where recipe is not the name of an operation, got dict beside 'apr'",
        ),
        (Path("fda"), {}, "ranges: expected None where recipe is not the name of an operation, got dict"),
        ("tracse", None, "recipe: expected .*, got 'tracse'; did you mean 'traces'?"),
        (3, None, "recipe: expected a Recipe, the name of one or a path, got int 3"),
        (3, {}, "ranges: expected None where recipe is not the name of an operation, got dict beside 3"),
    ],
)
def test_what_does_not_go_together_is_named(name, ranges, message):
    with pytest.raises(ArgumentError, match=message):
        chosen_recipe(name, ranges)


@pytest.mark.parametrize(
    ("name", "bonafide", "attack"),
    [
        ("fda", "bonafide", "attack"),
        ("bandpass_inject", "attack", None),
        ("mix-high", "attack", None),
        ("moire", "attack", None),
        ("spectral_jitter", "bonafide", "attack"),
        ("control", "attack", None),
    ],
)
def test_labels_after_a_draw_are_those_of_load(name, bonafide, attack):
    """An attack is changed by what keeps labels only: here None says that it is left as it is."""
    recipe = chosen_recipe(name)
    drawn = recipe.sample(2)
    assert drawn["steps"]
    assert (label_or_none(recipe, drawn, "bonafide"), label_or_none(recipe, drawn, "attack")) == (
        bonafide,
        attack,
    )


def test_an_attack_is_never_called_bona_fide():
    recipe = Recipe.from_text('label = "bonafide"\n[[steps]]\noperation = "tone"')
    assert label_or_none(recipe, recipe.sample(0), "attack") is None


def levels(*values: float, side: int = 8) -> torch.Tensor:
    """(N, 3, H, W) flat pictures."""
    return torch.stack([torch.full((3, side, side), v) for v in values])


def partner_of(image: torch.Tensor, given: list[float]) -> int:
    """Which of `given` the mean of `image` is."""
    return int(np.argmin(np.abs(np.array(given) - image.mean().item())))


def test_every_other_picture_of_a_batch_is_a_partner_as_often():
    values, counts = [0.2, 0.4, 0.6, 0.8], np.zeros((4, 4))
    augment = SpectralAugment("fda", MEANS, p=1.0, rng=0)
    for _ in range(60):
        for i, image in enumerate(augment(levels(*values))):
            counts[i, partner_of(image, values)] += 1
    assert (np.diag(counts) == 0).all()
    # A third of 60 each, within four standard deviations: 4·sqrt(60·2/9) = 14.6.
    assert np.abs(counts[~np.eye(4, dtype=bool)] - 20).max() < 14.6


def test_references_are_picked_as_often_and_keep_the_label():
    given = [0.3, 0.5, 0.7]
    augment = SpectralAugment("fda", MEANS, p=1.0, rng=1)
    labels = torch.tensor([0, 1])
    picked = []
    for _ in range(60):
        out, new = augment(levels(0.1, 0.9), labels, references=levels(*given))
        assert new.tolist() == [0, 1]
        picked += [partner_of(image, given) for image in out]
    shares = np.bincount(picked, minlength=3) / 120
    np.testing.assert_allclose(shares, 1 / 3, atol=4 * np.sqrt(2 / 9 / 120))


def test_a_picture_alone_has_no_partner():
    x = levels(0.4)
    out = SpectralAugment("fda", MEANS, p=1.0, rng=0)(x)
    assert torch.equal(out, x)
    both, labels = SpectralAugment("fda", MEANS, p=1.0, rng=0)(levels(0.3, 0.6), torch.tensor([0, 1]))
    assert torch.equal(both, levels(0.3, 0.6))
    assert labels.tolist() == [0, 1]


@pytest.mark.parametrize(("low", "turned"), [(0.0, {0}), (0.0624, {0}), (0.0625, {1})])
def test_a_partner_of_the_other_label_lends_only_a_high_band(low, turned):
    """From 1/16 cycles/px on, a bona fide image meets an attack, and becomes one."""
    x, labels = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 0, 1])
    augment = SpectralAugment("spectral_mix", SpectralMixRanges((1.0, 1.0), low=low), p=1.0, rng=0)
    seen = [augment(x, labels) for _ in range(12)]
    new = np.array([label.tolist() for _, label in seen])
    assert [set(new[:, 0]), set(new[:, 1]), set(new[:, 2])] == [turned, turned, {1}]


@pytest.mark.parametrize(("p", "changes"), [(0.0, 0), (1.0, 5)])
def test_no_picture_or_every_picture_is_changed(p, changes):
    x = torch.full((5, 3, 16, 16), 0.5)
    out = SpectralAugment("moire", p=p, rng=0)(x)
    assert sum(not torch.equal(a, b) for a, b in zip(out, x, strict=True)) == changes


def test_the_batch_is_neither_changed_nor_given_back():
    x = torch.full((3, 3, 16, 16), 0.5)
    for p in (0.0, 1.0):
        out = SpectralAugment("moire", p=p, rng=0)(x)
        out += 1
        assert (x == 0.5).all()


@pytest.mark.parametrize("channel_axis", [-1, -2, -3])
def test_channels_may_lie_on_any_axis_of_a_picture(channel_axis):
    x = torch.rand(4, 3, 16, 12, generator=torch.Generator().manual_seed(1))
    expected = SpectralAugment("fda", FdaRanges((0.1,)), p=1.0, rng=2)(x)
    moved = SpectralAugment("fda", FdaRanges((0.1,)), p=1.0, rng=2, channel_axis=channel_axis)(
        x.movedim(-3, channel_axis)
    )
    torch.testing.assert_close(moved.movedim(channel_axis, -3), expected)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8])
def test_new_labels_have_the_dtype_of_the_old(dtype):
    _, new = SpectralAugment("moire", p=1.0, rng=0)(levels(0.4, 0.6), torch.tensor([0, 1], dtype=dtype))
    assert (new.dtype, new.tolist()) == (dtype, [1, 1])


def test_in_eval_mode_labels_stay():
    x, labels = levels(0.4, 0.6), torch.tensor([0, 1])
    out, new = SpectralAugment("moire", p=1.0, rng=0).eval()(x, labels)
    assert torch.equal(out, x)
    assert new.tolist() == [0, 1]


@pytest.mark.parametrize("labels", [[0, 2], [0], [0, 1, 0], [-1, 0], [0.5, 1.0]])
def test_labels_are_one_0_or_1_a_picture(labels):
    with pytest.raises(ArgumentError, match="labels: expected 2 numbers, 0 or 1, got "):
        SpectralAugment("moire", rng=0)(levels(0.4, 0.6), torch.tensor(labels))


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan")])
def test_a_probability_lies_between_0_and_1(p):
    with pytest.raises(ArgumentError, match=r"p: expected a number in \[0, 1\], got "):
        SpectralAugment("moire", p=p)


@pytest.mark.parametrize("axis", [0, 1, -5, None])
def test_channels_are_counted_from_the_end(axis):
    with pytest.raises(ArgumentError, match="channel_axis: expected -4 to -1, got "):
        SpectralAugment("moire", channel_axis=axis)


def flat(value: int, shape=(16, 16, 3)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def test_every_reference_of_a_call_is_picked_as_often():
    transform = A.Compose([SpectralTransform("fda", MEANS, p=1.0)], seed=3)
    given = [80, 120, 160]
    means = [
        transform(image=flat(50), specaug_metadata=[flat(v) for v in given])["image"].mean()
        for _ in range(200)
    ]
    shares = [np.mean(np.abs(np.array(means) - v) < 1) for v in given]
    np.testing.assert_allclose(shares, 1 / 3, atol=4 * np.sqrt(2 / 9 / 200))


@pytest.mark.parametrize(
    ("name", "keys"), [("fda", ["styles"]), ("bandpass_inject", ["styles"]), ("moire", [])]
)
def test_only_operations_with_a_partner_ask_for_metadata(name, keys):
    assert SpectralTransform(name, metadata_key="styles").targets_as_params == keys


@pytest.mark.parametrize("shape", [(32, 40, 3), (24, 20, 3), (8, 64, 3), (64, 8, 3), (16, 16, 3)])
def test_a_reference_of_any_size_takes_that_of_the_picture(shape):
    """A ramp from left to right keeps its ends; large ones are reduced by areas, which keeps the mean."""
    ramp = np.broadcast_to(np.linspace(60, 190, shape[1])[None, :, None], shape).astype(np.uint8)
    x = flat(128)
    out = SpectralTransform("spectral_mix", SpectralMixRanges((1.0, 1.0), keep_mean=False), p=1.0)(
        image=x, specaug_metadata=[ramp]
    )["image"]
    assert out.shape == x.shape
    assert out.mean() == pytest.approx(ramp.mean(), abs=3)


def test_a_fine_pattern_is_reduced_by_areas_and_not_by_picking():
    """Stripes of one px at twice the size of the picture are a grey: picked px would all be black or white."""
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = 200
    transform = SpectralTransform("spectral_mix", SpectralMixRanges((1.0, 1.0), keep_mean=False), p=1.0)
    out = transform(image=flat(128), specaug_metadata=[stripes])["image"]
    np.testing.assert_allclose(out, 100, atol=1)


@pytest.mark.parametrize("references", [None, (), "ab", 3, [None], np.zeros((2, 16, 16, 3), np.uint8)])
def test_references_are_a_list_of_arrays(references):
    transform = SpectralTransform("fda", MEANS, metadata_key="styles", p=1.0)
    with pytest.raises(ArgumentError, match="styles: expected a list of arrays for fda, got "):
        transform(image=flat(50), styles=references)


def test_a_tuple_of_references_will_do_and_colour_ones_for_grey_pictures():
    transform = SpectralTransform("fda", FdaRanges((0.1,)), p=1.0)
    rng = np.random.default_rng(0)
    grey, reference = (rng.integers(60, 190, s, dtype=np.uint8) for s in ((16, 16), (16, 16, 3)))
    out = transform(image=grey, specaug_metadata=(reference,))["image"]
    np.testing.assert_array_equal(out, fda(grey, reference[..., 0], beta=0.1, channel_axis=None))


@pytest.mark.parametrize(
    "arguments",
    [("moire", MoireRanges(number=(2, 2))), ("traces",), (Recipe.from_preset("traces"),)],
    ids=["operation", "name", "recipe"],
)
def test_a_transform_comes_back_from_its_description(arguments):
    transform = A.Compose([SpectralTransform(*arguments, p=1.0)], seed=5)
    again = A.from_dict(A.to_dict(transform))
    assert again.transforms[0].chosen == transform.transforms[0].chosen
    assert again.transforms[0].p == 1.0


def test_a_description_by_name_is_plain_json(tmp_path):
    (tmp_path / "mine.toml").write_text('[[steps]]\noperation = "moire"')
    pipeline = [
        SpectralTransform("moire", MoireRanges(number=(2, 2))),
        SpectralTransform(tmp_path / "mine.toml"),
    ]
    again = A.from_dict(json.loads(json.dumps(A.to_dict(A.Compose(pipeline)))))
    assert [t.chosen for t in again.transforms] == [t.chosen for t in pipeline]
