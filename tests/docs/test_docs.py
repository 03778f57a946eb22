"""The Python that the documentation shows runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import warnings

import click
import numpy as np
import other_packages
import pytest
from pages import PAGES, ROOT, blocks, commands, python_blocks, text_of

import specaug
import specaug.training
from specaug_cli.main import cli

OTHERS = ("albumentations", "lightning", "onnxruntime", "tensorboardX", "torchvision")
"""Packages of other people's code, which blocks may import."""
EXPORTERS = ("onnx", "onnxscript")
"""Packages that ``specaug.export`` imports."""


def one_fold(work):
    """A build and a run of the only fold that the page's table has."""
    shutil.copytree(work / "out", work / "out-M")
    specaug.train(work / "out-M", work / "run-M", specaug.training.TrainConfig(model="radial"))


PREPARED = {"docs/howto/leave-one-out.md": one_fold}


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)])
def test_code_blocks_run(page, at_work):
    pictures = np.random.default_rng(1).integers(0, 256, (2, 4, 32, 32, 3), np.uint8)
    names = {
        "image": pictures[0],
        "clip": pictures[0],
        "reference": pictures[1],
        "generator": np.random.default_rng(2),
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="datasets|multiprocess|dill|torch|lightning")
        PREPARED.get(page, lambda work: None)(at_work)
        for code in python_blocks(page):
            if absent(code):
                continue
            prepare(code)
            exec(compile(code, page, "exec"), names)  # the page is ours
    if missing := sorted({package for code in python_blocks(page) for package in absent(code)}):
        pytest.skip(f"blocks that need {', '.join(missing)}, which is not installed; the others ran")


def imported(code):
    """Packages of others that a block imports."""
    named = [name for name in OTHERS if re.search(rf"^ *(?:import|from) {name}\b", code, re.MULTILINE)]
    return [*named, *(EXPORTERS if "specaug.export(" in code else ())]


def absent(code):
    """Those that are not installed."""
    return [name for name in imported(code) if importlib.util.find_spec(name) is None]


def prepare(code):
    """What some packages need before they can be imported here."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network while importing
    for name in imported(code):
        getattr(other_packages, name, lambda: None)()


def calls():
    return [
        pytest.param(words, id=f"{page}: {' '.join(words)[:60]}")
        for page in PAGES
        for words in commands(page)
    ]


@pytest.mark.parametrize("words", calls())
def test_commands_and_options_of_every_page_exist(words):
    assert words, "specaug without a command"
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None or words[0].startswith("-"), words
    known = {name for p in getattr(command, "params", []) if isinstance(p, click.Option) for name in p.opts}
    used = {word.partition("=")[0] for word in words[1:] if re.match(r"--?[A-Za-z]", word)}
    assert used <= known | {"--help", "--version"}, words


def test_links_and_pictures_of_the_pages_exist():
    for page in PAGES:
        prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)#:]+)\)", prose)
        missing = [target for target in targets if not ((ROOT / page).parent / target).exists()]
        assert not missing, page


def test_every_operation_has_a_page():
    from specaug.augment import OPERATIONS

    listed = text_of("docs/operations/README.md")
    assert [name for name in OPERATIONS if not re.search(rf"\b{name}\b", listed)] == []


OTHER_PYTHON = {
    "docs/clusters.md": ["shows a hang of joblib with Dask: it never ends"],
    "docs/loading.md": ["pyarrow: tests/loader/test_docs.py runs it"],
    "docs/howto/logging.md": [
        "wandb: tests/training/test_logging_page.py runs it with a stand-in",
        "mlflow: tests/training/test_logging_page.py runs it with a stand-in",
    ],
}
"""Python blocks that do not use the library, by page, and who runs them or why nobody does."""


@pytest.mark.parametrize("page", PAGES)
def test_python_that_does_not_run_here_is_listed(page):
    others = [code for code in blocks(page, "python") if code not in python_blocks(page)]
    assert len(others) == len(OTHER_PYTHON.get(page, [])), page
    for code in others:
        compile(code, page, "exec")


def test_benchmarks_are_those_of_the_page_and_what_they_import_exists():
    scripts = {path.name for path in (ROOT / "benchmarks").glob("bench_*.py")}
    listed = set(re.findall(r"`(\w+\.py)`", text_of("docs/benchmarks.md")))
    assert scripts <= listed
    assert [name for name in listed if not (ROOT / "benchmarks" / name).exists()] == []
    for path in (ROOT / "benchmarks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "specaug":
                home = importlib.import_module(node.module)
                missing = [name.name for name in node.names if not exists(home, name.name)]
                assert missing == [], path.name


def exists(module, name):
    """As an attribute, or as a module within."""
    return hasattr(module, name) or importlib.util.find_spec(f"{module.__name__}.{name}") is not None
