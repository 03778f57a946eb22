"""Rows and files of clips, made without media: small pictures with known pixels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from specaug.records import Clip, ImageFormat, MediaInfo, Source
from specaug.shards import ClipWriter, encode_image, writer

SIZE = 16


def pixels(number: int, *, n: int = 2, size: int = SIZE) -> np.ndarray:
    """(n, size, size, 3) uint8, other pixels for every number."""
    return np.random.default_rng(number).integers(0, 256, (n, size, size, 3), np.uint8)


def media_of(frames: np.ndarray, image_format: ImageFormat = "png") -> dict[str, Any]:
    """The picture column of a row."""
    data = [encode_image(frame, image_format=image_format) for frame in frames]
    if image_format == "raw":
        return {"frames_raw": b"".join(data)}
    return {"frames": [{"bytes": item, "path": None} for item in data]}


def row_of(
    number: int, *, n: int = 2, size: int = SIZE, image_format: ImageFormat = "png", **changes: Any
) -> dict[str, Any]:
    """A captured bona fide clip of its own subject and source, or what `changes` makes of it."""
    return {
        "clip_id": f"clip-{number}",
        "source_id": f"source-{number}",
        "parent_id": None,
        "dataset": "made",
        "split": "train",
        "pai": "none",
        "subject": f"subject-{number}",
        "origin": "captured",
        "label": 0,
        "frame_index": list(range(n)),
        "scale": [1.5] * n,
        **media_of(pixels(number, n=n, size=size), image_format),
        **changes,
    }


def clip_of(number: int, *, image_format: ImageFormat = "png", n: int = 2, **source: Any) -> Clip:
    """A clip record whose numbers are all known."""
    facts = {"path": f"live/{number}.mp4", "label": "bonafide", "source_id": f"source-{number}", **source}
    data = tuple(encode_image(frame, image_format=image_format) for frame in pixels(number, n=n))
    return Clip(
        clip_id=f"clip-{number}",
        source=Source(**facts),
        info=MediaInfo(
            "video", 320, 240, 9, np.arange(9) / 8, np.array([0]), fps=8.0, rotation=90, missing_frames=3
        ),
        frames=data,
        frame_index=np.arange(1, n + 1, dtype=np.int32),
        score=np.linspace(0.5, 0.75, n, dtype=np.float32),
        scale=np.full(n, 1.5, np.float32),
        padding=np.linspace(0, 0.25, n, dtype=np.float32),
        box=np.arange(4 * n, dtype=np.float32).reshape(n, 4),
        landmarks=np.arange(10 * n, dtype=np.float32).reshape(n, 5, 2),
        warp=np.arange(6 * n, dtype=np.float32).reshape(n, 2, 3),
    )


def write_rows(
    path: Path,
    rows: Iterable[Clip | dict[str, Any]],
    *,
    image_format: ImageFormat = "png",
    size: int = SIZE,
    group: int = 256,
) -> Path:
    """One file of clips, `group` rows to a row group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        mock.patch.object(writer, "GROUP_ROWS", group),
        ClipWriter(path, image_format=image_format, size=size) as stream,
    ):
        for row in rows:
            stream.write(row)
    return path
