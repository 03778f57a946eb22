"""Fixtures that more than one test module uses."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20031)


@pytest.fixture(scope="session")
def media_dir() -> Path:
    """The folder of real photos and videos: SPECAUG_TEST_MEDIA, else one beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "media"
    folder = Path(os.environ.get("SPECAUG_TEST_MEDIA", beside))
    if not (folder / "MANIFEST.tsv").is_file():
        pytest.skip("real media are absent: set SPECAUG_TEST_MEDIA to a folder that holds MANIFEST.tsv")
    return folder
