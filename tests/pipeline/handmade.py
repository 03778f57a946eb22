"""Sources, clips and finished shards that are made by hand: no media, no decoder, no detector."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from specaug.catalog import Catalog
from specaug.records import Clip, Failure, MediaInfo, Source

PNG = b"\x89PNG\r\n\x1a\n"


def raw_with(root: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def source(path: str, **fields: Any) -> Source:
    """An attack if its path says so, bona fide else; with an id that follows from the path."""
    attack = {"label": "attack", "pai": "print"} if "spoof" in path else {"label": "bonafide"}
    digest = hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return Source(path, **{**attack, "source_id": digest, **fields})


def catalog(
    *sources: Source, broken: Sequence[tuple[Source, str]] = (), notes: Sequence[str] = ()
) -> Catalog:
    return Catalog("folders", sources, (), tuple(broken), tuple(notes))


def failure(item: Source, reason: str = "no_face", **fields: Any) -> Failure:
    """That a source gave nothing."""
    return Failure(
        item.source_id, item.path, item.split, **{"stage": "detect", "reason": reason, "detail": "", **fields}
    )


def clip(item: Source, number: int = 0, content: bytes = b"a", frames: int = 2) -> Clip:
    """A clip whose frames are told by `content`."""
    zeros = [np.full(frames, value, np.float32) for value in (0.5, 1.5, 0.25)]
    return Clip(
        f"{item.source_id}-{number:03d}",
        item,
        MediaInfo("video", 64, 48, 10, np.arange(10) / 25, np.array([0]), 25.0),
        (PNG + content,) * frames,
        np.arange(frames, dtype=np.int32),
        *zeros,
        np.zeros((frames, 4), np.float32),
        np.zeros((frames, 5, 2), np.float32),
        np.zeros((frames, 2, 3), np.float32),
    )
