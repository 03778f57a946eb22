"""How often verdicts and intervals are wrong, on simulated arms, and which differences they show.

    python benchmarks/bench_verdicts.py [--repeats 2000] [--part null hostile power intervals eer] [-j N]

Null arms are trained the same way; every "better" or "worse" is wrong. Scores are simulated with effects of subject,
of species within subject, of run and of run by species; each run has the threshold of a dev set of as many subjects.
Figures are written to ``results/verdicts.json``; ``docs/make_verdicts.py`` makes tables of them. Parts that are not
run keep the figures that are there.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from results import save
from scipy.stats import norm
from verdict_simulation import World, as_runs, batches, counted, mean_acers, wrong_of

from specaug.metrics import compare, evaluate
from specaug.metrics.error_counts import ErrorCounts
from specaug.metrics.rate_intervals import acer_interval, rate_interval, worst_interval
from specaug.metrics.verdict import judge

ALPHA = 0.05
SUBJECTS, SEEDS, NOISE, SPECIES = (6, 12, 24, 100), (3, 5, 10), (0.0, 0.25, 0.5, 1.0), (1, 2, 3)
CALIBRATION = 400_000
"""Subjects that are drawn for an expected ACER, in studies of one seed: it is known to about a tenth of a point."""
RESULT = Path(__file__).parent / "results/verdicts.json"


def studied(world: World, repeats: int, seed: int, truth: float = 0.0) -> dict[str, Any]:
    """Shares of verdicts, and how often the interval holds the true difference."""
    rng = np.random.default_rng(seed)
    words: dict[str, int] = {}
    held, seconds = 0, 0.0
    for drawn in batches(world, repeats, rng):
        wrong = wrong_of(drawn)
        for study in range(len(wrong)):
            a, b = (counted(wrong[study, arm]) for arm in range(2))
            start = time.perf_counter()
            found = judge(a, b, alpha=ALPHA)
            seconds += time.perf_counter() - start
            words[found.verdict] = words.get(found.verdict, 0) + 1
            held += found.interval[0] <= truth <= found.interval[1]
        public = compare(as_runs(drawn, 0, 0), as_runs(drawn, 0, 1), alpha=ALPHA)
        again = judge(*(counted(wrong[0, arm]) for arm in range(2)), alpha=ALPHA)
        if not np.allclose((public.p, *public.interval), (again.p, *again.interval), rtol=1e-9):
            raise AssertionError("compare and judge differ")
    return {
        **{word: words.get(word, 0) / repeats for word in ("better", "worse", "no difference shown")},
        "covered": held / repeats,
        "milliseconds": 1000 * seconds / repeats,
    }


def null_cells() -> list[World]:
    """The whole grid of arms that are trained the same way."""
    grid = itertools.product(SPECIES, SUBJECTS, SEEDS, NOISE)
    return [World(n, seeds, species, noise) for species, n, seeds, noise in grid]


def hostile_cells() -> list[tuple[str, World]]:
    """Arms with the same expected ACER in less friendly worlds; some of them have to be calibrated."""
    sizes = [(6, 3), (6, 10), (12, 3), (24, 3), (24, 5), (24, 10), (100, 3), (100, 10)]
    ways: list[tuple[str, dict[str, Any]]] = [
        ("each arm suits some subjects better", {"by_arm": 1.0, "noise": 0.5}),
        ("the same without luck of runs", {"by_arm": 1.0}),
        ("errors of a few percent", {"separation": (2.6, 2.6), "noise": 0.5}),
        ("chance level", {"separation": (0.1, 0.1), "noise": 0.5}),
        ("one presentation a class", {"rows": 1, "noise": 0.25}),
        ("six presentations a class", {"rows": 6, "noise": 0.5}),
        ("subjects who differ much", {"subject": 2.0, "by_arm": 0.5}),
        ("one species against equal ones", {"easier": (2.0, 0.0), "noise": 0.25, "species": 3}),
        ("runs of one arm scatter twice as much", {"noise": 0.25, "noise_b": 0.5}),
        ("runs of one arm scatter, of the other not", {"noise": 0.0, "noise_b": 1.0}),
    ]
    return [
        (name, World(**{"subjects": n, "seeds": seeds, "species": 2, **way}))
        for name, way in ways
        for n, seeds in sizes
    ]


def calibrated(world: World, difference: float) -> tuple[World, tuple[float, float]]:
    """The same with the second arm moved until its expected ACER is that of the first plus `difference`; both ACER."""
    one = dataclasses.replace(world, seeds=1)
    studies = max(4000, CALIBRATION // world.subjects)
    low, high = -2.0, 6.0
    for _ in range(12):
        middle = (low + high) / 2
        moved = dataclasses.replace(one, separation=(world.separation[0], middle))
        a, b = mean_acers(moved, studies // 10 if high - low > 0.5 else studies, np.random.default_rng(1))
        low, high = (middle, high) if b - a > difference else (low, middle)
    final = dataclasses.replace(world, separation=(world.separation[0], (low + high) / 2))
    a, b = mean_acers(dataclasses.replace(final, seeds=1), studies, np.random.default_rng(2))
    return final, (float(a), float(b))


def _null(task: tuple[int, World, int]) -> dict[str, Any]:
    number, world, repeats = task
    return {**_said(world), **studied(world, repeats, 1000 + number)}


def _hostile(task: tuple[int, tuple[str, World], int]) -> dict[str, Any]:
    number, (name, world), repeats = task
    truth = 0.0
    if world.noise_b is not None or world.easier[0] != world.easier[1]:
        world, (a, b) = calibrated(world, 0.0)
        truth = b - a
    return {"world": name, **_said(world), "expected": truth, **studied(world, repeats, 2000 + number)}


def _power(task: tuple[int, tuple[float, World], int]) -> dict[str, Any]:
    number, (difference, world), repeats = task
    moved, (a, b) = calibrated(world, difference)
    truth = b - a
    return {
        "difference": difference,
        **_said(world),
        "acer": a,
        "expected": truth,
        **studied(moved, repeats, 3000 + number, truth),
    }


def power_cells() -> list[tuple[float, World]]:
    """True differences of 5, 10 and 20 points from an arm with an ACER of about 27 %."""
    grid = itertools.product((-0.05, -0.1, -0.2), (6, 12, 24, 48, 100), SEEDS)
    return [(d, World(n, seeds, 2, 0.25, separation=(0.9, 0.9))) for d, n, seeds in grid]


def _said(world: World) -> dict[str, Any]:
    return {name: getattr(world, name) for name in ("subjects", "seeds", "species", "noise")}


def interval_cells() -> list[tuple[int, int, int, float, float, float]]:
    """(subjects, species, rows, subject effect, distance, how much easier the other species are)."""
    grid = itertools.product(
        (3, 5, 6, 10, 12, 20, 40), SPECIES, (1, 3, 10), (0.0, 0.7, 2.0), (2.0, 1.0, 0.3, -0.5), (0.0, 1.0)
    )
    return [cell for cell in grid if cell[1] > 1 or not cell[5]]


def _interval(task: tuple[int, tuple[int, int, int, float, float, float], int]) -> dict[str, Any]:
    """How often intervals of rates at a fixed threshold hold the rates of the population."""
    number, (n, species, rows, effect, distance, easier), repeats = task
    rng = np.random.default_rng(4000 + number)
    spread = np.hypot(1, effect)
    far = np.array([distance, *[distance] * min(species, 1), *[distance + easier] * (species - 1)]) * spread
    truths = norm.sf(far / spread)
    person = rng.normal(size=(repeats, 1, n, 1))
    own = rng.normal(size=(repeats, species + 1, n, 1))
    luck = rng.normal(size=(repeats, species + 1, n, rows))
    errors = (luck + effect * (person + own) / 2**0.5 > far[:, None, None]).sum(axis=-1).astype(float)
    total = np.full((species + 1, n), float(rows))
    names = ("bona fide", *(f"species {k}" for k in range(species)))
    truth = {"bpcer": truths[0], "apcer": truths[1:].max(), "acer": (truths[0] + truths[1:].max()) / 2}
    held, width = dict.fromkeys(truth, 0), 0.0
    for one in errors:
        counts = ErrorCounts(one[None], total, names)
        found = {
            "bpcer": rate_interval(one[0], total[0], confidence=0.95),
            "apcer": worst_interval(counts, confidence=0.95),
            "acer": acer_interval(counts, confidence=0.95),
        }
        width += found["acer"][1] - found["acer"][0]
        for name, (low, high) in found.items():
            held[name] += low <= truth[name] <= high
    return {
        **dict(zip(("subjects", "species", "rows", "effect", "distance", "easier"), task[1], strict=True)),
        **{name: count / repeats for name, count in held.items()},
        "width": width / repeats,
    }


def _eer(task: tuple[int, tuple[int, float, float], int]) -> dict[str, Any]:
    """The same of the equal error rate on dev, bona fide rows being as many as attacks."""
    number, (n, effect, distance), repeats = task
    rng = np.random.default_rng(5000 + number)
    labels, subject = np.tile([0, 0, 1, 1], n), np.repeat(np.arange(n), 4).astype(str)
    test = {"scores": [0.0, 1.0], "labels": [0, 1]}
    truth, held = float(norm.sf(distance)), 0
    for _ in range(repeats):
        person = np.repeat(effect * rng.normal(size=(n, 2)), 2, axis=1).ravel()
        scores = rng.normal(size=4 * n) + person + (2 * labels - 1) * distance * np.hypot(1, effect)
        report = evaluate({"scores": scores, "labels": labels, "subject": subject}, test, resamples=200)
        low, high = report.intervals["eer_dev"]
        held += low <= truth <= high
    return {"subjects": n, "effect": effect, "distance": distance, "covered": held / repeats}


def least_and_mean(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Coverage for each number of subjects: the least and the mean over the other settings, and where it is least."""
    found = []
    for n in sorted({cell["subjects"] for cell in cells}):
        own = [cell for cell in cells if cell["subjects"] == n]
        summary: dict[str, Any] = {"subjects": n, "worlds": len(own)}
        for name in ("apcer", "bpcer", "acer"):
            least = min(own, key=lambda cell: cell[name])
            settings = {key: least[key] for key in ("species", "rows", "effect", "distance", "easier")}
            mean = float(np.mean([cell[name] for cell in own]))
            summary[name] = {"least": least[name], "mean": mean, "least at": settings}
        summary["width of acer"] = float(np.mean([cell["width"] for cell in own]))
        found.append(summary)
    return found


