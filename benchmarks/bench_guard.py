"""How often the clip guard weakens FDA and a full mix: share of pairs of bona fide clips of OUT, by strength.

``python benchmarks/bench_guard.py OUT``, such as the folder that ``make demo`` builds. Pairs are of different subjects
of split train, drawn with seed 0; the first frame of each clip is used.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from results import save

from specaug.augment import FdaParams, SpectralMixParams
from specaug.augment.mixing import apply_fda, apply_spectral_mix

BETAS = (0.01, 0.05, 0.09)


def first_frames(out: Path) -> list[tuple[str, np.ndarray]]:
    """Subject and first frame of each bona fide clip of split train."""
    found = []
    for file in sorted(out.glob("data/captured/train-*.parquet")):
        table = pq.read_table(file, columns=["label", "subject", "frames"])
        for row in table.to_pylist():
            if row["label"] == 0:
                data = np.frombuffer(row["frames"][0]["bytes"], np.uint8)
                found.append((row["subject"], cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)))
    return found


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pairs", type=int, default=400)
    arguments = parser.parse_args()
    clips = first_frames(arguments.out)
    pairs = [(a, b) for a in range(len(clips)) for b in range(len(clips)) if clips[a][0] != clips[b][0]]
    order = np.random.default_rng(0).permutation(len(pairs))[: arguments.pairs]
    chosen = [(clips[pairs[i][0]][1], clips[pairs[i][1]][1]) for i in order]
    figures: dict[str, object] = {
        "clips": len(clips),
        "subjects": len({subject for subject, _ in clips}),
        "pairs": len(chosen),
    }
    for beta in BETAS:
        halved = [int(apply_fda(x, r, FdaParams(beta)).halvings) for x, r in chosen]
        figures[f"weakened, fda, beta {beta}"] = round(float(np.mean(np.array(halved) > 0)), 4)
    halved = [int(apply_spectral_mix(x, r, SpectralMixParams(1.0)).halvings) for x, r in chosen]
    figures["weakened, mix of all frequencies, strength 1"] = round(float(np.mean(np.array(halved) > 0)), 4)
    save("guard", figures, "numpy", "scipy")


if __name__ == "__main__":
    main()
