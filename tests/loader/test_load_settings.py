"""Settings of a loader and names of views: both sides of every limit, and the words for what came."""

from __future__ import annotations

import dataclasses
import inspect
import tomllib
import typing
from pathlib import Path

import numpy as np
import pytest
import torch

import specaug
from specaug.errors import ArgumentError
from specaug.loader import VIEWS, LoadConfig, compute_views, load
from specaug.loader.load_clips import LoadSettings
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
        ("balance", [None, "label", "pai", "dataset", "label+dataset"], ["class", "", "dataset+label"]),
        ("bonafide_share", [1e-6, 0.5, 0.999], [0, 1, -0.1, float("nan")]),
        ("augment_share", [0, 0.0, 1, 0.3], [-1e-9, 1.000001, float("nan")]),
        ("window", [None, "hann"], ["hamming", ""]),
        ("seed", [0, 2**40], [-1, 1.0, True]),
        ("shuffle", [True, False], [1, "yes", None]),
        ("drop_last", [True, False], [0]),
        ("even", [True, False], ["no"]),
        ("rank", [None], ["0", 0.0, True]),
        ("frame_choice", ["stored"], ["drawn", None]),
        ("layout", ["channels_last", "channels_first"], ["NCHW"]),
        ("dataset", [None, "siw", ("siw", "oulu-npu")], [3, (), ("siw", None), b"siw"]),
        ("columns", [(), ("warp", "device")], ["warp", 3, ("warp", 3)]),
        ("transform", [None, np.flip], ["flip", 3]),
    ],
)
def test_each_setting_has_its_limits(name, fits, fails):
    for value in fits:
        assert getattr(LoadConfig(**{name: value}), name) == value
    for value in fails:
        with pytest.raises(ArgumentError, match=rf"^{name}: expected .*, got ") as refused:
            LoadConfig(**{name: value})
        assert (
            str(refused.value)
            .partition("; did you mean ")[0]
            .endswith(
                (f"got {value!r}", f"got {value}.0")  # a whole number for a number has become one
            )
        )


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


def test_keywords_of_load_are_those_of_its_settings_with_their_defaults():
    parameters = dict(inspect.signature(load).parameters)
    own = {"out", "split", "origin", "views", "augment", "format", "as_"}
    assert all(p.kind is p.KEYWORD_ONLY for name, p in parameters.items() if name != "out")
    defaults = {field.name: field.default for field in dataclasses.fields(LoadConfig)}
    assert {name: p.default for name, p in parameters.items() if name not in own} == defaults
    assert set(LoadSettings.__annotations__) == set(parameters) - {"out", "split", "format", "as_"}


def test_every_keyword_reaches_the_settings(out):
    """Each with a value that is not its default."""
    given = {
        **{"batch_size": 3, "drop_last": True, "frames": 2, "frame_choice": "random", "shuffle": True},
        **{
            "seed": 5,
            "labels": ("attack", "bonafide"),
            "dataset": ("made",),
            "balance": "pai",
            "window": None,
        },
        **{"bonafide_share": 0.25, "epoch_clips": 30, "augment_share": 0.75, "columns": ("warp",)},
        **{"layout": "channels_first", "transform": np.flip, "even": True, "rank": 1, "world": 2},
    }
    config = load(out, split="train", **given).stream.config
    assert dataclasses.asdict(config) == given
    assert not [f.name for f in dataclasses.fields(config) if given[f.name] == f.default]


def test_an_unknown_keyword_is_an_error_of_the_call():
    with pytest.raises(TypeError, match="unexpected keyword argument 'batch'"):
        load("nowhere", split="train", batch=3)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "TorchClips"),
        ({"format": "numpy"}, "ClipLoader"),
        ({"as_": "numpy"}, "ClipLoader"),
        ({"format": "arrow", "as_": "arrow"}, "ArrowClips"),
    ],
)
def test_a_format_has_two_names(out, given, kind):
    assert type(load(out, split="train", **given)).__name__ == kind


def test_type_checkers_know_what_each_format_gives():
    given = {(o.__annotations__["format"], o.__annotations__["as_"]): o for o in typing.get_overloads(load)}
    assert {kinds: o.__annotations__["return"] for kinds, o in given.items()} == {
        ("Literal['torch']", "Literal['torch'] | None"): "TorchClips",
        ("Literal['arrow']", "Literal['arrow'] | None"): "ArrowClips",
        ("Literal['torch', 'arrow']", "Literal['arrow']"): "ArrowClips",
        ("Format", "Format | None"): "ClipLoader",
    }
    assert {o.__annotations__["settings"] for o in given.values()} == {"Unpack[LoadSettings]"}


def test_two_formats_are_refused(out):
    with pytest.raises(
        ArgumentError, match=r"^as_: expected the same as format, 'numpy', or neither, got 'arrow'"
    ):
        load(out, split="train", format="numpy", as_="arrow")
    with pytest.raises(ArgumentError, match=r"^format: expected one of torch, numpy, arrow, got 'jax'"):
        load(out, split="train", format="jax")


@pytest.mark.parametrize(
    "setting",
    [
        {"frames": 1},
        {"columns": ("warp",)},
        {"layout": "channels_first"},
        {"transform": np.flip},
        {"window": None},
    ],
)
def test_tables_refuse_what_would_have_no_effect(out, setting):
    with pytest.raises(
        ArgumentError, match=f"^format: expected 'torch' or 'numpy' for {next(iter(setting))}, got"
    ):
        load(out, split="train", format="arrow", **setting)


@pytest.mark.parametrize("name", ["frames", "frames_raw", "wrap", ""])
def test_a_column_is_one_of_the_schema_that_holds_no_picture(name):
    with pytest.raises(
        ArgumentError,
        match=rf"^columns: expected some of clip_id, .*, got {name!r}(; did you mean '\w+'\?)?$",
    ):
        LoadConfig(columns=("warp", name))


def test_random_frames_need_a_number(out):
    with pytest.raises(
        ArgumentError, match=r"^frames: expected how many to draw with frame_choice='random', got None"
    ):
        load(out, split="train", frame_choice="random")


def test_type_checkers_find_the_types():
    """A wheel takes whole packages, with the file that says so."""
    root = Path(__file__).parents[2]
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel) == {"packages"}
    assert wheel["packages"] == ["specaug", "cli/specaug_cli"]
    assert all((root / package / "py.typed").is_file() for package in wheel["packages"])


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
