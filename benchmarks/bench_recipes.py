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

from specaug.metrics.error_counts import ErrorCounts
from specaug.training import TrainConfig, ablate
from specaug.training.ablation import outcome_of
from specaug.training.arms import BASELINE, CONTROL
from specaug.training.comparison import Ablation, Outcome

ARMS = (CONTROL, "traces", "profile", "mix-high", "bandpass", "mixed")


def ways(result: Ablation) -> dict[str, dict[str, float]]:
    """How far each arm is from the control, and which share of the way to real attacks that is."""
    acer = {arm.name: arm.acer for arm in result.arms}
    real, control = acer[BASELINE], acer[CONTROL]
    return {
        name: {
            "acer": value,
            "below control": control - value,
            "share of the way": (control - value) / (control - real),
            "below half the way": (control + real) / 2 - value,
        }
        for name, value in acer.items()
    }


def errors(outcomes: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    """Errors by run, class and subject, so that another method can judge the same runs."""
    first = outcomes[BASELINE][0]
    _, units = np.unique(first.subject, return_inverse=True)
    counts = {
        name: ErrorCounts.of(np.stack([run.wrong for run in runs]), first.pai, units)
        for name, runs in outcomes.items()
    }
    return {
        "classes": counts[BASELINE].classes,
        "rows": counts[BASELINE].rows.astype(int).tolist(),
        "wrong": {name: found.errors.astype(int).tolist() for name, found in counts.items()},
    }


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
    parser.add_argument("--scale", default="cpu")
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
        config=TrainConfig.at_scale(given.scale, epoch_clips=given.epoch_clips),
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
        "scale": given.scale,
        "epoch clips": given.epoch_clips,
    }
    table = json.loads((runs / "ablation.json").read_text())
    found = {"ways": ways(result), "errors": errors(outcomes), "ablation": table}
    save(given.name, {**figures, **found}, "torch", "numpy", "opencv-python")


if __name__ == "__main__":
    main()
