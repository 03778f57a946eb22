"""How a change is applied: how often its steps run, on what, and what the guard and the counts say."""

from __future__ import annotations

import numpy as np
import pytest

from specaug.augment.engine import CLIP_LIMIT, MAX_HALVINGS, Applied, Change, apply_change
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

libraries = pytest.mark.parametrize("library", ["numpy", "torch"])


def as_library(x, library):
    return x if library == "numpy" else torch.asarray(x)


def adding(values, **settings):
    """A change that adds the same values to every picture."""

    def delta(x, _, axes, white):
        made = np.broadcast_to(values, tuple(x.shape)).astype(np.float64)
        return made.copy() if isinstance(x, np.ndarray) else torch.asarray(made)

    return Change(delta, **settings)


def spots(count, height, size=100):
    """(10, size / 10, 1) zeros, of which the first few are `height`."""
    values = np.zeros(size)
    values[:count] = height
    return values.reshape(10, -1, 1)


@libraries
@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0, -0.5])
def test_the_change_is_added_in_proportion_to_its_strength(library, strength):
    x = np.random.default_rng(0).uniform(0.4, 0.6, (3, 4, 5, 2))
    change = np.random.default_rng(1).uniform(-0.2, 0.2, (4, 5, 2))
    applied = apply_change(as_library(x, library), adding(change, strength=strength))
    np.testing.assert_allclose(np.asarray(applied.image), x + strength * change, atol=1e-15)
    assert applied.clipped.tolist() == [0, 0, 0]
    assert applied.halvings.tolist() == [0, 0, 0]


@libraries
@pytest.mark.parametrize("guard", [True, False])
@pytest.mark.parametrize(("count", "halved"), [(0, False), (1, False), (2, True)])
def test_one_percent_may_clip_and_more_is_halved_where_it_is_guarded(library, guard, count, halved):
    assert CLIP_LIMIT == 0.01
    x = as_library(np.full((10, 10, 1), 0.5, np.float32), library)
    applied = apply_change(x, adding(spots(count, 0.6), guard=guard))
    assert applied.halvings == (1 if halved and guard else 0)
    assert applied.clipped == pytest.approx(0 if halved and guard else count / 100)
    expected = np.clip(0.5 + spots(count, 0.3 if halved and guard else 0.6), 0, 1)
    np.testing.assert_allclose(np.asarray(applied.image), expected, atol=1e-6)


@libraries
@pytest.mark.parametrize(
    ("height", "halvings", "clipped"),
    [
        (0.5, 0, 0),
        (0.9, 1, 0),
        (1.9, 2, 0),
        (3.9, 3, 0),
        (7.9, 4, 0),
        (15.0, 4, 0.5),
        (-7.9, 4, 0),
        (-9.0, 4, 0.5),
    ],
)
def test_the_guard_halves_until_nothing_clips_and_four_times_at_most(library, height, halvings, clipped):
    x = np.full((10, 10, 1), 0.5)
    applied = apply_change(as_library(x, library), adding(spots(50, height), guard=True))
    assert applied.halvings == halvings <= MAX_HALVINGS
    assert applied.clipped == pytest.approx(clipped)
    expected = np.clip(0.5 + spots(50, height) / 2**halvings, 0, 1)
    np.testing.assert_allclose(np.asarray(applied.image), expected, atol=1e-12)


@libraries
@pytest.mark.parametrize(("dtype", "level"), [("float64", 1.0), ("uint8", 255.0)])
@pytest.mark.parametrize("side", [1, -1])
def test_half_a_grey_level_beyond_the_end_is_not_counted(library, dtype, level, side):
    x = np.full((10, 10, 1), 128 if level == 255 else 0.5).astype(dtype)
    reach = (level - x[0, 0, 0]) if side > 0 else x[0, 0, 0]
    for extra, counted in ((0.49, 0), (0.51, 0.07)):
        over = side * (reach + extra * level / 255)
        applied = apply_change(as_library(x, library), adding(spots(7, over)))
        assert applied.clipped == pytest.approx(counted)
        assert np.asarray(applied.image)[0, 0, 0] == (level if side > 0 else 0)


@libraries
def test_bytes_are_rounded_to_the_nearest_and_floats_are_not(library):
    x = np.full((1, 4, 1), 100, np.uint8)
    change = np.array([0.49, 0.51, -0.49, -0.51]).reshape(1, 4, 1)
    ours = np.asarray(apply_change(as_library(x, library), adding(change)).image)
    assert ours.ravel().tolist() == [100, 101, 100, 99]
    floats = np.asarray(apply_change(as_library(x / 255.0, library), adding(change / 255)).image)
    np.testing.assert_allclose(floats * 255, 100 + change, atol=1e-12)


