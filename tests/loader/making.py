"""Small data sets, written as shards without a build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from specaug.shards import ClipWriter, encode_image, writer

SIZE, T = 32, 3
SPECIES = ("none", "none", "print", "replay")


def frames_of(number: int, *, pai: str = "none", n: int = T, size: int = SIZE) -> np.ndarray:
    """(n, size, size, 3) uint8: smooth noise that depends on the number; attacks carry a fine grating."""
    rng = np.random.default_rng(number)
    coarse = rng.uniform(60, 190, (n, 4, 4, 3)).repeat(size // 4, axis=1).repeat(size // 4, axis=2)
    fine = rng.normal(0, 4, coarse.shape)
    wave = np.cos(2 * np.pi * 0.35 * np.arange(size))
    trace = {"none": 0.0, "print": wave[:, None, None], "replay": wave[:, None]}[pai.split("/")[0]]
    return np.clip(coarse + fine + 30 * trace, 0, 255).astype(np.uint8)


def row_of(
    number: int, *, split: str, pai: str, subject: str, n: int = T, image_format: str = "png", **more: Any
) -> dict[str, Any]:
    """A row as the schema has it."""
    frames = frames_of(number, pai=pai, n=n)
    encoded = [encode_image(frame, image_format=image_format) for frame in frames]  # type: ignore[arg-type]
    pictures = (
        {"frames_raw": b"".join(encoded)}
        if image_format == "raw"
        else {"frames": [{"bytes": data, "path": None} for data in encoded]}
    )
    return {
        "clip_id": f"{number:032x}-000",
        "source_id": f"{number:032x}",
        "dataset": "made",
        "split": split,
        "pai": pai,
        "subject": subject,
        "origin": "captured",
        "label": int(pai != "none"),
        "frame_index": list(range(n)),
        "scale": [1.5] * n,
        **pictures,
        **more,
    }


def write_rows(
    path: Path, rows: Iterable[dict[str, Any]], *, image_format: str = "png", group: int = 4
) -> None:
    """One file, `group` rows to a row group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        mock.patch.object(writer, "GROUP_ROWS", group),
        ClipWriter(path, image_format=image_format, size=SIZE) as stream,  # type: ignore[arg-type]
    ):
        for row in rows:
            stream.write(row)


def write_split(
    out: Path, split: str, *, subjects: int, first: int = 0, files: int = 2, **settings: Any
) -> None:
    """Four clips a subject (two bona fide, a print, a replay), spread over files, as a build would lay them out."""
    image_format = settings.pop("image_format", "png")
    group = settings.pop("group", 4)
    rows = [
        row_of(
            1000 * first + 4 * s + k,
            split=split,
            pai=pai,
            subject=f"{split}{s}",
            image_format=image_format,
            **settings,
        )
        for s in range(subjects)
        for k, pai in enumerate(SPECIES)
    ]
    for i in range(files):
        name = f"{split}-{i:05d}-of-{files:05d}.parquet"
        write_rows(out / "data/captured" / name, rows[i::files], image_format=image_format, group=group)
