"""Recipes instead of attacks: how near does training on made attacks come to training on real ones?

    python benchmarks/bench_recipes.py FOLDER --first-seed N [--sets 3] [--subjects 32] [--seeds 5] [-j 2]

Arms that have no attack in training are compared with ``control`` (blur, JPEG and colour in place of attacks) and with
``real``. FOLDER keeps the simulated sets, the shards and the runs; started again, it goes on. Every set has its own
devices for each split, so test shows displays, printers and cameras that neither training nor dev has seen.

Take a seed that no recipe was chosen with: what was tuned on a test set says nothing about another.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from demo_sets import joined_demo
from results import save

from specaug.metrics import interval, subject_weights
from specaug.training import ablate
from specaug.training.ablation import outcome_of
from specaug.training.arms import BASELINE, CONTROL
from specaug.training.comparison import Outcome
from specaug.training.train_config import preset

ARMS = (CONTROL, "traces", "profile", "mix-high", "bandpass", "mixed")
RESAMPLES = 2000


def acers(runs: Sequence[Outcome], units: np.ndarray, subjects: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """ACER, averaged over seeds, in each resample of subjects and seeds; the first is the set as it is."""
    rates = [sum(run.rates(units, subjects)) / 2 for run in runs]
    return np.asarray(np.sum(seeds.T * np.stack(rates), axis=0) / len(runs))


def ways(outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, dict[str, Any]]:
    """How far each arm is from the control, and which share of the way to real attacks that is."""
    first = outcomes[BASELINE][0]
    names, units = np.unique(first.subject, return_inverse=True)
    rng, n_seeds = np.random.default_rng(0), len(outcomes[BASELINE])
    subjects, seeds = (
        np.vstack([np.ones((1, n)), subject_weights(n, resamples=RESAMPLES, rng=rng)])
        for n in (len(names), n_seeds)
    )
    found = {name: acers(runs, units, subjects, seeds) for name, runs in outcomes.items()}
    real, control = found[BASELINE], found[CONTROL]
    result = {}
    for name, values in found.items():
        nearer, halfway = control - values, (control + real) / 2 - values
        result[name] = {
            "acer": float(values[0]),
            "below control": float(nearer[0]),
            "below control, interval": interval(nearer[1:], confidence=0.95),
            "share of the way": float(nearer[0] / (control - real)[0]),
            "below half the way": float(halfway[0]),
            "below half the way, interval": interval(halfway[1:], confidence=0.95),
        }
    return result


def main() -> None:
    """Make sets, train all arms, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first-seed", type=int, required=True)
    parser.add_argument("--sets", type=int, default=3)
    parser.add_argument("--subjects", type=int, default=32, help="of each set")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each arm")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--epoch-clips", type=int, default=96)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--name", default="recipes", help="of the result")
    given = parser.parse_args()
    sets = [given.first_seed + i for i in range(given.sets)]
    out = joined_demo(given.folder, seeds=sets, subjects=given.subjects, jobs=given.jobs)
    runs = given.folder / "runs"
    result = ablate(
        out,
        runs,
        arms=given.arms.split(","),
        seeds=given.seeds,
        config=preset(given.preset, epoch_clips=given.epoch_clips),
        jobs=given.jobs,
        progress=lambda what, done, total: sys.stderr.write(f"{done}/{total} runs: {what}\n"),
    )
    outcomes = {
        arm.name: [outcome_of(out, runs / arm.name / f"seed-{seed}") for seed in range(given.seeds)]
        for arm in result.arms
    }
    sys.stdout.write(f"{result}\n")
    figures = {
        "sets": sets,
        "subjects of each": given.subjects,
        "seeds": given.seeds,
        "preset": given.preset,
        "epoch clips": given.epoch_clips,
    }
    table = json.loads((runs / "ablation.json").read_text())
    save(
        given.name, {**figures, "ways": ways(outcomes), "ablation": table}, "torch", "numpy", "opencv-python"
    )


if __name__ == "__main__":
    main()
