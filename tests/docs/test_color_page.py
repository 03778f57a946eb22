"""The page on colour and detail, and what a build promises of the warp, are what the benchmarks found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))

from make_color import ALIGN, COLOR, PAGE, ROOT, claim, page


def test_the_page_is_made_from_the_results() -> None:
    assert PAGE.read_text() == page(*(json.loads(path.read_text()) for path in (COLOR, ALIGN)))


def test_the_promises_say_of_the_warp_what_was_measured() -> None:
    promises = " ".join((ROOT / "docs/promises.md").read_text().split())
    assert claim(json.loads(ALIGN.read_text())["figures"]) in promises
    assert "no aliasing" not in promises


def test_crops_are_within_the_bounds_that_the_page_stands_for() -> None:
    figures = json.loads(COLOR.read_text())["figures"]
    assert len(figures["accuracy"]) == figures["combinations"] == 60
    for setting, row in figures["accuracy"].items():
        found = row["specaug"]
        assert abs(found["mean"]) <= 0.1, setting
        assert found["largest"] <= 1, setting
        assert abs(found["chroma_energy"] - 1) <= 0.1, setting
    assert figures["simd"]["same"] is True
    assert figures["zscale"]["largest_inside"] <= 1
