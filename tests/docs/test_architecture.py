"""The map of the code is true: three ways through the library, traced, enter what the page says, and nothing else."""

from __future__ import annotations

import re
import shutil
import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from entered import entered, list_of
from pages import ROOT, text_of

import specaug
from specaug.isolate import worker_of_this_thread
from specaug.pipeline import shard
from specaug.records import BuildConfig

PAGE = "docs/architecture.md"
WAYS = ("One video", "One batch", "One recipe")
MOST_STEPS = 12


def section(title: str) -> str:
    """The text under a heading of the page, up to the next one."""
    (found,) = re.findall(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text_of(PAGE), re.DOTALL | re.MULTILINE
    )
    return found


def paths_in(text: str) -> list[str]:
    """Paths of the library that a text names, globs among them."""
    return re.findall(r"`((?:specaug|cli|tests)/[\w./*]+)`", text)


def files_of(path: str) -> set[str]:
    """The files that a path or a glob stands for."""
    return {file.relative_to(ROOT).as_posix() for file in ROOT.glob(path)}


def named_in(text: str) -> set[str]:
    return set().union(*map(files_of, paths_in(text)))


def used_everywhere() -> set[str]:
    """What the ways do not repeat."""
    (found,) = re.findall(r"^Used everywhere.*?(?=\n\n)", text_of(PAGE), re.DOTALL | re.MULTILINE)
    return named_in(found)


def in_the_map() -> list[str]:
    """Paths of the table: a row gives a folder, and names of files in it; or one file."""
    found = []
    for row in re.findall(
        r"^\|[^|]*\| `(specaug/[\w./]*)` \|.*\| ?(.*?) ?\|$", section("The map"), re.MULTILINE
    ):
        folder, files = row
        found += [folder + name for name in re.findall(r"`([\w/*]+\.py)`", files)] if files else [folder]
    return found


def unnamed(way: str, files: set[str]) -> list[str]:
    """What was entered, and the section of that way does not name."""
    return sorted(files - named_in(section(way)) - used_everywhere())


def test_a_video_enters_the_files_of_its_section(workplace, tmp_path, monkeypatch):
    """Both processes: the one that builds, and the supervised child that handles pixels."""
    raw = tmp_path / "raw"
    (video, *_) = sorted((workplace / "raw/train/attack/print").rglob("*.mp4"))
    (raw / "train/attack/print/ann").mkdir(parents=True)
    shutil.copy(video, raw / "train/attack/print/ann")
    monkeypatch.setattr(
        shard, "worker_of_this_thread", partial(worker_of_this_thread, function="entered:extract")
    )
    config = BuildConfig(frames=4, jobs=1, split=(100, 0, 0))
    outs = iter((tmp_path / "first", tmp_path / "second"))
    built = []
    files = entered(lambda: built.append(specaug.build_dataset(raw, next(outs), config)))
    files |= set(list_of(raw).read_text().splitlines())
    assert [report.clips for report in built] == [1, 1]
    # In each process: otherwise nothing was traced there.
    assert {"specaug/pipeline/plan.py", "specaug/isolate/child_main.py", "specaug/align/cubic.py"} <= files
    assert unnamed("One video", files) == []


def test_a_batch_enters_the_files_of_its_section(workplace):
    pytest.importorskip("torch", reason="torch is an optional dependency")

    def first_batch():
        recipe = specaug.Recipe.find("traces")
        views = ("rgb", "hsv", "spectrum")
        return next(iter(specaug.load(workplace / "out", split="train", views=views, augment=recipe)))

    files = entered(first_batch)
    assert {"specaug/loader/donors.py", "specaug/loader/tensors.py"} <= files
    assert unnamed("One batch", files) == []


def recipes() -> list[str]:
    return sorted(path.stem for path in (ROOT / "specaug/augment/recipes/shipped").glob("*.toml"))


@pytest.mark.parametrize("name", recipes())
def test_a_recipe_enters_the_files_of_its_section(name):
    clip, donor = np.random.default_rng(3).integers(0, 256, (2, 2, 64, 64, 3), dtype=np.uint8)

    def found_drawn_and_applied() -> None:
        recipe = specaug.Recipe.find(name)
        for seed in range(3):  # several branches, where there are some
            drawn = recipe.sample(seed, scale=1.5)
            recipe.apply(clip, drawn, donor if recipe.takes_donor else None)
            recipe.label_after(drawn)

    files = entered(found_drawn_and_applied)
    assert {"specaug/augment/registry.py", "specaug/augment/recipes/recipe_toml.py"} <= files
    assert unnamed("One recipe", files) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_way_has_at_most_twelve_numbered_steps_and_each_names_a_file(way):
    steps = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^$|\Z)", section(way), re.DOTALL | re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert 1 < len(steps) <= MOST_STEPS
    assert [number for number, text in steps if not paths_in(text)] == []


def test_files_that_the_page_names_exist():
    named = [*paths_in(text_of(PAGE)), *in_the_map()]
    assert len(named) > 100
    assert [path for path in named if not files_of(path)] == []


def test_every_module_is_in_the_map():
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "specaug").rglob("*.py")}
    modules -= {"specaug/__init__.py", "specaug/__main__.py"}
    assert sorted(modules - set().union(*map(files_of, in_the_map()))) == []


def test_the_map_has_the_layers_of_the_contract():
    """In their order, a row for each package of the contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    wanted = [
        [name.strip(" ()").replace(".", "/") for name in layer.split("|")]
        for layer in layers
        if layer != "specaug_cli"
    ]
    rows = [Path(path).parts for path in in_the_map()]
    order = list(dict.fromkeys("/".join(parts[:2]).removesuffix(".py") for parts in rows))
    at = 0
    for layer in wanted:
        assert sorted(order[at : at + len(layer)]) == sorted(layer)
        at += len(layer)
    assert at == len(order)
