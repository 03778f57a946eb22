"""The code that the documentation shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


def blocks(page: str) -> list[str]:
    """Python code blocks of a Markdown page that use the library."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "specaug" in code]


@pytest.mark.parametrize("page", ["README.md", "docs/operations/README.md", "docs/metrics.md"])
def test_code_blocks_run(page):
    pictures = np.random.default_rng(1).integers(0, 256, (2, 4, 32, 32, 3), np.uint8)
    names = {
        "image": pictures[0],
        "clip": pictures[0],
        "reference": pictures[1],
        "generator": np.random.default_rng(2),
    }
    found = blocks(page)
    assert found
    for code in found:
        exec(compile(code, page, "exec"), names)  # the page is ours


def test_links_and_pictures_of_the_pages_exist():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)#:]+)\)", prose)
        missing = [target for target in targets if not (page.parent / target).exists()]
        assert not missing, page
