"""Fixtures that more than one test module uses."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# Its deadline of 200 ms would make every property a test of how busy the machine is.
hypothesis.settings.register_profile("specaug", deadline=None)
hypothesis.settings.load_profile("specaug")


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


@pytest.fixture
def cuda() -> str:
    """The name of the CUDA device; the test is skipped where there is none."""
    torch = pytest.importorskip("torch", reason="torch is an optional dependency")
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return "cuda"


MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> MadeOnce:
    """Makes a folder that all processes of the run share: the first that asks makes it, and no test writes into it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made, part = base / f"shared-{name}", base / f"shared-{name}.part"
        with (base / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                make(part)
                part.rename(made)
        return made

    return folder


@pytest.fixture(scope="session")
def drawn(made_once) -> Path:
    """A small simulated raw set, one subject a split, in which the default detector finds its faces."""
    from specaug.demo_data import demo

    return made_once("drawn", lambda raw: demo(raw, subjects=3, seed=1, jobs=1, frames=4, size=(320, 240)))
