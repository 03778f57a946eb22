"""One band of frequencies of both sides of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BandDifference:
    """One band of frequencies of both sides."""

    name: str
    low: float
    """Cycles/px."""
    high: float
    bonafide_db: float
    """Mean power, white being 0 dB."""
    attack_db: float
    interval: tuple[float, float] | None
    """95 % interval of the difference over subjects; None for fewer than two subjects on a side."""

    @property
    def difference_db(self) -> float:
        """Attack minus bona fide."""
        return self.attack_db - self.bonafide_db

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        detail = [1 / self.high, 1 / self.low if self.low else None]
        return {
            **{"name": self.name, "low": self.low, "high": self.high, "detail_px": detail},
            **{"bonafide_db": self.bonafide_db, "attack_db": self.attack_db},
            **{"difference_db": self.difference_db, "interval": self.interval and list(self.interval)},
        }
