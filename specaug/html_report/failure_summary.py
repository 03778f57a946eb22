"""Which sources failed, where and why, and whether one class fails more often than another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy

from specaug.html_report.survey import short_id
from specaug.parsing import parse_json
from specaug.shards import STATE, failure_files, stream_columns

SIGNIFICANT = 0.05
"""Level at which a difference between classes counts as sure, after Holm's correction."""
APART = 0.1
"""Difference of the share that failed which is told even where there are too few sources to be sure."""
EXAMPLES = 1000
"""Failures that are listed with their path."""
_ROUNDING = 1e-9
"""0.5 - 0.4 is a little less than 0.1 in binary."""
_COLUMNS = ("source_id", "source_path", "split", "stage", "reason", "detail", "frame_index")
UNKNOWN = ("unknown", "unknown")


class Loss(NamedTuple):
    """One line of the table of failures."""

    stage: str
    reason: str
    label: str
    pai: str


class Rate(NamedTuple):
    """How much of a class failed, against bona fide."""

    label: str
    pai: str
    failed: int
    planned: int
    p: float
    """Fisher's exact test against bona fide, Holm-corrected; NaN for bona fide itself."""

    @property
    def share(self) -> float:
        """Failed of planned."""
        return self.failed / self.planned if self.planned else 0.0


@dataclass(eq=False)
class Losses:
    """Whole-source failures of OUT."""

    table: Counter[Loss] = field(default_factory=Counter)
    rates: list[Rate] = field(default_factory=list)
    """Sources that could not be used once they were opened: all stages but ``discover``."""
    clips: int = 0
    """Clips that failed although their source gave others."""
    examples: list[tuple[str, ...]] = field(default_factory=list)
    """(split, stage, reason, path, detail) of the first :data:`EXAMPLES`."""

    @property
    def total(self) -> int:
        """Whole-source failures."""
        return self.table.total()

    @property
    def biased(self) -> list[Rate]:
        """Classes that surely fail more or less often than bona fide."""
        return [rate for rate in self.rates if rate.p < SIGNIFICANT]

    @property
    def doubtful(self) -> list[Rate]:
        """Classes that fail much more or less often than bona fide, in too few sources to be sure."""
        usual = next((rate.share for rate in self.rates if rate.label == "bonafide"), None)
        if usual is None:
            return []
        return [
            rate
            for rate in self.rates
            if rate.p >= SIGNIFICANT and abs(rate.share - usual) >= APART - _ROUNDING
        ]


def losses(out: Path) -> Losses:
    """Count the failures of OUT by stage, reason and class.

    Parameters
    ----------
    out : Path

    Returns
    -------
    Losses
        The class comes from the plan in ``.specaug``; where OUT was copied without it, and for files that were
        refused before they were planned, label and species are ``unknown``; without a plan there are no rates.
    """
    result = Losses()
    ids: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    kinds: list[tuple[str, str]] = []
    for path in failure_files(out):
        for columns in stream_columns(path, _COLUMNS):
            whole = np.isnan(columns["frame_index"].astype(np.float64))
            result.clips += int((~whole).sum())
            _list(result, columns)
            pairs = list(zip(columns["stage"][whole], columns["reason"][whole], strict=True))
            kinds += sorted(set(pairs) - set(kinds))
            codes.append(np.array([kinds.index(pair) for pair in pairs], np.uint8))
            ids.append(np.array([short_id(i) for i in columns["source_id"][whole]], np.uint64))
    planned, failed = _classes(out, _joined(ids, np.uint64), _joined(codes, np.uint8), kinds)
    result.table = failed
    result.rates = _rates(planned, failed)
    return result


def _joined(parts: list[np.ndarray], dtype: Any) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *parts])


def _list(result: Losses, columns: dict[str, np.ndarray]) -> None:
    room = EXAMPLES - len(result.examples)
    shown = [columns[name][:room] for name in ("split", "stage", "reason", "source_path", "detail")]
    result.examples += zip(*shown, strict=True)


