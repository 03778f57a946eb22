"""Simulated sets for experiments: several demo sets in one, so that more devices are met than one has."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from specaug import build_dataset
from specaug.demo_data import demo
from specaug.records import BuildConfig


def joined_demo(folder: Path, *, seeds: Sequence[int], subjects: int, jobs: int) -> Path:
    """Shards of demo sets with these seeds, `subjects` in each, made once.

    Every seed has cameras, displays and printers of its own for each split.
    """
    raw, out = folder / "raw", folder / "out"
    for seed in seeds:
        part = folder / f"part-{seed}"
        if not raw.is_dir() and not part.is_dir():
            demo(part, subjects=subjects, seed=seed, jobs=jobs)
    if not raw.is_dir():
        making = folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        for seed in seeds:
            for path in sorted((folder / f"part-{seed}").glob("**/s[0-9]*")):
                inside = path.relative_to(folder / f"part-{seed}")
                shutil.copytree(path, making / inside.with_name(f"{seed}-{path.name}"))
        making.rename(raw)
        for seed in seeds:
            shutil.rmtree(folder / f"part-{seed}")
    build_dataset(raw, out, BuildConfig(jobs=jobs))
    return out
