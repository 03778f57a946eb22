"""Ten mistakes of a first hour: each is answered in at most four lines that end in what to type next."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pages import text_of

from specaug.install_hint import install_hint

PAGE = "docs/howto/common-mistakes.md"
LINES = 4
CALL = "from specaug_cli.main import main; main()"
ABSENT = f"import sys; sys.modules['jinja2'] = None; {CALL}"
DTYPE = """
import numpy as np, specaug
image = np.full((32, 32, 3), 200)
try:
    specaug.fda(image, image, beta=0.05)
except specaug.SpecaugError as error:
    print(error, file=sys.stderr)
"""


@dataclass(frozen=True)
class Mistake:
    """One section of the page."""

    words: tuple[str, ...]
    """What is typed after ``specaug``."""
    ends: str
    """In what the last line ends: what to type next."""
    prepare: Callable[[Path], object] = lambda work: None
    code: str = CALL


def flat(work: Path) -> None:
    (work / "faces").mkdir()
    for name in ("ann.mp4", "bob.mp4"):
        (work / "faces" / name).write_text(name)


def plural(work: Path) -> None:
    (work / "faces/trains/live/ann").mkdir(parents=True)
    (work / "faces/trains/live/ann/1.mp4").write_text("1")


def without_dev(work: Path) -> None:
    for file in (work / "out").rglob("dev-*.parquet"):
        file.unlink()


def other_shards(work: Path) -> None:
    for file in (work / "out/data").rglob("*.parquet"):
        shutil.copy(work / "table.parquet", file)


def table(work: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"image": ["a.png"], "label": [1]}), work / "table.parquet")
    other_shards(work)


TRAIN = ("train", "out", "-o", "run", "--scale", "smoke")
MISTAKES = {
    "A flat folder": Mistake(("scan", "faces"), "specaug scan RAW", flat),
    "A folder that is nearly right": Mistake(("scan", "faces"), "specaug scan RAW", plural),
    "No dev": Mistake(TRAIN, "--dev-from-train 0.2 where it has train and test", without_dev),
    "A misspelt recipe": Mistake((*TRAIN, "--recipe", "recapture-scren"), "did you mean 'recapture-screen'?"),
    "A misspelt option": Mistake(
        ("build-dataset", "raw", "out", "--detektor", "yunet"), "specaug build-dataset --help"
    ),
    "Other settings in the same OUT": Mistake(
        ("build-dataset", "raw", "out", "--frames", "4", "--size", "128"), "another folder, or --overwrite."
    ),
    "No GPU": Mistake((*TRAIN, "--device", "cuda"), "--device cpu"),
    "A folder of shards, not OUT": Mistake(("train", "out/data", "-o", "run"), "did you mean 'out'?"),
    "Shards of another program": Mistake(TRAIN, "name a folder that `specaug build-dataset RAW OUT` made", table),
    "A package that is missing": Mistake(
        ("report", "out", "-o", "report.html"), install_hint("report"), code=ABSENT
    ),
    "Images of another dtype": Mistake((), "image.astype('uint8')", code=f"import sys{DTYPE}"),
}  # fmt: skip


def sections() -> dict[str, str]:
    """Title to text."""
    parts = re.split(r"^## (.+)\n", text_of(PAGE), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def told(mistake: Mistake, work: Path) -> str:
    """What a user reads on stderr; the command is called as it is installed."""
    code = f"import sys; sys.argv[0] = 'specaug'\n{mistake.code}"
    done = subprocess.run(
        [sys.executable, "-c", code, *mistake.words], cwd=work, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.stderr.strip()


@pytest.mark.parametrize("title", MISTAKES)
def test_a_mistake_is_answered_with_what_to_type_next(title, at_work):
    mistake = MISTAKES[title]
    if "train" in mistake.words:
        torch = pytest.importorskip("torch", reason="torch is an optional dependency")
        if "cuda" in mistake.words and torch.cuda.is_available():
            pytest.skip("there is a GPU")
    mistake.prepare(at_work)
    answer = told(mistake, at_work)
    assert len(answer.splitlines()) <= LINES
    assert answer.endswith(mistake.ends)
    section = sections()[title]
    (shown,) = re.findall(r"^```text\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert shown.split() == answer.split(), answer
    command = " ".join(mistake.words)
    assert f"`specaug {command}`" in section if command else "specaug.fda" in section


def test_the_page_has_these_mistakes_and_no_others():
    assert list(sections()) == list(MISTAKES)