def _classes(
    out: Path, ids: np.ndarray, codes: np.ndarray, kinds: list[tuple[str, str]]
) -> tuple[Counter[tuple[str, str]], Counter[Loss]]:
    """Planned sources by class, and failed ones by stage, reason and class."""
    order = np.argsort(ids, kind="stable")
    ids, codes = ids[order], codes[order]
    planned: Counter[tuple[str, str]] = Counter()
    failed: Counter[Loss] = Counter()
    left: Counter[int] = Counter(codes.tolist())
    for source_id, label, pai in planned_sources(out):
        planned[label, pai] += 1
        name = short_id(source_id)
        place = int(np.searchsorted(ids, np.uint64(name)))
        if place < len(ids) and int(ids[place]) == name:
            failed[Loss(*kinds[int(codes[place])], label, pai)] += 1
            left[int(codes[place])] -= 1
    for code, n in left.items():
        if n > 0:
            failed[Loss(*kinds[code], *UNKNOWN)] += n
    return planned, failed


def planned_sources(out: Path) -> Iterator[tuple[str, str, str]]:
    """(source_id, label, pai) of each planned source, read line by line: a plan may be larger than memory.

    The plan has one key a line (see :func:`specaug.shards.write_json`), keys sorted; only sources have a
    ``label``. Nothing comes where there is no plan.
    """
    file = out / STATE / "plan.json"
    if not file.is_file():
        return
    held: dict[str, Any] = {}
    with file.open(encoding="ascii") as lines:
        for line in lines:
            text = line.strip()
            if text.startswith("{"):
                held = {}
            elif text.startswith(('"label": ', '"pai": ', '"source_id": ')):
                held |= parse_json("{" + text.removesuffix(",") + "}")
            elif text.startswith("}") and {"label", "pai", "source_id"} <= held.keys():
                yield held["source_id"], held["label"], held["pai"]
                held = {}


def _rates(planned: Counter[tuple[str, str]], failed: Counter[Loss]) -> list[Rate]:
    """Share that failed of each class after ``discover``, tested against bona fide."""
    lost: Counter[tuple[str, str]] = Counter()
    for loss, n in failed.items():
        if loss.stage != "discover" and (loss.label, loss.pai) != UNKNOWN:
            lost[loss.label, loss.pai] += n
    bonafide = (lost["bonafide", "none"], planned["bonafide", "none"])
    classes = sorted(planned, key=lambda c: (c[0] != "bonafide", c[1]))
    attacks = [c for c in classes if c[0] == "attack"]
    counts = {c: (lost[c], planned[c]) for c in classes}
    tested = {c: counts[c] for c in attacks}
    if len(attacks) > 1:  # all attacks taken together, first
        everything = ("attack", "all")
        counts[everything] = (sum(lost[c] for c in attacks), sum(planned[c] for c in attacks))
        tested[everything] = counts[everything]
    p = _holm({c: _fisher(n, bonafide) for c, n in tested.items()}) if bonafide[1] else {}
    order = sorted(counts, key=lambda c: (c[0] != "bonafide", c[1] != "all", c[1]))
    return [Rate(*c, *counts[c], p.get(c, float("nan"))) for c in order]


def _fisher(one: tuple[int, int], other: tuple[int, int]) -> float:
    if one[0] == other[0] == 0:  # scipy.stats takes as long to load as a small report to write
        return 1.0
    table = np.array([[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]])
    return float(scipy.stats.fisher_exact(table).pvalue)


def _holm(p: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """p values corrected for being several, as Holm (1979) does."""
    corrected: dict[tuple[str, str], float] = {}
    highest = 0.0
    for rank, key in enumerate(sorted(p, key=lambda k: (p[k], k))):
        highest = max(highest, min(1.0, p[key] * (len(p) - rank)))
        corrected[key] = highest
    return corrected
