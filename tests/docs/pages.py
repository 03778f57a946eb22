"""The pages of the documentation, and the code that they show."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
    if "_build" not in path.parts
)


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
