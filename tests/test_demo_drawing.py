"""Drawing on the canvas: marks, layers and strokes against their formulas, point by point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.demo_data.drawing import (
    HALF_EXTENT,
    PX_PER_UNIT,
    SIDE,
    blob,
    bump,
    canvas_noise,
    draw_strokes,
    grid,
    layer,
    over,
    paint,
    pair,
    scatter,
    smoothstep,
    stroke_paths,
    to_px,
)


def pixel(u, v):
    """Row and column of the canvas pixel nearest to (u, v)."""
    return round(float(to_px(v))), round(float(to_px(u)))


def test_the_canvas_is_square_and_centred():
    u, v = grid()
    assert u.shape == v.shape == (SIDE, SIDE) == (576, 576)
    np.testing.assert_allclose(u[0], -u[0, ::-1], atol=1e-5)
    np.testing.assert_array_equal(u, v.T)
    assert (u[0, 1] - u[0, 0]) * PX_PER_UNIT == pytest.approx(1, rel=1e-3)
    assert u[0, -1] == pytest.approx(HALF_EXTENT - 0.5 / PX_PER_UNIT)


def test_coordinates_cannot_be_written_to():
    for axis in grid():
        with pytest.raises(ValueError, match="read-only"):
            axis[0, 0] = 1


def test_pixels_and_coordinates_are_each_others_inverse():
    u, v = grid()
    np.testing.assert_allclose(to_px(u[0].astype(float)), np.arange(SIDE), atol=1e-4)
    np.testing.assert_allclose(to_px(v[:, 0].astype(float)), np.arange(SIDE), atol=1e-4)


@pytest.mark.parametrize(
    ("start", "stop", "x", "value"),
    [
        *(
            (0, 1, x, y)
            for x, y in ((-1, 0), (0, 0), (0.25, 0.15625), (0.5, 0.5), (0.75, 0.84375), (1, 1), (9, 1))
        ),
        *((1, 0, x, y) for x, y in ((-1, 1), (0, 1), (0.25, 0.84375), (1, 0), (9, 0))),
        (2, 4, 2.5, 0.15625),
        (-4, -2, -2.5, 0.84375),
    ],
)
def test_smoothstep_is_a_cubic_between_its_ends(start, stop, x, value):
    assert smoothstep(start, stop, x) == pytest.approx(value)
    assert smoothstep(start, stop, x).dtype == np.float32


@pytest.mark.parametrize(("x", "width", "value"), [(0, 3, 1), (3, 3, np.exp(-0.5)), (-4, 2, np.exp(-2))])
def test_a_bump_is_a_gaussian_of_height_one(x, width, value):
    assert bump(x, width) == pytest.approx(value)


@pytest.mark.parametrize("turn", [0.0, 0.5, -1.2])
def test_a_turned_blob_has_its_widths_along_its_own_axes(turn):
    spot = blob(0.3, -0.2, 0.24, 0.08, turn=turn)
    c, s = np.cos(turn), np.sin(turn)
    for along, across in ((0.24, 0), (-0.24, 0), (0, 0.08), (0, -0.08)):
        u, v = 0.3 + c * along - s * across, -0.2 + s * along + c * across
        assert spot[pixel(u, v)] == pytest.approx(np.exp(-0.5), abs=0.04)
    u, v = grid()
    assert (spot * u).sum() / spot.sum() == pytest.approx(0.3, abs=1e-3)
    assert (spot * v).sum() / spot.sum() == pytest.approx(-0.2, abs=1e-3)


def test_a_pair_is_its_own_mirror_picture():
    spots = pair(0.4, 0.1, 0.1, 0.05, turn=0.4)
    np.testing.assert_allclose(spots, spots[:, ::-1], atol=1e-5)
    right = grid()[0] > 0
    np.testing.assert_allclose(spots[right], blob(0.4, 0.1, 0.1, 0.05, turn=0.4)[right], atol=1e-3)


def test_noise_has_the_size_of_its_cells(rng):
    steps = {cell: np.abs(np.diff(canvas_noise(cell, rng=rng), axis=1)).mean() for cell in (4, 8, 16)}
    # Twice the cell, half the slope.
    assert steps[4] / steps[8] == pytest.approx(2, rel=0.15)
    assert steps[8] / steps[16] == pytest.approx(2, rel=0.15)


channel = st.floats(0, 1, width=32)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(under=channel, color=channel, alpha=channel)
def test_paint_mixes_by_opacity(under, color, alpha):
    picture = np.full((1, 1, 3), under, np.float32)
    found = paint(picture, (color, color, color), np.full((1, 1), alpha, np.float32))
    assert found == pytest.approx(under * (1 - alpha) + color * alpha, abs=1e-6)
    assert (picture == np.float32(under)).all()


@pytest.mark.parametrize(("alpha", "kept"), [(-0.5, 0.0), (0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (1.7, 1.0)])
def test_a_layer_is_multiplied_by_its_opacity_which_is_clipped(alpha, kept):
    color = np.full((1, 1, 3), (0.2, 0.4, 0.8), np.float32)
    found = layer(color, np.array([[alpha]]))
    np.testing.assert_allclose(found[0, 0], [0.2 * kept, 0.4 * kept, 0.8 * kept, kept])
    assert found.dtype == np.float32


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.lists(st.tuples(channel, channel), min_size=3, max_size=3))
def test_layers_may_be_joined_in_any_order(pieces):
    a, b, c = (layer(np.full((1, 1, 3), color, np.float32), np.array([[alpha]])) for color, alpha in pieces)
    np.testing.assert_allclose(over(over(a, b), c), over(a, over(b, c)), atol=1e-6)


def test_a_layer_over_a_picture_is_paint_and_over_a_layer_covers_more(rng):
    picture, color = rng.random((2, 4, 5, 3)).astype(np.float32)
    alpha = rng.random((4, 5)).astype(np.float32)
    np.testing.assert_allclose(over(picture, layer(color, alpha)), paint(picture, color, alpha), atol=1e-6)
    both = over(layer(picture, alpha), layer(color, alpha))
    np.testing.assert_allclose(both[..., 3], 1 - (1 - alpha) ** 2, atol=1e-6)


@pytest.mark.parametrize("points", [2, 4, 8])
def test_a_stroke_has_pieces_of_one_length(points):
    paths = stroke_paths(
        np.zeros((3, 2)), np.array([0.0, 1.0, 2.0]), 0.4, np.array([0, 1.5, -3]), points=points
    )
    assert paths.shape == (3, points, 2)
    pieces = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    np.testing.assert_allclose(pieces, 0.4 / (points - 1))
    np.testing.assert_allclose(paths[:, 0], 0)


@pytest.mark.parametrize(
    ("heading", "end"), [(0, (1, 0)), (np.pi / 2, (0, 1)), (np.pi, (-1, 0)), (-np.pi / 2, (0, -1))]
)
def test_headings_run_to_the_right_and_then_down(heading, end):
    (path,) = stroke_paths(np.array([[2.0, 3.0]]), np.array([heading]), 1.0, 0.0)
    np.testing.assert_allclose(path[-1] - path[0], end, atol=1e-12)


def test_a_bent_stroke_turns_evenly_by_its_bend_about_its_heading():
    (path,) = stroke_paths(np.zeros((1, 2)), np.array([0.3]), 1.0, 1.2, points=6)
    angles = np.arctan2(*np.diff(path, axis=0).T[::-1])
    np.testing.assert_allclose(np.diff(angles), 1.2 / 5)
    # Pieces have the headings of their ends, less half a piece.
    np.testing.assert_allclose(angles, 0.3 + 1.2 * (np.arange(1, 6) / 5 - 0.1))


def test_lengths_and_bends_are_each_strokes_own():
    paths = stroke_paths(np.zeros((2, 2)), np.zeros(2), np.array([0.2, 0.6]), np.array([0.0, 0.5]))
    assert np.linalg.norm(np.diff(paths, axis=1), axis=2).sum(axis=1) == pytest.approx([0.2, 0.6])
    assert paths[0, -1, 1] == 0
    assert paths[1, -1, 1] > 0


def test_strokes_are_drawn_where_they_run_with_their_own_value():
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    rows = (200, 300, 400)
    heights = [(row + 0.5) / PX_PER_UNIT - HALF_EXTENT for row in rows]
    draw_strokes(canvas, np.array([[[-0.5, v], [0.5, v]] for v in heights]), np.array([90.0, 300.0, -20.0]))
    # A line of one pixel is softened at its edges.
    assert canvas[rows, SIDE // 2].tolist() == pytest.approx([90, 255, 0], rel=0.12)
    assert {round(row, -2) for row in canvas.any(axis=1).nonzero()[0].tolist()} == {200, 300}
    assert not canvas[:, : pixel(-0.52, 0)[1]].any()
    assert not canvas[:, pixel(0.52, 0)[1] :].any()


def test_strokes_lie_between_pixels_as_finely_as_a_sixteenth():
    shares = []
    for part in (0.0, 0.25, 0.5):
        canvas = np.zeros((SIDE, SIDE), np.uint8)
        v = (100 + part + 0.5) / PX_PER_UNIT - HALF_EXTENT
        draw_strokes(canvas, np.array([[[-0.5, v], [0.5, v]]]), np.array([200.0]))
        rows = canvas[99:103, 288].astype(float)
        shares.append(rows @ np.arange(99, 103) / rows.sum())
    assert shares == pytest.approx([100, 100.25, 100.5], abs=0.1)


def test_points_are_as_dense_as_the_density(rng):
    density = np.zeros((SIDE, SIDE))
    density[100:110, 50:60], density[300:310, 500:510] = 1, 3
    u, v = scatter(density, 8000, rng=rng).T
    second = v > 0
    # A share of 3/4 of 8000 has a standard deviation of 0.005.
    assert second.mean() == pytest.approx(0.75, abs=0.02)
    assert to_px(u[second]).mean() == pytest.approx(504.5, abs=0.3)
    assert to_px(v[second]).mean() == pytest.approx(304.5, abs=0.3)
    assert np.ptp(to_px(v[second])) == pytest.approx(10, abs=0.1)


def test_points_can_lie_in_the_last_pixel_and_never_outside(rng):
    density = np.zeros((SIDE, SIDE))
    density[-1, -1] = 1e-9
    points = scatter(density, 50, rng=rng)
    assert points.shape == (50, 2)
    assert points.min() >= HALF_EXTENT - 1 / PX_PER_UNIT - 1e-9
    assert points.max() <= HALF_EXTENT