PARTS: dict[str, tuple[Callable[[Any], dict[str, Any]], Callable[[], list[Any]], float]] = {
    "null": (_null, null_cells, 1),
    "hostile": (_hostile, hostile_cells, 1),
    "power": (_power, power_cells, 0.5),
    "intervals": (_interval, interval_cells, 0.5),
    "eer": (_eer, lambda: list(itertools.product((3, 6, 10, 20, 40), (0.0, 1.0), (2.0, 1.0, 0.3))), 0.25),
}
"""What is measured, its cells, and how many of the repeats it takes."""


def main() -> None:
    """Simulate, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("-j", "--jobs", type=int, default=1)
    given = parser.parse_args()
    figures = json.loads(RESULT.read_text())["figures"] if RESULT.exists() else {}
    for part in given.part:
        measure, cells, share = PARTS[part]
        repeats = max(1, round(given.repeats * share))
        tasks = [(number, cell, repeats) for number, cell in enumerate(cells())]
        found = []
        with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
            for done, result in enumerate(pool.imap(measure, tasks), start=1):
                found.append(result)
                sys.stderr.write(f"{part} {done}/{len(tasks)}: {result}\n")
        figures[part] = {
            "repeats": repeats,
            "cells": least_and_mean(found) if part == "intervals" else found,
        }
    save("verdicts", figures, "numpy", "scipy")


if __name__ == "__main__":
    main()
