"""Recapture of an 8-frame clip of 224 px: milliseconds a frame on one core, at the scales of usual crops.

    python benchmarks/bench_recapture.py [--repeats 15]

Times are processor seconds of this process, one thread, clip by clip; a print is made once for a clip and filmed in
each of its frames. The clip is noise: its content does not matter for the time.
"""

from __future__ import annotations

import argparse
import statistics
import time

import cv2
import numpy as np
from results import save

from specaug import Recipe

FRAMES, SIDE = 8, 224
SCALES = (1.0, 1.25, 1.5, 1.8)
RECIPES = ("recapture-screen", "recapture-print")


def milliseconds(recipe: Recipe, clip: np.ndarray, scale: float, repeats: int) -> dict[str, float]:
    """Median and extremes over as many draws."""
    times = []
    for seed in range(repeats + 1):
        drawn = recipe.sample(seed, scale=scale)
        start = time.process_time()
        recipe.apply(clip, drawn)
        times.append(1e3 * (time.process_time() - start) / len(clip))
    kept = times[1:]  # the first makes tables
    return {
        "median_ms": round(statistics.median(kept), 1),
        "least_ms": round(min(kept), 1),
        "most_ms": round(max(kept), 1),
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    clip = np.random.default_rng(0).integers(30, 220, (FRAMES, SIDE, SIDE, 3), dtype=np.uint8)
    figures = {
        name: {
            f"scale {scale:g}": milliseconds(Recipe.from_preset(name), clip, scale, repeats)
            for scale in SCALES
        }
        for name in RECIPES
    }
    settings = {"frames": FRAMES, "side": SIDE, "draws": repeats, "goal_ms": 60}
    save("recapture", {**settings, **figures}, "numpy", "opencv-python", "scipy")


if __name__ == "__main__":
    main()
