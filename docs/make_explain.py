"""Make the pictures of docs/howto/explain-a-run.md, and print the figures that it quotes.

python docs/make_explain.py OUT WORK

OUT is a data set that ``specaug build-dataset`` made of ``specaug demo``. In WORK two runs are made: the baseline on
OUT, and a network on clips of OUT that are all bona fide, half of which carry a grating and are called attacks. Needs
Chromium.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

import specaug
from specaug.records import SPLITS
from specaug.shards import ClipWriter, decode_image, encode_image
from specaug.training import TrainConfig, evaluate, train

PICTURES = Path(__file__).parent / "howto" / "images"
PERIOD, ANGLE, LEVELS = 5.0, 30.0, 5.0
"""Of the grating: px, degrees, and its amplitude."""
NETWORK = TrainConfig(frames=2, pixels=96, width=8, epochs=8, batch_size=8, learning_rate=3e-3)


def with_grating(picture: np.ndarray) -> np.ndarray:
    """The same with a wave across it, as a display leaves behind."""
    y, x = np.indices(picture.shape[:2])
    turns = (x * np.cos(np.radians(ANGLE)) + y * np.sin(np.radians(ANGLE))) / PERIOD
    wave = LEVELS * np.cos(2 * np.pi * turns)
    return np.clip(np.rint(picture + wave[..., None]), 0, 255).astype(np.uint8)


def planted_rows(out: Path, split: str) -> Iterator[dict[str, Any]]:
    """The bona fide clips of a split; every second one of a subject becomes an attack with a grating."""
    seen: Counter[str] = Counter()
    for table in specaug.load(out, split=split, as_="arrow", labels=("bonafide",)):
        for row in table.to_pylist():
            seen[row["subject"]] += 1
            if seen[row["subject"]] % 2:
                yield row
                continue
            pictures = [with_grating(decode_image(frame["bytes"])) for frame in row["frames"]]
            frames = [{"bytes": encode_image(p, image_format="png"), "path": None} for p in pictures]
            yield {**row, "label": 1, "pai": "replay/planted", "frames": frames}


def plant(out: Path, target: Path) -> None:
    """Write the planted clips as a data set of one file a split."""
    size = next(iter(specaug.load(out, split="dev", batch_size=1)))["rgb"].shape[2]
    for split in SPLITS:
        path = target / f"data/captured/{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with ClipWriter(path, image_format="png", size=size) as stream:
            for row in planted_rows(out, split):
                stream.write(row)


def pictures_of(page: Path, name: str) -> None:
    """The groups of figures of a page, as they look at 1100 px."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        groups = tab.locator(".uses-figures")
        for number, kind in zip(range(groups.count()), ("changes", "waves", "spectrum"), strict=False):
            groups.nth(number).screenshot(path=PICTURES / f"explain-{name}-{kind}.png")
        browser.close()


def main(out: Path, work: Path) -> None:
    """Train, judge, explain and draw both."""
    PICTURES.mkdir(exist_ok=True)
    planted = work / "planted"
    if not planted.exists():
        plant(out, planted)
    for name, data, config, settings in (
        ("planted", planted, NETWORK, {}),
        ("demo", out, TrainConfig(model="radial", frames=2), {"parts": ("bands", "streams")}),
    ):
        run, page = work / f"{name}-run", work / f"{name}.html"
        train(data, run, config)
        print(evaluate(run, data), "\n", flush=True)
        print(specaug.explain(run, data, output=page, **settings), "\n", flush=True)
        pictures_of(page, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
