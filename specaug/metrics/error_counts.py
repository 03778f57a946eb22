"""Errors of one or more runs on the same presentations, counted by subject and by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specaug.metrics.scored import NO_SPECIES

BONAFIDE = "bona fide"


@dataclass(frozen=True, eq=False)
class ErrorCounts:
    """Which presentations the runs of one arm got wrong: classes are bona fide first, then each species."""

    errors: np.ndarray
    """(runs, classes, subjects) float64: presentations judged wrongly."""
    rows: np.ndarray
    """(classes, subjects) float64: presentations judged."""
    classes: tuple[str, ...]

    @classmethod
    def of(cls, wrong: np.ndarray, pai: np.ndarray, units: np.ndarray) -> ErrorCounts:
        """Count the errors.

        Parameters
        ----------
        wrong : (runs, n) bool
        pai : (n,) str
            Species of each row; a word for none means bona fide.
        units : (n,) int
            Subject of each row, from 0.
        """
        bonafide = np.isin(pai, NO_SPECIES)
        species = np.unique(pai[~bonafide])
        kind = np.where(bonafide, 0, 1 + np.searchsorted(species, pai))
        n, n_classes = int(units.max()) + 1, len(species) + 1
        cell = kind * n + units
        rows = np.bincount(cell, minlength=n_classes * n).reshape(n_classes, n).astype(np.float64)
        errors = np.stack([np.bincount(cell, weights=run, minlength=n_classes * n) for run in wrong])
        return cls(
            errors.reshape(len(wrong), n_classes, n), rows, (BONAFIDE, *(str(name) for name in species))
        )

    def rates(self) -> np.ndarray:
        """(runs, classes) float64: BPCER first, then APCER of each species."""
        return np.asarray(self.errors.sum(axis=2) / self.rows.sum(axis=1))

    def worst(self) -> np.ndarray:
        """(runs,) int: the species with the highest APCER of each run, the first of equal ones."""
        return np.asarray(1 + np.argmax(self.rates()[:, 1:], axis=1))

    def acer(self) -> np.ndarray:
        """(runs,) float64."""
        rates = self.rates()
        return np.asarray((rates[:, 0] + rates[:, 1:].max(axis=1)) / 2)

    def influences(self) -> np.ndarray:
        """What each subject does to the ACER of each run: (runs, subjects) float64.

        ``n - 1`` times the change of ACER when the subject is deleted, the worst species of the run held: the sum of
        their squares over ``n (n - 1)`` is the delete-one jackknife variance.
        """
        changes = self.changes()
        worst = np.take_along_axis(changes, self.worst()[:, None, None], axis=1)[:, 0]
        return np.asarray((changes.shape[2] - 1) * (changes[:, 0] + worst) / 2)

    def changes(self) -> np.ndarray:
        """A rate minus the rate without that subject: (runs, classes, subjects); 0 where nobody else has the class."""
        total = self.rows.sum(axis=1, keepdims=True)
        others = total - self.rows
        apart = self.errors - self.rates()[:, :, None] * self.rows
        return np.asarray(np.divide(apart, others, out=np.zeros_like(apart), where=others > 0))

    def subjects(self) -> dict[str, float]:
        """Effective number of subjects of each class: as many as there are if all have as many rows, else fewer."""
        return {name: effective(rows) for name, rows in zip(self.classes, self.rows, strict=True)}


def effective(rows: np.ndarray) -> float:
    """Kish's effective number of units with these numbers of rows.

    Examples
    --------
    >>> effective(np.array([4, 4, 4, 0])), round(effective(np.array([10, 1, 1])), 3)
    (3.0, 1.412)
    """
    return float(rows.sum() ** 2 / np.square(rows).sum())
