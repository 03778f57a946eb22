"""Alignment: the similarity by its algebra, the crop by the frequencies that it keeps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.align import (
    TEMPLATE,
    align_face,
    box_warp,
    inverse_warp,
    padding_share,
    similarity,
    template,
    warp_image,
    warp_scale,
)
from specaug.errors import ArgumentError


def moved(points: np.ndarray, scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ rotation.T + shift


def reducing(scale: float, center: tuple[float, float], size: int, degrees: float = 0.0) -> np.ndarray:
    """The warp that reduces by `scale` about `center`."""
    a = np.exp(1j * np.deg2rad(degrees)) / scale
    linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
    return np.column_stack([linear, (size - 1) / 2 - linear @ center])


# similarity and template


def test_template_of_the_tight_112_crop_is_the_published_one():
    np.testing.assert_array_equal(template(112, 1.0), TEMPLATE)


def test_margin_draws_the_template_together_about_the_centre():
    tight, wide = template(224, 1.0), template(224, 2.0)
    np.testing.assert_allclose(wide - 111.5, (tight - 111.5) / 2, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(
    scale=st.floats(0.05, 20),
    degrees=st.floats(-180, 180),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
)
def test_similarity_recovers_scale_rotation_and_shift(scale, degrees, shift):
    warp = similarity(moved(TEMPLATE, scale, degrees, shift), TEMPLATE)
    np.testing.assert_allclose(
        moved(TEMPLATE, scale, degrees, shift) @ warp[:, :2].T + warp[:, 2], TEMPLATE, atol=1e-6
    )
    assert warp_scale(warp) == pytest.approx(scale)


def test_similarity_has_the_least_squared_error(rng):
    landmarks = TEMPLATE + rng.normal(0, 3, (5, 2))
    warp = similarity(landmarks, TEMPLATE)

    def error(matrix: np.ndarray) -> float:
        return float(np.sum((landmarks @ matrix[:, :2].T + matrix[:, 2] - TEMPLATE) ** 2))

    for _ in range(50):
        a, b, x, y = rng.normal(0, 1e-3, 4)
        assert error(warp) <= error(warp + np.array([[a, -b, 100 * x], [b, a, 100 * y]]))


def test_similarity_never_mirrors():
    mirrored = TEMPLATE * [-1, 1]
    assert np.linalg.det(similarity(mirrored, TEMPLATE)[:, :2]) > 0


def test_landmarks_land_on_the_template():
    landmarks = moved(template(200, 1.5), 2.3, 14, (300, 90))
    _, warp = align_face(np.zeros((720, 1280, 3), np.uint8), landmarks, size=200, margin=1.5)
    np.testing.assert_allclose(landmarks @ warp[:, :2].T + warp[:, 2], template(200, 1.5), atol=1e-9)


def test_inverse_warp_leads_back():
    warp = reducing(3.3, (77.0, 31.0), 224, 20)
    both = np.vstack([inverse_warp(warp), [0, 0, 1]]) @ np.vstack([warp, [0, 0, 1]])
    np.testing.assert_allclose(both, np.eye(3), atol=1e-12)


def test_box_crop_is_centred_on_the_box_and_as_wide_as_margin_says():
    warp = box_warp([100, 50, 140, 130], size=160, margin=1.5)
    back = inverse_warp(warp)
    np.testing.assert_allclose(back[:, :2] @ [79.5, 79.5] + back[:, 2], [120, 90])
    assert warp_scale(warp) * 160 == pytest.approx(80 * 1.5)


# geometry of the crop


@pytest.mark.parametrize("resample", ["prefiltered", "bilinear"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_shift_by_whole_pixels_is_exact(rng, resample, dtype):
    image = (rng.random((60, 70, 3)) * (255 if dtype == np.uint8 else 1)).astype(dtype)
    crop = warp_image(image, [[1, 0, -5], [0, 1, -8]], size=32, resample=resample)
    assert crop.dtype == dtype
    # OpenCV's interpolation weights are float32 also for float64 pictures.
    np.testing.assert_allclose(crop, image[8:40, 5:37], rtol=0, atol=1e-7)


@pytest.mark.parametrize("scale", [0.6, 1.1, 2.0, 3.0, 7.0])
def test_quarter_turn_of_picture_and_warp_turns_nothing(rng, scale):
    image = cv2.GaussianBlur(rng.random((301, 301, 3), dtype=np.float32), (0, 0), 2)
    turned = np.rot90(image, -1)  # (x, y) goes to (300 - y, x)
    warp = reducing(scale, (150.0, 150.0), 32)
    turning = warp @ np.vstack([np.linalg.inv([[0, -1, 300], [1, 0, 0], [0, 0, 1]])])
    np.testing.assert_allclose(
        warp_image(turned, turning, size=32), warp_image(image, warp, size=32), atol=2e-3
    )


@pytest.mark.parametrize("scale", [1.4, 3.0, 6.0])
def test_crop_moves_with_the_face_and_not_with_the_picture(rng, scale):
    image = rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)
    warp = reducing(scale, (190.3, 200.8), 40, 10)
    further = warp - np.column_stack([np.zeros((2, 2)), warp[:, :2] @ [-7, -3]])
    np.testing.assert_array_equal(
        warp_image(image[3:, 7:], further, size=40), warp_image(image, warp, size=40)
    )


def test_tiles_give_what_one_piece_gives(rng, monkeypatch):
    image = rng.integers(0, 256, (500, 500, 3), dtype=np.uint8)
    warp = reducing(4.3, (250.2, 249.1), 96, 15)
    whole = warp_image(image, warp, size=96)
    monkeypatch.setattr("specaug.align.resample.TILE_PIXELS", 100 * 100)
    # The bilinear weights of OpenCV are float32, so sums taken from another origin may round the other way.
    assert np.abs(whole.astype(int) - warp_image(image, warp, size=96)).max() <= 1


@settings(deadline=None, max_examples=60)
@given(x=st.integers(-90, 90), y=st.integers(-90, 90), height=st.integers(1, 40), width=st.integers(1, 40))
def test_outside_the_picture_is_its_mirror_image(x, y, height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    rows = np.pad(np.arange(height), 200, mode="reflect") if height > 1 else np.zeros(401, int)
    columns = np.pad(np.arange(width), 200, mode="reflect") if width > 1 else np.zeros(401, int)
    expected = image[rows[200 + y : 216 + y]][:, columns[200 + x : 216 + x]]
    np.testing.assert_array_equal(warp_image(image, [[1, 0, -x], [0, 1, -y]], size=16), expected)


def test_bilinear_is_opencvs(rng):
    image = cv2.GaussianBlur(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8), (0, 0), 1)
    warp = reducing(1.7, (150.3, 149.2), 64, 8)
    plain = cv2.warpAffine(image, warp, (64, 64), flags=cv2.INTER_LINEAR)
    crop = warp_image(image, warp, size=64, resample="bilinear")
    # Older versions of OpenCV round source positions to 1/32 px.
    assert np.abs(plain.astype(int) - crop).max() <= 3


@pytest.mark.parametrize("scale", [0.8, 1.3, 2.2, 3.0, 6.0])
@pytest.mark.parametrize("shape", [(90, 80), (90, 80, 1), (90, 80, 3), (90, 80, 4)])
def test_channels_are_kept_and_independent(rng, shape, scale):
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    warp = reducing(scale, (40.0, 45.0), 24, 5)
    crop = warp_image(image, warp, size=24)
    assert crop.shape == (24, 24, *shape[2:])
    if len(shape) == 3:
        # OpenCV's code for one channel and for four adds in another order.
        assert np.abs(crop[..., 0].astype(int) - warp_image(image[..., 0], warp, size=24)).max() <= 1


def test_crops_do_not_share_memory(rng):
    image = rng.random((200, 200, 3), dtype=np.float32)
    warp = reducing(3.0, (90.0, 100.0), 24)
    first = warp_image(image, warp, size=24)
    before = first.copy()
    warp_image(1 - image, warp, size=24)
    np.testing.assert_array_equal(first, before)


def test_input_is_not_written_to(rng):
    image = rng.integers(0, 256, (90, 90, 3), dtype=np.uint8)
    image.setflags(write=False)
    landmarks = template(80, 1.2)
    landmarks.setflags(write=False)
    before = image.copy()
    align_face(image, landmarks, size=32)
    np.testing.assert_array_equal(image, before)


def test_crop_of_a_view_is_that_of_its_copy(rng):
    image = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    warp = reducing(2.0, (50.0, 45.0), 24)
    view = image[::2, ::-2, ::-1]
    np.testing.assert_array_equal(warp_image(view, warp, size=24), warp_image(view.copy(), warp, size=24))


# padding and scale


def test_padding_share_of_known_cases():
    whole = {"width": 100, "height": 100, "size": 100}
    assert padding_share([[1, 0, 0], [0, 1, 0]], **whole) == 0
    assert padding_share([[1, 0, 25], [0, 1, 50]], **whole) == pytest.approx(1 - 0.75 * 0.5)
    assert padding_share([[1, 0, 200], [0, 1, 0]], **whole) == 1
    assert padding_share([[0.5, 0, 24.75], [0, 0.5, 24.75]], **whole) == pytest.approx(0.75)


@settings(deadline=None, max_examples=40)
@given(scale=st.floats(0.3, 6), degrees=st.floats(-180, 180), x=st.floats(-50, 150), y=st.floats(-50, 150))
def test_padding_share_is_the_share_of_pixels_outside(scale, degrees, x, y):
    size = 60
    warp = reducing(scale, (x, y), size, degrees)
    back = inverse_warp(warp)
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1) @ back[:, :2].T + back[:, 2]
    inside = np.all((places >= -0.5) & (places < [89.5, 69.5]), axis=-1)
    share = padding_share(warp, width=90, height=70, size=size)
    # Pixels count by their centre: an edge across the crop misjudges at most about half a row of them.
    assert share == pytest.approx(1 - inside.mean(), abs=2.5 / size)


def test_face_at_the_picture_border_still_gives_a_full_crop():
    image = np.full((100, 100, 3), 200, np.uint8)
    crop, warp = align_face(image, template(100, 1.3) + 80)
    assert padding_share(warp, width=100, height=100, size=224) > 0.9
    assert np.all(crop == 200)


# errors


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"landmarks": np.zeros((5, 2))}, "landmarks: expected points that lie apart"),
        ({"landmarks": np.zeros((4, 2))}, r"landmarks: expected shape \(5, 2\), got \(4, 2\)"),
        ({"landmarks": np.full((5, 2), np.nan)}, "landmarks: expected finite points, got"),
        ({"landmarks": np.zeros(10)}, r"landmarks: expected \(N, 2\) points"),
        ({"size": 0}, "size: expected an integer from 1 to 4096 px, got 0"),
        ({"size": 22.5}, "size: expected an integer"),
        ({"margin": 0.0}, "margin: expected a finite number above 0, got 0"),
        ({"margin": float("nan")}, "margin: expected a finite number"),
        ({"resample": "nearest"}, "resample: expected one of prefiltered, bilinear, got 'nearest'"),
        ({"image": np.zeros((9, 9, 5), np.uint8)}, r"image: expected .* got shape \(9, 9, 5\)"),
        ({"image": np.zeros((0, 9, 3), np.uint8)}, r"got shape \(0, 9, 3\)"),
        ({"image": np.zeros((9, 9, 3), np.int32)}, "image: expected dtype uint8, .* got int32"),
        ({"landmarks": TEMPLATE * 1e4}, "warp: expected a crop of at most 65536 source px"),
    ],
)
def test_errors_name_argument_expectation_and_value(change, match):
    arguments = {"image": np.zeros((50, 50, 3), np.uint8), "landmarks": TEMPLATE, **change}
    with pytest.raises(ArgumentError, match=match):
        align_face(arguments.pop("image"), arguments.pop("landmarks"), **arguments)


@pytest.mark.parametrize("warp", [np.eye(2), np.zeros((2, 3)), [[1, 0, np.inf], [0, 1, 0]]])
def test_unusable_warps_are_refused(warp):
    with pytest.raises(ArgumentError, match="warp: expected a"):
        warp_image(np.zeros((9, 9, 3), np.uint8), warp, size=8)


@pytest.mark.parametrize("box", [[0, 0, 0, 5], [3, 0, 1, 5], [0, 0, np.nan, 5], [1, 2, 3]])
def test_unusable_boxes_are_refused(box):
    with pytest.raises(ArgumentError, match="box: expected finite x0 < x1 and y0 < y1, got"):
        box_warp(box)
