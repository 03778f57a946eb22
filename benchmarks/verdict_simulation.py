"""Simulated arms: scores with effects of subject, species within subject and run, and thresholds from dev."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.metrics.error_counts import BONAFIDE, ErrorCounts

ROW = 1.0
"""Standard deviation of a row's luck in one run, on the logit."""
PIECE = 2_000_000
"""Scores that are drawn at once."""


@dataclass(frozen=True)
class World:
    """Two arms that judge the same subjects; effects are standard deviations on the logit."""

    subjects: int
    seeds: int
    species: int
    noise: float = 0.0
    """Of a run: on the attacks, on each class, and half of it between dev and test."""
    noise_b: float | None = None
    """Of the runs of the second arm, where it is another."""
    separation: tuple[float, float] = (1.3, 1.3)
    """Half of the distance of attacks from bona fide, of either arm."""
    easier: tuple[float, float] = (0.0, 0.0)
    """How much further the second and later species lie, of either arm."""
    by_arm: float = 0.0
    """Of subjects whom one arm happens to suit better."""
    subject: float = 0.7
    """Of a subject, of a species within a subject, and of a presentation, alike for all runs."""
    rows: int = 2
    """Presentations of each subject and class."""


def batches(world: World, repeats: int, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    """Scores and thresholds of `repeats` studies, some at a time."""
    of_one = 4 * world.seeds * (world.species + 1) * world.subjects * world.rows
    size = max(1, min(repeats, PIECE // of_one))
    for start in range(0, repeats, size):
        yield _drawn(world, min(size, repeats - start), rng)


def _drawn(world: World, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """scores (n, 2 arms, seeds, classes, subjects, rows), thresholds (n, 2, seeds)."""
    shared = {name: _shared(world, n, rng) for name in ("dev", "test")}
    scores, thresholds = [], []
    for arm in range(2):
        noise = world.noise if arm == 0 or world.noise_b is None else world.noise_b
        found = _arm(world, n, arm, noise, shared, rng)
        scores.append(found["test"])
        thresholds.append(_equal_error(found["dev"]))
    return {"scores": np.stack(scores, axis=1), "thresholds": np.stack(thresholds, axis=1)}


def _shared(world: World, n: int, rng: np.random.Generator) -> np.ndarray:
    """What is hard about a subject, about a species of that subject, and about a presentation."""
    classes, shape = world.species + 1, (world.subjects, world.rows)
    person = rng.normal(size=(n, 1, 1, world.subjects, 1))
    species = rng.normal(size=(n, 1, classes, world.subjects, 1))
    presentation = rng.normal(size=(n, 1, classes, *shape))
    return world.subject * (person + species + presentation)


def _arm(
    world: World, n: int, arm: int, noise: float, shared: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Scores of dev and test of all runs of an arm."""
    classes = world.species + 1
    middle = np.full(classes, world.separation[arm])
    middle[0] *= -1
    middle[2:] += world.easier[arm]
    attack = (np.arange(classes) > 0)[:, None, None]
    run = rng.normal(size=(n, world.seeds, 1, 1, 1)) * attack + rng.normal(
        size=(n, world.seeds, classes, 1, 1)
    )
    found = {}
    for split, hard in shared.items():
        suits = world.by_arm * rng.normal(size=(n, 1, classes, world.subjects, 1))
        luck = ROW * rng.normal(size=(n, world.seeds, *hard.shape[2:]))
        drift = 0.5 * noise * rng.normal(size=(n, world.seeds, 1, 1, 1)) * (split == "test")
        found[split] = hard + middle[:, None, None] + noise * run + suits + luck + drift
    return found


def _equal_error(scores: np.ndarray) -> np.ndarray:
    """Threshold where both errors are nearest, all attacks pooled: (n, seeds) of (n, seeds, classes, …)."""
    attack = np.repeat(np.arange(scores.shape[2]) > 0, scores[0, 0, 0].size)
    flat = scores.reshape(*scores.shape[:2], -1)
    order = np.argsort(flat, axis=-1)
    ascending = np.take_along_axis(flat, order, axis=-1)
    passed = np.cumsum(attack[order], axis=-1) / attack.sum()
    failed = 1 - np.cumsum(~attack[order], axis=-1) / (~attack).sum()
    best = np.argmin(np.abs(passed - failed), axis=-1)[..., None]
    ends = [
        np.take_along_axis(ascending, np.minimum(best + k, attack.size - 1), axis=-1)[..., 0] for k in (0, 1)
    ]
    return np.asarray((ends[0] + ends[1]) / 2)


def wrong_of(drawn: dict[str, np.ndarray]) -> np.ndarray:
    """Which presentations are judged wrongly, of the shape of the scores."""
    below = drawn["scores"] < drawn["thresholds"][..., None, None, None]
    attack = (np.arange(below.shape[3]) > 0)[:, None, None]
    return np.where(attack, below, ~below)


def counted(wrong: np.ndarray) -> ErrorCounts:
    """(seeds, classes, subjects, rows) as counts."""
    _, classes, subjects, rows = wrong.shape
    names = (BONAFIDE, *(f"species {k}" for k in range(1, classes)))
    return ErrorCounts(wrong.sum(axis=-1).astype(float), np.full((classes, subjects), float(rows)), names)


def as_runs(drawn: dict[str, np.ndarray], study: int, arm: int) -> list[dict[str, Any]]:
    """The runs of one arm as ``specaug.metrics.compare`` takes them."""
    scores = drawn["scores"][study, arm]
    _, classes, subjects, rows = scores.shape
    kind = np.repeat(np.arange(classes), subjects * rows)
    pai = np.array(["none", *(f"species {k}" for k in range(1, classes))])[kind]
    subject = np.tile(np.repeat(np.arange(subjects), rows), classes).astype(str)
    return [
        {"scores": run.ravel(), "labels": (kind > 0) * 1, "pai": pai, "subject": subject, "threshold": tau}
        for run, tau in zip(scores, drawn["thresholds"][study, arm], strict=True)
    ]


def mean_acers(world: World, repeats: int, rng: np.random.Generator) -> np.ndarray:
    """Expected ACER of the worst species of either arm: (2,)."""
    total = np.zeros(2)
    for drawn in batches(world, repeats, rng):
        wrong = wrong_of(drawn).mean(axis=(-2, -1))
        total += ((wrong[..., 0] + wrong[..., 1:].max(axis=-1)) / 2).mean(axis=2).sum(axis=0)
    return total / repeats
