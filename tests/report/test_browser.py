"""The page in a real browser: Debian's Chromium, driven by Playwright, without a network."""

from __future__ import annotations

import os
import shutil

import pytest
from page_data import HOSTILE

WIDTHS = ((1440, 900), (390, 844))


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
    """The report at 1440 px; whatever it complains of, or asks the network for, fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    wrong: list[str] = []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else wrong.append(request.url),
    )
    tab.goto(page.as_uri())
    yield tab
    context.close()
    assert wrong == []


def cells(tab, table, column):
    return tab.locator(f"[data-table={table}] tbody tr td:nth-child({column})").all_inner_texts()


def test_sorting_and_filtering(tab):
    groups = tab.locator("[data-table=groups]")
    groups.get_by_role("button", name="clips").click()
    counts = [int(n) for n in cells(tab, "groups", 7)]
    assert counts == sorted(counts, reverse=True)
    assert groups.locator("th[aria-sort=descending]").inner_text().startswith("clips")
    groups.get_by_role("button", name="subject").click()
    subjects = cells(tab, "groups", 5)
    assert subjects[0] == HOSTILE
    numbers = [int(name[1:]) for name in subjects if name != HOSTILE]
    assert numbers == sorted(numbers)
    assert len(numbers) > 10
    groups.get_by_label("Filter").fill("synthetic s3")
    assert set(cells(tab, "groups", 5)) == {"s3"}
    assert set(cells(tab, "groups", 6)) == {"synthetic"}
    groups.get_by_label("Filter").fill("nothing like this")
    assert groups.get_by_role("status").inner_text() == "No line matches"


def test_pages(tab):
    examples = tab.locator("[data-table=examples]")
    assert examples.get_by_role("status").inner_text() == "1 to 25 of 30 lines"
    examples.get_by_role("button", name="Next").click()
    assert examples.get_by_role("status").inner_text() == "26 to 30 of 30 lines"
    assert examples.get_by_role("button", name="Next").is_disabled()


def test_a_hostile_name_stays_text(tab):
    assert tab.title().startswith("Report on 60 clips")
    assert HOSTILE in cells(tab, "examples", 5)
    assert tab.locator("td img").count() == 0
    tab.locator(f'[data-clip="{0:032x}-000"]').click()
    assert HOSTILE in tab.locator("#clip dd").all_inner_texts()
    assert tab.locator("#clip dd img, #clip dd script").count() == 0


def test_a_clip_opens_and_closes_by_keyboard(tab):
    tab.locator(f'[data-clip="{5:032x}-000"]').focus()
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog")
    assert dialog.get_by_role("heading", level=2).inner_text() == f"{5:032x}-000"
    images = dialog.locator("img")
    assert images.count() == 9
    assert images.evaluate_all("all => all.every(i => i.complete && i.naturalWidth > 0 && i.alt)")
    tab.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert tab.evaluate("document.activeElement.dataset.clip") == f"{5:032x}-000"


@pytest.mark.parametrize(("width", "height"), WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(tab, width, height, scheme):
    tab.set_viewport_size({"width": width, "height": height})
    tab.emulate_media(color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    ratios = tab.evaluate(CONTRAST)
    assert len(ratios) > 10
    assert min(ratios) >= 4.5  # WCAG 2.2 AA for text


def test_short_words_of_tables_stay_whole_on_a_telephone(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate(BROKEN) == []
    wider = tab.evaluate(
        "[...document.querySelectorAll('.wide')].filter(w => w.scrollWidth > w.clientWidth)"
        ".map(w => [w.tabIndex, w.getAttribute('role'), !!w.ariaLabel])"
    )
    assert wider
    assert all(found == [0, "region", True] for found in wider)


def test_captions_of_wide_tables_fit_the_telephone(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    widths = tab.evaluate(
        "[...document.querySelectorAll('caption')].map(c => c.getBoundingClientRect().right)"
    )
    assert max(widths) <= 390


def shown(tab):
    return tab.locator(".sheet li:not([hidden])")


def test_the_sheet_is_filtered_and_sorted(tab):
    assert tab.locator(".choose .count").inner_text() == "60 of 60 clips"
    assert shown(tab).count() == 24
    tab.locator("#more").click()
    assert shown(tab).count() == 60
    tab.locator("[data-by=label]").select_option("attack print")
    assert set(shown(tab).locator("span").all_inner_texts()) == {"attack print"}
    assert tab.locator(".choose .count").inner_text() == "20 of 60 clips"
    tab.locator("[data-by=label]").select_option("")
    for highest in (False, True):
        if highest:
            tab.get_by_role("button", name="Highest first").click()
        tab.locator("#sort").select_option("sharpness")
        numbers = [
            float(text.removeprefix("sharpness ")) for text in shown(tab).locator("small").all_inner_texts()
        ]
        assert len(set(numbers)) > 2
        assert numbers == sorted(numbers, reverse=highest)
    tab.locator("[data-by=split]").select_option("train")
    assert shown(tab).count() == 60


def test_arrow_keys_go_through_the_clips_as_they_are_sorted(tab):
    tab.locator("[data-by=label]").select_option("bona fide")
    tab.locator("#sort").select_option("scale")
    names = shown(tab).evaluate_all("all => all.map(i => i.dataset.name)")
    shown(tab).nth(1).locator("button").click()
    heading = tab.get_by_role("dialog").get_by_role("heading", level=2)
    assert heading.inner_text() == names[1]
    tab.keyboard.press("ArrowRight")
    assert heading.inner_text() == names[2]
    tab.keyboard.press("ArrowLeft")
    tab.get_by_role("dialog").get_by_role("button", name="Previous").click()
    assert heading.inner_text() == names[0]
    tab.keyboard.press("ArrowLeft")
    assert heading.inner_text() == names[-1]  # after the first comes the last


def test_examples_of_a_species_open_and_stay_among_themselves(tab):
    group = tab.locator(".extremes").first.locator("[data-clip]")
    names = group.evaluate_all("all => all.map(b => b.dataset.clip)")
    group.last.click()
    heading = tab.get_by_role("dialog").get_by_role("heading", level=2)
    assert heading.inner_text() == names[-1]
    tab.keyboard.press("ArrowRight")
    assert heading.inner_text() == names[0]


def test_long_facts_have_a_line_of_their_own(tab):
    tab.locator(f'[data-clip="{0:032x}-000"]').click()
    rows = tab.locator("#clip dl div").evaluate_all(
        "all => all.map(d => [d.lastChild.textContent.length, d.offsetWidth / d.parentElement.offsetWidth])"
    )
    long = [share for letters, share in rows if letters > 24]
    assert long
    assert min(long) > 0.99


def test_the_theme_can_be_chosen(tab):
    tab.emulate_media(color_scheme="light")
    before = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.locator("#theme").click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_print_has_no_controls(tab):
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not tab.locator("nav").is_visible()
    assert not tab.locator(".pages").first.is_visible()


def test_every_control_and_picture_has_a_name(tab):
    assert tab.evaluate("[...document.images].every(i => i.alt)")
    assert tab.evaluate(
        "[...document.querySelectorAll('button')].every(b => b.textContent.trim() || b.querySelector('img[alt]'))"
    )
    assert tab.evaluate("[...document.querySelectorAll('input')].every(i => i.labels.length === 1)")
    filters = tab.get_by_role("searchbox")
    names = filters.evaluate_all("all => all.map(i => i.labels[0].textContent)")
    assert len(set(names)) == len(names) == filters.count() == 3
    assert tab.get_by_role("group", name="Pages: Clips by split").count() == 1
    assert tab.evaluate("[...document.querySelectorAll('table')].every(t => t.caption && t.tHead)")


BROKEN = """() => [...document.querySelectorAll('td, th')].flatMap((cell) => {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    for (const word of walker.currentNode.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(walker.currentNode, word.index);
      range.setEnd(walker.currentNode, word.index + word[0].length);
      const tops = [...range.getClientRects()].map((box) => Math.round(box.top));
      if (new Set(tops).size > 1 && word[0].length <= 16) found.push(word[0]);
    }
  }
  return found;
})"""
"""Words of at most 16 letters that a table's cell breaks over lines."""

CONTRAST = """() => {
  const light = (c) => {
    const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const behind = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = rgb(getComputedStyle(n).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('p, td, th, h1, h2, h3, a, dt, dd, li span, figcaption, caption, svg text')]
    .filter((n) => n.textContent.trim() && n.getClientRects().length && !n.closest('.skip, .marks'))
    .map((n) => {
      const style = getComputedStyle(n);
      const [a, b] = [light(rgb(n.closest('svg') ? style.fill : style.color).slice(0, 3)), light(behind(n))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
}"""