@libraries
@pytest.mark.parametrize(("clip_axis", "expected"), [(None, [[1, 3], [0, 2]]), (0, [0.5, 2.5]), (1, [2, 1])])
def test_counts_are_those_of_each_picture_or_of_each_clip(library, clip_axis, expected):
    percent = np.array([[1, 3], [0, 2]])
    change = np.stack([np.stack([spots(n, 0.7) for n in row]) for row in percent])
    x = as_library(np.full(change.shape, 0.5), library)

    def delta(picture, _, axes, white):  # brighter where the picture says
        return 10 * (picture - 0.5)

    applied = apply_change(x + as_library(change / 10, library), Change(delta), clip_axis=clip_axis)
    np.testing.assert_allclose(applied.clipped, np.array(expected) / 100, atol=1e-8)
    assert applied.halvings.shape == applied.clipped.shape


@libraries
def test_the_guard_of_a_clip_halves_all_of_its_frames_alike(library):
    x = np.full((2, 2, 10, 10, 1), 0.5)
    x[1, 0] += spots(50, 0.09)

    def delta(picture, _, axes, white):
        return 10 * (picture - 0.5) + 0.2

    applied = apply_change(as_library(x, library), Change(delta, guard=True), clip_axis=1)
    assert applied.halvings.tolist() == [0, 2]
    expected = np.stack([x[0] + 0.2, x[1] + (10 * (x[1] - 0.5) + 0.2) / 4])
    np.testing.assert_allclose(np.asarray(applied.image), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "axis", "seen", "axes"),
    [
        ((2, 5, 6, 3), -1, (5, 6, 3), (-3, -2)),
        ((2, 3, 5, 6), 1, (3, 5, 6), (-2, -1)),
        ((3, 2, 5, 6), 0, (3, 5, 6), (-2, -1)),
        ((2, 5, 3, 6), 2, (3, 5, 6), (-2, -1)),
        ((2, 5, 6), None, (1, 5, 6), (-2, -1)),
    ],
)
@pytest.mark.parametrize(("dtype", "level"), [("uint8", 255.0), ("float32", 1.0)])
def test_a_step_sees_one_picture_with_its_axes_and_its_white(shape, axis, seen, axes, dtype, level):
    calls = []

    def delta(x, _, axes, white):
        calls.append((x.shape, axes, white, x.dtype))
        return np.zeros(x.shape, np.float32)

    x = np.ones(shape, dtype)
    assert apply_change(x, Change(delta), channel_axis=axis).image.shape == shape
    assert calls == [(seen, axes, level, np.dtype(dtype))] * 2


@pytest.mark.parametrize(
    ("image", "partner", "clip_axis", "prepared"),
    [
        ((4,), (), None, 1),
        ((4,), (1,), None, 1),
        ((4,), (4,), None, 4),
        ((2, 3), (3,), None, 6),  # asked for again after another one: only the last is kept
        ((2, 3), (2, 1), None, 2),
        ((3, 2), (2,), 0, 2),
        ((), (), None, 1),
    ],
)
def test_a_partner_that_frames_share_is_prepared_once(image, partner, clip_axis, prepared):
    made = []

    def prepare(p, axes, white):
        made.append(float(p[0, 0, 0]))
        return p

    def delta(x, partner_of, axes, white):
        return partner_of() - x

    r = np.random.default_rng(0).random((*partner, 4, 5, 1))
    x = np.zeros((*image, 4, 5, 1))
    applied = apply_change(x, Change(delta, prepare), partner=r, clip_axis=clip_axis)
    np.testing.assert_array_equal(applied.image, np.broadcast_to(r, x.shape))
    assert len(made) == prepared


def test_a_partner_that_is_not_asked_for_is_not_prepared():
    def prepare(p, axes, white):
        raise AssertionError("the picture needs no partner")

    x = np.full((2, 4, 5, 1), 0.5)
    applied = apply_change(x, Change(lambda v, *_: np.zeros(v.shape), prepare), partner=x)
    np.testing.assert_array_equal(applied.image, x)


