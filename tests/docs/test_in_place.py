"""The page on recipes in place of attacks says what its benchmarks found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "docs"))

from make_in_place import PAGE, REAL, REALISM, RESULT, page


def test_the_page_is_made_from_the_results() -> None:
    assert PAGE.read_text() == page(*(json.loads(path.read_text()) for path in (RESULT, REALISM, REAL)))
