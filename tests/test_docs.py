"""The code that the documentation shows runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import warnings
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from specaug.build import build_dataset
from specaug.demo import make_demo
from specaug.records import BuildConfig
from specaug_cli.main import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
    if "_build" not in path.parts
)
ELSEWHERE = ("make", "pip", ".venv/bin/pip", "git", "cd")
"""Commands of a page that tests leave out: they make the environment that the tests run in."""


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, *kinds: str) -> list[str]:
    """Code blocks of these languages."""
    return re.findall(rf"^```(?:{'|'.join(kinds)})\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)


def python_blocks(page: str) -> list[str]:
    """Those that use the library."""
    return [code for code in blocks(page, "python") if "specaug" in code or "load_dataset" in code]


def commands(page: str) -> list[list[str]]:
    """Words of every call of specaug in a page, without comments, continued lines joined."""
    text = "\n".join(blocks(page, "sh", "console", "bash")).replace("\\\n", " ")
    calls = re.findall(r"(?:^|[\s/'\"])specaug ((?:[^\n#&|;'\"]|\"[^\"\n]*\")*)", text)
    return [call.replace('"', "").split() for call in calls]


@pytest.fixture(scope="session")
def workplace(tmp_path_factory) -> Path:
    """``raw`` and ``out`` of a small simulated set, the same without splits, and named as OULU-NPU does."""
    folder = tmp_path_factory.mktemp("docs")
    make_demo(folder / "raw", subjects=3, seed=1, jobs=1, frames=4, size=(320, 240))
    build_dataset(folder / "raw", folder / "out", BuildConfig(frames=4, jobs=1))
    for split, user in (("Train", "01"), ("Dev", "21"), ("Test", "36")):
        for kind, number in (("bonafide", 1), ("attack/print", 2), ("attack/replay", 4)):
            session = 3 if split == "Test" else 1
            source = sorted((folder / "raw").glob(f"*/{kind}/*/*.mp4"))[int(user) // 20]
            target = folder / f"oulu/{split}_files/1_{session}_{user}_{number}.avi"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for path in (folder / "raw").glob("*/*"):
        if path.is_dir():
            shutil.copytree(path, folder / "unsplit" / path.name, dirs_exist_ok=True)
    (folder / "key.txt").write_text("a key of thirty-two letters or more, for tests")
    return folder


@pytest.fixture
def at_work(workplace, tmp_path, monkeypatch) -> Path:
    """A copy of the workplace as the current folder."""
    shutil.copytree(workplace, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


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
        warnings.filterwarnings("ignore", module="datasets|multiprocess|dill|torch")
        for code in python_blocks(page):
            exec(compile(code, page, "exec"), names)  # the page is ours


@pytest.mark.parametrize("page", [p for p in PAGES if p.startswith("docs/howto/")] + ["docs/index.md"])
def test_commands_of_how_tos_run_as_they_stand(page, at_work):
    if re.search(r"build-dataset raw out(\s|$)", text_of(page)):
        shutil.rmtree("out")  # the page builds it itself
    for line in "\n".join(blocks(page, "sh", "console", "bash")).splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] in ELSEWHERE:
            continue
        assert words[0] == "specaug", f"{page}: a command that nobody runs: {line}"
        if words[1] == "build-dataset":
            words += ["--frames", "2", "--jobs", "1"]
        result = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
        assert result.exit_code == 0, (line, result.output)


def calls():
    return [
        pytest.param(words, id=f"{page}: {' '.join(words)[:60]}")
        for page in PAGES
        for words in commands(page)
    ]


@pytest.mark.parametrize("words", calls())
def test_commands_and_options_of_every_page_exist(words):
    assert words, "specaug without a command"
    command = cli.commands.get(words[0])
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
