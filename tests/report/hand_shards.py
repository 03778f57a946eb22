"""Shards, failures and plans that are written row by row, so that each column of a row can be chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from specaug.shards import FAILURE_SCHEMA, clip_schema

SIDE = 32


def source_id(n: int) -> str:
    return f"{n:032x}"


def clip_row(n: int = 0, **changes: Any) -> dict[str, Any]:
    """A captured bona fide clip of train; `frames` are (SIDE, SIDE, 3) uint8 arrays."""
    row = {
        **{"clip_id": f"{source_id(n)}-000", "source_id": source_id(n), "parent_id": None},
        **{"dataset": "made", "split": "train", "label": 0, "pai": "none", "origin": "captured"},
        **{"subject": "s1", "session": None, "device": "phone", "recipe": None},
        **{"source_path": f"train/{n}.mp4", "frame_index": [0], "pts_seconds": [0.0]},
        **{"score": [0.9], "scale": [1.5], "padding": [0.0]},
        **{"source_width": 640, "source_height": 480, "fps": 25.0, "source_frames": 50},
        "frames": [flat(100)],
    }
    return row | changes


def attack_row(n: int = 1, **changes: Any) -> dict[str, Any]:
    return clip_row(n, **{"label": 1, "pai": "print", **changes})


def synthetic_row(n: int, parent: str, **changes: Any) -> dict[str, Any]:
    """A synthetic print made of the clip `parent`."""
    made = {"parent_id": parent, "source_id": None, "origin": "synthetic", "pai": "print/synthetic"}
    return attack_row(n, **{**made, **changes})


def flat(level: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), level, np.uint8)


def noisy(seed: int) -> np.ndarray:
    """Blocks of random brightness: no two seeds look alike."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 16, 1), dtype=np.uint8)
    return np.repeat(np.repeat(small, 2, axis=0), 2, axis=1).repeat(3, axis=2)


def write_shard(
    out: Path, rows: Sequence[Mapping[str, Any]], name: str = "captured/a", *, group_rows: int = 1000
) -> Path:
    """One file of clips, `group_rows` rows in a row group."""
    schema = clip_schema(image_format="raw", size=SIDE)
    plain = [
        {k: v for k, v in row.items() if k != "frames"} | {"frames_raw": np.stack(row["frames"]).tobytes()}
        for row in rows
    ]
    path = out / "data" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(plain, schema=schema), path, row_group_size=group_rows)
    return path


def failure_row(n: int, stage: str = "detect", reason: str = "no_face", **changes: Any) -> dict[str, Any]:
    row = {"source_id": source_id(n), "source_path": f"train/{n}.mp4", "split": "train", "stage": stage}
    return row | {"reason": reason, "detail": "why", "attempts": 1, "frame_index": None} | changes


def write_failure_file(out: Path, rows: Sequence[Mapping[str, Any]], name: str = "a", **how: Any) -> None:
    path = out / "failures" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=FAILURE_SCHEMA), path, **how)


def write_plan(out: Path, classes: Mapping[tuple[str, str], Sequence[int]]) -> None:
    """A plan with the sources of these numbers, by (label, pai)."""
    sources = [
        {"source_id": source_id(n), "label": label, "pai": pai, "path": f"train/{n}.mp4"}
        for (label, pai), numbers in classes.items()
        for n in numbers
    ]
    path = out / ".specaug" / "plan.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"shards": [{"sources": sources}]}, indent=0, sort_keys=True))


def write_manifest(out: Path, **head: Any) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "manifest.jsonl").write_text(json.dumps({"settings": {}, "specaug": "0"} | head) + "\n")
