"""What an evaluation found, as a table and as JSON."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from specaug.metrics.rate_intervals import Interval
from specaug.records import Notice


@dataclass(frozen=True)
class OperatingPoint:
    """What becomes, on test, of a threshold that keeps APCER within a target on dev."""

    name: str
    """``BPCER10``, ``BPCER20``, ``BPCER100``: 10, 20 and 100 are one over the target."""
    target: float
    """APCER that dev keeps, of the worst species."""
    threshold: float
    apcer: float
    """On test, of the worst species: it may lie above the target."""
    bpcer: float
    """On test."""
    bpcer_dev: float


@dataclass(frozen=True)
class PadReport:
    """Figures of one system on one test set, at thresholds that its dev set decided."""

    threshold: float
    threshold_rule: str
    """Where the threshold comes from, in words."""
    apcer: float
    """Of the worst species."""
    apcer_by_pai: dict[str, float]
    worst_pai: str
    apcer_pooled: float
    """Share of all attacks that is accepted; no APCER, since it hides a species that passes."""
    bpcer: float
    acer: float
    hter: float
    """Mean of `apcer_pooled` and `bpcer`."""
    eer_dev: float
    operating_points: tuple[OperatingPoint, ...]
    fta: dict[str, float]
    """Failures to acquire: share of presentations without a face, of ``bonafide`` and of each species."""
    far: float
    """APCER with failures to acquire counted as rejected attacks, of the worst species."""
    frr: float
    """BPCER with failures to acquire counted as rejected bona fide presentations."""
    counts: dict[str, int]
    """Presentations on test with a score, of ``bonafide`` and of each species."""
    subjects: int
    """Independent units on test: subjects, or rows where no subjects are known."""
    confidence: float
    resamples: int
    intervals: dict[str, Interval]
    """(low, high) of each rate; those of species are named ``apcer/print``."""
    notes: tuple[str, ...] = field(default=())
    """What a reader of the figures has to know, in whole sentences."""
    warnings: tuple[Notice, ...] = field(default=())
    """Scores that look reversed; in the notes too."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        values = dataclasses.asdict(self)
        return json.loads(json.dumps(values, default=str))  # type: ignore[no-any-return]

    def to_json(self) -> str:
        """One JSON object, indented."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def rows(self) -> list[tuple[str, str, str]]:
        """(figure, value, interval) in percent, in the order of the table."""
        found = [
            self._row(f"APCER {name}", f"apcer/{name}", rate) for name, rate in self.apcer_by_pai.items()
        ]
        found += [
            self._row(f"APCER (worst: {self.worst_pai})", "apcer", self.apcer),
            self._row("BPCER", "bpcer", self.bpcer),
            self._row("ACER", "acer", self.acer),
            self._row("HTER", "hter", self.hter),
            self._row("EER (dev, attacks pooled)", "eer_dev", self.eer_dev),
        ]
        for point in self.operating_points:
            text = f"{_percent(point.bpcer)} at APCER {_percent(point.apcer)}"
            found.append((f"{point.name} (dev threshold {point.threshold:.4g})", text, ""))
        if any(self.fta.values()):
            found += [(f"failure to acquire, {name}", _percent(rate), "") for name, rate in self.fta.items()]
            found.append(("FAR, failures counted", _percent(self.far), ""))
            found.append(("FRR, failures counted", _percent(self.frr), ""))
        return found

    def _row(self, title: str, key: str, rate: float) -> tuple[str, str, str]:
        low, high = self.intervals[key]
        if rate == 0:
            return title, "0 %", f"<= {_percent(high)}"
        return title, _percent(rate), f"{_percent(low)} to {_percent(high)}"

    def summary(self) -> str:
        """How many presentations there are, and where the threshold comes from."""
        counted = ", ".join(f"{n} {name}" for name, n in self.counts.items())
        return (
            f"{counted}; {self.subjects} independent units\n"
            f"threshold {self.threshold:.6g}: {self.threshold_rule}"
        )

    def __str__(self) -> str:
        header = ("figure", "test", f"{self.confidence:.0%} interval")
        table = [header, *self.rows()]
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        lines = [self.summary(), "", *(_line(row, widths) for row in table)]
        lines.insert(3, "-" * (sum(widths) + 4))
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        head = _html_row("th", ("figure", "test", f"{self.confidence:.0%} interval"))
        body = "".join(_html_row("td", row) for row in self.rows())
        notes = "".join(f"<p>note: {html.escape(note)}</p>" for note in self.notes)
        caption = html.escape(self.summary()).replace("\n", "<br>")
        return f"<table><caption>{caption}</caption>{head}{body}</table>{notes}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %"


def _line(row: tuple[str, str, str], widths: list[int]) -> str:
    return f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}".rstrip()


def _html_row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
