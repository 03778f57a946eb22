"""Error rates in fractions, straight from the definitions: s < threshold is accepted, one comparison at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np


class Exact:
    """Scores, labels and species, and what the definitions say of them."""

    def __init__(self, scores: Sequence[float], labels: Sequence[int], pai: Sequence[str] | None = None):
        names = pai if pai is not None else ["attack" if y else "none" for y in labels]
        rows = list(zip(scores, labels, names, strict=True))
        self.bonafide = [s for s, y, _ in rows if y == 0]
        self.attacks = {name: [s for s, y, n in rows if y and n == name] for _, y, name in rows if y}
        self.levels = sorted({s for s, _, _ in rows})

    def of_species(self, name: str, tau: float) -> Fraction:
        group = self.attacks[name]
        return Fraction(sum(s < tau for s in group), len(group))

    def apcer(self, tau: float) -> Fraction:
        return max(self.of_species(name, tau) for name in self.attacks)

    def pooled(self, tau: float) -> Fraction:
        group = [s for scores in self.attacks.values() for s in scores]
        return Fraction(sum(s < tau for s in group), len(group))

    def bpcer(self, tau: float) -> Fraction:
        return Fraction(sum(s >= tau for s in self.bonafide), len(self.bonafide))

    def steps(self) -> list[float]:
        """A threshold of every step of the curves, from "reject all" to "accept all"."""
        return [*self.levels, math.inf]

    def eer(self, *, worst: bool = False) -> tuple[Fraction, float]:
        """(rate, threshold of its step): the step where both errors are nearest, the lower one of two."""
        attack_error = self.apcer if worst else self.pooled
        _, tau = min((abs(attack_error(t) - self.bpcer(t)), t) for t in self.steps())
        return (attack_error(tau) + self.bpcer(tau)) / 2, tau

    def bpcer_at_apcer(self, rate: Fraction) -> Fraction:
        allowed = [t for t in self.steps() if self.apcer(t) <= rate]
        return min(self.bpcer(t) for t in allowed)

    def apcer_at_bpcer(self, rate: Fraction) -> Fraction:
        allowed = [t for t in self.steps() if self.bpcer(t) <= rate]
        return min(self.apcer(t) for t in allowed)


def random_set(seed: int, *, levels: int = 9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(scores, labels, pai) of a few rows on a few levels, so that many are tied; two species of other sizes."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 9, 3)
    pai = np.repeat(["none", "print", "replay"], counts)
    labels = (pai != "none").astype(int)
    scores = (rng.integers(0, levels, len(pai)) + 2 * labels - 3) / 8  # exact in binary
    order = rng.permutation(len(pai))
    return scores[order], labels[order], pai[order]
