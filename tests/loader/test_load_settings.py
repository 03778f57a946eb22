"""Settings of a loader and names of views: both sides of every limit, and the words for what came."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import specaug
from specaug.errors import ArgumentError
from specaug.loader import VIEWS, LoadConfig, compute_views, load
from specaug.loader.views import check_views


@pytest.mark.parametrize(
    ("name", "fits", "fails"),
    [
        ("batch_size", [None, 1, 8], [0, -1, 2.0, "8"]),
        ("frames", [None, 1], [0, 1.5]),
        ("epoch_clips", [None, 1, 10**9], [0, 0.5]),
        (
            "labels",
            [("bonafide",), ("attack",), ("attack", "bonafide")],
            [(), ("live",), ("bonafide", "none")],
        ),
        ("balance", [None, "class", "pai"], ["label", "", "Class"]),
        ("bonafide_share", [1e-6, 0.5, 0.999], [0, 1, -0.1, float("nan")]),
        ("augment_share", [0, 0.0, 1, 0.3], [-1e-9, 1.000001, float("nan")]),
        ("window", [None, "hann"], ["hamming", ""]),
        ("seed", [0, 2**40], [-1]),
    ],
)
def test_each_setting_has_its_limits(name, fits, fails):
    for value in fits:
        assert getattr(LoadConfig(**{name: value}), name) == value
    for value in fails:
        with pytest.raises(ArgumentError, match=rf"^{name}: expected .*, got ") as refused:
            LoadConfig(**{name: value})
        assert str(refused.value).endswith(f"got {value!r}")


@pytest.mark.parametrize(
    ("rank", "world", "fits"), [(None, None, True), (0, 1, True), (0, None, False), (None, 2, False)]
)
def test_a_rank_goes_with_a_world(rank, world, fits):
    if fits:
        assert LoadConfig(rank=rank, world=world).world == world
        return
    with pytest.raises(
        ArgumentError, match=rf"^rank: expected it with world or neither, got {rank} and {world}$"
    ):
        LoadConfig(rank=rank, world=world)


def test_a_setting_that_is_none_is_named_among_those_there_are():
    with pytest.raises(
        ArgumentError, match=r"^batch: expected a setting among batch_size, drop_last, .*, world, got an"
    ):
        load("nowhere", split="train", batch=3)


def test_a_rank_beyond_the_world_is_refused(out):
    assert load(out, split="train", rank=2, world=3).n_clips() == 8
    with pytest.raises(ArgumentError, match=r"^rank: expected 0 to 2, got 3$"):
        next(iter(load(out, split="train", rank=3, world=3)))


class TestViews:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ((), ()),
            (["hsv"], ("hsv",)),
            (("spectrum", "rgb", "spectrum"), ("spectrum", "rgb")),
            (iter(["rgb"]), ("rgb",)),
        ],
    )
    def test_names_are_kept_in_order_and_once(self, given, kept):
        given = list(given)
        assert check_views(given) == kept

    @pytest.mark.parametrize("given", ["rgb", "", "spectrum"])
    def test_one_word_is_no_sequence(self, given):
        with pytest.raises(
            ArgumentError, match=rf"^views: expected a sequence of names such as .* got '{given}'$"
        ):
            check_views(given)

    @pytest.mark.parametrize("bad", ["RGB", "", "depth", None])
    def test_an_unknown_one_is_quoted(self, bad):
        with pytest.raises(
            ArgumentError, match=rf"^views: expected some of rgb, hsv, spectrum, got {bad!r}$"
        ):
            check_views(("rgb", bad))

    @pytest.mark.parametrize("window", ["hann", None])
    def test_each_is_what_the_library_computes_of_the_frames(self, window):
        frames = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 12, 3), np.uint8)
        views = compute_views(frames, window=window)
        assert tuple(views) == VIEWS
        assert views["rgb"] is frames
        np.testing.assert_array_equal(views["hsv"], specaug.rgb_to_hsv(frames))
        np.testing.assert_array_equal(views["spectrum"], specaug.log_spectrum(frames, window=window))
        assert views["spectrum"].shape == frames.shape[:-1]

    def test_tensors_stay_tensors_and_keep_their_gradient(self):
        frames = torch.rand(1, 2, 8, 8, 3, requires_grad=True)
        views = compute_views(frames, ("spectrum", "hsv"))
        assert list(views) == ["spectrum", "hsv"]
        (views["spectrum"].sum() + views["hsv"].sum()).backward()
        assert torch.isfinite(frames.grad).all()
        assert frames.grad.abs().max() > 0
