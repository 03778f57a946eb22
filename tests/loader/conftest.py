"""Data sets to load."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import write_split


@pytest.fixture(scope="session")
def out(tmp_path_factory) -> Path:
    """Six subjects for training, as 24 clips in two files of three row groups; one for dev."""
    root = tmp_path_factory.mktemp("set")
    write_split(root, "train", subjects=6)
    write_split(root, "dev", subjects=1, first=1, files=1)
    return root
