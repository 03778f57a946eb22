"""The page on scaling says what its benchmark found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "docs"))

from make_scaling import COST, PAGE, RESULT, page


def test_the_page_is_made_from_the_result() -> None:
    assert PAGE.read_text() == page(json.loads(RESULT.read_text()), json.loads(COST.read_text()))
