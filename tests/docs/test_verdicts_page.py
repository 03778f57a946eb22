"""The tables of verdicts on the page of metrics are what the benchmark found, and within what the page promises."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))

from make_verdicts import PAGE, RESULT, page

FIGURES = json.loads(RESULT.read_text())["figures"]


def test_the_tables_are_made_from_the_results() -> None:
    text = PAGE.read_text()
    assert text == page(text, json.loads(RESULT.read_text()))


def test_arms_that_are_the_same_way_are_called_different_in_no_more_than_six_of_a_hundred() -> None:
    null = FIGURES["null"]
    assert null["repeats"] >= 2000
    cells = {(c["subjects"], c["seeds"], c["species"], c["noise"]): c for c in null["cells"]}
    assert len(cells) == 4 * 3 * 3 * 4
    assert max(c["better"] + c["worse"] for c in cells.values()) <= 0.06


def test_intervals_hold_the_truth_from_three_subjects_on() -> None:
    cells = FIGURES["intervals"]["cells"]
    assert {c["subjects"] for c in cells} == {3, 5, 6, 10, 12, 20, 40}
    assert min(c[name]["least"] for c in cells for name in ("apcer", "bpcer", "acer")) >= 0.93
