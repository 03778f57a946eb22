"""Small data sets with a cue that is known."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is an optional dependency")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "loader")]
