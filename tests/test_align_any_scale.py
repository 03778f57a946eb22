"""Crops at any reduction, roll and size: against cosines whose crops are known, also where x and y differ.

``cos(pi k x / (width - 1))`` is its own mirror image at both borders of an image, so its value is known at every place,
inside and outside, and a small image serves for a face of any size.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.align import inverse_warp, warp_image, warp_plane
from specaug.align.kernels import prefiltered_steps

WIDTH, HEIGHT = 401, 301
ERROR = 0.03
"""Largest error of cosines of 0.1 cycles per px of the crop, 1 from black to white: the gain's 3 % and images."""
GRIDS = {
    "field": (1.0, 0.5),
    "4:2:2": (0.5, 1.0),
    "4:1:1": (0.25, 1.0),
    "4:2:2 of a field": (0.5, 0.5),
    "PAL 16:9": (45 / 64, 1.0),
    "NTSC 4:3": (11 / 10, 1.0),
    "4:1:0 of a field": (0.25, 0.125),
    "field of oblong pixels": (0.75, 0.5),
}
"""What part of the reduction of the image x and y of a plane have."""


def log_uniform(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


TURNS = st.floats(-180, 180)
PLACES = st.tuples(st.floats(-100, 500), st.floats(-100, 400))


class Cosines(NamedTuple):
    """One cosine along x and one along y, of `x` and `y` half periods per image."""

    x: int
    y: int
    width: int = WIDTH
    height: int = HEIGHT

    @classmethod
    def of_crop(
        cls, f: float, reductions: tuple[float, float], width: int = WIDTH, height: int = HEIGHT
    ) -> Cosines:
        """At most `f` cycles per px of the crop and of the image, and half a period at least."""
        periods = (f / max(1.0, reduction) for reduction in reductions)
        x, y = (max(1, int(2 * (n - 1) * p)) for n, p in zip((width, height), periods, strict=True))
        return cls(x, y, width, height)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """From 0.1 to 0.9: gains above 1 are not clipped."""
        across = np.cos(np.pi * self.x * x / (self.width - 1))
        down = np.cos(np.pi * self.y * y / (self.height - 1))
        return 0.5 + 0.2 * across + 0.2 * down

    def image(self) -> np.ndarray:
        y, x = np.mgrid[: self.height, : self.width].astype(np.float64)
        return self.at(x, y)

    def crop(self, warp: np.ndarray, size: int) -> np.ndarray:
        """What a crop without any error shows."""
        back = inverse_warp(warp)
        places = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1) @ back[:, :2].T + back[:, 2]
        return self.at(places[..., 0], places[..., 1])


def warp_to(
    center: tuple[float, float],
    size: int,
    turn: float,
    x: float,
    y: float | None = None,
    *,
    mirror: bool = False,
) -> np.ndarray:
    """The warp that reduces x by `x` and y by `y` (or `x`), turns, and swaps left and right where told."""
    a = np.deg2rad(turn)
    rotation = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    linear = (
        np.diag([-1.0 if mirror else 1.0, 1.0]) @ rotation @ np.diag([1 / x, 1 / (x if y is None else y)])
    )
    return np.column_stack([linear, (size - 1) / 2 - linear @ center])


def as_bytes(values: np.ndarray, channels: int) -> np.ndarray:
    """The values as levels, one channel or three that differ."""
    levels = 255 * values if channels == 1 else np.stack([255 * values, 255 - 255 * values, 128 * values], -1)
    return np.rint(levels).astype(np.uint8)


@settings(deadline=None, derandomize=True, max_examples=70)
@given(
    size=st.sampled_from([1, 2, 3, 18, 128, 224]),
    share=st.floats(0, 1),
    turn=TURNS,
    center=PLACES,
    channels=st.sampled_from([1, 3]),
)
def test_crop_of_slow_cosines_is_exact_at_any_reduction_roll_and_size(size, share, turn, center, channels):
    reduction = 0.2 * (min(40, 1800 / size) / 0.2) ** share
    scene, warp = Cosines.of_crop(0.1, (reduction, reduction)), warp_to(center, size, turn, reduction)
    crop = warp_image(as_bytes(scene.image(), channels), warp, size=size)
    expected = as_bytes(scene.crop(warp, size), channels)
    assert crop.shape == expected.shape
    assert np.abs(crop.astype(int) - expected).max() <= 255 * ERROR + 2
    plane = warp_plane(scene.image(), warp, shape=(size, size))
    np.testing.assert_allclose(plane, scene.crop(warp, size), atol=ERROR)


@pytest.mark.parametrize(("size", "reduction"), [(18, 70), (18, 150), (128, 40), (224, 36)])
@pytest.mark.parametrize("turn", [0, 37])
def test_faces_larger_than_any_image_give_a_crop_too(size, reduction, turn):
    scene = Cosines.of_crop(0.1, (reduction, reduction), 1201, 901)
    warp = warp_to((700.2, 300.6), size, turn, reduction)
    crop = warp_image(as_bytes(scene.image(), 1), warp, size=size)
    assert np.abs(crop - 255 * scene.crop(warp, size)).max() <= 255 * ERROR + 2


@settings(deadline=None, derandomize=True, max_examples=45)
@given(
    size=st.sampled_from([18, 64]),
    reduction=log_uniform(1.6, 24),
    turn=TURNS,
    f=st.floats(0.66, 2.5),
    along_x=st.booleans(),
)
def test_detail_that_the_crop_cannot_hold_is_gone_at_any_reduction(size, reduction, turn, f, along_x):
    f = min(f, 0.49 * reduction)
    assert left_of(f, (reduction, reduction), size=size, turn=turn, along_x=along_x) <= 0.1


