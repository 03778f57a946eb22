"""Take the screenshots of docs/howto/my-folder.md: the report on a demonstration set, light and dark side by side.

    python docs/make_my_folder.py [FOLDER]

FOLDER keeps the set (``raw``, with one video cut short, and ``out``) and is used again where it is there. Needs
chromium and the packages of the extras ``test`` and ``report``.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import specaug

OUT = Path(__file__).parent / "howto" / "images"
SUBJECTS, FRAMES = 12, 16
CUT_BYTES = 3000
"""Of a video that was not copied to its end: its header is whole, its frames are not."""
WIDTH, HEIGHT = 700, 860
SCHEMES = ("light", "dark")


def data_set(folder: Path) -> Path:
    """The report on a set in which one file is damaged."""
    raw, out, page = folder / "raw", folder / "out", folder / "report.html"
    if not raw.exists():
        specaug.demo(raw, subjects=SUBJECTS, frames=FRAMES)
        print_folder = raw / "train/attack/print"
        whole = min(print_folder.glob("*/*.mp4"))
        (print_folder / "cut.mp4").write_bytes(whole.read_bytes()[:CUT_BYTES])
    specaug.build_dataset(raw, out)
    specaug.report(out, page)
    return page


def shot(browser: Browser, page: Path, scheme: str, selector: str | None) -> np.ndarray:
    """The page in a color scheme, its first screen or one element."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, offline=True
    )
    try:
        tab = context.new_page()
        tab.goto(page.resolve().as_uri())
        if selector:
            return _rgb(tab.locator(selector).first.screenshot())
        return _rgb(tab.screenshot())
    finally:
        context.close()


def _rgb(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def save(name: str, image: np.ndarray) -> None:
    """128 colors are enough for text and small faces, and make the file small."""
    picture = Image.fromarray(image).quantize(128, dither=Image.Dither.NONE)
    picture.save(OUT / f"{name}.png", optimize=True)


def main() -> None:
    """Make the set and take the pictures."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = data_set(Path(sys.argv[1] if len(sys.argv) > 1 else folder))
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, selector in (("report", None), ("report-failures", "#failures")):
            save(name, np.hstack([shot(browser, page, scheme, selector) for scheme in SCHEMES]))
        browser.close()


if __name__ == "__main__":
    main()
