"""A small OUT without a build: shards, failures, plan and manifest, with names that mean harm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from specaug.records import BuildConfig, Clip, Failure, MediaInfo, Source
from specaug.shards import ClipWriter, encode_image, write_failures, write_json

SIDE, FRAMES = 48, 3
HOSTILE = '<img src=x onerror="document.title=1">&</script><script>document.title=1</script>'


def source(n: int, **changes: object) -> Source:
    """Bona fide for even n, else a print; subjects by fours."""
    label = "attack" if n % 2 else "bonafide"
    made = Source(
        path=f"train/{n}.mp4",
        label=label,  # type: ignore[arg-type]
        pai="print" if n % 2 else "none",
        subject=f"s{n // 4}",
        device="phone",
        dataset="made",
        source_id=f"{n:032x}",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def picture(n: int) -> np.ndarray:
    """Smooth for bona fide, with a fine wave for attacks; another one for each n."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    angle = n * 2.399963
    base = 120 + 60 * np.sin((x * np.cos(angle) + y * np.sin(angle)) / (5 + n % 3) + n)
    wave = 25 * np.cos(2 * np.pi * 0.35 * x) if n % 2 else 0
    return np.clip(np.stack([base + wave, base * 0.9 + wave, base * 0.8 + wave], axis=-1), 0, 255).astype(
        np.uint8
    )


def clip(made: Source, n: int, *, scale: float = 1.5, image_format: str = "png") -> Clip:
    """A clip of FRAMES equal frames."""
    data = encode_image(picture(n), image_format=image_format)  # type: ignore[arg-type]
    info = MediaInfo("video", 640, 480, 30, np.arange(30) / 30, np.array([0]), fps=30)
    return Clip(
        f"{made.source_id}-000",
        made,
        info,
        (data,) * FRAMES,
        frame_index=np.arange(FRAMES, dtype=np.int32) * 10,
        score=np.full(FRAMES, 0.9, np.float32),
        scale=np.full(FRAMES, scale, np.float32),
        padding=np.full(FRAMES, 0.01 * (n % 5), np.float32),
        box=np.ones((FRAMES, 4), np.float32),
        landmarks=np.ones((FRAMES, 5, 2), np.float32),
        warp=np.ones((FRAMES, 2, 3), np.float32),
    )


def write_out(
    out: Path,
    clips: Sequence[Clip],
    failures: Sequence[Failure] = (),
    *,
    planned: Sequence[Source] = (),
    image_format: str = "png",
) -> Path:
    """An OUT that holds these clips, a file a split."""
    (out / "data" / "captured").mkdir(parents=True)
    (out / "failures").mkdir()
    for split in sorted({c.source.split for c in clips}):
        path = out / f"data/captured/{split}-00000-of-00001.parquet"
        with ClipWriter(path, image_format=image_format, size=SIDE) as writer:  # type: ignore[arg-type]
            for made in clips:
                if made.source.split == split:
                    writer.write(made)
    if failures:
        write_failures(out / "failures/failures-train-00000-of-00001.parquet", failures)
    if planned:
        plan = {"shards": [{"sources": [asdict(s) for s in planned], "known": []}]}
        write_json(out / ".specaug" / "plan.json", plan, out=out)
    settings = BuildConfig(size=SIDE, frames=FRAMES).content_settings()
    (out / "manifest.jsonl").write_text(json.dumps({"settings": settings, "specaug": "0"}) + "\n")
    return out


def add_synthetic(out: Path, *, split: str = "train") -> None:
    """Synthetic attacks made of the bona fide clips of train."""
    table = pq.read_table(out / "data/captured/train-00000-of-00001.parquet")
    rows = [row for row in table.to_pylist() if row["label"] == 0]
    made = [
        row
        | {"parent_id": row["clip_id"], "clip_id": f"{row['clip_id']}-syn", "origin": "synthetic"}
        | {"label": 1, "pai": "print/synthetic", "split": split, "recipe": '{"moire": 1}', "source_id": None}
        for row in rows
    ]
    path = out / f"data/synthetic/{split}-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(made, schema=table.schema), path)
