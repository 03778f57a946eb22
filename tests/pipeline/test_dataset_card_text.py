"""The card of a data set: a head that loaders read, tables that no name can break."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from specaug.pipeline.dataset_card import dataset_card
from specaug.records import BuildConfig, BuildReport

yaml = pytest.importorskip("yaml", reason="the head of a card is YAML; PyYAML is not installed")

SETTINGS = BuildConfig().content_settings()
TABLE = (("train", "bonafide", "none", 3), ("train", "attack", "print", 2), ("test", "attack", "print", 1))
REPORT = BuildReport(8, 6, 2, {"no_face": 1, "timeout": 1}, 3, 0, table=TABLE)


def card(report: BuildReport = REPORT, synthetic: Any = (), **settings: Any) -> str:
    return dataset_card(report, {**SETTINGS, **settings}, version="1.2.3", synthetic=synthetic)


def head(text: str) -> dict[str, Any]:
    _, front, _ = text.split("---\n", maxsplit=2)
    return yaml.safe_load(front)


def files(text: str) -> dict[str, dict[str, Any]]:
    """Paths by split, of each configuration."""
    configs = head(text).get("configs", [])
    return {c["config_name"]: {f["split"]: f["path"] for f in c["data_files"]} for c in configs}


def rows(text: str, first: str) -> list[list[str]]:
    """Cells of the table whose head begins with `first`."""
    lines = iter(text.splitlines())
    while not next(lines).startswith(f"| {first} |"):
        pass
    assert set(next(lines)) <= set("| -")
    found = []
    for line in lines:
        if not line.startswith("| "):
            break
        found.append([cell.strip() for cell in line[1:-1].split("|")])
    return found


def test_the_head_names_tags_and_the_files_of_each_split_in_order():
    text = card()
    assert text.startswith("---\n")
    assert head(text)["tags"] == ["face-anti-spoofing", "presentation-attack-detection"]
    assert files(text) == {
        "default": {"train": "data/captured/train-*.parquet", "test": "data/captured/test-*.parquet"}
    }
    assert list(files(text)["default"]) == ["train", "test"]


def test_synthetic_clips_have_a_configuration_of_their_own_and_one_with_all():
    captured, made = "data/captured/{}-*.parquet", "data/synthetic/{}-*.parquet"
    found = files(card(synthetic=[("train", "attack", "print", 4), ("dev", "attack", "print", 1)]))
    assert list(found) == ["default", "synthetic", "all"]
    assert found["default"] == {split: captured.format(split) for split in ("train", "test")}
    assert found["synthetic"] == {split: made.format(split) for split in ("train", "dev")}
    assert found["all"] == {
        "train": [captured.format("train"), made.format("train")],
        "dev": made.format("dev"),
        "test": captured.format("test"),
    }


def test_a_data_set_without_clips_names_no_files():
    text = card(BuildReport(1, 0, 1, {"no_face": 1}, 1, 0))
    assert "configs" not in head(text)
    made = [("train", "attack", "print", 4)]
    assert list(files(card(BuildReport(1, 0, 1, {}, 1, 0), synthetic=made))) == ["synthetic", "all"]


def test_sums_are_told_and_tabulated():
    text = card()
    assert "Built by specaug 1.2.3: 8 sources, 6 clips, 2 failures." in text
    assert rows(text, "split") == [[str(value) for value in row] for row in TABLE]
    assert rows(text, "failure") == [["no_face", "1"], ["timeout", "1"]]
    assert "| failure |" not in card(BuildReport(1, 1, 0, {}, 1, 0, table=TABLE[:1]))


def test_synthetic_clips_are_tabulated_only_where_there_are_some():
    assert "## Synthetic clips" not in card()
    text = card(synthetic=[("train", "attack", "print", 4)])
    assert rows(text.partition("## Synthetic clips")[2], "split") == [["train", "attack", "print", "4"]]


def test_every_setting_is_listed_by_name():
    table = rows(card(), "setting")
    assert table == [[name, f"`{SETTINGS[name]}`".replace("[", "&#91;")] for name in sorted(SETTINGS)]


@pytest.mark.parametrize(("align", "warp"), [("clip", "clip"), ("box", "clip"), ("frame", "frame")])
def test_the_text_says_how_often_the_crop_follows_the_face(align, warp):
    text = card(align=align, frames=11)
    assert f"up to 11 frames, cropped by one {'fixed ' * (warp == 'clip')}warp a {warp}." in text


@pytest.mark.parametrize(
    "name",
    ["a|b", "<img src=x>", "[a](http://x)", "a\nb", "&amp;", "a\r\n| x | y |", "\u2028# head", "  a  b "],
)
def test_a_species_with_an_odd_name_is_one_cell_of_text(name):
    text = card(BuildReport(1, 1, 0, {}, 1, 0, table=(("train", "attack", name, 1),)))
    ((split, label, cell, clips),) = rows(text, "split")
    assert (split, label, clips) == ("train", "attack", "1")
    assert not re.search(r"[<>\[\]|]|&(?!#\d+;)", cell)
    assert html.unescape(cell) == " ".join(name.split())
    assert files(text) == {"default": {"train": "data/captured/train-*.parquet"}}
