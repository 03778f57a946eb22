"""The README of a built data set, which Hugging Face `datasets` also reads."""

from __future__ import annotations

from collections.abc import Sequence
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
`rotation` is the clockwise turn in degrees that made the source upright, `orientation` the same as EXIF counts it,
which tells mirrored sources too. `color` says in JSON what the source's values mean: its matrix, range, transfer and
primaries, whether they were `assumed` because the file does not say, and whether HDR was `tone_mapped` or a colour
profile (`icc`) applied. Crops have square pixels whatever the source's `pixel_aspect`; `field` names the field of
interlaced video that was used, else it is `frame`.
"""

_SYNTHETIC = """## Synthetic clips

`data/synthetic` holds clips that were made from bona fide ones by a recipe: `parent_id` is the clip, `recipe` the donor
and every drawn number. They are for training; evaluate on captured clips. `load_dataset(folder)` gives captured clips,
`load_dataset(folder, "synthetic")` these, `load_dataset(folder, "all")` both.
"""

_CARE = """## Care

Faces are biometric data. The licence and the consent that cover the raw media cover these crops too; add both here
before you pass the data on. Meant for training and testing presentation attack detection, and for no other purpose that
the people shown did not agree to. What is learned holds for the attacks, devices and sessions in the data.

Every source of the raw folder is either a row here or a row in `failures/` with its stage and reason. `specaug report`
tells which classes fail more often, and what a network could learn instead of evidence. `croissant.json` describes
the data for other tools, `manifest.jsonl` holds the checksums.
"""


def dataset_card(
    report: BuildReport,
    settings: dict[str, Any],
    *,
    version: str,
    synthetic: Sequence[tuple[str, str, str, int]] = (),
) -> str:
    """Markdown with a YAML head.

    Parameters
    ----------
    report : BuildReport
    settings : dict
        What the data set was built with.
    version : str
        Version of specaug.
    synthetic : sequence of (split, label, pai, clips)
        What was made of captured clips.

    Returns
    -------
    str
        The head names the files of each split, so that no loader has to guess.
    """
    head = ["---", "tags:", "- face-anti-spoofing", "- presentation-attack-detection"]
    head += [*_configs(report.table, synthetic), "---", ""]
    warp = "one fixed warp a clip" if settings["align"] != "frame" else "one warp a frame"
    body = [
        "# Face presentation attack detection clips",
        "",
        f"Built by specaug {version}: {report.sources} sources, {report.clips} clips, {report.failures} failures.",
        "",
        *_table(("split", "label", "pai", "clips"), report.table),
        *(["", *_table(("failure", "sources"), tuple(report.by_reason.items()))] if report.by_reason else []),
        "",
        *(
            [_SYNTHETIC, *_table(("split", "label", "pai", "clips"), tuple(synthetic)), ""]
            if synthetic
            else []
        ),
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


def _configs(
    captured: Sequence[tuple[str, str, str, int]], synthetic: Sequence[tuple[str, str, str, int]]
) -> list[str]:
    """Lines that name the files of each split: of captured clips by default, of synthetic ones, and of all."""
    kinds = {"default": ["captured"], "synthetic": ["synthetic"], "all": ["captured", "synthetic"]}
    held = {"captured": {row[0] for row in captured}, "synthetic": {row[0] for row in synthetic}}
    lines: list[str] = []
    for name, origins in kinds.items() if synthetic else [("default", ["captured"])]:
        files = [(split, [o for o in origins if split in held[o]]) for split in SPLITS]
        if any(there for _, there in files):
            lines += [f"- config_name: {name}", "  data_files:"]
        for split, there in files:
            paths = [f"data/{origin}/{split}-*.parquet" for origin in there]
            if len(paths) == 1:
                lines += [f"  - split: {split}", f"    path: {paths[0]}"]
            elif paths:
                lines += [f"  - split: {split}", "    path:", *(f"    - {path}" for path in paths)]
    return ["configs:", *lines] if lines else []


def _table(names: tuple[str, ...], rows: tuple[tuple[object, ...], ...]) -> list[str]:
    lines = [names, tuple("---" for _ in names), *rows]
    return ["| " + " | ".join(_cell(value) for value in line) + " |" for line in lines]


def _cell(value: object) -> str:
    """Species come from folder names: nothing in them may break the table or become markup."""
    text = " ".join(str(value).split())
    return "".join(f"&#{ord(c)};" if c in "|<>&[]" else c for c in text)
