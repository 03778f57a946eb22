"""Seconds of an evaluation with intervals: 10,000 videos, 1,000 resamples.

    python benchmarks/bench_metrics.py [VIDEOS] [RESAMPLES]

Once with 20 videos a subject, once with every video on its own, which is the most work.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
from results import save

from specaug.metrics import evaluate

REPEATS = 3


def scored(n: int, per_subject: int, *, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Overlapping scores of bona fide videos and two species."""
    pai = rng.choice(["none", "print", "replay"], n, p=(0.5, 0.25, 0.25))
    labels = (pai != "none").astype(np.int64)
    subject = np.array([f"s{i // per_subject}" for i in range(n)])
    return {"scores": rng.normal(labels, 1.0), "labels": labels, "pai": pai, "subject": subject}


def main() -> None:
    """Measure, print and save."""
    videos, resamples = (int(sys.argv[i]) if len(sys.argv) > i else n for i, n in ((1, 10_000), (2, 1_000)))
    figures: dict[str, float] = {"videos": videos, "resamples": resamples}
    for name, per_subject in (("20 videos a subject", 20), ("one video a subject", 1)):
        rng = np.random.default_rng(0)
        dev, test = (scored(videos, per_subject, rng=rng) for _ in range(2))
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            evaluate(dev, test, unseen="allow", resamples=resamples)
            seconds.append(time.perf_counter() - start)
        figures[f"seconds, {name}"] = statistics.median(seconds)
    save("metrics", figures, "numpy", "scipy")


if __name__ == "__main__":
    main()