@libraries
@pytest.mark.parametrize(
    ("image", "partner", "seen", "scale"),
    [
        ("uint8", "uint8", "uint8", 1),
        ("uint8", "float64", "float32", 255),
        ("float32", "uint8", "float32", 1 / 255),
        ("float64", "uint8", "float64", 1 / 255),
        ("float16", "float32", "float32", 1),
        ("float64", "float32", "float64", 1),
    ],
)
def test_a_partner_is_given_in_the_units_of_the_image(library, image, partner, seen, scale):
    values = {"uint8": 51}.get(partner, 0.25)
    met = []

    def prepare(p, axes, white):
        met.append((str(p.dtype).removeprefix("torch."), float(p.flatten()[0])))
        return p

    def delta(x, partner_of, axes, white):
        return 0.0 * (partner_of() + x)

    x, r = np.zeros((4, 5, 1), image), np.full((4, 5, 1), values, partner)
    apply_change(as_library(x, library), Change(delta, prepare), partner=as_library(r, library))
    assert met == [(seen, pytest.approx(values * scale))]


def test_large_batches_of_tensors_are_worked_on_in_pieces():
    """What is held besides the batch must not grow with it; the pieces share a partner or have their own."""
    sizes = []

    def delta(x, partner_of, axes, white):
        sizes.append(tuple(x.shape[:2]))
        return partner_of() - x

    x = torch.zeros((3, 1, 2900, 1000, 1), dtype=torch.uint8)
    r = torch.arange(3, dtype=torch.uint8).reshape(3, 1, 1, 1, 1).expand(3, 1, 2900, 1000, 1)
    applied = apply_change(x, Change(delta, lambda p, *_: p.float()), partner=r)
    assert sizes == [(2, 1), (1, 1)]
    assert applied.image.amax(dim=(1, 2, 3, 4)).tolist() == [0, 1, 2]
    assert applied.clipped.shape == applied.halvings.shape == (3, 1)
    small = apply_change(x[:, :, :10], Change(delta, lambda p, *_: p.float()), partner=r[2:, :, :10])
    assert sizes[2:] == [(3, 1)]
    assert small.image.amin() == 2


@libraries
def test_a_partner_with_more_pictures_than_the_image_is_refused(library):
    x = as_library(np.zeros((2, 4, 5, 1)), library)
    r = as_library(np.zeros((3, 4, 5, 1)), library)
    change = Change(lambda v, *_: 0 * v, lambda p, *_: p)
    with pytest.raises(ArgumentError, match=r"^other: expected the picture size .* got shape \(3, 4, 5, 1\)"):
        apply_change(x, change, partner=r, partner_name="other")
    with pytest.raises(
        ArgumentError, match=r"batch that broadcasts .*\(1, 1, 4, 5, 1\) beside \(2, 4, 5, 1\)"
    ):
        apply_change(x, change, partner=r[None, :1])


@libraries
def test_an_empty_batch_has_no_counts(library):
    applied = apply_change(as_library(np.zeros((0, 2, 4, 5, 1)), library), adding(0.0), clip_axis=1)
    assert tuple(applied.image.shape) == (0, 2, 4, 5, 1)
    assert applied.clipped.shape == applied.halvings.shape == (0,)


def test_what_was_done_is_shown_without_the_pixels():
    shown = repr(Applied(np.zeros((4, 5, 1)), np.array(0.25), np.array(2)))
    assert shown == "Applied((4, 5, 1), clipped=0.25, halvings=2)"


@libraries
@pytest.mark.parametrize(
    ("partner", "match"),
    [
        (np.zeros((4, 5)), r"^other: expected shape \(…, H, W, C\), got \(4, 5\)"),
        (np.full((4, 5, 1), 255.0), r"^other: expected floats in \[0, 1\], got values from 255 to 255"),
        (np.zeros((4, 5, 0)), r"^other: expected at least one pixel, got shape \(4, 5, 0\)"),
    ],
)
def test_a_partner_is_checked_as_the_image_is(partner, match, library):
    x = as_library(np.zeros((2, 4, 5, 1)), library)
    change = Change(lambda v, *_: 0 * v, lambda p, *_: p)
    with pytest.raises(ArgumentError, match=match):
        apply_change(x, change, partner=as_library(partner, library), partner_name="other")


@libraries
def test_an_axis_counted_from_the_front_is_that_of_the_image_for_a_partner_of_fewer_axes(library):
    x = as_library(np.zeros((2, 3, 4, 5)), library)
    r = np.random.default_rng(0).random((3, 4, 5))
    change = Change(lambda v, partner_of, *_: partner_of() - v, lambda p, *_: p)
    applied = apply_change(x, change, partner=as_library(r, library), channel_axis=1)
    np.testing.assert_allclose(np.asarray(applied.image), [r, r])
