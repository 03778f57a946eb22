"""The page on ablations names what there is."""

from __future__ import annotations

from pathlib import Path

from specaug.training import ARMS


def test_every_arm_is_explained():
    text = (Path(__file__).parents[2] / "docs/ablation.md").read_text(encoding="utf-8")
    assert [name for name in ARMS if f"`{name}`" not in text] == []
