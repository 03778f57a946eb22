"""Other readers, as docs/loading.md shows them, read the shards; tests/docs runs what uses the library."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from making import frames_of, write_split

PAGE = Path(__file__).parents[2] / "docs/loading.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def at_out(tmp_path, monkeypatch):
    write_split(tmp_path / "out", "train", subjects=2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def run(word: str) -> dict[str, object]:
    (code,) = [block for block in BLOCKS if word in block]
    names: dict[str, object] = {}
    exec(compile(code, "loading.md", "exec"), names)  # the page is ours
    return names


def test_hugging_face_datasets(at_out):
    pytest.importorskip("datasets")
    names = run("load_dataset")
    assert np.array_equal(np.asarray(names["picture"]), frames_of(0)[0])


def test_pyarrow(at_out):
    assert np.array_equal(np.stack(run("pyarrow.dataset")["first"]), frames_of(0))
