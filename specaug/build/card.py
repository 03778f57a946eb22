"""The README of a built data set, which Hugging Face `datasets` also reads."""

from __future__ import annotations

from typing import Any

from specaug.records import SPLITS, BuildReport

_USE = """## Use

```python
from datasets import load_dataset

data = load_dataset("path/to/this/folder")  # frames are PIL images, labels are 0 bonafide, 1 attack
```

A row is a clip: the same face in up to {frames} frames, cropped by {warp}. `box`, `landmarks`
(subject's right eye, left eye, nose, right and left mouth corner) and `warp` (2x3, source to crop) are in pixels
of the upright source picture, pixel centres at integers; `scale` is source pixels per crop pixel, `padding` the
share of the crop that lies outside the picture and was filled by reflection. Where the face was not found in a frame,
`score` is 0 and `box` and `landmarks` are NaN. `missing_frames` counts frames that the file promised and did not hold.
"""

_CARE = """## Care

Faces are biometric data. The licence and the consent that cover the raw media cover these crops too.
Every source of the raw folder is either a row here or a row in `failures/` with its stage and reason.
"""


def dataset_card(report: BuildReport, settings: dict[str, Any], *, version: str) -> str:
    """Markdown with a YAML head.

    Parameters
    ----------
    report : BuildReport
    settings : dict
        What the data set was built with.
    version : str
        Version of specaug.

    Returns
    -------
    str
        The head names the files of each split, so that no loader has to guess.
    """
    present = [split for split in SPLITS if any(row[0] == split for row in report.table)]
    head = ["---", "tags:", "- face-anti-spoofing", "- presentation-attack-detection"]
    if present:
        head += ["configs:", "- config_name: default", "  data_files:"]
        for split in present:
            head += [f"  - split: {split}", f"    path: data/captured/{split}-*.parquet"]
    head += ["---", ""]
    warp = "one fixed warp a clip" if settings["align"] != "frame" else "one warp a frame"
    body = [
        "# Face presentation attack detection clips",
        "",
        f"Built by specaug {version}: {report.sources} sources, {report.clips} clips, {report.failures} failures.",
        "",
        *_table(("split", "label", "pai", "clips"), report.table),
        *(["", *_table(("failure", "sources"), tuple(report.by_reason.items()))] if report.by_reason else []),
        "",
        _USE.format(frames=settings["frames"], warp=warp),
        "## Settings",
        "",
        *_table(
            ("setting", "value"), tuple((name, f"`{value}`") for name, value in sorted(settings.items()))
        ),
        "",
        _CARE,
    ]
    return "\n".join(head + body)


def _table(names: tuple[str, ...], rows: tuple[tuple[object, ...], ...]) -> list[str]:
    lines = [names, tuple("---" for _ in names), *rows]
    return ["| " + " | ".join(_cell(value) for value in line) + " |" for line in lines]


def _cell(value: object) -> str:
    """Species come from folder names: nothing in them may break the table or become markup."""
    text = " ".join(str(value).split())
    return "".join(f"&#{ord(c)};" if c in "|<>&[]" else c for c in text)
