"""Small data sets whose attacks carry a grating, and runs on them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "loader"))

from making import write_split

from specaug.training import TrainConfig, train

TINY = TrainConfig(frames=2, width=4, epochs=3, batch_size=8, learning_rate=0.01, patience=5)


@pytest.fixture(scope="session")
def config() -> TrainConfig:
    return TINY


@pytest.fixture(scope="session")
def out(tmp_path_factory) -> Path:
    """Ten subjects for training, five for dev, six for test."""
    root = tmp_path_factory.mktemp("data") / "made"
    for first, (split, subjects) in enumerate((("train", 10), ("dev", 5), ("test", 6))):
        write_split(root, split, subjects=subjects, first=first)
    return root


@pytest.fixture(scope="session")
def run(out, tmp_path_factory) -> Path:
    """A run that is finished."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(out, folder, TINY)
    return folder
