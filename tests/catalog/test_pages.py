"""Each layout has its page, which names its protocols and tells where its licence is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_protocols import CASES

from specaug.catalog import LAYOUTS

PAGES = Path(__file__).parents[2] / "docs" / "datasets"
GENERAL = ("folders", "csv")


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_page_has_all_sections_and_every_protocol(name):
    text = page(name)
    headings = ["Tree", "Splits and protocols", "Traps", *([] if name in GENERAL else ["Licence"])]
    assert [h for h in headings if f"\n## {h}\n" not in text] == []
    named = set(re.findall(r"`([^`\n]+)`", text))
    for first, last in re.findall(r"`(\d_\d)` to `(\d_\d)`", text):
        named |= {f"{first[:2]}{i}" for i in range(int(first[2]), int(last[2]) + 1)}
    assert set(LAYOUTS[name].protocols) <= named


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_index_names_it(name):
    assert f"({name}.md) | `{name}` |" in page("README")


@pytest.mark.parametrize("name", ["oulu-npu", "casia-fasd", "msu-mfsd", "replay-mobile"])
def test_counts_of_a_page_are_those_that_tests_check(name):
    text = page(name)
    kinds = {
        counts
        for n, p, table in CASES
        if n == name and p not in ("mattescreen", "print")
        for counts in table.values()
    }
    assert [f"{live}+{attack}" for live, attack in kinds if f"{live}+{attack}" not in text] == []
