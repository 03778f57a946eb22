"""The curves of profiles as a picture: where each point lies, and that labels, zero and colours belong to the lines."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest

from specaug.augment import SpoofProfile
from specaug.augment.profile.plot import gains_as_svg
from specaug.errors import ArgumentError

SVG = "{http://www.w3.org/2000/svg}"
FREQUENCIES = np.array([0.0, 0.1, 0.25, 0.5])


def elements(page: str, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(page).iter(SVG + name))


def frames(page: str) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of the panels."""
    boxes = [box.attrib for box in elements(page, "rect") if box.get("fill") == "none"]
    return [tuple(float(box[key]) for key in ("x", "y", "width", "height")) for box in boxes]


def points(line: ElementTree.Element) -> np.ndarray:
    return np.array([[float(v) for v in pair.split(",")] for pair in line.attrib["points"].split()])


def levels(page: str) -> list[float]:
    """The numbers beside the highest and the lowest level."""
    return [float(t.text.removesuffix(" dB")) for t in elements(page, "text") if t.text.endswith(" dB")]


@pytest.mark.parametrize("peak", [4.0, -9.0, 20.0])
def test_each_value_lies_at_its_level_between_the_labels(peak):
    gains = np.array([[0.0, peak, 1.0, -1.0], [0.5, 0.0, 0.0, 0.0], [peak / 2, 0.0, 0.5, -0.5]])
    page = gains_as_svg(FREQUENCIES, {"one": gains})
    high, low = max(peak, 1.0), min(peak, -1.0)
    assert levels(page) == [high, low]
    for (left, top, width, height), line, row in zip(
        frames(page), elements(page, "polyline"), gains, strict=True
    ):
        expected_x = left + FREQUENCIES / 0.5 * width
        expected_y = top + (high - row) / (high - low) * height
        np.testing.assert_allclose(points(line), np.stack([expected_x, expected_y], axis=1), atol=0.051)


def test_all_panels_and_lines_share_one_scale_and_zero():
    up, down = np.full((3, 4), 6.0), np.full((3, 4), -3.0)
    page = gains_as_svg(FREQUENCIES, {"up": up, "down": down})
    assert levels(page) == [6.0, -3.0]
    (_, top, _, height), *_ = frames(page)
    beside = [float(t.attrib["y"]) for t in elements(page, "text") if t.text.endswith(" dB")]
    assert beside[0] - top == beside[1] - top - height == pytest.approx(0, abs=6)
    zeros = {float(line.attrib[key]) for line in elements(page, "line") for key in ("y1", "y2")}
    assert list(zeros) == [pytest.approx(top + 2 / 3 * height, abs=0.051)]
    ends = [points(line)[-1, 1] for line in elements(page, "polyline")]
    assert ends == [top, top + height] * 3


def test_curves_without_a_gain_lie_in_the_middle_of_one_db_up_and_down():
    page = gains_as_svg(FREQUENCIES, {"nothing": np.zeros((3, 4))})
    assert levels(page) == [1.0, -1.0]
    for (_, top, _, height), line in zip(frames(page), elements(page, "polyline"), strict=True):
        np.testing.assert_allclose(points(line)[:, 1], top + height / 2)


def test_panels_stand_apart_within_the_picture_and_zero_crosses_each():
    page = gains_as_svg(FREQUENCIES, {"one": np.ones((3, 4))})
    boxes, root = frames(page), ElementTree.fromstring(page)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert root.attrib["viewBox"] == f"0 0 {width:.0f} {height:.0f}"
    for (left, top, wide, tall), after in zip(boxes, [box[0] for box in boxes[1:]] + [width], strict=True):
        assert left + wide < after
        assert 0 < top < top + tall < height
    across = [(float(line.attrib["x1"]), float(line.attrib["x2"])) for line in elements(page, "line")]
    assert across == [(left, left + wide) for left, _, wide, _ in boxes]
    titles = [t for t in elements(page, "text") if t.text in ("luma", "red − luma", "blue − luma")]
    assert [(t.text, float(t.attrib["x"])) for t in titles] == [
        (name, box[0]) for name, box in zip(("luma", "red − luma", "blue − luma"), boxes, strict=True)
    ]


