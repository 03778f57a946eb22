"""Arms compared on the same subjects: error rates, differences, intervals, verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.errors import ArgumentError
from specaug.metrics.crossed import crossed_variance
from specaug.metrics.error_counts import ErrorCounts
from specaug.metrics.multiple_tests import holm
from specaug.metrics.rate_intervals import proportion_interval
from specaug.metrics.verdict import Comparison, Verdict, judge
from specaug.records import Notice
from specaug.training.arms import ARMS, BASELINE, CONTROL

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


@dataclass(frozen=True)
class Difference:
    """Mean ACER of an arm minus that of another, over seeds; all fields are of this one figure."""

    to: str
    acer: float
    interval: tuple[float, float]
    """At the level at which Holm's method tests this arm, so that it leaves out 0 where the verdict is better or worse:
    wider than 95 % where several arms are compared."""
    p: float
    p_holm: float
    """Corrected for the number of arms compared with the same one: the verdict goes by it."""
    verdict: Verdict
    reason: str
    """Why the design cannot tell; empty otherwise."""
    detectable: float | None
    """Least difference that this number of subjects and seeds shows in four of five cases, one arm alone."""


@dataclass(frozen=True)
class ArmResult:
    """One arm over its seeds."""

    name: str
    description: str
    acer: float
    """Mean over seeds, thresholds from dev."""
    acer_interval: tuple[float, float]
    """95 %, over subjects and seeds; over subjects alone where there is one seed."""
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
    power: str
    """What this many subjects and seeds can show, and how many would show five points."""
    warnings: tuple[Notice, ...] = ()
    """Test people or files that were seen in training or dev, and presentations without a subject."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**dataclasses.asdict(self), "confidence": CONFIDENCE, "significance": SIGNIFICANCE}

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
        compared = any(arm.differences for arm in self.arms)
        differences = (
            " Differences are of ACER, in points: interval, p and verdict take subjects and seeds as drawn at random, "
            f"and are corrected by Holm's method. {self.power}"
        )
        return (
            f"Mean of {self.seeds} seeds on {self.subjects} test subjects; APCER of the worst species; thresholds "
            f"from dev.{differences if compared else ''}"
        )

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([*lines, "", self.legend()])


def compare_arms(
    outcomes: Mapping[str, Sequence[Outcome]], *, descriptions: Mapping[str, str] | None = None
) -> Ablation:
    """Compare arms, given what each seed's run got wrong on the same presentations.

    Parameters
    ----------
    outcomes : mapping of arm to a sequence of Outcome
        One for each seed.
    descriptions : mapping of arm to str, optional
        What each arm is, of those that are not among :data:`specaug.training.arms.ARMS`.

    Returns
    -------
    Ablation
        Each difference as :func:`specaug.metrics.compare` finds it, corrected for the number of arms.

    Raises
    ------
    ArgumentError
        Arms have other numbers of seeds, or judged other presentations.
    """
    first = next(iter(outcomes.values()))
    for name, runs in outcomes.items():
        if len(runs) != len(first) or not all(_same_rows(run, first[0]) for run in runs):
            raise ArgumentError(
                f"outcomes: expected {len(first)} seeds on the same presentations, got others for {name}"
            )
    _, units = np.unique(first[0].subject, return_inverse=True)
    counts = {
        name: ErrorCounts.of(np.stack([run.wrong for run in runs]), first[0].pai, units)
        for name, runs in outcomes.items()
    }
    differences = _differences(counts)
    told = {**{name: known.description for name, known in ARMS.items()}, **(descriptions or {})}
    arms = tuple(_arm(name, told.get(name, ""), counts[name], tuple(differences[name])) for name in outcomes)
    return Ablation(arms, subjects=int(units.max()) + 1, seeds=len(first), power=_power(counts))


def _same_rows(a: Outcome, b: Outcome) -> bool:
    return np.array_equal(a.subject, b.subject) and np.array_equal(a.pai, b.pai)


def _arm(name: str, description: str, counts: ErrorCounts, differences: tuple[Difference, ...]) -> ArmResult:
    acer, rates = counts.acer(), counts.rates()
    return ArmResult(
        name=name,
        description=description,
        acer=float(acer.mean()),
        acer_interval=_acer_interval(counts),
        apcer=float(rates[:, 1:].max(axis=1).mean()),
        bpcer=float(rates[:, 0].mean()),
        acer_by_seed=tuple(acer.tolist()),
        differences=differences,
    )


def _acer_interval(counts: ErrorCounts) -> tuple[float, float]:
    """Over subjects and seeds, with the limits that a single evaluation has."""
    units = min(counts.subjects().values())
    if units < 2:
        return 0.0, 1.0
    parts = crossed_variance((counts.influences(),), (counts.acer(),), subjects=units)
    errors, runs = counts.errors, len(counts.errors)
    variance, freedom = max(parts.errors())
    return proportion_interval(
        float(counts.acer().mean()),
        variance=variance,
        units=units,
        rows=float(counts.rows.sum()) * runs,
        mixed=int(min((errors > 0).any(axis=(0, 1)).sum(), (errors < counts.rows).any(axis=(0, 1)).sum())),
        confidence=CONFIDENCE,
        choices=len(counts.rows) - 1,
        freedom=freedom,
    )


def _differences(counts: Mapping[str, ErrorCounts]) -> dict[str, list[Difference]]:
    """Each arm against the baseline and against the control, where they are others."""
    found: dict[str, list[Difference]] = {name: [] for name in counts}
    for other in (BASELINE, CONTROL):
        if other not in counts:
            continue
        names = [name for name in counts if name != other]
        compared = [judge(counts[other], counts[name], alpha=SIGNIFICANCE) for name in names]
        corrected = holm([result.p for result in compared])
        for name, result, p_holm in zip(names, compared, corrected, strict=True):
            found[name].append(_corrected(result, other, p_holm, len(names)))
    return found


def _corrected(result: Comparison, other: str, p_holm: float, arms: int) -> Difference:
    """The difference at the level that makes ``p < level`` the same as ``p_holm < SIGNIFICANCE``."""
    level = SIGNIFICANCE * (result.p / p_holm if p_holm > 0 else 1 / arms)
    judged = result.at_alpha(level)
    return Difference(
        to=other,
        acer=judged.difference,
        interval=judged.interval,
        p=judged.p,
        p_holm=p_holm,
        verdict=judged.verdict,
        reason=judged.reason,
        detectable=result.detectable(),
    )


def _power(counts: Mapping[str, ErrorCounts]) -> str:
    """The power line of the first comparison there is."""
    for other in (BASELINE, CONTROL):
        for name in counts:
            if other in counts and name != other:
                line = judge(counts[other], counts[name], alpha=SIGNIFICANCE).power_line()
                return line if line.startswith("Cannot") else f"For {name} against {other} alone: {line}"
    return ""


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
    if difference.verdict == "cannot tell":
        return f"{100 * difference.acer:+.1f}: cannot tell"
    low, high = difference.interval
    return (
        f"{100 * difference.acer:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}), "
        f"p {difference.p_holm:.2g}: {difference.verdict}"
    )


def _points(rate: float) -> str:
    return f"{100 * rate:.1f}"


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
