"""The page on margins is made from its results, and the geometry behind it holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "docs"))
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from bench_margins import measures
from make_margins import CHIP, PAGE, RESULT, box_quad, chip_margin, chip_quad, cut, deepfakebench_shift, page

from specaug.align import TEMPLATE, template
from specaug.records import Face


def turned(points, degrees: float, scale: float, shift) -> np.ndarray:
    z = np.asarray(points) @ [1, 1j] * scale * np.exp(1j * np.deg2rad(degrees))
    return np.column_stack([z.real, z.imag]) + shift


def test_the_page_is_made_from_the_results():
    assert PAGE.read_text() == page(json.loads(RESULT.read_text()))


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (0, 2.5), (30, 2.5)])
def test_a_box_is_measured_in_crops_of_margin_1_whatever_the_turn(degrees, scale):
    """A box of 80 by 100 px of the template about the crop's middle, moved down by 10."""
    unit, middle = 112 * scale, turned([[55.5, 55.5]], degrees, scale, [200, 300])[0]
    half = np.array([40, 50]) * scale
    down = np.array([0, 10]) * scale
    box = np.concatenate([middle + down - half, middle + down + half])
    found = measures(Face(box, turned(TEMPLATE, degrees, scale, [200, 300]), 1.0))
    eyes = np.linalg.norm(TEMPLATE[1] - TEMPLATE[0])
    expected = {"width": 80, "height": 100, "root": np.sqrt(8000), "right": 0, "down": 10}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value * scale / unit, abs=1e-5), name
    assert found["eyes"] == pytest.approx(eyes / 80, rel=1e-5)


@pytest.mark.parametrize("padding", [0.0, 0.37])
def test_a_chip_and_the_crop_of_its_margin_show_a_face_as_large(padding):
    """Spread of the five points about their middle, as a share of the crop's side."""

    def spread(points):
        return np.linalg.norm(points - points.mean(axis=0))

    chip = (CHIP + padding) / (1 + 2 * padding)
    ours = template(1000, chip_margin(padding)) / 1000
    # The two mean faces differ in shape: fitted to one another they are as large within 2 %.
    assert spread(ours) == pytest.approx(spread(chip), rel=0.02)


def test_a_chip_has_the_eyes_where_it_puts_them():
    face = Face(np.array([0, 0, 1, 1.0]), turned(TEMPLATE, 20, 2, [50, 60]), 1.0)
    for padding in (0.0, 0.37):
        quad = chip_quad(face, padding)
        across, down = quad[1] - quad[0], quad[3] - quad[0]
        eyes = quad[0] + 0.5 * across + 0.4 * down
        np.testing.assert_allclose(eyes, face.landmarks[:2].mean(axis=0), atol=1e-9)
        assert np.degrees(np.arctan2(*across[::-1])) == pytest.approx(20, abs=2)


def test_boxes_are_cut_off_or_kept_whole_at_the_border():
    face = Face(np.array([0, 10, 20, 40.0]), TEMPLATE, 1.0)
    cut_off = box_quad(face, 2.0, (100, 100), kept_whole=False)
    assert cut_off[[0, 2]].tolist() == [[0, 0], [30, 55]]
    whole = box_quad(face, 2.0, (100, 100), kept_whole=True)
    assert whole[[0, 2]].tolist() == [[0, 0], [40, 60]]
    smaller = box_quad(face, 9.0, (100, 100), kept_whole=True)
    sides = smaller[2] - smaller[0]
    assert sides[1] == pytest.approx(99)
    assert sides[1] / sides[0] == pytest.approx(1.5)


def test_a_cut_shows_what_lies_within_its_corners():
    image = np.zeros((60, 80, 3), np.uint8)
    image[20:40, 30:60] = 255
    quad = np.array([[30, 20], [60, 20], [60, 40], [30, 40.0]])
    assert cut(image, quad)[:140, :140].min() == 255  # but for the last half pixel
    assert cut(image, quad + np.array([32, 0])).max() == 0
    assert cut(image, quad - np.array([15, 0]))[:, :70].max() == 0


def test_the_template_of_deepfakebench_is_ours_but_for_centres_of_pixels():
    # Half a pixel of the template's middle, drawn together by 1.3: 0.5 (1 - 1 / 1.3).
    assert deepfakebench_shift() == pytest.approx(0.5 * (1 - 1 / 1.3))
