"""Plots: the curves of the SVG, read back from its paths, are the data; names, ids and colors are the page's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest

from specaug.html_report.histogram import Histogram
from specaug.html_report.svg_plots import ATTACK, BONAFIDE, SYNTHETIC, histogram_plot, profile_plot
from specaug.spectrum import BANDS, radial_bins

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


class Plot:
    """A plot read back: scales from the ticks, and curves in numbers of the axes."""

    def __init__(self, svg, *, log=False):
        self.root = ET.fromstring(svg)
        self.log = log
        self.x, self.y = self._scale("x", log=log), self._scale("y", log=False)

    def _scale(self, axis, *, log):
        """Slope and offset from px to numbers, through the ticks of an axis."""
        ticks = []
        for group in self.root.iter(f"{SVG}g"):
            if re.search(rf"-{axis}tick_\d+$", group.get("id", "")):
                (use,) = group.iter(f"{SVG}use")
                for text in group.iter(f"{SVG}text"):  # small ticks have none
                    number = float(text.text)
                    ticks.append((float(use.get(axis)), np.log(number) if log else number))
        return np.polyfit(*np.transpose(ticks), 1)

    def paths(self, color, *, filled=False):
        """Numbers (n, 2) of each path of one color outside the legend."""
        (axes,) = (g for g in self.root.iter(f"{SVG}g") if g.get("id", "").endswith("axes_1"))
        groups = [g for g in axes if "legend" not in g.get("id", "")]
        key = f"{'fill' if filled else 'stroke'}: var(--{color})"
        found = [p for g in groups for p in g.iter(f"{SVG}path") if key in p.get("style", "")]
        return [self._numbers(p.get("d")) for p in found]

    def _numbers(self, d):
        points = np.array([[float(n) for n in pair] for pair in re.findall(r"[ML] (\S+) (\S+)", d)])
        x = np.polyval(self.x, points[:, 0])
        return np.stack([np.exp(x) if self.log else x, np.polyval(self.y, points[:, 1])], axis=1)

    def groups(self, part):
        return [g for g in self.root.iter(f"{SVG}g") if part in g.get("id", "")]

    def texts(self, part=""):
        return ["".join(t.itertext()) for g in self.groups(part)[:1] for t in g.iter(f"{SVG}text")]


def steps(path, edges):
    """Heights of a stair between these edges."""
    middles = (edges[:-1] + edges[1:]) / 2
    heights = []
    for middle in middles:
        level = [y0 for (x0, y0), (x1, y1) in pairwise(path) if x0 < middle < x1]
        assert len(level) == 1
        heights += level
    return np.array(heights)


def histogram_of(bonafide, attack, low=0.0, high=1.0, **settings):
    histogram = Histogram("a number, px", low, high, **settings)
    labels = np.repeat([0, 1], [len(bonafide), len(attack)])
    histogram.add(np.concatenate([bonafide, attack]), labels)
    return histogram


@pytest.fixture(scope="module")
def two_classes():
    rng = np.random.default_rng(1)
    histogram = histogram_of(rng.beta(3, 5, 150), rng.beta(5, 3, 90))
    return histogram, Plot(histogram_plot("h", histogram))


@pytest.fixture(scope="module")
def log_histogram():
    rng = np.random.default_rng(2)
    histogram = histogram_of(rng.uniform(2, 90, 60), rng.uniform(30, 400, 40), 1.0, 1e4, log=True)
    return histogram, Plot(histogram_plot("l", histogram), log=True)


@pytest.fixture(scope="module")
def profiles():
    rng = np.random.default_rng(3)
    curves = [
        (f"kind {n}", color, 2 + n + np.linspace(0, 3, 64) + rng.normal(0, 0.4, (n + 9, 64)))
        for n, color in enumerate((BONAFIDE, ATTACK, SYNTHETIC))
    ]
    return curves, Plot(profile_plot("p", curves), log=True)


@pytest.mark.parametrize(("row", "color"), [(0, "bonafide"), (1, "attack")])
def test_stairs_are_the_shares_of_each_class_in_per_cent(two_classes, row, color):
    histogram, plot = two_classes
    edges, shares = histogram.coarse()
    (line,) = plot.paths(color)
    np.testing.assert_allclose(steps(line, edges), shares[row] * 100, atol=0.02)
    assert (line[0, 0], line[-1, 0]) == (
        pytest.approx(edges[0], abs=1e-4),
        pytest.approx(edges[-1], abs=1e-4),
    )


def test_stairs_on_a_log_axis_lie_at_their_numbers(log_histogram):
    histogram, plot = log_histogram
    edges, shares = histogram.coarse()
    (line,) = plot.paths("bonafide")
    np.testing.assert_allclose(steps(line, edges), shares[0] * 100, atol=0.02)
    assert line[-1, 0] == pytest.approx(edges[-1], rel=1e-3)


@pytest.mark.parametrize("color", ["bonafide", "attack"])
def test_the_area_under_a_stair_is_filled_faintly(two_classes, color):
    _, plot = two_classes
    np.testing.assert_allclose(plot.paths(color, filled=True)[0], plot.paths(color)[0], atol=1e-6)
    styles = [
        p.get("style") for p in plot.root.iter(f"{SVG}path") if f"fill: var(--{color})" in p.get("style", "")
    ]
    assert "opacity: 0.18" in styles[0]


def test_shares_start_at_zero(two_classes):
    _, plot = two_classes
    (frame,) = (g.find(f"{SVG}path") for g in plot.groups("-patch_2"))
    bottom = max(float(y) for _, y in re.findall(r"[ML] (\S+) (\S+)", frame.get("d")))
    assert np.polyval(plot.y, bottom) == pytest.approx(0, abs=1e-3)


def dashes(plot, color):
    key = f"stroke: var(--{color})"
    styles = [
        p.get("style") for p in plot.groups("axes_1")[0].iter(f"{SVG}path") if key in p.get("style", "")
    ]
    return {re.search(r"stroke-dasharray: ([\d., ]+)", s)[1] if "dasharray" in s else None for s in styles}


def test_attacks_can_be_told_without_color(two_classes):
    _, plot = two_classes
    assert dashes(plot, "bonafide") == {None}
    assert None not in dashes(plot, "attack")


def test_legend_and_axes_of_a_histogram_have_names(two_classes):
    _, plot = two_classes
    assert plot.texts("legend") == ["bona fide", "attack"]
    assert {"a number, px", "% of the class"} <= set(plot.texts("axes_1"))


@pytest.mark.parametrize(
    ("bonafide", "attack", "named"), [([0.2, 0.4], [], "bona fide"), ([], [0.2, 0.4], "attack")]
)
def test_a_class_without_clips_is_not_drawn(bonafide, attack, named):
    plot = Plot(histogram_plot("h", histogram_of(bonafide, attack)))
    absent = "attack" if named == "bona fide" else "bonafide"
    assert plot.texts("legend") == [named]
    assert plot.paths(absent) == []


def x_labels(plot):
    return [t.text for g in plot.groups("-xtick_") for t in g.iter(f"{SVG}text") if t.text]


def test_powers_of_ten_are_written_as_numbers(log_histogram):
    assert x_labels(log_histogram[1]) == ["10", "100"]


@pytest.mark.parametrize(
    ("low", "top", "labels"),
    [(1.05, 11.0, [1, 10]), (20.0, 150.0, None), (0.02, 0.15, None), (20.0, 250.0, [100])],
)
def test_less_than_one_power_of_ten_has_even_numbers(low, top, labels):
    histogram = histogram_of([low, low * 1.01], [top, top], 1e-3, 1e4, log=True)
    root = ET.fromstring(histogram_plot("h", histogram))
    ticks = [g for g in root.iter(f"{SVG}g") if re.search(r"-xtick_\d+$", g.get("id", ""))]
    found = [float(text.text) for g in ticks for text in g.iter(f"{SVG}text") if text.text]
    if labels:
        assert found == labels
    else:
        assert 3 <= len(found) <= 6
        np.testing.assert_allclose(np.diff(found), found[1] - found[0])


@pytest.mark.parametrize(("n", "color"), [(0, "bonafide"), (1, "attack"), (2, "synthetic")])
def test_a_curve_is_the_mean_of_its_clips_at_each_radius(profiles, n, color):
    curves, plot = profiles
    (line,) = plot.paths(color)
    np.testing.assert_allclose(line[:, 0], radial_bins(64), rtol=1e-3)
    np.testing.assert_allclose(line[:, 1], curves[n][2].mean(axis=0), atol=1e-3)


def test_a_band_holds_the_middle_eighty_per_cent_of_the_clips(profiles):
    curves, plot = profiles
    bands = plot.groups("FillBetweenPolyCollection")
    assert len(bands) == 3
    for (_, _, rows), band in zip(curves, bands, strict=True):
        (path,) = band.iter(f"{SVG}path")
        points = np.array(re.findall(r"[ML] (\S+) (\S+)", path.get("d")), float)
        heights = np.polyval(plot.y, points[:, 1] + 216)  # the path is placed 216 px lower
        ends = np.sort([np.percentile(rows, q, axis=0) for q in (10, 90)], axis=None)
        for end in (ends[0], ends[-1]):
            assert np.abs(heights - end).min() < 1e-3
        assert (heights.min(), heights.max()) == (
            pytest.approx(ends[0], abs=1e-3),
            pytest.approx(ends[-1], abs=1e-3),
        )


def test_three_curves_have_three_styles(profiles):
    _, plot = profiles
    found = [dashes(plot, color) for color in ("bonafide", "attack", "synthetic")]
    assert found[0] == {None}
    assert len({frozenset(one) for one in found}) == 3


def test_bands_are_named_above_the_axes_at_their_middle(profiles):
    _, plot = profiles
    radius = radial_bins(64)
    texts = {t.text: t for t in plot.root.iter(f"{SVG}text")}
    for name, (low, high) in BANDS.items():
        x = np.exp(np.polyval(plot.x, float(texts[name].get("x"))))
        assert x == pytest.approx(np.sqrt(max(low, radius[0]) * min(high, radius[-1])), rel=1e-3)
        assert float(texts[name].get("y")) < 12


def test_lines_stand_where_bands_meet(profiles):
    _, plot = profiles
    lines = [line for line in plot.paths("line") if len(line) == 2 and line[0, 0] == line[1, 0]]
    inner = sorted(line[0, 0] for line in lines if line[0, 0] > radial_bins(64)[0] * 1.001)
    assert inner == pytest.approx([1 / 32, 1 / 16], rel=1e-3)


def test_frequencies_have_four_numbers_and_a_unit(profiles):
    _, plot = profiles
    assert x_labels(plot) == ["0.01", "0.03", "0.1", "0.3"]
    assert {"radial frequency, cycles/px", "mean log-amplitude"} <= set(plot.texts("axes_1"))


@pytest.mark.parametrize(("letters", "shown"), [(36, 36), (37, 36)])
def test_long_labels_are_cut_to_thirty_six_letters(letters, shown):
    name = "n" * letters
    plot = Plot(profile_plot("p", [(name, BONAFIDE, np.ones((2, 64)) + np.arange(64))]), log=True)
    (label,) = plot.texts("legend")
    assert len(label) == shown
    assert label.endswith("…") == (letters > 36)


def test_ids_are_prefixed_and_every_reference_has_its_target(profiles):
    _, plot = profiles
    text = ET.tostring(plot.root, encoding="unicode")
    ids = [node.get("id") for node in plot.root.iter() if node.get("id")]
    targets = [node.get(HREF) for node in plot.root.iter() if node.get(HREF)]
    clips = re.findall(r"url\((#[^)]*)\)", text)
    assert all(one.startswith("p-") for one in ids)
    assert targets
    assert clips
    assert {target.removeprefix("#") for target in targets + clips} <= set(ids)


def test_a_plot_scales_with_the_page_and_is_silent_for_readers(two_classes):
    _, plot = two_classes
    assert plot.root.get("viewBox") == "0 0 324 216"
    assert plot.root.get("aria-hidden") == "true"
    assert {"width", "height"}.isdisjoint(plot.root.keys())
    assert not list(plot.root.iter(f"{SVG}metadata"))
    assert not list(plot.root.iter(f"{SVG}style"))


def test_the_same_plot_is_the_same_text_and_names_make_the_only_difference():
    histogram = histogram_of([0.2, 0.3], [0.4])
    before = dict(mpl.rcParams)
    first, again, other = (histogram_plot(name, histogram) for name in ("a", "a", "b"))
    assert first == again
    hidden = [re.sub(r"#?[ab]-[a-z]*[0-9a-f]{10}", "id", text) for text in (first, other)]
    assert hidden[0].replace('"a-', '"') == hidden[1].replace('"b-', '"')
    assert all(mpl.rcParams[key] == value for key, value in before.items() if key != "backend")
