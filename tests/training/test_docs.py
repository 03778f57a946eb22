"""The example of docs/training.md runs, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from making import write_split

from specaug.training import ARMS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_runs(tmp_path, monkeypatch):
    for first, split in enumerate(("train", "dev", "test")):
        write_split(tmp_path / "out", split, subjects=2, first=first)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(
        r"```python\n(.*?)```", (DOCS / "training.md").read_text(encoding="utf-8"), re.DOTALL
    )
    names: dict[str, object] = {}
    exec(compile(code, "training.md", "exec"), names)  # the page is ours
    assert (tmp_path / "run/metrics.json").is_file()


def test_every_arm_is_explained():
    text = (DOCS / "ablation.md").read_text(encoding="utf-8")
    assert [name for name in ARMS if f"`{name}`" not in text] == []
