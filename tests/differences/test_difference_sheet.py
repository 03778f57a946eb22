"""The sheet and its tiles: shared scales, colors that mean the same everywhere, rings where the waves are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_frames import grating, noise

import specaug
from specaug.differences.view_tiles import BLUE, COLUMNS, NEUTRAL, ORANGE, Tiles, diverging, overlaid
from specaug.errors import ArgumentError

pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
pytest.importorskip("jinja2", reason="the extra `report` is not installed")

from specaug.differences.difference_page import rings


@pytest.fixture(scope="module")
def report():
    return specaug.compare(noise(1, 4), noise(2, 4) + grating(0.2, 35, 0.05))


@pytest.fixture(scope="module")
def tiles(report):
    return Tiles(report)


def test_both_sides_have_a_tile_for_each_column(tiles):
    for side in ("bonafide", "attack"):
        images = tiles.side(side)
        assert tuple(images) == COLUMNS
        assert {(image.shape, image.dtype) for image in images.values()} == {
            ((96, 96, 3), np.dtype(np.uint8))
        }
    assert set(tiles.difference()) == {*COLUMNS} - {"face", "hue"}
    assert set(tiles.headings()) == {*COLUMNS}


def test_bands_of_both_sides_have_one_gain(tiles):
    """A wave of a known amplitude beside one of half of it: so are their tiles."""
    wave = 0.5 + grating(0.2, 0, 0.1)[0].repeat(3, axis=-1)
    both = Tiles(specaug.compare(wave[None], 0.5 + (wave[None] - 0.5) / 2))
    strong, weak = (both.side(name)["high"].astype(float).std() for name in ("bonafide", "attack"))
    assert strong == pytest.approx(2 * weak, rel=0.03)
    assert both.gains["low"] == 1
    assert f"×{both.gains['high']:g}" in both.headings()["high"].detail


def test_colors_say_which_side_has_more():
    assert diverging(np.array([[-1.0, 0.0, 1.0, 9.0]]))[0].tolist() == [
        list(c) for c in (BLUE, NEUTRAL, ORANGE, ORANGE)
    ]
    map_ = overlaid(np.array([[-1.0, 0.0, 1.0]]), np.full((1, 3), 0.5))[0].astype(int)
    assert map_[0][2] > map_[0][0]  # blue
    assert map_[2][0] > map_[2][2]  # orange
    assert len(set(map_[1].tolist())) == 1  # gray


def test_the_ratio_is_orange_where_the_wave_is(report, tiles):
    (peak,) = report.peaks
    ratio = tiles.difference()["spectrum"].astype(int)
    row, column = round(48 + 96 * peak.fy), round(48 + 96 * peak.fx)
    assert np.abs(ratio[row, column] - ORANGE).max() < 60
    assert np.abs(ratio[96 - row, 96 - column] - ORANGE).max() < 60  # its mirror image


def test_rings_lie_about_the_wave_and_its_mirror_image(report):
    (ring,) = rings(report.peaks)
    (x, y), mirrored = ring["places"]
    assert (x - 50) / 100 == pytest.approx(0.2 * np.cos(np.radians(35)), abs=0.004)
    assert (y - 50) / 100 == pytest.approx(0.2 * np.sin(np.radians(35)), abs=0.004)
    assert mirrored == (100 - x, 100 - y)


def test_the_sheet_holds_the_tiles_as_they_are():
    frames = noise(1, 2, side=224)
    report = specaug.compare(frames, noise(2, 2, side=224))
    sheet, face = report.image(), Tiles(report).side("bonafide")["face"]
    found = [
        (y, x)
        for y, x in np.argwhere((sheet[:-224, :-224] == face[0, 0]).all(axis=-1))
        if (sheet[y : y + 224, x : x + 224] == face).all()
    ]
    assert len(found) == 2  # of gray frames, the value plane is the same image


def test_the_same_report_gives_the_same_sheet_and_page(report):
    np.testing.assert_array_equal(report.image(), report.image())
    assert report.html() == report.html()


def test_a_name_of_several_lines_is_drawn_on_one(report):
    plain, broken = (
        replace(report, attack=replace(report.attack, name=name)).image() for name in ("a b.mp4", "a\nb.mp4")
    )
    np.testing.assert_array_equal(broken, plain)


def test_a_report_is_saved_by_its_ending(report, tmp_path):
    assert report.save(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert report.save(tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(
        ArgumentError, match=r"output: expected a name that ends in \.png or \.html, got 'a\.gif'"
    ):
        report.save(tmp_path / "a.gif")
    with pytest.raises(ArgumentError, match="output: expected a file in a folder that exists"):
        report.save(tmp_path / "no" / "a.png")