@pytest.mark.parametrize("number", [1, 3, 8, 10])
def test_a_line_has_the_colour_of_its_name_below(number):
    names = [f"species {i}" for i in range(number)]
    page = gains_as_svg(FREQUENCIES, {name: np.full((3, 4), float(i)) for i, name in enumerate(names)})
    lines = [line.attrib["stroke"] for line in elements(page, "polyline")]
    keys = [box.attrib for box in elements(page, "rect") if box.get("fill") != "none"]
    assert [box["fill"] for box in keys] == lines[:number]
    assert lines == lines[:number] * 3
    assert len(set(lines)) == min(number, 8)
    texts = {t.text: t.attrib for t in elements(page, "text")}
    labels = {name: float(text["y"]) for name, text in texts.items()}
    assert all(
        float(texts[n]["x"]) >= float(k["x"]) + float(k["width"]) for n, k in zip(names, keys, strict=True)
    )
    for name, box in zip(names, keys, strict=True):
        assert 0 <= labels[name] - float(box["y"]) <= 14
    heights = [labels[name] for name in names]
    assert heights == sorted(set(heights))
    assert heights[-1] < float(ElementTree.fromstring(page).attrib["height"])


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b", '"quoted"', "ü − 漢"])
def test_any_name_is_shown_as_it_is(name):
    page = gains_as_svg(FREQUENCIES, {name: np.zeros((3, 4))})
    assert name in [t.text for t in elements(page, "text")]


def test_the_axis_tells_how_far_the_frequencies_go():
    page = gains_as_svg(np.array([0.1, 0.7016]), {"one": np.zeros((3, 2))})
    assert [t.text[:17] for t in elements(page, "text") if "cycles" in t.text] == ["0 to 0.70 cycles "]


def profile(**decibels: float) -> SpoofProfile:
    """Attacks whose gain is the same at all frequencies."""
    live = np.full((3, 8), -3.0)
    return SpoofProfile(live, {pai: live + level * math.log(10) / 20 for pai, level in decibels.items()})


@pytest.mark.parametrize(("pai", "expected"), [("mask", 0.0), ("print", 9.0), (None, 4.5)])
def test_a_distance_is_the_difference_of_the_gains_in_db(pai, expected):
    one, other = profile(mask=2.0, print=6.0), profile(mask=2.0, print=-3.0)
    for a, b in ((one, other), (other, one)):
        np.testing.assert_allclose(a.distance(b, pai), expected, atol=1e-12)
    assert one.distance(other).shape == (3,)


def test_a_distance_is_the_root_of_the_mean_square_in_each_plane():
    one, gains = profile(print=0.0), np.zeros((3, 8))
    gains[1, :2], gains[2] = 6.0, [1, -1] * 4
    other = SpoofProfile(one.bonafide, {"print": one.bonafide + gains * math.log(10) / 20})
    np.testing.assert_allclose(one.distance(other), [0, 6 / 2, 1], atol=1e-12)


def test_a_species_that_one_of_two_lacks_has_no_distance():
    one, other = profile(mask=1.0, print=2.0), profile(print=2.0)
    for a, b in ((one, other), (other, one)):
        with pytest.raises(ArgumentError, match="pai: expected one of print, got 'mask'"):
            a.distance(b, "mask")


def test_a_comparison_names_profiles_only_where_there_are_several():
    one, other = profile(replay=3.0, mask=5.0), profile(print=-2.0)
    alone = [t.text for t in elements(one.compare(), "text")]
    assert alone[-2:] == ["mask", "replay"]
    both = [t.text for t in elements(one.compare(other), "text")]
    assert both[-3:] == ["profile 0: mask", "profile 0: replay", "profile 1: print"]
    named = [t.text for t in elements(one.compare(other, names=(n for n in "ab")), "text")]
    assert named[-3:] == ["a: mask", "a: replay", "b: print"]
    assert levels(one.compare(other)) == [5.0, -2.0]
