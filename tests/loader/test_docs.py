"""The examples of docs/loading.md run, those of other readers among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from making import write_split

PAGE = Path(__file__).parents[2] / "docs/loading.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=[block.split("\n")[0][:30] for block in BLOCKS])
def test_example_runs(code, tmp_path, monkeypatch):
    if "datasets" in code:
        pytest.importorskip("datasets")
    write_split(tmp_path / "out", "train", subjects=10)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    names: dict[str, object] = {}
    exec(compile(code, "loading.md", "exec"), names)  # the page is ours
    if "rest" in names:
        assert len(names["rest"]) == 4  # of 40 clips in 6 batches of two workers, the first two are gone


def test_the_page_shows_three_readers():
    text = "".join(BLOCKS)
    assert all(name in text for name in ("specaug.load", "datasets", "pyarrow.dataset"))
