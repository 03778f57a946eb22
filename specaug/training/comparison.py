"""Arms compared on the same subjects: error rates, differences, intervals, tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.errors import ArgumentError
from specaug.metrics import interval, subject_weights
from specaug.metrics.bootstrap import resampled_rates
from specaug.metrics.paired import holm, sign_flip_test
from specaug.metrics.scored import NO_SPECIES
from specaug.records import Notice
from specaug.training.arms import ARMS, BASELINE, CONTROL

RESAMPLES = 2000
CONFIDENCE = 0.95
SIGNIFICANCE = 0.05


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one run makes of the test presentations."""

    wrong: np.ndarray
    """(n,) bool, at the threshold of the run's dev set."""
    pai: np.ndarray
    """(n,) str."""
    subject: np.ndarray
    """(n,) str."""

    def rates(self, units: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(APCER, BPCER) in each resample of the subjects."""
        bonafide = np.isin(self.pai, NO_SPECIES)
        species = [self.pai == name for name in np.unique(self.pai[~bonafide])]
        apcer = np.max([resampled_rates(self.wrong, rows, units, weights) for rows in species], axis=0)
        return apcer, resampled_rates(self.wrong, bonafide, units, weights)


@dataclass(frozen=True)
class Difference:
    """Mean ACER of an arm minus that of another, over seeds."""

    to: str
    acer: float
    interval: tuple[float, float]
    """Over resamples of subjects and seeds, the same for both arms."""
    p: float
    """Of a sign-flip test over subjects, on their balanced errors averaged over seeds."""
    p_holm: float
    """Corrected for the number of arms compared with the same one."""

    @property
    def verdict(self) -> str:
        """In words; a difference that was not shown is called so."""
        if self.p_holm >= SIGNIFICANCE:
            return "no difference shown"
        return "better" if self.acer < 0 else "worse"


@dataclass(frozen=True)
class ArmResult:
    """One arm over its seeds."""

    name: str
    description: str
    acer: float
    """Mean over seeds, thresholds from dev."""
    acer_interval: tuple[float, float]
    apcer: float
    bpcer: float
    acer_by_seed: tuple[float, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Ablation:
    """All arms, the baseline first."""

    arms: tuple[ArmResult, ...]
    subjects: int
    seeds: int
    warnings: tuple[Notice, ...] = ()
    """Test people or files that were seen in training or dev, and presentations without a subject."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**dataclasses.asdict(self), "resamples": RESAMPLES, "confidence": CONFIDENCE}

    def rows(self) -> list[tuple[str, ...]]:
        """Header and one row for each arm."""
        others = [name for name in (BASELINE, CONTROL) if any(arm.name == name for arm in self.arms)]
        header = (
            "arm",
            "ACER %",
            "95 % interval",
            "APCER %",
            "BPCER %",
            *(f"minus {name}" for name in others),
        )
        return [header, *(_row(arm, others) for arm in self.arms)]

    def to_markdown(self) -> str:
        """A table, and what its columns mean."""
        rows = self.rows()
        table = [_piped(rows[0]), _piped(["---"] * len(rows[0])), *map(_piped, rows[1:])]
        names = [f"- `{arm.name}`: {arm.description}" for arm in self.arms]
        return "\n".join([*table, "", self.legend(), "", *names, ""])

    def legend(self) -> str:
        """What the columns mean."""
        least = 2.0 ** (1 - self.subjects)
        few = f" With so few subjects no p below {least:.2g} is possible." if self.subjects <= 14 else ""
        return (
            f"Mean of {self.seeds} seeds on {self.subjects} test subjects; APCER of the worst species; thresholds "
            "from dev. Differences are of ACER, in points, with an interval over subjects and seeds and a sign-flip p "
            f"over subjects, corrected by Holm's method.{few}"
        )

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([*lines, "", self.legend()])


def compare(
    outcomes: Mapping[str, Sequence[Outcome]], *, rng: np.random.Generator | int | None = 0
) -> Ablation:
    """Compare arms, given what each seed's run got wrong on the same presentations.

    Parameters
    ----------
    outcomes : mapping of arm to a sequence of Outcome
        One for each seed, in the same order for every arm.
    rng : numpy.random.Generator, int or None
        Of the resamples.

    Returns
    -------
    Ablation

    Raises
    ------
    ArgumentError
        Arms have other numbers of seeds, or judged other presentations.
    """
    generator = np.random.default_rng(rng)
    first = next(iter(outcomes.values()))
    for name, runs in outcomes.items():
        same = len(runs) == len(first) and all(np.array_equal(run.subject, first[0].subject) for run in runs)
        if not same:
            raise ArgumentError(
                f"outcomes: expected {len(first)} seeds on the same presentations, got others for {name}"
            )
    names, units = np.unique(first[0].subject, return_inverse=True)
    weights = np.vstack(
        [np.ones((1, len(names))), subject_weights(len(names), resamples=RESAMPLES, rng=generator)]
    )
    seed_weights = np.vstack(
        [np.ones((1, len(first))), subject_weights(len(first), resamples=RESAMPLES, rng=generator)]
    ) / len(first)
    rates = {name: [run.rates(units, weights) for run in runs] for name, runs in outcomes.items()}
    acer = {
        name: np.sum([w * (a + b) / 2 for w, (a, b) in zip(seed_weights.T, runs, strict=True)], axis=0)
        for name, runs in rates.items()
    }
    errors = {
        name: np.mean([subject_errors(run, units, len(names)) for run in runs], axis=0)
        for name, runs in outcomes.items()
    }
    differences = _differences(acer, errors, len(names), generator)
    arms = tuple(
        ArmResult(
            name=name,
            description=ARMS[name].description if name in ARMS else "",
            acer=float(acer[name][0]),
            acer_interval=_reach(acer[name][1:], len(names), 0.0),
            apcer=float(np.mean([a[0] for a, _ in runs])),
            bpcer=float(np.mean([b[0] for _, b in runs])),
            acer_by_seed=tuple(float(a[0] + b[0]) / 2 for a, b in runs),
            differences=tuple(differences[name]),
        )
        for name, runs in rates.items()
    )
    return Ablation(arms, subjects=len(names), seeds=len(first))


def subject_errors(run: Outcome, units: np.ndarray, n: int) -> np.ndarray:
    """Error of each subject, bona fide and attacks with the same weight where it has both: (n,) float64."""
    bonafide = np.isin(run.pai, NO_SPECIES)
    rates = []
    for rows in (bonafide, ~bonafide):
        counts = np.bincount(units[rows], minlength=n)
        with np.errstate(invalid="ignore"):
            rates.append(np.bincount(units[rows & run.wrong], minlength=n) / counts)
    return np.asarray(np.nanmean(rates, axis=0))


def _differences(
    acer: Mapping[str, np.ndarray], errors: Mapping[str, np.ndarray], n: int, rng: np.random.Generator
) -> dict[str, list[Difference]]:
    """Each arm against the baseline and against the control, where they are others."""
    found: dict[str, list[Difference]] = {name: [] for name in acer}
    for other in (BASELINE, CONTROL):
        if other not in acer:
            continue
        names = [name for name in acer if name != other]
        p_values = [sign_flip_test(errors[name] - errors[other], rng=rng) for name in names]
        for name, p, corrected in zip(names, p_values, holm(p_values), strict=True):
            apart = acer[name] - acer[other]
            reach = _reach(apart[1:], n, -1.0)
            found[name].append(Difference(other, float(apart[0]), reach, p, corrected))
    return found


def _reach(resampled: np.ndarray, n: int, least: float) -> tuple[float, float]:
    """Interval over resamples of `n` subjects; of one subject nothing is known, from `least` to 1."""
    return (least, 1.0) if n < 2 else interval(resampled, confidence=CONFIDENCE)


def _row(arm: ArmResult, others: Sequence[str]) -> tuple[str, ...]:
    by_name = {difference.to: difference for difference in arm.differences}
    low, high = arm.acer_interval
    cells = [_difference(by_name.get(name)) for name in others]
    return (
        arm.name,
        _points(arm.acer),
        f"{_points(low)} to {_points(high)}",
        _points(arm.apcer),
        _points(arm.bpcer),
        *cells,
    )


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return ""
    low, high = difference.interval
    return (
        f"{100 * difference.acer:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}), "
        f"p {difference.p_holm:.2g}: {difference.verdict}"
    )


def _points(rate: float) -> str:
    return f"{100 * rate:.1f}"


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
