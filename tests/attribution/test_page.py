"""The page and the section of the report: pictures, figures, nothing from elsewhere, nothing that runs."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from planted import FRAMES, BandEnergy, Redness, grating, write_out
from torch import nn

from specaug.attribution import explain_network
from specaug.attribution.explanation_section import section_html
from specaug.attribution.map_pictures import averaged, signed_picture, whole_plane


class All(nn.Module):
    """Redness, of all views."""

    views, frames = ("rgb", "hsv", "spectrum"), FRAMES

    def forward(self, rgb, hsv, spectrum):
        return Redness()(rgb) + 0.01 * hsv.mean(dim=(1, 2, 3, 4)) + 0.01 * spectrum.mean(dim=(1, 2, 3))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return write_out(tmp_path_factory.mktemp("page") / "<b>made", grating, subjects=8)


@pytest.fixture(scope="module")
def found(out):
    return explain_network(All(), out, map_clips=4, grid=2, steps=2, batch_size=8)


@pytest.fixture(scope="module")
def page(out, tmp_path_factory) -> str:
    target = tmp_path_factory.mktemp("pages") / "a/folder/explain.html"
    explain_network(BandEnergy(0.18, 0.2), out, map_clips=4, grid=2, steps=2, batch_size=8, output=target)
    return target.read_text(encoding="utf-8")


def pictures(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="(data:image/png;base64,[^"]+)"', html)


def pixels(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def test_the_page_needs_nothing_else_and_runs_nothing(page):
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "<b>made" not in page
    assert "&lt;b&gt;made" in page


def test_every_figure_is_well_formed_and_says_what_it_is(found):
    figures = re.findall(r"<svg.*?</svg>", section_html(found), re.DOTALL)
    assert len(figures) == 6  # bands, rows, two maps of waves, two of spectra
    for figure in figures:
        root = ET.fromstring(figure)
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_pictures_come_before_tables(found):
    html = section_html(found)
    assert max(html.rfind("<svg"), html.rfind("<img")) < html.find("<table")


def test_the_curve_has_a_step_and_two_intervals_for_each_band(found):
    curve = re.search(r"<svg.*?</svg>", section_html(found), re.DOTALL)[0]
    bands = [change for change, _ in found.effects if change.kind == "band"]
    assert curve.count("<rect") == 2 * len(bands)
    for line in re.findall(r'points="([^"]+)" fill="none"', curve):
        assert len(line.split()) == 2 * len(bands)


def test_the_table_names_every_change_and_marks_what_is_shown(page, out):
    found = explain_network(BandEnergy(0.18, 0.2), out, parts=("bands", "streams"))
    for change, _ in found.effects:
        assert f'<th scope="row">{change.name}</th>' in page
    assert page.count("<tr class=uses-shown>") == len(found.relied_on) > 0
    assert "Without the band 0.177 to 0.25 cycles/px" in page


def test_faces_can_be_left_out(found):
    with_faces, without = section_html(found), section_html(found, faces=False)
    assert "mean frame" in with_faces
    assert "mean frame" not in without
    assert len(pictures(with_faces)) == len(pictures(without)) + 2


def test_parts_that_were_not_measured_are_not_there(out):
    html = section_html(explain_network(Redness(), out, parts=("waves",), grid=1, map_clips=2))
    assert "What a wave of each frequency does" in html
    assert "What the decisions rest on" not in html
    assert "Where the logit comes from" not in html
    assert "<table" not in html


def test_the_sign_is_a_color_and_the_size_covers():
    shown = pixels(signed_picture(np.array([[1.0, -1.0, 0.0, 0.25]]), 1.0))
    assert shown[0, :, 3].tolist() == [255, 255, 0, 128]
    assert shown[0, 0, 0] > shown[0, 0, 2]  # towards attack: orange
    assert shown[0, 1, 0] < shown[0, 1, 2]


def test_the_other_half_of_the_plane_is_the_mirror_image():
    half = np.arange(15.0).reshape(5, 3)
    whole = whole_plane(half)
    assert whole.shape == (5, 5)
    np.testing.assert_array_equal(whole[:, 2:], half)
    np.testing.assert_array_equal(whole[:, :2], half[::-1, :0:-1])
    assert whole[1, 0] == half[3, 2]


def test_averages_keep_the_mean():
    values = np.random.default_rng(0).normal(size=(64, 64))
    small = averaged(values, 16)
    assert small.shape == (16, 16)
    assert small.mean() == pytest.approx(values.mean())


def test_the_same_settings_give_the_same_page(out, tmp_path):
    pages = []
    for name in "ab":
        target = tmp_path / f"{name}.html"
        explain_network(Redness(), out, clips=4, grid=1, steps=1, map_clips=2, output=target)
        pages.append(target.read_bytes())
    assert pages[0] == pages[1]


def test_no_file_of_the_section_is_missing():
    import specaug.attribution

    assets = Path(specaug.attribution.__file__).parent / "assets"
    assert sorted(path.name for path in assets.iterdir()) == ["page.css", "section.css"]
