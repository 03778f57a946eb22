"""Workers whose children call ``misbehave.behave``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file, for children, too

from asking import Make

from specaug.isolate import SupervisedWorker
from specaug.records import BuildConfig


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Workers that call ``misbehave.behave``; ended with the test."""
    made: list[SupervisedWorker] = []

    def one(**changes: Any) -> SupervisedWorker:
        kept = {"timeout": 30.0, "max_memory": None, "function": "misbehave:behave", **changes}
        made.append(SupervisedWorker(raw=tmp_path, config=BuildConfig(seed=7), **kept))
        return made[-1]

    yield one
    for worker in made:
        worker.close()
