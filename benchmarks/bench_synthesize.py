"""Synthetic clips a minute and core, PNG encoding included, and where the time goes.

    python benchmarks/bench_synthesize.py OUT [--per-clip 4] [RECIPE ...]

OUT is a built data set; it is copied, and left as it is. One process, one thread. ``clips_per_core_minute`` counts
the processor's time of all that `synthesize` does: reading shards, decoding parents and donors, the recipe, encoding,
writing, syncing, checking, manifest. ``share`` is of the wall time of the stages that are timed one by one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import cv2
from results import save

from specaug.pipeline import synthesize
from specaug.shards import find_groups

FFT_RECIPES = ("fda", "fact", "apr", "mix-high", "bandpass", "profile", "traces")
OTHERS = ("control", "recapture-screen", "recapture-print", "mixed")


def measured(out: Path, recipe: str, per_clip: int) -> dict[str, object]:
    """One recipe on a fresh copy."""
    with tempfile.TemporaryDirectory(prefix="specaug-bench-") as folder:
        copy = Path(folder) / "out"
        shutil.copytree(out, copy)
        start, wall = time.process_time(), time.perf_counter()
        report = synthesize(copy, recipe, per_clip=per_clip, jobs=1)
        used, passed = time.process_time() - start, time.perf_counter() - wall
    stages = sum(report.seconds.values())
    return {
        "clips": report.clips,
        "clips_per_core_minute": round(60 * report.clips / used),
        "clips_per_wall_minute": round(60 * report.clips / passed),
        "cpu_ms_a_clip": round(1e3 * used / report.clips, 1),
        "share": {name: round(s / stages, 3) for name, s in sorted(report.seconds.items())},
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("recipes", nargs="*", default=[*FFT_RECIPES, *OTHERS])
    parser.add_argument("--per-clip", type=int, default=4)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    shape = find_groups(given.out, split="train", origins=("captured",))[0].frame_shape
    measured(given.out, "fda", 1)  # imports and tables
    figures = {recipe: measured(given.out, recipe, given.per_clip) for recipe in given.recipes}
    settings = {"frame_shape": list(shape), "per_clip": given.per_clip, "goal_of_fft_recipes": 250}
    save("synthesize", {**settings, "recipes": figures}, "numpy", "scipy", "opencv-python", "pyarrow")


if __name__ == "__main__":
    main()
