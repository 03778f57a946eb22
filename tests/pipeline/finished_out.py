"""A finished OUT without a build: clips with known pixels, receipts, plan and pages as the library writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from specaug.pipeline.finalization import finalize_locked
from specaug.pipeline.plan import Plan, load_plan, save_plan
from specaug.records import LABELS, BuildConfig, Failure, ImageFormat, Receipt, ShardPlan, Source
from specaug.shards import (
    ClipWriter,
    data_file,
    encode_image,
    failures_file,
    sha256,
    write_failures,
    write_receipt,
    writer,
)

SIZE = 16
Rows = Sequence[dict[str, Any]]


def pixels(number: int, *, n: int = 2, size: int = SIZE) -> np.ndarray:
    """(n, size, size, 3) uint8 away from black and white, other pixels for every number."""
    return np.random.default_rng(number).integers(60, 190, (n, size, size, 3), np.uint8)


def row_of(
    number: int, *, pai: str = "none", n: int = 2, image_format: ImageFormat = "png", **changes: Any
) -> dict[str, Any]:
    """A captured clip of its own source and subject, or what `changes` makes of it."""
    data = [encode_image(frame, image_format=image_format) for frame in pixels(number, n=n)]
    frames = {"frames_raw": b"".join(data)} if image_format == "raw" else {}
    return {
        "clip_id": f"c{number}",
        "source_id": f"s{number}",
        "parent_id": None,
        "dataset": "made",
        "split": "train",
        "pai": pai,
        "subject": f"p{number}",
        "origin": "captured",
        "label": int(pai != "none"),
        "frame_index": list(range(n)),
        "scale": [1.5] * n,
        **(frames or {"frames": [{"bytes": item, "path": None} for item in data]}),
        **changes,
    }


def write_shard(
    out: Path,
    name: str,
    rows: Rows,
    *,
    plan_hash: str,
    origin: Any = "captured",
    failures: Sequence[Failure] = (),
    image_format: ImageFormat = "png",
    group: int = 256,
) -> Receipt:
    """Files and receipt of one shard."""
    data, lost = data_file(out, name, origin=origin), failures_file(out, name, origin=origin)
    data.parent.mkdir(parents=True, exist_ok=True)
    lost.parent.mkdir(parents=True, exist_ok=True)
    if rows:
        with (
            mock.patch.object(writer, "GROUP_ROWS", group),
            ClipWriter(data, image_format=image_format, size=SIZE) as stream,
        ):
            for row in rows:
                stream.write(row)
    if failures:
        write_failures(lost, failures)
    whole = Counter(failure.reason for failure in failures if failure.frame_index is None)
    sources = len({row["source_id"] for row in rows}) if origin == "captured" else 0
    receipt = Receipt(
        name,
        plan_hash,
        name.split("-")[0],  # type: ignore[arg-type]
        len(rows),
        data.stat().st_size if rows else 0,
        sha256(data) if rows else "",
        len(failures),
        sha256(lost) if failures else "",
        sources + whole.total(),
        sources,
        groups=tuple(
            (*key, n) for key, n in sorted(Counter((LABELS[r["label"]], r["pai"]) for r in rows).items())
        ),
        reasons=tuple(sorted(whole.items())),
        origin=origin,
    )
    write_receipt(out, receipt)
    return receipt


def write_out(
    out: Path,
    shards: Mapping[str, Rows],
    *,
    failures: Mapping[str, Sequence[Failure]] | None = None,
    image_format: ImageFormat = "png",
    group: int = 256,
) -> Path:
    """An OUT of captured shards by name, such as ``train-00000-of-00001``."""
    lost = failures or {}
    config = BuildConfig(frames=2, size=SIZE, min_face=8, image_format=image_format)
    plans = []
    for name, rows in shards.items():
        known = tuple(failure for failure in lost.get(name, ()) if failure.frame_index is None)
        sources = {row["source_id"]: row for row in rows}
        plans.append(
            ShardPlan(
                name,
                name.split("-")[0],  # type: ignore[arg-type]
                tuple(
                    Source(
                        f"{key}.mp4",
                        LABELS[row["label"]],
                        pai=row["pai"],
                        subject=row["subject"],
                        split=row["split"],
                        source_id=key,
                    )
                    for key, row in sources.items()
                ),
                known,
            )
        )
    plan = Plan({**config.content_settings(), "detector_version": "1"}, tuple(plans))
    save_plan(out, plan)
    for shard in plan.shards:
        write_shard(
            out,
            shard.name,
            shards[shard.name],
            plan_hash=shard.hash,
            failures=lost.get(shard.name, ()),
            image_format=image_format,
            group=group,
        )
    finalize_locked(out, plan)
    return out


def finalized(out: Path) -> Path:
    """OUT with pages that fit its receipts as they are now."""
    plan = load_plan(out)
    assert plan is not None
    finalize_locked(out, plan)
    return out
