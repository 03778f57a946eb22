"""The page of a comparison: complete, harmless, usable by keyboard, legible at both widths and in both themes."""

from __future__ import annotations

import json
import os
import re
import shutil

import numpy as np
import pytest
from made_frames import flicker, grating, noise

import specaug
from specaug.differences import difference_of
from specaug.differences.clip_measures import ClipToCompare, LoadedClip
from specaug.differences.side_measures import measure_side

pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
pytest.importorskip("jinja2", reason="the extra `report` is not installed")

HOSTILE = "<img src=x onerror=document.title=1>&</script>"


@pytest.fixture(scope="module")
def report():
    """A wave and a flicker; the bona fide side has a name that means harm."""
    live, fake = noise(1, 32), noise(2, 32) + grating(0.2, 35, 0.05) + flicker(12.5, 50, 0.02, 32)
    named = ClipToCompare(HOSTILE, HOSTILE, lambda: LoadedClip(live, live, 50.0))
    return difference_of(measure_side(HOSTILE, [named]), specaug.compare(live, fake, fps=50).attack)


@pytest.fixture(scope="module")
def page(report, tmp_path_factory):
    return report.save(tmp_path_factory.mktemp("page") / "compare.html")


def test_numbers_are_part_of_the_page(report, page):
    text = page.read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json" id="numbers">(.*?)</script>', text)
    assert json.loads(block) == json.loads(json.dumps(report.as_json()))


def test_nothing_is_loaded_and_names_stay_text(page):
    text = page.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "default-src 'none'" in text
    assert all(address.startswith("data:") for address in re.findall(r'src="([^"]*)"', text))


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("SPECAUG_REQUIRE_BROWSER"):
            pytest.fail("chromium is not installed, and SPECAUG_REQUIRE_BROWSER asks for it")
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=120_000)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium, page):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    wrong: list[str] = []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(page.as_uri())
    yield tab
    context.close()
    assert wrong == []


def test_a_column_is_enlarged_and_arrow_keys_go_on(tab):
    tab.locator(".view figcaption button").nth(3).focus()
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog")
    heading = dialog.get_by_role("heading")
    assert heading.inner_text().startswith("high: finer than 16 px")
    assert dialog.locator("img").count() == 3
    tab.keyboard.press("ArrowRight")
    assert heading.inner_text() == "spectrum"
    assert dialog.locator("svg.marks").count() == 3
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
    assert heading.inner_text() == "aligned face"  # after the last comes the first
    tab.keyboard.press("ArrowLeft")
    assert heading.inner_text() == "value"
    tab.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_click_on_an_image_enlarges_it(tab):
    tab.locator(".view").nth(0).locator("img").first.click()
    assert tab.get_by_role("dialog").get_by_role("heading").inner_text() == "aligned face"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits(tab, width, height, scheme):
    tab.set_viewport_size({"width": width, "height": height})
    tab.emulate_media(color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)")


def test_rows_of_the_matrix_line_up_on_a_wide_screen(tab):
    tops = tab.evaluate(
        "[...document.querySelectorAll('.view')].map(v => [...v.querySelectorAll('.cell')]"
        ".map(c => Math.round(c.getBoundingClientRect().top)))"
    )
    assert len({tuple(row) for row in tops}) == 1
    assert np.diff(tops[0]).min() > 50


def test_a_view_is_one_row_on_a_telephone(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    tops = tab.evaluate(
        "[...document.querySelectorAll('.view')].map(v => [...v.querySelectorAll('.cell')]"
        ".map(c => Math.round(c.getBoundingClientRect().top)))"
    )
    assert all(len(set(row)) == 1 for row in tops)