def left_of(
    f: float, reductions: tuple[float, float], *, size: int, turn: float, along_x: bool, mirror: bool = False
) -> float:
    """Share that a crop keeps of the amplitude of a cosine of `f` cycles/px of the crop, as if it were a cosine."""
    along = reductions[0] if along_x else reductions[1]
    n = WIDTH if along_x else HEIGHT
    halves = math.ceil(2 * (n - 1) * f / along)
    scene = Cosines(halves, 0) if along_x else Cosines(0, halves)
    warp = warp_to((180.3, 160.8), size, turn, *reductions, mirror=mirror)
    return float(np.std(warp_plane(scene.image(), warp, shape=(size, size)))) / (0.2 * math.sqrt(0.5))


@pytest.mark.parametrize("halvings", range(10))
@pytest.mark.parametrize("left", [1.41, 1.7, 1.99, 2.0, 2.1, 2.34, 2.6, 2.79])
def test_all_steps_together_pass_and_stop_the_same_at_any_reduction(halvings, left):
    reduction = left * 2**halvings
    steps = prefiltered_steps(reduction)
    of_crop = np.linspace(0, min(1, 0.5 * reduction), 201)
    of_source = of_crop / reduction
    gain = np.sinc(of_source * 2**steps.halvings) ** 2  # of the bilinear warp
    for k in range(steps.halvings):
        gain = gain * np.cos(np.pi * of_source * 2**k) ** 4
    taps = [(steps.kernels[0], of_source * 2**steps.halvings)]
    taps += [] if steps.post is None else [(steps.post, of_crop)]
    for kernel, f in taps:
        places = np.arange(len(kernel)) - len(kernel) // 2
        gain = gain * (np.cos(2 * np.pi * np.outer(f, places)) @ kernel)
    passed, stopped = gain[of_crop <= 0.35], gain[of_crop >= 0.65]
    assert passed.min() >= 0.88
    assert passed.max() <= 1.1
    assert np.abs(stopped).max() <= 0.07


# planes whose x and y are reduced by different factors, turned either way round


@settings(deadline=None, derandomize=True, max_examples=45)
@given(
    grid=st.sampled_from(sorted(GRIDS)),
    reduction=log_uniform(0.2, 24),
    turn=TURNS,
    center=PLACES,
    mirror=st.booleans(),
)
def test_plane_of_any_grid_gives_the_crop_that_the_image_gives(grid, reduction, turn, center, mirror):
    x, y = (part * reduction for part in GRIDS[grid])
    scene, warp = Cosines.of_crop(0.1, (x, y)), warp_to(center, 48, turn, x, y, mirror=mirror)
    crop = warp_plane(scene.image(), warp, shape=(48, 48))
    np.testing.assert_allclose(crop, scene.crop(warp, 48), atol=ERROR)
    rounded = warp_plane(as_bytes(scene.image(), 1), warp, shape=(48, 48), exact=False)
    assert rounded.dtype == np.uint8
    assert np.abs(rounded - 255 * crop).max() <= 2.5


@settings(deadline=None, derandomize=True, max_examples=45)
@given(
    grid=st.sampled_from(sorted(GRIDS)),
    reduction=log_uniform(1.6, 24),
    turn=TURNS,
    f=st.floats(0.66, 2.5),
    along_x=st.booleans(),
    mirror=st.booleans(),
)
def test_each_axis_of_a_plane_stops_what_the_crop_cannot_hold(grid, reduction, turn, f, along_x, mirror):
    x, y = (max(1.45, part * reduction) for part in GRIDS[grid])
    f = min(f, 0.49 * (x if along_x else y))
    assert left_of(f, (x, y), size=48, turn=turn, along_x=along_x, mirror=mirror) <= 0.1


@settings(deadline=None, derandomize=True, max_examples=45)
@given(
    grid=st.sampled_from(sorted(GRIDS)),
    reduction=log_uniform(1.6, 24),
    turn=TURNS,
    f=st.floats(0.05, 0.32),
    along_x=st.booleans(),
)
def test_each_axis_of_a_plane_keeps_what_the_crop_can_hold(grid, reduction, turn, f, along_x):
    """An axis is not blurred because the other one is reduced more."""
    x, y = (max(1.45, part * reduction) for part in GRIDS[grid])
    assert left_of(f, (x, y), size=64, turn=turn, along_x=along_x) == pytest.approx(1, abs=0.15)


def test_mirrored_warp_gives_the_mirror_image(rng):
    plane = rng.random((90, 120))
    warp = warp_to((60.2, 40.9), 40, 21, 2.3, 1.1)
    swap = np.array([[-1.0, 0.0, 39.0], [0.0, 1.0, 0.0]]) @ np.vstack([warp, [0, 0, 1]])
    crop, mirrored = (warp_plane(plane, w, shape=(40, 40)) for w in (warp, swap))
    np.testing.assert_allclose(mirrored, crop[:, ::-1], atol=1e-5)


def test_crop_need_not_be_square(rng):
    plane = rng.random((90, 120, 3))
    warp = warp_to((60.2, 40.9), 40, 21, 2.3)
    wide = warp_plane(plane, warp, shape=(25, 60))
    assert wide.shape == (25, 60, 3)
    np.testing.assert_allclose(wide[:, :40], warp_plane(plane, warp, shape=(40, 40))[:25], atol=1e-5)
